"""A provider with a call an hour, ticked every ten minutes for a day: what its quota buys, what is told."""

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.upstream import Upstream
from tests.world import PLACES, DatedDocuments
from watchers import alerts, board, jobs
from watchers.documents import Put, Query
from watchers.models import Alert
from watchers.providers.ticketmaster_feed import TicketmasterFeed
from watchers.tick import Report, tick

BOARD = "ticketmaster_feed-0"
STEP, HOUR = timedelta(minutes=10), timedelta(hours=1)
ON = {
    "TICKETMASTER_FEED": "on",
    "TICKETMASTER_API_KEY": "kit-secret-5b1d",
    "TICKETMASTER_FEED_CALLS_PER_SECOND": "10000",
}


class Day:
    """A database, Ticketmaster's storage, and a time. Every event of every country costs ``price``."""

    def __init__(self, events: Iterable[str]) -> None:
        self.documents = DatedDocuments()
        self.now = datetime(2100, 1, 1, tzinfo=UTC)
        self.price = 100
        self.events = list(events)
        self._country = ""
        self.looks: list[tuple[datetime, str]] = []
        self.upstream = Upstream(self._answer)
        feed = TicketmasterFeed.from_env(ON, self.upstream.client)
        assert isinstance(feed, TicketmasterFeed)
        self.feed = feed

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if country := request.url.params.get("countryCode"):
            self._country = country
            return httpx.Response(303, headers={"location": "https://files.example/feed.gz"})
        self.looks.append((self.now, self._country))
        rows = [
            {
                "eventId": id_,
                "eventName": "Gulls",
                "minPrice": self.price,
                "currency": "USD",
                "eventStatus": "onsale",
            }
            for id_ in self.events
        ]
        return httpx.Response(200, content=gzip.compress(json.dumps({"events": rows}).encode()))

    def watch(self, watch: str, **target: Any) -> None:
        """Somebody waits for 90.00."""
        condition = {"kind": "below", "price": "90.00", "currency": "USD"}
        asked = {"provider": "ticketmaster_feed", **target}
        fields = {"name": watch, "target": asked, "conditions": [condition], "notify": ["email"]}
        self.documents.commit(Put(PLACES.source("u1", watch), fields))
        refusal = self.feed.refusal
        jobs.copy_watch(self.documents, PLACES, refusal, uid="u1", watch_id=watch, now=self.now)

    def hours(self, number: float) -> list[Report]:
        """Ticks for so long, ten minutes apart."""
        return [self._tick() for _ in range(round(number * HOUR / STEP))]

    def _tick(self) -> Report:
        self.now += STEP
        self.documents.be(self.now)
        run = self.now.isoformat()
        return tick(self.documents, PLACES, self.feed, board_name=BOARD, run=run, now=self.now)

    def alerts(self) -> list[Alert]:
        """Everything in the outbox."""
        return [*map(alerts.from_document, self.documents.find(Query(alerts.COLLECTION)))]


@pytest.fixture
def day() -> Day:
    """20 events of the United States, each with a watch."""
    ids = [f"vvFeed{number:05d}" for number in range(20)]
    day = Day(ids)
    for id_ in ids:
        day.watch(id_, item=id_)
    return day


def gaps(looks: list[datetime]) -> list[timedelta]:
    return [later - earlier for earlier, later in pairwise(looks)]


def test_a_day_buys_a_look_an_hour_at_everything_and_never_a_call_more(day: Day) -> None:
    reports = day.hours(24)
    looks = [at for at, _ in day.looks]
    assert 20 <= len(looks) <= 24
    assert sum(report.calls for report in reports) == len(looks) == len(day.upstream.requests) / 2
    assert all(report.asked in (0, 20) for report in reports), "one look shows everybody"
    assert max(gaps(looks)) <= timedelta(minutes=80)
    assert min(gaps(looks)) >= timedelta(minutes=60)
    assert not any(report.blind for report in reports), "an hour between looks is as it should be"


def test_a_price_that_falls_between_two_looks_is_told_at_the_next_one_and_once(day: Day) -> None:
    day.hours(2)
    assert day.alerts() == []
    day.price = 85
    day.hours(1.5)
    assert len(day.alerts()) == 20
    assert {alert.news.price for alert in day.alerts()} == {8500}
    day.hours(3)
    assert len(day.alerts()) == 20


def test_two_countries_share_the_day_and_neither_waits_for_the_other(day: Day) -> None:
    day.watch("british", item="vvFeed00001", country="GB")
    reports = day.hours(24)
    looks = {country: [at for at, one in day.looks if one == country] for country in ("US", "GB")}
    assert sum(report.calls for report in reports) == len(day.looks) <= 24
    assert len(looks["US"]) > len(looks["GB"]) >= 4, "one British watch waits longer, and not for ever"
    assert max(gaps(looks["US"])) <= 4 * HOUR


def test_a_file_that_cannot_be_read_costs_no_more_than_its_turn(day: Day) -> None:
    day.hours(0.5)
    before = len(day.looks)
    day.events = []
    day.hours(12)
    assert len(day.looks) - before <= 13
    assert all(row.history.prices for row in board.peek(day.documents, BOARD).rows.values()), (
        "nothing is lost"
    )
