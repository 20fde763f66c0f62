"""The whole product on this machine with real parts: what every test from a watch to a text rests on.

Real: the Firestore emulator and its trigger events, the functions-framework, gunicorn, Twilio's SDK, SMTP.
Played: Eventarc (``eventarc.py``), Cloud Scheduler (``Chain.run``), and the vendors (``sandbox/``).
"""

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from flask import request
from google.cloud import firestore

from sandbox import replying
from sandbox.goods import Event, PriceRange
from sandbox.letters import Mail
from sandbox.mailbox import Mailbox, receiving
from sandbox.market import API_KEY, Market, market_app
from sandbox.phone import Phone, phone_app
from sandbox.servers import serving
from store.firestore import FirestoreDocuments
from tests.emulator.eventarc import CREATED, FENCE, WRITTEN, Eventarc
from tests.emulator.functions import Function, free_port
from tests.firestore_emulator import connect, running_emulator
from watchers import board
from watchers.documents import Query
from watchers.places import Places

BOARD = "ticketmaster-0"
PLACES = Places()
ENTRY_POINTS = {
    "ticket_monitor_worker": "http",
    "copy_monitor_job": "cloudevent",
    "deliver_alert": "cloudevent",
    "web": "http",
}
_KEY = f"key-{secrets.token_hex(16)}"
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Someone:
    """A person with a verified number and address."""

    uid: str
    phone: str
    email: str


@dataclass
class Slow:
    """For how many seconds the market lets those wait who search; questions about ids are not put off."""

    searches: float = 0.0


@dataclass(repr=False)
class Chain:
    """Everything that runs, and what a person or an operator does with it."""

    project: str
    client: firestore.Client
    market: Market
    slow: Slow
    phone: Phone
    mailbox: Mailbox
    eventarc: Eventarc
    settings: Mapping[str, str]
    folder: Path
    functions: dict[str, Function]
    private: list[str]

    @property
    def public_url(self) -> str:
        """Where people, and Twilio, reach the web function."""
        return self.settings["PUBLIC_URL"]

    @property
    def documents(self) -> FirestoreDocuments:
        """The same database, as the product sees it."""
        return FirestoreDocuments(client=self.client)

    # ── people and what they want ────────────────────────────────────────────────────────────────────────

    def someone(self) -> Someone:
        """A new person who can be texted and mailed."""
        number = next(_NUMBERS)
        person = Someone(
            f"u{number}",
            f"+1555{secrets.randbelow(10**7):07}",
            f"u{number}.{secrets.token_hex(4)}@people.test",
        )
        self.private += [person.phone, person.phone[1:], person.email]
        verified = datetime.now(UTC) - timedelta(days=1)
        self.client.document(f"people/{person.uid}").set(
            {
                "phone": person.phone,
                "phone_verified_at": verified,
                "email": person.email,
                "email_verified_at": verified,
                "timezone": "Europe/London",
                "quiet_hours": None,
            }
        )
        return person

    def show(self, face: str) -> Event:
        """A new show in the market with one price, in pounds."""
        tram, number = self.market.item("SbxNightTram01"), next(_NUMBERS)
        assert isinstance(tram, Event)
        price = PriceRange("face", "GBP", Decimal(face), Decimal(115))
        show = replace(tram, id=f"SbxStory{number:04}", act=f"Story {number}", prices=(price,))
        self.market.add(show)
        return show

    def save(self, person: Someone, watch_id: str, watch: Mapping[str, Any]) -> None:
        """Write the person's own copy, as their client would, and let the trigger do its work."""
        self.source(person, watch_id).set(dict(watch))
        self.settle()

    def source(self, person: Someone, watch_id: str) -> Any:
        """The person's own copy."""
        return self.client.document(PLACES.source(person.uid, watch_id))

    def status(self, person: Someone, watch_id: str) -> dict[str, Any]:
        """What the person may read of it."""
        return self._fields(PLACES.status(person.uid, watch_id))

    def job(self, watch_id: str) -> dict[str, Any]:
        """The worker's copy."""
        return self._fields(PLACES.job(watch_id))

    def _fields(self, path: str) -> dict[str, Any]:
        return self.client.document(path).get().to_dict() or {}

    # ── what runs by itself in the cloud ─────────────────────────────────────────────────────────────────

    def run(self, url: str | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """One run of the worker as Cloud Scheduler asks for it, and everything that follows from it."""
        report = self.post(url, headers)
        self.settle()
        return report

    def post(self, url: str | None = None, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """One run of the worker, and no waiting for what follows."""
        answer = httpx.post(
            url or self.functions["ticket_monitor_worker"].url,
            headers=headers or schedule(),
            trust_env=False,
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        report: dict[str, Any] = answer.json()
        return report

    def tick(self, url: str | None = None) -> dict[str, Any]:
        """A run, and what it says of Ticketmaster's board."""
        return board_report(self.run(url))

    def settle(self) -> None:
        """Until no event is under way, nor will be: every function has done what it had to do."""
        before = -1
        while before != (now := self._events_delivered()):
            before = now

    def _events_delivered(self) -> int:
        path = f"fences/f{next(_NUMBERS)}"
        self.client.document(path).set({})
        self.eventarc.wait_for_fence(path)
        return self.eventarc.wait_until_idle()

    # ── what arrives ─────────────────────────────────────────────────────────────────────────────────────

    def texts(self, person: Someone) -> list[str]:
        """The alerts on the person's phone, oldest first."""
        return self._received(person, "outbound-api")

    def answers(self, person: Someone) -> list[str]:
        """What was texted back to what the person wrote, oldest first; Twilio's own words among it."""
        return self._received(person, "outbound-reply")

    def _received(self, person: Someone, direction: str) -> list[str]:
        mine = [text for text in self.phone.texts if text.to == person.phone]
        return [text.body for text in mine if text.direction == direction]

    def reply(self, person: Someone, words: str) -> list[str]:
        """Text back, wait until what it asks for was done everywhere, and read what is answered."""
        before = len(self.answers(person))
        replying.reply(self.phone, person.phone, words)
        self.settle()
        return self.answers(person)[before:]

    def mails(self, person: Someone) -> list[Mail]:
        """The mails in the person's mailbox, oldest first."""
        return [mail for mail in self.mailbox.mails if person.email in mail.recipients]

    def alerts(self, watch_id: str) -> list[dict[str, Any]]:
        """The outbox's entries for one watch, oldest first."""
        found = self.documents.find(Query("alerts", ("watch_id",), "==", watch_id))
        return sorted(({**one.fields, "id": one.id} for one in found), key=lambda one: one["created_at"])

    def states(self, watch_id: str) -> list[tuple[str, str]]:
        """By which channel each of them goes, and where it stands."""
        return [(alert["channel"], alert["state"]) for alert in self.alerts(watch_id)]

    # ── what an operator can see and do ──────────────────────────────────────────────────────────────────

    def watched_shows(self) -> set[str | None]:
        """The items on the board."""
        return {row.target.item for row in board.peek(self.documents, BOARD).rows.values()}

    def price_on_board(self, show: Event) -> int:
        """The price that the board saw last, in pence."""
        (row,) = [
            one for one in board.peek(self.documents, BOARD).rows.values() if one.target.item == show.id
        ]
        (runs,) = row.history.prices.values()
        return runs[-1].value

    def is_leased(self) -> bool:
        """Whether somebody is ticking the board."""
        return bool(self._fields(board.path(BOARD))["lease"])

    def expire_lease(self) -> None:
        """What waiting for a minute and a half does."""
        ref = self.client.document(board.path(BOARD))
        lease = (ref.get().to_dict() or {})["lease"]
        assert lease is not None, "nobody holds the board"
        ref.update({"lease": lease | {"until": datetime.now(UTC) - timedelta(seconds=1)}})

    def pass_a_minute(self, watch_id: str) -> None:
        """What waiting for a minute does to the alerts of a watch."""
        for alert in self.alerts(watch_id):
            earlier = {
                name: alert[name] - timedelta(minutes=1) for name in ("due_at", "attempted_at") if alert[name]
            }
            self.client.document(f"alerts/{alert['id']}").update(earlier)

    def ensure_running(self) -> None:
        """What a test has killed is there for the next one."""
        for target in ENTRY_POINTS:
            self.functions[target].ensure_running()

    def new_lines(self) -> list[str]:
        """Every line that any function wrote since this was last asked."""
        return [line for function in self.functions.values() for line in function.new_lines()]

    @contextmanager
    def second_worker(self) -> Iterator[Function]:
        """One more instance of the worker."""
        with Function("ticket_monitor_worker", "http", self.settings, self.folder) as function:
            function.wait_until_ready()
            self.functions[f"worker on {function.port}"] = function  # its log is read with the others'
            yield function


def schedule(at: datetime | None = None) -> dict[str, str]:
    """The headers of one run; a retry of it carries the same."""
    moment = at or datetime.now(UTC)
    return {"X-CloudScheduler-JobName": "ticket-monitor", "X-CloudScheduler-ScheduleTime": moment.isoformat()}


def below(show: Event, price: str, **more: Any) -> dict[str, Any]:
    """A watch for this show under this price, told by text."""
    return {
        "name": "Story under a limit",
        "target": {"provider": "ticketmaster", "item": show.id},
        "conditions": [{"kind": "below", "price": price, "currency": "GBP", "basis": "face"}],
        "notify": ["sms"],
        "status": "active",
        **more,
    }


def board_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """What a run says of Ticketmaster's board."""
    (found,) = [one for one in report["boards"] if one["board"] == BOARD]
    assert isinstance(found, dict)
    return found


def eventually(holds: Callable[[], object], within: float = 20.0) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@contextmanager
def running_chain(folder: Path) -> Iterator[Chain]:
    """Start everything; whatever happens, nothing of it is left running."""
    with ExitStack() as stack:
        market, slow, mailbox = Market(calls_per_day=1_000_000), Slow(), Mailbox()
        phone = Phone("AC" + secrets.token_hex(16), secrets.token_hex(16))
        phone.hang_seconds = 11  # one second longer than the product waits
        phone.callback_pause = 0.02
        shop = market_app(market)
        shop.before_request(lambda: _wait(slow))
        shop.wsgi_app = _with_a_secret_key(shop.wsgi_app)  # type: ignore[method-assign]
        market_url, phone_url = (stack.enter_context(serving(app)) for app in (shop, phone_app(phone)))
        smtp_url = stack.enter_context(receiving(mailbox))
        eventarc = stack.enter_context(Eventarc())
        emulator = stack.enter_context(running_emulator(eventarc.host))
        project = f"demo-{secrets.token_hex(6)}"
        web_port = free_port()
        phone.product = f"http://127.0.0.1:{web_port}"
        client = connect(emulator, project)
        stack.callback(client.close)
        settings = {
            "STORE": "firestore",
            "FIRESTORE_EMULATOR_HOST": emulator,
            "GOOGLE_CLOUD_PROJECT": project,
            "PUBLIC_URL": phone.product,
            "SECRET_KEY": secrets.token_hex(16),
            "GROUPING_SECONDS": "0.1",
            "MESSAGES_PER_WATCH": "1000",
            "MESSAGES_PER_DAY": "1000",
            "MIN_INTERVAL_SECONDS": "0",
            "TICKETMASTER_API_KEY": _KEY,
            "TICKETMASTER_BASE_URL": market_url,
            "TICKETMASTER_CALLS_PER_DAY": "1000000",
            "TICKETMASTER_CALLS_PER_SECOND": "50",
            "STEAM_BASE_URL": market_url,
            "TWILIO_ACCOUNT_SID": phone.account_sid or "",
            "TWILIO_AUTH_TOKEN": phone.auth_token or "",
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": phone_url,
            "SMTP_URL": smtp_url,
            "MAIL_FROM": "Ticket Scout <scout@sender.test>",
        }
        functions = {
            target: stack.enter_context(
                Function(target, kind, settings, folder, web_port if target == "web" else None)
            )
            for target, kind in ENTRY_POINTS.items()
        }
        for function in functions.values():
            function.wait_until_ready()
        for trigger, kind, document in (
            ("copy_monitor_job", WRITTEN, "artifacts/{appId}/users/{userId}/ticket_monitors/{watchId}"),
            ("deliver_alert", CREATED, "alerts/{alertId}"),
            (FENCE, CREATED, "fences/{id}"),
        ):
            url = functions[trigger].url if trigger in functions else ""
            eventarc.register(emulator, project, trigger, kind, document, url)
        names = ("SECRET_KEY", "TICKETMASTER_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SMTP_URL")
        private = [settings[name] for name in names] + ["+15005550006", "scout@sender.test"]
        yield Chain(
            project, client, market, slow, phone, mailbox, eventarc, settings, folder, functions, private
        )


def _with_a_secret_key(app: Callable[..., Any]) -> Callable[..., Any]:
    """The market behind a key that can be told from other words in a log."""

    def locked(environ: dict[str, Any], start_response: Any) -> Any:
        environ["QUERY_STRING"] = environ["QUERY_STRING"].replace(API_KEY, "wrong").replace(_KEY, API_KEY)
        return app(environ, start_response)

    return locked


def _wait(slow: Slow) -> None:
    if slow.searches and "keyword" in request.args:
        time.sleep(slow.searches)
