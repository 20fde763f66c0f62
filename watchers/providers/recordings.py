"""Recorded answers, as people keep them: a body, a whole HTTP text, or a list of recorded calls (nock).

A list of calls is ``[{"status": 200, "headers": {...}, "response": {...}}, ...]``.
"""

import re

import msgspec

from watchers.errors import ProviderError, ProviderUnavailableError
from watchers.providers.http import OK, decoded
from watchers.providers.shapes import rows


class Recording(msgspec.Struct, frozen=True):
    """One body; ``status`` is ``None`` where only the body was kept."""

    status: int | None
    body: object


def recordings(body: bytes, who: str) -> list[Recording]:
    """Every answer in a file.

    Raises:
        ProviderError: there is no JSON in it. Trying again would not help: the file stays what it is.
    """
    if http := re.match(rb"HTTP/[0-9.]+ +([0-9]{3})\b.*?\r?\n\r?\n", body, re.DOTALL):
        return [_whole(int(http[1]), body[http.end() :], who)]
    value = _decoded(body, who)
    calls = rows(value)
    if isinstance(value, list) and calls and all("response" in call for call in calls):
        return [Recording(_status(call.get("status")), call["response"]) for call in calls]
    return [Recording(None, value)]


def _whole(status: int, body: bytes, who: str) -> Recording:
    """An error is told by its status, and often comes as a web page."""
    try:
        return Recording(status, _decoded(body, who))
    except ProviderError:
        if status == OK:
            raise
        return Recording(status, None)


def _decoded(body: bytes, who: str) -> object:
    try:
        return decoded(body, who)
    except ProviderUnavailableError as exc:
        raise ProviderError(str(exc)) from None


def _status(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
