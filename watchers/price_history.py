"""Price history: the closed runs of a target's prices, for charts. ``price_history/{target}/chunks/{n}``.

A run that another run follows is closed and never changes again. Closed runs wait on the board and are moved
together, some six at a time, long before they fall off it: one read and one write. Of a target that leaves
the board all runs are moved, the open one too. A chart is the two newest chunks and what is on the board.

    alerts are created  ─►  history is appended  ─►  the board is saved

A tick that dies in between is repeated, and may by then have seen another price: the board is right about
everything since its oldest run, so what is appended again replaces itself, also where a new chunk was begun
in between. Nothing is there twice, and a run that a lost tick closed too early is mended.

Never here: what anybody was told, and any price that is not on the board first.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from watchers import expiry
from watchers.chunks import Span, Spans, UnreadableChunkError, decode, encode, spans, spliced
from watchers.documents import Create, Document, Documents, Query, Update
from watchers.errors import ConflictError, StoreError
from watchers.history import KEPT_RUNS, Runs, milliseconds, moment
from watchers.homes import Peek
from watchers.money import PriceKey
from watchers.rows import Row

log = logging.getLogger(__name__)

WAITING = KEPT_RUNS - 3  # closed runs of one price that are moved together; two more may still close
PATIENCE = timedelta(days=7)  # at the first change after this long, fewer are moved, too
FULL = 65_536  # bytes after which the next chunk begins: two years of 20 moves a day
AT_ONCE = 250  # targets a tick; those with most to lose go first, the others wait for their next change
THREADS = 8
SHOWN = 2  # chunks read for a chart


class Step(NamedTuple):
    """A price in minor units, seen first at ``since`` and last at ``until`` (aware UTC, whole seconds).

    Between two steps nothing is known: nobody looked, or there was no price. A price that was the same before
    and after is one step.
    """

    since: datetime
    until: datetime
    price: int


class Series(msgspec.Struct, frozen=True):
    """The steps of each price key, oldest first.

    Attributes:
        since: From when on they are complete; later than asked for where more is kept than a chart reads.
        steps: What was published, freaks included.
        damaged: Numbers of the chunks that could not be read, and whose steps are missing.
    """

    since: datetime
    steps: Mapping[PriceKey, tuple[Step, ...]] = msgspec.field(default_factory=dict)
    damaged: tuple[int, ...] = ()


class _Chunk(msgspec.Struct, frozen=True):
    """A chunk as it was read; ``prices`` is ``None`` where it is damaged."""

    number: int
    document: Document
    prices: Spans | None

    @property
    def has_room(self) -> bool:
        return self.prices is not None and len(self.document.fields["blob"]) < FULL


def collection(target_id: str) -> str:
    """Where the chunks of a target lie."""
    return f"price_history/{target_id}/chunks"


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────


def ripe(row: Row, now: datetime) -> bool:
    """Whether closed runs should be moved now: enough of one price wait, or one has waited for a week."""
    waiting = [_waiting(row, key, runs) for key, runs in row.history.prices.items()]
    oldest = milliseconds(now - PATIENCE)
    return any(len(runs) >= WAITING or (runs and runs[0].last_ms < oldest) for runs in waiting)


def _waiting(row: Row, key: PriceKey, runs: Runs[int]) -> Runs[int]:
    """The closed runs of a price that came after the last one in the history, or seem to.

    Others may have ended in the same second; that one itself is the first of them.
    """
    archived = row.archived.get(key)
    if archived is None:
        return runs[:-1]
    return tuple(run for run in runs[:-1] if run.last_ms // 1000 >= archived // 1000)[1:]


def append(documents: Documents, row: Row, now: datetime, keep: timedelta, *, has_left: bool = False) -> None:
    """Move the closed runs to the newest chunk (one read, one write), and forget what is older than ``keep``.

    The open ones too where the row ``has_left`` its board: they do not grow any more.

    A full chunk, or one that cannot be read, is left as it is and the next one begun.
    What is there already is not written again.

    Raises:
        StoreError: nothing is known to be written, and the row is as it was; repeating it is harmless.
    """
    ended = {key: runs if has_left else runs[:-1] for key, runs in row.history.prices.items()}
    closed = {key: spans(runs) for key, runs in ended.items() if runs}
    if not closed:
        return
    newest = next(iter(_newest(documents, row.target.id, 1)), None)
    if newest is not None and newest.prices is not None and newest.has_room:
        number = newest.number
        _extend(documents, newest, newest.prices, closed, now - keep, keep)
    else:
        number = newest.number + 1 if newest else row.chunk
        _begin(documents, f"{collection(row.target.id)}/{number}", closed, now, keep)
    row.chunk = number
    row.archived = {key: runs[-2].last_ms for key, runs in row.history.prices.items() if len(runs) > 1}


def _newest(documents: Documents, target_id: str, count: int) -> list[_Chunk]:
    """So many chunks, the newest first: as many reads."""
    found = documents.find(Query(collection(target_id), ("newest_first",), "<=", 0, limit=count))
    return [_Chunk(-document.fields["newest_first"], document, _prices(document)) for document in found]


def _prices(document: Document) -> Spans | None:
    try:
        return decode(document.fields["blob"])
    except UnreadableChunkError as exc:
        log.error("price_history.damaged", extra={"chunk": document.path, "why": str(exc)})  # noqa: TRY400
        return None


def _extend(
    documents: Documents, chunk: _Chunk, stored: Spans, closed: Spans, oldest: datetime, keep: timedelta
) -> None:
    kept = _since(spliced(stored, closed), oldest)
    if kept != stored:
        fields = _fields(chunk.number, kept, keep)
        documents.commit(Update(chunk.document.path, fields, chunk.document.version))


def _since(prices: Spans, oldest: datetime) -> dict[PriceKey, list[Span]]:
    """Without what was last seen before, and without keys that nothing is left of."""
    kept = {
        key: [one for one in several if one.last >= oldest.timestamp()] for key, several in prices.items()
    }
    return {key: several for key, several in kept.items() if several}


def _begin(documents: Documents, path: str, closed: Spans, now: datetime, keep: timedelta) -> None:
    number = int(path.rsplit("/", 1)[1])
    fields = _fields(number, _since(closed, now - keep), keep) | {"begun_at": now}
    documents.commit(Create(path, fields))


def _fields(number: int, prices: Spans, keep: timedelta) -> dict[str, object]:
    """A chunk's document: ``newest_first`` puts the newest first; it ends with its last price."""
    newest = max((several[-1].last for several in prices.values()), default=0)
    return {
        "newest_first": -number,
        "blob": encode(prices),
        expiry.FIELD: moment(newest * 1000) + keep,
    }


def archive(
    documents: Documents, rows: Iterable[Row], now: datetime, keep: timedelta, *, left: Sequence[Row] = ()
) -> Counter[str]:
    """Append what is ripe of these rows, after their alerts and before their board is saved.

    Of those that have ``left`` the board everything, and first: with them goes what is not appended now,
    because it fails or more leave than one tick appends (``AT_ONCE``).

    One row that fails is an outcome that is counted: it is as it was, and tried again when it changes again.

    Returns:
        How many rows were ``archived``, and how many were not, by why: ``history_conflict``,
        ``history_unavailable``, ``history_crashed``, ``history_put_off``. With ``keep`` zero, none.
    """
    gone = {id(row): row for row in left if row.history.prices}
    ripened = sorted((row for row in rows if id(row) not in gone and ripe(row, now)), key=_lost_first)
    waiting = [*gone.values(), *ripened] if keep else []
    if not waiting:
        return Counter()
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = Counter(
            pool.map(
                lambda row: _outcome(documents, row, now, keep, has_left=id(row) in gone), waiting[:AT_ONCE]
            )
        )
    if put_off := len(waiting) - AT_ONCE:
        outcomes["history_put_off"] = max(0, put_off)
    return +outcomes


def _lost_first(row: Row) -> int:
    return -max(len(_waiting(row, key, runs)) for key, runs in row.history.prices.items())


def _outcome(documents: Documents, row: Row, now: datetime, keep: timedelta, *, has_left: bool) -> str:
    try:
        append(documents, row, now, keep, has_left=has_left)
    except ConflictError:
        return "history_conflict"
    except StoreError as exc:
        log.warning("price_history.unwritten", extra={"target": row.target.id, "why": type(exc).__name__})
        return "history_unavailable"
    except Exception:  # one poisoned row must not stop the tick
        log.exception("price_history.crashed", extra={"target": row.target.id})
        return "history_crashed"
    return "archived"


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────


def read(documents: Documents, row: Row, since: datetime) -> Series:
    """What is known of a target's prices since then: at most two reads."""
    return read_target(documents, row.target.id, since, row.history.prices)


def read_target(
    documents: Documents, target_id: str, since: datetime, runs: Mapping[PriceKey, Runs[int]] | None = None
) -> Series:
    """The same from ``runs`` of the board; without them, of a target that has left it."""
    chunks = _newest(documents, target_id, SHOWN)
    merged: Spans = {}
    for chunk in reversed(chunks):
        merged = spliced(merged, chunk.prices or {})
    merged = spliced(merged, {key: spans(several) for key, several in (runs or {}).items()})
    steps = {key: _steps(several, since) for key, several in sorted(merged.items())}
    return Series(
        _complete_since(chunks, since),
        {key: several for key, several in steps.items() if several},
        tuple(chunk.number for chunk in chunks if chunk.prices is None),
    )


def past(documents: Documents, target_id: str, since: datetime) -> Series:
    """What the board and the price history know of a target, also of one that has left its board."""
    row = None
    with suppress(ValueError):  # no target's id: no board knows it
        row = Peek(documents).row(target_id)
    return read(documents, row, since) if row else read_target(documents, target_id, since)


def _steps(several: Sequence[Span], since: datetime) -> tuple[Step, ...]:
    shown = (one for one in several if one.last >= since.timestamp())
    return tuple(
        Step(max(moment(one.first * 1000), since), moment(one.last * 1000), one.price) for one in shown
    )


def _complete_since(chunks: Sequence[_Chunk], since: datetime) -> datetime:
    """Where chunks before these may exist, these are complete from when the oldest was begun."""
    oldest = chunks[-1] if len(chunks) == SHOWN else None
    return since if oldest is None or oldest.number == 0 else max(since, oldest.document.fields["begun_at"])


def within(series: Series, since: datetime) -> Series:
    """The part of it from then on."""
    cut = {
        key: tuple(step._replace(since=max(step.since, since)) for step in steps if step.until >= since)
        for key, steps in series.steps.items()
    }
    kept = {key: steps for key, steps in cut.items() if steps}
    return Series(max(series.since, since), kept, series.damaged)


def lowest(steps: Sequence[Step]) -> int | None:
    """The lowest price of these steps; ``None`` without any."""
    return min((step.price for step in steps), default=None)


def highest(steps: Sequence[Step]) -> int | None:
    """The highest price of these steps; ``None`` without any."""
    return max((step.price for step in steps), default=None)


def typical(steps: Sequence[Step]) -> int | None:
    """The median by time: half of the time in which a price was seen it was at most this; ``None`` if never.

    A price that only one look saw counts for a second.
    """
    by_price = sorted((step.price, (step.until - step.since).total_seconds() + 1) for step in steps)
    half = sum(seconds for _, seconds in by_price) / 2
    for price, seconds in by_price:
        half -= seconds
        if half <= 0:
            return price
    return None
