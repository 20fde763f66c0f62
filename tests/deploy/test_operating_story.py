"""An installation's whole life by the real gcloud against a recorder of Google's APIs.

Deployed, restored, deployed again, upgraded, rolled back and taken down, each by its own script with the real
deploy.sh; only ``scout.py restored``, which needs a Firestore, is a stand-in that notes its call. Settings
and files are left as the scripts leave them. All but the budget, as in ``test_deploy.py``.
"""

import re
import stat
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.deploy.installation import REGION, Installation, Ran, gcloud
from tests.deploy.loopback import Request
from tests.deploy.recorder import NUMBER, Json, Recorder, without_version

PROJECT, INTO = "demo-app", "scout-restored"
HERE = f"projects/{PROJECT}/locations/{REGION}"
BEFORE, DATABASE = (f"projects/{PROJECT}/databases/{name}" for name in ("(default)", INTO))
BACKUP = f"{HERE}/backups/b1"
JOB = f"{HERE}/jobs/ticket-scout-worker"
EVENT_FUNCTIONS = {"copy-monitor-job", "deliver-alert"}
FUNCTIONS = {*EVENT_FUNCTIONS, "poll-board", "ticket-monitor-worker", "web"}
EVENTARC = f"serviceAccount:service-{NUMBER}@gcp-sa-eventarc.iam.gserviceaccount.com"
OURS = re.compile(
    "/(jobs|functions|topics|alertPolicies|dashboards|metrics|uptimeCheckConfigs|notificationChannels"
    "|secrets|repositories|serviceAccounts)/[^/]+$|/subscriptions/ticket-scout-[^/]+$"
)
DATA = re.compile(f"^projects/{PROJECT}/databases/|/backups/")
KEPT = re.compile(  # the project, its APIs, a domain's mapping, and what rules were released
    f"^projects/{PROJECT}$|/services/[^/]+[.]googleapis[.]com$|/domainmappings/|/rulesets/|/releases/"
)
_PYTHON = """#!/bin/sh
case "$*" in
  *"scout.py restored"*) echo "$STORE $GOOGLE_CLOUD_PROJECT $FIRESTORE_DATABASE $*" >>"$0.told" ;;
  *) exec %s "$@" ;;
esac
"""

pytestmark = pytest.mark.skipif(gcloud() is None, reason="needs gcloud")


@dataclass(frozen=True)
class Chapter:
    """One run of a script: what it said, what it asked to be changed, and what there is after it."""

    ran: Ran
    changed: list[Request]
    things: dict[str, Json]
    rights: dict[str, dict[str, set[str]]]
    settings: str

    @property
    def asked(self) -> list[str]:
        """What it asked to be changed: the method, and the last of the path."""
        return [f"{one.method} {one.path.rpartition('/')[2]}" for one in self.changed]

    def databases(self) -> dict[str, str]:
        """Over which database each function runs."""
        return {
            at.rpartition("/")[2]: one["serviceConfig"]["environmentVariables"]["FIRESTORE_DATABASE"]
            for at, one in self.things.items()
            if "/functions/" in at
        }

    def triggers(self) -> dict[str, str]:
        """Of which database's documents each event function hears."""
        return {
            at.rpartition("/")[2]: said["value"]
            for at, one in self.things.items()
            if "/functions/" in at
            for said in one.get("eventTrigger", {}).get("eventFilters", [])
            if said["attribute"] == "database"
        }

    def releases(self) -> set[str]:
        """Which releases run."""
        return {said["RELEASE"] for said in self.traffic().values()}

    def traffic(self) -> dict[str, Json]:
        """The revision that has all of each function's traffic: its variables."""
        run = f"namespaces/{PROJECT}"
        found = {}
        for name in FUNCTIONS:
            (where,) = self.things[f"{run}/services/{name}"]["status"]["traffic"]
            assert where["percent"] == 100
            revision = self.things[f"{run}/revisions/{where['revisionName']}"]
            found[name] = {one["name"]: one["value"] for one in revision["spec"]["containers"][0]["env"]}
        return found


@dataclass
class Story:
    """The chapters, in order, by their names."""

    google: Recorder
    mine: Installation
    chapters: dict[str, Chapter] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Chapter:
        return self.chapters[name]

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.mine.project / "deploy/settings.env"

    def tell(self, name: str, script: str, *options: str) -> None:
        """Run a script: a chapter of this name."""
        before = len(self.google.changes)
        ran = self.mine.run(f"deploy/{script}", PROJECT, REGION, *options)
        changed = self.google.changes[before:]
        self.chapters[name] = Chapter(
            ran, changed, deepcopy(self.google.things), self.google.rights, self.settings.read_text()
        )


def _few(folder: Path) -> None:
    """Leave one file of each kind: each costs a gcloud."""
    for kind in ("metrics", "policies", "dashboards"):
        for file in sorted((folder / kind).iterdir())[1:]:
            file.unlink()


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("operating")
    with Recorder(PROJECT) as google:
        mine = Installation(folder, google.environment(folder / "gcloud"))
        python = folder / "bin/python"
        python.write_text(_PYTHON % sys.executable)
        python.chmod(0o755)
        mine.environment["PYTHON"] = str(python)
        _few(mine.project / "deploy/monitoring")
        mine.choose(WEB_DOMAIN="scout.example.com", ALERT_EMAIL="operator@people.test")
        told = Story(google, mine)
        told.tell("deployed", "deploy.sh")
        taken = {"database": BEFORE, "state": "READY", "snapshotTime": "2026-11-29T04:00:00Z"}
        google.things[BACKUP] = {"name": BACKUP, **taken}
        told.tell("restored", "restore.sh", "--backup=latest", f"--into={INTO}", "--yes")
        told.tell("deployed again", "deploy.sh")
        told.tell("rolled back too early", "rollback.sh", "--yes")
        main = mine.project / "main.py"
        main.write_text(f"{main.read_text()}# another release\n")
        told.tell("upgraded", "upgrade.sh")
        told.tell("rolled back", "rollback.sh", "--yes")
        told.tell("taken down", "teardown.sh", "--yes")
        told.tell("taken down with data", "teardown.sh", "--data", "--yes")
        told.tell("taken down again", "teardown.sh", "--data", "--yes")
        yield told


@pytest.mark.parametrize(
    "chapter",
    [
        "deployed",
        "restored",
        "deployed again",
        "upgraded",
        "rolled back",
        "taken down",
        "taken down with data",
    ],
)
def test_every_script_comes_to_its_end(story: Story, chapter: str) -> None:
    assert story[chapter].ran.returncode == 0, story[chapter].ran.stderr
    assert "\n# Done" in story[chapter].ran.stdout


def test_before_the_restore_everything_runs_over_the_first_database(story: Story) -> None:
    assert story["deployed"].databases() == dict.fromkeys(FUNCTIONS, "(default)")
    assert story["deployed"].triggers() == dict.fromkeys(EVENT_FUNCTIONS, "(default)")


def test_after_the_restore_all_functions_and_triggers_are_of_the_new_database(story: Story) -> None:
    restored = story["restored"]
    assert restored.databases() == dict.fromkeys(FUNCTIONS, INTO)
    assert restored.triggers() == dict.fromkeys(EVENT_FUNCTIONS, INTO)
    serving = {name: said["FIRESTORE_DATABASE"] for name, said in restored.traffic().items()}
    assert serving == restored.databases()


def test_the_worker_rests_while_the_databases_are_changed(story: Story) -> None:
    asked, job = story["restored"].asked, "ticket-scout-worker"
    assert asked[:2] == [f"POST {job}:pause", "POST databases:restore"]
    assert asked[-1] == f"POST {job}:resume"
    assert {one for one in asked if one.startswith("DELETE")} == {
        f"DELETE {name}" for name in EVENT_FUNCTIONS
    }
    assert not [one for one in asked[1:-1] if job in one]
    assert {story[chapter].things[JOB]["state"] for chapter in ("restored", "rolled back")} == {"ENABLED"}


def test_the_new_database_is_told_what_happened_since_the_backup(story: Story) -> None:
    told, again, at_last = (story.mine.folder / "bin/python.told").read_text().splitlines()
    assert re.fullmatch(rf"firestore {PROJECT} {INTO} \S+/scout.py restored --before \(default\)", told)
    assert again == told, "and when nothing can go out any more"
    assert at_last == f"{told} --only-people", "and when the pages are over it, too"


def test_the_new_database_gets_protection_backups_expiry_and_rules(story: Story) -> None:
    things = story["restored"].things
    protection = {"deleteProtectionState": "DELETE_PROTECTION_ENABLED"}
    protection["pointInTimeRecoveryEnablement"] = "POINT_IN_TIME_RECOVERY_ENABLED"
    assert things[DATABASE].items() >= protection.items()
    schedules = [
        one["retention"] for at, one in things.items() if at.startswith(f"{DATABASE}/backupSchedules/")
    ]
    assert schedules == ["1209600s"]
    fields = [
        {
            at.removeprefix(database): {**one, "name": ""}
            for at, one in things.items()
            if at.startswith(database)
        }
        for database in (f"{name}/collectionGroups/" for name in (BEFORE, DATABASE))
    ]
    assert fields[0] == fields[1]
    assert len([one for one in fields[0].values() if "ttlConfig" in one]) == 1
    releases = (f"projects/{PROJECT}/releases/cloud.firestore{database}" for database in ("", f"/{INTO}"))
    rules = [things[things[name]["rulesetName"]]["source"]["files"] for name in releases]
    assert rules[0] == rules[1] != []


def test_nobody_has_other_rights_after_a_restore_or_an_upgrade(story: Story) -> None:
    deployed, *others = (story[name].rights for name in ("deployed", "restored", "upgraded", "rolled back"))
    assert len(deployed) > 10
    assert others == [deployed] * 3


def test_the_database_before_the_restore_stays_as_it_is(story: Story) -> None:
    of_it = [
        {at: one for at, one in story[chapter].things.items() if f"{at}/".startswith(f"{BEFORE}/")}
        for chapter in ("deployed", "restored")
    ]
    assert of_it[0] == of_it[1]


def test_the_settings_name_the_new_database_and_are_otherwise_as_they_were(story: Story) -> None:
    deployed, restored = story["deployed"].settings, story["restored"].settings
    assert "\nFIRESTORE_DATABASE=\n" in deployed
    assert restored == deployed.replace("\nFIRESTORE_DATABASE=\n", f"\nFIRESTORE_DATABASE={INTO}\n")
    assert story["taken down again"].settings == restored
    assert stat.S_IMODE(story.settings.stat().st_mode) == 0o600


def test_to_deploy_after_a_restore_changes_nothing(story: Story) -> None:
    assert [(one.method, one.path, one.body) for one in story["deployed again"].changed] == []


def test_an_upgrade_deploys_the_new_release_over_the_new_database(story: Story) -> None:
    upgraded = story["upgraded"]
    before, after = (story[name].releases() for name in ("restored", "upgraded"))
    assert len(before | after) == 2
    assert f"# {min(before)} runs; {min(after)} follows" in upgraded.ran.stdout
    assert upgraded.databases() == dict.fromkeys(FUNCTIONS, INTO)
    assert upgraded.triggers() == dict.fromkeys(EVENT_FUNCTIONS, INTO)
    assert set(upgraded.asked[:-1]) - {"POST ticket-monitor-worker:setIamPolicy"} == {
        *(f"PATCH {name}" for name in FUNCTIONS),
        *(f"PUT {name}" for name in FUNCTIONS),
    }, "deployed, and given all traffic"
    assert upgraded.asked[-1] == "POST ticket-scout-worker:run"


def test_a_rollback_leads_back_to_the_release_before_and_never_over_the_restore(story: Story) -> None:
    early = story["rolled back too early"]
    assert (early.ran.returncode, early.asked) == (1, [])
    assert f"there is no release before {min(story['restored'].releases())}" in early.ran.stderr
    back = story["rolled back"]
    assert sorted(back.asked) == sorted(f"PUT {name}" for name in FUNCTIONS), "only traffic moves"
    assert back.traffic() == story["restored"].traffic() != story["upgraded"].traffic()


def test_a_teardown_deletes_once_each_thing_that_was_made(story: Story) -> None:
    before = story["rolled back"].things
    wanted = {at for at in before if OURS.search(at)}
    kinds = {at.rsplit("/", 2)[1] for at in wanted}
    assert len(kinds) == 12, kinds
    deleted = _deleted(story["taken down"])
    assert (sorted(deleted), len(deleted)) == (sorted(wanted), len(set(deleted)))
    data = _deleted(story["taken down with data"])
    assert sorted(data) == sorted([BEFORE, DATABASE, BACKUP])


def test_a_teardown_leaves_what_it_says_that_it_leaves(story: Story) -> None:
    before, without, everything = (
        story[name].things for name in ("rolled back", "taken down", "taken down with data")
    )
    kept = {at: one for at, one in before.items() if KEPT.search(at)}
    data = {at: one for at, one in before.items() if DATA.search(at)}
    assert {BEFORE, DATABASE, BACKUP} < set(data)
    assert without == kept | data
    assert everything == kept
    assert story["taken down"].rights == {f"projects/{PROJECT}": {"roles/eventarc.serviceAgent": {EVENTARC}}}


def test_where_all_is_gone_a_teardown_says_so(story: Story) -> None:
    again = story["taken down again"]
    assert (again.ran.returncode, again.changed) == (0, [])
    assert again.ran.stdout.endswith(f"# Nothing of Ticket Scout is left in {PROJECT}\n")


def _deleted(chapter: Chapter) -> list[str]:
    return [
        without_version(one).replace("projects/-/", f"projects/{PROJECT}/")
        for one in chapter.changed
        if one.method == "DELETE"
    ]
