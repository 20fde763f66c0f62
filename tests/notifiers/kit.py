"""What these tests build: an alert in the outbox, a person, a phone and a mailbox that obey."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from notifiers import outbox
from notifiers.base import Message, Notifier
from notifiers.deliver import Outcome, deliver
from watchers import alerts
from watchers.documents import Documents, Put, Query
from watchers.models import Alert, News, Reason
from watchers.money import Basis
from watchers.watch import Channel

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PHONE, ADDRESS = "+15005550006", "al@example.org"
PUBLIC_URL = "https://scout.example"
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


def an_alert(channel: Channel = Channel.SMS, **changes: Any) -> Alert:
    """A pending alert that is due now."""
    identity = alerts.alert_id("w1", "r1", "e1", 1, channel)
    made = Alert(
        id=identity,
        uid="u1",
        watch_id="w1",
        channel=channel,
        code=alerts.alert_code(identity),
        news=NEWS,
        created_at=NOW,
        due_at=NOW,
    )
    return replace(made, **changes)


def save_alert(documents: Documents, channel: Channel = Channel.SMS, **changes: Any) -> Alert:
    """One such alert in the outbox, as the tick leaves it there."""
    alert = an_alert(channel, **changes)
    documents.commit(alerts.creation(alert))
    return stored(documents, alert.id)


def save_person(documents: Documents, **changes: Any) -> None:
    """A person with a verified phone and a verified address."""
    person = {"phone": PHONE, "phone_verified_at": NOW, "email": ADDRESS, "email_verified_at": NOW}
    documents.commit(Put("people/u1", person | {"timezone": "America/New_York"} | changes))


def stored(documents: Documents, identity: str) -> Alert:
    """The alert as it stands."""
    alert = outbox.load(documents, identity)
    assert alert
    return alert


def copies(documents: Documents) -> list[Alert]:
    """The e-mails that stand in for a text."""
    everything = map(alerts.from_document, documents.find(Query(alerts.COLLECTION)))
    return [alert for alert in everything if alert.copy_of]


@dataclass
class FakeNotifier:
    """Takes all. ``before`` runs when one comes, ``after`` once it is taken and before it is answered."""

    channel: Channel
    sent: list[tuple[str, Message]] = field(default_factory=list)
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None

    def send(self, message: Message, to: str) -> str:
        """See ``Notifier.send``."""
        if self.before:
            self.before()
        self.sent.append((to, message))
        if self.after:
            self.after()
        return f"receipt-{len(self.sent)}"

    def raises(self, error: BaseException) -> None:
        """From now on every message ends so."""
        self.before = fail_with(error)


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

    @property
    def notifiers(self) -> dict[Channel, Notifier]:
        """As ``notifiers.from_env`` gives them."""
        return {Channel.SMS: self.phone, Channel.EMAIL: self.mailbox}

    def deliver(self, alert: Alert, now: datetime = NOW) -> Outcome:
        """One delivery."""
        return deliver(alert.id, self.documents, self.notifiers, public_url=PUBLIC_URL, now=now)
