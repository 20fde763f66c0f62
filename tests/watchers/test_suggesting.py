"""A suggested limit can be reached and says why; a wish that was never met is warned of."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import FACE, START
from tests.histories import RULES
from watchers.history import Lows
from watchers.money import Basis, PriceKey
from watchers.price_history import Step
from watchers.suggesting import Record, off, primary, record, suggestion, too_low

DAY = timedelta(days=1)
YEN = PriceKey(Basis.LISTING, "JPY")


def steps(*prices: int, days: float = 10) -> tuple[Step, ...]:
    """One price after the other, each for so many days, the last one until now."""
    first = START - len(prices) * days * DAY
    return tuple(
        Step(first + n * days * DAY, first + (n + 1) * days * DAY, price) for n, price in enumerate(prices)
    )


def of(now: int | None, *past: int, days: float = 10, key: PriceKey = FACE) -> Record:
    found = record(key, now, START, steps(*past, days=days))
    assert found
    return found


def test_with_a_long_record_the_limit_is_near_the_lowest_seen() -> None:
    found = suggestion(of(90_00, 95_00, 78_00, 90_00))
    assert found
    assert found.limit == 81_00  # 5 % over 78 is 81.90; a whole amount is easier to say
    assert found.why == "Within 5 % of the lowest seen here: $78 on 31 Oct 2026."


def test_where_the_price_is_that_near_the_lowest_itself_is_the_limit() -> None:
    found = suggestion(of(80_00, 95_00, 78_00, 80_00))
    assert found
    assert (found.limit, found.why) == (78_00, "The lowest seen here, on 31 Oct 2026.")


def test_at_the_lowest_it_says_that_one_is_told_at_once() -> None:
    found = suggestion(of(78_00, 95_00, 90_00, 78_00))
    assert found
    assert found.limit == 78_00
    assert "told at once" in found.why


@pytest.mark.parametrize("known", [of(90_00), of(90_00, 95_00, 78_00, 90_00, days=1)])
def test_a_short_record_suggests_a_little_less_and_calls_nothing_low(known: Record) -> None:
    found = suggestion(known)
    assert found
    assert found.limit == 85_00
    assert "too short" in found.why
    assert too_low(known, 50_00) is None


def test_far_under_a_short_record_is_said_to_be_so() -> None:
    assert too_low(of(45_00, 40_00, 45_00, days=1), 10_00) == (
        "That is far under the lowest seen here, $40; the record is still short."
    )


def test_small_and_whole_currencies_keep_their_digits() -> None:
    assert suggestion(of(14_99)).limit == 14_24  # type: ignore[union-attr]
    assert suggestion(of(5500, key=YEN)).limit == 5225  # type: ignore[union-attr]


def test_what_is_free_has_no_limit() -> None:
    assert suggestion(of(0)) is None


def test_a_wish_under_everything_ever_seen_is_warned_of_with_price_and_day() -> None:
    known = of(90_00, 95_00, 78_00, 90_00)
    assert too_low(known, 77_99) == "It was never that low here: the lowest was $78 on 31 Oct 2026."
    assert too_low(known, 78_00) is None


def test_the_boards_own_lows_reach_further_back_and_know_no_freaks() -> None:
    lows = Lows(START - 300 * DAY, (((START - 200 * DAY).date(), 70_00), (START.date(), 90_00)))
    found = record(FACE, 90_00, START, steps(95_00, 1_00, 90_00), lows)
    assert found
    assert (found.lowest, found.since) == (70_00, lows.since)


def test_nothing_is_recorded_of_what_has_no_price() -> None:
    assert record(FACE, None, START, ()) is None


def test_the_price_that_a_limit_of_any_kind_meets_first_is_the_lowest_now() -> None:
    dear = of(100_00, key=PriceKey(Basis.ALL_IN, "USD"))
    assert primary({dear.key: dear, FACE: of(90_00)}).key == FACE  # type: ignore[union-attr]
    assert primary({}) is None


@given(st.integers(1, 10**8), st.lists(st.integers(1, 10**8), max_size=12), st.floats(0.1, 30))
@RULES
def test_a_suggestion_never_exceeds_the_price_and_is_never_warned_of(
    now: int, past: list[int], days: float
) -> None:
    known = of(now, *past, now, days=days)
    found = suggestion(known)
    if found:
        assert 0 < found.limit <= now
        assert too_low(known, found.limit) is None


def test_so_many_percent_off_is_what_the_rules_fire_at() -> None:
    assert off(90_00, 10) == 81_00
    assert off(14_99, 10) == 13_49
