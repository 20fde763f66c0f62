"""A push service on this machine that speaks HTTP, for Apprise to talk to, and able to fail.

``taken`` is what it accepted; ``paths`` is every request it saw. ``fail_with`` plans one fault per request::

    "400" "429" "503"        any status, and nothing taken
    "500_after_accept"       taken, and then the answer is an error
    "307 http://…"           a redirect to there
    "hang" "reset"           never answers, or closes the line, and nothing taken
    "timeout_after_accept"   taken, and never answers
    "drip"                   taken, and answers a byte at a time, for ever
    "no_body"                taken, "200", and the body breaks off
"""

import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

_HANG = 5.0  # longer than any test's client waits; ends at once when the server stops


class PushServer:
    """A loopback service: ``with PushServer() as service``."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.retry_after = "7"
        self.body = b"{}"
        self.more_headers: dict[str, str] = {}
        self.stopping = threading.Event()
        self._faults: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"service": self}))
        self._server.daemon_threads = False  # wait for them at the end: no test leaks a thread
        self.host = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def speak_tls(self, certificate: Path) -> None:
        """From the next connection on. The file holds the key, too."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def fail_with(self, *faults: str) -> None:
        """Plan one fault for each of the next requests."""
        self._faults.extend(faults)

    def take_fault(self) -> str:
        """What the request that just came in is to suffer; "" for nothing."""
        return self._faults.pop(0) if self._faults else ""


class _Handler(BaseHTTPRequestHandler):
    service: PushServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.service.paths.append(self.path)
        self.service.headers.append(dict(self.headers))
        fault = self.service.take_fault()
        if fault in ("", "500_after_accept", "timeout_after_accept", "drip", "no_body"):
            self.service.taken.append(body)
        self._suffer(fault)

    def _suffer(self, fault: str) -> None:
        match fault.split():
            case []:
                self._answer(200)
            case ["hang" | "timeout_after_accept"]:
                self.service.stopping.wait(_HANG)
            case ["reset"]:
                self.close_connection = True
            case ["drip"]:
                self._drip()
            case ["no_body"]:
                self._answer(200, length=1000)
            case ["500_after_accept"]:
                self._answer(500)
            case [status, *to]:
                self._answer(int(status), to=to)

    def _answer(self, status: int, *, to: list[str] | None = None, length: int | None = None) -> None:
        body = self.service.body
        self.send_response(status)
        self.send_header("Content-Length", str(length or len(body)))
        for name, value in self.service.more_headers.items():
            self.send_header(name, value)
        if status == 429:
            self.send_header("Retry-After", self.service.retry_after)
        for place in to or ():
            self.send_header("Location", place)
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000:
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                break
            if self.service.stopping.wait(0.05):
                break
        self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Tests read what happened from the server, not from stderr."""
