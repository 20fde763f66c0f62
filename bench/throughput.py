"""How many targets a tick looks at in a second, end to end, beside a bare loop of the same calls.

    .venv/bin/python bench/throughput.py

Real: the worker's run from claim to saved board, SQLite, the Steam provider, HTTP over loopback to a shop
that answers after 50 ms (``upstream.py``). The bare loop asks the same addresses through the same library
with as many threads, and reads every answer and understands none. Both take turns in one fresh process,
whose peak of resident memory is told; the tick's share of the bare loop is the median of pairs.
"""

import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx

from bench.report import Report, arguments, median, resident_peak_mb
from bench.upstream import DELAY, shop
from bench.watches import BEGAN, fill
from store.sqlite import SqliteDocuments
from watchers.asking import at_once
from watchers.documents import Delete, Query
from watchers.places import Places
from watchers.providers.steam import Steam
from watchers.quota import Quota
from watchers.target import Target
from watchers.worker import work

TARGETS, WATCHERS = 5_000, 5
GRANTED = Quota(calls=10_000_000, per=timedelta(days=1), per_second=100_000)
WARM_UP = 4  # first looks, and the overlap after them
LOOPS = (16, 32, 64)  # threads of bare loops; that of as many as the tick has is measured in every turn


@dataclass(frozen=True, slots=True)
class Way:
    """How many apps a call asks about, and what was promised of it."""

    apps_a_call: int
    per_second: int
    share: float

    @property
    def name(self) -> str:
        """As the table says it."""
        return f"batches of {self.apps_a_call}" if self.apps_a_call > 1 else "one call each"


WAYS = (Way(50, 7_000, 0.60), Way(1, 475, 0.80))


class Granted(Steam):
    """Steam with another size of batches."""

    apps_a_call = 50

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """By so many."""
        starts = range(0, len(targets), self.apps_a_call)
        return [list(targets[start : start + self.apps_a_call]) for start in starts]


@dataclass(frozen=True, slots=True)
class Found:
    """What one process measured: seconds of each turn, and what the last run cost."""

    ticks: list[float]
    loops: dict[int, list[float]]
    asked: int
    reads: int
    writes: int
    peak_mb: float


def _tick(documents: SqliteDocuments, provider: Steam, number: int) -> tuple[float, Any]:
    began = time.perf_counter()
    done = work(
        documents,
        Places(),
        {"steam": provider},
        lambda _at: Counter(),
        run=f"r{number}",
        now=BEGAN + timedelta(minutes=1 + number),
        every=timedelta(seconds=60),
        seconds=600,
    )
    return time.perf_counter() - began, done


def _loop(addresses: Sequence[str], threads: int) -> float:
    with (
        httpx.Client(limits=httpx.Limits(max_connections=threads), trust_env=False) as client,
        ThreadPoolExecutor(threads) as pool,
    ):
        list(pool.map(client.get, addresses[:threads]))  # its connections stand, as the tick's do
        began = time.perf_counter()
        for answer in pool.map(client.get, addresses):
            if answer.status_code != httpx.codes.OK:
                raise RuntimeError(f"the shop answered {answer.status_code}")
        return time.perf_counter() - began


def _addresses(url: str, apps_a_call: int) -> list[str]:
    starts = range(1, TARGETS + 1, apps_a_call)
    lists = (",".join(map(str, range(start, min(start + apps_a_call, TARGETS + 1)))) for start in starts)
    return [f"{url}/api/appdetails?appids={apps}&filters=price_overview&cc=us" for apps in lists]


def _measure(file: str, url: str, apps_a_call: int, turns: int) -> Found:
    """The tick and the bare loop in turn, in a process of its own."""
    documents = SqliteDocuments(file)
    provider = Granted(None, url, quota=GRANTED)
    provider.apps_a_call = apps_a_call
    addresses = _addresses(url, apps_a_call)
    ours = at_once(GRANTED, len(addresses))
    for number in range(WARM_UP):
        _tick(documents, provider, number)
    ticks, beside = list[float](), list[float]()
    for number in range(turns):
        seconds, done = _tick(documents, provider, WARM_UP + number)
        ticks.append(seconds)
        beside.append(_loop(addresses, ours))
    loops = {threads: [_loop(addresses, threads)] for threads in LOOPS if threads != ours} | {ours: beside}
    operations = done.operations
    return Found(
        ticks,
        loops,
        done.reports[0].asked,
        operations["reads"],
        operations["writes"],
        resident_peak_mb(),
    )


def _tell(report: Report, way: Way, found: Found) -> None:
    ours = at_once(GRANTED, -(-TARGETS // way.apps_a_call))
    speed = TARGETS / median(found.ticks)
    share = median([loop / tick for loop, tick in zip(found.loops[ours], found.ticks, strict=True)])
    report.say(f"{way.name}: targets a second", speed)
    for threads, seconds in sorted(found.loops.items()):
        report.say(f"{way.name}: bare loop of {threads} threads", TARGETS / median(seconds))
    report.say(f"{way.name}: share of the bare loop of {ours} threads", share, ".0%")
    report.say(f"{way.name}: peak resident memory", found.peak_mb, ",.0f", "MB")
    report.say(f"{way.name}: documents read / written", f"{found.reads} / {found.writes}")
    report.figures[f"{way.name}: turns"] = asdict(found)
    report.promise(f"{way.name}: all {TARGETS:,} targets were seen", holds=found.asked == TARGETS)
    report.promise(f"{way.name}: at least {way.per_second:,} targets a second", holds=speed >= way.per_second)
    report.promise(f"{way.name}: at least {way.share:.0%} of the bare loop", holds=share >= way.share)
    report.promise(f"{way.name}: at most 150 MB", holds=found.peak_mb <= 150)  # noqa: PLR2004 - the promise
    few = found.reads <= 3 and found.writes <= 2  # noqa: PLR2004 - the promise
    report.promise(f"{way.name}: at most 3 reads and 2 writes", holds=few)


def main() -> int:
    """Measure both ways, print, and say in the exit code whether the promises hold."""
    asked = arguments(__doc__).parse_args()
    report = Report("throughput")
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder, shop(DELAY) as upstream:
        file = f"{folder}/watches.db"
        fill(SqliteDocuments(file), "steam", Steam.refusal, targets=TARGETS, watchers=WATCHERS, first=1)
        for way in WAYS:
            with context.Pool(1) as pool:
                found = pool.apply(_measure, (file, upstream.url, way.apps_a_call, asked.runs))
            _tell(report, way, found)
            _forget_boards(file)
    return report.end(asked.json)


def _forget_boards(file: str) -> None:
    """The same watches, and nothing known of their targets."""
    documents = SqliteDocuments(file)
    for board in documents.find(Query("boards")):
        documents.commit(Delete(board.path))


if __name__ == "__main__":
    sys.exit(main())
