"""Who asks, what they may, and how often.

A token acts for whoever made it, and a Firebase ID token for whom Google says. One's own browser may look,
with its session; it may change something only with the token of its forms in ``X-CSRF-Token``, so that no
other site can make it do so. Whoever is not known learns nothing about anybody.
"""

import hashlib
from datetime import timedelta
from math import ceil

from flask import g, request
from werkzeug.exceptions import Unauthorized

from notifiers.personal import erasure
from web import entry, forgery
from web.account import firebase, network, questions
from web.account.firebase import RefusedTokenError
from web.api import tokens
from web.api.operation import Access, Caller, Operation
from web.api.problems import ProblemError
from web.pace import Pace
from web.site import site

_CHALLENGE = 'Bearer realm="ticket-scout"'
_NOT_KNOWN = "Send “Authorization: Bearer ts_…” with a token from /settings/tokens that still works."
_READS_ONLY = "This token may only read. Make one that may write at /settings/tokens."
_NO_FORM = (
    "A browser's session alone may only look. Send the token of its forms in X-CSRF-Token, or a token of "
    "your own in Authorization."
)
_LOOKS = ("GET", "HEAD")
_OFTEN = "You have asked very often just now. Ask again in {seconds} seconds."


def admitted(operation: Operation) -> Caller | None:
    """Who asks for this; ``None`` where anybody may.

    Raises:
        ProblemError: 401, 403, 404 for what only operators know, 429.
    """
    if operation.access is Access.ANYBODY:
        return None
    caller = _by_token() if "Authorization" in request.headers else _by_session()
    _count(site().calls, caller.limited_as)
    if operation.access is Access.WRITE and not caller.may_write:
        raise ProblemError(403, _READS_ONLY, headers=_challenge("insufficient_scope"))
    if operation.access is Access.OPERATOR and not entry.is_operator():
        raise ProblemError(403, "Only operators of this Ticket Scout may.")
    if operation.access is Access.WRITE and erasure.is_erased(entry.document()):
        raise ProblemError(401, _NOT_KNOWN, headers=_challenge("invalid_token"))
    return caller


def _by_token() -> Caller:
    """The person of the token in ``Authorization``; whoever sends one is not taken for their session.

    What is refused counts for its network, which is asked to wait before the next one is looked at.
    """
    text, stranger = firebase.token_of(request), network.network(questions.here())
    _refuse_often(site().strangers, stranger)
    caller = _of_ours(text) if text.startswith("ts_") else _of_firebase(text) if text else None
    if caller is None:
        _count(site().strangers, stranger)
        raise ProblemError(401, _NOT_KNOWN, headers=_challenge("invalid_token"))
    entry.believe(caller.uid)
    return caller


def _of_ours(text: str) -> Caller | None:
    token = tokens.find(site().documents, text, site().now())
    return Caller(token.uid, token.scope == "write", f"token {token.id}") if token else None


def _of_firebase(text: str) -> Caller | None:
    doors = site().doors
    if doors.firebase is None:
        return None
    try:
        uid = firebase.person_of(text, doors.firebase, site().documents, site().now())
    except RefusedTokenError:
        return None
    return Caller(uid, may_write=True, limited_as=_counted_as(uid))


def _by_session() -> Caller:
    try:
        uid = entry.person()
    except Unauthorized:
        raise ProblemError(401, _NOT_KNOWN, headers={"WWW-Authenticate": _CHALLENGE}) from None
    if request.method not in _LOOKS and not forgery.is_ours():
        raise ProblemError(401, _NO_FORM, headers={"WWW-Authenticate": _CHALLENGE})
    return Caller(uid, may_write=True, limited_as=_counted_as(uid))


def _counted_as(uid: str) -> str:
    return f"person {hashlib.sha256(uid.encode()).hexdigest()}"


def _challenge(error: str) -> dict[str, str]:
    return {"WWW-Authenticate": f'{_CHALLENGE}, error="{error}"'}


# ── how often ────────────────────────────────────────────────────────────────────────────────────────────


def _count(pace: Pace, whose: str) -> None:
    """Count this request."""
    g.counted = (pace, whose)
    if wait := pace.wait(whose, site().now()):
        raise too_often(wait)


def _refuse_often(pace: Pace, whose: str) -> None:
    """Only look whether there may be one more."""
    now = site().now()
    if not pace.left(whose, now):
        g.counted = (pace, whose)
        raise too_often(timedelta(seconds=pace.resets(whose, now)))


def too_often(wait: timedelta) -> ProblemError:
    """Come back in a while."""
    seconds = max(1, ceil(wait.total_seconds()))
    return ProblemError(429, _OFTEN.format(seconds=seconds), headers={"Retry-After": str(seconds)})


def rate_headers() -> dict[str, str]:
    """How many requests are left (draft-ietf-httpapi-ratelimit-headers); none where nobody is counted."""
    counted: tuple[Pace, str] | None = g.get("counted")
    if counted is None:
        return {}
    (pace, whose), now = counted, site().now()
    window = int(pace.per.total_seconds())
    return {
        "RateLimit-Policy": f'"requests";q={pace.most};w={window}',
        "RateLimit": f'"requests";r={pace.left(whose, now)};t={pace.resets(whose, now)}',
    }
