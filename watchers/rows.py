"""One target as the board knows it: what to ask, what was seen, and the gate of those who would want to know.

A gate may be too wide (then a query finds nobody and it is narrowed), never too narrow.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watchers.history import History
from watchers.models import Availability, Observation
from watchers.money import PriceKey
from watchers.notices import announced
from watchers.schedule import Pace
from watchers.watch import Kind, Target

BLIND_AFTER = timedelta(hours=1)  # without a successful look, a target counts as blind
_LONGEST_BACKOFF = timedelta(hours=1)


@dataclass(slots=True)
class Gate:
    """At what anybody who watches a target wants to be asked: prices in minor units, and other events."""

    fires_at: dict[PriceKey, int] = field(default_factory=dict)
    rearms_at: dict[PriceKey, int] = field(default_factory=dict)
    waits_for: set[str] = field(default_factory=set)

    def widen(
        self, fires_at: Mapping[str, int], rearms_at: Mapping[str, int], waits_for: Iterable[str]
    ) -> None:
        """Let one more watch's wishes through; prices by the text of their key."""
        for name, price in fires_at.items():
            key = PriceKey.parse(name)
            self.fires_at[key] = max(price, self.fires_at.get(key, price))
        for name, price in rearms_at.items():
            key = PriceKey.parse(name)
            self.rearms_at[key] = min(price, self.rearms_at.get(key, price))
        self.waits_for.update(waits_for)

    def narrow(self, interest: "Interest") -> None:
        """Everybody this interest found has been asked: nobody is left at this price."""
        if interest.fires_at is not None:
            key, price = interest.fires_at
            self.fires_at[key] = price - 1
        elif interest.rearms_at is not None:
            key, price = interest.rearms_at
            self.rearms_at[key] = price + 1
        elif interest.waits_for is not None:
            self.waits_for.discard(interest.waits_for)


@dataclass(frozen=True, slots=True)
class Interest:
    """Whom an observation concerns. Exactly one is given; with none, everybody who watches the target.

    ``fires_at``: watches that fire at this price or a higher one. ``rearms_at``: told watches that re-arm
    at this price or a lower one. ``waits_for``: watches that wait for this kind of event.
    """

    fires_at: tuple[PriceKey, int] | None = None
    rearms_at: tuple[PriceKey, int] | None = None
    waits_for: str | None = None


EVERYBODY = Interest()


@dataclass(slots=True)
class Row:
    """One target: what to ask, what was seen, who would want to know.

    Attributes:
        watchers: How many active watches there are.
        fresh: Watches that have not had their first look yet, by id.
        urgent: A second look is wanted as soon as possible.
        asked_at: When it was last asked, successfully or not.
        failures: Looks in a row that failed; ``unseen_why`` is the last one's short word (``not_found``).
        since: When the row began; blindness counts from here until the first look.
        blind: Whether it has not been seen for longer than it should.
        pace: What the schedule remembers of it.
        cost: Calls that its last look took; below 1 is not counted.
        archived: Of each price key, the end (``last_ms``) of the last run that is in the price history.
        chunk: The number of the price history's newest chunk.
    """

    target: Target
    since: datetime
    history: History = field(default_factory=History)
    gate: Gate = field(default_factory=Gate)
    watchers: int = 0
    fresh: tuple[str, ...] = ()
    urgent: bool = False
    asked_at: datetime | None = None
    failures: int = 0
    unseen_why: str = ""
    blind: bool = False
    pace: Pace = field(default_factory=Pace)
    cost: int = 1
    archived: dict[PriceKey, int] = field(default_factory=dict)
    chunk: int = 0

    def is_due(self, now: datetime, every: timedelta) -> bool:
        """Whether it may be asked again: a second look at once, else after ``every``; failures back off."""
        if self.asked_at is None or (self.urgent and not self.failures):
            return True
        backoff: timedelta = every * 2 ** min(self.failures, 6)
        return now >= self.asked_at + min(backoff, max(every, _LONGEST_BACKOFF))

    def is_blind(self, now: datetime) -> bool:
        """Whether it has not been seen for longer than it should."""
        return now - (self.history.seen_at or self.since) > BLIND_AFTER

    def concerned(self, now: Observation) -> Iterator[Interest]:
        """Whom this observation concerns: the gate. Nothing is yielded for an uneventful look."""
        for key, price in now.buyable_prices.items():
            runs = self.history.runs(key)
            if not runs:
                yield EVERYBODY
                return
            if price <= self.gate.fires_at.get(key, -1):
                yield Interest(fires_at=(key, price))
            rearms_at = self.gate.rearms_at.get(key)
            if rearms_at is not None and min(price, runs[-1].value) >= rearms_at:
                yield Interest(rearms_at=(key, price))
            yield from self._records(key, price, now.at)
        yield from (Interest(waits_for=kind) for kind in self._events(now) if kind in self.gate.waits_for)

    def _records(self, key: PriceKey, price: int, at: datetime) -> Iterator[Interest]:
        for kind in sorted(self.gate.waits_for):
            if not kind.startswith(Kind.HISTORIC_LOW):
                continue
            record = self.history.lows.get(key)
            lowest = record.lowest(int(kind.rsplit(":", 1)[1]), at) if record else None
            if lowest is not None and price < lowest:
                yield Interest(waits_for=kind)

    def _events(self, now: Observation) -> Iterator[Kind]:
        seen = self.history
        if seen.listed is not None and any(
            listing.target.item and listing.target.item not in seen.listed for listing in now.listings or ()
        ):
            yield Kind.NEW_LISTING
        if (
            now.availability is Availability.AVAILABLE
            and seen.availability
            and seen.availability[-1].value is Availability.UNAVAILABLE
        ):
            yield Kind.BACK_IN_STOCK
        if seen.facts is not None and any(announced(seen.facts, seen.facts.after(now), now.at)):
            yield Kind.STATUS
