"""What the scripts take for "it is not there": only what says so."""

import shutil
import subprocess

import pytest

from tests.deploy.operators import DEPLOY

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")

ABSENT = [
    "ERROR: (gcloud.functions.describe) ResponseError: status=[404], code=[Ok], message=[NOT_FOUND: no such]",
    "ERROR: (gcloud.secrets.versions.access) NOT_FOUND: Secret [s] not found or has no versions.",
    "ERROR: (gcloud.run.services.describe) Cannot find service [web]",
    "ERROR: (gcloud.x) The requested entity could not be found",
    "ERROR: (gcloud.x) The database (default) does not exist for project demo-app",
    "ERROR: gcloud crashed (HttpError): HTTPError 404: nothing there",
    "ERROR: (gcloud.x) code: 404",
]
UNSEEN = [
    "ERROR: PERMISSION_DENIED: project 140412345678 is not yours",
    "ERROR: PERMISSION_DENIED: Cloud Functions API has not been used, or its resource was not found",
    "ERROR: UNAVAILABLE: request 404e1f could not be answered",
    "ERROR: (gcloud.x) INTERNAL: try again, request-id 7404",
    "ERROR: (gcloud.x) HTTPError 503: backend not found",
    "ERROR: (gcloud.x) HTTPError 4041",
    "bash: gcloud: command not found",
    "",
]


def _look(said: str) -> subprocess.CompletedProcess[str]:
    script = f'. {DEPLOY}/running.sh; fails() {{ printf "%s" "$1" >&2; return 1; }}; has fails "$1"'
    return subprocess.run(["bash", "-c", script, "look", said], capture_output=True, text=True, check=False)  # noqa: S603, S607


@pytest.mark.parametrize("said", ABSENT)
def test_what_is_said_not_to_be_there_is_absent(said: str) -> None:
    looked = _look(said)
    assert (looked.returncode, looked.stderr) == (1, "")


@pytest.mark.parametrize("said", UNSEEN)
def test_what_could_not_be_seen_stops_the_script(said: str) -> None:
    looked = _look(said)
    assert looked.returncode == 1
    assert "could not look whether it is there: fails" in looked.stderr
