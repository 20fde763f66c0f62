"""What price history costs: document operations a day, bytes a run, and the time of an append and a chart.

    .venv/bin/python bench/price_history.py

Prices move at random moments, 2.5 times a day on average, some targets far more often than others (lognormal,
sigma 1.25). The product's own functions run on each change; operations are counted at the store, as Firestore
bills them, and scaled up to 5,000 targets.
"""

import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tqdm import tqdm

sys.path.insert(0, str(Path(__file__).parent.parent))

from store.sqlite import SqliteDocuments
from watchers import price_history
from watchers.chunks import decode
from watchers.documents import Documents, Query
from watchers.history import KEPT_RUNS, History, Run, milliseconds
from watchers.money import Basis, PriceKey
from watchers.price_history import append, collection, read, ripe
from watchers.rows import Row
from watchers.target import Target

TARGETS, SAMPLE, DAYS, SETTLED = 5_000, 200, 60, 15
MEAN, SIGMA = 2.5, 1.25
FREE_WRITES, TICKS = 20_000, 2 * 24 * 60
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
KEEP = timedelta(days=730)
FACE = PriceKey(Basis.FACE, "USD")
DAY_MS = 86_400_000


def _changes(luck: Random, a_day: float, days: float) -> Iterator[int]:
    """The moments at which a price was first seen to have moved: of a look a minute."""
    at = milliseconds(BEGAN)
    end = at + round(days * DAY_MS)
    while (at := at + 60_000 * max(1, round(luck.expovariate(a_day) * 24 * 60))) < end:
        yield at


def _moved(row: Row, price: int, at: int) -> None:
    """The row sees another price at ``at``; it saw the one before until a minute ago."""
    runs = row.history.runs(FACE)
    closed = tuple(run._replace(last_ms=at - 60_000) for run in runs[-1:])
    runs = (*runs[:-1], *closed, Run(price, at, at))
    row.history = History(prices={FACE: runs[-KEPT_RUNS:]})


def _lives(documents: Documents, row: Row, luck: Random, a_day: float, days: float) -> tuple[int, int]:
    """A target's life: its changes, and its appends once everything has settled."""
    settled, price = milliseconds(BEGAN) + SETTLED * DAY_MS, luck.randint(20_00, 200_00)
    changes = appends = 0
    for at in _changes(luck, a_day, days):
        price = max(1_00, price + luck.randint(-20_00, 20_00) or 1_00)
        _moved(row, price, at)
        now = datetime.fromtimestamp(at / 1000, UTC)
        changes += at >= settled
        if ripe(row, now):
            append(documents, row, now, KEEP)
            appends += at >= settled
    return changes, appends


def _a_day(waiting: int, patience: timedelta) -> tuple[float, float]:
    """Runs and appends a day of 5,000 targets, when so many wait or for so long."""
    price_history.WAITING, price_history.PATIENCE = waiting, patience
    luck, documents = Random(1), SqliteDocuments(":memory:")  # noqa: S311 - the same at every run
    rates = [luck.lognormvariate(0, SIGMA) for _ in range(SAMPLE)]
    scale = MEAN / statistics.mean(rates)
    changes = appends = 0
    for number, rate in enumerate(tqdm(rates, leave=False, disable=None)):
        row = Row(Target(provider="bench", item=str(number)), since=BEGAN)
        moved, appended = _lives(documents, row, luck, rate * scale, DAYS)
        changes, appends = changes + moved, appends + appended
    documents.close()
    share = TARGETS / SAMPLE / (DAYS - SETTLED)
    return changes * share, appends * share


def _two_years(a_day: float) -> None:
    luck, documents = Random(2), SqliteDocuments(":memory:")  # noqa: S311 - the same at every run
    row = Row(Target(provider="bench", item="1"), since=BEGAN)
    _lives(documents, row, luck, a_day, KEEP.days)
    chunks = documents.find(Query(collection(row.target.id)))
    runs = sum(len(several) for chunk in chunks for several in decode(chunk.fields["blob"]).values())
    size = sum(len(chunk.fields["blob"]) for chunk in chunks)
    before = documents.operations["reads"]
    began = time.perf_counter()
    read(documents, row, BEGAN)
    chart, reads = time.perf_counter() - began, documents.operations["reads"] - before
    _moved(row, 1, row.history.runs(FACE)[-1].last_ms + DAY_MS)
    began = time.perf_counter()
    append(documents, row, BEGAN + KEEP, KEEP)
    wrote = time.perf_counter() - began
    documents.close()
    print(
        f"{a_day:>10} {runs:>8,} {len(chunks):>7} {size:>9,} {size / runs:>8.2f}"
        f" {reads:>6} {chart * 1000:>9.1f} {wrote * 1000:>10.1f}"
    )


def main() -> None:
    """Print both tables."""
    chosen = (price_history.WAITING, price_history.PATIENCE)
    print(f"{TARGETS} targets; ticks of one board take {TICKS} of {FREE_WRITES} free writes a day")
    print("runs wait for          runs a day   reads a day  writes a day   runs a write")
    week, month, ever = timedelta(days=7), timedelta(days=30), timedelta(days=10_000)
    full = price_history.WAITING
    ways = (full, timedelta(days=1)), (full, week), (full, month), (full, ever), (3, week), (1, ever)
    for waiting, patience in ways:
        runs, appends = _a_day(waiting, patience)
        said = f"{waiting} or {patience.days} days"
        print(f"{said:<20} {runs:>12,.0f} {appends:>13,.0f} {appends:>13,.0f} {runs / appends:>14.1f}")
    price_history.WAITING, price_history.PATIENCE = chosen
    print("\nmoves a day     runs  chunks     bytes    a run  reads  chart ms  append ms")
    for a_day in (0.3, 1.1, 2.5, 21, 40):
        _two_years(a_day)


if __name__ == "__main__":
    main()
