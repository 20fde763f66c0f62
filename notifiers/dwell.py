"""Dwell time: from the moment a price was seen to the moment a vendor accepted the message about it.

It is worked out once a message, when it is first known to be accepted, of the oldest news in it. What people
asked to have kept back (quiet hours, a snooze, a digest) counts from when that time is over: that is no delay
of ours. Tests and codes tell of nothing that was seen. Kept in this process for ``/metrics``; in the cloud,
where other processes deliver, the same number is in the log (``dwell_seconds``).
"""

import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from itertools import accumulate

from notifiers.outbox import Bundle
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, Reason

BOUNDS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Seconds: a message counts with the first bound that it is not over."""
_ACCEPTED = frozenset({AlertState.SENT, AlertState.DELIVERED, AlertState.UNDELIVERED})
_OF_NOTHING_SEEN = frozenset({Reason.TEST, Reason.CODE})


def seconds(before: Bundle, after: Bundle) -> float | None:
    """The dwell time of a message that this step shows to be accepted; ``None`` of every other step."""
    lead = after.lead
    if lead.state not in _ACCEPTED or before.lead.state in _ACCEPTED:
        return None
    # one that was lost sight of was accepted when it was sent, not when that was found out
    at = lead.attempted_at if before.lead.state is AlertState.UNCERTAIN else lead.settled_at
    begun = list(_beginnings(after.alerts))
    if at is None or not begun:
        return None
    return max(0.0, round((at - min(begun)).total_seconds(), 3))


def _beginnings(told: Iterable[Alert]) -> Iterable[datetime]:
    for alert in told:
        seen = alert.news.observed_at
        if seen is not None and alert.news.reason not in _OF_NOTHING_SEEN:
            yield max(seen, alert.held_until or seen)


class Dwells:
    """Counts dwell times by channel; may be told from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Channel, list[int]] = {}
        self._seconds: dict[Channel, float] = defaultdict(float)

    def note(self, channel: Channel, took: float) -> None:
        """One more message was accepted."""
        with self._lock:
            buckets = self._counts.setdefault(channel, [0] * (len(BOUNDS) + 1))
            buckets[bisect_left(BOUNDS, took)] += 1
            self._seconds[channel] += took

    def by_channel(self) -> dict[Channel, tuple[list[int], float]]:
        """Of each channel: messages within each bound (and the rest), added up; and the seconds of all."""
        with self._lock:
            return {
                channel: (list(accumulate(buckets)), self._seconds[channel])
                for channel, buckets in self._counts.items()
            }


DWELLS = Dwells()
"""This process's: on one server the functions are loaded apart from each other, and share it all the same."""
