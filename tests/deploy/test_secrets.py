"""``deploy/steps/secrets.sh``: which version a function gets, and that each secret reaches one."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.installation import Installation
from tests.deploy.recorder import Recorder
from watchers.settings import SECRETS

PROJECT = "demo-app"
STEPS = """
. deploy/running.sh
PROJECT=demo-app REGION=europe-west1
export CLOUDSDK_CORE_PROJECT=$PROJECT
for part in settings accounts secrets; do . "deploy/steps/$part.sh"; done
"""


@pytest.fixture
def mine(tmp_path: Path) -> Installation:
    return Installation(tmp_path / "mine")


def _run(mine: Installation, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    return mine.run("bash", "-c", STEPS + script, **more)


@pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed here")
@pytest.mark.parametrize("order", [1, -1], ids=["oldest first", "newest first"])
def test_the_newest_version_is_what_functions_get(mine: Installation, tmp_path: Path, order: int) -> None:
    """However Google lists them."""
    with Recorder(PROJECT) as google:
        for number in (1, 2, 3)[::order]:
            name = f"projects/{PROJECT}/secrets/scout-secret-key/versions/{number}"
            made = f"2026-11-30T07:00:0{number}Z"
            google.things[name] = {"name": name, "state": "ENABLED", "createTime": made}
        google.things[f"{name.rpartition('/')[0]}/4"] = {
            "name": f"{name.rpartition('/')[0]}/4",
            "state": "DESTROYED",
            "createTime": "2026-11-30T08:00:00Z",
        }
        said = _run(mine, "newest_version scout-secret-key", **google.environment(tmp_path / "gcloud"))
    assert (said.returncode, said.stdout) == (0, "3"), said.stderr


def test_each_secret_reaches_a_function(mine: Installation) -> None:
    said = _run(
        mine,
        'for name in "${SECRET_SETTINGS[@]}"; do CHOSEN[$name]=x; done\n'
        'for account in "${ACCOUNT_NAMES[@]}"; do secrets_of "$account"; done',
    )
    assert said.returncode == 0, said.stderr
    assert set(said.stdout.split()) == set(SECRETS)
