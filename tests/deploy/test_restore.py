"""``deploy/restore.sh`` with the real gcloud: a backup, a new database, and the switch.

That it may be broken off anywhere is tested in ``test_deploy_interrupted.py``.
"""

import os
import stat
import subprocess
from datetime import UTC, datetime

import pytest

from tests.deploy.installed import PROJECT, REGION, Installed
from tests.deploy.operators import DEPLOY, FUNCTIONS, HERE, RUN, Operator, a_function, a_revision

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
    assert operator.told == [told, told, _only_people(told)], "again when nothing can go out, and at the end"


def _only_people(told: str) -> str:
    return told.replace(" firestore", " --only-people firestore")


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
    assert "rests" not in unsaid.stderr
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
    assert "there is no backup yet" in said.stderr
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
    told = f"restored --before scout-restored firestore {PROJECT} (default)"
    assert operator.told == [told, told, _only_people(told)]
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


def test_a_release_that_cannot_be_seen_is_not_taken_for_the_right_one(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    installed.broken = {f"GET {RUN}/services/{FUNCTIONS[0]}": 403}
    said = operator.run("restore.sh", "--backup=latest", "--into=scout-restored", "--yes")
    assert (said.returncode, installed.changes()) == (1, [])
    assert "could not look which release answers" in said.stderr


def test_settings_that_deploying_would_stop_at_stop_it_before_anything_rests(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    (operator.folder / "deploy/deploy.sh.refused").touch()
    said = operator.run("restore.sh", "--backup=latest", "--into=scout-restored", "--yes")
    assert (said.returncode, installed.changes()) == (1, [])
    assert "a setting is wrong" in said.stderr


def test_a_backup_of_the_database_before_can_be_chosen_by_its_name(
    operator: Operator, installed: Installed
) -> None:
    """Where the backup that was restored was bad, too."""
    _with_backups(installed)
    for name in FUNCTIONS:
        a_function(installed, name, FIRESTORE_DATABASE="scout-restored")
    latest = operator.run("restore.sh", "--backup=latest", "--into=scout-another", "--yes")
    assert "there is no backup of scout-restored yet: say one of these names" in latest.stderr
    said = operator.run("restore.sh", "--backup=older", "--into=scout-another", "--yes")
    assert said.returncode == 0, said.stderr
    (restored,) = [one.body for one in installed.asked if one.path.endswith("databases:restore")]
    assert restored["backup"] == f"{HERE}/backups/older"


def test_what_else_failed_on_the_new_database_is_not_taken_for_the_restore(
    operator: Operator, installed: Installed
) -> None:
    _with_backups(installed)
    refused = operator.folder / "scout.py.refused"
    refused.touch()
    asked = ("restore.sh", "--backup=latest", "--into=scout-restored", "--yes")
    assert operator.run(*asked).returncode == 1
    index = f"v1/projects/{PROJECT}/databases/scout-restored/operations/index1"
    installed.put(index, done=True, metadata={"index": "one", "operationState": "FAILED"})
    refused.unlink()
    again = operator.run(*asked)
    assert again.returncode == 0, again.stderr


def test_what_was_left_to_tell_is_told_by_the_run_that_ends_it(
    operator: Operator, installed: Installed
) -> None:
    """Broken off after the worker was switched, and before the pages were."""
    for name in FUNCTIONS:
        a_function(installed, name, FIRESTORE_DATABASE="scout-restored")
    newest = f"{FUNCTIONS[0]}-newest"
    made = a_revision(FUNCTIONS[0], newest, "2026-11-03T00:00:00Z", "s1-new")
    installed.things[f"{RUN}/revisions/{newest}"] = made
    operator.hold("s1-new")
    installed.things[JOB]["state"] = "PAUSED"
    noted, line = (
        "# FIRESTORE_DATABASE before the restore that is under way: (default)\n",
        "FIRESTORE_DATABASE=scout-restored\n",
    )
    operator.settings.write_text(noted + line)
    said = operator.run("restore.sh", "--into=scout-restored", "--yes")
    assert said.returncode == 0, said.stderr
    assert operator.told == [f"restored --before (default) --only-people firestore {PROJECT} scout-restored"]
    assert operator.settings.read_text() == line
    assert operator.run("restore.sh", "--into=scout-restored", "--yes").returncode == 0
    assert len(operator.told) == 1, "who said START since is not stopped by another run"
    assert installed.things[JOB]["state"] == "ENABLED"


def test_it_waits_until_what_the_worker_began_is_over(operator: Operator, installed: Installed) -> None:
    _with_backups(installed)
    installed.things[JOB]["lastAttemptTime"] = datetime.now(UTC).isoformat()
    sleep, slept = operator.folder / "bin/sleep", operator.folder / "slept"
    sleep.parent.mkdir()
    sleep.write_text(f'#!/bin/sh\necho "$1" >>{slept}\n')
    sleep.chmod(0o755)
    operator.env = {"QUIET_AFTER": "3600", "PATH": f"{sleep.parent}:{os.environ['PATH']}"}
    said = operator.run("restore.sh", "--backup=latest", "--into=scout-restored", "--yes")
    assert said.returncode == 0, said.stderr
    (seconds,) = slept.read_text().split()
    assert 3000 < int(seconds) <= 3600


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
    (operator.folder / "deploy/deploy.sh").write_text(
        "#!/bin/sh\ncase $* in *--dry-run) exit 0 ;; esac\nexit 3\n"
    )
    said = operator.run("restore.sh", "--backup=older", "--into=scout-restored", "--yes")
    assert said.returncode == 3
    assert "rests until this is done: run it again with --into=scout-restored --backup=older" in said.stderr
    noted = "# FIRESTORE_DATABASE before the restore that is under way: (default)\n"
    assert noted in operator.settings.read_text(), "for the run that ends it"
    assert installed.things[JOB]["state"] == "PAUSED"


@pytest.mark.parametrize(
    "look",
    ["return 1", "echo PROCESSING", "echo", "echo SUCCESSFUL PROCESSING"],
    ids=["fails", "shows it at work", "shows nothing", "shows another one at work"],
)
def test_it_waits_until_a_look_says_that_it_is_restored(look: str) -> None:
    text = (DEPLOY / "restore.sh").read_text()
    function = text[text.index("is_restored() {") :].partition("\n}\n")[0] + "\n}"
    script = f". {DEPLOY}/running.sh\n{function}\nrestoring() {{ {look}; }}\nuntil_done 2 is_restored"
    said = subprocess.run(["bash", "-c", script], env={"BETWEEN_TRIES": "0"}, check=False)  # noqa: S603, S607
    assert said.returncode == 1


@pytest.mark.skipif(not (DEPLOY.parent / ".git").exists(), reason="needs the project's history")
def test_git_takes_no_copy_of_the_settings() -> None:
    names = {"settings.env", "settings.env.new", "settings.env.before", "settings.env.example"}
    command = ["git", "check-ignore", "--no-index", *(f"deploy/{name}" for name in sorted(names))]
    said = subprocess.run(command, cwd=DEPLOY.parent, capture_output=True, text=True, check=False)  # noqa: S603
    assert set(said.stdout.split()) == {f"deploy/{name}" for name in names - {"settings.env.example"}}
