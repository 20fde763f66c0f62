"""The story's stage on one machine: an SQLite file, the worker and the copier as processes, no events.

What is told goes out by the worker's own sweep, as it does wherever an event is lost.
"""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from sandbox.goods import Event, PriceRange
from sandbox.market import API_KEY, Market, market_app
from sandbox.phone import Phone, phone_app
from sandbox.servers import serving
from store.sqlite import SqliteDocuments
from tests.emulator.chain import PLACES, Someone, schedule
from tests.emulator.eventarc import WRITTEN
from tests.emulator.functions import Function, records
from tests.upgrade.versions import Version
from watchers.documents import Delete, Put

_NUMBERS = count(1)


@dataclass
class Laptop:
    """See ``story.Stage``."""

    market: Market
    documents: SqliteDocuments
    phone: Phone
    settings: Mapping[str, str]
    folder: Path
    worker: Function
    copier: Function
    running: ExitStack

    def switch(self, version: Version) -> None:
        for function in (self.worker, self.copier):
            function.kill()
            function.become(version.main)
            function.start()
        for function in (self.worker, self.copier):
            function.wait_until_ready()

    def someone(self) -> Someone:
        person = Someone(f"u{next(_NUMBERS)}", f"+1555{secrets.randbelow(10**7):07}", "")
        verified = datetime.now(UTC) - timedelta(days=1)
        fields = {"phone": person.phone, "phone_verified_at": verified, "timezone": "Europe/London"}
        self.documents.commit(Put(f"people/{person.uid}", fields))
        return person

    def show(self, face: str) -> Event:
        tram = self.market.item("SbxNightTram01")
        assert isinstance(tram, Event)
        price = PriceRange("face", "GBP", Decimal(face), Decimal(115))
        return replace(tram, id=f"SbxUpgrade{next(_NUMBERS):04}", prices=(price,))

    def save(self, person: Someone, watch_id: str, watch: Mapping[str, Any]) -> None:
        path = PLACES.source(person.uid, watch_id)
        self.documents.commit(Put(path, dict(watch)))
        self._written(path)

    def delete(self, person: Someone, watch_id: str) -> None:
        path = PLACES.source(person.uid, watch_id)
        self.documents.commit(Delete(path))
        self._written(path)

    def _written(self, path: str) -> None:
        event = {"specversion": "1.0", "id": secrets.token_hex(8), "type": WRITTEN, "source": "here"}
        headers = {f"ce-{name}": value for name, value in (event | {"document": path}).items()}
        self._post(self.copier.url, headers)

    def run(self) -> None:
        self.post(self.worker.url)

    def refuse_one_text(self) -> None:
        self.phone.faults.append("429")

    def one_of_each(self, other: Version) -> tuple[str, str]:
        second = Function("ticket_monitor_worker", "http", self.settings, self.folder)
        second.become(other.main)
        self.running.enter_context(second)
        second.wait_until_ready()
        return self.worker.url, second.url

    def post(self, url: str) -> None:
        self._post(url, schedule())

    def _post(self, url: str, headers: Mapping[str, str]) -> None:
        answer = httpx.post(url, headers=dict(headers), json={}, trust_env=False, timeout=60)
        assert answer.status_code in (200, 204), answer.text

    def texts(self, person: Someone) -> list[str]:
        return [text.body for text in self.phone.texts if text.to == person.phone]

    def mails(self, person: Someone) -> list[Any]:  # noqa: ARG002 - nobody here has an address
        return []

    def complaints(self) -> list[str]:
        """What any version wrote of errors."""
        lines = records([line for one in (self.worker, self.copier) for line in one.new_lines()])
        return [str(one) for one in lines if one["severity"] in ("ERROR", "CRITICAL")]


@contextmanager
def standing_laptop(folder: Path) -> Iterator[Laptop]:
    """Everything of it; its processes start with the first version that is asked for."""
    with ExitStack() as stack:
        market = Market(calls_per_day=1_000_000)
        phone = Phone("AC" + secrets.token_hex(16), secrets.token_hex(16))
        phone.calls_back = False
        market_url, phone_url = (
            stack.enter_context(serving(app)) for app in (market_app(market), phone_app(phone))
        )
        file = folder / "scout.db"
        documents = SqliteDocuments(str(file))
        stack.callback(documents.close)
        settings = {
            "STORE": f"sqlite:///{file}",
            "SECRET_KEY": secrets.token_hex(16),
            "GROUPING_SECONDS": "0",
            "MESSAGES_PER_WATCH": "1000",
            "MESSAGES_PER_DAY": "1000",
            "MIN_INTERVAL_SECONDS": "0",
            "TICKETMASTER_API_KEY": API_KEY,
            "TICKETMASTER_BASE_URL": market_url,
            "TICKETMASTER_CALLS_PER_DAY": "1000000",
            "TICKETMASTER_CALLS_PER_SECOND": "50",
            "STEAM_BASE_URL": market_url,
            "TWILIO_ACCOUNT_SID": phone.account_sid or "",
            "TWILIO_AUTH_TOKEN": phone.auth_token or "",
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": phone_url,
        }
        worker, copier = (
            stack.enter_context(Function(target, kind, settings, folder))
            for target, kind in (("ticket_monitor_worker", "http"), ("copy_monitor_job", "cloudevent"))
        )
        running = stack.enter_context(ExitStack())
        yield Laptop(market, documents, phone, settings, folder, worker, copier, running)
