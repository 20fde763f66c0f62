"""Everything the page of one's watches shows, in as few reads as there are kinds of documents."""

import logging
from collections.abc import Mapping
from itertools import chain
from typing import Any

from notifiers import contacts
from watchers import alerts as outbox_alerts
from watchers import board, jobs
from watchers.documents import Document, Query
from watchers.errors import StoreUnavailableError
from watchers.jobs import Job, UnreadableJobError
from watchers.models import Alert
from watchers.rows import Row
from watchers.watch import Channel, Watch
from web import alert_lines, cards, monitors, words
from web.cards import Known
from web.reach import Reach, reach
from web.site import site

log = logging.getLogger(__name__)

_SHARD = "0"
_MAX_ALERTS = 500  # of one person; there is no index by person and time yet


def overview(uid: str) -> dict[str, Any]:
    """The fields of ``home.html``."""
    sources = monitors.find_all(uid)
    person = contacts.find(site().documents, uid)
    zone, now = words.zone_of(person), site().now()
    statuses, known_jobs = _statuses(uid), _jobs(uid)
    watches = [watch for source in sources if (watch := monitors.read(source.fields))]
    rows = _rows(watches)
    shown = [
        cards.card(source, Known(statuses.get(source.id), known_jobs.get(source.id), rows, now, zone))
        for source in sources
    ]
    return {
        "cards": sorted(shown, key=lambda card: (card.name.casefold(), card.id)),
        "alerts": alert_lines.lines(_alerts(uid), zone),
        "unreachable": _unreachable(watches, reach(person, site().local_person)),
        "off": {name: why for name, why in site().providers.items() if why != "on"},
        "shop": words.shop,
        "zone": f"{now.astimezone(zone):%Z}",
    }


def reach_of(uid: str) -> Reach | None:
    """Where this person is told; ``None`` while the database does not answer."""
    try:
        return reach(contacts.find(site().documents, uid), site().local_person)
    except StoreUnavailableError:
        return None


def _unreachable(watches: list[Watch], where: Reach) -> list[str]:
    """Ways of telling that somebody counts on and that do not work."""
    wanted = set(chain.from_iterable(watch.notify for watch in watches))
    said = []
    if Channel.SMS in wanted and not where.sms:
        instead = "everything goes by e-mail instead" if where.email else "nothing can reach you"
        said.append(f"No text can be sent to you: {where.why_no_sms}. For now {instead}.")
    if Channel.EMAIL in wanted and not where.email:
        said.append(f"No e-mail can be sent to you: {where.why_no_email}.")
    return said


def _statuses(uid: str) -> Mapping[str, Document]:
    collection = site().places.status(uid, "any").rpartition("/")[0]
    found = site().documents.find(Query(collection, limit=4 * monitors.MAX_WATCHES))
    return {document.id: document for document in found}


def _jobs(uid: str) -> Mapping[str, Job]:
    """This person's jobs; a job of the same id that is somebody else's is not among them."""
    collection = site().places.worker_collection
    found: dict[str, Job] = {}
    for document in site().documents.find(Query(collection, ("uid",), "==", uid)):
        try:
            found[document.id] = jobs.read_job(document)
        except UnreadableJobError:
            log.warning("job.unreadable", extra={"watch": document.id})
    return found


def _rows(watches: list[Watch]) -> Mapping[str, Row]:
    """What the boards know about the targets of these watches: one peek a provider."""
    providers = {target.provider for watch in watches for target in watch.targets}
    found: dict[str, Row] = {}
    for provider in sorted(providers & set(site().providers)):
        found |= board.peek(site().documents, f"{provider}-{_SHARD}").rows
    return found


def _alerts(uid: str) -> list[Alert]:
    found = []
    for document in site().documents.find(
        Query(outbox_alerts.COLLECTION, ("uid",), "==", uid, limit=_MAX_ALERTS)
    ):
        try:
            found.append(outbox_alerts.from_document(document))
        except (KeyError, TypeError, ValueError):
            log.warning("alert.unreadable", extra={"alert": document.id})
    return found
