"""The quota is a hard limit, whatever happens to clocks, threads, counts and processes."""

import threading
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import START, at
from tests.histories import RULES
from watchers.errors import OutOfQuotaError
from watchers.quota import SAME_WINDOW, Budget, Ledger, Quota

DAY = timedelta(days=1)
DAILY = Quota(calls=1000, per=DAY, per_second=1e6)


def budget(ledger: Ledger | None = None, now: datetime = START, quota: Quota = DAILY) -> Budget:
    return Budget(quota, ledger or Ledger(), now, sleep=lambda _: None)


def spend(purse: Budget, wanted: int = 10**6) -> int:
    """Take what can be had, at most so much."""
    for taken in range(wanted):
        try:
            purse.take()
        except OutOfQuotaError:
            return taken
    return wanted


def test_a_fresh_window_gives_a_head_start_and_no_more() -> None:
    purse = budget()
    assert purse.left == 50
    assert spend(purse) == 50
    assert (purse.left, purse.made, purse.ledger.spent) == (0, 50, 50)


def test_nothing_left_is_refused_and_costs_nothing() -> None:
    purse = budget(Ledger(START, 1000))
    with pytest.raises(OutOfQuotaError):
        purse.take()
    assert (purse.made, purse.ledger.spent) == (0, 1000)


def test_a_quota_of_one_call_can_be_spent() -> None:
    one = Quota(calls=1, per=DAY, per_second=1)
    purse = budget(quota=one)
    assert spend(purse) == 1
    assert spend(budget(purse.ledger, at(days=0.99), one)) == 0
    assert spend(budget(purse.ledger, at(days=1), one)) == 1


def test_the_rest_is_spread_evenly_over_the_window() -> None:
    ledger, spent = Ledger(), []
    for hour in range(24):
        purse = budget(ledger, at(60 * hour))
        spent.append(spend(purse))
        ledger = purse.ledger
    assert spent[0] == 50
    assert set(spent[1:-1]) <= {41, 42}
    assert sum(spent) <= 1000


def test_what_was_not_used_may_be_used_later_in_the_window() -> None:
    assert spend(budget(Ledger(START, 0), at(days=0.5))) == 550
    assert spend(budget(Ledger(START, 0), at(days=0.999))) == 1000


def test_a_new_window_forgets_what_was_spent() -> None:
    spent = Ledger(START, 1000)
    assert budget(spent, START + DAY - timedelta(milliseconds=1)).left == 0
    assert budget(spent, START + DAY).left == 50


def test_the_ledger_survives_a_restart() -> None:
    purse = budget()
    spend(purse, 30)
    purse.block_until(at(5))
    stored = Ledger.from_document(purse.ledger.to_document())
    assert stored == purse.ledger
    assert Ledger.from_document({}) == Ledger()


def test_calls_somebody_may_have_made_count_as_made() -> None:
    assert budget(Ledger(START, 20).charged(30)).left == 0


@RULES
@given(
    calls=st.integers(1, 60),
    ticks=st.lists(st.tuples(st.floats(0, 2), st.integers(0, 80), st.booleans()), min_size=1, max_size=60),
)
def test_the_limit_of_a_window_is_never_exceeded(calls: int, ticks: list[tuple[float, int, bool]]) -> None:
    """Ticks at any distance, asking for any number; some die and only their lease's worth is charged."""
    quota = Quota(calls, timedelta(hours=1), 1e6)
    ledger, now, made = Ledger(), START, dict[datetime, int]()
    for hours, wanted, dies in ticks:
        now += timedelta(hours=hours / 4)
        purse = budget(ledger, now, quota)
        may_spend = purse.left
        before = Ledger(purse.ledger.began_at, purse.ledger.spent, purse.ledger.blocked_until)
        taken = spend(purse, wanted)
        ledger = before.charged(may_spend) if dies else purse.ledger
        assert purse.ledger.began_at is not None
        made[purse.ledger.began_at] = made.get(purse.ledger.began_at, 0) + taken
    assert max(made.values()) <= calls
    starts = sorted(made)
    assert all(later - earlier >= quota.per for earlier, later in pairwise(starts))


@RULES
@given(st.lists(st.tuples(st.integers(-90, 90), st.integers(0, 80)), min_size=1, max_size=40))
def test_a_clock_that_steps_back_and_forth_earns_only_the_time_it_went_forward(
    steps: list[tuple[int, int]],
) -> None:
    quota = Quota(50, timedelta(hours=1), 1e6)
    ledger, now, made, forward = Ledger(), START, 0, 0
    for minutes, wanted in steps:
        now, forward = now + timedelta(minutes=minutes), forward + max(0, minutes)
        purse = budget(ledger, now, quota)
        made += spend(purse, wanted)
        ledger = purse.ledger
        assert made <= 50 * (1 + forward // 60)


def test_a_clock_that_was_a_year_ahead_does_not_stop_everything_for_a_year() -> None:
    ahead = budget(Ledger(START, 0), at(days=365))
    spend(ahead, 10)
    back = budget(ahead.ledger, at(1))
    assert back.left == 40
    spend(back)
    assert budget(back.ledger, at(days=0.5)).left > 0


def test_the_providers_own_count_is_believed_when_it_is_higher() -> None:
    purse = budget(Ledger(START, 10), at(60))
    purse.correct(spent=900, resets_at=START + DAY)
    assert (purse.ledger.spent, purse.left) == (900, 0)


def test_within_one_window_the_count_never_falls() -> None:
    purse = budget(Ledger(START, 40), at(1))
    purse.correct(spent=30, resets_at=START + DAY + SAME_WINDOW)
    assert purse.ledger.spent == 40


def test_another_window_than_ours_is_the_providers_to_count() -> None:
    purse = budget(Ledger(START, 300), at(60 * 12))
    spend(purse, 3)
    purse.correct(spent=2, resets_at=at(60 * 12) + DAY)
    assert purse.ledger == Ledger(at(60 * 12), 3)


def test_a_word_about_a_window_that_is_over_says_nothing() -> None:
    """Else the next tick would begin a fresh window, over and over."""
    purse = budget(Ledger(START, 600), at(60 * 12))
    for resets_at in (at(60 * 12), at(0), at(days=-3)):
        purse.correct(spent=0, resets_at=resets_at)
    assert purse.ledger == Ledger(START, 600)


def test_blocked_means_no_call_until_then() -> None:
    purse = budget()
    purse.block_until(at(5))
    purse.block_until(at(3))
    assert purse.left == 0
    with pytest.raises(OutOfQuotaError):
        purse.take()
    assert budget(purse.ledger, at(4.9)).left == 0
    assert budget(purse.ledger, at(5)).left == 53


def test_a_block_outlives_the_window() -> None:
    blocked = Ledger(START, 1000, at(days=1, minutes=10))
    assert budget(blocked, at(days=1)).left == 0
    assert budget(blocked, at(days=1, minutes=10)).left == 50


def test_threads_share_one_purse() -> None:
    purse, taken = budget(), list[int]()
    threads = [threading.Thread(target=lambda: taken.append(spend(purse, 20))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(taken), purse.made, purse.ledger.spent) == (50, 50, 50)


def test_threads_that_spend_while_the_count_is_corrected_lose_no_call() -> None:
    purse = budget(Ledger(START, 0), at(days=0.5))

    def work() -> None:
        for _ in range(30):
            purse.take()
            purse.correct(spent=0, resets_at=START + DAY)

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert purse.ledger.spent == purse.made == 300


def test_calls_wait_for_their_moment_within_the_second() -> None:
    waits: list[float] = []
    purse = Budget(Quota(1000, DAY, per_second=5), Ledger(), START, sleep=waits.append)
    spend(purse, 6)
    assert waits == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0], abs=0.1)


def test_threads_wait_one_after_another() -> None:
    waits: list[float] = []
    purse = Budget(Quota(1000, DAY, per_second=2), Ledger(), START, sleep=waits.append)
    threads = [threading.Thread(target=purse.take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == pytest.approx([0.5 * number for number in range(1, 8)], abs=0.2)
