"""How well two markets' entries are joined, on the labelled pairs, and how fast.

    .venv/bin/python bench/matching.py
    .venv/bin/python bench/matching.py --json PATH --wrong

``tests/data/matching/pairs.jsonl`` was written for this project and halved before anything was tuned. The
rules never saw the held-out half, but the files of other names were written by whoever wrote the pairs: its
recall is the best case (``docs/adr/0018``). ``--wrong`` prints every pair that is judged otherwise than
labelled.
"""

import json
import sys
import time
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from msgspec.structs import replace

from bench.report import Report, arguments, median
from watchers.events import Event
from watchers.matching import CONFIDENT, groups, match
from watchers.matching.pairs import Pair, read

PAIRS = ROOT / "tests/data/matching/pairs.jsonl"
MARKETS = ("ticketmaster", "seatgeek", "stubhub", "eventbrite", "bandsintown")
RESULTS = 200  # of each market
PRECISION, RECALL = 0.99, 0.95
START = date(2026, 1, 1)


class Labelled:
    """A pair and what it is, as whoever wrote it said."""

    def __init__(self, line: str) -> None:
        said = json.loads(line)
        self.pair: Pair = read(line)
        self.is_same: bool = said["same"]
        self.is_held_out: bool = said["held_out"]
        self.why: str = said["why"]
        self.found = match(self.pair.a, self.pair.b)


def quality(labelled: Sequence[Labelled]) -> tuple[float, float]:
    """Precision and recall of what is joined."""
    joined = [one.is_same for one in labelled if one.found.same]
    same = sum(one.is_same for one in labelled)
    return sum(joined) / max(1, len(joined)), sum(joined) / max(1, same)


def pairs_a_second(labelled: Sequence[Labelled], runs: int) -> float:
    """One after another in one process; names seen before are not folded again."""
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        for one in labelled:
            match(one.pair.a, one.pair.b)
        seconds.append(time.perf_counter() - began)
    return len(labelled) / median(seconds)


def grouping_ms(events: Sequence[Event], runs: int) -> float:
    """Five markets' two hundred results each into groups."""
    listed = [
        replace(event, provider=market, item=f"{market}-{number}")
        for number, event in enumerate(events[:RESULTS])
        for market in MARKETS
    ]
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        groups(listed)
        seconds.append(time.perf_counter() - began)
    return median(seconds) * 1000


def main() -> int:
    """Print the figures and whether the promise holds."""
    parser = arguments(__doc__)
    parser.add_argument("--wrong", action="store_true", help="print what is judged otherwise than labelled")
    asked = parser.parse_args()
    labelled = [Labelled(line) for line in PAIRS.read_text().splitlines()]
    held_out = [one for one in labelled if one.is_held_out]
    report = Report("matching")
    report.say("labelled pairs", len(labelled))
    report.say("of these not the same", sum(not one.is_same for one in labelled))
    report.say("joined from a score of", CONFIDENT, ".2f")
    for name, some in (("all pairs", labelled), ("the held-out half", held_out)):
        precision, recall = quality(some)
        report.say(f"precision, {name}", precision, ".4f")
        report.say(f"recall, {name}", recall, ".4f")
        report.promise(f"precision >= {PRECISION}, {name}", holds=precision >= PRECISION)
        report.promise(f"recall >= {RECALL}, {name}", holds=recall >= RECALL)
    report.say("pairs a second", pairs_a_second(labelled, asked.runs))
    entries = list({event.name: event for one in labelled for event in (one.pair.a, one.pair.b)}.values())
    first = entries[0]
    nights = [replace(first, date=START + timedelta(night)) for night in range(RESULTS)]
    for name, listed in (("of many artists", entries), ("200 nights of one artist", nights)):
        report.say(f"1,000 entries into groups, {name}", grouping_ms(listed, asked.runs), ",.0f", "ms")
    for one in labelled if asked.wrong else ():
        if one.found.same != one.is_same:
            done = "joined" if one.found.same else "apart"
            print(f"{one.found.score:.3f} {done}: {one.why}: {one.found.reasons}")
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
