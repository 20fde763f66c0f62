"""When a document may go: one field says so, ``expires_at``, of the same name wherever it stands.

Firestore deletes by it (a TTL policy for each collection, in ``deploy/firestore.indexes.json``), within a day
as a rule and later if it must. SQLite is told to, every quarter of an hour, some at a time. So what is over
may still stand for long: whoever would go wrong by it looks at the time itself. Without the field, or with
``None`` there, a document stays.

Nothing goes while something that it forbids may still be repeated: ``docs/adr/0030`` says why these times.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, Protocol, runtime_checkable

from watchers.documents import Document, Documents
from watchers.places import ALERTS, Places

FIELD: Final = "expires_at"

TOLD: Final = timedelta(days=731)
"""Alerts, once they are settled, and what people texted: as long as the prices they told of (two years)."""

TRIED: Final = timedelta(days=31)
"""Test messages and one-time codes, once they are settled: long after a vendor can say anything of them."""

DELETED: Final = timedelta(days=92)
"""The tombstones of watches: every board that is ticked at all has heard of them by then."""

SNAPSHOT: Final = timedelta(days=31)
"""What a page was made of; less than ``DELETED``, so that it hears of every watch that was deleted since."""

USED: Final = timedelta(days=400)
"""How much a day read and wrote: a year, to compare."""

AT_ONCE: Final = 200  # documents in one transaction, so that nobody waits for long
MOST: Final = 2_000  # in one run

_ANYWHERE: Final = frozenset(
    {
        ALERTS,
        "alert_shelves",
        "chunks",  # of price_history/{target}
        "idempotency",
        "inbound",
        "pages",
        "proofs",
        "receipts",
        "throttles",
        "ticket_status",  # of artifacts/{app}/users/{uid}
        "usage",
    }
)


@runtime_checkable
class Forgetful(Protocol):
    """A database that deletes what is over when it is told to; Firestore does it by itself."""

    def forget(self, collections: Collection[str], now: datetime, limit: int) -> int:
        """Delete up to ``limit`` documents whose ``expires_at`` is not after ``now``; how many there were.

        ``collections``: the last names of collections, wherever they lie; others keep theirs.
        """
        ...


def collections(places: Places) -> frozenset[str]:
    """The collections in which documents end by themselves, by their last names."""
    return _ANYWHERE | {places.worker_collection}


def is_over(document: Document, now: datetime) -> bool:
    """Whether it may be gone any moment."""
    expires_at = document.fields.get(FIELD)
    return isinstance(expires_at, datetime) and expires_at <= now


def forget(documents: Documents, places: Places, now: datetime) -> int:
    """Delete some of what is over, where the database does not do so by itself; how many."""
    if not isinstance(documents, Forgetful):
        return 0
    ours, gone = collections(places), 0
    while gone < MOST:
        some = documents.forget(ours, now, AT_ONCE)
        gone += some
        if some < AT_ONCE:
            break
    return gone
