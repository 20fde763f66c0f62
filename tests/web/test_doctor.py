"""One real test through the real outbox: to the sandbox's phone and back over the web application, signed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from notifiers import email, sms, spend, tallies
from notifiers.base import Notifier
from notifiers.learning import learn
from notifiers.limits import Limits
from notifiers.links import Links
from notifiers.means import Means
from notifiers.personal import erasure
from notifiers.push import PushNotifier
from sandbox.mailbox import Mailbox, receiving
from sandbox.phone import Phone, phone_app
from sandbox.servers import listen, serving, url_of
from store.sqlite import SqliteDocuments
from tests.push_server import PushServer
from watchers import alerts
from watchers.documents import Put, Query, Update
from watchers.kinds import Channel
from watchers.models import Alert, AlertState
from watchers.places import Places
from web import doctor
from web.app import create_app
from web.doctor import Finding, try_out
from web.site import Site

ACCOUNT, TOKEN = "AC" + "0" * 32, "not-a-real-token"
NUMBER, ADDRESS = "+15557654321", "ann@people.test"
UNHEARD = "accepted, and nothing was heard of it"


@dataclass
class Clinic:
    """A person with a phone and a mailbox, and everything between them and the outbox."""

    documents: SqliteDocuments
    phone: Phone
    mailbox: Mailbox
    service: PushServer
    public_url: str
    notifiers: dict[Channel, Notifier]
    limits: Limits = field(default_factory=Limits)

    @property
    def means(self) -> Means:
        return Means(self.documents, self.notifiers, Links(self.public_url, "a key"), self.limits)

    def reach(self, **contacts: Any) -> None:
        """Say how Ann is reached."""
        verified = {f"{name}_verified_at": datetime.now(UTC) for name in ("phone", "email", "push")}
        self.documents.commit(Put("people/ann", verified | contacts))

    def try_out(self, seconds: float = 10) -> list[Finding]:
        return try_out(self.means, "ann", timedelta(seconds=seconds))

    @property
    def alerts(self) -> list[Alert]:
        return list(map(alerts.from_document, self.documents.find(Query(alerts.COLLECTION))))


@pytest.fixture
def clinic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clinic]:
    monkeypatch.setattr(doctor, "_LOOK_EVERY", 0.05)
    phone, mailbox, documents = Phone(ACCOUNT, TOKEN), Mailbox(), SqliteDocuments(":memory:")
    phone.callback_pause = 0.05
    with (
        serving(phone_app(phone)) as twilio,
        receiving(mailbox) as smtp,
        PushServer() as service,
        listen() as taken,
    ):
        vendors = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": twilio,
            "SMTP_URL": smtp,
            "MAIL_FROM": "Scout <scout@sender.test>",
        }
        push = PushNotifier(schemes=frozenset({"json"}), allow_private=True)
        notifiers: dict[Channel, Notifier] = {
            Channel.SMS: sms.from_env(vendors),
            Channel.EMAIL: email.from_env(vendors),
            Channel.PUSH: push,
        }
        one = Clinic(documents, phone, mailbox, service, url_of(taken), notifiers)
        site = Site(
            documents=documents, places=Places(),
            refusal=lambda _target, _filters: None, secret_key="a key", public_url=one.public_url,
            providers={}, now=lambda: datetime.now(UTC), twilio_token=TOKEN,
            learn=lambda alert_id, report: learn(alert_id, report, one.means, now=datetime.now(UTC)),
        )  # fmt: skip
        with serving(create_app(site), taken):
            yield one
    documents.close()


def test_a_text_is_delivered_when_its_callback_came(clinic: Clinic) -> None:
    clinic.reach(phone=NUMBER)

    assert clinic.try_out() == [Finding("ok", "test sms", "delivered")]

    (text,) = clinic.phone.texts
    (alert,) = clinic.alerts
    assert text.body == f"This is a test from Ticket Scout: texts arrive. #{alert.code[:4]}"
    assert text.callback == f"{clinic.public_url}/twilio/status/{alert.id}"
    assert (alert.state, alert.receipt) == (AlertState.DELIVERED, text.sid)


def test_a_text_of_which_nothing_is_heard_is_wrong_and_says_where_to_look(clinic: Clinic) -> None:
    clinic.reach(phone=NUMBER)
    clinic.phone.calls_back = False

    (found,) = clinic.try_out(0.3)

    assert (found.mark, found.what) == ("WRONG", "test sms")
    assert UNHEARD in found.said
    assert len(clinic.phone.texts) == 1


def test_a_callback_that_is_not_twilios_tells_nothing(clinic: Clinic) -> None:
    clinic.reach(phone=NUMBER)
    clinic.phone.auth_token = None  # takes any login, and signs nothing

    assert UNHEARD in clinic.try_out(1)[0].said


def test_every_channel_is_tried_once_and_none_stands_in_for_another(clinic: Clinic) -> None:
    clinic.reach(phone=NUMBER, email=ADDRESS, push_url=f"json://{clinic.service.host}/a")
    clinic.phone.calls_back = False
    clinic.mailbox.faults.append("550 5.1.1 user unknown")

    text, letter, push = clinic.try_out(0.3)

    assert UNHEARD in text.said
    assert letter == Finding("WRONG", "test email", "failed (550)")
    assert push == Finding("ok", "test push", "sent")
    assert (len(clinic.phone.texts), len(clinic.mailbox.mails), len(clinic.service.taken)) == (1, 0, 1)
    assert {(alert.channel, alert.copy_of) for alert in clinic.alerts} == {
        (Channel.SMS, None),
        (Channel.EMAIL, None),
        (Channel.PUSH, None),
    }


def test_an_email_is_told_by_being_taken(clinic: Clinic) -> None:
    clinic.reach(email=ADDRESS)

    assert clinic.try_out() == [Finding("ok", "test email", "sent")]
    assert [mail.recipients for mail in clinic.mailbox.mails] == [(ADDRESS,)]


def test_a_text_without_an_answer_is_looked_up_and_never_sent_again(clinic: Clinic) -> None:
    clinic.reach(phone=NUMBER)
    clinic.phone.faults.append("500_after_accept")

    (found,) = clinic.try_out()

    assert found == Finding("ok", "test sms", "delivered"), "its callback came all the same"
    assert len(clinic.phone.texts) == 1


def test_a_refusal_is_said_by_its_code(clinic: Clinic) -> None:
    clinic.reach(phone="+15005550004")

    assert clinic.try_out() == [Finding("WRONG", "test sms", "failed (21610)")]
    assert clinic.documents.get("people/ann").fields["opted_out_at"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "contacts",
    [
        {},
        {"phone": NUMBER, "phone_verified_at": None},
        {"phone": NUMBER, "opted_out_at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"push_url": "json://127.0.0.1/a"},
    ],
    ids=["no contact", "not verified", "opted out", "by a channel that is off"],
)
def test_nobody_who_can_be_reached_is_said_and_nothing_is_stored(
    clinic: Clinic, contacts: dict[str, Any]
) -> None:
    clinic.reach(**contacts)
    del clinic.notifiers[Channel.PUSH]

    (found,) = clinic.try_out()

    assert (found.mark, found.what) == ("WRONG", "test")
    assert "no channel that is on reaches ann" in found.said
    assert clinic.alerts == []


def test_a_test_goes_in_quiet_hours_over_every_cap_and_counts_for_none(clinic: Clinic) -> None:
    clinic.limits = replace(Limits(), per_day=0, per_watch=0, segments_per_person=0, segments_in_all=0)
    asleep = {"quiet_hours": {"from": "00:00", "to": "23:59:59.999999"}, "digest": "weekly"}
    clinic.reach(phone=NUMBER, email=ADDRESS, **asleep)

    found = clinic.try_out()

    assert [one.said for one in found] == ["delivered", "sent"]
    counted = tallies.from_document("ann", clinic.documents.get(tallies.path("ann")))
    today = counted.at(datetime.now(UTC), ZoneInfo("UTC"))
    assert {channel: today.count(channel) for channel in Channel} == dict.fromkeys(Channel, 0)
    assert spend.spent(clinic.documents, datetime.now(UTC)) == 0


def test_two_tests_are_two(clinic: Clinic) -> None:
    clinic.reach(phone=NUMBER)

    assert [clinic.try_out()[0].mark for _ in range(2)] == ["ok", "ok"]
    assert len(clinic.phone.texts) == 2


def test_somebody_who_is_not_there_is_said_and_nothing_is_stored(clinic: Clinic) -> None:
    (found,) = clinic.try_out()

    assert found.is_wrong
    assert found.said == "there is no person ann: `scout.py person add ann` adds one"
    assert clinic.alerts == []


# ── what is set aside ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def documents() -> Iterator[SqliteDocuments]:
    opened = SqliteDocuments(":memory:")
    yield opened
    opened.close()


def outbox_of(store: SqliteDocuments, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What ``doctor`` says of this outbox."""
    monkeypatch.setattr(doctor, "open_documents", lambda *_, **__: store)
    return [(one.mark, one.said) for one in doctor.examine({}) if one.what == "outbox"]


def put_aside(documents: SqliteDocuments, number: int, hours: float = 1) -> None:
    """An alert that cannot be read, and is out of everybody's way."""
    until = datetime.now(UTC) + timedelta(hours=hours)
    documents.commit(Put(f"alerts/broken{number}", {"due_at": until, "set_aside_until": until}))


ASIDE = "alerts cannot be read or sent; they are tried again each hour: "


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, f"1 {ASIDE}broken1"), (3, f"3 {ASIDE}broken1, broken2, broken3"), (5, None)],
)
def test_what_is_set_aside_is_wrong_and_named(
    documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch, count: int, said: str | None
) -> None:
    for number in range(1, count + 1):
        put_aside(documents, number)

    assert outbox_of(documents, monkeypatch) == [("WRONG", said or f"5 {ASIDE}broken1, broken2, broken3, …")]


def test_what_was_set_aside_and_is_settled_or_was_taken_up_again_is_not_wrong(
    documents: SqliteDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_aside(documents, 1)
    settled = documents.get("alerts/broken1")
    assert settled
    documents.commit(Update(settled.path, {"due_at": None}, settled.version))
    put_aside(documents, 2, hours=-0.1)

    assert outbox_of(documents, monkeypatch) == [("ok", "nothing is left behind")]


@pytest.mark.parametrize(("hours", "is_said"), [(0.5, False), (2, True)])
def test_an_erasure_that_nobody_goes_on_with_is_said(
    hours: float, is_said: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = SqliteDocuments(":memory:")
    monkeypatch.setattr(doctor, "open_documents", lambda *_, **__: documents)
    erasure.begin(documents, "ann", datetime.now(UTC) - timedelta(hours=hours))

    said = [one.mark for one in doctor.examine({}) if one.what == "erasures"]

    assert said == (["WRONG"] if is_said else [])
