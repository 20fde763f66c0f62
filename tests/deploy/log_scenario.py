"""An installation on this machine that lives through all the monitoring looks for; its log, line by line.

Entry points are the deployed ones, behind the functions-framework, with the sandbox's shops and phone. What
takes days or a broken database there (a quota that is spent, a provider that stays away) is played by the
same code on a made-up clock.
"""

import base64
import io
import logging
import os
from collections import Counter
from contextlib import redirect_stderr
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from flask.testing import FlaskClient

from notifiers.spend import Allowance
from sandbox.market import API_KEY, Market, market_app
from sandbox.phone import Phone, phone_app
from sandbox.servers import serving
from store.sqlite import SqliteDocuments
from tests.fake_provider import FakeProvider, item
from tests.twilio_callbacks import signature
from tests.world import World, below
from watchers.documents import Put, Query, Update
from watchers.errors import ProviderUnavailableError, StoreUnavailableError
from watchers.places import Places
from watchers.quota import Quota
from watchers.worker import work

ROOT = Path(__file__).parents[2]
PLACES = Places()
ACCOUNT, TOKEN = "AC" + "a" * 32, "a-token-nobody-may-read"
SHOW = "SbxNightTram01"  # in the market for GBP 54.00 face value
TRACE = "0af7651916cd43dd8448eb211c80319c"
HOUR = timedelta(hours=1)


def lines(folder: Path) -> list[str]:
    """Everything that was written, in order."""
    written, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    market, phone = Market(calls_per_day=1_000_000), Phone(ACCOUNT, TOKEN)
    try:
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stderr(written),
            serving(market_app(market)) as shops,
            serving(phone_app(phone)) as twilio,
        ):
            for name, value in _settings(folder, shops, twilio).items():
                patch.setenv(name, value)
            _Installation(phone).live()
            _made_up_days()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    return [line for line in written.getvalue().splitlines() if line.startswith("{")]


def _settings(folder: Path, shops: str, twilio: str) -> dict[str, str]:
    return {
        "STORE": f"sqlite:///{folder / 'scout.db'}",
        "GOOGLE_CLOUD_PROJECT": "demo-app",
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
        "GROUPING_SECONDS": "0.05",
        "K_SERVICE": "ticket-monitor-worker",
        "K_REVISION": "ticket-monitor-worker-00001-abc",
    }


class _Installation:
    """The deployed functions, and what people and vendors do to them."""

    def __init__(self, phone: Phone) -> None:
        self._phone = phone
        self._documents = SqliteDocuments(os.environ["STORE"].removeprefix("sqlite:///"))

    def live(self) -> None:
        worker = self._function("ticket_monitor_worker", "http")
        self._save("w1")
        worker.post("/", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
        self._learn("delivered")
        self._save("w2")
        worker.post("/")
        self._learn("undelivered", "30003")
        self._save("w3")
        self._phone.faults += ["500"]
        worker.post("/")  # of this text nobody knows
        self._age_the_outbox()
        worker.post("/")
        self._save("w4", notify=["email"])
        worker.post("/")  # no e-mail is set up: only the operator can mend that
        for name in ("copy_monitor_job", "deliver_alert"):
            self._function(name).post("/", headers=_event("nothing/n1"))
        odd = {"message": {"data": base64.b64encode(b"{}").decode()}}
        published = {**_event("x"), "ce-type": "google.cloud.pubsub.topic.v1.messagePublished"}
        self._function("poll_board").post(
            "/", json=odd, headers={**published, "content-type": "application/json"}
        )

    def _function(self, name: str, kind: str = "cloudevent") -> FlaskClient:
        client: FlaskClient = functions_framework.create_app(name, str(ROOT / "main.py"), kind).test_client()
        return client

    def _person(self) -> Any:
        return self._documents.get("people/u1")

    def _save(self, watch_id: str, **changes: Any) -> None:
        now = datetime.now(UTC)
        if self._person() is None:
            reached = {"phone": "+15557654321", "phone_verified_at": now}
            reached |= {"email": "u1@people.test", "email_verified_at": now}
            self._documents.commit(Put("people/u1", reached))
        watch = {
            "name": "Night Tram under £55",
            "target": {"provider": "ticketmaster", "item": SHOW},
            "conditions": [{"kind": "below", "price": "55.00", "currency": "GBP", "basis": "face"}],
            "notify": ["sms"],
            **changes,
        }
        self._documents.commit(Put(PLACES.source("u1", watch_id), watch))
        self._function("copy_monitor_job").post("/", headers=_event(PLACES.source("u1", watch_id)))

    def _learn(self, status: str, code: str = "") -> None:
        """Twilio's callback about the latest text."""
        text = self._phone.texts[-1]
        assert text.callback
        path = text.callback.removeprefix("https://scout.example")
        fields = {"AccountSid": ACCOUNT, "MessageSid": text.sid, "MessageStatus": status}
        fields |= {"ErrorCode": code} if code else {}
        headers = {"X-Twilio-Signature": signature(text.callback, fields, TOKEN)}
        assert self._function("web", "http").post(path, data=fields, headers=headers).status_code == 204

    def _age_the_outbox(self) -> None:
        """What is on its way should have been looked at an hour ago."""
        for found in self._documents.find(Query("alerts")):
            if found.fields["due_at"] is not None:
                changes = {"due_at": datetime.now(UTC) - HOUR}
                self._documents.commit(Update(found.path, changes, found.version))


def _event(document: str) -> dict[str, str]:
    return {
        "ce-id": "e1",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.firestore.document.v1.written",
        "ce-source": "//firestore.googleapis.com/projects/demo-app/databases/(default)",
        "ce-subject": f"documents/{document}",
        "ce-document": document,
        "content-type": "application/protobuf",
    }


def _made_up_days() -> None:
    """A quota that is spent, a provider that stays away, a database that fails, a month's texts."""
    world = World(provider=FakeProvider(Quota(calls=20, per=timedelta(days=1), per_second=1e6), batch=1))
    for name in ("a", "b", "c", "d"):
        world.save(below("1.00", target=item(name)), watch=name)
        world.shop.costs(name, 9000)
    for _ in range(72):
        world.now += HOUR / 3
        world.tick()
    world.shop.down = ProviderUnavailableError("no answer")
    for _ in range(12):
        world.now += HOUR
        world.tick()
    failing = FakeProvider()
    failing.name = "shop"
    work(
        _Failing(world.documents), PLACES, {"shop": failing}, lambda _: _nothing(), run="r", now=world.now,
        every=HOUR, seconds=1,
    )  # fmt: skip
    with Allowance(world.documents, 10, world.now) as allowance:
        allowance.take(8)


def _nothing() -> Counter[str]:
    return Counter()


class _Failing:
    """A database that finds boards and writes nothing."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def commit(self, *_: object) -> tuple[str, ...]:
        raise StoreUnavailableError("the test took it away")
