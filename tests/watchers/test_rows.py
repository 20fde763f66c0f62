"""The gate: whom an observation concerns. Too wide costs a query, too narrow loses an alert."""

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec import structs

from tests.builders import (
    FACE,
    ITEM,
    RESALE,
    SEARCH,
    START,
    Look,
    at,
    facts,
    in_stock,
    nothing,
    observations,
    page,
    price,
    sold_out,
)
from watchers.encoding import decode, encode
from watchers.history import History, Lows, milliseconds
from watchers.observation import EventStatus
from watchers.rows import ASTRAY, BLIND_AFTER, EVERYBODY, Gate, Interest, Row

MINUTE = timedelta(minutes=1)


def concerned(gate: Gate, *looks: Look) -> list[Interest]:
    """Whom the last of these looks concerns."""
    history = History()
    *before, now = observations(looks)
    for seen in before:
        history = history.after(seen)
    return list(Row(now.target, since=START, history=history, gate=gate).concerned(now))


def test_an_uneventful_look_concerns_nobody() -> None:
    gate = Gate({FACE: 90_00}, {FACE: 110_00}, {"new_listing", "back_in_stock", "status", "historic_low:30"})
    assert concerned(gate, price(100_00), price(101_00)) == []
    assert concerned(gate, price(100_00), nothing()) == []


def test_a_price_at_or_under_what_anybody_waits_for_concerns_them() -> None:
    gate = Gate({FACE: 90_00})
    assert concerned(gate, price(100_00), price(90_00)) == [Interest(fires_at=(FACE, 90_00))]
    assert concerned(gate, price(100_00), price(90_01)) == []
    assert concerned(gate, price({FACE: 100_00, RESALE: 100_00}), price({RESALE: 10_00})) == []


def test_a_kind_of_price_never_seen_concerns_everybody() -> None:
    assert concerned(Gate(), price(100_00)) == [EVERYBODY]
    assert concerned(Gate({FACE: 200_00}), price(100_00), price({FACE: 100_00, RESALE: 1})) == [
        Interest(fires_at=(FACE, 100_00)),
        EVERYBODY,
    ]


def test_sold_out_but_priced_concerns_nobody() -> None:
    assert concerned(Gate({FACE: 90_00}), price(100_00), sold_out(10_00)) == []


def test_two_looks_over_what_would_re_arm_concern_those_who_were_told() -> None:
    gate = Gate({}, {FACE: 91_81})
    assert concerned(gate, price(80_00), price(95_00)) == []
    assert concerned(gate, price(91_80), price(95_00)) == []
    assert concerned(gate, price(91_81), price(95_00)) == [Interest(rearms_at=(FACE, 95_00))]
    assert concerned(gate, price(95_00), nothing(), price(95_00)) == [Interest(rearms_at=(FACE, 95_00))]


def test_a_new_low_concerns_those_who_wait_for_one_over_as_many_days() -> None:
    gate = Gate({}, {}, {"historic_low:2", "historic_low:30"})
    looks = [price(80_00), *[price(100_00).later(days=1)] * 5]
    assert concerned(gate, *looks, price(90_00)) == [Interest(waits_for="historic_low:2")]
    assert concerned(gate, *looks, price(79_00)) == [
        Interest(waits_for="historic_low:2"),
        Interest(waits_for="historic_low:30"),
    ]


@pytest.mark.parametrize(
    ("looks", "kind"),
    [
        ((page("a"), page("a", "b")), "new_listing"),
        ((sold_out(), in_stock()), "back_in_stock"),
        ((facts(EventStatus.ONSALE), facts(EventStatus.CANCELLED)), "status"),
        ((facts(EventStatus.ONSALE), facts(onsale_at=at(days=3))), "status"),
    ],
)
def test_an_event_concerns_those_who_wait_for_it(looks: tuple[Look, ...], kind: str) -> None:
    assert concerned(Gate({}, {}, {kind}), *looks) == [Interest(waits_for=kind)]
    assert concerned(Gate(), *looks) == []


@pytest.mark.parametrize(
    "looks",
    [
        (page("a", "b"),),
        (page("a", "b"), page("b")),
        (page("a"), page()),
        (in_stock(),),
        (sold_out(), nothing()),
        (facts(EventStatus.CANCELLED),),
        (facts(EventStatus.ONSALE), facts(EventStatus.OFFSALE)),
        (facts(EventStatus.CANCELLED), nothing()),
    ],
)
def test_no_news_concerns_nobody(looks: tuple[Look, ...]) -> None:
    assert concerned(Gate({}, {}, {"new_listing", "back_in_stock", "status"}), *looks) == []


def test_a_gate_opens_as_wide_as_the_widest_wish() -> None:
    gate = Gate()
    gate.widen({"face_USD": 80_00, "resale_USD": 50_00}, {"face_USD": 95_00}, ["status"])
    gate.widen({"face_USD": 70_00}, {"face_USD": 99_00}, ["new_listing"])
    gate.widen({"face_USD": 90_00}, {"face_USD": 92_00}, [])
    assert gate == Gate({FACE: 90_00, RESALE: 50_00}, {FACE: 92_00}, {"status", "new_listing"})


def test_a_gate_shuts_just_behind_those_who_were_asked() -> None:
    gate = Gate({FACE: 90_00}, {FACE: 92_00}, {"status"})
    gate.narrow(Interest(fires_at=(FACE, 85_00)))
    gate.narrow(Interest(rearms_at=(FACE, 95_00)))
    gate.narrow(Interest(waits_for="status"))
    assert gate == Gate({FACE: 84_99}, {FACE: 95_01}, set())
    gate.narrow(EVERYBODY)
    assert gate == Gate({FACE: 84_99}, {FACE: 95_01}, set())


# ── when to look ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_target_is_due_at_once_and_then_after_its_rest() -> None:
    row = Row(ITEM, since=START)
    assert row.is_due(START, MINUTE)
    row = replace(row, asked_ms=milliseconds(START))
    assert not row.is_due(at(0.9), MINUTE)
    assert row.is_due(at(1), MINUTE)


def test_a_second_look_is_due_at_once() -> None:
    assert Row(ITEM, since=START, asked_ms=milliseconds(START), urgent=True).is_due(at(0.1), MINUTE)


def test_failures_put_a_target_off_longer_each_time_but_never_over_an_hour() -> None:
    def rest(failures: int, every: timedelta = MINUTE) -> float:
        row = Row(ITEM, START, asked_ms=milliseconds(START), failures=failures, urgent=True)
        return next(minutes for minutes in range(10_000) if row.is_due(at(minutes), every))

    assert [rest(failures) for failures in (1, 2, 3, 6, 60)] == [2, 4, 8, 60, 60]
    assert rest(5, timedelta(hours=3)) == 180


def test_a_target_not_seen_for_an_hour_is_blind_however_often_it_was_asked() -> None:
    row = Row(SEARCH, since=START, asked_ms=milliseconds(at(61)))
    assert not row.is_blind(START + BLIND_AFTER)
    assert row.is_blind(START + BLIND_AFTER + MINUTE)
    (now,) = observations([nothing()], since=at(60))
    row.record(row.history.after(now))
    assert not row.is_blind(at(121))
    assert row.is_blind(at(122))


# ── a clock that was wrong ───────────────────────────────────────────────────────────────────────────────


def row_seen(*looks: Look, later: timedelta = timedelta(0)) -> Row:
    """A row after these looks, the last of which a clock dated so much later."""
    *before, last = observations(looks)
    history, wrong = History(), structs.replace(last, at=last.at + later)
    for seen in (*before, wrong):
        history = history.after(seen)
    row = Row(last.target, since=START, history=history)
    row.asked_ms = row.seen_ms
    return row


@pytest.mark.parametrize("closed", [True, False])
def test_what_a_wrong_clock_dated_later_was_a_moment_ago(closed: bool) -> None:
    looks = price(100_00), price(100_00), in_stock(90_00)
    row = row_seen(*looks, later=timedelta(days=365))
    row.archived = {FACE: row.seen_ms}
    if closed:
        row = next(iter(decode(encode({row.target.id: row})).values()))
    now = START + timedelta(days=1)
    assert row.is_due(now, MINUTE) is False
    row.set_right(now)
    before = milliseconds(now - MINUTE)
    assert row.is_due(now, MINUTE)
    assert (row.asked_ms, row.seen_ms, row.archived) == (before, before, {FACE: before})
    assert row.history.seen_at == now - MINUTE
    assert [run[:3] for run in row.history.prices[FACE]][-1] == (90_00, before, before)
    assert row.history.prices[FACE][:-1] == row_seen(*looks).history.prices[FACE][:-1]
    assert row.history.availability[-1].last_ms == before
    assert row.history.lows[FACE].days == (((now - MINUTE).date(), 90_00),)


def test_lows_of_days_to_come_are_one_low_of_today() -> None:
    record = Lows(START)
    for days, low in ((0, 80_00), (1, 90_00), (5, 95_00), (400, 99_00)):
        record = record.after(low, at(days=days))
    today = at(days=1)
    assert record.until(today).days == ((START.date(), 80_00), (today.date(), 90_00))
    assert record.until(at(days=400)) == record
    assert Lows(at(days=9)).until(today) == Lows(today)


def test_clocks_that_differ_by_little_move_nothing() -> None:
    row = row_seen(price(100_00), price(100_00))
    before = replace(row)
    seen_at = row.history.seen_at
    assert seen_at is not None
    row.set_right(seen_at - ASTRAY)
    assert row == before
    assert row.history is before.history


def test_only_the_time_it_was_asked_is_set_right_where_it_was_not_seen() -> None:
    row = row_seen(price(100_00), price(100_00))
    seen_ms, now = row.seen_ms, START + timedelta(days=1)
    row.asked_ms, row.failures = milliseconds(now + timedelta(days=365)), 9
    row.set_right(now)
    assert (row.asked_ms, row.seen_ms) == (milliseconds(now - MINUTE), seen_ms)
    assert row.is_due(now + timedelta(hours=1), MINUTE)
