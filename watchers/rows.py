"""One target as the board knows it: what to ask, what was seen, and the gate of those who would want to know.

A gate may be too wide (then a query finds nobody and it is narrowed), never too narrow.

A board has thousands of rows, and in most ticks next to all of them are only looked past, or see once more
what they saw before. So a row that comes from a stored board stays *closed*: history and gate lie in it as
bytes until somebody asks for them, and a look that repeats the last one is noted without opening it.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from watchers.announcements import announced
from watchers.demand import Demand
from watchers.history import Facts, History, longer, milliseconds, moment
from watchers.kinds import Kind
from watchers.money import PriceKey
from watchers.observation import Availability, Observation
from watchers.schedule import Pace
from watchers.target import Target

BLIND_AFTER = timedelta(hours=1)  # without a successful look, a target counts as blind
ASTRAY = timedelta(minutes=5)  # what was seen so much later than now, was seen by a wrong clock
_A_REST = timedelta(minutes=1)
_LONGEST_BACKOFF = timedelta(hours=1)
_DAY_MS = 24 * 60 * 60 * 1000
_OVER = 0.05  # of a target's weight once its event is over: it may still be moved to another day


ANYTHING = "anything"  # what a gate waits for that was lost: whatever is seen next concerns everybody


@dataclass(slots=True)
class Gate:
    """At what anybody who watches a target wants to be asked: prices in minor units, and other events.

    ``demand`` counts them roughly, for the schedule.
    """

    fires_at: dict[PriceKey, int] = field(default_factory=dict)
    rearms_at: dict[PriceKey, int] = field(default_factory=dict)
    waits_for: set[str] = field(default_factory=set)
    demand: Demand = field(default_factory=Demand, compare=False)

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
        kinds = list(waits_for)
        self.waits_for.update(kinds)
        self.demand.add(fires_at, kinds)

    def narrow(self, interest: "Interest") -> None:
        """Everybody this interest found has been asked: nobody is left at this price."""
        if interest.fires_at is not None:
            key, price = interest.fires_at
            self.fires_at[key] = price - 1
            self.demand.asked_at(key, price)
        elif interest.rearms_at is not None:
            key, price = interest.rearms_at
            self.rearms_at[key] = price + 1
        elif interest.waits_for is not None:
            self.waits_for.discard(interest.waits_for)
            self.demand.asked_about(interest.waits_for)


class Interest(msgspec.Struct, frozen=True):
    """Whom an observation concerns. Exactly one is given; with none, everybody who watches the target.

    ``fires_at``: watches that fire at this price or a higher one. ``rearms_at``: told watches that re-arm
    at this price or a lower one. ``waits_for``: watches that wait for this kind of event.
    """

    fires_at: tuple[PriceKey, int] | None = None
    rearms_at: tuple[PriceKey, int] | None = None
    waits_for: str | None = None


EVERYBODY = Interest()


class Closed(Protocol):
    """The part of a row that is rarely needed, as it lies on a stored board."""

    def opened(self, target: Target, seen_ms: int) -> tuple[History, Gate, dict[PriceKey, int]]:
        """History, gate and ``archived``, as they were when the row was closed, last seen at ``seen_ms``."""
        ...


@dataclass(slots=True)
class Row:
    """One target: what to ask, what was seen, who would want to know.

    Attributes:
        since: When the row began; blindness counts from here until the first look.
        history: What was seen; set it by ``record``.
        archived: Of each price key, the end (``last_ms``) of the last run that is in the price history.
        watchers: How many active watches there are.
        favour: How many more they count for, by the plans of those whose they are.
        fresh: Watches that have not had their first look yet, by id.
        urgent: A second look is wanted as soon as possible.
        asked_ms: When it was last asked, successfully or not (milliseconds since 1970; 0: never).
        seen_ms: When it was last seen.
        failures: Looks in a row that failed; ``unseen_why`` is the last one's short word (``not_found``).
        blind: Whether it has not been seen for longer than it should.
        patience_ms: How long it may go unseen where its turn comes less often than that: see ``is_blind``.
        pace: What the schedule remembers of it.
        weight: What one more look is worth by those who watch (``Demand.weight``).
        event_ms: When what it is about takes place; 0: at no time, or not known.
        cost: Calls that its last look took; below 1 is not counted.
        chunk: The number of the price history's newest chunk.
        mark: Of what was seen twice in a row and concerned nobody; 0: the next look is looked at closely.
        repeats: Looks since the row was closed that saw the same once more, over ``repeated_ms``.
        closed: History, gate and ``archived``, while nobody needed them.
    """

    target: Target
    since: datetime
    history: History = field(default_factory=History)
    gate: Gate = field(default_factory=Gate)
    archived: dict[PriceKey, int] = field(default_factory=dict)
    watchers: int = 0
    favour: int = 0
    fresh: tuple[str, ...] = ()
    urgent: bool = False
    asked_ms: int = 0
    seen_ms: int = 0
    failures: int = 0
    unseen_why: str = ""
    blind: bool = False
    patience_ms: int = 0
    pace: Pace = field(default_factory=Pace)
    weight: float = 0.0
    event_ms: int = 0
    cost: int = 1
    chunk: int = 0
    mark: int = 0
    repeats: int = 0
    repeated_ms: int = 0
    closed: Closed | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if self.history.seen_at is not None:
            self.record(self.history)

    def __getattr__(self, name: str) -> Any:
        """Open the row: Python asks here only for what is not set, as in a row that is closed."""
        if self.closed is None or name not in _OPENED:
            raise AttributeError(name)
        history, self.gate, self.archived = self.closed.opened(self.target, self.seen_ms - self.repeated_ms)
        self.history = _stretched(history, self.seen_ms, self.repeats) if self.repeats else history
        self.closed, self.repeats, self.repeated_ms = None, 0, 0
        return getattr(self, name)

    @property
    def asked_at(self) -> datetime | None:
        """When it was last asked."""
        return moment(self.asked_ms) if self.asked_ms else None

    def is_due(self, now: datetime, every: timedelta) -> bool:
        """Whether it may be asked again: a second look at once, else after ``every``; failures back off."""
        if not self.asked_ms or (self.urgent and not self.failures):
            return True
        backoff: timedelta = every * 2 ** min(self.failures, 6)
        rest = min(backoff, max(every, _LONGEST_BACKOFF)) if self.failures else every
        return milliseconds(now) >= self.asked_ms + milliseconds_of(rest)

    def set_right(self, now: datetime) -> None:
        """Believe no time that is yet to come: what a wrong clock dated later was a moment ago.

        Else nothing would be asked, or believed if it was, until that time has come.
        """
        latest, before = now + ASTRAY, now - _A_REST
        if self.since > latest:
            self.since = before
        if self.seen_ms > milliseconds(latest):
            self.record(self.history.until(before))
            self.archived = {key: min(last, self.seen_ms) for key, last in self.archived.items()}
        if self.asked_ms > milliseconds(latest):
            self.asked_ms = milliseconds(before)

    def is_blind(self, now: datetime) -> bool:
        """Whether it has not been seen for longer than it should.

        That is an hour; where the quota lets its turn come less often, and no look fails, it is three turns.
        """
        patience = milliseconds_of(BLIND_AFTER)
        if not self.failures:
            patience = max(patience, self.patience_ms)
        return milliseconds(now) - (self.seen_ms or milliseconds(self.since)) > patience

    def record(self, history: History) -> None:
        """Move on to what was seen now."""
        self.history, self.mark = history, 0
        self.seen_ms = milliseconds(history.seen_at) if history.seen_at else 0
        self.event_ms = _event_ms(history.facts) if history.facts else 0
        self.weigh()

    def weigh(self) -> None:
        """Say anew what a look is worth: prices, watchers or their wishes changed."""
        prices = {key: runs[-1].value for key, runs in self.history.prices.items() if runs}
        weight = self.gate.demand.weight(prices, self.watchers)
        if self.favour and self.watchers:
            weight *= 1 + self.favour / self.watchers
        self.weight = round(weight, 2)

    def worth(self, now_ms: int) -> tuple[float, datetime | None]:
        """For the schedule: a look's weight, and when the event takes place. What is over is worth little."""
        if not self.event_ms:
            return self.weight, None
        if self.event_ms > now_ms:
            return self.weight, moment(self.event_ms)
        return self.weight * _OVER, None

    # ── looks that repeat the last one ───────────────────────────────────────────────────────────────────

    def repeats_with(self, now: Observation) -> bool:
        """Whether ``now`` says what was said twice before and concerned nobody; then it is noted already."""
        if not self.mark or self.closed is None or self.fresh or self.urgent or self.failures:
            return False
        now_ms = milliseconds(now.at)
        if now_ms <= self.seen_ms or mark_of(now, now_ms) != self.mark:
            return False
        self.repeats, self.repeated_ms = self.repeats + 1, self.repeated_ms + now_ms - self.seen_ms
        self.asked_ms = self.seen_ms = now_ms
        return True

    def settle(self, now: Observation) -> None:
        """``now`` was no news to anybody: if it repeats what was known, the like need no closer look."""
        settled = all(self.history.runs(key)[-1].looks > 1 for key in now.buyable_prices)
        if settled and (now.listings is None or self.history.listed is not None):
            self.mark = mark_of(now, self.seen_ms)

    def concerned(self, now: Observation) -> Iterator[Interest]:
        """Whom this observation concerns: the gate. Nothing is yielded for an uneventful look."""
        if ANYTHING in self.gate.waits_for:
            yield EVERYBODY
            return
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


_OPENED = frozenset({"history", "gate", "archived"})


def set_right(rows: Iterable[Row], now: datetime) -> None:
    """See ``Row.set_right``; for many, of whom next to none need it."""
    latest = now + ASTRAY
    latest_ms = milliseconds(latest)
    for row in rows:
        if row.asked_ms > latest_ms or row.seen_ms > latest_ms or row.since > latest:
            row.set_right(now)


def milliseconds_of(pause: timedelta) -> int:
    """A duration in whole milliseconds."""
    return pause // timedelta(milliseconds=1)


def mark_of(now: Observation, now_ms: int) -> int:
    """What was seen on which day, as a number that is never 0. Lows are kept by day, so the day counts."""
    listed = None if now.listings is None else [listing.target.item for listing in now.listings]
    seen = (now_ms // _DAY_MS, now.availability, now.prices, now.status, now.starts_on, now.starts_at,
            now.onsale_at, now.presales, now.condition, listed)  # fmt: skip
    digest = hashlib.blake2b(msgspec.msgpack.encode(seen), digest_size=6).digest()
    return int.from_bytes(digest, "big") or 1


def _stretched(history: History, seen_ms: int, looks: int) -> History:
    """With so many more looks, the last at ``seen_ms``, that saw what the last one saw."""
    last = milliseconds(history.seen_at) if history.seen_at else 0
    return replace(
        history,
        prices={key: longer(runs, last, seen_ms, looks) for key, runs in history.prices.items()},
        availability=longer(history.availability, last, seen_ms, looks),
        seen_at=moment(seen_ms),
    )


def _event_ms(facts: Facts) -> int:
    if facts.starts_at is not None:
        return milliseconds(facts.starts_at)
    day: date | None = facts.starts_on
    return milliseconds(datetime.combine(day, time(23), UTC)) if day else 0
