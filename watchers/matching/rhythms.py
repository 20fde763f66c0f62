"""How often a day such an event may be held: once, as a concert; twice, as a play; every half hour."""

import re
from functools import lru_cache

from watchers.events import Event
from watchers.matching.words import folded

# By the category, and by names that leave no doubt.
_TWICE = re.compile(
    r"theat|teatro|broadway|musical|comed|jazz|family|dance|ballet|circus|opera|cabaret|improv|magic"
)
_TWICE_BY_NAME = re.compile(
    r"\b(?:musical|ballet|circus|cirque|opera|comedy|disney on ice|candlelight|nutcracker)\b"
)
_HOUSES = re.compile(r"\b(?:theater|playhouse|comedy|improv)\b")
_SLOTS = re.compile(r"exhibit|attraction|museum|tours|cinema|experience")
_SLOTS_BY_NAME = re.compile(r"\b(?:immersive|exhibition|museum)\b")


def several_a_day(event: Event) -> bool:
    """Plays, comedians and others who may be seen twice a day; a theatre's, where nothing else is said."""
    if _any(event.category or "", _TWICE) or _any(event.name or "", _TWICE_BY_NAME):
        return True
    is_open = not event.category and not event.performers
    return is_open and _any(event.venue or "", _HOUSES)


def by_the_minute(event: Event) -> bool:
    """Admission at fixed minutes, each an entry of its own."""
    return _any(event.category or "", _SLOTS) or _any(event.name or "", _SLOTS_BY_NAME)


@lru_cache(maxsize=1 << 13)
def _any(text: str, pattern: re.Pattern[str]) -> bool:
    return bool(pattern.search(folded(text)))
