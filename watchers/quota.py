"""How often a provider may be asked: a hard limit that outlives the process.

``Quota`` is what a provider declares, ``Ledger`` what is remembered on the board between ticks, ``Budget``
one tick's purse. Every call upstream is preceded by ``take``; there is no other way to spend.

The quota is handed out evenly over its window, plus a small head start, so that a busy hour cannot leave
everybody blind for the rest of the day. The provider's own headers correct the count.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from watchers.errors import OutOfQuotaError

HEAD_START = 0.05  # of a window's calls may be made before their time has come
SAME_WINDOW = timedelta(minutes=5)  # how far our idea of a window's start and the provider's may lie apart


@dataclass(frozen=True, slots=True)
class Quota:
    """At most ``calls`` in every ``per``, and at most ``per_second`` at once."""

    calls: int
    per: timedelta
    per_second: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """What was spent in the window that began at ``began_at``; no call is made before ``blocked_until``."""

    began_at: datetime | None = None
    spent: int = 0
    blocked_until: datetime | None = None

    def to_document(self) -> dict[str, Any]:
        """The ledger as a map of the board's document."""
        return {"began_at": self.began_at, "spent": self.spent, "blocked_until": self.blocked_until}

    def charged(self, calls: int) -> "Ledger":
        """With calls that somebody may have made without saying so."""
        return replace(self, spent=self.spent + calls)

    @classmethod
    def from_document(cls, fields: Mapping[str, Any]) -> "Ledger":
        """The inverse of ``to_document``; an empty map is a fresh ledger."""
        return cls(fields.get("began_at"), int(fields.get("spent", 0)), fields.get("blocked_until"))


class Budget:
    """One tick's calls to one provider; safe to share between threads.

    Args:
        quota: What the provider allows.
        ledger: What is remembered of the current window.
        now: The tick's time (aware UTC).
        sleep: How to wait for the next free moment within a second.
        at_most: No more calls than this, whatever the quota leaves.
        until: No call is made past this moment (monotonic).
    """

    def __init__(
        self,
        quota: Quota,
        ledger: Ledger,
        now: datetime,
        sleep: Callable[[float], None] = time.sleep,
        *,
        at_most: int | None = None,
        until: float = math.inf,
    ) -> None:
        if ledger.began_at is None or now >= ledger.began_at + quota.per:
            ledger = Ledger(began_at=now, blocked_until=ledger.blocked_until)
        elif now < ledger.began_at:  # a clock stepped back: begin again here, with what was spent
            ledger = replace(ledger, began_at=now)
        self._quota, self._ledger, self._now, self._sleep = quota, ledger, now, sleep
        self._lock = threading.Lock()
        self._next_free = time.monotonic()
        self._at_most = quota.calls if at_most is None else at_most
        self._until = until
        self.made = 0

    @property
    def ledger(self) -> Ledger:
        """What to remember after this tick."""
        return self._ledger

    @property
    def left(self) -> int:
        """Calls that may still be made now."""
        blocked_until, began_at = self._ledger.blocked_until, self._ledger.began_at
        if time.monotonic() >= self._until or (blocked_until is not None and self._now < blocked_until):
            return 0
        elapsed = self._now - began_at if began_at else timedelta()
        due = int(self._quota.calls * (elapsed / self._quota.per) + max(1.0, self._quota.calls * HEAD_START))
        free = min(due, self._quota.calls) - self._ledger.spent
        return max(0, min(free, self._at_most - self.made))

    def take(self) -> None:
        """Spend one call, waiting for its moment within the second.

        Raises:
            OutOfQuotaError: nothing is left now, or no time; the caller leaves its targets due.
        """
        with self._lock:
            if not self.left:
                raise OutOfQuotaError("no call is left now")
            self._ledger = replace(self._ledger, spent=self._ledger.spent + 1)
            self.made += 1
            moment = max(self._next_free, time.monotonic())
            self._next_free = moment + 1 / self._quota.per_second
        if (wait := moment - time.monotonic()) > 0:
            self._sleep(wait)

    def correct(self, spent: int, resets_at: datetime) -> None:
        """Believe the provider's own count of the window that ends at ``resets_at``.

        Answers may arrive out of order, so within one window the count never falls; one about a window that
        is over says nothing.
        """
        if resets_at <= self._now:
            return
        with self._lock:
            began_at = resets_at - self._quota.per
            known_at = self._ledger.began_at or self._now
            floor = self._ledger.spent if abs(began_at - known_at) <= SAME_WINDOW else self.made
            self._ledger = replace(self._ledger, began_at=began_at, spent=max(spent, floor))

    def block_until(self, at: datetime) -> None:
        """Make no call before ``at``: out of quota, or asked to back off."""
        with self._lock:
            later = max(at, self._ledger.blocked_until or datetime.min.replace(tzinfo=UTC))
            self._ledger = replace(self._ledger, blocked_until=later)
