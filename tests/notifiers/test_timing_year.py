"""A year of somebody's alerts, by clocks that are set forward and back: none is forgotten, none disturbs.

A courier as simple as can be wakes when something is due, asks ``ready_at`` and ``plan``, and does what they
say. What is asserted is counted here, by the person's wall clock, not taken from the product.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.limits import Limits
from notifiers.tallies import Tally
from notifiers.timing import MOST, SOON, plan, ready_at
from tests.notifiers.clocks import (
    CLOCKS,
    DAY,
    HOUR,
    MINUTE,
    an_alert,
    changes,
    clock_times,
    is_quiet,
    longest,
    quiet_hours,
)
from watchers.models import Alert, AlertState, Every, Person, Reason

LIMITS = Limits(per_day=5, per_watch=3)
EXAMPLES, BURSTS = 25, 40  # years in each zone, and bursts of alerts in each of them
SECOND = timedelta(seconds=1)
WHYS = ("quiet_hours", "cap", "digest")


@dataclass(frozen=True)
class Sent:
    """One message, with its alerts as they stood when it went."""

    at: datetime
    alerts: tuple[Alert, ...]

    @property
    def counted(self) -> list[Alert]:
        """Its alerts that count against the caps."""
        return [
            alert for alert in self.alerts if not (is_test(alert) or alert.copy_of or is_of_digest(alert))
        ]


def is_test(alert: Alert) -> bool:
    return alert.news.reason is Reason.TEST


def is_of_digest(alert: Alert) -> bool:
    return alert.why in {"cap", "digest"}


@dataclass(frozen=True, repr=False)
class Year:
    """A person, everything there was to tell them, and how late the courier is each time."""

    person: Person
    alerts: tuple[Alert, ...]
    late: timedelta

    def __repr__(self) -> str:
        return f"Year({self.person}, late={self.late})"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.person.timezone)

    @property
    def caps(self) -> tuple[int, int]:
        """Of a day, and of one watch on a day."""
        own = self.person.per_day, self.person.per_watch
        return (LIMITS.per_day if own[0] is None else own[0], LIMITS.per_watch if own[1] is None else own[1])

    def is_quiet(self, at: datetime) -> bool:
        return is_quiet(self.person.quiet_hours, at, self.zone)

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()

    def is_set_back(self, day: date) -> bool:
        """Whether some of its hours come twice."""
        midnight, next_midnight = (
            datetime.combine(day + ahead * DAY, time(), self.zone).timestamp() for ahead in (0, 1)
        )
        return next_midnight - midnight > DAY.total_seconds()

    def delivered(self) -> Iterator[Sent]:
        """The courier's year."""
        waiting, tally = {alert.id: alert for alert in self.alerts}, Tally("u1")
        while waiting:
            now = _wakes_at(list(waiting.values())) + self.late
            due = [alert for alert in waiting.values() if alert.due_at and alert.due_at <= now]
            made = plan(self.person, due, tally, LIMITS, now)
            assert made == plan(self.person, due, tally, LIMITS, now)
            assert plan(self.person, made.send, tally, LIMITS, now) == replace(made, hold=())
            for hold in made.hold:
                assert hold.until > now
                waiting[hold.alert.id] = replace(
                    hold.alert, state=AlertState.HELD, due_at=hold.until, why=hold.why
                )
            for alert in made.send:
                del waiting[alert.id]
            tally = made.tally
            if made.send:
                yield Sent(now, made.send)


def _wakes_at(waiting: list[Alert]) -> datetime:
    """When what is due first may go, with what comes while it waits for others."""
    now = min(alert.due_at for alert in waiting if alert.due_at)
    while True:
        group = [
            alert
            for alert in waiting
            if alert.due_at and (alert.due_at <= now or (alert.created_at <= now and alert.state != "held"))
        ]
        later = ready_at(group, LIMITS)
        if later <= now:
            return now
        now = later


@st.composite
def years(draw: st.DrawFn, timezone: str) -> Year:
    """Anybody's wishes, and bursts of alerts over the year, half of them near a change of the clock."""
    chance = draw(st.randoms(use_true_random=True))  # which is seeded: the same years each time
    person = Person(
        "u1",
        timezone=timezone,
        quiet_hours=draw(st.none() | quiet_hours()),
        digest=chance.choice([None, None, None, *Every]),
        digest_at=draw(clock_times()),
        per_day=chance.choice([None, None, *range(5)]),
        per_watch=chance.choice([None, None, *range(4)]),
    )
    bursts = (_burst(chance, f"{number}", ZoneInfo(timezone)) for number in range(BURSTS))
    return Year(person, tuple(chain.from_iterable(bursts)), chance.choice([timedelta(), 40 * SECOND]))


def _burst(chance: Random, name: str, zone: ZoneInfo) -> Iterator[Alert]:
    """Up to a dozen alerts, fractions of a second, seconds, minutes or hours apart."""
    first = datetime(CLOCKS[zone.key], 1, 1, tzinfo=UTC)
    near = chance.choice(changes(zone, first.year) or [first + month * 30 * DAY for month in range(12)])
    begins = chance.choice([first + chance.random() * 365 * DAY, near + chance.uniform(-36, 12) * HOUR])
    gap = chance.choice([0.3 * SECOND, 20 * SECOND, 40 * MINUTE, 2 * HOUR])
    for place in range(chance.randint(1, 12)):
        yield _alert(
            f"{name}.{place}", f"w{chance.randint(0, 2)}", chance.choice("nnnnnnct"), begins + place * gap
        )


def _alert(name: str, watch_id: str, kind: str, at: datetime) -> Alert:
    return an_alert(
        name,
        watch_id,
        reason=Reason.TEST if kind == "t" else Reason.BELOW_LIMIT,
        copy_of="b" if kind == "c" else None,
        created_at=at,
        due_at=at + LIMITS.grouping,
    )


@pytest.mark.parametrize("zone", CLOCKS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_in_a_year_no_alert_is_forgotten_and_nobody_is_disturbed(data: st.DataObject, zone: str) -> None:
    year = data.draw(years(zone))
    messages = list(year.delivered())
    every_alert_is_sent_once(year, messages)
    every_alert_is_sent_in_time(year, messages)
    nothing_but_a_test_is_sent_in_quiet_hours(year, messages)
    no_day_has_more_than_its_caps(year, messages)
    nothing_waits_without_a_reason(year, messages)
    what_waited_for_the_night_goes_when_it_ends(year, messages)


def every_alert_is_sent_once(year: Year, messages: list[Sent]) -> None:
    sent = Counter(alert.id for message in messages for alert in message.alerts)
    assert sent == Counter(alert.id for alert in year.alerts)


def every_alert_is_sent_in_time(year: Year, messages: list[Sent]) -> None:
    """A test at once; a copy when the night is over; the rest a night, a digest's wait and a night later.

    A night and a wait may each be an hour longer, where the clock is set back. A courier who comes late may
    find that it is night again.
    """
    night = longest(year.person.quiet_hours)
    wait = (7 if year.person.digest is Every.WEEKLY else 1) * DAY + HOUR + night
    lateness = 4 * year.late + (night if year.late else timedelta())
    for message in messages:
        for alert in message.alerts:
            bound = timedelta() if is_test(alert) else night if alert.copy_of else night + wait
            assert message.at - alert.created_at <= LIMITS.longest_grouping + lateness + bound


def nothing_but_a_test_is_sent_in_quiet_hours(year: Year, messages: list[Sent]) -> None:
    for message in messages:
        assert not year.is_quiet(message.at) or all(map(is_test, message.alerts))


def no_day_has_more_than_its_caps(year: Year, messages: list[Sent]) -> None:
    per_day, per_watch = year.caps
    days = Counter(year.day(message.at) for message in messages if message.counted)
    watches = Counter(
        (year.day(message.at), watch_id)
        for message in messages
        for watch_id in {alert.watch_id for alert in message.counted}
    )
    full = {message.at for message in messages if len(message.alerts) == MOST}
    digests = Counter(
        year.day(message.at)
        for message in messages
        if not message.counted and any(map(is_of_digest, message.alerts))
        if message.at - SOON - year.late not in full  # its rest is the same digest
    )
    assert max(days.values(), default=0) <= per_day
    assert max(watches.values(), default=0) <= per_watch
    # yesterday's may be moved to today's first midnight, and today's to the hour that comes twice
    assert all(count <= 1 + year.is_set_back(day) for day, count in digests.items())


def nothing_waits_without_a_reason(year: Year, messages: list[Sent]) -> None:
    """What was late was late for quiet hours, a digest, or a cap that was used up when it could have gone."""
    per_day, per_watch = year.caps
    for message in messages:
        for alert in message.alerts:
            could_go = alert.created_at + LIMITS.longest_grouping + year.late
            if message.at <= could_go or year.person.digest:
                continue
            if not is_of_digest(alert):
                assert any(year.is_quiet(at) for at in (alert.created_at + LIMITS.grouping, could_go))
                continue
            told = [
                earlier
                for earlier in messages
                if earlier.counted and earlier.at < message.at and message.at - earlier.at < 3 * DAY
            ]
            days = Counter(year.day(earlier.at) for earlier in told)
            about_it = Counter(
                year.day(earlier.at)
                for earlier in told
                if alert.watch_id in {one.watch_id for one in earlier.counted}
            )
            assert max(days.values(), default=0) >= per_day or max(about_it.values(), default=0) >= per_watch


def what_waited_for_the_night_goes_when_it_ends(year: Year, messages: list[Sent]) -> None:
    for message in messages:
        for alert in message.alerts:
            if alert.why == "quiet_hours" and alert.due_at:
                assert year.is_quiet(alert.due_at - SECOND)
                assert not year.is_quiet(alert.due_at)
                assert message.at - alert.due_at <= LIMITS.longest_grouping + year.late


def test_the_years_have_something_to_rule() -> None:
    """Keeps the test above honest: there are messages of every kind."""
    kinds = Counter[str]()

    @settings(max_examples=EXAMPLES)
    @given(years("Europe/London"))
    def look(year: Year) -> None:
        for message in year.delivered():
            kinds.update(["counted" if message.counted else "uncounted"])
            kinds.update(alert.why or "at once" for alert in message.alerts)

    look()
    assert min(kinds[kind] for kind in ("counted", "uncounted", "at once", *WHYS)) >= 100, kinds
