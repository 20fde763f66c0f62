"""HTTP to addresses that people give us: what a service behind Apprise does over the network, watched.

Apprise's services call ``requests`` and say only yes or no. Here they call a ``Conversation`` instead, which
keeps what they do not: whether anything was sent, and what the answer was. It speaks to public addresses
only, decided on the address that is really connected to; it follows no redirect, repeats nothing after a
failure, and ends in time, also with a server that answers a byte a second. Nothing it raises or keeps
quotes an address.
"""

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from io import BytesIO
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)

_STEPS = 3  # the whole conversation takes no longer than so many steps would
_LONGEST_ANSWER = 1 << 16  # bytes; what a service says is some words of JSON
_LONGEST_WAIT = 3600.0  # seconds that a stranger's Retry-After may ask for
_GONE = frozenset({401, 404, 410})  # the token or the hook is no longer one
_MOVED = frozenset({301, 307, 308})  # RFC 9110, 15.4: not done here, and to be asked elsewhere
_VERBS = ("get", "post", "put", "patch", "delete", "head", "options")

_current: ContextVar["Conversation"] = ContextVar("conversation")


class Conversation:
    """Everything one message says to one service. ``timeout`` is in seconds, of each step."""

    def __init__(self, *, timeout: float, allow_private: bool) -> None:
        self.calls = 0
        self.failure: NotifierError | None = None
        self._timeout, self._allow_private = timeout, allow_private
        self._ends_at = time.monotonic() + _STEPS * timeout
        self._connected = self._hung_up = False
        self._connection: HTTPConnection | None = None

    def hold(self, module: ModuleType, talk: Callable[[], object]) -> bool:
        """Let ``talk`` speak, whose module calls ``requests``; whether it says it was understood."""
        _lead_through_here(module)
        token = _current.set(self)
        ending = threading.Timer(self._ends_at - time.monotonic(), self._hang_up)
        ending.daemon = True
        ending.start()
        try:
            return bool(talk())
        except Exception:  # noqa: BLE001 - a service may raise anything, and quote the address in it
            return False
        finally:
            ending.cancel()
            _current.reset(token)

    def request(self, method: str, url: str, **asked: Any) -> requests.Response:
        """One exchange, as ``requests.request``; after a failed one there is no other."""
        if self.failure:
            raise requests.ConnectionError
        self.calls += 1
        self._connected = False
        how = {"timeout": self._left(), "allow_redirects": False, "verify": True, "stream": True}
        try:
            with self._session() as session:
                response = session.request(method, url, **asked | how)
                response.raw = BytesIO(_read(response))
            if self._hung_up:  # what was read by then may be half a line
                raise requests.ConnectionError
        except (requests.RequestException, HTTPError, ValueError):
            self._fail(DeliveryUnknownError if self._connected else NotifierUnavailableError)
            raise requests.ConnectionError from None
        if not 200 <= response.status_code < 300:  # noqa: PLR2004
            self.failure = self._definitely(_refusal(response))
        return response

    def connect(self, host: str, port: int, connection: HTTPConnection) -> socket.socket:
        """A socket to the first address of the host that answers; none if one of them is not public."""
        self._connection = connection
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = [str(address[0]) for *_, address in found]
        if not self._allow_private and not all(map(_is_public, addresses)):
            self.failure = self._definitely(
                NotifierRejectedError("push_private_host", fault=Fault.BAD_CONTACT)
            )
            raise OSError
        for address in addresses[:-1]:
            with suppress(OSError):
                return socket.create_connection((address, port), self._left())
        return socket.create_connection((addresses[-1], port), self._left())

    def connected(self) -> None:
        """From here on something may have been said."""
        self._connected = True

    def _fail(self, kind: type[DeliveryUnknownError | NotifierUnavailableError]) -> None:
        code = "unreachable" if kind is NotifierUnavailableError else "push_unconfirmed"
        self.failure = self.failure or self._definitely(kind(code))

    def _definitely(self, failure: NotifierError) -> NotifierError:
        """A refusal is one of the whole message only if nothing was said before."""
        return failure if self.calls == 1 else DeliveryUnknownError("push_unconfirmed")

    def _left(self) -> float:
        return max(0.001, min(self._timeout, self._ends_at - time.monotonic()))

    def _hang_up(self) -> None:
        self._hung_up = True
        with suppress(OSError, AttributeError):  # there is no connection yet, or no longer
            self._connection.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    @contextmanager
    def _session(self) -> Iterator[requests.Session]:
        with requests.Session() as session:
            session.trust_env = False  # no proxy, and no password out of a .netrc
            session.headers["Accept-Encoding"] = "identity"
            for scheme in ("http://", "https://"):
                session.mount(scheme, _Adapter(self))
            yield session


class _Adapter(HTTPAdapter):
    """Opens its connections through a conversation."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        plain = type("_Plain", (_Watched, HTTPConnection), {"conversation": self._conversation})
        secure = type("_Secure", (_Watched, HTTPSConnection), {"conversation": self._conversation})
        self.poolmanager.pool_classes_by_scheme = {
            "http": type("_PlainPool", (HTTPConnectionPool,), {"ConnectionCls": plain}),
            "https": type("_SecurePool", (HTTPSConnectionPool,), {"ConnectionCls": secure}),
        }


class _Watched(HTTPConnection):
    conversation: ClassVar[Conversation]

    def _new_conn(self) -> socket.socket:
        return self.conversation.connect(self.host, self.port or self.default_port, self)

    def connect(self) -> None:
        super().connect()
        self.conversation.connected()


def _lead_through_here(module: ModuleType) -> None:
    """What this module calls ``requests`` is from now on the conversation that is held."""
    if isinstance(vars(module).get("requests"), SimpleNamespace):
        return
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # DEBUG has paths, and tokens in them
    verbs = {verb: partial(_request, verb.upper()) for verb in _VERBS}
    vars(module)["requests"] = SimpleNamespace(**vars(requests) | verbs | {"request": _request})


def _request(method: str, url: str, *data: Any, **asked: Any) -> requests.Response:
    return _current.get().request(method, url, **({"data": data[0]} if data else {}), **asked)


def _read(response: requests.Response) -> bytes:
    """The beginning of the body; what broke off says nothing, and the status was said before."""
    with suppress(HTTPError, OSError):
        return bytes(response.raw.read(_LONGEST_ANSWER))
    return b""


def _refusal(response: requests.Response) -> NotifierError:
    """What an answer that is no success means, if it is the only one (RFC 9110, 15)."""
    status = response.status_code
    if status == 429:  # noqa: PLR2004
        seconds = response.headers.get("Retry-After", "")
        wait = min(float(seconds), _LONGEST_WAIT) if seconds.isdecimal() else None
        return NotifierUnavailableError("429", retry_after=wait)
    if status in _MOVED or (400 <= status < 500 and status not in (408, 425)):  # noqa: PLR2004
        return NotifierRejectedError(str(status), fault=Fault.BAD_CONTACT if status in _GONE else None)
    return DeliveryUnknownError("push_unconfirmed")


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_global and not found.is_multicast
