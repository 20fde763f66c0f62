"""The rows of a file, as its text comes: ``{"events": [{...}, ...]}``, some 70,000 rows of 10 KB.

A row and a piece of text are in memory, never the whole. The file is read to its end or not at all: half of
it would say that the other half is gone. Each row is decoded where it begins; one that is not complete yet
waits for the next piece. (ijson takes five times as long, and dies of deep nesting and of long numbers.)
"""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from typing import Any

from watchers.errors import ProviderUnavailableError

Row = Mapping[str, Any]

MOST_OF_A_ROW = 1024 * 1024  # letters; an ordinary row has 10,000
_BEGINNING = re.compile(r'\s*(?:\{(?:[^{}\[\]]{0,1000},)?\s*"events"\s*:\s*)?\[')
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


def rows_of(text: Iterator[bytes], who: str) -> Iterator[Row]:
    """Every row of a file, or of a bare list.

    Raises:
        ProviderUnavailableError: it is not JSON, breaks off, holds no events, or a row that is too large.
    """
    letters, count, ended = "", 0, False
    begun = False
    for piece in _decoded(text, who):
        letters += "" if ended else piece
        if not begun and (beginning := _BEGINNING.match(letters)):
            begun, letters = True, letters[beginning.end() :]
        if begun and not ended:
            rows, letters, ended = _complete(letters, who)
            count += sum("eventId" in row for row in rows)
            yield from rows
        if len(letters) > MOST_OF_A_ROW:
            raise ProviderUnavailableError(f"{who}: the answer is no feed, or has a row that is too large")
    if not ended or not count:
        raise ProviderUnavailableError(f"{who}: the answer breaks off, or holds no events")


def _complete(letters: str, who: str) -> tuple[list[Row], str, bool]:
    """The rows that are complete, the letters after them, and whether the list ends there."""
    rows, at = list[Row](), 0
    while True:
        at = _end(_BETWEEN, letters, at)
        if letters.startswith("]", at):
            return rows, "", True
        try:
            row, at = _DECODER.raw_decode(letters, at)
        except ValueError:  # not complete, or never will be
            return rows, letters[at:], False
        except RecursionError:
            break
        if isinstance(row, dict):
            rows.append(row)
    raise ProviderUnavailableError(f"{who}: the answer is nested too deeply")


def _end(pattern: re.Pattern[str], letters: str, at: int) -> int:
    found = pattern.match(letters, at)
    return found.end() if found else at


def _decoded(text: Iterator[bytes], who: str) -> Iterator[str]:
    utf8 = getincrementaldecoder("utf-8")()
    for piece in text:
        try:
            letters = utf8.decode(piece)
        except UnicodeDecodeError:
            letters = None
        if letters is None:
            raise ProviderUnavailableError(f"{who}: the answer is not UTF-8")  # out here: no cause is kept
        yield letters
