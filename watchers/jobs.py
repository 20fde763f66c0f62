"""The person's watch becomes the worker's copy: what the Firestore trigger does, and the job's document.

The event is only a hint that something happened. ``copy_watch`` never believes its body: it reads the
source again and copies what stands there now, so that events may come twice, late, out of order, or for a
document that is already gone. A watch that cannot be accepted is refused with sentences in
``ticket_status``, where the person's own clients read them; nothing is retried for ever.

A job keeps its memory while what was asked stays the same (renaming, pausing, snoozing, ending, deleting
and undeleting do not start it anew). Asking something else starts it anew under a new ``rule_version``. A
deleted watch stays as a tombstone, so that the board learns of it.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from watchers.asked import MAX_BYTES, CannotSee, Refusal, read_watch
from watchers.documents import SERVER_TIME, Create, Document, Documents, Put, Update, Write
from watchers.errors import ConflictError, StoreUnavailableError, WatchRefusedError
from watchers.memory import WatchState
from watchers.places import Places
from watchers.providers.base import beyond_every_provider
from watchers.rules import thresholds
from watchers.target import Target
from watchers.watch import HistoricLow, PriceCondition, Watch

log = logging.getLogger(__name__)

ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Job:
    """The worker's copy of a watch, and what it remembers.

    ``targets`` are those being watched: none while paused, ended, refused or deleted. ``left`` are targets it
    once watched and no longer does. ``rule_version`` names the write that asked what is asked now.
    ``copied_at`` is when the trigger wrote it last, ``updated_at`` when anybody did whom the board must hear
    of; both are the database's time.
    """

    watch_id: str
    uid: str
    watch: Watch
    rule_version: str
    source_updated_at: datetime
    targets: Mapping[str, Target]
    left: tuple[str, ...] = ()
    state: WatchState = field(default_factory=WatchState)
    updated_at: datetime | None = None
    copied_at: datetime | None = None
    deleted_at: datetime | None = None
    version: str = ""

    def fields(self) -> dict[str, Any]:
        """What the trigger writes: everything, with the database's own time."""
        return {
            "uid": self.uid,
            "watch": self.watch.model_dump(mode="json", exclude_none=True),
            "rule_version": self.rule_version,
            "source_updated_at": self.source_updated_at,
            "targets": list(self.targets),
            "left": list(self.left),
            "deleted_at": self.deleted_at,
            "updated_at": SERVER_TIME,
            "copied_at": SERVER_TIME,
            **self.memory_fields(),
        }

    def memory_fields(self) -> dict[str, Any]:
        """What the tick writes: the memory, and at which prices to be asked again."""
        at = {target_id: thresholds(self.watch, self.state, target_id) for target_id in self.targets}
        kinds = waits_for(self.watch)
        return {
            "state": self.state.to_fields(),
            "fires_at": {target_id: dict(found.fires_at) for target_id, found in at.items()},
            "rearms_at": {target_id: dict(found.rearms_at) for target_id, found in at.items()},
            "waits_for": [f"{target_id}:{kind}" for target_id in self.targets for kind in kinds],
        }

    def status_fields(self) -> dict[str, Any]:
        """What the person's own clients may read of it, with the database's own time."""
        state = "accepted" if self.watch.status == "active" else self.watch.status
        last_told = self.state.last_told
        return _said(state, self.source_updated_at) | {
            "last_told": last_told.model_dump() if last_told else None,
            "shown": shown(self.fields()["watch"], tuple(self.targets), self.state.to_fields()),
        }

    def awaits_first_look(self, target_id: str) -> bool:
        """Whether this target was never looked at for this watch."""
        return target_id not in self.state.targets


class Shown(msgspec.Struct, frozen=True):
    """What a page needs of a watch beside what is said of it: packed into its status, it is one read.

    ``fields`` are what was asked; ``targets`` and ``state`` are the job's, empty where there is none.
    """

    fields: dict[str, Any]
    targets: tuple[str, ...] = ()
    state: dict[str, Any] = {}


def shown(
    fields: Mapping[str, Any], targets: tuple[str, ...] = (), state: Mapping[str, Any] | None = None
) -> bytes | None:
    """Packed, for ``status``; ``None`` for what is too much to be a watch: who wants it reads it there."""
    try:
        packed = msgspec.json.encode(Shown(dict(fields), targets, dict(state or {})))
    except (TypeError, ValueError, RecursionError):
        return None
    return packed if len(packed) <= 2 * MAX_BYTES else None


def waits_for(watch: Watch) -> list[str]:
    """What the watch waits for besides fixed prices: ``new_listing``, ``historic_low:30``."""
    return [
        f"{condition.kind}:{condition.days}" if isinstance(condition, HistoricLow) else str(condition.kind)
        for condition in watch.conditions
        if isinstance(condition, HistoricLow) or not isinstance(condition, PriceCondition)
    ]


class UnreadableJobError(Exception):
    """A job's document is not one this code wrote; it is skipped and reported, never guessed at."""


def read_job(document: Document) -> Job:
    """The job in a document.

    Raises:
        UnreadableJobError: the document is damaged.
    """
    fields = document.fields
    try:
        watch = Watch.model_validate(fields["watch"])
        wanted = set(fields["targets"])
        return Job(
            watch_id=document.id,
            uid=str(fields["uid"]),
            watch=watch,
            rule_version=str(fields["rule_version"]),
            source_updated_at=fields["source_updated_at"],
            targets={target.id: target for target in watch.targets if target.id in wanted},
            left=tuple(fields["left"]),
            state=WatchState.model_validate(fields["state"]),
            updated_at=fields["updated_at"],
            copied_at=fields.get("copied_at"),
            deleted_at=fields["deleted_at"],
            version=document.version,
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise UnreadableJobError(f"{document.path} is not a job") from exc


def copy_watch(
    documents: Documents,
    places: Places,
    refusal: Refusal,
    *,
    uid: str,
    watch_id: str,
    now: datetime,
    cannot_see: CannotSee = beyond_every_provider,
) -> str:
    """Bring the worker's copy of one watch up to what its owner's document says now.

    What was written counts only if the source still stands as it was read: of two events at once, the one
    that read the older source must not have the last word.

    Returns:
        One word for a log: ``copied``, ``unchanged``, ``refused``, ``deleted``, ``absent``.

    Raises:
        StoreUnavailableError: nothing is known; the event should be delivered again.
    """
    overtaken = False
    for _ in range(ATTEMPTS):
        existing = documents.get(places.job(watch_id))
        source = documents.get(places.source(uid, watch_id))
        status = places.status(uid, watch_id)
        if source is None:
            said = documents.get(status)
            outcome, writes = _deletion(existing if _is_of(uid, existing) else None, said, status, now)
        elif _is_copied(existing, source, uid) and not overtaken:
            outcome, writes = "unchanged", []
        else:
            read = partial(read_watch, source.fields, refusal, now, cannot_see=cannot_see)
            outcome, writes = _plan(places, read, source, existing, uid)
        try:
            if writes:
                documents.commit(*writes)
        except ConflictError:
            continue  # the tick or another event wrote meanwhile: look again
        overtaken = bool(writes) and _moved(documents.get(places.source(uid, watch_id)), source)
        if not overtaken:
            log.info("watch.%s", outcome, extra={"watch": watch_id})
            return outcome
    raise StoreUnavailableError(f"watch {watch_id} kept changing; its event will be delivered again")


def _moved(now: Document | None, before: Document | None) -> bool:
    return (now.version if now else None) != (before.version if before else None)


def _is_of(uid: str, existing: Document | None) -> bool:
    return existing is None or existing.fields.get("uid") == uid


def _plan(
    places: Places,
    read: Callable[[], Watch],
    source: Document,
    existing: Document | None,
    uid: str,
) -> tuple[str, list[Write]]:
    status = places.status(uid, source.id)
    if not _is_of(uid, existing):
        return _taken(source, status)
    try:
        watch = read()
    except WatchRefusedError as refused:
        refusal = Put(status, _refused(source, refused.reasons))
        return "refused", [refusal, *_stopped(existing, source.updated_at, None)]
    job = _job(watch, existing, source, uid)
    return "copied", [_written(places, job), Put(status, job.status_fields())]


def _said(state: str, copied_at: datetime | None, reasons: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "state": state,
        "reasons": list(reasons),
        "source_updated_at": copied_at,
        "updated_at": SERVER_TIME,
    }


def _refused(source: Document, reasons: Sequence[str]) -> dict[str, Any]:
    return _said("refused", source.updated_at, reasons) | {"shown": shown(source.fields)}


def _taken(source: Document, status: str) -> tuple[str, list[Write]]:
    """Somebody else's watch has this id; it is never touched."""
    reason = "This watch's id is already in use. Save it again as a new watch."
    return "refused", [Put(status, _refused(source, [reason]))]


def _deletion(
    existing: Document | None, said: Document | None, status: str, now: datetime
) -> tuple[str, list[Write]]:
    """A tombstone; a watch that was refused has no job, but people read of it."""
    stopped = [] if existing is None or existing.fields.get("deleted_at") else _stopped(existing, None, now)
    if not stopped and (said is None or said.fields.get("state") == "deleted"):
        return "absent", []
    return "deleted", [*stopped, Put(status, _said("deleted", None))]


def _stopped(
    existing: Document | None, copied_at: datetime | None, deleted_at: datetime | None
) -> list[Write]:
    """Watch nothing any more, and keep the memory."""
    if existing is None:
        return []
    fields = existing.fields
    left = list(dict.fromkeys([*(fields.get("left") or ()), *(fields.get("targets") or ())]))
    stopped: dict[str, Any] = {"targets": [], "left": left, "fires_at": {}, "rearms_at": {}, "waits_for": []}
    stopped |= {"deleted_at": deleted_at, "updated_at": SERVER_TIME, "copied_at": SERVER_TIME}
    if copied_at is not None:
        stopped["source_updated_at"] = copied_at
    return [Update(existing.path, stopped, existing.version)]


def _is_copied(existing: Document | None, source: Document, uid: str) -> bool:
    if existing is None or not _is_of(uid, existing) or existing.fields.get("deleted_at") is not None:
        return False
    copied_at = existing.fields.get("source_updated_at")
    return isinstance(copied_at, datetime) and copied_at >= source.updated_at


def _job(watch: Watch, existing: Document | None, source: Document, uid: str) -> Job:
    fresh = Job(
        watch_id=source.id,
        uid=uid,
        watch=watch,
        rule_version=source.updated_at.isoformat(),
        source_updated_at=source.updated_at,
        targets={target.id: target for target in watch.targets} if watch.status == "active" else {},
        version=existing.version if existing else "",
    )
    if existing is None:
        return fresh
    was_watching = (*(existing.fields.get("left") or ()), *(existing.fields.get("targets") or ()))
    left = tuple(dict.fromkeys(one for one in was_watching if one not in fresh.targets))
    try:
        known = read_job(existing)
    except UnreadableJobError:
        return replace(fresh, left=left)
    if known.watch.rule != watch.rule:
        return replace(fresh, left=left)
    return replace(fresh, left=left, state=known.state, rule_version=known.rule_version)


def _written(places: Places, job: Job) -> Write:
    path = places.job(job.watch_id)
    return Update(path, job.fields(), job.version) if job.version else Create(path, job.fields())
