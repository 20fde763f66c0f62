"""What it costs: document operations counted by running the real code, and what a month of them comes to.

    .venv/bin/python bench/cost.py

Counted at the store's client, as Firestore bills them, each for one alone (which is the dearest): an
uneventful run, a change that concerns nobody and what price history keeps of it, an alert from the look to
the vendor's callback, a watch that is saved, a page of somebody who was told things for a year. Prices and
what is assumed of people stand in ``prices.toml`` with their sources and date. Promised: 20,000 watches of
5,000 targets fit into Firestore's free quota of a day. Storage is the documents as Firestore measures them,
without indexes. Not counted: traffic, indexes that are read, people's mail.
"""

import math
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.report import Report, arguments
from notifiers.base import Message
from notifiers.base import Report as Callback
from notifiers.deliver import deliver, sweep
from notifiers.learning import learn
from notifiers.links import Links
from notifiers.means import Means
from store.limits import document_size
from store.sqlite import SqliteDocuments
from watchers import alerts
from watchers.documents import Create, Put, Query
from watchers.folding import OVERLAP
from watchers.jobs import copy_watch
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, News, Reason
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.places import Places
from watchers.providers.base import Fetched
from watchers.quota import Budget, Quota
from watchers.target import Target
from watchers.watch import Filters
from watchers.worker import Round, work
from web.app import create_app
from web.site import Site

PLACES = Places()
SCALES = (1_000, 100_000, 1_000_000)
FREE_WATCHES, FREE_TARGETS = 20_000, 5_000
MONTH, YEAR = 30, 365
KEEP = timedelta(days=730)  # price history
MOVES = 24  # of one price: so many that what is kept of a few at a time comes out even
Spent = Mapping[str, float]


class Shop:
    """A provider that answers from memory; ``prices`` are hundredths by item."""

    name = "bench"
    quota = Quota(calls=100_000_000, per=timedelta(days=1), per_second=1_000_000)

    def __init__(self) -> None:
        self.prices: dict[str, int] = {}

    @staticmethod
    def refusal(_target: Target, _filters: Filters) -> None:
        """Everything can be watched."""

    def batches(self, targets: Sequence[Target]) -> list[list[Target]]:
        """By fifty."""
        return [list(targets[start : start + 50]) for start in range(0, len(targets), 50)]

    def fetch(self, batch: Sequence[Target], budget: Budget, now: datetime) -> Fetched:
        """What it costs now."""
        budget.take()
        return Fetched({target.id: self._observed(target, now) for target in batch})

    def _observed(self, target: Target, now: datetime) -> Observation:
        price = Price(Basis.FACE, "USD", self.prices.get(target.item or "", 9_000))
        return Observation(target, now, prices=(price,), availability=Availability.AVAILABLE)

    @staticmethod
    def read(_body: bytes, _now: datetime) -> list[Observation]:
        """Nothing is recorded here."""
        return []


@dataclass
class Phone:
    """Takes every text."""

    channel: Channel = Channel.SMS

    def send(self, message: Message, _to: str) -> str:
        """See ``Notifier.send``."""
        return f"receipt-{message.alert_id}"


@dataclass
class World:
    """One database whose operations are counted by what was done."""

    documents: SqliteDocuments = field(default_factory=lambda: SqliteDocuments(":memory:"))
    shop: Shop = field(default_factory=Shop)
    runs: int = 0

    def __post_init__(self) -> None:
        links = Links("https://scout.example", "not-a-real-key")
        self.means = Means(self.documents, {Channel.SMS: Phone()}, links)

    def counted(self, act: Callable[[], object]) -> Counter[str]:
        """What it read and wrote."""
        before = Counter(self.documents.operations)
        act()
        return Counter(self.documents.operations) - before

    def run(self) -> Round:
        """A minute later, one run of the worker."""
        self.runs += 1
        return work(
            self.documents,
            PLACES,
            {"bench": self.shop},
            lambda at: sweep(self.means, now=at, deadline=at + timedelta(minutes=1)),
            run=f"r{self.runs}",
            now=datetime.now(UTC) + timedelta(minutes=self.runs),
            every=timedelta(seconds=60),
            seconds=600,
            keep=KEEP,
        )

    def save(self, number: int) -> None:
        """A person's watch is written, and copied by its trigger."""
        now = datetime.now(UTC)
        wanted = {
            "name": f"Watch {number}",
            "target": {"provider": "bench", "item": str(number)},
            "conditions": [{"kind": "below", "price": "85.00", "currency": "USD"}],
            "notify": ["sms"],
        }
        self.documents.commit(Put(PLACES.source("ann", f"w{number}"), wanted))
        copy_watch(self.documents, PLACES, self.shop.refusal, uid="ann", watch_id=f"w{number}", now=now)


def _uneventful(world: World) -> Counter[str]:
    """Of a run like any other: what was just saved has been folded in."""
    for _ in range(5):
        world.run()
    time.sleep(OVERLAP.total_seconds() + 1)  # what was saved lately is read once more
    for _ in range(3):
        world.run()
    return world.counted(world.run)


def count(world: World, assumed: Mapping[str, Any]) -> dict[str, Spent]:
    """Every kind of event with its operations."""
    now = datetime.now(UTC)
    verified = {"phone": "+15550000001", "phone_verified_at": now - timedelta(days=1)}
    world.documents.commit(Put("people/ann", verified))
    for number in range(1, 6):
        world.save(number)
    quiet = _uneventful(world)
    spent: dict[str, Spent] = {"an uneventful run": quiet}
    spent["a page of five watches"] = _page(world, assumed)
    world.shop.prices["1"] = 8_900
    spent["a change that concerns nobody"] = world.counted(world.run) - quiet
    spent["a change: kept as price history"] = _moves(world, quiet)
    world.shop.prices["1"] = 8_400
    spent["an alert: look, claim, text, settle"] = world.counted(world.run) - quiet
    (told,) = world.documents.find(Query("alerts", ("watch_id",), "==", "w1"))
    later = datetime.now(UTC) + timedelta(minutes=world.runs)
    spent["an alert: its trigger"] = world.counted(lambda: deliver(told.id, world.means, now=later))
    arrived = Callback(f"receipt-{told.id}", AlertState.DELIVERED)
    spent["an alert: the vendor's callback"] = world.counted(
        lambda: learn(told.id, arrived, world.means, now=later)
    )
    spent["a watch saved: itself and its copy"] = world.counted(lambda: world.save(6))
    spent["a watch saved: folded in and seen"] = _run_after_saving(world, quiet)
    return spent


def _run_after_saving(world: World, quiet: Counter[str]) -> Counter[str]:
    """Some seconds after it was saved, as in eleven minutes of twelve; in the twelfth it is read twice."""
    time.sleep(OVERLAP.total_seconds() + 1)
    runs = world.counted(world.run) + world.counted(world.run)
    return runs - quiet - quiet


def _moves(world: World, quiet: Counter[str]) -> Spent:
    """Of each move of a price that nobody waits for, beyond the run that sees it."""
    before = Counter(world.documents.operations)
    for move in range(MOVES):
        world.shop.prices["2"] = 9_100 + 100 * (move % 7)
        world.run()
    spent = Counter(world.documents.operations) - before
    return {name: (number - MOVES * quiet[name]) / MOVES for name, number in spent.items()}


def _page(world: World, assumed: Mapping[str, Any]) -> Spent:
    """Of each visit of two months, at the assumed rates, after a year of alerts; other people have theirs."""
    now, days = datetime.now(UTC), 2 * MONTH
    each = MONTH / (assumed["watches_per_person"] * assumed["alerts_per_watch_a_month"])
    told = [
        _told("ann", now + timedelta(days=number * each - YEAR))
        for number in range(int((YEAR + days) / each))
    ]
    world.documents.commit(*(_told("bob", now - timedelta(hours=number)) for number in range(100)))
    number = round(days * assumed["page_views_per_person_a_day"])
    spent = Counter[str]()
    for at in (now + timedelta(days=days * visit / number) for visit in range(-1, number)):
        arrived = [one for one in told if one.fields["created_at"] <= at]
        world.documents.commit(*arrived)
        told = told[len(arrived) :]
        visit = world.counted(partial(_visit, world, at))
        spent += visit if at >= now else Counter()  # the one before the first lays all of the year aside
    return {name: total / number for name, total in spent.items()}


def _told(uid: str, at: datetime) -> Create:
    """An alert that was sent then."""
    news = News(Reason.BELOW_LIMIT, watch_name="Watch 1", provider="bench", event_name="Night Tram Orchestra")
    alert = Alert(
        id=f"{uid}-{at:%Y%m%d%H%M%S}",
        uid=uid,
        watch_id="w0",
        channel=Channel.SMS,
        code=f"{at:%m%d%H%M}",
        news=news,
        created_at=at,
        state=AlertState.SENT,
        settled_at=at,
    )
    return alerts.creation(alert)


def _visit(world: World, at: datetime) -> None:
    site = Site(
        documents=world.documents,
        places=PLACES,
        refusal=world.shop.refusal,
        secret_key="not-a-real-key-but-long-enough",  # noqa: S106
        public_url="http://localhost",
        local_person="ann",
        providers={"bench": "on"},
        now=lambda: at,
    )
    answer = create_app(site).test_client().get("/", base_url="http://localhost")
    if answer.status_code != 200:  # noqa: PLR2004 - HTTP
        raise RuntimeError(f"the page answered {answer.status_code}")


def sizes(world: World) -> dict[str, float]:
    """Bytes, as Firestore measures documents: of a watch with its copies, an alert, a person's shelf."""

    def of(*queries: Query) -> float:
        found = [one for query in queries for one in world.documents.find(query)]
        return sum(document_size(one.path, one.fields) for one in found) / len(found)

    watch = of(Query(PLACES.sources("ann"))) + of(Query(PLACES.worker_collection))
    status = of(Query(PLACES.status("ann", "any").rpartition("/")[0]))
    return {"a watch": watch + status, "an alert": of(Query("alerts")), "a shelf": of(Query("alert_shelves"))}


@dataclass(frozen=True, slots=True)
class Day:
    """What an installation does in a day."""

    operations: Mapping[str, float]
    alerts: float
    requests: float
    vcpu_seconds: float
    boards: int
    gib: float = 0.0  # stored, after a year


def day(
    watches: float,
    spent: Mapping[str, Spent],
    assumed: Mapping[str, Any],
    run_ms: float,
    stored: Mapping[str, float] | None = None,
) -> Day:
    """So many watches, at the assumed rates; ``run_ms``: our own part of a run of one full board.

    ``stored``: bytes of a watch, an alert, a person's shelf; and of a target what a board and two years hold.
    """
    targets = watches / assumed["watches_per_target"]
    boards = max(1, math.ceil(targets / assumed["targets_per_board"]))
    runs = boards * assumed["runs_a_day"]
    alerts = watches * assumed["alerts_per_watch_a_month"] / MONTH
    edits = watches * assumed["edits_per_watch_a_month"] / MONTH
    views = watches / assumed["watches_per_person"] * assumed["page_views_per_person_a_day"]
    each = {
        "an uneventful run": runs,
        "a change": targets * assumed["changes_per_target_a_day"],
        "an alert": alerts,
        "a watch": edits,
        "a page": views,
    }
    operations: dict[str, float] = {"reads": 0, "writes": 0}
    for event, cost in spent.items():
        times = next(number for begins, number in each.items() if event.startswith(begins))
        for name, number in cost.items():
            operations[name] = operations.get(name, 0) + number * times
    full = min(1.0, targets / assumed["targets_per_board"])
    waiting = targets / boards / assumed["apps_a_call"] / assumed["calls_a_second"]
    triggered = 3 * alerts + edits + views
    return Day(
        operations,
        alerts,
        runs + triggered,
        (runs * (run_ms / 1e3 * full + waiting) + triggered * assumed["seconds_an_event"]) * assumed["vcpu"],
        boards,
        _bytes(watches, targets, alerts, assumed, stored or {}) / 2**30,
    )


def _bytes(
    watches: float, targets: float, alerts: float, assumed: Mapping[str, Any], stored: Mapping[str, float]
) -> float:
    """Of all documents after a year. Alerts stay for ever: each further year adds its own."""
    of = Counter(stored)
    people = watches / assumed["watches_per_person"]
    per_target = assumed["bytes_a_target_on_its_board"] + assumed["bytes_a_target_of_price_history"]
    told = alerts * YEAR * of["an alert"] + people * of["a shelf"]
    return float(watches * of["a watch"] + told + targets * per_target)


def month(one: Day, prices: Mapping[str, Any]) -> dict[str, float]:
    """Dollars by what they are paid for, with the free tiers taken off."""
    firestore, run, twilio = prices["firestore"], prices["run"], prices["twilio"]
    seconds = one.vcpu_seconds * MONTH / prices["assumed"]["vcpu"]
    gib_seconds, requests = seconds * prices["assumed"]["gib"], one.requests * MONTH
    reads = max(0, one.operations["reads"] - firestore["free_reads_a_day"]) * MONTH
    writes = max(0, one.operations["writes"] - firestore["free_writes_a_day"]) * MONTH
    messages = one.boards * prices["assumed"]["runs_a_day"] * MONTH if one.boards > 1 else 0
    gib = 2 * messages * prices["pubsub"]["smallest_message_bytes"] / 2**30
    return {
        "Firestore": (reads * firestore["reads_per_100_000"] + writes * firestore["writes_per_100_000"])
        / 1e5,
        "Firestore's storage": max(0, one.gib - firestore["free_gib"]) * firestore["gib_a_month"],
        "Cloud Run": max(0, one.vcpu_seconds * MONTH - run["free_vcpu_seconds_a_month"]) * run["vcpu_second"]
        + max(0, gib_seconds - run["free_gib_seconds_a_month"]) * run["gib_second"]
        + max(0, requests - run["free_requests_a_month"]) / 1e6 * run["requests_per_million"],
        "Scheduler": max(0, 2 - prices["scheduler"]["free_jobs"]) * prices["scheduler"]["job_a_month"],
        "Pub/Sub": max(0, gib - prices["pubsub"]["free_gib_a_month"]) / 1024 * prices["pubsub"]["tib"],
        "texts": one.alerts * MONTH * (twilio["segment"] + twilio["carrier_fee"]) + twilio["number_a_month"],
    }


def _own_part() -> float:
    """Milliseconds of our own in a run of one full board, the provider answering at once."""
    world = World()
    for number in range(1, 1_001):
        world.save(number)
    for _ in range(4):
        world.run()
    return min(sum(one.milliseconds for one in world.run().reports) for _ in range(5)) * FREE_TARGETS / 1_000


def most_that_fit(spent: Mapping[str, Spent], prices: Mapping[str, Any], run_ms: float) -> int:
    """The most watches whose day stays within Firestore's free quota, in hundreds."""
    free = {
        "reads": prices["firestore"]["free_reads_a_day"],
        "writes": prices["firestore"]["free_writes_a_day"],
    }
    watches = 0
    while all(
        day(watches + 100, spent, prices["assumed"], run_ms).operations[name] <= most
        for name, most in free.items()
    ):
        watches += 100
    return watches


def main() -> int:
    """Count, reckon, print, and say in the exit code whether the promise holds."""
    asked = arguments(__doc__).parse_args()
    prices = tomllib.loads((Path(__file__).parent / "prices.toml").read_text())
    report, world = Report("cost"), World()
    spent, stored, run_ms = count(world, prices["assumed"]), sizes(world), _own_part()
    for event, cost in spent.items():
        report.say(f"{event}: reads / writes", f"{cost.get('reads', 0):.3g} / {cost.get('writes', 0):.3g}")
    for what, size in stored.items():
        report.say(f"{what}: stored", size, ",.0f", "bytes")
    report.say("our own part of a run of a full board", run_ms, ",.0f", "ms")
    fit = most_that_fit(spent, prices, run_ms)
    report.say("watches that fit into Firestore's free quota", fit)
    for views in (0.0, 0.25, 1.0):
        otherwise = {**prices, "assumed": {**prices["assumed"], "page_views_per_person_a_day": views}}
        report.say(f"the same with {views} pages a person and day", most_that_fit(spent, otherwise, run_ms))
    report.promise(f"at least {FREE_WATCHES:,} watches cost nothing at Firestore", holds=fit >= FREE_WATCHES)
    for watches in SCALES:
        one = day(watches, spent, prices["assumed"], run_ms, stored)
        report.say(f"{watches:,} watches: stored after a year", one.gib, ".2f", "GiB")
        report.say(f"{watches:,} watches: reads a day", one.operations["reads"])
        report.say(f"{watches:,} watches: writes a day", one.operations["writes"])
        for name, dollars in month(one, prices).items():
            report.say(f"{watches:,} watches: {name} a month", dollars, ",.2f", "$")
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
