"""Dates of one's watches: when an event is, when its tickets are sold, and whether it stands. Pure.

What a board knows of an event is what its seller announced last. The hour of an event is kept as a moment, its
day as the venue's own; where no hour is announced, the day is all there is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from watchers.history import Facts
from watchers.language import say
from watchers.observation import EventStatus
from watchers.rows import Row
from watchers.target import Target
from watchers.watch import Watch

LASTS = timedelta(hours=3)  # an event whose end nobody announces
SALE_LASTS = timedelta(minutes=30)
_OLDEST = timedelta(days=30)  # what is over for longer is left out


@dataclass(frozen=True, slots=True)
class Entry:
    """One date. ``id`` stays the same whatever moves; ``ends`` is exclusive, as calendars have it."""

    id: str
    watch_id: str
    title: str
    starts: datetime | date
    ends: datetime | date
    is_cancelled: bool = False
    is_tentative: bool = False

    @property
    def fingerprint(self) -> str:
        """Changes when anything a calendar shows changes (12 hex digits)."""
        said = (self.title, self.starts.isoformat(), self.ends.isoformat(), self.is_cancelled, self.is_tentative)
        return sha256(repr(said).encode()).hexdigest()[:12]


def agenda(watches: Mapping[str, Watch], rows: Mapping[str, Row], now: datetime) -> list[Entry]:
    """All dates of these watches (by id), of events that several of them watch once each; oldest first."""
    found: dict[str, Entry] = {}
    for watch_id, watch in sorted(watches.items()):
        for entry in of_watch(watch_id, watch, rows):
            if _day(entry.ends) >= (now - _OLDEST).date():
                found.setdefault(entry.id, entry)
    return sorted(found.values(), key=lambda entry: (_day(entry.starts), entry.id))


def of_watch(watch_id: str, watch: Watch, rows: Mapping[str, Row]) -> Iterator[Entry]:
    """The dates of one watch."""
    for target in watch.targets:
        row = rows.get(target.id)
        if target.item is not None and row is not None and row.history.facts is not None:
            yield from _entries(watch_id, watch.name, target, row.history.facts)


def _entries(watch_id: str, name: str, target: Target, facts: Facts) -> Iterator[Entry]:
    is_cancelled = facts.status is EventStatus.CANCELLED
    if (spans := _spans(facts)) is not None:
        yield Entry(
            f"event-{target.id}", watch_id, name, *spans,
            is_cancelled=is_cancelled, is_tentative=facts.status is EventStatus.POSTPONED,
        )  # fmt: skip
    if facts.onsale_at:
        title = say("On sale: {name}", name=name)
        yield _sale(f"onsale-{target.id}", watch_id, title, facts.onsale_at, is_cancelled=is_cancelled)
    for label, at in facts.presales:
        title = say("Presale {label}: {name}", label=label, name=name)
        named = sha256(label.encode()).hexdigest()[:8]
        yield _sale(f"presale-{named}-{target.id}", watch_id, title, at, is_cancelled=is_cancelled)


def _spans(facts: Facts) -> tuple[datetime | date, datetime | date] | None:
    if facts.starts_at:
        return facts.starts_at, facts.starts_at + LASTS
    return (facts.starts_on, facts.starts_on + timedelta(days=1)) if facts.starts_on else None


def _sale(id: str, watch_id: str, title: str, at: datetime, *, is_cancelled: bool) -> Entry:  # noqa: A002
    return Entry(id, watch_id, title, at, at + SALE_LASTS, is_cancelled=is_cancelled)


def _day(at: datetime | date) -> date:
    return at.date() if isinstance(at, datetime) else at


