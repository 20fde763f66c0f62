"""What a target's history keeps: runs, lows, facts and ids; what it must never learn."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import (
    FACE,
    ITEM,
    RESALE,
    Look,
    at,
    facts,
    in_stock,
    nothing,
    observations,
    observed,
    page,
    price,
    sold_out,
)
from tests.histories import RULES, histories
from watchers.history import KEPT_IDS, KEPT_RUNS, Facts, History, Lows, Run, Seen, milliseconds, moment
from watchers.observation import Availability, EventStatus, ItemCondition, Observation, Price

NEW = ItemCondition.NEW


def after(*looks: Look) -> History:
    history = History()
    for now in observations(looks):
        history = history.after(now)
    return history


def values(history: History) -> list[tuple[int, int]]:
    return [(run.value, run.looks) for run in history.runs(FACE)]


def test_equal_prices_stretch_one_run() -> None:
    history = after(*[price(90_00)] * 3, price(80_00), price(90_00))
    assert values(history) == [(90_00, 3), (80_00, 1), (90_00, 1)]
    first = history.runs(FACE)[0]
    assert (moment(first.first_ms), first.last_at) == (at(1), at(3))


def test_only_the_latest_runs_are_kept() -> None:
    history = after(*(price(cents) for cents in range(80_00, 80_00 + KEPT_RUNS + 5)))
    assert values(history) == [(cents, 1) for cents in range(80_05, 80_05 + KEPT_RUNS)]


def test_a_look_that_learns_nothing_leaves_no_mark_but_that_it_was_seen() -> None:
    before = after(price(90_00), in_stock(90_00), facts(EventStatus.ONSALE), sold_out())
    (blank,) = observations([nothing()], since=at(10))
    history = before.after(blank)
    assert history.seen_at == at(11)
    assert (history.prices, history.lows, history.availability) == (
        before.prices,
        before.lows,
        before.availability,
    )
    assert (history.facts, history.listed) == (before.facts, before.listed)


def test_a_target_nothing_was_ever_said_of_has_no_facts() -> None:
    assert after(nothing(), price(90_00)).facts is None


def test_an_observation_that_is_not_newer_changes_nothing() -> None:
    history = after(price(90_00), price(80_00))
    assert history.after(observed(70_00, when=at(2))) is history
    assert history.after(observed(70_00, when=at(1))) is history


def test_what_is_sold_out_has_no_price() -> None:
    history = after(price(90_00), sold_out(50_00))
    assert values(history) == [(90_00, 1)]


def test_keys_are_kept_apart() -> None:
    history = after(price({FACE: 90_00, RESALE: 120_00}), price({RESALE: 110_00}))
    assert values(history) == [(90_00, 1)]
    assert [run.value for run in history.runs(RESALE)] == [120_00, 110_00]


# ── lows ─────────────────────────────────────────────────────────────────────────────────────────────────


@RULES
@given(
    st.lists(st.tuples(st.integers(1, 500), st.integers(0, 30)), min_size=1, max_size=40), st.integers(1, 60)
)
def test_the_lowest_of_any_window_is_what_a_full_record_would_say(
    seen: list[tuple[int, int]], days: int
) -> None:
    now, lows, full = at(0), Lows(since=at(0)), []
    for cents, hours in seen:
        now += timedelta(hours=hours)
        lows = lows.after(cents, now)
        full.append((now.date(), cents))
    first = (now - timedelta(days=days)).date()
    assert lows.lowest(days, now) == min((cents for day, cents in full if day >= first), default=None)


def test_a_record_of_falling_prices_stays_as_short_as_one_day() -> None:
    lows = Lows(since=at(0))
    for day in range(1000):
        lows = lows.after(1000_00 - day, at(days=day))
    assert len(lows.days) == 1


def test_days_too_old_to_be_asked_for_are_forgotten() -> None:
    lows = Lows(since=at(0))
    for day in range(2000):
        lows = lows.after(1_00 + day, at(days=day))
    assert len(lows.days) == 731


@pytest.mark.parametrize(
    ("looks", "lowest"),
    [
        ((price(100_00), price(1_00)), 100_00),
        ((price(100_00), price(1_00), price(100_00)), 100_00),
        ((price(100_00), price(30_00), price(30_00)), 30_00),
        ((price(100_00), price(45_00), price(1_00), price(100_00)), 100_00),
        ((price(100_00), *[price(0)] * 3), 100_00),
        ((price(0), price(0)), None),
        ((price(100_00), price(1_00), nothing(), price(1_00)), 1_00),
    ],
    ids=[
        "a freak",
        "a freak and then the normal price",
        "a fall that a second look confirms",
        "two freaks that do not agree",
        "zero, however often",
        "zero from the start",
        "a fall confirmed after a look that learnt nothing",
    ],
)
def test_what_enters_the_record(looks: tuple[Look, ...], lowest: int | None) -> None:
    record = after(*looks).lows[FACE]
    assert record.lowest(30, at(100)) == lowest


@pytest.mark.parametrize(
    ("looks", "cents", "held"),
    [
        ((), 90_00, False),
        ((), 0, True),
        ((price(100_00),), 60_00, False),
        ((price(100_00),), 59_99, True),
        ((price(100_00), price(50_00), price(100_00)), 49_99, True),
        ((price(60_00), *[price(200_00)] * 5), 99_99, True),
        ((price(60_00), *[price(200_00)] * 5), 100_00, False),
        ((price(100_00), price(30_00)), 31_00, False),
        ((price(100_00), price(30_00)), 10_00, True),
        ((price(100_00),), 500_00, False),
    ],
)
def test_what_needs_a_second_look(looks: tuple[Look, ...], cents: int, held: bool) -> None:
    assert after(*looks).needs_second_look(FACE, cents) is held


def test_the_settled_price_is_the_one_before_a_freak() -> None:
    assert after().settled(FACE) is None
    assert after(price(100_00)).settled(FACE) == Run(100_00, milliseconds(at(1)), milliseconds(at(1)))
    freak = after(price(100_00), price(1_00)).settled(FACE)
    confirmed = after(price(100_00), price(30_00), price(30_00)).settled(FACE)
    assert freak is not None
    assert confirmed is not None
    assert (freak.value, confirmed.value) == (100_00, 30_00)


# ── availability, facts, ids ─────────────────────────────────────────────────────────────────────────────


def test_availability_that_is_not_known_is_not_kept() -> None:
    history = after(sold_out(), nothing(), in_stock(), nothing(), in_stock())
    assert [(run.value, run.looks) for run in history.availability] == [
        (Availability.UNAVAILABLE, 1),
        (Availability.AVAILABLE, 2),
    ]


def test_facts_that_are_not_said_stay_as_they_were() -> None:
    history = after(
        facts(EventStatus.CANCELLED, starts_on=date(2027, 1, 14), presales={"Fans": at(days=2)}),
        facts(EventStatus.ONSALE),
        nothing(),
    )
    assert history.facts == Facts(EventStatus.ONSALE, date(2027, 1, 14), presales=(("Fans", at(days=2)),))


def test_the_same_moment_in_another_zone_is_the_same_fact() -> None:
    new_york = datetime(2027, 1, 14, 19, tzinfo=ZoneInfo("America/New_York"))
    here, there = (
        Facts().after(observed(starts_at=new_york, onsale_at=new_york)),
        Facts().after(observed(starts_at=new_york.astimezone(UTC), onsale_at=new_york.astimezone(UTC))),
    )
    assert here == there
    assert here.fingerprint == there.fingerprint


def test_different_facts_have_different_fingerprints() -> None:
    fingerprints = {Facts(status).fingerprint for status in (None, *EventStatus)}
    assert len(fingerprints) == 6


def test_an_empty_first_page_counts_when_a_second_one_agrees() -> None:
    unsure, sure = after(page()), after(page(), page())
    assert (unsure.listed, unsure.empty_looks) == (None, 1)
    assert sure.listed is not None
    assert len(sure.listed.digests) == 0


def test_a_page_that_could_not_be_read_between_two_empty_ones_does_not_start_over() -> None:
    assert after(page(), Look({"target": page().said["target"]}), page()).listed is not None


def test_an_id_once_seen_stays_seen() -> None:
    listed = after(page("a", "b"), page("b"), page(), page("c")).listed
    assert listed is not None
    assert all(one in listed for one in "abc")
    assert "d" not in listed


def test_what_is_listed_all_the_time_is_never_forgotten() -> None:
    seen = Seen({})
    for number in range(KEPT_IDS + 50):
        seen = seen.after(("always", f"e{number}"))
    assert "always" in seen
    assert "e0" not in seen
    assert len(seen.digests) == KEPT_IDS


def test_a_page_longer_than_what_is_kept_is_kept_whole() -> None:
    ids = tuple(f"e{number}" for number in range(KEPT_IDS + 10))
    seen = Seen({}).after(ids)
    assert all(one in seen for one in ids)


def test_ids_that_are_all_known_change_nothing() -> None:
    seen = Seen({}).after(("a", "b"))
    assert seen.after(("b",)) is seen


@RULES
@given(histories(ITEM))
def test_no_history_keeps_more_than_it_may(seen: list[Observation]) -> None:
    history = History()
    for now in seen:
        history = history.after(now)
        assert history.seen_at == now.at
        for key, runs in history.prices.items():
            assert 1 <= len(runs) <= KEPT_RUNS
            assert all(earlier.last_ms < later.first_ms for earlier, later in pairwise(runs))
            assert all(earlier.value != later.value for earlier, later in pairwise(runs))
            assert all(low > 0 for _, low in history.lows[key].days)
        assert len(history.availability) <= 4


def test_what_it_costs_used_is_not_compared_with_what_it_cost_new() -> None:
    def sold(minutes: float, cents: int, condition: ItemCondition | None) -> Observation:
        prices = (Price(FACE.basis, FACE.currency, cents),)
        return Observation(
            ITEM, at(minutes), prices=prices, condition=condition, availability=Availability.AVAILABLE
        )

    new, used, silent = sold(1, 100_00, NEW), sold(2, 65_00, ItemCondition.USED), sold(3, 90_00, None)
    known = History().after(new)
    told = known.comparable(used)
    assert (told.prices, told.availability) == ((), Availability.UNKNOWN)
    assert "sold used now, and was new before" in told.problems[-1]
    assert known.after(told).facts == known.facts  # new stays what it is compared with
    assert known.comparable(new) is new
    opened = sold(4, 60_00, ItemCondition.OPEN_BOX)
    assert (History().comparable(opened).prices, known.comparable(opened).prices) == ((), ())
    assert known.comparable(silent) is silent
