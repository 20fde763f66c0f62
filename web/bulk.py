"""Many watches at once: pause, resume, snooze, tag, untag, delete; and the tags of one.

``change`` and ``delete`` do it to any number: one commit, and where somebody else wrote meanwhile, each by
itself. What cannot be changed so is named with its reason, and keeps nobody else back. Twice does no harm.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from watchers import verbs
from watchers.documents import Delete, Document, Update
from watchers.errors import ConflictError, StoreUnavailableError, WatchRefusedError
from watchers.language import say, say_many
from watchers.tags import read_tags, replaced, retagged
from web import entry, listing, monitors, own_writes, undoing
from web.overview import overview, view
from web.site import site

log = logging.getLogger(__name__)

Change = Callable[[Mapping[str, Any]], dict[str, Any]]
"""From a watch's fields to those that change; raises ``WatchRefusedError``."""

A_DAY = timedelta(days=1)
_ATTEMPTS = 5

_SAID_EACH = 3  # watches of which each is said by its name

pages = Blueprint("bulk", __name__)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of many: those that are so now, as they stood; and why the others are not, by name."""

    changed: tuple[Document, ...]
    refused: tuple[tuple[str, str], ...] = ()


def change(uid: str, watch_ids: Iterable[str], what: Change) -> Done:
    """Change these of one person's watches, all in one commit where nobody is in the way.

    Raises:
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    found = monitors.find_many(uid, watch_ids)
    planned = [_planned(source, what) for source in found]
    writes = [write for _, write, _ in planned if write]
    own_writes.of(uid, *(source.id for source, write, _ in planned if write))
    try:
        if writes:
            site().documents.commit(*writes)
    except ConflictError:
        each = (_change_one(uid, one[0].id, what) if one[1] else one for one in planned)
        planned = [outcome for outcome in each if outcome]
    refused = tuple((monitors.name_of(source), why) for source, _, why in planned if why)
    return Done(tuple(source for source, _, why in planned if not why), refused)


def _planned(source: Document, what: Change) -> tuple[Document, Update | None, str]:
    try:
        changes = what(source.fields)
    except WatchRefusedError as refused:
        return source, None, " ".join(refused.reasons)
    return source, Update(source.path, changes, source.version) if changes else None, ""


def _change_one(uid: str, watch_id: str, what: Change) -> tuple[Document, Update | None, str] | None:
    """What became of one; ``None``: it is gone."""
    for _ in range(_ATTEMPTS):
        source = monitors.find(uid, watch_id)
        if source is None:
            return None
        planned = _planned(source, what)
        try:
            if write := planned[1]:
                site().documents.commit(write)
        except ConflictError:
            continue
        return planned
    raise StoreUnavailableError(f"watch {watch_id} kept changing")


def let_go(uid: str, resumed: Done) -> None:
    """Let go of what was held for the snooze of those that were resumed just now; best effort."""
    monitors.let_go(uid, *(one.id for one in resumed.changed if verbs.resume(one.fields)))


def delete(uid: str, watch_ids: Iterable[str]) -> Sequence[Document]:
    """Delete these of one person's watches, as they stood; they are needed to have them back."""
    found = monitors.find_many(uid, watch_ids)
    own_writes.of(uid, *(source.id for source in found))
    try:
        if found:
            site().documents.commit(*(Delete(source.path, source.version) for source in found))
    except ConflictError:
        return [gone for source in found if (gone := monitors.delete(uid, source.id))]
    return found


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────


@pages.post("/watches/bulk", endpoint="change")
def change_many() -> ResponseReturnValue:
    """One button for all that are ticked, or for all that fit."""
    uid, asked = entry.person(), listing.wanted(request.form)
    ids = _meant(uid, asked)
    if not ids:
        flash(say("Tick at least one watch first."), "warn")
        return _back(asked)
    act = request.form.get("act", "")
    if act == "delete":
        return _deleted(uid, delete(uid, ids))
    try:
        what = _change_of(act)
    except WatchRefusedError as refused:
        flash(" ".join(refused.reasons), "warn")
        return _back(asked)
    done = change(uid, ids, what)
    if act == "resume":
        let_go(uid, done)
    _tell(act, done)
    return _back(asked)


@pages.post("/watches/<watch_id>/tags")
def tag(watch_id: str) -> ResponseReturnValue:
    """The tags of one watch, all of them anew."""
    uid = entry.person()
    try:
        done = change(uid, [watch_id], partial(replaced, tags=read_tags(request.form.get("tags", "")[:1000])))
    except WatchRefusedError as refused:
        flash(" ".join(refused.reasons), "warn")
    else:
        if not done.changed and not done.refused:
            abort(404)
        _tell("tags", done)
    return redirect(url_for("watches.home", _anchor=f"w-{watch_id}"), 303)


def _meant(uid: str, asked: listing.Wanted) -> list[str]:
    if request.form.get("all") == "on":
        return [one.id for one in listing.sifted(view(uid).briefs, asked)]
    return list(dict.fromkeys(request.form.getlist("watch")))[: monitors.most()]


def _change_of(act: str) -> Change:
    plain: dict[str, Change] = {
        "pause": verbs.stop,
        "resume": verbs.resume,
        "snooze": partial(verbs.snooze, until=site().now().replace(microsecond=0) + A_DAY),
    }
    if act in plain:
        return plain[act]
    if act not in ("tag", "untag"):
        abort(400, say("This button is not known."))
    words = read_tags(request.form.get("tags", "")[:1000])
    if not words:
        raise WatchRefusedError([say("Write the tags into the field first.")])
    return partial(retagged, add=words) if act == "tag" else partial(retagged, remove=words)


def _tell(act: str, done: Done) -> None:
    ended = [one for one in done.changed if act == "pause" and monitors.has_ended(one)]
    if number := len(done.changed) - len(ended):
        flash(_said(act, number))
    for one in ended[:_SAID_EACH]:
        flash(monitors.ended_already(one))
    for name, why in done.refused:
        flash(f"“{name}”: {why}", "warn")


def _said(act: str, number: int) -> str:
    match act:
        case "pause":
            return say_many("Paused {number} watch.", "Paused {number} watches.", number)
        case "resume":
            return say_many("Watching {number} watch again.", "Watching {number} watches again.", number)
        case "snooze":
            return say_many(
                "Snoozed {number} watch for a day.", "Snoozed {number} watches for a day.", number
            )
        case "tags":
            return say("The tags are saved.")
    return say_many("Changed the tags of {number} watch.", "Changed the tags of {number} watches.", number)


def _deleted(uid: str, found: Sequence[Document]) -> ResponseReturnValue:
    if not found:
        flash(say("They are deleted already."))
        return _back(listing.Wanted())
    own_writes.settle()
    return render_template("home.html", **overview(uid, listing.Wanted()), deleted=undoing.offer(uid, found))


def _back(asked: listing.Wanted) -> ResponseReturnValue:
    return redirect(url_for("watches.home", **asked.args(page=asked.page)), 303)
