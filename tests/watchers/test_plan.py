"""What the schedule comes to: against cases worked out by hand, and against the schedule at work."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import BACK_IN_STOCK, NEW_LISTING, START, STATUS, at, below, drop, observed, watch
from tests.fake_provider import PLENTY, FakeProvider
from watchers import plan, schedule
from watchers.board import Board
from watchers.choosing import choose
from watchers.history import History, milliseconds
from watchers.plan import Plan, Turn
from watchers.providers.steam import Steam
from watchers.quota import Budget, Ledger, Quota
from watchers.rows import Row
from watchers.target import Search, Target
from watchers.watch import Watch

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEIGHTS = st.lists(st.floats(0.05, 500), min_size=1, max_size=12)


def item(name: str = "a") -> Target:
    return Target(provider="shop", item=name)


def search(name: str = "s") -> Target:
    return Target(provider="shop", search=Search(keyword=name))


def board(weights: Mapping[Target, float], pages: int = 1, **also: Any) -> Board:
    """On a board that has learned nothing, a target of weight 4 is as urgent as 2, one of weight 1 as 1."""
    made = Board("shop-0", saved_at=START, **also)
    for target, weight in weights.items():
        asked = milliseconds(START)
        row = Row(target, START, asked_ms=asked, seen_ms=asked, watchers=1, weight=weight)
        row.cost = pages if target.search else 1
        schedule.admit(row.pace, made.pool, made.urgency(row, START))
        made.rows[target.id] = row
    return made


def shop(calls_a_day: int, batch: int = 1) -> FakeProvider:
    """So often may be asked by ticks: a tenth more is kept for people."""
    return FakeProvider(Quota(calls_a_day + (calls_a_day - 1) // 9, DAY, 1e6), batch)


def planned(on: Board, provider: FakeProvider, **also: Any) -> Plan:
    return plan.plan(on, provider, START, MINUTE, **also)


def minutes(on: Board, provider: FakeProvider, **also: Any) -> dict[str, float]:
    """The interval of each target by its name."""
    turns = planned(on, provider, **also).turns
    named = {row.target.id: row.target for row in on.rows.values()}
    named |= {one.id: one for one in also.get("onto", ())}
    found = {id_: turn.interval / MINUTE for id_, turn in turns.items()}
    return {_name(named[id_]): round(length, 3) for id_, length in found.items()}


def _name(target: Target) -> str:
    return str(target.item or (target.search and target.search.keyword))


def items(number: int) -> dict[Target, float]:
    return {item(f"i{index}"): 1.0 for index in range(number)}


# ── how often ────────────────────────────────────────────────────────────────────────────────────────────


def test_four_times_the_weight_is_half_the_interval_and_all_calls_are_used() -> None:
    """Urgencies 2 and 1, 30 calls a day: level 3/30 of a day, so 72 minutes (20 calls) and 144 (10)."""
    assert minutes(board({item("a"): 4, item("b"): 1}), shop(30)) == {"a": 72, "b": 144}


def test_calls_are_shared_by_those_that_fit_into_one() -> None:
    """96 calls are 192 looks at two a call: 48 a day at each of four."""
    assert set(minutes(board(items(4)), shop(96, batch=2)).values()) == {30}


def test_a_call_that_sees_four_is_made_twice_as_often_as_one_that_sees_one() -> None:
    """Four items pull as the root of 4, the search as 1: of 144 calls they have 96 and 48."""
    found = minutes(board({**items(4), search(): 1.0}), shop(144, batch=4))

    assert found == {"i0": 15, "i1": 15, "i2": 15, "i3": 15, "s": 30}


def test_a_search_of_four_pages_costs_four_calls() -> None:
    """Urgency falls with the root of the cost: both are 1, and a round takes 5 of 240 calls."""
    on = board({search("dear"): 4, search("cheap"): 1})
    on.rows[search("dear").id].cost = 4

    assert minutes(on, shop(240)) == {"dear": 30, "cheap": 30}
    assert planned(on, shop(240)).calls_a_round == 5


def test_all_who_fit_into_one_call_are_looked_at_by_each() -> None:
    """However urgent one of them is: 48 calls a day are a look at each every 30 minutes."""
    assert minutes(board({item("a"): 100, item("b"): 1}), shop(48, batch=50)) == {"a": 30, "b": 30}


def test_who_takes_part_in_every_call_leaves_the_other_places_to_the_others() -> None:
    """Of two places in each of 48 calls one has the first; the other is shared by two: 24 calls each."""
    on = board({item("a"): 10_000, item("b"): 1, item("c"): 1})

    assert minutes(on, shop(48, batch=2)) == {"a": 30, "b": 60, "c": 60}


def test_the_last_call_of_a_round_is_filled_up_with_others() -> None:
    found = minutes(board(items(51)), shop(100, batch=50))

    assert set(found.values()) == {14.688}, "51 of 50 in every 14.4 minutes"
    assert planned(board(items(51)), shop(100, batch=50)).calls_a_round == 2


def test_those_that_share_calls_are_found_also_where_they_take_many() -> None:
    assert len(set(minutes(board(items(23)), shop(10, batch=3)).values())) == 1
    assert planned(board(items(23)), shop(10, batch=3)).calls_a_round == 8


def test_nobody_is_looked_at_more_often_than_the_worker_runs() -> None:
    assert minutes(board({item("a"): 10_000, item("b"): 1}), shop(1_000_000)) == {"a": 1, "b": 1}


def test_nobody_waits_longer_than_a_day_or_four_rounds() -> None:
    """Urgencies 100 and 0.01: alone, the second would wait for 100 days; it has one of 101 calls."""
    found = minutes(board({item("a"): 10_000, item("b"): 0.0001}), shop(101))

    assert found == {"a": 14.4, "b": 1440}


def test_a_board_has_its_part_of_the_quota() -> None:
    alone, half = planned(board(items(4)), shop(96)), planned(board(items(4), shards=2, shard=1), shop(96))

    assert (alone.calls_a_day, half.calls_a_day) == (96, 48)


def test_looks_a_day_are_counted_in_full_calls() -> None:
    assert planned(board(items(51)), shop(100, batch=50)).looks_a_day == pytest.approx(5000)
    assert planned(board({search(): 1}, pages=4), shop(100)).looks_a_day == pytest.approx(25)


def test_calls_of_five_minutes_count_for_the_day_but_those_kept_for_people() -> None:
    """90 of 100, 288 times."""
    provider = FakeProvider(Quota(100, timedelta(minutes=5), 2.0))
    assert planned(board(items(1)), provider).calls_a_day == 25_920


def test_calls_of_a_day_that_no_second_has_room_for_are_not_counted() -> None:
    """Four of five turns are the ticks': 1.6 a second."""
    assert planned(board(items(1)), FakeProvider(Quota(1_000_000, DAY, 2.0))).calls_a_day == 138_240


@given(weights=WEIGHTS, calls=st.integers(1, 5000))
def test_where_everybody_is_asked_alone_it_is_the_schedules_own_level(
    weights: list[float], calls: int
) -> None:
    on = board({search(f"s{index}"): weight for index, weight in enumerate(weights)})
    xs = [on.urgency(row, START) for row in on.rows.values()]
    longest = max(MINUTE, schedule.ceiling(len(xs), calls))
    level = schedule.level(xs, calls, shortest=MINUTE, longest=longest)

    found = [turn.interval for turn in planned(on, shop(calls)).turns.values()]

    expected = [schedule.interval(x, level, MINUTE, longest) for x in xs]
    assert [one / MINUTE for one in found] == pytest.approx([one / MINUTE for one in expected], rel=1e-4)


@given(weights=WEIGHTS, searches=st.integers(0, 12), calls=st.integers(1, 5000), batch=st.integers(1, 5))
def test_more_watchers_never_make_their_target_wait_longer(
    weights: list[float], searches: int, calls: int, batch: int
) -> None:
    def interval(first: float) -> timedelta:
        targets = [item(f"i{index}") if index >= searches else search(f"s{index}") for index in range(12)]
        on = board(dict(zip(targets, [first, *weights[1:]], strict=False)))
        return planned(on, shop(calls, batch)).turns[targets[0].id].interval

    waits = [interval(weights[0] * times) for times in (1, 2, 10)]
    assert waits[1] <= waits[0] * 1.000001
    assert waits[2] <= waits[1] * 1.000001


@given(weights=WEIGHTS, searches=st.integers(0, 12), calls=st.integers(1, 5000), batch=st.integers(1, 5))
def test_twice_the_quota_never_makes_anybody_wait_longer(
    weights: list[float], searches: int, calls: int, batch: int
) -> None:
    targets = [item(f"i{index}") if index >= searches else search(f"s{index}") for index in range(12)]
    on = board(dict(zip(targets, weights, strict=False)), pages=3)
    once, twice = planned(on, shop(calls, batch)).turns, planned(on, shop(2 * calls, batch)).turns
    assert all(twice[one].interval <= once[one].interval * 1.000001 for one in once)


def test_the_forecast_is_what_the_schedule_does() -> None:
    """Twelve hours of choosing, minute by minute, of items by ten and searches one by one."""
    targets = [*(item(f"i{index}") for index in range(30)), *(search(f"s{index}") for index in range(10))]
    on = board({target: (1.0, 4.0, 16.0)[index % 3] for index, target in enumerate(targets)})
    provider = shop(1000, batch=10)
    forecast = planned(on, provider).turns

    looks, ledger = Counter[str](), Ledger()
    for minute in range(1, 16 * 60):
        asked = _looked(on, provider, at(minute), ledger)
        ledger = asked[1]
        looks.update(asked[0] if minute >= 4 * 60 else ())

    for which in (slice(0, 30), slice(30, 40)):
        for weight in range(3):
            ids = [target.id for target in targets[which]][weight::3]
            expected = sum(12 * 60 * MINUTE / forecast[one].interval for one in ids)
            assert sum(looks[one] for one in ids) == pytest.approx(expected, rel=0.25)


def _looked(on: Board, provider: FakeProvider, now: datetime, ledger: Ledger) -> tuple[list[str], Ledger]:
    """One tick, in which nothing is learned."""
    budget = Budget(provider.quota.without_people(), ledger, now, sleep=lambda _: None)
    asked = []
    for call in choose(on, provider, now=now, every=MINUTE, left=budget.left).calls:
        budget.take()
        schedule.serve(on.pool, call.in_turn)
        for row in (on.rows[target.id] for target in call.targets):
            row.asked_ms = milliseconds(now)
            schedule.admit(row.pace, on.pool, on.urgency(row, now))
            asked.append(row.target.id)
    return asked, budget.ledger


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_was_never_looked_at_is_next() -> None:
    on = board(items(2))
    on.rows[item("i0").id].asked_ms = 0
    turns = planned(on, shop(10)).turns

    assert turns[item("i0").id].next_in == timedelta(0)
    assert turns[item("i1").id].next_in > timedelta(hours=4)


@pytest.mark.parametrize("batch", [1, 2, 4])
def test_a_target_waits_its_whole_interval_and_half_way_half_of_it(batch: int) -> None:
    on = board(items(4))
    fresh = planned(on, shop(96, batch)).turns[item("i0").id]
    on.pool.v = 0.5
    later = planned(on, shop(96, batch)).turns[item("i0").id]

    assert fresh.next_in == fresh.interval
    assert later.next_in / later.interval == pytest.approx(0.5)


def test_a_target_that_is_overdue_still_rests_between_two_looks() -> None:
    on = board(items(4))
    on.pool.v = 100.0
    assert planned(on, shop(96)).turns[item("i0").id].next_in == MINUTE


@pytest.mark.parametrize(
    ("every", "runs", "expected"),
    [
        (60, 60, 60),
        (60, 300, 300),
        (90, 60, 120),
        (62, 60, 60),
        (300, 60, 300),
        (0, 5, 5),
        (7, 0, 7),
        (0, 0, 1),
    ],
)
def test_a_target_is_looked_at_by_the_first_run_after_it_has_rested(
    every: int, runs: int, expected: int
) -> None:
    assert plan.shortest(timedelta(seconds=every), timedelta(seconds=runs)) == timedelta(seconds=expected)


# ── a watch that is not known yet ────────────────────────────────────────────────────────────────────────


def asking(target: Target, *conditions: Mapping[str, object]) -> Watch:
    return watch(*conditions, target=target)


def test_a_watch_of_a_new_target_takes_its_place_among_the_others() -> None:
    """Back in stock weighs 4: urgencies 1 and 2, 30 calls."""
    on = board({item("a"): 1})
    found = minutes(on, shop(30), joining=asking(item("b"), BACK_IN_STOCK), onto=[item("b")])

    assert found == {"a": 144, "b": 72}
    assert [row.target.item for row in on.rows.values()] == ["a"], "the board is left alone"


def test_one_more_watcher_of_a_target_counts_beside_the_others() -> None:
    """12 and 4 more are 16: urgencies 4 and 1, 50 calls."""
    on = board({item("a"): 12, item("b"): 1})
    on.rows[item("a").id].watchers = 3
    found = minutes(on, shop(50), joining=asking(item("a"), BACK_IN_STOCK), onto=[item("a")])

    assert found == {"a": 36, "b": 144}


@pytest.mark.parametrize(
    ("condition", "price", "weight"),
    [
        (below("90.00"), 90_00, 1.0),
        (below("90.00"), None, 0.5),
        (below("1.00"), 500_00, 0.05),
        (below("90.00", currency="EUR"), 90_00, 0.05),
        (drop(15), 100_00, math.exp(-1)),
        (STATUS, 100_00, 0.5),
    ],
    ids=["at the limit", "no price yet", "far off", "another currency", "15 % off", "an announcement"],
)
def test_a_new_watcher_counts_by_how_near_what_it_waits_for_is(
    condition: Mapping[str, object], price: int | None, weight: float
) -> None:
    on = board({item("a"): 0, item("b"): 1})
    on.rows[item("a").id].history = History().after(observed(price, target=item("a")))
    waits = planned(on, shop(24), joining=asking(item("a"), condition), onto=[item("a")]).turns

    ratio = waits[item("b").id].interval / waits[item("a").id].interval
    assert ratio**2 == pytest.approx(weight, rel=0.15), "limits are counted in steps of 5 %"


def test_a_watcher_of_what_is_over_counts_little() -> None:
    on = board({item("a"): 0, item("b"): 1})
    row = on.rows[item("a").id]
    joining = asking(item("a"), BACK_IN_STOCK)
    row.event_ms = milliseconds(at(days=-60))
    over = planned(on, shop(24), joining=joining, onto=[item("a")]).turns
    row.event_ms = milliseconds(at(days=60))
    ahead = planned(on, shop(24), joining=joining, onto=[item("a")]).turns

    a, b = item("a").id, item("b").id
    urgent = [(turns[b].interval / turns[a].interval) ** 2 for turns in (ahead, over)]
    shape = 60 ** (-1 / 3) * (1 + 2 * math.exp(-60 / 7))  # of the days before the event
    assert urgent[0] / urgent[1] == pytest.approx(20 * shape)


# ── the quota ────────────────────────────────────────────────────────────────────────────────────────────


def _spent(quota: Quota) -> Ledger:
    budget = Budget(quota, Ledger(), START, sleep=lambda _: None)
    while budget.left:
        budget.take()
    return budget.ledger


def test_calls_left_are_the_budgets() -> None:
    provider = shop(2400)
    on = board(items(1))
    found = planned(on, provider)

    assert found.calls_now == Budget(provider.quota.without_people(), on.ledger, START).left
    assert found.free_at is None


def test_without_a_call_it_is_said_when_there_is_one_again() -> None:
    provider = shop(24)
    ours = provider.quota.without_people()
    on = board(items(1), ledger=_spent(ours))
    found = planned(on, provider)

    assert found.calls_now == 0
    assert found.free_at is not None
    assert START < found.free_at <= START + DAY + timedelta(seconds=1)
    assert Budget(ours, on.ledger, found.free_at).left
    assert not Budget(ours, on.ledger, found.free_at - timedelta(seconds=1)).left


def test_a_provider_that_told_us_to_stop_is_free_when_it_said() -> None:
    quota = Quota(100, timedelta(minutes=5), 2.0)
    budget = Budget(quota, Ledger(), START)
    budget.block_until(START + timedelta(hours=3))
    found = planned(board(items(1), ledger=budget.ledger), FakeProvider(quota))

    assert found.free_at is not None
    assert abs(found.free_at - START - timedelta(hours=3)) <= timedelta(seconds=1)


def test_several_boards_of_one_provider_are_summed() -> None:
    some = [planned(board(items(4), shards=2, shard=shard), shop(96)) for shard in (0, 1)]
    other = {f"{target_id}-x": turn for target_id, turn in some[1].turns.items()}
    both = plan.together([some[0], replace(some[1], turns=other, blind=3)])

    assert (len(both.turns), both.calls_a_day, both.calls_a_round, both.blind) == (8, 96, 8, 3)
    assert both.looks_a_day == pytest.approx(96)
    assert both.mean == both.worst == some[0].mean


def test_an_empty_board_has_no_intervals() -> None:
    found = planned(board({}), shop(10))

    assert (found.mean, found.worst, found.slow, found.is_overloaded) == (None, None, 0, False)


def test_of_a_board_that_is_not_ticked_or_not_answered_nothing_is_promised() -> None:
    found = planned(board(items(1)), shop(10))

    assert found.is_kept(at(10))
    assert not found.is_kept(at(20))
    assert not replace(found, down_since=START).is_kept(at(1))
    assert not replace(found, ticked_at=None).is_kept(START)


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "second"),
        (5, "5 seconds"),
        (58, "minute"),
        (89, "minute"),
        (420, "7 minutes"),
        (5340, "89 minutes"),
        (7000, "2 hours"),
        (86_400, "24 hours"),
        (130_000, "2 days"),
    ],
)
def test_how_often_is_said_in_the_unit_people_would_use(seconds: float, said: str) -> None:
    assert plan.span(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("chance", "said"), [(1, "100 %"), (0.9999, "99 %"), (0.4, "40 %"), (0.001, "under 1 %"), (0, "0 %")]
)
def test_what_is_not_sure_is_never_called_so(chance: float, said: str) -> None:
    assert plan.percent(chance) == said


def turn(**length: float) -> Turn:
    return Turn(timedelta(**length), timedelta(0))


def test_a_watch_is_told_how_often_and_what_that_catches() -> None:
    listing = asking(search(), NEW_LISTING)

    assert plan.sentence(listing, turn(minutes=7)) == "Checked about every 7 minutes."
    assert plan.sentence(listing, turn(minutes=40)) == (
        "Checked about every 40 minutes; "
        "chance to catch a listing that lives 12 minutes: 30 %, 2 hours: 100 %."
    )
    assert plan.sentence(asking(item(), below()), turn(minutes=40), " at Steam") == (
        "Checked about every 40 minutes at Steam; "
        "chance to catch a price that lives 12 minutes: 30 %, 2 hours: 100 %."
    )


def short(calls: int = 10, targets: int = 400) -> Plan:
    return planned(board(items(targets)), shop(calls))


LISTING, PRICE = asking(search(), NEW_LISTING), asking(item(), below())


@pytest.mark.parametrize(
    ("asked", "length", "is_warned"),
    [
        (LISTING, {"minutes": 24}, False),
        (LISTING, {"minutes": 25}, True),
        (asking(item(), BACK_IN_STOCK), {"minutes": 25}, True),
        (PRICE, {"minutes": 25}, False),
        (PRICE, {"hours": 6}, False),
        (PRICE, {"hours": 7}, True),
        (asking(item(), STATUS), {"hours": 7}, True),
    ],
)
def test_who_cannot_be_served_well_is_warned_and_nobody_else(
    asked: Watch, length: Mapping[str, float], is_warned: bool
) -> None:
    said = plan.warning(asked, asked.targets[0], turn(**length), short(), shop(10))
    assert (said is not None) == is_warned


def test_a_warning_says_how_often_why_and_what_helps() -> None:
    assert plan.warning(PRICE, item(), turn(hours=9), short(), shop(10)) == (
        "We look only about every 9 hours: the quota is short, 400 targets share 10 calls a day. "
        "What helps: one search instead of many items, fewer watches, or a larger quota, once it is granted "
        "(SHOP_CALLS_PER_DAY)."
    )
    assert plan.warning(LISTING, search(), turn(hours=1), short(targets=1), shop(10)) == (
        "A listing that lives 12 minutes will be caught with a chance of 20 % only, "
        "because we look about every 60 minutes: the quota is short, one target has 10 calls a day. "
        "What helps: a larger quota, once it is granted (SHOP_CALLS_PER_DAY)."
    )
    advised = plan.warning(LISTING, search(), turn(hours=1), short(), shop(10))
    assert advised
    assert "What helps: fewer watches, or a larger quota" in advised


def test_a_search_is_not_advised_where_there_is_none() -> None:
    steam = Steam(httpx.Client())
    said = plan.warning(PRICE, item(), turn(hours=9), short(), steam)

    assert said
    assert "search" not in said
    assert "STEAM_CALLS_PER_DAY" in said


def test_where_the_worker_itself_runs_rarely_the_quota_is_not_blamed() -> None:
    rarely = replace(short(), shortest=timedelta(hours=12))
    said = plan.warning(PRICE, item(), turn(hours=12), rarely, shop(10))

    assert said == (
        "We look only about every 12 hours: more often is not allowed here "
        "(MIN_INTERVAL_SECONDS, TICK_EVERY_SECONDS)."
    )


@pytest.mark.parametrize(("targets", "is_said"), [(19, False), (20, True), (100, True)])
def test_an_operator_hears_of_twice_as_many_targets_as_looks(targets: int, is_said: bool) -> None:
    said = plan.capacity(short(calls=10, targets=targets))

    assert (said is not None) == is_said
    assert said is None or f"{targets} targets, and the quota allows 10 looks a day" in said


def test_a_plan_of_plenty_is_quick_for_a_full_board() -> None:
    """Nothing is asked of the provider but its grouping, however many targets there are."""
    found = planned(board(items(5000)), FakeProvider(PLENTY))

    assert (len(found.turns), found.calls_a_round, found.worst) == (5000, 100, MINUTE)
