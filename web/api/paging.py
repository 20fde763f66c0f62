"""A page of a list, and the cursor of the next: signed, for one list of one person, never made up."""

from typing import Annotated, Any

from flask import request
from itsdangerous import BadData, URLSafeSerializer
from pydantic import BeforeValidator, Field

from web.api.problems import Fault, ProblemError
from web.api.shape import Shape
from web.site import site

MOST, USUAL = 100, 50


def whole(value: object) -> object:
    """A whole number as a query writes it, with digits only."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise ValueError("write a whole number with digits only")
    return value


Limit = Annotated[
    int,
    BeforeValidator(whole),
    Field(ge=1, le=MOST, description=f"At most so many entries, 1 to {MOST}.", examples=[USUAL]),
]


class Paged(Shape):
    """Which part of a list."""

    limit: Limit = USUAL
    cursor: Annotated[
        str | None,
        Field(description="`next` of the page before; leave it out for the first.", max_length=2000),
    ] = None


def cursor(uid: str, after: dict[str, Any]) -> str:
    """Where the next page of the list being answered begins."""
    return str(_signer().dumps([_list(), uid, after]))


def after(uid: str, text: str | None) -> dict[str, Any]:
    """What ``cursor`` was given; empty at the beginning.

    Raises:
        ProblemError: 422, it is not a cursor of this list.
    """
    if text is None:
        return {}
    try:
        where, whose, found = _signer().loads(text)
    except (BadData, ValueError, TypeError):
        where = whose = found = None
    if (where, whose) != (_list(), uid) or not isinstance(found, dict):
        detail = "This is no cursor of this list: take `next` from the page before as it is."
        raise ProblemError(422, detail, [Fault(where="query", pointer="cursor", detail=detail)])
    return found


def _list() -> str:
    return str(request.url_rule)


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(site().secret_key, salt="ticket-scout.cursor")
