"""What a provider allows: so many calls in a window, so many a second, and who of us may make which of them.

Everybody who asks has a part of the quota of their own: each shard of a board, and the people who search. The
parts sum to the whole, so nobody needs to ask anybody, and together they stay within it. Within the second
they take turns on the wall clock's grid of ``1 / per_second``; machines whose clocks differ by less than that
never call at once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

SLOTS = 512  # of a window, in the log: a call may count for 0.2 % longer than it has to
SEARCH_SLICE = 10  # every tenth call is kept for people who search
PEOPLES_TURN = 5  # and every fifth turn within the second, so that they do not wait for long
EDGE = timedelta(seconds=2)  # by how much the ways of two calls may differ
RESET_MARGIN = timedelta(minutes=2)  # by how much a provider's clock and ours may differ


class Midnight(msgspec.Struct, frozen=True):
    """The whole quota is free again at midnight in a zone: ``Midnight("America/Los_Angeles")``."""

    zone: str

    def last(self, now: datetime) -> datetime:
        """The last midnight before ``now``."""
        zone = ZoneInfo(self.zone)
        return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(now.tzinfo)


class FirstCall(msgspec.Struct, frozen=True):
    """A window begins with the first call after the one before has ended. No call is made near its end."""


Resets = Midnight | FirstCall


class Quota(msgspec.Struct, frozen=True):
    """At most ``calls`` in any window of ``per``, and at most ``per_second``.

    Any window: this also satisfies a provider whose windows are fixed, wherever they begin. One that names
    its rule in ``resets`` is held to that rule instead: what was made before a reset counts no longer.

    ``whole`` is what everybody may make together (0: this is everybody); ``turns`` are ours among ``of``.
    """

    calls: int
    per: timedelta
    per_second: float
    resets: Resets | None = None
    whole: int = 0
    turns: tuple[int, ...] = (0,)
    of: int = 1

    def share(self, part: int, of: int) -> "Quota":
        """Part number ``part`` of ``of``; they sum to the whole. Where there are few calls some have none."""
        if of == 1:
            return self
        calls = self.calls * (part + 1) // of - self.calls * part // of
        return self._dealt(calls, of, lambda number: number % of == part)

    def for_people(self) -> "Quota":
        """The slice that is kept for people who search; of fewer than ten calls none."""
        return self._dealt(self._peoples, PEOPLES_TURN, lambda number: number % PEOPLES_TURN == 0)

    def without_people(self) -> "Quota":
        """What the ticks plan with: the rest."""
        if not self._peoples:
            return self
        rest = self.calls - self._peoples
        return self._dealt(rest, PEOPLES_TURN, lambda number: number % PEOPLES_TURN != 0)

    @property
    def _peoples(self) -> int:
        return self.calls // SEARCH_SLICE

    def _dealt(self, calls: int, cycles: int, mine: Callable[[int], bool]) -> "Quota":
        """With those of our turns, over so many cycles, whose number is ``mine``.

        Whose call is the first of a window is then nobody's to know, so that no part can rest on it.
        """
        turns = [turn + cycle * self.of for cycle in range(cycles) for turn in self.turns]
        kept = tuple(turn for number, turn in enumerate(turns) if mine(number))
        return replace(
            self,
            calls=calls,
            per_second=self.per_second * len(kept) / len(turns),
            resets=None if isinstance(self.resets, FirstCall) else self.resets,
            whole=self.whole or self.calls,
            turns=kept,
            of=self.of * cycles,
        )

    @property
    def span(self) -> int:
        """The window in milliseconds."""
        return self.per // timedelta(milliseconds=1)

    @property
    def slot(self) -> int:
        """One slot of the log in milliseconds."""
        return max(1, -(-self.span // SLOTS))

    @property
    def memory(self) -> int:
        """For how many milliseconds a call counts after its slot has ended."""
        return self.span + min(EDGE // timedelta(milliseconds=1), self.span // 400)

    @property
    def margin(self) -> int:
        """Milliseconds around a reset in which a call counts before and after it."""
        return min(RESET_MARGIN // timedelta(milliseconds=1), self.span // 100)

    @property
    def spacing(self) -> float:
        """Milliseconds between two turns on the grid that everybody shares."""
        return 1000 * len(self.turns) / (self.per_second * self.of)

    def turn_after(self, at: float) -> float:
        """Our first turn at or after ``at`` (milliseconds of the wall clock)."""
        if self.of == 1:
            return at
        number = int(-(-at // self.spacing))
        while number % self.of not in self.turns:
            number += 1
        return number * self.spacing
