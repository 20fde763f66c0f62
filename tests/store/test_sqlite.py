"""What SQLite adds to the contract: other processes, files that fail, and the feed of changes."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest

from store import sqlite_writes
from store.sqlite import Change, SqliteDocuments
from watchers.documents import SERVER_TIME, Create, Delete, Put, Query, Update
from watchers.errors import ConflictError, StoreError, StoreUnavailableError

ROOT = Path(__file__).parents[2]
ADD_FORTY = """
import sys
from store.sqlite import SqliteDocuments
from watchers.documents import Update
from watchers.errors import ConflictError
documents, added = SqliteDocuments(sys.argv[1], patience=30), 0
while added < 40:
    seen = documents.get("counters/c")
    try:
        documents.commit(Update("counters/c", {"n": seen.fields["n"] + 1}, seen.version))
        added += 1
    except ConflictError:
        pass
"""
OPEN_AND_CREATE = """
import sys, time
from store.sqlite import SqliteDocuments
from watchers.documents import Create
time.sleep(max(0, float(sys.argv[2]) - time.time()))
SqliteDocuments(sys.argv[1]).commit(Create(f"a/{sys.argv[3]}", {"n": 1}))
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "scout.db")


@contextmanager
def opened(path: str, patience: float = 5.0) -> Iterator[SqliteDocuments]:
    with closing(SqliteDocuments(path, patience=patience)) as documents:
        yield documents


def python(script: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", script, *arguments], cwd=ROOT)  # noqa: S603 - our own script


def exit_codes(*processes: subprocess.Popen[bytes]) -> list[int]:
    return [process.wait(timeout=120) for process in processes]


def test_three_processes_on_one_file_lose_no_increment(path: str) -> None:
    with opened(path) as documents:
        documents.commit(Create("counters/c", {"n": 0}))
        assert exit_codes(*(python(ADD_FORTY, path) for _ in range(3))) == [0, 0, 0]
        found = documents.get("counters/c")
        assert found is not None
        assert found.fields == {"n": 120}


def test_processes_may_open_a_new_file_at_the_same_moment(path: str) -> None:
    start = str(time.time() + 1)
    processes = [python(OPEN_AND_CREATE, path, start, str(number)) for number in range(4)]
    assert exit_codes(*processes) == [0, 0, 0, 0]
    with opened(path) as documents:
        assert documents.count(Query("a", ("n",), "==", 1)) == 4


def test_what_was_committed_is_there_after_a_restart(path: str) -> None:
    with opened(path) as documents:
        (version,) = documents.commit(Create("a/b", {"n": 1}))
    with opened(path) as documents:
        assert documents.commit(Update("a/b", {"n": 2}, version)) > (version,)
        assert [found.fields for found in documents.find(Query("a", ("n",), ">=", 2))] == [{"n": 2}]


def test_a_locked_file_is_unavailable_within_seconds_and_readable_meanwhile(path: str) -> None:
    with opened(path, patience=0.2) as documents, closing(sqlite3.connect(path)) as other:
        documents.commit(Create("a/b", {"n": 1}))
        other.execute("BEGIN IMMEDIATE")
        start = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="SQLITE_BUSY"):
            documents.commit(Put("a/b", {"n": 2}))
        assert time.monotonic() - start < 5
        assert documents.get("a/b") is not None
        other.execute("ROLLBACK")
        documents.commit(Put("a/b", {"n": 2}))


def test_a_file_that_stays_locked_cannot_be_opened_and_says_so_within_seconds(path: str) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        start = time.monotonic()
        with pytest.raises(StoreUnavailableError, match="SQLITE_BUSY"):
            SqliteDocuments(path, patience=0.1)
        assert time.monotonic() - start < 5


def test_a_thread_that_holds_the_connection_makes_the_others_unavailable_not_stuck(path: str) -> None:
    with opened(path, patience=0.1) as documents, closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with ThreadPoolExecutor(8) as pool:
            found = [pool.submit(documents.commit, Put("a/b", {"n": n})) for n in range(8)]
        assert all(isinstance(future.exception(), StoreUnavailableError) for future in found)
        other.execute("ROLLBACK")
        documents.commit(Put("a/b", {"n": 1}))


def test_reads_wait_for_no_write_that_is_under_way_in_the_same_process(path: str) -> None:
    with opened(path) as documents:
        documents.commit(Put("a/b", {"n": 1}), Put("a/c", {"n": 2}))
        with documents._transaction() as database, ThreadPoolExecutor(1) as another:  # noqa: SLF001
            database.execute("DELETE FROM documents")
            seen = another.submit(documents.get_many, ["a/c", "a/x", "a/b", "a/c"]).result(timeout=3)
            counted = another.submit(documents.count, Query("a", ("n",), ">=", 1)).result(timeout=3)
        assert [one and one.fields for one in seen] == [{"n": 2}, None, {"n": 1}, {"n": 2}]
        assert counted == 2
        assert documents.get("a/b") is None, "what was committed is seen at once"


def test_a_store_that_is_closed_says_so_and_lets_go_of_the_file(path: str) -> None:
    documents = SqliteDocuments(path)
    documents.commit(Put("a/b", {"n": 1}))
    with ThreadPoolExecutor(4) as pool:
        assert all(found is not None for found in pool.map(documents.get, ["a/b"] * 40))
    documents.close()
    for use in (lambda: documents.get("a/b"), lambda: documents.commit(Put("a/b", {"n": 2}))):
        with pytest.raises(StoreError, match="was closed"):
            use()
    assert _handles(path) == 0


def test_whoever_still_reads_lets_go_of_a_closed_file_afterwards(path: str) -> None:
    documents = SqliteDocuments(path)
    with documents._reading() as database:  # noqa: SLF001 - a read that is under way
        documents.close()
        assert database.execute("SELECT 1").fetchone() == (1,)
        assert _handles(path) == 1
    assert _handles(path) == 0


def test_nothing_is_written_by_a_connection_that_reads(path: str) -> None:
    with (
        opened(path) as documents,
        pytest.raises(StoreUnavailableError, match="SQLITE_READONLY"),
        documents._reading() as database,  # noqa: SLF001
    ):
        database.execute("DELETE FROM documents")


def test_a_statement_that_is_wrong_is_no_damage_of_the_file(path: str) -> None:
    with opened(path) as documents:
        with pytest.raises(sqlite3.ProgrammingError), documents._reading() as database:  # noqa: SLF001
            database.execute("SELECT ?", ())
        assert documents.get("a/b") is None


def test_many_are_found_as_each_is(path: str) -> None:
    with opened(path) as documents:
        paths = [f"a/{number}" for number in range(2_000)]
        for start in range(0, 2_000, 400):
            documents.commit(*(Put(one, {"n": 1}) for one in paths[start : start + 400]))
        documents.commit(Put("a/b\0c", {"n": 2}))
        found = documents.get_many([*paths, "a/b\0c", "a/none"])
        assert [one.path if one else None for one in found] == [*paths, "a/b\0c", None]


def _handles(path: str) -> int:
    """How often this process has the file open."""
    return sum(one.exists() and one.readlink() == Path(path) for one in Path("/proc/self/fd").iterdir())


def test_a_reader_never_makes_a_file_that_was_moved_away(path: str) -> None:
    with opened(path) as documents:
        Path(path).rename(path + ".away")
        with pytest.raises(StoreUnavailableError, match="cannot be used now"):
            documents.get("a/b")
        assert not Path(path).exists()


def test_a_place_where_no_file_can_be_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "scout.db", tmp_path):
        with pytest.raises(StoreUnavailableError, match="cannot be used now"):
            SqliteDocuments(str(path))


def test_a_file_that_is_no_database_says_that_someone_must_act(tmp_path: Path) -> None:
    (tmp_path / "scout.db").write_text("price,date\n" * 1000)
    with pytest.raises(StoreError, match="not a sound SQLite database"):
        SqliteDocuments(str(tmp_path / "scout.db"))


def test_the_servers_time_moves_on_though_this_machines_clock_goes_back() -> None:
    times = []
    with opened(":memory:") as documents:
        for clock in (2_000_000_000, 2_000_000_000, 1_000_000_000):
            with patch("store.sqlite.time_ns", return_value=clock * 1_000_000_000):
                documents.commit(Put("a/b", {"at": SERVER_TIME}))
            found = documents.get("a/b")
            assert found is not None
            assert found.updated_at == found.fields["at"]
            times.append(found.updated_at)
    assert times == sorted(set(times))


def test_text_too_long_for_an_index_is_kept_but_not_found() -> None:
    with opened(":memory:") as documents:
        documents.commit(Put("a/b", {"text": "é" * 751}))
        assert documents.get("a/b") is not None
        assert documents.find(Query("a", ("text",), "==", "é" * 751)) == []


def test_every_change_of_a_watch_or_an_alert_is_in_the_feed_until_it_is_done() -> None:
    watch = "artifacts/app/users/u1/ticket_monitors/w1"
    with opened(":memory:") as documents:
        documents.commit(Create(watch, {"n": 1}), Put("people/u1", {}), Create("alerts/a1", {"n": 1}))
        documents.commit(Put(watch, {"n": 2}), Delete("people/u1"), Delete("alerts/never"))
        documents.commit(Put(watch, {"n": 2}))  # changes nothing: no event, as in the cloud
        documents.commit(Delete("alerts/a1"))
        expected = [
            ("created", watch),
            ("created", "alerts/a1"),
            ("updated", watch),
            ("deleted", "alerts/a1"),
        ]
        feed = documents.changes()
        assert [(change.kind, change.path) for change in feed] == expected
        assert documents.changes(limit=1) == feed[:1]
        documents.done(feed[1].seq)
        documents.done(feed[1].seq)
        assert documents.changes() == [feed[0], *feed[2:]]


def test_a_refused_commit_is_not_in_the_feed() -> None:
    with opened(":memory:") as documents:
        documents.commit(Create("people/u1", {}))
        with pytest.raises(ConflictError):
            documents.commit(Create("alerts/a1", {}), Create("people/u1", {}))
        assert documents.changes() == []


def test_a_change_is_never_numbered_twice() -> None:
    """Whoever remembers the last number seen must not skip a later change."""
    with opened(":memory:") as documents:
        documents.commit(Create("alerts/a1", {}))
        (first,) = documents.changes()
        documents.done(first.seq)
        documents.commit(Create("alerts/a2", {}))
        assert documents.changes() == [Change(first.seq + 1, "created", "alerts/a2")]


# ── what is over ─────────────────────────────────────────────────────────────────────────────────────────

NOON = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)


def test_what_is_over_is_deleted_wherever_its_collection_lies_the_first_to_end_first(path: str) -> None:
    with opened(path) as documents:
        for number in range(4):
            over = {"expires_at": NOON - timedelta(hours=number)}
            documents.commit(Put(f"notes/{number}", over), Put(f"people/p/notes/{number}", over))
        assert documents.forget({"notes"}, NOON, 2) == 2
        assert [one.id for one in documents.find(Query("notes"))] == ["0", "1", "2"]
        assert documents.forget({"notes"}, NOON, 100) == 6
        assert documents.find(Query("notes", ("expires_at",), "<=", NOON)) == []
        assert documents.operations["deletes"] == 8


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"expires_at": NOON + timedelta(microseconds=1)}, id="its time is not over"),
        pytest.param({"expires_at": None}, id="it has none"),
        pytest.param({}, id="it says nothing"),
        pytest.param({"expires_at": 0}, id="it is no time"),
        pytest.param({"expires_at": "2020-01-01T00:00:00Z"}, id="it is a text"),
        pytest.param({"inner": {"expires_at": NOON}}, id="it stands in a map"),
        pytest.param({"expires_at": [NOON]}, id="it stands in a list"),
    ],
)
def test_a_document_stays_while(path: str, fields: dict[str, object]) -> None:
    with opened(path) as documents:
        documents.commit(Put("notes/n", fields))
        assert documents.forget({"notes"}, NOON, 100) == 0
        assert documents.get("notes/n")


def test_a_collection_that_nobody_named_keeps_what_is_over(path: str) -> None:
    with opened(path) as documents:
        for one in ("tokens/t", "notes/n/tokens/t", "my_notes/n"):
            documents.commit(Put(one, {"expires_at": NOON}))
        assert documents.forget({"notes"}, NOON, 100) == 0


def test_what_is_over_is_found_by_an_index_and_not_by_looking_through_everything(path: str) -> None:
    with opened(path), closing(sqlite3.connect(path)) as raw:
        plan = " ".join(str(row) for row in raw.execute(f"EXPLAIN QUERY PLAN {sqlite_writes.OVER}", (0,)))
    assert "entries_over" in plan
    assert "TEMP B-TREE" not in plan


def test_a_file_of_before_gets_the_index(path: str) -> None:
    with opened(path) as documents:
        documents.commit(Put("notes/n", {"expires_at": NOON}))
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("DROP INDEX entries_over")
    with opened(path) as documents:
        assert documents.forget({"notes"}, NOON, 100) == 1
