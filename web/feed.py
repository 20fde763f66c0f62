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
from web import shelf
from web.alert_lines import is_unread
from web.shelf import Shelf
from web.site import site

log = logging.getLogger(__name__)

MOST = 500  # of one person
_PAGE = 25  # read at once at first, then as many as there are already
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Feed:
    """The newest alerts, newest first. ``is_cut``: there may be older ones."""

    alerts: tuple[Alert, ...]
    is_cut: bool


def latest(uid: str) -> Feed:
    """The newest alerts of this person. What has come to rest is put on their shelf, and read from there."""
    documents, old = site().documents, shelf.read(site().documents, uid)
    newer, is_cut = _newer(uid, old.mark or alerts.end_of_feed(uid))
    if is_cut:  # they may not reach as far as the shelf
        old = Shelf(is_cut=True)
    kept = Shelf(_standing(old.alerts), old.is_cut)
    rested = shelf.rested(newer, site().now())
    if len(rested) >= shelf.WORTH or kept != old:
        shelf.keep(documents, uid, _newest((*rested, *kept.alerts), kept))
    found = _newest((*newer, *kept.alerts), kept)
    return Feed(found.alerts, found.is_cut)


def merged(known: Feed, moved: Iterable[Document], uid: str) -> Feed:
    """With these alerts as they stand now, whether they were known or not."""
    found = {alert.id: alert for alert in _standing(known.alerts)}
    for alert in _own(moved, uid):
        found[alert.id] = alert
    newest = _newest(tuple(sorted(found.values(), key=alerts.newest_first)), Shelf(is_cut=known.is_cut))
    return Feed(newest.alerts, newest.is_cut)


def _standing(found: Iterable[Alert]) -> tuple[Alert, ...]:
    """Without those whose time is over, which may be gone already."""
    now = site().now()
    return tuple(one for one in found if (until := alerts.expires_at(one)) is None or until > now)


def _newest(found: tuple[Alert, ...], old: Shelf) -> Shelf:
    return Shelf(found[:MOST], is_cut=old.is_cut or len(found) > MOST)


def _newer(uid: str, end: str) -> tuple[list[Alert], bool]:
    """Those before ``end``, newest first; and whether there may be more of them than anyone looks through."""
    found: list[Document] = []
    after = alerts.feed(uid)
    while len(found) < MOST:
        limit = min(max(_PAGE, len(found)), MOST - len(found))
        wanted = Query(alerts.COLLECTION, ("newest_first",), ">", after, limit, below=end)
        found += (page := site().documents.find(wanted))
        if len(page) < limit:
            return list(_own(found, uid)), False
        after = page[-1].fields["newest_first"]
    return list(_own(found, uid)), True


def _own(found: Iterable[Document], uid: str) -> Iterator[Alert]:
    for document in found:
        if document.fields.get("uid") != uid:
            continue
        try:
            yield from _standing([alerts.from_document(document)])
        except UNREADABLE:
            log.warning("alert.unreadable", extra={"alert": document.id})


def mark_read(uid: str, shown: Collection[str], now: datetime) -> None:
    """Call those of this person's unread alerts read whose ids were shown; twice does no harm.

    Raises:
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    for _ in range(_ATTEMPTS):
        unread = [alert for alert in latest(uid).alerts if alert.id in shown and is_unread(alert)]
        writes = [
            Update(alerts.path(one.id), {"seen_at": now, **alerts.moved(uid)}, one.version or "")
            for one in unread
        ]
        try:
            if writes:
                site().documents.commit(*writes)
        except ConflictError:
            continue
        return
    raise StoreUnavailableError("the alerts kept changing")
