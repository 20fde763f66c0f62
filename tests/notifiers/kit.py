"""What these tests build: alerts in the outbox, a person, a phone and a mailbox that obey, and their time."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from threading import Lock
from typing import Any

import pytest

from notifiers import outbox, spend, tallies
from notifiers.base import Message, Notifier, Report
from notifiers.deliver import deliver, sweep
from notifiers.limits import Limits
from notifiers.links import Links
from notifiers.means import Means
from notifiers.parcels import Outcome
from notifiers.tallies import Tally
from tests.builders import watch
from watchers import alerts, board, encoding
from watchers.documents import Documents, Put, Query
from watchers.history import History
from watchers.jobs import Job
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, News, Reason
from watchers.money import Basis
from watchers.observation import Observation, Price
from watchers.places import Places
from watchers.rows import Row
from watchers.target import Target

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MINUTE, SECOND, MOMENT = timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1)
PHONE, ADDRESS = "+15005550006", "al@example.org"
PUBLIC_URL = "https://scout.example"
AT_ONCE = Limits(grouping=timedelta(0), longest_grouping=timedelta(0))
TARGET = Target(provider="ticketmaster", item="E1")
NEWS = News(
    reason=Reason.BELOW_LIMIT,
    watch_name="Deftones under $90",
    provider="ticketmaster",
    event_name="Deftones",
    url="https://tickets.example/e/1",
    venue="MSG",
    city="New York",
    starts_at=datetime(2026, 6, 13, 19, 30, tzinfo=timezone(timedelta(hours=-4))),
    basis=Basis.ALL_IN,
    currency="USD",
    price=8400,
    was=11200,
    next_text="Next text under $83, or after it has been over $96.",
    observed_at=NOW,
)


def about(at: datetime, within: timedelta = timedelta(seconds=1)) -> Any:
    """This time or a moment later or earlier: time passes inside a delivery."""
    return pytest.approx(at, abs=within)


def an_alert(channel: Channel = Channel.SMS, watch_id: str = "w1", **changes: Any) -> Alert:
    """A pending alert that is due now."""
    identity = alerts.alert_id(watch_id, "r1", "e1", 1, channel)
    made = Alert(
        id=identity,
        uid="u1",
        watch_id=watch_id,
        channel=channel,
        code=alerts.alert_code(identity),
        news=replace(NEWS, event_name=f"Deftones {watch_id}") if watch_id != "w1" else NEWS,
        created_at=NOW,
        due_at=NOW,
    )
    return replace(made, **changes)


def save_alert(documents: Documents, channel: Channel = Channel.SMS, **changes: Any) -> Alert:
    """One such alert in the outbox, as the tick leaves it there."""
    alert = an_alert(channel, **changes)
    documents.commit(alerts.creation(alert))
    return stored(documents, alert.id)


def save_alerts(
    documents: Documents, count: int, channel: Channel = Channel.SMS, **changes: Any
) -> list[Alert]:
    """Alerts of so many watches of one person, as one tick leaves them; the first one leads."""
    return [
        save_alert(documents, channel, watch_id=f"w{n}", **{"created_at": NOW + n * MOMENT} | changes)
        for n in range(1, count + 1)
    ]


def save_person(documents: Documents, uid: str = "u1", **changes: Any) -> None:
    """A person with a verified phone and a verified address."""
    person = {"phone": PHONE, "phone_verified_at": NOW, "email": ADDRESS, "email_verified_at": NOW}
    documents.commit(Put(f"people/{uid}", person | {"timezone": "America/New_York"} | changes))


def save_watch(
    documents: Documents, watch_id: str = "w1", *, deleted_at: datetime | None = None, **asked: Any
) -> None:
    """The worker's copy of the watch that an alert is about."""
    wanted = watch(**asked)
    targets = {target.id: target for target in wanted.targets}
    job = Job(watch_id, "u1", wanted, "r1", NOW, targets, deleted_at=deleted_at)
    documents.commit(Put(Places().job(watch_id), job.fields()))


def save_price(
    documents: Documents, *prices: int | None, target: Target = TARGET, at: datetime = NOW
) -> None:
    """What the shop asked at each look, a minute apart, the last at ``at``; ``None``: it named no price."""
    history = History()
    for back, price in zip(range(len(prices) - 1, -1, -1), prices, strict=True):
        asked = () if price is None else (Price(Basis.ALL_IN, "USD", price),)
        history = history.after(Observation(target=target, at=at - back * MINUTE, prices=asked))
    rows = {target.id: Row(target, since=NOW, history=history)}
    documents.commit(Put(board.path(f"{target.provider}-0"), {"blob": encoding.encode(rows)}))


def stored(documents: Documents, identity: str) -> Alert:
    """The alert as it stands."""
    alert = outbox.load(documents, identity)
    assert alert
    return alert


def everything(documents: Documents) -> list[Alert]:
    """The whole outbox."""
    return list(map(alerts.from_document, documents.find(Query(alerts.COLLECTION))))


def copies(documents: Documents) -> list[Alert]:
    """What stands in on another channel."""
    return [alert for alert in everything(documents) if alert.copy_of]


def due(documents: Documents, now: datetime) -> list[str]:
    """Whom somebody must look at by then."""
    return [document.id for document in alerts.due(documents, now, 500)]


def tally(documents: Documents, uid: str = "u1") -> Tally:
    """What was counted for the person."""
    return tallies.from_document(uid, documents.get(tallies.path(uid)))


def spent(documents: Documents) -> int:
    """Segments of the month in which all of this happens."""
    return spend.spent(documents, NOW)


@dataclass
class FakeNotifier:
    """Takes all. ``before`` runs when one comes, ``after`` once it is taken and before it is answered."""

    channel: Channel
    sent: list[tuple[str, Message]] = field(default_factory=list)
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    _lock: Lock = field(default_factory=Lock, repr=False)

    def send(self, message: Message, to: str) -> str:
        """See ``Notifier.send``."""
        if self.before:
            self.before()
        with self._lock:
            self.sent.append((to, message))
            receipt = f"receipt-{len(self.sent)}"
        if self.after:
            self.after()
        return receipt

    def raises(self, error: BaseException) -> None:
        """From now on every message ends so."""
        self.before = fail_with(error)

    @property
    def texts(self) -> list[str]:
        """What it took, in order."""
        return [message.text for _, message in self.sent]


@dataclass
class ListedPhone(FakeNotifier):
    """A phone whose vendor lists what was accepted: ``Traceable``.

    ``listed`` comes on top of what was sent; ``lies``: the list leaves out what was sent; ``no_list`` is
    raised instead of it.
    """

    channel: Channel = Channel.SMS
    listed: list[Report] = field(default_factory=list)
    lies: bool = False
    no_list: Exception | None = None
    looks: int = 0

    def accepted(self, since: datetime, to: str | None = None) -> Iterator[Report]:
        """See ``Traceable.accepted``."""
        self.looks += 1
        if self.no_list:
            raise self.no_list
        taken = [
            Report(f"receipt-{number}", AlertState.SENT, to=number_of, body=message.text, at=since)
            for number, (number_of, message) in enumerate(self.sent, 1)
            if not self.lies
        ]
        yield from (one for one in [*self.listed, *reversed(taken)] if to in (None, one.to))


def means(documents: Documents, notifiers: Mapping[Channel, Notifier], limits: Limits = AT_ONCE) -> Means:
    """What telling people takes, without waiting for others to come along."""
    return Means(documents, notifiers, Links(PUBLIC_URL, "not-a-real-key"), limits)


def fail_with(error: BaseException) -> Callable[[], None]:
    """Something that goes wrong in this way."""

    def fail() -> None:
        raise error

    return fail


@dataclass
class Post:
    """A phone, a mailbox, and the outbox they are served from."""

    documents: Documents
    phone: FakeNotifier = field(default_factory=lambda: FakeNotifier(Channel.SMS))
    mailbox: FakeNotifier = field(default_factory=lambda: FakeNotifier(Channel.EMAIL))
    limits: Limits = AT_ONCE

    @property
    def notifiers(self) -> dict[Channel, Notifier]:
        """As ``notifiers.from_env`` gives them."""
        return {Channel.SMS: self.phone, Channel.EMAIL: self.mailbox}

    @property
    def means(self) -> Means:
        """What telling people takes."""
        return means(self.documents, self.notifiers, self.limits)

    def deliver(self, alert: Alert, now: datetime = NOW, documents: Documents | None = None) -> Outcome:
        """One delivery, by a trigger that waits for nobody."""
        return deliver(alert.id, replace(self.means, documents=documents or self.documents), now=now)

    def sweep(self, now: datetime = NOW, documents: Documents | None = None, **also: Any) -> Counter[str]:
        """One sweep of the outbox."""
        with_them = replace(self.means, documents=documents or self.documents)
        return sweep(with_them, **{"now": now, "deadline": now + MINUTE} | also)

    def sweep_until_settled(self, now: datetime = NOW) -> datetime:
        """Sweep whenever something is due, until nothing ever is again; when that was."""
        for _ in range(200):
            self.sweep(now)
            waiting = alerts.due(self.documents, now + timedelta(days=400), 500)
            if not waiting:
                return now
            now = max(now, waiting[0].fields["due_at"])
        raise AssertionError("something is always due")


@dataclass
class Stopwatch:
    """Stands for the module ``time``: no time passes but by sleeping."""

    now: datetime = NOW
    slept: float = 0

    def monotonic(self) -> float:
        """See ``time.monotonic``."""
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        """See ``time.sleep``."""
        self.slept += seconds
        self.now += timedelta(seconds=seconds)
