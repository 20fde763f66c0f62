"""How the outbox stands: what waits, what is stuck, and what became of the alerts of today.

Everything is counted by the database, never read: some twenty operations however many alerts there are. Only
failures are looked at one by one, for their codes, up to ``MOST``.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from watchers import alerts
from watchers.documents import Document, Documents, Query
from watchers.kinds import Channel
from watchers.models import AlertState
from watchers.places import ALERTS, due_alerts

MOST = 100  # failures that are looked at
OPEN = (AlertState.PENDING, AlertState.HELD, AlertState.SENDING, AlertState.UNCERTAIN)
_SENT, _FAILED = AlertState.SENT, AlertState.FAILED
ENDS: Mapping[Channel, tuple[AlertState, ...]] = {
    Channel.SMS: (_SENT, AlertState.DELIVERED, AlertState.UNDELIVERED, _FAILED, AlertState.UNCERTAIN),
    Channel.EMAIL: (_SENT, _FAILED),
    Channel.PUSH: (_SENT, _FAILED, AlertState.UNCERTAIN),
    Channel.APP: (_SENT,),
}
"""What an alert of each channel can come to."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The outbox at one moment.

    Attributes:
        due: Alerts that somebody must look at now.
        oldest: When the one that waits longest should have been looked at.
        open: How many are on their way, by state.
        set_aside: How many nobody could deal with lately.
        ended: What became of those settled today (UTC), by channel and state.
        failed: Why alerts failed today and yesterday, by code, and how often; ``is_cut``: maybe more often.
    """

    due: int = 0
    oldest: datetime | None = None
    open: Mapping[str, int] = field(default_factory=dict)
    set_aside: int = 0
    ended: Mapping[tuple[str, str], int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    is_cut: bool = False


def standing(
    documents: Documents, now: datetime, channels: Collection[Channel] = tuple(Channel), *, why: bool = True
) -> Standing:
    """Count it. ``channels``: those to count the ends of; ``why``: whether failures are looked at."""
    today = now.astimezone(UTC).date()
    first = documents.find(due_alerts(now, 1))
    failures = _failures(documents, today) if why else []
    return Standing(
        due=documents.count(due_alerts(now, 1)) if first else 0,
        oldest=first[0].fields["due_at"] if first else None,
        open={str(state): _count(documents, alerts.standing(None, state)) for state in OPEN},
        set_aside=documents.count(Query(ALERTS, ("set_aside_until",), ">", now)),
        ended={
            (str(channel), str(state)): _count(documents, alerts.standing(today, state, channel))
            for channel in channels
            for state in ENDS[channel]
        },
        failed=Counter(failures),
        is_cut=len(failures) >= MOST,
    )


def _count(documents: Documents, prefix: str) -> int:
    return documents.count(_beginning(prefix))


def _beginning(prefix: str, limit: int | None = None) -> Query:
    """Alerts whose ``stands`` begins so."""
    return Query(ALERTS, ("stands",), ">=", prefix, limit, below=f"{prefix[:-1]};")  # after every colon


def _failures(documents: Documents, today: date) -> list[str]:
    """The code of each failure of today and yesterday."""
    found: list[Document] = []
    for day in (today, today - timedelta(days=1)):
        for state in (AlertState.FAILED, AlertState.UNDELIVERED):
            found += documents.find(_beginning(alerts.standing(day, state), MOST - len(found)))
    return [str(one.fields.get("why") or "unknown") for one in found]
