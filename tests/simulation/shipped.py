"""``watchers.schedule`` inside the simulator of the theory, and the limits that the theory holds it to.

The simulator lies beside the project's folder and is not part of it; where it is missing, nothing here runs.
"""

import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from typing import Any, Protocol

import numpy as np

from watchers import schedule
from watchers.schedule import Pace, Pool

FOLDER = Path(__file__).parents[3] / "shared" / "scheduling"
START = datetime(2026, 1, 1, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)
DAY_MS = 86_400_000
REST_MS = 60_000
CALLS = 5000  # a day, as in the simulator


def is_missing() -> bool:
    """Whether the simulator is not at hand."""
    return not (FOLDER / "sim.py").exists()


def load(name: str) -> Any:
    """A module of the theory's folder; ``exp`` imports ``sim`` by that name."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


@dataclass(slots=True)
class Asked:
    """A target as the schedule sees it."""

    pace: Pace
    asked_ms: int
    asked_at: datetime
    event_at: datetime
    weight: float


class Shipped:
    """A policy of the simulator whose every decision is made by the shipped functions.

    Two numpy columns mirror ``due_v`` and ``asked_ms``, only to hand ``turn`` a few candidates instead of
    all: those among which its choice must lie. ``narrowed=False`` hands it all of them. With ``stored``,
    every number goes through a board's quanta after each look.
    """

    est = None

    def __init__(self, world: Any, per_day: float, *, narrowed: bool = True, stored: bool = False) -> None:
        self.R, self.narrowed, self.stored = per_day, narrowed, stored
        self.last = world.start.copy()
        self.due = np.full(world.m, np.inf)  # the simulator sets it to infinity when a target is gone
        self.asked = np.zeros(world.m, np.int64)
        self.targets = [
            Asked(Pace(), 0, START, START + timedelta(days=float(end)), float(watchers))
            for end, watchers in zip(world.end, world.watchers, strict=True)
        ]
        self.pool = Pool()
        self.ceiling_ms = int(schedule.ceiling(world.n, per_day) / timedelta(milliseconds=1))
        self.oldest_ms = self.overdrawn = 0
        self.order: list[int] | None = None

    def admit(self, ids: Any, t: float, spread: bool = False) -> None:  # noqa: ARG002 - the simulator's own
        """New targets."""
        now = START + timedelta(days=t)
        for i in ids.tolist():
            one = self.targets[i]
            one.asked_at, one.asked_ms = now, START_MS + round(t * DAY_MS)
            x = schedule.urgency(one.pace, self.pool, weight=one.weight, event_at=one.event_at, now=now)
            schedule.admit(one.pace, self.pool, x)
            self.due[i], self.asked[i] = one.pace.due_v, one.asked_ms

    def select(self, t: float, places: int, _active: Any) -> Any:
        """Whom to ask in this tick."""
        now_ms = START_MS + round(t * DAY_MS)
        ids = self._candidates(now_ms, places)
        where = {id(self.targets[i]): i for i in ids}
        chosen = schedule.turn(
            [self.targets[i] for i in ids], places, now_ms=now_ms, ceiling_ms=self.ceiling_ms
        )
        schedule.serve(self.pool, chosen)
        self.overdrawn += max(0, len(chosen) - places)
        picked = [where[id(one)] for one in chosen]
        if picked:
            self.oldest_ms = max(self.oldest_ms, now_ms - int(self.asked[picked].min()))
        if self.order is not None:
            self.order += picked
        return np.array(picked, int)

    def _candidates(self, now_ms: int, places: int) -> list[int]:
        may = np.flatnonzero(np.isfinite(self.due) & (self.asked <= now_ms - REST_MS))
        if self.narrowed and may.size > 2 * places:
            due, asked = self.due[may], self.asked[may]
            soon, old = (np.partition(column, places - 1)[places - 1] for column in (due, asked))
            may = may[(due <= soon) | ((asked <= old) & (asked < now_ms - self.ceiling_ms))]
        return may.tolist()

    def observe(self, ids: Any, t: float, _waited: Any, changed: Any) -> None:
        """What was seen."""
        now, now_ms = START + timedelta(days=t), START_MS + round(t * DAY_MS)
        for i, moved in zip(ids.tolist(), changed.tolist(), strict=True):
            one = self.targets[i]
            schedule.observed(
                one.pace, self.pool, weight=one.weight, event_at=one.event_at, since=one.asked_at, now=now,
                changed=moved,
            )  # fmt: skip
            one.asked_at, one.asked_ms = now, now_ms
            if self.stored:
                one.pace = reloaded(one.pace)
            self.due[i], self.asked[i] = one.pace.due_v, now_ms
        self.last[ids] = t


def reloaded(pace: Pace) -> Pace:
    """A pace as it comes back from a board, which stores whole millionths."""
    return Pace(*(round(value * 1e6) / 1e6 for value in (pace.a, pace.b, pace.seen_v, pace.due_v)))


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number and its limit; ``at_least`` turns the comparison round."""

    row: str
    what: str
    limit: float
    measured: tuple[float, ...]
    at_least: bool = False

    @property
    def is_ok(self) -> bool:
        """Whether every seed keeps the limit."""
        return all(value >= self.limit if self.at_least else value <= self.limit for value in self.measured)

    def __str__(self) -> str:
        spread = " ".join(f"{value:.4g}" for value in self.measured)
        sign = ">=" if self.at_least else "<="
        return (
            f"{self.row:>3}  {self.what:44} {sign} {self.limit:<6g} {fmean(self.measured):8.4f}  [{spread}]  "
            + ("ok" if self.is_ok else "MISSED")
        )


@dataclass(slots=True)
class _Seen:
    """The ratios of one figure, seed by seed."""

    by: dict[tuple[str, float, bool], list[float]] = field(default_factory=dict)

    def note(self, what: str, limit: float, value: float, *, at_least: bool = False) -> None:
        self.by.setdefault((what, limit, at_least), []).append(value)

    def figures(self, row: str) -> Iterator[Figure]:
        for (what, limit, at_least), values in self.by.items():
            yield Figure(row, what, limit, tuple(values), at_least)


class Measured(Protocol):
    """What a policy says of itself: calls over the quota, and the largest age and what it may be."""

    overdrawn: int
    oldest_ms: int
    ceiling_ms: int


Policy = Callable[[Any, float], Measured]  # of a world, and so many looks a day
Regime = tuple[float, float, float]  # days, warm-up, and how long a tick is: so many of 5,000 calls a day
Seeds = Sequence[int]


def steady(
    row: str,
    targets: int,
    batch: int,
    limits: dict[str, float],
    seeds: Seeds,
    regime: Regime | None = None,
    *,
    policy: Policy = Shipped,
    calls_a_day: float = CALLS,
) -> Iterator[Figure]:
    """Rows 1 to 4, and 10 and 11 of the same runs."""
    sim, seen = load("sim"), _Seen()
    days, warm, calls = regime or sim.REGIMES[targets, batch]
    for seed in seeds:
        world, per_day = sim.World(targets, days, seed), calls_a_day * batch
        ours = policy(world, per_day)
        got, known, uniform = (
            sim.simulate(world, one, batch, calls, warm)
            for one in (ours, sim.Virtual(world, per_day), sim.Uniform(world, per_day))
        )
        seen.note("mean / known", limits["known"], got["mean_h"] / known["mean_h"])
        seen.note("mean / uniform", limits["uniform"], got["mean_h"] / uniform["mean_h"])
        if "p95" in limits:
            seen.note("p95 / uniform", limits["p95"], got["p95_h"] / uniform["p95_h"])
        seen.note("row 10: calls over the quota", 0, ours.overdrawn)
        seen.note("row 10: share of the quota spent", 0.995, got["spent_per_day"] / per_day, at_least=True)
        tick_ms = calls / CALLS * DAY_MS
        seen.note(
            "row 11: largest age / (ceiling + 2 ticks)", 1, ours.oldest_ms / (ours.ceiling_ms + 2 * tick_ms)
        )
    yield from seen.figures(row)


Windows = Sequence[tuple[float, float, float]]  # from day, to day, limit


def cold_start(seeds: Seeds, targets: int = 10_000, until: float = 8) -> Iterator[Figure]:
    """Row 5: from knowing nothing; the windows that end by a day."""
    windows = [window for window in ((0, 0.5, 1.45), (1, 2, 1.25), (4, 8, 1.12)) if window[1] <= until]
    yield from _windows("5", seeds, targets, windows, "sqrt_known")


def less_quota(seeds: Seeds, targets: int = 10_000) -> Iterator[Figure]:
    """Row 6: a quarter of the quota for two days."""
    windows = [(8, 10, 1.20), (10, 11, 1.12)]
    yield from _windows("6", seeds, targets, windows, "index_known", _during(8, 10, 0.25))


def outage(seeds: Seeds, targets: int = 10_000) -> Iterator[Figure]:
    """Row 7: nothing for twelve hours."""
    windows = [(8.5, 9, 1.55), (10, 11, 1.12)]
    yield from _windows("7", seeds, targets, windows, "index_known", _during(8, 8.5, 0.0))


def _during(begins: float, ends: float, share: float) -> Callable[[float], float]:
    return lambda t: share if begins <= t < ends else 1.0


def _windows(
    row: str,
    seeds: Seeds,
    targets: int,
    windows: Windows,
    rival: str,
    quota: Callable[[float], float] | None = None,
) -> Iterator[Figure]:
    sim, exp, seen, batch = load("sim"), load("exp"), _Seen(), 20
    days, cuts = 12 if quota else windows[-1][1], [(begins, ends) for begins, ends, _ in windows]
    for seed in seeds:
        world, per_day = sim.World(targets, days, seed), CALLS * batch
        got, _ = exp.windowed(world, Shipped(world, per_day), batch, 5, cuts, quota)
        best, _ = exp.windowed(world, sim.make(rival, world, per_day), batch, 5, cuts, quota)
        for (begins, ends, limit), ours, theirs in zip(windows, got, best, strict=True):
            seen.note(f"days {begins:g} to {ends:g} / {rival}", limit, ours / theirs)
    yield from seen.figures(row)


HARD_WORLDS: dict[str, tuple[dict[str, float], str, float]] = {
    "rates that differ more": ({"sigma": 2.0}, "mean_h", 1.22),
    "bursts of 3": ({"burst": 3.0}, "ev_mean_h", 1.12),
    "rates 5x lower": ({"mean_rate": 0.5}, "mean_h", 1.25),
}


def hard_worlds(
    seeds: Seeds,
    targets: int = 10_000,
    regime: Regime = (14, 5, 5),
    names: Sequence[str] = tuple(HARD_WORLDS),
) -> Iterator[Figure]:
    """Row 8: worlds that are not as assumed."""
    sim, seen, batch = load("sim"), _Seen(), 20
    days, warm, calls = regime
    for name in names:
        settings, measure, limit = HARD_WORLDS[name]
        for seed in seeds:
            world, per_day = sim.World(targets, days, seed, **settings), CALLS * batch
            ours, known = (
                sim.simulate(world, policy, batch, calls, warm)[measure]
                for policy in (Shipped(world, per_day), sim.Virtual(world, per_day))
            )
            seen.note(f"{name}: mean / known", limit, ours / known)
    yield from seen.figures("8")


def same_order(seeds: Seeds, targets: int = 1000, days: float = 2) -> Iterator[Figure]:
    """Row 13: a restart after every look, and a choice among all instead of a few, change nothing."""
    sim, seen, batch = load("sim"), _Seen(), 20
    for seed in seeds:
        world, per_day = sim.World(targets, days, seed), CALLS * batch
        orders = []
        for policy in (
            Shipped(world, per_day),
            Shipped(world, per_day, stored=True),
            Shipped(world, per_day, narrowed=False),
        ):
            policy.order = []
            sim.simulate(world, policy, batch, 5, 0)
            orders.append(policy.order)
        seen.note("looks in another order, stored each time", 0, _differences(orders[0], orders[1]))
        seen.note("looks in another order, chosen among all", 0, _differences(orders[0], orders[2]))
        seen.note("looks in another order, urgencies x3, x1000", 0, float(sum(map(_scaled, (3, 1000)))))
    yield from seen.figures("13")


def _differences(one: Sequence[int], other: Sequence[int]) -> int:
    return sum(a != b for a, b in zip(one, other, strict=False)) + abs(len(one) - len(other))


def _scaled(factor: int) -> int:
    """Looks that come in another order when every urgency is so many times as large."""
    return _differences(_dispatched(1), _dispatched(factor))


def _dispatched(factor: int, looks: int = 5000) -> list[int]:
    """The order of looks at targets whose waits are whole thousands of quanta, for any such factor."""
    waits = (np.random.default_rng(1).integers(1, 5000, 500) * 3e-3).tolist()
    pool = Pool()
    targets = [Asked(Pace(), START_MS, START, START, 1.0) for _ in waits]
    names = {id(one): name for name, one in enumerate(targets)}
    for one, wait in zip(targets, waits, strict=True):
        schedule.admit(one.pace, pool, factor / wait)
    order: list[int] = []
    while len(order) < looks:
        chosen = schedule.turn(targets, 5, now_ms=START_MS, ceiling_ms=DAY_MS)
        schedule.serve(pool, chosen)
        for one in chosen:
            order.append(names[id(one)])
            schedule.admit(one.pace, pool, factor / waits[order[-1]])
    return order


ALL_SEEDS = (1, 2, 3)
EVERY_ROW: tuple[Callable[[], Iterator[Figure]], ...] = (
    lambda: same_order(ALL_SEEDS),
    lambda: steady("2", 1000, 20, {"known": 1.12, "uniform": 0.52}, ALL_SEEDS),
    lambda: cold_start(ALL_SEEDS),
    lambda: less_quota(ALL_SEEDS),
    lambda: outage(ALL_SEEDS),
    lambda: steady("4", 10_000, 1, {"known": 1.16, "uniform": 0.43}, ALL_SEEDS),
    lambda: hard_worlds(ALL_SEEDS),
    lambda: steady("1", 10_000, 20, {"known": 1.10, "uniform": 0.36, "p95": 0.75}, ALL_SEEDS),
    lambda: steady("3", 100_000, 50, {"known": 1.10, "uniform": 0.33}, ALL_SEEDS),
)
"""The rows of the theory's table of acceptance, quickest first, at their stated seeds and regimes."""
