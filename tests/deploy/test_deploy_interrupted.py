"""The scripts switched off after every single change, and run again, over a pretended cloud."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.deploy.installation import REGION, Installation

PROJECT = "demo-app"
PRETEND = Path(__file__).parent / "pretend.sh"
DEPLOY = ("deploy/deploy.sh", PROJECT, REGION)
RESTORE = ("deploy/restore.sh", PROJECT, REGION, "--backup=latest", "--into=scout-restored", "--yes")
TEARDOWN = ("deploy/teardown.sh", PROJECT, REGION, "--yes")
DATA = {f"{kind}%(default)" for kind in ("database", "protection", "backups", "index")} | {"backup%b1"}
KEPT = {  # as teardown.sh says
    *("apis", "budget", "webhooks", "domain%scout.example.com", "rules%(default)", f"policy%{PROJECT}"),
    *(f"identity%{api}.googleapis.com" for api in ("pubsub", "eventarc")),
}
CHOSEN = {
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_FROM_NUMBER": "+14155550100",
    "WEB_DOMAIN": "scout.example.com",
    "BUDGET": "10USD",
    "ALERT_EMAIL": "operator@people.test",
}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")


@pytest.fixture
def mine(tmp_path: Path) -> Installation:
    here = Installation(tmp_path / "mine")
    (here.project / "deploy/firestore.indexes.json").touch()
    here.choose(TICKETMASTER_API_KEY="key", **CHOSEN)
    return here


def _run(
    mine: Installation,
    cloud: Path,
    life: int,
    pretend: Path = PRETEND,
    command: Sequence[str] = DEPLOY,
    **more: str,
) -> subprocess.CompletedProcess[str]:
    cloud.mkdir(exist_ok=True)
    more |= {"BASH_ENV": str(pretend), "PYTHON": "pretend", "CLOUD": str(cloud), "RELEASE": "s1-abc"}
    more["TMPDIR"] = str(cloud.parent)  # what is killed does not tidy up
    return mine.run(*command, **more, LIFE=str(life), BORN=str(len(_changes(cloud))))


def _pretending(folder: Path, asked: str, answer: str) -> Path:
    """``pretend.sh``, in which this question (a pattern of it) is answered so."""
    text, other = PRETEND.read_text(), folder / "pretend.sh"
    assert f"    {asked}" in text
    other.write_text(text.replace(f"    {asked}", f"    {asked} {answer} ;;\n    {asked}", 1))
    return other


def _changes(cloud: Path) -> list[str]:
    changes = cloud / "changes"
    return changes.read_text().splitlines() if changes.exists() else []


def _state(cloud: Path) -> dict[str, list[str]]:
    """All that is there; of policies who may, in any order."""
    return {one.name: sorted(one.read_text().split()) for one in cloud.iterdir() if one.name != "changes"}


def _left(cloud: Path) -> set[str]:
    """The names of all that is there; not that something was deleted."""
    return {name for name in _state(cloud) if not name.startswith("deleted-")}


def test_switched_off_after_each_change_it_is_done_by_as_many_runs(
    mine: Installation, tmp_path: Path
) -> None:
    at_once, bit_by_bit = tmp_path / "at-once", tmp_path / "bit-by-bit"
    done = _run(mine, at_once, 0)
    assert done.returncode == 0, done.stderr
    changes = _changes(at_once)
    assert len(changes) > 80
    monitored = {one.partition("/")[0] for one in changes if one.startswith("monitoring-")}
    assert len(monitored) == 5, "metrics, the check, whom to tell, policies and dashboards"

    for number in range(len(changes)):
        assert _run(mine, bit_by_bit, 1).returncode == -9, (number, _changes(bit_by_bit)[-1:])

    last = _run(mine, bit_by_bit, 0)
    assert last.returncode == 0, last.stderr
    assert _changes(bit_by_bit) == changes, "nothing was done twice, and nothing was left out"
    assert _state(bit_by_bit) == _state(at_once)


def test_a_second_run_over_what_is_there_changes_nothing(mine: Installation, tmp_path: Path) -> None:
    cloud = tmp_path / "cloud"
    _run(mine, cloud, 0)
    before = _changes(cloud)
    assert _run(mine, cloud, 0).returncode == 0
    assert _changes(cloud) == before


def test_googles_account_for_pubsub_is_made_also_where_eventarcs_has_its_role(
    mine: Installation, tmp_path: Path
) -> None:
    cloud = tmp_path / "cloud"
    cloud.mkdir()
    agent = "serviceAccount:service-123@gcp-sa-eventarc.iam.gserviceaccount.com"
    (cloud / f"policy%{PROJECT}").write_text(f"roles/eventarc.serviceAgent,{agent}\n")
    assert _run(mine, cloud, 0).returncode == 0
    assert (cloud / "identity%pubsub.googleapis.com").exists()


def test_a_new_key_is_one_new_version_and_reaches_the_functions_that_use_it(
    mine: Installation, tmp_path: Path
) -> None:
    cloud = tmp_path / "cloud"
    _run(mine, cloud, 0)
    before = _changes(cloud)
    mine.choose(TICKETMASTER_API_KEY="another", **CHOSEN)

    assert _run(mine, cloud, 0).returncode == 0

    functions = [f"function/{name}" for name in ("poll-board", "ticket-monitor-worker", "web")]
    assert _changes(cloud)[len(before) :] == ["version/scout-ticketmaster-api-key", *functions]


def test_settings_of_another_database_move_nothing(mine: Installation, tmp_path: Path) -> None:
    """Only restore.sh lets it run over another one; a name that was left in the shell means nothing."""
    cloud = tmp_path / "cloud"
    assert _run(mine, cloud, 0).returncode == 0
    before = _changes(cloud)
    left = _run(mine, cloud, 0, FIRESTORE_DATABASE="scout-older")
    assert (left.returncode, _changes(cloud)) == (0, before)

    mine.choose(TICKETMASTER_API_KEY="key", FIRESTORE_DATABASE="scout-older", **CHOSEN)
    stopped = _run(mine, cloud, 0)

    assert (stopped.returncode, _changes(cloud)) == (1, before)
    assert (
        f"{PROJECT} runs over the database (default), and deploy/settings.env says scout-older"
        in stopped.stderr
    )
    assert "write FIRESTORE_DATABASE=(default) there" in stopped.stderr
    assert f"deploy/restore.sh {PROJECT} {REGION} --database=scout-older" in stopped.stderr


@pytest.mark.parametrize("said", ["PERMISSION_DENIED", "UNAVAILABLE: request 404"])
@pytest.mark.parametrize(
    ("look", "why", "made"),
    [
        (
            '"firestore databases describe"*)',
            "could not look whether it is there: gcloud firestore databases describe",
            "database/",
        ),
        (
            '"secrets versions access"*)',
            "could not look what scout-secret-key holds",
            "version/scout-secret-key",
        ),
    ],
    ids=["the database", "the key that signs"],
)
def test_a_look_that_fails_stops_it_before_anything_is_made_twice(
    mine: Installation, tmp_path: Path, look: str, why: str, made: str, said: str
) -> None:
    """Not to be allowed to see is not the same as not to be there."""
    cloud = tmp_path / "cloud"
    assert _run(mine, cloud, 0).returncode == 0
    before = _changes(cloud)
    stopped = _run(mine, cloud, 0, _pretending(tmp_path, look, f'echo "ERROR: {said}" >&2 && return 1'))

    assert stopped.returncode == 1
    assert why in stopped.stderr
    assert said in stopped.stderr
    assert not [change for change in _changes(cloud)[len(before) :] if change.startswith(made)]


def test_a_restore_switched_off_after_each_change_is_done_by_as_many_runs(
    mine: Installation, tmp_path: Path
) -> None:
    at_once, bit_by_bit = tmp_path / "at-once", tmp_path / "bit-by-bit"
    before = mine.project / "deploy/settings.env"
    said = before.read_text()
    assert _run(mine, at_once, 0).returncode == 0
    shutil.copytree(at_once, bit_by_bit)
    old = len(_changes(at_once))
    done = _run(mine, at_once, 0, command=RESTORE)
    assert done.returncode == 0, done.stderr
    changes = _changes(at_once)[old:]
    assert [one for one in changes if one.startswith(("state/", "wrote", "told", "deleted", "database"))] == [
        "state/ticket-scout-worker",
        "database/scout-restored",
        "told",
        "deleted-function-copy-monitor-job",
        "deleted-function-deliver-alert",
        "wrote-settings",
        "state/ticket-scout-worker",
    ]
    restored = before.read_text()
    before.write_text(said)

    for number in range(len(changes)):
        assert _run(mine, bit_by_bit, 1, command=RESTORE).returncode != 0, (number, _changes(bit_by_bit)[-1:])

    last = _run(mine, bit_by_bit, 0, command=RESTORE)
    assert last.returncode == 0, last.stderr
    assert _changes(bit_by_bit)[old:] == changes, "nothing was done twice, and nothing was left out"
    assert _state(bit_by_bit) == _state(at_once)
    assert (bit_by_bit / "state%ticket-scout-worker").read_text() == "ENABLED\n"
    assert before.read_text() == restored

    back = _run(mine, at_once, 0, command=(*RESTORE[:3], "--database=(default)", "--yes"))
    assert back.returncode == 0, back.stderr
    over = {one.name: one.read_text() for one in at_once.glob("runs-over*")}
    assert (len(over), set(over.values())) == (5, {"(default)\n"})


@pytest.mark.parametrize(
    ("why", "tries"),
    [("INVALID_ARGUMENT: Build failed", 1), ("Permission denied while using the Eventarc Service Agent", 3)],
)
def test_a_function_that_cannot_be_built_is_not_built_again_and_again(
    mine: Installation, tmp_path: Path, why: str, tries: int
) -> None:
    refusing = _pretending(tmp_path, '"functions deploy"*)', f'echo "ERROR: {why}" >&2; return 1')
    stopped = _run(mine, tmp_path / "cloud", 0, refusing)
    assert stopped.returncode == 1
    assert stopped.stderr.count(why) == tries
    assert "Stopped at: The functions, each as its own account" in stopped.stderr
    assert "Run the same command again, and it goes on from there" in stopped.stderr
    assert ("copy-monitor-job could not be deployed" in stopped.stderr) == (tries == 1)


def test_a_second_installation_beside_the_first_is_not_begun(mine: Installation, tmp_path: Path) -> None:
    elsewhere = _pretending(tmp_path, '"functions list"*segment*)', "echo europe-west9")
    stopped = _run(mine, tmp_path / "cloud", 0, elsewhere)
    assert stopped.returncode == 1
    assert f"{PROJECT} runs in europe-west9, and you said {REGION}" in stopped.stderr
    assert _changes(tmp_path / "cloud") == ["apis"]


def test_settings_that_others_may_read_are_said(mine: Installation, tmp_path: Path) -> None:
    settings = mine.project / "deploy/settings.env"
    settings.chmod(0o644)
    assert "chmod 600 deploy/settings.env" in _run(mine, tmp_path / "cloud", 0).stderr
    settings.chmod(0o600)
    assert "chmod" not in _run(mine, tmp_path / "cloud", 0).stderr


def test_a_teardown_switched_off_after_each_change_is_done_by_as_many_runs(
    mine: Installation, tmp_path: Path
) -> None:
    at_once, bit_by_bit = tmp_path / "at-once", tmp_path / "bit-by-bit"
    assert _run(mine, at_once, 0).returncode == 0
    shutil.copytree(at_once, bit_by_bit)
    old = len(_changes(at_once))
    without = _run(mine, at_once, 0, command=TEARDOWN)
    assert without.returncode == 0, without.stderr
    assert _left(at_once) == KEPT | DATA
    done = _run(mine, at_once, 0, command=(*TEARDOWN, "--data"))
    assert done.returncode == 0, done.stderr
    assert _left(at_once) == KEPT
    assert "scout-" not in (at_once / f"policy%{PROJECT}").read_text(), "nor has any of ours a right"
    changes = _changes(at_once)[old:]
    deleted = [one for one in changes if one != f"policy/{PROJECT}"]
    assert len(deleted) == len(set(deleted)) > 50

    for number in range(len(changes)):
        stopped = _run(mine, bit_by_bit, 1, command=(*TEARDOWN, "--data"))
        assert stopped.returncode == -9, (number, _changes(bit_by_bit)[-1:])

    last = _run(mine, bit_by_bit, 0, command=(*TEARDOWN, "--data"))
    assert last.returncode == 0, last.stderr
    assert f"Nothing of Ticket Scout is left in {PROJECT}" in last.stdout
    assert _changes(bit_by_bit)[old:] == changes, "nothing was done twice, and nothing was left out"
    assert _state(bit_by_bit) == _state(at_once)


def test_a_look_at_indexes_that_fails_is_not_that_none_is_built(mine: Installation, tmp_path: Path) -> None:
    refusing = _pretending(tmp_path, '"firestore indexes composite list"*)', "return 1")
    stopped = _run(mine, tmp_path / "cloud", 0, refusing)
    assert stopped.returncode == 1
    assert not [one for one in _changes(tmp_path / "cloud") if one.startswith("function/")]
