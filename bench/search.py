"""How long a search over five markets takes a person, while they answer and while one does not.

    .venv/bin/python bench/search.py
    .venv/bin/python bench/search.py --json PATH

Five markets on this machine answer after 500 ms each, over HTTP, in Ticketmaster's format, 40 events each;
the purses lie in SQLite. Promised: at most 1.3 times the slowest market; 20 ms from the cache; a market that
hangs costs its ten seconds and says so. The markets allow many calls a second here: with few, whoever
searches first waits for the people's turn (at most five calls' spacing), which is no part of this.
"""

import sys
import tempfile
import time
import types
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
sys.modules["tests"] = types.ModuleType("tests")  # mock-firestore installs a package of that name
sys.modules["tests"].__path__ = [str(ROOT / "tests")]

from msgspec.structs import replace

from bench.markets import EVENINGS, markets
from bench.report import Report, arguments, median
from store import open_documents
from watchers.catalog import Catalog
from watchers.catalog.found import Found
from watchers.catalog.inquiry import SECONDS
from watchers.observation import Observation
from watchers.providers.base import Fetched
from watchers.providers.ticketmaster import Ticketmaster
from watchers.quota import Budget
from watchers.target import Target

DELAY, MARKETS = 0.5, 5
AT_MOST, FROM_CACHE, GRACE = 1.3, 0.020, 0.25
PER_DAY, PER_SECOND = 1_000_000, 1_000.0


class Named(Ticketmaster):
    """One of several markets that all speak Ticketmaster's language."""

    def __init__(self, name: str, url: str) -> None:
        super().__init__(None, "not-a-real-key", url, PER_DAY, PER_SECOND)
        self.name = name

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """Under its own name, not Ticketmaster's."""
        fetched = super().fetch(batch, budget, now)
        seen = {target: self._renamed(one) for target, one in fetched.observations.items()}
        return replace(fetched, observations=seen)

    def _renamed(self, seen: Observation) -> Observation:
        own = (replace(one, target=replace(one.target, provider=self.name)) for one in seen.listings or ())
        return replace(seen, listings=tuple(own))


def catalog(urls: Sequence[str], folder: str) -> Catalog:
    """A catalogue over these markets, with a database file of its own."""
    named = {f"market{number}": Named(f"market{number}", url) for number, url in enumerate(urls)}
    return Catalog(open_documents(f"sqlite:///{folder}/scout.db"), named)


def timed(ask: Callable[[], Found]) -> tuple[float, Found]:
    """Seconds, and what was found."""
    began = time.perf_counter()
    found = ask()
    return time.perf_counter() - began, found


def main() -> int:
    """Print the figures; 1 if a promise is broken."""
    asked = arguments(__doc__).parse_args()
    report = Report("search")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        five = catalog(stack.enter_context(markets([DELAY] * MARKETS)), folder)
        cold, _ = timed(lambda: five.search("the first search of a process"))
        searches = [timed(lambda n=n: five.search(f"search {n}")) for n in range(asked.runs)]  # type: ignore[misc]
        kept = [timed(lambda: five.search("search 0")) for _ in range(100)]
        report.say("the first search of a process, everything still to load", 1000 * cold, unit="ms")
        usual = median([seconds for seconds, _ in searches])
        report.say("a search", 1000 * usual, unit="ms")
        report.say("the slowest search", 1000 * max(seconds for seconds, _ in searches), unit="ms")
        report.say("the same again, from the cache", 1000 * median([s for s, _ in kept]), ".2f", "ms")
        slowest_kept = max(seconds for seconds, _ in kept)
        report.say("the slowest of these", 1000 * slowest_kept, ".2f", "ms")
        merged = [len(found.events) for _, found in searches]
        whole = all(not found.absences and len(found.events[0].markets) == MARKETS for _, found in searches)
        report.promise(f"all markets are in every answer, {EVENINGS} events each, merged to as many",
                       holds=whole and set(merged) == {EVENINGS})  # fmt: skip
        report.promise("a search takes at most 1.3 times its slowest market", holds=usual <= AT_MOST * DELAY)
        report.promise("from the cache it takes at most 20 ms", holds=slowest_kept <= FROM_CACHE)

        hanging = catalog(stack.enter_context(markets([*[DELAY] * (MARKETS - 1), None])), f"{folder}/hanging")
        seconds, found = timed(lambda: hanging.search("somebody who never comes"))
        again, _ = timed(lambda: hanging.search("somebody who never comes"))
        report.say("a search while one market hangs", seconds, ".2f", "s")
        report.say("the same again, while it is still hanging", 1000 * again, ".2f", "ms")
        said = found.absences == {f"market{MARKETS - 1}": f"no answer within {SECONDS:g} seconds."}
        report.promise(
            "a market that hangs costs at most its time-out, and 250 ms", holds=seconds <= SECONDS + GRACE
        )
        report.promise("it says so, and the others are there", holds=said and len(found.events) == EVENINGS)
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
