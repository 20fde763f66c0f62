"""A person's calendar: to download, and at a secret address that a calendar program reads again and again.

The address is signed, so whoever does not know it reads nothing, and holds a secret that its owner renews at
will. Nobody needs to be signed in to read it: the address is the proof.
"""

import hashlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeSerializer

from notifiers import contacts
from watchers import agenda
from watchers.agenda import Entry
from watchers.language import say, speaking
from watchers.models import Person
from watchers.watch import Watch
from web import entry, monitors, words
from web.site import site
from web.watch import calendar_file, subscriptions

log = logging.getLogger(__name__)

_KEPT = "private, max-age=3600"
_DIGITS = 32

pages = Blueprint("calendars", __name__)


@pages.get("/watches/calendar")
def show() -> ResponseReturnValue:
    """The dates, and the two ways into a calendar."""
    uid = entry.person()
    document, kept = entry.document(), subscriptions.find(site().documents, uid)
    person = contacts.from_document(document) if document else Person(uid)
    dates = [(one, _when(one.starts, person)) for one in dates_of(watched(uid))]
    address = address_of(uid, kept.secret) if kept.secret else ""
    subscribe = f"webcal://{address.partition('://')[2]}" if address else ""
    return render_template("calendar.html", dates=dates, address=address, subscribe=subscribe)


@pages.post("/watches/calendar")
def renew() -> ResponseReturnValue:
    """Make a secret address; one that was made before leads nowhere any more."""
    subscriptions.renew(site().documents, entry.person())
    log.info("calendar.renewed")
    flash(say("This address is new. One that was made before works no longer."))
    return redirect(url_for("calendars.show"), 303)


@pages.get("/watches/calendar.ics")
def download() -> ResponseReturnValue:
    """Everything as one file."""
    uid = entry.person()
    return _file(uid, dates_of(watched(uid)), "ticket-scout.ics")


@pages.get("/watches/<watch_id>/calendar.ics")
def one(watch_id: str) -> ResponseReturnValue:
    """The dates of one watch as a file."""
    uid = entry.person()
    source = monitors.find(uid, watch_id) or abort(404)
    watch = monitors.read(source.fields) or abort(404)
    found = dates_of({watch_id: watch}) or abort(404)
    return _file(uid, found, "ticket-scout-event.ics")


@pages.get("/calendar/<token>.ics")
def subscribed(token: str) -> ResponseReturnValue:
    """The same for a calendar program, in its owner's language."""
    uid = _owner(token) or abort(404)
    with speaking(contacts.find(site().documents, uid).language):
        answer = _file(uid, dates_of(watched(uid)))
    answer.headers["Cache-Control"] = _KEPT
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer.make_conditional(request)


def _owner(token: str) -> str | None:
    """Whose calendar the address leads to; ``None`` when it is not ours, or was renewed since."""
    try:
        said = _signer().loads(token)
    except BadData:
        return None
    match said:
        case [str(uid), str(secret)] if secret:
            kept = subscriptions.find(site().documents, uid).secret
            return uid if hmac.compare_digest(kept.encode(), secret.encode()) else None
    return None


def address_of(uid: str, secret: str) -> str:
    """Where a calendar program reads this person's dates."""
    return f"{site().public_url.rstrip('/')}/calendar/{_signer().dumps([uid, secret])!s}.ics"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(site().secret_key, salt="ticket-scout.calendar")


def _file(uid: str, entries: Sequence[Entry], name: str = "") -> Response:
    body = file_of(uid, entries)
    answer = Response(body, content_type="text/calendar; charset=utf-8")
    answer.set_etag(hashlib.sha256(body).hexdigest()[:_DIGITS])
    if name:
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def file_of(uid: str, entries: Sequence[Entry]) -> bytes:
    """These dates as a calendar file."""
    revisions = subscriptions.revised(site().documents, uid, entries, site().now())
    return calendar_file.calendar(entries, revisions, site().public_url)


def watched(uid: str) -> Mapping[str, Watch]:
    """All of them but those that have ended, by id."""
    found = ((source.id, monitors.read(source.fields)) for source in monitors.find_all(uid))
    return {watch_id: watch for watch_id, watch in found if watch and watch.status != "ended"}


def dates_of(watches: Mapping[str, Watch]) -> list[Entry]:
    """What is ahead of these watches, by id: one read a board."""
    every = [target for watch in watches.values() for target in watch.targets]
    known = [target for target in every if target.provider in site().providers]
    return agenda.agenda(watches, site().plans().rows(known), site().now())


def _when(at: datetime | date, person: Person) -> str:
    if isinstance(at, datetime):
        return words.event_time(at, contacts.zone_of(person))
    return words.weekday(at)
