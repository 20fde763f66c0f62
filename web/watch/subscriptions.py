"""``calendars/{uid}``: the secret of a person's calendar address, and which revision of each date was shown.

Written only when a date changed or the address is renewed, by compare-and-set. Losing it costs calendars a
second look at everything, and its owner a new address; what is damaged in it counts as lost.
"""

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from watchers.agenda import Entry
from watchers.documents import Create, Document, Documents, Update
from watchers.errors import ConflictError, StoreUnavailableError

log = logging.getLogger(__name__)

_ATTEMPTS = 5
_FORGOTTEN = timedelta(days=400)  # after that long without a change, what is no longer shown is forgotten


@dataclass(frozen=True, slots=True)
class Revision:
    """Which version of a date this is, since when, and what it said (its fingerprint)."""

    sequence: int
    at: datetime
    said: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is kept. ``secret`` is empty until there is an address; ``shown`` is by the date's id."""

    secret: str = ""
    shown: Mapping[str, Revision] = field(default_factory=dict)
    version: str = ""


def path(uid: str) -> str:
    """Where it is kept."""
    return f"calendars/{uid}"


def find(documents: Documents, uid: str) -> Subscription:
    """This person's (one read)."""
    return _read(documents.get(path(uid)))


def renew(documents: Documents, uid: str) -> Subscription:
    """A new secret: an address that was made with an older one leads nowhere any more.

    Raises:
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    secret = secrets.token_urlsafe(16)
    return _changed(documents, uid, lambda kept: Subscription(secret, kept.shown, kept.version))


def revised(
    documents: Documents, uid: str, entries: Sequence[Entry], now: datetime
) -> Mapping[str, Revision]:
    """The revision of each of these dates, by its id; what says something new has a higher one.

    Raises:
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    now = now.replace(microsecond=0)
    return _changed(documents, uid, lambda kept: _with(kept, entries, now)).shown


def _with(kept: Subscription, entries: Sequence[Entry], now: datetime) -> Subscription:
    shown = {entry.id: _revision(kept.shown.get(entry.id), entry, now) for entry in entries}
    if all(kept.shown.get(one) == revision for one, revision in shown.items()):
        return kept
    others = {one: known for one, known in kept.shown.items() if known.at > now - _FORGOTTEN}
    return Subscription(kept.secret, others | shown, kept.version)


def _revision(known: Revision | None, entry: Entry, now: datetime) -> Revision:
    if known is not None and known.said == entry.fingerprint:
        return known
    return Revision(known.sequence + 1 if known else 0, now, entry.fingerprint)


def _changed(documents: Documents, uid: str, change: Callable[[Subscription], Subscription]) -> Subscription:
    for _ in range(_ATTEMPTS):
        kept = find(documents, uid)
        wanted = change(kept)
        if wanted == kept:
            return kept
        try:
            _write(documents, uid, wanted)
        except ConflictError:
            continue
        return wanted
    raise StoreUnavailableError(f"the calendar of {uid} kept changing")


def _write(documents: Documents, uid: str, wanted: Subscription) -> None:
    shown = {
        one: {"sequence": revision.sequence, "at": revision.at, "said": revision.said}
        for one, revision in wanted.shown.items()
    }
    fields: dict[str, Any] = {"uid": uid, "secret": wanted.secret, "shown": shown}
    if wanted.version:
        documents.commit(Update(path(uid), fields, wanted.version))
    else:
        documents.commit(Create(path(uid), fields))


def _read(document: Document | None) -> Subscription:
    if document is None:
        return Subscription()
    try:
        shown = {one: Revision(**said) for one, said in document.fields["shown"].items()}
    except (AttributeError, KeyError, TypeError):
        log.warning("calendar.damaged", extra={"calendar": document.path})
        shown = {}
    return Subscription(str(document.fields.get("secret") or ""), shown, document.version)
