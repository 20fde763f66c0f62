"""When something may be bought, or a price holds, as offers write it: moments, or days of nobody knows where.

Only what is sure decides: a day begins fourteen hours early somewhere, and is over everywhere a day later.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta

from watchers.providers import shapes
from watchers.providers.pages.nodes import Node

STARTS = ("validfrom", "availabilitystarts")
ENDS = ("validthrough", "availabilityends")
PRICE_ENDS = "pricevaliduntil"

_FURTHEST_EAST, _OVER_EVERYWHERE = timedelta(hours=14), timedelta(days=2)


def starts_at(node: Node) -> datetime | None:
    """The last moment that has to come before it can be bought; a day without an hour says none."""
    written = (text for name in STARTS for text in node.texts(name))
    return max((moment for text in written if (moment := shapes.instant(text))), default=None)


def is_to_come(node: Node, now: datetime) -> bool:
    """Surely, wherever that is."""
    return any(moment > now for moment in _moments(node, STARTS, -_FURTHEST_EAST))


def is_over(node: Node, now: datetime, names: Sequence[str] = ENDS) -> bool:
    """Surely, wherever that was."""
    return any(moment <= now for moment in _moments(node, names, _OVER_EVERYWHERE))


def next_change(node: Node, now: datetime) -> datetime | None:
    """When the node, though nothing in it changes, may come to mean something else."""
    starts = _moments(node, STARTS, -_FURTHEST_EAST)
    ends = _moments(node, (*ENDS, PRICE_ENDS), _OVER_EVERYWHERE)
    return min((moment for moments in (starts, ends) for moment in moments if moment > now), default=None)


def _moments(node: Node, names: Sequence[str], of_a_day: timedelta) -> Iterator[datetime]:
    """What is written; of a day, or of an hour without a zone, the day's first moment and ``of_a_day``."""
    for text in (text for name in names for text in node.texts(name)):
        if moment := shapes.instant(text):
            yield moment
        elif day := shapes.local_date(text[:10]):
            yield datetime.combine(day, time(), UTC) + of_a_day
