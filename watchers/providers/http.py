"""Asking over HTTP: one call, and every way it can fail, said as a ``ProviderError``.

It never follows a redirect by itself, never tries again, never waits or reads without an end, and never lets
an address into an error or a log line: an address may carry a key, and httpx logs it and puts it on its
exceptions. So no exception of httpx is kept as a cause, and httpx's loggers lose every query string.

httpx is loaded, and a connection opened, by the first call: whoever asks nothing does not pay for it (0.1 s).
"""

import json
import logging
import re
import ssl
import time
import weakref
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import msgspec

from watchers.errors import ProviderError, ProviderRejectedError, ProviderUnavailableError

if TYPE_CHECKING:
    import httpx

USER_AGENT = "TicketScout/0.1 (price-watch alerts over public APIs)"
# Seconds, of one read and not of the whole answer.
TIMEOUT = {"connect": 5.0, "read": 20.0, "write": 20.0, "pool": 20.0}
WHOLE_ANSWER_SECONDS = 60.0
MAX_BYTES = 16 * 1024 * 1024  # 200 events of Ticketmaster are 2.3 MB
# Of a file that is read in pieces: a tick's lease must outlive it (``board.LEASE``).
WHOLE_FILE_SECONDS = 70.0
MAX_FILE_BYTES = 256 * 1024 * 1024  # packed; a country's feed is some 50 MB
KEPT_SECONDS = 300.0  # a connection nobody used: longer than from one tick to the next
OK = 200

_BAD_REQUEST, _LATER_CODES, _SERVER_ERROR = 400, frozenset({408, 425, 429}), 500
_ENCODINGS = "gzip, deflate"


class Answer(msgspec.Struct, frozen=True):
    """A complete answer of any status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, who: str) -> object:
        """The body of a 200.

        Raises:
            ProviderUnavailableError: it says that it is something else, or is not JSON.
        """
        kind = self.headers.get("content-type", "")
        if kind and "json" not in kind.lower():
            raise ProviderUnavailableError(f"{who}: the answer is not JSON by its content type")
        return decoded(self.body, who)

    def error_json(self, who: str) -> object:
        """The body of an error; ``None`` where it is no JSON: then the status has to do."""
        try:
            return decoded(self.body, who)
        except ProviderUnavailableError:
            return None


def decoded(body: bytes, who: str) -> object:
    """JSON as Python values.

    Raises:
        ProviderUnavailableError: it is not JSON.
    """
    try:
        value: object = msgspec.json.decode(body)
    except (ValueError, RecursionError):  # msgspec's own errors, and text that is not UTF-8
        return _decoded_patiently(body, who)
    return value


def _decoded_patiently(body: bytes, who: str) -> object:
    """What is JSON to most: halves of characters, very long numbers, NaN."""
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        raise ProviderUnavailableError(f"{who}: the answer is not JSON") from None
    return value


class Opened(msgspec.Struct, frozen=True):
    """An answer of any status whose body is still to come, in pieces as they lie on the wire.

    Nothing is unpacked, whatever ``content-encoding`` says. Reading raises ``ProviderUnavailableError`` where
    the connection breaks, the time is over, or ``MAX_FILE_BYTES`` are passed.
    """

    status: int
    headers: Mapping[str, str]
    pieces: Iterator[bytes]


class Connections:
    """One provider's connections: kept open, as many as were ever in use at once, and without cookies.

    Each is an ``httpx.Client`` with a single connection. In one client with many, every request looks at all
    of them under a lock, which at 64 costs more than the request itself.

    ``client``: an ``httpx.Client`` to use instead of any of these.
    """

    def __init__(self, client: "httpx.Client | None" = None) -> None:
        self._given, self._idle = client, deque["httpx.Client"]()
        weakref.finalize(self, _close, self._idle)  # a provider that is forgotten lets go of its connections

    @contextmanager
    def _connection(self) -> "Iterator[httpx.Client]":
        """The connection that was used last, which is the likeliest to stand still."""
        if self._given is not None:
            yield self._given
            return
        try:
            client = self._idle.pop()
        except IndexError:
            client = _client()
        try:
            yield client
        finally:
            self._idle.append(client)

    def get(
        self, address: str, params: Mapping[str, str], who: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask once by GET; see ``ask``."""
        return self.ask("GET", f"{address}?{urlencode(params)}" if params else address, who, headers=headers)

    def ask(
        self,
        method: str,
        address: str,
        who: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        """Ask once; an answer of any status comes back. ``headers`` come on top of those every call has.

        Raises:
            ProviderUnavailableError: no connection, no complete answer in time, or more than ``MAX_BYTES``.
        """
        import httpx  # noqa: PLC0415 - see the module's docstring

        hush()
        try:
            said = _headers()
            if headers:
                said = said.copy()
                said.update(headers)
            request = httpx.Request(
                method, address, headers=said, content=content, extensions={"timeout": TIMEOUT}
            )
            with self._connection() as client:
                response = client.send(request, stream=True, follow_redirects=False)
                try:
                    return Answer(response.status_code, response.headers, _whole(response, who))
                finally:
                    response.close()
        except httpx.TimeoutException:
            failure = "no answer in time"
        except (httpx.HTTPError, httpx.InvalidURL):
            failure = "no connection, or it broke"
        raise ProviderUnavailableError(f"{who}: {failure}")  # out here, so that it keeps no cause

    @contextmanager
    def opened(self, address: str, who: str, *, until: float) -> Iterator[Opened]:
        """Ask once by GET for what is too large to be held; ``until`` (of ``time.monotonic``) it may take.

        Raises:
            ProviderUnavailableError: no connection; see ``Opened`` for what comes later.
        """
        import httpx  # noqa: PLC0415

        hush()
        with self._connection() as client:
            response = _begun(client, address, who)
            try:
                assert isinstance(response.stream, httpx.SyncByteStream)  # noqa: S101 - of a sync client
                pieces = _pieces(iter(response.stream), who, until)
                yield Opened(response.status_code, response.headers, pieces)
            finally:
                response.close()


def _begun(client: "httpx.Client", address: str, who: str) -> "httpx.Response":
    import httpx  # noqa: PLC0415

    try:
        request = httpx.Request("GET", address, headers=_headers(), extensions={"timeout": TIMEOUT})
        return client.send(request, stream=True, follow_redirects=False)
    except httpx.TimeoutException:
        failure = "no answer in time"
    except (httpx.HTTPError, httpx.InvalidURL):
        failure = "no connection, or it broke"
    raise ProviderUnavailableError(f"{who}: {failure}")


def _pieces(stream: Iterator[bytes], who: str, until: float) -> Iterator[bytes]:
    import httpx  # noqa: PLC0415

    read = 0
    while True:
        failure = None
        try:
            piece = next(stream, None)
        except httpx.HTTPError:
            piece, failure = None, "the connection broke"
        if failure is None and time.monotonic() > until:
            failure = "no complete answer in time"
        if failure:
            raise ProviderUnavailableError(f"{who}: {failure}")  # out here, so that it keeps no cause
        if piece is None:
            return
        read += len(piece)
        if read > MAX_FILE_BYTES:
            raise ProviderUnavailableError(f"{who}: the answer is larger than {MAX_FILE_BYTES} bytes")
        yield piece


@cache
def _headers() -> "httpx.Headers":
    """The same for every call; made once."""
    import httpx  # noqa: PLC0415

    says = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": _ENCODINGS}
    return httpx.Headers(says)


def _client() -> "httpx.Client":
    """One connection, and no cookies (Steam's would choose a country)."""
    import httpx  # noqa: PLC0415

    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=KEPT_SECONDS)
    return httpx.Client(limits=limits, cookies=no_cookies, verify=trusting())


def _close(idle: "deque[httpx.Client]") -> None:
    while idle:
        idle.pop().close()


@cache
def trusting() -> ssl.SSLContext:
    """Whom to believe; read once (20 ms), and shared by all providers."""
    import httpx  # noqa: PLC0415

    return httpx.create_ssl_context()


def _whole(response: "httpx.Response", who: str) -> bytes:
    body, deadline = bytearray(), time.monotonic() + WHOLE_ANSWER_SECONDS
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > MAX_BYTES:
            raise ProviderUnavailableError(f"{who}: the answer is larger than {MAX_BYTES} bytes")
        if time.monotonic() > deadline:
            raise ProviderUnavailableError(f"{who}: no complete answer in time")
    return bytes(body)


def error_by_status(status: int, who: str) -> ProviderError | None:
    """What a status means for everyone: ``None`` for a 200, and whether trying again helps for the rest."""
    if status == OK:
        return None
    if _BAD_REQUEST <= status < _SERVER_ERROR and status not in _LATER_CODES:
        return ProviderRejectedError(f"{who}: refused with status {status}")
    return ProviderUnavailableError(f"{who}: status {status}")


def retry_at(headers: Mapping[str, str], now: datetime, default: timedelta, at_most: timedelta) -> datetime:
    """When ``Retry-After`` (seconds or a date) lets us ask again; ``default`` when it says nothing usable."""
    raw = headers.get("retry-after", "").strip()
    pause = timedelta(seconds=int(raw)) if re.fullmatch(r"[0-9]{1,9}", raw) else _until(raw, now)
    return now + (min(pause, at_most) if pause and pause > timedelta() else default)


def _until(raw: str, now: datetime) -> timedelta | None:
    try:
        at = parsedate_to_datetime(raw)
    except (ValueError, OverflowError):
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)) - now


class _WithoutQuery(logging.Filter):
    """Cuts every address in a record at its question mark."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = re.sub(r"\?[^\s'\")]+", "?…", record.getMessage()), ()
        return True


_WITHOUT_QUERY = _WithoutQuery()


@cache
def hush() -> None:
    """Let no query string into a log line of httpx's; once for the process."""
    for name in ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy"):
        logging.getLogger(name).addFilter(_WITHOUT_QUERY)
