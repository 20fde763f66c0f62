"""Everything as one process on one machine: the deployed functions themselves, behind one server.

The functions-framework serves the same entry points of ``main.py`` that are deployed. What Google's services
do for them in the cloud is done here in a few lines each: a loop calls the worker as Cloud Scheduler would,
and writes to SQLite become CloudEvents as Eventarc would send them, at least once. Never used in the cloud.
"""

import json
import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import functions_framework
from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from store.sqlite import Change, SqliteDocuments
from watchers.settings import Settings

log = logging.getLogger(__name__)

MAIN = Path(__file__).parent.parent / "main.py"
DRAIN_EVERY = 0.2  # seconds between two looks for writes
EVENTS_AT_ONCE = 16  # handed over side by side: a delivery waits a moment for others of the same person
TRIES = 100
_TRIGGERS = {"ticket_monitors": "copy_monitor_job", "alerts": "deliver_alert"}
_KINDS = {"ticket_monitors": ("created", "updated", "deleted"), "alerts": ("created",)}


class Laptop:
    """The functions of one process, and the threads that call them until ``stop``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._apps = {
            target: functions_framework.create_app(target, str(MAIN), kind)
            for target, kind in (
                ("ticket_monitor_worker", "http"),
                ("copy_monitor_job", "cloudevent"),
                ("deliver_alert", "cloudevent"),
                ("web", "http"),
            )
        }
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._server: BaseWSGIServer | None = None
        self._tries: Counter[int] = Counter()
        self._under_way: set[int] = set()

    @property
    def web(self) -> Flask:
        """The web function, for a server."""
        web: Flask = self._apps["web"]
        return web

    def start(self) -> None:
        """Serve the web function and start calling the others."""
        self._server = make_server("127.0.0.1", self._settings.port, self.web, threaded=True)
        self._spawn("web", self._server.serve_forever)
        self.begin()

    def begin(self) -> None:
        """Start calling the functions that nobody calls by hand; somebody else serves ``web``."""
        self._spawn("scheduler", self._schedule)
        if self._settings.store.startswith("sqlite"):
            documents = SqliteDocuments(self._settings.store.removeprefix("sqlite:///"))
            self._spawn("triggers", lambda: self._trigger(documents))

    def wait(self) -> None:
        """Until somebody stops it."""
        self._stopping.wait()

    def stop(self) -> None:
        """Let what is under way finish."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
        for thread in self._threads:
            thread.join(timeout=10)

    def tick(self) -> Mapping[str, object]:
        """Call the worker once; its report."""
        headers = {
            "X-CloudScheduler-JobName": "laptop",
            "X-CloudScheduler-ScheduleTime": datetime.now(UTC).isoformat(),
        }
        answer = self._apps["ticket_monitor_worker"].test_client().post("/", headers=headers)
        report: Mapping[str, object] = answer.get_json(silent=True) or {"status": answer.status_code}
        return report

    def _spawn(self, name: str, run: Callable[[], object]) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _schedule(self) -> None:
        """Cloud Scheduler, with its two jobs: a run of the worker, and once a day Twilio's list."""
        reconciled_on: date | None = None  # a laptop that sleeps at night looks when it wakes up
        while not self._stopping.is_set():
            try:
                self.tick()
                if (today := datetime.now(UTC).date()) != reconciled_on:
                    reconciled_on = today
                    self._apps["ticket_monitor_worker"].test_client().post("/?reconcile=1")
            except Exception:  # the next run is tried all the same, as Cloud Scheduler would
                log.exception("laptop.tick_failed")
            self._stopping.wait(self._settings.tick_every.total_seconds())

    def _trigger(self, documents: SqliteDocuments) -> None:
        """Eventarc: events go out side by side, in no order, and again until they are taken."""
        with ThreadPoolExecutor(EVENTS_AT_ONCE) as pool:
            while not self._stopping.wait(DRAIN_EVERY):
                try:
                    for change in documents.changes():
                        if change.seq not in self._under_way:
                            self._under_way.add(change.seq)
                            pool.submit(self._hand_over, documents, change)
                except Exception:  # what was not done is found again
                    log.exception("laptop.trigger_failed")

    def _hand_over(self, documents: SqliteDocuments, change: Change) -> None:
        try:
            if self._send(change) or self._has_expired(change):
                documents.done(change.seq)
        except Exception:  # what was not done is found again
            log.exception("laptop.trigger_failed")
        finally:
            self._under_way.discard(change.seq)

    def _has_expired(self, change: Change) -> bool:
        """Eventarc, too, gives up on an event in the end; what it was about is found by the next one."""
        self._tries[change.seq] += 1
        if self._tries[change.seq] < TRIES:
            return False
        log.error("laptop.event_dropped", extra={"kind": change.kind})
        return True

    def _send(self, change: Change) -> bool:
        collection = change.path.split("/")[-2]
        if change.kind not in _KINDS[collection]:
            return True
        client = self._apps[_TRIGGERS[collection]].test_client()
        answer = client.post("/", data=json.dumps({}), headers=_cloud_event(change))
        return bool(answer.status_code < 300)  # noqa: PLR2004 - anything else is delivered again


def _cloud_event(change: Change) -> dict[str, str]:
    """The attributes of Firestore's own event; the body says nothing, because nothing reads it."""
    path = change.path.encode().decode("latin-1")  # as WSGI hands the UTF-8 of a real event on
    return {
        "ce-id": uuid.uuid4().hex,
        "ce-specversion": "1.0",
        "ce-type": f"google.cloud.firestore.document.v1.{change.kind}",
        "ce-source": "//firestore.googleapis.com/projects/laptop/databases/(default)",
        "ce-subject": f"documents/{path}",
        "ce-document": path,
        "Content-Type": "application/json",
    }
