"""What SeatGeek's ``stats`` say of prices, which mostly is nothing.

Since May 2024 ``stats`` are empty for whoever is no partner, by intention and for good
(https://github.com/seatgeek/api-support/issues/166). No price is the normal case and no problem.

Where they are filled, they are whole dollars about SeatGeek's own listings. ``lowest_price`` is what is paid
in the end, fees included (https://github.com/seatgeek/api-support/issues/164): ``Basis.ALL_IN``.
``lowest_sg_base_price`` is what the seller asks before fees: ``Basis.RESALE``. The two are never compared.

No currency is named, and Canadian venues are listed too. So a price is read as US dollars at a venue that
SeatGeek itself places in the United States, and nowhere else.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from watchers.money import Basis, minor_units
from watchers.observation import Price
from watchers.providers import shapes

_CURRENCY, _COUNTRY = "USD", "US"
_MOST = 1_000_000  # dollars: more is no price
_ELSEWHERE = (
    "SeatGeek names no currency; a price is read as US dollars only at a venue in the United States, "
    "so this one is not used."
)
_NO_AMOUNT = "A price that is not a number over 0 is not used."
_NO_LISTINGS = "SeatGeek names a price and no listing that it could be of; not used."
_UPSIDE_DOWN = "The price before fees is over the one with fees; neither is used."


def listing_count(event: Mapping[str, Any]) -> int | None:
    """How many offers there are, where that is said."""
    count = shapes.mapping(event.get("stats")).get("listing_count")
    known = isinstance(count, int) and not isinstance(count, bool) and 0 < count < 10**9
    return count if known and isinstance(count, int) else None


def prices(event: Mapping[str, Any], country: str | None) -> tuple[tuple[Price, ...], tuple[str, ...]]:
    """The prices, and why what was said is not one."""
    stats = shapes.mapping(event.get("stats"))
    said = {name: stats.get(name) for name in ("lowest_price", "lowest_sg_base_price")}
    given = {name: _dollars(value) for name, value in said.items() if value is not None}
    problems = (_NO_AMOUNT,) if None in given.values() else ()
    lowest, base = given.get("lowest_price"), given.get("lowest_sg_base_price")
    if why := _unbelievable(lowest, base, stats, country):
        return (), (why,)
    found = []
    if lowest:
        high, average = _over(stats.get("highest_price"), lowest), _over(stats.get("average_price"), lowest)
        is_between = average is not None and high is not None and average <= high
        found.append(Price(Basis.ALL_IN, _CURRENCY, lowest, high, average if is_between else None))
    if base:
        found.append(Price(Basis.RESALE, _CURRENCY, base))
    return tuple(found), problems


def _unbelievable(
    lowest: int | None, base: int | None, stats: Mapping[str, Any], country: str | None
) -> str | None:
    if not (lowest or base):
        return None
    if country != _COUNTRY:
        return _ELSEWHERE
    if stats.get("listing_count") == 0 or stats.get("visible_listing_count") == 0:
        return _NO_LISTINGS
    return _UPSIDE_DOWN if lowest and base and base > lowest else None


def _over(value: object, lowest: int) -> int | None:
    amount = _dollars(value)
    return amount if amount is not None and amount >= lowest else None


def _dollars(amount: object) -> int | None:
    """A JSON number of dollars as cents; ``None`` where it is no price."""
    if not isinstance(amount, int | float) or isinstance(amount, bool) or not 0 < amount <= _MOST:  # or NaN
        return None
    return minor_units(Decimal(str(amount)), _CURRENCY) or None
