"""People in front of the pages: an application on SQLite in memory, and somebody signed in to it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

from flask import Flask, request
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from notifiers.base import Report
from notifiers.limits import Limits
from notifiers.tallies import Tally
from store.sqlite import SqliteDocuments
from tests.fake_provider import FakeProvider
from tests.fakes import FaultyDocuments
from watchers import alerts, board
from watchers.catalog import Catalog
from watchers.documents import Document, Put, Query
from watchers.errors import StoreUnavailableError
from watchers.history import History
from watchers.jobs import copy_watch
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, News, Reason
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.places import Places
from watchers.quota import Quota
from watchers.rows import Row
from watchers.target import Target
from watchers.tiers import Tiers
from watchers.watch import Filters
from web import snapshot
from web.account.doors import Doors
from web.app import Link, create_app
from web.entry import entry_token
from web.site import Site

SECRET = "for tests only"
TWILIO_TOKEN = "not-a-real-token"
NUMBER = "+14155550123"
PLACES = Places()
PROVIDERS = {"ticketmaster": "on", "steam": "on", "seatgeek": "SEATGEEK_CLIENT_ID is not set"}
WATCH = {
    "name": "Lakers v Warriors",
    "provider": "ticketmaster",
    "what": "item",
    "item": "vvG1zZ9abc",
    "below": "on",
    "price": "90.00",
    "currency": "USD",
    "basis": "any",
    "already_true": "tell",
    "sms": "on",
    "email": "on",
}


def refusal(target: Target, filters: Filters) -> str | None:
    """What a provider might refuse."""
    if target.item == "unknown":
        return "There is no such event."
    return "It does not say how many are left." if filters.min_quantity else None


@dataclass
class World:
    """One application and its database; ``later`` moves its clock. ``asked``: providers with a quota.

    ``catalog``: all markets, where a test searches them.
    """

    documents: FaultyDocuments = field(default_factory=lambda: FaultyDocuments(SqliteDocuments(":memory:")))
    later: timedelta = timedelta()
    learned: list[tuple[str, Report]] = field(default_factory=list)
    asked: dict[str, FakeProvider] = field(default_factory=dict)
    operators: frozenset[str] = frozenset()
    catalog: Catalog | None = None
    doors: Doors = field(default_factory=Doors)
    metrics_token: str | None = None
    tiers: Tiers = field(default_factory=Tiers)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.later

    def app(
        self,
        *,
        local_person: str | None = None,
        public_url: str = "http://localhost",
        links: Sequence[Link] = (),
        secret_key: str = SECRET,
        twilio_token: str | None = TWILIO_TOKEN,
    ) -> Flask:
        site = Site(
            documents=self.documents,
            places=PLACES,
            refusal=refusal,
            secret_key=secret_key,
            public_url=public_url,
            local_person=local_person,
            providers=PROVIDERS,
            now=self.now,
            learn=self.learn,
            twilio_token=twilio_token,
            asked=self.asked,
            operators=self.operators,
            catalog=self.catalog,
            doors=self.doors,
            metrics_token=self.metrics_token,
            limits=Limits(tiers=self.tiers),
        )
        app = create_app(site, links)
        app.before_request(self.documents.tried.clear)
        app.teardown_request(self.refuse_unsaid_writes)
        return app

    def refuse_unsaid_writes(self, _: BaseException | None) -> None:
        """Whoever writes watches in a request says so: their person's snapshot is written after them.

        A text that Twilio brings is no page's: it shows once its trigger has run.
        """
        if request.blueprint == "twilio":
            return
        last = {path: number for number, path in enumerate(self.documents.tried)}
        for path, number in last.items():
            uid, folder, watch_id = ("", "", *path.split("/"))[-3:]
            page = snapshot.path(uid)
            if folder == "ticket_monitors" and self.documents.inner.get(page):
                assert last.get(page, -1) > number, f"{request.path} says nothing of its write of {watch_id}"

    def allow(self, calls_a_day: int, provider: str = "ticketmaster") -> None:
        """The provider is on, and ticks may ask so often: a tenth more is kept for people."""
        calls = calls_a_day + (calls_a_day - 1) // 9
        self.asked[provider] = FakeProvider(Quota(calls, timedelta(days=1), 5))
        self.asked[provider].name = provider

    def learn(self, alert_id: str, report: Report) -> None:
        """What the outbox does with a vendor's report."""
        if self.documents.down:
            raise StoreUnavailableError("the test took the database down")
        self.learned.append((alert_id, report))

    def reach(self, uid: str = "ann", phone: str | None = NUMBER, **fields: object) -> None:
        """Somebody with a verified number."""
        known = {"phone": phone, "phone_verified_at": self.now(), "timezone": "UTC", **fields}
        self.documents.inner.commit(Put(f"people/{uid}", known))

    def texted(self, alert: Alert) -> Alert:
        """The alert led the latest text to its person."""
        tally = Tally(alert.uid, day=self.now().date(), month=f"{self.now():%Y-%m}", latest=alert.id)
        self.documents.inner.commit(tally.write())
        return alert

    def watch(self, watch_id: str = "w1", uid: str = "ann") -> dict[str, Any]:
        """The fields of one watch's document."""
        found = self.documents.inner.get(PLACES.source(uid, watch_id))
        assert found
        return dict(found.fields)

    def fields(self, path: str) -> dict[str, Any]:
        """The fields of a document that is there."""
        found = self.documents.inner.get(path)
        assert found, path
        return dict(found.fields)

    def person(self, uid: str = "ann") -> "Someone":
        """Somebody who came in by their personal link."""
        someone = Someone(self.app().test_client())
        answer = someone.post("/enter", {"token": entry_token(SECRET, uid)})
        assert answer.status_code == 303
        return someone

    def watches(self, uid: str = "ann") -> list[Document]:
        return self.documents.inner.find(Query(PLACES.sources(uid)))

    def put_watch(self, watch_id: str, uid: str = "ann", **fields: object) -> None:
        watch = {
            "name": "Lakers v Warriors",
            "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
            "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
            "notify": ["sms", "email"],
            "status": "active",
        }
        self.documents.inner.commit(Put(PLACES.source(uid, watch_id), watch | fields))
        snapshot.mark(self.documents.inner, uid, watch_id)

    def copy(self, watch_id: str, uid: str = "ann") -> str:
        """What the trigger does."""
        return copy_watch(
            self.documents.inner,
            PLACES,
            refusal,
            uid=uid,
            watch_id=watch_id,
            now=self.now(),
            tiers=self.tiers,
        )

    def see(
        self,
        target: Target,
        *prices: Price,
        ago: timedelta = timedelta(minutes=3),
        availability: Availability = Availability.UNKNOWN,
        unseen_why: str = "",
    ) -> None:
        """What a tick leaves on the board after one look."""
        now = self.now() - ago
        name = f"{target.provider}-0"
        found = board.claim(self.documents.inner, name, "run", _QUOTA, self.now(), at_most=1)
        assert isinstance(found, board.Board)
        history = History().after(Observation(target, now, prices=prices, availability=availability))
        found.rows[target.id] = Row(target, since=now, history=history, unseen_why=unseen_why)
        board.save(self.documents.inner, found, "run")

    def told(self, code: str, uid: str = "ann", channel: Channel = Channel.SMS, **changes: object) -> Alert:
        """An alert in the outbox."""
        news = changes.pop("news", None) or news_of()
        assert isinstance(news, News)
        made: dict[str, object] = {
            "watch_id": "w1",
            "created_at": self.now(),
            "state": AlertState.SENT,
            "settled_at": self.now(),
        }
        alert = Alert(
            id=f"{code}-{uid}-{channel}",
            uid=uid,
            channel=channel,
            code=code,
            news=news,
            **made | changes,  # type: ignore[arg-type]
        )
        self.documents.inner.commit(alerts.creation(alert))
        snapshot.mark(self.documents.inner, uid)
        return alert


_QUOTA = Quota(calls=1000, per=timedelta(days=1), per_second=5)
ITEM = Target(provider="ticketmaster", item="vvG1zZ9abc")
FACE = Price(Basis.FACE, "USD", 9500)


def news_of(url: str | None = "https://shop.example/e/1", **changes: object) -> News:
    facts: dict[str, object] = {
        "watch_name": "Lakers v Warriors",
        "provider": "ticketmaster",
        "event_name": "Lakers - Warriors",
        "venue": "Arena",
        "basis": Basis.FACE,
        "currency": "USD",
        "price": 8400,
        "was": 11200,
    }
    return News(Reason.BELOW_LIMIT, url=url, **facts | changes)  # type: ignore[arg-type]


@dataclass
class Someone:
    """A browser that keeps cookies and sends each form's token, as a real one would."""

    client: FlaskClient

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.status
        return text_of(answer)

    def post(
        self, path: str, fields: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> TestResponse:
        self.client.get("/enter")  # any page makes a session; this one needs no database
        data = {"csrf": csrf_of(self.client), **(fields or {})}
        return self.client.post(path, data=data, headers=Headers(headers))

    def save(self, **changes: str) -> TestResponse:
        """The form of a new watch, with ``changes``; an empty one unticks."""
        page = self.get("/watches/new")
        found = re.search(r'name="watch_id" value="([0-9a-f]{20})"', page)
        assert found
        filled = {"watch_id": found[1]} | WATCH | changes
        return self.post(
            "/watches/new", {name: text for name, text in filled.items() if text or name not in _TICKS}
        )


def csrf_of(client: FlaskClient) -> str:
    """A token of forms as a page of this session would have it."""
    with client.session_transaction() as session:
        raw = session.setdefault("csrf", "raw-token-of-the-session")
    secret = str(client.application.secret_key)
    return str(URLSafeTimedSerializer(secret, salt="wtf-csrf-token").dumps(raw))


_TICKS = {"below", "drop", "historic_low", "new_listing", "back_in_stock", "status_news", *Channel}


def text_of(answer: TestResponse) -> str:
    """The page as people read it, still with its tags."""
    return unescape(answer.get_data(as_text=True))


def plain(page: str) -> str:
    """What is read of a page, without its tags."""
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


def errors_of(answer: TestResponse) -> dict[str, str]:
    """The sentences beside the fields."""
    return dict(re.findall(r'<p class="error" id="(\w+)-error"[^>]*>(.*?)</p>', text_of(answer)))
