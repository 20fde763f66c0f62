"""A small world to schedule in: targets with Zipf watchers, lognormal rates and dates, asked a few at a time.

Nothing is replayed: what a look sees is drawn from the true rate, and the delay that it ended is the expected
one, so that few looks tell much.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from watchers import schedule
from watchers.schedule import Pace, Pool

Numbers = NDArray[np.float64]
Indices = NDArray[np.int64]
START = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
DAY_MS = 86_400_000


class World:
    """So many targets, with what is true of each; those whose date has come are no longer asked."""

    def __init__(self, targets: int, seed: int) -> None:
        luck = np.random.default_rng(seed)
        self.size, self.luck = targets, luck
        self.watchers = np.minimum(luck.zipf(2.0, targets), 1000).astype(float)
        self.rates = np.exp(luck.normal(np.log(2.5) - 1.25**2 / 2, 1.25, targets))
        self.ends = 0.25 + luck.exponential(45.0, targets)

    def rate(self, ids: Indices, day: Numbers) -> Numbers:
        """Changes a day, at those days."""
        return np.asarray(self.rates[ids] * np.maximum(self.ends[ids] - day, 1 / 3) ** (-1 / 3))

    def weight(self, ids: Indices, day: Numbers) -> Numbers:
        """How much a day's delay of one change matters."""
        return np.asarray(self.watchers[ids] * (1 + 2 * np.exp(-np.maximum(self.ends[ids] - day, 0) / 7)))


class Equal:
    """Equal intervals: whoever was asked longest ago."""

    def __init__(self, world: World, _per_day: float) -> None:
        self.world = world

    def choose(self, may: Indices, last: Numbers, _day: float, places: int) -> Indices:
        """Whom to ask."""
        return may[np.argsort(last[may], kind="stable")[:places]]

    def learn(self, ids: Indices, last: Numbers, day: float, changed: NDArray[np.bool_]) -> None:
        """What was seen; nothing is made of it."""


class Clairvoyant(Equal):
    """Knows every rate: whoever has the largest expected delay by now."""

    def choose(self, may: Indices, last: Numbers, day: float, places: int) -> Indices:
        """Whom to ask."""
        now = np.full(may.size, day)
        worth = self.world.weight(may, now) * self.world.rate(may, now) * (day - last[may]) ** 2
        return may[np.argsort(-worth, kind="stable")[:places]]


@dataclass(slots=True)
class Target:
    """A target as the schedule sees it."""

    name: int
    event_at: datetime
    weight: float
    pace: Pace = field(default_factory=Pace)
    asked_ms: int = START_MS


class Shipped(Equal):
    """The shipped schedule, which is told the watchers and the dates, and learns the rates."""

    def __init__(self, world: World, per_day: float) -> None:
        self.pool = Pool()
        self.ceiling_ms = schedule.ceiling(world.size, per_day) // timedelta(milliseconds=1)
        dates = [START + timedelta(days=end) for end in world.ends.tolist()]
        self.targets = list(map(Target, range(world.size), dates, world.watchers.tolist()))
        for one in self.targets:
            x = schedule.urgency(one.pace, self.pool, weight=one.weight, event_at=one.event_at, now=START)
            schedule.admit(one.pace, self.pool, x)

    def choose(self, may: Indices, _last: Numbers, day: float, places: int) -> Indices:
        """Whom to ask."""
        targets = [self.targets[name] for name in may]
        now_ms = START_MS + round(day * DAY_MS)
        chosen = schedule.turn(targets, places, now_ms=now_ms, ceiling_ms=self.ceiling_ms)
        schedule.serve(self.pool, chosen)
        return np.array([one.name for one in chosen], np.int64)

    def learn(self, ids: Indices, last: Numbers, day: float, changed: NDArray[np.bool_]) -> None:
        """What was seen."""
        now = START + timedelta(days=day)
        for name, before, moved in zip(ids.tolist(), last.tolist(), changed.tolist(), strict=True):
            one = self.targets[name]
            schedule.observed(
                one.pace, self.pool, weight=one.weight, event_at=one.event_at,
                since=START + timedelta(days=before), now=now, changed=moved,
            )  # fmt: skip
            one.asked_ms = START_MS + round(day * DAY_MS)


def delay(
    make: Callable[[World, float], Equal], seed: int, *, targets: int, per_day: int, places: int, days: int
) -> float:
    """Hours from a change until it is seen, weighted, in the second half of the days."""
    world = World(targets, seed)
    policy, last = make(world, per_day), np.zeros(targets)
    cost = mass = 0.0
    for tick in range(1, days * per_day // places + 1):
        day = tick * places / per_day
        ids = policy.choose(np.flatnonzero(world.ends > day), last, day, places)
        waited, middle = day - last[ids], (day + last[ids]) / 2
        expected = world.rate(ids, middle) * waited
        policy.learn(ids, last[ids], day, world.luck.random(ids.size) > np.exp(-expected))
        last[ids] = day
        if day > days / 2:
            worth = world.weight(ids, middle) * expected
            cost, mass = cost + float((worth * waited / 2).sum()), mass + float(worth.sum())
    return cost / mass * 24
