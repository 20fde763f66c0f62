"""Deliver alerts: from the outbox to a person, and back with the outcome.

Each alert is delivered by whoever hears of it first: the trigger on its creation, or the sweep that looks
for what was left behind. Both may run at once, twice, or die at any line; ``outbox.py`` says why that is
harmless. One way for all, for one alert as for a thousand:

    1  find what is due           and sort it into parcels: one person, one channel (``parcels.py``)
    2  prepare each parcel        what is to be said, to whom, or why not now
    3  claim                      all in one commit; from here on leases run
    4  send, side by side         each once (``sending.py``)
    5  settle                     whatever has come back, in one commit, while the others are still sending

What somebody else has moved meanwhile is left to them. What a vendor says later is heard in ``learning.py``.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from notifiers import outbox
from notifiers.dispatch import dispatch, dispatch_each
from notifiers.means import Clock, Means
from notifiers.parcels import Outcome, Parcel, sort
from notifiers.records import set_aside
from watchers import alerts
from watchers.documents import Document
from watchers.kinds import Channel
from watchers.models import Alert

ATTEMPTS = 5  # at what others keep changing
_YIELD = 0.3  # seconds that the trigger leaves to the worker that made the alert
_ROUNDS = 50  # of one sweep; each takes up to ``limit`` alerts
_NOTHING_DONE = frozenset({Outcome.OVERTAKEN, Outcome.STORE_UNAVAILABLE, Outcome.CRASHED})


def deliver(
    alert_id: str, means: Means, *, now: datetime, sleep: Callable[[float], object] = time.sleep
) -> Outcome:
    """Deliver one alert that was just created, and what else waits for the same person on the same channel.

    It first waits a moment for others to come along, and for the worker, who may be telling it already.

    Raises:
        StoreError: the database failed. The step may be repeated; no text is sent twice.
    """
    clock = Clock(now)
    for _ in range(ATTEMPTS):
        alert = outbox.load(means.documents, alert_id)
        if alert is None:
            return Outcome.MISSING
        parcel = _parcel_of(alert, means, clock())
        if parcel is None or parcel.ready_at > clock() + means.limits.longest_grouping:
            return Outcome.NOT_DUE
        if parcel.ready_at > clock():
            sleep((parcel.ready_at - clock()).total_seconds() + _YIELD)
            continue
        outcomes = dict(dispatch([parcel], means, clock, clock() + outbox.LEASES[Channel.EMAIL]))
        if outcomes.get(alert_id, Outcome.OVERTAKEN) is not Outcome.OVERTAKEN:
            return outcomes[alert_id]
    return Outcome.OVERTAKEN


def sweep(
    means: Means,
    *,
    now: datetime,
    deadline: datetime,
    limit: int = 2000,
    found: Sequence[Document] | None = None,
) -> Counter[str]:
    """Deliver what is due until ``deadline``, the nearest events first; count the outcomes by name.

    What was created a moment ago is waited for. An alert that cannot be dealt with (``crashed``) is set
    aside for an hour and never stops the others. ``store_unavailable``: nothing is known about it; it is
    found again. ``found``: what is due, if somebody has just looked.
    """
    clock, outcomes, idle = Clock(now), Counter[str](), 0
    for _ in range(_ROUNDS):
        until = clock() + means.limits.longest_grouping
        waiting = alerts.due(means.documents, until, limit) if found is None else found
        found, parcels = None, sort(_readable(waiting, means, clock, outcomes), means.limits)
        if ready := [parcel for parcel in parcels if parcel.ready_at <= clock()]:
            # of those that are equally near, another sweeper begins with others
            ready.sort(key=lambda parcel: (parcel.nearest, random.random()))  # noqa: S311
            moved = Counter(outcome for _, outcome in dispatch_each(ready, means, clock, deadline))
            outcomes += Counter({str(outcome): number for outcome, number in moved.items()})
            idle = 0 if moved.keys() - _NOTHING_DONE else idle + 1
            if clock() >= deadline or idle > 1:
                break
        elif parcels and (soonest := min(parcel.ready_at for parcel in parcels)) < deadline:
            time.sleep(max(0.0, (soonest - clock()).total_seconds()))
        else:
            break
    return outcomes


def _parcel_of(alert: Alert, means: Means, now: datetime) -> Parcel | None:
    """What the alert goes out in; ``None`` when it is settled, or in somebody else's hands."""
    if alert.due_at is None:
        return None
    if alert.state not in outbox.OPEN or alert.attempts:
        return sort([alert], means.limits)[0]
    waiting = outbox.readable(outbox.waiting(means.documents, alert))
    until = now + means.limits.longest_grouping
    others = (one for one in waiting if one.id != alert.id and one.due_at and one.due_at <= until)
    soon = [alert, *others]
    parcels = sort(soon, means.limits)
    return next((one for one in parcels if alert.id in {told.id for told in one.alerts}), None)


def _readable(
    found: Iterable[Document], means: Means, clock: Clock, outcomes: Counter[str]
) -> Iterator[Alert]:
    for document in found:
        try:
            yield alerts.from_document(document)
        except outbox.UNREADABLE as exc:
            outcomes[set_aside(document.id, exc, means, clock)] += 1
