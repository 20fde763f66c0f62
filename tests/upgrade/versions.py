"""Versions of the code that a test runs in turns: what is in this folder, and what the history holds."""

import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = ("main.py", "watchers", "notifiers", "store", "web", "requirements.txt")
ASKED = "UPGRADE_FROM"  # a tag or commit of the environment: upgrade from there


@dataclass(frozen=True, slots=True)
class Version:
    """Code that can be run: ``main`` is its entry points' file."""

    name: str
    main: Path


HERE = Version("this version", ROOT / "main.py")


class NoHistoryError(Exception):
    """There is no version before this one to be had here; the message says why."""


def before(folder: Path) -> Version:
    """The version before this one, its files laid into ``folder``.

    It is what ``UPGRADE_FROM`` names, else the newest tag whose code differs, else the newest commit whose
    code differs.

    Raises:
        NoHistoryError: no git, no clone, or a shallow one.
    """
    commit = _base()
    files = _git("archive", "--format=tar", commit, *_there(commit))
    with tarfile.open(fileobj=BytesIO(files)) as archive:
        archive.extractall(folder, filter="data")
    return Version(_git("describe", "--always", "--tags", commit).decode().strip(), folder / "main.py")


def _base() -> str:
    if asked := os.environ.get(ASKED):
        return _git("rev-parse", "--verify", f"{asked}^{{commit}}").decode().strip()
    candidates = _git("tag", "--merged", "HEAD", "--sort=-creatordate").decode().split()
    candidates += _git("rev-list", "-2", "HEAD", "--", *CODE).decode().split()
    for commit in candidates:
        if _differs(commit):
            return commit
    raise NoHistoryError(
        "the history holds no version whose code differs: clone all of it (git fetch --unshallow)"
    )


def _there(commit: str) -> list[str]:
    return _git("ls-tree", "--name-only", commit, *CODE).decode().split()


def _differs(commit: str) -> bool:
    try:
        _git("diff", "--quiet", commit, "--", *CODE)
    except NoHistoryError:
        return True
    return False


def _git(*arguments: str) -> bytes:
    git = shutil.which("git")
    if git is None:
        raise NoHistoryError("git is not on the PATH")
    ran = subprocess.run(  # noqa: S603 - our own arguments
        [git, "-C", str(ROOT), "-c", f"safe.directory={ROOT}", *arguments], capture_output=True, check=False
    )
    if ran.returncode:
        said = ran.stderr.decode().strip() or "it differs"
        raise NoHistoryError(f"git {arguments[0]}: {said}")
    return ran.stdout
