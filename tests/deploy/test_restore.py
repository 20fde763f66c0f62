"""``deploy/restore.sh`` with the real gcloud: a backup, a new database, and the switch.

That it may be broken off anywhere is tested in ``test_deploy_interrupted.py``.
"""

import stat
import subprocess

import pytest

from tests.deploy.installed import PROJECT, REGION, Installed
from tests.deploy.operators import DEPLOY, FUNCTIONS, HERE, RUN, Operator, a_function

BACKUPS = f"v1/{HERE}/backups"
JOB = f"v1/{HERE}/jobs/ticket-scout-worker"
FUNCTIONS_ANSWER = ("copy-monitor-job", "deliver-alert", "poll-board", "ticket-monitor-worker", "web")
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
    assert stat.S_IMODE(operator.settings.stat().st_mode) == 0o600
    assert not list(operator.settings.parent.glob("settings.env.[!e]*")), "every secret would stand in it"
    assert [path.rpartition("/")[2] for _, path in installed.changes()] == [
        "ticket-scout-worker:pause",
        "databases:restore",
        "copy-monitor-job",
        "deliver-alert",
        *FUNCTIONS_ANSWER,
        "ticket-scout-worker:resume",
    ]
    assert installed.things[JOB]["state"] == "ENABLED"
    assert f"v1/{OURS}" in installed.things, "the one before stays"
    told = f"restored --before (default) firestore {PROJECT} scout-restored"
    assert operator.told == [told, told], "and again when nothing can go out any more"


def test_nothing_runs_over_a_database_that_was_not_told_what_happened(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    refused = operator.folder / "scout.py.refused"
    refused.touch()
    said = operator.run("restore.sh", "--backup=latest", "--into=scout-restored", "--yes")
    assert said.returncode == 1
    assert "gcloud auth application-default login" in said.stderr
    assert operator.deployed == []
    assert "FIRESTORE_DATABASE" not in operator.settings.read_text()
    assert installed.things[JOB]["state"] == "PAUSED"
    refused.unlink()
    again = operator.run("restore.sh", "--backup=latest", "--into=scout-restored", "--yes")
    assert again.returncode == 0, again.stderr
    assert operator.deployed == [f"{PROJECT} {REGION}  scout-restored"]
    assert installed.things[JOB]["state"] == "ENABLED"


def test_it_asks_which_backup_and_whether(operator: Operator, installed: Installed) -> None:
    _with_backups(installed)
    unsaid = operator.run("restore.sh")
    assert "say which: --backup=latest" in unsaid.stderr
    assert "unfinished" not in unsaid.stdout
    assert "elsewhere" not in unsaid.stdout
    assert "unfinished is none of these" in operator.run("restore.sh", "--backup=unfinished").stderr
    assert "nothing was changed" in operator.run("restore.sh", "--backup=older", typed="no\n").stderr
    assert (installed.changes(), operator.deployed) == ([], [])


@pytest.mark.parametrize("option", ["--backup", "--into", "--database", "--yes=no", "--before=x"])
def test_an_option_without_its_value_stops_it(operator: Operator, installed: Installed, option: str) -> None:
    said = operator.run("restore.sh", option)
    assert (said.returncode, installed.asked) == (1, [])
    assert f"{option} is not understood; there are: --backup=… --into=… --database=… --this" in said.stderr


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


@pytest.mark.parametrize("into", ["(default)", "others", "scout-", "scout-A"])
def test_a_database_that_would_not_be_known_as_ours_is_refused(
    operator: Operator, installed: Installed, into: str
) -> None:
    said = operator.run("restore.sh", "--backup=latest", f"--into={into}", "--yes")
    assert "a database of Ticket Scout is scout- and" in said.stderr
    assert installed.asked == []


def test_the_database_is_named_in_settings_that_named_none(operator: Operator, installed: Installed) -> None:
    _with_backups(installed)
    operator.settings.write_text("STORE=firestore\nBUDGET=10USD")
    said = operator.run("restore.sh", "--backup=latest", "--into=scout-restored", "--yes")
    assert said.returncode == 0, said.stderr
    assert (
        operator.settings.read_text() == "STORE=firestore\nBUDGET=10USD\nFIRESTORE_DATABASE=scout-restored\n"
    )


def test_a_database_that_no_backup_becomes_is_not_switched_to(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    installed.put(f"v1/projects/{PROJECT}/databases/scout-other", type="FIRESTORE_NATIVE")
    said = operator.run("restore.sh", "--backup=latest", "--into=scout-other", "--yes")
    assert said.returncode == 1
    assert "there is a database scout-other already that no backup becomes" in said.stderr
    assert operator.deployed == []


def test_it_goes_back_to_the_database_before_and_tells_it_what_happened(
    operator: Operator, installed: Installed
) -> None:
    for name in FUNCTIONS:
        a_function(installed, name, FIRESTORE_DATABASE="scout-restored")
    said = operator.run("restore.sh", "--database=(default)", typed=f"{PROJECT}\n")
    assert said.returncode == 0, said.stderr
    assert operator.told == [f"restored --before scout-restored firestore {PROJECT} (default)"] * 2
    assert [path.rpartition("/")[2] for _, path in installed.changes()] == [
        "ticket-scout-worker:pause",
        "copy-monitor-job",
        "deliver-alert",
        *FUNCTIONS_ANSWER,
        "ticket-scout-worker:resume",
    ]
    assert operator.settings.read_text() == "STORE=firestore\nFIRESTORE_DATABASE=(default)\n"
    assert operator.deployed == [f"{PROJECT} {REGION}  (default)"]


def test_a_database_that_is_not_there_is_not_gone_back_to(operator: Operator, installed: Installed) -> None:
    said = operator.run("restore.sh", "--database=scout-gone", "--yes")
    assert said.returncode == 1
    assert "there is no database scout-gone" in said.stderr
    assert (operator.deployed, installed.changes()) == ([], [])
    both = operator.run("restore.sh", "--database=scout-gone", "--backup=latest", "--yes")
    assert "say --database, or --backup with --into, not both" in both.stderr


def test_after_a_rollback_the_release_that_answers_is_what_is_restored(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    for name in FUNCTIONS:
        service = installed.things[f"{RUN}/services/{name}"]
        service["spec"]["traffic"] = [{"revisionName": f"{name}-1", "percent": 100}]
        service["status"]["traffic"] = [{"revisionName": f"{name}-1", "percent": 100}]
    asked = ("restore.sh", "--backup=latest", "--into=scout-restored", "--yes")
    operator.hold("s1-new")
    refused = operator.run(*asked)
    assert (refused.returncode, installed.changes()) == (1, [])
    assert "s1-old is what answers, and this folder holds s1-new" in refused.stderr
    assert "git checkout old" in refused.stderr

    operator.hold("s1-old")
    said = operator.run(*asked)

    assert said.returncode == 0, said.stderr
    for name in FUNCTIONS:
        (traffic,) = installed.things[f"{RUN}/services/{name}"]["spec"]["traffic"]
        assert traffic == {"latestRevision": True, "percent": 100}, f"{name} answers from the old database"


def test_another_release_is_taken_along_only_if_that_is_said(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    service = installed.things[f"{RUN}/services/{FUNCTIONS[0]}"]
    service["status"]["traffic"] = [{"revisionName": f"{FUNCTIONS[0]}-1", "percent": 100}]
    operator.hold("s1-new")
    said = operator.run("restore.sh", "--backup=latest", "--into=scout-restored", "--this-release", "--yes")
    assert said.returncode == 0, said.stderr


def test_whatever_fails_after_the_worker_rests_says_that_it_does(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    (operator.folder / "deploy/deploy.sh").write_text("#!/bin/sh\nexit 3\n")
    said = operator.run("restore.sh", "--backup=older", "--into=scout-restored", "--yes")
    assert said.returncode == 3
    assert "rests until this is done: run it again with --into=scout-restored --backup=older" in said.stderr
    assert installed.things[JOB]["state"] == "PAUSED"


@pytest.mark.parametrize(
    "look",
    ["return 1", "echo PROCESSING", "echo", "echo SUCCESSFUL PROCESSING"],
    ids=["fails", "shows it at work", "shows nothing", "shows another one at work"],
)
def test_it_waits_until_a_look_says_that_it_is_restored(look: str) -> None:
    text = (DEPLOY / "restore.sh").read_text()
    function = text[text.index("is_restored() {") :].partition("\n}\n")[0] + "\n}"
    script = f". {DEPLOY}/running.sh\n{function}\nlook() {{ {look}; }}\nuntil_done 2 is_restored look"
    said = subprocess.run(["bash", "-c", script], env={"BETWEEN_TRIES": "0"}, check=False)  # noqa: S603, S607
    assert said.returncode == 1


@pytest.mark.skipif(not (DEPLOY.parent / ".git").exists(), reason="needs the project's history")
def test_git_takes_no_copy_of_the_settings() -> None:
    names = {"settings.env", "settings.env.new", "settings.env.before", "settings.env.example"}
    command = ["git", "check-ignore", "--no-index", *(f"deploy/{name}" for name in sorted(names))]
    said = subprocess.run(command, cwd=DEPLOY.parent, capture_output=True, text=True, check=False)  # noqa: S603
    assert set(said.stdout.split()) == {f"deploy/{name}" for name in names - {"settings.env.example"}}
