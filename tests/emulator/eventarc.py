"""Eventarc, played on this machine: the real emulator's trigger events, delivered as the cloud delivers them.

The emulator posts each event once, one after the other, its body in base64 and its source doubled. Added
here: an answer at once, so that nothing waits; the body and source of the cloud; delivery from a thread of
its own, again after a pause until the function answers 2xx; and on demand every delivery twice, or events
held back and let go in another order.
"""

import base64
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import httpx

ATTEMPTS = 8
FIRST_PAUSE = 0.1  # seconds; then always twice that
PATIENCE = 30.0  # seconds for everything that is under way to end
WRITTEN = "google.cloud.firestore.document.v1.written"
CREATED = "google.cloud.firestore.document.v1.created"
FENCE = "fence"  # a trigger of our own: its event comes after those of every write before it


@dataclass(frozen=True, slots=True)
class Event:
    """One event as the cloud would send it."""

    trigger: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> str:
        """The path of the document it is about."""
        return self.headers["ce-document"].encode("latin-1").decode()  # UTF-8 on the wire


@dataclass(slots=True)
class Delivery:
    """One delivery of an event, with what each attempt was answered; 0: no answer."""

    event: Event
    statuses: list[int] = field(default_factory=list)


class Eventarc:
    """``with Eventarc() as eventarc``; ``duplicate``: every event is delivered twice at the same time."""

    def __init__(self) -> None:
        self.duplicate = False
        self.deliveries: list[Delivery] = []
        self._urls: dict[str, str] = {}
        self._held: list[Event] | None = None
        self._lock = threading.RLock()
        self._under_way: set[Future[None]] = set()
        self._fences: set[str] = set()
        self._http = httpx.Client(trust_env=False, timeout=PATIENCE)
        self._pool = ThreadPoolExecutor(32)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"eventarc": self}))
        self._server.daemon_threads = False
        self.host = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._pool.shutdown(cancel_futures=True)
        self._http.close()

    def register(self, emulator: str, project: str, trigger: str, kind: str, document: str, url: str) -> None:
        """Have the emulator send ``kind`` events on documents like ``document``; deliver them to ``url``."""
        self._urls[trigger] = url
        asked = {
            "eventType": kind,
            "database": "(default)",
            "namespace": "(default)",
            "document": {"value": document, "matchType": "PATH_PATTERN"},
        }
        address = f"http://{emulator}/emulator/v1/projects/{project}/eventarcTrigger"
        self._http.post(address, params={"eventarcTriggerId": trigger}, json=asked).raise_for_status()

    def take(self, event: Event) -> None:
        """An event came in from the emulator."""
        with self._lock:
            if event.trigger == FENCE:
                self._fences.add(event.document)
            elif self._held is not None:
                self._held.append(event)
            else:
                for _ in range(2 if self.duplicate else 1):
                    self._start(event)

    @contextmanager
    def holding(self) -> Iterator[list[Event]]:
        """Deliver nothing in this block; after it what the list then holds, one by one, in its order."""
        held: list[Event] = []
        self._held = held
        try:
            yield held
        finally:
            self._held = None
        for event in held:
            for _ in range(2 if self.duplicate else 1):
                self._deliver(event)

    def wait_for_fence(self, document: str) -> None:
        """Until the event of this write of ours was received, and with it those of all writes before."""
        _until(lambda: document in self._fences, f"the emulator never sent the event of {document}")

    def wait_until_idle(self) -> int:
        """Until every delivery has ended; returns how many there have been so far."""
        _until(lambda: not self._busy(), "deliveries did not end")
        given_up = [one for one in self.deliveries if len(one.statuses) == ATTEMPTS]
        assert not given_up, f"{given_up[-1].event.trigger} never took its event: {given_up[-1].statuses}"
        return len(self.deliveries)

    def about(self, document: str) -> list[Delivery]:
        """The deliveries of events about one document."""
        return [delivery for delivery in self.deliveries if delivery.event.document == document]

    def deliver_again(self, document: str) -> None:
        """Every event about this document once more, late and the last one first."""
        for event in reversed([delivery.event for delivery in self.about(document)]):
            self._deliver(event)

    def _busy(self) -> bool:
        with self._lock:
            return bool(self._under_way)

    def _start(self, event: Event) -> None:
        future = self._pool.submit(self._deliver, event)
        self._under_way.add(future)
        future.add_done_callback(self._end)

    def _end(self, future: Future[None]) -> None:
        with self._lock:
            self._under_way.discard(future)

    def _deliver(self, event: Event) -> None:
        delivery = Delivery(event)
        self.deliveries.append(delivery)
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(FIRST_PAUSE * 2 ** (attempt - 1))
            delivery.statuses.append(self._attempt(event))
            if 200 <= delivery.statuses[-1] < 300:
                return

    def _attempt(self, event: Event) -> int:
        try:
            headers = [(name.encode(), value.encode("latin-1")) for name, value in event.headers.items()]
            return self._http.post(self._urls[event.trigger], content=event.body, headers=headers).status_code
        except httpx.TransportError:
            return 0


class _Handler(BaseHTTPRequestHandler):
    eventarc: Eventarc

    def do_POST(self) -> None:
        body = base64.b64decode(self.rfile.read(int(self.headers["content-length"])))
        headers = {
            name.lower(): value for name, value in self.headers.items() if name.lower().startswith("ce-")
        }
        headers["ce-source"] = headers["ce-source"].replace("projects/projects/", "projects/")
        headers["content-type"] = "application/protobuf"
        self.eventarc.take(Event(self.path.rsplit("/", 1)[1], headers, body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Tests read what happened from ``deliveries``."""


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise)
        time.sleep(0.01)
