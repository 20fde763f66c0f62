"""One call to the Products API: paid from the budget, with the key, and its answer taken at its word.

The question stands in the path: ``/v1/products(sku in(1,2)&active=*)?apiKey=…``. The key is known only here,
and stands in no error, log line or ``repr``.
"""

from datetime import datetime, timedelta
from urllib.parse import quote

from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import http
from watchers.providers.products.answers import NAME, SpikeError, UnclearError, error_of
from watchers.providers.products.product import FIELDS
from watchers.quota import Budget

PAGE = 100  # the most: https://bestbuyapis.github.io/api-documentation/#pagination
# Nobody says when a day begins, so a spent quota is asked after once an hour.
PAUSES: dict[type[ProviderError], timedelta] = {
    SpikeError: timedelta(seconds=10),
    UnclearError: timedelta(minutes=15),
    OutOfQuotaError: timedelta(hours=1),
}
LONGEST_PAUSE = timedelta(hours=24)

_NOBODYS_KEY = "ticket-scout-asks-how-a-wrong-key-is-answered"


class Calls:
    """Asks for one page of products at a time; safe to share between threads."""

    def __init__(self, connections: http.Connections, key: str, base_url: str) -> None:
        self._connections, self._key, self._root = connections, key, f"{base_url}/v1"

    def ask(self, question: str, budget: Budget, now: datetime, page: int = 1) -> object:
        """The JSON of a 200: products by their number, the highest first, so that pages are steady.

        Raises:
            OutOfQuotaError: nothing was asked, or Best Buy says that the quota is spent.
            ProviderUnavailableError, ProviderRejectedError: the error that the answer is.
        """
        answer = self._answer(question, self._key, budget, page)
        body = answer.json(NAME) if answer.status == http.OK else answer.error_json(NAME)
        if error := error_of(answer.status, body, answer.headers):
            _heed(error, answer, budget, now)
            raise error
        return body

    def with_a_wrong_key(self, budget: Budget, _now: datetime) -> str:
        """How a key that nobody has is answered; see ``Probe``."""
        answer = self._answer("sku in(1000000)", _NOBODYS_KEY, budget)
        if answer.status not in _REFUSED:
            raise ProviderUnavailableError(f"{NAME}: status {answer.status} says nothing of keys")
        error = error_of(answer.status, answer.error_json(NAME), answer.headers)
        taken = "a wrong key" if isinstance(error, ProviderRejectedError) else "anything but a wrong key"
        return f"A wrong key is answered with status {answer.status}, and taken for {taken}."

    def _answer(self, question: str, key: str, budget: Budget, page: int = 1) -> http.Answer:
        budget.take()
        address = f"{self._root}/products({quote(question, safe='=&(),*')})"
        shown = {"format": "json", "show": FIELDS, "pageSize": str(PAGE), "page": str(page)}
        return self._connections.get(address, {**shown, "sort": "sku.desc", "apiKey": key}, NAME)


_REFUSED = (401, 403)


def _heed(error: ProviderError, answer: http.Answer, budget: Budget, now: datetime) -> None:
    if pause := PAUSES.get(type(error)):
        budget.block_until(http.retry_at(answer.headers, now, pause, LONGEST_PAUSE))
