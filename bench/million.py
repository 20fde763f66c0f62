"""A million targets on boards of 5,000: what each board costs, and whether the last costs what the first did.

    .venv/bin/python bench/million.py --boards 20        make bench takes these
    .venv/bin/python bench/million.py --boards 200       a million

Real: the tick, the board's encoding, SQLite in a file. The provider answers from memory, one target in a
hundred with another price than the last time. Each board is founded with its targets' rows, then ticked, one
after another in one process; processor time and bytes are told for the tenths of them. No watch stands behind
a row, so that only what grows with targets is measured.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.report import Report, arguments, median, resident_peak_mb
from store.sqlite import SqliteDocuments
from watchers import board as boards
from watchers.board import Board
from watchers.documents import Create
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.places import Places
from watchers.providers.base import Fetched
from watchers.quota import Budget, Quota
from watchers.rows import Row
from watchers.shards import board_name, shard_of
from watchers.target import Target
from watchers.tick import tick
from watchers.watch import Filters

TARGETS, TICKS, CHANGES = 5_000, 3, 100
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NO_STEP = 1.35  # the last boards may take this many times what the first did: other work on the machine


class Restless:
    """One target in a hundred has another price each time."""

    name = "bench"
    quota = Quota(calls=100_000_000, per=timedelta(days=1), per_second=1_000_000)

    @staticmethod
    def refusal(_target: Target, _filters: Filters) -> None:
        """Everything can be watched."""

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """By fifty."""
        return [list(targets[start : start + 50]) for start in range(0, len(targets), 50)]

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """What it costs now."""
        budget.take()
        return Fetched({target.id: _observed(target, now) for target in batch})

    @staticmethod
    def read(_body: bytes, _now: datetime) -> list[Observation]:
        """Nothing is recorded here."""
        return []


def _observed(target: Target, now: datetime) -> Observation:
    number = int(target.item or 0)
    minutes = (now - BEGAN) // timedelta(minutes=1)
    moved = minutes if (number + minutes) % CHANGES == 0 else 0
    price = Price(Basis.FACE, "USD", 9_000 + number % 900 + moved)
    return Observation(target, now, name="A show", prices=(price,), availability=Availability.AVAILABLE)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one board's tick: processor seconds, and bytes of the board after it."""

    seconds: float
    size: int
    asked: int


def _dealt(boards_in_all: int) -> list[list[int]]:
    """The targets of each board, as their ids have it."""
    dealt: list[list[int]] = [[] for _ in range(boards_in_all)]
    for number in tqdm(range(boards_in_all * TARGETS), "targets", leave=False, disable=None):
        dealt[shard_of(_target(number).id, boards_in_all)].append(number)
    return dealt


def _target(number: int) -> Target:
    return Target(provider="bench", item=str(number))


def _found(documents: SqliteDocuments, shard: int, numbers: Sequence[int], boards_in_all: int) -> None:
    """A board with rows that nobody has looked at yet."""
    targets = map(_target, numbers)
    rows = {target.id: Row(target, BEGAN) for target in targets}
    board = Board(
        board_name("bench", shard), rows, cursor=datetime.now(UTC), shard=shard, shards=boards_in_all
    )
    documents.commit(Create(boards.path(board.name), boards.to_document(board)))


def _tick(documents: SqliteDocuments, name: str, number: int, boards_in_all: int) -> Cost:
    began = time.process_time()
    report = tick(
        documents,
        Places(),
        Restless(),
        board_name=name,
        run=f"r{number}",
        now=BEGAN + timedelta(minutes=1 + number),
        every=timedelta(seconds=60),
        seconds=600,
        shards=boards_in_all,
    )
    seconds = time.process_time() - began
    board = documents.get(boards.path(name))
    return Cost(seconds, len(board.fields["blob"]) if board else 0, report.asked)


def main() -> int:
    """Measure, print, and say in the exit code whether the promises hold."""
    parser = arguments(__doc__)
    parser.add_argument("--boards", type=int, default=20)
    asked = parser.parse_args()
    report = Report("million")
    names = [board_name("bench", shard) for shard in range(asked.boards)]
    costs: dict[str, list[Cost]] = {}
    with tempfile.TemporaryDirectory() as folder:
        documents = SqliteDocuments(f"{folder}/boards.db")
        dealt = _dealt(asked.boards)
        for shard, name in enumerate(tqdm(names, "boards", leave=False, disable=None)):
            _found(documents, shard, dealt[shard], asked.boards)
            costs[name] = [_tick(documents, name, run, asked.boards) for run in range(1 + TICKS)][1:]
    each = [median([cost.seconds for cost in costs[name]]) for name in names]
    sizes = [costs[name][-1].size for name in names]
    tenth = max(1, len(names) // 10)
    first, last = statistics.median(each[:tenth]), statistics.median(each[-tenth:])
    targets = len(names) * TARGETS
    report.say("boards", len(names))
    report.say("targets", targets)
    report.say("processor time a board and tick, median", median(each) * 1e3, ",.0f", "ms")
    report.say("processor time of the first tenth of the boards", first * 1e3, ",.0f", "ms")
    report.say("processor time of the last tenth of the boards", last * 1e3, ",.0f", "ms")
    report.say("processor time a target", median(each) / TARGETS * 1e6, ",.1f", "µs")
    report.say("bytes a target on a board", sum(sizes) / targets, ",.1f")
    report.say("processor seconds a tick of a million targets", median(each) / TARGETS * 1e6, ",.0f", "s")
    report.say("peak resident memory", resident_peak_mb(), ",.0f", "MB")
    looked = all(cost.asked == len(dealt[shard]) for shard, name in enumerate(names) for cost in costs[name])
    report.promise("every target of every board was seen in every tick", holds=looked)
    report.promise(f"the last boards take at most {NO_STEP} times the first", holds=last <= NO_STEP * first)
    report.promise("no board is larger than twice the smallest", holds=max(sizes) <= 2 * min(sizes))
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
