"""Dates of one's watches: when an event is, when tickets are sold, and whether it stands. Pure.

What a board knows of an event is what its seller announced last. The hour of an event is kept as a moment
on the venue's clock where that is known, its day as the venue's own; where no hour is announced, the day is
all there is. Nobody announces when an event ends, so nothing is said of that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from watchers.history import Facts
from watchers.language import say
from watchers.observation import EventStatus
from watchers.rows import Row
from watchers.target import Target
from watchers.watch import Watch

_OLDEST = timedelta(days=30)  # what is over for longer is left out


@dataclass(frozen=True, slots=True)
class Entry:
    """One date: a moment, or a whole day. ``id`` stays the same whatever moves."""

    id: str
    watch_id: str
    title: str
    starts: datetime | date
    is_cancelled: bool = False
    is_tentative: bool = False

    @property
    def day(self) -> date:
        """The day it is on, at the venue where its clock is known."""
        return self.starts.date() if isinstance(self.starts, datetime) else self.starts

    @property
    def ends(self) -> date | None:
        """Of a whole day, the next one, as calendars have it."""
        return None if isinstance(self.starts, datetime) else self.starts + timedelta(days=1)

    @property
    def fingerprint(self) -> str:
        """Changes when the date does (12 hex digits); not with its title, which is said in any language."""
        starts = self.starts.astimezone(UTC) if isinstance(self.starts, datetime) else self.starts
        said = (starts.isoformat(), self.is_cancelled, self.is_tentative)
        return sha256(repr(said).encode()).hexdigest()[:12]


def agenda(watches: Mapping[str, Watch], rows: Mapping[str, Row], now: datetime) -> list[Entry]:
    """All dates of these watches (by id), of events that several of them watch once each; oldest first."""
    found: dict[str, Entry] = {}
    for watch_id, watch in sorted(watches.items()):
        for entry in of_watch(watch_id, watch, rows):
            if entry.day >= (now - _OLDEST).date():
                found.setdefault(entry.id, entry)
    return sorted(found.values(), key=lambda entry: (entry.day, entry.id))


def of_watch(watch_id: str, watch: Watch, rows: Mapping[str, Row]) -> Iterator[Entry]:
    """The dates of one watch; a search has none of its own."""
    for target in watch.targets:
        row = rows.get(target.id)
        if target.item is not None and row is not None and row.history.facts is not None:
            yield from _entries(watch_id, watch.name, target, row.history.facts)


def _entries(watch_id: str, name: str, target: Target, facts: Facts) -> Iterator[Entry]:
    is_cancelled, is_tentative = (
        facts.status is status for status in (EventStatus.CANCELLED, EventStatus.POSTPONED)
    )
    if starts := facts.starts_at or facts.starts_on:
        yield Entry(f"event-{target.id}", watch_id, name, starts, is_cancelled, is_tentative)
    if facts.onsale_at:
        title = say("On sale: {name}", name=name)
        yield Entry(f"onsale-{target.id}", watch_id, title, facts.onsale_at, is_cancelled)
    for label, at in facts.presales:
        named = sha256(label.encode()).hexdigest()[:8]
        title = say("Presale {label}: {name}", label=label, name=name)
        yield Entry(f"presale-{named}-{target.id}", watch_id, title, at, is_cancelled)
