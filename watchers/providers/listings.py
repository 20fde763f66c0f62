"""What the entries of a search add up to, whichever provider found them.

People mean the days of an event's own place, so those are compared here, and never moments. What nothing is
known of is not made up: an entry without a day lies on no day, and only what can be bought has a price.
"""

from collections.abc import Sequence

from watchers.money import PriceKey
from watchers.observation import Availability, Observation, Price
from watchers.target import Search

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def on_the_days(search: Search, seen: Observation) -> bool:
    """Whether an entry lies on the local days asked for; one without a date lies on none."""
    if not (search.date_from or search.date_to or search.weekdays):
        return True
    day = seen.starts_on
    if day is None or (search.weekdays and _WEEKDAYS[day.weekday()] not in search.weekdays):
        return False
    return (search.date_from or day) <= day <= (search.date_to or day)


def cheapest(listings: Sequence[Observation]) -> tuple[Price, ...]:
    """The lowest price of each key among those that can be bought."""
    lowest: dict[PriceKey, int] = {}
    for one in listings:
        if one.availability is Availability.AVAILABLE:
            for price in one.prices:
                lowest[price.key] = min(price.low, lowest.get(price.key, price.low))
    return tuple(Price(key.basis, key.currency, low) for key, low in lowest.items())


def availability(listings: Sequence[Observation]) -> Availability:
    """Available when any is; unavailable only when there are some and every one clearly is."""
    kinds = {one.availability for one in listings}
    if Availability.AVAILABLE in kinds:
        return Availability.AVAILABLE
    return Availability.UNAVAILABLE if kinds == {Availability.UNAVAILABLE} else Availability.UNKNOWN
