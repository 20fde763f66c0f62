"""A person's own copies of their watches: the only documents the pages ever write.

Every path holds the id of the person who is signed in, so another person's watch is not refused: it is not
there. Changes are compare-and-set or may be repeated; the worker learns of them from the database.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from notifiers.release import release
from notifiers.words.phrases import one_line
from watchers import verbs
from watchers.asked import read_watch
from watchers.documents import Delete, Document, Put, Query, Update, Write
from watchers.errors import ConflictError, StoreUnavailableError, WatchRefusedError
from watchers.language import say
from watchers.target import Target
from watchers.watch import Watch
from web import own_writes
from web.site import site

_ENDED_TOO = 1000  # watches that are read beyond what plans hold
_ATTEMPTS = 5
_ID = re.compile(r"(?!\.{1,2}$)(?!__.*__$)[^/\x00-\x1f\x7f]{1,200}")
_BEFORE_ANY_WATCH = datetime(1970, 1, 1, tzinfo=UTC)  # so that no day has passed


def is_id(text: str) -> bool:
    """Whether a document can have this id."""
    return _ID.fullmatch(text) is not None


def find(uid: str, watch_id: str) -> Document | None:
    """One of this person's watches."""
    return site().documents.get(site().places.source(uid, watch_id)) if _ID.fullmatch(watch_id) else None


def find_many(uid: str, watch_ids: Iterable[str]) -> list[Document]:
    """Those of these watches that are there and this person's own."""
    paths = [site().places.source(uid, one) for one in dict.fromkeys(watch_ids) if _ID.fullmatch(one)]
    return [source for source in site().documents.get_many(paths) if source]


def find_all(uid: str) -> list[Document]:
    """All of this person's watches."""
    return site().documents.find(Query(site().places.sources(uid), limit=most()))


def most() -> int:
    """So many watches of one person are looked at: as many as any plan holds, and many that have ended."""
    return site().limits.tiers.most_watches + _ENDED_TOO


def set_status(uid: str, watch_id: str, status: str) -> Document | None:
    """Pause or resume; a watch that is gone stays gone. Returns what was found.

    Neither is refused: what cannot be watched any more, the worker refuses in words.

    Raises:
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    change = verbs.resume if status == "active" else verbs.stop
    for _ in range(_ATTEMPTS):
        source = find(uid, watch_id)
        if source is None or not (changes := change(source.fields)):
            return source
        own_writes.of(uid, watch_id)
        try:
            site().documents.commit(Update(source.path, changes, source.version))
        except ConflictError:
            continue
        return source
    raise StoreUnavailableError(f"watch {watch_id} kept changing")


def delete(uid: str, watch_id: str) -> Document | None:
    """Delete a watch, and return it as it last stood; ``None``: it was gone already.

    Raises:
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    for _ in range(_ATTEMPTS):
        source = find(uid, watch_id)
        if source is None:
            return None
        own_writes.of(uid, watch_id)
        try:
            site().documents.commit(Delete(source.path, source.version))
        except ConflictError:
            continue
        return source
    raise StoreUnavailableError(f"watch {watch_id} kept changing")


def replacing(source: Document, fields: Mapping[str, Any]) -> tuple[Write, ...]:
    """What puts these fields in place of those of a watch, which must still be as it was read.

    What is no watch of today's form is replaced as a whole: nothing of it stays.
    """
    if source.fields.keys() <= Watch.model_fields.keys():
        return (Update(source.path, {**_NOTHING_SAID, **fields}, source.version),)
    return Delete(source.path, source.version), Put(source.path, fields)


_NOTHING_SAID: Mapping[str, Any] = {"snoozed_until": None, "filters": {}, "tags": []}


def let_go(uid: str, *watch_ids: str) -> None:
    """Let what was held for the snooze of these watches go now that it has ended; best effort."""
    release(site().documents, uid, {"snoozed"}, site().now(), watch_ids=set(watch_ids))


def _anything(_target: Target, _also: object) -> None:
    """Whatever was saved is shown, also what could not be saved now."""


def read(fields: Mapping[str, Any]) -> Watch | None:
    """The watch a document asks for, be it refused or over; ``None`` when it is no watch at all."""
    try:
        return read_watch(fields, _anything, _BEFORE_ANY_WATCH, cannot_see=_anything)
    except WatchRefusedError:
        return None


def name_of(source: Document) -> str:
    """What its owner calls it, also when it is no watch at all."""
    return called(name_in(source.fields))


def has_ended(source: Document) -> bool:
    """Whether its owner ended it; it is no more to be paused."""
    return bool(source.fields.get("status") == "ended")


def ended_already(source: Document) -> str:
    """What is said to who would pause it."""
    return say("“{name}” has ended already, and tells you nothing more.", name=name_of(source))


def paused(source: Document) -> str:
    """What became of it when its owner paused it; ``source``: as it stood before."""
    return ended_already(source) if has_ended(source) else say("Paused “{name}”.", name=name_of(source))


def called(name: str) -> str:
    """A name as it is shown, in the language of whoever reads it."""
    return name or say("Watch without a name")


def name_in(fields: Mapping[str, Any]) -> str:
    """The name among the fields of a watch; it may be empty."""
    said = fields.get("name") or fields.get("eventName") or fields.get("eventId")
    return one_line(str(said or ""))[:200]
