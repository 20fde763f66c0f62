"""``deploy/upgrade.sh`` with the real gcloud; what ``deploy.sh`` does is tested with it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.installed import PROJECT, REGION, Installed
from tests.deploy.operators import DEPLOY, FUNCTIONS, HERE, RUN, Operator


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


def test_where_nothing_runs_it_says_what_to_begin_with(operator: Operator, installed: Installed) -> None:
    installed.things.clear()
    said = operator.run("upgrade.sh")
    assert said.returncode == 1
    assert "begin with deploy/deploy.sh" in said.stderr


@pytest.mark.parametrize("option", ["--nothing", "--", "--yes", "worker"])
def test_any_option_but_a_dry_run_is_refused(operator: Operator, installed: Installed, option: str) -> None:
    said = operator.run("upgrade.sh", option)
    assert (said.returncode, operator.deployed, installed.asked) == (1, [], [])
    assert f"{option} is not understood; there are: --dry-run" in said.stderr


def _release(folder: Path) -> str:
    command = [str(folder / "deploy/release.sh")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """A folder with a history, in which all is committed."""
    for name, text in (
        ("watchers/schema.py", "SCHEMA = 7\n"),
        ("main.py", ""),
        ("web/pages.py", ""),
        ("notes.txt", ""),
        (".gitignore", "__pycache__/\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "deploy").mkdir()
    shutil.copy(DEPLOY / "release.sh", tmp_path / "deploy")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=n", "-c", "user.email=n@people.test"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *command], check=True)  # noqa: S603
    return tmp_path


def test_a_release_is_named_by_the_shape_of_its_documents_and_its_commit(committed: Path) -> None:
    (committed / "notes.txt").write_text("not uploaded")
    (committed / "web/__pycache__").mkdir()
    (committed / "web/__pycache__/pages.pyc").write_text("not uploaded")
    assert re.fullmatch(r"s7-[0-9a-f]{12}", _release(committed))


@pytest.mark.parametrize("name", ["main.py", "web/pages.py", "web/new.py"])
def test_a_release_that_is_no_commit_is_named_by_its_files_besides(committed: Path, name: str) -> None:
    clean = _release(committed)
    (committed / name).write_text("one\n")
    first = _release(committed)
    (committed / name).write_text("two\n")
    second = _release(committed)
    assert re.fullmatch(rf"{clean}-[0-9a-f]{{8}}", first)
    assert re.fullmatch(rf"{clean}-[0-9a-f]{{8}}", second)
    assert first != second
    script = f'SETTINGS=; HERE={DEPLOY}; . {DEPLOY}/running.sh; . {DEPLOY}/operating.sh; schema_of "{first}"'
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)  # noqa: S603, S607
    assert said.stdout == "7\n"


def test_a_release_without_a_history_is_named_by_its_files(committed: Path) -> None:
    shutil.rmtree(committed / ".git")
    first = _release(committed)
    (committed / "web/new.py").write_text("one\n")
    assert re.fullmatch(r"s7-[0-9a-f]{12}", first)
    assert _release(committed) != first
