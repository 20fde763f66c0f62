"""Where documents lie, and what a run asks of them: the outer contract's names in one place."""

import hashlib
from datetime import UTC, datetime

import msgspec

from watchers.documents import Query
from watchers.kinds import Kind

ALERTS = "alerts"  # the outbox
REFUSED = "refused"  # watches that were refused: whose, which, and why
FAVOURS = (1, 2, 4)  # binary digits of what a watcher is worth more than one


class Places(msgspec.Struct, frozen=True):
    """Where documents lie: the outer contract, with the two names an operator may choose."""

    app_id: str = "ticket-scout"
    worker_collection: str = "worker_monitor_jobs"

    def sources(self, uid: str) -> str:
        """The collection of one person's own watches."""
        return f"artifacts/{self.app_id}/users/{uid}/ticket_monitors"

    def source(self, uid: str, watch_id: str) -> str:
        """The person's own copy."""
        return f"{self.sources(uid)}/{watch_id}"

    def statuses(self, uid: str) -> str:
        """The collection of what is said of one person's watches."""
        return f"artifacts/{self.app_id}/users/{uid}/ticket_status"

    def status(self, uid: str, watch_id: str) -> str:
        """What the person's own clients may read."""
        return f"{self.statuses(uid)}/{watch_id}"

    def job(self, watch_id: str) -> str:
        """The worker's copy."""
        return f"{self.worker_collection}/{watch_id}"


def refusal(uid: str, watch_id: str) -> str:
    """Where an operator finds that this person's watch was refused: no two people share one."""
    return f"{REFUSED}/{hashlib.sha256(f'{uid}/{watch_id}'.encode()).hexdigest()}"


def changed_since(places: Places, at: datetime | None, limit: int) -> Query:
    """Jobs written at ``at`` or later, oldest first. Two writes may bear the same time."""
    since = at or datetime(1970, 1, 1, tzinfo=UTC)
    return Query(places.worker_collection, ("updated_at",), ">=", since, limit)


def said_since(places: Places, uid: str, at: datetime) -> Query:
    """What was said of one person's watches at ``at`` (the database's time) or later, oldest first."""
    return Query(places.statuses(uid), ("updated_at",), ">=", at)


def watching(places: Places, target_id: str) -> Query:
    """Every active watch of a target."""
    return Query(places.worker_collection, ("targets",), "array_contains", target_id)


def favouring(places: Places, target_id: str, digit: int) -> Query:
    """Active watches of a target whose owner's plan is worth so much more (see ``jobs.favoured``)."""
    return Query(places.worker_collection, ("favoured",), "array_contains", f"{target_id}:{digit}")


def waiting_for(places: Places, target_id: str, kind: str | Kind) -> Query:
    """Active watches of a target that wait for this kind of event."""
    return Query(places.worker_collection, ("waits_for",), "array_contains", f"{target_id}:{kind}")


def firing_at(places: Places, target_id: str, key: str, price: int) -> Query:
    """Active watches of a target that fire at ``price`` or at a higher one."""
    return Query(places.worker_collection, ("fires_at", target_id, key), ">=", price)


def rearming_at(places: Places, target_id: str, key: str, price: int) -> Query:
    """Active watches of a target that re-arm at ``price`` or at a lower one."""
    return Query(places.worker_collection, ("rearms_at", target_id, key), "<=", price)


def due_alerts(until: datetime, limit: int) -> Query:
    """Alerts that somebody must look at, now or until then; longest waiting first."""
    return Query(ALERTS, ("due_at",), "<=", until, limit)
