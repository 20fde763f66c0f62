"""What an event's seller announced between two looks, in words: dates, cancellations, presales. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime

from watchers.history import Facts
from watchers.observation import EventStatus

_STANDING = (EventStatus.CANCELLED, EventStatus.POSTPONED, EventStatus.RESCHEDULED)


def announced(old: Facts, new: Facts, at: datetime) -> Iterator[str]:
    """What became known between two sets of facts, in words. On and off sale are not announcements."""
    if new.status != old.status and new.status in _STANDING:
        yield str(new.status)
    elif new.status != old.status and old.status in (EventStatus.CANCELLED, EventStatus.POSTPONED):
        yield f"no longer {old.status}"
    if new.starts_on and old.starts_on and new.starts_on != old.starts_on:
        yield f"moved from {old.starts_on:%d %b %Y} to {new.starts_on:%d %b %Y}"
    elif new.starts_at and old.starts_at and new.starts_at != old.starts_at:
        yield "start time moved"
    if new.onsale_at and new.onsale_at != old.onsale_at and new.onsale_at > at:
        yield f"on sale {'moved to ' if old.onsale_at else ''}{_moment(new.onsale_at)}"
    for name, starts_at in new.presales:
        if (name, starts_at) not in old.presales and starts_at > at:
            yield f"presale {name} {_moment(starts_at)}"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b %H:%M} UTC"
