"""Documents in one SQLite file: what a laptop runs on, and what most tests run on.

Keeps every promise of ``watchers.documents`` for several processes and threads on one file, refuses what
Firestore would refuse (``store/limits.py``), and is durable at commit. A document's version is its commit's
time in microseconds, which never repeats and never goes back. As in Firestore, a write that changes nothing
keeps the version and is no change.

It also keeps a feed of the changes for which the cloud has a trigger (``changes``, ``done``): written with
the change itself and removed only when the caller says so, hence at least once, like Eventarc.
"""

import sqlite3
import weakref
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from time import time_ns
from typing import Any, Final

from store import sqlite_writes
from store.bill import Bill
from store.entries import comparable, field_key
from store.limits import collection_of, refuse_impossible, refuse_unanswerable
from store.sqlite_file import Readers, open_file, translated
from watchers.documents import Delete, Document, Query, Write
from watchers.errors import StoreError, StoreUnavailableError

_TICK: Final = "UPDATE clock SET last = max(last + 1, ?) RETURNING last"
_OPERATORS: Final = {"==": "=", "<=": "<=", ">=": ">=", ">": ">", "array_contains": "="}


@dataclass(frozen=True, slots=True)
class Change:
    """One write to a document that has a trigger; ``kind``: created, updated or deleted."""

    seq: int
    kind: str
    path: str


class SqliteDocuments:
    """``watchers.documents.Documents`` in the file ``path``, or in this object's memory with ``":memory:"``.

    ``patience``: how many seconds to wait for another writer before ``StoreUnavailableError``.
    """

    def __init__(self, path: str, *, patience: float = 5.0) -> None:
        self._path, self._patience = path, patience
        self._bill = Bill()
        self.operations: Counter[str] = self._bill.operations
        self._lock = Lock()  # one connection writes, for one thread at a time
        self._is_closed = False
        with translated(path):
            self._connection = open_file(path, patience)
        self._readers = None if path == ":memory:" else Readers(path, patience)
        for one in (self._connection, self._readers):  # a store that is forgotten lets go of its file too
            if one:
                weakref.finalize(self, one.close)

    def get(self, path: str) -> Document | None:
        """See ``Documents.get``."""
        collection_of(path)
        with self._reading() as database:
            stored = sqlite_writes.stored(database, path)
        self._bill.found()
        return stored

    def get_many(self, paths: Sequence[str]) -> list[Document | None]:
        """See ``Documents.get_many``."""
        for path in paths:
            collection_of(path)
        with self._reading() as database:
            found = sqlite_writes.all_stored(database, paths)
            documents = [found.get(path) for path in paths]
        if paths:
            self._bill.found(len(paths))
        return documents

    def commit(self, *writes: Write) -> tuple[str, ...]:
        """See ``Documents.commit``."""
        for write in writes:
            refuse_impossible(write)
        with self._transaction() as database:
            (now,) = database.execute(_TICK, (time_ns() // 1_000,)).fetchone()
            versions = tuple(sqlite_writes.apply(database, write, now) for write in writes)
        self._bill.committed(writes)
        return versions

    def find(self, query: Query) -> list[Document]:
        """See ``Documents.find``."""
        found, values = _matching(query)
        statement = f"SELECT path, fields, version {found} LIMIT ?"
        limit = -1 if query.limit is None else query.limit
        with self._reading() as database:
            rows = database.execute(statement, (*values, limit)).fetchall()
        self._bill.found(len(rows))
        return [sqlite_writes.document(*row) for row in rows]

    def count(self, query: Query) -> int:
        """See ``Documents.count``."""
        found, values = _matching(query)
        with self._reading() as database:
            (number,) = database.execute(f"SELECT count(*) {found}", values).fetchone()
        self._bill.counted(number)
        return int(number)

    def changes(self, limit: int = 100) -> list[Change]:
        """The oldest changes that nobody has called ``done`` yet, in order."""
        with self._reading() as database:
            rows = database.execute("SELECT seq, kind, path FROM changes ORDER BY seq LIMIT ?", (limit,))
            return [Change(*row) for row in rows]

    def done(self, seq: int) -> None:
        """Forget a change; one that is forgotten already is no error."""
        with self._transaction() as database:
            database.execute("DELETE FROM changes WHERE seq = ?", (seq,))

    def forget(self, collections: Collection[str], now: datetime, limit: int) -> int:
        """See ``watchers.expiry.Forgetful``: what Firestore's TTL policies do by themselves."""
        with self._transaction() as database:
            (at,) = database.execute(_TICK, (time_ns() // 1_000,)).fetchone()
            over = tuple(Delete(path) for path in sqlite_writes.over(database, collections, now, limit))
            for one in over:
                sqlite_writes.apply(database, one, at)
        self._bill.committed(over)
        return len(over)

    def close(self) -> None:
        """Let go of the file; nothing may be asked afterwards."""
        self._is_closed = True
        with self._lock:
            self._connection.close()
        if self._readers:
            self._readers.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        if self._readers is None:
            with self._database() as database:
                yield database
        else:
            self._refuse_closed()
            with translated(self._path), self._readers.one() as database:
                yield database

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        if not self._lock.acquire(timeout=self._patience):
            raise StoreUnavailableError(f"{self._path} is busy in this process: try again later")
        try:
            self._refuse_closed()
            with translated(self._path):
                yield self._connection
        finally:
            self._lock.release()

    def _refuse_closed(self) -> None:
        if self._is_closed:
            raise StoreError(f"{self._path} was closed: open it again")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All of the block or nothing of it, whatever ends it."""
        with self._database() as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            finally:
                if database.in_transaction:
                    database.execute("ROLLBACK")


def _matching(query: Query) -> tuple[str, tuple[Any, ...]]:
    """FROM, WHERE and ORDER BY of a query, and their values."""
    refuse_unanswerable(query)
    if not query.field and query.value is None:
        return "FROM documents WHERE collection = ? ORDER BY path", (query.collection,)
    if not query.field:
        after = f"{query.collection}/{query.value}"
        return "FROM documents WHERE collection = ? AND path > ? ORDER BY path", (query.collection, after)
    field = field_key(query.field, element=query.op == "array_contains")
    kind, value = comparable(query.value) or ("none", None)  # text too long for an index: finds nothing
    where = f"entries.collection = ? AND field = ? AND type = ? AND value {_OPERATORS[query.op]} ?"
    values: list[Any] = [query.collection, field, kind, value]
    if end := comparable(query.below) if query.below is not None else None:
        where += " AND value < ?"
        values.append(end[1])
    return f"FROM entries CROSS JOIN documents USING (path) WHERE {where} ORDER BY value, path", tuple(values)
