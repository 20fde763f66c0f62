"""Who is asking: whoever proved a contact or came by a personal link, or the one person of a laptop.

A session is a signed cookie and nothing else: whose it is, since when, and the day on which it was renewed.
It is renewed on each day of use and ends after thirty days without; signing in always begins a new one. Who
signs out everywhere sets ``sessions_since``, and an older cookie is nobody's from then on: it is compared
with ``people/{uid}``, which is read once a request, where somebody's own page is asked for.

A request with a bearer token carries its own proof; its cookie counts for nothing (``believe``).

A link is shown by the operator's ``scout.py person add``; it works for a day. Opening it changes nothing, so
that a mail scanner or a chat's preview cannot use it up or sign anyone in: its page has one button.

``local_person`` is believed only when the request comes from this machine, to this machine's own name, and
through no proxy; everything else is a deployment that somebody forgot to configure.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer

from notifiers import contacts
from watchers.documents import Create, Document, Update
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.language import LANGUAGES, say, to_say
from web import languages
from web.site import silence, site

LINK_WORKS_FOR = timedelta(days=1)
STAYS_SIGNED_IN = timedelta(days=30)
FORM_TOKEN = "csrf"  # noqa: S105 - where the session and each request keep the token of forms
_ATTEMPTS = 5
_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
_SPENT = to_say(
    "This link is too old, or was cut off on its way. Ask whoever runs this Ticket Scout for a new one."
)
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip")

pages = Blueprint("entry", __name__)


def entry_token(secret_key: str, uid: str) -> str:
    """What ``/enter?token=`` accepts for this person.

    Raises:
        ValueError: no person can have this id.
    """
    if not _UID.fullmatch(uid):
        raise ValueError(
            "a person's id has 1 to 128 letters, digits and . _ @ + -, and begins with one of the first"
        )
    return _signer(secret_key).dumps(uid)


def token_owner(
    secret_key: str, token: str, now: datetime, since: Callable[[str], datetime | None] = lambda _: None
) -> str | None:
    """Whose token this is; ``None`` when it is too old or not one of ours.

    ``since``: when this person signed out everywhere, which ends what was made before.
    """
    try:
        uid, made_at = _signer(secret_key).loads(token, return_timestamp=True)
    except BadData:
        return None
    if not isinstance(uid, str) or not _UID.fullmatch(uid) or now - made_at > LINK_WORKS_FOR:
        return None
    ended_at = since(uid)
    is_over = ended_at is not None and made_at < ended_at.replace(microsecond=0)
    return None if is_over else uid


def who() -> str | None:
    """The person who is signed in, by what the request says; ``person`` also asks whether it still holds."""
    if "believed" in g or is_bearer():
        believed: str | None = g.get("believed")
        return believed
    return _session_owner() or local_person()


def is_operator() -> bool:
    """Whether whoever is signed in may see how everything is doing: a laptop's person, or one listed."""
    uid = who()
    return uid is not None and (uid == local_person() or (uid in site().operators and not _is_over(uid)))


def person() -> str:
    """The person who is signed in; a page that says how to get in when nobody is."""
    uid = who() or abort(401)
    if _is_over(uid):
        session.clear()  # whatever else is put into it would keep it alive
        abort(401)
    return uid


def _is_over(uid: str) -> bool:
    """Whether the session has ended elsewhere, as far as anybody knows.

    While the database does not say so, it says nothing else to this request either: a form can be shown
    again with all that was typed, and nothing is read or written for anybody.
    """
    try:
        return _is_ended(uid)
    except StoreUnavailableError:
        silence()
        return False


def document() -> Document | None:
    """``people/{uid}`` of whoever is signed in, read once a request; ``None``: nothing is known."""
    return _known(person())


def is_bearer() -> bool:
    """Whether the request brings a token: its cookie says nothing then, so nobody else can have made it."""
    return request.headers.get("Authorization", "").lower().startswith("bearer ")


def believe(uid: str) -> None:
    """For this request it is this person who asks: whoever calls this has verified their token."""
    g.pop("people", None)
    g.believed = uid


def sign_in(uid: str) -> None:
    """Begin a session: nothing of what this browser had before is in it."""
    kept = session.get(languages.KEY)
    session.clear()
    g.pop(FORM_TOKEN, None)  # made for the old session
    g.pop("people", None)
    now = site().now()
    session.permanent = True
    session.update(uid=uid, since=_milliseconds(now), renewed=now.date().isoformat())
    with suppress(StoreUnavailableError):
        known = _known(uid)
        kept = known.fields.get("language", kept) if known else kept
    if kept in LANGUAGES:
        session[languages.KEY] = session[languages.HEARD] = kept


def renew(answer: Response) -> Response:
    """After every request: a cookie that was found to hold is made anew once a day; no other ever is."""
    today = site().now().date().isoformat()
    if "holds" in g and "uid" in session and session.get("renewed") != today:
        session["renewed"] = today
    return answer


def end_all(uid: str) -> None:
    """Nobody who signed in as this person until now is signed in any more, on any device.

    Raises:
        StoreError: they still are.
    """
    for _ in range(_ATTEMPTS):
        known, path = site().documents.get(contacts.path(uid)), contacts.path(uid)
        since = {"sessions_since": site().now()}
        with suppress(ConflictError):
            site().documents.commit(Update(path, since, known.version) if known else Create(path, since))
            return
    raise StoreUnavailableError(f"{uid} kept changing")


def _session_owner() -> str | None:
    """Whose cookie it is, while it holds: choosing a language signs a cookie anew, and renews nothing."""
    uid, renewed = session.get("uid"), session.get("renewed")
    oldest = (site().now() - STAYS_SIGNED_IN).date().isoformat()
    is_fresh = isinstance(renewed, str) and renewed >= oldest
    return uid if isinstance(uid, str) and is_fresh else None


def _is_ended(uid: str) -> bool:
    """Whether the cookie is from before its person signed out everywhere."""
    if is_bearer() or _session_owner() is None:
        return False
    since = _ended_at(uid)
    if since is not None and session.get("since", 0) < _milliseconds(since):
        return True
    g.holds = True
    if known := _known(uid):
        languages.follow(known.fields.get("language"))
    return False


def _ended_at(uid: str) -> datetime | None:
    """When they signed out everywhere."""
    known = _known(uid)
    since: datetime | None = known.fields.get("sessions_since") if known else None
    return since


def _known(uid: str) -> Document | None:
    """``people/{uid}``, read once a request; not only of whoever is signed in."""
    known: dict[str, Document | None] = g.setdefault("people", {})
    if uid not in known:
        known[uid] = site().documents.get(contacts.path(uid))
    return known[uid]


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@pages.get("/enter")
def ask() -> ResponseReturnValue:
    """One button; looking at it changes nothing."""
    token = request.args.get("token", "")
    return render_template("enter.html", token=token, uid=_owner(token))


@pages.post("/enter")
def enter() -> ResponseReturnValue:
    """Sign in."""
    sign_in(_owner(request.form.get("token", "")))
    return redirect(url_for("watches.home"), 303)


@pages.post("/leave")
def leave() -> ResponseReturnValue:
    """Sign out."""
    session.clear()
    return render_template(
        "message.html", title=say("You are signed out"), sentences=[say("Your watches go on watching.")]
    )


def _owner(token: str) -> str:
    return token_owner(site().secret_key, token, site().now(), _ended_at) or abort(403, say(_SPENT))


def _signer(secret_key: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret_key, salt="ticket-scout.enter")


def local_person() -> str | None:
    """Whom this machine signs in by itself, when the request comes from it."""
    is_local = _is_loopback(request.remote_addr) and _is_local_name(request.host)
    is_proxied = any(name in request.headers for name in _PROXY_HEADERS)
    return site().local_person if is_local and not is_proxied else None


def _is_loopback(address: str | None) -> bool:
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return False


def _is_local_name(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in _LOCAL_NAMES
    except ValueError:
        return False
