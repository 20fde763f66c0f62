"""One event as all markets have it, and its best price. Pure.

Only like is compared with like: a best price is one of a basis, a currency and a condition, among what can be
bought. What says nothing of a fact is silent about it; the others' word is taken, and never averaged.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from watchers.events import Event, normalised
from watchers.money import Basis, decimal_amount
from watchers.observation import Availability, EventStatus, ItemCondition, Observation, Price
from watchers.target import Target

CLEAREST = (Basis.ALL_IN, Basis.FACE, Basis.LISTING, Basis.RESALE)  # what includes most comes first
_FACTS = (
    "name", "venue", "city", "state", "country", "date", "performers", "category", "condition", "image",
)  # fmt: skip
NEWEST = (ItemCondition.NEW, None, ItemCondition.OPEN_BOX, ItemCondition.REFURBISHED, ItemCondition.USED)


class Market(msgspec.Struct, frozen=True):
    """What one market says of an event, in its own words."""

    target: Target
    name: str | None
    url: str | None
    prices: tuple[Price, ...]
    availability: Availability
    status: EventStatus | None
    listing_count: int | None
    condition: ItemCondition | None
    observed_at: datetime

    @property
    def can_be_bought(self) -> bool:
        """Unless it says that it cannot."""
        return self.availability is not Availability.UNAVAILABLE and self.status is not EventStatus.CANCELLED

    def to_json(self) -> dict[str, Any]:
        """Every field; prices in major units."""
        return {
            "provider": self.target.provider,
            "item": self.target.item or None,
            "name": self.name,
            "url": self.url,
            "prices": [price_json(price) for price in self.prices],
            "availability": self.availability,
            "status": self.status,
            "listings": self.listing_count,
            "condition": self.condition,
            "observed_at": self.observed_at.isoformat(),
        }


class Best(msgspec.Struct, frozen=True):
    """The lowest price among like, and whose it is; ``of`` so many markets that have one."""

    price: Price
    market: Market
    of: int


class Merged(msgspec.Struct, frozen=True):
    """One event. ``best``: of each kind of price the lowest, the one to name first in front."""

    event: Event
    markets: tuple[Market, ...]
    best: tuple[Best, ...] = ()

    def elsewhere(self, best: Best) -> list[int]:
        """The lowest price of the same kind on every other market where it can be bought."""
        return [
            min(lows)
            for one in self.markets
            if one is not best.market and one.can_be_bought and one.condition == best.market.condition
            if (lows := [price.low for price in one.prices if price.key == best.price.key])
        ]

    def to_json(self) -> dict[str, Any]:
        """The event's own fields, and beside them the best prices and the markets."""
        best = [
            {"provider": one.market.target.provider, "condition": one.market.condition, "of": one.of}
            | price_json(one.price)
            for one in self.best
        ]
        markets = [one.to_json() for one in self.markets]
        return self.event.to_json() | {"best": best, "markets": markets}


class _Kind(NamedTuple):
    condition: ItemCondition | None
    basis: Basis
    currency: str


def price_json(price: Price) -> dict[str, Any]:
    """In major units; what is not known is ``None``."""
    amounts = {"low": price.low, "high": price.high, "average": price.average}
    said = {
        name: None if amount is None else float(decimal_amount(amount, price.currency))
        for name, amount in amounts.items()
    }
    return {"basis": price.basis, "currency": price.currency, **said}


def merged(same: Sequence[Observation]) -> Merged:
    """One event of what several markets (at least one) say of it."""
    markets = tuple(map(_market, same))
    best = _bests(markets)
    return Merged(_event(same, markets, best), markets, best)


def _market(seen: Observation) -> Market:
    return Market(
        seen.target, seen.name, seen.url, seen.prices, seen.availability, seen.status,
        seen.listing_count, seen.condition, seen.at,
    )  # fmt: skip


def _bests(markets: Iterable[Market]) -> tuple[Best, ...]:
    offers: dict[_Kind, list[tuple[Price, Market]]] = {}
    for market in markets:
        for price in market.prices if market.can_be_bought else ():
            kind = _Kind(market.condition, price.basis, price.currency)
            offers.setdefault(kind, []).append((price, market))
    ranked = sorted(offers, key=lambda kind: _rank(kind, len(offers[kind])))
    return tuple(_lowest(offers[kind]) for kind in ranked)


def _lowest(offers: Sequence[tuple[Price, Market]]) -> Best:
    price, market = min(offers, key=lambda offer: offer[0].low)
    return Best(price, market, len({one.target.provider for _, one in offers}))


def _rank(kind: _Kind, offers: int) -> tuple[int, int, int, str]:
    return NEWEST.index(kind.condition), CLEAREST.index(kind.basis), -offers, kind.currency


# ── the facts ────────────────────────────────────────────────────────────────────────────────────────────


def _event(same: Sequence[Observation], markets: Sequence[Market], best: Sequence[Best]) -> Event:
    said = sorted(map(normalised, same), key=_silent)
    facts: dict[str, Any] = {
        name: next(filter(None, (getattr(one, name) for one in said)), None) for name in _FACTS
    }
    facts["performers"] = facts["performers"] or ()
    counts = [one.listing_count for one in markets if one.listing_count is not None]
    told = {one.available for one in said}
    chosen = best[0].market if best else markets[0]
    return Event(
        **facts,
        **_hour(said, facts["date"]),
        **_prices(markets, best),
        available=True if True in told else (False if told == {False} else None),
        listings=sum(counts) if counts else None,
        url=chosen.url or next((one.url for one in markets if one.url), None),
        provider=chosen.target.provider,
        item=chosen.target.item or None,
    )


def _silent(event: Event) -> int:
    """How many facts it does not say."""
    return sum(not getattr(event, name) for name in _FACTS)


def _hour(said: Sequence[Event], date: object) -> Mapping[str, Any]:
    """The hour and its zone, by one that speaks of the same day."""
    one = next((one for one in said if one.time and one.date == date), None)
    return {"time": one.time, "timezone": one.timezone} if one else {}


def _prices(markets: Sequence[Market], best: Sequence[Best]) -> Mapping[str, Any]:
    """The range of the first kind of price; its mean only where a single market says one."""
    if not best:
        return {}
    first = best[0]
    like = [
        price
        for one in markets
        for price in one.prices
        if one.can_be_bought and one.condition == first.market.condition and price.key == first.price.key
    ]
    highs = [price.high for price in like if price.high is not None]
    return {
        "min_price": _major(first.price, first.price.low),
        "max_price": _major(first.price, max(highs)) if highs else None,
        "average_price": _major(like[0], like[0].average) if len(like) == 1 else None,
        "currency": first.price.currency,
        "basis": first.price.basis,
    }


def _major(price: Price, amount: int | None) -> Decimal | None:
    return None if amount is None else decimal_amount(amount, price.currency)
