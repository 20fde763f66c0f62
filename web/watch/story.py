"""What is known of one watch, read once: its document, the worker's copy, its boards, past prices and alerts.

Read are: the watch, the worker's copy, what the worker said (only where its copy does not say it), whoever is
signed in, one board for each shard its targets lie on, at most two chunks of past prices a target, and the
newest alerts as the page of all watches reads them. Nothing is written.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from notifiers import contacts
from notifiers.words.phrases import one_line
from watchers import deal, jobs, price_history
from watchers.deal import Deal
from watchers.documents import Document
from watchers.jobs import Job, UnreadableJobError
from watchers.models import Alert, Person
from watchers.money import PriceKey
from watchers.observation import Availability
from watchers.price_history import Series
from watchers.rows import Row
from watchers.target import Target
from watchers.watch import Watch
from web import briefs, cards, deliveries, entry, feed, monitors
from web.cards import Card
from web.deliveries import Clock
from web.plans import Plans
from web.site import site
from web.standing import line_of

log = logging.getLogger(__name__)

KEPT = timedelta(days=730)  # of past prices, for a deal and for the chart of all of them


@dataclass(frozen=True)
class Story:
    """One watch of one person.

    Attributes:
        source: Their own document; ``None`` once it is deleted.
        watch: What it asks for; ``None`` where that cannot be read.
        job: The worker's copy, of a deleted watch too.
        said: What the worker has said of it.
        rows: What the boards know, by target id.
        series: Past prices as far as they are shown, by target id.
        alerts: What was told of it, newest first. ``is_cut``: older ones are not looked through.
        plans: How watches are served.
    """

    id: str
    source: Document | None
    watch: Watch | None
    job: Job | None
    said: Mapping[str, Any] | None
    person: Person
    clock: Clock
    plans: Plans = field(repr=False)
    rows: Mapping[str, Row] = field(default_factory=dict)
    series: Mapping[str, Series] = field(default_factory=dict)
    alerts: Sequence[Alert] = ()
    is_cut: bool = False

    @property
    def zone(self) -> ZoneInfo:
        """The person's own."""
        return contacts.zone_of(self.person)

    @property
    def name(self) -> str:
        """What its owner calls it."""
        if self.source is not None:
            return monitors.name_of(self.source)
        told = self.alerts[0].news.watch_name if self.alerts else ""
        return one_line(self.job.watch.name if self.job else told) or self.id

    @property
    def targets(self) -> Sequence[Target]:
        """What it looks at, or looked at."""
        return self.watch.targets if self.watch else ()

    @cached_property
    def card(self) -> Card | None:
        """What the page of all watches says of it; ``None`` once it is deleted."""
        if self.source is None:
            return None
        waiting = deliveries.waiting(self.alerts, self.clock.now)
        line = line_of(self.source, self.job, self.said)
        known = cards.Known(self.clock.now, self.clock.zone, self.plans.of)
        return cards.card(briefs.brief(line, self.rows, self.clock.now, waiting), known)

    def prices(self) -> Mapping[tuple[str, PriceKey], int]:
        """What can be bought now, by target id and kind of price, as far as the watch's filters let it."""
        found = {}
        for target_id, row in self.rows.items():
            available = row.history.availability
            if available and available[-1].value is Availability.UNAVAILABLE:
                continue
            for key, runs in sorted(row.history.prices.items()):
                if runs and (self.watch is None or self.watch.wants(key)):
                    found[target_id, key] = runs[-1].value
        return found

    def deals(self) -> Mapping[tuple[str, PriceKey], Deal]:
        """How good each of these prices is."""
        now, found = self.prices(), {}
        for (target_id, key), price in now.items():
            series = self.series.get(target_id)
            others = [cost for (other, kind), cost in now.items() if kind == key and other != target_id]
            steps = series.steps.get(key, ()) if series else ()
            since = series.since if series else None
            found[target_id, key] = deal.deal(
                price, key.currency, steps, self.clock.now, since=since, others=others
            )
        return found


def find(uid: str, watch_id: str) -> Story | None:
    """All that is known of one watch of this person; ``None`` where there was never one, or it is not theirs.

    Raises:
        StoreUnavailableError: nothing is known.
    """
    if not monitors.is_id(watch_id):
        return None
    source, job = monitors.find(uid, watch_id), _job(uid, watch_id)
    said = _said(uid, watch_id, source, job)
    if source is None and said is None and job is None:
        return None
    document = entry.document()
    person = contacts.from_document(document) if document else Person(uid)
    now, plans = site().now(), site().plans()
    watch = monitors.read(source.fields) if source else job.watch if job else None
    rows = plans.rows(_known(watch))
    told = feed.latest(uid)
    return Story(
        watch_id, source, watch, job, said, person,
        clock=Clock(now, contacts.zone_of(person)),
        plans=plans,
        rows=rows,
        series=history(watch, rows, now) if watch else {},
        alerts=[alert for alert in told.alerts if alert.watch_id == watch_id],
        is_cut=told.is_cut,
    )  # fmt: skip


def history(
    watch: Watch, rows: Mapping[str, Row], now: datetime, kept: timedelta = KEPT
) -> Mapping[str, Series]:
    """Past prices of everything the watch looks at, by target id; at most two reads each."""
    runs = {target_id: row.history.prices for target_id, row in rows.items()}
    return {
        target.id: price_history.read_target(site().documents, target.id, now - kept, runs.get(target.id))
        for target in watch.targets
    }


def _known(watch: Watch | None) -> list[Target]:
    """What it watches, of providers that we know: the boards hold nothing else."""
    return [target for target in (watch.targets if watch else ()) if target.provider in site().providers]


def _job(uid: str, watch_id: str) -> Job | None:
    """The worker's copy, unless it is somebody else's or cannot be read."""
    document = site().documents.get(site().places.job(watch_id))
    try:
        job = jobs.read_job(document) if document else None
    except UnreadableJobError:
        log.warning("job.unreadable", extra={"watch": watch_id})
        return None
    return job if job and job.uid == uid else None


def _said(uid: str, watch_id: str, source: Document | None, job: Job | None) -> Mapping[str, Any] | None:
    """What the worker said; asked for only where its copy does not say it."""
    if source and job and job.says_of(source):
        return job.status_fields()
    document = site().documents.get(site().places.status(uid, watch_id))
    return document.fields if document else None
