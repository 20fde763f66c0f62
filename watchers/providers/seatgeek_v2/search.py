"""A search: how SeatGeek wants it asked, and what its pages add up to.

Moments are compared in UTC, people mean the days of the venue. So the window that is asked for is a day
wider on each side, and what does not lie on the days themselves is left out afterwards.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from watchers.observation import Observation
from watchers.providers.listings import availability, cheapest, on_the_days
from watchers.providers.seatgeek_v2.answers import A_PAGE
from watchers.providers.seatgeek_v2.event import COUNTRIES
from watchers.target import Search, Target

# The newest first: what comes while the pages are read moves others on, and hides none.
_STEADY = {"per_page": str(A_PAGE), "sort": "id.desc"}
_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(2199, 12, 30)
_A_DAY = timedelta(days=1)
_TAXONOMIES = {"music": "concert", "concerts": "concert", "sport": "sports", "theatre": "theater"}


def question(search: Search) -> dict[str, str]:
    """The query of the first page, without the client."""
    asked = {
        "q": search.keyword,
        "venue.city": search.city,
        "venue.country": search.country and COUNTRIES.get(search.country),
        "taxonomies.name": search.category and _taxonomy(search.category),
        "datetime_utc.gte": search.date_from and str(_within(search.date_from) - _A_DAY),
        "datetime_utc.lte": search.date_to and f"{_within(search.date_to) + _A_DAY}T23:59:59",
    }
    return {name: value for name, value in asked.items() if value} | _STEADY


def _taxonomy(category: str) -> str:
    name = "_".join(category.lower().split())
    return _TAXONOMIES.get(name, name)


def _within(day: date) -> date:
    return min(max(day, _FIRST_DAY), _LAST_DAY)


def found(
    target: Target, search: Search, events: Sequence[Observation], problems: tuple[str, ...], now: datetime
) -> Observation:
    """Every event on the days and in the country asked for, and the lowest prices among those on offer."""
    listings = tuple(one for one in events if on_the_days(search, one) and _there(search, one))
    return Observation(
        target=target,
        at=now,
        availability=availability(listings),
        prices=cheapest(listings),
        listings=listings,
        problems=problems,
    )


def _there(search: Search, seen: Observation) -> bool:
    return search.country is None or seen.country in (None, search.country)
