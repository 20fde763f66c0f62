"""One call to SeatGeek: paid from the budget, with the client's id, its answer taken at its word.

The id and the secret are known only here, and stand in no error, log line or ``repr``.
https://platform.seatgeek.com/#authentication
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from watchers.errors import ProviderError, ProviderUnavailableError
from watchers.providers import http
from watchers.providers.seatgeek_v2.answers import NAME, BotWallError, SlowDownError, error_of
from watchers.quota import Budget

# Nobody documents a limit. Bursts are answered with 406 (https://github.com/seatgeek/api-support/issues/161),
# and who meets the bot wall is best not seen for a while.
PAUSES: Mapping[type[ProviderError], timedelta] = {
    SlowDownError: timedelta(minutes=10),
    BotWallError: timedelta(hours=1),
}
LONGEST_PAUSE = timedelta(hours=24)


class Calls:
    """Asks for one path at a time; safe to share between threads."""

    def __init__(
        self, connections: http.Connections, client_id: str, secret: str | None, base_url: str
    ) -> None:
        self._connections, self._root = connections, f"{base_url}/2"
        self._client = {"client_id": client_id} | ({"client_secret": secret} if secret else {})

    def ask(self, path: str, params: Mapping[str, str], budget: Budget, now: datetime) -> object:
        """The JSON of a 200.

        Raises:
            OutOfQuotaError: nothing was asked.
            ProviderUnavailableError, ProviderRejectedError: the error that the answer is.
        """
        budget.take()
        answer = self._connections.get(f"{self._root}/{path}", {**params, **self._client}, NAME)
        body, error = _read(answer)
        if error:
            if pause := PAUSES.get(type(error)):
                budget.block_until(http.retry_at(answer.headers, now, pause, LONGEST_PAUSE))
            raise error
        return body


def _read(answer: http.Answer) -> tuple[object, ProviderError | None]:
    if _is_page(answer):
        return None, BotWallError(f"{NAME}: a web page, status {answer.status}")
    body = _body(answer)
    return body, error_of(answer.status, body)


def _is_page(answer: http.Answer) -> bool:
    """Whether it says that it is for people; a redirect and an outage may say so as well."""
    walls = (http.OK, 403, 406, 429)
    return answer.status in walls and "html" in answer.headers.get("content-type", "").lower()


def _body(answer: http.Answer) -> object:
    if answer.status == http.OK:
        return answer.json(NAME)
    try:
        return http.decoded(answer.body, NAME)
    except ProviderUnavailableError:  # the status has to do
        return None
