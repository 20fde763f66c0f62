"""A person's calendar: to download, and at a secret address that a calendar program reads again and again.

``calendars/{uid}`` holds the secret of that address and which revision of each entry was shown last; it is
written only when an entry changed or the address is renewed. The address is signed: who does not know it reads
nothing, and what was renewed leads nowhere. Nobody needs to be signed in to read it.
"""

import hmac
import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeSerializer

from notifiers import contacts
from watchers import agenda
from watchers.agenda import Entry
from watchers.documents import Create, Document, Documents, Update
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.language import say, speaking
from watchers.watch import Watch
from web import entry, monitors
from web.site import site
from web.watch import calendar_file
from web.watch.calendar_file import Revision

log = logging.getLogger(__name__)

_ATTEMPTS = 5
_KEPT = f"private, max-age={int(calendar_file.REFRESH.total_seconds()) // 6}"

pages = Blueprint("calendars", __name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """What ``calendars/{uid}`` holds. ``shown``: of each entry its fingerprint and revision."""

    secret: str = ""
    shown: Mapping[str, tuple[str, Revision]] = field(default_factory=dict)
    version: str = ""

    def revisions(self) -> Mapping[str, Revision]:
        """By the entry's id."""
        return {one: revision for one, (_, revision) in self.shown.items()}


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────


@pages.get("/watches/calendar")
def show() -> ResponseReturnValue:
    """The dates, and the two ways into a calendar."""
    uid = entry.person()
    kept, zone = _kept(site().documents.get(path(uid))), contacts.zone_of(contacts.find(site().documents, uid))
    entries = _entries(uid, _watches(uid))
    return render_template(
        "calendar.html", entries=entries, address=_address(uid, kept.secret) if kept.secret else "", zone=zone
    )


@pages.post("/watches/calendar")
def renew() -> ResponseReturnValue:
    """Make a new secret address; the one before leads nowhere any more."""
    uid = entry.person()
    secret = secrets.token_urlsafe(16)
    _changed(site().documents, uid, lambda kept: Kept(secret, kept.shown, kept.version))
    log.info("calendar.renewed", extra={"person": uid})
    flash(say("This address is new. One that was made before works no longer."))
    return redirect(url_for("calendars.show"), 303)


@pages.get("/watches/calendar.ics")
def download() -> ResponseReturnValue:
    """Everything as one file."""
    uid = entry.person()
    return _file(uid, _entries(uid, _watches(uid)), "ticket-scout.ics")


@pages.get("/watches/<watch_id>/calendar.ics")
def one(watch_id: str) -> ResponseReturnValue:
    """The dates of one watch as a file."""
    uid = entry.person()
    source = monitors.find(uid, watch_id) or abort(404)
    watch = monitors.read(source.fields) or abort(404)
    if not (found := _entries(uid, {watch_id: watch})):
        abort(404)
    return _file(uid, found, "ticket-scout-event.ics")


@pages.get("/calendar/<token>.ics")
def subscribed(token: str) -> ResponseReturnValue:
    """The same for a calendar program, in its owner's language."""
    try:
        uid, secret = _signer().loads(token)
    except (BadData, TypeError, ValueError):
        abort(404)
    document = site().documents.get(path(uid)) if isinstance(uid, str) and isinstance(secret, str) else None
    if document is None or not hmac.compare_digest(_kept(document).secret.encode(), secret.encode()):
        abort(404)
    person = contacts.find(site().documents, uid)
    with speaking(person.language):
        answer = _file(uid, _entries(uid, _watches(uid)), "")
    answer.headers["Cache-Control"] = _KEPT
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer.make_conditional(request)


def _file(uid: str, entries: Sequence[Entry], name: str) -> Response:
    revisions = _revised(site().documents, uid, entries, site().now())
    body = calendar_file.calendar(entries, revisions, site().public_url)
    answer = Response(body, content_type="text/calendar; charset=utf-8")
    answer.set_etag(__import__("hashlib").sha256(body).hexdigest()[:32])
    if name:
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _watches(uid: str) -> Mapping[str, Watch]:
    """All of them but those that have ended."""
    found = ((source.id, monitors.read(source.fields)) for source in monitors.find_all(uid))
    return {watch_id: watch for watch_id, watch in found if watch and watch.status != "ended"}


def _entries(uid: str, watches: Mapping[str, Watch]) -> list[Entry]:  # noqa: ARG001
    every = [target for watch in watches.values() for target in watch.targets]
    known = [target for target in every if target.provider in site().providers]
    return agenda.agenda(watches, site().plans().rows(known), site().now())


def _address(uid: str, secret: str) -> str:
    token = _signer().dumps([uid, secret])
    return f"{site().public_url.rstrip('/')}/calendar/{token if isinstance(token, str) else token.decode()}.ics"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(site().secret_key, salt="ticket-scout.calendar")


# ── what was shown ───────────────────────────────────────────────────────────────────────────────────────


def path(uid: str) -> str:
    """Where it is kept."""
    return f"calendars/{uid}"


def _kept(document: Document | None) -> Kept:
    if document is None:
        return Kept()
    shown = {
        one: (str(said["print"]), Revision(int(said["sequence"]), said["at"]))
        for one, said in (document.fields.get("shown") or {}).items()
    }
    return Kept(str(document.fields.get("secret") or ""), shown, document.version)
