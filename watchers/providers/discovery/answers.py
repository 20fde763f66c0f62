"""Discovery's two error envelopes and its pages.

Errors are told apart by code, never by prose. The gateway says ``{"fault": {"detail": {"errorcode"}}}``
(and its sentence may repeat the key), the service ``{"errors": [{"code", "status"}]}``.
https://developer.ticketmaster.com/products-and-docs/apis/getting-started/#rate-limit
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import shapes
from watchers.providers.http import error_by_status

NAME = "ticketmaster"
_OK, _BAD_REQUEST, _NOT_FOUND = 200, 400, 404
# The codes that may stand in an error or a log; anything else a server sends there may not.
_CODE = re.compile(r"DIS[0-9]{1,6}|[0-9]{1,6}|(steps\.)?(oauth\.v2|policies\.ratelimit)\.[A-Za-z]{1,40}")


class QueryRefusedError(ProviderRejectedError):
    """This question is refused; others are not."""


class NotFoundError(ProviderRejectedError):
    """There is no event of this id."""


class SlowDownError(ProviderUnavailableError):
    """Too many calls at once; nothing to do with the day's quota."""


def error_of(status: int | None, body: object) -> ProviderError | None:
    """The error that an answer is, or ``None``. ``status`` is ``None`` where only the body is known."""
    envelope = shapes.mapping(body)
    if status in (None, _OK) and not ({"fault", "errors"} & envelope.keys()):
        return None
    code, said = _code(envelope)
    if "ratelimit" in code:
        spent = code.endswith("QuotaViolation")
        return OutOfQuotaError(_told(429, code)) if spent else SlowDownError(_told(429, code))
    return _by_status(said if status in (None, _OK) else status, code)


def _by_status(status: int | None, code: str) -> ProviderError:
    message = _told(status, code)
    if status == _BAD_REQUEST:
        return QueryRefusedError(message)
    if status == _NOT_FOUND:
        return NotFoundError(message)
    if status == 429:  # noqa: PLR2004 - "too many requests"
        return SlowDownError(message)
    rejected = isinstance(error_by_status(status or 500, NAME), ProviderRejectedError)
    return ProviderRejectedError(message) if rejected else ProviderUnavailableError(message)


def _told(status: int | None, code: str) -> str:
    return " ".join(filter(None, (f"{NAME}:", f"status {status}" if status else "an error", code)))


def _code(envelope: Mapping[str, Any]) -> tuple[str, int | None]:
    """The code, if it is one we may repeat, and the status that the envelope itself names."""
    if "fault" in envelope:
        detail = shapes.mapping(shapes.mapping(envelope["fault"]).get("detail"))
        code = _known(detail.get("errorcode"))
        return code, 401 if "oauth" in code else None
    first = next(iter(shapes.rows(envelope.get("errors"))), {})
    status = re.match(r"[1-5][0-9]{2}\b", str(first.get("status")))  # "400 BAD_REQUEST" or "400"
    return _known(first.get("code")), int(status[0]) if status else None


def _known(code: object) -> str:
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


class Page(msgspec.Struct, frozen=True):
    """One page of a search: its events as sent, its number, and how many pages there are."""

    events: list[Mapping[str, Any]]
    number: int
    pages: int
    total: int


def page_of(body: object) -> Page | None:
    """A page of events, or ``None`` when the body is something else.

    An empty result has no ``_embedded``, and then ``totalElements`` must say so.
    """
    envelope = shapes.mapping(body)
    page, sent = shapes.mapping(envelope.get("page")), shapes.mapping(envelope.get("_embedded")).get("events")
    total = _count(page, "totalElements")
    if "id" in envelope or (sent is None and total is None):
        return None
    events = shapes.rows(sent or [])
    if sent and not events:
        return None
    return Page(
        events=events,
        number=_count(page, "number") or 0,
        pages=_count(page, "totalPages") or 1,
        total=len(events) if total is None else total,
    )


def _count(page: Mapping[str, Any], name: str) -> int | None:
    value = page.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
