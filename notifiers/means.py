"""What telling people takes, handed over once: nothing in delivery reads the environment or a clock."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from notifiers.base import Notifier
from notifiers.limits import Limits
from notifiers.links import Links
from watchers.documents import Documents
from watchers.kinds import Channel
from watchers.places import Places


@dataclass(frozen=True, slots=True)
class Means:
    """The database, the channels that are on, the addresses messages carry, and how much may be sent.

    ``verify``: who makes and sends the codes that prove a number, where that is not us.
    """

    documents: Documents
    notifiers: Mapping[Channel, Notifier]
    links: Links
    limits: Limits = field(default_factory=Limits)
    places: Places = field(default_factory=Places)
    verify: Notifier | None = None


class Clock:
    """The time that passes from ``now`` on, whatever the machine's own clock does meanwhile."""

    def __init__(self, now: datetime) -> None:
        self._now, self._started = now, time.monotonic()

    def __call__(self) -> datetime:
        """The time."""
        return self._now + timedelta(seconds=time.monotonic() - self._started)
