"""The one port to a database: documents with compare-and-set.

Five methods are all that the promises of this product rest on, so that one contract test can hold every
implementation (``store/``) to them. There is no query language, no session and no mapping of objects:
whoever owns a document turns it into values beside its own code.

Paths alternate collection and document: ``people/u1``, ``artifacts/app/users/u1/ticket_monitors/w1``.
Values are what JSON has, plus aware ``datetime`` and ``bytes``. Map keys are free text.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Final, Literal, Protocol

import msgspec


class _Marker(Enum):
    SERVER_TIME = "server_time"


SERVER_TIME: Final = _Marker.SERVER_TIME
"""As a field's value in a write: the database's own clock at commit, never this machine's."""


class Document(msgspec.Struct, frozen=True):
    """A document as it stood when read. ``version`` is opaque; ``updated_at`` is the database's time."""

    path: str
    fields: Mapping[str, Any]
    version: str
    updated_at: datetime

    @property
    def id(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[1]


class Create(msgspec.Struct, frozen=True):
    """Write a document that must not exist yet."""

    path: str
    fields: Mapping[str, Any]


class Update(msgspec.Struct, frozen=True):
    """Replace the named top-level fields of a document that must still be ``version``; others stay."""

    path: str
    fields: Mapping[str, Any]
    version: str


class Put(msgspec.Struct, frozen=True):
    """Replace a whole document, whatever stands there or not: the last writer wins."""

    path: str
    fields: Mapping[str, Any]


class Delete(msgspec.Struct, frozen=True):
    """Remove a document; one that is not there is no error. With a ``version``, it must still be that one."""

    path: str
    version: str | None = None


Write = Create | Update | Put | Delete


class Query(msgspec.Struct, frozen=True):
    """The documents of one collection whose ``field`` compares so with ``value``, ordered by it.

    ``field`` is a path of map keys: ``("fires_at", "steam-1f0c", "listing_USD")``. A document without the
    field, or with another type there, is never found. Without ``field``: the whole collection, by id; with a
    ``value``, only what comes after this id.
    ``below`` ends what ``>`` or ``>=`` begins: only values less than it, which is of the same type.
    Only single-field indexes are ever needed.
    """

    collection: str
    field: tuple[str, ...] = ()
    op: Literal["==", "<=", ">=", ">", "array_contains"] = "=="
    value: Any = None
    limit: int | None = None
    below: Any = None


class Documents(Protocol):
    """A document database.

    Every method raises ``StoreUnavailableError`` within seconds when the database does not answer; nothing
    is then known about a ``commit``, and repeating the step must be (and is) harmless.

    ``operations`` counts documents as Firestore bills them: ``reads``, ``writes``, ``deletes``. A query or a
    count costs at least one read.
    """

    operations: Counter[str]

    def get(self, path: str) -> Document | None:
        """The document, strongly consistent, or ``None``."""
        ...

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """As ``get`` for each path, in one question."""
        ...

    def commit(self, *writes: Write) -> tuple[str, ...]:
        """Do all of the writes or none of them; return the new versions in order ("" for a delete).

        Raises:
            ConflictError: a ``Create`` found a document, or an ``Update`` or a ``Delete`` with a version
                another version or none.
            DocumentTooLargeError: a document would exceed the limit of 1 MiB.
        """
        ...

    def find(self, query: Query) -> list[Document]:
        """The matching documents, strongly consistent."""
        ...

    def count(self, query: Query) -> int:
        """How many documents match (``limit`` is ignored)."""
        ...
