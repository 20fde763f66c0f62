"""Let go of what is held for a reason that is gone: a snooze that was ended, quiet hours that were changed.

What is let go of is only due again: whoever delivers it plans it anew, and holds what must still wait. Best
effort: what is missed goes when it was to go.
"""

from collections.abc import Collection
from contextlib import suppress
from datetime import datetime

from notifiers.outbox import LEASES
from watchers import alerts
from watchers.documents import Documents, Query, Update
from watchers.errors import StoreError
from watchers.models import AlertState

_MOST = 500  # of one person on one channel


def release(
    documents: Documents,
    uid: str,
    reasons: Collection[str],
    now: datetime,
    *,
    watch_ids: Collection[str] | None = None,
) -> int:
    """Make due what this person's alerts (of these watches) wait for because of ``reasons``; how many.

    ``reasons``: ``snoozed``, ``quiet_hours``, ``digest``. What a cap holds back waits for its digest.
    One query for each channel, however many watches.
    """
    if watch_ids is not None and not watch_ids:
        return 0
    released = 0
    for channel in LEASES:
        waiting = Query(alerts.COLLECTION, ("waits",), "==", f"{uid}:{channel}", _MOST)
        with suppress(StoreError):
            for document in documents.find(waiting):
                held = document.fields
                is_meant = held.get("state") == AlertState.HELD and held.get("why") in reasons
                if is_meant and (watch_ids is None or held.get("watch_id") in watch_ids):
                    changes = {"due_at": now, "held_until": now, **alerts.moved(uid)}
                    with suppress(StoreError):
                        documents.commit(Update(document.path, changes, document.version))
                        released += 1
    return released
