"""What tests of time are built from: alerts of one person, clocks that are set forward and back, hours."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from notifiers.limits import Limits
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, News, QuietHours, Reason

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)  # a Monday
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
NIGHT = QuietHours(time(22), time(7))
LIMITS = Limits()

# Each with a year in which its clock did something: Lord Howe moves by half an hour, Sao Paulo at midnight,
# Casablanca goes back for Ramadan, Apia skipped a whole day, Kathmandu never moves and is 5:45 off.
CLOCKS = {
    "America/New_York": 2026,
    "Europe/London": 2026,
    "Australia/Lord_Howe": 2026,
    "America/Sao_Paulo": 2018,
    "Africa/Casablanca": 2026,
    "Asia/Kathmandu": 2026,
    "Pacific/Apia": 2011,
    "America/Santiago": 2026,
    "Asia/Tehran": 2021,
}


def an_alert(name: str = "a", watch_id: str = "w1", **changes: Any) -> Alert:
    """A new alert that is due at noon; ``reason``, ``starts_at`` and ``starts_on`` are its news'."""
    about: dict[str, Any] = {"reason": Reason.BELOW_LIMIT, "watch_name": watch_id, "provider": "p"}
    about |= {key: changes.pop(key) for key in ("reason", "starts_at", "starts_on") if key in changes}
    news = News(**about)
    made = Alert(name, "u1", watch_id, Channel.SMS, "K7Q2K7Q2", news, created_at=NOON, due_at=NOON)
    return replace(made, **changes)


def held(why: str, name: str = "a", **changes: Any) -> Alert:
    """An alert that was held for this reason, and is due at noon."""
    return an_alert(name, **{"state": AlertState.HELD, "why": why, "created_at": NOON - DAY, **changes})


def is_quiet(hours: QuietHours | None, at: datetime, zone: ZoneInfo) -> bool:
    """The definition, by counting from the start of the hours; the product compares."""
    if hours is None:
        return False
    clock = _since_midnight(at.astimezone(zone).time())
    start, end = _since_midnight(hours.start), _since_midnight(hours.end)
    return (clock - start) % DAY < (end - start) % DAY


def length(hours: QuietHours | None) -> timedelta:
    """How long they last on a day without a change of the clock."""
    if hours is None:
        return timedelta()
    return (_since_midnight(hours.end) - _since_midnight(hours.start)) % DAY


def longest(hours: QuietHours | None) -> timedelta:
    """How long they can last where the clock is set: back by an hour, or past all of a short waking day."""
    awake = DAY - length(hours)
    return length(hours) + (HOUR + (DAY if awake <= HOUR else timedelta()) if length(hours) else timedelta())


def _since_midnight(clock: time) -> timedelta:
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)


@cache
def changes(zone: ZoneInfo, year: int) -> tuple[datetime, ...]:
    """When the clock was set that year, to the minute."""
    first, found = datetime(year, 1, 1, tzinfo=UTC), []
    for minute in range(0, 366 * 24 * 60, 30):
        before, after = (first + timedelta(minutes=minute + more) for more in (0, 30))
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            found.append(after)
    return tuple(found)


def clock_times() -> st.SearchStrategy[time]:
    """Times of day that people choose, more often at night, where clocks are set."""
    at_night = st.sampled_from([time(hour, minute) for hour in (22, 23, 0, 1, 2, 3, 4) for minute in (0, 30)])
    return at_night | st.builds(time, st.integers(0, 23), st.integers(0, 59))


def quiet_hours() -> st.SearchStrategy[QuietHours]:
    """Any hours, also those that begin when they end."""
    return st.builds(QuietHours, clock_times(), clock_times())


def moments(zone: ZoneInfo, year: int) -> st.SearchStrategy[datetime]:
    """Moments of that year, to the second, more often near a change of the clock."""
    first = datetime(year, 1, 1, tzinfo=UTC)
    anywhere = st.integers(0, 365 * 24 * 3600 - 1).map(lambda seconds: first + timedelta(seconds=seconds))
    if not (set_at := changes(zone, year)):
        return anywhere
    near = st.tuples(st.sampled_from(set_at), st.integers(-36 * 3600, 12 * 3600))
    return anywhere | near.map(lambda drawn: drawn[0] + timedelta(seconds=drawn[1]))
