"""The pages of the Products API, and its errors.

The service says ``{"error": {"code": 400, "status", "message", "examples"}}``, what stands before it
``{"errorCode": "403", "errorMessage", "help"}``. A 403 says that the key is wrong or that it has asked too
often, and only prose tells which; that is read, and never repeated. Unless it is clearly a wrong key, later
may work.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import shapes
from watchers.providers.http import OK, error_by_status

NAME = "bestbuy"
_FORBIDDEN, _TOO_MANY = 403, 429


class SpikeError(ProviderUnavailableError):
    """Too many calls within a second; nothing to do with the day's quota."""


class UnclearError(ProviderUnavailableError):
    """Told to stop, and not why."""


class Page(msgspec.Struct, frozen=True):
    """One page as sent, how many pages and products there are, and whether it is all that it should be."""

    products: list[Mapping[str, Any]]
    pages: int
    total: int
    is_whole: bool


def page_of(body: object) -> Page | None:
    """A page, or ``None`` when it is something else. ``canonicalUrl`` holds the key, and is not read."""
    envelope = shapes.mapping(body)
    sent, pages = envelope.get("products"), shapes.count(envelope.get("totalPages"))
    total = shapes.count(envelope.get("total"))
    if not isinstance(sent, list) or pages is None or total is None:
        return None
    products = shapes.rows(sent)
    is_whole = envelope.get("partial") is False and len(products) == len(sent) and bool(sent or not total)
    return Page(products, pages, total, is_whole)


def error_of(
    status: int | None, body: object, headers: Mapping[str, str] | None = None
) -> ProviderError | None:
    """The error that an answer is, or ``None``. ``status`` is ``None`` where only the body is known."""
    envelope = shapes.mapping(body)
    known = status
    if status in (None, OK):
        if not {"error", "errorCode"} & envelope.keys():
            return None
        known = _said_status(envelope)
    if known == _FORBIDDEN:
        return _forbidden(f"{(headers or {}).get('x-mashery-error-code', '')} {envelope.get('errorMessage')}")
    if known == _TOO_MANY:
        return UnclearError(f"{NAME}: status {known}")
    return error_by_status(known or 500, NAME)


def _said_status(envelope: Mapping[str, Any]) -> int | None:
    code = shapes.mapping(envelope.get("error")).get("code", envelope.get("errorCode"))
    return int(str(code)) if re.fullmatch(r"[45][0-9]{2}", str(code)) else None


def _forbidden(said: str) -> ProviderError:
    words = said.lower().replace("_", " ")
    if re.search(r"per second|over qps", words):
        return SpikeError(f"{NAME}: status 403: too many calls within a second")
    if re.search(r"\bdaily\b|per day|over rate|quota", words):
        return OutOfQuotaError(f"{NAME}: status 403: the day's quota is spent")
    if re.search(r"\b(invalid|inactive|not valid|not authorized|unauthorized)\b", words):
        return ProviderRejectedError(f"{NAME}: status 403: the key is refused; check BESTBUY_API_KEY")
    return UnclearError(f"{NAME}: status 403, for a wrong key or a spent quota; check BESTBUY_API_KEY")
