"""Dates as an iCalendar file (RFC 5545). Pure.

A date keeps its UID for ever; each change of it raises SEQUENCE, so that calendars move what they have. A
cancelled event stays in it as cancelled.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from notifiers.words.phrases import one_line
from watchers.agenda import Entry
from watchers.language import say
from web.watch.subscriptions import Revision

if TYPE_CHECKING:
    from icalendar import Event

REFRESH = timedelta(hours=6)
_PRODUCT = "-//Ticket Scout//Calendar//EN"


def calendar(entries: Iterable[Entry], revisions: Mapping[str, Revision], public_url: str) -> bytes:
    """The file. ``revisions`` by the date's id; every date has one."""
    from icalendar import Calendar  # noqa: PLC0415 - slow to load, and no other page needs it

    whole = Calendar()
    whole.add("prodid", _PRODUCT)
    whole.add("version", "2.0")
    whole.add("method", "PUBLISH")
    whole.add("x-wr-calname", "Ticket Scout")
    whole.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    whole.add("x-published-ttl", "PT6H")
    for entry in entries:
        whole.add_component(_event(entry, revisions[entry.id], public_url))
    return bytes(whole.to_ical())


def _event(entry: Entry, revision: Revision, public_url: str) -> "Event":
    from icalendar import Event  # noqa: PLC0415

    address = f"{public_url.rstrip('/')}/watches/{entry.watch_id}"
    event = Event()
    for name, value in (
        ("uid", f"{entry.id}@ticket-scout"),
        ("dtstamp", revision.at),
        ("last-modified", revision.at),
        ("sequence", revision.sequence),
        ("summary", one_line(entry.title)),
        ("dtstart", entry.starts.astimezone(UTC) if isinstance(entry.starts, datetime) else entry.starts),
        ("status", _status(entry)),
        ("transp", "TRANSPARENT"),
        ("description", say("You watch this: {address}", address=address)),
        ("url", address),
    ):
        event.add(name, value)
    if entry.ends is not None:
        event.add("dtend", entry.ends)
    return event


def _status(entry: Entry) -> str:
    if entry.is_cancelled:
        return "CANCELLED"
    return "TENTATIVE" if entry.is_tentative else "CONFIRMED"
