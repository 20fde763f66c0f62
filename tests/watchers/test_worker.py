"""A run of several boards: what one of them suffers, which time each step is given, and when it is told."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifiers.deliver import sweep as deliver_sweep
from store.sqlite import SqliteDocuments
from tests.fake_provider import FakeProvider, item
from tests.notifiers.kit import FakeNotifier, means, save_alert, save_person
from tests.world import PLACES, below
from watchers import board, jobs, worker
from watchers.documents import Put, Query
from watchers.errors import StoreUnavailableError
from watchers.kinds import Channel
from watchers.places import Places
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


# ── telling while looking ────────────────────────────────────────────────────────────────────────────────


class Elsewhere(FakeProvider):
    """Another shop, on a board of its own, which is ticked after the first."""

    name = "elsewhere"


@dataclass
class Shops:
    """Two shops, their boards, one person with a phone, and a sweep that really sends."""

    documents: SqliteDocuments
    first: FakeProvider = field(default_factory=FakeProvider)
    second: FakeProvider = field(default_factory=Elsewhere)
    phone: FakeNotifier = field(default_factory=lambda: FakeNotifier(Channel.SMS))
    sweeps: list[str] = field(default_factory=list)
    before_sweep: Callable[[], object] = lambda: None

    def save(self, watch_id: str, target: object, **also: Any) -> None:
        """Somebody saves a watch, and it is copied."""
        self.documents.commit(
            Put(PLACES.source("u1", watch_id), below(target=target, notify=["sms"], **also))
        )
        refusal = lambda _target, _filters: None  # noqa: E731
        now = datetime.now(UTC)
        jobs.copy_watch(self.documents, PLACES, refusal, uid="u1", watch_id=watch_id, now=now)

    def sweep(self, at: datetime) -> Counter[str]:
        """What ``main.py`` has swept, with the name of the thread that did it."""
        self.sweeps.append(threading.current_thread().name)
        self.before_sweep()
        told = means(self.documents, {Channel.SMS: self.phone})
        return deliver_sweep(told, now=at, deadline=at + timedelta(seconds=30))

    def work(self, *, dry_run: bool = False) -> Round:
        """One run, now."""
        now = datetime.now(UTC)
        shops = {shop.name: shop for shop in (self.first, self.second)}
        run, every = now.isoformat(), timedelta()
        return work(
            self.documents, PLACES, shops, self.sweep, run=run, now=now, every=every, seconds=30,
            dry_run=dry_run,
        )  # fmt: skip

    def is_texted(self, within: float = 10) -> bool:
        """Whether a text arrives within so many seconds."""
        deadline = time.monotonic() + within
        while not self.phone.sent and time.monotonic() < deadline:
            time.sleep(0.01)
        return bool(self.phone.sent)


@pytest.fixture
def shops() -> Iterator[Shops]:
    documents = SqliteDocuments(":memory:")
    save_person(documents)
    shops = Shops(documents)
    shops.save("w1", item("a"))
    shops.save("w2", {"provider": "elsewhere", "item": "b"})
    shops.first.costs("a", 95_00)
    shops.second.costs("b", 95_00)
    shops.work()
    shops.sweeps.clear()
    yield shops
    documents.close()


def test_a_text_is_there_while_a_slower_provider_is_still_being_asked(shops: Shops) -> None:
    shops.first.costs("a", 80_00)
    arrived: list[bool] = []
    shops.second.while_asking = lambda: arrived.append(shops.is_texted())

    done = shops.work()

    assert arrived == [True]
    assert (done.failed, [report.alerts for report in done.reports]) == ((), [1, 0])
    assert done.to_json()["delivered"] == {"sent": 1}


def test_a_text_is_there_while_the_same_board_is_still_being_asked(shops: Shops) -> None:
    shops.first.batch = 1
    shops.save("w3", item("c"))
    shops.first.costs("c", 95_00)
    shops.work()
    shops.first.costs("a", 80_00)
    arrived: list[bool] = []

    def wait(target: object, now: datetime) -> object:
        arrived.append(shops.is_texted())
        del shops.first.answers["c"]
        return shops.first._answer(target, now)  # type: ignore[arg-type]  # noqa: SLF001

    shops.first.answers["c"] = wait  # type: ignore[assignment]
    shops.work()

    assert arrived == [True]


def test_a_run_without_alerts_sweeps_once_at_its_end_and_starts_no_thread(shops: Shops) -> None:
    shops.work()

    assert shops.sweeps == ["MainThread"]
    assert not [one for one in threading.enumerate() if one.name == "sweeper"]


def test_a_run_with_alerts_sweeps_beside_the_ticks_and_at_its_end(shops: Shops) -> None:
    shops.first.costs("a", 80_00)
    shops.second.while_asking = shops.is_texted

    shops.work()

    assert (shops.sweeps[0], shops.sweeps[-1]) == ("sweeper", "MainThread")
    assert not [one for one in threading.enumerate() if one.name == "sweeper"]


def test_what_is_created_while_it_sweeps_is_swept_too(shops: Shops) -> None:
    shops.first.costs("a", 80_00)
    shops.second.costs("b", 80_00)
    shops.second.while_asking = shops.is_texted

    assert shops.work().to_json()["delivered"] == {"sent": 2}
    assert len(shops.phone.sent) == 2


def test_a_sweep_that_fails_beside_the_ticks_is_logged_and_the_one_at_the_end_tells(
    shops: Shops, caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Event()

    def fail_once() -> None:
        if not failed.is_set():
            failed.set()
            raise StoreUnavailableError("away")

    shops.before_sweep = fail_once
    shops.first.costs("a", 80_00)
    shops.second.while_asking = lambda: failed.wait(10)

    done = shops.work()

    assert [one.levelno for one in caplog.records if one.message == "sweep.failed"] == [logging.ERROR]
    assert shops.sweeps == ["sweeper", "MainThread"]
    assert (done.failed, done.to_json()["delivered"]) == ((), {"sent": 1})


def test_a_sweep_that_fails_at_the_end_is_the_schedulers_to_know(shops: Shops) -> None:
    def fail() -> None:
        raise StoreUnavailableError("away")

    shops.before_sweep = fail
    shops.first.costs("a", 80_00)

    with pytest.raises(StoreUnavailableError):
        shops.work()
    assert not [one for one in threading.enumerate() if one.name == "sweeper"]


def test_a_dry_run_sends_neither_what_it_finds_nor_what_waits(shops: Shops) -> None:
    shops.first.costs("a", 80_00)
    waiting = save_alert(shops.documents)

    done = shops.work(dry_run=True)

    assert (shops.sweeps, shops.phone.sent) == ([], [])
    assert done.reports[0].would_tell
    assert [one.id for one in shops.documents.find(Query("alerts"))] == [waiting.id]
