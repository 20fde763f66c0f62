"""A made-up internet on 127.0.0.1: names, addresses and servers that answer whatever bytes a test likes.

A test says what names resolve to and what is sent for an address; the client believes that it connects to the
made-up addresses. ``connected`` is every address that anything was connected to: none may ever be private.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import httpcore
import httpx

from watchers.providers.pages import guard
from watchers.providers.pages.failures import NotSeenError

Script = bytes | Callable[["Line"], None]
PUBLIC = "93.184.216.34"
HTML = "text/html; charset=utf-8"


def http(body: bytes = b"", status: int = 200, kind: str | None = HTML, **headers: str) -> bytes:
    """A well-formed answer; ``content_encoding="gzip"`` and the like become headers."""
    said = {"Content-Length": str(len(body)), "Connection": "close"} | (
        {"Content-Type": kind} if kind else {}
    )
    said |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in said.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def onto(location: str, status: int = 302) -> bytes:
    """A redirect."""
    return http(b"", status, location=location)


class Line:
    """One connection, as a script sees it."""

    def __init__(self, connection: socket.socket, stopping: threading.Event) -> None:
        self._connection, self.stopping = connection, stopping

    def send(self, data: bytes) -> None:
        """All of it; fails when the other side has gone."""
        self._connection.sendall(data)

    def drip(self, parts: Iterable[bytes], seconds: float) -> None:
        """One part after the other, for as long as anybody listens."""
        for part in parts:
            if self.stopping.wait(seconds):
                return
            self.send(part)

    def hang(self) -> None:
        """Say nothing, until the other side goes or the test ends."""
        self._connection.settimeout(0.05)
        while not self.stopping.is_set():
            try:
                if not self._connection.recv(1024):
                    return
            except TimeoutError:
                continue

    def reset(self) -> None:
        """Break off as rudely as TCP can."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self._connection.close()


class HostileWeb:
    """``with HostileWeb(tls) as web``: one server that plays all hosts."""

    def __init__(self, certificate: tuple[str, str] | None = None) -> None:
        self.names: dict[str, list[str] | Callable[[], list[str]]] = {}
        self.asked: list[str] = []
        self.headers: list[Mapping[str, str]] = []
        self.connected: list[str] = []
        self.resolved: list[str] = []
        self.unreachable: set[str] = set()
        self._scripts: dict[str, list[Script]] = {}
        self._stopping, self._threads = threading.Event(), list[threading.Thread]()
        self._tls: ssl.SSLContext | None = None
        self._trusting: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            self._tls.load_cert_chain(*certificate)
            self._trusting = ssl.create_default_context(cafile=certificate[0])

    def __enter__(self) -> Self:
        self._listening = {
            80: socket.create_server(("127.0.0.1", 0)),
            443: socket.create_server(("127.0.0.1", 0)),
        }
        for port, server in self._listening.items():
            self._start(self._serve, port, server)
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for server in self._listening.values():
            with contextlib.suppress(OSError), socket.create_connection(server.getsockname(), 1):
                pass
        for thread in self._threads:
            thread.join(5)
        for server in self._listening.values():
            server.close()

    def says(self, where: str, *scripts: Script) -> None:
        """What is sent for ``host/path``, one script a request; the last goes on for ever."""
        self._scripts[where] = list(scripts)

    def client(self) -> httpx.Client:
        """Asks this internet, through the real guard."""
        return guard.client(guard.Guarded(self._resolve, _Network(self), self._trusting))

    def _resolve(self, host: str, _port: int) -> list[str]:
        self.resolved.append(host)
        found = self.names.get(host, [PUBLIC] if host.endswith(".example.com") else None)
        if found is None:
            raise NotSeenError("no_address")
        return found() if callable(found) else found

    def reach(self, address: str, port: int) -> tuple[str, int]:
        """Where the made-up address lies on this machine."""
        self.connected.append(address)
        if address in self.unreachable:
            raise httpcore.ConnectError
        return self.where(port)

    def where(self, port: int) -> tuple[str, int]:
        """Where what plays this port really listens."""
        host, there = self._listening[port].getsockname()
        return host, there

    def _start(self, play: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=play, args=args)
        self._threads.append(thread)
        thread.start()

    def _serve(self, port: int, server: socket.socket) -> None:
        while not self._stopping.is_set():
            connection, _ = server.accept()
            self._start(self._play, port, connection)

    def _play(self, port: int, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(5)
            if port == 443:
                if self._tls is None:
                    return
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                script = self._script(connection)
                if isinstance(script, bytes):
                    connection.sendall(script)
                elif script:
                    script(Line(connection, self._stopping))

    def _script(self, connection: socket.socket) -> Script | None:
        head = b""
        while b"\r\n\r\n" not in head:
            if not (part := connection.recv(65536)):
                return None
            head += part
        first, *lines = head.decode("latin-1").split("\r\n\r\n")[0].split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        path = first.split(" ")[1]
        where = headers.get("host", "") + path
        self.asked.append(where)
        self.headers.append(headers)
        scripts = self._scripts.get(where)
        if scripts is None:
            return http(b"no", 404)
        return scripts.pop(0) if len(scripts) > 1 else scripts[0]


class _Network(httpcore.NetworkBackend):
    """Leads every made-up address to this machine."""

    def __init__(self, web: HostileWeb) -> None:
        self._web, self._real = web, httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, *args: Any, **more: Any) -> httpcore.NetworkStream:
        here, there = self._web.reach(host, port)
        return self._real.connect_tcp(here, there, *args, **more)


def for_ever(part: bytes) -> Iterable[bytes]:
    """The same again and again."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        yield part
