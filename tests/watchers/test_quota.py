"""The quota is a hard limit, whatever happens to clocks, threads, counts and processes."""

import math
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders import START, at
from tests.histories import RULES
from watchers.clocks import Moment, read_clocks, stopwatch
from watchers.errors import OutOfQuotaError
from watchers.ledger import weight
from watchers.quota import Budget, FirstCall, Ledger, Midnight, Quota, split

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
DAILY = Quota(calls=1000, per=DAY, per_second=1e6)
AGAIN = timedelta(minutes=5)  # a call counts until its slot's end, and a moment


def budget(ledger: Ledger | None = None, now: datetime | Moment = START, quota: Quota = DAILY) -> Budget:
    return Budget(quota, ledger or Ledger(), now, sleep=lambda _: None)


def spend(purse: Budget, wanted: int = 10**6) -> int:
    """Take what can be had, at most so much."""
    for taken in range(wanted):
        try:
            purse.take()
        except OutOfQuotaError:
            return taken
    return wanted


def spent(calls: int, when: datetime = START, quota: Quota = DAILY) -> Ledger:
    """A ledger of calls that were all made at one time."""
    return Ledger().advanced(quota, Moment(when)).charged(calls, when)


class TheTime:
    """Time that passes only while somebody sleeps."""

    seconds = 0.0

    def read(self) -> float:
        return self.seconds

    def sleep(self, wait: float) -> None:
        self.seconds += wait


# ── the pace ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_fresh_quota_gives_a_head_start_and_no_more() -> None:
    purse = budget()
    assert purse.left == 50
    assert spend(purse) == 50
    assert (purse.left, purse.made, purse.ledger.spent) == (0, 50, 50)


def test_a_quota_of_one_call_can_be_spent() -> None:
    one = Quota(calls=1, per=DAY, per_second=1)
    purse = budget(quota=one)
    assert spend(purse) == 1
    assert spend(budget(purse.ledger, at(days=0.99), one)) == 0
    assert spend(budget(purse.ledger, START + DAY + AGAIN, one)) == 1


def test_the_rest_is_spread_evenly_over_the_window() -> None:
    ledger, made = Ledger(), []
    for hour in range(24):
        purse = budget(ledger, at(60 * hour))
        made.append(spend(purse))
        ledger = purse.ledger
    assert made[0] == 50
    assert set(made[1:]) <= {39, 40, 41, 42}


def test_a_burst_is_paid_back_slowly_so_that_nobody_is_blind_at_its_end() -> None:
    ledger, waits, last = Ledger(), list[timedelta](), START
    for minute in range(0, 48 * 60, 5):
        purse = budget(ledger, at(minute))
        if spend(purse):
            waits.append(at(minute) - last)
            last = at(minute)
        ledger = purse.ledger
    assert max(waits) <= timedelta(minutes=15)


def test_after_a_pause_there_is_a_head_start_and_the_quotas_own_pace() -> None:
    first = budget(spent(0, START), at(0))
    spend(first)
    later = budget(first.ledger, at(days=3))
    assert spend(later) == 50
    assert 38 <= spend(budget(later.ledger, at(days=3, minutes=60))) <= 42


@pytest.mark.parametrize(
    ("hours", "made"),
    [((), (10, 10)), ((*[0.5] * 18, *[2.5] * 6), (5, 25))],
    ids=["every hour alike", "weighed"],
)
def test_hours_are_weighed(hours: tuple[float, ...], made: tuple[int, int]) -> None:
    found = []
    for hour in (12, 19):
        since = START.replace(hour=hour)
        ledger = spent(50, since).charged(0, since)
        later = Quota(1000, DAY, 1e6)
        found.append(spend(Budget(later, ledger, since + HOUR / 4, lambda _: None, hours=hours)))
    assert found == pytest.approx(made, abs=2)


def test_the_weight_of_a_span_is_its_hours_each_by_its_factor() -> None:
    hours = [float(hour) for hour in range(24)]
    half_past = START.replace(hour=22, minute=30)
    assert weight(half_past, 7_200_000, hours) == 1_800_000 * 22 + 3_600_000 * 23 + 0
    assert weight(half_past, 7_200_000, ()) == 7_200_000


@pytest.mark.parametrize(
    ("calls", "per", "hours"),
    [(100, 5 / 60, 2), (162, 5 / 60, 2), (2000, 1, 4)],
    ids=["100 in 5 minutes", "162 in 5 minutes", "2,000 an hour"],
)
def test_with_a_tick_a_minute_nearly_everything_is_spent(calls: int, per: float, hours: int) -> None:
    quota, made, ledger = Quota(calls, timedelta(hours=per), 2.0), list[float](), Ledger()
    time = TheTime()
    for minute in range(hours * 60):
        time.seconds = max(time.seconds, 60.0 * minute)
        now = START + timedelta(seconds=time.seconds)
        purse = Budget(quota, ledger, now, time.sleep, until=time.seconds + 45, clock=time.read)
        while True:
            try:
                purse.take()
            except OutOfQuotaError:
                break
            made.append(time.seconds)
        ledger = purse.ledger
    half = hours * 1800
    assert len([one for one in made if half <= one < 2 * half]) >= 0.99 * calls * half / (per * 3600)


# ── the limit ────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_left_is_refused_and_costs_nothing() -> None:
    purse = budget(spent(1000))
    with pytest.raises(OutOfQuotaError):
        purse.take()
    assert (purse.made, purse.ledger.spent) == (0, 1000)


def test_a_call_comes_free_when_its_window_is_over() -> None:
    assert budget(spent(1000), START + DAY).left == 0
    assert budget(spent(1000), START + DAY + AGAIN).left > 0
    free_at = budget(spent(1000)).free_at
    assert free_at is not None
    assert START + DAY < free_at < START + DAY + AGAIN


def test_calls_somebody_may_have_made_count_as_made_from_the_last_moment_on() -> None:
    ledger = Ledger().advanced(DAILY, Moment(START)).charged(1000, at(90))
    assert budget(ledger, START + DAY + timedelta(minutes=80)).left == 0
    assert budget(ledger, START + DAY + timedelta(minutes=96)).left > 0


def test_a_word_kept_from_before_there_was_a_log_counts_from_now_on() -> None:
    old = {"began_at": at(-60 * 23), "spent": 960, "blocked_until": at(10)}
    stored = Ledger.from_document(old)
    assert budget(stored).left == 0
    unblocked = budget(stored, at(11))
    assert unblocked.left == 40
    assert budget(unblocked.ledger, at(days=0.9)).left <= 40


def test_the_ledger_survives_a_restart() -> None:
    purse = budget(now=Moment(START, "boot", 12.5))
    spend(purse, 30)
    purse.correct(500, START + DAY)
    purse.block_until(at(5))
    kept = purse.ledger
    document = kept.to_document()
    assert Ledger.from_document(document) == replace(kept, last=math.ceil(kept.last))
    assert all(isinstance(one, int) for one in document["counts"])
    assert Ledger.from_document({}) == Ledger()


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Moment(START, "a", 10), Moment(at(days=2), "a", 70)),
        (Moment(START, "a", 10, START), Moment(at(days=2), "b", 5, at(1))),
        (Moment(START), Moment(at(days=-2))),
    ],
    ids=["set forward, same boot", "set forward, the database knows", "set back"],
)
def test_a_clock_that_was_set_frees_nothing(before: Moment, after: Moment) -> None:
    ledger = budget(spent(1000), before).ledger
    assert budget(ledger, after).left == 0


def test_a_clock_that_was_a_year_ahead_blocks_nobody_for_a_year() -> None:
    ahead = budget(None, at(days=365))
    spend(ahead)
    ahead.block_until(at(days=365, minutes=30))
    back = budget(ahead.ledger, at(1))
    assert back.left == 0
    assert budget(back.ledger, at(days=0.5)).left > 0


def test_a_time_read_before_somebody_else_wrote_gives_no_time_twice() -> None:
    late = budget(spent(1000), at(10)).ledger
    stale = budget(late, at(8.1)).ledger
    assert stale.time == late.time
    assert budget(stale, START + DAY + timedelta(seconds=100)).left == 0


def test_this_machines_clocks_can_be_read() -> None:
    first, second = read_clocks(START), read_clocks(START)
    assert (first.at, first.boot) == (START, second.boot)
    assert second.uptime >= first.uptime


# ── resets ───────────────────────────────────────────────────────────────────────────────────────────────

PACIFIC = Quota(1000, DAY, 1e6, Midnight("America/Los_Angeles"))
MIDNIGHT = START.replace(hour=8) + DAY


def test_after_a_reset_the_whole_quota_is_free_again() -> None:
    ledger = spent(1000, quota=PACIFIC)
    assert budget(ledger, MIDNIGHT, PACIFIC).left == 0
    assert budget(ledger, MIDNIGHT + AGAIN, PACIFIC).left == 0  # charged calls are never sure
    purse = budget(None, START, PACIFIC)
    made = spend(purse)
    assert budget(purse.ledger, MIDNIGHT + AGAIN, PACIFIC).ledger.spent == 0
    assert budget(purse.ledger, MIDNIGHT, PACIFIC).ledger.spent == made


def test_what_is_made_near_a_reset_counts_before_and_after_it() -> None:
    purse = budget(None, MIDNIGHT - timedelta(seconds=115), PACIFIC)  # in a slot that ends before it
    made = spend(purse)
    assert budget(purse.ledger, MIDNIGHT + HOUR, PACIFIC).ledger.spent == made


def test_a_clock_that_was_set_past_midnight_resets_nothing() -> None:
    purse = budget(None, Moment(START, "a", 10), PACIFIC)
    made = spend(purse)
    assert budget(purse.ledger, Moment(MIDNIGHT + AGAIN, "a", 3610), PACIFIC).ledger.spent == made


def test_a_window_that_begins_with_its_first_call_ends_a_window_later_and_is_quiet_then() -> None:
    quota = Quota(1000, DAY, 1e6, FirstCall())
    purse = budget(None, START, quota)
    spend(purse)
    purse = budget(purse.ledger, at(60 * 23), quota)
    made = spend(purse)
    assert made
    assert budget(purse.ledger, START + DAY, quota).left == 0
    assert budget(purse.ledger, START + DAY + AGAIN, quota).ledger.spent == 0


# ── parts ────────────────────────────────────────────────────────────────────────────────────────────────


@RULES
@given(st.integers(10, 20_000), st.integers(1, 9), st.sampled_from([0.5, 1.0, 2.0, 5.0]))
def test_the_parts_of_a_quota_sum_to_the_whole_and_take_turns(calls: int, of: int, per_second: float) -> None:
    whole = Quota(calls, DAY, per_second)
    parts = [whole.without_people().share(part, of) for part in range(of)]
    parts.append(whole.for_people())
    assert sum(part.calls for part in parts) == calls
    assert sum(part.per_second for part in parts) == pytest.approx(per_second)
    turns = sorted(part.turn_after(0.0 + 1000 * second) for part in parts for second in range(5))
    gaps = [later - earlier for earlier, later in pairwise(turns) if later > earlier]
    assert not gaps or min(gaps) >= 1000 / per_second - 0.001


def test_a_tenth_is_kept_for_people_but_of_few_calls_none() -> None:
    assert [Quota(calls, DAY, 1).for_people().calls for calls in (5000, 25, 10, 9, 1)] == [500, 2, 1, 0, 0]
    assert Quota(9, DAY, 1).without_people() == Quota(9, DAY, 1)


@RULES
@given(st.lists(st.lists(st.integers(0, 1439), max_size=40), min_size=1, max_size=5), st.integers(1, 6))
def test_new_shards_remember_at_least_their_part_of_every_stretch(old: list[list[int]], of: int) -> None:
    ledgers, now = [], Moment(START + DAY)
    for minutes in old:
        ledger = Ledger().advanced(DAILY, Moment(START))
        for minute in minutes:
            ledger = ledger.with_calls(1, ledger.time + 60_000 * minute)
        ledgers.append(ledger)
    parts = split(ledgers, DAILY, of, now)
    assert len(parts) == of
    made = sorted(minute for minutes in old for minute in minutes)
    for first in {*made}:
        later = parts[0].time + 60_000 * first  # at that time of the next day these have not come free
        kept = parts[0].counted(DAILY, later)
        assert kept * of >= len([minute for minute in made if minute >= first])


# ── the provider's word ──────────────────────────────────────────────────────────────────────────────────


def test_the_providers_own_count_is_heeded_when_it_is_higher() -> None:
    purse = budget(spent(10), at(60))
    purse.correct(spent=900, resets_at=START + DAY)
    assert (purse.ledger.surplus, purse.ledger.spent) == (890, 10)
    purse.correct(spent=1000, resets_at=START + DAY)
    assert purse.left == 0
    assert budget(purse.ledger, START + DAY + AGAIN).left > 0


def test_a_count_that_is_lower_than_ours_or_than_before_changes_nothing() -> None:
    purse = budget(spent(40), at(1))
    for count in (30, 500, 400):
        purse.correct(count, START + DAY)
    assert purse.ledger.surplus == 460


def test_what_others_may_have_made_of_their_own_part_is_no_surplus() -> None:
    ours = DAILY.without_people()
    purse = budget(quota=ours)
    purse.correct(100, START + DAY)
    assert purse.ledger.surplus == 0
    purse.correct(101, START + DAY)
    assert purse.ledger.surplus == 1


def test_a_word_about_a_window_that_is_over_says_nothing() -> None:
    purse = budget(spent(600), at(60 * 12))
    for resets_at in (at(60 * 12), at(0), at(days=-3)):
        purse.correct(spent=1000, resets_at=resets_at)
    assert purse.ledger.surplus == 0


def test_a_reset_that_is_far_away_holds_nobody_for_longer_than_a_window() -> None:
    purse = budget()
    purse.correct(1000, at(days=300))
    assert budget(purse.ledger, START + DAY + AGAIN).left > 0


def test_blocked_means_no_call_until_then() -> None:
    purse = budget()
    purse.block_until(at(5))
    purse.block_until(at(3))
    assert purse.left == 0
    with pytest.raises(OutOfQuotaError):
        purse.take()
    assert purse.ledger.blocked_until == at(5)
    assert budget(purse.ledger, at(4.9)).left == 0
    assert budget(purse.ledger, at(5)).left > 0


# ── threads, and the second ──────────────────────────────────────────────────────────────────────────────


def test_threads_share_one_purse() -> None:
    purse, taken = budget(), list[int]()
    threads = [threading.Thread(target=lambda: taken.append(spend(purse, 20))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(taken), purse.made, purse.ledger.spent) == (50, 50, 50)


def test_a_part_counts_its_own_takes_and_spends_from_the_whole() -> None:
    purse = budget()
    one, other = purse.part(), purse.part()
    one.take()
    one.take()
    other.take()
    other.correct(1000, START + DAY)
    assert (one.made, other.made, purse.made, purse.ledger.spent) == (2, 1, 3, 3)
    assert one.left == other.left == purse.left == 0
    one.block_until(at(5))
    assert other.ledger.blocked_until == at(5)


def still(quota: Quota, ledger: Ledger, now: datetime = START) -> list[float]:
    """The waits of six calls while time stands still."""
    waits = list[float]()
    purse = Budget(quota, ledger, now, waits.append, even=False, clock=lambda: 7.0)
    spend(purse, 6)
    return waits


def test_calls_wait_for_their_moment_within_the_second() -> None:
    assert still(Quota(1000, DAY, per_second=5), Ledger()) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])


def test_the_last_call_of_another_process_is_waited_for_too() -> None:
    quota = Quota(1000, DAY, per_second=2)
    purse = Budget(quota, Ledger(), START, clock=lambda: 7.0)
    purse.take()
    assert still(quota, purse.ledger) == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.5, 3.0])


def test_nobody_waits_past_the_end_of_the_tick() -> None:
    purse = Budget(Quota(1000, DAY, 2), Ledger(), START, lambda _: None, until=8.2, clock=lambda: 7.0)
    assert spend(purse) == 3


def test_where_the_window_is_short_a_call_that_comes_free_is_waited_for() -> None:
    quota, now = Quota(10, timedelta(minutes=5), 1e6), 0.0
    ledger = spent(10, START, quota)
    waits: list[float] = []
    soon = START + timedelta(minutes=4, seconds=50)
    purse = Budget(quota, ledger, soon, waits.append, until=45, even=False, clock=lambda: now)
    assert purse.left == 10
    purse.take()
    assert waits == pytest.approx([11.5], abs=1.5)
    assert Budget(quota, ledger, soon, waits.append, until=5, even=False, clock=lambda: now).left == 0


def test_what_has_begun_is_finished_ahead_of_the_pace_and_the_pace_waits_for_it() -> None:
    quota, now = Quota(24, timedelta(days=1), 100.0), datetime(2100, 1, 1, tzinfo=UTC)
    budget = Budget(quota, Ledger(), now, sleep=lambda _: None)
    search = budget.part()
    for _ in range(5):
        search.take()
    assert (search.made, budget.left) == (5, 0)
    kept = Ledger.from_document(budget.ledger.to_document())
    assert Budget(quota, kept, now + timedelta(hours=3), sleep=lambda _: None).left == 0
    assert Budget(quota, kept, now + timedelta(hours=6), sleep=lambda _: None).left >= 1


def test_what_has_begun_is_not_finished_over_the_limit() -> None:
    budget = Budget(
        Quota(3, timedelta(days=1), 100.0), Ledger(), datetime(2100, 1, 1, tzinfo=UTC), sleep=lambda _: None
    )
    search = budget.part()
    for left in (2, 1, 0):
        search.take()
        assert search.left == left
    with pytest.raises(OutOfQuotaError):
        search.take()


@pytest.mark.parametrize("a_day", [9, 20, 90])
def test_a_small_quota_lasts_for_the_day_though_it_is_stored_after_every_call(a_day: int) -> None:
    quota, at, ledger, made = (
        Quota(a_day, timedelta(days=1), 5.0),
        datetime(2100, 1, 1, tzinfo=UTC),
        Ledger(),
        0,
    )
    for minute in range(60):
        budget = Budget(quota, ledger, at + timedelta(minutes=minute), sleep=lambda _: None)
        while budget.left:
            budget.take()
        made += budget.made
        ledger = Ledger.from_document(budget.ledger.to_document())
    assert made <= 1 + a_day / 20 + a_day / 24


# ── a machine that sleeps ────────────────────────────────────────────────────────────────────────────────


class Laptop:
    """Its monotonic clock stands still while it sleeps, as on Linux; the one since its start does not."""

    def __init__(self) -> None:
        self.awake = self.asleep = 0.0

    def monotonic(self) -> float:
        """See ``time.monotonic``."""
        return self.awake

    def since_start(self, _clock: int) -> float:
        """See ``time.clock_gettime`` of ``CLOCK_BOOTTIME``."""
        return self.awake + self.asleep

    def moment(self) -> Moment:
        """Now, by every clock."""
        passed = self.awake + self.asleep
        return Moment(START + timedelta(seconds=passed), "boot", passed)


@pytest.fixture
def laptop(monkeypatch: pytest.MonkeyPatch) -> Laptop:
    made = Laptop()
    monkeypatch.setattr("watchers.clocks.time.CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr("watchers.clocks.time.clock_gettime", made.since_start)
    monkeypatch.setattr("watchers.clocks.time.monotonic", made.monotonic)
    return made


def test_calls_after_waking_count_from_then_on(laptop: Laptop) -> None:
    quota = Quota(10, HOUR, per_second=1000)
    purse = Budget(quota, Ledger(), laptop.moment(), lambda _: None, even=False)
    assert spend(purse, 5) == 5
    laptop.asleep = 3300.0
    assert spend(purse, 5) == 5
    laptop.awake = 380.0
    later = Budget(quota, purse.ledger, laptop.moment(), lambda _: None, even=False)
    assert spend(later) == 5


def test_nothing_is_asked_after_waking_when_the_time_is_over(laptop: Laptop) -> None:
    purse = Budget(DAILY, Ledger(), laptop.moment(), lambda _: None, until=stopwatch() + 45)
    assert spend(purse, 1) == 1
    laptop.asleep = 50.0
    assert spend(purse, 1) == purse.left == 0


def test_a_call_whose_wait_was_slept_through_is_not_made_but_counts(laptop: Laptop) -> None:
    def sleep(_seconds: float) -> None:
        laptop.asleep = 3300.0

    purse = Budget(Quota(1000, DAY, 1), Ledger(), laptop.moment(), sleep, until=stopwatch() + 45, even=False)
    assert spend(purse, 2) == 1
    assert purse.ledger.spent == 2


def test_without_a_clock_that_counts_sleep_the_monotonic_one_is_read(
    laptop: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("watchers.clocks.time.CLOCK_BOOTTIME")
    laptop.awake, laptop.asleep = 5.0, 3300.0
    assert stopwatch() == 5.0
