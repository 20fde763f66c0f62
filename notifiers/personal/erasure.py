"""Everything about a person is deleted: at once from use, then from the database, whatever line we die on.

::

    begin     one commit       erasures/{uid} says what is to be done; people/{uid} holds nothing any more but
              (compare-and-    that: no number, no address, so nothing can be sent; every session is over
              set)             receipts/{id} keeps what must be kept
    delete    until a whole    their watches; the worker's copies (emptied first, so that whoever still writes
              round finds      to one is refused); alerts, and with them what waits or is just being sent: its
              nothing          outcome is then written nowhere, and nothing follows from it
    again     after a while    what was under way before has written by then
    let go    once the boards  the emptied copies
              have heard
    end       after ``KEPT``   erasures/{uid} and what is left of people/{uid}: no session is so old, and no
                               backup, of which whoever restores it erases them again

Every step may be run twice, at once with itself, and again after a crash: it deletes what it finds. ``begin``
is the point of no return; whoever runs ``resume`` next, the worker or anybody, goes on from there.

Somebody who signs in anew, or is added anew, is somebody new (``is_erased``), as soon as everything is
deleted (``returning``). Until then what a device still writes under the old id is deleted as well, as soon as
the trigger hears of it.
"""

import hashlib
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from notifiers import contacts, proofs
from notifiers.personal import receipts
from notifiers.personal.returning import COLLECTION, path
from notifiers.personal.whereabouts import AT_ONCE, Holding, found, holdings, of_jobs
from watchers import board, homes, jobs
from watchers.documents import Create, Delete, Document, Documents, Query, Update, Write
from watchers.errors import ConflictError, StoreError, StoreUnavailableError
from watchers.places import Places
from watchers.shards import home_of, provider_of

log = logging.getLogger(__name__)

KEPT = timedelta(days=100)  # a session lasts 30 days, a backup 98 at the most
AGAIN_AFTER = timedelta(minutes=10)  # a function that was called before runs for at most 9
_LATE = timedelta(hours=1)
_ATTEMPTS = 8
_ROUNDS = 500  # of up to 200 documents of each kind
_AT_A_TIME = 20  # erasures in one run
_PROOFS = 100  # of one address; they end after a day
_NEVER, _FOREVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_CONTACTS = ("phone", "email", "push_url")


def is_erased(person: Document | None) -> bool:
    """Whether nothing is to be kept under this id: it was erased, and nobody has signed in anew since."""
    fields = person.fields if person else {}
    return fields.get("erased_at") is not None and not any(fields.get(name) for name in _CONTACTS)


def welcome_back(documents: Documents, person: Document) -> None:
    """They have signed in anew after they were erased: what is kept from now on is theirs. Best effort."""
    if person.fields.get("erased_at") is not None:
        with suppress(ConflictError):
            documents.commit(Update(person.path, {"erased_at": None}, person.version))


def is_of_nobody(documents: Documents, places: Places, uid: str, watch_id: str, now: datetime) -> bool:
    """Whether this watch, which was just written or deleted, is of somebody who is erased.

    What a device that is still signed in wrote is then deleted again; what we have deleted ourselves is no
    more to be copied. One read for everybody else.

    Raises:
        StoreError: nothing is known; the event should be delivered again.
    """
    person = documents.get(contacts.path(uid))
    if not is_erased(person):
        if person:
            welcome_back(documents, person)
        return False
    if documents.get(places.source(uid, watch_id)):
        erase(documents, places, uid, now)
    return True


def erase(documents: Documents, places: Places, uid: str, now: datetime) -> None:
    """Delete all of it now. If this breaks off, ``resume`` goes on; to ask again is harmless.

    Raises:
        StoreError: it has begun, or has not: asking again says which.
    """
    begin(documents, uid, now)
    _go_on(documents, places, uid, now)


def begin(documents: Documents, uid: str, now: datetime, *, begun_at: datetime | None = None) -> None:
    """The point of no return: from here on nothing is sent to them, and nobody is signed in as them.

    ``begun_at``: when it began in another database, of which this one is to have the same erasure.
    """
    for _ in range(_ATTEMPTS):
        known, begun = documents.get_many([contacts.path(uid), path(uid)])
        if is_erased(known) and begun is not None:
            return
        with suppress(ConflictError):
            documents.commit(
                *_beginning(uid, known, begun, now, begun_at or now), *_unproven(documents, known)
            )
            log.info("person.erasing", extra={"uid": uid})
            return
    raise StoreUnavailableError("the person kept changing; ask again")


def _beginning(
    uid: str, known: Document | None, begun: Document | None, now: datetime, begun_at: datetime
) -> list[Write]:
    nothing: dict[str, Any] = {"erased_at": now, "sessions_since": now}
    empty = dict.fromkeys(known.fields) | nothing if known else nothing
    writes: list[Write] = [
        Update(known.path, empty, known.version) if known else Create(contacts.path(uid), empty)
    ]
    mark = hashlib.sha256(f"erasure\x1f{uid}\x1f{begun_at.isoformat()}".encode()).hexdigest()[:32]
    standing = {"uid": uid, "mark": mark, "begun_at": begun_at, "here_at": now}
    standing |= {"deleted_at": None, "look_at": now}
    writes.append(Update(begun.path, standing, begun.version) if begun else Create(path(uid), standing))
    if kept := receipts.receipt(uid, known.fields if known else {}, now):
        writes.append(kept)
    return writes


def _unproven(documents: Documents, known: Document | None) -> list[Write]:
    """Codes that were asked for with their number or address, and that name nobody yet."""
    fields = known.fields if known else {}
    addresses = {str(fields[name]) for name in ("phone", "email") if fields.get(name)}
    asked = [Query(proofs.COLLECTION, ("address",), "==", one, _PROOFS) for one in sorted(addresses)]
    return [Delete(found.path) for query in asked for found in documents.find(query)]


def resume(documents: Documents, places: Places, now: datetime) -> int:
    """Go on with what has broken off, and end what is over; how many were looked at.

    For a run of the worker now and then: it costs one read where there is nothing to do. One that cannot be
    dealt with stops no other.
    """
    due = documents.find(Query(COLLECTION, ("look_at",), "<=", now, _AT_A_TIME))
    for standing in due:
        try:
            _go_on(documents, places, standing.id, now)
        except StoreError as exc:
            log.warning("person.not_erased", extra={"uid": standing.id, "why": type(exc).__name__})
    return len(due)


def left_behind(documents: Documents, now: datetime, limit: int = 10) -> int:
    """How many erasures should have been gone on with an hour ago, and were not (up to ``limit``)."""
    return len(documents.find(Query(COLLECTION, ("look_at",), "<=", now - _LATE, limit)))


def _go_on(documents: Documents, places: Places, uid: str, now: datetime) -> None:
    known, standing = documents.get_many([contacts.path(uid), path(uid)])
    if standing is None:
        return None
    if not is_erased(known):
        if standing.fields["deleted_at"] is not None:  # they are back, and what there is now is theirs
            return _keep(documents, standing, now)
        begin(documents, uid, now)  # it was not over when somebody wrote to them
        return _go_on(documents, places, uid, now)
    _delete(documents, places, uid, str(standing.fields["mark"]), now)
    is_over = now >= standing.fields["begun_at"] + KEPT
    heard = _let_go(documents, places, str(standing.fields["mark"]), whatever=is_over)
    return _note(documents, standing, now, heard=heard, is_over=is_over)


def _keep(documents: Documents, standing: Document, now: datetime) -> None:
    """That they were erased once, and when, for as long as there are backups of what there was before."""
    end = standing.fields["begun_at"] + KEPT
    with suppress(ConflictError):
        if now >= end:
            documents.commit(Delete(standing.path))
        else:
            documents.commit(Update(standing.path, {"look_at": end}, standing.version))


def _note(documents: Documents, standing: Document, now: datetime, *, heard: bool, is_over: bool) -> None:
    """When to look again: soon, ever more seldom while boards have not heard, at last to end it."""
    end = standing.fields["begun_at"] + KEPT
    here_at: datetime = standing.fields.get("here_at") or standing.fields["begun_at"]
    if is_over:
        documents.commit(Delete(contacts.path(standing.id)), Delete(standing.path))
        return
    looked_twice = now - here_at >= AGAIN_AFTER
    look_at = end if heard and looked_twice else min(end, now + max(AGAIN_AFTER, now - here_at))
    with suppress(ConflictError):  # somebody else went on at the same time
        documents.commit(Update(standing.path, {"deleted_at": now, "look_at": look_at}, standing.version))
        log.info("person.erased", extra={"uid": standing.id})


def _delete(documents: Documents, places: Places, uid: str, mark: str, now: datetime) -> None:
    """Round after round until one finds nothing: whoever writes meanwhile is met by the next."""
    for _ in range(_ROUNDS):
        met = _empty_jobs(documents, places, uid, mark, now)
        met += sum(_delete_some(documents, holding, uid) for holding in holdings(places, uid))
        if not met:
            return
    raise StoreUnavailableError("there was always more to delete; it goes on by itself")


def _delete_some(documents: Documents, holding: Holding, uid: str) -> int:
    some = found(documents, holding, uid, AT_ONCE)
    if some:
        documents.commit(*(Delete(document.path) for document in some))
    return len(some)


def _empty_jobs(documents: Documents, places: Places, uid: str, mark: str, now: datetime) -> int:
    """The worker's copies become tombstones that say nothing; what others change now, the next round."""
    some = documents.find(of_jobs(places, uid, AT_ONCE))
    emptied = [jobs.erased(document, mark, now) for document in some]
    if not emptied:
        return 0
    try:
        documents.commit(*emptied)
    except ConflictError:
        for one in emptied:
            with suppress(ConflictError):
                documents.commit(one)
    return len(some)


def _let_go(documents: Documents, places: Places, mark: str, *, whatever: bool) -> bool:
    """Delete the emptied copies of which every board has heard, or all; whether none is left."""
    waiting = Query(places.worker_collection, ("erasure",), "==", mark, AT_ONCE)
    cursors: dict[str, datetime] = {}
    while some := documents.find(waiting):
        heard = [one for one in some if whatever or _is_heard(documents, one.fields, cursors)]
        if heard:
            documents.commit(*(Delete(document.path) for document in heard))
        if len(heard) < len(some):
            return False
    return True


def _is_heard(documents: Documents, job: Mapping[str, Any], cursors: dict[str, datetime]) -> bool:
    """Whether every board on which one of its targets lay has read on beyond this tombstone."""
    providers = {provider_of(str(target_id)) for target_id in job.get("left") or ()}
    for name in providers - cursors.keys():
        cursors[name] = _read_up_to(documents, name)
    return all(cursors[name] > job["updated_at"] for name in providers)


def _read_up_to(documents: Documents, provider: str) -> datetime:
    """Up to which write every board of the provider knows the watches; where none is, none must hear."""
    if documents.get(board.path(home_of(provider))) is None:
        return _FOREVER
    return min(each.cursor or _NEVER for each in homes.every(documents, provider))
