"""Small builders of watches, observations and times. Prices are minor units, times one clock's minutes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from watchers.history import History
from watchers.memory import WatchState
from watchers.money import Basis, PriceKey
from watchers.observation import Availability, EventStatus, Observation, Presale, Price
from watchers.rules import Decision, decide
from watchers.target import Search, Target
from watchers.watch import Watch

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
FACE = PriceKey(Basis.FACE, "USD")
RESALE = PriceKey(Basis.RESALE, "USD")
ITEM = Target(provider="ticketmaster", item="E1")
SEARCH = Target(provider="ticketmaster", search=Search(keyword="Lakers"))

Prices = int | Mapping[PriceKey, int] | None


def at(minutes: float = 0, *, days: float = 0) -> datetime:
    """This long after the start."""
    return START + timedelta(minutes=minutes, days=days)


def below(price: str = "90.00", **more: object) -> dict[str, object]:
    """``below(currency="EUR", basis="face")``."""
    return {"kind": "below", "price": price, "currency": "USD", **more}


def drop(percent: float = 10, **more: object) -> dict[str, object]:
    """``drop(15, min_saving="5.00")``."""
    return {"kind": "drop", "percent": percent, **more}


def historic_low(days: int = 30, **more: object) -> dict[str, object]:
    """Under every price of so many days."""
    return {"kind": "historic_low", "days": days, **more}


NEW_LISTING: Mapping[str, object] = {"kind": "new_listing"}
BACK_IN_STOCK: Mapping[str, object] = {"kind": "back_in_stock"}
STATUS: Mapping[str, object] = {"kind": "status"}


def watch(*conditions: Mapping[str, object], **fields: Any) -> Watch:
    """A watch of ``ITEM`` as its owner's document would ask for it; without conditions, under $90."""
    document = {
        "name": "Lakers under $90",
        "target": ITEM,
        "conditions": [dict(condition) for condition in conditions or (below(),)],
    }
    return Watch.model_validate(document | fields)


def observed(
    prices: Prices = None,
    *,
    when: datetime = START,
    target: Target = ITEM,
    listed: Iterable[str] | None = None,
    presales: Mapping[str, datetime] | None = None,
    **fields: Any,
) -> Observation:
    """What a provider said; a bare price is a face price in US dollars, ``listed`` the ids a search found."""
    named = {FACE: prices} if isinstance(prices, int) else prices or {}
    return Observation(
        target=target,
        at=when,
        prices=tuple(Price(key.basis, key.currency, low) for key, low in named.items()),
        listings=None if listed is None else tuple(listing(one, when) for one in listed),
        presales=tuple(Presale(name, starts_at) for name, starts_at in (presales or {}).items()),
        **fields,
    )


def listing(item: str, when: datetime = START) -> Observation:
    """One entry of a search's answer."""
    return Observation(target=Target(provider="ticketmaster", item=item), at=when, name=f"Event {item}")


@dataclass(frozen=True, slots=True)
class Look:
    """One look, this long after the one before; ``said`` goes to ``observed``."""

    said: Mapping[str, Any] = field(default_factory=dict)
    gap: timedelta = timedelta(minutes=1)

    def later(self, **gap: float) -> "Look":
        """The same look after another gap: ``price(80_00).later(days=1)``."""
        return Look(self.said, timedelta(**gap))


def price(prices: Prices, **said: Any) -> Look:
    """A look that finds a price."""
    return Look({"prices": prices, **said})


def nothing() -> Look:
    """A successful look that learned nothing."""
    return Look()


def sold_out(prices: Prices = None) -> Look:
    """Nothing can be bought, whatever price stands there."""
    return Look({"prices": prices, "availability": Availability.UNAVAILABLE})


def in_stock(prices: Prices = None) -> Look:
    """It can be bought."""
    return Look({"prices": prices, "availability": Availability.AVAILABLE})


def page(*ids: str) -> Look:
    """A search's answer."""
    return Look({"target": SEARCH, "listed": ids})


def facts(status: EventStatus | None = None, *, starts_on: date | None = None, **said: Any) -> Look:
    """What the seller says of the event."""
    return Look({"status": status, "starts_on": starts_on, **said})


def observations(looks: Iterable[Look], *, since: datetime = START) -> Iterator[Observation]:
    """The looks one after another."""
    now = since
    for look in looks:
        now += look.gap
        yield observed(when=now, **look.said)


def decisions(asked: Watch, seen: Sequence[Observation], before: History | None = None) -> list[Decision]:
    """What each observation means to a watch that looks at all of them."""
    state, history, decided = WatchState(), before or History(), []
    for now in seen:
        decision = decide(asked, state, history, now)
        decided.append(decision)
        state, history = decision.state, history.after(now)
    return decided
