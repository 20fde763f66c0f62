"""One call to Eventbrite: paid from the budget, with the token in its header, its answer taken at its word.

The token is known only here, and stands in no error, log line or ``repr``.
https://www.eventbrite.com/platform/api#/introduction/authentication
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from watchers.errors import ProviderUnavailableError
from watchers.providers import http, shapes
from watchers.providers.eventbrite_v3.answers import (
    NAME,
    ExpansionFailedError,
    HitRateLimitError,
    error_of,
)
from watchers.quota import Budget

# Nobody documents when a spent hour is free again, or a Retry-After.
PAUSE, LONGEST_PAUSE = timedelta(minutes=15), timedelta(hours=1)
EXPANDED = {"expand": "ticket_availability,venue"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Inner(NamedTuple):
    """One answer within a batch's answer."""

    status: int
    body: object
    was_text: bool


class Calls:
    """Asks one question at a time; safe to share between threads."""

    def __init__(self, connections: http.Connections, token: str, base_url: str) -> None:
        self._connections, self._root = connections, f"{base_url}/v3"
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, params: Mapping[str, str], budget: Budget, now: datetime) -> object:
        """The JSON of a 200.

        Raises:
            OutOfQuotaError: nothing was asked, or Eventbrite says that the hour's calls are spent.
            ProviderUnavailableError, ProviderRejectedError: the error that the answer is.
        """
        address = f"{self._root}/{path}"
        return self._ask("GET", f"{address}?{urlencode(params)}" if params else address, None, budget, now)

    def expanded(
        self, path: str, params: Mapping[str, str], budget: Budget, now: datetime
    ) -> tuple[object, bool]:
        """A body with tickets and venues, or (``False``) without where Eventbrite fails to add them.

        Raises:
            ProviderError: as ``get``.
        """
        try:
            return self.get(path, {**params, **EXPANDED}, budget, now), True
        except ExpansionFailedError:
            return self.get(path, params, budget, now), False

    def batch(self, paths: Sequence[str], budget: Budget, now: datetime) -> list[Inner]:
        """What GETs of these paths answer, asked in one call; each is to be judged by itself.

        Raises:
            ProviderError: as ``get``; ``ProviderUnavailableError`` also where the answer is no batch's.
        """
        asked = [{"method": "GET", "relative_url": path} for path in paths]
        form = urlencode({"batch": json.dumps(asked)}).encode()
        inner = answers(self._ask("POST", f"{self._root}/batch/", form, budget, now))
        if inner is None or len(inner) != len(paths):
            raise ProviderUnavailableError(f"{NAME}: the answer is not that of a batch")
        return inner

    def _ask(self, method: str, address: str, content: bytes | None, budget: Budget, now: datetime) -> object:
        budget.take()
        headers = self._headers if content is None else {**self._headers, **_FORM}
        answer = self._connections.ask(method, address, NAME, headers=headers, content=content)
        body = answer.json(NAME) if answer.status == http.OK else _body_of_error(answer.body)
        if error := error_of(answer.status, body):
            if isinstance(error, HitRateLimitError):
                budget.block_until(http.retry_at(answer.headers, now, PAUSE, LONGEST_PAUSE))
            raise error
        return body


def answers(body: object) -> list[Inner] | None:
    """A batch's answer: ``[{"code", "headers", "body"}]``; ``body`` may be JSON or a text that holds it."""
    rows = shapes.rows(body)
    if not isinstance(body, list) or not rows or len(rows) != len(body):
        return None
    inner = [_inner(row.get("code"), row.get("body")) for row in rows]
    known = [one for one in inner if one]
    return known if len(known) == len(inner) else None


def _inner(code: object, body: object) -> Inner | None:
    if not isinstance(code, int) or isinstance(code, bool):
        return None
    if isinstance(body, str):
        return Inner(code, _body_of_error(body.encode(errors="replace")), was_text=True)
    return Inner(code, body, was_text=False)


def _body_of_error(body: bytes) -> object:
    """A gateway's HTML says nothing; the status has to do."""
    try:
        return http.decoded(body, NAME)
    except ProviderUnavailableError:
        return None
