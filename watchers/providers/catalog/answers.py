"""The pages of StubHub's catalogue, and its errors.

Errors have three shapes: ``{"error", "error_description"}`` of the sign-in, ``{"title"}``, and
``{"code", "message", "errors": {}}`` of the service. Only codes that are documented are repeated.
https://viagogo.github.io/stubhub-api-docs/docs/overview/error-responses
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from watchers.errors import ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import shapes
from watchers.providers.catalog.event import NAME, event_id
from watchers.providers.http import OK, error_by_status

_NOT_FOUND, _TOO_MANY = 404, 429
_CODES = frozenset({"https_required", "user_agent_required", "invalid_request_body", "validation_failed"}) | {
    "insufficient_scope",
    "internal_server_error",
    "invalid_client",
}


class NotFoundError(ProviderRejectedError):
    """There is no event of this id."""


class SlowDownError(ProviderUnavailableError):
    """Asked too often."""


def error_of(status: int | None, body: object) -> ProviderError | None:
    """The error that an answer is, or ``None``. ``status`` is ``None`` where only the body is known."""
    envelope = shapes.mapping(body)
    if status is None or status == OK:
        is_error = not event_id(envelope) and {"error", "title", "code"} & envelope.keys()
        return ProviderRejectedError(_told(None, envelope)) if is_error else None
    if status == _NOT_FOUND:
        return NotFoundError(_told(status, envelope))
    if status == _TOO_MANY:
        return SlowDownError(_told(status, envelope))
    rejected = isinstance(error_by_status(status, NAME), ProviderRejectedError)
    kind = ProviderRejectedError if rejected else ProviderUnavailableError
    return kind(_told(status, envelope))


def _told(status: int | None, envelope: Mapping[str, Any]) -> str:
    codes = (envelope.get("code"), envelope.get("error"))
    code = next((one for one in codes if isinstance(one, str) and one in _CODES), "")
    return " ".join(filter(None, (f"{NAME}:", f"status {status}" if status else "an error", code)))


class Page(msgspec.Struct, frozen=True):
    """One page: its events as sent, its number (from 1), and how many pages and events there are."""

    events: list[Mapping[str, Any]]
    number: int
    pages: int
    total: int


def page_of(body: object) -> Page | None:
    """A page of events, or ``None`` when the body is something else or lacks what it counts."""
    envelope = shapes.mapping(body)
    total, size, number = (shapes.count(envelope.get(name)) for name in ("total_items", "page_size", "page"))
    sent = shapes.mapping(envelope.get("_embedded")).get("items") or []
    events = shapes.rows(sent)
    if total is None or not isinstance(sent, list) or len(events) != len(sent) or (total and not events):
        return None
    return Page(events, number or 1, -(-total // size) if size else 1, total)
