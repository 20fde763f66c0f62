"""Whom to ask next: the order, the limits, and numbers that stay numbers whatever happens to clocks."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.builders import START, at
from watchers import schedule
from watchers.kinds import Kind
from watchers.schedule import DAY, LEAST, MOST, Pace, Pool

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SINCE = START - timedelta(minutes=1)


@dataclass(slots=True)
class Target:
    """A candidate with a name."""

    name: int
    pace: Pace = field(default_factory=Pace)
    asked_ms: int = NOW_MS - HOUR_MS


def queue(*dues: float) -> list[Target]:
    return [Target(name, Pace(due_v=due)) for name, due in enumerate(dues)]


def chosen(targets: list[Target], places: int, now_ms: int = NOW_MS) -> list[int]:
    return [one.name for one in schedule.turn(targets, places, now_ms=now_ms, ceiling_ms=DAY_MS)]


def x(
    pace: Pace | None = None,
    pool: Pool | None = None,
    weight: float = 1.0,
    days: float | None = None,
    cost: float = 1.0,
) -> float:
    event_at = None if days is None else START + timedelta(days=days)
    return schedule.urgency(
        pace or Pace(), pool or Pool(), weight=weight, event_at=event_at, now=START, cost=cost
    )


def look(
    pace: Pace,
    pool: Pool,
    *,
    changed: bool = False,
    since: datetime | None = SINCE,
    now: datetime = START,
    event_at: datetime | None = None,
) -> None:
    schedule.observed(pace, pool, weight=1, event_at=event_at, since=since, now=now, changed=changed)


def looked(changed: Callable[[int], bool], every: timedelta, looks: int) -> Pace:
    """What is believed after that many looks."""
    pace, pool = Pace(), Pool()
    for number in range(looks):
        look(
            pace,
            pool,
            changed=changed(number),
            since=START + every * number,
            now=START + every * (number + 1),
        )
    return pace


def rate(pace: Pace) -> float:
    return pace.a / pace.b


# ---------------------------------------------------------------- whom to ask


def test_the_first_due_is_asked_first() -> None:
    assert chosen(queue(5, 1, 3, 2), 3) == [1, 3, 2]


def test_equally_due_targets_keep_their_places() -> None:
    assert chosen(queue(2, 1, 1, 1), 2) == [1, 2]


@pytest.mark.parametrize("places", [0, -1])
def test_without_places_nobody_is_asked(places: int) -> None:
    assert chosen(queue(1), places) == []


def test_without_candidates_nobody_is_asked() -> None:
    assert chosen([], 5) == []


def test_there_may_be_more_places_than_candidates() -> None:
    assert chosen(queue(2, 1), 50) == [1, 0]


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3)), max_size=40),
    st.integers(1, 45),
)
def test_a_turn_is_the_late_ones_and_then_the_first_due(ages: list[tuple[int, int]], places: int) -> None:
    """Against the plainest way to say it."""
    targets = [Target(name, Pace(due_v=due), NOW_MS - days * DAY_MS) for name, (due, days) in enumerate(ages)]
    late = sorted((one for one in targets if NOW_MS - one.asked_ms > DAY_MS), key=lambda one: one.asked_ms)
    late = late[: max(1, places // 5)]
    rest = sorted((one for one in targets if one not in late), key=lambda one: one.pace.due_v)
    expected = [one.name for one in (late + rest)[:places]]
    assert chosen(targets, places) == expected


def test_who_waits_longer_than_the_ceiling_is_asked_oldest_first() -> None:
    targets = queue(*range(10), 1e6, 1e6, 1e6)
    for target, days in zip(targets[10:], (2, 4, 3), strict=True):
        target.asked_ms = NOW_MS - days * DAY_MS
    assert chosen(targets, 10) == [11, 12, 0, 1, 2, 3, 4, 5, 6, 7]


def test_who_was_never_asked_has_waited_longest() -> None:
    targets = queue(1, 2, 1e6)
    targets[2].asked_ms = 0
    assert chosen(targets, 2) == [2, 0]


def test_a_late_target_does_not_turn_the_odometer() -> None:
    pool, targets = Pool(v=1), queue(2, 3, 4, 5, 6, 1e6)
    targets[5].asked_ms = NOW_MS - 2 * DAY_MS
    turn = schedule.turn(targets, 5, now_ms=NOW_MS, ceiling_ms=DAY_MS)
    schedule.serve(pool, turn)
    assert [one.name for one in turn] == [5, 0, 1, 2, 3]
    assert pool.v == 5


def test_the_odometer_follows_those_that_are_asked_and_never_goes_back() -> None:
    pool = Pool(v=3)
    schedule.serve(pool, queue(4, 6, 5))
    assert pool.v == 6
    schedule.serve(pool, queue(2))
    schedule.serve(pool, [])
    assert pool.v == 6


def run(waits: list[float], factor: float, looks: int, places: int = 2) -> list[int]:
    """The order in which targets are looked at, whose urgencies are ``factor`` over their waits."""
    pool, order = Pool(), list[int]()
    targets = queue(*[0.0] * len(waits))
    for target, wait in zip(targets, waits, strict=True):
        schedule.admit(target.pace, pool, factor / wait)
    while len(order) < looks:
        turn = schedule.turn(targets, places, now_ms=NOW_MS, ceiling_ms=DAY_MS)
        schedule.serve(pool, turn)
        for target in turn:
            schedule.admit(target.pace, pool, factor / waits[target.name])
        order += [target.name for target in turn]
    return order


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=12), st.sampled_from((2, 5, 10, 100)))
def test_multiplying_every_urgency_by_a_constant_leaves_the_order_unchanged(
    waits: list[int], factor: int
) -> None:
    """As long as a millionth of a turn is told apart: waits are whole numbers of it before and after."""
    exact = [wait / 1e4 for wait in waits]
    assert run(exact, 1, 60) == run(exact, factor, 60) == run(exact, 1 / factor, 60)


def test_four_times_the_weight_is_asked_twice_as_often() -> None:
    order = run([1 / x(weight=1), 1 / x(weight=4)], 1, 3000, places=1)
    assert order.count(1) / order.count(0) == pytest.approx(2, rel=0.01)


class Market:
    """Targets that are looked at a few each minute; even ones change every time, each third look fails."""

    def __init__(self, size: int) -> None:
        self.pool, self.targets, self.minute = Pool(), queue(*[0.0] * size), 0
        for target in self.targets:
            schedule.admit(target.pace, self.pool, x(weight=1 + target.name))

    def tick(self) -> list[int]:
        """One turn; whom it asked."""
        self.minute += 1
        now, now_ms = at(self.minute), NOW_MS + 60_000 * self.minute
        turn = schedule.turn(self.targets, 3, now_ms=now_ms, ceiling_ms=HOUR_MS)
        schedule.serve(self.pool, turn)
        for number, target in enumerate(turn):
            since = now - timedelta(milliseconds=now_ms - target.asked_ms)
            weight = 1 + target.name
            if number == 2:
                again = schedule.urgency(target.pace, self.pool, weight=weight, event_at=None, now=now)
                schedule.failed(target.pace, self.pool, again)
            else:
                schedule.observed(
                    target.pace, self.pool, weight=weight, event_at=at(days=9), since=since, now=now,
                    changed=target.name % 2 == 0,
                )  # fmt: skip
            target.asked_ms = now_ms
        return [target.name for target in turn]

    def store_and_reload(self) -> None:
        """What rows store, in whole millionths."""
        for target in self.targets:
            pace = target.pace
            quanta = [round(value * 1e6) for value in (pace.a, pace.b, pace.seen_v, pace.due_v)]
            target.pace = Pace(*(number / 1e6 for number in quanta))
        self.pool = replace(self.pool, hours=list(self.pool.hours))


@given(st.integers(1, 40), st.integers(1, 30))
def test_a_schedule_that_was_stored_and_reloaded_goes_on_in_the_same_order(size: int, after: int) -> None:
    lived, stored = Market(size), Market(size)
    for minute in range(60):
        if minute % after == 0:
            stored.store_and_reload()
        assert lived.tick() == stored.tick()
    assert [one.pace for one in lived.targets] == [one.pace for one in stored.targets]
    assert lived.pool == stored.pool


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=30))
def test_nobody_starves(weights: list[float]) -> None:
    """One place a minute: whoever is late is next, so nobody waits longer than the ceiling and one round."""
    pool, targets, last = Pool(), queue(*[0.0] * len(weights)), dict[int, int]()
    for minute in range(200):
        now_ms = NOW_MS + 60_000 * minute
        (target,) = schedule.turn(targets, 1, now_ms=now_ms, ceiling_ms=60_000 * 40)
        schedule.serve(pool, [target])
        schedule.admit(target.pace, pool, x(weight=weights[target.name]))
        waited = minute - last.get(target.name, -60)
        target.asked_ms, last[target.name] = now_ms, minute
        assert waited <= 60 + 40 + len(weights)
    assert len(last) == len(weights)


# ---------------------------------------------------------------- when it is due


def test_a_new_target_takes_its_place_at_once() -> None:
    pool, targets = Pool(v=100), queue(100.5, 101, 102)
    new = Target(3)
    schedule.admit(new.pace, pool, 5)
    assert new.pace == Pace(seen_v=100, due_v=100.2)
    assert chosen([*targets, new], 1) == [3]


def test_a_new_watcher_takes_effect_at_once_and_keeps_the_age_that_was_earned() -> None:
    pool, targets = Pool(v=100), queue(100.5, 101, 103)
    targets[2].pace.seen_v = 99
    assert chosen(targets, 1) == [0]
    schedule.reweigh(targets[2].pace, 1.0)
    assert targets[2].pace.due_v == pool.v
    assert chosen(targets, 1) == [2]


def test_a_look_makes_it_due_again_after_its_own_wait() -> None:
    pace, pool = Pace(seen_v=1, due_v=2), Pool(v=7)
    look(pace, pool, since=None)
    assert (pace.seen_v, pace.due_v) == (7, 7 + round(1 / x(pool=pool), 6))


def test_an_error_never_counts_as_unchanged() -> None:
    pace, pool = Pace(1.5, 2.5, 10, 12), Pool(20, 3, 4, [(1.0, 2.0)] * 24)
    before = replace(pool)
    schedule.failed(pace, pool, 2)
    assert pace == Pace(1.5, 2.5, 10, 20.25)
    assert pool == before


def test_dearer_is_less_urgent() -> None:
    assert x(cost=4) == pytest.approx(x() / 2)


def test_the_date_makes_it_urgent_and_its_passing_fades() -> None:
    far, near, today, past = x(days=200), x(days=5), x(days=0), x(days=-200)
    assert far < near < today
    assert past == pytest.approx(far)


def test_a_week_before_the_date_prices_move_so_fast_and_matter_so_much() -> None:
    assert x(days=7) ** 2 == pytest.approx(7 ** (-1 / 3) * (1 + 2 / math.e))


def test_a_target_without_a_date_has_no_date_shape() -> None:
    assert x(weight=3) ** 2 == pytest.approx(3 * 1.0)


ANY = st.floats(allow_nan=True, allow_infinity=True)
MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(ANY, st.none() | MOMENTS, MOMENTS, ANY)
def test_an_urgency_is_always_a_number_between_its_limits(
    weight: float, event_at: datetime | None, now: datetime, cost: float
) -> None:
    value = schedule.urgency(Pace(), Pool(), weight=weight, event_at=event_at, now=now, cost=cost)
    assert LEAST <= value <= MOST


@given(
    st.lists(
        st.tuples(st.none() | MOMENTS, MOMENTS, st.booleans(), st.none() | MOMENTS, st.floats(0, 1e9)),
        max_size=12,
    )
)
def test_nothing_that_clocks_do_makes_a_number_that_is_none(
    looks: list[tuple[datetime | None, datetime, bool, datetime | None, float]],
) -> None:
    pace, pool = Pace(), Pool()
    for since, now, changed, event_at, weight in looks:
        schedule.observed(pace, pool, weight=weight, event_at=event_at, since=since, now=now, changed=changed)
        schedule.serve(pool, [Target(0, pace)])
        assert all(map(math.isfinite, (pace.a, pace.b, pace.due_v, pool.v, pool.changes, pool.exposure)))
        assert pace.due_v > pace.seen_v
        assert (pace.a > 0) == (pace.b > 0)
    schedule.fade(pool, timedelta(days=-3))
    assert fmean(schedule.pace_by_hour(pool)) == pytest.approx(1)


# ---------------------------------------------------------------- how often it changes


def test_the_first_look_teaches_nothing() -> None:
    pace, pool = Pace(), Pool()
    look(pace, pool, since=None, changed=True)
    assert (pace.a, pace.b) == (0, 0)
    assert pool == Pool()


@pytest.mark.parametrize("since", [START, START + DAY], ids=["it stood still", "it went backwards"])
def test_a_clock_that_does_not_go_forward_teaches_nothing(since: datetime) -> None:
    pace, pool = Pace(2, 3), Pool(v=4)
    look(pace, pool, since=since, changed=True)
    assert (pace.a, pace.b) == (2, 3)
    assert pool == Pool(v=4)


@pytest.mark.parametrize("every", [timedelta(minutes=1), timedelta(hours=1), timedelta(hours=6)], ids=str)
def test_the_rate_is_learned_whatever_the_looks_are_apart(every: timedelta) -> None:
    """Changes come twice a day, by chance; a look sees one bit."""
    luck, unmoved = Random(2), math.exp(-2 * (every / DAY))  # noqa: S311 - the same changes every time
    pace = looked(lambda _: luck.random() > unmoved, every, DAY * 90 // every)
    assert rate(pace) == pytest.approx(2, rel=0.25)


def test_what_never_changes_is_believed_to_change_less_and_less() -> None:
    rates = [rate(looked(lambda _: False, timedelta(hours=3), looks)) for looks in (1, 8, 80, 400)]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.1


def test_looks_every_minute_remember_as_many_days_as_looks_every_hour() -> None:
    """Forgetting in many tiny steps is not lost in the rounding."""
    often, seldom = (looked(lambda _: False, DAY / by, 10 * by) for by in (1440, 24))
    assert often.b == pytest.approx(seldom.b, rel=0.02)


def test_what_changed_long_ago_is_forgotten() -> None:
    pace, pool = Pace(50, 10), Pool()
    look(pace, pool, since=START - 300 * DAY)
    assert pace.a < 1
    assert rate(pace) < 0.01


def test_a_new_target_is_believed_to_be_like_the_others() -> None:
    restless, calm = Pool(changes=1000, exposure=100), Pool(changes=100, exposure=1000)
    assert x(pool=restless) ** 2 == pytest.approx(10, rel=0.05)
    assert x(pool=calm) ** 2 == pytest.approx(0.1, rel=0.05)


def test_a_fresh_pool_expects_one_change_a_day() -> None:
    assert x() == 1


def test_the_pool_counts_the_changes_that_one_look_cannot_tell_apart() -> None:
    pool = Pool()
    look(Pace(1e6, 1e6), pool, changed=True, since=START - 5 * DAY)
    look(Pace(), pool, since=START - 3 * DAY)
    assert pool.changes == pytest.approx(5 / -math.expm1(-5), rel=1e-3)
    assert pool.exposure == 8


def test_a_change_in_no_exposure_at_all_is_one_more_change() -> None:
    pace = Pace()
    far = datetime.max.replace(tzinfo=UTC)
    look(pace, Pool(), changed=True, since=START - timedelta(microseconds=1), event_at=far)
    assert (pace.a, pace.b) == (1.7, 0.7)


def test_a_change_near_the_date_says_less_than_one_far_from_it() -> None:
    paces = []
    for days in (1, 200):
        pace = Pace()
        look(
            pace,
            Pool(),
            changed=True,
            since=START - timedelta(hours=6),
            event_at=START + timedelta(days=days),
        )
        paces.append(pace)
    assert rate(paces[0]) < rate(paces[1])


# ---------------------------------------------------------------- batches, and the time of day


def test_the_batch_that_has_waited_for_more_is_worth_more() -> None:
    now_ms = 3 * DAY_MS
    many, old = [(1.0, now_ms - DAY_MS)] * 10, [(1.0, now_ms - 3 * DAY_MS)] * 2
    assert schedule.worth(many, now_ms=now_ms) == 10
    assert schedule.worth(old, now_ms=now_ms) == 18
    assert schedule.worth(old, now_ms=now_ms, cost=2) == 9
    assert schedule.worth([(1.0, now_ms + 5)], now_ms=now_ms) == 0


def test_without_evidence_every_hour_is_alike() -> None:
    assert schedule.pace_by_hour(Pool()) == pytest.approx([1] * 24)


def test_hours_in_which_more_changes_get_more_of_the_quota() -> None:
    pool = Pool(hours=[(4_000.0 if 8 <= hour < 20 else 1_000.0, 2_500.0) for hour in range(24)])
    hours = schedule.pace_by_hour(pool)
    assert fmean(hours) == pytest.approx(1)
    assert hours[14] / hours[2] == pytest.approx(2, rel=0.05)  # the root of 4


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), min_size=24, max_size=24))
def test_the_hours_have_mean_one_and_none_is_cut_to_nothing(hours: list[tuple[float, float]]) -> None:
    factors = schedule.pace_by_hour(Pool(hours=hours))
    assert fmean(factors) == pytest.approx(1)
    assert all(0.5 <= factor <= 2 for factor in factors)


def test_a_busy_hour_lends_half_as_much_to_its_neighbours() -> None:
    hours = [(1e6, 1e6)] * 24
    hours[12] = (2e6, 1e6)
    factors = schedule.pace_by_hour(Pool(hours=hours))
    assert factors[12] / factors[0] == pytest.approx(math.sqrt(1.5), rel=1e-3)
    assert factors[11] == factors[13] == pytest.approx(factors[0] * math.sqrt(1.25), rel=1e-3)


def test_a_single_change_hardly_moves_the_hours() -> None:
    hours = [(0.0, 0.1)] * 24
    hours[12] = (1.0, 0.1)
    assert schedule.pace_by_hour(Pool(hours=hours)) == pytest.approx([1] * 24, abs=0.06)


def test_a_change_is_noted_in_its_hour_unless_the_wait_was_too_long_to_tell() -> None:
    pool, noon = Pool(), START.replace(hour=13, minute=5)
    look(Pace(), pool, changed=True, since=noon - timedelta(minutes=20), now=noon)
    look(Pace(), pool, changed=True, since=noon - timedelta(hours=9), now=noon)
    assert [hour for hour, (changes, _) in enumerate(pool.hours) if changes] == [12]
    assert 1 <= pool.hours[12][0] < 1.01


def test_what_the_hours_taught_is_forgotten_by_half_in_three_weeks() -> None:
    pool = Pool(hours=[(8.0, 4.0)] * 24)
    for _ in range(21):
        schedule.fade(pool, DAY)
    assert pool.hours[5] == pytest.approx((4, 2))
    schedule.fade(pool, -DAY)
    assert pool.hours[5] == pytest.approx((4, 2))


# ---------------------------------------------------------------- in people's words


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=50), st.floats(0.1, 50))
def test_the_intervals_spend_the_quota_between_their_limits(xs: list[float], rounds: float) -> None:
    shortest, longest = timedelta(minutes=1), timedelta(days=10)
    per_day = len(xs) * rounds
    level = schedule.level(xs, per_day, shortest=shortest, longest=longest)
    waits = [schedule.interval(one, level, shortest, longest) for one in xs]
    assert all(shortest <= wait <= longest for wait in waits)
    assert sum(DAY / wait for wait in waits) == pytest.approx(per_day, rel=1e-3)


def test_four_times_the_weight_halves_the_interval() -> None:
    level = schedule.level([1, 2], 30)
    waits = [schedule.interval(one, level, timedelta(0), DAY) for one in (1, 2)]
    assert waits[0] / waits[1] == pytest.approx(2)


def test_with_more_quota_than_anybody_needs_all_wait_the_shortest() -> None:
    level = schedule.level([1, 2], 1e9)
    assert schedule.interval(1, level, DAY / 1440, DAY) == DAY / 1440


def test_without_targets_there_is_no_level() -> None:
    assert schedule.level([], 100) == 0


def test_the_next_look_comes_when_the_odometer_arrives() -> None:
    assert schedule.wait(Pace(due_v=7), Pool(v=5), 0.25) == DAY / 2
    assert schedule.wait(Pace(due_v=4), Pool(v=5), 0.25) == timedelta(0)


def test_the_ceiling_is_a_day_or_four_rounds() -> None:
    assert schedule.ceiling(100, 5000) == DAY
    assert schedule.ceiling(10_000, 5000) == 8 * DAY
    assert schedule.ceiling(10_000, 0) == 10_000 * DAY


@pytest.mark.parametrize(
    ("lives", "every", "expected"),
    [(30, 60, 0.5), (60, 60, 1), (90, 60, 1), (0, 60, 0), (-1, 60, 0), (0, 0, 1)],
)
def test_what_lives_half_an_interval_is_seen_every_second_time(
    lives: int, every: int, expected: float
) -> None:
    assert schedule.chance(timedelta(minutes=lives), timedelta(minutes=every)) == expected


@pytest.mark.parametrize(
    ("price", "expected"), [(None, 0.5), (9000, 1), (10_000, 1), (0, 1), (20_000, 0.05), (10**9, 0.05)]
)
def test_the_nearer_the_price_the_likelier_the_next_drop_is_enough(
    price: int | None, expected: float
) -> None:
    assert schedule.nearness(price, 10_000) == expected


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(-5, 10**9))
def test_nearness_is_a_likelihood_and_falls_with_the_price(one: int, other: int, limit: int) -> None:
    near, far = schedule.nearness(min(one, other), limit), schedule.nearness(max(one, other), limit)
    assert 0.05 <= far <= near <= 1


def test_every_kind_of_condition_has_its_weight_and_what_lives_on_minutes_has_most() -> None:
    assert set(schedule.KEEN) == set(Kind)
    assert min(schedule.KEEN[Kind.NEW_LISTING], schedule.KEEN[Kind.BACK_IN_STOCK]) > max(
        schedule.KEEN[kind] for kind in set(Kind) - {Kind.NEW_LISTING, Kind.BACK_IN_STOCK}
    )
