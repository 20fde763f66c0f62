"""What a database that was put back must not believe of itself: that nothing was sent since it was copied.

Whoever ran on after the backup may have sent what waits in it. So every alert that was due is taken for one
whose sender vanished: a text is looked for in Twilio's list and, if it is not there, told by e-mail, never
texted again; an e-mail goes out again under the same Message-ID. Nothing is lost, and no text doubled.
What was decided only after the backup, the next runs decide anew: of that, nothing here knows.

Where the database that was replaced can still be read, what people forbade since the backup is taken from it
(``carry``): who was erased is erased again, who stopped texts has stopped them.
"""

from datetime import UTC, datetime

from notifiers import contacts, outbox
from notifiers.base import GUARANTEES, Guarantee
from notifiers.personal import erasure, returning
from watchers import alerts
from watchers.documents import Document, Documents, Query, Update
from watchers.models import Alert

_MOST = 1_000_000  # alerts that are due
_AT_ONCE = 200  # of them in one commit
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_STOPPED = ("opted_out_at", "opted_out_at_vendor")


def doubt(documents: Documents, now: datetime) -> int:
    """Take what is due and must not go out twice for perhaps sent; how many. Twice is harmless."""
    found = outbox.readable(alerts.due(documents, now, _MOST))
    leads = [alert for alert in found if _is_in_doubt(alert)]
    for first in range(0, len(leads), _AT_ONCE):
        bundles = [outbox.bundle(documents, lead) for lead in leads[first : first + _AT_ONCE]]
        outbox.commit(documents, [[outbox.doubted(held, now)] for held in bundles])
    return len(leads)


def _is_in_doubt(alert: Alert) -> bool:
    is_once = GUARANTEES[alert.channel] is Guarantee.AT_MOST_ONCE
    return is_once and alert.state in outbox.OPEN and alert.rides_with is None


def carry(replaced: Documents, documents: Documents, now: datetime) -> tuple[int, int]:
    """Forbid again what was forbidden since the backup: how many are erased, and stopped."""
    erased = [one.id for one in replaced.find(Query(returning.COLLECTION)) if _is_gone(replaced, one.id)]
    again = [uid for uid in erased if not _is_gone(documents, uid)]
    for uid in again:
        erasure.begin(documents, uid, now)  # the worker goes on from there
    stopped = replaced.find(Query(contacts.COLLECTION, ("opted_out_at",), ">=", _EVER))
    return len(again), sum(_stop_again(person, documents) for person in stopped)


def _is_gone(documents: Documents, uid: str) -> bool:
    return erasure.is_erased(documents.get(contacts.path(uid)))


def _stop_again(person: Document, documents: Documents) -> bool:
    known = documents.get(person.path)
    if known is None or known.fields.get("phone") != person.fields.get("phone"):
        return False
    if known.fields.get("opted_out_at") is not None:
        return False
    documents.commit(Update(known.path, {name: person.fields.get(name) for name in _STOPPED}, known.version))
    return True
