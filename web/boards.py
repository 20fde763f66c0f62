"""Boards as pages read them: once for all people, again after some seconds, and decoded once a version.

What one page opened of a board or worked out from it is there for the next. A board that stands as it was is
not decoded again, nor a row opened again that was only looked at once more. While a board is read again the
others' pages are made of what is there. Safe between threads: rows are opened by one at a time, and looked at
only opened.

Never for whoever writes a board, and never written to.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock, RLock
from typing import TYPE_CHECKING

from watchers import board as boards
from watchers.board import Board
from watchers.documents import Documents
from watchers.history import History
from watchers.money import PriceKey
from watchers.rows import Closed, Gate, Row
from watchers.target import Target

if TYPE_CHECKING:
    from watchers.plan import Plan

MOST = 16  # boards that are kept: a full one of 5,000 rows, all opened, takes some 12 MB


Opened = tuple[History, Gate, dict[PriceKey, int]]
Known = dict[str, tuple[Closed, int, Opened]]
"""Of each target: the closed part of its row, when it was last seen, and what that opens to."""


@dataclass(slots=True)
class _Kept:
    """A board as it was read at ``read_at`` (monotonic).

    ``plan``: what its schedule comes to. ``opened``: what of it was opened so far.
    """

    board: Board
    read_at: float
    opened: Known
    plan: "Plan | None" = None
    is_planned: bool = False


@dataclass(frozen=True, slots=True)
class _Once:
    """A row's closed part that is opened only if ``known`` has another or none; see ``rows.Closed``."""

    closed: Closed
    known: Known

    def opened(self, target: Target, seen_ms: int) -> Opened:
        """See ``rows.Closed``. Several rows may share it: for reading only."""
        known = self.known.get(target.id)
        if known is None or known[:2] != (self.closed, seen_ms):
            known = self.known[target.id] = (self.closed, seen_ms, self.closed.opened(target, seen_ms))
        return known[2]


@dataclass(slots=True)
class Boards:
    """Read-through.

    ``fresh_for``: for so long a board is not even asked for (one read each time it is); while one request
    asks for it, the others take what is there for as long again.
    """

    fresh_for: timedelta = timedelta(0)
    most: int = MOST
    _kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    _lock: RLock = field(default_factory=RLock)
    _reading: dict[str, Lock] = field(default_factory=dict)

    def board(self, documents: Documents, name: str) -> Board:
        """The board as it was last saved, or some seconds ago; for reading only."""
        if kept := self._younger(name, self.fresh_for):
            return kept.board
        with self._lock:
            reading = self._reading.setdefault(name, Lock())
        if not reading.acquire(blocking=False):
            if kept := self._younger(name, 2 * self.fresh_for):
                return kept.board
            reading.acquire()  # nothing recent is there: wait for the one read, and for no other board
        try:
            if kept := self._younger(name, self.fresh_for):
                return kept.board
            began = time.monotonic()
            return self._keep(name, self._read(documents, name), began).board
        finally:
            reading.release()

    def open(self, rows: Iterable[Row]) -> None:
        """Open what is closed of these rows, so that any thread may look at them."""
        with self._lock:
            for row in rows:
                _ = row.history

    def plan(self, board: Board, work_out: "Callable[[Board], Plan | None]") -> "Plan | None":
        """What its schedule comes to: worked out once for each version of a board that is kept."""
        with self._lock:
            kept = self._kept.get(board.name)
            if kept is None or kept.board is not board:
                return work_out(board)
            if not kept.is_planned:
                kept.plan, kept.is_planned = work_out(board), True
            return kept.plan

    def _younger(self, name: str, age: timedelta) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or time.monotonic() - kept.read_at >= age.total_seconds():
                return None
            self._kept.move_to_end(name)
            return kept

    def _read(self, documents: Documents, name: str) -> Board:
        document = documents.get(boards.path(name))
        with self._lock:
            kept = self._kept.get(name)
        if kept and document and kept.board.version == document.version:
            return kept.board
        return boards.decoded(name, document)

    def _keep(self, name: str, board: Board, read_at: float) -> _Kept:
        with self._lock:
            kept = self._kept.pop(name, None)
            if kept is None or kept.board is not board:
                kept = _Kept(board, 0.0, _share(board, kept.opened if kept else {}))
            kept.read_at = read_at
            self._kept[name] = kept
            while len(self._kept) > self.most:
                forgotten, _ = self._kept.popitem(last=False)
                self._reading.pop(forgotten, None)
            return kept


def _share(board: Board, opened: Known) -> Known:
    """Let the board's rows know what the ones before them were opened to; it, without those that left."""
    known = {target_id: opened[target_id] for target_id in board.rows if target_id in opened}
    for row in board.rows.values():
        if row.closed is not None:
            row.closed = _Once(row.closed, known)
    return known
