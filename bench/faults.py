"""Delivery under every fault we can provoke, with real processes that are killed: as many runs as you like.

    .venv/bin/python bench/faults.py --runs 500
    .venv/bin/python bench/faults.py --runs 150 --emulator
    .venv/bin/python bench/faults.py --every-line       killed at each line of one scenario in turn
    .venv/bin/python bench/faults.py --seed 17          one run again, and its story

What holds in each run is in ``tests/faults/invariants.py``. The exit code is 1 if anything did not.
"""

import argparse
import multiprocessing
import sys
import time
import types
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
sys.modules["tests"] = types.ModuleType("tests")  # mock-firestore installs a package of that name
sys.modules["tests"].__path__ = [str(ROOT / "tests")]

from tqdm import tqdm

from tests.faults.nursery import Nursery
from tests.faults.play import Played, play
from tests.faults.scenario import drawn
from tests.faults.series import every_line, lines_in_all
from tests.firestore_emulator import running_emulator, why_missing

_GROUPS = ("processes", "died", "outlived", "commit", "twilio", "callback", "mail", "reconcile", "uncertain")


def main() -> None:
    """Run, print, and exit with 1 if a promise was not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--first", type=int, default=1, help="the first seed, or line")
    parser.add_argument("--seed", type=int, help="only this one, and its story")
    parser.add_argument("--every-line", action="store_true", help="kill at every line of one scenario")
    parser.add_argument("--nth", type=int, default=1, help="of these, every n-th")
    parser.add_argument("--emulator", action="store_true", help="on Firestore's emulator, else on SQLite")
    parser.add_argument("--at-once", type=int, default=2, help="runs at the same time")
    asked = parser.parse_args()
    if asked.emulator and (reason := why_missing()):
        sys.exit(reason)
    with ExitStack() as closing:
        emulator = closing.enter_context(running_emulator()) if asked.emulator else None
        if asked.seed is not None:
            with Nursery() as nursery:
                print("\n".join(_story(play(drawn(asked.seed), nursery, emulator))))
            return
        began = time.monotonic()
        jobs = list(_jobs(asked, emulator))
        context = multiprocessing.get_context("fork")
        with context.Pool(asked.at_once) as pool:
            played = list(tqdm(pool.imap_unordered(_one, jobs), total=len(jobs), disable=None))
    store = "the Firestore emulator" if asked.emulator else "SQLite"
    what = "every line" if asked.every_line else f"seeds {asked.first} to {asked.first + asked.runs - 1}"
    print(f"{len(played)} runs on {store}, {what}, in {time.monotonic() - began:.0f} s")
    sys.exit(report(played))


def _jobs(asked: argparse.Namespace, emulator: str | None) -> Iterator[tuple[str, int, str | None]]:
    if not asked.every_line:
        yield from (("seed", asked.first + number, emulator) for number in range(asked.runs))
        return
    with Nursery() as nursery:
        lines = lines_in_all(nursery, emulator)
    print(f"{lines} lines are executed between the first effect and the last")
    yield from (("line", line, emulator) for line in range(asked.first, lines + 1, asked.nth))


_nursery: list[Nursery] = []


def _one(job: tuple[str, int, str | None]) -> Played:
    """In a process of the pool, whose nursery ends with it."""
    if not _nursery:
        _nursery.append(Nursery().__enter__())
    kind, number, emulator = job
    return play(drawn(number) if kind == "seed" else every_line(number), _nursery[0], emulator)


def report(played: list[Played]) -> int:
    """Print what happened; 1 if a promise was not kept."""
    counts = sum((one.counts for one in played), Counter[str]())
    for group in ("alerts", "alert", "copy", "texts", "letters", *_GROUPS):
        for name, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])):
            if name.split()[0].rstrip(",") == group:
                print(f"{count:8,}  {name}")
    broken = [one for one in played if one.violations]
    for one in broken:
        print(f"seed {one.scenario.seed}: {'; '.join(one.violations)}")
    print(f"{sum(len(one.violations) for one in played)} violations in {len(broken)} runs")
    return bool(broken)


def _story(played: Played) -> list[str]:
    return [*played.story, *(f"VIOLATION {one}" for one in played.violations or ["none"])]


if __name__ == "__main__":
    main()
