"""What Firestore accepts, checked before either store is asked: a laptop refuses what the cloud would refuse.

Pure. Sizes follow https://firebase.google.com/docs/firestore/storage-size, the rules for names and values
https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields.
"""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from store.entries import comparable
from watchers.documents import SERVER_TIME, Delete, Query, Update, Write
from watchers.errors import DocumentTooLargeError

MAX_BYTES: Final = 1_048_487
"""Of one document. The official 1 MiB, less the 89 bytes by which a single field's limit is smaller."""

_RESERVED = re.compile(r"\.|\.\.|__.*__", re.DOTALL)
_INT64 = range(-(1 << 63), 1 << 63)


def collection_of(path: str) -> str:
    """The collection in which a document lies; ``ValueError`` when ``path`` is not a document's."""
    names = path.split("/")
    if len(names) % 2 or not all(map(_is_name, names)):
        raise ValueError(f"{path!r} is not the path of a document: collection/document[/collection/document]")
    return path.rpartition("/")[0]


def refuse_impossible(write: Write) -> None:
    """Raise unless Firestore could take ``write``, whatever it would find.

    Raises:
        ValueError: the path, a map key, a number, a naive datetime, a list in a list, an update of nothing.
        TypeError: a value that is not what JSON has, an aware datetime or bytes.
        DocumentTooLargeError: with what to do about it.
    """
    collection_of(write.path)
    if isinstance(write, Delete):
        return
    if isinstance(write, Update) and not write.fields:
        raise ValueError(f"an update of {write.path} names at least one field")
    refuse_too_large(write.path, write.fields)


def refuse_too_large(path: str, fields: Mapping[str, Any]) -> None:
    """Raise ``DocumentTooLargeError`` unless ``fields`` fit into one document."""
    size = document_size(path, fields)
    if size > MAX_BYTES:
        raise DocumentTooLargeError(
            f"{path} would be {size:,} bytes and a document holds {MAX_BYTES:,}: keep less in it, or split it"
        )


def refuse_unanswerable(query: Query) -> None:
    """Raise ``ValueError`` or ``TypeError`` unless both stores find the same documents for ``query``."""
    collection_of(f"{query.collection}/any")
    if query.limit is not None and query.limit < 0:
        raise ValueError("a limit is not negative")
    if query.field and not all(query.field):
        raise ValueError(f"{query.field!r}: a map key is never empty")
    if isinstance(query.value, Mapping | list | tuple | bytes):
        raise TypeError("only text, numbers, datetimes, booleans and None can be asked for")
    _size(query.value)
    equality = query.op in ("==", "array_contains")
    if isinstance(query.value, bool | None) and not equality:
        raise ValueError(f"{query.value} has no order: only == finds it")
    if query.value is None and query.op == "array_contains":
        raise ValueError("None cannot be asked for in a list")
    _refuse_no_end(query)


def _refuse_no_end(query: Query) -> None:
    """Values of two types have nothing between them, and nothing is indexed of a very long text."""
    if query.below is None:
        return
    if query.op not in (">", ">="):
        raise ValueError(f"what {query.op} finds has no other end")
    _size(query.below)
    kinds = {(comparable(end) or ("none", None))[0] for end in (query.value, query.below)}
    if len(kinds) > 1 or not kinds <= {"number", "text", "time"}:
        raise TypeError("both ends of a range are texts, numbers or datetimes that can be asked for")


def document_size(path: str, fields: Mapping[str, Any]) -> int:
    """What Firestore counts, in bytes: names, values, 16 for the path and 32 for the document."""
    return sum(_text_size(name) for name in path.split("/")) + 16 + _map_size(fields)


def _size(value: Any) -> int:
    match value:
        case None | bool():
            size = 1
        case int() | float():
            size = _number_size(value)
        case str():
            size = _text_size(value)
        case bytes():
            size = len(value)
        case datetime():
            size = _time_size(value)
        case Mapping():
            size = _map_size(value)
        case list() | tuple():
            size = sum(map(_element_size, value))
        case _ if value is SERVER_TIME:
            size = 8
        case _:
            raise TypeError(f"a document cannot hold a {type(value).__name__}")
    return size


def _map_size(fields: Mapping[str, Any]) -> int:
    return 32 + sum(_key_size(key) + _size(value) for key, value in fields.items())


def _key_size(key: object) -> int:
    if not isinstance(key, str):
        raise TypeError(f"a map key is text, not a {type(key).__name__}")
    if not key or (key.startswith("__") and _RESERVED.fullmatch(key)):
        raise ValueError(f"Firestore reserves the map key {key!r}")
    return _text_size(key)


def _element_size(value: Any) -> int:
    if value is SERVER_TIME or isinstance(value, list | tuple):
        raise ValueError("a list holds neither lists nor SERVER_TIME")
    return _size(value)


def _number_size(value: float) -> int:
    if isinstance(value, int) and value not in _INT64:
        raise ValueError("an integer in a document has at most 64 bits")
    if math.isnan(value):
        raise ValueError("NaN is not a number that could ever be compared")
    return 8


def _time_size(value: datetime) -> int:
    if value.tzinfo is None:
        raise ValueError("a datetime in a document is aware")
    return 8


def _text_size(value: str) -> int:
    return len(value.encode()) + 1


def _is_name(name: str) -> bool:
    return bool(name) and not _RESERVED.fullmatch(name)
