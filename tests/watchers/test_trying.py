"""A watch tried on what was recorded: the real rules, and never more than the past can tell."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.sqlite import SqliteDocuments
from tests.builders import (
    BACK_IN_STOCK,
    FACE,
    ITEM,
    START,
    STATUS,
    below,
    drop,
    historic_low,
    observed,
    watch,
)
from tests.histories import RULES
from watchers.history import History
from watchers.memory import WatchState
from watchers.price_history import Series, Step
from watchers.rules import decide
from watchers.trying import WINDOW, next_text, reach_back, trial, tried

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


def past(*prices: tuple[float, float, int]) -> Series:
    """From so many days ago to so many, this price."""
    steps = tuple(
        Step(START - first * DAY, max(START - first * DAY, START - last * DAY - MINUTE), price)
        for first, last, price in prices
    )
    return Series(START - 60 * DAY, {FACE: steps})


def told(asked: object, series: Series) -> list[tuple[int, int]]:
    """Days ago and price of each text."""
    found = trial(asked, ITEM, series, START)  # type: ignore[arg-type]
    return [((START - one.at) // DAY, one.price) for one in found.told]


SWINGS = past(
    (29, 25, 100_00), (25, 20, 85_00), (20, 15, 100_00), (15, 12, 84_00), (12, 8, 120_00), (8, 0, 80_00)
)


def test_each_time_it_would_have_come_true_is_told_with_its_day_and_price() -> None:
    assert told(watch(below("90.00")), SWINGS) == [(25, 85_00), (15, 84_00), (8, 80_00)]


def test_a_drop_counts_from_the_price_when_it_would_have_been_saved() -> None:
    assert told(watch(drop(15)), SWINGS) == [(25, 85_00), (15, 84_00), (8, 80_00)]
    assert told(watch(drop(20)), SWINGS) == [(8, 80_00)]


def test_a_low_counts_all_that_was_recorded_before_the_thirty_days() -> None:
    long = past((59, 31, 90_00), (31, 20, 95_00), (20, 10, 91_00), (10, 5, 89_00), (5, 0, 95_00))
    assert told(watch(historic_low(30)), long) == [(10, 89_00)]


def test_what_was_true_thirty_days_ago_is_told_or_taken_as_told_as_the_watch_asks() -> None:
    flat = past((40, 0, 80_00))
    assert told(watch(below("90.00")), flat) == [(30, 80_00)]
    series = past((29, 0, 80_00))
    assert told(watch(below("90.00"), already_true="tell"), series) == [(29, 80_00)]
    assert told(watch(below("90.00"), already_true="wait"), series) == []


def test_a_short_history_says_nothing_and_says_so() -> None:
    found = trial(watch(), ITEM, past((2.5, 0, 80_00)), START)
    assert (found.days, found.is_enough) == (2, False)
    assert trial(watch(), ITEM, Series(START), START).days == 0


def test_other_kinds_of_price_are_no_history_of_the_one_asked_for() -> None:
    found = trial(watch(below("90", basis="resale")), ITEM, SWINGS, START)
    assert (found.told, found.days) == ((), 0)


def test_what_has_no_past_is_named() -> None:
    found = trial(watch(below(), BACK_IN_STOCK, STATUS), ITEM, SWINGS, START)
    assert [one.kind for one in found.untried] == ["back_in_stock", "status"]


def test_a_freak_that_one_look_saw_is_not_told() -> None:
    series = past((29, 10, 100_00), (9, 9, 10_00), (8, 0, 100_00))
    assert told(watch(below("90.00")), series) == []


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(50_00, 150_00)), min_size=1, max_size=25))
@RULES
def test_it_says_what_the_rules_would_have_decided_at_every_moment_that_is_known(
    moves: list[tuple[int, int]],
) -> None:
    """The oracle looks at each hour of the last thirty days that lies inside of a step, as a tick would."""
    hours = sorted({hour for hour, _ in moves})
    prices = dict(reversed(moves))
    ends = [*hours[1:], 710]
    steps = [
        Step(START - WINDOW + timedelta(hours=first), START - WINDOW + timedelta(hours=last), prices[first])
        for first, last in zip(hours, ends, strict=True)
    ]
    steps = [
        one if one.until == START else one._replace(until=one.until - timedelta(seconds=60)) for one in steps
    ]
    asked = watch(below("90.00"), drop(10))
    state, before, expected = WatchState(), History(), list[int]()
    for step in steps:
        for at in (step.since, step.until):
            now = observed(step.price, when=at)
            decision = decide(asked, state, before, now)
            state, before = decision.state, before.after(now)
            if decision.news and decision.news.price is not None:
                expected.append(decision.news.price)
    found = trial(asked, ITEM, Series(START - WINDOW, {FACE: tuple(steps)}), START)
    assert [one.price for one in found.told] == expected


def test_it_reads_its_board_and_at_most_two_chunks() -> None:
    documents = SqliteDocuments(":memory:")
    found = tried(documents, watch(), START)
    assert found.days == 0
    assert documents.operations["reads"] <= 4


def test_a_low_reaches_further_back() -> None:
    assert reach_back(watch(below())) == WINDOW
    assert reach_back(watch(below(), historic_low(90))) == WINDOW + 90 * DAY


@pytest.mark.parametrize(
    ("price", "at_once", "says"),
    [
        (95_00, False, ("Next alert at $90 or less.",)),
        (80_00, True, ("Next alert at $76 or less, or after it has been over $91.80.",)),
    ],
)
def test_the_next_text_is_said_before_a_watch_is_saved(
    price: int, at_once: bool, says: tuple[str, ...]
) -> None:
    news, rules = next_text(watch(below("90.00")), ITEM, History(), observed(price))
    assert (news is not None, tuple(rules.values())) == (at_once, says)
