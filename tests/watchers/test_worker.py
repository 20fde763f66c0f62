"""A run of several boards: what one of them suffers, and which time each step of it is given."""

import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from store.sqlite import SqliteDocuments
from watchers import board, worker
from watchers.errors import StoreUnavailableError
from watchers.jobs import Places
from watchers.providers.steam import Steam
from watchers.tick import Report
from watchers.worker import Round, run_key, work

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def key(at: str | None, job: str | None = "ticket-monitor", unique: str = "1") -> str:
    headers = {"X-CloudScheduler-JobName": job, "X-CloudScheduler-ScheduleTime": at}
    return run_key(headers.get, NOW, unique)


def test_every_delivery_of_a_run_has_one_key() -> None:
    assert key("2026-11-20T12:00:00Z") == "ticket-monitor-2026-11-20T12:00:00+00:00"
    assert key("2026-11-20T12:00:00Z", unique="2") == key("2026-11-20T12:00:00+00:00")
    assert key("2026-11-20T12:00:00Z", "projects/p/locations/l/jobs/ticket-monitor") == key(
        "2026-11-20T12:00Z"
    )
    assert key("2026-11-20T12:00:00Z") != key("2026-11-20T12:01:00Z")
    assert key("2026-11-20T12:00:00Z") != key("2026-11-20T12:00:00Z", "another-job")


def test_a_time_to_the_nanosecond_is_understood() -> None:
    assert key("2026-11-20T12:00:00.123456789Z") == "ticket-monitor-2026-11-20T12:00:00.123456+00:00"


@pytest.mark.parametrize(
    ("at", "job"),
    [
        pytest.param(None, None, id="by hand"),
        pytest.param("2026-11-20T12:00:00Z", None, id="no job"),
        pytest.param(None, "ticket-monitor", id="no time"),
        pytest.param("soon", "ticket-monitor", id="no time that can be read"),
        pytest.param("2026-11-20T12:00:00", "ticket-monitor", id="no zone"),
        pytest.param("2026-11-20T12:01:00Z", "ticket-monitor", id="forced: the time of the next run"),
    ],
)
def test_a_manual_run_has_a_key_of_its_own(at: str | None, job: str | None) -> None:
    assert key(at, job).startswith("manual-")
    assert key(at, job) != key(at, job, unique="2")


def test_a_scheduler_whose_clock_is_a_little_ahead_is_believed() -> None:
    assert not key("2026-11-20T12:00:10Z").startswith("manual-")


class Ticks:
    """In the place of ``tick``: takes its time, and fails as it is told."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.at: list[datetime] = []

    def __call__(self, *_: object, board_name: str, run: str, now: datetime, **__: object) -> Report:
        self.at.append(now)
        time.sleep(0.02)
        if failure := self.failures.pop(0):
            raise failure
        return Report(board_name, run, calls=1, asked=2)


def run(
    monkeypatch: pytest.MonkeyPatch, ticks: Ticks, swept: list[datetime], *, dry_run: bool = False
) -> Round:
    monkeypatch.setattr(worker, "tick", ticks)

    def sweep(at: datetime) -> Counter[str]:
        swept.append(at)
        return Counter(sent=1)

    steam = Steam.from_env({})
    assert isinstance(steam, Steam)
    providers = {"first": steam, "second": steam}
    documents = SqliteDocuments(":memory:")
    for name in providers:
        board.found(documents, f"{name}-0", None)
    return work(
        documents,
        Places(),
        providers,
        sweep,
        run="r1",
        now=NOW,
        every=timedelta(),
        seconds=10,
        dry_run=dry_run,
    )


@pytest.mark.parametrize("failure", [StoreUnavailableError("away"), KeyError("a bug")])
def test_a_board_that_fails_stops_neither_the_others_nor_the_outbox(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    swept: list[datetime] = []
    done = run(monkeypatch, Ticks(failure, None), swept)
    assert (done.failed, [report.board for report in done.reports]) == (("first-0",), ["second-0"])
    assert done.to_json()["calls"] == {"first": 0, "second": 1}
    assert (len(swept), done.to_json()["delivered"]) == (1, {"sent": 1})


def test_each_step_is_given_the_time_at_which_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[datetime] = []
    ticks = Ticks(None, None)
    run(monkeypatch, ticks, swept)
    first, second = ticks.at
    assert NOW <= first < first + timedelta(milliseconds=20) <= second
    assert second + timedelta(milliseconds=20) <= swept[0] < NOW + timedelta(seconds=5)


def test_a_dry_run_delivers_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    swept: list[datetime] = []
    assert run(monkeypatch, Ticks(None, None), swept, dry_run=True).to_json()["delivered"] == {}
    assert swept == []
