"""How good the schedule is, and what it costs.

    .venv/bin/python bench/schedule.py                  a small world: a minute
    .venv/bin/python bench/schedule.py --json PATH
    .venv/bin/python bench/schedule.py --full           every row of the theory's table: some twenty minutes

The first compares the shipped code with equal intervals and with a clairvoyant who knows every rate, in the
same worlds: medians of ratios over seeds. Then what it takes to choose 50 of 100,000 targets and to learn
from 50 looks (time of the processor, so that a busy machine does not count), and to store them (time that
passed). The exit code of ``--full`` is 1 if a limit was missed.
"""

import sqlite3
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
sys.modules["tests"] = types.ModuleType("tests")  # mock-firestore installs a package of that name
sys.modules["tests"].__path__ = [str(ROOT / "tests")]

from tqdm import tqdm

from bench.report import Report, arguments
from bench.small_world import DAY_MS, START, START_MS, Clairvoyant, Equal, Shipped, Target, delay
from watchers import schedule
from watchers.schedule import Pool

SEEDS = range(1, 6)
WORLDS = {  # targets, looks a day, places a tick, days
    "2,000 targets, 20 looks a day each": (2_000, 40_000, 100, 8),
    "2,000 targets, 2 looks a day each": (2_000, 4_000, 20, 40),
}
BOARD, EVERYBODY, BATCH = 5_000, 100_000, 50
TURNS = 60


def quality() -> dict[str, dict[str, float]]:
    """Of each world: the delay in hours, and its ratio to the two rivals' (medians over seeds)."""
    found = {}
    for name, (targets, per_day, places, days) in WORLDS.items():
        hours: dict[str, list[float]] = {}
        for seed in tqdm(SEEDS, desc=name, leave=False, disable=None):
            for make in (Equal, Clairvoyant, Shipped):
                got = delay(make, seed, targets=targets, per_day=per_day, places=places, days=days)
                hours.setdefault(make.__name__, []).append(got)
        ours = hours["Shipped"]
        found[name] = {
            "mean_hours": statistics.median(ours),
            "to_equal_intervals": _ratio(ours, hours["Equal"]),
            "to_clairvoyant": _ratio(ours, hours["Clairvoyant"]),
            "equal_to_clairvoyant": _ratio(hours["Equal"], hours["Clairvoyant"]),
        }
    return found


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    return statistics.median(one / other for one, other in zip(ours, theirs, strict=True))


def speed() -> dict[str, dict[str, float]]:
    """Milliseconds of a turn, and of learning from what it asked; in SQLite, also of storing it."""
    luck, pool = Random(1), Pool()  # noqa: S311 - the same targets every time
    targets = [
        Target(name, START + timedelta(days=luck.expovariate(1 / 45)), luck.paretovariate(1))
        for name in range(EVERYBODY)
    ]
    for one in targets:
        schedule.admit(one.pace, pool, _urgency(one, pool))
    with tempfile.TemporaryDirectory() as folder, sqlite3.connect(f"{folder}/paces.db") as database:
        database.execute("pragma journal_mode=wal")
        database.execute("create table paces (name integer primary key, a, b, seen_v, due_v, asked_ms)")
        database.executemany("insert into paces values (?, ?, ?, ?, ?, ?)", map(_stored, targets))
        database.commit()
        found = {
            "choose 50 of 100,000 in one list": _timed(lambda at: _turn(targets, pool, at)[0]),
            "choose 50 of a board of 5,000": _timed(lambda at: _turn(targets[:BOARD], pool, at)[0]),
            "learn from 50 looks": _timed(lambda at: _turn(targets[:BOARD], pool, at)[1]),
            "store 50 in SQLite, and commit": _timed(lambda at: _store(database, targets, at)),
            "all three, of 100,000": _timed(
                lambda at: sum(_turn(targets, pool, at)) + _store(database, targets, at)
            ),
        }
    database.close()
    return found


def _urgency(one: Target, pool: Pool) -> float:
    return schedule.urgency(one.pace, pool, weight=one.weight, event_at=one.event_at, now=START)


def _stored(one: Target) -> tuple[float, ...]:
    return (one.name, one.pace.a, one.pace.b, one.pace.seen_v, one.pace.due_v, one.asked_ms)


def _turn(targets: list[Target], pool: Pool, minute: int) -> tuple[float, float]:
    """Seconds of one turn, and of what is learned from it."""
    now, began = START + timedelta(minutes=minute), time.thread_time()
    now_ms = START_MS + minute * 60_000
    chosen = schedule.turn(targets, BATCH, now_ms=now_ms, ceiling_ms=4 * DAY_MS)
    schedule.serve(pool, chosen)
    turned = time.thread_time()
    for one in chosen:
        since = START + timedelta(milliseconds=one.asked_ms - START_MS)
        schedule.observed(
            one.pace, pool, weight=one.weight, event_at=one.event_at, since=since, now=now,
            changed=one.name % 7 == 0,
        )  # fmt: skip
        one.asked_ms = now_ms
    return turned - began, time.thread_time() - turned


def _store(database: sqlite3.Connection, targets: list[Target], minute: int) -> float:
    began = time.perf_counter()
    rows = [_stored(targets[(minute * 7919 + number * 1999) % EVERYBODY]) for number in range(BATCH)]
    database.executemany("replace into paces values (?, ?, ?, ?, ?, ?)", rows)
    database.commit()
    return time.perf_counter() - began


def _timed(turn: Callable[[int], float]) -> dict[str, float]:
    milliseconds = [turn(minute) * 1000 for minute in range(1, TURNS + 1)]
    return {
        "median_ms": statistics.median(milliseconds),
        "p99_ms": statistics.quantiles(milliseconds, n=100)[98],
    }


def full() -> int:
    """Every row of the table of acceptance, as it is measured."""
    from tests.simulation import shipped  # noqa: PLC0415 - needs what only this needs

    if shipped.is_missing():
        print("the simulator (../shared/scheduling/sim.py) is not beside the project", file=sys.stderr)
        return 2
    missed = 0
    for row in shipped.EVERY_ROW:
        for figure in row():
            print(figure, flush=True)
            missed += not figure.is_ok
    print(f"{missed} limits missed")
    return 1 if missed else 0


def main() -> int:
    """Print what was asked for."""
    parser = arguments(__doc__)
    parser.add_argument("--full", action="store_true", help="every row of the theory's table of acceptance")
    asked = parser.parse_args()
    if asked.full:
        return full()
    found = {"quality": quality(), "speed": speed()}
    print(
        f"{f'medians of {len(SEEDS)} seeds':38}{'hours':>8}{'/ equal':>9}{'/ known':>9}{'equal / known':>15}"
    )
    for name, of in found["quality"].items():
        hours, *ratios, equal = of.values()
        print(f"{name:38}{hours:8.3f}{ratios[0]:9.3f}{ratios[1]:9.3f}{equal:15.3f}")
    print(f"\n{'milliseconds':38}{'median':>8}{'p99':>9}")
    for name, of in found["speed"].items():
        print(f"{name:38}{of['median_ms']:8.2f}{of['p99_ms']:9.2f}")
    return Report("schedule", figures=found).end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
