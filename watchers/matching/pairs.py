"""Two events as they stand on a line of a file: ``{"a": event, "b": event}``, both normalised."""

import re
from typing import Any

import msgspec

from watchers.events import Event

_MARK = b"\xef\xbb\xbf"  # some editors begin a file with it
_WHEN, _NOT_SAID = ("date", "time"), ("", "TBA", "TBD")
_NO_SECONDS = re.compile(r"\d\d:\d\d")


class Pair(msgspec.Struct, frozen=True):
    """Two entries to compare. What else the line says is not for us."""

    a: Event
    b: Event


def read(line: bytes | str) -> Pair:
    """The pair of a line; a field that is ``null`` is one that is not said, and 19:30 is a time too.

    Raises:
        ValueError: it is none, and why.
    """
    try:
        said = msgspec.json.decode(line.removeprefix(_MARK) if isinstance(line, bytes) else line)
        if not isinstance(said, dict) or not {"a", "b"} <= said.keys():
            raise ValueError("it has no a and b")
        pair: Pair = msgspec.convert({name: _plain(said[name]) for name in "ab"}, Pair, strict=False)
    except RecursionError as exc:
        raise ValueError("it is nested too deeply") from exc
    return pair


def _plain(said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    told = {
        name: value
        for name, value in said.items()
        if value is not None and not (name in _WHEN and str(value).upper() in _NOT_SAID)
    }
    if isinstance(told.get("time"), str) and _NO_SECONDS.fullmatch(told["time"]):
        told["time"] += ":00"
    return told
