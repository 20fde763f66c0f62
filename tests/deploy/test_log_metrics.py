"""Every metric, policy and chart hangs on lines that the code really writes."""

import ast
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from notifiers.parcels import Outcome
from tests.deploy import log_scenario
from tests.deploy.log_filters import Filter, entry, read, value

ROOT = Path(__file__).parents[2]
FILES = ROOT / "deploy" / "monitoring"
METRICS = {path.stem: json.loads(path.read_text()) for path in sorted(FILES.glob("metrics/*.json"))}
POLICIES = {path.stem: json.loads(path.read_text()) for path in sorted(FILES.glob("policies/*.json"))}
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(FILES.glob("dashboards/*.json"))}
FROM_GOOGLE = {
    "monitoring.googleapis.com/uptime_check/check_passed",
    "pubsub.googleapis.com/subscription/num_undelivered_messages",
    "run.googleapis.com/request_count",
    "run.googleapis.com/request_latencies",
    "firestore.googleapis.com/document/read_count",
    "firestore.googleapis.com/document/write_count",
}


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What an installation writes that lives through everything, as Cloud Logging has it."""
    return [entry(line) for line in log_scenario.lines(tmp_path_factory.mktemp("installation"))]


def filter_of(name: str) -> Filter:
    return read(METRICS[name]["filter"])


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_counts_lines_that_are_really_written(name: str, entries: list[dict[str, Any]]) -> None:
    counted = [one for one in entries if filter_of(name).matches(one)]
    assert counted, "no line of the scenario is counted"
    wanted = [*METRICS[name].get("labelExtractors", {}).values(), METRICS[name].get("valueExtractor", "")]
    for path in re.findall(r"jsonPayload\.\w+", " ".join(wanted)):
        assert all(value(one, path) is not None for one in counted), f"{path} is missing in a line"


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_names_no_event_that_nothing_writes(name: str) -> None:
    assert filter_of(name).events <= written_in_code()


def test_a_metric_of_an_event_that_is_not_written_would_be_noticed() -> None:
    assert not read('jsonPayload.event="tick.finished"').events <= written_in_code()


@pytest.mark.parametrize("name", METRICS)
def test_labels_are_declared_and_extracted_alike(name: str) -> None:
    metric = METRICS[name]
    declared = {label["key"] for label in metric["metricDescriptor"].get("labels", [])}
    assert metric["name"] == name
    assert declared == metric.get("labelExtractors", {}).keys()
    is_distribution = metric["metricDescriptor"]["valueType"] == "DISTRIBUTION"
    assert is_distribution == ("valueExtractor" in metric) == ("bucketOptions" in metric)


def test_distributions_take_numbers(entries: list[dict[str, Any]]) -> None:
    for name, metric in METRICS.items():
        if "valueExtractor" in metric:
            path = metric["valueExtractor"].removeprefix("EXTRACT(").removesuffix(")")
            numbers = [value(one, path) for one in entries if filter_of(name).matches(one)]
            assert all(isinstance(number, int | float) and number >= 0 for number in numbers)


def test_dwell_is_from_the_price_that_was_seen_to_the_text_being_accepted(
    entries: list[dict[str, Any]],
) -> None:
    told = [one["jsonPayload"] for one in entries if "dwell_seconds" in one["jsonPayload"]]
    assert {one["event"] for one in told} == {"alert.sent"}
    assert all(0 < one["dwell_seconds"] < 30 for one in told)


def test_one_trace_leads_from_the_tick_to_the_text(entries: list[dict[str, Any]]) -> None:
    """Whoever searches for a run's trace finds every step, even those that other requests made."""
    of_trace = f"projects/demo-app/traces/{log_scenario.TRACE}"
    steps = [one["jsonPayload"]["event"] for one in entries if one["trace"] == of_trace]
    expected = ["alert.created", "alert.claimed", "alert.sent", "alert.delivered"]
    assert [step for step in steps if step in expected] == expected
    assert "tick.done" in steps


def test_each_run_has_a_trace_although_nobody_sent_one(entries: list[dict[str, Any]]) -> None:
    traces = [one["trace"] for one in entries if one["jsonPayload"]["event"] == "run.done"]
    assert len(set(traces)) == len(traces)
    assert all(re.fullmatch(r"projects/demo-app/traces/[0-9a-f]{32}", trace) for trace in traces)


def test_errors_are_as_error_reporting_takes_them(entries: list[dict[str, Any]]) -> None:
    errors = [one for one in entries if one["severity"] == "ERROR"]
    assert errors
    for one in errors:
        payload = one["jsonPayload"]
        assert payload["@type"].endswith("ReportedErrorEvent")
        assert payload["message"] == payload["event"]
        assert payload["serviceContext"]["service"] == "ticket-monitor-worker"
    assert any(one["jsonPayload"].get("stack_trace", "").startswith("Traceback") for one in errors)


# ── policies and dashboards ──────────────────────────────────────────────────────────────────────────────


def filters_in(found: Any) -> list[str]:
    """Every filter of a metric, wherever it stands."""
    if isinstance(found, dict):
        own = [found["filter"]] if isinstance(found.get("filter"), str) else []
        return own + [one for inner in found.values() for one in filters_in(inner)]
    return [one for inner in found for one in filters_in(inner)] if isinstance(found, list) else []


@pytest.mark.parametrize("name", [*POLICIES, *DASHBOARDS])
def test_what_is_shown_or_told_hangs_on_metrics_that_are_there(name: str) -> None:
    asked = filters_in((POLICIES | DASHBOARDS)[name])
    assert asked
    for one in asked:
        (metric,) = re.findall(r'metric\.type="([^"]+)"', one)
        assert 'resource.type="' in one
        ours = metric.removeprefix("logging.googleapis.com/user/")
        assert metric in FROM_GOOGLE or ours in METRICS, metric
        for label in re.findall(r"metric\.labels\.(\w+)", one):
            assert label == "check_id" or label in METRICS[ours]["labelExtractors"]


@pytest.mark.parametrize("name", [*POLICIES, *DASHBOARDS])
def test_series_are_grouped_by_labels_that_are_there(name: str) -> None:
    for asked, grouped in groups_in((POLICIES | DASHBOARDS)[name]):
        for ours in re.findall(r"googleapis.com/user/(\w+)", asked):
            assert set(grouped) <= METRICS[ours].get("labelExtractors", {}).keys()


def groups_in(found: Any) -> list[tuple[str, list[str]]]:
    """Each filter of a metric with the labels of the metric by which its series are grouped."""
    if isinstance(found, list):
        return [one for inner in found for one in groups_in(inner)]
    if not isinstance(found, dict):
        return []
    own = []
    if "filter" in found:
        by = json.dumps(found.get("aggregations") or found["aggregation"])
        own = [(found["filter"], re.findall(r"metric\.labels\.(\w+)", by))]
    return own + [one for inner in found.values() for one in groups_in(inner)]


def test_every_metric_is_of_use() -> None:
    used = json.dumps([POLICIES, DASHBOARDS])
    assert [name for name in METRICS if f"user/{name}" not in used] == []


@pytest.mark.parametrize("name", POLICIES)
def test_a_distribution_is_never_compared_as_a_number(name: str) -> None:
    """A percentile is taken in one step or the other."""
    for condition in POLICIES[name]["conditions"]:
        rule = condition.get("conditionThreshold") or condition["conditionAbsent"]
        found = re.findall(r"user/(\w+)", rule["filter"])
        if found and METRICS[found[0]]["metricDescriptor"]["valueType"] == "DISTRIBUTION":
            assert "PERCENTILE" in json.dumps(rule["aggregations"])


# ── what the code writes ─────────────────────────────────────────────────────────────────────────────────


@cache
def written_in_code() -> set[str]:
    """The events that any line of the product's code writes."""
    found: set[str] = set()
    for folder in ("watchers", "notifiers", "store", "web"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= events_of(ast.parse(path.read_text()))
    return found | events_of(ast.parse((ROOT / "main.py").read_text()))


def events_of(module: ast.Module) -> set[str]:
    found: set[str] = set()
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef):
            said = {one.value for one in ast.walk(function) if isinstance(one, ast.Constant)}
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and ast.unparse(call.func).startswith("log."):
                    found |= events_in(call, said)
    return found


def events_in(call: ast.Call, said: set[Any]) -> set[str]:
    """The event of a call of a logger; one that a variable names is among the function's own texts."""
    event = call.args[1] if ast.unparse(call.func) == "log.log" else call.args[0]
    if isinstance(event, ast.Name):
        return {one for one in said if isinstance(one, str) and re.fullmatch(r"\w+\.\w+", one)}
    if not isinstance(event, ast.Constant):
        return set()
    if event.value == "alert.%s":
        return {f"alert.{outcome}" for outcome in Outcome}
    return {str(event.value)}
