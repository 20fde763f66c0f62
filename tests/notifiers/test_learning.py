"""What a vendor says of a message: early, late, twice or out of order, and what a look in its list finds."""

import logging
from dataclasses import replace
from datetime import datetime

import pytest

from notifiers.base import Report
from notifiers.deliver import sweep
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.learning import learn
from notifiers.parcels import LOOK_AFTER, Outcome
from notifiers.sending import says
from tests.fakes import Crash, FaultyDocuments
from tests.notifiers.kit import (
    MINUTE,
    NOW,
    PHONE,
    SECOND,
    FakeNotifier,
    ListedPhone,
    Post,
    about,
    copies,
    due,
    everything,
    fail_with,
    save_alert,
    save_alerts,
    save_person,
    stored,
)
from watchers.documents import Update
from watchers.kinds import Channel
from watchers.models import Alert, AlertState

SENT, DELIVERED, UNDELIVERED = AlertState.SENT, AlertState.DELIVERED, AlertState.UNDELIVERED
LATER = NOW + MINUTE


def said(post: Post, alert: Alert, state: AlertState, receipt: str = "receipt-1") -> Outcome:
    """The vendor's callback."""
    code = "30003" if state is UNDELIVERED else None
    return learn(alert.id, Report(receipt, state, code), post.means, now=LATER)


@pytest.fixture
def phone(post: Post) -> ListedPhone:
    """A phone whose vendor keeps a list."""
    post.phone = ListedPhone()
    return post.phone


# ── callbacks ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", [DELIVERED, UNDELIVERED])
def test_what_became_of_a_text_is_learned_once(post: Post, state: AlertState) -> None:
    alert = save_alert(post.documents)
    post.sweep()

    assert said(post, alert, state) == state.value
    assert said(post, alert, state) is Outcome.NOT_DUE
    settled = stored(post.documents, alert.id)
    assert (settled.state, settled.receipt, settled.settled_at) == (state, "receipt-1", LATER)
    assert len(copies(post.documents)) == int(state is UNDELIVERED)


@pytest.mark.parametrize(
    ("order", "end"),
    [
        ((DELIVERED, SENT), DELIVERED),
        ((DELIVERED, UNDELIVERED), DELIVERED),
        ((UNDELIVERED, DELIVERED), UNDELIVERED),
        ((UNDELIVERED, SENT), UNDELIVERED),
        ((SENT, SENT, DELIVERED), DELIVERED),
    ],
)
def test_out_of_order_the_first_final_word_holds(
    post: Post, order: tuple[AlertState, ...], end: AlertState
) -> None:
    alert = save_alert(post.documents)
    post.sweep()

    for state in order:
        said(post, alert, state)

    assert stored(post.documents, alert.id).state is end
    assert len(copies(post.documents)) == int(end is UNDELIVERED)


@pytest.mark.parametrize("state", [SENT, DELIVERED, UNDELIVERED])
def test_a_callback_may_come_before_the_sender_has_its_answer(post: Post, state: AlertState) -> None:
    alert = save_alert(post.documents)
    post.phone.after = lambda: said(post, alert, state)

    assert post.sweep() == {"sent": 1}
    settled = stored(post.documents, alert.id)
    assert (settled.state, settled.receipt) == (state, "receipt-1")
    assert len(post.phone.sent) == 1
    assert due(post.documents, LATER) == [copy.id for copy in copies(post.documents)]
    assert len(copies(post.documents)) == int(state is UNDELIVERED)


@pytest.mark.parametrize("error", [DeliveryUnknownError("no_answer"), RuntimeError("bug"), Crash()])
def test_a_callback_spares_the_question_what_became_of_a_lost_answer(
    post: Post, error: BaseException
) -> None:
    alert = save_alert(post.documents)

    def lose() -> None:
        said(post, alert, DELIVERED)
        raise error

    post.phone.after = lose
    try:
        post.sweep()
    except Crash:
        assert isinstance(error, Crash)
    post.sweep_until_settled(LATER)

    assert stored(post.documents, alert.id).state is DELIVERED
    assert everything(post.documents) == [stored(post.documents, alert.id)]
    assert post.mailbox.sent == []


@pytest.mark.parametrize("state", [SENT, DELIVERED])
def test_after_it_was_given_up_a_callback_still_says_how_it_ended(post: Post, state: AlertState) -> None:
    alert = save_alert(post.documents)
    post.phone.after = fail_with(DeliveryUnknownError("no_answer"))
    post.sweep()
    assert stored(post.documents, alert.id).state is AlertState.UNCERTAIN

    assert said(post, alert, state) == state.value
    settled = stored(post.documents, alert.id)
    assert (settled.state, settled.why, settled.receipt) == (state, None, "receipt-1")
    assert len(copies(post.documents)) == len(post.mailbox.sent) == 1


def test_an_unconfirmed_text_that_was_not_delivered_has_one_copy_all_the_same(post: Post) -> None:
    alert = save_alert(post.documents)
    post.phone.after = fail_with(DeliveryUnknownError("no_answer"))
    post.sweep()

    assert said(post, alert, UNDELIVERED) is Outcome.UNDELIVERED
    post.sweep(LATER)
    assert (stored(post.documents, alert.id).state, stored(post.documents, alert.id).why) == (
        UNDELIVERED,
        "30003",
    )
    assert len(copies(post.documents)) == len(post.mailbox.sent) == 1


def test_a_text_that_was_put_back_and_accepted_after_all_is_not_sent_again(post: Post) -> None:
    alert = save_alert(post.documents)
    post.phone.after = fail_with(NotifierUnavailableError("20429"))
    post.sweep()
    post.phone.after = None
    assert stored(post.documents, alert.id).state is AlertState.PENDING

    assert said(post, alert, SENT) is Outcome.SENT
    post.sweep_until_settled(LATER)
    assert len(post.phone.sent) == 1
    assert stored(post.documents, alert.id).state is SENT


def test_what_failed_stays_failed(post: Post) -> None:
    alert = save_alert(post.documents)
    post.phone.raises(NotifierRejectedError("30034"))
    post.sweep()

    assert said(post, alert, DELIVERED) is Outcome.NOT_DUE
    assert stored(post.documents, alert.id).state is AlertState.FAILED


def test_of_an_alert_we_do_not_know_nothing_is_learned(post: Post) -> None:
    outcome = learn("gone", Report("SM1", DELIVERED), post.means, now=NOW)

    assert outcome is Outcome.MISSING
    assert everything(post.documents) == []


def test_of_an_alert_that_nobody_sent_nothing_is_believed(post: Post) -> None:
    alert = save_alert(post.documents)

    assert said(post, alert, DELIVERED) is Outcome.NOT_DUE
    assert stored(post.documents, alert.id) == alert


def test_a_rider_is_told_of_by_the_one_that_leads(post: Post) -> None:
    lead, rider = save_alerts(post.documents, 2)
    post.sweep()

    assert said(post, rider, DELIVERED) is Outcome.NOT_DUE
    assert stored(post.documents, rider.id).state is SENT
    said(post, lead, DELIVERED)
    assert stored(post.documents, rider.id).state is DELIVERED


def test_another_receipt_for_the_same_alert_is_an_error_for_the_operator(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    alert = save_alert(post.documents)
    post.sweep()
    before = stored(post.documents, alert.id)

    assert said(post, alert, DELIVERED, "receipt-2") is Outcome.NOT_DUE

    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert (record.message, record.__dict__["receipts"]) == ("alert.doubled", ["receipt-1", "receipt-2"])
    assert stored(post.documents, alert.id) == before


def test_a_first_attempt_that_was_taken_after_all_is_seen_beside_the_second(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    """The vendor said "surely not sent", and then accepted it. What it breaks it must at least show."""
    alert = save_alert(post.documents)
    post.phone.raises(NotifierUnavailableError("20429"))
    post.sweep()
    post.phone.before = lambda: said(post, alert, SENT, "first")

    post.sweep(LATER)

    assert "alert.doubled" in [record.message for record in caplog.records]
    assert stored(post.documents, alert.id).receipt == "first"


def test_a_number_that_a_callback_calls_bad_is_not_tried_again(post: Post) -> None:
    alert = save_alert(post.documents)
    post.sweep()

    bad = Report("receipt-1", UNDELIVERED, "30006", Fault.BAD_CONTACT)
    learn(alert.id, bad, post.means, now=LATER)

    person = post.documents.get("people/u1")
    assert person
    assert (person.fields["phone_verified_at"], person.fields["phone_problem"]) == (None, "30006")


def test_an_alert_that_others_keep_changing_is_left_to_them(post: Post) -> None:
    alert = save_alert(post.documents)
    post.sweep()
    faulty = FaultyDocuments(post.documents)
    times: list[int] = []

    def touch(_: object) -> None:
        times.append(len(times))
        fields = {"attempted_at": NOW + len(times) * SECOND}
        document = post.documents.get(f"alerts/{alert.id}")
        assert document
        post.documents.commit(Update(document.path, fields, document.version))

    faulty.before_commit = touch
    means = replace(post.means, documents=faulty)

    outcome = learn(alert.id, Report("receipt-1", DELIVERED), means, now=LATER)

    assert outcome is Outcome.OVERTAKEN
    assert stored(post.documents, alert.id).state is SENT


def test_what_is_learned_is_logged_with_ids_only(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    alert = save_alert(post.documents)
    post.sweep()
    caplog.set_level(logging.DEBUG)
    caplog.clear()

    said(post, alert, UNDELIVERED)

    (record,) = caplog.records
    assert (record.message, record.__dict__["alert"], record.__dict__["why"]) == (
        "alert.undelivered",
        alert.id,
        "30003",
    )
    assert PHONE not in str(record.__dict__)


# ── looking it up ────────────────────────────────────────────────────────────────────────────────────────


def lost(post: Post, phone: ListedPhone) -> Alert:
    """A text that was accepted, and whose answer never came."""
    alert = save_alert(post.documents)
    phone.after = fail_with(DeliveryUnknownError("no_answer"))
    assert post.sweep() == {"uncertain": 1}
    phone.after = None
    return alert


def looked_at(post: Post, alert: Alert) -> datetime:
    at = stored(post.documents, alert.id).due_at
    assert at
    return at


def test_a_lost_answer_is_found_in_the_vendors_list(post: Post, phone: ListedPhone) -> None:
    alert = lost(post, phone)
    assert looked_at(post, alert) == about(NOW + LOOK_AFTER)

    assert post.sweep(NOW + LOOK_AFTER + SECOND) == {"found": 1}

    settled = stored(post.documents, alert.id)
    assert (settled.state, settled.receipt, settled.why) == (SENT, "receipt-1", None)
    assert copies(post.documents) == []
    assert post.mailbox.sent == []
    assert len(phone.sent) == 1


def test_a_text_of_many_is_found_for_all_of_them(post: Post, phone: ListedPhone) -> None:
    save_alerts(post.documents, 3)
    phone.after = fail_with(DeliveryUnknownError("no_answer"))
    assert post.sweep() == {"uncertain": 3}

    assert post.sweep(LATER) == {"found": 3}
    assert {one.state for one in everything(post.documents)} == {SENT}


def test_a_text_whose_sender_died_is_found_too(post: Post, phone: ListedPhone) -> None:
    alert = save_alert(post.documents)
    phone.after = fail_with(Crash())
    with pytest.raises(Crash):
        post.sweep()

    assert post.sweep(LATER) == {"uncertain": 1, "found": 1}
    assert stored(post.documents, alert.id).receipt == "receipt-1"
    assert copies(post.documents) == []


def test_what_is_not_listed_is_looked_up_once_more_and_then_goes_by_email(
    post: Post, phone: ListedPhone
) -> None:
    alert = lost(post, phone)
    phone.lies = True

    assert post.sweep(NOW + LOOK_AFTER + SECOND) == {"uncertain": 1}
    assert looked_at(post, alert) == about(NOW + post.limits.settle)
    assert copies(post.documents) == []

    assert post.sweep(NOW + post.limits.settle + SECOND) == {"unconfirmed": 1, "sent": 1}
    settled = stored(post.documents, alert.id)
    assert (settled.state, settled.why, settled.due_at) == (AlertState.UNCERTAIN, "no_answer", None)
    assert "could not confirm" in post.mailbox.texts[0]
    assert phone.looks == 2


def test_what_is_listed_at_the_last_look_is_found(post: Post, phone: ListedPhone) -> None:
    alert = lost(post, phone)
    phone.lies = True
    post.sweep(NOW + LOOK_AFTER + SECOND)
    phone.lies = False

    assert post.sweep(NOW + post.limits.settle + SECOND) == {"found": 1}
    assert stored(post.documents, alert.id).state is SENT


def test_a_list_that_cannot_be_had_is_asked_again_and_then_it_goes_by_email(
    post: Post, phone: ListedPhone, caplog: pytest.LogCaptureFixture
) -> None:
    alert = lost(post, phone)
    phone.no_list = NotifierUnavailableError("20500")

    assert post.sweep(NOW + LOOK_AFTER + SECOND) == {"uncertain": 1}
    assert "alert.not_looked_up" in [record.message for record in caplog.records]
    assert post.sweep(looked_at(post, alert) + SECOND) == {"unconfirmed": 1, "sent": 1}
    assert len(phone.sent) == 1


def test_a_text_to_somebody_else_with_the_same_words_is_not_taken_for_it(
    post: Post, phone: ListedPhone
) -> None:
    alert = lost(post, phone)
    phone.lies = True
    phone.listed = [Report("SM9", SENT, to="+15005550009", body=phone.texts[0])]

    post.sweep_until_settled(NOW)

    assert stored(post.documents, alert.id).state is AlertState.UNCERTAIN


def test_another_text_to_the_same_person_is_not_taken_for_it(post: Post, phone: ListedPhone) -> None:
    alert = lost(post, phone)
    phone.lies = True
    other = phone.texts[0].replace(alert.code, f"{alert.code[:4]}2222")
    phone.listed = [Report("SM9", SENT, to=PHONE, body=other), Report("SM8", SENT, to=PHONE, body="#ZZZZ")]

    post.sweep_until_settled(NOW)

    assert stored(post.documents, alert.id).state is AlertState.UNCERTAIN


@pytest.mark.parametrize("state", [DELIVERED, UNDELIVERED])
def test_what_the_list_says_became_of_it_is_taken_over(
    post: Post, phone: ListedPhone, state: AlertState
) -> None:
    alert = lost(post, phone)
    phone.listed = [Report("receipt-1", state, "30003", to=PHONE, body=phone.texts[0])]

    outcomes = post.sweep(LATER)

    assert outcomes["found"] == 1
    assert stored(post.documents, alert.id).state is state
    assert len(copies(post.documents)) == len(post.mailbox.sent) == int(state is UNDELIVERED)


def test_a_number_that_is_gone_has_no_list_to_look_in(post: Post, phone: ListedPhone) -> None:
    alert = lost(post, phone)
    save = post.documents.get("people/u1")
    assert save
    post.documents.commit(Update(save.path, {"phone_verified_at": None}, save.version))

    post.sweep_until_settled(NOW)

    assert stored(post.documents, alert.id).state is AlertState.UNCERTAIN
    assert len(post.mailbox.sent) == 1
    assert phone.looks == 0


@pytest.mark.parametrize(
    ("body", "is_it"),
    [
        ("$84 Deftones #K7Q2 https://scout.example/a/K7Q28M4X", True),
        ("Sent from your account - $84 Deftones #K7Q2 https://scout.example/a/K7Q28M4X", True),
        ("$84 Deftones #K7Q2", True),
        ("$84 Deftones #K7Q2 https://scout.example/a/K7Q22222", False),
        ("$84 Deftones #K7Q9", False),
        ("", False),
    ],
    ids=["link", "with a trial's prefix", "without room for a link", "another's link", "another", "nothing"],
)
def test_a_listed_text_is_known_by_its_code(body: str, is_it: bool) -> None:
    assert says(body, "K7Q28M4X") is is_it


def test_the_channel_of_a_lost_push_message_has_no_list(post: Post) -> None:
    """Nobody can look it up, so the next channel tells it at once."""
    save_person(post.documents, push_url="ntfys://ntfy.example/t", push_verified_at=NOW)
    alert = save_alert(post.documents, Channel.PUSH)
    push = FakeNotifier(Channel.PUSH, after=fail_with(DeliveryUnknownError("no_answer")))
    means = replace(post.means, notifiers={**post.notifiers, Channel.PUSH: push})
    outcomes = sweep(means, now=NOW, deadline=NOW + MINUTE)

    assert outcomes == {"uncertain": 1, "unconfirmed": 1, "sent": 1}
    assert len(push.sent) == len(post.mailbox.sent) == 1
    assert stored(post.documents, alert.id).state is AlertState.UNCERTAIN
