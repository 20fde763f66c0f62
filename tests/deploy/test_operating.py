"""The gcloud that is installed understands what the operator's scripts would run; a dry run calls nothing."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.deploy.gcloud_lint import lint
from tests.deploy.installed import PROJECT, REGION, Installed
from tests.deploy.operators import DEPLOY, FUNCTIONS, HERE, Operator, why_missing

SCRIPTS = {"upgrade.sh": [], "rollback.sh": [], "restore.sh": ["--backup=latest"], "teardown.sh": ["--data"]}
FORMS = [*SCRIPTS.items(), ("restore.sh", ["--database=(default)"])]


@pytest.mark.parametrize(("script", "options"), FORMS)
def test_a_dry_run_prints_commands_with_their_reasons_and_calls_nobody(
    script: str, options: list[str], tmp_path: Path
) -> None:
    operator = Operator(tmp_path, Installed(), {"PATH": "/usr/bin:/bin", "CLOUDSDK_CONFIG": "/nonexistent"})
    said = operator.run(script, "--dry-run", *options)
    assert (said.returncode, said.stderr) == (0, "")
    assert "gcloud " in said.stdout
    assert all(re.match(r"# |gcloud |/|env |export |$", line) for line in said.stdout.splitlines())
    assert not operator.deployed


@pytest.mark.parametrize("asked", [["--help"], ["-h"], [PROJECT, REGION, "--yes", "--help"]])
@pytest.mark.parametrize("script", [*SCRIPTS, "deploy.sh"])
def test_asked_for_help_it_says_what_it_does_and_how_it_is_called(script: str, asked: list[str]) -> None:
    command = [str(DEPLOY / script), *asked]
    said = subprocess.run(command, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False)  # noqa: S603
    assert (said.returncode, said.stderr) == (0, "")
    assert f"{script} PROJECT REGION" in said.stdout
    assert "[--dry-run]" in said.stdout
    assert not re.search("shellcheck|HERE=|^#", said.stdout, re.MULTILINE)
    for option in SCRIPTS.get(script, []):
        assert option.partition("=")[0] in said.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_a_project_it_says_how_it_is_called(script: str) -> None:
    said = subprocess.run([str(DEPLOY / script)], capture_output=True, text=True, check=False)  # noqa: S603
    assert said.returncode == 1
    assert f"{script} PROJECT REGION" in said.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_in_another_region_than_it_runs_in_nothing_is_done(
    operator: Operator, installed: Installed, script: str
) -> None:
    """What is no function is the whole project's, so a slip of the region would take or change it."""
    there = installed.things.pop(f"v2/{HERE}/functions/{FUNCTIONS[0]}")
    installed.things[f"v2/projects/{PROJECT}/locations/europe-west9/functions/{FUNCTIONS[0]}"] = {
        **there,
        "name": f"projects/{PROJECT}/locations/europe-west9/functions/{FUNCTIONS[0]}",
    }
    said = operator.run(script, *SCRIPTS[script], typed=f"{PROJECT}\n")
    assert (said.returncode, installed.changes(), operator.deployed) == (1, [], [])
    assert f"{PROJECT} runs in europe-west9, and you said {REGION}: nothing was done" in said.stderr


def test_every_command_is_understood_by_the_gcloud_that_is_installed(tmp_path: Path) -> None:
    """Those that a dry run prints, and those that only look: gcloud's own lint, offline."""
    if reason := why_missing():
        pytest.skip(reason)
    operator = Operator(tmp_path, Installed())
    commands = {
        " ".join(word.replace(" ", "_") for word in shlex.split(line))
        for script, options in FORMS
        for line in operator.run(script, "--dry-run", *options).stdout.splitlines()
        if line.startswith("gcloud ")
    } | set(_looks())
    assert len(commands) > 40
    assert lint(sorted(commands), tmp_path) == []


def _looks() -> list[str]:
    """The commands of the scripts' lines that list or describe, with their variables filled in."""
    text = "".join((DEPLOY / name).read_text() for name in [*SCRIPTS, "operating.sh"])
    found = re.findall(r"gcloud [a-z -]+ (?:list|describe|get-iam-policy)[^\n;|)]*", text)
    known = {"PROJECT": PROJECT, "REGION": REGION, "into": "scout-x"}
    filled = [
        re.sub(r"\$\{?(\w+)[^}\s\"]*\}?", lambda found: known.get(found[1], "web"), one) for one in found
    ]
    return [re.sub(r" --(filter|format|flatten)=\S.*", "", one).replace('"', "").strip() for one in filled]
