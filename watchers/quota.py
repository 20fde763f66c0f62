"""How often a provider may be asked: a hard limit that outlives the process.

``Quota`` is what a provider declares, ``Ledger`` what is remembered on the board between ticks, ``Budget``
one tick's purse. Every call upstream is preceded by ``take``; there is no other way to spend.

Two things hold a call back. The limit, always: never one call over in any window, whatever the clocks, the
provider's headers or the processes do. And the pace, for ticks: the quota is handed out evenly over its
window, plus a small head start, so that a busy hour cannot leave everybody blind for the rest of the day.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from watchers.allowance import FirstCall, Midnight, Quota
from watchers.clocks import Moment, stopwatch
from watchers.errors import OutOfQuotaError
from watchers.ledger import HEAD_START, Ledger, split

__all__ = ["HEAD_START", "SAME_WINDOW", "Budget", "FirstCall", "Ledger", "Midnight", "Part", "Quota", "split"]

SAME_WINDOW = timedelta(minutes=5)  # how far our idea of a window's end and the provider's may lie apart
# Where a tick a minute is long beside the window, a call that comes free during a tick is waited for; of
# longer windows the next tick loses less than 1 in 100.
WAITS_BELOW = timedelta(hours=2)
_A_MOMENT = 0.0005  # seconds; sleeping for less takes longer


class Budget:
    """One tick's calls to one provider; safe to share between threads.

    Args:
        quota: What the provider allows us.
        ledger: What is remembered of the last window.
        now: The tick's time: aware UTC, or a moment by every clock.
        sleep: How to wait for a call's moment.
        at_most: No more calls than this, whatever the quota leaves.
        until: No call is made past this moment, by ``clock``.
        hours: How the 24 hours of the UTC day are weighed (mean 1), where the window is half a day or longer.
        even: Whether the calls are paced; those of people are not.
        began: When it was ``now``, by ``clock``; by default, it is.
        clock: Seconds that pass, asleep or awake.
    """

    def __init__(  # noqa: PLR0913 - what a purse is made of
        self,
        quota: Quota,
        ledger: Ledger,
        now: datetime | Moment,
        sleep: Callable[[float], None] = time.sleep,
        *,
        at_most: int | None = None,
        until: float = math.inf,
        hours: Sequence[float] = (),
        even: bool = True,
        began: float | None = None,
        clock: Callable[[], float] = stopwatch,
    ) -> None:
        self._quota, self._sleep, self._clock, self._hours, self._even = quota, sleep, clock, hours, even
        read = now if isinstance(now, Moment) else Moment(now)
        self._ledger = ledger.advanced(quota, read, hours)
        self._now = self._ledger.clock or read  # later than read, if somebody wrote since then
        later = (self._now.at - read.at).total_seconds()
        self._began = (clock() if began is None else began) + later
        self._lock = threading.Lock()
        self._at_most = quota.calls if at_most is None else at_most
        self._until = until
        self.made = 0

    @property
    def ledger(self) -> Ledger:
        """What to remember now."""
        with self._lock:
            moment = self._now.later(max(0.0, self._clock() - self._began))
            return self._ledger.advanced(self._quota, moment, self._hours)

    @property
    def left(self) -> int:
        """Calls that may still be made: now, or by ``until`` where calls that come free are waited for."""
        with self._lock:
            ledger, moment = self._ledger, self._moment()
            if moment is None:
                return 0
            horizon = max(moment, self._horizon()) if self._waits else moment
            free = self._quota.calls - ledger.counted(self._quota, horizon)
            paced = (ledger.level or 0) // 1000 if self._even else free
            return max(1, min(free, paced, self._at_most - self.made))

    @property
    def free_at(self) -> datetime | None:
        """When the next call may be made, as far as we know; ``None``: not within a window from now."""
        with self._lock:
            start = max(self._elapsed(), self._ledger.blocked)
            free = self._ledger.free_at(self._quota, start)
            return None if free is None else self._ledger.at(free)

    @property
    def unspent(self) -> int:
        """Calls that the limit leaves in its window, whoever may make them and at whatever pace."""
        with self._lock:
            return max(0, self._quota.calls - self._ledger.counted(self._quota, self._elapsed()))

    @property
    def left_to_finish(self) -> int:
        """Calls that the limit leaves to what has begun, however far ahead of the pace they are."""
        with self._lock:
            free = self._quota.calls - self._ledger.counted(self._quota, self._elapsed())
            return max(0, min(free, self._at_most - self.made))

    def take(self, *, finishing: bool = False) -> None:
        """Spend one call, waiting for its moment.

        ``finishing`` what has begun may run ahead of the pace, which then waits until it has caught up.

        Raises:
            OutOfQuotaError: nothing is left now, or no time; the caller leaves its targets due.
        """
        with self._lock:
            moment = self._moment(finishing=finishing)
            if moment is None:
                raise OutOfQuotaError("no call is left now")
            self._ledger = self._spent(moment)
            self.made += 1
            wait = (moment - self._elapsed()) / 1000
        if wait > _A_MOMENT:
            self._sleep(wait)
            if self._clock() > self._until + _A_MOMENT:
                raise OutOfQuotaError("the time is over; the call counts as made")

    def correct(self, spent: int, resets_at: datetime) -> None:
        """Heed the provider's own count of the window that ends at ``resets_at``.

        It may only make us more careful: no more calls are made than it says are left to everybody. What it
        counted and we did not, counts until the window's end. One about a window that is over says nothing.
        """
        ahead = (resets_at - self._now.at) / timedelta(milliseconds=1)
        if ahead <= 0:
            return
        with self._lock:
            quota, ledger = self._quota, self._ledger
            ends = ledger.time + min(ahead, quota.span + quota.margin)
            began = max(0, int((ends - quota.span) // ledger.slot) - ledger.first)
            others = (quota.whole or quota.calls) - quota.calls
            surplus = spent - others - sum(ledger.counts[began:])
            if surplus > 0 and surplus >= ledger.surplus:
                until = max(int(ends) + 1, ledger.surplus_until if ledger.surplus else 0)
                self._ledger = replace(ledger, surplus=surplus, surplus_until=until)

    def block_until(self, at: datetime) -> None:
        """Make no call before ``at``: out of quota, or asked to back off."""
        with self._lock:
            moment = self._ledger.time + math.ceil((at - self._now.at) / timedelta(milliseconds=1))
            self._ledger = replace(self._ledger, blocked=max(moment, self._ledger.blocked))

    def part(self) -> "Part":
        """A view of this purse that counts its own takes: what one batch costs."""
        return Part(self)

    # ── on the ledger's time, in milliseconds ────────────────────────────────────────────────────────────

    def _elapsed(self) -> float:
        return self._ledger.time + 1000 * max(0.0, self._clock() - self._began)

    def _horizon(self) -> float:
        """The latest moment that a call is waited for."""
        return self._ledger.time + 1000 * (self._until - self._began)

    def _moment(self, *, finishing: bool = False) -> float | None:
        """When the next call can be made; ``None``: not in this tick."""
        quota, ledger, now = self._quota, self._ledger, self._elapsed()
        paced = finishing or not self._even or (ledger.level or 0) >= 1000  # noqa: PLR2004 - one call
        horizon = self._horizon()
        if not paced or self.made >= self._at_most or now >= horizon or now < ledger.blocked:
            return None
        free = ledger.free_at(quota, now)
        if free is None or (free > now and not self._waits):
            return None
        earliest = max(free, ledger.last + quota.spacing) if ledger.last else free
        offset = self._now.at.timestamp() * 1000 - ledger.time
        moment = quota.turn_after(earliest + offset) - offset
        return None if moment > horizon or ledger.is_quiet(quota, moment) else moment

    @property
    def _waits(self) -> bool:
        return self._quota.per < WAITS_BELOW and self._until < math.inf

    def _spent(self, moment: float) -> Ledger:
        ledger = self._ledger
        if isinstance(self._quota.resets, FirstCall) and not ledger.counts and moment >= ledger.doubt:
            ledger = replace(ledger, opened=int(moment))
        level = (ledger.level or 0) - 1000 if self._even else ledger.level
        return replace(ledger.with_calls(1, moment), level=level)


class Part(Budget):
    """A purse within a purse: it spends from the whole and counts what it took.

    What has begun with one call is finished, as far as the limit allows: half a search is worth nothing.
    """

    def __init__(self, whole: Budget) -> None:
        self._whole, self.made = whole, 0

    @property
    def ledger(self) -> Ledger:
        """Of the whole."""
        return self._whole.ledger

    @property
    def left(self) -> int:
        """Of the whole."""
        return self._whole.left_to_finish if self.made else self._whole.left

    @property
    def free_at(self) -> datetime | None:
        """Of the whole."""
        return self._whole.free_at

    def take(self, *, finishing: bool = False) -> None:
        """See ``Budget.take``."""
        self._whole.take(finishing=finishing or self.made > 0)
        self.made += 1

    def correct(self, spent: int, resets_at: datetime) -> None:
        """See ``Budget.correct``."""
        self._whole.correct(spent, resets_at)

    def block_until(self, at: datetime) -> None:
        """See ``Budget.block_until``."""
        self._whole.block_until(at)
