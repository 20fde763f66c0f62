"""``watchers.choosing.choose`` inside the simulator of the theory: a real board, asked by whole calls.

``shipped.py`` hands the schedule a bare list of candidates. Here stands what a tick has around it: the rows'
own weights and rest, first looks, the provider's batches, the order of the calls, and the odometer that
follows those whose turn it was. Nothing is told to anybody.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from tests.fake_provider import FakeProvider
from tests.simulation.shipped import DAY_MS, START, START_MS
from watchers import schedule
from watchers.board import Board
from watchers.choosing import Call, choose
from watchers.demand import Demand
from watchers.history import milliseconds, moment
from watchers.kinds import Kind
from watchers.quota import Quota
from watchers.rows import Gate, Row, milliseconds_of
from watchers.target import Target

EVERY = timedelta(minutes=1)


class Choosing:
    """A policy of the simulator whose every call was chosen by ``choose``.

    What ``watchers.folding``, ``asking`` and ``tick`` do to a row and to the board's pool is done by the same
    calls in the same order, as if one call were under way at a time.

    Args:
        world: The simulator's.
        per_day: Looks a day.
        batch: How many targets one call can ask about.
        board: What kind of board it chooses from.
        first_looks: Whether a new target awaits its first look, which goes before everybody else. Else it was
            seen when it came, as the theory's own policies take it.
        unseen: The share of looks that are not answered. The simulator does not count them as looks.
    """

    est = None

    def __init__(
        self,
        world: Any,
        per_day: float,
        batch: int,
        *,
        board: type[Board] = Board,
        first_looks: bool = True,
        unseen: float = 0.0,
    ) -> None:
        self.R, self.batch, self.first_looks, self.unseen = per_day, batch, first_looks, unseen
        self.last = world.start.copy()
        self.due = np.full(world.m, np.inf)  # the simulator admits only where it finds this column
        self.asked = np.zeros(world.m, np.int64)
        self.is_here = np.zeros(world.m, bool)
        self.board = board("shop-0")
        self.board.quota = Quota(calls=round(per_day / batch), per=timedelta(days=1), per_second=2)
        self.provider = FakeProvider(self.board.quota, batch)
        self.rows = list(map(_row, range(world.m), world.watchers.tolist(), world.end.tolist()))
        self.names = {row.target.id: name for name, row in enumerate(self.rows)}
        self.calls: Sequence[Call] = ()
        self.ticked_at, self.luck = START, np.random.default_rng(1)
        self.oldest_ms = self.ceiling_ms = self.overdrawn = 0

    def admit(self, ids: Any, t: float, spread: bool = False) -> None:  # noqa: ARG002 - the simulator's own
        """New targets."""
        now = _at(t)
        self.is_here[ids], self.asked[ids] = True, milliseconds(now)
        for row in (self.rows[i] for i in ids.tolist()):
            row.since, row.fresh = now, ("w",) if self.first_looks else ()
            row.asked_ms = row.seen_ms = 0 if self.first_looks else milliseconds(now)
            self.board.rows[row.target.id] = row
            schedule.admit(row.pace, self.board.pool, self.board.urgency(row, now))

    def select(self, t: float, places: int, active: Any) -> Any:
        """Whom to ask in this tick: everybody in the chosen calls."""
        now, left = _at(t), places // self.batch
        self._leave(np.flatnonzero(self.is_here & ~active))
        self._note_oldest(now)
        schedule.fade(self.board.pool, now - self.ticked_at)
        self.ticked_at = now
        self.calls = choose(self.board, self.provider, now=now, every=EVERY, left=left).calls
        self.overdrawn += max(0, len(self.calls) - left)
        asked = np.array([self.names[target.id] for call in self.calls for target in call.targets], int)
        assert np.unique(asked).size == asked.size
        self.asked[asked] = milliseconds(now)
        return asked[self.luck.random(asked.size) >= self.unseen]

    def _leave(self, ids: Any) -> None:
        self.is_here[ids] = False
        for i in ids.tolist():
            del self.board.rows[self.rows[i].target.id]

    def _note_oldest(self, now: datetime) -> None:
        """Whoever is never asked ages, too. The ceiling falls when many leave: the largest one counts."""
        self.oldest_ms = max(self.oldest_ms, milliseconds(now) - int(self.asked[self.is_here].min()))
        ceiling = schedule.ceiling(len(self.board.rows), self.R)
        self.ceiling_ms = max(self.ceiling_ms, milliseconds_of(ceiling))

    def observe(self, ids: Any, t: float, _waited: Any, changed: Any) -> None:
        """What was seen, call by call; whoever was asked and is not among ``ids`` was not seen."""
        moved = dict(zip(ids.tolist(), changed.tolist(), strict=True))
        self.last[ids] = t
        for call in self.calls:
            schedule.serve(self.board.pool, call.in_turn)
            for target in call.targets:
                name = self.names[target.id]
                if name in moved:
                    self._seen(self.rows[name], _at(t), changed=moved[name])
                else:
                    self._not_seen(self.rows[name], _at(t))

    def _seen(self, row: Row, now: datetime, *, changed: bool) -> None:
        before, row.asked_ms = row.seen_ms, milliseconds(now)
        row.seen_ms, row.fresh, row.failures = row.asked_ms, (), 0
        weight, event_at = row.worth(row.seen_ms)
        schedule.observed(
            row.pace, self.board.pool, weight=weight, event_at=event_at,
            since=moment(before) if before else None, now=moment(row.seen_ms), changed=changed, cost=row.cost,
        )  # fmt: skip

    def _not_seen(self, row: Row, now: datetime) -> None:
        row.asked_ms, row.failures = milliseconds(now), row.failures + 1
        schedule.failed(row.pace, self.board.pool, self.board.urgency(row, now))


def _row(name: int, watchers: float, end: float) -> Row:
    """A target whose watchers all wait for a drop, which weighs each of them as one."""
    row = Row(Target(provider=FakeProvider.name, item=f"i{name}"), since=START, watchers=int(watchers))
    row.gate = Gate(demand=Demand(kinds={Kind.DROP: row.watchers}))
    row.weigh()
    row.event_ms = milliseconds(_at(end))
    return row


def _at(t: float) -> datetime:
    """A tick's time, in whole milliseconds."""
    return moment(START_MS + round(t * DAY_MS))
