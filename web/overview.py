"""Everything the page of one's watches shows, reading nothing that is not shown.

A watch is its own copy and the worker's: two reads. What the worker said of it is read only where its copy
does not say the same: while it is paused, refused, being saved, or cannot be read.
"""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from notifiers import contacts, tallies
from watchers import jobs
from watchers.documents import Document
from watchers.errors import StoreUnavailableError
from watchers.jobs import Job, UnreadableJobError
from watchers.kinds import Channel
from watchers.models import Person
from watchers.target import Target
from watchers.watch import Watch
from web import alert_lines, cards, entry, feed, monitors, words
from web.cards import Known
from web.deliveries import Clock
from web.reach import Reach, reach
from web.site import site

log = logging.getLogger(__name__)

_NO_MESSAGE = {Channel.SMS: "text", Channel.EMAIL: "e-mail", Channel.PUSH: "push message"}
_GOES = {
    Channel.SMS: "by text",
    Channel.EMAIL: "by e-mail",
    Channel.PUSH: "by push message",
    Channel.APP: "to this page",
}


def overview(uid: str) -> dict[str, Any]:
    """The fields of ``home.html``."""
    sources = monitors.find_all(uid)
    known_person, tally = entry.document(), site().documents.get(tallies.path(uid))
    person = contacts.from_document(known_person) if known_person else Person(uid)
    zone, now = contacts.zone_of(person), site().now()
    known_jobs = _jobs(uid, sources)
    said = _said(uid, sources, known_jobs, now)
    watches = [watch for source in sources if (watch := monitors.read(source.fields))]
    plans = site().plans()
    rows = plans.rows(_targets(watches))
    shown = [
        cards.card(
            source,
            Known(said.get(source.id), known_jobs.get(source.id), rows, now, zone, plans.of),
        )
        for source in sources
    ]
    return {
        "cards": sorted(shown, key=lambda card: (card.name.casefold(), card.id)),
        **_alerts(uid, Clock(now, zone)),
        "unreachable": _unreachable(watches, person, reach(person, site().local_person)),
        "usage": _usage(person, tally, zone, now),
        "off": {name: why for name, why in site().providers.items() if why != "on"},
        "shop": words.shop,
        "is_operator": entry.is_operator(),
        "zone": f"{now.astimezone(zone):%Z}",
    }


def reach_of(uid: str) -> Reach | None:
    """Where this person is told; ``None`` while the database does not answer."""
    try:
        return reach(contacts.find(site().documents, uid), site().local_person)
    except StoreUnavailableError:
        return None


def _unreachable(watches: list[Watch], person: Person, where: Reach) -> list[str]:
    """Ways of telling that somebody counts on and that do not work, and what happens instead."""
    said = []
    for channel, message in _NO_MESSAGE.items():
        asking = [watch for watch in watches if channel in watch.notify]
        if asking and not contacts.is_reachable(person, channel):
            why = getattr(where, f"why_no_{channel}")
            instead = dict.fromkeys(chain.from_iterable(_instead(watch, person, channel) for watch in asking))
            ways = " or ".join(_GOES[way] for way in instead)
            said.append(f"No {message} can be sent to you: {why}. For now everything goes {ways} instead.")
    return said


def _instead(watch: Watch, person: Person, channel: Channel) -> list[Channel]:
    """Who else tells what this channel should: those that were asked for as well, or who takes over."""
    others = [other for other in watch.notify if other not in (channel, Channel.APP)]
    also: list[Channel] = [other for other in others if contacts.is_reachable(person, other)]
    return also or [contacts.successor(person, channel, ()) or Channel.APP]


def _usage(person: Person, tally: Document | None, zone: ZoneInfo, now: datetime) -> str:
    """What texts the person was sent this month; empty when there were none, or nobody can tell."""
    try:
        sent = tallies.from_document(person.uid, tally).at(now, zone).segments
    except ValueError:
        log.warning("tally.unreadable", extra={"person": person.uid})
        return ""
    most = site().limits.texts_of(person)
    return (
        f"{sent} of {most} text segments this month" if sent or person.segments_per_month is not None else ""
    )


def _jobs(uid: str, sources: Sequence[Document]) -> Mapping[str, Job]:
    """The worker's copies of these watches; one of the same id that is somebody else's is not among them."""
    found: dict[str, Job] = {}
    for document in site().documents.get_many([site().places.job(source.id) for source in sources]):
        try:
            if document and (job := jobs.read_job(document)).uid == uid:
                found[job.watch_id] = job
        except UnreadableJobError:
            log.warning("job.unreadable", extra={"watch": document.id if document else ""})
    return found


def _targets(watches: list[Watch]) -> list[Target]:
    """What these watches watch, of providers that we know: the boards hold nothing else."""
    return [target for watch in watches for target in watch.targets if target.provider in site().providers]


def _said(
    uid: str, sources: Sequence[Document], known_jobs: Mapping[str, Job], now: datetime
) -> Mapping[str, Mapping[str, Any]]:
    """What the worker has said of each watch, by its id; asked for only where its copy does not say it."""
    said: dict[str, Mapping[str, Any]] = {}
    for source in sources:
        job = known_jobs.get(source.id)
        if job and _is_accepted(job, source):
            said[source.id] = job.status_fields(now)
    unsaid = [site().places.status(uid, source.id) for source in sources if source.id not in said]
    found = site().documents.get_many(unsaid)
    return said | {document.id: document.fields for document in found if document}


def _is_accepted(job: Job, source: Document) -> bool:
    """Whether the worker watches what the source asks for: a copy that has targets was not refused since.

    Whoever refuses it takes its targets away in the same write.
    """
    return bool(job.targets) and job.deleted_at is None and job.source_updated_at >= source.updated_at


def _alerts(uid: str, clock: Clock) -> dict[str, Any]:
    """What was told lately, how much of it is new, and the ids by which that is called read."""
    found = feed.latest(uid)
    entries = alert_lines.entries(found.alerts, clock)
    return {
        "alerts": entries,
        "new_alerts": sum(part.is_new for entry in entries for part in entry.parts),
        "unread": [alert.id for alert in found.alerts if alert_lines.is_unread(alert)],
        "most": feed.MOST if found.is_cut else None,
    }
