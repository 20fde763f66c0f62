"""What it costs: document operations counted by running the real code, and what a month of them comes to.

    .venv/bin/python bench/cost.py

Counted at the store's client, as Firestore bills them, each for one alone (which is the dearest): an
uneventful run, a change that concerns nobody, an alert from the look to the vendor's callback, a watch that
is saved, a page. Prices and what is assumed of people stand in ``prices.toml`` with their sources and date.
Promised: 20,000 watches of 5,000 targets fit into Firestore's free quota of a day. Not counted: storage,
traffic, indexes that are read, people's mail.
"""

import math
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
from store.sqlite import SqliteDocuments
from watchers.documents import Put, Query
from watchers.folding import OVERLAP
from watchers.jobs import Places, copy_watch
from watchers.models import AlertState, Availability, Observation, Price
from watchers.money import Basis
from watchers.providers.base import Fetched
from watchers.quota import Budget, Quota
from watchers.watch import Channel, Filters, Target
from watchers.worker import Round, work
from web.app import create_app

PLACES = Places()
SCALES = (1_000, 100_000, 1_000_000)
FREE_WATCHES, FREE_TARGETS = 20_000, 5_000
MONTH = 30
Spent = Counter[str]


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

    def counted(self, act: Callable[[], object]) -> Spent:
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


def _uneventful(world: World) -> Spent:
    """Of a run like any other: what was just saved has been folded in."""
    for _ in range(5):
        world.run()
    time.sleep(OVERLAP.total_seconds() + 1)  # what was saved lately is read once more
    for _ in range(3):
        world.run()
    return world.counted(world.run)


def count() -> dict[str, Spent]:
    """Every kind of event with its operations."""
    world, now = World(), datetime.now(UTC)
    verified = {"phone": "+15550000001", "phone_verified_at": now - timedelta(days=1)}
    world.documents.commit(Put("people/ann", verified))
    for number in range(1, 6):
        world.save(number)
    spent = {"an uneventful run": _uneventful(world)}
    quiet = spent["an uneventful run"]
    world.shop.prices["1"] = 8_900
    spent["a change that concerns nobody"] = world.counted(world.run) - quiet
    world.shop.prices["1"] = 8_400
    spent["an alert: look, claim, text, settle"] = world.counted(world.run) - quiet
    (told,) = world.documents.find(Query("alerts"))
    later = datetime.now(UTC) + timedelta(minutes=world.runs)
    spent["an alert: its trigger"] = world.counted(lambda: deliver(told.id, world.means, now=later))
    arrived = Callback(f"receipt-{told.id}", AlertState.DELIVERED)
    spent["an alert: the vendor's callback"] = world.counted(
        lambda: learn(told.id, arrived, world.means, now=later)
    )
    spent["a watch saved: itself and its copy"] = world.counted(lambda: world.save(6))
    spent["a watch saved: folded in and seen"] = _run_after_saving(world, quiet)
    spent["a page of five watches"] = world.counted(lambda: _page(world))
    return spent


def _run_after_saving(world: World, quiet: Spent) -> Spent:
    """Some seconds after it was saved, as in eleven minutes of twelve; in the twelfth it is read twice."""
    time.sleep(OVERLAP.total_seconds() + 1)
    runs = world.counted(world.run) + world.counted(world.run)
    return runs - quiet - quiet


def _page(world: World) -> None:
    app = create_app(
        world.documents,
        PLACES,
        refusal=world.shop.refusal,
        secret_key="not-a-real-key-but-long-enough",  # noqa: S106
        public_url="http://localhost",
        local_person="ann",
        providers={"bench": "on"},
        now=lambda: datetime.now(UTC),
    )
    answer = app.test_client().get("/", base_url="http://localhost")
    if answer.status_code != 200:  # noqa: PLR2004 - HTTP
        raise RuntimeError(f"the page answered {answer.status_code}")


@dataclass(frozen=True, slots=True)
class Day:
    """What an installation does in a day."""

    operations: Mapping[str, float]
    alerts: float
    requests: float
    vcpu_seconds: float
    boards: int


def day(watches: float, spent: Mapping[str, Spent], assumed: Mapping[str, Any], run_ms: float) -> Day:
    """So many watches, at the assumed rates; ``run_ms``: our own part of a run of one full board."""
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
    operations = Counter[str]()
    for event, cost in spent.items():
        times = next(number for begins, number in each.items() if event.startswith(begins))
        for name, number in cost.items():
            operations[name] += round(number * times)
    full = min(1.0, targets / assumed["targets_per_board"])
    waiting = targets / boards / assumed["apps_a_call"] / assumed["calls_a_second"]
    triggered = 3 * alerts + edits + views
    return Day(
        operations,
        alerts,
        runs + triggered,
        (runs * (run_ms / 1e3 * full + waiting) + triggered * assumed["seconds_an_event"]) * assumed["vcpu"],
        boards,
    )


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
    report, spent, run_ms = Report("cost"), count(), _own_part()
    for event, cost in spent.items():
        report.say(f"{event}: reads / writes", f"{cost['reads']} / {cost['writes']}")
    report.say("our own part of a run of a full board", run_ms, ",.0f", "ms")
    fit = most_that_fit(spent, prices, run_ms)
    report.say("watches that fit into Firestore's free quota", fit)
    for views in (0.0, 0.25, 1.0):
        otherwise = {**prices, "assumed": {**prices["assumed"], "page_views_per_person_a_day": views}}
        report.say(f"the same with {views} pages a person and day", most_that_fit(spent, otherwise, run_ms))
    report.promise(f"at least {FREE_WATCHES:,} watches cost nothing at Firestore", holds=fit >= FREE_WATCHES)
    for watches in SCALES:
        one = day(watches, spent, prices["assumed"], run_ms)
        report.say(f"{watches:,} watches: reads a day", one.operations["reads"])
        report.say(f"{watches:,} watches: writes a day", one.operations["writes"])
        for name, dollars in month(one, prices).items():
            report.say(f"{watches:,} watches: {name} a month", dollars, ",.2f", "$")
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
