"""How long a message that could not go is worth another attempt. Pure.

A text that cannot go now is worth less each minute, and e-mail is waiting to take it: three attempts within
a minute or so, and a vendor who says "later than that" ends it at once. Nothing takes an e-mail that cannot
go, and a server or a password is often repaired within hours: it is tried for a day.
"""

from dataclasses import dataclass
from datetime import timedelta

from watchers.kinds import Channel
from watchers.models import Alert


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try, and how long to wait: ``first``, then always twice that, at most ``longest``."""

    attempts: int
    first: timedelta
    longest: timedelta


PATIENCE = {
    Channel.SMS: Patience(3, timedelta(seconds=15), timedelta(seconds=60)),
    Channel.PUSH: Patience(3, timedelta(seconds=15), timedelta(seconds=60)),
    Channel.EMAIL: Patience(30, timedelta(seconds=30), timedelta(hours=1)),
}
_DOUBLINGS = 16  # of anything: more than `longest`, and still a number a timedelta can hold


def wait(alert: Alert, retry_after: float | None = None) -> timedelta | None:
    """How long until the next attempt; ``None`` when waiting is not worth it any more."""
    patience = PATIENCE[alert.channel]
    backoff = min(patience.first * 2 ** min(alert.attempts - 1, _DOUBLINGS), patience.longest)
    longer = max(backoff, timedelta(seconds=retry_after or 0))
    return longer if alert.attempts < patience.attempts and longer <= patience.longest else None


def is_overdrawn(alert: Alert) -> bool:
    """Whether it was claimed more often than ``wait`` allows: every sender so far died over it."""
    return alert.attempts > PATIENCE[alert.channel].attempts
