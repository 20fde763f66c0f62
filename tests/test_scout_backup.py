"""``scout.py backup`` and ``restore``, as an operator uses them."""

import json
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import scout
from notifiers import contacts
from notifiers.personal import erasure
from store import open_documents
from store.sqlite import SqliteDocuments
from tests.notifiers.kit import save_alert, save_person, stored
from watchers import alerts
from watchers.documents import Delete, Query
from watchers.kinds import Channel
from watchers.models import AlertState


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SqliteDocuments]:
    """The database of a product that goes on running."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE", "sqlite:///data/scout.db")
    with closing(SqliteDocuments("data/scout.db")) as opened:
        yield opened


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(scout.cli, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def test_a_backup_is_made_beside_a_running_product_and_not_overwritten(documents: SqliteDocuments) -> None:
    save_person(documents)

    said = json.loads(run("backup", "copies/one.db", "--json").stdout)

    assert said == {"file": "copies/one.db", "bytes": Path("copies/one.db").stat().st_size, "documents": 1}
    refused = run("backup", "copies/one.db", code=1)
    assert "choose another name, or say --overwrite" in refused.stderr
    assert "1 documents" in run("backup", "copies/one.db", "--overwrite").stdout


def test_a_running_product_is_not_restored_under(documents: SqliteDocuments) -> None:
    save_person(documents)
    run("backup", "one.db")

    assert "with --overwrite it is replaced" in run("restore", "one.db", code=1).stderr
    assert "stop what runs on it first" in run("restore", "one.db", "--overwrite", code=1).stderr
    documents.close()
    said = run("restore", "one.db", "--overwrite").stdout

    assert "one.db is now the database" in said
    assert "data/scout.db.replaced-" in said


@pytest.mark.parametrize(
    ("moved", "state"),
    [((), AlertState.UNCERTAIN), (("--moved",), AlertState.PENDING)],
    ids=["ran on", "moved"],
)
def test_what_waits_is_doubted_unless_nothing_ran_since(
    documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch, moved: tuple[str, ...], state: AlertState
) -> None:
    save_person(documents)
    alert, letter = save_alert(documents), save_alert(documents, Channel.EMAIL)
    run("backup", "one.db")
    monkeypatch.setenv("STORE", "sqlite:///elsewhere/scout.db")

    said = json.loads(run("restore", "one.db", *moved, "--json").stdout)

    untouched = {"file": "one.db", "replaced": None, "erased": 0, "stopped": 0}
    assert said == untouched | {"doubted": 0 if moved else 1}
    with closing(SqliteDocuments("elsewhere/scout.db")) as restored:
        assert stored(restored, alert.id).state is state
        assert stored(restored, letter.id).state is AlertState.PENDING


def test_what_people_forbade_since_the_backup_stays_forbidden(documents: SqliteDocuments) -> None:
    for uid in ("gone", "silent", "same", "new-number"):
        save_person(documents, uid)
    run("backup", "one.db")
    now = datetime.now(UTC)
    save_person(documents, "silent", opted_out_at=now, opted_out_at_vendor=True)
    save_person(documents, "new-number", phone="+15557650000", opted_out_at=now)
    documents.close()
    run("person", "erase", "gone", "--yes")

    said = json.loads(run("restore", "one.db", "--overwrite", "--json").stdout)

    assert (said["erased"], said["stopped"]) == (1, 1)
    with closing(SqliteDocuments("data/scout.db")) as restored:
        people = {one.id: one.fields for one in restored.find(Query("people"))}
        assert restored.get("erasures/gone")
    assert people["gone"].get("phone") is None
    assert people["silent"]["opted_out_at"] == now
    assert people["silent"]["opted_out_at_vendor"] is True
    assert people["same"].get("opted_out_at") is None
    assert people["new-number"].get("opted_out_at") is None


def test_a_replaced_database_that_cannot_be_read_is_said(documents: SqliteDocuments) -> None:
    save_person(documents)
    run("backup", "one.db")
    documents.close()
    for ending in ("-wal", "-shm"):
        Path(f"data/scout.db{ending}").unlink(missing_ok=True)
    Path("data/scout.db").write_bytes(b"this is no database" * 1000)

    result = run("restore", "one.db", "--overwrite")

    assert "must be told to it again" in result.stderr
    assert "one.db is now the database" in result.stdout
    assert "0 people erased" not in result.stdout, "nobody knows how many"


def test_what_breaks_off_while_it_is_brought_up_to_date_leaves_everything_as_it_was(
    documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can start on a database that still believes that nothing was sent."""
    save_person(documents)
    alert = save_alert(documents)
    run("backup", "one.db")
    documents.commit(Delete(alerts.path(alert.id)))
    documents.close()
    with monkeypatch.context() as patch:
        patch.setattr("notifiers.restored.doubt", lambda *_: 1 / 0)
        assert CliRunner().invoke(scout.cli, ["restore", "one.db", "--overwrite"]).exit_code == 1

    with closing(SqliteDocuments("data/scout.db")) as before:
        assert before.get(alerts.path(alert.id)) is None
    assert [one.name for one in Path("data").iterdir() if "part" in one.name or "replaced" in one.name] == []
    run("restore", "one.db", "--overwrite")
    with closing(SqliteDocuments("data/scout.db")) as restored:
        assert stored(restored, alert.id).state is AlertState.UNCERTAIN


# ── a database of Firestore that was made of a backup ────────────────────────────────────────────────────


def test_a_restored_database_of_firestore_believes_nothing_that_may_be_wrong(
    emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = f"demo-{uuid.uuid4()}"
    for name, value in {
        "STORE": "firestore",
        "GOOGLE_CLOUD_PROJECT": project,
        "FIRESTORE_EMULATOR_HOST": emulator,
        "FIRESTORE_DATABASE": "scout-20261130",
    }.items():
        monkeypatch.setenv(name, value)
    ran_until_now = open_documents("firestore", project=project)
    made_of_a_backup = open_documents("firestore", project=project, database="scout-20261130")
    for uid in ("gone", "silent"):
        save_person(ran_until_now, uid)
        save_person(made_of_a_backup, uid)
    alert = save_alert(made_of_a_backup)
    erasure.begin(ran_until_now, "gone", datetime.now(UTC))
    save_person(ran_until_now, "silent", opted_out_at=datetime.now(UTC))

    said = json.loads(run("restored", "--before", "(default)", "--json").stdout)

    assert said == {"doubted": 1, "erased": 1, "stopped": 1}
    assert stored(made_of_a_backup, alert.id).state is AlertState.UNCERTAIN
    gone, silent = (made_of_a_backup.get(contacts.path(uid)) for uid in ("gone", "silent"))
    assert erasure.is_erased(gone)
    assert silent
    assert silent.fields["opted_out_at"] is not None
    again = json.loads(run("restored", "--before", "(default)", "--json").stdout)
    assert again == {"doubted": 0, "erased": 0, "stopped": 0}, "twice is harmless"


@pytest.mark.parametrize(
    "settings",
    [{"STORE": "sqlite:///data/scout.db"}, {"STORE": "firestore", "FIRESTORE_DATABASE": ""}],
    ids=["SQLite", "the same database"],
)
def test_only_another_database_of_firestore_is_brought_up_to_date(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str]
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert "another database" in run("restored", "--before", "(default)", code=1).stderr


def test_firestore_is_not_copied_by_this(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORE", "firestore")
    assert "docs/operating.md" in run("backup", "one.db", code=1).stderr
    assert "docs/operating.md" in run("restore", "one.db", code=1).stderr
