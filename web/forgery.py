"""Whether a request that changes something comes from our own pages.

Two independent guards: what the browser says about where the request comes from, and a token that only our
own form and the session's cookie know (Flask-WTF's). A request that brings a bearer token needs neither: no
other site can make a browser send one, and its cookie counts for nothing. Some addresses are open to all,
because something else is the proof there: the one-click stop of a mail client (RFC 8058), whose
eight-character code is secret; the links that we signed; and what Twilio signed.
"""

from urllib.parse import urlsplit

from flask import abort, request

from watchers.language import say, to_say
from web import entry
from web.site import site

FIELD = entry.FORM_TOKEN
HEADER = "X-CSRF-Token"  # for scripts of our own pages
API = "api"  # the blueprint
STALE = to_say(
    "This form was open for too long, or your browser keeps no cookies for this site. Press the button again."
)
_FOREIGN = to_say(
    "The button that brought you here stands on another site. Nothing was changed. Open Ticket Scout itself "
    "and press the button there."
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OPEN_TO_ALL = frozenset({"alerts.stop", "verbs.change", "twilio.status", "twilio.reply"})
# These show the form again, filled in.
_KEEPS_INPUT = frozenset(
    {"saving.create", "saving.change", "signing_in.ask", "contacts.add", "settings.save", "porting.take"}
)


def stale() -> str:
    """Why a form was not taken, where it is shown again with all that was typed."""
    return say(STALE)


def token() -> str:
    """A token of this session, for a hidden field of each form."""
    from flask_wtf.csrf import generate_csrf  # noqa: PLC0415 - only pages with a form pay for it

    return str(generate_csrf(token_key=FIELD))


def has_token() -> bool:
    """Whether the form that was posted is one we made for this session."""
    from flask_wtf.csrf import validate_csrf  # noqa: PLC0415
    from wtforms import ValidationError  # noqa: PLC0415

    try:
        validate_csrf(request.form.get(FIELD) or request.headers.get(HEADER), token_key=FIELD)
    except ValidationError:
        return False
    return True


def is_ours() -> bool:
    """Whether a request that is no form came from our own pages: it carries the session's token."""
    return has_token() and not _is_foreign()


def refuse_forged() -> None:
    """Before every request: 403 for a change that did not come from our own pages."""
    if request.method in _SAFE or request.endpoint is None or request.endpoint in _OPEN_TO_ALL:
        return
    if entry.is_bearer() or request.blueprint == API:  # for a session, the API asks ``is_ours``
        return
    if _is_foreign():
        abort(403, say(_FOREIGN))
    if not has_token() and request.endpoint not in _KEEPS_INPUT:
        otherwise = say("If that does not help, open your watches anew.")
        abort(403, f"{stale()} {otherwise}")


def _is_foreign() -> bool:
    said = request.headers.get("Sec-Fetch-Site", "")
    if said in ("cross-site", "same-site"):  # another port of this machine is "same-site"
        return True
    origin = request.headers.get("Origin")
    if origin is None:
        referer = request.headers.get("Referer")
        return referer is not None and not _is_ours(referer)
    return not _is_ours(origin) and not (origin == "null" and said == "same-origin")


def _is_ours(address: str) -> bool:
    try:
        host = urlsplit(address).netloc
    except ValueError:
        return False
    return host in (request.host, urlsplit(site().public_url).netloc)
