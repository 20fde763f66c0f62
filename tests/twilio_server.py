"""Twilio's Messages API on this machine, for the real SDK to talk to, and able to fail in every way we fear.

Stateful and small: what it accepted is in ``accepted``, as a phone would have received it; ``calls`` counts
every attempt. ``fail_with`` plans one fault per call, in order::

    "429" "500" "503"        refused before anything happened
    "500_after_accept"       accepted, and then the answer is an error
    "hang"                   never answers, nothing accepted
    "timeout_after_accept"   accepted, and never answers
    "reset"                  the connection is closed without a word
    "not_json" "no_sid"      "created", and a body nobody can use
    "21610" "20003" …        any of Twilio's codes, with the status it comes with
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl

ACCOUNT = "AC" + "0" * 32
TOKEN = "not-a-real-token"
_STATUS = {"20003": 401, "20404": 404, "21408": 403, "20429": 429, "21611": 429}
_HANG = 5.0  # longer than any test's client waits; ends at once when the server stops


class TwilioServer:
    """A loopback Twilio: ``with TwilioServer() as twilio``."""

    def __init__(self) -> None:
        self.accepted: list[dict[str, str]] = []
        self.calls = 0
        self.retry_after = "1"
        self.stopping = threading.Event()
        self._faults: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"twilio": self}))
        self._server.daemon_threads = False  # wait for them at the end: no test leaks a thread
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
        """Plan one fault for each of the next calls."""
        self._faults.extend(faults)

    def take_fault(self) -> str:
        """What the call that just came in is to suffer; "" for nothing."""
        with self._lock:
            self.calls += 1
            return self._faults.pop(0) if self._faults else ""

    def accept(self, message: dict[str, str]) -> str:
        """Take a message as Twilio would, and give it its SID."""
        with self._lock:
            self.accepted.append(message)
            return f"SM{len(self.accepted):032x}"


class _Handler(BaseHTTPRequestHandler):
    twilio: TwilioServer

    def do_POST(self) -> None:
        message = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        match self.twilio.take_fault():
            case "":
                self._created(message)
            case "hang":
                self.twilio.stopping.wait(_HANG)
            case "timeout_after_accept":
                self.twilio.accept(message)
                self.twilio.stopping.wait(_HANG)
            case "500_after_accept":
                self.twilio.accept(message)
                self._refuse(500, 20500)
            case "not_json":
                self.twilio.accept(message)
                self._answer(201, b"<html>")
            case "no_sid":
                self.twilio.accept(message)
                self._answer(201, b"{}")
            case "reset":
                self.close_connection = True
            case fault:
                self._fail(fault, message)

    def _fail(self, fault: str, message: dict[str, str]) -> None:
        if len(fault) == 3:
            self._refuse(int(fault), int("20" + fault))
        else:
            self._refuse(_STATUS.get(fault, 400), int(fault), f"The 'To' number {message['To']} …")

    def _created(self, message: dict[str, str]) -> None:
        sid = self.twilio.accept(message)
        body = {
            "sid": sid,
            "to": message["To"],
            "body": message["Body"],
            "status": "queued",
            "error_code": None,
        }
        self._answer(201, json.dumps(body).encode())

    def _refuse(self, status: int, code: int, words: str = "…") -> None:
        more = f"https://www.twilio.com/docs/errors/{code}"
        body = {"code": code, "message": words, "more_info": more, "status": status}
        self._answer(status, json.dumps(body).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status == 429:
            self.send_header("Retry-After", self.twilio.retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Tests read what happened from the server, not from stderr."""
