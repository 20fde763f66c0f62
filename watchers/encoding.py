"""The rows of a board as one compressed blob, and back.

Column by column, because like values side by side compress best: 5,000 targets whose every run differs must
stay under 70 % of a document's 1 MiB (``make bench`` prints the figure). What is rarely needed of a row
(history and gate) is packed for itself and stays packed: reading a board unpacks none, and writing it packs
only the rows that were opened. Times are whole milliseconds, those of past runs whole seconds.
"""

import logging
import operator
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Any, TypeVar

import msgspec

from watchers.demand import Demand
from watchers.history import (
    Facts,
    History,
    Lows,
    Run,
    Runs,
    Seen,
    milliseconds,
    minutes_east,
    moment,
    on_clock,
)
from watchers.money import PriceKey
from watchers.observation import Availability, EventStatus, ItemCondition
from watchers.rows import ANYTHING, Gate, Row
from watchers.schedule import Pace
from watchers.target import Target, asked

log = logging.getLogger(__name__)

FORMAT = 2
_LEVEL = 1  # of zlib: a higher one saves 1 % of the bytes for twice the time
_SEVEN_BITS, _MORE = 0x7F, 0x80
_MICRO = 1_000_000  # the schedule's numbers are kept in millionths
V = TypeVar("V")


class UnreadableBoardError(Exception):
    """The blob is not a board of a format this code reads."""


class _Columns(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What is needed of every row in every tick, and the rest of each as bytes."""

    format: int
    target: list[bytes]
    since: list[int]
    asked_after: list[int | None]  # ms since it was last seen, mostly 0; None: never asked
    seen_ms: list[int]
    watchers: list[int]
    fresh: list[list[str]]
    urgent: list[bool]
    failures: list[int]
    unseen_why: list[str]
    blind: list[bool]
    patience_ms: list[int]
    a: list[int]
    b: list[int]
    rest_v: list[int]  # due_v - seen_v
    due_v: list[int]
    weight: list[int]
    event_ms: list[int]
    cost: list[int]
    chunk: list[int]
    mark: list[int]
    repeats: list[int]
    repeated_ms: list[int]
    rare: list[bytes]
    favour: list[int] = []  # left out where there is none


class _Packed(msgspec.Struct, frozen=True):
    """What ``packed`` made of one row; implements ``rows.Closed``."""

    content: bytes

    def opened(self, target: Target, seen_ms: int) -> tuple[History, Gate, dict[PriceKey, int]]:
        """See ``rows.Closed``. What is damaged is forgotten, and the next look concerns everybody."""
        try:
            return unpacked(self.content, seen_ms)
        except UnreadableBoardError:
            log.exception("row.unreadable", extra={"target": target.id})
            return History(), Gate(waits_for={ANYTHING}), {}


_DAMAGE = (
    msgspec.MsgspecError,
    zlib.error,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
)
_NAMES = _Columns.__struct_fields__[1:]
_COLUMNS = msgspec.msgpack.Decoder(_Columns)
_UNPACK = msgspec.msgpack.Decoder()


def encode(rows: Mapping[str, Row]) -> bytes:
    """The rows as a blob; their keys are their targets' ids. A time's fraction of a millisecond is lost."""
    entries = [_cells(row) for row in rows.values()]
    columns = [list(column) for column in zip(*entries, strict=True)] or [[] for _ in _NAMES]
    if not any(columns[-1]):
        columns.pop()
    return zlib.compress(msgspec.msgpack.encode([FORMAT, *columns]), _LEVEL)


def decode(blob: bytes) -> dict[str, Row]:
    """The inverse of ``encode``; its rows are closed.

    Raises:
        UnreadableBoardError: the blob is damaged, or of another format.
    """
    try:
        content = zlib.decompress(blob)
        columns = _COLUMNS.decode(content)
        if columns.format != FORMAT:
            raise UnreadableBoardError(f"board format {columns.format}, not {FORMAT}")
        columns.favour = columns.favour or [0] * len(columns.target)
        entries = zip(*(getattr(columns, name) for name in _NAMES), strict=True)
        return {row.target.id: row for row in (_row(*cells) for cells in entries)}
    except _DAMAGE as exc:
        raise UnreadableBoardError("the board's content is damaged") from exc


def _cells(row: Row) -> tuple[Any, ...]:
    pace = row.pace
    return (
        row.target.question,
        milliseconds(row.since),
        row.asked_ms - row.seen_ms if row.asked_ms else None,
        row.seen_ms,
        row.watchers,
        row.fresh,
        row.urgent,
        row.failures,
        row.unseen_why,
        row.blind,
        row.patience_ms,
        round(pace.a * _MICRO),
        round(pace.b * _MICRO),
        round(pace.due_v * _MICRO) - round(pace.seen_v * _MICRO),
        round(pace.due_v * _MICRO),
        round(row.weight * 100),
        row.event_ms,
        row.cost,
        row.chunk,
        row.mark,
        row.repeats,
        row.repeated_ms,
        row.closed.content if isinstance(row.closed, _Packed) else packed(row),
        row.favour,
    )


def _row(  # noqa: PLR0913, PLR0917 - one argument a column
    target: bytes, since: int, asked_after: int | None, seen_ms: int, watchers: int, fresh: list[str],
    urgent: bool, failures: int, unseen_why: str, blind: bool, patience_ms: int,
    a: int, b: int, rest_v: int, due_v: int, weight: int, event_ms: int, cost: int, chunk: int, mark: int,
    repeats: int, repeated_ms: int, rare: bytes, favour: int,
) -> Row:  # fmt: skip
    row: Row = Row.__new__(Row)  # history, gate and archived stay unset: see Row.__getattr__
    row.target = _asked(target)
    row.since = moment(since)
    row.asked_ms = 0 if asked_after is None else seen_ms + asked_after
    row.seen_ms, row.watchers, row.fresh, row.urgent = seen_ms, watchers, tuple(fresh), urgent
    row.favour = favour
    row.failures, row.unseen_why, row.blind, row.patience_ms = failures, unseen_why, blind, patience_ms
    row.pace = Pace(a / _MICRO, b / _MICRO, (due_v - rest_v) / _MICRO, due_v / _MICRO)
    row.weight, row.event_ms, row.cost, row.chunk = weight / 100, event_ms, cost, chunk
    row.mark, row.repeats, row.repeated_ms, row.closed = mark, repeats, repeated_ms, _Packed(rare)
    return row


@lru_cache(maxsize=1 << 15)
def _asked(question: bytes) -> Target:
    """The target of a question: validated once, as most boards are read every minute."""
    return asked(question)


# ── what is rarely needed ────────────────────────────────────────────────────────────────────────────────


def packed(row: Row) -> bytes:
    """What is rarely needed of a row, for itself."""
    history, gate, seen_ms = row.history, row.gate, row.seen_ms
    listed = None if history.listed is None else bytes.fromhex("".join(history.listed.digests))
    return msgspec.msgpack.encode(
        [
            {str(key): _packed_runs(runs, seen_ms) for key, runs in history.prices.items()},
            {str(key): _packed_lows(lows) for key, lows in history.lows.items()},
            _packed_runs(_numbered(history.availability), seen_ms),
            None if history.facts is None else _flat_facts(history.facts),
            listed,
            history.empty_looks,
            {str(key): price for key, price in gate.fires_at.items()},
            {str(key): price for key, price in gate.rearms_at.items()},
            sorted(gate.waits_for),
            {str(key): steps for key, steps in gate.demand.limits.items()},
            gate.demand.kinds,
            {str(key): _place(history.runs(key), last) for key, last in row.archived.items()},
        ]
    )


def unpacked(content: bytes, seen_ms: int) -> tuple[History, Gate, dict[PriceKey, int]]:
    """History, gate and ``archived`` of a row that was last seen at ``seen_ms``: the inverse of ``packed``.

    Raises:
        UnreadableBoardError: the bytes are not what ``packed`` wrote.
    """
    try:
        return _rare(_UNPACK.decode(content), seen_ms)
    except _DAMAGE as exc:
        raise UnreadableBoardError("a row of the board is damaged") from exc


def _rare(cells: list[Any], seen_ms: int) -> tuple[History, Gate, dict[PriceKey, int]]:
    prices, lows, availability, facts, listed, empty, fires, rearms, waits, limits, kinds, archived = cells
    history = History(
        prices={PriceKey.parse(key): _runs(content, seen_ms) for key, content in prices.items()},
        lows={PriceKey.parse(key): _lows(content) for key, content in lows.items()},
        availability=_named(_runs(availability, seen_ms)),
        facts=None if facts is None else _facts(facts),
        listed=None if listed is None else _seen(listed.hex()),
        empty_looks=empty,
        seen_at=moment(seen_ms) if seen_ms else None,
    )
    gate = Gate(_by_key(fires), _by_key(rearms), set(waits), Demand(_by_key(limits), dict(kinds)))
    places = {key: place for key, place in _by_key(archived).items() if place}
    return history, gate, {key: history.runs(key)[place - 1].last_ms for key, place in places.items()}


def _place(runs: Runs[int], last_ms: int) -> int:
    """Which run ends at ``last_ms``, counted from 1; 0: none that is still on the board."""
    return next((place for place, run in enumerate(runs, 1) if run.last_ms // 1000 == last_ms // 1000), 0)


def _by_key(values: Mapping[str, V]) -> dict[PriceKey, V]:
    return {PriceKey.parse(key): value for key, value in values.items()}


def _packed_runs(runs: Runs[int], seen_ms: int) -> bytes:
    """Newest first: how long before ``seen_ms`` it ended, the seconds back from there, values and looks.

    Past runs are kept to the second, the last look to the millisecond.
    """
    if not runs:
        return b""
    back = [second for run in reversed(runs) for second in (run.last_ms // 1000, run.first_ms // 1000)]
    pauses = [later - earlier for later, earlier in pairwise(back)]
    values = _differences([run.value for run in reversed(runs)])
    return _numbers([seen_ms - runs[-1].last_ms, *pauses, *values, *(run.looks for run in reversed(runs))])


def _runs(content: bytes, seen_ms: int) -> Runs[int]:
    if not content:
        return ()
    ended, *numbers = _whole_numbers(content)
    count = (len(numbers) + 1) // 4
    last_ms = seen_ms - ended
    pauses, values, looks = (
        numbers[: 2 * count - 1],
        numbers[2 * count - 1 : 3 * count - 1],
        numbers[3 * count - 1 :],
    )
    back = [second * 1000 for second in accumulate(pauses, operator.sub, initial=last_ms // 1000)]
    backwards = [
        Run(value, first, last, number)
        for value, last, first, number in zip(accumulate(values), back[::2], back[1::2], looks, strict=True)
    ]
    backwards[0] = backwards[0]._replace(last_ms=last_ms)
    return tuple(reversed(backwards))


_AVAILABILITY = list(Availability)


def _numbered(runs: Runs[Availability]) -> Runs[int]:
    return tuple(Run(_AVAILABILITY.index(run.value), *run[1:]) for run in runs)


def _named(runs: Runs[int]) -> Runs[Availability]:
    return tuple(Run(_AVAILABILITY[run.value], *run[1:]) for run in runs)


def _packed_lows(lows: Lows) -> bytes:
    days = [day.toordinal() for day, _ in lows.days]
    return _numbers(
        [milliseconds(lows.since), *_differences(days), *_differences([low for _, low in lows.days])]
    )


def _lows(content: bytes) -> Lows:
    since, *numbers = _whole_numbers(content)
    half = len(numbers) // 2
    days = map(date.fromordinal, accumulate(numbers[:half]))
    return Lows(moment(since), tuple(zip(days, accumulate(numbers[half:]), strict=True)))


def _differences(numbers: Sequence[int]) -> Iterator[int]:
    if numbers:
        yield numbers[0]
        yield from (later - earlier for earlier, later in pairwise(numbers))


def _numbers(numbers: Iterable[int]) -> bytes:
    """Small numbers in few bytes: seven bits a byte, the sign in the lowest (varint, zigzag)."""
    content = bytearray()
    for number in numbers:
        rest = number << 1 if number >= 0 else (-number << 1) - 1
        while rest > _SEVEN_BITS:
            content.append(rest & _SEVEN_BITS | _MORE)
            rest >>= 7
        content.append(rest)
    return bytes(content)


def _whole_numbers(content: bytes) -> list[int]:
    numbers, rest, shift = [], 0, 0
    for byte in content:
        rest |= (byte & _SEVEN_BITS) << shift
        if byte & _MORE:
            shift += 7
            continue
        numbers.append(-(rest + 1 >> 1) if rest & 1 else rest >> 1)
        rest = shift = 0
    if shift:
        raise ValueError("a number without an end")
    return numbers


def _flat_facts(facts: Facts) -> list[Any]:
    day = facts.starts_on.toordinal() if facts.starts_on else None
    presales = [[name, milliseconds(at)] for name, at in facts.presales]
    flat = [facts.status, day, _ms(facts.starts_at), _ms(facts.onsale_at), presales, facts.condition]
    east = minutes_east(facts.starts_at) if facts.starts_at else 0
    return [*flat, east] if east else flat


def _facts(flat: Sequence[Any]) -> Facts:
    status, day, starts_at, onsale_at, presales, *later = flat
    return Facts(
        EventStatus(status) if status else None,
        date.fromordinal(day) if day else None,
        on_clock(moment(starts_at), _east(later)) if starts_at is not None else None,
        _at(onsale_at),
        tuple((name, moment(at)) for name, at in presales),
        ItemCondition(later[0]) if later and later[0] else None,
    )


def _east(later: Sequence[Any]) -> int:
    """Of the event's clock; boards of before do not have it."""
    return int(later[1]) if len(later) > 1 else 0


def _ms(at: datetime | None) -> int | None:
    return None if at is None else milliseconds(at)


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)


def _seen(joined: str) -> Seen:
    return Seen(dict.fromkeys(joined[start : start + 12] for start in range(0, len(joined), 12)))
