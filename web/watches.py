"""The page of one's watches and that of one's alerts, and their buttons: pause, resume, delete, undo, read.

Every button may be pressed twice: what is paused, gone or back already is no error. A deleted watch comes
back as the very document it was (``undoing.py``).
"""

import logging

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from watchers.language import say
from web import entry, feed, listing, monitors, own_writes, snapshot, undoing
from web.overview import all_alerts, overview
from web.site import site

log = logging.getLogger(__name__)

_LONGEST_SHOWN = 100_000

pages = Blueprint("watches", __name__)


@pages.get("/")
def home() -> ResponseReturnValue:
    """A page of them: those that the address asks for."""
    return render_template("home.html", **overview(entry.person(), listing.wanted(request.args)))


@pages.get("/alerts")
def alerts() -> ResponseReturnValue:
    """Everything that was told, newest first; with ``show=new`` what is unread."""
    page = listing.wanted(request.args).page
    only_new = request.args.get("show") == "new"
    return render_template("alerts.html", **all_alerts(entry.person(), only_new=only_new, page=page))


@pages.post("/alerts/read")
def read() -> ResponseReturnValue:
    """Call what the page showed as new read; what came since stays new."""
    shown = request.form.get("shown", "")[:_LONGEST_SHOWN].split()
    own_writes.of(entry.person(), snapshot.ALERTS)
    feed.mark_read(entry.person(), frozenset(shown), site().now())
    flash(say("Marked as read."))
    if request.form.get("from") == "alerts":
        return redirect(url_for("watches.alerts"), 303)
    return _home()


@pages.post("/watches/<watch_id>/pause")
def pause(watch_id: str) -> ResponseReturnValue:
    """Watch nothing until resumed; what was told is remembered."""
    source = monitors.set_status(entry.person(), watch_id, "paused") or abort(404)
    flash(monitors.paused(source))
    return _home(watch_id)


@pages.post("/watches/<watch_id>/resume")
def resume(watch_id: str) -> ResponseReturnValue:
    """Watch again, and tell what was held while it was snoozed."""
    source = monitors.set_status(entry.person(), watch_id, "active") or abort(404)
    flash(say("Watching again: “{name}”.", name=monitors.name_of(source)))
    monitors.let_go(entry.person(), watch_id)
    return _home(watch_id)


@pages.post("/watches/<watch_id>/delete")
def delete(watch_id: str) -> ResponseReturnValue:
    """Delete, and offer it back at once."""
    uid = entry.person()
    source = monitors.delete(uid, watch_id)
    if source is None:
        flash(say("This watch is deleted already."))
        return _home()
    own_writes.settle()
    deleted = undoing.offer(uid, [source])
    return render_template("home.html", **overview(uid, listing.Wanted()), deleted=deleted)


@pages.post("/watches/<watch_id>/undo")
def undo(watch_id: str) -> ResponseReturnValue:
    """Write what was deleted back, as it was."""
    uid = entry.person()
    number = undoing.bring_back(uid, watch_id, request.form.get("undo", ""))
    if number > 1:
        flash(say("They are back, as they were."))
        return _home()
    flash(say("It is back, as it was."))
    return _home(watch_id)


def _home(watch_id: str | None = None) -> ResponseReturnValue:
    anchor = f"w-{watch_id}" if watch_id else None
    return redirect(url_for("watches.home", _anchor=anchor), 303)
