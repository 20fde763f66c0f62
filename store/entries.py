"""The index entries of a document, as Firestore makes them by itself: one per scalar field path.

Pure. Maps are followed by path, list elements become entries of their own. Bytes are never indexed, nor
text over 1,500 bytes: nothing finds them. https://firebase.google.com/docs/firestore/query-data/index-overview
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

MAX_TEXT_BYTES: Final = 1_500
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Entry(NamedTuple):
    """``value`` at ``field``; only values of one ``type`` are compared with each other."""

    field: str
    type: str
    value: str | float


def entries(fields: Mapping[str, Any]) -> set[Entry]:
    """Everything by which a document can be found."""
    return set(_walk((), fields))


def field_key(path: tuple[str, ...], *, element: bool = False) -> str:
    """A path of map keys as one unambiguous text; ``element``: of the elements of the list there."""
    return json.dumps(path, ensure_ascii=False) + ("*" if element else "")


def comparable(value: Any) -> tuple[str, str | float] | None:
    """The type a value is compared within and what is compared; ``None`` for what is never indexed."""
    match value:
        case None:
            return "null", 0
        case bool():
            return "bool", int(value)
        case int() | float():
            return "number", value
        case datetime():
            return "time", microseconds(value)
        case str() if len(value.encode()) <= MAX_TEXT_BYTES:
            return "text", value
    return None


def microseconds(moment: datetime) -> int:
    """Since 1970, exactly."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(since_1970: int) -> datetime:
    """The inverse of ``microseconds``, in UTC."""
    return _EPOCH + timedelta(microseconds=since_1970)


def _walk(path: tuple[str, ...], value: Any) -> Iterator[Entry]:
    match value:
        case Mapping():
            for key, inner in value.items():
                yield from _walk((*path, key), inner)
        case list() | tuple():
            for element in value:
                yield from _entry(field_key(path, element=True), element)
        case _:
            yield from _entry(field_key(path), value)


def _entry(field: str, value: Any) -> Iterator[Entry]:
    found = comparable(value)
    if found:
        yield Entry(field, *found)
