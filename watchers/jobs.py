"""The person's watch becomes the worker's copy: what the Firestore trigger does, and the job's document.

The event is only a hint that something happened. ``copy_watch`` never believes its body: it reads the
source again and copies what stands there now, so that events may come twice, late, out of order, or for a
document that is already gone. A watch that cannot be accepted is refused with sentences in
``ticket_status``, where the person's own clients read them; nothing is retried for ever.

A watch that its owner's plan does not hold any more is refused in words, too, and let in by itself when a
seat becomes free (``seats.py``).

A job keeps its memory while what was asked stays the same (renaming, pausing, snoozing, ending, deleting
and undeleting do not start it anew). Asking something else starts it anew under a new ``rule_version``. A
deleted watch stays as a tombstone, so that the board learns of it.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

from watchers import expiry, seats
from watchers.asked import MAX_BYTES, CannotSee, Refusal, read_watch
from watchers.documents import SERVER_TIME, Create, Delete, Document, Documents, Put, Query, Update, Write
from watchers.errors import ConflictError, StoreUnavailableError, WatchRefusedError
from watchers.memory import WatchState
from watchers.places import FAVOURS, Places, refusal
from watchers.providers.base import beyond_every_provider
from watchers.rules import thresholds
from watchers.seats import Seats
from watchers.target import Target
from watchers.tiers import Tier, Tiers, cannot_wait, waits_for_room
from watchers.watch import HistoricLow, PriceCondition, Watch

log = logging.getLogger(__name__)

ATTEMPTS = 5
_USUAL = Tiers()


@dataclass(frozen=True, slots=True)
class Job:
    """The worker's copy of a watch, and what it remembers.

    ``targets`` are those being watched: none while paused, ended, refused or deleted. ``left`` are targets it
    once watched and no longer does. ``rule_version`` names the write that asked what is asked now.
    ``priority`` is what its owner's plan makes a look worth (``Tier.priority``).
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
    priority: int = 1
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
            "seated": self.watch.status != "ended",
            "refused": False,
            "priority": self.priority,
            "favoured": favoured(self.targets, self.priority),
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
            # With every memory: an older version that brings a watch back says nothing of it.
            expiry.FIELD: _tombstone_until(self.deleted_at),
        }

    def status_fields(self) -> dict[str, Any]:
        """What the person's own clients may read of it, with the database's own time."""
        state = "accepted" if self.watch.status == "active" else self.watch.status
        last_told = self.state.last_told
        return _said(state, self.source_updated_at) | {
            "last_told": last_told.model_dump() if last_told else None,
            "shown": shown(self.fields()["watch"], tuple(self.targets), self.state.to_fields()),
        }

    def says_of(self, source: Document) -> bool:
        """Whether the worker watches what this document of its person asks for, so that the job says it all.

        One that has targets was not refused since: whoever refuses it takes its targets away in the same
        write.
        """
        is_going_on = bool(self.targets) and self.deleted_at is None
        return is_going_on and self.source_updated_at >= source.updated_at

    def awaits_first_look(self, target_id: str) -> bool:
        """Whether this target was never looked at for this watch."""
        return target_id not in self.state.targets


def favoured(targets: Iterable[str], priority: int) -> list[str]:
    """What a priority of more than 1 is counted by: each target with the binary digits of what it is more.

    So a few counts say how much more the watchers of a target are worth, whatever priorities there are.
    """
    digits = [str(digit) for digit in FAVOURS if priority - 1 & digit]
    return [f"{target_id}:{digit}" for target_id in targets for digit in digits]


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
            priority=int(fields.get("priority", 1)),
            version=document.version,
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise UnreadableJobError(f"{document.path} is not a job") from exc


def copy_watch(  # noqa: PLR0913 - what a watch is judged by
    documents: Documents,
    places: Places,
    refusal: Refusal,
    *,
    uid: str,
    watch_id: str,
    now: datetime,
    cannot_see: CannotSee = beyond_every_provider,
    tiers: Tiers = _USUAL,
) -> str:
    """Bring the worker's copy of one watch up to what its owner's document says now.

    What was written counts only if the source still stands as it was read: of two events at once, the one
    that read the older source must not have the last word. Where a seat becomes free, whoever waits for it
    is copied, too.

    Returns:
        One word for a log: ``copied``, ``unchanged``, ``refused``, ``deleted``, ``absent``.

    Raises:
        StoreUnavailableError: nothing is known; the event should be delivered again.
    """
    judge = partial(read_watch, refusal=refusal, now=now, cannot_see=cannot_see)
    desk = _Desk(documents, places, uid, now, tiers, judge)
    outcome, known = _copied(desk, watch_id)
    if known is not None:
        _let_in(desk, known)
    return outcome


def carry_plan(
    documents: Documents,
    places: Places,
    refusal: Refusal,
    *,
    uid: str,
    now: datetime,
    cannot_see: CannotSee = beyond_every_provider,
    tiers: Tiers = _USUAL,
) -> int:
    """Let a person's jobs and seats be what their plan, as it is written, says now; how many jobs it changed.

    The seats hear of it first: who is given one meanwhile reads the new plan. Doing it again changes nothing.

    Raises:
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    known = _replanned(documents, places, uid)
    priority, changed = tiers.of(known.plan).priority, 0
    for found in documents.find(Query(places.worker_collection, ("uid",), "==", uid)):
        changed += _reprioritize(documents, found, priority)
    judge = partial(read_watch, refusal=refusal, now=now, cannot_see=cannot_see)
    _let_in(_Desk(documents, places, uid, now, tiers, judge), seats.read(documents, places, uid))
    return changed


def _replanned(documents: Documents, places: Places, uid: str) -> Seats:
    for _ in range(ATTEMPTS):
        known, plan = seats.read(documents, places, uid), seats.plan_of(documents, uid)
        if known.version and known.plan == plan:
            return known
        try:
            documents.commit((planned := known.planned(plan)).write())
        except ConflictError:
            continue
        return planned
    raise StoreUnavailableError(f"the seats of {uid} kept changing")


def _reprioritize(documents: Documents, found: Document | None, priority: int) -> bool:
    """Whether the job was told: one write, and none where it knows already."""
    for _ in range(ATTEMPTS):
        if found is None or _priority(found) == priority:
            return False
        wishes = {"priority": priority, "favoured": favoured(found.fields.get("targets") or (), priority)}
        told = wishes | {"updated_at": SERVER_TIME, "copied_at": SERVER_TIME}  # so that boards count anew
        try:
            documents.commit(Update(found.path, told, found.version))
        except ConflictError:
            found = documents.get(found.path)
            continue
        return True
    raise StoreUnavailableError("a job kept changing")


@dataclass(frozen=True, slots=True)
class _Desk:
    """Whose watches are copied, and what they are judged by."""

    documents: Documents
    places: Places
    uid: str
    now: datetime
    tiers: Tiers
    judge: Callable[[Mapping[str, Any]], Watch]

    def seats(self) -> Seats:
        return seats.read(self.documents, self.places, self.uid)

    def tier(self, known: Seats) -> Tier:
        return self.tiers.of(known.plan)


@dataclass(slots=True)
class _Step:
    """What is to be written of one watch, and the seats as they will stand if they were read."""

    outcome: str
    writes: list[Write] = field(default_factory=list)
    seats: Seats | None = None

    def seat(self, before: Seats, after: Seats) -> None:
        """The seats change; who only leaves some that were never kept writes nothing (of somebody erased)."""
        self.seats = after
        if after != before and (before.version or len(after.held) > len(before.held) or after.waiting):
            self.writes.append(after.write())


def _copied(desk: _Desk, watch_id: str, *, is_waiting: bool = False) -> tuple[str, Seats | None]:
    """Copy one watch; what became of it, and the seats where one may have become free."""
    documents, overtaken = desk.documents, False
    freed: Seats | None = None
    for _ in range(ATTEMPTS):
        existing = documents.get(desk.places.job(watch_id))
        source = documents.get(desk.places.source(desk.uid, watch_id))
        if source is None:
            step = _gone(desk, watch_id, existing if _is_of(desk.uid, existing) else None)
        elif _is_copied(existing, source, desk.uid) and not overtaken and not is_waiting:
            step = _Step("unchanged", seats=desk.seats() if _has_ended(existing) else None)
        else:
            step = _plan(desk, source, existing, is_waiting=is_waiting)
        try:
            if step.writes:
                documents.commit(*step.writes)
        except ConflictError:
            continue  # the tick or another event wrote meanwhile: look again
        freed = step.seats or freed
        overtaken = bool(step.writes) and _moved(
            documents.get(desk.places.source(desk.uid, watch_id)), source
        )
        if not overtaken:
            log.info("watch.%s", step.outcome, extra={"watch": watch_id})
            return step.outcome, freed
    raise StoreUnavailableError(f"watch {watch_id} kept changing; its event will be delivered again")


def _let_in(desk: _Desk, known: Seats) -> int:
    """Give free seats to those that wait, the oldest first; each is copied as if its event had come."""
    free = desk.tier(known).watches - len(known.held)
    entered = 0
    for watch_id in known.queue:
        if entered >= free:
            break
        entered += _copied(desk, watch_id, is_waiting=True)[0] == "copied"
    return entered


def _moved(now: Document | None, before: Document | None) -> bool:
    return (now.version if now else None) != (before.version if before else None)


def _is_of(uid: str, existing: Document | None) -> bool:
    return existing is None or existing.fields.get("uid") == uid


def _has_ended(existing: Document | None) -> bool:
    return existing is not None and not seats.is_seated(existing.fields)


def _plan(desk: _Desk, source: Document, existing: Document | None, *, is_waiting: bool) -> _Step:
    if not _is_of(desk.uid, existing):
        return _Step("refused", _refused(desk, source, [_TAKEN]))
    if len(source.id.encode()) > seats.LONGEST_ID:
        return _Step("refused", _refused(desk, source, [_TOO_LONG]))
    try:
        watch = desk.judge(source.fields)
    except WatchRefusedError as refused:
        step = _Step("refused", _refused(desk, source, refused.reasons))
        step.writes += _stopped(existing, source.updated_at)
        if is_waiting:  # mended, its own event brings it back
            step.seat(known := desk.seats(), known.without(source.id))
        return step
    return _accepted(desk, watch, source, existing, is_waiting=is_waiting)


def _accepted(
    desk: _Desk, watch: Watch, source: Document, existing: Document | None, *, is_waiting: bool
) -> _Step:
    """Copy the watch, if it has a seat, gets one or needs none."""
    job, step = _job(watch, existing, source, desk.uid), _Step("copied")
    was_seated, has_ended = existing is not None and seats.is_seated(existing.fields), watch.status == "ended"
    may_wait = has_ended and (existing is None or bool(existing.fields.get("refused")))
    if is_waiting or may_wait or was_seated == has_ended:
        known = desk.seats()
        if has_ended:
            step.seat(known, known.without(source.id))
        elif source.id in known.held or len(known.held) < desk.tier(known).watches:
            step.seat(known, known.seating(source.id))
            job = replace(job, priority=desk.tier(known).priority)
        else:
            return _seatless(desk, known, source, existing)
    status = desk.places.status(desk.uid, source.id)
    step.writes += [_written(desk.places, job), Put(status, job.status_fields())]
    if existing is None or existing.fields.get("refused"):
        step.writes.append(Delete(refusal(desk.uid, source.id)))
    return step


def _seatless(desk: _Desk, known: Seats, source: Document, existing: Document | None) -> _Step:
    """Its owner's plan is full: it waits, if so many may, and its owner reads why."""
    waits, tier = known.may_queue(source.id), desk.tier(known)
    reason = waits_for_room(tier) if waits else cannot_wait(tier, seats.MOST_WAITING)
    step = _Step("refused", _refused(desk, source, [reason]))
    step.writes += _stopped(existing, source.updated_at, seated=False)
    if waits:
        step.seat(known, known.queueing(source.id, source.updated_at))
    return step


_TAKEN = "This watch's id is already in use. Save it again as a new watch."
_TOO_LONG = f"This watch's id is longer than {seats.LONGEST_ID} bytes. Save it again as a new watch."


def _found_by_operators(desk: _Desk, source: Document, reasons: Sequence[str]) -> dict[str, Any]:
    """Whose it is, which, why and when; what was refused last has the least ``newest_first``."""
    newest_first = -int(desk.now.timestamp() * 1000)
    return {
        "uid": desk.uid,
        "watch": source.id,
        "reasons": list(reasons),
        "at": desk.now,
        "newest_first": newest_first,
    }


def _refused(desk: _Desk, source: Document, reasons: Sequence[str]) -> list[Write]:
    """What its owner's clients read, and what an operator finds."""
    said = _said("refused", source.updated_at, reasons) | {"shown": shown(source.fields)}
    return [
        Put(desk.places.status(desk.uid, source.id), said),
        Put(refusal(desk.uid, source.id), _found_by_operators(desk, source, reasons)),
    ]


def _said(state: str, copied_at: datetime | None, reasons: Sequence[str] = ()) -> dict[str, Any]:
    return {
        "state": state,
        "reasons": list(reasons),
        "source_updated_at": copied_at,
        "updated_at": SERVER_TIME,
    }


def _gone(desk: _Desk, watch_id: str, existing: Document | None) -> _Step:
    """A tombstone; a watch that was refused has no job, but people read of it. Its seat becomes free."""
    status = desk.places.status(desk.uid, watch_id)
    said = desk.documents.get(status)
    is_alive = existing is not None and not existing.fields.get("deleted_at")
    was_refused = said is not None and said.fields.get("state") != "deleted"
    step = _Step("deleted" if is_alive or was_refused else "absent")
    if step.outcome == "deleted":
        stopped = _stopped(existing, None, desk.now, seated=False) if is_alive else []
        tombstone = _said("deleted", None) | {expiry.FIELD: _tombstone_until(desk.now)}
        step.writes += [*stopped, Put(status, tombstone)]
        if said is not None and said.fields.get("state") == "refused":
            step.writes.append(Delete(refusal(desk.uid, watch_id)))
    if existing is not None or said is not None:
        step.seat(known := desk.seats(), known.without(watch_id))
    return step


def _stopped(
    existing: Document | None,
    copied_at: datetime | None,
    deleted_at: datetime | None = None,
    *,
    seated: bool | None = None,
) -> list[Update]:
    """Watch nothing any more, and keep the memory."""
    if existing is None:
        return []
    fields = existing.fields
    left = list(dict.fromkeys([*(fields.get("left") or ()), *(fields.get("targets") or ())]))
    stopped: dict[str, Any] = {"targets": [], "left": left, "fires_at": {}, "rearms_at": {}, "waits_for": []}
    stopped |= {"favoured": [], "deleted_at": deleted_at, "updated_at": SERVER_TIME, "copied_at": SERVER_TIME}
    stopped |= {"refused": deleted_at is None, expiry.FIELD: _tombstone_until(deleted_at)}
    stopped["seated"] = seats.is_seated(fields) if seated is None else seated
    if copied_at is not None:
        stopped["source_updated_at"] = copied_at
    return [Update(existing.path, stopped, existing.version)]


def _tombstone_until(deleted_at: datetime | None) -> datetime | None:
    return deleted_at + expiry.DELETED if deleted_at else None


def erased(existing: Document, erasure: str, now: datetime) -> Update:
    """A tombstone that says nothing about anybody: boards learn by it that its targets are left.

    ``erasure`` is by what it is found again. Whoever still writes to the job as it was is refused.
    """
    (stopped,) = _stopped(existing, now, now, seated=False)
    nothing = Watch.model_validate(
        {"name": "Erased", "target": {"provider": "steam", "item": "0"}, "conditions": [{"kind": "status"}]}
    )
    empty = Job(existing.id, "", nothing, rule_version="", source_updated_at=now, targets={}).fields()
    fields = dict.fromkeys(existing.fields) | empty | dict(stopped.fields) | {"erasure": erasure}
    return Update(existing.path, fields, existing.version)


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
    fresh = replace(fresh, priority=_priority(existing))
    was_watching = (*(existing.fields.get("left") or ()), *(existing.fields.get("targets") or ()))
    left = tuple(dict.fromkeys(one for one in was_watching if one not in fresh.targets))
    try:
        known = read_job(existing)
    except UnreadableJobError:
        return replace(fresh, left=left)
    if known.watch.rule != watch.rule:
        return replace(fresh, left=left)
    return replace(fresh, left=left, state=known.state, rule_version=known.rule_version)


def _priority(existing: Document) -> int:
    said = existing.fields.get("priority", 1)
    return said if isinstance(said, int) and not isinstance(said, bool) else 1


def _written(places: Places, job: Job) -> Write:
    path = places.job(job.watch_id)
    return Update(path, job.fields(), job.version) if job.version else Create(path, job.fields())
