"""The machine of states: what may move, who may move it, and what is left behind for whom."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from notifiers import outbox
from store.sqlite import SqliteDocuments
from tests.fakes import Crash, FaultyDocuments
from tests.notifiers.kit import MINUTE, NOW, an_alert, copies, save_alert, stored
from watchers import alerts
from watchers.documents import Documents, Put
from watchers.errors import ConflictError
from watchers.models import Alert, AlertState
from watchers.watch import Channel

LEASE = outbox.LEASES[Channel.SMS]


def claimed(documents: Documents, channel: Channel = Channel.SMS, **changes: object) -> Alert:
    alert = outbox.claim(documents, save_alert(documents, channel, **changes), NOW)
    assert alert
    return alert


def test_a_claim_takes_a_lease_and_counts_the_attempt(documents: SqliteDocuments) -> None:
    alert = claimed(documents)

    assert (alert.state, alert.due_at, alert.attempts) == (AlertState.SENDING, NOW + LEASE, 1)
    assert stored(documents, alert.id) == alert
    assert stored(documents, alert.id).version == alert.version


def test_of_two_claims_on_one_reading_one_wins(documents: SqliteDocuments) -> None:
    alert = save_alert(documents)
    outbox.claim(documents, alert, NOW)

    with pytest.raises(ConflictError):
        outbox.claim(documents, alert, NOW)


def test_a_held_alert_is_nobodys(documents: SqliteDocuments) -> None:
    alert = claimed(documents)

    assert outbox.claim(documents, alert, NOW + LEASE - timedelta(seconds=1)) is None
    assert outbox.due(documents, NOW + LEASE - timedelta(seconds=1), 10) == []


def test_an_alert_is_not_claimed_before_its_time(documents: SqliteDocuments) -> None:
    alert = save_alert(documents, due_at=NOW + MINUTE)

    assert outbox.claim(documents, alert, NOW) is None


def test_a_text_whose_lease_ran_out_is_never_claimed_again(documents: SqliteDocuments) -> None:
    alert = claimed(documents)

    assert outbox.claim(documents, alert, NOW + LEASE) is None
    assert outbox.is_orphaned(alert, NOW + LEASE)
    assert outbox.due(documents, NOW + LEASE, 10) == [alert.id]


def test_an_email_whose_lease_ran_out_is_claimed_again(documents: SqliteDocuments) -> None:
    alert = claimed(documents, Channel.EMAIL)
    later = NOW + outbox.LEASES[Channel.EMAIL]

    again = outbox.claim(documents, alert, later)

    assert again
    assert again.attempts == 2
    assert not outbox.is_orphaned(alert, later)


def test_a_text_that_was_put_back_may_be_claimed_when_it_is_due(documents: SqliteDocuments) -> None:
    alert = outbox.put_back(documents, claimed(documents), "20429", NOW + MINUTE)

    assert (alert.state, alert.why) == (AlertState.PENDING, "20429")
    assert outbox.claim(documents, alert, NOW) is None
    assert outbox.claim(documents, alert, NOW + MINUTE)


def test_what_is_settled_is_never_due_again(documents: SqliteDocuments) -> None:
    alert = outbox.settle_sent(documents, claimed(documents), "SM1", NOW)

    assert (alert.state, alert.receipt, alert.settled_at) == (AlertState.SENT, "SM1", NOW)
    assert outbox.due(documents, NOW + timedelta(days=365), 10) == []
    assert outbox.claim(documents, alert, NOW + timedelta(days=365)) is None


def test_final_states_are_final(documents: SqliteDocuments) -> None:
    sent = outbox.settle_sent(documents, claimed(documents), "SM1", NOW)

    moves: tuple[Callable[[], Alert], ...] = (
        lambda: outbox.settle_failed(documents, sent, "21610", NOW),
        lambda: outbox.settle_uncertain(documents, sent, "no_answer", NOW),
        lambda: outbox.put_back(documents, sent, "20429", NOW),
    )
    for move in moves:
        with pytest.raises(ConflictError):
            move()
    assert stored(documents, sent.id) == sent
    assert copies(documents) == []


def test_nobody_settles_an_alert_that_was_not_claimed(documents: SqliteDocuments) -> None:
    alert = save_alert(documents)

    with pytest.raises(ConflictError):
        outbox.settle_sent(documents, alert, "SM1", NOW)


@pytest.mark.parametrize("settle", [outbox.settle_failed, outbox.settle_uncertain])
def test_a_text_that_ends_badly_becomes_an_email_in_the_same_commit(
    documents: SqliteDocuments, settle: Callable[..., Alert]
) -> None:
    faulty = FaultyDocuments(documents)
    alert = claimed(documents)

    outcome = settle(faulty, alert, "no_answer", NOW + MINUTE)

    assert faulty.commits == 1
    (copy,) = copies(documents)
    assert (copy.copy_of, copy.copy_why, copy.channel) == (alert.id, "no_answer", Channel.EMAIL)
    assert (copy.news, copy.uid, copy.watch_id) == (alert.news, alert.uid, alert.watch_id)
    assert copy.code == alert.code
    assert outbox.due(documents, NOW + MINUTE, 10) == [copy.id]
    assert outcome.why == "no_answer"


@pytest.mark.parametrize("crash", ["crash_before", "crash_after"])
def test_killed_around_the_settling_there_is_a_copy_exactly_if_it_is_settled(
    documents: SqliteDocuments, crash: str
) -> None:
    faulty = FaultyDocuments(documents)
    alert = claimed(documents)
    getattr(faulty, crash)(1)

    with pytest.raises(Crash):
        outbox.settle_failed(faulty, alert, "21610", NOW)

    settled = stored(documents, alert.id).state is AlertState.FAILED
    assert settled is (crash == "crash_after")
    assert len(copies(documents)) == int(settled)


def test_a_copy_that_exists_already_does_not_stop_the_settling(documents: SqliteDocuments) -> None:
    alert = claimed(documents)
    documents.commit(alerts.creation(outbox.email_copy(alert, "no_answer", NOW)))

    outbox.settle_uncertain(documents, alert, "no_answer", NOW)

    assert stored(documents, alert.id).state is AlertState.UNCERTAIN
    assert len(copies(documents)) == 1


def test_an_uncertain_text_that_turns_out_failed_gets_no_second_copy(documents: SqliteDocuments) -> None:
    """The status callback's way: it may still say how an uncertain text ended."""
    uncertain = outbox.settle_uncertain(documents, claimed(documents), "no_answer", NOW)

    outbox.settle_failed(documents, uncertain, "30003", NOW + MINUTE)

    assert stored(documents, uncertain.id).why == "30003"
    assert len(copies(documents)) == 1


def test_an_uncertain_text_may_turn_out_sent(documents: SqliteDocuments) -> None:
    uncertain = outbox.settle_uncertain(documents, claimed(documents), "no_answer", NOW)

    sent = outbox.settle_sent(documents, uncertain, "SM1", NOW + MINUTE)

    assert (sent.state, sent.why) == (AlertState.SENT, None)


def test_a_text_with_an_email_of_its_own_makes_no_copy(documents: SqliteDocuments) -> None:
    outbox.settle_failed(documents, claimed(documents, also_by_email=True), "21610", NOW)

    assert copies(documents) == []


def test_an_email_that_fails_makes_no_copy(documents: SqliteDocuments) -> None:
    outbox.settle_failed(documents, claimed(documents, Channel.EMAIL), "550", NOW)

    assert copies(documents) == []


def test_a_settling_that_was_overtaken_writes_nothing(documents: SqliteDocuments) -> None:
    alert = claimed(documents)
    outbox.settle_sent(documents, alert, "SM1", NOW)

    with pytest.raises(ConflictError):
        outbox.settle_uncertain(documents, alert, "lease_expired", NOW + LEASE)
    assert stored(documents, alert.id).state is AlertState.SENT
    assert copies(documents) == []


def test_the_longest_waiting_come_first_and_only_so_many(documents: SqliteDocuments) -> None:
    for minutes in (3, 1, 2):
        documents.commit(alerts.creation(an_alert(id=f"a{minutes}", due_at=NOW - minutes * MINUTE)))

    assert outbox.due(documents, NOW, 2) == ["a3", "a2"]


def test_an_unreadable_alert_can_be_set_aside(documents: SqliteDocuments) -> None:
    documents.commit(Put("alerts/poison", {"due_at": NOW, "state": "no such state"}))

    outbox.set_aside(documents, "poison", NOW + MINUTE)

    assert outbox.due(documents, NOW, 10) == []
    assert outbox.due(documents, NOW + MINUTE, 10) == ["poison"]


def test_a_text_being_sent_and_a_settled_alert_are_not_set_aside(documents: SqliteDocuments) -> None:
    sending = claimed(documents)
    sent = outbox.settle_sent(documents, claimed(documents, Channel.EMAIL), "m1", NOW)

    for identity in (sending.id, sent.id, "no-such-alert"):
        outbox.set_aside(documents, identity, NOW + 60 * MINUTE)

    assert stored(documents, sending.id) == sending
    assert stored(documents, sent.id) == sent
