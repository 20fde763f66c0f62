"""``deploy/upgrade.sh`` with the real gcloud; what ``deploy.sh`` does is tested with it."""

import re
import subprocess

from tests.deploy.installed import PROJECT, REGION, Installed
from tests.deploy.operators import DEPLOY, FUNCTIONS, HERE, RUN, Operator, a_function


def test_the_new_release_is_deployed_by_its_name_and_gets_all_traffic(
    operator: Operator, installed: Installed
) -> None:
    for name in FUNCTIONS:  # after a rollback
        installed.things[f"{RUN}/services/{name}"]["spec"]["traffic"] = [
            {"revisionName": f"{name}-1", "percent": 100}
        ]
    said = operator.run("upgrade.sh")
    assert said.returncode == 0, said.stderr
    assert "s1-new runs; s1-" in said.stdout
    assert re.fullmatch(rf"{PROJECT} {REGION} s1-\S+", "".join(operator.deployed))
    for name in FUNCTIONS:
        (traffic,) = installed.things[f"{RUN}/services/{name}"]["spec"]["traffic"]
        assert traffic == {"latestRevision": True, "percent": 100}, name
    assert installed.changes()[-1] == ("POST", f"v1/{HERE}/jobs/ticket-scout-worker:run")


def test_a_leap_over_a_shape_is_refused_before_anything_is_done(
    operator: Operator, installed: Installed
) -> None:
    (operator.folder / "watchers/schema.py").write_text("SCHEMA = 3\n")
    said = operator.run("upgrade.sh")
    assert said.returncode == 1
    assert "upgrade to a release of shape 2 first" in said.stderr
    (operator.folder / "watchers/schema.py").write_text("SCHEMA = 0\n")
    assert "use deploy/rollback.sh" in operator.run("upgrade.sh").stderr
    assert (operator.deployed, installed.changes()) == ([], [])


def test_settings_that_name_another_database_than_what_runs_are_refused(
    operator: Operator, installed: Installed
) -> None:
    a_function(installed, FUNCTIONS[0], FIRESTORE_DATABASE="scout-restored")
    operator.settings.write_text("FIRESTORE_DATABASE=(default)\n")
    said = operator.run("upgrade.sh")
    assert (said.returncode, operator.deployed, installed.changes()) == (1, [], [])
    assert "write FIRESTORE_DATABASE=scout-restored into" in said.stderr


def test_where_nothing_runs_it_says_what_to_begin_with(operator: Operator, installed: Installed) -> None:
    installed.things.clear()
    said = operator.run("upgrade.sh")
    assert said.returncode == 1
    assert "begin with deploy/deploy.sh" in said.stderr


def test_a_release_is_named_by_the_shape_of_its_documents_and_its_commit() -> None:
    said = subprocess.run([str(DEPLOY / "release.sh")], capture_output=True, text=True, check=True).stdout  # noqa: S603
    assert re.fullmatch(r"s\d+-([0-9a-f]{12}(-changed)?|\d{8}t\d{4})\n", said)
