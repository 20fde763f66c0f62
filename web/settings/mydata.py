"""``/settings/data``: a copy of everything that is kept about somebody, and the end of it.

Deleting asks for a word to be typed. From the commit with which it begins nothing is sent any more and nobody
is signed in; whatever breaks off afterwards, the worker finishes (``notifiers/personal/erasure.py``).
"""

import logging
from contextlib import suppress
from datetime import timedelta
from itertools import chain

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Unauthorized

from notifiers.personal import erasure, returning
from notifiers.personal.export import export
from notifiers.personal.receipts import KEPT_FOR
from notifiers.personal.returning import StillErasedError
from watchers.errors import StoreError, StoreUnavailableError
from watchers.language import say
from web import entry
from web.api import problems
from web.site import site

log = logging.getLogger(__name__)

BACKUPS_KEPT_FOR = timedelta(days=7)
"""How far back Firestore can go: https://firebase.google.com/docs/firestore/use-pitr"""

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ALWAYS = frozenset({"mydata.erase", "entry.leave", "signing_in.end_all"})
"""What may be asked while it is being deleted: to go on with it, and to go."""

pages = Blueprint("mydata", __name__)


@pages.before_app_request
def keep_what_is_new() -> ResponseReturnValue | None:
    """Who was erased, has signed in anew, and changes something, is somebody whose data is kept."""
    if request.method in _SAFE or request.endpoint is None or entry.is_bearer() or entry.who() is None:
        return None
    with suppress(Unauthorized, StoreUnavailableError):  # what was asked for says so itself, if it needs to
        if person := entry.document():
            try:
                returning.require_over(site().documents, person)
            except StillErasedError as still:
                return _refused(still)
            erasure.welcome_back(site().documents, person)
    return None


def _refused(still: StillErasedError) -> ResponseReturnValue | None:
    """Whatever would be kept now would be deleted with the rest."""
    if problems.is_asked():
        return problems.answer(problems.ProblemError(409, str(still)))
    return None if request.endpoint in _ALWAYS else abort(409, str(still))


@pages.get("/settings/data")
def show() -> ResponseReturnValue:
    """What there is, and what each button does."""
    entry.person()
    return _page()


@pages.post("/settings/data/export")
def download() -> ResponseReturnValue:
    """Everything, as one JSON file, piece by piece."""
    uid, now = entry.person(), site().now()
    if wait := site().copies.wait(uid, now):
        minutes = max(1, round(wait.total_seconds() / 60))
        flash(
            say("You had your data several times just now. Try again in {minutes} minutes.", minutes=minutes),
            "warn",
        )
        return redirect(url_for("mydata.show"), 303)
    pieces = export(site().documents, site().places, uid, now)
    first = next(pieces)  # a database that is away is said on a page, not in the file
    return Response(
        chain([first], pieces),  # they need no request any more: ours is over by then
        mimetype="application/json",
        headers={"Content-Disposition": f'attachment; filename="ticket-scout-{now:%Y-%m-%d}.json"'},
    )


@pages.post("/settings/data/erase")
def erase() -> ResponseReturnValue:
    """Delete everything, once the word was typed."""
    uid, typed = entry.person(), request.form.get("word", "")[:100]
    if typed.strip().casefold() != say("delete").casefold():
        return _page(typed, say("Type the word “{word}”, and nothing else.", word=say("delete"))), 422
    erasure.begin(site().documents, uid, site().now())
    session.clear()
    try:
        erasure.erase(site().documents, site().places, uid, site().now())
    except StoreError as exc:
        log.warning("person.not_erased", extra={"uid": uid, "why": type(exc).__name__})
        said = say("It has begun: nothing is sent to you any more. The rest is deleted within the hour.")
    else:
        said = say("Your watches, alerts, contacts and everything else are deleted.")
    kept = say("If you had agreed to texts or stopped them, that is kept, as the page said. Goodbye.")
    return render_template("message.html", title=say("You are deleted"), sentences=[said, kept])


def _page(typed: str = "", error: str = "") -> str:
    return render_template(
        "mydata.html",
        word=say("delete"),
        typed=typed,
        error=error,
        years=KEPT_FOR.days // 365,
        backup_days=BACKUPS_KEPT_FOR.days,
        session_days=erasure.KEPT.days,
    )
