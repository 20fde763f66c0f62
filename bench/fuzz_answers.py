"""Hostile answers: does any provider's reading of them fail, leak, or make up a price?

    .venv/bin/python bench/fuzz_answers.py --seconds 300

Each provider's own samples are cut, spliced and stuffed as bytes, and changed as JSON (values of other kinds,
fields gone, repeated or moved), by a seeded generator; ``read`` may understand them, or refuse them as an
error of ours, and nothing else. The seconds are each provider's own. Pages have a bench of their own.
"""

import copy
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from bench.fuzz_pages import hostile
from bench.report import Report, arguments, resident_now_mb
from watchers.errors import ProviderError
from watchers.money import CURRENCIES
from watchers.observation import Observation
from watchers.providers import PROVIDERS

NOW = datetime(2026, 10, 1, 12, 0, tzinfo=UTC)
MOST_GROWTH_MB = 50.0
_WARM = 2_000  # cases of each provider, before memory is measured
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 10**30, 1e308, -0.0, 1.005, "", "0", "x", "USD", "XXX", "1,234", "NaN"),
    *("2026-12-31", "1900-01-01T00:00:00Z", "2026-13-45", "\ud800", "\u202e", "a" * 5000, [], {}, [[]], [{}]),
)

_CURRENCIES = ("XXX", "QQQ", "usd", "$", "", None, 5)


def changed(luck: random.Random, answer: Any) -> Any:
    """The same answer with a few of its parts replaced, removed, repeated or moved, and other currencies."""
    answer = copy.deepcopy(answer)
    for _ in range(luck.randint(1, 6)):
        holder, key = luck.choice(list(_places(answer)) or [([answer], 0)])
        others = [inner[at] for inner, at in _places(answer)]
        match luck.randrange(5):
            case 4 if said := [one for one in _places(answer) if "currency" in str(one[1]).lower()]:
                holder, key = luck.choice(said)
                holder[key] = luck.choice(_CURRENCIES)
            case 0:
                holder[key] = copy.deepcopy(luck.choice(_VALUES))
            case 1 if isinstance(holder, dict):
                del holder[key]
            case 2 if isinstance(holder, list):
                holder[key:key] = [copy.deepcopy(holder[key])] * luck.choice((1, 3, 50))
            case _:
                holder[key] = copy.deepcopy(luck.choice(others or list(_VALUES)))
    return answer


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in it that holds something: a container, and a key or an index."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            yield one, key
            waiting.append(one[key])


def _answers(luck: random.Random, samples: list[bytes]) -> Iterator[bytes]:
    trees = [json.loads(sample) for sample in samples]
    while True:
        yield hostile(luck, samples)[:500_000]
        yield json.dumps(changed(luck, luck.choice(trees))).encode()


def _invented(seen: Observation) -> bool:
    """Whether it has a price in a currency that is none, or under 0; a game may be free."""
    everything = (seen, *(seen.listings or ()))
    return any(
        price.low < 0 or price.currency not in CURRENCIES for one in everything for price in one.prices
    )


def _read(name: str, body: bytes, counts: Counter[str]) -> None:
    counts["cases"] += 1
    try:
        seen = PROVIDERS[name]().read(body, NOW)
    except ProviderError:
        counts["refused"] += 1
    except Exception as exc:  # noqa: BLE001 - what this bench looks for
        counts["crashes"] += 1
        print(f"{name}: {type(exc).__name__}: {exc!s:.100}; {body!r:.300}")
    else:
        counts["priced"] += any(one.prices for one in seen)
        counts["invented"] += any(map(_invented, seen))


def main() -> int:
    """Read hostile answers for so long of each provider, and say what became of it."""
    parser = arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(PROVIDERS), help="These; by default all.")
    asked = parser.parse_args()
    luck = random.Random(asked.seed)  # noqa: S311 - not for secrets
    report = Report("fuzz_answers")
    for name in asked.only or [name for name in PROVIDERS if name != "page"]:
        files = sorted((ROOT / "tests/data" / name).glob("*.json"))
        answers = _answers(luck, [file.read_bytes() for file in files if file.name != "kit.json"])
        counts, warm, began = Counter[str](), 0.0, time.monotonic()
        while time.monotonic() - began < asked.seconds:
            _read(name, next(answers), counts)
            if counts["cases"] == _WARM:
                warm = resident_now_mb()
        growth = resident_now_mb() - (warm or resident_now_mb())
        report.say(f"{name}: answers read, with a price", f"{counts['cases']:,}, {counts['priced']:,}")
        report.promise(f"{name}: nothing makes reading fail", holds=counts["crashes"] == 0)
        report.promise(f"{name}: no price is made up", holds=counts["invented"] == 0)
        report.promise(
            f"{name}: memory grows by {growth:.0f} MB, less than 50", holds=growth < MOST_GROWTH_MB
        )
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
