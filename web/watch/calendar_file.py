"""Dates as an iCalendar file (RFC 5545). Pure.

An entry keeps its UID for ever; each change of it raises SEQUENCE, so that calendars move what they have. A
cancelled event stays in it as cancelled.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifiers.words.phrases import one_line
from watchers.agenda import Entry
from watchers.language import say

REFRESH = timedelta(hours=6)
_PRODUCT = "-//Ticket Scout//Calendar//EN"


@dataclass(frozen=True, slots=True)
class Revision:
    """Which version of an entry this is, and since when."""

    sequence: int
    at: datetime


def calendar(
    entries: Iterable[Entry], revisions: Mapping[str, Revision], public_url: str, *, name: str = "Ticket Scout"
) -> bytes:
    """The file. ``revisions`` by the entry's id; every entry has one."""
    from icalendar import Calendar  # noqa: PLC0415 - slow to load, and no other page needs it

    whole = Calendar()
    whole.add("prodid", _PRODUCT)
    whole.add("version", "2.0")
    whole.add("method", "PUBLISH")
    whole.add("x-wr-calname", name)
    whole.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    whole.add("x-published-ttl", "PT6H")
    for entry in entries:
        whole.add_component(_event(entry, revisions[entry.id], public_url))
    return whole.to_ical()


def _event(entry: Entry, revision: Revision, public_url: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    from icalendar import Event  # noqa: PLC0415

    event = Event()
    address = f"{public_url.rstrip('/')}/watches/{entry.watch_id}"
    event.add("uid", f"{entry.id}@ticket-scout")
    event.add("dtstamp", revision.at)
    event.add("last-modified", revision.at)
    event.add("sequence", revision.sequence)
    event.add("summary", one_line(entry.title))
    event.add("dtstart", entry.starts)
    event.add("dtend", entry.ends)
    event.add("status", "CANCELLED" if entry.is_cancelled else "TENTATIVE" if entry.is_tentative else "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("description", say("You watch this: {address}", address=address))
    event.add("url", address)
    return event
