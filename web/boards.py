"""Boards as pages read them: once for all people, again after some seconds, and decoded once a version.

What one page opened of a board or worked out from it is there for the next. A board that stands as it was is
not decoded again. Safe between threads: rows are opened by one at a time, and looked at only opened.

Never for whoever writes a board, and never written to.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import RLock
from typing import TYPE_CHECKING

from watchers import board as boards
from watchers.board import Board
from watchers.documents import Documents
from watchers.rows import Row

if TYPE_CHECKING:
    from watchers.plan import Plan

MOST = 16  # boards that are kept: a full one of 5,000 rows, all opened, takes some 12 MB


@dataclass(slots=True)
class _Kept:
    """A board as it was read at ``read_at`` (monotonic); ``plan``: what its schedule comes to."""

    board: Board
    read_at: float
    plan: "Plan | None" = None
    is_planned: bool = False


@dataclass(slots=True)
class Boards:
    """Read-through. ``fresh_for``: for so long a board is not even asked for (one read each time it is)."""

    fresh_for: timedelta = timedelta(0)
    most: int = MOST
    _kept: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    _lock: RLock = field(default_factory=RLock)
    _reading: dict[str, RLock] = field(default_factory=dict)

    def board(self, documents: Documents, name: str) -> Board:
        """The board as it was last saved, or some seconds ago; for reading only."""
        with self._lock:
            reading = self._reading.setdefault(name, RLock())
        with reading:  # whoever comes meanwhile waits for the one read, and for no other board
            if kept := self._fresh(name):
                return kept.board
            return self._keep(name, self._read(documents, name)).board

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

    def _fresh(self, name: str) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or time.monotonic() - kept.read_at >= self.fresh_for.total_seconds():
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

    def _keep(self, name: str, board: Board) -> _Kept:
        with self._lock:
            known = self._kept.pop(name, None)
            kept = known if known and known.board is board else _Kept(board, 0.0)
            kept.read_at = time.monotonic()
            self._kept[name] = kept
            while len(self._kept) > self.most:
                forgotten, _ = self._kept.popitem(last=False)
                self._reading.pop(forgotten, None)
            return kept
