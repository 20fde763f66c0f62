"""A small shop that answers as every provider promises, and fails in every way one can."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from watchers.money import Basis, PriceKey
from watchers.observation import Availability, Observation, Price
from watchers.providers.base import Fetched
from watchers.quota import Budget, Quota
from watchers.target import Target
from watchers.watch import Filters

FACE = PriceKey(Basis.FACE, "USD")
RESALE = PriceKey(Basis.RESALE, "USD")
PLENTY = Quota(calls=1_000_000, per=timedelta(days=1), per_second=1_000_000)

Answer = Callable[[Target, datetime], Observation]


class FakeProvider:
    """``watchers.providers.base.Provider`` in memory.

    Attributes:
        prices: What each item costs, in minor units by price key. One that is not here has no known price.
        sold_out: Items that cannot be bought.
        listings: What each search finds: items by keyword.
        answers: Items that are answered by a function of their own, whatever it returns or raises.
        failures: Items that were asked for and not seen, with the code.
        down: Raised by every ``fetch``.
        while_asking: Called once everything of a batch was seen, and before it is answered.
        calls: How many calls were made.
        asked: How often each item (or keyword) was asked for.
        batch: How many targets one call can ask about.
        shows: Whether a search's answer shows what it lists as if each had been asked for itself.
    """

    name = "shop"

    def __init__(self, quota: Quota = PLENTY, batch: int = 50) -> None:
        self.quota, self.batch = quota, batch
        self.prices: dict[str, dict[PriceKey, int]] = {}
        self.sold_out: set[str] = set()
        self.listings: dict[str, list[str]] = {}
        self.answers: dict[str, Answer] = {}
        self.failures: dict[str, str] = {}
        self.down: Exception | None = None
        self.while_asking: Callable[[], object] | None = None
        self.calls = 0
        self.asked: Counter[str] = Counter()
        self.shows = False
        self._lock = threading.Lock()

    def costs(self, item: str, face: int | None = None, resale: int | None = None) -> None:
        """Set what an item costs from now on; ``None``: not said."""
        prices = {FACE: face, RESALE: resale}
        self.prices[item] = {key: price for key, price in prices.items() if price is not None}

    def refusal(self, target: Target, _filters: Filters) -> str | None:
        """Only this shop's own."""
        return None if target.provider == self.name else f"There is no provider called {target.provider}."

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """See ``Provider``; a search is asked alone."""
        items = [target for target in targets if target.search is None]
        together = [items[start : start + self.batch] for start in range(0, len(items), self.batch)]
        return together + [[target] for target in targets if target.search is not None]

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """See ``Provider``."""
        budget.take()
        with self._lock:
            self.calls += 1
            self.asked.update(_name(target) for target in batch)
        if self.down is not None:
            raise self.down
        failures = {
            target.id: self.failures[_name(target)] for target in batch if _name(target) in self.failures
        }
        seen = {target.id: self._answer(target, now) for target in batch if target.id not in failures}
        if self.while_asking is not None:
            meanwhile, self.while_asking = self.while_asking, None
            meanwhile()
        listed = [one for seen_one in seen.values() for one in seen_one.listings or ()] if self.shows else []
        return Fetched(seen, failures, {one.target.id: one for one in listed})

    def read(self, body: bytes, now: datetime) -> list[Observation]:
        """See ``Provider``; a body is an item's name."""
        return [self._answer(Target(provider=self.name, item=body.decode()), now)]

    def _answer(self, target: Target, now: datetime) -> Observation:
        name = _name(target)
        if name in self.answers:
            return self.answers[name](target, now)
        if target.search is not None:
            found = (Target(provider=self.name, item=item) for item in self.listings.get(name, ()))
            listings = tuple(self._answer(one, now) for one in found)
            return Observation(target, now, listings=listings, prices=_cheapest(listings))
        prices = tuple(Price(*key, low) for key, low in self.prices.get(name, {}).items())
        available = Availability.AVAILABLE if prices else Availability.UNKNOWN
        availability = Availability.UNAVAILABLE if name in self.sold_out else available
        return Observation(
            target,
            now,
            name=f"Event {name}",
            availability=availability,
            prices=prices,
            url="https://shop.test",
        )


def _name(target: Target) -> str:
    return target.item or (target.search.keyword if target.search else None) or ""


def _cheapest(listings: Sequence[Observation]) -> tuple[Price, ...]:
    lowest: dict[PriceKey, int] = {}
    for listing in listings:
        for key, price in listing.buyable_prices.items():
            lowest[key] = min(price, lowest.get(key, price))
    return tuple(Price(*key, low) for key, low in lowest.items())


def raises(error: Exception) -> Answer:
    """An answer that fails."""

    def fail(_target: Target, _now: datetime) -> Observation:
        raise error

    return fail


def item_id(item: str) -> str:
    """The target id of an item of this shop."""
    return Target(provider=FakeProvider.name, item=item).id


def item(name: str) -> Mapping[str, str]:
    """An item of this shop as a watch's document names it."""
    return {"provider": FakeProvider.name, "item": name}
