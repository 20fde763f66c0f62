"""What an operator has: the scripts, a settings file, the real gcloud, and Google's APIs on this machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.installed import NUMBER, PROJECT, REGION, SERVICES, Installed

DEPLOY = Path(__file__).parents[2] / "deploy"
FUNCTIONS = ("ticket-monitor-worker", "poll-board", "copy-monitor-job", "deliver-alert", "web")
HERE = f"projects/{PROJECT}/locations/{REGION}"
RUN = f"apis/serving.knative.dev/v1/namespaces/{PROJECT}"
TOKEN = "a-token-of-gcloud"
_DEPLOY = """\
#!/bin/sh
case "$*" in
  *--dry-run) if test -e "$0.refused"; then echo "a setting is wrong" >&2; exit 1; fi ;;
  *) echo "$* $RELEASE $MOVE_TO" >>"$0.called" ;;
esac
"""
_NOTES = """\
import os, sys
names = ("STORE", "GOOGLE_CLOUD_PROJECT", "FIRESTORE_DATABASE", "APP_ID")
said = [os.environ.get(name, "") for name in names]
open(__file__ + ".called", "a").write(" ".join(sys.argv[1:] + said).strip() + "\\n")
sys.exit(os.path.exists(__file__ + ".refused"))
"""


def why_missing() -> str | None:
    """What this machine lacks; ``None`` when the scripts can run."""
    missing = [name for name in ("gcloud", "bash") if shutil.which(name) is None]
    return f"needs {' and '.join(missing)} on the PATH" if missing else None


@dataclass
class Operator:
    """A folder with the scripts in it, and stand-ins of ``deploy.sh`` and ``scout.py`` that note calls."""

    folder: Path
    installed: Installed
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(DEPLOY, self.folder / "deploy", dirs_exist_ok=True)
        (self.folder / "watchers").mkdir(exist_ok=True)
        shutil.copy(DEPLOY.parent / "watchers/schema.py", self.folder / "watchers")
        self.settings.write_text("STORE=firestore\n")
        deploy = self.folder / "deploy/deploy.sh"
        deploy.write_text(_DEPLOY)
        deploy.chmod(0o755)
        (self.folder / "scout.py").write_text(_NOTES)

    @property
    def settings(self) -> Path:
        """The settings file."""
        return self.folder / "deploy/settings.env"

    def hold(self, release: str) -> None:
        """Have this release in the folder."""
        (self.folder / "deploy/release.sh").write_text(f"#!/bin/sh\necho {release}\n")

    @property
    def deployed(self) -> list[str]:
        """How ``deploy.sh`` was called, and with which release and database."""
        called = self.folder / "deploy/deploy.sh.called"
        return [line.strip() for line in called.read_text().splitlines()] if called.exists() else []

    @property
    def told(self) -> list[str]:
        """How ``scout.py`` was called, and over which project and database."""
        called = self.folder / "scout.py.called"
        return called.read_text().splitlines() if called.exists() else []

    def run(self, script: str, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a script as an operator would, typing this."""
        command = [str(self.folder / "deploy" / script), PROJECT, REGION, *arguments]
        return subprocess.run(  # noqa: S603 - our own scripts
            command, env=self.environment(), input=typed, capture_output=True, text=True, check=False
        )

    def environment(self) -> dict[str, str]:
        """Theirs, with gcloud pointed at this machine: nothing leaves it.

        ``gcloud run`` puts the region before the host: its requests go through a proxy, the same server.
        """
        here = self.installed.url or "http://127.0.0.1:9/"
        apis = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": here for name in SERVICES}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "SETTINGS": str(self.settings),
            "BETWEEN_TRIES": "0",
            "QUIET_AFTER": "0",
            "PYTHON": sys.executable,
            "CLOUDSDK_CONFIG": str(self.folder / "gcloud"),
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_AUTH_ACCESS_TOKEN": TOKEN,
            **apis,
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN": "http://google.test/",
            "CLOUDSDK_PROXY_TYPE": "http",
            "CLOUDSDK_PROXY_ADDRESS": "127.0.0.1",
            "CLOUDSDK_PROXY_PORT": here.rstrip("/").rpartition(":")[2],
            **self.env,
        }


def a_function(installed: Installed, name: str, **environment: str) -> None:
    """This function runs, with this environment."""
    service = {"service": f"{HERE}/services/{name}", "uri": url_of(name), "environmentVariables": environment}
    installed.put(f"v2/{HERE}/functions/{name}", environment="GEN_2", state="ACTIVE", serviceConfig=service)
    installed.things[f"{RUN}/services/{name}"] = {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": PROJECT, "generation": 1},
        "spec": {
            "template": {"metadata": {}, "spec": {"containers": [{"image": "i"}]}},
            "traffic": [{"latestRevision": True, "percent": 100}],
        },
        "status": {"url": url_of(name), "latestReadyRevisionName": f"{name}-newest", "traffic": []},
    }


def url_of(name: str) -> str:
    """Where it is called."""
    return f"https://{name}-{NUMBER}.{REGION}.run.app"


def a_revision(
    service: str, name: str, created_at: str, release: str, *, ready: bool = True, database: str = ""
) -> dict[str, object]:
    """A revision as gcloud lists it; what is empty is no variable of it."""
    said = {"STORE": "firestore", "RELEASE": release, "FIRESTORE_DATABASE": database}
    env = [{"name": name, "value": value} for name, value in said.items() if value]
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Revision",
        "metadata": {
            "name": name,
            "namespace": PROJECT,
            "creationTimestamp": created_at,
            "labels": {"serving.knative.dev/service": service},
        },
        "spec": {"containers": [{"image": "i", "env": env}]},
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }
