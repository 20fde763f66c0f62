"""One call to Inventory Status: paid from the budget, with the key, and a refusal taken as final for a day.

The key is known only here, and stands in no error, log line or ``repr``. It stands in the address, and so do
the ids: whether an address for 1,000 of them is ever too long, nobody says.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode

from watchers.errors import ProviderRejectedError, ProviderUnavailableError
from watchers.providers import http
from watchers.quota import Budget

REFUSED_PAUSE = timedelta(days=1)
PAUSE, LONGEST_PAUSE = timedelta(minutes=15), timedelta(days=1)

_REGIONS = {"GB": "UK", "IE": "UK"}  # as the documents want it; no other country has one
_REFUSED, _TOO_LONG, _TOO_MANY = frozenset({401, 403}), frozenset({413, 414}), 429


class TooLongError(ProviderUnavailableError):
    """The list of ids is too long; with fewer it may work."""


class Calls:
    """Asks about events of one country; safe to share between threads."""

    def __init__(self, connections: http.Connections, key: str, base_url: str, who: str) -> None:
        self._connections, self._key, self._who = connections, key, who
        self._address = f"{base_url}/inventory-status/v1/availability"

    def ask(self, ids: Sequence[str], country: str, budget: Budget, now: datetime) -> object:
        """The JSON of a 200.

        Raises:
            OutOfQuotaError: nothing was asked.
            TooLongError, ProviderUnavailableError, ProviderRejectedError: the error that the answer is.
        """
        region = {"region": _REGIONS[country]} if country in _REGIONS else {}
        query = urlencode({"events": ",".join(ids), **region, "apikey": self._key}, safe=",")
        budget.take()
        answer = self._connections.ask("GET", f"{self._address}?{query}", self._who)
        said = f"{self._who}: status {answer.status}"
        if answer.status in _REFUSED:
            budget.block_until(now + REFUSED_PAUSE)
            raise ProviderRejectedError(f"{said}: this key has no access")
        if answer.status in _TOO_LONG:
            raise TooLongError(f"{said}: too many events in one call")
        if answer.status == _TOO_MANY:
            budget.block_until(http.retry_at(answer.headers, now, PAUSE, LONGEST_PAUSE))
        if error := http.error_by_status(answer.status, self._who):
            raise error
        return answer.json(self._who)
