"""Who is asking: a signed cookie that a personal link sets, or the one person of a laptop.

A link is shown by the operator's ``scout.py person add``; it works for a day. Opening it changes nothing, so
that a mail scanner or a chat's preview cannot use it up or sign anyone in: its page has one button.

``local_person`` is believed only when the request comes from this machine, to this machine's own name, and
through no proxy; everything else is a deployment that somebody forgot to configure.
"""

import re
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, abort, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer

from notifiers import contacts
from watchers.documents import Document
from web.site import site

LINK_WORKS_FOR = timedelta(days=1)
_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
_SPENT = "This link is too old, or was cut off on its way. Ask whoever runs this Ticket Scout for a new one."
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


def token_owner(secret_key: str, token: str, now: datetime) -> str | None:
    """Whose token this is; ``None`` when it is too old or not one of ours."""
    try:
        uid, made_at = _signer(secret_key).loads(token, return_timestamp=True)
    except BadData:
        return None
    is_usable = isinstance(uid, str) and _UID.fullmatch(uid) and now - made_at <= LINK_WORKS_FOR
    return uid if is_usable else None


def who() -> str | None:
    """The person who is signed in."""
    uid = session.get("uid")
    return uid if isinstance(uid, str) else local_person()


def is_operator() -> bool:
    """Whether whoever is signed in may see how everything is doing: a laptop's person, or one listed."""
    uid = who()
    return uid is not None and (uid in site().operators or uid == local_person())


def person() -> str:
    """The person who is signed in; a page that says how to get in when nobody is."""
    return who() or abort(401)


def document() -> Document | None:
    """``people/{uid}`` of whoever is signed in, read once a request; ``None``: nothing is known."""
    if "person" not in g:
        g.person = site().documents.get(contacts.path(person()))
    known: Document | None = g.person
    return known


@pages.get("/enter")
def ask() -> ResponseReturnValue:
    """One button; looking at it changes nothing."""
    token = request.args.get("token", "")
    return render_template("enter.html", token=token, uid=_owner(token))


@pages.post("/enter")
def enter() -> ResponseReturnValue:
    """Sign in."""
    uid = _owner(request.form.get("token", ""))
    session.clear()
    session.permanent = True
    session["uid"] = uid
    return redirect(url_for("watches.home"), 303)


@pages.post("/leave")
def leave() -> ResponseReturnValue:
    """Sign out."""
    session.clear()
    return render_template(
        "message.html", title="You are signed out", sentences=["Your watches go on watching."]
    )


def _owner(token: str) -> str:
    return token_owner(site().secret_key, token, site().now()) or abort(403, _SPENT)


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
