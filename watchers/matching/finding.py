"""What one comparison found: how far it speaks for the same event, whether it rules it out, and why."""

import msgspec


class Finding(msgspec.Struct, frozen=True):
    """``strength`` from 0 to 1. A ``ruled_out`` one ends the matter, whatever else agrees."""

    strength: float
    reason: str
    ruled_out: bool = False


def never(reason: str) -> Finding:
    """These are two events."""
    return Finding(0.0, reason, ruled_out=True)
