"""Copies of the SQLite file: one moment of it, whole, and nothing replaced that nobody said to replace."""

import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.snapshot import back_up, restore
from store.sqlite import SqliteDocuments
from watchers.documents import Put, Query
from watchers.errors import StoreError, StoreUnavailableError

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 30, 7, 15, tzinfo=UTC)
WRITE_PAIRS = """
import sys
from store.sqlite import SqliteDocuments
from watchers.documents import Put
documents, n = SqliteDocuments(sys.argv[1], patience=30), 0
while True:
    n += 1
    documents.commit(Put("pairs/left", {"n": n}), Put(f"pairs/right", {"n": n}), Put(f"rows/{n}", {"n": n}))
    if n == 20:
        print("going", flush=True)
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "scout.db"


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "one.db"


def put(database: Path, number: int) -> None:
    with closing(SqliteDocuments(str(database))) as documents:
        documents.commit(Put("people/u1", {"n": number}))


def number_in(database: Path) -> object:
    with closing(SqliteDocuments(str(database))) as documents:
        found = documents.get("people/u1")
    return found and found.fields["n"]


@contextmanager
def a_busy_writer(database: Path) -> Iterator[None]:
    """Another process, which writes as fast as it can until it is killed."""
    command = [sys.executable, "-c", WRITE_PAIRS, str(database)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:  # noqa: S603 - ours
        assert writer.stdout
        try:
            assert writer.stdout.readline() == "going\n"
            yield
            assert writer.poll() is None, "the writer did not last"
        finally:
            writer.kill()


def test_a_backup_holds_one_moment_of_a_database_that_is_written_to_all_the_time(
    database: Path, tmp_path: Path
) -> None:
    with a_busy_writer(database):
        copies = [back_up(database, tmp_path / f"{number}.db").path for number in range(10)]

    seen = []
    for copy in copies:
        with closing(SqliteDocuments(str(copy))) as documents:
            left, right = documents.get_many(["pairs/left", "pairs/right"])
            assert left
            assert right
            assert left.fields == right.fields
            assert documents.count(Query("rows")) == left.fields["n"]
            seen.append(left.fields["n"])
    assert seen == sorted(seen)
    assert seen[0] < seen[-1], "nothing was written meanwhile"


def test_a_backup_is_one_file_for_its_owner_alone(database: Path, backup: Path) -> None:
    put(database, 1)
    with closing(SqliteDocuments(str(database))):  # what was written last is still in the journal's file
        made = back_up(database, backup)

    assert list(backup.parent.iterdir()) == [backup]
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert (made.documents, made.size) == (1, backup.stat().st_size)
    assert made.written_at
    assert abs((datetime.now(UTC) - made.written_at).total_seconds()) < 60


def test_a_file_of_that_name_is_replaced_only_if_that_is_said(database: Path, backup: Path) -> None:
    put(database, 1)
    back_up(database, backup)
    put(database, 2)
    with pytest.raises(StoreError, match="--overwrite"):
        back_up(database, backup)
    assert number_in(backup) == 1

    back_up(database, backup, overwrite=True)

    assert number_in(backup) == 2


def test_what_is_not_there_is_not_made_by_asking_for_a_copy(database: Path, backup: Path) -> None:
    with pytest.raises(StoreError, match="is not there"):
        back_up(database, backup)
    assert not database.exists()
    assert not backup.exists()


def test_a_damaged_database_is_never_taken_for_a_backup(database: Path, backup: Path) -> None:
    with closing(SqliteDocuments(str(database))) as documents:
        documents.commit(*(Put(f"rows/{n}", {"text": "x" * 3000}) for n in range(50)))
    with database.open("r+b") as file:
        file.seek(20 * 4096)
        file.write(b"\xff" * 8 * 4096)

    with pytest.raises(StoreError, match=r"damaged|not a sound"):
        back_up(database, backup)

    assert list(backup.parent.iterdir()) == []


def test_another_programs_database_is_refused(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE notes (text)")

    with pytest.raises(StoreError, match="no database of Ticket Scout"):
        restore(other, database, NOW)
    assert not database.exists()


def test_a_restored_database_is_the_backup_and_the_one_before_is_kept(database: Path, backup: Path) -> None:
    put(database, 1)
    back_up(database, backup)
    put(database, 2)
    with pytest.raises(StoreError, match="--overwrite"):
        restore(backup, database, NOW)
    assert number_in(database) == 2

    replaced = restore(backup, database, NOW, overwrite=True)

    assert number_in(database) == 1
    assert replaced == database.with_name("scout.db.replaced-20261130T071500Z")
    assert number_in(replaced) == 2
    assert number_in(backup) == 1


def test_whoever_dies_while_it_is_replaced_leaves_the_one_before(
    database: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, 1)
    back_up(database, backup)
    put(database, 2)

    def dies(*_: object) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", dies)
        with pytest.raises(KeyboardInterrupt):
            restore(backup, database, NOW, overwrite=True)

    assert number_in(database) == 2
    restore(backup, database, NOW.replace(minute=16), overwrite=True)
    assert number_in(database) == 1


def test_where_files_have_no_second_name_the_one_before_is_copied(
    database: Path, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(database, 1)
    back_up(database, backup)
    put(database, 2)

    def refused(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refused)
    replaced = restore(backup, database, NOW, overwrite=True)

    assert replaced
    assert (number_in(database), number_in(replaced)) == (1, 2)


def test_nothing_is_put_under_somebody_who_uses_the_database(database: Path, backup: Path) -> None:
    put(database, 1)
    back_up(database, backup)
    with closing(SqliteDocuments(str(database))) as running:
        running.get("people/u1")
        with pytest.raises(StoreUnavailableError, match="stop what runs on it"):
            restore(backup, database, NOW, overwrite=True)
        running.commit(Put("people/u1", {"n": 3}))

    assert number_in(database) == 3
    assert [one.name for one in database.parent.glob("*.replaced-*")] == []


def test_what_a_lost_database_left_beside_it_is_not_taken_for_the_new_ones(
    database: Path, backup: Path
) -> None:
    put(database, 1)
    back_up(database, backup)
    database.unlink()
    Path(f"{database}-wal").write_bytes(b"of a database that is gone")

    replaced = restore(backup, database, NOW)

    assert number_in(database) == 1
    assert Path(f"{replaced}-wal").read_bytes() == b"of a database that is gone"


def test_a_damaged_database_can_be_replaced(database: Path, backup: Path) -> None:
    put(database, 1)
    back_up(database, backup)
    database.write_bytes(b"this is no database" * 1000)

    restore(backup, database, NOW, overwrite=True)

    assert number_in(database) == 1


def test_a_database_is_never_copied_over_itself(database: Path) -> None:
    put(database, 1)
    link = database.with_name("link.db")
    link.symlink_to(database)
    with closing(SqliteDocuments(str(database))) as running:
        for name in (database, link):
            with pytest.raises(StoreError, match="is the database itself"):
                back_up(database, name, overwrite=True)
            with pytest.raises(StoreError, match="is the database itself"):
                restore(name, database, NOW, overwrite=True)
        running.commit(Put("people/u1", {"n": 2}))
    assert number_in(database) == 2
