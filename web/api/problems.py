"""What went wrong, as programs read it: ``application/problem+json`` (RFC 9457), never a page.

The framework's own refusals under ``/api`` look the same: an address that is not there, a method that it does
not have, a body that is too long, a database that does not answer.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from flask import Response, request
from pydantic import Field
from werkzeug.exceptions import HTTPException

from web.api.shape import Shape
from web.site import site

PREFIX = "/api/"
TYPE = "application/problem+json"
RETRY_AFTER = 10  # seconds

TITLES: Mapping[int, str] = {
    400: "This is no request we understand",
    401: "We do not know who asks",
    403: "This was refused",
    404: "There is nothing here",
    405: "This address has no such method",
    409: "Something is in the way",
    412: "It was changed meanwhile",
    413: "That was too much",
    415: "Send JSON",
    422: "What was sent cannot be taken",
    429: "Too often",
    500: "Something broke on our side",
    503: "The database does not answer at the moment",
}
DETAILS: Mapping[int, str] = {
    404: "The address may be wrong, or what it led to is gone.",
    405: "See the description at /api/v1/openapi.json.",
    413: "A body has at most 256 KiB.",
    415: "Send the body as application/json.",
    500: "It has been noted. What you sent may or may not have been kept: look before you send it again.",
    503: "Nothing is half-saved. Send it again soon; twice does no harm.",
}
SLUGS: Mapping[int, str] = {
    400: "bad-request",
    401: "unauthenticated",
    403: "refused",
    404: "not-found",
    405: "no-such-method",
    409: "conflict",
    412: "changed-meanwhile",
    413: "too-large",
    415: "not-json",
    422: "not-accepted",
    429: "too-often",
    500: "broken",
    503: "unavailable",
}


class Fault(Shape):
    """One thing that is wrong with what was sent."""

    where: Literal["body", "query", "header"] = Field(description="The part of the request it is in.")
    pointer: str = Field(
        description="Of a body, the JSON pointer (RFC 6901) to the field; otherwise its name.",
        examples=["/conditions/0/price"],
    )
    detail: str = Field(description="What is wrong with it, and what to write instead.")


class Problem(Shape):
    """What went wrong (RFC 9457)."""

    type: str = Field(description="An address that names this kind of problem, and explains it.")
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status.", ge=400, le=599)
    detail: str = Field(description="What to do about it.")
    errors: tuple[Fault, ...] = Field(description="Each thing that is wrong, where that can be told.")


class ProblemError(Exception):
    """Ends the request with a problem."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status} {detail}")
        self.status, self.detail = status, detail or DETAILS.get(status, "")
        self.faults, self.headers = tuple(faults), dict(headers or {})


def is_asked() -> bool:
    """Whether the request is the API's to answer."""
    return request.path.startswith(PREFIX)


def answer(error: ProblemError) -> Response:
    """The answer that says so."""
    problem = Problem(
        type=f"{site().public_url}/api#{SLUGS.get(error.status, 'bad-request')}",
        title=TITLES.get(error.status, "That did not work"),
        status=error.status,
        detail=error.detail,
        errors=error.faults,
    )
    made = Response(problem.model_dump_json(), error.status, content_type=TYPE)
    made.headers.update(error.headers)
    return made


def of(error: HTTPException) -> Response:
    """What the framework refused, as a problem; its own headers (``Allow``) stay."""
    status = error.code if error.code and error.code >= 400 else 500  # noqa: PLR2004 - an error
    kept = {name: text for name, text in error.get_headers() if name in ("Allow", "Retry-After")}
    return answer(ProblemError(status, headers=kept))


def unavailable() -> Response:
    """The database does not answer."""
    return answer(ProblemError(503, headers={"Retry-After": str(RETRY_AFTER)}))
