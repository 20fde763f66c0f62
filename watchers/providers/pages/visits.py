"""One call to somebody's web server, and every way it can fail, as a word.

A call asks by GET, follows nothing, keeps no cookie and takes no longer than its deadline; whoever makes it
has paid for it. What the answer means is for others to say; of an error, only the first part is read.
"""

import re
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from watchers.providers import http
from watchers.providers.pages import bodies
from watchers.providers.pages.addresses import Address
from watchers.providers.pages.failures import NotSeenError

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 5_000_000
START_BYTES = 128 * 1024  # of an error, enough to tell who made it
TIMEOUT = {"connect": 5.0, "read": 10.0, "write": 10.0, "pool": 5.0}
REDIRECTS = frozenset({301, 302, 303, 307, 308})

_SAYS = {"Accept": "text/html, application/xhtml+xml;q=0.9", "Accept-Encoding": bodies.ACCEPTED}
_PRINTABLE = re.compile(r"[\x20-\x7e]{1,1000}")


class Answer(msgspec.Struct, frozen=True):
    """An answer of any status; ``body`` is whole only where the status is 200."""

    address: Address
    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def location(self) -> str | None:
        """Where a redirect leads, as said; ``None`` for any other answer."""
        return self.headers.get("location", "") if self.status in REDIRECTS else None

    def printable(self, name: str) -> str | None:
        """A header that may be sent back as it came."""
        value = self.headers.get(name, "")
        return value if _PRINTABLE.fullmatch(value) else None


class Visits:
    """Asks through ``client``, or through one of its own, made by the first call.

    Args:
        client: An ``httpx.Client`` to use instead.
        agent: Who we say we are.
        base_url: A server of the operator's that plays all hosts; every call goes there and nowhere else,
            with the host's name in ``Host``.
    """

    def __init__(self, client: "httpx.Client | None", agent: str, base_url: str | None = None) -> None:
        self._client, self._agent, self._base = client, agent, base_url

    def ask(
        self,
        address: Address,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        *,
        first: int | None = None,
    ) -> Answer:
        """Ask once, by ``deadline`` (of ``time.monotonic``); of a 200 the ``first`` bytes suffice, if given.

        Raises:
            NotSeenError: no connection, or no complete answer in time, or not one of ours to have.
        """
        import httpcore  # noqa: PLC0415 - whoever asks nothing does not pay for it
        import httpx  # noqa: PLC0415

        http.hush()
        try:
            request = self._request(
                address, {**_SAYS, "User-Agent": self._agent, **(headers or {})}, deadline
            )
            response = self._connection().send(request, stream=True, follow_redirects=False)
            try:
                body = b"".join(_body(response, deadline, first))
                return Answer(address, response.status_code, response.headers, body)
            finally:
                response.close()
        except (httpx.TimeoutException, httpcore.TimeoutException):
            failure = "timeout"
        except (httpx.RemoteProtocolError, httpcore.RemoteProtocolError):
            failure = "broken"
        except httpx.InvalidURL:  # not ours: httpx looks at where a redirect leads, though it does not follow
            failure = "redirects"
        except (httpx.HTTPError, httpcore.NetworkError, httpcore.ProtocolError):
            failure = "no_connection"
        except (httpcore.ProxyError, httpcore.UnsupportedProtocol):
            failure = "no_connection"
        raise NotSeenError(failure)  # out here, so that it keeps no cause

    def _request(self, address: Address, headers: dict[str, str], deadline: float) -> "httpx.Request":
        import httpx  # noqa: PLC0415

        where = str(address)
        if self._base:
            where = self._base + address.path
            headers |= {"Host": address.host, "X-Forwarded-Proto": address.scheme}
        return httpx.Request(
            "GET", where, headers=headers, extensions={"timeout": TIMEOUT, "deadline": deadline}
        )

    def _connection(self) -> "httpx.Client":
        if self._client is None:
            from watchers.providers.pages import guard  # noqa: PLC0415 - httpx, see above

            guarded = guard.Guarded(resolve=None) if self._base else guard.Guarded()
            self._client = guard.client(guarded)
        return self._client


def _body(response: "httpx.Response", deadline: float, first: int | None) -> Iterator[bytes]:
    """The whole of a 200 or its first bytes, nothing of a redirect, the start of anything else."""
    if response.status_code in REDIRECTS:
        return
    is_error = response.status_code != http.OK
    left = START_BYTES if is_error else first or MAX_BYTES
    encoding = response.headers.get("content-encoding", "")
    try:
        for part in bodies.unpacked(_in_time(response.iter_raw(), deadline), encoding, MAX_BYTES):
            yield part[:left]
            left -= len(part)
            if left <= 0 and (is_error or first):
                return
    except NotSeenError:
        if not is_error:
            raise


def _in_time(chunks: Iterator[bytes], deadline: float) -> Iterator[bytes]:
    for chunk in chunks:
        if time.monotonic() > deadline:
            raise NotSeenError("timeout")
        yield chunk
