import json
import logging
import re
import sys
from typing import Any

import pytest

from watchers.logs import TRACE, JsonLines, read, trace_of, trace_of_run

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SECRETS = ("s3cret", 'with "quotes" and \\slash', "s3cret-that-is-longer")


def line(message: str, secrets: tuple[str, ...] = SECRETS, **extra: object) -> dict[str, Any]:
    """A record with these fields, as it would be written, read back."""
    record = logging.makeLogRecord({"name": "area", "levelname": "INFO", "msg": message, **extra})
    written = JsonLines(secrets, "a-project").format(record)
    assert "\n" not in written
    read: dict[str, Any] = json.loads(written)
    return read


def test_a_record_is_one_json_object_with_its_own_fields() -> None:
    assert line(
        "tick.done", board="steam-0", failures={"unavailable": 2}, left=["a"], none=None, yes=True
    ) == {
        "severity": "INFO",
        "message": "tick.done",
        "event": "tick.done",
        "logger": "area",
        "board": "steam-0",
        "failures": {"unavailable": 2},
        "left": ["a"],
        "none": None,
        "yes": True,
    }


def test_what_json_does_not_have_is_written_as_text() -> None:
    assert line("x", why=ValueError("no"), many={3: {4}})["why"] == "no"
    assert line("x", many={3: {4}})["many"] == {"3": "{4}"}


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("token s3cret!", "token ***!"),
        ("s3cret-that-is-longer", "***"),
        ('it is with "quotes" and \\slash.', "it is ***."),
        ("call +15551234567 now", "call *** now"),
        ("to someone+else@mail.example.org: refused", "to ***: refused"),
        ("line one\nsomeone@mail.example.org", "line one\n***"),
        ("a tab\tsomeone@mail.example.org", "a tab\t***"),
        ('GET "https://shop.example/a?apikey=k1" failed', 'GET "https://shop.example/a?***" failed'),
        ("https://shop.example/a?apikey=k1\nnext line", "https://shop.example/a?***\nnext line"),
        ("https://shop.example/a is left alone", "https://shop.example/a is left alone"),
        ("2026-11-20T12:00:00+00:00 is no number", "2026-11-20T12:00:00+00:00 is no number"),
    ],
)
def test_a_text_is_masked_and_the_line_stays_json(said: str, written: str) -> None:
    assert line(said)["event"] == written
    assert line("x", why=said)["why"] == written
    assert line("x", deep={"a": [said]})["deep"] == {"a": [written]}
    assert line("x", deep={said: 1})["deep"] == {written: 1}
    assert line("x", error=ValueError(said))["error"] == written


def test_an_exception_is_told_and_masked() -> None:
    try:
        int('"someone@mail.example.org" at https://shop.example/?apikey="s3cret"')
    except ValueError:
        told = line("crashed", exc_info=sys.exc_info())["stack_trace"]
    assert told.startswith("Traceback")
    assert "\n" in told
    assert "ValueError" in told
    assert not [one for one in ("someone", "s3cret") if one in told.splitlines()[-1]]


def test_a_blank_secret_hides_nothing() -> None:
    assert line("said  this", secrets=("", "  "))["event"] == "said  this"


def test_a_secret_is_known_without_the_blanks_around_it() -> None:
    assert line("token s3cret", secrets=(" s3cret\n",))["event"] == "token ***"


def test_no_field_hides_the_name_of_an_event() -> None:
    assert line("alert.sent", event="e1", severity="x", logger="y") == line("alert.sent")


def test_the_trace_goes_with_every_line_and_only_then() -> None:
    token = TRACE.set(TRACE_ID)
    try:
        assert line("x")["logging.googleapis.com/trace"] == f"projects/a-project/traces/{TRACE_ID}"
    finally:
        TRACE.reset(token)
    assert "logging.googleapis.com/trace" not in line("x")


@pytest.mark.parametrize(
    ("headers", "trace"),
    [
        ({"traceparent": f"00-{TRACE_ID}-00f067aa0ba902b7-01"}, TRACE_ID),
        ({"X-Cloud-Trace-Context": f"{TRACE_ID}/123;o=1"}, TRACE_ID),
        ({"X-Cloud-Trace-Context": TRACE_ID}, TRACE_ID),
        ({"traceparent": "00-short-00f067aa0ba902b7-01", "X-Cloud-Trace-Context": TRACE_ID}, TRACE_ID),
        ({"traceparent": "garbage"}, None),
        ({"X-Cloud-Trace-Context": "../../etc"}, None),
        ({}, None),
    ],
)
def test_a_trace_is_taken_from_either_header(headers: dict[str, str], trace: str | None) -> None:
    assert trace_of(headers.get) == trace


def test_what_a_line_is_about_has_a_trace_of_its_own() -> None:
    """An alert's lines are found by its run's trace, whichever request wrote them."""
    own, field = "b" * 32, "logging.googleapis.com/trace"
    token = TRACE.set(TRACE_ID)
    try:
        told = line("alert.sent", trace=own)
        assert (told[field], told["request_trace"]) == (f"projects/a-project/traces/{own}", TRACE_ID)
        assert "trace" not in told
        for same in (TRACE_ID, None):
            told = line("alert.sent", trace=same)
            assert told[field] == f"projects/a-project/traces/{TRACE_ID}"
            assert "request_trace" not in told
    finally:
        TRACE.reset(token)
    assert line("alert.sent", trace=None) == line("alert.sent")


@pytest.mark.parametrize("severity", ["ERROR", "CRITICAL"])
def test_an_error_names_itself_and_its_service(severity: str) -> None:
    record = logging.makeLogRecord({"name": "area", "levelname": severity, "msg": "provider.down"})
    told = json.loads(JsonLines((), "a-project", "web", "web-00007").format(record))
    assert told["@type"].endswith("v1beta1.ReportedErrorEvent")
    assert told["message"] == "provider.down"
    assert told["serviceContext"] == {"service": "web", "version": "web-00007"}


@pytest.mark.parametrize("severity", ["DEBUG", "INFO", "WARNING"])
def test_what_is_no_error_is_not_reported_as_one(severity: str) -> None:
    told = json.loads(JsonLines().format(logging.makeLogRecord({"levelname": severity, "msg": "x"})))
    assert not told.keys() & {"@type", "serviceContext"}


def test_a_service_without_a_name_is_the_products() -> None:
    told = json.loads(JsonLines().format(logging.makeLogRecord({"levelname": "ERROR", "msg": "x"})))
    assert told["serviceContext"] == {"service": "ticket-scout"}


def test_a_run_has_the_same_trace_wherever_it_is_worked_out() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", trace_of_run("worker-2026-11-30T07:00:00+00:00"))
    assert trace_of_run("a") == trace_of_run("a") != trace_of_run("b")


@pytest.mark.parametrize("said", [None, 7, "", "A" * 32, "a" * 31, "a" * 33, ["a" * 32]])
def test_what_is_no_trace_is_not_taken_for_one(said: object) -> None:
    assert read(said) is None
