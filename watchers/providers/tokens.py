"""Calls with an application's own token: OAuth 2.0, client credentials.

https://datatracker.ietf.org/doc/html/rfc6749#section-4.4

A token is fetched by the first call that needs one, kept until a minute before its end, and fetched by one
thread while the others wait for it: they share what comes of it, be it a token or a failure. A 401 is
answered with one new token and one more call, never with a second. Every call counts, those for a token too.

Neither the secret nor a token stands in any error, log line or ``repr``.
"""

import re
import threading
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import msgspec

from watchers.clocks import stopwatch
from watchers.errors import ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import http, shapes
from watchers.quota import Budget

EARLY = 60.0  # seconds before its end, in which a token is not used any more
UNSAID = 300.0  # how long one lasts whose answer does not say it
LONGEST = 86_400.0
PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=1)

_UNAUTHORIZED, _TOO_MANY = 401, 429
_TOKEN = re.compile(r"[\x21-\x7e]{1,8192}")  # what may stand in a header
_CODES = frozenset({"invalid_client", "invalid_grant", "invalid_request", "invalid_scope"}) | {
    "unauthorized_client",
    "unsupported_grant_type",
}


class Client(msgspec.Struct, frozen=True):
    """Who asks for a token, where, and for what. It shows itself without its id and secret."""

    who: str
    address: str
    id: str
    secret: str
    scope: str

    def __repr__(self) -> str:
        return f"Client({self.who!r})"

    @property
    def question(self) -> bytes:
        """The body of the call."""
        return urlencode({"grant_type": "client_credentials", "scope": self.scope}).encode()

    @property
    def headers(self) -> dict[str, str]:
        """Id and secret, as the standard has them encoded."""
        pair = f"{quote(self.id, safe='')}:{quote(self.secret, safe='')}"
        return {
            "Authorization": f"Basic {b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }


class Tokens:
    """One application's token, and the calls that need it; safe to share between threads."""

    def __init__(self, connections: http.Connections, client: Client) -> None:
        self._connections, self._client = connections, client
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0
        self._ended = 0  # attempts to fetch one, and how the last ended
        self._failure: ProviderError | None = None

    def ask(
        self,
        method: str,
        address: str,
        budget: Budget,
        now: datetime,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
    ) -> http.Answer:
        """One call with a token; an answer of any status comes back.

        Raises:
            OutOfQuotaError: no call was left, for the token or after it.
            ProviderUnavailableError: no token or no answer now; later may work.
            ProviderRejectedError: the id or the secret is refused.
        """
        for may_renew in (True, False):
            token = self._current(budget, now)
            budget.take()
            answer = self._connections.ask(
                method,
                address,
                self._client.who,
                headers={**headers, "Authorization": f"Bearer {token}"},
                content=content,
            )
            if answer.status != _UNAUTHORIZED or not may_renew:
                break
            self._forget(token)
        return answer

    def _forget(self, token: str) -> None:
        """Unless somebody has renewed it by now."""
        with self._lock:
            if self._token == token:
                self._token = ""

    def _current(self, budget: Budget, now: datetime) -> str:
        seen = self._ended
        with self._lock:
            if self._token and stopwatch() < self._until:
                return self._token
            if self._ended > seen and self._failure:  # whoever we waited for got none: nor do we
                raise type(self._failure)(*self._failure.args)
            budget.take()
            try:
                self._token, self._until = self._fetched(budget, now)
            except ProviderError as exc:
                self._token, self._failure = "", exc
                raise
            else:
                self._failure = None
                return self._token
            finally:
                self._ended += 1

    def _fetched(self, budget: Budget, now: datetime) -> tuple[str, float]:
        """A token, and until when it is used."""
        client, asked_at = self._client, stopwatch()
        answer = self._connections.ask(
            "POST", client.address, client.who, headers=client.headers, content=client.question
        )
        if answer.status == _TOO_MANY:
            budget.block_until(http.retry_at(answer.headers, now, PAUSE, LONGEST_PAUSE))
        if error := http.error_by_status(answer.status, client.who):
            raise self._told(error, answer)
        said = shapes.mapping(answer.json(client.who))
        token = said.get("access_token")
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise ProviderUnavailableError(f"{client.who}: the answer holds no token")
        return token, asked_at + _used_for(said.get("expires_in"))

    def _told(self, error: ProviderError, answer: http.Answer) -> ProviderError:
        """The error, with what may be done about it; of the answer only a code that the standard knows."""
        if not isinstance(error, ProviderRejectedError):
            return error
        who = self._client.who
        code = _code(answer.error_json(who)) or f"status {answer.status}"
        keys = f"{who.upper()}_CLIENT_ID and {who.upper()}_CLIENT_SECRET"
        return ProviderRejectedError(f"{who}: no token ({code}); check {keys}")


def _code(body: object) -> str | None:
    code = shapes.mapping(body).get("error")
    return code if isinstance(code, str) and code in _CODES else None


def _used_for(seconds: object) -> float:
    """How long a token of so many seconds is used."""
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool) and seconds > 0
    lasts = min(float(seconds), LONGEST) if known else UNSAID  # type: ignore[arg-type]
    return lasts - min(EARLY, lasts / 2)
