"""What has become of news that was held: is it still wanted, and what is the price now.

Quiet hours and digests hold delivery, never evaluation. When held news goes out at last, it says what was
true then and what is true now; news of a watch that has meanwhile ended goes to nobody.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from notifiers import proofs
from watchers import expiry, jobs
from watchers.documents import Document, Documents
from watchers.homes import Peek
from watchers.jobs import UnreadableJobError
from watchers.models import Alert, News, Reason
from watchers.money import PriceKey
from watchers.places import Places
from watchers.shards import provider_of
from watchers.watch import Watch


@dataclass(frozen=True, slots=True)
class Unwanted:
    """Nobody wants to hear of it any more, and why: ``ended``, ``paused``, ``deleted``, ``expired``."""

    why: str


@dataclass(frozen=True, slots=True)
class Snoozed:
    """Its watch is to be silent until then."""

    until: datetime


class Freshness:
    """Looks things up for the alerts of one sweep; each board is read once."""

    def __init__(self, documents: Documents, places: Places) -> None:
        self._documents, self._places = documents, places
        self._boards = Peek(documents)

    def of(self, alert: Alert, now: datetime) -> News | Unwanted | Snoozed:
        """What an alert that was held says now, or why it says nothing now."""
        if alert.news.reason.is_awaited:
            is_over = alert.news.reason is Reason.CODE and now - alert.created_at > proofs.LASTS
            return Unwanted("expired") if is_over else alert.news
        document = self._documents.get(self._places.job(alert.watch_id))
        if document.fields.get("deleted_at") if document else now - alert.created_at > expiry.DELETED:
            return Unwanted("deleted")  # its tombstone may be gone by itself
        watch = _watch(document) if document else None
        if watch is None:  # what cannot be known is no reason to keep silent; who deletes leaves a tombstone
            return self.priced(alert.news, now)
        if watch.status != "active":
            return Unwanted(str(watch.status))
        if watch.snoozed_until and watch.snoozed_until > now:
            return Snoozed(watch.snoozed_until)
        return self.priced(alert.news, now)

    def priced(self, news: News, now: datetime) -> News:
        """The news with today's price beside its own, where it is about a price and the source was seen."""
        if news.price is None or news.basis is None or news.currency is None or not news.target_id:
            return news
        if provider_of(news.target_id) != news.provider:
            return news
        row = self._boards.row(news.target_id)
        if row is None or row.blind or row.history.seen_at is None:
            return news
        if news.observed_at and row.history.seen_at < news.observed_at.replace(microsecond=0):
            return news  # the board was not saved since: it knows less than the news
        runs = row.history.prices.get(PriceKey(news.basis, news.currency), ())
        is_current = bool(runs) and runs[-1].last_ms >= _milliseconds(row.history.seen_at)
        return replace(news, now_at=now, now_price=runs[-1].value if is_current else None)


def _watch(document: Document) -> Watch | None:
    try:
        return jobs.read_job(document).watch
    except UnreadableJobError:
        return None


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000) // 1000 * 1000
