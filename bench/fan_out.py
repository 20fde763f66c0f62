"""How quickly a thousand people are told of one price drop, by one worker and by two that race.

    make bench

Real: the Firestore emulator, functions-framework and gunicorn, the worker's own entry point, Twilio's SDK.
Played on this machine: the shop and Twilio, the latter in a process of its own that notes when it accepted
what. The clock starts when the worker sees the lower price. Needs the emulator (see README).
"""

import json
import multiprocessing
import statistics
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import httpx
from tqdm import tqdm

from bench.report import Report, arguments
from bench.tests_found import (
    ACCOUNT,
    TOKEN,
    Function,
    Text,
    TwilioServer,
    connect,
    running_emulator,
    why_missing,
)
from sandbox.market import Market, market_app
from sandbox.servers import serving
from store.firestore import FirestoreDocuments
from watchers.documents import Put, Query
from watchers.folding import OVERLAP
from watchers.jobs import copy_watch
from watchers.places import Places
from watchers.providers import refusal

PEOPLE = 1_000
PLACES = Places()
GAME, ANOTHER = "9000040", "9000020"


class TimedTwilio(TwilioServer):
    """Notes when it accepted what."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[tuple[str, float]] = []

    def accept(self, fields: dict[str, str], *, listed: bool = True) -> Text:
        """See ``TwilioServer.accept``."""
        self.times.append((fields["To"], time.time()))
        return super().accept(fields, listed=listed)


def _twilio(pipe: Connection) -> None:
    """A process of its own: says where it is, and at each word what it accepted since the last."""
    with TimedTwilio() as server:
        pipe.send(server.url)
        while pipe.recv():
            pipe.send(list(server.times))
            server.times.clear()


@contextmanager
def twilio_process() -> Iterator[tuple[str, Connection]]:
    """Where a Twilio is, and how to ask what it accepted since it was last asked."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_twilio, args=(theirs,))
    process.start()
    try:
        yield ours.recv(), ours
    finally:
        ours.send(False)
        process.join()


def _schedule() -> dict[str, str]:
    at = datetime.now(UTC).isoformat()
    return {"X-CloudScheduler-JobName": uuid.uuid4().hex, "X-CloudScheduler-ScheduleTime": at}


def _post(url: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.post(url, headers=_schedule(), timeout=120, trust_env=False).json()
    return answer


def _fill(documents: FirestoreDocuments, people: int) -> None:
    """People with a verified phone, each with one watch of the same game."""
    now = datetime.now(UTC)

    def one(number: int, game: str = GAME) -> None:
        uid = f"u{number:05}"
        person = {"phone": f"+1555{number:07}", "phone_verified_at": now - timedelta(days=1)}
        watch = {
            "name": "The game",
            "target": {"provider": "steam", "item": game},
            "conditions": [{"kind": "below", "price": "46.00", "currency": "USD"}],
            "notify": ["sms"],
        }
        documents.commit(Put(f"people/{uid}", person), Put(PLACES.source(uid, f"w{uid}"), watch))
        copy_watch(documents, PLACES, refusal, uid=uid, watch_id=f"w{uid}", now=now)

    one(people, ANOTHER)
    with ThreadPoolExecutor(16) as pool:
        list(tqdm(pool.map(one, range(people)), total=people, unit="watch", leave=False, disable=None))


def measure(people: int, workers: int) -> dict[str, Any]:
    """One price drop: when the first and the last were accepted, in seconds after it was seen."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        host = stack.enter_context(running_emulator())
        project = f"demo-{uuid.uuid4()}"
        documents = FirestoreDocuments(client=connect(host, project))
        market = Market(calls_per_day=1_000_000)
        shop = stack.enter_context(serving(market_app(market)))
        twilio, accepted = stack.enter_context(twilio_process())
        settings = {
            "STORE": "firestore",
            "GOOGLE_CLOUD_PROJECT": project,
            "FIRESTORE_EMULATOR_HOST": host,
            "PUBLIC_URL": "https://scout.example",
            "SECRET_KEY": "not-a-real-key",
            "STEAM_BASE_URL": shop,
            "STEAM_CALLS_PER_DAY": "100000",
            "STEAM_CALLS_PER_SECOND": "100",
            "MIN_INTERVAL_SECONDS": "0",
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": twilio,
            "SMS_SEGMENTS_PER_MONTH": "1000000",
        }
        functions = [
            stack.enter_context(Function("ticket_monitor_worker", "http", settings, folder))
            for _ in range(workers)
        ]
        for function in functions:
            function.wait_until_ready()
        market.set_prices(GAME, {"listing": "59.99"})
        _fill(documents, people)
        market.set_prices(ANOTHER, {"listing": "20.00"})
        for number, function in enumerate(functions):  # the first look; and a text, so that all are warm
            market.set_prices(ANOTHER, {"listing": f"{18 - 2 * number}.00"})
            _post(function.url)
        time.sleep(OVERLAP.total_seconds() + 1)
        for _ in range(2):  # a minute like any other: what was just saved is folded in
            _post(functions[0].url)
        accepted.send(True)
        accepted.recv()
        market.set_prices(GAME, {"listing": "45.99"})
        began = time.time()
        reports = _run(functions)
        accepted.send(True)
        times = accepted.recv()
        alerts = documents.find(Query("alerts", ("created_at",), ">=", datetime.fromtimestamp(began, UTC), 1))
        seen = alerts[0].fields["created_at"].timestamp() if alerts else began
        passed = sorted(at - seen for _, at in times)
        return {
            "workers": workers,
            "people": people,
            "accepted": len(times),
            "different": len({to for to, _ in times}),
            "first_s": round(passed[0], 2) if passed else None,
            "median_s": round(statistics.median(passed), 2) if passed else None,
            "last_s": round(passed[-1], 2) if passed else None,
            "delivered": dict(sum((Counter(report["delivered"]) for report in reports), Counter[str]())),
            "document_operations": dict(
                sum((Counter(report["document_operations"]) for report in reports), Counter[str]())
            ),
        }


def _run(functions: list[Function]) -> list[dict[str, Any]]:
    """Call the first worker, and the others again and again until it is done: they sweep the same outbox."""
    with ThreadPoolExecutor(len(functions)) as pool:
        first = pool.submit(_post, functions[0].url)

        def race(function: Function) -> list[dict[str, Any]]:
            reports = []
            while not first.done():
                reports.append(_post(function.url))
            return reports

        racing = [pool.submit(race, function) for function in functions[1:]]
        return [first.result(), *(report for others in racing for report in others.result())]


def main() -> int:
    """Print a line of JSON for each way; the exit code says whether everybody was told once."""
    parser = arguments(__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.set_defaults(runs=1)
    asked, report = parser.parse_args(), Report("fan_out")
    if reason := why_missing():
        print(f"fan-out: not measured: {reason}")
        return 0
    for number, workers in enumerate([1, 2] * asked.runs):
        found = measure(asked.people, workers)
        print(json.dumps(found), flush=True)
        report.figures[f"turn {number}"] = found
        once = found["accepted"] == found["different"] == asked.people
        report.promise(f"{workers} workers: everybody was told once", holds=once)
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
