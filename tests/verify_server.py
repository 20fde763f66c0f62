"""Twilio Verify on this machine, for the real SDK to talk to: codes that are texted, compared and used up.

``sent`` are the numbers that were texted, each with its code in ``codes``. ``fail_with`` plans one fault a
call: a status ("429", "500", "503"), "hang", "reset", "not_json", or "approved_then_hang".
"""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl

SERVICE = "VA" + "5" * 32
MOST_CHECKS = 5


class _Listening(ThreadingHTTPServer):
    daemon_threads = False


@dataclass
class VerifyServer:
    """``with VerifyServer() as verify``."""

    sent: list[str] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    checks: dict[str, int] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.faults: list[str] = []
        self._server = _Listening(("127.0.0.1", 0), type("Handler", (_Handler,), {"verify": self}))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fail_with(self, *faults: str) -> None:
        """One for each of the next calls."""
        self.faults += faults

    def expire(self) -> None:
        """Ten minutes pass."""
        self.codes.clear()


class _Handler(BaseHTTPRequestHandler):
    verify: VerifyServer

    def do_POST(self) -> None:
        fields = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        fault = self.verify.faults.pop(0) if self.verify.faults else ""
        if fault == "hang":
            self.verify.stopping.wait(5)
        elif fault == "reset":
            self.close_connection = True
        elif fault == "not_json":
            self._answer(201, b"<html>")
        elif fault.isdecimal():
            self._refuse(int(fault), int(f"20{fault}"))
        elif self.path == f"/v2/Services/{SERVICE}/Verifications":
            self._start(fields)
        elif self.path == f"/v2/Services/{SERVICE}/VerificationCheck":
            self._check(fields, fault)
        else:
            self._refuse(404, 20404)

    def _start(self, fields: dict[str, str]) -> None:
        to = fields["To"]
        self.verify.sent.append(to)
        self.verify.codes[to], self.verify.checks[to] = f"{len(self.verify.sent):06}", 0
        self._say(201, {"sid": f"VE{len(self.verify.sent):032x}", "to": to, "status": "pending"})

    def _check(self, fields: dict[str, str], fault: str) -> None:
        to = fields["To"]
        if to not in self.verify.codes:
            self._refuse(404, 20404)
            return
        self.verify.checks[to] += 1
        if self.verify.checks[to] > MOST_CHECKS:
            self._refuse(429, 60202)
            return
        is_right = fields["Code"] == self.verify.codes[to]
        if is_right:
            del self.verify.codes[to]
        if fault == "approved_then_hang":
            self.verify.stopping.wait(5)
            return
        self._say(201, {"sid": "VE" + "0" * 32, "to": to, "status": "approved" if is_right else "pending"})

    def _refuse(self, status: int, code: int) -> None:
        self._say(status, {"code": code, "message": "…", "status": status})

    def _say(self, status: int, body: dict[str, Any]) -> None:
        self._answer(status, json.dumps(body).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Tests read what happened from the server."""
