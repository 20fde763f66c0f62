"""One call to Discovery v2: paid from the budget, with the key, and its answer taken at its word.

Ticketmaster counts too. Its headers correct our count, and its two 429s differ: the day's quota is spent
until its reset, while a spike is over in a moment. The key is known only here, and stands in no error, log
line or ``repr``.
https://developer.ticketmaster.com/products-and-docs/apis/getting-started/#rate-limit
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from watchers.errors import OutOfQuotaError, ProviderError, ProviderUnavailableError
from watchers.providers import http
from watchers.providers.discovery.answers import NAME, SlowDownError, error_of
from watchers.quota import SAME_WINDOW, Budget

DAY = timedelta(days=1)  # a window: from its first call, not from midnight
SPIKE_PAUSE = timedelta(seconds=30)  # no Retry-After has ever been seen
LONGEST_PAUSE = timedelta(hours=1)


class Calls:
    """Asks for one path at a time; safe to share between threads."""

    def __init__(self, connections: http.Connections, key: str, base_url: str) -> None:
        self._connections, self._key, self._root = connections, key, f"{base_url}/discovery/v2"

    def ask(self, path: str, params: Mapping[str, str], budget: Budget, now: datetime) -> object:
        """The JSON of a 200.

        Raises:
            OutOfQuotaError: nothing was asked, or Ticketmaster says that the day's quota is spent.
            ProviderUnavailableError, ProviderRejectedError: the error that the answer is.
        """
        return self.answered(path, params, budget, now)[0]

    def answered(
        self, path: str, params: Mapping[str, str], budget: Budget, now: datetime
    ) -> tuple[object, http.Answer]:
        """The same, and the answer with its headers."""
        budget.take()
        answer = self._connections.get(f"{self._root}/{path}", {**params, "apikey": self._key}, NAME)
        good = answer.status == http.OK
        if good:
            _heed_count(answer, budget, now)
        body = answer.json(NAME) if good else _body_of_error(answer)
        if error := error_of(answer.status, body):
            _heed_error(error, answer, budget, now)
            raise error
        return body, answer


def _body_of_error(answer: http.Answer) -> object:
    try:
        return http.decoded(answer.body, NAME)
    except ProviderUnavailableError:  # a gateway's HTML: the status has to do
        return None


def _heed_count(answer: http.Answer, budget: Budget, now: datetime) -> None:
    limit, left = (header_count(answer, name) for name in ("rate-limit", "rate-limit-available"))
    resets_at = _reset(answer, now)
    if limit and left is not None and left <= limit and resets_at:
        budget.correct(limit - left, resets_at)


def _heed_error(error: ProviderError, answer: http.Answer, budget: Budget, now: datetime) -> None:
    if isinstance(error, OutOfQuotaError):
        budget.block_until(_reset(answer, now) or _guessed_reset(budget, now))
    elif isinstance(error, SlowDownError):
        budget.block_until(http.retry_at(answer.headers, now, SPIKE_PAUSE, LONGEST_PAUSE))


def header_count(answer: http.Answer, header: str) -> int | None:
    """The whole number that a header is, if it is one."""
    raw = answer.headers.get(header, "")
    return int(raw) if re.fullmatch(r"[0-9]{1,9}", raw) else None


def _reset(answer: http.Answer, now: datetime) -> datetime | None:
    """``Rate-Limit-Reset``: milliseconds since 1970; absent unless within the coming day."""
    raw = answer.headers.get("rate-limit-reset", "")
    if not re.fullmatch(r"[0-9]{12,14}", raw):
        return None
    at = datetime.fromtimestamp(int(raw) / 1000, UTC)
    return min(at, now + DAY) if now < at <= now + DAY + SAME_WINDOW else None


def _guessed_reset(budget: Budget, now: datetime) -> datetime:
    """Without a header: when the window we know of ends, but ask once an hour; a wrong guess costs a call."""
    began_at = budget.ledger.began_at
    window_ends = began_at + DAY if began_at and began_at + DAY > now else now + DAY
    return min(window_ends, now + LONGEST_PAUSE)
