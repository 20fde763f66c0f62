"""A day on which everybody watches and everybody searches: no market ever sees one call too many.

The catalogue, the purses and the boards' budgets are the real ones, and all waiting is played; the markets
count by true time, and now and then they fail, or take several calls for one question.
"""

import heapq
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
import stamina

from tests.fake_provider import FakeProvider
from tests.markets import alike
from tests.world import DatedDocuments
from watchers import board as boards
from watchers.board import Board
from watchers.catalog import Catalog
from watchers.catalog.inquiry import Inquiry
from watchers.clocks import Moment
from watchers.errors import OutOfQuotaError, ProviderUnavailableError
from watchers.providers.base import Fetched
from watchers.quota import Budget, Midnight, Quota
from watchers.target import Target

SINCE = datetime(2100, 1, 1, 0, 0, tzinfo=UTC)
DAY, HOUR, MINUTES = timedelta(days=1), timedelta(hours=1), timedelta(minutes=5)
QUOTAS = {
    "daily": Quota(400, DAY, 5.0),
    "reset": Quota(300, DAY, 5.0, Midnight("America/Los_Angeles")),
    "hourly": Quota(60, HOUR, 2.0),
    "brief": Quota(20, MINUTES, 2.0),
    "tiny": Quota(9, DAY, 2.0),
}
TICKS = {  # seconds of the day: always more than the quota carries
    "daily": range(0, 86_400, 1_800),
    "reset": range(0, 86_400, 1_800),
    "hourly": range(32_400, 43_200, 60),
    "brief": range(32_400, 43_200, 60),
    "tiny": range(0, 86_400, 7_200),
}
SEARCHES = 300
TICK_SECONDS, CALLS_A_TICK = 45.0, 12


class Counting(FakeProvider):
    """Counts every call by true time, and those for people also apart."""

    def __init__(self, name: str, quota: Quota, day: "Day") -> None:
        super().__init__(quota)
        self.name, self.day = name, day
        self.luck = Random(name)  # noqa: S311 - the same day every time
        self.made: list[float] = []
        self.for_people: list[float] = []

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """See ``Provider``."""
        for _ in range(3 if self.luck.random() < 0.1 else 1):
            budget.take()
            self.made.append(self.day.peoples_now)
            self.for_people.append(self.day.peoples_now)
        if self.luck.random() < 0.05:
            raise ProviderUnavailableError(f"{self.name}: status 503")
        return Fetched({one.id: self._answer(one, now) for one in batch})

    def tick(self) -> Iterator[float]:
        """One tick of its board, which would make more calls than there are; yields when it waits."""
        day, began, waits = self.day, self.day.now, list[float]()
        quota, moment = self.quota.without_people(), day.clocks(day.at(began), began)
        board = boards.claim(
            day.documents, f"{self.name}-0", f"run-{began}", quota, moment.at,
            at_most=CALLS_A_TICK, moment=moment, seconds=TICK_SECONDS,
        )  # fmt: skip
        assert isinstance(board, Board)
        assert board.quota
        budget = Budget(
            board.quota, board.ledger, moment, waits.append,
            at_most=board.may_spend, until=began + TICK_SECONDS, began=began, clock=lambda: day.now,
        )  # fmt: skip
        for _ in range(CALLS_A_TICK):
            try:
                budget.take()
            except OutOfQuotaError:
                break
            yield waits.pop() if waits else 0.0
            self.made.append(day.now)
        board.ledger = budget.ledger
        boards.save(day.documents, board, f"run-{began}")


class Day:
    """A database, a catalogue, and the true time in seconds; who searches may be a little ahead of it."""

    def __init__(self) -> None:
        self.now, self.peoples_now, self.documents = 0.0, 0.0, DatedDocuments()
        self.markets = {name: Counting(name, quota, self) for name, quota in QUOTAS.items()}
        self.catalog = Catalog(
            self.documents,
            self.markets,
            inquiry=Inquiry(
                self.documents,
                lambda: self.at(self.peoples_now),
                lambda at: self.clocks(at, self.peoples_now),
                lambda: self.peoples_now,
                self.sleep,
            ),
            groups=alike,
            start=lambda work: work(),
        )

    def at(self, now: float) -> datetime:
        return SINCE + timedelta(seconds=now)

    def clocks(self, at: datetime, now: float) -> Moment:
        return Moment(at, "boot", 100.0 + now)

    def sleep(self, seconds: float) -> None:
        """Whoever searches waits; the ticks do not wait for them."""
        self.peoples_now += seconds

    def search(self, words: str) -> Iterator[float]:
        self.peoples_now = max(self.peoples_now, self.now)
        self.catalog.search(words)
        yield from ()

    def play(self, acts: Sequence[tuple[float, Iterator[float]]]) -> None:
        """Everything at its time; what waits goes on when its time has come."""
        waiting = [(at, number, act) for number, (at, act) in enumerate(acts)]
        heapq.heapify(waiting)
        while waiting:
            at, number, act = heapq.heappop(waiting)
            self.now = max(self.now, at)
            self.documents.be(self.at(self.now))
            if (pause := next(act, None)) is not None:
                heapq.heappush(waiting, (self.now + pause, number, act))


@pytest.fixture(scope="module")
def day() -> Day:
    """Played once: ticks of every market all day long, and searches whenever people like."""
    day, luck, acts = Day(), Random(7), list[tuple[float, Iterator[float]]]()  # noqa: S311 - always the same day
    for name, market in day.markets.items():
        acts += [(float(at), market.tick()) for at in TICKS[name]]
    for _ in range(SEARCHES):
        words = f"act {int(luck.paretovariate(0.6)) % 1000}"  # some are asked for again and again
        acts.append((luck.choice([luck.uniform(0, 86_400), luck.uniform(36_000, 37_000)]), day.search(words)))
    with stamina.set_testing(testing=True, attempts=3):
        day.play(acts)
    return day


def most_in_any_window(made: Sequence[float], per: timedelta) -> int:
    most = first = 0
    for number, at in enumerate(made):
        while made[first] <= at - per.total_seconds():
            first += 1
        most = max(most, number - first + 1)
    return most


def most(name: str, made: Sequence[float]) -> int:
    """As the market counts: by its own days where it has such, else in any window."""
    resets = QUOTAS[name].resets
    if not isinstance(resets, Midnight):
        return most_in_any_window(sorted(made), QUOTAS[name].per)
    days = [resets.last(SINCE + timedelta(seconds=at)) for at in made]
    return max((days.count(one) for one in set(days)), default=0)


@pytest.mark.parametrize("name", [*QUOTAS])
def test_no_window_sees_one_call_too_many(name: str, day: Day) -> None:
    assert most(name, day.markets[name].made) <= QUOTAS[name].calls


@pytest.mark.parametrize("name", [*QUOTAS])
def test_people_never_have_more_than_their_slice(name: str, day: Day) -> None:
    assert most(name, day.markets[name].for_people) <= QUOTAS[name].calls // 10


@pytest.mark.parametrize(("name", "part"), [("daily", 0.9), ("reset", 0.6), ("hourly", 0.9), ("brief", 0.9)])
def test_watches_and_people_both_come_to_their_limit(name: str, part: float, day: Day) -> None:
    """Otherwise the tests above could not fail. A day in Los Angeles is cut in two by ours."""
    market, quota = day.markets[name], QUOTAS[name]
    assert most(name, market.for_people) == quota.calls // 10
    assert most(name, market.made) >= part * quota.calls


def test_a_search_says_which_slices_are_spent(day: Day) -> None:
    absences = day.catalog.search("what nobody has asked for yet").absences
    assert "no call is kept for people" in absences["tiny"]
    assert "are spent; try again at" in absences["daily"]
    assert not day.markets["tiny"].for_people
