"""Every operation of the API: the one table that its routes and its description are made from."""

from web.api import (
    contacts,
    entering,
    keys,
    many,
    markets,
    mine,
    operating,
    outlooks,
    porting,
    searches,
    standing,
    told,
    watches,
)
from web.api.operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *entering.OPERATIONS,
    *mine.OPERATIONS,
    *contacts.OPERATIONS,
    *watches.OPERATIONS,
    *many.OPERATIONS,
    *porting.OPERATIONS,
    *standing.OPERATIONS,
    *told.OPERATIONS,
    *markets.OPERATIONS,
    *searches.OPERATIONS,
    *outlooks.OPERATIONS,
    *keys.OPERATIONS,
    *operating.OPERATIONS,
)
