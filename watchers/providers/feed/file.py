"""The file of a country: asked for, found on another host, unpacked and read row by row as it comes.

The question is answered by ``303`` with the file's address. That one redirect is followed, nothing else is,
and the key, which only the question carries, does not go along. The file is part of the answer: one for each
question that was paid for, from storage that has no quota.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from urllib.parse import unquote, urlencode

from watchers.errors import ProviderUnavailableError
from watchers.providers import http, shapes
from watchers.providers.feed.rows import Row, rows_of
from watchers.providers.feed.unpacked import unpacked
from watchers.quota import Budget

_SEE_OTHER, _TOO_MANY = 303, 429
_PAUSE, _LONGEST_PAUSE = timedelta(hours=1), timedelta(hours=24)


class Files:
    """Asks for files; safe to share between threads. The key stands in no error, log line or ``repr``."""

    def __init__(self, connections: http.Connections, key: str, base_url: str, who: str) -> None:
        self._connections, self._key, self._who = connections, key, who
        self._address = f"{base_url}/discovery-feed/v2/events.json"

    @contextmanager
    def rows(self, country: str, budget: Budget, now: datetime) -> Iterator[Iterator[Row]]:
        """The rows of a country's file, while the block lasts: one call, whose answer lies elsewhere.

        Raises:
            OutOfQuotaError: nothing was asked.
            ProviderUnavailableError, ProviderRejectedError: the error that the answer is; or later, as the
                rows are read: it broke off, took too long, or is no feed.
        """
        until = time.monotonic() + http.WHOLE_FILE_SECONDS
        address = f"{self._address}?{urlencode({'countryCode': country, 'apikey': self._key})}"
        budget.take()
        with self._connections.opened(address, self._who, until=until) as answer:
            self._heed(answer, budget, now)
            if answer.status != _SEE_OTHER:
                yield rows_of(self._json(answer), self._who)
                return
            elsewhere = self._elsewhere(answer)
        with self._connections.opened(elsewhere, self._who, until=until) as answer:
            if answer.status != http.OK:  # the next question is answered with a new address
                raise ProviderUnavailableError(
                    f"{self._who}: status {answer.status} where the file should be"
                )
            yield rows_of(self._json(answer), self._who)

    def _heed(self, answer: http.Opened, budget: Budget, now: datetime) -> None:
        if answer.status == _TOO_MANY:
            budget.block_until(http.retry_at(answer.headers, now, _PAUSE, _LONGEST_PAUSE))
        if answer.status != _SEE_OTHER and (error := http.error_by_status(answer.status, self._who)):
            raise error

    def _elsewhere(self, answer: http.Opened) -> str:
        """Where the file is: a web address without the key, and no less safe than the question's own."""
        address = shapes.url(answer.headers.get("location"))
        secure = address and address.startswith("https://" if self._address.startswith("https:") else "http")
        if not address or not secure or self._key in unquote(address):
            raise ProviderUnavailableError(f"{self._who}: the answer names no file that may be asked for")
        return address

    def _json(self, answer: http.Opened) -> Iterator[bytes]:
        """The file's text. Of storage the content type says little, but a web page is none."""
        if "html" in answer.headers.get("content-type", "").lower():
            raise ProviderUnavailableError(f"{self._who}: the answer is a web page by its content type")
        return unpacked(answer.pieces, self._who)
