"""The project in a folder of its own, to be deployed from: by the real gcloud to a recorder, or by nothing.

``calls`` has what every gcloud was called with, arguments and environment: a wrapper on the path writes it
down before the real one takes its place.
"""

import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Ran = subprocess.CompletedProcess[str]
ROOT = Path(__file__).parents[2]
PARTS = (
    "deploy",
    "notifiers",
    "store",
    "watchers",
    "web",
    "main.py",
    "scout.py",
    "requirements.txt",
    "README.md",
)
REGION = "europe-west1"
_WRAPPER = """#!/usr/bin/env bash
{{ printf '%s\\0' "$@"; printf '\\1'; env -0; printf '\\2'; }} >>{log}
exec {gcloud} "$@"
"""


def gcloud() -> str | None:
    """Where the real gcloud is."""
    return shutil.which("gcloud")


def spelled(arguments: list[str]) -> str:
    """A command line as gcloud's lint reads it: of a flag only the value is quoted."""
    parts = [one.partition("=") if one.startswith("--") else (one, "", "") for one in arguments]
    quoted = [f"{flag}={shlex.quote(value)}" if mark else shlex.quote(flag) for flag, mark, value in parts]
    return " ".join(["gcloud", *quoted])


@dataclass
class Installation:
    """A copy of the project in ``folder``/project, and what it takes to deploy it from there.

    ``stands``: in which folder whoever runs it is, if not in the project.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    stands: Path | None = None

    def __post_init__(self) -> None:
        self.project = self.folder / "project"
        self.project.mkdir(parents=True)
        for part in PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, self.project / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, self.project / part)
        shutil.copy(ROOT / ".gcloudignore", self.project)
        indexes = self.project / "deploy/firestore.indexes.json"
        whole: dict[str, list[Any]] = json.loads(indexes.read_text())
        indexes.write_text(
            json.dumps({name: some[:3] for name, some in whole.items()})
        )  # each costs a gcloud
        self.log = self.folder / "record"
        (self.folder / "bin").mkdir()
        if real := gcloud():
            self.put_gcloud(_WRAPPER.format(log=self.log, gcloud=real))

    def put_gcloud(self, script: str) -> None:
        """Let this be the gcloud on the path."""
        wrapper = self.folder / "bin" / "gcloud"
        wrapper.write_text(script)
        wrapper.chmod(0o755)

    def choose(self, **settings: str) -> None:
        """Write settings.env, over the example."""
        example = (self.project / "deploy/settings.env.example").read_text()
        chosen = "".join(f"{name}={value}\n" for name, value in settings.items())
        (self.project / "deploy/settings.env").write_text(example + chosen)

    def run(self, *command: str, **more: str) -> Ran:
        """Run a command as somebody would who has nothing else set."""
        path = f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"
        plain = {"PATH": path, "HOME": str(self.folder), "PYTHON": sys.executable, "BETWEEN_TRIES": "0"}
        return subprocess.run(  # noqa: S603 - the project's own scripts
            command,
            cwd=self.stands or self.project,
            env={**plain, **self.environment, **more},
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )

    def deploy(self, project: str, *options: str, **more: str) -> Ran:
        """Run deploy.sh."""
        return self.run("deploy/deploy.sh", project, REGION, *options, **more)

    def calls(self) -> list[tuple[list[str], list[str]]]:
        """Arguments and environment of every call of gcloud so far."""
        said = self.log.read_text() if self.log.exists() else ""
        both = [call.split("\1") for call in said.split("\2") if call]
        return [(arguments.split("\0")[:-1], env.split("\0")[:-1]) for arguments, env in both]
