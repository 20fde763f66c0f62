"""A search: how StubHub wants it asked, and what its pages add up to.

StubHub is asked for words and a country; the city and the days of the event's own place are looked for in
what it answers.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from watchers.money import PriceKey
from watchers.observation import Availability, Observation, Price
from watchers.providers.catalog.event import entry, is_show
from watchers.target import Search, Target

NAMELESS = "An event without an id was left out."
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def question(search: Search, page: int, size: int) -> dict[str, str]:
    """The query of one page, from 1."""
    asked = {"q": search.keyword, "country_code": search.country}
    paged = {"exclude_parking_passes": "true", "page": str(page), "page_size": str(size)}
    return {name: value for name, value in asked.items() if value} | paged


def found(target: Target, search: Search, events: Sequence[Mapping[str, Any]], now: datetime) -> Observation:
    """Every event there and then, and the lowest prices among them."""
    entries = [entry(event, now) for event in events if is_show(event)]
    named = {one.target.id: one for one in entries if one.target.item and _matches(search, one)}
    listings = tuple(named.values())
    kinds = {one.availability for one in listings}
    return Observation(
        target=target,
        at=now,
        availability=Availability.AVAILABLE if Availability.AVAILABLE in kinds else Availability.UNKNOWN,
        prices=_cheapest(listings),
        listings=listings,
        problems=(NAMELESS,) if any(not one.target.item for one in entries) else (),
    )


def _matches(search: Search, seen: Observation) -> bool:
    """Whether an event lies in the city and on the days asked for; one without a day lies on none."""
    if search.city and (seen.city or "").casefold() != search.city.casefold():
        return False
    if not (search.date_from or search.date_to or search.weekdays):
        return True
    day = seen.starts_on
    if day is None or (search.weekdays and _WEEKDAYS[day.weekday()] not in search.weekdays):
        return False
    return (search.date_from or day) <= day <= (search.date_to or day)


def _cheapest(listings: Sequence[Observation]) -> tuple[Price, ...]:
    lowest: dict[PriceKey, Price] = {}
    for price in (price for one in listings for price in one.prices):
        if price.key not in lowest or price.low < lowest[price.key].low:
            lowest[price.key] = price
    return tuple(lowest.values())
