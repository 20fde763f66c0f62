"""Recorded answers, as people keep them: a body, a whole HTTP text, or a list of recorded calls (nock).

A list of calls is ``[{"status": 200, "headers": {...}, "response": {...}}, ...]``.
"""

import re
from dataclasses import dataclass

from watchers.providers.http import decoded
from watchers.providers.shapes import rows


@dataclass(frozen=True, slots=True)
class Recording:
    """One body; ``status`` is ``None`` where only the body was kept."""

    status: int | None
    body: object


def recordings(body: bytes, who: str) -> list[Recording]:
    """Every answer in a file.

    Raises:
        ProviderUnavailableError: there is no JSON in it.
    """
    if http := re.match(rb"HTTP/[0-9.]+ +([0-9]{3})\b.*?\r?\n\r?\n", body, re.DOTALL):
        return [Recording(int(http[1]), decoded(body[http.end() :], who))]
    value = decoded(body, who)
    calls = rows(value)
    if isinstance(value, list) and calls and all("response" in call for call in calls):
        return [Recording(_status(call.get("status")), call["response"]) for call in calls]
    return [Recording(None, value)]


def _status(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
