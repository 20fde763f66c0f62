"""A person's older alerts in one document, ``alert_shelves/{uid}``: a page reads it instead of each of them.

Only what has come to rest lies there: a week after it was settled a vendor has said whatever it will say, and
what is unread or still waits is never at rest. All alerts from ``mark`` on, back to the oldest that a page
looks through, are on the shelf; so only newer ones are read, and nothing is missing or there twice.

The alerts themselves stay where they are, and are what is true: a shelf that is lost, damaged or overwritten
by an older one costs some reads.
"""

import json
import logging
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from notifiers.outbox import FINAL, UNREADABLE
from watchers import alerts, expiry
from watchers.documents import Document, Documents, Put
from watchers.errors import StoreError
from watchers.models import Alert, AlertState
from web.alert_lines import is_unread

log = logging.getLogger(__name__)

RESTS_AFTER = timedelta(days=7)  # a text waits 10 hours: https://www.twilio.com/docs/api/errors/90007
WORTH = 3  # alerts that came to rest, for one write
_SETTLED = FINAL | {AlertState.SENT, AlertState.UNCERTAIN}
_DAMAGED = (zlib.error, *UNREADABLE)


@dataclass(frozen=True, slots=True)
class Shelf:
    """Alerts at rest, newest first. ``is_cut``: there are older ones that nobody looks through."""

    alerts: tuple[Alert, ...] = ()
    is_cut: bool = False

    @property
    def mark(self) -> str | None:
        """``newest_first`` of the newest of them."""
        return alerts.newest_first(self.alerts[0]) if self.alerts else None


def path(uid: str) -> str:
    """Where this person's shelf is."""
    return f"alert_shelves/{uid}"


def read(documents: Documents, uid: str) -> Shelf:
    """The shelf (one read); an empty one if there is none, or it cannot be read."""
    document = documents.get(path(uid))
    try:
        return _decoded(document) if document else Shelf()
    except _DAMAGED:
        log.warning("shelf.damaged", extra={"person": uid})
        return Shelf()


def rested(newer: Sequence[Alert], now: datetime) -> tuple[Alert, ...]:
    """Those of ``newer`` that may be laid before the shelf: from the oldest on, without a gap."""
    found = list(takewhile(lambda alert: is_at_rest(alert, now), reversed(newer)))
    return tuple(reversed(found))


def keep(documents: Documents, uid: str, shelf: Shelf) -> None:
    """Write it (one write); best effort."""
    fields = {"blob": packed(shelf.alerts), "is_cut": shelf.is_cut, expiry.FIELD: _first_to_go(shelf)}
    with suppress(StoreError):
        documents.commit(Put(path(uid), fields))


def _first_to_go(shelf: Shelf) -> datetime | None:
    """No alert is kept here for longer than by itself; for whoever comes back, one of the others is made."""
    return min(filter(None, map(alerts.expires_at, shelf.alerts)), default=None)


def packed(found: Iterable[Alert]) -> bytes:
    """Alerts as bytes."""
    return zlib.compress(json.dumps([_fields(alert) for alert in found], default=_said).encode())


def unpacked(blob: bytes, at: datetime) -> tuple[Alert, ...]:
    """The inverse of ``packed``, of a document of this time; raises one of ``DAMAGED``."""
    stored = json.loads(zlib.decompress(blob), object_hook=_heard)
    return tuple(alerts.from_document(Document(alerts.path(one["id"]), one, "", at)) for one in stored)


def is_at_rest(alert: Alert, now: datetime) -> bool:
    """Whether nothing that a page says of it can change any more."""
    settled = alert.state in _SETTLED and alert.due_at is None and not is_unread(alert)
    return settled and max(alert.settled_at or alert.created_at, alert.created_at) < now - RESTS_AFTER


def _fields(alert: Alert) -> dict[str, Any]:
    return {**alerts.to_fields(alert), "id": alert.id}


def _said(value: datetime) -> dict[str, str]:
    return {"$at": value.isoformat()}


def _heard(stored: dict[str, Any]) -> Any:
    return datetime.fromisoformat(stored["$at"]) if stored.keys() == {"$at"} else stored


def _decoded(document: Document) -> Shelf:
    found = unpacked(document.fields["blob"], document.updated_at)
    return Shelf(found, bool(document.fields["is_cut"]))
