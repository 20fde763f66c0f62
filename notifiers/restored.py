"""What a database that was put back must not believe of itself: that nothing was sent since it was copied.

Whoever ran on after the backup may have sent what waits in it. So every alert that was due is taken for one
whose sender vanished: a text is looked for in Twilio's list and, if it is not there, told by e-mail, never
texted again; an e-mail goes out again under the same Message-ID. No alert that lies in the backup is lost, or
texted twice. What was decided only after the backup, the next runs decide anew: of that, nothing here knows.

Where the database that was replaced can still be read, it says what happened since. What was held until
later, and went out early, is doubted as well. What people forbade is forbidden again (``carry``): who was
erased, also if they came back, is erased; who stopped texts has stopped them; who signed out everywhere
is signed out. What leaves no mark behind cannot be told from what was lost: a contact, a key or a watch
that was deleted since is there again.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from notifiers import contacts, outbox
from notifiers.base import GUARANTEES, Guarantee
from notifiers.personal import erasure, returning
from watchers import alerts
from watchers.documents import Document, Documents, Query, Update
from watchers.models import Alert, AlertState

_MOST = 1_000_000  # alerts that are due
_AT_ONCE = 200  # of them in one commit
_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_STOPPED = ("opted_out_at", "opted_out_at_vendor")
_EVER_AFTER = datetime(9999, 1, 1, tzinfo=UTC)


def doubt(documents: Documents, now: datetime, replaced: Documents | None = None) -> int:
    """Take what must not go out twice for perhaps sent; how many. Twice is harmless.

    That is what is due, and what is held until later and was let go since, as ``replaced`` has it.
    """
    found = outbox.readable(alerts.due(documents, _EVER_AFTER, _MOST))
    open_ones = [alert for alert in found if _must_not_go_twice(alert)]
    leads = [alert for alert in open_ones if alert.due_at and alert.due_at <= now]
    if replaced:
        leads += _let_go(replaced, [alert for alert in open_ones if alert.due_at and alert.due_at > now])
    for first in range(0, len(leads), _AT_ONCE):
        bundles = [outbox.bundle(documents, lead) for lead in leads[first : first + _AT_ONCE]]
        outbox.commit(documents, [[outbox.doubted(held, now)] for held in bundles])
    return len(leads)


def _must_not_go_twice(alert: Alert) -> bool:
    is_once = GUARANTEES[alert.channel] is Guarantee.AT_MOST_ONCE
    return is_once and alert.state in outbox.OPEN and alert.rides_with is None


def _let_go(replaced: Documents, held: Sequence[Alert]) -> Iterator[Alert]:
    """Those of them that are no longer held where everything ran until now."""
    for first in range(0, len(held), _AT_ONCE):
        some = held[first : first + _AT_ONCE]
        known = replaced.get_many([alerts.path(alert.id) for alert in some])
        for alert, document in zip(some, known, strict=True):
            if document and document.fields.get("state") != AlertState.HELD:
                yield alert


def carry(replaced: Documents, documents: Documents, now: datetime) -> tuple[int, int]:
    """Forbid again what was forbidden since the backup: how many are erased, and stopped."""
    erased = sum(_erase_again(one, documents, now) for one in replaced.find(Query(returning.COLLECTION)))
    stopped = replaced.find(Query(contacts.COLLECTION, ("opted_out_at",), ">=", _EVER))
    signed_out = replaced.find(Query(contacts.COLLECTION, ("sessions_since",), ">=", _EVER))
    for person in signed_out:
        _sign_out_again(person, documents)
    return erased, sum(_stop_again(person, documents) for person in stopped)


def _erase_again(standing: Document, documents: Documents, now: datetime) -> bool:
    """As of then, so that it is the same erasure; whether there was anybody to erase."""
    known, noted = documents.get_many([contacts.path(standing.id), standing.path])
    is_the_same = noted is not None and noted.fields["mark"] == standing.fields["mark"]
    if is_the_same or erasure.is_erased(known):
        return False
    begun_at: datetime = standing.fields["begun_at"]
    erasure.begin(documents, standing.id, now, begun_at=begun_at)  # the worker goes on from there
    return True


def _sign_out_again(person: Document, documents: Documents) -> None:
    known, since = documents.get(person.path), person.fields["sessions_since"]
    if known and (known.fields.get("sessions_since") or _EVER) < since:
        documents.commit(Update(known.path, {"sessions_since": since}, known.version))


def _stop_again(person: Document, documents: Documents) -> bool:
    known = documents.get(person.path)
    if known is None or known.fields.get("phone") != person.fields.get("phone"):
        return False
    if known.fields.get("opted_out_at") is not None:
        return False
    documents.commit(Update(known.path, {name: person.fields.get(name) for name in _STOPPED}, known.version))
    return True
