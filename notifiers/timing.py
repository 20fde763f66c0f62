"""When a person may be told: quiet hours, digests, caps, and alerts that go out together. Pure.

It never drops anything: what may not go now is held until a moment at which it will go. In this order:

    a test, a code             goes, whatever the time
    quiet hours                hold everything until they end
    a copy on another channel  goes: it stands in for what was counted already
    what was tried before      goes: it was counted then
    what waited for a digest   goes, in that digest, and is neither counted nor held for one again
    a person with a digest     gets all the rest in the next one
    caps                       hold the rest for the next digest, a day at most and the quiet hours after it

All that goes now goes in one message: it counts once for the day, and once for each watch in it. Hours and
days are those on the person's own wall clock, also where it is set forward or back.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifiers.contacts import zone_of
from notifiers.limits import Limits
from notifiers.tallies import Tally
from watchers.models import Alert, AlertState, Every, News, Person, QuietHours

QUIET, CAP, DIGEST, FULL = "quiet_hours", "cap", "digest", "full"
MOST = 100  # alerts in one message
SOON = timedelta(minutes=1)  # when the rest of a full message goes
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hold:
    """An alert that must wait, until when (aware UTC), and why.

    ``why`` is ``quiet_hours``, ``cap``, ``digest``, or ``full`` when the message had no room. An alert of a
    digest keeps its ``cap`` or ``digest`` whatever it waits for now: it is never put off to another digest.
    """

    alert: Alert
    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes now, in one message and in this order; what waits; and the tally once it is sent."""

    send: tuple[Alert, ...]
    hold: tuple[Hold, ...]
    tally: Tally


def plan(person: Person, alerts: Sequence[Alert], tally: Tally, limits: Limits, now: datetime) -> Plan:
    """Which of these may go now: alerts of one person on one channel that nobody has claimed.

    They are due, or new and come along with one that is; what is held keeps waiting for its own time.
    """
    zone = zone_of(person)
    today = tally.at(now, zone)
    quiet = quiet_until(person.quiet_hours, zone, now)
    held = {alert.id: _hold(alert, person, today, limits, quiet, now) for alert in alerts}
    going = sorted((alert for alert in alerts if not held[alert.id]), key=lambda one: _turn(one, zone, now))
    send = tuple(going[:MOST])
    rest = (Hold(alert, now + SOON, _keeping(alert, FULL)) for alert in going[MOST:])
    counted = [alert for alert in send if not _is_exempt(alert)]
    return Plan(
        send,
        (*filter(None, held.values()), *rest),
        today.counting(counted[0].channel, {alert.watch_id for alert in counted}) if counted else tally,
    )


def ready_at(alerts: Sequence[Alert], limits: Limits) -> datetime:
    """When a group of one person's open alerts may go.

    When the last of them is due, but the first waits no longer than ``limits.longest_grouping``, and none
    goes before the first is due.
    """
    due = [alert.due_at or alert.created_at for alert in alerts]
    longest = min(alert.created_at for alert in alerts) + limits.longest_grouping
    return max(min(due), min(longest, max(due)))


def quiet_until(hours: QuietHours | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The first instant (aware UTC) at which the wall clock is outside the hours; ``None`` when it is now.

    Hours that begin when they end are none.
    """
    until = now
    while hours and _is_quiet(hours, _wall(until, zone)):
        until = _end_or_jump(hours, zone, until)
    return None if until == now else until


def next_digest(person: Person, now: datetime) -> datetime:
    """When the next digest goes (aware UTC): after ``now``, and not in quiet hours but at their end.

    Daily for a person who asked for no digest. A moment that the clock skips is as long after midnight as
    it would have been; of one that comes twice the first counts.
    """
    zone = zone_of(person)
    today = now.astimezone(zone).date()
    days = (today + ahead * _DAY for ahead in range(-2, 9))  # one may have been moved to a later day
    if person.digest is Every.WEEKLY:
        days = (day for day in days if day.weekday() == 0)
    moments = (datetime.combine(day, person.digest_at, zone).astimezone(UTC) for day in days)
    moved = (quiet_until(person.quiet_hours, zone, moment) or moment for moment in moments)
    return min(moment for moment in moved if moment > now)


def _hold(
    alert: Alert, person: Person, today: Tally, limits: Limits, quiet: datetime | None, now: datetime
) -> Hold | None:
    if alert.news.reason.is_awaited:
        return None
    if alert.state is AlertState.HELD and alert.due_at and alert.due_at > now:
        return Hold(alert, alert.due_at, alert.why or QUIET)  # found early, with others
    if person.digest and not _is_exempt(alert):
        return Hold(alert, next_digest(person, now), DIGEST)  # never before quiet hours end
    if quiet:
        return Hold(alert, quiet, _keeping(alert, QUIET))
    if not _is_exempt(alert) and _is_capped(alert, person, today, limits):
        return Hold(alert, next_digest(person, now), CAP)
    return None


def _is_exempt(alert: Alert) -> bool:
    """Whether neither caps nor a digest concern it."""
    exempt = alert.news.reason.is_awaited or alert.copy_of is not None or alert.attempts > 0
    return exempt or _is_of_digest(alert)


def _is_of_digest(alert: Alert) -> bool:
    return alert.state is AlertState.HELD and alert.why in {CAP, DIGEST}


def _keeping(alert: Alert, why: str) -> str:
    return alert.why if alert.why and _is_of_digest(alert) else why


def _is_capped(alert: Alert, person: Person, today: Tally, limits: Limits) -> bool:
    per_day = limits.per_day if person.per_day is None else person.per_day
    per_watch = limits.per_watch if person.per_watch is None else person.per_watch
    return today.count(alert.channel) >= per_day or today.count(alert.channel, alert.watch_id) >= per_watch


def _turn(alert: Alert, zone: ZoneInfo, now: datetime) -> tuple[bool, timedelta, datetime, str]:
    """What is waited for first, then the nearest event, then the oldest news."""
    is_awaited = alert.news.reason.is_awaited
    return not is_awaited, _away(alert.news, zone, now), alert.created_at, alert.id


def _away(news: News, zone: ZoneInfo, now: datetime) -> timedelta:
    """How far off the event is: last are those that are over, or on no known day."""
    on = news.starts_on and datetime.combine(news.starts_on, time.max, zone)  # at some hour of that day
    starts = news.starts_at or on
    return starts - now if starts and starts >= now else timedelta.max


def _is_quiet(hours: QuietHours, wall: datetime) -> bool:
    start, end, clock = _naive(hours.start), _naive(hours.end), wall.time()
    return start <= clock < end if start <= end else not end <= clock < start


def _naive(clock: time) -> time:
    return clock.replace(tzinfo=None)  # a wall clock shows no zone, whatever was stored


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def _end_or_jump(hours: QuietHours, zone: ZoneInfo, at: datetime) -> datetime:
    """The next instant that can end the hours: the clock shows their end, or is set forward or back."""
    wall = _wall(at, zone)
    end = datetime.combine(wall, _naive(hours.end))
    ends_at, offset = at + (end - wall) % _DAY, at.astimezone(zone).utcoffset()
    seconds = range(int(at.timestamp()) + 1, int(ends_at.timestamp()) + 1)  # a clock is set on the second
    jump = bisect_left(
        seconds, True, key=lambda second: datetime.fromtimestamp(second, zone).utcoffset() != offset
    )
    return datetime.fromtimestamp(seconds[jump], UTC) if jump < len(seconds) else ends_at
