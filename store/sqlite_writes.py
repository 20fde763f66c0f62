"""One write inside a transaction on SQLite: the document, its index entries and its place in the feed.

Nothing here begins, ends or retries a transaction: ``store/sqlite.py`` does.
"""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from store.entries import entries, microseconds, moment
from store.limits import collection_of, refuse_too_large
from store.tagged import from_text, to_text
from watchers.documents import SERVER_TIME, Create, Delete, Document, Update, Write
from watchers.errors import ConflictError

_FEEDS: Final = frozenset({"ticket_monitors", "alerts"})
OVER: Final = """SELECT path FROM entries
    WHERE field = '["expires_at"]' AND type = 'time' AND value <= ? ORDER BY value"""  # has its own index
_AT_ONCE: Final = 900  # values in one statement; the least that SQLite was ever built for is 999


def apply(database: sqlite3.Connection, write: Write, now: int) -> str:
    """Do one write inside a transaction; its version from then on."""
    before = stored(database, write.path)
    after = _after(write, before, now)
    if before and after is not None and to_text(before.fields) == to_text(after):
        return before.version
    _index(database, write.path, before.fields if before else {}, after or {})
    _feed(database, write.path, before, after)
    if after is None:
        database.execute("DELETE FROM documents WHERE path = ?", (write.path,))
        return ""
    row = (write.path, collection_of(write.path), to_text(after), now)
    database.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?, ?)", row)
    return str(now)


def over(database: sqlite3.Connection, collections: Collection[str], now: datetime, limit: int) -> list[str]:
    """Documents of these collections whose time is over, those that ended first before others."""
    found = database.execute(OVER, (microseconds(now),))
    ours = (path for (path,) in found if path.split("/")[-2] in collections)
    return list(islice(ours, limit))


def _after(write: Write, before: Document | None, now: int) -> dict[str, Any] | None:
    """The fields as they will stand, ``None`` for a deleted document."""
    match write:
        case Delete(version=None):
            return None
        case Create() if before:
            raise ConflictError(f"{write.path} exists already")
        case Update() | Delete() if not before or before.version != write.version:
            raise ConflictError(f"{write.path} is not version {write.version} any more: read it again")
        case Delete():
            return None
    kept = before.fields if before and isinstance(write, Update) else {}
    fields = {**kept, **write.fields}
    refuse_too_large(write.path, fields)
    return {name: _timed(value, now) for name, value in fields.items()}


def _timed(value: Any, now: int) -> Any:
    """``value`` with the commit's time for each ``SERVER_TIME`` in it."""
    if isinstance(value, Mapping):
        return {key: _timed(inner, now) for key, inner in value.items()}
    return moment(now) if value is SERVER_TIME else value


def _index(
    database: sqlite3.Connection, path: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """Touch only the entries that changed."""
    old, new = entries(before), entries(after)
    collection = collection_of(path)
    remove = "DELETE FROM entries WHERE collection = ? AND field = ? AND type = ? AND value = ? AND path = ?"
    database.executemany(remove, [(collection, *entry, path) for entry in old - new])
    add = "INSERT INTO entries VALUES (?, ?, ?, ?, ?)"
    database.executemany(add, [(collection, *entry, path) for entry in new - old])


def _feed(database: sqlite3.Connection, path: str, before: Document | None, after: object) -> None:
    kind = "deleted" if after is None else "updated" if before else "created"
    if path.split("/")[-2] in _FEEDS and (before or kind != "deleted"):
        database.execute("INSERT INTO changes (kind, path) VALUES (?, ?)", (kind, path))


def stored(database: sqlite3.Connection, path: str) -> Document | None:
    """The document at ``path``."""
    row = database.execute("SELECT path, fields, version FROM documents WHERE path = ?", (path,)).fetchone()
    return document(*row) if row else None


def all_stored(database: sqlite3.Connection, paths: Sequence[str]) -> dict[str, Document]:
    """Those of these documents that are there, by path."""
    found = dict[str, Document]()
    for start in range(0, len(paths), _AT_ONCE):
        some = paths[start : start + _AT_ONCE]
        marks = ",".join("?" * len(some))
        statement = f"SELECT path, fields, version FROM documents WHERE path IN ({marks})"  # noqa: S608
        rows = database.execute(statement, some)
        found |= {row[0]: document(*row) for row in rows}
    return found


def document(path: str, fields: str, version: int) -> Document:
    """A row of the table as a document."""
    return Document(path, from_text(fields), str(version), moment(version))
