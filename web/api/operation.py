"""One entry of the table of operations, what its function is given, and what it gives back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"


class Access(StrEnum):
    """Who may."""

    ANYBODY = "anybody"
    READ = "read"
    WRITE = "write"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. ``limited_as``: by what their requests are counted."""

    uid: str
    may_write: bool
    limited_as: str


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read and allowed.

    Attributes:
        uid: Whose things it is about.
        query: The operation's query model.
        body: The operation's body model; of a merge patch, the mapping.
        key: What names this request, so that it is done once; ``None`` where nobody asked for that.
        may_write: Whether whoever asks may change things, and be told what lets anybody see them for ever.
    """

    uid: str
    query: Any = None
    body: Any = None
    key: str | None = None
    may_write: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered.

    Attributes:
        body: The model; ``None`` has no body.
        status: Of HTTP.
        headers: Besides those of every answer.
        etag: The version of what is shown, for ``If-None-Match`` and ``If-Match``.
        kept: The body as it may be kept for a repeat, where the body itself holds a secret.
        stream: Instead of a body: JSON in pieces, the first of which is there already.
        text: Instead of a body: a file of the type that the operation ``makes``.
    """

    body: BaseModel | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    kept: BaseModel | None = None
    stream: tuple[str, Iterator[str]] | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address.

    Attributes:
        name: What clients call it (``operationId``).
        run: Called with a ``Call`` and the parts of the path, by name.
        summary: In one line.
        details: What else there is to know, in Markdown.
        tag: Under which heading it stands.
        answers: The model of each success; ``None`` has no body.
        refusals: Statuses of problems besides those that follow from the rest.
        access: Who may.
        query: What may stand behind the question mark.
        body: What is sent.
        takes: As which type it may be sent.
        makes: Another type than JSON that is answered.
        takes_key: Whether ``Idempotency-Key`` is understood.
        has_etag: Whether the answer has a version, and a change may ask for one.
        example: What is sent, for people to copy.
    """

    name: str
    method: str
    path: str
    run: Callable[..., Reply]
    summary: str
    tag: str
    answers: Mapping[int, type[BaseModel] | None]
    details: str = ""
    refusals: tuple[int, ...] = ()
    access: Access = Access.READ
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    takes: tuple[str, ...] = (JSON,)
    makes: str = ""
    takes_key: bool = False
    has_etag: bool = False
    example: Mapping[str, Any] | None = None
    example_query: str = ""

    @property
    def changes(self) -> bool:
        """Whether anything may be different afterwards."""
        return self.method != "GET"

    def statuses(self) -> tuple[int, ...]:
        """Every status of a problem it may answer with."""
        found = {500, 503, *self.refusals}
        if self.access is not Access.ANYBODY:
            found |= {401, 429}
        if self.access in (Access.WRITE, Access.OPERATOR):
            found.add(403)
        if "{" in self.path:
            found.add(404)
        if self.query:
            found.add(422)
        if self.body:
            found |= {400, 413, 415, 422}
        if self.takes_key:
            found |= {400, 409, 422}
        if self.has_etag and self.changes:
            found.add(412)
        return tuple(sorted(found))
