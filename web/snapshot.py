"""How a person's watches and alerts stood when their page was last put together: ``pages/{uid}``, one read.

A page reads it and what was written since its mark, and no more. The mark is a time of the database: when the
snapshot was written there, less what putting it together took (by a stopwatch) and some seconds in which a
write may become visible late. So no machine's clock decides what is seen.

Whoever changes a watch or an alert by a page marks the snapshot as dirty, so that its person sees at once
what the worker has not copied yet. A page that was overtaken by another keeps its snapshot to itself. A
snapshot that is lost, damaged or dirty costs reads. The documents it was made of stay what is true.
"""

import json
import logging
import zlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import msgspec.structs

from notifiers.outbox import UNREADABLE
from watchers import expiry, jobs
from watchers.documents import Create, Delete, Document, Documents, Update
from watchers.errors import ConflictError, StoreError
from watchers.folding import OVERLAP
from web import shelf
from web.feed import Feed

log = logging.getLogger(__name__)

FORMAT = 1
EVERYTHING = "*"
ALERTS = "/"  # no watch has this id
_ATTEMPTS = 5
_BEFORE = datetime(1970, 1, 1, tzinfo=UTC)
_DAMAGED = (zlib.error, msgspec.MsgspecError, *UNREADABLE)


class Line(msgspec.Struct, frozen=True, array_like=True):
    """One watch: what was asked and what has been said of it.

    Attributes:
        id: The watch's.
        source_at: When its person wrote it last, by the database's time.
        shown: What is needed to show it (``jobs.shown``).
        state: What the worker said of it: ``accepted``, ``paused``, ``ended``, ``refused``; empty: nothing.
        reasons: Why it was refused, in sentences.
        copied_at: Of which writing of the person's the worker said so.
        told: The code of what was told last.
        targets: What the worker watches for it, by id.
        snoozed_until: Until when it tells nothing.
    """

    id: str
    source_at: datetime
    shown: bytes
    state: str = ""
    reasons: tuple[str, ...] = ()
    copied_at: datetime | None = None
    told: str = ""
    targets: tuple[str, ...] = ()
    snoozed_until: datetime | None = None

    @property
    def is_saving(self) -> bool:
        """Whether the worker has not said anything of what stands there now."""
        return self.copied_at is None or self.copied_at < self.source_at

    @property
    def content(self) -> jobs.Shown:
        """``shown``, unpacked."""
        return _SHOWN.decode(self.shown)


def line(watch_id: str, source_at: datetime, shown: bytes, **said: Any) -> Line:
    """A line with what is read from ``shown``."""
    content = _SHOWN.decode(shown) if shown else jobs.Shown({})
    until = content.fields.get("snoozed_until")
    try:
        snoozed_until = datetime.fromisoformat(until) if isinstance(until, str) else None
    except ValueError:
        snoozed_until = None
    if snoozed_until and snoozed_until.tzinfo is None:
        snoozed_until = None
    return Line(watch_id, source_at, shown, targets=content.targets, snoozed_until=snoozed_until, **said)


_SHOWN = msgspec.json.Decoder(jobs.Shown)
_LINES = msgspec.msgpack.Decoder(tuple[Line, ...])


class Snapshot(msgspec.Struct, frozen=True):
    """What a page was made of.

    Attributes:
        lines: The watches, by id.
        alerts: The alerts, packed; ``is_cut``: there may be older ones.
        tally: The fields of what the person was sent this month.
        open_until: Until when an alert may change by itself; ``None``: none will.
        mark: From when on (the database's time) changes are not in it.
        dirty: Ids of watches that were written since; ``ALERTS``: these were; ``EVERYTHING``: who knows.
        version: The document's.
    """

    lines: tuple[Line, ...] = ()
    alerts: bytes = b""
    is_cut: bool = False
    tally: Mapping[str, Any] | None = None
    open_until: datetime | None = None
    mark: datetime | None = None
    dirty: frozenset[str] = frozenset()
    version: str = ""

    @property
    def feed(self) -> Feed:
        """The alerts, unpacked."""
        return Feed(shelf.unpacked(self.alerts, _BEFORE) if self.alerts else (), self.is_cut)

    def with_feed(self, feed: Feed) -> "Snapshot":
        """With these alerts."""
        return msgspec.structs.replace(self, alerts=shelf.packed(feed.alerts), is_cut=feed.is_cut)


def path(uid: str) -> str:
    """Where this person's snapshot is."""
    return f"pages/{uid}"


def read(documents: Documents, uid: str, now: datetime) -> tuple[Snapshot | None, str]:
    """The snapshot (one read), and its document's version, empty where there is none.

    One whose time is over may not have heard of every watch that was deleted since, and is none.
    """
    document = documents.get(path(uid))
    if document is None:
        return None, ""
    try:
        is_over = document.fields[expiry.FIELD] <= now
        return None if is_over else _decoded(document), document.version
    except _DAMAGED:
        log.warning("snapshot.damaged", extra={"person": uid})
        return None, document.version


def keep(
    documents: Documents, uid: str, snapshot: Snapshot, version: str, took: timedelta, now: datetime
) -> None:
    """Write it (one write), unless somebody has done so since ``version``; best effort.

    ``took``: how long ago the first of it was read.
    """
    fields = _encoded(snapshot) | {"took": took.total_seconds(), expiry.FIELD: now + expiry.SNAPSHOT}
    write = Update(path(uid), fields, version) if version else Create(path(uid), fields)
    with suppress(StoreError):
        documents.commit(write)


def mark(documents: Documents, uid: str, *watch_ids: str) -> None:
    """These watches of this person's were written, or nobody knows which, and alerts: their next page looks.

    One read and one write; best effort.
    """
    written = set(watch_ids) or {EVERYTHING}
    with suppress(StoreError):
        for _ in range(_ATTEMPTS):
            document = documents.get(path(uid))
            if document is None:
                return
            with suppress(ConflictError):
                documents.commit(_marked(document, written))
                return
        documents.commit(Delete(path(uid)))


def _marked(document: Document, written: set[str]) -> Update | Delete:
    try:
        dirty = sorted({*document.fields["dirty"], *written})
        return Update(document.path, {"dirty": dirty, "mark": _mark(document)}, document.version)
    except _DAMAGED:
        return Delete(document.path)


def _mark(document: Document) -> datetime:
    said = document.fields["mark"]
    if isinstance(said, datetime):
        return said
    return document.updated_at - timedelta(seconds=document.fields["took"]) - OVERLAP


def _encoded(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "lines": zlib.compress(msgspec.msgpack.encode(snapshot.lines), 1),
        "alerts": snapshot.alerts,
        "is_cut": snapshot.is_cut,
        "tally": json.dumps(dict(snapshot.tally)) if snapshot.tally is not None else None,
        "open_until": snapshot.open_until,
        "mark": None,
        "dirty": [],
    }


def _decoded(document: Document) -> Snapshot:
    fields = document.fields
    if fields["format"] != FORMAT:
        raise ValueError("another format")
    lines = _LINES.decode(zlib.decompress(fields["lines"]))
    return Snapshot(
        lines,
        fields["alerts"],
        bool(fields["is_cut"]),
        json.loads(fields["tally"]) if fields["tally"] else None,
        fields["open_until"],
        _mark(document),
        frozenset(map(str, fields["dirty"])),
        document.version,
    )
