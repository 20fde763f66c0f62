"""The SQLite file itself: its tables, how it is opened, and what its errors mean."""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from watchers.errors import StoreError, StoreUnavailableError

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS documents (
        path TEXT PRIMARY KEY, collection TEXT NOT NULL, fields TEXT NOT NULL, version INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS documents_of ON documents (collection, path)",
    # `value` has no declared type, so that SQLite keeps and compares each value as what it is
    """CREATE TABLE IF NOT EXISTS entries (
        collection TEXT, field TEXT, type TEXT, value, path TEXT,
        PRIMARY KEY (collection, field, type, value, path)) WITHOUT ROWID""",
    """CREATE INDEX IF NOT EXISTS entries_over ON entries (value) WHERE field = '["expires_at"]'""",
    "CREATE TABLE IF NOT EXISTS changes (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT, path TEXT)",
    "CREATE TABLE IF NOT EXISTS clock (one INTEGER PRIMARY KEY, last INTEGER)",
    "INSERT OR IGNORE INTO clock VALUES (1, 0)",
)


def open_file(path: str, patience: float) -> sqlite3.Connection:
    """A connection for any thread, that waits ``patience`` seconds for other writers; the folder is made."""
    if path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    with ExitStack() as undo:
        undo.callback(database.close)
        _use_wal(database, patience)
        database.execute("PRAGMA synchronous = FULL")  # durable at commit, also when the power fails
        database.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA:
            database.execute(statement)
        database.execute("COMMIT")
        undo.pop_all()
    return database


def _use_wal(database: sqlite3.Connection, patience: float) -> None:
    """Readers never wait for a writer. SQLite does not wait when two processes switch a new file at once."""
    deadline = monotonic() + patience
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError:
            if monotonic() > deadline:
                raise
            sleep(0.01)
        else:
            return


class Readers:
    """Connections to ``path`` that only read, as many as are in use at once: a read waits for no other.

    On one connection reads would queue, and each holder of it would wait for Python's interpreter lock,
    too, whenever SQLite has answered.
    """

    def __init__(self, path: str, patience: float) -> None:
        self._address, self._patience = f"{Path(path).absolute().as_uri()}?mode=rw", patience
        self._idle = deque[sqlite3.Connection]()
        self._is_closed = False

    @contextmanager
    def one(self) -> Iterator[sqlite3.Connection]:
        """A connection for one thread, and back again."""
        try:
            database = self._idle.pop()
        except IndexError:
            database = self._opened()
        try:
            yield database
        finally:
            self._idle.append(database)
            if self._is_closed:
                self.close()

    def close(self) -> None:
        """Let go of the file: of connections that are in use, when they come back."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().close()

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(
            self._address, uri=True, timeout=self._patience, isolation_level=None, check_same_thread=False
        )
        database.execute("PRAGMA query_only = ON")
        return database


@contextmanager
def translated(path: str) -> Iterator[None]:
    """SQLite's errors as ours, split by whether trying again can help."""
    try:
        yield
    except (sqlite3.OperationalError, OSError) as exc:
        code = getattr(exc, "sqlite_errorname", type(exc).__name__)
        raise StoreUnavailableError(
            f"{path} cannot be used now ({code}): is it locked, or the disk full?"
        ) from exc
    except sqlite3.ProgrammingError:  # a bug of ours, whatever the file is like
        raise
    except sqlite3.DatabaseError as exc:
        raise StoreError(f"{path} is not a sound SQLite database: move it away or restore it") from exc
