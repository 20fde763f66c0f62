"""Connecting to public addresses only, and within a time: what stands between a stranger's address and us.

A name is resolved once, for the connection itself. If any of its addresses is not public, none is connected
to; else the connection goes to an address that was checked, while ``Host``, SNI and the certificate's check
keep the name. There is no second resolution that could be told something else, and every connection serves
one request: nothing is left open for another host to find.

``request.extensions["deadline"]`` (of ``time.monotonic``) ends everything: connecting, TLS, headers and body,
however small the drops are in which they come. How long a name may take to resolve is this machine's to say.

Behind a proxy (``HTTPS_PROXY``, ``HTTP_PROXY``, ``NO_PROXY``) the proxy resolves the name a second time. The
name's addresses are still checked here first, and what does not resolve here is not asked; that a name then
leads the proxy to the same place is for the proxy to enforce.
"""

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx

from watchers.providers import http
from watchers.providers.pages.failures import NotSeenError
from watchers.providers.pages.public import is_public

Resolve = Callable[[str, int], list[str]]
MOST_TRIED = 4  # addresses of one name

_HTTP = "http://"


def looked_up(host: str, port: int) -> list[str]:
    """The name's addresses, in the order in which this machine would try them.

    Raises:
        NotSeenError: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotSeenError("no_address") from None
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def public_addresses(host: str, port: int, resolve: Resolve) -> list[str]:
    """The name's addresses, all of them public.

    Raises:
        NotSeenError: it has none (``no_address``), or one that is not (``not_public``).
    """
    found = resolve(host, port)
    if not found:
        raise NotSeenError("no_address")
    if not all(is_public(address) for address in found):
        raise NotSeenError("not_public")
    return found[:MOST_TRIED]


class Guarded(httpx.BaseTransport):
    """One connection for each request, to addresses that were checked.

    Args:
        resolve: A name's addresses; ``None``: connect to whatever is named, unchecked and without proxy. That
            is for a server that the operator chose, and for nobody else's address.
        network: What connects; to IP addresses only, where ``resolve`` is given.
        trusting: Whose certificates are believed.
    """

    def __init__(
        self,
        resolve: Resolve | None = looked_up,
        network: httpcore.NetworkBackend | None = None,
        trusting: ssl.SSLContext | None = None,
    ) -> None:
        self._resolve, self._network = resolve, network or httpcore.SyncBackend()
        self._trusting = trusting or http.trusting()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See ``httpx.BaseTransport``; raises httpcore's exceptions, or ``NotSeenError``."""
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        pool = self._pool(request)
        try:
            answer = pool.handle_request(
                httpcore.Request(
                    request.method, url, headers=request.headers.raw, extensions=request.extensions
                )
            )
        except BaseException:
            pool.close()
            raise
        return httpx.Response(answer.status, headers=answer.headers, stream=_Body(answer, pool))

    def _pool(self, request: httpx.Request) -> httpcore.ConnectionPool:
        """For this request alone."""
        deadline = request.extensions["deadline"]
        if self._resolve is None:
            return httpcore.ConnectionPool(self._trusting, network_backend=_Timed(self._network, deadline))
        if proxy := _proxy(request.url):
            port = 443 if request.url.scheme == "https" else 80
            public_addresses(request.url.host, port, self._resolve)
            return _through(proxy, self._trusting, _Timed(self._network, deadline))
        checked = _Checked(self._resolve, self._network)
        return httpcore.ConnectionPool(self._trusting, network_backend=_Timed(checked, deadline))


def client(transport: httpx.BaseTransport) -> httpx.Client:
    """Asks through ``transport``, follows nothing by itself and keeps no cookies."""
    no_cookies = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))
    return httpx.Client(transport=transport, cookies=no_cookies, follow_redirects=False)


def _proxy(url: httpx.URL) -> httpx.Proxy | None:
    """The environment's, for this address."""
    proxies = getproxies()
    named = proxies.get(url.scheme) or proxies.get("all")
    if not named or proxy_bypass(url.host):
        return None
    return httpx.Proxy(named if "://" in named else _HTTP + named)


def _through(proxy: httpx.Proxy, trusting: ssl.SSLContext, network: "_Timed") -> httpcore.HTTPProxy:
    where = proxy.url
    return httpcore.HTTPProxy(
        httpcore.URL(scheme=where.raw_scheme, host=where.raw_host, port=where.port, target=where.raw_path),
        proxy_auth=proxy.raw_auth,
        ssl_context=trusting,
        network_backend=network,
    )


class _Body(httpx.SyncByteStream):
    """An answer's bytes; closing it closes the connection."""

    def __init__(self, answer: httpcore.Response, pool: httpcore.ConnectionPool) -> None:
        self._answer, self._pool = answer, pool

    def __iter__(self) -> Iterator[bytes]:
        yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()
        self._pool.close()


class _Checked(httpcore.NetworkBackend):
    """Resolves a name, checks what it finds, and connects to exactly that."""

    def __init__(self, resolve: Resolve, network: httpcore.NetworkBackend) -> None:
        self._resolve, self._network = resolve, network

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError()
        for address in public_addresses(host, port, self._resolve):
            try:
                return self._network.connect_tcp(address, port, timeout, *args, **more)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure


class _Timed(httpcore.NetworkBackend):
    """Lets everything end at ``deadline``."""

    def __init__(self, network: httpcore.NetworkBackend, deadline: float) -> None:
        self._network, self._deadline = network, deadline

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *args: Any, **more: Any
    ) -> httpcore.NetworkStream:
        within = _left(self._deadline, timeout)
        return _TimedStream(self._network.connect_tcp(host, port, within, *args, **more), self._deadline)


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline, timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline, timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        within = _left(self._deadline, timeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, within), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float, timeout: float | None) -> float:
    """Seconds that one step may take."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left if timeout is None else min(left, timeout)
