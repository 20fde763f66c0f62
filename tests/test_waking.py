"""What a process that wakes must not load before its first answer: each of these costs a part of the wait."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WAKE = """
import json, sys
from functions_framework import create_app

app = create_app("ticket_monitor_worker", "main.py")
sys.modules["main"].is_first = lambda *_: False  # the first of a quarter hour loads more
answer = app.test_client().post("/")
print(json.dumps({"status": answer.status_code, "loaded": sorted(sys.modules)}))
"""


@pytest.fixture
def woken(tmp_path: Path) -> set[str]:
    """The modules that are loaded after the worker's first answer to a run without news."""
    env = {"STORE": f"sqlite:///{tmp_path}/scout.db", "PATH": "", "TICKETMASTER_API_KEY": "not-a-real-key"}
    run = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", WAKE], cwd=ROOT, env=env, capture_output=True, check=True, text=True
    )
    said = json.loads(run.stdout.splitlines()[-1])
    assert said["status"] == 200
    return set(said["loaded"])


@pytest.mark.parametrize(
    "unneeded",
    [
        "pydantic",
        "httpx",
        "twilio",
        "smtplib",
        "requests",
        "watchers.rules",
        "watchers.models",
        "watchers.plan",
        "notifiers.deliver",
    ],
)
def test_a_run_without_news_loads_no(unneeded: str, woken: set[str]) -> None:
    assert "watchers.tick" in woken
    assert unneeded not in woken
