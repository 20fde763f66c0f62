"""A whole life in the product, in a database that remembers every path it ever wrote."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from notifiers.tallies import Tally
from tests.fakes import FaultyDocuments
from tests.notifiers.kit import an_alert
from watchers import alerts, board, encoding
from watchers.asked import Refusal
from watchers.documents import Create, Document, Documents, Put, Update, Write
from watchers.jobs import copy_watch
from watchers.kinds import Channel
from watchers.models import AlertState
from watchers.places import Places, refusal

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
PHONE, EMAIL, UID = "+14155550123", "ann.private@example.com", "uid-of-ann"
PLACES = Places()
NOT_REFUSED: Refusal = lambda _target, _filters: None  # noqa: E731


class Remembering(FaultyDocuments):
    """Knows every path it ever wrote, so that nothing can be forgotten."""

    def __init__(self, inner: Documents) -> None:
        super().__init__(inner)
        self.paths: set[str] = set()

    def commit(self, *writes: Write) -> tuple[str, ...]:
        """See ``Documents.commit``."""
        self.paths |= {write.path for write in writes}
        return super().commit(*writes)

    def everything(self) -> list[Document]:
        """All that stands in the database."""
        paths = sorted(self.paths)
        return [found for found in self.inner.get_many(paths) if found]

    def mentions(self, *secrets: str) -> list[str]:
        """The documents in which one of these can be read, in the path or in a field."""
        return [one.path for one in self.everything() if any(each in _text(one) for each in secrets)]


def _text(document: Document) -> str:
    def said(value: object) -> str:
        return value.decode("latin-1") if isinstance(value, bytes) else str(value)

    return document.path + json.dumps(document.fields, default=said)


def source(name: str = "Ann's secret wish", **fields: Any) -> dict[str, Any]:
    """A watch as its owner saves it."""
    return {
        "name": name,
        "target": {"provider": "ticketmaster", "item": "E1"},
        "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
        "status": "active",
    } | fields


def person(**changes: Any) -> dict[str, Any]:
    """``people/{uid}`` of somebody who said everything there is to say."""
    return {
        "phone": PHONE,
        "phone_verified_at": NOW,
        "email": EMAIL,
        "email_verified_at": NOW,
        "push_url": "tgram://bot-token/12345",
        "push_verified_at": NOW,
        "timezone": "Europe/Berlin",
        "language": "de",
        "quiet_hours": {"from": "22:00", "to": "07:00"},
        "plan": "premium",
        "searches": [{"keyword": "Lakers"}],
        "consents": [{"at": NOW, "text": "v1", "number": PHONE, "ip": "203.0.113.9"}],
    } | changes


def live(documents: Documents, uid: str = UID, *, watches: int = 2, told: int = 3) -> None:
    """Everything the product keeps about somebody."""
    phone, email = (PHONE, EMAIL) if uid == UID else ("+14155550199", f"{uid}@example.org")
    documents.commit(Put(f"people/{uid}", person(phone=phone, email=email)))
    for number in range(watches):
        watch_id = f"{uid[:3]}-w{number}"
        documents.commit(Put(PLACES.source(uid, watch_id), source()))
        copy(documents, watch_id, uid)
    tell(documents, uid, told)
    documents.commit(
        Tally(uid, day=NOW.date(), month="2026-11", segments=3).write(),
        Put(f"alert_shelves/{uid}", {"blob": b"older alerts", "is_cut": False}),
        Put(f"pages/{uid}", {"lines": b"a page"}),
        Put(f"calendars/{uid}", {"uid": uid, "secret": "of an address", "shown": {}}),
        Put(refusal(uid, "w9"), {"uid": uid, "watch": "w9", "reasons": ["No."], "at": NOW}),
        Put(f"contacts/{uid}-digest", {"uid": uid}),
        Put(f"proofs/{uid}-proof", {"uid": uid, "address": phone}),
        Put(f"proofs/of-nobody-yet-{phone}", {"uid": None, "address": email}),
        Put(f"api_tokens/{uid}-digest-of-token", {"uid": uid, "name": "My script"}),
        Put(f"api_makers/{uid}", {"last": "digest-of-token"}),
        Put(f"idempotency/{uid}-key", {"uid": uid, "answer": "{}"}),
        Put(f"inbound/{uid}-SM1", {"uid": uid, "at": NOW, "verb": "why", "watch": f"{uid}-w0"}),
    )


def copy(documents: Documents, watch_id: str, uid: str = UID, now: datetime = NOW) -> str:
    """What the trigger does."""
    return copy_watch(documents, PLACES, NOT_REFUSED, uid=uid, watch_id=watch_id, now=now)


def tell(documents: Documents, uid: str = UID, count: int = 3) -> list[str]:
    """So many alerts: one waits, one is being sent, the others were delivered; their ids."""
    states = (AlertState.PENDING, AlertState.SENDING, AlertState.DELIVERED)
    told = []
    for number in range(count):
        alert = an_alert(Channel.SMS, watch_id=f"{uid}-w{number}")
        alert = replace(
            alert,
            id=f"{uid}-{number}",
            uid=uid,
            state=states[min(number, 2)],
            created_at=NOW + timedelta(milliseconds=number),
            due_at=NOW if number < 2 else None,
        )
        told.append(alert)
    for start in range(0, len(told), 400):
        documents.commit(*map(alerts.creation, told[start : start + 400]))
    return [alert.id for alert in told]


def hear(documents: Documents, up_to: datetime | None = None) -> None:
    """The board ticks: it has read all that was written until then."""
    cursor = up_to or datetime.now(UTC) + timedelta(minutes=1)
    fields = {"cursor": cursor, "saved_at": NOW, "blob": encoding.encode({})}
    path = board.path("ticketmaster-0")
    known = documents.get(path)
    documents.commit(Update(path, fields, known.version) if known else Create(path, fields))


def paths(found: Sequence[Document]) -> list[str]:
    """Where they lie."""
    return [one.path for one in found]
