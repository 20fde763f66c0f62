"""Twilio's Messages API on this machine, for the real SDK to talk to, and able to fail in every way we fear.

Stateful and small: what it accepted is in ``accepted``, as a phone would have received it, and in ``texts``
with its status; ``calls`` counts every attempt to create one, ``looks`` every look at the list. ``fail_with``
plans one fault per call, in order; several are joined by ``+`` (``timeout_after_accept+lies_in_list``)::

    "429" "500" "503"        refused before anything happened
    "500_after_accept"       accepted, and then the answer is an error
    "accept_then_429"        accepted, and then "too many requests", which Twilio says never happens
    "hang"                   never answers, nothing accepted
    "timeout_after_accept"   accepted, and never answers
    "slow"                   answers after ``slow_seconds``
    "reset"                  the connection is closed without a word
    "reset_after_accept"     accepted, and closed
    "not_json" "no_sid"      "created", and a body nobody can use
    "lies_in_list"           accepted, and never in the list
    "21610" "20003" …        any of Twilio's codes, with the status it comes with
    "list_500" "list_hang" "list_not_json" "list_429"   the same for a look at the list
"""

import base64
import json
import ssl
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from tests.twilio_callbacks import post, steps
from tests.twilio_texts import ACCOUNT, MESSAGES, Text, callback_fields, page

__all__ = ["ACCOUNT", "MESSAGES", "TOKEN", "Text", "TwilioServer"]

TOKEN = "not-a-real-token"
_STATUS = {"20003": 401, "20404": 404, "21408": 403, "20429": 429, "21611": 429, "63038": 429}
_HANG = 5.0  # longer than any test's client waits; ends at once when the server stops
_ACCEPTED = {"", "slow", "lies_in_list", "500_after_accept", "accept_then_429", "timeout_after_accept"}
_ACCEPTED |= {"reset_after_accept", "not_json", "no_sid"}
_NOT_OURS = 401, json.dumps({"code": 20003, "message": "Authenticate", "status": 401}).encode()
_LOGIN = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


class _Listening(ThreadingHTTPServer):
    daemon_threads = False  # wait for them at the end: no test leaks a thread
    request_queue_size = 256  # or a burst of connections waits a second each for its second attempt


@dataclass
class TwilioServer:
    """A loopback Twilio: ``with TwilioServer() as twilio``.

    ``callbacks`` is one of the modes of ``twilio_callbacks.py``. ``callback_base`` replaces scheme and host
    of every StatusCallback when it is posted, not when it is signed. ``told`` are the posted ones: the
    alert's URL, the status told, and how it was answered. ``settle`` waits until all were posted.
    """

    retry_after: str = "1"
    slow_seconds: float = 1.0
    late_seconds: float = 1.0
    callbacks: str = "none"
    callback_base: str | None = None
    accepted: list[dict[str, str]] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    told: list[tuple[str, str, int]] = field(default_factory=list)
    calls: int = 0
    looks: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._faults: list[str] = []
        self._list_faults: list[str] = []
        self._lock = threading.Lock()
        self._tellers = ThreadPoolExecutor(8, "twilio-callbacks")
        self._telling: list[Future[None]] = []
        self._server = _Listening(("127.0.0.1", 0), type("Handler", (_Handler,), {"twilio": self}))
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.scripted: tuple[int, bytes] | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._tellers.shutdown(cancel_futures=True)
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def fail_with(self, *faults: str) -> None:
        """Plan one fault for each of the next calls; those of the list wait for looks at the list."""
        for fault in faults:
            (self._list_faults if fault.startswith("list_") else self._faults).append(fault)

    def answer_with(self, status: int, body: object) -> None:
        """From now on every answer is this one, and nothing is accepted."""
        self.scripted = status, json.dumps(body).encode()

    def serve_tls(self, context: ssl.SSLContext) -> None:
        """From now on talk TLS."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    def settle(self) -> None:
        """Wait until every callback planned so far was posted."""
        for telling in list(self._telling):
            telling.result()

    def take_fault(self) -> set[str]:
        """What the call that just came in is to suffer; ``{""}`` for nothing."""
        with self._lock:
            self.calls += 1
            return set((self._faults.pop(0) if self._faults else "").split("+"))

    def take_list_fault(self) -> str:
        """What the look at the list that just came in is to suffer; "" for nothing."""
        with self._lock:
            self.looks += 1
            return self._list_faults.pop(0) if self._list_faults else ""

    def accept(self, fields: dict[str, str], *, listed: bool = True) -> Text:
        """Take a message as Twilio would, give it its SID, and tell its callback."""
        with self._lock:
            self.accepted.append(fields)
            text = Text(f"SM{len(self.accepted):032x}", fields, datetime.now(UTC), listed=listed)
            self.texts.append(text)
        if self.callbacks == "early":
            self._tell(text, self.callbacks, 0.0)
        elif self.callbacks != "none":
            due = time.monotonic() + (self.late_seconds if self.callbacks == "late" else 0)
            self._telling.append(self._tellers.submit(self._tell, text, self.callbacks, due))
        return text

    def _tell(self, text: Text, mode: str, due: float) -> None:
        self.stopping.wait(max(0.0, due - time.monotonic()))
        for status, code in steps(mode):
            text.become(status, code)
            if (url := text.fields.get("StatusCallback")) and not self.stopping.is_set():
                told = callback_fields(text, status, code)
                self.told.append((url, status, post(url, told, TOKEN, self.callback_base)))


class _Handler(BaseHTTPRequestHandler):
    twilio: TwilioServer

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) < length:  # the client died in the middle of its request
            self.close_connection = True
            return
        fields = dict(parse_qsl(body.decode()))
        if self.twilio.scripted or self.headers["Authorization"] != _LOGIN:
            self._answer(*(self.twilio.scripted or _NOT_OURS))
            return
        faults = self.twilio.take_fault()
        if "slow" in faults:
            self.twilio.stopping.wait(self.twilio.slow_seconds)
        if faults <= _ACCEPTED:
            text = self.twilio.accept(fields, listed="lies_in_list" not in faults)
            self._after_accept(faults - {"slow", "lies_in_list", ""}, text)
        else:
            self._fail((faults - {"slow"}).pop(), fields)

    def _after_accept(self, faults: set[str], text: Text) -> None:
        match faults.pop() if faults else "":
            case "timeout_after_accept":
                self.twilio.stopping.wait(_HANG)
            case "500_after_accept":
                self._refuse(500, 20500)
            case "accept_then_429":
                self._refuse(429, 20429)
            case "reset_after_accept":
                self.close_connection = True
            case "not_json":
                self._answer(201, b"<html>")
            case "no_sid":
                self._answer(201, b"{}")
            case _:
                self._answer(201, json.dumps(text.document() | {"status": "queued"}).encode())

    def _fail(self, fault: str, fields: dict[str, str]) -> None:
        match fault:
            case "hang":
                self.twilio.stopping.wait(_HANG)
            case "reset":
                self.close_connection = True
            case _ if len(fault) == 3:
                self._refuse(int(fault), int("20" + fault))
            case _:
                words = f"The 'To' number {fields['To']} with {TOKEN} …"
                self._refuse(_STATUS.get(fault, 400), int(fault), words)

    def do_GET(self) -> None:
        path, asked = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        if self.twilio.scripted or self.headers["Authorization"] != _LOGIN:
            self._answer(*(self.twilio.scripted or _NOT_OURS))
        elif path != f"{MESSAGES}.json":
            self._one(path.removeprefix(f"{MESSAGES}/").removesuffix(".json"))
        else:
            self._look(asked)

    def _one(self, sid: str) -> None:
        found = [text for text in self.twilio.texts if text.sid == sid]
        if found:
            self._answer(200, json.dumps(found[0].document()).encode())
        else:
            self._refuse(404, 20404)

    def _look(self, asked: dict[str, str]) -> None:
        match self.twilio.take_list_fault():
            case "":
                self._answer(200, json.dumps(page(self.twilio.texts, asked)).encode())
            case "list_hang":
                self.twilio.stopping.wait(_HANG)
            case "list_not_json":
                self._answer(200, b"<html>")
            case fault:
                status = fault.removeprefix("list_")
                self._refuse(int(status), int("20" + status), f"{TOKEN} asked for {asked.get('To')}")

    def _refuse(self, status: int, code: int, words: str = "…") -> None:
        more = f"https://www.twilio.com/docs/errors/{code}"
        body = {"code": code, "message": words, "more_info": more, "status": status}
        self._answer(status, json.dumps(body).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status in (429, 503):
            self.send_header("Retry-After", self.twilio.retry_after)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Tests read what happened from the server, not from stderr."""
