"""The rows of a board as one compressed blob, and back.

Column by column, because like values side by side compress best: 5,000 targets whose every run differs must
stay under 70 % of a document's 1 MiB (``make bench`` prints the figure). Times are whole milliseconds, those
of past runs whole seconds.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from itertools import accumulate
from typing import Any, TypeVar

from watchers.history import Facts, History, Lows, Run, Runs, Seen, milliseconds, moment
from watchers.models import Availability, EventStatus
from watchers.money import PriceKey
from watchers.rows import Gate, Row
from watchers.watch import Target

FORMAT = 1
V = TypeVar("V")


class UnreadableBoardError(Exception):
    """The blob is not a board of a format this code reads."""


def encode(rows: Mapping[str, Row]) -> bytes:
    """The rows as a blob. A time's fraction of a millisecond is lost."""
    columns = {name: [column(row) for row in rows.values()] for name, column in _COLUMNS.items()}
    content = {"format": FORMAT, "ids": list(rows), "columns": columns}
    return zlib.compress(json.dumps(content, separators=(",", ":")).encode(), 6)


def decode(blob: bytes) -> dict[str, Row]:
    """The inverse of ``encode``.

    Raises:
        UnreadableBoardError: the blob is damaged, or of another format.
    """
    try:
        content = json.loads(zlib.decompress(blob))
        if content["format"] != FORMAT:
            raise UnreadableBoardError(f"board format {content['format']}, not {FORMAT}")
        columns = content["columns"]
        entries = zip(*(columns[name] for name in _COLUMNS), strict=True)
        cells = (dict(zip(_COLUMNS, entry, strict=True)) for entry in entries)
        return {key: _row(cell) for key, cell in zip(content["ids"], cells, strict=True)}
    except (zlib.error, ValueError, KeyError, TypeError, AttributeError, OverflowError) as exc:
        raise UnreadableBoardError("the board's content is damaged") from exc


_COLUMNS: Mapping[str, Callable[[Row], Any]] = {
    "target": lambda row: row.target.to_document(),
    "since": lambda row: _ms(row.since),
    "asked_after": lambda row: (
        None if row.asked_at is None else milliseconds(row.asked_at) - (_ms(row.history.seen_at) or 0)
    ),
    "failures": lambda row: row.failures,
    "unseen_why": lambda row: row.unseen_why,
    "watchers": lambda row: row.watchers,
    "fresh": lambda row: row.fresh,
    "urgent": lambda row: int(row.urgent),
    "blind": lambda row: int(row.blind),
    "fires_at": lambda row: {str(key): price for key, price in row.gate.fires_at.items()},
    "rearms_at": lambda row: {str(key): price for key, price in row.gate.rearms_at.items()},
    "waits_for": lambda row: sorted(row.gate.waits_for),
    "prices": lambda row: {str(key): _flat(runs) for key, runs in row.history.prices.items()},
    "lows": lambda row: {str(key): _flat_lows(lows) for key, lows in row.history.lows.items()},
    "availability": lambda row: _flat(row.history.availability),
    "facts": lambda row: _flat_facts(row.history.facts),
    "listed": lambda row: None if row.history.listed is None else "".join(row.history.listed.digests),
    "empty_looks": lambda row: row.history.empty_looks,
    "seen_at": lambda row: _ms(row.history.seen_at),
}


def _asked_at(cell: Mapping[str, Any]) -> datetime | None:
    """Kept as milliseconds since it was last seen, mostly none: a column of zeros takes no room."""
    after = cell["asked_after"]
    return None if after is None else moment(after + (cell["seen_at"] or 0))


def _row(cell: Mapping[str, Any]) -> Row:
    history = History(
        prices={PriceKey.parse(key): _runs(flat, int) for key, flat in cell["prices"].items()},
        lows={PriceKey.parse(key): _lows(flat) for key, flat in cell["lows"].items()},
        availability=_runs(cell["availability"], Availability),
        facts=None if cell["facts"] is None else _facts(cell["facts"]),
        listed=None if cell["listed"] is None else _seen(cell["listed"]),
        empty_looks=cell["empty_looks"],
        seen_at=_at(cell["seen_at"]),
    )
    return Row(
        target=Target.model_validate(cell["target"]),
        since=moment(cell["since"]),
        history=history,
        gate=Gate(_by_key(cell["fires_at"]), _by_key(cell["rearms_at"]), set(cell["waits_for"])),
        watchers=cell["watchers"],
        fresh=tuple(cell["fresh"]),
        urgent=bool(cell["urgent"]),
        asked_at=None
        if cell["asked_after"] is None
        else moment(cell["asked_after"] + (cell["seen_at"] or 0)),
        failures=cell["failures"],
        unseen_why=cell["unseen_why"],
        blind=bool(cell["blind"]),
    )


def _ms(at: datetime | None) -> int | None:
    return None if at is None else milliseconds(at)


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)


def _by_key(prices: Mapping[str, int]) -> dict[PriceKey, int]:
    return {PriceKey.parse(key): price for key, price in prices.items()}


def _flat(runs: Runs[Any]) -> list[list[Any]]:
    """Values, gaps before each run, lengths and looks, each in a row. Past runs are kept to the second."""
    if not runs:
        return []
    starts = [run.first_ms // 1000 for run in runs]
    ends = [run.last_ms // 1000 for run in runs]
    gaps = [start - end for start, end in zip(starts, [0, *ends], strict=False)]
    lengths = [end - start for start, end in zip(starts, ends, strict=True)]
    return [[run.value for run in runs], gaps, lengths, [run.looks for run in runs], [runs[-1].last_ms]]


def _runs(flat: Sequence[Sequence[Any]], value: Callable[[Any], V]) -> Runs[V]:
    if not flat:
        return ()
    values, gaps, lengths, looks, (newest,) = flat
    ends = list(accumulate(gap + length for gap, length in zip(gaps, lengths, strict=True)))
    firsts = [(end - length) * 1000 for end, length in zip(ends, lengths, strict=True)]
    lasts = [*(end * 1000 for end in ends[:-1]), newest]
    return tuple(map(Run, map(value, values), firsts, lasts, looks))


def _flat_lows(lows: Lows) -> list[Any]:
    return [_ms(lows.since), [day.toordinal() for day, _ in lows.days], [low for _, low in lows.days]]


def _lows(flat: Sequence[Any]) -> Lows:
    since, days, lowest = flat
    return Lows(moment(since), tuple(zip(map(date.fromordinal, days), lowest, strict=True)))


def _flat_facts(facts: Facts | None) -> list[Any] | None:
    if facts is None:
        return None
    day = facts.starts_on.toordinal() if facts.starts_on else None
    presales = [[name, _ms(at)] for name, at in facts.presales]
    return [facts.status, day, _ms(facts.starts_at), _ms(facts.onsale_at), presales]


def _facts(flat: Sequence[Any]) -> Facts:
    status, day, starts_at, onsale_at, presales = flat
    return Facts(
        EventStatus(status) if status else None,
        date.fromordinal(day) if day else None,
        _at(starts_at),
        _at(onsale_at),
        tuple((name, moment(at)) for name, at in presales),
    )


def _seen(joined: str) -> Seen:
    return Seen(dict.fromkeys(joined[start : start + 12] for start in range(0, len(joined), 12)))
