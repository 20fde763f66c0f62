"""Copies of the SQLite file: taken while everybody goes on writing, and put back in its place.

A copy is one moment of the database, whole, in one file that only its owner can read. It is made beside its
place and looked through before it gets its name, so that under a backup's name there is never half of one.
What would be replaced is replaced only if that was said; a database that is replaced stays beside the new
one, under a name with the time. What a database in the past means for the outbox, ``notifiers/restored.py``
knows.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from store.sqlite_file import translated
from watchers.errors import StoreError, StoreUnavailableError

_TABLES: Final = frozenset({"documents", "entries", "changes", "clock"})
_JOURNALS: Final = ("-wal", "-shm")  # what lies beside a database that is used
_PATIENCE = 5.0  # seconds for others to let go


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A copy that was made: where, how large, of how many documents, and when somebody last wrote to it."""

    path: Path
    size: int
    documents: int
    written_at: datetime | None


def back_up(database: Path, to: Path, *, overwrite: bool = False) -> Snapshot:
    """Copy the database as it stands at one moment, whoever is writing to it.

    Raises:
        StoreError: there is no database, it is not sound, or something has this name already.
        StoreUnavailableError: it cannot be read now, or not written there.
    """
    _refuse_the_same(database, to)
    with _copy(database, to) as (part, snapshot):
        _name(part, to, overwrite=overwrite)
    return snapshot


def restore(
    backup: Path,
    database: Path,
    now: datetime,
    *,
    overwrite: bool = False,
    prepare: Callable[[Path, Path | None], None] | None = None,
) -> Path | None:
    """Put a backup where the database is; returns where what it replaced is now.

    ``prepare`` is called with the copy, before it gets its name, and with what it will replace, if anything:
    whatever must be written into it is in it before anybody can run on it.

    Raises:
        StoreError: the backup is not sound, or there is a database and nobody said that it may be replaced.
        StoreUnavailableError: somebody uses the database, or it cannot be written there.
    """
    _refuse_the_same(backup, database)
    with _copy(backup, database) as (part, _), translated(str(database)):
        if database.exists() and not overwrite:
            raise StoreError(
                f"{database} is there: with --overwrite it is replaced (and kept under another name)"
            )
        if database.exists():
            _close_journal(database)
        if prepare:
            prepare(part, database if database.exists() else None)
            _close_journal(part)
        aside = database.with_name(f"{database.name}.replaced-{now:%Y%m%dT%H%M%SZ}")
        is_kept = _keep_aside(database, aside)
        part.replace(database)  # in one step: whoever dies before or after it leaves a whole database
        _sync(database.parent)
    return aside if is_kept else None


def _refuse_the_same(source: Path, to: Path) -> None:
    """A copy in its own place would take the file away from those who have it open."""
    if source.exists() and to.exists() and source.samefile(to):
        raise StoreError(f"{to} is the database itself: name another file")


@contextmanager
def _copy(source: Path, to: Path) -> Iterator[tuple[Path, Snapshot]]:
    """A sound copy beside ``to``, without its name yet; it is gone at the end unless it was given one."""
    if not source.is_file():
        raise StoreError(f"{source} is not there")
    part = to.with_name(f".{to.name}.{os.getpid()}.part")
    with translated(str(to)):
        to.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with translated(str(source)):
            snapshot = _copied(source, part, to)
        yield part, snapshot
    finally:
        for ending in ("", *_JOURNALS, "-journal"):
            Path(f"{part}{ending}").unlink(missing_ok=True)


def _copied(source: Path, part: Path, to: Path) -> Snapshot:
    with closing(_opened(source)) as old, closing(_opened(part)) as new:
        # In one step: one moment, and nobody who writes meanwhile has to wait or makes us begin anew.
        old.backup(new)
        new.execute("PRAGMA journal_mode = DELETE")  # one file
        _refuse_unsound(new, source)
        (documents,) = new.execute("SELECT count(*) FROM documents").fetchone()
        (last,) = new.execute("SELECT max(version) FROM documents").fetchone()
    with part.open("rb") as written:
        os.fsync(written.fileno())
    written_at = datetime.fromtimestamp(last / 1e6, UTC) if last else None
    return Snapshot(to, part.stat().st_size, documents, written_at)


def _opened(path: Path) -> sqlite3.Connection:
    """An existing file; none is made."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=_PATIENCE, isolation_level=None
    )


def _refuse_unsound(database: sqlite3.Connection, source: Path) -> None:
    found = database.execute("PRAGMA integrity_check(1)").fetchone()
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if found != ("ok",):
        raise StoreError(f"{source} is damaged: take another backup")
    if not tables >= _TABLES:
        raise StoreError(f"{source} is no database of Ticket Scout")


def _name(part: Path, to: Path, *, overwrite: bool) -> None:
    """Give the copy its name; the name is taken first, so that of two who want it one is refused."""
    with translated(str(to)):
        if not overwrite:
            try:
                os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            except FileExistsError:
                raise StoreError(f"{to} is there: choose another name, or say --overwrite") from None
        try:
            part.replace(to)
        except OSError:
            if not overwrite:
                to.unlink(missing_ok=True)
            raise
        _sync(to.parent)


def _close_journal(database: Path) -> None:
    """Let the file be whole by itself; SQLite does that only for somebody who is alone with it.

    Raises:
        StoreUnavailableError: somebody uses it. What is damaged says nothing.
    """
    with closing(_opened(database)) as alone, suppress(sqlite3.DatabaseError):
        try:
            alone.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.OperationalError as exc:
            raise StoreUnavailableError(f"{database} is in use: stop what runs on it first") from exc


def _keep_aside(database: Path, aside: Path) -> bool:
    """Give what will be replaced another name besides; whether there was anything.

    What a lost or damaged database left beside it would be taken for the new one's, so that is moved.
    """
    left = [ending for ending in _JOURNALS if Path(f"{database}{ending}").exists()]
    for ending in left:
        Path(f"{database}{ending}").replace(f"{aside}{ending}")
    if database.exists():
        try:
            aside.hardlink_to(database)
        except OSError:  # a file system without links
            shutil.copy2(database, aside)
    return bool(left) or aside.exists()


def _sync(folder: Path) -> None:
    """The name lasts, too, when the power fails."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
