"""One block of JSON-LD as text -> its value, forgiving what sites get wrong; never a guess about numbers.

Forgiven: CDATA and comment wrappers, JavaScript comments, trailing commas and semicolons, raw control
characters, needless escapes, and a block whose quotes are HTML entities. What is longer than ``LONGEST``,
nested deeper than ``DEEPEST`` or of more than ``MOST_VALUES`` is not read. Numbers are ``Decimal``; those too
long for money are ``None``.
"""

import json
import re
from decimal import Decimal
from html import unescape
from typing import Any

LONGEST, DEEPEST, MOST_VALUES = 1_000_000, 60, 100_000
_WRAPPER = re.compile(r"(?://|/\*)?\s*(?:<!\[CDATA\[|\]\]>|<!--|-->)\s*(?:\*/)?")
_STRING = r'"(?:[^"\\]++|\\.)*+(?:"|\Z)'
_MARKS = re.compile(rf"{_STRING}|[\[\]{{}},]", re.DOTALL)
_COMMENTS = re.compile(rf"({_STRING})|//[^\n]*+|/\*(?:.*?\*/|.*)", re.DOTALL)
_COMMAS = re.compile(rf"({_STRING})|,(?=\s*+[\]}}])", re.DOTALL)
_ESCAPE = re.compile(r'\\(?:(["\\/bfnrt]|u[0-9a-fA-F]{4})|(.?))', re.DOTALL)
_DIGITS = 30  # of a number; longer is no amount of money


class NotJsonError(ValueError):
    """It cannot be read, whatever is forgiven."""


def value_of(block: str) -> Any:
    """The value of a block; ``None`` for one that says ``null`` or nothing at all.

    Raises:
        NotJsonError: it cannot be read.
    """
    text = block.strip().strip("\ufeff")
    if len(text) > LONGEST:
        raise NotJsonError
    if not text:
        return None
    for reading in (_as_it_is, _unwrapped, _entities):
        try:
            return _decoded(reading(text))
        except (ValueError, RecursionError):
            continue
    raise NotJsonError


def _as_it_is(text: str) -> str:
    return text


def _unwrapped(text: str) -> str:
    head, tail = text[:40], text[-40:]
    if len(text) > 80:  # noqa: PLR2004 - wrappers stand at the ends only
        text = _WRAPPER.sub("", head) + text[40:-40] + _WRAPPER.sub("", tail)
    else:
        text = _WRAPPER.sub("", text)
    text = _COMMENTS.sub(lambda found: _mended(found[1]) if found[1] else " ", text)
    return _COMMAS.sub(lambda found: found[1] or "", text).strip().rstrip(";")


def _mended(string: str) -> str:
    r"""Without escapes that JSON does not have, such as ``\'``."""
    return _ESCAPE.sub(lambda found: found[0] if found[1] else found[2], string)


def _entities(text: str) -> str:
    if "&quot;" not in text and "&#34;" not in text:
        raise NotJsonError
    return _unwrapped(unescape(text))


def _decoded(text: str) -> Any:
    if not _is_modest(text):
        raise NotJsonError
    return json.loads(text, strict=False, parse_float=_number, parse_int=_number, parse_constant=_nothing)


def _is_modest(text: str) -> bool:
    """Whether it may be decoded: that takes a hundred times the room of what is written."""
    depth = values = 0
    for found in _MARKS.finditer(text):
        if (mark := found[0]) in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
        values += mark[0] != '"'
        if depth > DEEPEST or values > MOST_VALUES:
            return False
    return True


def _number(written: str) -> Decimal | None:
    return Decimal(written) if len(written) <= _DIGITS else None


def _nothing(_written: str) -> None:
    """For NaN and Infinity."""
