"""Everything in one process: events handed over as Eventarc would, runs called as Cloud Scheduler would."""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request

from sandbox.market import API_KEY, Market, market_app
from sandbox.phone import Phone, phone_app
from sandbox.servers import listen, port_of, serving
from store.sqlite import SqliteDocuments
from watchers.documents import Put, Query
from watchers.places import Places
from watchers.settings import Settings
from web import laptop
from web.laptop import Laptop

SHOW, NUMBER = "SbxNightTram01", "+15557654321"
ACCOUNT, TOKEN = "AC" + "a" * 32, "not-a-real-token"
PLACES = Places()


def eventually(holds: Callable[[], object], within: float = 15) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@contextmanager
def running(settings: Settings) -> Iterator[Laptop]:
    one = Laptop(settings)
    one.start()
    try:
        yield one
    finally:
        one.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Writes are looked for at once; the process's logging is put back afterwards."""
    monkeypatch.setattr(laptop, "DRAIN_EVERY", 0.01)
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """Settings on a free port."""
    with listen() as free:
        port = str(port_of(free))
    chosen = {
        "STORE": f"sqlite:///{tmp_path / 'scout.db'}",
        "PORT": port,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": "a key",
        "TICK_EVERY_SECONDS": "0.1",
        "MIN_INTERVAL_SECONDS": "0",
        "GROUPING_SECONDS": "0.1",
    }
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    return chosen


@pytest.fixture
def documents(environment: dict[str, str]) -> Iterator[SqliteDocuments]:
    """The database as a person's client sees it."""
    database = SqliteDocuments(environment["STORE"].removeprefix("sqlite:///"))
    yield database
    database.close()


# ── the whole of it ──────────────────────────────────────────────────────────────────────────────────────


def test_five_watches_saved_become_one_text_that_is_known_to_be_delivered(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], documents: SqliteDocuments
) -> None:
    phone, market = Phone(ACCOUNT, TOKEN), Market(calls_per_day=10**6)
    person = {"phone": NUMBER, "phone_verified_at": datetime.now(UTC)}
    documents.commit(Put("people/u1", person))
    with serving(market_app(market)) as shops, serving(phone_app(phone)) as twilio:
        vendors = {
            "TICKETMASTER_API_KEY": API_KEY,
            "TICKETMASTER_BASE_URL": shops,
            "TICKETMASTER_CALLS_PER_SECOND": "50",
            "STEAM_BASE_URL": shops,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": twilio,
        }
        for name, value in vendors.items():
            monkeypatch.setenv(name, value)
        documents.commit(*(Put(PLACES.source("u1", f"w{n}"), a_watch(n)) for n in range(5)))
        with running(Settings.from_env(os.environ)):
            eventually(lambda: documents.count(Query(PLACES.worker_collection)) == 5)
            market.asked.clear()
            eventually(lambda: len(market.asked) > 2)  # every one of them was looked at
            market.set_price(SHOW, "face", "45")
            eventually(lambda: states(documents) == ["delivered"] * 5)

    (text,) = phone.texts
    assert text.callback
    assert text.callback.startswith(environment["PUBLIC_URL"])
    assert {one.fields["receipt"] for one in found(documents)} == {text.sid}


def a_watch(number: int) -> dict[str, Any]:
    return {
        "name": f"Night Tram {number}",
        "target": {"provider": "ticketmaster", "item": SHOW},
        "conditions": [{"kind": "below", "price": "50.00", "currency": "GBP", "basis": "face"}],
        "notify": ["sms"],
    }


def found(documents: SqliteDocuments) -> list[Any]:
    return documents.find(Query("alerts"))


def states(documents: SqliteDocuments) -> list[str]:
    return [one.fields["state"] for one in found(documents)]


# ── its parts ────────────────────────────────────────────────────────────────────────────────────────────


class Functions:
    """In the place of the deployed functions: what each was asked, and answers as a test wants them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answers: dict[str, Callable[[], int]] = {}

    def create_app(self, target: str, _source: str, _kind: str) -> Flask:
        """See ``functions_framework.create_app``."""
        app = Flask(target)
        app.add_url_rule("/", view_func=lambda: self._answer(target), methods=["POST"])
        return app

    def _answer(self, target: str) -> tuple[dict[str, str], int]:
        said = request.headers.get("ce-document") or request.query_string.decode()
        self.asked.append((target, said))
        return {}, self.answers.get(target, lambda: 200)()

    def count(self, target: str, said: str) -> int:
        return self.asked.count((target, said))


@pytest.fixture
def functions(monkeypatch: pytest.MonkeyPatch) -> Functions:
    stand_in = Functions()
    monkeypatch.setattr("web.laptop.functions_framework.create_app", stand_in.create_app)
    return stand_in


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    return Settings.from_env(environment)


def test_events_are_handed_over_side_by_side(
    functions: Functions, settings: Settings, documents: SqliteDocuments
) -> None:
    """Each delivery waits for others of the same person; one after another that would take minutes."""
    together = threading.Barrier(5)

    def wait() -> int:
        together.wait(10)
        return 200

    functions.answers["deliver_alert"] = wait
    with running(settings):
        documents.commit(*(Put(f"alerts/a{n}", {"state": "pending"}) for n in range(5)))
        eventually(lambda: documents.changes() == [])

    assert [functions.count("deliver_alert", f"alerts/a{n}") for n in range(5)] == [1] * 5


def test_an_event_that_is_being_handed_over_is_not_handed_over_again(
    functions: Functions, settings: Settings, documents: SqliteDocuments
) -> None:
    def slow() -> int:
        time.sleep(0.2)  # as long as twenty looks for writes
        return 200

    functions.answers["deliver_alert"] = slow
    with running(settings):
        documents.commit(Put("alerts/a1", {"state": "pending"}))
        eventually(lambda: documents.changes() == [])

    assert functions.count("deliver_alert", "alerts/a1") == 1


@pytest.mark.parametrize("refusals", [1, 3])
def test_an_event_is_handed_over_again_until_it_is_taken(
    functions: Functions, settings: Settings, documents: SqliteDocuments, refusals: int
) -> None:
    answers = [500] * refusals + [200]
    functions.answers["deliver_alert"] = lambda: answers.pop(0)
    with running(settings):
        documents.commit(Put("alerts/a1", {"state": "pending"}))
        eventually(lambda: documents.changes() == [])

    assert functions.count("deliver_alert", "alerts/a1") == refusals + 1


def test_an_event_that_is_never_taken_is_dropped_in_the_end_and_said(
    monkeypatch: pytest.MonkeyPatch,
    functions: Functions,
    settings: Settings,
    documents: SqliteDocuments,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(laptop, "TRIES", 3)
    functions.answers["deliver_alert"] = lambda: 500
    with running(settings):
        documents.commit(Put("alerts/a1", {"state": "pending"}))
        eventually(lambda: documents.changes() == [])

    assert functions.count("deliver_alert", "alerts/a1") == 3
    assert [one.levelno for one in caplog.records if one.message == "laptop.event_dropped"] == [logging.ERROR]


def test_an_alert_that_only_moved_is_nobodys_event(
    functions: Functions, settings: Settings, documents: SqliteDocuments
) -> None:
    with running(settings):
        documents.commit(Put("alerts/a1", {"state": "pending"}))
        documents.commit(Put("alerts/a1", {"state": "sending"}))
        eventually(lambda: documents.changes() == [])

    assert functions.count("deliver_alert", "alerts/a1") == 1


def has_run(functions: Functions, times: int) -> bool:
    return functions.count("ticket_monitor_worker", "") > times


class Calendar(datetime):
    """A clock that a test moves on by days."""

    days = 0

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """See ``datetime.now``."""
        return datetime.now(tz) + timedelta(days=cls.days)


def test_twilios_list_is_looked_at_once_a_day(
    monkeypatch: pytest.MonkeyPatch, functions: Functions, settings: Settings
) -> None:
    monkeypatch.setattr(laptop, "datetime", Calendar)
    monkeypatch.setattr(Calendar, "days", 0)
    with running(settings):
        eventually(partial(has_run, functions, 2))
        assert functions.count("ticket_monitor_worker", "reconcile=1") == 1, "a laptop is off at night"
        for day in (1, 2):
            monkeypatch.setattr(Calendar, "days", day)
            runs = functions.count("ticket_monitor_worker", "")
            eventually(partial(has_run, functions, runs + 2))
            assert functions.count("ticket_monitor_worker", "reconcile=1") == day + 1


def test_a_run_that_fails_does_not_end_the_schedule(
    monkeypatch: pytest.MonkeyPatch,
    functions: Functions,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
) -> None:
    runs: list[int] = []

    def tick(_: Laptop) -> None:
        runs.append(1)
        if len(runs) == 1:
            raise ZeroDivisionError

    monkeypatch.setattr(Laptop, "tick", tick)
    with running(settings):
        eventually(lambda: len(runs) > 2)
    assert [one.message for one in caplog.records] == ["laptop.tick_failed"]
    assert functions.asked == [("ticket_monitor_worker", "reconcile=1")]
