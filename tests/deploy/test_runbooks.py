"""Each alert policy has a runbook that says all it should, with commands that are real."""

import json
import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

from scout import cli
from tests.deploy.gcloud_lint import lint
from tests.deploy.log_filters import read
from tests.deploy.test_log_metrics import written_in_code

ROOT = Path(__file__).parents[2]
RUNBOOKS = {path.stem: path.read_text() for path in sorted((ROOT / "docs/runbooks").glob("*.md"))}
POLICIES = {
    path.stem: json.loads(path.read_text()) for path in ROOT.glob("deploy/monitoring/policies/*.json")
}
PARTS = ["What it means", "What people feel", "What to look at", "What to do", "What not to do"]
AREAS = "alert|board|outbox|provider|quota|run|sweep|target|targets|texts|tick|watch"
NAMES = {"$PROJECT": "demo-app", "$REGION": "europe-west1", "$WEB": "https://web.example.test"}


def commands(runbook: str) -> list[str]:
    """The lines of its shell blocks; those within ``NAME=$(…)``, too; names stand for what they name."""
    blocks = re.findall(r"```sh\n(.*?)```", RUNBOOKS[runbook], re.DOTALL)
    lines = [re.sub(r"^\w+=\$\((.*)\)$", r"\1", line) for line in "".join(blocks).splitlines()]
    for name, said in NAMES.items():
        lines = [line.replace(name, said) for line in lines]
    return lines


def test_every_policy_links_its_runbook_and_every_runbook_has_a_policy() -> None:
    assert set(RUNBOOKS) - {"README"} == set(POLICIES)
    for name, policy in POLICIES.items():
        assert f"docs/runbooks/{name}.md" in policy["documentation"]["content"]
        assert policy["userLabels"]["runbook"] == name
        assert f"({name}.md)" in RUNBOOKS["README"]
        assert f"deploy/monitoring/policies/{name}.json" in RUNBOOKS[name]


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_a_runbook_says_all_it_should(name: str) -> None:
    assert re.findall(r"^## (.*)$", RUNBOOKS[name], re.MULTILINE) == PARTS
    assert all(
        len(part.strip()) > 40 for part in re.split(r"^## .*$", RUNBOOKS[name], flags=re.MULTILINE)[1:]
    )
    assert commands(name), "it has no command to begin with"


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed here")
def test_every_gcloud_command_passes_its_own_lint(tmp_path: Path) -> None:
    said = {line for name in RUNBOOKS for line in commands(name) if line.startswith("gcloud ")}
    checked = sorted(line for line in said if not line.endswith("--help"))
    assert len(checked) > 20
    assert lint(checked, tmp_path) == []


@pytest.mark.parametrize("name", sorted(RUNBOOKS))
def test_every_command_of_ours_is_understood_by_it(name: str) -> None:
    for line in commands(name):
        words = shlex.split(line)
        if "scout.py" in line:
            parsed(words[words.index("scout.py") + 1 :])
        else:
            assert words[0] in ("gcloud", "curl", "export"), line


def parsed(words: list[str]) -> None:
    """Click reads it, and nothing is run."""
    command: click.Command = cli
    context = click.Context(command, info_name="scout.py")
    while isinstance(command, click.Group):
        _, found, words = command.resolve_command(context, words)
        assert found is not None
        command = found
        context = click.Context(command, parent=context)
    if words != ["--help"]:
        command.make_context("scout.py", words, parent=context.parent)


@pytest.mark.parametrize("name", sorted(RUNBOOKS))
def test_what_is_searched_for_in_the_log_is_written_there(name: str) -> None:
    for line in commands(name):
        if line.startswith("gcloud logging read "):
            asked = read(shlex.split(line)[3])
            assert asked.events <= written_in_code(), line


@pytest.mark.parametrize("name", sorted(RUNBOOKS))
def test_events_and_files_that_are_named_are_there(name: str) -> None:
    later = {"docs/scale.md", "deploy/deploy.sh", "deploy/rollback.sh", "deploy/settings.env"}  # or one's own
    for path in re.findall(r"`((?:deploy|docs|notifiers|tests)/[\w/.-]+\.\w+)`", RUNBOOKS[name]):
        assert path in later or (ROOT / path).exists(), path
    for event in re.findall(rf"`((?:{AREAS})\.[a-z_]+)`", RUNBOOKS[name].replace("`run.app`", "")):
        assert event in written_in_code(), event
