"""``deploy/restore.sh`` with the real gcloud: a backup, a new database, and the switch."""

from tests.deploy.installed import PROJECT, REGION, Installed
from tests.deploy.operators import HERE, Operator

BACKUPS = f"v1/{HERE}/backups"
JOB = f"v1/{HERE}/jobs/ticket-scout-worker"
OURS = f"projects/{PROJECT}/databases/(default)"


def _with_backups(installed: Installed) -> None:
    for name, at, state, database in (
        ("older", "2026-11-27", "READY", OURS),
        ("newer", "2026-11-28", "READY", OURS),
        ("unfinished", "2026-11-29", "CREATING", OURS),
        ("elsewhere", "2026-11-29", "READY", f"projects/{PROJECT}/databases/other"),
    ):
        installed.put(f"{BACKUPS}/{name}", state=state, snapshotTime=f"{at}T04:00:00Z", database=database)


def test_the_newest_sound_backup_becomes_the_database_that_everything_runs_over(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    operator.settings.write_text("STORE=firestore\nFIRESTORE_DATABASE=(default)\n")
    said = operator.run("restore.sh", "--backup=latest", "--into=scout-restored", typed=f"{PROJECT}\n")
    assert said.returncode == 0, said.stderr
    (restored,) = [one.body for one in installed.asked if one.path.endswith("databases:restore")]
    assert restored["backup"] == f"{HERE}/backups/newer"
    assert restored["databaseId"] == "scout-restored"
    assert operator.deployed == [f"{PROJECT} {REGION}  scout-restored"]
    assert operator.settings.read_text().splitlines() == [
        "STORE=firestore",
        "FIRESTORE_DATABASE=scout-restored",
    ]
    assert [path.rpartition("/")[2] for _, path in installed.changes()] == [
        "ticket-scout-worker:pause",
        "databases:restore",
        "copy-monitor-job",
        "deliver-alert",
        "ticket-scout-worker:resume",
    ]
    assert installed.things[JOB]["state"] == "ENABLED"
    assert f"v1/{OURS}" in installed.things, "the one before stays"


def test_it_asks_which_backup_and_whether(operator: Operator, installed: Installed) -> None:
    _with_backups(installed)
    unsaid = operator.run("restore.sh")
    assert "say which: --backup=latest" in unsaid.stderr
    assert "unfinished" not in unsaid.stdout
    assert "elsewhere" not in unsaid.stdout
    assert "unfinished is none of these" in operator.run("restore.sh", "--backup=unfinished").stderr
    assert "nothing was changed" in operator.run("restore.sh", "--backup=older", typed="no\n").stderr
    assert (installed.changes(), operator.deployed) == ([], [])


def test_without_a_backup_it_says_when_there_is_one(operator: Operator, installed: Installed) -> None:
    said = operator.run("restore.sh", "--backup=latest", "--yes")
    assert "there is no backup of (default) yet" in said.stderr
    assert installed.changes() == []


def test_a_restore_that_fails_leaves_everything_over_the_old_database(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    installed.restoring = "FAILED"
    said = operator.run("restore.sh", "--backup=latest", "--into=scout-restored", "--yes")
    assert said.returncode == 1
    assert "the backup could not be restored" in said.stderr
    assert operator.deployed == []
    assert "FIRESTORE_DATABASE" not in operator.settings.read_text()
