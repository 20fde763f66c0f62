"""The outbox against Twilio's own list, over the real SDK: every way in which they can disagree."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifiers import sms
from notifiers.base import Report
from notifiers.deliver import sweep
from notifiers.errors import NotifierUnavailableError
from notifiers.learning import learn
from notifiers.means import Means
from notifiers.reconcile import A_DAY_AND_MORE, SETTLED_BY, Difference, Reconciled, reconcile
from store.sqlite import SqliteDocuments
from tests.notifiers.kit import (
    ADDRESS,
    MINUTE,
    MOMENT,
    PHONE,
    SECOND,
    FakeNotifier,
    copies,
    everything,
    means,
    save_alert,
    stored,
)
from tests.twilio_server import ACCOUNT, TOKEN, Text, TwilioServer
from watchers.documents import Put, Update
from watchers.kinds import Channel
from watchers.models import Alert, AlertState

ENV = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM_NUMBER": "+15005550001"}
SENT, DELIVERED, UNDELIVERED = AlertState.SENT, AlertState.DELIVERED, AlertState.UNDELIVERED
FAILED, UNCERTAIN = AlertState.FAILED, AlertState.UNCERTAIN
NOBODY = "f" * 32


@dataclass
class Office:
    """An outbox whose texts go to a Twilio on this machine."""

    documents: SqliteDocuments
    twilio: TwilioServer
    mailbox: FakeNotifier
    began: datetime

    @property
    def means(self) -> Means:
        phone = replace(sms.from_env(ENV | {"TWILIO_BASE_URL": self.twilio.url}), timeout=0.3)
        return means(self.documents, {Channel.SMS: phone, Channel.EMAIL: self.mailbox})

    def save(self, number: int = 1, **changes: Any) -> Alert:
        """An alert that is due."""
        times = {"created_at": self.began + number * MOMENT, "due_at": self.began}
        return save_alert(self.documents, watch_id=f"w{number}", **times | changes)

    def sweep(self, after: timedelta = timedelta(0)) -> None:
        now = self.began + SECOND + after
        sweep(self.means, now=now, deadline=now + MINUTE)

    def text(self, *faults: str) -> Alert:
        """One text, sent as the outbox sends it; the alert as it then stands."""
        self.twilio.fail_with(*faults)
        alert = self.save()
        self.sweep()
        return self.stands(alert)

    def stands(self, alert: Alert) -> Alert:
        return stored(self.documents, alert.id)

    def become(self, alert: Alert, **fields: Any) -> None:
        """Somebody else moved it."""
        document = self.stands(alert)
        self.documents.commit(Update(f"alerts/{alert.id}", fields, document.version or ""))

    def reconcile(self, after: timedelta = 2 * SETTLED_BY, **also: Any) -> Reconciled:
        return reconcile(self.means, now=self.began + after, **also)


@pytest.fixture
def office(documents: SqliteDocuments) -> Iterator[Office]:
    with TwilioServer() as twilio:
        yield Office(documents, twilio, FakeNotifier(Channel.EMAIL), datetime.now(UTC))


def found(done: Reconciled) -> list[tuple[Difference, str, str]]:
    return [(one.difference, one.outbox, one.listed) for one in done.findings]


def stranger(office: Office, body: str = "Lunch?") -> Text:
    return office.twilio.accept({"To": PHONE, "From": "+15005550001", "Body": body})


# ── nothing to say ───────────────────────────────────────────────────────────────────────────────────────


def test_what_agrees_is_counted_and_not_mentioned(office: Office) -> None:
    office.text()

    done = office.reconcile()

    assert done.to_json() == {"texts": 1, "listed": 1, "differences": {}, "findings": []}


def test_five_alerts_in_one_text_are_one_text(office: Office) -> None:
    group = [office.save(number) for number in range(1, 6)]
    office.sweep()
    (text,) = office.twilio.texts
    text.become("delivered")

    done = office.reconcile()

    assert found(done) == [(Difference.LEARNED, "sent", "delivered")]
    assert done.texts == done.listed == 1
    assert {office.stands(alert).state for alert in group} == {DELIVERED}


def test_a_list_that_lags_behind_a_callback_contradicts_nothing(office: Office) -> None:
    alert = office.text()
    learn(alert.id, Report(alert.receipt or "", DELIVERED), office.means, now=office.began)

    assert office.reconcile().findings == ()


def test_an_email_is_not_looked_for_among_texts(office: Office) -> None:
    office.save(channel=Channel.EMAIL)
    office.sweep()

    assert office.reconcile().texts == 0


def test_without_texts_there_is_nothing_to_compare(office: Office) -> None:
    office.text()
    only_mail = replace(office.means, notifiers={Channel.EMAIL: office.mailbox})

    assert reconcile(only_mail, now=office.began) == Reconciled(0, 0, ())


def test_what_is_too_fresh_is_left_out_on_both_sides(office: Office) -> None:
    office.text()
    stranger(office)

    done = office.reconcile(after=SECOND)

    assert done == Reconciled(0, 0, ())


@pytest.mark.parametrize("page", [1, 2, 3, 8])
@pytest.mark.parametrize("ties", [1, 4, 7], ids=lambda ties: f"{ties} at one moment")
def test_every_text_is_compared_once_however_many_there_are(
    office: Office, monkeypatch: pytest.MonkeyPatch, page: int, ties: int
) -> None:
    monkeypatch.setattr("notifiers.reconcile._PAGE", page)
    for number in range(7):
        at = office.began + (number // ties) * SECOND
        office.save(number, state=SENT, receipt=f"SM{number}", attempts=1, attempted_at=at, due_at=None)

    done = office.reconcile()

    assert done.texts == 7
    assert sorted(one.receipt for one in done.findings) == [f"SM{number}" for number in range(7)]


# ── what the list knows and the outbox does not ──────────────────────────────────────────────────────────


def test_a_callback_that_was_lost_is_made_up_for(office: Office) -> None:
    alert = office.text()
    office.twilio.texts[0].become("delivered")

    first, second = office.reconcile(), office.reconcile()

    assert found(first) == [(Difference.LEARNED, "sent", "delivered")]
    assert first.findings[0].alert == alert.id
    assert first.findings[0].receipt == alert.receipt
    assert office.stands(alert).state is DELIVERED
    assert second.findings == ()


def test_a_text_that_did_not_arrive_after_all_goes_by_email_once(office: Office) -> None:
    alert = office.text()
    office.twilio.texts[0].become("undelivered", 30003)

    done = [office.reconcile() for _ in range(2)]
    office.sweep(3 * SETTLED_BY)

    assert [found(one) for one in done] == [[(Difference.LEARNED, "sent", "undelivered")], []]
    assert (office.stands(alert).state, office.stands(alert).why) == (UNDELIVERED, "30003")
    (copy,) = copies(office.documents)
    assert (copy.copy_of, copy.copy_why, copy.state) == (alert.id, "30003", SENT)
    assert [to for to, _ in office.mailbox.sent] == [ADDRESS]


def test_an_uncertain_text_is_found_by_the_code_in_its_words(office: Office) -> None:
    alert = office.text("500_after_accept")
    assert (alert.state, alert.receipt) == (UNCERTAIN, None)

    done = [office.reconcile(), office.reconcile()]

    assert [found(one) for one in done] == [[(Difference.LEARNED, "uncertain", "sent")], []]
    assert office.stands(alert).receipt == office.twilio.texts[0].sid


def test_a_text_that_was_put_back_and_is_listed_is_never_sent_again(office: Office) -> None:
    alert = office.text("accept_then_429")
    assert alert.state is AlertState.PENDING

    done = office.reconcile()
    office.sweep(3 * SETTLED_BY)

    assert found(done) == [(Difference.LEARNED, "pending", "sent")]
    assert office.stands(alert).state is SENT
    assert len(office.twilio.texts) == 1


def test_a_sender_that_vanished_is_found_out_about_before_anybody_sweeps(office: Office) -> None:
    alert = office.text()
    office.become(alert, state="sending", receipt=None, due_at=office.began + MINUTE, settled_at=None)

    assert found(office.reconcile()) == [(Difference.LEARNED, "sending", "sent")]
    assert office.stands(alert).state is SENT


def test_what_somebody_else_learned_meanwhile_is_no_difference(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = office.text()
    office.twilio.texts[0].become("delivered")

    def callback_first(alert_id: str, report: Report, given: Means, *, now: datetime) -> object:
        learn(alert_id, report, given, now=now)
        return learn(alert_id, report, given, now=now)

    monkeypatch.setattr("notifiers.reconcile.learn", callback_first)
    assert office.reconcile().findings == ()
    assert office.stands(alert).state is DELIVERED


# ── what somebody must look at ───────────────────────────────────────────────────────────────────────────


def test_a_text_that_the_list_does_not_have_is_said_and_left_as_it_is(office: Office) -> None:
    alert = office.text("lies_in_list")

    done = [office.reconcile(), office.reconcile()]

    assert [found(one) for one in done] == [[(Difference.NOT_LISTED, "sent", "")]] * 2
    assert done[0].findings[0].receipt == alert.receipt
    assert office.stands(alert) == alert
    assert copies(office.documents) == []


def test_an_uncertain_text_that_the_list_does_not_have_is_as_it_should_be(office: Office) -> None:
    office.text("500")
    office.sweep(MINUTE)
    assert {alert.state for alert in everything(office.documents)} == {UNCERTAIN, SENT}

    assert office.reconcile().findings == ()


@pytest.mark.parametrize(
    "body", ["Lunch?", "About #K7Q2", "", f"#{'Z' * 4} https://scout.example/a/ZZZZZZZZ"]
)
def test_a_text_that_no_alert_knows_is_said(office: Office, body: str) -> None:
    office.text()
    text = stranger(office, body)

    (one,) = office.reconcile().findings

    assert (one.difference, one.receipt, one.alert) == (Difference.NOT_OURS, text.sid, "")


def test_two_texts_for_one_alert_are_both_named_and_nothing_is_learned(office: Office) -> None:
    alert = office.text()
    again = office.twilio.accept(dict(office.twilio.texts[0].fields))
    again.become("delivered")

    done = [office.reconcile(), office.reconcile()]

    assert done[0] == done[1]
    doubled = {(one.difference, one.alert, one.receipt) for one in done[0].findings}
    receipts = {text.sid for text in office.twilio.texts}
    assert doubled == {(Difference.DOUBLED, alert.id, receipt) for receipt in receipts}
    assert office.stands(alert) == alert


def test_one_that_the_list_has_under_another_name_than_we_were_told_is_doubled(office: Office) -> None:
    alert = office.text("lies_in_list")
    again = office.twilio.accept(dict(office.twilio.texts[0].fields))

    done = [office.reconcile(), office.reconcile()]

    assert done[0] == done[1]
    (one,) = done[0].findings
    assert (one.difference, one.receipt) == (Difference.DOUBLED, again.sid)
    assert office.stands(alert) == alert


@pytest.mark.parametrize(
    ("ours", "listed", "code"),
    [
        (DELIVERED, "undelivered", 30003),
        (UNDELIVERED, "delivered", None),
        (FAILED, "delivered", None),
        (FAILED, "sent", None),
    ],
)
def test_two_final_words_that_differ_are_said_and_ours_stays(
    office: Office, ours: AlertState, listed: str, code: int | None
) -> None:
    alert = office.text()
    office.become(alert, state=str(ours))
    office.twilio.texts[0].become(listed, code)

    done = [office.reconcile(), office.reconcile()]

    assert [found(one) for one in done] == [[(Difference.CONTRADICTED, ours, listed)]] * 2
    assert office.stands(alert).state is ours


def test_a_text_whose_words_the_vendor_no_longer_keeps_is_known_by_its_receipt(office: Office) -> None:
    office.text()
    office.twilio.texts[0].fields["Body"] = ""
    office.twilio.texts[0].become("delivered")

    assert found(office.reconcile()) == [(Difference.LEARNED, "sent", "delivered")]


def test_two_alerts_whose_codes_begin_alike_are_told_apart(office: Office) -> None:
    """A text without a link shows four characters; then only its receipt says whose it is."""
    for number in (1, 2):
        office.save(number, uid=f"u{number}", code=f"K7Q2AAA{number}")
        office.documents.commit(
            Put(f"people/u{number}", {"phone": f"+1500555000{number}", "phone_verified_at": office.began})
        )
    office.sweep()
    for text in office.twilio.texts:
        text.fields["Body"] = "$84 #K7Q2"
        text.become("delivered")

    assert found(office.reconcile()) == [(Difference.LEARNED, "sent", "delivered")] * 2


# ── which texts ──────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_just_sent_is_left_alone(office: Office) -> None:
    alert = office.text()
    office.twilio.texts[0].become("delivered")
    stranger(office)

    done = office.reconcile(SETTLED_BY - MINUTE)

    assert (done.texts, done.findings) == (0, ())
    assert office.stands(alert).state is SENT


def test_one_that_is_just_being_tried_again_is_nobodys_stranger(office: Office) -> None:
    """Its first attempt is old enough to be compared, its latest is not."""
    alert = office.text("accept_then_429")
    office.become(alert, attempted_at=office.began + 2 * SETTLED_BY - SECOND)

    assert office.reconcile().findings == ()


def test_a_text_at_the_edge_of_the_period_is_known_to_both(office: Office) -> None:
    """It was claimed before the period began, and accepted a moment later."""
    alert = office.text()
    office.become(alert, attempted_at=office.began - 5 * SECOND)
    period = 2 * SETTLED_BY + SECOND

    assert office.reconcile(period=period).findings == ()


def test_what_was_too_fresh_one_day_is_compared_the_next(office: Office) -> None:
    alert = office.text()
    office.twilio.texts[0].become("delivered")

    assert office.reconcile(SETTLED_BY / 2).findings == ()
    office.reconcile(SETTLED_BY / 2 + timedelta(days=1))

    assert office.stands(alert).state is DELIVERED


def test_what_is_older_than_asked_is_left_alone(office: Office) -> None:
    office.text()
    office.twilio.texts[0].become("delivered")
    stranger(office)

    done = office.reconcile(A_DAY_AND_MORE + 2 * SETTLED_BY)

    assert (done.texts, done.listed, done.findings) == (0, 0, ())


def test_an_alert_that_cannot_be_read_stops_no_other(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    alert = office.text()
    office.twilio.texts[0].become("delivered")
    office.documents.commit(Put("alerts/broken", {"attempted_at": office.began, "channel": "sms"}))

    assert found(office.reconcile()) == [(Difference.LEARNED, "sent", "delivered")]
    assert office.stands(alert).state is DELIVERED
    assert [one for one in caplog.records if one.message == "alert.unreadable"]


# ── when it cannot be done ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", ["list_500", "list_hang", "list_not_json", "list_429"])
def test_without_the_list_nothing_is_concluded(office: Office, fault: str) -> None:
    office.text()
    office.save(2, uid=NOBODY)
    before = everything(office.documents)
    office.twilio.texts[0].become("delivered")
    office.twilio.fail_with(fault)

    with pytest.raises(NotifierUnavailableError):
        office.reconcile()

    assert everything(office.documents) == before


def test_a_list_that_breaks_off_in_the_middle_is_no_list(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifiers.twilio.listing.PAGE_SIZE", 1)
    alert = office.text()
    office.twilio.texts[0].become("delivered")
    stranger(office)
    monkeypatch.setattr("notifiers.twilio.listing.MOST_PAGES", 1)

    with pytest.raises(NotifierUnavailableError) as refused:
        office.reconcile()

    assert refused.value.code == "list_too_long"
    assert office.stands(alert).state is SENT


def test_every_difference_is_a_line_with_ids_and_no_more(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    office.text("lies_in_list")
    stranger(office)

    office.reconcile()

    lines = [vars(one) for one in caplog.records]
    said = [line["difference"] for line in lines if line["msg"] == "reconcile.difference"]
    assert said == ["not_listed", "not_ours"]
    (done,) = [line for line in lines if line["msg"] == "reconcile.done"]
    assert (done["texts"], done["listed"], done["differences"]) == (1, 1, 2)
    assert not [line for line in lines for private in (PHONE, TOKEN, "Lunch") if private in str(line)]


def test_a_code_that_verify_texted_is_looked_for_in_no_list(office: Office) -> None:
    office.save(state=SENT, attempts=1, attempted_at=office.began, receipt="VE" + "0" * 32)
    found = office.reconcile()
    assert (found.texts, found.findings) == (0, ())
