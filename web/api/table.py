"""Every operation of the API: the one table that its routes and its description are made from."""

from web.api import keys, markets, mine, standing, told, watches
from web.api.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *mine.OPERATIONS,
    *watches.OPERATIONS,
    *standing.OPERATIONS,
    *told.OPERATIONS,
    *markets.OPERATIONS,
    *keys.OPERATIONS,
)
