"""The page of one's watches, and its buttons: pause, resume, delete, undo, and mark alerts as read.

Every button may be pressed twice: what is paused, gone or back already is no error. A deleted watch comes
back as the very document it was; until then only the page that says so holds it, signed.
"""

import logging
from datetime import timedelta

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.json.tag import TaggedJSONSerializer
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer

from watchers.documents import Create, Delete
from watchers.errors import ConflictError
from web import entry, feed, monitors, snapshot
from web.overview import overview
from web.site import site

log = logging.getLogger(__name__)

UNDO_FOR = timedelta(hours=1)
_LONGEST_UNDO = 100_000  # characters; a form may carry so much back
_LONGEST_SHOWN = 100_000

pages = Blueprint("watches", __name__)


@pages.get("/")
def home() -> ResponseReturnValue:
    """All of it on one page."""
    return render_template("home.html", **overview(entry.person()))


@pages.post("/alerts/read")
def read() -> ResponseReturnValue:
    """Call what the page showed as new read; what came since stays new."""
    shown = request.form.get("shown", "")[:_LONGEST_SHOWN].split()
    feed.mark_read(entry.person(), frozenset(shown), site().now())
    flash("Marked as read.")
    return _home()


@pages.post("/watches/<watch_id>/pause")
def pause(watch_id: str) -> ResponseReturnValue:
    """Watch nothing until resumed; what was told is remembered."""
    return _set_status(watch_id, "paused", "Paused")


@pages.post("/watches/<watch_id>/resume")
def resume(watch_id: str) -> ResponseReturnValue:
    """Watch again, and tell what was held while it was snoozed."""
    done = _set_status(watch_id, "active", "Watching again:")
    monitors.let_go(entry.person(), watch_id)
    return done


def _set_status(watch_id: str, status: str, said: str) -> ResponseReturnValue:
    source = monitors.set_status(entry.person(), watch_id, status) or abort(404)
    flash(f"{said} “{monitors.name_of(source)}”.")
    return _home(watch_id)


@pages.post("/watches/<watch_id>/delete")
def delete(watch_id: str) -> ResponseReturnValue:
    """Delete, and offer it back at once."""
    uid = entry.person()
    source = monitors.find(uid, watch_id)
    if source is None:
        flash("This watch is deleted already.")
        return _home()
    site().documents.commit(Delete(source.path))
    snapshot.mark(site().documents, uid, watch_id)
    undo = _undo_signer().dumps({"uid": uid, "id": watch_id, "fields": dict(source.fields)})
    deleted = {"id": watch_id, "name": monitors.name_of(source), "undo": str(undo)}
    if len(deleted["undo"]) > _LONGEST_UNDO:
        deleted["undo"] = ""
    return render_template("home.html", **overview(uid), deleted=deleted)


@pages.post("/watches/<watch_id>/undo")
def undo(watch_id: str) -> ResponseReturnValue:
    """Write the deleted document back, as it was; one that stands there meanwhile is left alone."""
    uid, token = entry.person(), request.form.get("undo", "")
    try:
        kept = _undo_signer().loads(token, max_age=int(UNDO_FOR.total_seconds()))
    except BadData:
        abort(403, "Undo works for an hour after deleting. Make the watch anew.")
    if (kept["uid"], kept["id"]) != (uid, watch_id):
        abort(403, "This watch was not deleted here.")
    try:
        site().documents.commit(Create(site().places.source(uid, watch_id), kept["fields"]))
    except ConflictError:
        log.info("watch.undone_already", extra={"watch": watch_id})
    flash("It is back, as it was.")
    return _home(watch_id)


def _undo_signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        site().secret_key, salt="ticket-scout.undo", serializer=TaggedJSONSerializer()
    )


def _home(watch_id: str | None = None) -> ResponseReturnValue:
    anchor = f"w-{watch_id}" if watch_id else None
    return redirect(url_for("watches.home", _anchor=anchor), 303)
