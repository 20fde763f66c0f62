"""An event, or a thing, in one shape whatever market it came from: what searches return, print and match.

Frozen values without I/O. In JSON a price is a number of major units (84.5), a date ``2026-12-31``, a time
``19:30:00``; what is not known is ``null``, never 0 and never a guess.
"""

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from typing import Any

import msgspec

from watchers.money import Basis, decimal_amount
from watchers.observation import Availability, ItemCondition, Observation, Price

_CLEAREST = (Basis.ALL_IN, Basis.FACE, Basis.LISTING, Basis.RESALE)  # what includes most comes first
_AVAILABLE: Mapping[Availability, bool] = {Availability.AVAILABLE: True, Availability.UNAVAILABLE: False}


class Event(msgspec.Struct, frozen=True):
    """One entry of one market, normalised.

    ``date`` and ``time`` are the venue's own, ``timezone`` its zone where known. All prices are of one basis
    and currency: the one that includes most. ``listings`` counts offers.
    """

    name: str | None = None
    venue: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None
    date: "date | None" = None
    time: "time | None" = None
    timezone: str | None = None
    performers: tuple[str, ...] = ()
    category: str | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    average_price: Decimal | None = None
    currency: str | None = None
    basis: Basis | None = None
    condition: ItemCondition | None = None
    available: bool | None = None
    listings: int | None = None
    url: str | None = None
    image: str | None = None
    provider: str | None = None
    item: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As the JSON said above, every field in it."""
        said: dict[str, Any] = msgspec.json.decode(_ENCODER.encode(self))
        return said


_ENCODER = msgspec.json.Encoder(decimal_format="number")


def normalised(seen: Observation) -> Event:
    """What an observation of one event or thing says, in the common shape."""
    price = min(seen.prices, key=_clarity, default=None)
    local = seen.starts_at
    return Event(
        name=seen.name,
        venue=seen.venue,
        city=seen.city,
        state=seen.region,
        country=seen.country,
        date=seen.starts_on or (local.date() if local else None),
        time=local.time().replace(tzinfo=None) if local else None,
        timezone=getattr(local.tzinfo, "key", None) if local else None,
        performers=seen.performers,
        category=seen.category,
        min_price=decimal_amount(price.low, price.currency) if price else None,
        max_price=_major(price, price.high) if price else None,
        average_price=_major(price, price.average) if price else None,
        currency=price.currency if price else None,
        basis=price.basis if price else None,
        condition=seen.condition,
        available=_AVAILABLE.get(seen.availability),
        listings=seen.listing_count,
        url=seen.url,
        image=seen.image,
        provider=seen.target.provider,
        item=seen.target.item or None,
    )


def _clarity(price: Price) -> tuple[int, int]:
    return _CLEAREST.index(price.basis), price.low


def _major(price: Price, amount: int | None) -> Decimal | None:
    return None if amount is None else decimal_amount(amount, price.currency)
