"""What Firestore would bill, counted by both stores, so that a change that costs money shows on a laptop.

https://firebase.google.com/docs/firestore/pricing: a read per document got or found, at least one a query;
a read per 1,000 index entries counted; a write or a delete per document changed. Refused commits are free
here, though the vendor does not promise it.
"""

from collections import Counter
from threading import Lock

from watchers.documents import Delete, Write


class Bill:
    """Counts in ``operations`` ("reads", "writes", "deletes"), from any thread."""

    def __init__(self) -> None:
        self.operations: Counter[str] = Counter(reads=0, writes=0, deletes=0)
        self._lock = Lock()

    def found(self, documents: int = 1) -> None:
        """A look-up or a query that brought so many documents."""
        self._add("reads", max(1, documents))

    def counted(self, documents: int) -> None:
        """A count over so many index entries."""
        self._add("reads", max(1, -(-documents // 1_000)))

    def committed(self, writes: tuple[Write, ...]) -> None:
        """A commit that was done."""
        deletes = sum(isinstance(write, Delete) for write in writes)
        self._add("deletes", deletes)
        self._add("writes", len(writes) - deletes)

    def _add(self, kind: str, number: int) -> None:
        with self._lock:
            self.operations[kind] += number
