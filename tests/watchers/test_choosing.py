"""Which calls are made when not all can be: first looks, then by urgency, and every call is full."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.builders import START, at
from tests.fake_provider import FakeProvider
from watchers import schedule
from watchers.board import Board
from watchers.choosing import Chosen, choose
from watchers.history import milliseconds
from watchers.rows import Row
from watchers.target import Search, Target

MINUTE = timedelta(minutes=1)


def target(name: str) -> Target:
    return Target(provider="shop", item=name)


def search(name: str) -> Target:
    return Target(provider="shop", search=Search(keyword=name))


def board(*targets: Target, weight: float = 1.0) -> Board:
    """Targets that were all asked ten minutes ago, and have waited for different lengths of the odometer."""
    made = Board("shop-0")
    for number, one in enumerate(targets):
        row = Row(one, START, asked_ms=milliseconds(START), watchers=1, weight=weight)
        row.pace = schedule.Pace(seen_v=0, due_v=1 + number / 100)
        made.rows[one.id] = row
    return made


def chosen(on: Board, left: int, *, batch: int = 50, minutes: float = 10) -> Chosen:
    return choose(on, FakeProvider(batch=batch), now=at(minutes), every=MINUTE, left=left)


def names(what: Chosen) -> list[list[str]]:
    return [
        [one.item or str(one.search and one.search.keyword) for one in call.targets] for call in what.calls
    ]


ITEMS = [target(f"i{number}") for number in range(7)]


def test_with_calls_for_all_everybody_is_asked_the_most_urgent_first() -> None:
    assert names(chosen(board(*ITEMS), 9, batch=3)) == [["i0", "i1", "i2"], ["i3", "i4", "i5"], ["i6"]]


def test_with_few_calls_the_most_urgent_fill_them() -> None:
    what = chosen(board(*ITEMS), 2, batch=3)
    assert names(what) == [["i0", "i1", "i2"], ["i3", "i4", "i5"]]
    assert what.due == 7


def test_without_a_call_nobody_is_chosen_and_all_stay_due() -> None:
    assert chosen(board(*ITEMS), 0) == Chosen([], 7)


def test_who_rests_is_not_chosen() -> None:
    assert chosen(board(*ITEMS), 5, minutes=0.5) == Chosen([], 0)


def test_second_looks_come_first_then_first_looks_and_the_call_is_filled_up() -> None:
    on = board(*ITEMS)
    on.rows[ITEMS[5].id].fresh = ("w1",)
    on.rows[ITEMS[6].id].urgent = True
    assert names(chosen(on, 1, batch=4)) == [["i6", "i5", "i0", "i1"]]


def test_a_first_look_that_keeps_failing_waits_like_everybody_else() -> None:
    on = board(*ITEMS)
    on.rows[ITEMS[6].id].fresh = ("w1",)
    on.rows[ITEMS[6].id].failures = 1
    assert names(chosen(on, 1, batch=3)) == [["i0", "i1", "i2"]]


def test_a_first_look_does_not_turn_the_odometer() -> None:
    on = board(*ITEMS)
    on.rows[ITEMS[6].id].fresh = ("w1",)
    (call,) = chosen(on, 1, batch=3).calls
    assert [row.target.item for row in call.in_turn] == ["i0", "i1"]


def test_a_call_that_sees_many_comes_before_one_that_sees_as_urgent_a_one() -> None:
    assert names(chosen(board(search("s"), *ITEMS), 1)) == [[one.item for one in ITEMS]]


def test_a_search_that_many_wait_for_comes_before_a_call_full_of_others() -> None:
    on = board(search("s"), *ITEMS)
    on.rows[search("s").id].weight = 1000
    assert names(chosen(on, 1)) == [["s"]]


def test_a_search_that_takes_five_calls_must_be_worth_five() -> None:
    on = board(search("cheap"), search("dear"))
    on.rows[search("dear").id].weight = 4
    on.rows[search("dear").id].cost = 5
    assert names(chosen(on, 1)) == [["cheap"]]
    on.rows[search("dear").id].weight = 6
    assert names(chosen(on, 1)) == [["dear"]]


def test_items_fill_their_call_though_searches_are_more_urgent() -> None:
    on = board(*[search(f"s{number}") for number in range(20)], *ITEMS)
    for number in range(20):
        on.rows[search(f"s{number}").id].weight = 3
    calls = names(chosen(on, 5, batch=7))
    assert [one.item for one in ITEMS] in calls


@pytest.mark.parametrize("hours", [25, 1000])
def test_whoever_waits_longer_than_a_day_is_among_the_next(hours: int) -> None:
    on = board(*[target(f"i{number}") for number in range(1000)])
    for row in on.rows.values():
        row.asked_ms = milliseconds(at(hours * 60 - 5))
    last = list(on.rows.values())[-1]
    last.asked_ms, last.pace.due_v = milliseconds(START), 1e6
    assert "i999" in names(chosen(on, 1, batch=10, minutes=hours * 60))[0]


def test_while_all_back_off_from_an_outage_one_asks_whether_it_is_over() -> None:
    on = board(*ITEMS)
    for row in on.rows.values():
        row.failures = 6
    assert names(chosen(on, 5)) == []
    on.down_since = START
    assert names(chosen(on, 5)) == [["i0"]]


def test_over_many_ticks_four_times_the_watchers_are_looked_at_twice_as_often() -> None:
    on = board(*[target(f"i{number}") for number in range(40)])
    asked = Counter[str]()
    for number, row in enumerate(on.rows.values()):
        row.weight = 4.0 if number % 2 else 1.0
    for minute in range(10, 1200):
        for call in chosen(on, 1, batch=4, minutes=minute).calls:
            schedule.serve(on.pool, call.in_turn)
            for row in call.in_turn:
                row.asked_ms = milliseconds(at(minute))
                schedule.admit(row.pace, on.pool, on.urgency(row, at(minute)))
                asked["many" if row.weight > 1 else "few"] += 1
    assert asked["many"] / asked["few"] == pytest.approx(2, rel=0.1)


def test_calls_are_paid_for_by_what_they_cost() -> None:
    on = board(*[search(f"s{number}") for number in range(6)])
    for row in on.rows.values():
        row.cost = 2
    assert len(chosen(on, 5).calls) == 2
    assert len(chosen(on, 1).calls) == 1


def test_who_waits_too_long_is_among_the_next_whatever_else_is_more_urgent() -> None:
    """One call each, and hot targets enough to fill every tick for ever."""
    hot, cold = [target(f"hot{n}") for n in range(60)], [target(f"cold{n}") for n in range(10)]
    on = board(*hot, *cold)
    for one in hot:
        on.rows[one.id].weight = 1e6
    looked = Counter[str]()
    for minute in range(10, 40 * 60):
        for call in chosen(on, 6, batch=1, minutes=minute).calls:
            schedule.serve(on.pool, call.in_turn)
            for row in call.in_turn:
                row.asked_ms = milliseconds(at(minute))
                schedule.admit(row.pace, on.pool, on.urgency(row, at(minute)))
                looked[row.target.item or ""] += 1
    assert min(looked[one.item or ""] for one in cold) >= 1


def test_first_looks_that_fail_leave_every_other_call_to_others() -> None:
    on = board(*[search(f"new{number}") for number in range(20)], *ITEMS)
    for number in range(20):
        on.rows[search(f"new{number}").id].fresh = ("w1",)
    assert names(chosen(on, 2))[1] == [one.item for one in ITEMS]


def test_a_look_that_was_not_answered_comes_again_after_half_a_wait_and_only_once() -> None:
    on = board(*ITEMS[:3])
    failed, other, hopeless = (on.rows[one.id] for one in ITEMS[:3])
    failed.failures, hopeless.failures = 1, 5
    failed.seen_ms = hopeless.seen_ms = milliseconds(START)
    failed.asked_ms, other.asked_ms, hopeless.asked_ms = (milliseconds(at(minutes)) for minutes in (6, 3, 6))
    assert names(chosen(on, 1, batch=1)) == [["i0"]]  # two waits of 4 minutes against one of 7
    failed.asked_ms = milliseconds(at(7))
    assert names(chosen(on, 1, batch=1)) == [["i1"]]


def test_among_those_never_asked_whoever_came_first_goes_first_in_the_end() -> None:
    on = board(*ITEMS[:2])
    early, late = (on.rows[one.id] for one in ITEMS[:2])
    early.asked_ms = late.asked_ms = 0
    early.fresh = late.fresh = ("w1",)
    early.since, late.since = at(0), at(9)
    late.weight = 4.0  # twice as urgent, and here for a tenth of the time
    assert names(chosen(on, 1, batch=1)) == [["i0"]]
