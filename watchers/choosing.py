"""Which calls a tick makes, of all it would like to: the quota rarely lets everybody be asked.

Second looks and first looks come first. All others come by the schedule (``schedule.py``), and every call is
filled up. Where targets can only be asked together with their like (searches one by one, games by country),
the call whose targets have waited longest by their urgency comes first.

Pure but for the provider's own grouping.
"""

import logging
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from watchers import schedule
from watchers.board import Board
from watchers.history import milliseconds
from watchers.providers.base import Provider
from watchers.quota import Quota
from watchers.rows import Row, milliseconds_of
from watchers.target import Target

log = logging.getLogger(__name__)

PATIENCE = 1  # failures after which a first look no longer goes before everybody else
JITTER = timedelta(seconds=5)  # how early a scheduler may call; a look is not put off by a whole tick for it


class Call(msgspec.Struct, frozen=True):
    """Targets to be asked together; ``in_turn`` are those that neither wait for a first nor a second look."""

    targets: list[Target]
    in_turn: tuple[Row, ...] = ()


class Chosen(msgspec.Struct, frozen=True):
    """The calls to make, best first, and how many targets are due in all."""

    calls: list[Call]
    due: int


def choose(board: Board, provider: Provider, *, now: datetime, every: timedelta, left: int) -> Chosen:
    """The calls of this tick.

    Args:
        board: The rows and their schedule.
        provider: Who groups targets into calls.
        now: The tick's time.
        every: How long a target rests between two looks.
        left: How many calls may be made (0 or more).
    """
    rested = every - min(every / 10, JITTER)
    due = [row for row in board.rows.values() if row.is_due(now, rested)]
    if not due and board.down_since is not None:
        due = _probe(board, now, rested)
    first = sorted((row for row in due if _goes_first(row)), key=_who_is_first)
    others = [row for row in due if not _goes_first(row)]
    everything = _batches(provider, [row.target for row in (*first, *others)])
    places = max(0, sum(sorted(map(len, everything), reverse=True)[:left]) - len(first))
    longest = _ceiling(board.quota or provider.quota, len(due), len(everything))
    turn = schedule.turn(others, places, now_ms=milliseconds(now), ceiling_ms=longest)
    waiting = _others(others, turn)
    batches = _batches(provider, [row.target for row in (*first, *turn, *waiting)])
    ahead = {row.target.id for row in first}
    overdue = milliseconds(now) - longest
    late = {row.target.id for row in turn[: max(1, places // 5)] if row.asked_ms < overdue}
    if left < sum(_cost(board, batch) for batch in batches):
        batches.sort(key=lambda batch: _rank(board, batch, late, now), reverse=True)
    in_turn = {row.target.id: row for row in others}
    calls = _affordable(board, _alternating(batches, ahead), left)
    return Chosen([_call(batch, in_turn) for batch in calls], len(due))


def _alternating(batches: Sequence[list[Target]], ahead: set[str]) -> list[list[Target]]:
    """First and second looks first, but in turns: if they all fail, that says nothing of the others."""
    hasty = deque(batch for batch in batches if any(target.id in ahead for target in batch))
    steady = deque(batch for batch in batches if not any(target.id in ahead for target in batch))
    ordered = list[list[Target]]()
    while hasty or steady:
        ordered += [queue.popleft() for queue in (hasty, steady) if queue]
    return ordered


def _affordable(board: Board, batches: Iterable[list[Target]], left: int) -> list[list[Target]]:
    """As many as so many calls pay for; the first one may cost more, and the pace waits for it afterwards."""
    chosen, spent = list[list[Target]](), 0
    for batch in batches if left else ():
        cost = _cost(board, batch)
        if not chosen or spent + cost <= left:
            chosen.append(batch)
            spent += cost
    return chosen


def _cost(board: Board, batch: Sequence[Target]) -> int:
    """Calls that it takes, as far as the last look told."""
    return max(board.rows[target.id].cost for target in batch)


def _others(rows: Sequence[Row], turn: Sequence[Row]) -> list[Row]:
    """Those whose turn it is not, by the schedule: what fills up a call."""
    taken = set(map(id, turn))
    return sorted((row for row in rows if id(row) not in taken), key=lambda row: row.pace.due_v)


def _goes_first(row: Row) -> bool:
    """Second looks; and first looks until they failed, as an id does that nobody knows."""
    return row.urgent or bool(row.fresh and row.failures < PATIENCE)


def _who_is_first(row: Row) -> tuple[bool, int]:
    return not row.urgent, row.asked_ms


def _ceiling(quota: Quota, targets: int, calls: int) -> int:
    """Milliseconds that nobody should wait longer, when ``calls`` ask all of the ``targets``."""
    calls_per_day = quota.calls * (timedelta(days=1) / quota.per)
    return milliseconds_of(schedule.ceiling(targets, calls_per_day * targets / max(calls, 1)))


def _rank(board: Board, batch: Sequence[Target], late: set[str], now: datetime) -> tuple[bool, float]:
    """Whoever waited too long; then by what is lost while this call is not made."""
    waited = [_waited(board, board.rows[target.id], now) for target in batch]
    return any(target.id in late for target in batch), schedule.worth(waited, now_ms=milliseconds(now))


def _waited(board: Board, row: Row, now: datetime) -> tuple[float, int]:
    """How urgently, and since when: whoever was never asked waits since they came.

    A look that was not answered comes again after half a wait, as in ``schedule.failed``; once, and if ever
    one was, so that what always fails takes no more than its part.
    """
    again = 2 if row.failures == 1 and row.seen_ms else 1
    return again * board.urgency(row, now), row.asked_ms or milliseconds(row.since)


def _call(batch: list[Target], scheduled: Mapping[str, Row]) -> Call:
    return Call(batch, tuple(scheduled[target.id] for target in batch if target.id in scheduled))


def _probe(board: Board, now: datetime, rested: timedelta) -> list[Row]:
    """While the provider is down and everybody backs off, one target asks whether it is back."""
    before = milliseconds(now - rested)
    return sorted((row for row in board.rows.values() if 0 < row.asked_ms <= before), key=_asked)[:1]


def _asked(row: Row) -> int:
    return row.asked_ms


def _batches(provider: Provider, targets: Iterable[Target]) -> list[list[Target]]:
    """What one call each can ask; with a bug in the grouping, one by one, so that only the odd one fails."""
    every = list(targets)
    try:
        return provider.batches(every)
    except Exception:
        log.exception("provider.crashed")
        return [[target] for target in every]
