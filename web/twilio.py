"""What Twilio tells us: what became of a text, and what somebody texted back.

Nothing is believed that Twilio has not signed. It signs the address as it was set up, so the address is put
together from ``PUBLIC_URL``; what the request itself says of scheme, host and port is a proxy's.
https://www.twilio.com/docs/usage/webhooks/webhooks-security

An answer of 503 asks for another try. Twilio repeats a request after an error only where its address says so,
behind ``#`` (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides); both addresses may be
called any number of times.
"""

import logging
import re
from html import escape
from urllib.parse import quote

from flask import Blueprint, Response, request

from notifiers.base import Report
from notifiers.twilio.codes import code_of, fault_of, state_of
from watchers.errors import StoreError
from watchers.models import AlertState
from web import inbound
from web.inbound import Inbound
from web.site import site

log = logging.getLogger(__name__)

FORM = "application/x-www-form-urlencoded"
_ALERT_ID = re.compile(r"[0-9A-Za-z-]{1,128}")
_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")


pages = Blueprint("twilio", __name__, url_prefix="/twilio")


@pages.before_request
def refuse_unsigned() -> Response | None:
    """503 while nothing can be verified, 415 for what Twilio never sends, 403 for what it did not sign."""
    token = site().twilio_token
    if not token:
        return _plain(503)
    if request.mimetype != FORM:
        return _refused("not_a_form", 415)
    if "X-Twilio-Signature" not in request.headers:
        return _refused("no_signature", 403)
    return None if is_signed(token) else _refused("wrong_signature", 403)


@pages.errorhandler(StoreError)
def later(_: StoreError) -> Response:
    """The database does not answer: nothing is known, and it may be told again."""
    return _plain(503)


@pages.post("/status/<alert_id>")
def status(alert_id: str) -> Response:
    """What became of a text. What we do not understand, or know nothing about, is no error of Twilio's."""
    learn, found = site().learn, _report()
    if learn is None:
        return _plain(503)
    if found and _ALERT_ID.fullmatch(alert_id):
        learn(alert_id, found)
    return _plain(204)


@pages.post("/reply")
def reply() -> Response:
    """What somebody texted; the answer is for Twilio to text back, and an empty one says nothing."""
    given = request.form
    sid = given.get("MessageSid", "")
    if not _SID.fullmatch(sid):
        return _twiml("")
    message = Inbound(sid, given.get("From", ""), given.get("Body", ""), given.get("OptOutType", ""))
    return _twiml(inbound.receive(message))


def _report() -> Report | None:
    sid, status = request.form.get("MessageSid", ""), request.form.get("MessageStatus", "")
    if not status or not _SID.fullmatch(sid):
        return None
    state = state_of(status)
    code = code_of(request.form.get("ErrorCode", "")) if state is AlertState.UNDELIVERED else None
    return Report(sid, state, code, fault=fault_of(code))


def is_signed(token: str) -> bool:
    """Whether Twilio signed the request, for the address as it knows it."""
    from twilio.request_validator import RequestValidator  # noqa: PLC0415 - only who is asked pays for it

    signature = request.headers["X-Twilio-Signature"]
    return bool(RequestValidator(token).validate(_address(), request.form, signature))


def _address() -> str:
    """The address as Twilio knows it, with path and query as they were sent."""
    sent = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
    if not sent.startswith("/"):
        query = request.query_string.decode("latin-1")
        sent = quote(request.path) + (f"?{query}" if query else "")
    return site().public_url.rstrip("/") + sent


def _refused(why: str, status: int) -> Response:
    site().refused[why] += 1
    log.warning(
        "twilio.refused", extra={"why": why, "endpoint": request.endpoint, "count": site().refused[why]}
    )
    return _plain(status)


def _plain(status: int) -> Response:
    return Response("", status, mimetype="text/plain")


def _twiml(text: str) -> Response:
    said = f"<Message>{escape(text, quote=False)}</Message>" if text else ""
    return Response(
        f'<?xml version="1.0" encoding="UTF-8"?><Response>{said}</Response>',
        content_type="text/xml; charset=utf-8",
    )
