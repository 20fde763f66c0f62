"""When: local dates and hours, also where one market writes UTC or leaves the hour open.

An hour of 00:00, 03:30 or 23:59 is what markets write when they do not know it. A time in UTC is read in the
venue's zone, which the other entry, the state or the country tells.
"""

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec

from watchers.events import Event
from watchers.matching import known
from watchers.matching.finding import Finding, never
from watchers.providers import shapes

_PLACEHOLDERS = frozenset({time(0, 0), time(0, 1), time(3, 30), time(23, 59)})
_UTC = frozenset({"UTC", "Etc/UTC", "GMT", "Z", "Etc/GMT", "Zulu", "Etc/Zulu", "UCT", "Universal"})
EXACT, DOORS = timedelta(minutes=10), timedelta(minutes=75)
_CLOSE, _HOUR = timedelta(minutes=30), timedelta(minutes=60)


class Start(msgspec.Struct, frozen=True):
    """A start as read in the venue's zone; ``None`` for what is not known."""

    at: datetime | None = None
    day: str | None = None
    from_utc: bool = False


def same_start(a: Event, b: Event, *, several_a_day: bool, by_the_minute: bool) -> Finding:
    """Ruled out on different local days, or when too far apart on one.

    ``several_a_day``: plays, comedians and others who may be seen twice a day. ``by_the_minute``: admission
    at fixed minutes, each an event of its own.
    """
    one, other = read(a, b), read(b, a)
    if one.day is None or other.day is None:
        return Finding(0.1, f"{_who(one.day, other.day)} no date")
    assumed = _reads_as_utc(a, one, other) or _reads_as_utc(b, other, one)
    if assumed:
        return assumed
    if one.day != other.day:
        return never(f"another day: {one.day} and {other.day}")
    if one.at is None or other.at is None:
        unsaid = f"the same day, {one.day}; {_who(one.at, other.at)} no hour"
        return Finding(0.3 if several_a_day or by_the_minute else 0.8, unsaid)
    return _hours(one, other, several_a_day=several_a_day, by_the_minute=by_the_minute)


def _hours(one: Start, other: Start, *, several_a_day: bool, by_the_minute: bool) -> Finding:
    assert one.at is not None  # noqa: S101 - for the types
    assert other.at is not None  # noqa: S101 - for the types
    apart = abs(one.at - other.at)
    longest = EXACT if by_the_minute else _CLOSE if several_a_day else DOORS
    in_utc = " (one is in UTC)" if one.from_utc != other.from_utc else ""
    if not apart:
        return Finding(1.0, f"the same local start: {one.at:%Y-%m-%d %H:%M}{in_utc}")
    said = f"{_spoken(apart)} apart on {one.day}{in_utc}"
    if apart > longest:
        return never(f"starts {said}: another show, slot or game of the day")
    strength = 1.0 if apart <= EXACT else 0.93 if apart <= _CLOSE else 0.85 if apart <= _HOUR else 0.75
    return Finding(strength, f"starts {said}, as doors and show are")


def read(event: Event, other: Event) -> Start:
    """The start of ``event`` on the venue's clock."""
    if event.date is None:
        return Start()
    if event.time is None or (event.timezone not in _UTC and event.time in _PLACEHOLDERS):
        return Start(day=event.date.isoformat())
    at = datetime.combine(event.date, event.time.replace(tzinfo=None))
    if event.timezone not in _UTC:
        return Start(at, at.date().isoformat())
    zone = _zone(zone_of(event) or zone_of(other))
    if zone is None:
        return Start(at, at.date().isoformat(), from_utc=True)
    try:
        local = at.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError:  # the first or the last day of the calendar
        local = at
    return Start(local, local.date().isoformat(), from_utc=True)


def zone_of(event: Event) -> str | None:
    """The zone of the venue's own clock, as the market says it or as its place tells it."""
    if event.timezone and event.timezone not in _UTC:
        return event.timezone
    return known.zone(event.state, event.country)


def _reads_as_utc(event: Event, one: Start, other: Start) -> Finding | None:
    """An hour without a zone, several hours off, that is the other's to the minute when it is UTC."""
    if event.timezone is not None or one.at is None or other.at is None or one.at == other.at:
        return None
    zone = _zone(zone_of(event))
    if zone is None or abs(one.at - other.at) < timedelta(hours=2):
        return None
    try:
        local = one.at.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return None
    if local != other.at or one.at.date() == local.date():
        return None
    return Finding(0.8, f"the same start if one of them is in UTC: {local:%Y-%m-%d %H:%M}")


@lru_cache(maxsize=256)
def _zone(name: str | None) -> ZoneInfo | None:
    return shapes.zone(name)


def _who(one: object, other: object) -> str:
    if one is None and other is None:
        return "both have"
    return "A has" if one is None else "B has"


def _spoken(apart: timedelta) -> str:
    minutes = round(apart.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))
