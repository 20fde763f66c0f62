"""Markets that sell what a test says, each entry in its own words, and a catalogue over them."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from store.sqlite import SqliteDocuments
from tests.fake_provider import PLENTY, FakeProvider
from watchers.catalog import Catalog
from watchers.catalog.inquiry import Inquiry
from watchers.clocks import Moment
from watchers.errors import OutOfQuotaError
from watchers.events import Event
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.quota import Quota
from watchers.target import Target

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SHOW_DAY = date(2026, 12, 31)


def face(low: int, currency: str = "USD", **more: Any) -> Price:
    """A face value, in minor units."""
    return Price(Basis.FACE, currency, low, **more)


def all_in(low: int, currency: str = "USD", **more: Any) -> Price:
    """A price with all fees, in minor units."""
    return Price(Basis.ALL_IN, currency, low, **more)


def entry(market: str = "shop", item: str = "e1", *prices: Price, **said: Any) -> Observation:
    """One entry of a market: a show on New Year's Eve, unless ``said`` says otherwise."""
    facts: dict[str, Any] = {
        "name": "Night Tram",
        "venue": "Hall",
        "city": "London",
        "starts_on": SHOW_DAY,
        "url": f"https://{market}.example/{item}",
        "availability": Availability.AVAILABLE,
    }
    return Observation(Target(market, item), NOW, prices=prices, **facts | said)


class Market(FakeProvider):
    """Finds its entries whatever is searched for, and knows each by its item.

    ``held``: calls wait for it. ``fails``: errors raised by the next calls, one each. ``waits``: for so long
    nobody may ask again. ``pages``: how many calls a question takes.
    """

    def __init__(self, name: str, *entries: Observation, quota: Quota = PLENTY) -> None:
        super().__init__(quota)
        self.name, self.entries = name, entries
        self.held: threading.Event | None = None
        self.fails: list[Exception] = []
        self.waits: timedelta | None = None
        self.searches = True
        self.pages = 1
        self.targets: list[Target] = []

    def refusal(self, target: Target, _filters: object) -> str | None:
        """Searches may be beyond it."""
        return None if self.searches or target.search is None else "It cannot be searched."

    def fetch(self, batch: Sequence[Target], budget: Any, now: datetime) -> Any:
        """See ``Provider``; a page costs a call."""
        for target in batch:
            self.targets.append(target)
            self.answers[target.item or (target.search and target.search.keyword) or ""] = self._says
        if self.held:
            self.held.wait(20)
        if self.fails or self.waits:
            budget.take()
            self.calls += 1
        if self.waits:
            budget.block_until(now + self.waits)
            raise OutOfQuotaError(f"{self.name}: asked to wait")
        if self.fails:
            raise self.fails.pop(0)
        for _ in range(self.pages - 1):
            budget.take()
        return super().fetch(batch, budget, now)

    def _says(self, target: Target, now: datetime) -> Observation:
        if target.search is not None:
            return Observation(target, now, listings=self.entries)
        return next(one for one in self.entries if one.target.item == target.item)


def alike(events: Sequence[Event]) -> list[list[int]]:
    """The same name, venue and day are the same event."""
    found: dict[object, list[int]] = {}
    for number, event in enumerate(events):
        found.setdefault((event.name, event.venue, event.date), []).append(number)
    return list(found.values())


class World:
    """A catalogue over some markets, with a time that a test moves on."""

    def __init__(self, *markets: FakeProvider, seconds: float = 10.0, **parts: Any) -> None:
        self.documents = parts.pop("documents", None) or SqliteDocuments(":memory:")
        self.passed = 0.0
        inquiry = Inquiry(
            self.documents,
            lambda: NOW + timedelta(seconds=self.passed),
            clocks=lambda at: Moment(at, "boot", 100.0 + self.passed),
            clock=lambda: self.passed,
            sleep=self.sleep,
            seconds=seconds,
        )
        by_name = {market.name: market for market in markets}
        usual: dict[str, Any] = {"groups": alike, "start": _at_once}
        self.catalog = Catalog(self.documents, by_name, inquiry=inquiry, **{**usual, **parts})

    def sleep(self, seconds: float) -> None:
        """Time passes for whoever waits."""
        self.passed += seconds


def _at_once(work: Callable[[], None]) -> None:
    work()
