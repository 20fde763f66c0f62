"""A server on this machine that answers as it is told, for the real gcloud to talk to."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Answer = tuple[int, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came; ``body`` is what its JSON says, ``None`` where it is none."""

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    body: Any
    token: str | None
    raw: bytes = field(repr=False)


@contextmanager
def serving(answer: Callable[[Request], Answer]) -> Iterator[str]:
    """Its address, without a slash at the end. It is a plain HTTP proxy, too; nothing leaves the machine."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (_Handler,), {"ask": staticmethod(answer)})
    )
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    ask: Callable[[Request], Answer]
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        request = Request(
            self.command,
            address.netloc or str(self.headers.get("Host")),
            unquote(address.path),
            dict(parse_qsl(address.query)),
            _json(raw),
            self.headers.get("Authorization"),
            raw,
        )
        status, said = self.ask(request)
        content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library's names

    def do_CONNECT(self) -> None:
        self.send_error(502, "nothing leaves this machine")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: the requests are kept."""


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None
