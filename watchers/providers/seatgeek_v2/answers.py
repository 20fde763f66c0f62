"""SeatGeek's errors and its pages.

Errors are told apart by code and status, never by prose: ``{"errors": [{"code"}], "status"}``. 40307 is a
missing or unknown client id. A bot wall stands before the API and answers with a web page: that is no word
about the key, and nothing to get round. https://github.com/seatgeek/api-support/issues/104
"""

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from watchers.errors import ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import shapes
from watchers.providers.http import OK, error_by_status

NAME = "seatgeek"
A_PAGE = 50  # since 2023-09: https://github.com/seatgeek/api-support/issues/158
_BAD_CLIENT = 40307
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY_AT_ONCE, _TOO_MANY = 401, 403, 404, 406, 429


class BadClientError(ProviderRejectedError):
    """The client id is missing, unknown or not approved: every question is refused."""


class NotFoundError(ProviderRejectedError):
    """There is nothing by this id."""


class SlowDownError(ProviderUnavailableError):
    """Too many calls: a 429, or the 406 of a filter on bursts."""


class BotWallError(ProviderUnavailableError):
    """A page for people, and not the API, has answered."""


def error_of(status: int | None, body: object) -> ProviderError | None:
    """The error that an answer is, or ``None``. ``status`` is ``None`` where only the body is known."""
    envelope = shapes.mapping(body)
    if status in (None, OK):
        if "errors" not in envelope:
            return None
        status = _status(envelope.get("status"))
    if _code(envelope) == _BAD_CLIENT:
        return BadClientError(f"{NAME}: status {status} {_BAD_CLIENT}")
    return _by_status(status, envelope)


def _by_status(status: int | None, envelope: Mapping[str, Any]) -> ProviderError:
    message = f"{NAME}: status {status}" if status else f"{NAME}: an error"
    if status == _FORBIDDEN and not envelope:
        return BotWallError(message)
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return BadClientError(message)
    if status == _NOT_FOUND:
        return NotFoundError(message)
    if status in (_TOO_MANY, _TOO_MANY_AT_ONCE):
        return SlowDownError(message)
    rejected = isinstance(error_by_status(status or 500, NAME), ProviderRejectedError)
    return ProviderRejectedError(message) if rejected else ProviderUnavailableError(message)


def _code(envelope: Mapping[str, Any]) -> object:
    return next(iter(shapes.rows(envelope.get("errors"))), {}).get("code")


def _status(value: object) -> int | None:
    return value if isinstance(value, int) and 400 <= value <= 599 else None  # noqa: PLR2004


def event_of(body: object) -> Mapping[str, Any] | None:
    """A body that is one event, or ``None``."""
    event = shapes.mapping(body)
    said = {"title", "datetime_local", "datetime_utc"} & event.keys()
    return event if said and event_id(event) else None


def event_id(event: Mapping[str, Any]) -> str | None:
    """The id: a number."""
    value = event.get("id")
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**12
    text = str(value) if whole or isinstance(value, str) else ""
    return text if re.fullmatch(r"[1-9][0-9]{0,11}", text) else None


class Page(msgspec.Struct, frozen=True):
    """One page: its events as sent, its number, and how many events and pages there are."""

    events: list[Mapping[str, Any]]
    number: int
    pages: int
    total: int


def page_of(body: object) -> Page | None:
    """A page of events, or ``None`` when the body is something else.

    Past the end, and sometimes before it, a page is empty: only ``total`` says that there is nothing.
    """
    envelope = shapes.mapping(body)
    meta, sent = shapes.mapping(envelope.get("meta")), envelope.get("events")
    total = _count(meta, "total")
    events = shapes.rows(sent)
    if not isinstance(sent, list) or len(events) != len(sent) or total is None:
        return None
    size = min(_count(meta, "per_page") or A_PAGE, A_PAGE)
    return Page(events, _count(meta, "page") or 1, max(1, math.ceil(total / size)), total)


def _count(meta: Mapping[str, Any], name: str) -> int | None:
    value = meta.get(name)
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9
    return value if known and isinstance(value, int) else None
