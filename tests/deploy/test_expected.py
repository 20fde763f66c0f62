"""What ``doctor --cloud`` expects of an installation is what the steps of ``deploy.sh`` make."""

import re
from pathlib import Path

from tests.deploy.installation import Installation
from web.installation import expected

STEPS = """
. deploy/running.sh
PROJECT=demo-app REGION=europe-west1
for part in apis accounts topics functions scheduler; do . "deploy/steps/$part.sh"; done
"""


def _said(tmp_path: Path, script: str) -> list[str]:
    said = Installation(tmp_path / "mine").run("bash", "-c", STEPS + script)
    assert said.returncode == 0, said.stderr
    return said.stdout.split()


def test_the_functions_run_as_the_accounts_that_are_expected(tmp_path: Path) -> None:
    said = _said(
        tmp_path, 'for name in "${FUNCTIONS[@]}"; do printf "%s %s " "$name" "$(runs_as "$name")"; done'
    )
    assert dict(zip(said[::2], said[1::2], strict=True)) == {
        name: account for name, (account, _) in expected.FUNCTIONS.items()
    }


def test_the_same_job_and_dead_letters_are_looked_for(tmp_path: Path) -> None:
    assert _said(tmp_path, 'echo "$WORKER_JOB" "$BOARDS_DEAD" "$EVENTS_DEAD"') == [
        expected.JOB,
        *expected.DEAD_LETTERS,
    ]


def test_every_api_that_is_switched_on_is_looked_at(tmp_path: Path) -> None:
    said = _said(tmp_path, 'echo "${APIS[@]}"')
    assert {f"{name}.googleapis.com" for name in expected.APIS} == set(said)


def test_who_may_call_is_who_is_expected(tmp_path: Path) -> None:
    script = 'grant_on() { printf "%s %s " "$2" "$4"; }\nstep() { :; }\napply_invokers'
    said = _said(tmp_path, script)
    callers = dict(zip(said[::2], said[1::2], strict=True))
    assert {name: re.sub("^serviceAccount:|@.*", "", who) for name, who in callers.items()} == {
        name: caller for name, (_, caller) in expected.FUNCTIONS.items()
    }
