"""Eventbrite's error envelope: ``{"error", "error_description", "status_code"}``.

Errors are told apart by ``error`` alone; the status counts only where there is none, and the prose never.
https://www.eventbrite.com/platform/api#/introduction/errors
"""

from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import shapes
from watchers.providers.http import OK, error_by_status

NAME = "eventbrite"
_UNAUTHORIZED, _NOT_FOUND, _TOO_MANY = 401, 404, 429


class BadTokenError(ProviderRejectedError):
    """The token is wrong: every question is refused."""


class NotFoundError(ProviderRejectedError):
    """There is nothing by this id."""


class NotPublicError(ProviderRejectedError):
    """What is asked for is somebody's own; other questions are not refused."""


class ExpansionFailedError(ProviderUnavailableError):
    """The event would have been sent without what it was asked to be expanded by."""


class HitRateLimitError(OutOfQuotaError):
    """Eventbrite counts more calls than it allows."""


_BY_CODE: dict[str, type[ProviderError]] = {
    "HIT_RATE_LIMIT": HitRateLimitError,
    "EXPANSION_FAILED": ExpansionFailedError,
    "NOT_FOUND": NotFoundError,
    "NOT_AUTHORIZED": NotPublicError,
    "INVALID_BATCH": ProviderRejectedError,
    "ARGUMENTS_ERROR": ProviderRejectedError,
    "INVALID_AUTH": BadTokenError,
    "INVALID_AUTH_HEADER": BadTokenError,
    "NO_AUTH": BadTokenError,
    "BAD_CONTINUATION_TOKEN": ProviderUnavailableError,
    "INTERNAL_ERROR": ProviderUnavailableError,
}
_BY_STATUS: dict[int, type[ProviderError]] = {
    _UNAUTHORIZED: BadTokenError,
    _NOT_FOUND: NotFoundError,
    _TOO_MANY: HitRateLimitError,
}


def error_of(status: int | None, body: object) -> ProviderError | None:
    """The error that an answer is, or ``None``. ``status`` is ``None`` where only the body is known."""
    envelope = shapes.mapping(body)
    if status in (None, OK):
        if "error" not in envelope:
            return None
        status = _status(envelope.get("status_code"))
    code = envelope.get("error")
    if isinstance(code, str) and code in _BY_CODE:  # what is not on our list may be anything: not repeated
        return _BY_CODE[code](f"{NAME}: {code}")
    return _by_status(status)


def _by_status(status: int | None) -> ProviderError:
    if status is None:
        return ProviderUnavailableError(f"{NAME}: an error")
    if status in _BY_STATUS:
        return _BY_STATUS[status](f"{NAME}: status {status}")
    rejected = isinstance(error_by_status(status, NAME), ProviderRejectedError)
    return (ProviderRejectedError if rejected else ProviderUnavailableError)(f"{NAME}: status {status}")


def _status(value: object) -> int | None:
    known = isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599  # noqa: PLR2004
    return value if known and isinstance(value, int) else None
