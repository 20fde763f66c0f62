"""What costs at most so much, among what all markets found. Pure.

Prices are sorted within one basis and condition only: a face value never beats an all-in price.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from watchers.catalog.merged import CLEAREST, NEWEST, Market, Merged, price_json
from watchers.money import Basis, minor_units
from watchers.observation import Price


class Bargain(msgspec.Struct, frozen=True):
    """One event's lowest price of one kind. ``quantity``: offers there; ``None`` where none are counted."""

    merged: Merged
    market: Market
    price: Price
    quantity: int | None

    def to_json(self) -> dict[str, Any]:
        """The event, and the offer beside it."""
        offer = {"provider": self.market.target.provider, "item": self.market.target.item or None}
        priced = {**price_json(self.price), "condition": self.market.condition, "url": self.market.url}
        return {"event": self.merged.event.to_json(), **offer, **priced, "quantity": self.quantity}


def limit(price: str, currency: str) -> tuple[Decimal, str]:
    """A price as people write it: ``"90", "usd"``.

    Raises:
        ValueError: it is none; a sentence.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - for those who search

    from watchers.asked import sentences  # noqa: PLC0415 - as above
    from watchers.watch import Below  # noqa: PLC0415 - as above

    try:
        asked = Below.model_validate({"kind": "below", "price": price, "currency": currency.upper()})
    except ValidationError as exc:
        raise ValueError(" ".join(sentences(exc))) from exc
    return asked.price, asked.currency


def bargains(
    events: Iterable[Merged], max_price: Decimal, currency: str, min_quantity: int, basis: Basis | None
) -> list[Bargain]:
    """Of each event and kind of price the lowest offer, if it is at or under ``max_price``.

    A face value whose own market says that it is dearer with all fees is none, unless ``basis`` asks for it.
    What is said to have fewer than ``min_quantity`` offers is left out; what says nothing is not.
    """
    most = minor_units(max_price, currency)
    found = [
        offer
        for one in events
        for offer in _lowest(one, min_quantity)
        if offer.price.currency == currency and offer.price.low <= most
        if basis is offer.price.basis or (basis is None and not _is_dearer_with_fees(offer, most))
    ]
    return sorted(found, key=_rank)


def _lowest(one: Merged, min_quantity: int) -> Iterable[Bargain]:
    lowest: dict[tuple[object, ...], Bargain] = {}
    for market in one.markets:
        enough = market.listing_count is None or market.listing_count >= min_quantity
        for price in market.prices if enough and market.can_be_bought else ():
            offer = Bargain(one, market, price, market.listing_count)
            before = lowest.setdefault((market.condition, *price.key), offer)
            if price.low < before.price.low:
                lowest[(market.condition, *price.key)] = offer
    return lowest.values()


def _is_dearer_with_fees(offer: Bargain, most: int) -> bool:
    whole = (one for one in offer.market.prices if one.basis is Basis.ALL_IN)
    return any(one.currency == offer.price.currency and one.low > most for one in whole)


def _rank(offer: Bargain) -> tuple[int, int, int]:
    price = offer.price
    return CLEAREST.index(price.basis), NEWEST.index(offer.market.condition), price.low
