"""Never one call over, in any window or second, whatever happens: an upstream that counts by true time.

Played: shards, people who search, ticks that overlap, that die between any two steps or race for one board,
restarts, headers that lie, and wall clocks that are set. What a clock can know is believed of it: with a boot
clock, or with the database's time, the wall clock may be set anywhere. Where it stands alone (a machine that
has just started, on SQLite) it is not ahead of what any ledger has seen of it, because a clock that was set
forward while nobody looked cannot be told from time that passed. A clock that is set may also spoil the turns
that shards take within the second, for the rest of a tick; so seconds are watched where none is set.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal, NamedTuple
from unittest.mock import patch

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.world import DatedDocuments
from watchers import board as boards
from watchers import purse
from watchers.board import Refused
from watchers.clocks import Moment
from watchers.errors import ConflictError, OutOfQuotaError
from watchers.quota import Budget, FirstCall, Midnight, Quota

SINCE = datetime(2100, 1, 1, 12, 0, tzinfo=UTC)
TICK = 45.0
ZONE = "America/Los_Angeles"
MINUTES, HOUR, DAY = timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)

Clock = Literal["boot", "database", "wall"]


@dataclass
class World:
    """One quota, everybody who spends it, and what the upstream counted by true time (seconds)."""

    quota: Quota
    shards: int
    knows: Clock
    documents: DatedDocuments = field(default_factory=DatedDocuments)
    now: float = 0.0
    wall: float = 0.0
    boots: int = 1
    made: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    runs: int = 0
    noted: dict[str, tuple[float, int]] = field(default_factory=dict)  # wall clock and boot, by whose ledger

    def moment(self) -> Moment:
        """What the clocks say."""
        true = SINCE + timedelta(seconds=self.now)
        at = true + timedelta(seconds=self.wall)
        if self.knows == "boot":
            return Moment(at, f"boot-{self.boots}", 100.0 + self.now)
        return Moment(at, database=true if self.knows == "database" else None)

    def call(self, slow: float) -> None:
        """A call that is on its way for a while; never for longer than ways may differ."""
        self.made.append(self.now)
        self.arrived.append(self.now + slow * (self.quota.memory - self.quota.span) / 1000)

    def tick(self, shard: int, wanted: int, dies: int, lie: tuple[int, float] | None) -> Iterator[float]:
        """A tick of one board, which dies after so many calls (0: as soon as it has the lease)."""
        self.runs += 1
        run, moment, began = f"run-{self.runs}", self.moment(), self.now
        part = self.quota if self.shards == 0 else self.quota.without_people().share(shard, self.shards)
        at_most = int(TICK * part.per_second) + 8
        board = boards.claim(
            self.documents,
            f"shop-{shard}",
            run,
            part,
            moment.at,
            at_most=at_most,
            moment=moment,
            seconds=TICK,
        )
        if isinstance(board, Refused):
            return
        self.noted[board.name] = self.wall, self.boots
        assert board.quota is not None
        waits = list[float]()
        budget = Budget(
            board.quota, board.ledger, moment, waits.append,
            at_most=board.may_spend, until=began + TICK, began=began, clock=lambda: self.now,
        )  # fmt: skip
        for number in range(wanted):
            if number == dies:
                return
            try:
                budget.take()
            except OutOfQuotaError:
                break
            yield waits.pop() if waits else 0.0
            self.call(number % 3 / 2)
            if lie:
                budget.correct(lie[0], moment.at + timedelta(seconds=lie[1]))
            yield 0.05 * (number % 4)
        board.ledger = budget.ledger
        try:
            boards.save(self.documents, board, run)
        except ConflictError:
            return

    def search(self, calls: int, made: int) -> Iterator[float]:
        """Somebody draws from the people's purse, and makes some of the calls."""
        waits = list[float]()
        try:
            drawn = purse.draw(
                self.documents, "shop", self.quota, self.moment(),
                calls=calls, sleep=waits.append, clock=lambda: self.now,
            )  # fmt: skip
        except OutOfQuotaError:
            return
        self.noted["people"] = self.wall, self.boots
        yield 0.3
        for number in range(made):
            try:
                drawn.take()
            except OutOfQuotaError:
                return
            yield waits.pop() if waits else 0.0
            self.call(number % 3 / 2)
            yield 0.4

    def play(self, acts: list[tuple[float, Iterator[float]]]) -> None:
        """Everything at its time; what waits goes on when its time has come."""
        waiting = [(at, number, act) for number, (at, act) in enumerate(acts)]
        heapq.heapify(waiting)
        while waiting:
            at, number, act = heapq.heappop(waiting)
            self.now = max(self.now, at)
            self.documents.be(SINCE + timedelta(seconds=self.now))
            if (pause := next(act, None)) is not None:
                heapq.heappush(waiting, (self.now + pause, number, act))

    def set_clock(self, by: float, *, restarts: bool) -> Iterator[float]:
        """The wall clock is set, or the machine starts anew, or both."""
        is_known = not restarts and all(boot == self.boots for _, boot in self.noted.values())
        alone = self.knows == "wall" or (self.knows == "boot" and not is_known)
        self.wall += min(0.0, by) if alone else by
        if alone:
            self.wall = min([self.wall, *(wall for wall, _ in self.noted.values())])
        self.boots += restarts
        yield from ()


def worst_second(world: World) -> float:
    """The shortest time between two calls, in seconds."""
    made = sorted(world.made)
    return min((later - earlier for earlier, later in pairwise(made)), default=float("inf"))


def most_in_any_window(world: World) -> int:
    arrived, per = sorted(world.arrived), world.quota.per.total_seconds()
    most = first = 0
    for number, at in enumerate(arrived):
        while arrived[first] <= at - per:
            first += 1
        most = max(most, number - first + 1)
    return most


def most_in_a_provider_window(world: World) -> int:
    """As the provider counts whose rule is named."""
    if not isinstance(world.quota.resets, FirstCall):
        days = (
            [world.quota.resets.last(SINCE + timedelta(seconds=at)) for at in world.arrived]
            if (world.quota.resets)
            else []
        )
        return max((days.count(day) for day in set(days)), default=0)
    most, count, opened = 0, 0, float("-inf")
    for at in sorted(world.arrived):
        if at >= opened + world.quota.per.total_seconds():
            opened, count = at, 0
        count += 1
        most = max(most, count)
    return most


class Step(NamedTuple):
    """What happens next, ``gap`` windows before the step after it."""

    kind: str
    gap: float
    shard: int
    wanted: int
    dies: int  # after so many calls; below 0: it lives
    lie: tuple[int, float] | None  # a count, and seconds until the reset
    by: float  # seconds by which a clock is set


Story = list[Step]

windows = st.sampled_from([MINUTES, HOUR, DAY])
lies = st.none() | st.tuples(st.integers(0, 100), st.floats(-100, 200_000))
steps = st.builds(
    Step,
    kind=st.sampled_from(["tick", "tick", "tick", "race", "search", "clock", "restart"]),
    gap=st.just(0.0) | st.floats(0, 0.3),
    shard=st.integers(0, 6),
    wanted=st.integers(1, 80),
    dies=st.integers(-80, 80),
    lie=lies,
    by=st.floats(-400_000, 400_000),
)
stories = st.lists(steps, min_size=5, max_size=40)
DYING = [Step("tick", 0.01, 0, 80, 30, None, 0.0)] * 4
head_starts = st.sampled_from([0.05, 1.0])  # 1: everything at once, so that nothing but the limit limits


def told(world: World, story: Story, head_start: float) -> None:
    """Play a story."""
    acts, at = list[tuple[float, Iterator[float]]](), 0.0
    for step in story:
        board, other = (shard % max(1, world.shards) for shard in (step.shard, step.shard + 1))
        dies = step.dies if step.dies >= 0 else step.wanted + 1
        if step.kind in ("tick", "race"):
            acts.append((at, world.tick(board, step.wanted, dies, step.lie)))
        if step.kind == "race":
            acts.append((at, world.tick(board, step.wanted, step.wanted + 1, step.lie)))
            acts.append((at + 3.0, world.tick(other, step.wanted, dies, None)))
        if step.kind == "search" and world.shards:
            acts.append((at, world.search(1 + step.shard, 1 + step.wanted % 6)))
            acts.append((at + 0.2, world.search(1, 1)))
        if step.kind in ("clock", "restart"):
            acts.append((at, world.set_clock(step.by, restarts=step.kind == "restart")))
        at += max(step.gap * world.quota.per.total_seconds(), 1.0)
    with patch("watchers.ledger.HEAD_START", head_start):
        world.play(acts)


@settings(max_examples=150)
@given(
    st.integers(1, 60),
    windows,
    st.integers(1, 7),
    st.sampled_from(["boot", "database", "wall"]),
    stories,
    head_starts,
)
@example(calls=40, per=DAY, shards=1, knows="wall", story=DYING, head_start=1.0)
def test_no_window_ever_sees_one_call_too_many(
    calls: int,
    per: timedelta,
    shards: int,
    knows: Clock,
    story: Story,
    head_start: float,
) -> None:
    world = World(Quota(calls, per, 5.0), shards, knows)
    told(world, story, head_start)
    assert most_in_any_window(world) <= calls


@settings(max_examples=100)
@given(
    st.integers(20, 100), windows, st.integers(1, 7), st.sampled_from([0.5, 2.0, 5.0]), stories, head_starts
)
def test_no_second_ever_sees_one_call_too_many(
    calls: int,
    per: timedelta,
    shards: int,
    per_second: float,
    story: Story,
    head_start: float,
) -> None:
    world = World(Quota(calls, per, per_second), shards, "boot")
    told(world, [step for step in story if step.kind not in ("clock", "restart")], head_start)
    assert worst_second(world) >= 1 / per_second - 0.005


@settings(max_examples=100)
@given(
    st.integers(1, 60),
    st.sampled_from([Midnight(ZONE), FirstCall()]),
    st.integers(0, 3),
    st.sampled_from(["boot", "database"]),
    stories,
    head_starts,
)
def test_a_provider_that_resets_never_sees_one_call_too_many(
    calls: int,
    resets: Midnight | FirstCall,
    shards: int,
    knows: Clock,
    story: Story,
    head_start: float,
) -> None:
    world = World(Quota(calls, DAY, 5.0, resets), shards, knows)
    told(world, story, head_start)
    assert most_in_a_provider_window(world) <= calls


@pytest.mark.parametrize(("calls", "per", "shards"), [(300, MINUTES, 1), (200, MINUTES, 3), (2000, HOUR, 2)])
def test_where_there_is_work_nearly_everything_is_spent(calls: int, per: timedelta, shards: int) -> None:
    """Through the board, with a tick a minute; what is kept for people is theirs."""
    world = World(Quota(calls, per, 5.0), shards, "boot")
    seconds = int(per.total_seconds() * (3 if per > MINUTES else 8))
    world.play(
        [
            (at + 0.1 * shard, world.tick(shard, 10**6, 10**6, None))
            for at in range(0, seconds, 60)
            for shard in range(shards)
        ]
    )
    last = [at for at in world.made if seconds - 2 * per.total_seconds() <= at < seconds]
    ours = sum(world.quota.without_people().share(shard, shards).calls for shard in range(shards))
    assert len(last) >= 0.99 * 2 * ours
    assert most_in_any_window(world) <= ours
