"""From the answer that tells a lower price to the text being posted: how long our own part takes.

    .venv/bin/python bench/answer_to_post.py
    .venv/bin/python bench/answer_to_post.py --grouping 0.5 0.2 0.1     what another setting would cost

Real: the worker's function under functions-framework, SQLite and the Firestore emulator, the Steam provider,
HTTP, Twilio's SDK. Played, in processes of their own: the shop (``upstream.py``), which notes when the answer
with the lower price left it, and Twilio, which notes when a text came in. Drops come one after another, each
of one person; alone among few targets, and in the middle of a run of many. Five drops of one person within
one answer must still come as one text.
"""

import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import httpx

from bench.fan_out import twilio_process
from bench.report import Report, arguments, median
from bench.tests_found import ACCOUNT, TOKEN, Function, connect, running_emulator, why_missing
from bench.upstream import Shop, shop
from notifiers.limits import DOCUMENTED
from store.firestore import FirestoreDocuments
from store.sqlite import SqliteDocuments
from watchers.documents import Documents, Put
from watchers.folding import OVERLAP
from watchers.jobs import copy_watch
from watchers.places import Places
from watchers.providers import refusal

PLACES = Places()
DROPS, TOGETHER = 20, 5
MEDIAN, WORST = 0.3, 1.0  # seconds, promised
PATIENCE = 5.0


@dataclass
class Scene:
    """One worker with its database, shop and Twilio."""

    documents: Documents
    upstream: Shop
    worker: Function
    texts: Connection
    numbers: dict[int, str] = field(default_factory=dict)

    def watch(self, apps: Sequence[int], uid: str) -> None:
        """Somebody watches these, and waits for 85 dollars or less; they cost 90 or more."""
        now, phone = datetime.now(UTC), f"+1555{len(self.numbers):07}"
        verified = {"phone": phone, "phone_verified_at": now - timedelta(days=1)}
        self.documents.commit(Put(f"people/{uid}", verified))
        for app in apps:
            wanted = {
                "name": f"Game {app}",
                "target": {"provider": "steam", "item": str(app)},
                "conditions": [{"kind": "below", "price": "85.00", "currency": "USD"}],
                "notify": ["sms"],
            }
            self.documents.commit(Put(PLACES.source(uid, f"w{app}"), wanted))
            copy_watch(self.documents, PLACES, refusal, uid=uid, watch_id=f"w{app}", now=now)
            self.numbers[app] = phone

    def run(self) -> None:
        """One run of the worker."""
        at = datetime.now(UTC).isoformat()
        named = {"X-CloudScheduler-JobName": uuid.uuid4().hex, "X-CloudScheduler-ScheduleTime": at}
        httpx.post(self.worker.url, headers=named, timeout=120, trust_env=False).raise_for_status()

    def taken(self) -> list[tuple[str, float]]:
        """To whom texts went since this was last asked, and when."""
        self.texts.send(True)
        taken: list[tuple[str, float]] = self.texts.recv()
        return taken

    def drop(self, apps: Sequence[int], hundredths: int) -> list[float]:
        """The prices fall, the worker runs: seconds from the answer that said so to each text."""
        for app in apps:
            self.upstream.set_price(app, hundredths)
        self.run()
        told, until = self.taken(), time.monotonic() + PATIENCE
        while not told and time.monotonic() < until:
            time.sleep(0.05)
            told = self.taken()
        answered = self.upstream.told_at(apps[0])
        if answered is None or {to for to, _ in told} - {self.numbers[app] for app in apps}:
            raise RuntimeError("somebody else was told, or nobody asked")
        return [at - answered for _, at in told]


@contextmanager
def _scene(store: str, grouping: str) -> Iterator[Scene]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = stack.enter_context(shop())
        address, texts = stack.enter_context(twilio_process())
        documents, where = _documents(store, stack, folder)
        settings = {
            **where,
            "PUBLIC_URL": "https://scout.example",
            "SECRET_KEY": "not-a-real-key",
            "STEAM_BASE_URL": upstream.url,
            "STEAM_CALLS_PER_DAY": "1000000",
            "STEAM_CALLS_PER_SECOND": "1000",
            "MIN_INTERVAL_SECONDS": "0",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": address,
            "GROUPING_SECONDS": grouping,
        }
        worker = stack.enter_context(Function("ticket_monitor_worker", "http", settings, folder))
        worker.wait_until_ready()
        yield Scene(documents, upstream, worker, texts)


def _documents(store: str, stack: ExitStack, folder: Path) -> tuple[Documents, Mapping[str, str]]:
    if store == "sqlite":
        file = folder / "bench.db"
        return SqliteDocuments(str(file)), {"STORE": f"sqlite:///{file}"}
    host, project = stack.enter_context(running_emulator()), f"demo-{uuid.uuid4()}"
    where = {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": project, "FIRESTORE_EMULATOR_HOST": host}
    return FirestoreDocuments(client=connect(host, project)), where


def _measure(report: Report, store: str, grouping: str, *, drops: int, many: int) -> None:
    """All that is asked of one database and one setting."""
    with _scene(store, grouping) as scene:
        for number in range(drops):
            scene.watch([number + 1], f"u{number}")
        group = range(1001, 1001 + TOGETHER)
        scene.watch(group, "five")
        scene.watch([2001], "first")
        few = _drops(scene, drops, 8_400)
        together = scene.drop(group, 8_400)
        for number in range(many // 100):
            scene.watch(range(5000 + number * 100, 5100 + number * 100), f"m{number}")
        amid = _drops(scene, drops, 7_600)
    way = f"{store}, grouping {grouping} s"
    ours = grouping == DOCUMENTED["GROUPING_SECONDS"]
    for name, passed in (("few targets", few), (f"amid {many:,} targets", amid)):
        report.say(f"{way}, {name}: median", median(passed), ",.3f", "s")
        report.say(f"{way}, {name}: worst", max(passed), ",.3f", "s")
        report.figures[f"{way}, {name}: each"] = passed
        if ours:
            kept = median(passed) <= MEDIAN and max(passed) <= WORST and len(passed) == drops
            report.promise(f"{way}, {name}: median {MEDIAN} s, worst {WORST} s", holds=kept)
    report.say(f"{way}: texts about five drops of one answer", len(together))
    if ours:
        report.promise(f"{way}: five drops of one answer are one text", holds=len(together) == 1)


def _drops(scene: Scene, drops: int, hundredths: int) -> list[float]:
    """What was just saved is folded in, all are looked at once; then one drop after another."""
    time.sleep(OVERLAP.total_seconds() + 1)
    scene.upstream.set_price(2001, hundredths)
    for _ in range(3):  # a text, too, so that all is warm
        scene.run()
    scene.taken()
    return [second for number in range(drops) for second in scene.drop([number + 1], hundredths - number)]


def main() -> int:
    """Measure, print, and say in the exit code whether the promises hold."""
    parser = arguments(__doc__)
    parser.add_argument("--grouping", nargs="+", default=[DOCUMENTED["GROUPING_SECONDS"]])
    parser.add_argument("--stores", nargs="+", default=["sqlite", "firestore"])
    parser.add_argument("--drops", type=int, default=DROPS)
    parser.add_argument("--many", type=int, default=1_000, help="targets of a long run")
    asked = parser.parse_args()
    report = Report("answer_to_post")
    for store in asked.stores:
        if store == "firestore" and (reason := why_missing()):
            report.say("firestore: not measured", reason)
            continue
        for grouping in asked.grouping:
            _measure(report, store, grouping, drops=asked.drops, many=asked.many)
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
