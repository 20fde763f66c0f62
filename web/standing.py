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
from web.snapshot import EVERYTHING, Line, Snapshot

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
    def alerts_key(self) -> str:
        """Another one for other alerts; eight hex digits."""
        return f"{zlib.crc32(self.snapshot.alerts):08x}"


def standing(uid: str) -> Standing:
    """How this person's watches and alerts stand."""
    began = time.monotonic()
    kept, version = snapshot.read(site().documents, uid)
    found = _Since(uid, kept) if kept else None
    now = found.followed() if found else _anew(uid)
    if found is None or found.is_worth_keeping:
        took = timedelta(seconds=time.monotonic() - began)
        snapshot.keep(site().documents, uid, now, version, took)
    return Standing(now)


# ── everything, read anew ────────────────────────────────────────────────────────────────────────────────


def _anew(uid: str) -> Snapshot:
    """Two reads a watch, and a third where the worker's copy does not say what was said of it."""
    sources = monitors.find_all(uid)
    copies = _jobs(uid, sources)
    unsaid = [one.id for one in sources if not _is_accepted(copies.get(one.id), one)]
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


def _is_accepted(job: Job | None, source: Document) -> bool:
    """Whether the worker watches what the source asks for: a copy that has targets was not refused since.

    Whoever refuses it takes its targets away in the same write.
    """
    if job is None or not job.targets or job.deleted_at is not None:
        return False
    return job.source_updated_at >= source.updated_at


def line_of(source: Document, job: Job | None, said: Mapping[str, Any] | None) -> Line:
    """One watch of a snapshot, from its person's document, the worker's copy, and what was said of it."""
    fields = job.status_fields() if job and _is_accepted(job, source) else dict(said or {})
    told = job.state.last_told if job else None
    state = job.state.to_fields() if job else None
    return snapshot.line(
        source.id,
        source.updated_at,
        _shown(source, tuple(job.targets) if job else (), state),
        told=told.code if told else "",
        **_of_status(fields),
    )


def _shown(source: Document, targets: tuple[str, ...] = (), state: Mapping[str, Any] | None = None) -> bytes:
    """What is too much to be a watch is shown by its name."""
    packed = jobs.shown(source.fields, targets, state)
    return packed or jobs.shown({"name": monitors.name_of(source)}) or b""


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
        known = {line.id: line.told for line in self.kept.lines}
        has_news = any(line.told != known.get(line.id, "") for line in lines.values())
        in_order = tuple(lines[id_] for id_ in sorted(lines))[: monitors.most()]
        return self._alerts(replace(self.kept, lines=in_order), has_news=has_news)

    @property
    def _mark(self) -> datetime:
        return self.kept.mark or datetime(1970, 1, 1, tzinfo=UTC)

    def _found(self, documents: Iterable[Document]) -> list[Document]:
        """These. What has settled is worth keeping."""
        found = list(documents)
        settled = site().now() - OVERLAP - timedelta(seconds=1)
        self.is_worth_keeping |= any(one.updated_at < settled for one in found)
        return found

    def _told(self, said: Sequence[Document]) -> tuple[dict[str, Line], set[str]]:
        """The lines with what was said since; and the ids of those whose status does not show them."""
        lines, unknown = {line.id: line for line in self.kept.lines}, set[str]()
        for status in said:
            known, told = lines.get(status.id), _line_of(status)
            if status.fields.get("state") == "deleted":
                if known and known.source_at <= status.updated_at:
                    del lines[status.id]
            elif told is None:
                unknown.add(status.id)
            elif known and known.source_at > told.source_at:  # written again since by a page
                lines[status.id] = replace(
                    known, state=told.state, reasons=told.reasons, copied_at=told.copied_at, told=told.told
                )
            else:
                lines[status.id] = told
        return lines, unknown

    def _written(self, lines: dict[str, Line], unknown: set[str]) -> dict[str, Line]:
        """With those read anew that their person wrote, and of which nobody has said anything since."""
        if self.kept.dirty:
            self.is_worth_keeping = True
        if EVERYTHING in self.kept.dirty or unknown:
            return self._all_anew(lines, unknown)
        saving = {line.id for line in lines.values() if line.is_saving}
        asked = sorted(saving | self.kept.dirty)
        sources = site().documents.get_many([site().places.source(self.uid, id_) for id_ in asked])
        for id_, source in zip(asked, sources, strict=True):
            known = lines.pop(id_, None)
            if source is not None:
                lines[id_] = _again(source, known)
            self.is_worth_keeping |= lines.get(id_) != known
        return lines

    def _all_anew(self, lines: Mapping[str, Line], unknown: set[str]) -> dict[str, Line]:
        sources = monitors.find_all(self.uid)
        found = {source.id: _again(source, lines.get(source.id)) for source in sources}
        copies = _jobs(self.uid, missing := [one for one in sources if one.id in unknown])
        statuses = [site().places.status(self.uid, one.id) for one in missing]
        for source, said in zip(missing, site().documents.get_many(statuses), strict=True):
            found[source.id] = line_of(source, copies.get(source.id), said.fields if said else None)
        return found

    def _alerts(self, now: Snapshot, *, has_news: bool) -> Snapshot:
        """With the alerts as they stand, where one can have changed."""
        at, until = site().now(), self.kept.open_until
        if not (has_news or self.kept.dirty or (until is not None and at < until)):
            return now
        moved = self._found(site().documents.find(alerts.moved_since(self.uid, self._mark)))
        if not moved and EVERYTHING not in self.kept.dirty:
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


def _again(source: Document, known: Line | None) -> Line:
    """A watch that was read where its person wrote it."""
    if known is None:
        return snapshot.line(source.id, source.updated_at, _shown(source))
    if known.source_at == source.updated_at:
        return known
    before = known.content
    return snapshot.line(
        source.id,
        source.updated_at,
        _shown(source, before.targets, before.state),
        state=known.state,
        reasons=known.reasons,
        copied_at=known.copied_at,
        told=known.told,
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
