"""How many document operations a day take, counted by everybody who does them: ``usage/2026-11-30``.

Each process counts for itself and writes down what it has counted in steps of some hundreds, so that counting
costs next to nothing; a process that ends between two steps takes its last ones along. Days are UTC's.
"""

import logging
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime

import msgspec

from watchers import expiry
from watchers.documents import Create, Documents, Update
from watchers.errors import ConflictError, StoreError

log = logging.getLogger(__name__)

COLLECTION = "usage"
STEP = 500  # operations that are written down at once
KINDS = ("reads", "writes", "deletes")


class Usage(msgspec.Struct, frozen=True):
    """Document operations of one day, so far."""

    reads: int = 0
    writes: int = 0
    deletes: int = 0


def path(now: datetime) -> str:
    """The day's document."""
    return f"{COLLECTION}/{now.astimezone(UTC):%Y-%m-%d}"


class Meter:
    """Writes down what one process has done; ``note`` it now and then."""

    def __init__(self, documents: Documents, step: int = STEP) -> None:
        self._documents, self._step = documents, step
        self._written = Counter[str]()
        self._lock = threading.Lock()

    def note(self, now: datetime) -> None:
        """Write down what was done since, if it is worth a write; what goes wrong is tried again later."""
        if sum(self.unwritten().values()) < self._step or not self._lock.acquire(blocking=False):
            return
        try:
            with suppress(ConflictError, StoreError):
                self._write(now)
        finally:
            self._lock.release()

    def unwritten(self) -> Counter[str]:
        """What is counted in this process only."""
        return Counter({kind: self._documents.operations[kind] - self._written[kind] for kind in KINDS})

    def today(self, now: datetime) -> Usage:
        """What the day has taken, as far as it is written down, and this process since (one read)."""
        kept = self._documents.get(path(now))
        own = self.unwritten()
        return Usage(**{kind: own[kind] + int((kept.fields if kept else {}).get(kind, 0)) for kind in KINDS})

    def _write(self, now: datetime) -> None:
        kept, more = self._documents.get(path(now)), self.unwritten()
        counted = {kind: int((kept.fields if kept else {}).get(kind, 0)) + more[kind] for kind in KINDS}
        fields = counted | {expiry.FIELD: now + expiry.USED}
        self._documents.commit(Update(kept.path, fields, kept.version) if kept else Create(path(now), fields))
        self._written += more
