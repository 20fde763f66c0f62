"""Where a person's data lies: the one list that both the copy of it and its erasure go by.

A collection is personal when its documents name a person: by the path (``tallies/{uid}``), by a field
``uid``, or by lying under ``users/{uid}``. Whoever adds one adds it here; a test finds every collection that
the code names and is on neither list.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any

import msgspec

from watchers.documents import Document as Kept
from watchers.documents import Documents, Query
from watchers.places import ALERTS, REFUSED, Places

AT_ONCE = 200  # documents read or written together, within a second or so; a commit of Firestore takes 10 MiB
BY_UID = ("uid",)


class Named(Enum):
    """What tells whose a document is."""

    BY_PATH = auto()  # collection/{uid}
    BY_FIELD = auto()  # its field ``uid``
    BY_FOLDER = auto()  # everything in a collection of the person's own


class Holding(msgspec.Struct, frozen=True):
    """One collection that holds data of people.

    ``said_as``: its name in a person's copy; ``None`` where it holds nothing that is not elsewhere in it, or
    only what guards them (codes, digests). ``secret``: fields that are told to nobody. ``with_ids``: whether
    the id is part of what is told; some are digests of secrets.
    """

    collection: str
    named: Named
    said_as: str | None = None
    secret: frozenset[str] = frozenset()
    with_ids: bool = True


def holdings(places: Places, uid: str) -> tuple[Holding, ...]:
    """Every one but ``people`` and the worker's copies, in the order in which they are erased.

    What is written because something else stands there comes after that.
    """
    return (
        Holding(places.sources(uid), Named.BY_FOLDER, "watches"),
        Holding(places.statuses(uid), Named.BY_FOLDER, "statuses"),
        Holding(ALERTS, Named.BY_FIELD, "alerts", secret=_OURS_OF_AN_ALERT),
        Holding(REFUSED, Named.BY_FIELD),
        Holding("inbound", Named.BY_FIELD, "texts_from_you"),
        Holding("contacts", Named.BY_FIELD),
        Holding("api_tokens", Named.BY_FIELD, "tokens", with_ids=False),
        Holding("api_makers", Named.BY_PATH),
        Holding("proofs", Named.BY_FIELD),
        Holding("idempotency", Named.BY_FIELD),
        Holding("tallies", Named.BY_PATH, "counted", with_ids=False),
        Holding("seats", Named.BY_PATH),
        Holding("alert_shelves", Named.BY_PATH),
        Holding("pages", Named.BY_PATH),
        Holding("calendars", Named.BY_PATH),
    )


_OURS_OF_AN_ALERT = frozenset(
    {"moved", "newest_first", "waits"}  # by what alerts are found
    | {"code", "more_codes"}  # whoever has one can stop the watch
)
OTHER_PERSONAL = frozenset({"people", "worker_monitor_jobs", "receipts", "erasures"})
"""Personal as well, and each dealt with in its own way (``erasure``)."""

IMPERSONAL = frozenset(
    {
        "boards",  # what shops said
        "leases",
        "mishaps",
        "price_history",
        "probes",
        "purses",
        "runs",
        "spend",  # of everybody together
        "usage",  # how much is read and written a day
        "throttles",  # how often something was done, by a digest; each ends by itself
        "verdicts",  # of two events
    }
)
"""Collections of which no document says anything about a person."""


def of_jobs(places: Places, uid: str, limit: int) -> Query:
    """The worker's copies of a person's watches, deleted ones among them."""
    return Query(places.worker_collection, BY_UID, "==", uid, limit)


def is_known(documents: Documents, places: Places, uid: str) -> bool:
    """Whether anything is kept under this id."""
    jobs = documents.find(of_jobs(places, uid, 1))
    return bool(jobs) or any(found(documents, holding, uid, 1) for holding in holdings(places, uid))


def found(documents: Documents, holding: Holding, uid: str, limit: int) -> list[Kept]:
    """Up to ``limit`` of this person's documents there."""
    match holding.named:
        case Named.BY_PATH:
            document = documents.get(f"{holding.collection}/{uid}")
            return [document] if document else []
        case Named.BY_FIELD:
            return documents.find(Query(holding.collection, BY_UID, "==", uid, limit))
        case Named.BY_FOLDER:
            return documents.find(Query(holding.collection, limit=limit))


def told(document: Kept, holding: Holding) -> Mapping[str, Any]:
    """What a person may read of it."""
    shown = {name: value for name, value in document.fields.items() if name not in holding.secret}
    return {"id": document.id, **shown} if holding.with_ids else shown
