"""Which entries of a file would be saved, which are there already, and which are refused and why; and saving.

Judging changes nothing. Saving gives each watch an id that is derived from what it asks and whose it is, so
that the same file, twice or at the same time as itself, saves each of its watches once.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watchers.asked import CannotSee, Refusal, read_watch
from watchers.documents import Create, Document, Documents
from watchers.errors import ConflictError, WatchRefusedError
from watchers.language import say
from watchers.portable.arriving import Entry
from watchers.portable.columns import column_of
from watchers.providers.base import beyond_every_provider
from watchers.watch import Watch

_TRIED = 3  # ids, where one is taken by a watch that was changed since


@dataclass(frozen=True, slots=True)
class Judged:
    """One entry: the watch it asks for, and the fields to save; or who has it already; or why not.

    ``twin``: what the watch that asks the same is called. ``reasons``: sentences.
    """

    entry: Entry
    name: str
    watch: Watch | None = None
    fields: Mapping[str, Any] | None = None
    twin: str | None = None
    reasons: tuple[str, ...] = ()

    @property
    def is_new(self) -> bool:
        """Whether it would be saved."""
        return self.watch is not None and self.twin is None and not self.reasons


def judged(
    entries: Sequence[Entry],
    known: Mapping[str, Watch],
    refusal: Refusal,
    now: datetime,
    *,
    room: int,
    full: str = "",
    cannot_see: CannotSee = beyond_every_provider,
) -> list[Judged]:
    """Every entry, in order.

    Args:
        entries: Of the file.
        known: The watches the person has, by name or id; anything unique.
        refusal: What the providers cannot do.
        now: For dates that have passed (aware UTC).
        room: How many more watches that go on the person may have.
        full: What is said where there is no more room.
        cannot_see: Which conditions can never fire.
    """
    asked = {watch.question: watch.name for watch in known.values()}
    found: list[Judged] = []
    for entry in entries:
        one = _judged(entry, refusal, now, cannot_see)
        if one.watch is not None:
            one = _placed(one, one.watch, asked, room=room - sum(map(_takes_room, found)), full=full)
        found.append(one)
    return found


def _judged(entry: Entry, refusal: Refusal, now: datetime, cannot_see: CannotSee) -> Judged:
    name = str(entry.fields.get("name") or entry.fields.get("eventName") or "")[:200]
    if entry.fault:
        return Judged(entry, name, reasons=(entry.fault,))
    try:
        watch = read_watch(entry.fields, refusal, now, cannot_see=cannot_see)
    except WatchRefusedError as refused:
        return Judged(entry, name, reasons=tuple(_reasons(entry, refused)))
    return Judged(entry, watch.name, watch, stored(watch))


def _reasons(entry: Entry, refused: WatchRefusedError) -> Iterator[str]:
    """What is wrong, by the columns of a sheet where it is one."""
    kinds = [str(one["kind"]) for one in entry.fields["conditions"]] if entry.is_row else []
    for one in refused.faults:
        is_placed = entry.is_row and one.place
        yield f"{column_of(one.place, kinds)}: {one.said}" if is_placed else str(one)


def _takes_room(one: Judged) -> bool:
    return one.is_new and one.watch is not None and one.watch.status != "ended"


def _placed(one: Judged, watch: Watch, asked: dict[str, str], *, room: int, full: str) -> Judged:
    key = watch.question
    if (twin := asked.get(key)) is not None:
        return Judged(one.entry, one.name, watch, twin=twin)
    if room <= 0 and watch.status != "ended":
        return Judged(
            one.entry, one.name, reasons=(full or say("You have as many watches as one can have."),)
        )
    asked[key] = watch.name
    return one


def stored(watch: Watch) -> dict[str, Any]:
    """The document of a watch: only what it says."""
    said: dict[str, Any] = watch.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    whole = {
        "already_true": watch.already_true,
        "notify": [str(one) for one in watch.notify],
        "status": watch.status,
    }
    said |= whole | ({"snoozed_until": watch.snoozed_until} if watch.snoozed_until else {})
    return said


def save(documents: Documents, folder: str, judged: Sequence[Judged]) -> list[Judged]:
    """Save those that are new into the collection ``folder``; those that were. Again, it saves none of them.

    Raises:
        StoreUnavailableError: nothing is known; the same may be done again.
    """
    wanted = [one for one in judged if one.is_new]
    try:
        if wanted:
            documents.commit(
                *(Create(f"{folder}/{_id(folder, one, 0)}", dict(one.fields or {})) for one in wanted)
            )
    except ConflictError:
        return [one for one in wanted if _saved(documents, folder, one)]
    return wanted


def _saved(documents: Documents, folder: str, one: Judged) -> bool:
    """Whether it was saved now; not where it is there already. An id that asks otherwise is passed by."""
    for attempt in range(_TRIED):
        path = f"{folder}/{_id(folder, one, attempt)}"
        try:
            documents.commit(Create(path, dict(one.fields or {})))
        except ConflictError:
            if _asks_the_same(documents.get(path), one):
                return False
            continue
        return True
    return False


def _asks_the_same(standing: Document | None, one: Judged) -> bool:
    try:
        watch = Watch.model_validate(dict(standing.fields)) if standing else None
    except ValueError:
        return False
    return watch is not None and one.watch is not None and watch.question == one.watch.question


def _id(folder: str, one: Judged, attempt: int) -> str:
    """Twenty hex digits, as the form's own ids. Two people's differ: the worker knows a watch by its id."""
    asked = one.watch.question if one.watch else ""
    return hashlib.sha256(f"{folder}:{attempt}:{asked}".encode()).hexdigest()[:20]
