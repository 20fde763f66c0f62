"""Which board a target lies on, and which boards are worth a tick now.

A provider's targets are spread over ``n`` boards by the hash in their ids, in ranges: board ``k`` of ``n``
holds the ``k``-th part of all hashes, so that doubling ``n`` splits each range in two. Board 0 is the
provider's home: its document alone says how many boards there are.

Pure: no I/O and no clock.
"""

import math
import re
from datetime import datetime, timedelta

from watchers.quota import Quota

_NAME = re.compile(r"(.+)-(0|[1-9]\d{0,3})")


def shard_of(target_id: str, n: int) -> int:
    """The number, under ``n``, of the board that a target lies on.

    Raises:
        ValueError: there are several boards, and the id does not end in a hash.
    """
    if n == 1:
        return 0
    digits = target_id.rpartition("-")[2]
    return int(digits, 16) * n >> 4 * len(digits)


def board_name(provider: str, shard: int) -> str:
    """``steam-3``."""
    return f"{provider}-{shard}"


def home_of(provider: str) -> str:
    """The provider's first board, whose document says how many there are."""
    return board_name(provider, 0)


def board_of(target_id: str, n: int) -> str:
    """The name of the board that a target lies on, where its provider has ``n``."""
    return board_name(provider_of(target_id), shard_of(target_id, n))


def provider_of(name: str) -> str:
    """``steam``, of ``steam-3`` and of a target's id."""
    return name.rpartition("-")[0]


def shard_in(name: str) -> int:
    """3, of ``steam-3``; 0 of a name that has no number."""
    found = _NAME.fullmatch(name)
    return int(found[2]) if found else 0


def is_board(name: str) -> bool:
    """Whether a board can be called so."""
    return _NAME.fullmatch(name) is not None


def share(quota: Quota, shard: int, n: int) -> Quota:
    """What one board of ``n`` may ask; all of them together, what the provider allows."""
    return quota.share(shard, n) if n > 1 else quota


def stride(quota: Quota, n: int, every: timedelta) -> int:
    """In every how many runs a board is polled, so that there is at least one call for it.

    A board that may not ask anything is not worth the two writes of a tick. One that is alone is polled in
    every run: it is how a new watch is heard of.
    """
    if n == 1 or quota.calls <= 0:
        return 1
    calls_a_run = quota.calls * (every / quota.per) / n
    return max(1, math.ceil(1 / calls_a_run)) if calls_a_run > 0 else 1


def minute_of(now: datetime, every: timedelta) -> int:
    """The number of the run that began about now, whether its scheduler was a little early or late."""
    return round(now.timestamp() / max(every.total_seconds(), 1))


def due_shards(n: int, stride: int, minute: int) -> list[int]:
    """Whom to poll in the run of this number: each board in every ``stride``-th, not all in the same one."""
    return [shard for shard in range(n) if (shard - minute) % stride == 0]
