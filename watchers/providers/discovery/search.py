"""A search: how Discovery wants it asked, and what its pages add up to.

Discovery compares moments, people mean the days of the event's own place. So the window that is asked for
is a day wider on each side, and what does not lie on the days themselves is left out afterwards.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from watchers.observation import Observation
from watchers.providers.discovery.shows import Entry, shows
from watchers.providers.listings import availability, cheapest, on_the_days
from watchers.target import Search, Target

# Leave nothing out. Without these, events "to be announced" or in another language disappear.
EVERYTHING = {"size": "200", "includeTBA": "yes", "includeTBD": "yes", "locale": "*"}
_STEADY = {"sort": "id,asc"}  # the same order from page to page
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(2199, 12, 30)
_A_DAY = timedelta(days=1)


def question(search: Search) -> dict[str, str]:
    """The query of the first page, without the key."""
    asked = {
        "keyword": search.keyword,
        "city": search.city,
        "countryCode": search.country,
        "classificationName": search.category,
        "startDateTime": search.date_from and f"{_within(search.date_from) - _A_DAY}T00:00:00Z",
        "endDateTime": search.date_to and f"{_within(search.date_to) + _A_DAY}T23:59:59Z",
    }
    return {name: value for name, value in asked.items() if value} | EVERYTHING | _STEADY


def _within(day: date) -> date:
    return min(max(day, _FIRST_DAY), _LAST_DAY)


def found(target: Target, search: Search, entries: Sequence[Entry], now: datetime) -> Observation:
    """Every show on the days asked for, and the lowest prices among those that can be bought."""
    listings = tuple(one for one in shows(entries) if one.target.item and on_the_days(search, one))
    nameless = any(not one.observation.target.item for one in entries)
    return Observation(
        target=target,
        at=now,
        availability=availability(listings),
        prices=cheapest(listings),
        listings=listings,
        problems=("An event without an id was left out.",) if nameless else (),
    )
