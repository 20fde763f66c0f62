"""What an event's ``ticket_availability`` says of tickets and their price, and what it does not.

``{"has_available_tickets", "is_sold_out", "minimum_ticket_price": {"currency", "value", "major_value"}}``;
what is null is absent. Once tickets are sold out, the minimum is 0: that is no price, and certainly not free.
So 0 is a price only where the event itself says that it is free, it can be had, and nothing contradicts it.

Prices are those printed on the ticket (``Basis.FACE``). Whether Eventbrite's fee comes on top is a matter of
each ticket class (``include_fee``), which this answer does not tell.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from watchers.money import Basis, decimal_amount
from watchers.observation import Availability, Price
from watchers.providers import shapes

_MOST = 10**11  # minor units: more is no price
_CONTRADICTION = "Tickets are said to be sold out and available at once; neither is believed, and no price."
_NO_AMOUNT = "The lowest price is not a known currency and a whole number of minor units; not used."
_TWO_AMOUNTS = "The lowest price is said twice, and differently; not used."
_FREE_AT_A_PRICE = "The event is said to be free and to have a price; neither is believed."
_ZERO = "A lowest price of 0 without a clear word that the event is free; taken as unknown."


def offer(event: Mapping[str, Any], *, over: bool) -> tuple[Availability, tuple[Price, ...], tuple[str, ...]]:
    """Whether tickets can be had, at what price, and what of it was not understood.

    ``over``: the event was held, or will not be held as planned.
    """
    can_be_bought, doubt = _availability(event, over=over)
    price = _price(event, can_be_bought)
    problems = tuple(one for one in (doubt, price) if isinstance(one, str))
    return can_be_bought, (price,) if isinstance(price, Price) else (), problems


def _availability(event: Mapping[str, Any], *, over: bool) -> tuple[Availability, str | None]:
    if over:
        return Availability.UNAVAILABLE, None
    tickets = shapes.mapping(event.get("ticket_availability"))
    has, sold_out = tickets.get("has_available_tickets"), tickets.get("is_sold_out")
    if has is True and sold_out is True:
        return Availability.UNKNOWN, _CONTRADICTION
    if has is False or sold_out is True:
        return Availability.UNAVAILABLE, None
    return Availability.AVAILABLE if has is True else Availability.UNKNOWN, None


def _price(event: Mapping[str, Any], can_be_bought: Availability) -> Price | str | None:
    """The price, why it is not used, or ``None``: what is sold out, or not on sale, has none."""
    tickets = shapes.mapping(event.get("ticket_availability"))
    lowest = tickets.get("minimum_ticket_price")
    if can_be_bought is Availability.UNAVAILABLE or tickets.get("is_sold_out") is True or lowest is None:
        return None
    said = shapes.mapping(lowest)
    currency, low = shapes.currency(said.get("currency")), _whole(said.get("value"))
    if currency is None or low is None:
        return _NO_AMOUNT
    if not _agrees(said.get("major_value"), low, currency):
        return _TWO_AMOUNTS
    high = _high(tickets.get("maximum_ticket_price"), low, currency)
    return _doubt(event, low, high, can_be_bought) or Price(Basis.FACE, currency, low, high)


def _doubt(event: Mapping[str, Any], low: int, high: int | None, can_be_bought: Availability) -> str | None:
    free = event.get("is_free") is True
    if low:
        return _FREE_AT_A_PRICE if free else None
    return None if free and not high and can_be_bought is Availability.AVAILABLE else _ZERO


def _high(value: object, low: int, currency: str) -> int | None:
    """The upper end, if it is one."""
    said = shapes.mapping(value)
    high = _whole(said.get("value"))
    return high if high is not None and high >= low and said.get("currency") == currency else None


def _agrees(major: object, minor: int, currency: str) -> bool:
    """Whether ``"4.32"`` is 432; their integers and ISO 4217's may count differently."""
    if major is None:
        return True
    try:
        return isinstance(major, str) and Decimal(major) == decimal_amount(minor, currency)
    except InvalidOperation:
        return False


def _whole(value: object) -> int | None:
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST
    return value if known and isinstance(value, int) else None
