"""What the clocks say, and how much of it is believed.

A clock can be set: by hand, by a time server after a reboot, on a laptop that woke up. Quotas therefore never
ask what time it is, only how much time has surely passed since something was written down: the least that any
clock says. Nothing is believed of a clock that says less than none.

What cannot be known: where only wall clocks can be compared (after a reboot, or when another instance
wrote last), one that was set forward while nobody looked is taken at its word. The worker cannot have the
database's time of now without a further operation, so it passes none.
"""

import math
import time
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from msgspec.structs import replace

_MS = timedelta(milliseconds=1)
_ROUNDING = 1e-3  # of a millisecond: what floats lose
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Moment(msgspec.Struct, frozen=True):
    """One moment by every clock there is.

    Attributes:
        at: The wall clock (aware UTC).
        boot: Which start of which machine this is; empty where that is not known.
        uptime: Seconds since that start, asleep or awake.
        database: The database's own time, where the caller has it.
    """

    at: datetime
    boot: str = ""
    uptime: float = 0.0
    database: datetime | None = None

    def later(self, seconds: float) -> "Moment":
        """This long afterwards, by every clock; in whole milliseconds."""
        further = timedelta(milliseconds=int(seconds * 1000))
        database = self.database + further if self.database else None
        return replace(
            self, at=self.at + further, uptime=self.uptime + further.total_seconds(), database=database
        )

    def since(self, before: "Moment") -> tuple[int, int]:
        """Milliseconds from ``before`` to this: the least and the most of all clocks."""
        said = [(self.at - before.at) // _MS]
        if self.database and before.database:
            said.append((self.database - before.database) // _MS)
        if self.boot and self.boot == before.boot:
            said.append(math.floor((self.uptime - before.uptime) * 1000 + _ROUNDING))
        return min(said), max(said)


def stopwatch() -> float:
    """Seconds that pass, asleep or awake, since some moment or other: only differences say anything.

    What is paced, and until when, is measured by this alone: ``time.monotonic`` stands still while Linux
    sleeps, and calls made after waking would count at the time before it.
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def read_clocks(at: datetime) -> Moment:
    """``at``, which is now, with this machine's boot clock where it has one that counts sleep."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        boot = ""
    if clock is None or not boot:
        return Moment(at)
    return Moment(at, boot, time.clock_gettime(clock))
