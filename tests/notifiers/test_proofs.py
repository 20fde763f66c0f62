"""A one-time code on its way through the outbox: to the contact of its proof, once, and while it works."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from notifiers import proofs
from notifiers.base import Report
from notifiers.deliver import sweep
from notifiers.errors import DeliveryUnknownError, NotifierRejectedError, NotifierUnavailableError
from notifiers.learning import learn
from notifiers.limits import Limits
from notifiers.proofs import Contact, Kind, Proof
from store.sqlite import SqliteDocuments
from tests.fakes import Crash, FaultyDocuments
from tests.notifiers.kit import (
    NOW,
    FakeNotifier,
    ListedPhone,
    Post,
    copies,
    everything,
    fail_with,
    save_alert,
    spent,
    stored,
)
from watchers.alerts import feed, newest_first
from watchers.documents import Documents, Put
from watchers.kinds import Channel
from watchers.models import AlertState

KEY = "not-a-real-key"
NUMBER = "+14155550123"


PHONE = Contact(Kind.PHONE, NUMBER)


def ask(documents: Documents, contact: Contact = PHONE, number: int = 1, **changes: object) -> Proof:
    proof = Proof(proofs.proof_id(KEY, f"form {number}", contact), contact, NOW)
    proof = replace(proof, **changes)  # type: ignore[arg-type]
    documents.commit(*proofs.creation(proof))
    return proof


def test_it_goes_to_the_contact_of_its_proof(post: Post) -> None:
    proof = ask(post.documents)
    post.sweep()
    ((to, message),) = post.phone.sent
    assert to == NUMBER
    assert message.text.startswith(f"{proofs.passcode(KEY, proof.id, NOW)} is your Ticket Scout code.")
    assert message.text.endswith(f"\n\n@scout.example #{proofs.passcode(KEY, proof.id, NOW)}")
    assert stored(post.documents, proof.alert_id).state is AlertState.SENT


def test_a_letter_carries_code_and_link(post: Post) -> None:
    proof = ask(post.documents, Contact(Kind.EMAIL, "new@example.org"))
    post.sweep()
    ((to, message),) = post.mailbox.sent
    code = proofs.passcode(KEY, proof.id, NOW)
    assert to == "new@example.org"
    assert code in message.subject
    for part in (message.text, message.html):
        assert code in part
        assert "https://scout.example/sign-in/link/" in part
    assert not message.stop_url


def test_it_waits_for_no_quiet_hours_and_joins_no_other_message(post: Post) -> None:
    """Even where the number is that of somebody who sleeps and collects everything."""
    asleep = {"phone": NUMBER, "phone_verified_at": NOW, "quiet_hours": {"from": "00:00", "to": "23:59"}}
    post.documents.commit(Put("people/u1", asleep | {"digest": "daily", "per_day": 0}))
    held = save_alert(post.documents)
    ask(post.documents, number=1)
    ask(post.documents, number=2)
    post.sweep()
    assert len(post.phone.sent) == 2
    assert stored(post.documents, held.id).state is AlertState.HELD


def test_it_is_in_nobodys_list(post: Post) -> None:
    ask(post.documents, uid="u1")
    assert all(not newest_first(alert).startswith(feed("u1")) for alert in everything(post.documents))


def test_it_counts_as_spent_and_stops_with_the_budget(post: Post) -> None:
    post.limits = Limits(grouping=timedelta(0), longest_grouping=timedelta(0), segments_in_all=2)
    made = [ask(post.documents, number=number) for number in range(3)]
    post.sweep()
    assert spent(post.documents) == len(post.phone.sent) == 2
    assert {stored(post.documents, proof.alert_id).why for proof in made} == {None, "over_budget"}


def test_one_that_is_too_old_is_dropped(post: Post) -> None:
    proof = ask(post.documents)
    post.sweep(NOW + proofs.LASTS + timedelta(seconds=1))
    assert post.phone.sent == []
    dropped = stored(post.documents, proof.alert_id)
    assert (dropped.state, dropped.why) == (AlertState.FAILED, "expired")


def test_one_that_could_not_go_in_time_is_dropped(post: Post) -> None:
    proof = ask(post.documents, Contact(Kind.EMAIL, "new@example.org"))
    post.mailbox.raises(NotifierUnavailableError("unreachable"))
    post.sweep()
    post.mailbox.before = None
    post.sweep(NOW + proofs.LASTS + timedelta(seconds=1))
    assert post.mailbox.sent == []
    assert stored(post.documents, proof.alert_id).why == "expired"


def test_one_that_was_used_already_is_not_sent(post: Post) -> None:
    proof = ask(post.documents)
    found = proofs.find(post.documents, proof.id)
    assert found
    post.documents.commit(proofs.used(found, NOW))
    post.sweep()
    assert post.phone.sent == []


@pytest.mark.parametrize("kind", [*Kind])
@pytest.mark.parametrize(
    "error",
    [NotifierRejectedError("21614"), NotifierUnavailableError("20429"), DeliveryUnknownError("no_answer")],
    ids=lambda error: error.code,
)
def test_no_other_channel_tells_it(post: Post, kind: Kind, error: Exception) -> None:
    """It proves that one contact: another one, or a page, would prove nothing."""
    ask(post.documents, Contact(kind, NUMBER if kind is Kind.PHONE else "new@example.org"))
    post.phone.raises(error)
    post.mailbox.raises(error)
    post.sweep_until_settled()
    assert copies(post.documents) == []
    assert post.phone.sent == post.mailbox.sent == []


def test_a_text_nobody_knows_of_is_never_sent_again(post: Post) -> None:
    proof = ask(post.documents)
    post.phone.after = fail_with(DeliveryUnknownError("no_answer"))
    post.sweep_until_settled()
    assert len(post.phone.sent) == 1
    assert stored(post.documents, proof.alert_id).state is AlertState.UNCERTAIN


def test_a_lost_answer_is_found_in_the_vendors_list(documents: SqliteDocuments) -> None:
    post = Post(documents, phone=ListedPhone())
    proof = ask(documents)
    post.phone.after = fail_with(DeliveryUnknownError("no_answer"))
    post.sweep_until_settled()
    assert len(post.phone.sent) == 1
    assert stored(documents, proof.alert_id).state is AlertState.SENT


def test_the_vendors_callback_is_believed(post: Post) -> None:
    proof = ask(post.documents)
    post.sweep()
    report = Report("receipt-1", AlertState.UNDELIVERED, "30003")
    learn(proof.alert_id, report, post.means, now=NOW)
    assert stored(post.documents, proof.alert_id).state is AlertState.UNDELIVERED
    assert copies(post.documents) == []


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("vendor", ["well", "dies_before", "dies_after"])
def test_wherever_a_sender_dies_the_text_goes_out_once_at_most(when: str, number: int, vendor: str) -> None:
    documents = SqliteDocuments(":memory:")
    post = Post(documents)
    if vendor != "well":
        setattr(post.phone, vendor.removeprefix("dies_"), fail_with(Crash()))
    ask(documents)
    faulty = FaultyDocuments(documents)
    getattr(faulty, f"crash_{when}")(number)
    with suppress(Crash):
        post.sweep(documents=faulty)
    post.phone.before = post.phone.after = None
    post.sweep_until_settled(NOW + timedelta(seconds=46))
    assert len(post.phone.sent) <= 1
    assert copies(documents) == []
    assert all(alert.settled_at for alert in everything(documents))
    documents.close()


def test_where_verify_makes_the_codes_it_sends_them(post: Post) -> None:
    verify = FakeNotifier(Channel.SMS)
    ask(post.documents, vendor=True)
    ask(post.documents, Contact(Kind.EMAIL, "new@example.org"))
    sweep(replace(post.means, verify=verify), now=NOW, deadline=NOW + timedelta(minutes=1))
    assert [to for to, _ in verify.sent] == [NUMBER]
    assert post.phone.sent == []
    assert len(post.mailbox.sent) == 1


def test_codes_differ_and_are_six_digits() -> None:
    codes = [proofs.passcode(KEY, f"proof {number}", NOW) for number in range(500)]
    assert len(set(codes)) > 495
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
    assert proofs.passcode("another key", "proof 1", NOW) != codes[1]
