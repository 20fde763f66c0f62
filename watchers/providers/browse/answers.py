"""Browse's error envelope, its warnings and its pages.

``{"errors": [{"errorId", "domain", "category", "message", …}]}``; warnings of the same shape may come with a
200. Only numbers are repeated: messages are prose, and parameters repeat what was asked.
https://developer.ebay.com/api-docs/static/handling-error-messages.html
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from watchers.errors import ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import shapes
from watchers.providers.http import OK, error_by_status

NAME = "ebay"
NOT_FOUND, IS_A_GROUP = 11001, 11006  # ended or unknown; a number that several variations share
# eBay's own trouble has the category APPLICATION: trying again may help, whatever the status.
_OURS = "APPLICATION"
_HTTP_NOT_FOUND = 404
_OF_THE_QUESTION = (None, OK, 400, _HTTP_NOT_FOUND, 409)  # and not of whoever asks


class RefusedError(ProviderRejectedError):
    """This question is refused, by eBay's number; others are not."""

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.number = number

    @property
    def code(self) -> str:
        """The word for a log."""
        return {NOT_FOUND: "not_found", IS_A_GROUP: "item_group"}.get(self.number, "refused")


def error_of(status: int | None, body: object) -> ProviderError | None:
    """The error that an answer is, or ``None``. ``status`` is ``None`` where only the body is known."""
    envelope = shapes.mapping(body)
    if status in (None, OK) and "errors" not in envelope:
        return None
    first = next(iter(shapes.rows(envelope.get("errors"))), {})
    number = _number(first)
    message = " ".join(filter(None, (f"{NAME}:", f"status {status}" if status else "", f"error {number}")))
    if first.get("category") == _OURS:
        return ProviderUnavailableError(message)
    if status in _OF_THE_QUESTION and number:
        return RefusedError(message, number)
    if status == _HTTP_NOT_FOUND:
        return RefusedError(message, NOT_FOUND)
    if status in (None, OK):
        return ProviderUnavailableError(f"{NAME}: an error without a number")
    return error_by_status(status, NAME)


def warnings(body: object) -> tuple[str, ...]:
    """A sentence for each warning, by its number."""
    found = (_number(row) for row in shapes.rows(shapes.mapping(body).get("warnings")))
    return tuple(dict.fromkeys(f"eBay warns of {number or 'something'} in its answer." for number in found))


def _number(row: Mapping[str, Any]) -> int:
    return shapes.count(row.get("errorId")) or 0


class Page(msgspec.Struct, frozen=True):
    """One page of a search, as sent, and how many results there are in all."""

    rows: list[Mapping[str, Any]]
    total: int
    warnings: tuple[str, ...] = ()


def page_of(body: object) -> Page | None:
    """A page, or ``None`` when the body is something else, or lacks what it counts."""
    envelope = shapes.mapping(body)
    total, sent = shapes.count(envelope.get("total")), envelope.get("itemSummaries") or []
    rows = shapes.rows(sent)
    if total is None or not isinstance(sent, list) or len(rows) != len(sent) or (total and not rows):
        return None
    return Page(rows, total, warnings(body))
