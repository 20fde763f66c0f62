"""Twilio's Messages resource, as the phone speaks it: create, list, fetch, and its errors by code.

Error codes: https://www.twilio.com/docs/api/errors ; the numbers that always fail are those of Twilio's own
test credentials: https://www.twilio.com/docs/iam/test-credentials .
"""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, json, request

from sandbox import callbacks
from sandbox.segments import size
from sandbox.texts import Fields, Phone, Text

VERSION = "2010-04-01"
MESSAGES = f"/{VERSION}/Accounts/<account_sid>/Messages"
ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}")
NUMBER = re.compile(r"\+[1-9]\d{6,14}")
MAX_BODY = 1600
EARLIEST, LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
DEFAULT_PAGE, MAX_PAGE = 50, 1000

ALWAYS_FAIL = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
ERRORS = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21211: (400, "The 'To' number is not a valid phone number"),
    21408: (
        400,
        "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    ),
    21602: (400, "Message body is required"),
    21603: (400, "A 'From' phone number is required"),
    21604: (400, "A 'To' phone number is required"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21612: (400, "The 'To' phone number is not currently reachable via SMS"),
    21614: (400, "'To' number is not a valid mobile number"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit"),
}


def blueprint(phone: Phone) -> Blueprint:
    """The three questions that the product asks, for one account."""
    api = Blueprint("messages", __name__)

    @api.before_request
    def authenticate() -> Response | None:
        account_sid = (request.view_args or {}).get("account_sid", "")
        return None if _knows(phone, account_sid) else _error(20003)

    @api.post(f"{MESSAGES}.json")
    def create(account_sid: str) -> Response:
        return _create(phone, account_sid)

    @api.get(f"{MESSAGES}.json")
    def listed(account_sid: str) -> Response:
        return _listed(phone, account_sid)

    @api.get(f"{MESSAGES}/<sid>.json")
    def one(account_sid: str, sid: str) -> Response:
        text = phone.find(sid)
        return _json(200, _document(text)) if text and text.account_sid == account_sid else _error(20404)

    return api


def _knows(phone: Phone, account_sid: str) -> bool:
    given = request.authorization
    if given is None or given.type != "basic" or given.username != account_sid:
        return False
    return (
        ACCOUNT.fullmatch(account_sid) is not None
        and phone.account_sid in (None, account_sid)
        and phone.auth_token in (None, given.password)
        and bool(given.password)
    )


# ── creating ─────────────────────────────────────────────────────────────────────────────────────────────


def _create(phone: Phone, account_sid: str) -> Response:
    fault = phone.next_fault()
    if fault in ("429", "500"):
        return _error(20429, {"Retry-After": "1"}) if fault == "429" else _error(20500)
    if fault == "hang":
        time.sleep(phone.hang_seconds)
        return _error(20500)
    if code := refusal(request.form) or (21610 if request.form["To"] in phone.opted_out else None):
        return _error(code)
    text = phone.receive(account_sid, _fields(request.form))
    if phone.calls_back:
        callbacks.report(text, phone.auth_token, phone.callback_pause)
    if fault == "timeout_after_accept":  # the nasty one: accepted, but the caller never hears
        time.sleep(phone.hang_seconds)
    return _error(20500) if fault == "500_after_accept" else _json(201, _document(text, status="queued"))


def refusal(form: Mapping[str, str]) -> int | None:
    """The code of the first thing wrong with a text that is to be sent; ``None``: it is sent."""
    to, body = form.get("To", ""), form.get("Body", "")
    found = (
        (not to, 21604),
        (not NUMBER.fullmatch(to), 21211),
        (not (form.get("From") or form.get("MessagingServiceSid")), 21603),
        (not body, 21602),
        (len(body) > MAX_BODY, 21617),
        (to in ALWAYS_FAIL, ALWAYS_FAIL.get(to, 0)),
    )
    return next((code for wrong, code in found if wrong), None)


def _fields(form: Mapping[str, str]) -> Fields:
    return Fields(
        to=form["To"],
        sender=form.get("From"),
        service_sid=form.get("MessagingServiceSid"),
        body=form["Body"],
        callback=form.get("StatusCallback"),
    )


# ── listing ──────────────────────────────────────────────────────────────────────────────────────────────


def _listed(phone: Phone, account_sid: str) -> Response:
    found = [
        text for text in reversed(phone.everything) if text.account_sid == account_sid and _matches(text)
    ]
    page = _number("Page", 0)
    page_size = min(_number("PageSize", DEFAULT_PAGE) or DEFAULT_PAGE, MAX_PAGE)
    start = page * page_size
    shown = found[start : start + page_size]
    more = start + page_size < len(found)
    return _json(
        200,
        {
            "first_page_uri": _page_uri(0, page_size),
            "end": start + max(len(shown) - 1, 0),
            "previous_page_uri": _page_uri(page - 1, page_size) if page else None,
            "messages": [_document(text) for text in shown],
            "uri": _page_uri(page, page_size),
            "page_size": page_size,
            "start": start,
            "next_page_uri": _page_uri(page + 1, page_size) if more else None,
            "page": page,
        },
    )


def _matches(text: Text) -> bool:
    asked = request.args
    return (
        asked.get("To", text.to) == text.to
        and asked.get("From", text.sender) == text.sender
        and text.at >= _moment("DateSent>", EARLIEST)
        and text.at <= _moment("DateSent<", LATEST)
        and ("DateSent" not in asked or asked["DateSent"][:10] == f"{text.at:%Y-%m-%d}")
    )


def _moment(name: str, default: datetime) -> datetime:
    """A moment as Twilio reads it: a day or a second, in UTC; an unreadable one filters nothing."""
    try:
        moment = datetime.fromisoformat(request.args.get(name, ""))
    except ValueError:
        moment = default
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _number(name: str, default: int) -> int:
    text = request.args.get(name, "")
    return int(text) if text.isdecimal() else default


def _page_uri(page: int, page_size: int) -> str:
    own = ("Page", "PageSize", "PageToken")
    asked = [(key, value) for key, value in request.args.items(multi=True) if key not in own]
    return f"{request.path}?{urlencode([*asked, ('PageSize', page_size), ('Page', page)])}"


# ── the wire ─────────────────────────────────────────────────────────────────────────────────────────────


def _document(text: Text, status: str = "") -> dict[str, Any]:
    status = status or ("received" if text.is_inbound else "delivered")
    uri = f"/{VERSION}/Accounts/{text.account_sid}/Messages/{text.sid}"
    at = format_datetime(text.at)
    return {
        "account_sid": text.account_sid,
        "api_version": VERSION,
        "body": text.body,
        "date_created": at,
        "date_sent": None if status == "queued" else at,
        "date_updated": at,
        "direction": text.direction,
        "error_code": None,
        "error_message": None,
        "from": text.sender,
        "messaging_service_sid": text.service_sid,
        "num_media": "0",
        "num_segments": str(size(text.body).segments),
        "price": None,
        "price_unit": "USD",
        "sid": text.sid,
        "status": status,
        "subresource_uris": {"media": f"{uri}/Media.json"},
        "to": text.to,
        "uri": f"{uri}.json",
    }


def _error(code: int, headers: Mapping[str, str] | None = None) -> Response:
    status, message = ERRORS[code]
    document = {
        "code": code,
        "message": f"{message} (sandbox)",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return _json(status, document, headers)


def _json(status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    answer = Response(json.dumps(document), status, content_type="application/json; charset=utf-8")
    answer.headers.update(headers or {})
    return answer
