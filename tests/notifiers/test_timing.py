from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.limits import Limits
from notifiers.tallies import Tally
from notifiers.timing import MOST, Hold, Plan, next_digest, plan, quiet_until, ready_at
from tests.notifiers.clocks import (
    CLOCKS,
    DAY,
    HOUR,
    LIMITS,
    MINUTE,
    NIGHT,
    NOON,
    an_alert,
    clock_times,
    held,
    is_quiet,
    longest,
    moments,
    quiet_hours,
)
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, Every, Person, QuietHours, Reason

NEW_YORK, SYDNEY = "America/New_York", "Australia/Sydney"
LUNCH = QuietHours(time(11), time(14))
TODAY = NOON.date()
TOMORROW = NOON + timedelta(hours=20)  # at eight in the morning, when digests come
SECOND = timedelta(seconds=1)


def hours(start: str, end: str) -> QuietHours:
    return QuietHours(time.fromisoformat(start), time.fromisoformat(end))


def wall(text: str, zone: str, fold: int = 0) -> datetime:
    """An instant by a wall clock: ``wall("2026-03-08 01:30", NEW_YORK)``."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def planned(
    *alerts: Alert, told: Mapping[str, int] | None = None, now: datetime = NOON, **person: Any
) -> Plan:
    """What happens now to these alerts of somebody in UTC who was told so much today."""
    tally = Tally("u1", day=TODAY, told=told or {}, month="2026-06", segments=3)
    return plan(Person("u1", **person), alerts, tally, LIMITS, now)


def sent(of: Plan) -> list[str]:
    return [alert.id for alert in of.send]


def waits(of: Plan) -> list[tuple[str, datetime, str]]:
    return [(hold.alert.id, hold.until, hold.why) for hold in of.hold]


# ── quiet hours ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("quiet", "clock", "until"),
    [
        pytest.param(NIGHT, "06-01 21:59:59", None, id="before they begin it is not quiet"),
        pytest.param(NIGHT, "06-01 22:00", "06-02 07:00", id="they begin on the minute"),
        pytest.param(NIGHT, "06-02 03:10", "06-02 07:00", id="over midnight they end in the morning"),
        pytest.param(NIGHT, "06-02 06:59:59", "06-02 07:00", id="they last until the last second"),
        pytest.param(NIGHT, "06-02 07:00", None, id="they end on the minute"),
        pytest.param(LUNCH, "06-01 12:30", "06-01 14:00", id="they may lie within a day"),
        pytest.param(LUNCH, "06-01 15:00", None, id="within a day, it is not quiet after them"),
        pytest.param(hours("22:00", "00:00"), "06-01 23:00", "06-02 00:00", id="they may end at midnight"),
        pytest.param(hours("00:00", "07:00"), "06-02 00:00", "06-02 07:00", id="they may begin at midnight"),
        pytest.param(hours("09:00", "09:00"), "06-01 09:00", None, id="begin and end at once means never"),
        pytest.param(hours("00:00", "00:00"), "06-01 12:00", None, id="midnight to midnight means never"),
        pytest.param(hours("09:01", "09:00"), "06-01 12:00", "06-02 09:00", id="all day but one minute"),
        pytest.param(hours("22:00Z", "07:00Z"), "06-01 22:00", "06-02 07:00", id="a zone in them is ignored"),
        pytest.param(None, "06-02 03:10", None, id="who has none is never quiet"),
    ],
)
def test_quiet_hours(quiet: QuietHours | None, clock: str, until: str | None) -> None:
    expected = wall(f"2026-{until}", NEW_YORK) if until else None
    assert quiet_until(quiet, ZoneInfo(NEW_YORK), wall(f"2026-{clock}", NEW_YORK)) == expected


@pytest.mark.parametrize(
    ("zone", "quiet", "now", "until"),
    [
        pytest.param(
            NEW_YORK,
            NIGHT,
            wall("2026-03-08 01:00", NEW_YORK),
            wall("2026-03-08 01:00", NEW_YORK) + 5 * HOUR,
            id="a night that loses an hour ends an hour sooner",
        ),
        pytest.param(
            NEW_YORK,
            NIGHT,
            wall("2026-11-01 00:00", NEW_YORK),
            wall("2026-11-01 00:00", NEW_YORK) + 8 * HOUR,
            id="a night that gains an hour ends an hour later",
        ),
        pytest.param(
            NEW_YORK,
            hours("22:00", "02:30"),
            wall("2026-03-08 01:00", NEW_YORK),
            wall("2026-03-08 03:00", NEW_YORK),
            id="an end that the clock skips comes when it skips it",
        ),
        pytest.param(
            NEW_YORK,
            hours("02:10", "02:50"),
            wall("2026-03-08 01:59:59", NEW_YORK),
            None,
            id="hours that the clock skips are not quiet",
        ),
        pytest.param(
            NEW_YORK,
            hours("22:00", "01:30"),
            wall("2026-11-01 00:30", NEW_YORK),
            wall("2026-11-01 01:30", NEW_YORK),
            id="of an end that comes twice the first counts",
        ),
        pytest.param(
            NEW_YORK,
            hours("22:00", "01:30"),
            wall("2026-11-01 01:00", NEW_YORK, fold=1),
            wall("2026-11-01 01:30", NEW_YORK, fold=1),
            id="what the clock shows again is quiet again",
        ),
        pytest.param(
            NEW_YORK,
            hours("01:30", "07:00"),
            wall("2026-11-01 01:45", NEW_YORK),
            wall("2026-11-01 01:00", NEW_YORK, fold=1),
            id="a clock that is set back out of them ends them",
        ),
        pytest.param(
            "Australia/Lord_Howe",
            hours("22:00", "02:15"),
            wall("2026-10-04 01:00", "Australia/Lord_Howe"),
            wall("2026-10-04 02:30", "Australia/Lord_Howe"),
            id="a clock may move by half an hour",
        ),
        pytest.param(
            "America/Sao_Paulo",
            hours("21:00", "00:00"),
            wall("2018-11-03 23:00", "America/Sao_Paulo"),
            wall("2018-11-04 01:00", "America/Sao_Paulo"),
            id="midnight itself may be skipped",
        ),
        pytest.param(
            "Pacific/Apia",
            NIGHT,
            wall("2011-12-29 23:00", "Pacific/Apia"),
            wall("2011-12-31 07:00", "Pacific/Apia"),
            id="a whole day may be skipped",
        ),
        pytest.param(
            "Asia/Kathmandu",
            NIGHT,
            datetime(2026, 6, 1, 16, 15, tzinfo=UTC),
            datetime(2026, 6, 2, 1, 15, tzinfo=UTC),
            id="a zone may be off by a quarter of an hour",
        ),
    ],
)
def test_quiet_hours_where_the_clock_is_set(
    zone: str, quiet: QuietHours, now: datetime, until: datetime | None
) -> None:
    assert quiet_until(quiet, ZoneInfo(zone), now) == until


@settings(max_examples=200)
@given(data=st.data(), zone=st.sampled_from(list(CLOCKS)), quiet=quiet_hours())
def test_quiet_hours_end_where_somebody_who_looks_every_minute_sees_them_end(
    data: st.DataObject, zone: str, quiet: QuietHours
) -> None:
    clock, now = ZoneInfo(zone), data.draw(moments(ZoneInfo(zone), CLOCKS[zone]))
    looked = now
    while is_quiet(quiet, looked, clock):
        looked = looked.replace(second=0) + MINUTE
    assert quiet_until(quiet, clock, now) == (None if looked == now else looked)


# ── digests ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("person", "now", "then"),
    [
        pytest.param({}, "06-01 07:59", "06-01 08:00", id="without a wish, at eight in the morning"),
        pytest.param({}, "06-01 08:00", "06-02 08:00", id="at the very moment, the next one"),
        pytest.param({"digest_at": time(18, 30)}, "06-01 08:00", "06-01 18:30", id="when the person likes"),
        pytest.param({"digest": Every.WEEKLY}, "06-01 07:59", "06-01 08:00", id="weekly, on Monday"),
        pytest.param({"digest": Every.WEEKLY}, "06-01 08:00", "06-08 08:00", id="weekly, a week later"),
        pytest.param({"digest": Every.WEEKLY}, "06-04 12:00", "06-08 08:00", id="weekly, not on Thursday"),
        pytest.param(
            {"digest_at": time(6), "quiet_hours": NIGHT},
            "06-01 12:00",
            "06-02 07:00",
            id="in quiet hours, when they end",
        ),
        pytest.param(
            {"digest_at": time(23), "quiet_hours": NIGHT},
            "06-01 12:00",
            "06-02 07:00",
            id="late in the evening within quiet hours, the next morning",
        ),
        pytest.param(
            {"digest_at": time(23), "quiet_hours": NIGHT},
            "06-01 23:30",
            "06-02 07:00",
            id="one that was moved to the morning has not come yet",
        ),
        pytest.param(
            {"digest_at": time(23), "quiet_hours": NIGHT, "digest": Every.WEEKLY},
            "06-02 03:00",
            "06-02 07:00",
            id="a weekly one that was moved comes on Tuesday",
        ),
        pytest.param({}, "03-07 12:00", "03-08 08:00", id="after a short night, still at eight"),
        pytest.param({}, "10-31 12:00", "11-01 08:00", id="after a long night, still at eight"),
        pytest.param({"digest_at": time(2, 30)}, "03-07 12:00", "03-08 03:30", id="a moment that is skipped"),
        pytest.param({"digest_at": time(1, 30)}, "11-01 01:30", "11-02 01:30", id="one that comes twice"),
        pytest.param(
            {"digest_at": time.fromisoformat("18:30Z")}, "06-01 08:00", "06-01 18:30", id="a zone is ignored"
        ),
    ],
)
def test_the_next_digest(person: dict[str, Any], now: str, then: str) -> None:
    found = next_digest(Person("u1", timezone=NEW_YORK, **person), wall(f"2026-{now}", NEW_YORK))
    assert found == wall(f"2026-{then}", NEW_YORK)


def test_somebody_in_no_known_zone_lives_by_utc() -> None:
    assert next_digest(Person("u1", timezone="Mars/Olympus"), NOON) == TOMORROW


@settings(max_examples=200)
@given(
    data=st.data(),
    zone=st.sampled_from(list(CLOCKS)),
    quiet=st.none() | quiet_hours(),
    digest=st.sampled_from([None, *Every]),
    digest_at=clock_times(),
)
def test_a_digest_comes_soon_and_never_in_quiet_hours(
    data: st.DataObject, zone: str, quiet: QuietHours | None, digest: Every | None, digest_at: time
) -> None:
    person = Person("u1", timezone=zone, quiet_hours=quiet, digest=digest, digest_at=digest_at)
    now = data.draw(moments(ZoneInfo(zone), CLOCKS[zone]))
    then = next_digest(person, now)
    assert now < then <= now + (7 if digest is Every.WEEKLY else 1) * DAY + HOUR + longest(quiet)
    assert not is_quiet(quiet, then, ZoneInfo(zone))
    assert next_digest(person, then - SECOND) == then


# ── the order of the rules ───────────────────────────────────────────────────────────────────────────────

COPY = an_alert(copy_of="b", copy_why="30007")
RETRY = an_alert(attempts=1, why="20429")
TEST = an_alert(reason=Reason.TEST)
UNCOUNTED = {"sms": 2, "sms:w1": 1}
SPENT = {"sms": 20, "sms:w1": 6}
ASLEEP = {"quiet_hours": LUNCH}
WEEKLY = {"digest": Every.WEEKLY}


@pytest.mark.parametrize(
    ("alert", "person", "told"),
    [
        pytest.param(TEST, {}, {}, id="a test is not counted"),
        pytest.param(TEST, ASLEEP, {}, id="a test goes in quiet hours"),
        pytest.param(TEST, WEEKLY, SPENT, id="a test heeds neither a cap nor a digest"),
        pytest.param(COPY, {}, {}, id="a copy is not counted"),
        pytest.param(COPY, WEEKLY, SPENT, id="a copy heeds neither a cap nor a digest"),
        pytest.param(RETRY, WEEKLY, SPENT, id="another attempt heeds neither a cap nor a digest"),
        pytest.param(RETRY, {}, {}, id="another attempt is not counted again"),
        pytest.param(held("cap"), {}, {}, id="what was over a cap is told uncounted"),
        pytest.param(held("cap"), {}, SPENT, id="what was over a cap is not held for it again"),
        pytest.param(held("cap"), WEEKLY, {}, id="what was over a cap waits for no later digest"),
        pytest.param(held("digest"), WEEKLY, SPENT, id="what waited for a digest is told in it"),
    ],
)
def test_what_goes_uncounted(alert: Alert, person: dict[str, Any], told: dict[str, int]) -> None:
    before = UNCOUNTED | told
    made = planned(alert, told=before, **person)
    assert (sent(made), made.hold, made.tally.told) == (["a"], (), before)


@pytest.mark.parametrize(
    "alert",
    [
        pytest.param(an_alert(), id="what is new"),
        pytest.param(held("quiet_hours"), id="what waited for quiet hours to end"),
        pytest.param(held("full"), id="what had no room"),
        pytest.param(held("snoozed"), id="what was snoozed"),
        pytest.param(an_alert(why="cap"), id="what only bears the word of a cap"),
    ],
)
def test_what_is_counted_and_capped(alert: Alert) -> None:
    made = planned(alert, told={"sms": 2, "sms:w1": 1, "email": 7})
    assert (sent(made), made.hold) == (["a"], ())
    assert made.tally.told == {"sms": 3, "sms:w1": 2, "email": 7}
    assert waits(planned(alert, told=SPENT)) == [("a", TOMORROW, "cap")]


AWAKE_AT = NOON + 2 * HOUR
MONDAY = TOMORROW + 6 * DAY


@pytest.mark.parametrize(
    ("alert", "person", "until", "why"),
    [
        pytest.param(an_alert(), ASLEEP, AWAKE_AT, "quiet_hours", id="in quiet hours news waits"),
        pytest.param(COPY, ASLEEP, AWAKE_AT, "quiet_hours", id="in quiet hours a copy waits"),
        pytest.param(RETRY, ASLEEP, AWAKE_AT, "quiet_hours", id="in quiet hours another attempt waits"),
        pytest.param(held("cap"), ASLEEP, AWAKE_AT, "cap", id="a digest in quiet hours stays a digest"),
        pytest.param(held("digest"), ASLEEP | WEEKLY, AWAKE_AT, "digest", id="and is not put off a week"),
        pytest.param(
            an_alert(), {"digest": Every.DAILY}, TOMORROW, "digest", id="with a daily digest news waits"
        ),
        pytest.param(an_alert(), WEEKLY, MONDAY, "digest", id="with a weekly digest news waits for Monday"),
        pytest.param(held("quiet_hours"), WEEKLY, MONDAY, "digest", id="also when it comes from a night"),
        pytest.param(
            an_alert(),
            ASLEEP | {"digest": Every.DAILY, "digest_at": time(14)},
            AWAKE_AT,
            "digest",
            id="a digest that comes when quiet hours end takes what they held",
        ),
    ],
)
def test_what_waits(alert: Alert, person: dict[str, Any], until: datetime, why: str) -> None:
    made = planned(alert, told={"sms": 1}, **person)
    assert (sent(made), waits(made), made.tally.told) == ([], [("a", until, why)], {"sms": 1})


@pytest.mark.parametrize(
    ("told", "person", "goes"),
    [
        pytest.param({"sms": 19}, {}, True, id="the last message of a day goes"),
        pytest.param({"sms": 20}, {}, False, id="one more does not"),
        pytest.param({"sms:w1": 5}, {}, True, id="the last message of a watch goes"),
        pytest.param({"sms:w1": 6}, {}, False, id="one more about it does not"),
        pytest.param({"sms": 20}, {"per_day": 21}, True, id="the person's own cap of the day comes first"),
        pytest.param({"sms": 3}, {"per_day": 3}, False, id="also a lower one"),
        pytest.param({"sms:w1": 6}, {"per_watch": 7}, True, id="the person's own cap of a watch comes first"),
        pytest.param({"sms:w1": 2}, {"per_watch": 2}, False, id="also a lower one of a watch"),
        pytest.param({}, {"per_day": 0}, False, id="a day's cap of none lets none go"),
        pytest.param({}, {"per_watch": 0}, False, id="a watch's cap of none lets none go"),
        pytest.param({"email": 20, "email:w1": 6}, {}, True, id="what went by another channel counts there"),
        pytest.param({"sms:w2": 6}, {}, True, id="another watch's cap is its own"),
    ],
)
def test_caps(told: dict[str, int], person: dict[str, Any], goes: bool) -> None:
    made = planned(an_alert(), told=told, **person)
    assert (sent(made), waits(made)) == ((["a"], []) if goes else ([], [("a", TOMORROW, "cap")]))
    if not goes:
        assert made.tally.told == told


def test_only_the_watch_whose_cap_is_used_up_waits() -> None:
    made = planned(an_alert("a", "w1"), an_alert("b", "w2"), told={"sms": 6, "sms:w1": 6})
    assert (sent(made), waits(made)) == (["b"], [("a", TOMORROW, "cap")])
    assert made.tally.told == {"sms": 7, "sms:w1": 6, "sms:w2": 1}


def test_five_alerts_of_two_watches_are_one_message_and_one_for_each_watch() -> None:
    made = planned(*(an_alert(name, f"w{number % 2}") for number, name in enumerate("abcde")))
    assert len(made.send) == 5
    assert made.tally.told == {"sms": 1, "sms:w0": 1, "sms:w1": 1}


def test_a_watch_that_is_only_in_the_digest_part_is_not_counted() -> None:
    made = planned(held("cap", "a", watch_id="w1"), an_alert("b", "w2"))
    assert made.tally.told == {"sms": 1, "sms:w2": 1}


def test_caps_are_those_of_the_persons_own_day() -> None:
    late = datetime(2026, 6, 2, 3, 0, tzinfo=UTC)
    spent = {"sms": 20}
    assert waits(planned(an_alert(), told=spent, now=late, timezone=NEW_YORK)) == [
        ("a", wall("2026-06-02 08:00", NEW_YORK), "cap")
    ]
    made = planned(an_alert(), told=spent, now=late + 2 * HOUR, timezone=NEW_YORK)
    assert (sent(made), made.tally.day, made.tally.count(Channel.SMS)) == (["a"], date(2026, 6, 2), 1)


def test_a_tally_keeps_what_is_not_counted_here() -> None:
    made = planned(an_alert())
    assert (made.tally.segments, made.tally.latest, made.tally.month) == (3, None, "2026-06")


def test_where_nothing_counts_the_tally_is_the_one_that_was_given() -> None:
    tally = Tally("u1", version="7")
    for alerts in ([], [TEST], [COPY], [held("digest")]):
        assert plan(Person("u1"), alerts, tally, LIMITS, NOON).tally is tally
    assert plan(Person("u1"), [an_alert()], tally, LIMITS, NOON).tally.version == "7"


def test_what_is_held_is_not_taken_along_before_its_time() -> None:
    soon = NOON + SECOND
    made = planned(an_alert("a"), held("cap", "b", due_at=soon), held("quiet_hours", "c", due_at=soon))
    assert (sent(made), waits(made)) == (["a"], [("b", soon, "cap"), ("c", soon, "quiet_hours")])


def test_what_is_new_goes_along_before_its_time() -> None:
    assert sent(planned(an_alert("a"), an_alert("b", due_at=NOON + SECOND))) == ["a", "b"]


def test_in_quiet_hours_only_the_test_of_many_goes() -> None:
    made = planned(an_alert("a"), replace(TEST, id="b"), replace(COPY, id="c"), quiet_hours=LUNCH)
    assert (sent(made), [hold.alert.id for hold in made.hold]) == (["b"], ["a", "c"])


# ── the order within a message ───────────────────────────────────────────────────────────────────────────


def test_the_nearest_event_comes_first_and_then_the_oldest_news() -> None:
    tonight = datetime(2026, 6, 1, 19, 30, tzinfo=ZoneInfo("Asia/Tokyo")) + 8 * HOUR
    made = planned(
        an_alert("nobody knows when, newer"),
        an_alert("nobody knows when", created_at=NOON - MINUTE),
        an_alert("over", starts_at=NOON - HOUR, created_at=NOON - 2 * MINUTE),
        an_alert("some day", starts_on=date.max),
        an_alert("in July", starts_on=date(2026, 7, 1)),
        an_alert("tonight, newer", starts_at=tonight),
        an_alert("tonight", starts_at=tonight, starts_on=date(2026, 6, 1), created_at=NOON - MINUTE),
        an_alert("some time today", starts_on=date(2026, 6, 1)),
        replace(TEST, id="a test"),
    )
    assert sent(made) == [
        "a test",
        "tonight",
        "tonight, newer",
        "some time today",
        "in July",
        "some day",
        "over",
        "nobody knows when",
        "nobody knows when, newer",
    ]


def test_what_has_no_room_in_a_message_goes_a_minute_later_and_is_not_counted_yet() -> None:
    alerts = [an_alert(f"{number:03}", f"w{number}") for number in range(MOST + 1)]
    made = planned(*alerts)
    assert sent(made) == [alert.id for alert in alerts[:MOST]]
    assert waits(made) == [("100", NOON + MINUTE, "full")]
    assert made.tally.count(Channel.SMS) == 1
    assert made.tally.count(Channel.SMS, "w100") == 0
    rest = replace(alerts[MOST], state=AlertState.HELD, why="full")
    assert sent(plan(Person("u1"), [rest], made.tally, LIMITS, NOON + MINUTE)) == ["100"]


def test_what_has_no_room_in_a_digest_stays_part_of_it() -> None:
    made = planned(*(held("digest", f"{number:03}") for number in range(MOST + 1)), digest=Every.WEEKLY)
    assert waits(made) == [("100", NOON + MINUTE, "digest")]


def test_a_test_always_has_room() -> None:
    soon = [an_alert(f"{number:03}", starts_at=NOON + HOUR) for number in range(MOST)]
    made = planned(*soon, TEST)
    assert sent(made)[0] == "a"
    assert waits(made) == [("099", NOON + MINUTE, "full")]


# ── alerts that come together ────────────────────────────────────────────────────────────────────────────


HALF_A_SECOND = Limits(grouping=timedelta(seconds=0.5), longest_grouping=timedelta(seconds=3))


def coming(*seconds: float) -> list[Alert]:
    """New alerts, created so many seconds after noon."""
    moments = [NOON + timedelta(seconds=second) for second in seconds]
    return [an_alert(str(at), created_at=at, due_at=at + HALF_A_SECOND.grouping) for at in moments]


@pytest.mark.parametrize(
    ("alerts", "after"),
    [
        pytest.param(coming(0), 0.5, id="one alert waits for others"),
        pytest.param(coming(0, 0.2, 0.4), 0.9, id="the last to come is waited for"),
        pytest.param(coming(0.4, 0, 0.2), 0.9, id="in whatever order they are found"),
        pytest.param(
            coming(*(n / 4 for n in range(40))), 3, id="the first waits no longer than three seconds"
        ),
        pytest.param([held("cap")], 0, id="what was held goes when it is due"),
        pytest.param([held("cap", due_at=NOON + HOUR)], 3600, id="and not before"),
        pytest.param([*coming(0), held("cap", due_at=NOON + HOUR)], 0.5, id="nobody waits for what is held"),
    ],
)
def test_when_a_group_may_go(alerts: Sequence[Alert], after: float) -> None:
    assert ready_at(alerts, HALF_A_SECOND) == NOON + timedelta(seconds=after)


def test_without_grouping_everything_goes_at_once() -> None:
    limits = Limits.from_env({"GROUPING_SECONDS": "0"})
    assert ready_at([an_alert()], limits) == NOON


# ── for all ──────────────────────────────────────────────────────────────────────────────────────────────

ALERTS = st.lists(
    st.builds(
        lambda kind, watch, days, ago: replace(
            kind, watch_id=f"w{watch}", created_at=NOON - ago, news=replace(kind.news, starts_at=days)
        ),
        st.sampled_from([an_alert(), COPY, RETRY, TEST, held("cap"), held("digest"), held("quiet_hours")]),
        st.integers(0, 3),
        st.none() | st.integers(-2, 9).map(lambda days: NOON + days * DAY),
        st.timedeltas(timedelta(), DAY),
    ),
    max_size=12,
).map(lambda alerts: [replace(alert, id=str(number)) for number, alert in enumerate(alerts)])
PEOPLE = st.builds(
    Person,
    st.just("u1"),
    quiet_hours=st.none() | quiet_hours(),
    digest=st.sampled_from([None, *Every]),
    digest_at=clock_times(),
    per_day=st.none() | st.integers(0, 4),
    per_watch=st.none() | st.integers(0, 3),
)
TALLIES = st.builds(
    Tally,
    st.just("u1"),
    day=st.sampled_from([None, TODAY, TODAY - DAY]),
    told=st.dictionaries(st.sampled_from(["sms", "sms:w0", "sms:w1", "email"]), st.integers(0, 6)),
)


@given(PEOPLE, ALERTS, TALLIES)
def test_every_alert_is_either_sent_or_held_until_later(
    person: Person, alerts: list[Alert], tally: Tally
) -> None:
    made = plan(person, alerts, tally, LIMITS, NOON)
    held_back = [hold.alert for hold in made.hold]
    assert sorted([*made.send, *held_back], key=lambda one: int(one.id)) == alerts
    assert all(hold.until > NOON for hold in made.hold)


@given(PEOPLE, ALERTS, TALLIES, st.randoms(use_true_random=False))
def test_a_plan_is_the_same_in_whatever_order_the_alerts_are_found(
    person: Person, alerts: list[Alert], tally: Tally, chance: Any
) -> None:
    made, shuffled = plan(person, alerts, tally, LIMITS, NOON), [*alerts]
    chance.shuffle(shuffled)
    again = plan(person, shuffled, tally, LIMITS, NOON)
    assert (again.send, again.tally) == (made.send, made.tally)
    assert {hold.alert.id: hold for hold in again.hold} == {hold.alert.id: hold for hold in made.hold}


@given(PEOPLE, ALERTS, TALLIES)
def test_planning_again_what_was_planned_changes_nothing(
    person: Person, alerts: list[Alert], tally: Tally
) -> None:
    made = plan(person, alerts, tally, LIMITS, NOON)
    assert plan(person, made.send, tally, LIMITS, NOON) == Plan(made.send, (), made.tally)
    waiting = [hold.alert for hold in made.hold]
    assert plan(person, waiting, tally, LIMITS, NOON).hold == made.hold


@given(PEOPLE, ALERTS, TALLIES)
def test_what_is_held_goes_when_its_time_has_come_or_waits_for_one_more_digest(
    person: Person, alerts: list[Alert], tally: Tally
) -> None:
    def after(hold: Hold) -> Plan:
        alert = replace(hold.alert, state=AlertState.HELD, why=hold.why, due_at=hold.until)
        return plan(person, [alert], tally, LIMITS, hold.until)

    for hold in plan(person, alerts, tally, LIMITS, NOON).hold:
        then = after(hold)
        if hold.why in {"cap", "digest"}:
            assert then.send
        assert all(later.why == "cap" and after(later).send for later in then.hold)
