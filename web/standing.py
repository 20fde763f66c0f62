"""How a person's watches stand now: their snapshot, and what was written since; or everything, read anew.

With a snapshot it is two reads, the second of them a question for what has changed, and one for each watch
that did: what is said of a watch carries all that a page shows of it. Only what nobody has said anything of
yet is read where its person wrote it. Alerts are asked for only where one can have changed.
"""

import logging
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from notifiers import tallies
from watchers import alerts, jobs
from watchers.documents import Document
from watchers.folding import OVERLAP
from watchers.jobs import Job, UnreadableJobError
from watchers.kinds import Channel
from watchers.models import Alert, AlertState
from watchers.places import said_since
from web import feed, monitors, snapshot
from web.feed import Feed
from web.shelf import RESTS_AFTER
from web.site import site
from web.snapshot import ALERTS, EVERYTHING, Line, Snapshot

log = logging.getLogger(__name__)

_CALLED_BACK = timedelta(hours=12)  # a text waits 10 hours: https://www.twilio.com/docs/api/errors/90007
_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Standing:
    """How it stands."""

    snapshot: Snapshot

    @property
    def lines(self) -> tuple[Line, ...]:
        """The watches."""
        return self.snapshot.lines

    @property
    def tally(self) -> Mapping[str, Any] | None:
        """The fields of what the person was sent this month."""
        return self.snapshot.tally

    @cached_property
    def feed(self) -> Feed:
        """The alerts; unpacked when somebody asks for them."""
        return self.snapshot.feed

    @property
    def has_open(self) -> bool:
        """Whether an alert may still be on its way."""
        return self.snapshot.open_until is not None

    @property
    def alerts_key(self) -> str:
        """Another one for other alerts; eight hex digits."""
        return f"{zlib.crc32(self.snapshot.alerts):08x}"


def standing(uid: str) -> Standing:
    """How this person's watches and alerts stand."""
    began = time.monotonic()
    kept, version = snapshot.read(site().documents, uid, site().now())
    found = _Since(uid, kept) if kept else None
    now = found.followed() if found else _anew(uid)
    if found is None or found.is_worth_keeping:
        took = timedelta(seconds=time.monotonic() - began)
        snapshot.keep(site().documents, uid, now, version, took, site().now())
    return Standing(now)


# ── everything, read anew ────────────────────────────────────────────────────────────────────────────────


def _anew(uid: str) -> Snapshot:
    """Two reads a watch, and a third where the worker's copy does not say what was said of it."""
    sources = monitors.find_all(uid)
    copies = _jobs(uid, sources)
    unsaid = [one.id for one in sources if not ((job := copies.get(one.id)) and job.says_of(one))]
    places, documents = site().places, site().documents
    said = {
        one.id: one.fields for one in documents.get_many([places.status(uid, id_) for id_ in unsaid]) if one
    }
    lines = [line_of(source, copies.get(source.id), said.get(source.id)) for source in sources]
    found = feed.latest(uid)
    now = Snapshot(tuple(lines), tally=_tally(uid), open_until=_open_until(found.alerts, site().now()))
    return now.with_feed(found)


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


def line_of(source: Document, job: Job | None, said: Mapping[str, Any] | None) -> Line:
    """One watch of a snapshot, from its person's document, the worker's copy, and what was said of it."""
    fields = job.status_fields() if job and job.says_of(source) else dict(said or {})
    status, packed = _of_status(fields), fields.get("shown")
    is_said = status["copied_at"] is not None and status["copied_at"] >= source.updated_at
    if not (is_said and isinstance(packed, bytes)):
        state = job.state.to_fields() if job else None
        packed = _shown(source, tuple(job.targets) if job else (), state)
    told = job.state.last_told if job else None
    return snapshot.line(source.id, source.updated_at, packed, told=told.code if told else "", **status)


def _shown(source: Document, targets: tuple[str, ...] = (), state: Mapping[str, Any] | None = None) -> bytes:
    """What is too much to be a watch is shown by its name."""
    packed = jobs.shown(source.fields, targets, state)
    return packed or jobs.shown({"name": monitors.name_in(source.fields)}) or b""


def _of_status(fields: Mapping[str, Any]) -> dict[str, Any]:
    copied_at, reasons = fields.get("source_updated_at"), fields.get("reasons")
    return {
        "state": str(fields.get("state", "")),
        "reasons": tuple(map(str, reasons)) if isinstance(reasons, list | tuple) else (),
        "copied_at": copied_at if isinstance(copied_at, datetime) else None,
    }


def _tally(uid: str) -> Mapping[str, Any] | None:
    document = site().documents.get(tallies.path(uid))
    return document.fields if document else None


# ── what was written since ───────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Since:
    """What was written since a snapshot.

    ``is_worth_keeping``: whether some of it need not be read again once it is in the next snapshot.
    """

    uid: str
    kept: Snapshot
    is_worth_keeping: bool = False

    def followed(self) -> Snapshot:
        """The snapshot as it stands now."""
        said = self._found(site().documents.find(said_since(site().places, self.uid, self._mark)))
        lines, unknown = self._told(said)
        lines = self._written(lines, unknown)
        in_order = tuple(lines[id_] for id_ in sorted(lines))[: monitors.most()]
        return self._alerts(replace(self.kept, lines=in_order), has_news=bool(said))

    @property
    def _mark(self) -> datetime:
        return self.kept.mark or datetime(1970, 1, 1, tzinfo=UTC)

    def _found(self, documents: Iterable[Document]) -> list[Document]:
        """These. What has settled is worth keeping."""
        found = list(documents)
        settled = site().now() - OVERLAP - timedelta(seconds=1)
        self.is_worth_keeping |= any(one.updated_at < settled for one in found)
        return found

    def _told(self, said: Sequence[Document]) -> tuple[dict[str, Line], dict[str, Document]]:
        """The lines with what was said since; and what was said of watches that nobody can show by it alone.

        Those are new ones, which may be deleted again already, and what a status is too small for.
        """
        lines, unknown = {line.id: line for line in self.kept.lines}, dict[str, Document]()
        for status in said:
            known, told = lines.get(status.id), _line_of(status)
            if status.fields.get("state") == "deleted":
                if known and known.source_at <= status.updated_at:
                    del lines[status.id]
            elif known is None or told is None:
                unknown[status.id] = status
            elif known.source_at > told.source_at:  # written again since by a page
                said_of_it = {name: getattr(told, name) for name in ("state", "reasons", "copied_at", "told")}
                lines[status.id] = replace(known, **said_of_it)
            else:
                lines[status.id] = told
        return lines, unknown

    def _written(self, lines: dict[str, Line], unknown: Mapping[str, Document]) -> dict[str, Line]:
        """With those as their person wrote them that are new, marked, or not copied yet."""
        self.is_worth_keeping |= bool(self.kept.dirty)
        if EVERYTHING in self.kept.dirty:
            sources = monitors.find_all(self.uid)
            return {one.id: self._again(one, lines.get(one.id), unknown.get(one.id)) for one in sources}
        saving = {line.id for line in lines.values() if line.is_saving}
        asked = sorted(filter(monitors.is_id, {*saving, *unknown, *self.kept.dirty}))
        found = site().documents.get_many([site().places.source(self.uid, id_) for id_ in asked])
        for id_, source in zip(asked, found, strict=True):
            known = lines.pop(id_, None)
            if source is not None:
                lines[id_] = self._again(source, known, unknown.get(id_))
            self.is_worth_keeping |= id_ in saving and lines.get(id_) != known
        return lines

    def _again(self, source: Document, known: Line | None, status: Document | None) -> Line:
        """A watch that was read where its person wrote it."""
        told = _line_of(status) if status else None
        if status and told is None:
            return line_of(source, _jobs(self.uid, [source]).get(source.id), status.fields)
        before = told or known
        return before if before and before.source_at == source.updated_at else _rewritten(source, before)

    def _alerts(self, now: Snapshot, *, has_news: bool) -> Snapshot:
        """With the alerts as they stand, where one can have changed: whoever tells something says so."""
        at, until = site().now(), self.kept.open_until
        is_marked = not self.kept.dirty.isdisjoint((ALERTS, EVERYTHING))
        if not (has_news or is_marked or (until is not None and at < until)):
            return now
        moved = self._found(site().documents.find(alerts.moved_since(self.uid, self._mark)))
        if not moved and not is_marked:
            return now
        found = feed.merged(now.feed, moved, self.uid)
        found_until = _open_until(found.alerts, at)
        return replace(now, tally=_tally(self.uid), open_until=found_until).with_feed(found)


def _line_of(status: Document) -> Line | None:
    """The watch as its status shows it; ``None`` where it does not."""
    packed, fields = status.fields.get("shown"), _of_status(status.fields)
    if not isinstance(packed, bytes) or fields["copied_at"] is None:
        return None
    told = status.fields.get("last_told") or {}
    return snapshot.line(status.id, fields["copied_at"], packed, told=str(told.get("code", "")), **fields)


def _rewritten(source: Document, before: Line | None) -> Line:
    """A watch that nobody has said anything of since it was written."""
    if before is None:
        return snapshot.line(source.id, source.updated_at, _shown(source))
    content = before.content
    return snapshot.line(
        source.id,
        source.updated_at,
        _shown(source, content.targets, content.state),
        state=before.state,
        reasons=before.reasons,
        copied_at=before.copied_at,
        told=before.told,
    )


# ── alerts that may still change by themselves ───────────────────────────────────────────────────────────


def _open_until(found: Iterable[Alert], now: datetime) -> datetime | None:
    until = max(map(_may_change_until, found), default=None)
    return until if until is not None and until > now else None


def _may_change_until(alert: Alert) -> datetime:
    """Nothing but its person changes what has reached its end, and what no vendor has anything to say of."""
    settled_at = max(alert.settled_at or alert.created_at, alert.created_at)
    if alert.due_at is not None:
        return _FOR_EVER
    match alert.state:
        case AlertState.SENT if alert.channel is Channel.SMS:
            return settled_at + _CALLED_BACK
        case AlertState.UNCERTAIN:
            return settled_at + RESTS_AFTER
        case AlertState.PENDING | AlertState.HELD | AlertState.SENDING:
            return _FOR_EVER
    return settled_at
