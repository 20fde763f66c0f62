"""A thousand people with a page of fifty watches open, while boards are ticked: how long it takes.

    .venv/bin/python bench/pages.py
    .venv/bin/python bench/pages.py --people 100 --poll 2 --seconds 30 --json PATH

The deployed function behind the server it is deployed with (functions-framework, gunicorn), a process a
core (``WORKERS``; ``--processes``), on SQLite: 3,000 targets of three providers, each with its board,
ticked every ten seconds (six times as often as in the cloud) by another process; one price in fifty moves a
tick, and some of that is told. Each person's page asks what changed every 20 seconds (``live.js``) and is
loaded anew every five minutes. A request's time runs from the moment it was to be sent, so that none waits
unseen. Promised: 99 of 100 within 200 ms; three reads for a page or a poll of which nothing changed, by the
store's own counter. Boards are read by each process every ten seconds, for all its people. Fewer people who
poll more often (``--poll``) are as many requests.
"""

import argparse
import http.client
import json
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench import cost
from bench.report import Report, arguments
from bench.tests_found import free_port
from store.entries import entries, moment
from store.limits import collection_of
from store.sqlite import SqliteDocuments
from store.sqlite_file import open_file
from store.tagged import to_text
from watchers import board as boards
from watchers.board import Board
from watchers.documents import SERVER_TIME, Put
from watchers.history import History
from watchers.jobs import Job
from watchers.memory import TargetState, Track, WatchState
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.places import Places
from watchers.rows import Row
from watchers.rules import thresholds
from watchers.target import Target
from watchers.watch import Watch
from watchers.worker import work
from web.app import create_app
from web.boards import Boards
from web.site import Site

PLACES = Places()
PROVIDERS = ("ticketmaster", "steam", "seatgeek")
TARGETS, EACH = 3_000, 50
POLL, VIEW, TICK = 20.0, 300.0, 10.0  # seconds
SENDERS = 48
PROMISED_MS, AROUND = 200.0, 3
SECRET = "not-a-real-key-but-long-enough-for-one"  # noqa: S105


class Shop(cost.Shop):
    """A provider that answers from memory, and whose prices move a little at every look."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name, self.luck = name, random.Random(name)  # noqa: S311

    def _observed(self, target: Target, now: datetime) -> Observation:
        known = self.prices.get(target.id, 9_000)
        if self.luck.random() < 1 / 50:
            known = self.prices[target.id] = max(5_000, round(known * self.luck.uniform(0.93, 1.07)))
        return observed(target, known, now)


def observed(target: Target, price: int, now: datetime) -> Observation:
    """A price that was seen."""
    return Observation(
        target, now, prices=(Price(Basis.FACE, "USD", price),), availability=Availability.AVAILABLE
    )


def targets() -> list[Target]:
    """All that is watched, the providers in turn."""
    return [Target(PROVIDERS[number % 3], f"item{number}") for number in range(TARGETS)]


# ── the world ────────────────────────────────────────────────────────────────────────────────────────────


def furnish(documents: SqliteDocuments, path: str, people: int) -> None:
    """Everybody's watches, copied and looked at; and the boards, into the file at ``path``."""
    now, there, luck = datetime.now(UTC), targets(), random.Random(7)  # noqa: S311
    rows = {target.id: _row(target, now) for target in there}
    pour(path, _of_people(people, there, rows, now, luck))
    for name in PROVIDERS:
        own = {one.target.id: one for one in rows.values() if one.target.provider == name}
        kept = boards.to_document(Board(f"{name}-0", rows=own, cursor=datetime.now(UTC)))
        documents.commit(Put(boards.path(f"{name}-0"), kept))


def pour(path: str, puts: Iterable[Put]) -> None:
    """Write documents that are not there yet: as the store has them, but none looked up, checked or synced.

    What the store does for each of 150,000 would take longer than all that is measured. No trigger hears of
    it.
    """
    database = open_file(path, 5.0)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("PRAGMA cache_size = -300000")  # KiB: the index grows at random places
    database.execute("BEGIN IMMEDIATE")
    now = time.time_ns() // 1_000
    for put in puts:
        now += 1
        collection, fields = collection_of(put.path), _timed(put.fields, now)
        row = (put.path, collection, to_text(fields), now)
        database.execute("INSERT INTO documents VALUES (?, ?, ?, ?)", row)
        found = [(collection, *entry, put.path) for entry in entries(fields)]
        database.executemany("INSERT INTO entries VALUES (?, ?, ?, ?, ?)", found)
    database.execute("UPDATE clock SET last = max(last, ?)", (now,))
    database.execute("COMMIT")
    database.close()


def _timed(fields: Mapping[str, Any], now: int) -> dict[str, Any]:
    return {name: moment(now) if value is SERVER_TIME else value for name, value in fields.items()}


def _row(target: Target, now: datetime) -> Row:
    history = History()
    for days in (60, 40, 20, 5, 0):
        history = history.after(observed(target, 9_000 + 50 * days, now - timedelta(days=days, minutes=1)))
    return Row(target, since=now - timedelta(days=60), history=history)


def _of_people(
    people: int, there: Sequence[Target], rows: dict[str, Row], now: datetime, luck: random.Random
) -> Iterator[Put]:
    for number in range(people):
        uid = f"p{number}"
        verified = {"phone": f"+1555{number:07}", "phone_verified_at": now}
        yield Put(f"people/{uid}", verified)
        for each, target in enumerate(luck.sample(there, EACH)):
            job = _job(uid, f"{uid}-w{each}", target, luck.randint(6_000, 8_500), now)
            at = thresholds(job.watch, job.state, target.id)
            rows[target.id].gate.widen(at.fires_at, at.rearms_at, [])
            rows[target.id].watchers += 1
            fields = job.fields()
            yield Put(PLACES.source(uid, job.watch_id), fields["watch"])
            yield Put(PLACES.job(job.watch_id), fields)
            yield Put(PLACES.status(uid, job.watch_id), job.status_fields())


def _job(uid: str, watch_id: str, target: Target, limit: int, now: datetime) -> Job:
    watch = Watch.model_validate(
        {
            "name": f"{target.item} at {target.provider}",
            "target": target,
            "conditions": [{"kind": "below", "price": f"{limit / 100:.2f}", "currency": "USD"}],
            "notify": ["app"],
        }
    )
    state = WatchState(
        targets={target.id: TargetState(decided_at=now, tracks={"face_USD": Track(reference=9_000)})}
    )
    copied_at = now + timedelta(hours=1)  # surely later than its document
    return Job(watch_id, uid, watch, now.isoformat(), copied_at, {target.id: target}, state=state)


def tick_on(path: str, stop: Any, told: Any) -> None:
    """Another process: the worker, again and again."""
    documents, shops = SqliteDocuments(path), {name: Shop(name) for name in PROVIDERS}
    run = 0
    while not stop.wait(TICK):
        run += 1
        done = work(
            documents, PLACES, shops, lambda _: Counter(), run=f"r{run}", now=datetime.now(UTC),
            every=timedelta(seconds=TICK / 2), seconds=30,
        )  # fmt: skip
        told.put(sum(report.alerts for report in done.reports))


# ── the people ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Browser:
    """One person's page."""

    cookie: str
    known: str = ""
    alerts: str = ""
    tag: str = ""

    def view(self, port: int) -> int:
        """Load the page; its bytes."""
        _, page, _ = self._ask(port, "/")
        text = page.decode()
        shown = re.findall(r'data-id="([^"]+)" data-key="([^"]+)"', text)
        self.known = ",".join(f"{watch_id}:{key}" for watch_id, key in shown)
        self.alerts = (re.findall(r'data-alerts="([0-9a-f]+)"', text) or [""])[0]
        self.tag = ""
        if len(shown) != EACH:
            raise RuntimeError(f"a page of {len(shown)} watches")
        return len(page)

    def poll(self, port: int) -> int:
        """Ask what changed; the bytes of the answer. What a script would put in is noted as seen."""
        path = f"/watches/live?known={quote(self.known)}&alerts={self.alerts}"
        status, body, tag = self._ask(port, path)
        if status == 200:  # noqa: PLR2004 - HTTP
            self._take(json.loads(body), tag)
        return len(body)

    def _take(self, answer: dict[str, Any], tag: str) -> None:
        keys = dict(one.split(":") for one in self.known.split(",")) | dict(answer["changed"])
        self.known = ",".join(f"{watch_id}:{key}" for watch_id, key in keys.items())
        self.alerts, self.tag = answer["alerts"], tag

    def _ask(self, port: int, path: str) -> tuple[int, bytes, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"Cookie": f"scout={self.cookie}"} | ({"If-None-Match": self.tag} if self.tag else {})
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        if answer.status not in (200, 304):
            raise RuntimeError(f"{path[:40]} answered {answer.status}")
        return answer.status, body, answer.headers.get("ETag") or ""


@dataclass
class Times:
    """Milliseconds of each kind of request, and bytes."""

    ms: dict[str, list[float]] = field(default_factory=lambda: {"view": [], "poll": []})
    size: dict[str, int] = field(default_factory=lambda: {"view": 0, "poll": 0})
    failed: list[str] = field(default_factory=list)

    def at(self, kind: str, share: float) -> float:
        """So many milliseconds are not exceeded by this share."""
        found = sorted(self.ms[kind])
        return found[min(len(found) - 1, int(share * len(found)))] if found else 0.0


def browse(port: int, browsers: Sequence[Browser], seconds: float, poll: float = POLL) -> Times:
    """Everybody polls and loads, each at their own times, whatever the server does."""
    luck, times, work_queue = random.Random(3), Times(), SimpleQueue[tuple[float, str, Browser] | None]()  # noqa: S311
    plan = sorted(
        (at, kind, number)
        for number in range(len(browsers))
        for kind, every in (("poll", poll), ("view", VIEW * poll / POLL))
        for at in _moments(luck, every, seconds)
    )
    began = time.monotonic() + 1
    threads = [threading.Thread(target=_send, args=(port, work_queue, times)) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    for at, kind, number in plan:
        time.sleep(max(0.0, began + at - time.monotonic()))
        work_queue.put((began + at, kind, browsers[number]))
    for _ in threads:
        work_queue.put(None)
    for thread in threads:
        thread.join()
    return times


def _moments(luck: random.Random, every: float, seconds: float) -> Iterator[float]:
    at = luck.uniform(0, every)
    while at < seconds:
        yield at
        at += every * luck.uniform(0.9, 1.1)


def _send(port: int, wanted: "SimpleQueue[tuple[float, str, Browser] | None]", times: Times) -> None:
    while (one := wanted.get()) is not None:
        due, kind, browser = one
        try:
            size = browser.view(port) if kind == "view" else browser.poll(port)
        except (OSError, RuntimeError, http.client.HTTPException) as exc:
            times.failed.append(f"{type(exc).__name__}: {exc}"[:200])
            continue
        times.ms[kind].append(1e3 * (time.monotonic() - due))
        times.size[kind] += size


# ── the server ───────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def serving(path: str, folder: str, processes: int) -> Iterator[tuple[int, int]]:
    """The web function as it is deployed; its port, and the id of its process group."""
    port = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": folder,
        "STORE": f"sqlite:///{path}",
        "SECRET_KEY": SECRET,
        "PUBLIC_URL": "http://127.0.0.1",
        "TICKETMASTER_API_KEY": "not-a-real-key",
        "SEATGEEK_CLIENT_ID": "not-a-real-id",
        "WORKERS": f"{processes}",
    }
    command = [str(Path(sys.executable).parent / "functions-framework"), "--target", "web"]
    command += ["--source", str(ROOT / "main.py"), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(  # noqa: S603 - our own function
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        _await(port)
        yield port, process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def processor_time(group: int) -> float:
    """Seconds of a processor that the processes of a group have had, as Linux counts them; 0 elsewhere."""
    ticks = 0
    for one in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            said = one.read_text().rpartition(")")[2].split()
            ticks += int(said[11]) + int(said[12]) if int(said[2]) == group else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def _await(port: int) -> None:
    for _ in range(600):
        with suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            return
        time.sleep(0.1)
    raise TimeoutError


def _site(documents: SqliteDocuments, boards_: Boards) -> Site:
    return Site(
        documents=documents,
        places=PLACES,
        refusal=lambda _target, _filters: None,
        secret_key=SECRET,
        public_url="http://127.0.0.1",
        providers=dict.fromkeys(PROVIDERS, "on"),
        now=lambda: datetime.now(UTC),
        boards=boards_,
    )


def cookies(documents: SqliteDocuments, people: int) -> list[str]:
    """Everybody signed in."""
    app = create_app(_site(documents, Boards()))
    signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    now = datetime.now(UTC)
    session = {"since": int(now.timestamp() * 1000), "renewed": now.date().isoformat(), "_permanent": True}
    return [str(signer.dumps(session | {"uid": f"p{number}"})) for number in range(people)]


def counted(documents: SqliteDocuments, browsers: Sequence[Browser]) -> dict[str, Counter[int]]:
    """How many reads each of some pages and polls takes, beyond one for each watch or alert that changed."""
    client = create_app(_site(documents, Boards(timedelta(hours=1)))).test_client()
    found: dict[str, Counter[int]] = {"view": Counter(), "poll": Counter()}
    client.set_cookie("scout", browsers[0].cookie, domain="127.0.0.1")
    client.get("/", base_url="http://127.0.0.1")  # this process reads the boards
    for browser in browsers:
        client.set_cookie("scout", browser.cookie, domain="127.0.0.1")
        for kind, path in (("view", "/"), ("poll", "/watches/live?known=" + browser.known)):
            before = documents.operations["reads"]
            client.get(path, base_url="http://127.0.0.1")
            found[kind][documents.operations["reads"] - before] += 1
    return found


def main() -> int:
    """Run it; the exit code says whether the promises hold."""
    parser = arguments(__doc__)
    parser.add_argument("--people", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--poll", type=float, default=POLL, help="seconds from poll to poll of each")
    parser.add_argument(
        "--processes", type=int, default=os.cpu_count() or 1, help="that answer; else one a core"
    )
    asked = parser.parse_args()
    report = Report("pages")
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "pages.db")
        documents = SqliteDocuments(path)
        report.say("load of the machine before (1 min)", os.getloadavg()[0], ".1f")
        began = time.monotonic()
        furnish(documents, path, asked.people)
        report.say("processes that answer", asked.processes)
        report.say("people, watches", f"{asked.people:,}, {EACH * asked.people:,}")
        report.say("seconds to furnish it", time.monotonic() - began)
        browsers = [Browser(cookie) for cookie in cookies(documents, asked.people)]
        _measured(report, path, folder, documents, browsers, asked)
    return report.end(asked.json)


def _measured(
    report: Report,
    path: str,
    folder: str,
    documents: SqliteDocuments,
    browsers: list[Browser],
    asked: argparse.Namespace,
) -> None:
    stop = multiprocessing.Event()
    told: Any = multiprocessing.SimpleQueue()
    with serving(path, folder, asked.processes) as (port, server):
        first = _first_pages(port, browsers)
        report.say("a person's first page ever: p50", first.at("view", 0.5), ",.0f", "ms")
        report.say("a person's first page ever: p99", first.at("view", 0.99), ",.0f", "ms")
        ticking = multiprocessing.Process(target=tick_on, args=(path, stop, told), daemon=True)
        ticking.start()
        before, spent = os.getloadavg()[0], processor_time(server)
        times = browse(port, browsers, asked.seconds, asked.poll)
        spent = processor_time(server) - spent
        stop.set()
        ticking.join()
    ticks = []
    while not told.empty():
        ticks.append(told.get())
    report.say("ticks meanwhile, alerts in them", f"{len(ticks)}, {sum(ticks)}")
    report.say(
        "load of the machine as they began, and as they ended", f"{before:.1f}, {os.getloadavg()[0]:.1f}"
    )
    report.say("processor time of the server, of one core", 100 * spent / asked.seconds, ".0f", "%")
    for kind in ("poll", "view"):
        number = len(times.ms[kind])
        report.say(f"{kind}s: a second", number / asked.seconds, ".1f")
        for share in (0.5, 0.95, 0.99):
            report.say(f"{kind}s: p{share * 100:.0f}", times.at(kind, share), ",.0f", "ms")
        report.say(f"{kind}s: bytes each", times.size[kind] / max(1, number))
    _promise(report, times, documents, browsers)


def _first_pages(port: int, browsers: Sequence[Browser]) -> Times:
    times = Times()
    for browser in browsers:
        began = time.monotonic()
        browser.view(port)
        times.ms["view"].append(1e3 * (time.monotonic() - began))
    return times


def _promise(report: Report, times: Times, documents: SqliteDocuments, browsers: Sequence[Browser]) -> None:
    for said in sorted(set(times.failed))[:5]:
        print("  failed:", said)
    every = sorted(times.ms["poll"] + times.ms["view"])
    worst = every[int(0.99 * len(every))]
    report.say("polls and pages together: p99", worst, ",.0f", "ms")
    report.promise("no request failed", holds=not times.failed)
    report.promise(f"99 of 100 requests within {PROMISED_MS:.0f} ms", holds=worst <= PROMISED_MS)
    time.sleep(8)  # what was said lately is asked for once more
    counted(documents, browsers[:100])  # whoever was told something: their snapshots take it in
    time.sleep(8)
    found = counted(documents, browsers[:100])
    for kind, reads in found.items():
        report.say(f"reads of a {kind} of which nothing changed", ", ".join(map(str, sorted(reads))))
        report.promise(f"a quiet {kind} is {AROUND} reads", holds=max(reads) <= AROUND)


if __name__ == "__main__":
    sys.exit(main())
