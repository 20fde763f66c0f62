"""Who has a seat: which of a person's watches their plan holds, in ``seats/{uid}``.

Every watch that is not ended takes a seat when it is first copied, in the same commit as its job; so of two
at once for the last seat one must look again, and finds it taken. Whoever has a seat keeps it, also while
paused or spoiled by an edit, until the watch is ended or deleted. What finds none waits, the oldest first,
and is let in when a seat becomes free; where ``MOST_WAITING`` wait already, it must be saved again then. A
watch that is renamed, paused or unchanged reads nothing here.

The document also says the person's plan, so that a seat and a plan that changes cannot miss each other.
Where it does not exist yet it is made from the jobs: as many reads as there are watches, once a person.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from watchers.documents import Create, Document, Documents, Query, Update
from watchers.places import Places
from watchers.tiers import BASIC

COLLECTION = "seats"
MOST_WAITING = 1_000
"""So many watches may wait, whatever a client writes: all ids fit into one document of less than 1 MiB."""
LONGEST_ID = 100  # bytes; ours and Firestore's own have 20


class Seats(msgspec.Struct, frozen=True):
    """A person's seats as they stood when read.

    Attributes:
        uid: Whose.
        held: Watches that have one, by id.
        waiting: Watches that found none, by id, with the time they were written.
        plan: The person's plan.
        version: The store's; empty when they were never stored.
    """

    uid: str
    held: tuple[str, ...] = ()
    waiting: Mapping[str, datetime] = msgspec.field(default_factory=dict)
    plan: str = BASIC
    version: str = ""

    @property
    def queue(self) -> list[str]:
        """Who waits, the oldest first."""
        return sorted(self.waiting, key=lambda one: (self.waiting[one], one))

    def seating(self, watch_id: str) -> "Seats":
        """With a seat for this watch."""
        return msgspec.structs.replace(
            self.without(watch_id), held=(*(one for one in self.held if one != watch_id), watch_id)
        )

    def may_queue(self, watch_id: str) -> bool:
        """Whether this watch may wait: it does already, or not too many do."""
        return watch_id in self.waiting or len(self.waiting) < MOST_WAITING

    def queueing(self, watch_id: str, at: datetime) -> "Seats":
        """With this watch among those that wait; one that waits already keeps its turn."""
        return msgspec.structs.replace(self, waiting={watch_id: at, **self.waiting})

    def without(self, watch_id: str) -> "Seats":
        """As if this watch had never been."""
        return msgspec.structs.replace(
            self,
            held=tuple(one for one in self.held if one != watch_id),
            waiting={one: at for one, at in self.waiting.items() if one != watch_id},
        )

    def planned(self, plan: str) -> "Seats":
        """On this plan."""
        return msgspec.structs.replace(self, plan=plan)

    def write(self) -> Create | Update:
        """The write that keeps them, if nobody else has changed them since they were read."""
        fields = {
            "uid": self.uid,
            "held": list(self.held),
            "waiting": dict(self.waiting),
            "plan": self.plan,
        }
        return (
            Update(path(self.uid), fields, self.version) if self.version else Create(path(self.uid), fields)
        )


def path(uid: str) -> str:
    """Where the person's seats are kept."""
    return f"{COLLECTION}/{uid}"


def read(documents: Documents, places: Places, uid: str) -> Seats:
    """The person's seats (one read); made from their jobs where nothing is kept yet."""
    document = documents.get(path(uid))
    return from_document(uid, document) if document else _made(documents, places, uid)


def from_document(uid: str, document: Document) -> Seats:
    """The inverse of ``Seats.write``."""
    fields = document.fields
    return Seats(
        uid,
        tuple(fields.get("held") or ()),
        dict(fields.get("waiting") or {}),
        str(fields.get("plan") or BASIC),
        document.version,
    )


def _made(documents: Documents, places: Places, uid: str) -> Seats:
    jobs = documents.find(Query(places.worker_collection, ("uid",), "==", uid))
    return Seats(uid, tuple(one.id for one in jobs if is_seated(one.fields)), plan=plan_of(documents, uid))


def plan_of(documents: Documents, uid: str) -> str:
    """The person's plan, as it is written about them (one read)."""
    person = documents.get(f"people/{uid}")
    return str((person.fields.get("plan") if person else None) or BASIC)


def is_seated(job: Mapping[str, Any]) -> bool:
    """Whether a job's watch has a seat; of one that does not say it, whether it goes on."""
    said = job.get("seated")
    if isinstance(said, bool):
        return said
    watch = job.get("watch")
    status = watch.get("status") if isinstance(watch, Mapping) else None
    return job.get("deleted_at") is None and status != "ended"
