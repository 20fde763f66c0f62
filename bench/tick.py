"""What an uneventful run of the worker costs, for 5,000 targets and 25,000 watches: documents, time, memory.

    make bench

The provider answers from memory at once, so that only our own work is measured. Document operations are
counted at the client, as Firestore bills them. Times are medians of five ticks; the board's size and the
share of the document limit stand beside them. The same is measured with one watcher a target, to show that
the number of watchers costs nothing.
"""

import statistics
import sys
import tempfile
import tracemalloc
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.report import Report, arguments
from bench.watches import BEGAN, PLACES, fill
from notifiers.deliver import sweep
from notifiers.links import Links
from notifiers.means import Means
from store.sqlite import SqliteDocuments
from watchers.board import path as board_path
from watchers.encoding import encode
from watchers.history import KEPT_RUNS, History, milliseconds
from watchers.money import Basis, PriceKey
from watchers.observation import Availability, Observation, Price
from watchers.providers.base import Fetched
from watchers.quota import Budget, Quota
from watchers.rows import Row
from watchers.schedule import Pace
from watchers.target import Target
from watchers.watch import Filters
from watchers.worker import Round, work

TARGETS, WATCHERS = 5_000, 5
LIMIT = 1_048_576


class Unmoved:
    """A provider whose prices never move."""

    name = "bench"
    quota = Quota(calls=1_000_000, per=timedelta(days=1), per_second=1_000_000)

    @staticmethod
    def refusal(_target: Target, _filters: Filters) -> None:
        """Everything can be watched."""

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """By fifty."""
        return [list(targets[start : start + 50]) for start in range(0, len(targets), 50)]

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """The same price as ever."""
        budget.take()
        return Fetched({target.id: _observed(target, now) for target in batch})

    @staticmethod
    def read(_body: bytes, _now: datetime) -> list[Observation]:
        """Nothing is recorded here."""
        return []


def _observed(target: Target, now: datetime) -> Observation:
    price = Price(Basis.FACE, "USD", 9_000 + int(target.item or 0) % 900)
    return Observation(target, now, name="A show", prices=(price,), availability=Availability.AVAILABLE)


def _filled(folder: str, targets: int, watchers: int) -> SqliteDocuments:
    """A database with that many watches, copied by the trigger's own function."""
    documents = SqliteDocuments(f"{folder}/bench-{watchers}.db")
    fill(documents, "bench", Unmoved.refusal, targets=targets, watchers=watchers)
    return documents


def _run(documents: SqliteDocuments, number: int) -> Round:
    """One run of the worker as it is deployed: the board's tick, and the outbox's sweep."""
    nobody = Means(documents, {}, Links("https://scout.example"))
    return work(
        documents,
        PLACES,
        {"bench": Unmoved()},
        lambda at: sweep(nobody, now=at, deadline=at + timedelta(minutes=1)),
        run=f"r{number}",
        now=BEGAN + timedelta(minutes=number),
        every=timedelta(seconds=60),
        seconds=600,
    )


def _measured(folder: str, watchers: int, ticks: int) -> dict[str, float]:
    documents = _filled(folder, TARGETS, watchers)
    for number in range(3):  # first looks, and the overlap after them
        _run(documents, number)
    reports = [_run(documents, 3 + number) for number in range(ticks)]
    tracemalloc.start()
    _run(documents, 3 + ticks)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    board = documents.get(board_path("bench-0"))
    return {
        "asked": reports[-1].reports[0].asked,
        "reads": max(report.operations["reads"] for report in reports),
        "writes": max(report.operations["writes"] for report in reports),
        "median_ms": statistics.median(report.reports[0].milliseconds for report in reports),
        "peak_mb": peak / 1e6,
        "board_kb": len(board.fields["blob"]) / 1e3 if board else 0,
    }


def _fullest_board() -> int:
    """Bytes of a board on which no two runs are alike: the most that so many targets can take."""
    luck = Random(1)  # noqa: S311 - the same board every time
    return len(encode({target.id: _restless(target, luck) for target in map(_target, range(TARGETS))}))


def _target(number: int) -> Target:
    return Target(provider="bench", item=sha256(str(number).encode()).hexdigest()[:16])


def _restless(target: Target, luck: Random) -> Row:
    """A target whose price moved at every run it still remembers."""
    history, at, price = History(), BEGAN, luck.randint(2_000, 20_000)
    for _ in range(KEPT_RUNS):
        for pause in (luck.randint(60, 90_000), luck.randint(60, 90_000)):
            at += timedelta(seconds=pause)
            prices = (Price(Basis.FACE, "USD", price),)
            seen = Observation(target, at, prices=prices, availability=Availability.AVAILABLE)
            history = history.after(seen)
        price = max(100, price + luck.randint(-900, 900))
    row = Row(target, BEGAN, history, asked_ms=milliseconds(at), watchers=WATCHERS)
    row.gate.widen({"face_USD": price - luck.randint(100, 900)}, {}, ["historic_low:30"])
    row.gate.widen({"face_USD": price - luck.randint(900, 3_000)}, {"face_USD": price}, [])
    row.weigh()
    a, b, rest, ahead = (luck.randrange(limit) / 1_000_000 for limit in (10**7, 6 * 10**7, 10**7, 10**7))
    row.pace, row.mark = Pace(a, b, 5_000 + ahead - rest, 5_000 + ahead), luck.getrandbits(48)
    row.archived[PriceKey(Basis.FACE, "USD")] = history.runs(PriceKey(Basis.FACE, "USD"))[5].last_ms
    return row


def main() -> int:
    """Print the table; fail if a run costs more than promised, or a full board has no room left."""
    asked, report = arguments(__doc__).parse_args(), Report("tick")
    with tempfile.TemporaryDirectory() as folder:
        found = {watchers: _measured(folder, watchers, asked.runs) for watchers in (1, WATCHERS)}
    for watchers, figures in found.items():
        for name, figure in figures.items():
            report.say(f"{TARGETS:,} targets of {watchers} watchers: {name}", figure)
        report.say(
            f"of {watchers} watchers: share of the document limit", figures["board_kb"] * 1e3 / LIMIT, ".1%"
        )
    fullest = _fullest_board()
    report.say("board_kb if no two runs are alike", fullest / 1e3)
    report.say("its share of the document limit", fullest / LIMIT, ".1%")
    many = found[WATCHERS]
    report.promise("at most 3 reads", holds=many["reads"] <= 3)  # noqa: PLR2004 - the promise
    report.promise("at most 2 writes", holds=many["writes"] <= 2)  # noqa: PLR2004 - the promise
    report.promise("the fullest board takes at most 70 % of a document", holds=fullest < LIMIT * 0.7)
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
