"""The deployed entry points as the functions-framework serves them, on a SQLite file and the sandbox's shops.

What is asserted is what comes in and what goes out: answers, documents, log lines. No part is replaced.
"""

import base64
import gc
import json
import logging
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from flask.testing import FlaskClient

from notifiers.personal.erasure import begin
from sandbox.mailbox import Mailbox, receiving
from sandbox.market import API_KEY, Market, market_app
from sandbox.phone import Phone, phone_app
from sandbox.servers import serving
from store.sqlite import SqliteDocuments
from tests.twilio_callbacks import signature
from watchers.chunks import decode
from watchers.documents import Delete, Put, Query, Update
from watchers.errors import StoreUnavailableError
from watchers.fanout import Message, Topic
from watchers.places import Places
from watchers.providers.ticketmaster import Ticketmaster
from watchers.tick import tick

MAIN = Path(__file__).parents[1] / "main.py"
PLACES = Places()
ACCOUNT, TOKEN = "AC" + "a" * 32, "a-token-nobody-may-read"
PHONE = "+15557654321"
SHOW = "SbxNightTram01"  # in the market for GBP 54.00 face value
GAME = "9000010"  # for USD 29.99
TRACE = "0af7651916cd43dd8448eb211c80319c"

Entry = Callable[[str], FlaskClient]


@pytest.fixture
def market() -> Market:
    return Market(calls_per_day=1_000_000)


@pytest.fixture
def phone() -> Phone:
    return Phone(ACCOUNT, TOKEN)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def settings(
    tmp_path: Path, market: Market, phone: Phone, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The environment of a deployed function, with every vendor on this machine."""
    with (
        serving(market_app(market)) as shops,
        serving(phone_app(phone)) as twilio,
        receiving(mailbox) as smtp,
    ):
        chosen = {
            "STORE": f"sqlite:///{tmp_path / 'scout.db'}",
            "GOOGLE_CLOUD_PROJECT": "a-project",
            "PUBLIC_URL": "https://scout.example",
            "SECRET_KEY": "a-key-nobody-may-read",
            "MIN_INTERVAL_SECONDS": "0",
            "TICKETMASTER_API_KEY": API_KEY,
            "TICKETMASTER_BASE_URL": shops,
            "TICKETMASTER_CALLS_PER_SECOND": "50",
            "STEAM_BASE_URL": shops,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": twilio,
            "SMTP_URL": smtp,
            "MAIL_FROM": "Scout <scout@sender.test>",
            "GROUPING_SECONDS": "0.1",  # news of one run waits so long for each other
        }
        for name, value in chosen.items():
            monkeypatch.setenv(name, value)
        yield chosen


@pytest.fixture
def entry(settings: Mapping[str, str]) -> Iterator[Entry]:
    """A fresh instance of a function by its name; what it sets in the process is put back afterwards."""
    assert settings
    root, thresholds = logging.getLogger(), gc.get_threshold()
    handlers, level = root.handlers[:], root.level
    kinds = {"ticket_monitor_worker": "http", "web": "http"}
    yield lambda target: functions_framework.create_app(
        target, str(MAIN), kinds.get(target, "cloudevent")
    ).test_client()
    root.handlers[:] = handlers
    root.setLevel(level)
    gc.set_threshold(*thresholds)


@pytest.fixture
def documents(settings: Mapping[str, str]) -> SqliteDocuments:
    """The same database, as a person's client and an operator see it."""
    return SqliteDocuments(settings["STORE"].removeprefix("sqlite:///"))


@pytest.fixture
def worker(entry: Entry) -> FlaskClient:
    return entry("ticket_monitor_worker")


@pytest.fixture
def copy(entry: Entry, documents: SqliteDocuments) -> Callable[..., None]:
    """Save a watch of somebody who can be reached, and copy it as its event would have it copied."""
    client = entry("copy_monitor_job")
    verified = datetime.now(UTC)
    person = {"phone": PHONE, "phone_verified_at": verified, "email": "u1@people.test"}
    documents.commit(Put("people/u1", person | {"email_verified_at": verified}))

    def save(watch_id: str, **changes: Any) -> None:
        documents.commit(Put(PLACES.source("u1", watch_id), watch(**changes)))
        assert client.post("/", headers=event(PLACES.source("u1", watch_id))).status_code == 200

    return save


def watch(**changes: Any) -> dict[str, Any]:
    """A watch that is true at once."""
    return {
        "name": "Night Tram under £55",
        "target": {"provider": "ticketmaster", "item": SHOW},
        "conditions": [{"kind": "below", "price": "55.00", "currency": "GBP", "basis": "face"}],
        "notify": ["sms"],
        **changes,
    }


def event(document: str, kind: str = "written", **also: str) -> dict[str, str]:
    """A Firestore event as Eventarc posts it, without its body."""
    return {
        "ce-id": "e1",
        "ce-specversion": "1.0",
        "ce-type": f"google.cloud.firestore.document.v1.{kind}",
        "ce-source": "//firestore.googleapis.com/projects/a-project/databases/(default)",
        "ce-subject": f"documents/{document}",
        "ce-document": document,
        "content-type": "application/protobuf",
        **also,
    }


def schedule(at: datetime | None = None) -> dict[str, str]:
    moment = (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"X-CloudScheduler-JobName": "ticket-monitor", "X-CloudScheduler-ScheduleTime": moment}


def run(worker: FlaskClient, headers: Mapping[str, str] | None = None, query: str = "") -> dict[str, Any]:
    answer = worker.post(f"/{query}", headers=headers or schedule())
    assert answer.status_code == 200
    report: dict[str, Any] = answer.get_json()
    return report


def skipped(report: Mapping[str, Any]) -> list[str | None]:
    return [one.get("skipped") for one in report["boards"]]


def logged(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What was written since this was last asked: every line is JSON.

    That a provider without a key is off is of interest only of Ticketmaster.
    """
    records = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    return [one for one in records if one["event"] != "switched_off" or "ticketmaster:" in one["why"]]


# ── the worker ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_run_reports_what_it_did(worker: FlaskClient, copy: Callable[..., None], phone: Phone) -> None:
    copy("w1")
    report = run(worker)
    assert report["targets_asked"] == 1
    assert report["calls"] == {"ticketmaster": 1, "steam": 0, "page": 0}
    assert report["changes"] == 1
    assert report["alerts"] == 1
    assert report["failures"] == {}
    assert report["delivered"] == {"sent": 1}
    assert report["document_operations"]["reads"] > 0
    assert report["document_operations"]["writes"] > 0
    assert report["milliseconds"] >= 0
    assert report["boards_failed"] == []
    assert [text.to for text in phone.texts] == [PHONE]


@pytest.mark.parametrize("days", ["", "0", "999999"])
def test_past_prices_are_kept_as_long_as_the_setting_says(
    settings: Mapping[str, str], monkeypatch: pytest.MonkeyPatch, entry: Entry,
    copy: Callable[..., None], market: Market, documents: SqliteDocuments, days: str,
) -> None:  # fmt: skip
    assert settings
    monkeypatch.setenv("PRICE_HISTORY_DAYS", days)
    worker, message = entry("ticket_monitor_worker"), {"board": "ticketmaster-0"}
    poll = entry("poll_board")
    copy("w1")
    (target,) = documents.find(Query(PLACES.worker_collection))[0].fields["targets"]
    for price in range(60, 76):
        market.set_price(SHOW, "face", price)
        if price < 68:
            run(worker)
        else:
            told = pubsub(message | {"run": f"r{price}"})
            assert poll.post("/", json=told, headers=PUBLISHED).status_code == 200
    chunk = documents.get(f"price_history/{target}/chunks/0")
    if days == "0":
        assert chunk is None
    else:
        assert chunk is not None
        (face,) = [spans for key, spans in decode(chunk.fields["blob"]).items() if key.basis == "face"]
        assert [span.price for span in face][:9] == [price * 100 for price in range(60, 69)]


def test_an_uneventful_run_costs_a_constant_number_of_documents(
    worker: FlaskClient, copy: Callable[..., None]
) -> None:
    def costs() -> dict[str, int]:
        (one,) = [one for one in run(worker)["boards"] if one["board"] == "ticketmaster-0"]
        operations: dict[str, int] = one["operations"]
        return operations

    for number in range(3):
        copy(f"w{number}")
    for _ in range(3):
        run(worker)
    assert costs()["writes"] == 2, "the lease and the board"


def test_an_upstream_that_fails_is_counted_and_the_run_succeeds(
    worker: FlaskClient, copy: Callable[..., None], market: Market
) -> None:
    copy("w1")
    market.fault = "500"
    report = run(worker)
    assert (report["failures"], report["alerts"]) == ({"unavailable": 1}, 0)


def test_a_retry_with_the_same_headers_asks_nobody(
    worker: FlaskClient, copy: Callable[..., None], market: Market
) -> None:
    copy("w1")
    headers = schedule()
    first = run(worker, headers)
    market.asked.clear()
    again = run(worker, headers)
    assert first["run"] == again["run"]
    assert skipped(again) == ["already_run"]
    assert (again["targets_asked"], again["alerts"], len(market.asked)) == (0, 0, 0)


def test_an_uneventful_run_costs_three_reads_and_two_writes_and_nothing_for_what_nobody_watches(
    worker: FlaskClient, copy: Callable[..., None], documents: SqliteDocuments
) -> None:
    """Steam is switched on as well, but nobody watches a game: it has no board."""
    copy("w1", conditions=[{"kind": "below", "price": "1", "currency": "GBP"}])
    for _ in range(3):
        run(worker)
    board = documents.get("boards/ticketmaster-0")
    assert board
    later = board.updated_at + timedelta(minutes=1)  # past the overlap in which jobs are read again
    documents.commit(Update(board.path, {"cursor": later}, board.version))

    report = run(worker)

    assert report["document_operations"] == {"reads": 3, "writes": 2}
    assert report["calls"] == {"ticketmaster": 1, "steam": 0, "page": 0}


def test_nobody_watching_anything_costs_no_write(worker: FlaskClient) -> None:
    assert run(worker)["document_operations"] == {"reads": 3}


def test_the_first_watch_of_another_provider_gets_its_board_in_the_same_run(
    worker: FlaskClient, copy: Callable[..., None]
) -> None:
    copy("w1")
    run(worker)
    drop = {"kind": "drop", "percent": 10}
    copy("w2", target={"provider": "steam", "item": "9000010"}, conditions=[drop])

    report = run(worker)

    assert [board["board"] for board in report["boards"]] == ["ticketmaster-0", "steam-0"]
    assert report["calls"] == {"ticketmaster": 1, "steam": 1, "page": 0}


def test_headers_count_in_whatever_case_a_server_leaves_them(worker: FlaskClient) -> None:
    headers = {name.lower(): value for name, value in schedule().items()}
    assert run(worker, headers)["run"].startswith("ticket-monitor-")


def test_each_manual_run_is_a_run_of_its_own(worker: FlaskClient, copy: Callable[..., None]) -> None:
    copy("w1")
    reports = [run(worker, {"X-Made-By": "hand"}) for _ in range(2)]
    assert len({report["run"] for report in reports}) == 2
    assert [skipped(report) for report in reports] == [[None]] * 2


def test_a_run_forced_ahead_of_time_does_not_use_up_the_real_one(
    worker: FlaskClient, copy: Callable[..., None]
) -> None:
    copy("w1")
    soon = datetime.now(UTC) + timedelta(seconds=11)
    forced = run(worker, schedule(soon))
    assert forced["run"].startswith("manual-")
    real = run(worker, schedule(soon - timedelta(seconds=5)))  # within what clocks may differ
    assert real["run"].startswith("ticket-monitor-")
    assert skipped(real) == [None]


def test_a_dry_run_says_what_it_would_tell_and_tells_nobody(
    worker: FlaskClient, copy: Callable[..., None], phone: Phone, documents: SqliteDocuments
) -> None:
    copy("w1")
    for _ in range(2):
        report = run(worker, query="?dry_run=1")
        (board,) = [one for one in report["boards"] if one["board"] == "ticketmaster-0"]
        told = [{"watch": "w1", "channel": "sms", "reason": "below_limit", "price": "£54"}]
        assert board["would_tell"] == told
    assert not documents.find(Query("alerts"))
    assert not phone.texts
    run(worker)
    assert len(phone.texts) == 1


def test_a_board_that_fails_stops_neither_the_others_nor_the_outbox(
    worker: FlaskClient, copy: Callable[..., None], documents: SqliteDocuments, phone: Phone
) -> None:
    copy("w1")
    documents.commit(Put("boards/steam-0", {"runs": 5}))
    answer = worker.post("/", headers=schedule())
    report = answer.get_json()
    assert answer.status_code == 503, "Cloud Scheduler tries again"
    assert report["boards_failed"] == ["steam-0"]
    assert (report["alerts"], len(phone.texts)) == (1, 1)


def test_a_setting_that_is_wrong_stops_it_and_the_log_names_it(
    monkeypatch: pytest.MonkeyPatch, worker: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIN_INTERVAL_SECONDS", "sixty")
    assert worker.post("/").status_code == 500
    (record,) = logged(capfd)
    assert "MIN_INTERVAL_SECONDS must be a number" in record["stack_trace"]
    assert "sixty" not in str(record)


def test_a_provider_without_its_key_is_off_and_says_so(
    monkeypatch: pytest.MonkeyPatch, worker: FlaskClient, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TICKETMASTER_API_KEY")
    assert set(run(worker)["calls"]) == {"steam", "page"}
    said = [record["why"] for record in logged(capfd) if record["event"] == "switched_off"]
    assert said == ["ticketmaster: TICKETMASTER_API_KEY is not set"]


# ── a person's watch was written ─────────────────────────────────────────────────────────────────────────


BODIES = [b"", b"123", b"{}", b"\xff\x00not a protobuf", b"null", b'{"value": {"name": "another"}}']


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("kind", ["application/protobuf", "application/json", ""])
def test_what_an_event_says_is_not_looked_at(
    entry: Entry, documents: SqliteDocuments, body: bytes, kind: str
) -> None:
    path = PLACES.source("u1", "w1")
    documents.commit(Put(path, watch()))
    headers = event(path) | {"content-type": kind}
    assert entry("copy_monitor_job").post("/", headers=headers, data=body).status_code == 200
    job = documents.get(PLACES.job("w1"))
    assert job is not None
    assert job.fields["uid"] == "u1"


def test_what_a_snooze_holds_becomes_due_when_the_snooze_is_ended_by_any_client(
    copy: Callable[..., None], documents: SqliteDocuments
) -> None:
    later = datetime.now(UTC) + timedelta(days=1)
    copy("w1", snoozed_until=later)
    documents.commit(Put("alerts/a1", held_by_a_snooze(until=later)))
    copy("w1")

    held = documents.get("alerts/a1")
    assert held
    assert held.fields["due_at"] < later


def held_by_a_snooze(*, until: datetime) -> dict[str, Any]:
    return {"waits": "u1:sms", "state": "held", "why": "snoozed", "watch_id": "w1", "due_at": until}


def test_the_subject_will_do_where_the_document_is_not_said(entry: Entry, documents: SqliteDocuments) -> None:
    path = PLACES.source("u1", "w1")
    documents.commit(Put(path, watch()))
    headers = event(path)
    del headers["ce-document"]
    assert entry("copy_monitor_job").post("/", headers=headers).status_code == 200
    assert documents.get(PLACES.job("w1")) is not None


def erased() -> dict[str, Any]:
    """``people/{uid}`` of somebody who was erased."""
    return {"phone": None, "erased_at": datetime.now(UTC), "sessions_since": datetime.now(UTC)}


def test_what_a_device_still_writes_for_somebody_who_is_erased_is_deleted_again(
    entry: Entry, documents: SqliteDocuments
) -> None:
    path = PLACES.source("u1", "w1")
    documents.commit(Put("people/u1", erased()), Put(path, watch()))

    assert entry("copy_monitor_job").post("/", headers=event(path)).status_code == 200

    assert documents.get(path) is None
    assert documents.get(PLACES.job("w1")) is None


def test_a_run_in_time_goes_on_with_an_erasure_that_broke_off(
    entry: Entry, documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = entry("ticket_monitor_worker")
    monkeypatch.setattr(sys.modules["main"], "ERASURES_EVERY", timedelta(minutes=1))
    path = PLACES.source("u1", "w1")
    documents.commit(Put("people/u1", {"phone": PHONE}), Put(path, watch()))
    begin(documents, "u1", datetime.now(UTC))

    run(worker, query="?dry_run=1")
    assert documents.get(path)
    run(worker)
    assert documents.get(path) is None


def test_a_run_in_time_deletes_what_is_over_and_a_dry_one_does_not(
    entry: Entry, documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = entry("ticket_monitor_worker")
    monkeypatch.setattr(sys.modules["main"], "ERASURES_EVERY", timedelta(minutes=1))
    documents.commit(Put("idempotency/old", {"expires_at": datetime.now(UTC)}))

    run(worker, query="?dry_run=1")
    assert documents.get("idempotency/old")
    run(worker)
    assert documents.get("idempotency/old") is None


def test_that_nothing_can_be_deleted_is_no_reason_not_to_tick(
    entry: Entry, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    worker = entry("ticket_monitor_worker")
    main = sys.modules["main"]
    monkeypatch.setattr(main, "ERASURES_EVERY", timedelta(minutes=1))

    def locked(*_: object) -> int:
        raise StoreUnavailableError("the test locked it")

    monkeypatch.setattr(main.parts().documents, "forget", locked)
    assert run(worker)["boards_failed"] == []
    assert "expired.not_forgotten" in capfd.readouterr().err


@pytest.mark.parametrize("every", [1, 7, 10, 30, 60])
def test_erasures_are_gone_on_with_however_seldom_the_worker_runs(entry: Entry, every: int) -> None:
    entry("ticket_monitor_worker")
    is_first, begin_at = sys.modules["main"].is_first, datetime(2026, 11, 30, tzinfo=UTC)
    for offset in range(every):
        runs = [begin_at + timedelta(minutes=offset + every * run) for run in range(60)]
        first = [at for at in runs if is_first(at, timedelta(minutes=every))]
        gaps = [later - at for at, later in pairwise(first)]
        assert max(gaps) <= max(timedelta(minutes=15), timedelta(minutes=every)) + timedelta(minutes=every)


@pytest.mark.parametrize(
    ("target", "path"),
    [
        pytest.param("copy_monitor_job", "", id="none"),
        pytest.param("copy_monitor_job", "alerts/a1", id="an alert"),
        pytest.param("copy_monitor_job", "artifacts/ticket-scout/users/u1", id="too short"),
        pytest.param("copy_monitor_job", PLACES.source("u1", "w1") + "/more/m1", id="too long"),
        pytest.param("copy_monitor_job", PLACES.status("u1", "w1"), id="what we write ourselves"),
        pytest.param("deliver_alert", "", id="no alert"),
        pytest.param("deliver_alert", PLACES.source("u1", "w1"), id="a watch"),
        pytest.param("deliver_alert", "alerts/a1/more/m1", id="something of an alert's"),
    ],
)
def test_an_event_about_an_unknown_document_is_reported_and_done(
    entry: Entry, documents: SqliteDocuments, capfd: pytest.CaptureFixture[str], target: str, path: str
) -> None:
    headers = event(path)
    if not path:
        del headers["ce-subject"], headers["ce-document"]
    assert entry(target).post("/", headers=headers).status_code == 200
    (record,) = logged(capfd)
    assert (record["severity"], record["event"]) == ("ERROR", f"{target}.unknown")
    assert record["event_id"] == "e1"
    assert not documents.find(Query(PLACES.worker_collection))


def test_another_application_in_the_same_database_is_left_alone(
    entry: Entry, documents: SqliteDocuments, capfd: pytest.CaptureFixture[str]
) -> None:
    path = "artifacts/another-app/users/u1/ticket_monitors/w1"
    documents.commit(Put(path, watch()))
    assert entry("copy_monitor_job").post("/", headers=event(path)).status_code == 200
    assert documents.get(PLACES.job("w1")) is None
    assert logged(capfd) == []


def test_a_name_in_any_script_arrives_as_the_bytes_that_firestore_sends(
    entry: Entry, documents: SqliteDocuments
) -> None:
    path = PLACES.source("u1", "Helvétios 日本 50%41")
    documents.commit(Put(path, watch()))
    on_the_wire = path.encode().decode("latin-1")
    assert entry("copy_monitor_job").post("/", headers=event(on_the_wire)).status_code == 200
    assert documents.get(PLACES.job("Helvétios 日本 50%41")) is not None


def test_a_watch_that_is_gone_is_no_fault(entry: Entry, documents: SqliteDocuments) -> None:
    client, path = entry("copy_monitor_job"), PLACES.source("u1", "w1")
    assert client.post("/", headers=event(path)).status_code == 200
    documents.commit(Put(path, watch()))
    assert client.post("/", headers=event(path)).status_code == 200
    documents.commit(Delete(path))
    for _ in range(2):
        assert client.post("/", headers=event(path)).status_code == 200
    job = documents.get(PLACES.job("w1"))
    assert job is not None
    assert job.fields["deleted_at"] is not None


def test_an_invalid_watch_is_refused_to_its_owner_and_its_event_is_done(
    entry: Entry, documents: SqliteDocuments
) -> None:
    path = PLACES.source("u1", "w1")
    documents.commit(Put(path, watch(colour="red", conditions=[])))
    assert entry("copy_monitor_job").post("/", headers=event(path)).status_code == 200
    status = documents.get(PLACES.status("u1", "w1"))
    assert status is not None
    assert status.fields["state"] == "refused"
    assert len(status.fields["reasons"]) == 2


def test_what_is_no_event_is_refused(entry: Entry) -> None:
    assert entry("copy_monitor_job").post("/", json={"not": "an event"}).status_code == 400


# ── Pub/Sub: one board ───────────────────────────────────────────────────────────────────────────────────


def pubsub(message: object) -> dict[str, Any]:
    data = message if isinstance(message, bytes) else json.dumps(message).encode()
    return {"message": {"data": base64.b64encode(data).decode(), "messageId": "1"}}


PUBLISHED = {
    "ce-id": "p1",
    "ce-specversion": "1.0",
    "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    "ce-source": "//pubsub.googleapis.com/projects/a-project/topics/boards",
}


def test_a_message_ticks_the_board_it_names_once(
    entry: Entry, copy: Callable[..., None], documents: SqliteDocuments, market: Market
) -> None:
    drop = {"kind": "drop", "percent": 10}
    copy("w1", target={"provider": "steam", "item": GAME}, conditions=[drop])
    client, message = entry("poll_board"), pubsub({"board": "steam-0", "run": "r1"})
    for _ in range(2):
        assert client.post("/", json=message, headers=PUBLISHED).status_code == 200
    assert len(market.asked) == 1
    assert documents.get("boards/steam-0") is not None
    assert documents.get("boards/ticketmaster-0") is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(pubsub({"board": "nobody-0", "run": "r1"}), id="an unknown provider"),
        pytest.param(pubsub({"board": "steam-0"}), id="no run"),
        pytest.param(pubsub({"board": "steam", "run": "r1"}), id="no shard"),
        pytest.param(pubsub({"board": "steam-0/x/y-1", "run": "r1"}), id="a path"),
        pytest.param(pubsub({"board": ["steam-0"], "run": "r1"}), id="a list for a name"),
        pytest.param(pubsub(["steam-0"]), id="a list for a message"),
        pytest.param(pubsub(b"\xff\xfe"), id="no JSON"),
        pytest.param({"message": {"data": "no base64!"}}, id="no base64"),
        pytest.param({"message": {}}, id="no data"),
        pytest.param({"message": None}, id="no message"),
        pytest.param([], id="no envelope"),
    ],
)
def test_a_message_that_makes_no_sense_is_reported_and_done(
    entry: Entry, documents: SqliteDocuments, capfd: pytest.CaptureFixture[str], body: object
) -> None:
    assert entry("poll_board").post("/", json=body, headers=PUBLISHED).status_code == 200
    assert [record["event"] for record in logged(capfd)] == ["poll_board.unknown"]
    assert not documents.find(Query("boards"))


def test_a_message_of_long_ago_is_done_without_asking_anybody(
    entry: Entry, copy: Callable[..., None], market: Market, capfd: pytest.CaptureFixture[str]
) -> None:
    copy("w1")
    capfd.readouterr()
    message = pubsub({"board": "ticketmaster-0", "run": "r1"})
    headers = PUBLISHED | {"ce-time": "2026-01-01T12:00:00Z"}
    assert entry("poll_board").post("/", json=message, headers=headers).status_code == 200
    assert [record["event"] for record in logged(capfd)] == ["poll_board.over"]
    assert not market.asked


def test_what_a_message_finds_is_texted_before_it_is_done(
    entry: Entry, copy: Callable[..., None], phone: Phone
) -> None:
    copy("w1")
    message = pubsub({"board": "ticketmaster-0", "run": "r1", "shards": 1})
    headers = PUBLISHED | {"ce-time": datetime.now(UTC).isoformat()}
    assert entry("poll_board").post("/", json=message, headers=headers).status_code == 200
    assert len(phone.texts) == 1


def test_several_boards_are_published_where_there_is_a_topic(
    monkeypatch: pytest.MonkeyPatch, worker: FlaskClient, copy: Callable[..., None], market: Market
) -> None:
    copy("w1")
    copy("w2", target={"provider": "steam", "item": GAME}, conditions=[{"kind": "drop", "percent": 10}])
    monkeypatch.setenv("BOARDS_TOPIC", "boards")
    published: list[tuple[str, str]] = []

    def publish(topic: Topic, messages: Sequence[Message]) -> set[str]:
        published.extend((topic.name, one.board) for one in messages)
        return {one.board for one in messages}

    monkeypatch.setattr(Topic, "publish", publish)
    report = run(worker)
    boards = ["ticketmaster-0", "steam-0"]
    assert published == [("projects/a-project/topics/boards", board) for board in boards]
    assert (report["boards_published"], report["boards"], len(market.asked)) == (boards, [], 0)


# ── an alert was created ─────────────────────────────────────────────────────────────────────────────────


def test_an_alert_is_delivered_once_however_often_its_event_comes(
    entry: Entry, worker: FlaskClient, copy: Callable[..., None], phone: Phone, documents: SqliteDocuments
) -> None:
    copy("w1")
    phone.faults.append("429")  # so that the run's own sweep leaves it behind
    run(worker)
    (alert,) = documents.find(Query("alerts"))
    documents.commit(Put(alert.path, {**alert.fields, "due_at": datetime.now(UTC)}))
    client = entry("deliver_alert")
    for _ in range(3):
        assert client.post("/", headers=event(alert.path, "created"), data=b"\xff").status_code == 200
    assert len(phone.texts) == 1


def test_an_event_about_an_alert_that_is_gone_is_done(entry: Entry) -> None:
    assert entry("deliver_alert").post("/", headers=event("alerts/a1", "created")).status_code == 200


# ── everything for one person at once ────────────────────────────────────────────────────────────────────


FIVE = [f"w{number}" for number in range(1, 6)]
UNDER_50 = [{"kind": "below", "price": "50.00", "currency": "GBP", "basis": "face"}]


def outbox(documents: SqliteDocuments) -> list[dict[str, Any]]:
    return [{**one.fields, "id": one.id, "path": one.path} for one in documents.find(Query("alerts"))]


def test_five_alerts_of_one_person_in_one_run_are_one_text_and_one_email(
    worker: FlaskClient,
    copy: Callable[..., None],
    phone: Phone,
    mailbox: Mailbox,
    documents: SqliteDocuments,
) -> None:
    for watch_id in FIVE:
        copy(watch_id, name=f"Night Tram {watch_id}", notify=["sms", "email"])

    report = run(worker)

    assert (report["alerts"], report["delivered"]) == (10, {"sent": 10})
    (text,), (mail,) = phone.texts, mailbox.mails
    assert text.body.startswith("£54 face")
    assert not [watch_id for watch_id in FIVE if f"Night Tram {watch_id}" not in (mail.plain or "")]
    assert {(one["channel"], one["state"], one["receipt"]) for one in outbox(documents)} == {
        ("sms", "sent", text.sid),
        ("email", "sent", mail.message["Message-ID"]),
    }
    run(worker)
    assert (len(phone.texts), len(mailbox.mails)) == (1, 1)


@pytest.fixture
def five_left_behind(
    worker: FlaskClient, copy: Callable[..., None], market: Market, documents: SqliteDocuments
) -> list[str]:
    """The paths of five alerts that were just created, by a tick that sends nothing itself."""
    for watch_id in FIVE:
        copy(watch_id, conditions=UNDER_50)
    run(worker)
    market.set_price(SHOW, "face", "45")
    shop = Ticketmaster.from_env(os.environ)
    assert isinstance(shop, Ticketmaster)
    tick(
        documents,
        PLACES,
        shop,
        board_name="ticketmaster-0",
        run="r1",
        now=datetime.now(UTC),
        every=timedelta(),
    )
    paths = [one["path"] for one in outbox(documents)]
    assert len(paths) == 5
    return paths


def test_whichever_event_comes_first_sends_them_all_and_the_others_send_nothing(
    entry: Entry, five_left_behind: list[str], phone: Phone, documents: SqliteDocuments
) -> None:
    client = entry("deliver_alert")
    for path in [*five_left_behind, *reversed(five_left_behind)]:
        assert client.post("/", headers=event(path, "created")).status_code == 200
        assert len(phone.texts) == 1
    assert {(one["state"], one["receipt"]) for one in outbox(documents)} == {("sent", phone.texts[0].sid)}
    assert sorted(len(one["riders"]) for one in outbox(documents)) == [0, 0, 0, 0, 4]


def test_five_events_at_the_same_moment_are_one_text(
    entry: Entry, five_left_behind: list[str], phone: Phone, documents: SqliteDocuments
) -> None:
    client = entry("deliver_alert")
    with ThreadPoolExecutor(10) as pool:
        answers = pool.map(
            lambda path: client.application.test_client().post("/", headers=event(path, "created")),
            five_left_behind * 2,
        )
        assert {answer.status_code for answer in answers} == {200}
    assert len(phone.texts) == 1
    assert {(one["state"], one["receipt"]) for one in outbox(documents)} == {("sent", phone.texts[0].sid)}


def test_events_of_a_text_that_nobody_can_confirm_are_harmless(
    entry: Entry, five_left_behind: list[str], phone: Phone, documents: SqliteDocuments
) -> None:
    phone.faults.append("500_after_accept")
    client = entry("deliver_alert")
    for path in five_left_behind * 2:
        assert client.post("/", headers=event(path, "created")).status_code == 200
    assert len(phone.texts) == 1
    assert {one["state"] for one in outbox(documents)} == {"uncertain"}


# ── not now ──────────────────────────────────────────────────────────────────────────────────────────────


def test_quiet_hours_hold_a_text_and_then_it_says_what_it_was_and_what_it_is(
    worker: FlaskClient,
    copy: Callable[..., None],
    phone: Phone,
    market: Market,
    documents: SqliteDocuments,
) -> None:
    copy("w1")
    person, now = documents.get("people/u1"), datetime.now(UTC)
    assert person
    quiet = {"from": f"{now - timedelta(hours=2):%H:%M}", "to": f"{now + timedelta(hours=2):%H:%M}"}
    documents.commit(Put(person.path, {**person.fields, "quiet_hours": quiet}))

    assert run(worker)["delivered"] == {"held": 1}
    market.set_price(SHOW, "face", "58")
    assert run(worker)["delivered"] == {}
    (held,) = outbox(documents)
    assert (held["state"], held["why"], phone.texts) == ("held", "quiet_hours", ())
    assert timedelta(minutes=118) < held["due_at"] - now < timedelta(minutes=121)

    documents.commit(Put(person.path, person.fields))  # two hours later
    documents.commit(Put(held["path"], {**_stored(held), "due_at": now}))
    assert run(worker)["delivered"] == {"sent": 1}

    (text,) = phone.texts
    seen = f"{held['news']['observed_at']:%H:%M}"
    assert text.body.startswith(f"At {seen} £54 face")
    assert "now £58" in text.body


def _stored(alert: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in alert.items() if name not in ("id", "path")}


def test_what_is_over_a_days_cap_waits_for_one_digest(
    monkeypatch: pytest.MonkeyPatch,
    worker: FlaskClient,
    copy: Callable[..., None],
    phone: Phone,
    market: Market,
    documents: SqliteDocuments,
) -> None:
    monkeypatch.setenv("MESSAGES_PER_DAY", "1")
    copy("w1")
    copy("w2", conditions=UNDER_50)
    copy("w3", conditions=UNDER_50)
    run(worker)
    market.set_price(SHOW, "face", "49")

    assert run(worker)["delivered"] == {"held": 3}, "w1's price fell further, too"
    assert {one["why"] for one in outbox(documents) if one["state"] == "held"} == {"cap"}
    for held in outbox(documents):
        if held["state"] == "held":
            documents.commit(Put(held["path"], {**_stored(held), "due_at": datetime.now(UTC)}))
    assert run(worker)["delivered"] == {"sent": 3}
    assert len(phone.texts) == 2


# ── what became of it ────────────────────────────────────────────────────────────────────────────────────


def tell(
    entry: Entry, settings: Mapping[str, str], alert: str, sid: str, *, token: str = TOKEN, **also: str
) -> int:
    """What Twilio posts to a text's StatusCallback, and how the web function answers."""
    path = f"/twilio/status/{alert}"
    fields = {"AccountSid": ACCOUNT, "MessageSid": sid, "MessageStatus": "delivered", **also}
    headers = {"X-Twilio-Signature": signature(settings["PUBLIC_URL"] + path, fields, token)}
    return entry("web").post(path, data=fields, headers=headers).status_code


@pytest.mark.parametrize("at_once", ["w1", "w1 w2 w3"], ids=["one alert", "three in one text"])
def test_a_callback_marks_a_text_delivered(
    entry: Entry,
    settings: Mapping[str, str],
    worker: FlaskClient,
    copy: Callable[..., None],
    phone: Phone,
    documents: SqliteDocuments,
    at_once: str,
) -> None:
    for watch_id in at_once.split():
        copy(watch_id)
    run(worker)
    (text,) = phone.texts
    (lead,) = [one for one in outbox(documents) if not one["rides_with"]]
    assert text.callback == f"{settings['PUBLIC_URL']}/twilio/status/{lead['id']}"

    assert tell(entry, settings, lead["id"], text.sid, token="somebody-elses") == 403
    assert {one["state"] for one in outbox(documents)} == {"sent"}
    for status in ("delivered", "sent", "delivered"):  # late, twice and out of order
        assert tell(entry, settings, lead["id"], text.sid, MessageStatus=status) == 204
    assert {(one["state"], one["due_at"]) for one in outbox(documents)} == {("delivered", None)}


def test_a_text_that_did_not_arrive_goes_by_email_with_the_next_run(
    entry: Entry,
    settings: Mapping[str, str],
    worker: FlaskClient,
    copy: Callable[..., None],
    phone: Phone,
    mailbox: Mailbox,
    documents: SqliteDocuments,
) -> None:
    copy("w1")
    run(worker)
    (alert,) = outbox(documents)
    failed = {"MessageStatus": "undelivered", "ErrorCode": "30003"}

    for _ in range(2):
        assert tell(entry, settings, alert["id"], phone.texts[0].sid, **failed) == 204
    run(worker)

    states = {one["channel"]: (one["state"], one["why"]) for one in outbox(documents)}
    assert states == {"sms": ("undelivered", "30003"), "email": ("sent", None)}
    assert (len(phone.texts), len(mailbox.mails)) == (1, 1)


# ── the daily look at the vendor's list ──────────────────────────────────────────────────────────────────


@pytest.fixture
def an_old_text(worker: FlaskClient, copy: Callable[..., None], documents: SqliteDocuments) -> str:
    """The path of an alert that was sent ten minutes ago."""
    copy("w1")
    run(worker)
    (alert,) = outbox(documents)
    earlier = datetime.now(UTC) - timedelta(minutes=10)
    documents.commit(Put(alert["path"], {**_stored(alert), "attempted_at": earlier}))
    return str(alert["path"])


def test_a_run_that_reconciles_says_what_differed_and_asks_no_shop(
    worker: FlaskClient, an_old_text: str, market: Market, documents: SqliteDocuments
) -> None:
    market.asked.clear()

    first, second = (run(worker, query="?reconcile=1") for _ in range(2))

    assert (first["texts"], first["listed"], first["differences"]) == (1, 1, {"learned": 1})
    (found,) = first["findings"]
    assert (found["alert"], found["outbox"], found["listed"]) == (
        an_old_text.removeprefix("alerts/"),
        "sent",
        "delivered",
    )
    assert second["differences"] == {}
    assert outbox(documents)[0]["state"] == "delivered"
    assert not market.asked


def test_a_list_that_cannot_be_had_is_said_to_the_scheduler_by_its_code(
    caplog: pytest.LogCaptureFixture,
    worker: FlaskClient,
    an_old_text: str,
    phone: Phone,
    documents: SqliteDocuments,
) -> None:
    before = documents.get(an_old_text)
    phone.auth_token = "another"

    answer = worker.post("/?reconcile=1")

    assert (answer.status_code, answer.get_json()) == (503, {"why": "20003"})
    assert [vars(one)["why"] for one in caplog.records if one.message == "reconcile.failed"] == ["20003"]
    assert documents.get(an_old_text) == before


# ── people ───────────────────────────────────────────────────────────────────────────────────────────────


def test_who_answers_people_rarely_looks_through_all_that_is_known(entry: Entry) -> None:
    gc.set_threshold(700, 10, 10)
    entry("web").get("/healthz")
    assert math.prod(gc.get_threshold()) >= 10 * math.prod((700, 10, 10))


def test_the_worker_collects_as_python_does(entry: Entry) -> None:
    """Its ticks were measured so, and it ends soon."""
    gc.set_threshold(700, 10, 10)
    entry("ticket_monitor_worker").post("/")
    assert gc.get_threshold() == (700, 10, 10)


def test_an_operator_sees_how_everything_is_doing(
    entry: Entry, worker: FlaskClient, copy: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy("w1")
    worker.post("/")
    hidden = entry("web").get("/status").status_code
    monkeypatch.setenv("LOCAL_PERSON", "you")
    monkeypatch.setenv("TICK_EVERY_SECONDS", "300")
    page = entry("web").get("/status").get_data(as_text=True)

    assert hidden == 404
    assert "of 4,500 calls are left in 24 hours" in page
    assert "about every 5 minutes on average" in page
    assert "2 targets" not in page


def test_people_get_a_page(entry: Entry) -> None:
    answer = entry("web").get("/", follow_redirects=False)
    assert answer.status_code < 500
    assert answer.mimetype == "text/html"


# ── the log ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}, id="W3C"),
        pytest.param({"X-Cloud-Trace-Context": f"{TRACE}/1;o=1"}, id="Google's own"),
    ],
)
def test_every_line_carries_the_trace_of_the_request_that_caused_it(
    entry: Entry,
    worker: FlaskClient,
    documents: SqliteDocuments,
    capfd: pytest.CaptureFixture[str],
    headers: dict[str, str],
) -> None:
    path = PLACES.source("u1", "w1")
    documents.commit(Put(path, watch()))
    copying = entry("copy_monitor_job")
    copying.post("/", headers=event(path) | headers)
    worker.post("/", headers=schedule() | headers)
    records = logged(capfd)
    assert {"watch.copied", "tick.done"} <= {record["event"] for record in records}
    assert {record["logging.googleapis.com/trace"] for record in records} == {
        f"projects/a-project/traces/{TRACE}"
    }
    copying.post("/", headers=event("nothing/n1"))
    assert "logging.googleapis.com/trace" not in logged(capfd)[0]


def test_no_line_holds_a_secret_a_number_or_an_address(
    worker: FlaskClient,
    copy: Callable[..., None],
    market: Market,
    phone: Phone,
    capfd: pytest.CaptureFixture[str],
) -> None:
    copy("w1", notify=["sms", "email"])
    phone.faults += ["500"]
    run(worker)
    market.fault = "429_quota"
    run(worker)
    said = capfd.readouterr().err
    assert all(json.loads(line)["event"] for line in said.splitlines())
    assert "alert.uncertain" in said
    assert "alert.sent" in said
    private = (
        TOKEN,
        ACCOUNT,
        "a-key-nobody-may-read",
        PHONE,
        "u1@people.test",
        "scout@sender.test",
        "apikey=",
    )
    assert not [one for one in private if one in said]
