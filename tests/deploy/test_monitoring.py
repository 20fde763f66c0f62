"""The step that sets up monitoring, run by the real gcloud against Google's APIs on this machine."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.gcloud_lint import lint
from tests.deploy.recorder import Recorder, without_version

ROOT = Path(__file__).parents[2]
FILES = ROOT / "deploy" / "monitoring"
METRICS = sorted(path.stem for path in FILES.glob("metrics/*.json"))
POLICIES = sorted(path.stem for path in FILES.glob("policies/*.json"))
DASHBOARDS = sorted(path.stem for path in FILES.glob("dashboards/*.json"))
STEP = """
. deploy/running.sh
. deploy/steps/monitoring.sh
begin demo-app europe-west1 "$@"
setting() { local name=SETTING_$1; printf '%s' "${!name:-${2:-}}"; }
public_url() { printf 'https://scout.example/path'; }
apply_monitoring
"""

needs_gcloud = pytest.mark.skipif(shutil.which("gcloud") is None, reason="gcloud is not installed here")


def run_step(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own script
        ["bash", "-c", STEP, "step", *arguments],  # noqa: S607
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@dataclass
class Applied:
    """What Google had after the step was broken off and run anew, and what later runs asked of it."""

    broken_off: int
    first: dict[str, Any]
    asked_first: list[str]
    asked_again: list[str]
    asked_changed: list[str]
    google: Recorder


@pytest.fixture(scope="module")
def applied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    """One whole story, played once: each call of gcloud takes a second."""
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not installed here")
    folder = tmp_path_factory.mktemp("gcloud")
    with Recorder("demo-app") as google:
        told = {
            **google.environment(folder),
            "SETTING_ALERT_EMAIL": "operator@people.test",
            "BETWEEN_TRIES": "0",
        }
        google.refusing = [f"POST projects/demo-app/{kind}" for kind in ("alertPolicies", "dashboards")]
        broken = run_step(**told)
        went_on = run_step(**told)
        assert went_on.returncode == 0, went_on.stderr
        first, asked = json.loads(json.dumps(google.things)), changes(google)
        again = run_step(**told)
        assert again.returncode == 0, again.stderr
        asked_again = changes(google)
        pretend_older(google)
        newer = run_step(**told)
        assert newer.returncode == 0, newer.stderr
        yield Applied(broken.returncode, first, asked, asked_again, changes(google), google)


def pretend_older(google: Recorder) -> None:
    """One of each kind was made by an older release."""
    name = "projects/demo-app/metrics/scout_runs"
    google.things[name]["description"] = "Runs; version 0123456789abcdef"
    of(google.things, "dashboards")[0]["labels"]["version"] = "0123456789abcdef"
    policy = of(google.things, "alertPolicies")[0]
    policy["userLabels"]["version"] = "0123456789abcdef"
    policy["notificationChannels"] = []


def changes(google: Recorder) -> list[str]:
    """What was changed since this was last asked."""
    said = [f"{one.method} {without_version(one)}" for one in google.changes]
    google.requests.clear()
    return said


def of(things: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [thing for name, thing in things.items() if f"/{kind}/" in name]


def test_everything_stands_there_once_although_it_was_broken_off(applied: Applied) -> None:
    """A policy that was refused, as while its metric is unknown, was tried again; a dashboard was not."""
    assert applied.broken_off != 0
    assert sorted(one["name"] for one in of(applied.first, "metrics")) == METRICS
    policies = sorted(one["userLabels"]["runbook"] for one in of(applied.first, "alertPolicies"))
    assert policies == POLICIES
    assert sorted(one["labels"]["dashboard"] for one in of(applied.first, "dashboards")) == DASHBOARDS
    assert len(of(applied.first, "uptimeCheckConfigs")) == 1
    assert len(of(applied.first, "notificationChannels")) == 1


def test_google_gets_what_the_files_say(applied: Applied) -> None:
    """Nothing is lost or changed on its way through gcloud."""
    for one in of(applied.first, "metrics"):
        written = load("metrics", one["name"])
        assert re.fullmatch(r".*; version [0-9a-f]{16}", one["description"])
        assert stated({**one, "description": written["description"]}) == stated(written)
    for one in of(applied.first, "alertPolicies"):
        sent, written = dict(one), load("policies", one["userLabels"]["runbook"])
        for added in ("name", "notificationChannels", "userLabels"):
            sent.pop(added)
            written.pop(added, None)
        check = of(applied.first, "uptimeCheckConfigs")[0]["name"].rsplit("/", 1)[1]
        assert stated(sent) == stated(json.loads(json.dumps(written).replace("CHECK_ID", check)))
    for one in of(applied.first, "dashboards"):
        sent = {name: value for name, value in one.items() if name not in ("name", "etag", "labels")}
        written = load("dashboards", one["labels"]["dashboard"])
        written.pop("labels")
        assert stated(sent) == stated(written)


def test_the_check_asks_the_product_from_outside(applied: Applied) -> None:
    (check,) = of(applied.first, "uptimeCheckConfigs")
    assert check["monitoredResource"]["labels"] == {"host": "scout.example", "project_id": "demo-app"}
    assert (check["httpCheck"]["path"], check["httpCheck"]["useSsl"]) == ("/ready", True)
    assert check["contentMatchers"] == [{"content": "ok", "matcher": "CONTAINS_STRING"}]
    assert check["period"] == "300s"


def test_every_policy_tells_the_operator(applied: Applied) -> None:
    (channel,) = of(applied.first, "notificationChannels")
    assert channel["labels"] == {"email_address": "operator@people.test"}
    for policy in of(applied.first, "alertPolicies"):
        assert policy["notificationChannels"] == [channel["name"]]


def test_a_second_run_changes_nothing_and_so_closes_no_incident(applied: Applied) -> None:
    assert applied.asked_again == []


def test_what_an_older_release_made_is_made_anew_and_nothing_else(applied: Applied) -> None:
    written = sorted(re.sub("[0-9]+", "N", one) for one in applied.asked_changed)
    assert written == [
        "PATCH projects/demo-app/alertPolicies/N",
        "PATCH projects/demo-app/dashboards/N",
        "PUT projects/demo-app/metrics/scout_runs",
    ]
    assert all(policy["notificationChannels"] for policy in of(applied.google.things, "alertPolicies"))
    assert "0123456789abcdef" not in json.dumps(applied.google.things)


def test_a_policy_names_its_runbook_where_the_operator_keeps_them() -> None:
    shown = run_step("--dry-run", SETTING_RUNBOOKS_URL="https://example.test/runbooks/").stdout
    assert "s#docs/runbooks/#https://example.test/runbooks/#" in shown


@pytest.mark.parametrize(("tick", "patience"), [("60", 600), ("120", 600), ("300", 900), ("3600", 10800)])
def test_a_worker_that_ticks_seldom_is_waited_for(tmp_path: Path, tick: str, patience: int) -> None:
    policy = _filled("tick-not-running", tick, tmp_path)
    silent, failing = policy["conditions"]
    assert silent["conditionAbsent"]["duration"] == f"{patience}s"
    assert failing["conditionThreshold"]["aggregations"][0]["alignmentPeriod"] == f"{patience}s"
    minutes = f"{patience // 60} minutes"
    assert silent["displayName"].endswith(minutes)
    assert failing["displayName"].endswith(minutes)
    assert minutes in policy["documentation"]["content"]


@pytest.mark.parametrize(
    ("tick", "seen", "late"), [("60", 60, 900), ("120", 120, 900), ("300", 300, 900), ("3600", 3600, 10800)]
)
def test_an_alert_is_late_when_three_sweeps_left_it(tmp_path: Path, tick: str, seen: int, late: int) -> None:
    policy = _filled("outbox-ageing", tick, tmp_path)
    (condition,) = policy["conditions"]
    threshold = condition["conditionThreshold"]
    assert threshold["aggregations"][0]["alignmentPeriod"] == f"{seen}s"
    assert threshold["thresholdValue"] == late
    assert f"overdue by {late // 60} minutes" in condition["displayName"]
    assert f"more than {late // 60} minutes" in policy["documentation"]["content"]


def _filled(name: str, tick: str, folder: Path) -> dict[str, Any]:
    """What the printed commands make of the policy."""
    shown = run_step("--dry-run", SETTING_TICK_EVERY_SECONDS=tick).stdout
    file = f"/tmp/ticket-scout-monitoring/policies/{name}.json"  # noqa: S108 - a name in what is printed
    edits = [line for line in shown.splitlines() if line.startswith("sed ") and line.endswith(file)]
    filled = folder / "policy.json"
    shutil.copy(FILES / f"policies/{name}.json", filled)
    script = "\n".join(edits).replace(file, str(filled))
    subprocess.run(["bash", "-c", script], check=True)  # noqa: S603, S607
    policy: dict[str, Any] = json.loads(filled.read_text())
    return policy


def test_another_rhythm_makes_only_its_own_policies_anew() -> None:
    def versions(tick: str) -> dict[str, str]:
        shown = run_step("--dry-run", SETTING_TICK_EVERY_SECONDS=tick).stdout
        return {name: said for said, name in re.findall(r"s#VERSION#(\w+)#.*policies/([\w-]+)\.json", shown)}

    usual, slow = versions("60"), versions("3600")
    assert usual.keys() == set(POLICIES)
    assert {name for name in usual if usual[name] != slow[name]} == {"tick-not-running", "outbox-ageing"}
    now_and_then = versions("120")
    assert {name for name in usual if usual[name] != now_and_then[name]} == {"outbox-ageing"}


def test_a_dry_run_prints_every_command_and_calls_nothing() -> None:
    shown = run_step("--dry-run", SETTING_ALERT_EMAIL="operator@people.test")
    assert shown.returncode == 0, shown.stderr
    for name in METRICS:
        assert f"gcloud logging metrics create {name} " in shown.stdout
    for name in POLICIES:
        assert f"policies/{name}.json" in shown.stdout
    assert "gcloud monitoring uptime create" in shown.stdout
    assert shown.stdout.count("\n# ") >= 5, "each part says why"


def test_without_an_address_nobody_is_written_to_and_that_is_said() -> None:
    shown = run_step("--dry-run").stdout
    assert "No ALERT_EMAIL" in shown
    assert "channels" not in shown


@needs_gcloud
def test_every_command_passes_gclouds_own_lint(tmp_path: Path) -> None:
    shown = run_step("--dry-run", SETTING_ALERT_EMAIL="operator@people.test").stdout
    commands = [line for line in shown.splitlines() if line.startswith("gcloud ")]
    commands += [
        "gcloud logging metrics update scout_runs --config-from-file=x.json",
        "gcloud alpha monitoring policies update 1 --policy-from-file=x.json --set-notification-channels=c",
        "gcloud monitoring dashboards update 1 --config-from-file=x.json",
    ]
    assert len(commands) > len(METRICS) + len(POLICIES)
    assert lint(commands, tmp_path) == []


def test_the_script_reads_as_shell() -> None:
    for line in (ROOT / "deploy/steps/monitoring.sh").read_text().splitlines():
        assert len(line) <= 130
    script = str(ROOT / "deploy/steps/monitoring.sh")
    checked = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)  # noqa: S603, S607
    assert checked.returncode == 0, checked.stderr


def load(kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FILES / kind / f"{name}.json").read_text())
    return found


_DEFAULTS: tuple[Any, ...] = (0, False, "", [], {}, None, "STRING")


def stated(value: Any) -> Any:
    """What is stated, without what is the default anyway: gcloud leaves zeros and false out."""
    if isinstance(value, dict):
        kept = {name: stated(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner not in _DEFAULTS}
    return [stated(inner) for inner in value] if isinstance(value, list) else value
