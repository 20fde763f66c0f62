"""Workers as processes of their own, each forked from one that has imported everything and opened nothing.

Run as a script, it reads rounds from standard input, a line of JSON each, forks the workers of a round, waits
until all of them have ended, and answers with a line: how each of them ended. A worker is what the functions
are: ``main.parts()``, built from its environment. One that is to die kills itself with SIGKILL at the n-th
line it executes in some files, whichever of its threads that is.
"""

import itertools
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import google.cloud.firestore
import twilio.rest

import main
import notifiers.twilio.client
import store.firestore_api
import store.sqlite
import watchers.providers
import web.app
from notifiers import deliver
from notifiers.means import Means
from watchers import alerts
from watchers.documents import Write
from watchers.errors import StoreError, StoreUnavailableError
from watchers.kinds import Channel

__all__ = ["google", "notifiers", "store", "watchers", "web"]  # imported once, for all who are forked

ROOT = Path(__file__).parents[2]
LONGEST = 60  # seconds; a worker that takes longer hangs
SWEEPS = 300  # until nothing is due
_FAR = timedelta(days=400)
_CORE = ("dispatch", "outbox", "sending", "parcels", "spend", "learning")
_OUTBOX = (*_CORE, "deliver", "records", "contacts", "tallies")
_WIRE = ("sms", "twilio/client", "twilio/listing", "email", "mail_pool")
_WORDS = ("messages", "words/letters", "words/phrases", "words/digests", "timing", "freshness", "links")
_LIBRARIES = ("smtplib.py", "http/client.py", "requests/sessions.py", "requests/adapters.py")
_SITE = str(Path(twilio.__path__[0]).parent)
_LIB = str(Path(os.__file__).parent)


def _ours(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(str((ROOT / "notifiers" / f"{name}.py").resolve(strict=True)) for name in names)


FILES = {
    "core": _ours(_CORE),
    "outbox": _ours(_OUTBOX),
    "wire": _ours(_WIRE) | {f"{place}/{name}" for name in _LIBRARIES for place in (_LIB, _SITE)},
    "words": _ours(_WORDS),
    "store": frozenset(map(str, (ROOT / "store").glob("*.py"))),
}
FILES["answered"] = FILES["outbox"] | FILES["wire"]  # but only from a vendor's first answer on
_ANSWERS = {("client.py", "begin"), ("smtplib.py", "data")}


class Lines:
    """Counts the lines that are executed in some files, and dies at one of them."""

    def __init__(self, files: str, last: int) -> None:
        self._files, self._last = FILES[files], last
        self._counts = files != "answered"
        self._count = itertools.count(1)
        self.executed = 0

    def watch(self) -> None:
        """From here on, in every thread."""
        threading.settrace(self._called)
        sys.settrace(self._called)

    def _called(self, frame: FrameType, _: str, __: Any) -> Any:
        code = frame.f_code
        if code.co_filename not in self._files:
            return None
        self._counts = self._counts or (Path(code.co_filename).name, code.co_name) in _ANSWERS
        return self._line

    def _line(self, _: FrameType, event: str, __: Any) -> Any:
        if event == "line" and self._counts:
            self.executed = next(self._count)
            if self.executed == self._last:
                os.kill(os.getpid(), signal.SIGKILL)
        return self._line


class Hiccups:
    """A database whose n-th commit says that it could not be reached, before or after it was done."""

    def __init__(self, documents: Any, number: int, when: str) -> None:
        self._documents, self._number, self._when = documents, number, when
        self._count = itertools.count(1)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._documents, name)

    def commit(self, *writes: Write) -> tuple[str, ...]:
        """See ``Documents.commit``."""
        if next(self._count) != self._number:
            return tuple(self._documents.commit(*writes))
        if self._when == "after":
            self._documents.commit(*writes)
        raise StoreUnavailableError("hiccup")


class Raw(logging.Formatter):
    """Everything that a record holds, unmasked: what must not be there would be seen."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as a line of JSON."""
        said = {name: str(value) for name, value in vars(record).items() if name not in ("args", "msg")}
        said["event"] = record.getMessage()
        said["exception"] = self.formatException(record.exc_info) if record.exc_info else ""
        return json.dumps(said)


def work(asked: dict[str, Any]) -> None:
    """What one worker does, from its environment to its end."""
    os.environ.clear()
    os.environ.update(asked["env"])
    log = Path(asked["log"])
    means = _means(log, asked)
    time.sleep(asked["delay"])
    lines = Lines(asked["files"], asked["last"]) if asked["files"] else None
    if lines:
        lines.watch()
    now = datetime.fromisoformat(asked["now"])
    for act in asked["acts"]:
        try:
            _act(act, means, now)
        except StoreError as exc:  # the trigger is called again; the next sweep finds it
            logging.getLogger("worker").warning("worker.store_error", extra={"why": type(exc).__name__})
    sys.settrace(None)
    if lines:
        logging.getLogger("worker").info("worker.lines", extra={"lines": lines.executed})


def _means(log: Path, asked: dict[str, Any]) -> Means:
    scout = main.parts()
    handler = logging.FileHandler(log)
    handler.setFormatter(Raw())
    logging.getLogger().addHandler(handler)
    told: dict[Channel, Any] = {channel: scout.notifiers[channel] for channel in (Channel.SMS, Channel.EMAIL)}
    impatient = {channel: replace(one, timeout=asked["timeout"]) for channel, one in told.items()}
    means = replace(scout.means, notifiers=impatient)
    return replace(means, documents=Hiccups(means.documents, *asked["hiccup"])) if asked["hiccup"] else means


def _act(act: str, means: Means, now: datetime) -> None:
    match act.split():
        case ["sweep"]:
            deliver.sweep(means, now=now, deadline=now + timedelta(seconds=30))
        case ["deliver", alert_id]:
            deliver.deliver(alert_id, means, now=now)
        case ["settle"]:
            _settle(means, now)


def _settle(means: Means, now: datetime) -> None:
    """Sweep whenever something is due, until nothing ever is: time passes without waiting."""
    for _ in range(SWEEPS):
        deliver.sweep(means, now=now, deadline=now + timedelta(seconds=30))
        waiting = alerts.due(means.documents, now + _FAR, 500)
        if not waiting:
            break
        now = max(now, waiting[0].fields["due_at"])
    logging.getLogger("worker").info("worker.settled", extra={"at": now.astimezone(UTC).isoformat()})


def _born(asked: dict[str, Any]) -> int:
    """The id of a new worker; the worker itself never returns."""
    if pid := os.fork():
        return pid
    signal.alarm(LONGEST)
    status = 1
    try:
        err = os.open(asked["log"] + ".err", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(err, 2)
        os.dup2(err, 1)
        work(asked)
        status = 0
    except BaseException:  # noqa: BLE001 - it is read in the log
        traceback.print_exc()
    finally:
        os._exit(status)


def serve() -> None:
    """Round after round, until standard input ends."""
    for line in sys.stdin:
        pids = [_born(asked) for asked in json.loads(line)]
        ends = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
        print(json.dumps(ends), flush=True)  # noqa: T201 - the answer


def _warm_up() -> None:
    """What is loaded at first use, before anybody is forked; nothing is opened."""
    assert twilio.rest.Client("AC", "-").messages


if __name__ == "__main__":
    _warm_up()
    serve()
