import sqlite3
from pathlib import Path

import pytest

from store import open_documents
from store.firestore import FirestoreDocuments
from store.sqlite import SqliteDocuments
from tests.firestore_emulator import running_emulator, why_missing
from watchers.documents import Put


def test_a_relative_path_lies_under_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    open_documents("sqlite:///data/scout.db").commit(Put("a/b", {}))
    assert (tmp_path / "data" / "scout.db").is_file()


def test_an_absolute_path_has_four_slashes(tmp_path: Path) -> None:
    open_documents(f"sqlite:///{tmp_path}/scout.db").commit(Put("a/b", {}))
    assert (tmp_path / "scout.db").read_bytes().startswith(b"SQLite format 3")


def test_memory_belongs_to_one_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    one, other = open_documents("sqlite:///:memory:"), open_documents("sqlite:///:memory:")
    one.commit(Put("a/b", {}))
    assert isinstance(one, SqliteDocuments)
    assert (other.get("a/b"), list(tmp_path.iterdir())) == (None, [])


def test_firestore_is_named_and_not_asked_yet() -> None:
    assert isinstance(open_documents("firestore", project="demo-x"), FirestoreDocuments)


@pytest.mark.emulator
def test_another_database_of_the_project_holds_documents_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    if reason := why_missing():
        pytest.skip(reason)
    with running_emulator() as host:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", host)
        usual = open_documents("firestore", project="demo-x")
        restored = open_documents("firestore", project="demo-x", database="restored")
        restored.commit(Put("a/b", {"from": "a backup"}))
        found = restored.get("a/b")
        assert found
        assert (found.fields, usual.get("a/b")) == ({"from": "a backup"}, None)


@pytest.mark.parametrize(
    "url", ["", "sqlite", "sqlite:///", "sqlite://scout.db", "postgres://x", "Firestore"]
)
def test_any_other_setting_is_refused_with_what_it_may_be(url: str) -> None:
    with pytest.raises(ValueError, match=r"STORE is .* it must be sqlite:///path/to/file"):
        open_documents(url)


def test_this_machines_sqlite_is_new_enough() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35), "RETURNING came with 3.35"
