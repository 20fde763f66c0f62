"""A person's own alerts: reading the newest of them, and calling them read.

What is read is what its page showed: an alert that comes between a look and a press stays new.
"""

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from notifiers.outbox import UNREADABLE
from watchers import alerts
from watchers.documents import Document, Query, Update
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.models import Alert
from web.alert_lines import is_unread
from web.site import site

log = logging.getLogger(__name__)

MOST = 500  # of one person
_PAGE = 25  # read at once at first, then as many as there are already: the last page may be other people's
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Feed:
    """The newest alerts, newest first. ``is_cut``: there may be older ones."""

    alerts: tuple[Alert, ...]
    is_cut: bool


def latest(uid: str) -> Feed:
    """The newest alerts of this person."""
    found: list[Document] = []
    after = feed = alerts.feed(uid)
    while len(found) < MOST:
        limit = min(max(_PAGE, len(found)), MOST - len(found))
        page = site().documents.find(Query(alerts.COLLECTION, ("newest_first",), ">", after, limit))
        found += page
        after = page[-1].fields["newest_first"] if page else ""
        if len(page) < limit or not after.startswith(feed):
            return Feed(tuple(_own(found, uid)), is_cut=False)
    return Feed(tuple(_own(found, uid)), is_cut=True)


def _own(found: Iterable[Document], uid: str) -> Iterator[Alert]:
    for document in found:
        if document.fields.get("uid") != uid:
            continue
        try:
            yield alerts.from_document(document)
        except UNREADABLE:
            log.warning("alert.unreadable", extra={"alert": document.id})


def mark_read(uid: str, shown: Collection[str], now: datetime) -> None:
    """Call those of this person's unread alerts read whose ids were shown; twice does no harm.

    Raises:
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    for _ in range(_ATTEMPTS):
        unread = [alert for alert in latest(uid).alerts if alert.id in shown and is_unread(alert)]
        writes = [Update(alerts.path(one.id), {"seen_at": now}, one.version or "") for one in unread]
        try:
            if writes:
                site().documents.commit(*writes)
        except ConflictError:
            continue
        return
    raise StoreUnavailableError("the alerts kept changing")
