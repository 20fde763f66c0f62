"""Watches: listed, made, read, changed, deleted. ``Watch`` itself is what is sent, judged as the form is.

What is not known here is refused. A change may ask for the version it means (``If-Match``).
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from pydantic import AwareDatetime, Field

from watchers import verbs
from watchers.asked import read_watch
from watchers.documents import Create, Delete, Document, Query, Update
from watchers.errors import ConflictError, StoreUnavailableError, WatchRefusedError
from watchers.language import say
from watchers.portable.judging import stored
from watchers.providers import cannot_see
from watchers.watch import Watch
from web import entry, membership, monitors, own_writes, sight, twins
from web.api import paging, reading, repeats
from web.api.answering import etag, require_match
from web.api.models import SavedWatch, SavedWatches
from web.api.operation import JSON, MERGE_PATCH, Access, Call, Operation, Reply
from web.api.paging import Paged
from web.api.problems import ProblemError
from web.api.shape import Shape
from web.reach import usual_ways
from web.site import site

_ATTEMPTS = 5
LONGEST_SNOOZE = timedelta(days=366)
_WATCH = {
    "name": "Lakers v Warriors under $90",
    "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
    "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
    "notify": ["sms", "email"],
}


class Snoozed(Shape):
    """Until when nothing is told."""

    until: AwareDatetime = Field(
        description="A time in the next 366 days.", examples=["2026-12-31T18:00:00Z"]
    )


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────


def every(call: Call) -> Reply:
    """A page of one's watches, by id."""
    page: Paged = call.query
    last = paging.after(call.uid, page.cursor).get("after")
    wanted = Query(site().places.sources(call.uid), value=last, limit=page.limit + 1)
    found = site().documents.find(wanted)
    shown = found[: page.limit]
    following = paging.cursor(call.uid, {"after": shown[-1].id}) if len(found) > len(shown) else None
    return Reply(SavedWatches(watches=tuple(map(saved, shown)), next=following))


def show(call: Call, watch_id: str) -> Reply:
    """One watch."""
    return _shown(existing(call.uid, watch_id))


def existing(uid: str, watch_id: str) -> Document:
    """One of this person's watches.

    Raises:
        ProblemError: 404, there is none; somebody else's is none either.
    """
    source = monitors.find(uid, watch_id)
    if source is None:
        raise ProblemError(404, "You have no watch with this id.")
    return source


def saved(source: Document) -> SavedWatch:
    """A watch as it is answered."""
    return SavedWatch(
        id=source.id,
        name=monitors.name_of(source),
        updated_at=source.updated_at,
        watch=monitors.read(source.fields),
    )


def _shown(source: Document, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(saved(source), status, headers or {}, etag(source.version))


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────


def create(call: Call) -> Reply:
    """Save a new watch; with the same key, the same watch."""
    asked: Watch = call.body
    if "notify" not in asked.model_fields_set:
        asked = asked.model_copy(update={"notify": usual_ways(entry.document())})
    fields = judged(asked)
    for watch_id in _ids(call):
        standing = monitors.find(call.uid, watch_id)
        if standing is None:
            _refuse_twins(call.uid, asked)
            _refuse_past(asked)
            standing = _created(call.uid, watch_id, fields)
        if standing and monitors.read(standing.fields) == monitors.read(fields):
            return _shown(standing, 201, {"Location": f"/api/v1/watches/{watch_id}"})
    raise StoreUnavailableError("every id that was tried is taken")


def _created(uid: str, watch_id: str, fields: dict[str, Any]) -> Document | None:
    """The watch as it stands then; the same request may have been here at the same moment."""
    own_writes.of(uid, watch_id)
    with suppress(ConflictError):
        site().documents.commit(Create(site().places.source(uid, watch_id), fields))
    return monitors.find(uid, watch_id)


def _ids(call: Call) -> Iterator[str]:
    """Ids to save under: those of the key first. What stands there may be older, or was changed since."""
    if call.key:
        for attempt in range(_ATTEMPTS):
            yield repeats.derived(call.uid, call.key, f"watch {attempt}")
    yield secrets.token_hex(10)


def replace(call: Call, watch_id: str) -> Reply:
    """Ask for something else under the same id."""
    fields = judged(call.body)
    return _changed(call.uid, watch_id, lambda _: fields)


def change(call: Call, watch_id: str) -> Reply:
    """Change some fields (RFC 7396): null takes one away."""

    def merged(standing: Mapping[str, Any]) -> dict[str, Any]:
        if monitors.read(standing) is None or "eventId" in standing:
            raise ProblemError(409, "What is saved here is no watch of today's form. Replace it as a whole.")
        shown = {name: value for name, value in standing.items() if value is not None}
        made = _merged(shown, call.body)
        return judged(reading.model(Watch, made))

    return _changed(call.uid, watch_id, merged)


def _merged(standing: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, Mapping):
        return patch
    made = dict(standing) if isinstance(standing, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = _merged(made.get(name), value)
    return made


def judged(asked: Watch) -> dict[str, Any]:
    """The document to write, which ``read_watch`` has accepted.

    Raises:
        ProblemError: 422 with every reason.
    """
    fields = stored(asked)
    try:
        read_watch(fields, site().refusal, site().now(), cannot_see=cannot_see)
    except WatchRefusedError as refused:
        raise reading.refused_watch(refused) from refused
    _refuse_what_is_off(asked)
    return fields


def _refuse_what_is_off(asked: Watch) -> None:
    for target in asked.targets:
        state = site().providers.get(target.provider)
        if state != "on":
            why = f"This provider is switched off here: {state}." if state else "There is no such provider."
            raise reading.not_accepted(why, "/target/provider")


def _refuse_twins(uid: str, asked: Watch) -> None:
    """Raises: ProblemError: 409, there is no room, or there is one that asks for the same already."""
    known = monitors.find_all(uid)
    if full := membership.no_room(known):
        raise ProblemError(409, full)
    if twin := twins.twin(asked, known):
        name = monitors.name_of(twin)
        said = say("You already have this: “{name}” watches the same for the same.", name=name)
        raise ProblemError(409, said, headers={"Location": f"/api/v1/watches/{twin.id}"})


def _refuse_past(asked: Watch) -> None:
    """An event that has taken place is nothing to wait for; no market is asked whether it has."""
    plans = site().plans()
    for target in asked.targets:
        if said := sight.over(target, plans):
            raise reading.not_accepted(said, "/target")


def _changed(uid: str, watch_id: str, wanted: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Reply:
    """Write what is wanted in place of what stands there, unless it is not what the caller has read."""
    for _ in range(_ATTEMPTS):
        source = existing(uid, watch_id)
        require_match(source.version)
        writes = monitors.replacing(source, wanted(source.fields))
        own_writes.of(uid, watch_id)
        try:
            site().documents.commit(*writes)
        except ConflictError:
            continue
        return _shown(existing(uid, watch_id))
    raise StoreUnavailableError(f"watch {watch_id} kept changing")


def delete(call: Call, watch_id: str) -> Reply:
    """Delete a watch; what it told stays among the alerts."""
    for _ in range(_ATTEMPTS):
        source = existing(call.uid, watch_id)
        require_match(source.version)
        own_writes.of(call.uid, watch_id)
        try:
            site().documents.commit(Delete(source.path, source.version))
        except ConflictError:
            continue
        return Reply(status=204)
    raise StoreUnavailableError(f"watch {watch_id} kept changing")


# ── in one word ──────────────────────────────────────────────────────────────────────────────────────────


def pause(call: Call, watch_id: str) -> Reply:
    """Watch nothing until resumed."""
    return _set(call.uid, watch_id, verbs.stop)


def resume(call: Call, watch_id: str) -> Reply:
    """Watch again, and tell what was held while it was snoozed."""
    done = _set(call.uid, watch_id, verbs.resume)
    monitors.let_go(call.uid, watch_id)
    return done


def bought(call: Call, watch_id: str) -> Reply:
    """End it: it was bought."""
    return _set(call.uid, watch_id, verbs.bought)


def snooze(call: Call, watch_id: str) -> Reply:
    """Tell nothing until then; what is found meanwhile is told then."""
    asked: Snoozed = call.body
    if not site().now() < asked.until < site().now() + LONGEST_SNOOZE:
        raise reading.not_accepted("Choose a time in the next 366 days.", "/until")
    return _set(call.uid, watch_id, lambda fields: verbs.snooze(fields, asked.until))


def _set(uid: str, watch_id: str, verb: verbs.Change) -> Reply:
    """Twice is once."""
    for _ in range(_ATTEMPTS):
        source = existing(uid, watch_id)
        require_match(source.version)
        changes = verb(source.fields)
        try:
            if changes:
                own_writes.of(uid, watch_id)
                site().documents.commit(Update(source.path, changes, source.version))
        except ConflictError:
            continue
        return _shown(existing(uid, watch_id) if changes else source)
    raise StoreUnavailableError(f"watch {watch_id} kept changing")


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────

_TAG = "Watches"
_ONE = "/watches/{watch_id}"
_SHOWN = {200: SavedWatch}
_NOT_YET = "The worker learns of it from the database, within seconds."

OPERATIONS = (
    Operation(
        name="listWatches", method="GET", path="/watches", run=every, tag=_TAG,
        summary="Your watches, a page at a time", query=Paged, answers={200: SavedWatches},
        example_query="limit=20",
    ),
    Operation(
        name="createWatch", method="POST", path="/watches", run=create, tag=_TAG,
        summary="Save a new watch", access=Access.WRITE, body=Watch, answers={201: SavedWatch},
        refusals=(409,), takes_key=True, example=_WATCH,
        details=(
            f"{_NOT_YET} A watch that asks the same as another of yours is refused (409), and so is one more "
            "than you may have. With an `Idempotency-Key` the same request again is the same watch. Without "
            "`notify` it tells as your settings have it, or by what of text and e-mail works."
        ),
    ),
    Operation(
        name="getWatch", method="GET", path=_ONE, run=show, tag=_TAG, has_etag=True,
        summary="One watch, as you saved it", answers=_SHOWN,
    ),
    Operation(
        name="replaceWatch", method="PUT", path=_ONE, run=replace, tag=_TAG, has_etag=True,
        summary="Ask for something else under the same id", access=Access.WRITE, body=Watch,
        answers=_SHOWN, example=_WATCH,
        details="It starts anew when what it asks changes; a new name or new channels leave its memory.",
    ),
    Operation(
        name="changeWatch", method="PATCH", path=_ONE, run=change, tag=_TAG, has_etag=True,
        summary="Change some fields", access=Access.WRITE, body=Watch, takes=(MERGE_PATCH, JSON),
        answers=_SHOWN, refusals=(409,), example={"name": "Lakers, better seats", "tags": ["december"]},
        details="A JSON merge patch (RFC 7396): what is left out stays, null takes a field away.",
    ),
    Operation(
        name="deleteWatch", method="DELETE", path=_ONE, run=delete, tag=_TAG, has_etag=True,
        summary="Delete a watch", access=Access.WRITE, answers={204: None},
    ),
    Operation(
        name="pauseWatch", method="POST", path=f"{_ONE}/pause", run=pause, tag=_TAG, has_etag=True,
        summary="Watch nothing until resumed", access=Access.WRITE, answers=_SHOWN,
    ),
    Operation(
        name="resumeWatch", method="POST", path=f"{_ONE}/resume", run=resume, tag=_TAG, has_etag=True,
        summary="Watch again, and tell what was held", access=Access.WRITE, answers=_SHOWN,
    ),
    Operation(
        name="snoozeWatch", method="POST", path=f"{_ONE}/snooze", run=snooze, tag=_TAG, has_etag=True,
        summary="Tell nothing until a time", access=Access.WRITE, body=Snoozed, answers=_SHOWN,
        example={"until": "2026-12-31T18:00:00Z"},
    ),
    Operation(
        name="endWatch", method="POST", path=f"{_ONE}/bought", run=bought, tag=_TAG, has_etag=True,
        summary="End a watch: you have bought it", access=Access.WRITE, answers=_SHOWN,
    ),
)  # fmt: skip
