"""Whom to ask next within the quota: urgency, learned from what changed, on a clock of its own.

Pure: no I/O and no clock.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Pace:
    """What the schedule remembers of one target.

    Attributes:
        a: Shape of the Gamma belief about how often it changes; 0 until it was looked at twice.
        b: Rate of that belief, in days of exposure.
        seen_v: The odometer when it was last looked at.
        due_v: The odometer at which it is due.
    """

    a: float = 0.0
    b: float = 0.0
    seen_v: float = 0.0
    due_v: float = 0.0


@dataclass(slots=True)
class Pool:
    """What the schedule remembers of one board: its odometer, and how often anything changed here.

    Attributes:
        v: The odometer: ``due_v`` of the last target that was served.
        changes: Changes seen by all targets, corrected for those that one look cannot tell apart.
        exposure: The days of exposure in which they were seen.
        hours: For each hour of the UTC day, changes and exposure.
    """

    v: float = 0.0
    changes: float = 0.0
    exposure: float = 0.0
    hours: list[tuple[float, float]] = field(default_factory=list)
