"""The machine of states: what may move, who may move it, and what is left behind for whom."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from notifiers import outbox
from notifiers.base import Report
from notifiers.outbox import Bundle, Move
from store.sqlite import SqliteDocuments
from tests.fakes import Crash, FaultyDocuments
from tests.notifiers.kit import (
    MINUTE,
    NEWS,
    NOW,
    SECOND,
    an_alert,
    copies,
    due,
    everything,
    save_alert,
    save_alerts,
    stored,
)
from watchers import alerts
from watchers.documents import Create, Documents, Put, Update
from watchers.kinds import Channel
from watchers.models import AlertState

LEASE = outbox.LEASES[Channel.SMS]
YEAR = timedelta(days=365)
SENT = Report("SM1", AlertState.SENT)
DELIVERED = Report("SM1", AlertState.DELIVERED)
UNDELIVERED = Report("SM1", AlertState.UNDELIVERED, "30003")
EMAIL = Channel.EMAIL


def write(documents: Documents, move: Move | None) -> Bundle | None:
    """The bundle as it stands then, or ``None`` when somebody else was there first."""
    assert move
    (versions,) = outbox.commit(documents, [[move]])
    return None if versions is None else outbox.standing(move, versions)


def written(documents: Documents, move: Move | None) -> Bundle:
    bundle = write(documents, move)
    assert bundle
    return bundle


def claimed(documents: Documents, channel: Channel = Channel.SMS, **changes: object) -> Bundle:
    return written(documents, outbox.claim(save_alert(documents, channel, **changes), (), NOW))


def claimed_group(documents: Documents, count: int = 3) -> Bundle:
    lead, *riders = save_alerts(documents, count)
    news = [replace(NEWS, now_price=number) for number in range(count)]
    return written(documents, outbox.claim(lead, riders, NOW, news=news, segments=1))


def states(documents: Documents) -> set[AlertState]:
    """Of everything that is no copy."""
    return {alert.state for alert in everything(documents) if not alert.copy_of}


# ── claiming ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_claim_takes_a_lease_and_counts_the_attempt(documents: SqliteDocuments) -> None:
    alert = claimed(documents).lead

    assert (alert.state, alert.due_at, alert.attempts) == (AlertState.SENDING, NOW + LEASE, 1)
    assert alert.attempted_at == NOW
    assert stored(documents, alert.id) == alert
    assert stored(documents, alert.id).version == alert.version


def test_of_two_claims_on_one_reading_one_wins(documents: SqliteDocuments) -> None:
    alert = save_alert(documents)
    written(documents, outbox.claim(alert, (), NOW))

    assert write(documents, outbox.claim(alert, (), NOW + SECOND)) is None
    assert stored(documents, alert.id).attempted_at == NOW


def test_a_held_alert_is_nobodys(documents: SqliteDocuments) -> None:
    alert = claimed(documents).lead

    assert not outbox.is_claimable(alert, NOW + LEASE - SECOND)
    assert due(documents, NOW + LEASE - SECOND) == []


def test_an_alert_is_not_claimed_before_its_time(documents: SqliteDocuments) -> None:
    alert = save_alert(documents, due_at=NOW + MINUTE)

    assert not outbox.is_claimable(alert, NOW)
    assert outbox.is_claimable(alert, NOW + MINUTE)


def test_a_text_whose_lease_ran_out_is_never_claimed_again(documents: SqliteDocuments) -> None:
    alert = claimed(documents).lead

    assert not outbox.is_claimable(alert, NOW + LEASE)
    assert outbox.is_orphaned(alert, NOW + LEASE)
    assert due(documents, NOW + LEASE) == [alert.id]


def test_an_email_whose_lease_ran_out_is_claimed_again(documents: SqliteDocuments) -> None:
    alert = claimed(documents, EMAIL).lead
    later = NOW + outbox.LEASES[EMAIL]

    assert outbox.is_claimable(alert, later)
    assert not outbox.is_orphaned(alert, later)
    assert written(documents, outbox.claim(alert, (), later)).lead.attempts == 2


@pytest.mark.parametrize("state", [AlertState.SENT, *sorted(outbox.FINAL), AlertState.UNCERTAIN])
def test_nobody_claims_what_was_told_or_cannot_be(state: AlertState) -> None:
    assert not outbox.is_claimable(an_alert(state=state, due_at=NOW), NOW + YEAR)


def test_nobody_claims_what_rides_with_another(documents: SqliteDocuments) -> None:
    for rider in claimed_group(documents).riders:
        assert not outbox.is_claimable(rider, NOW + YEAR)


# ── what goes out as one message moves as one ────────────────────────────────────────────────────────────


def test_riders_are_claimed_with_the_one_that_leads(documents: SqliteDocuments) -> None:
    faulty = FaultyDocuments(documents)
    lead, *riders = save_alerts(documents, 3)

    group = written(faulty, outbox.claim(lead, riders, NOW, news=[NEWS] * 3))

    assert faulty.commits == 1
    assert group.lead.riders == tuple(rider.id for rider in riders)
    assert group.lead.more == (NEWS, NEWS)
    for rider in group.riders:
        assert (rider.state, rider.rides_with, rider.due_at) == (AlertState.SENDING, lead.id, None)
        assert stored(documents, rider.id) == rider
    assert due(documents, NOW + YEAR) == [lead.id]
    assert outbox.bundle(documents, stored(documents, lead.id)) == group


def test_a_group_with_one_member_that_was_moved_is_not_claimed_at_all(documents: SqliteDocuments) -> None:
    lead, moved, other = save_alerts(documents, 3)
    written(documents, outbox.hold(moved, NOW + MINUTE, "quiet_hours"))

    assert write(documents, outbox.claim(lead, [moved, other], NOW)) is None
    assert [stored(documents, one.id).state for one in (lead, moved, other)] == [
        AlertState.PENDING,
        AlertState.HELD,
        AlertState.PENDING,
    ]


ENDS: dict[str, tuple[Callable[[Bundle], Move | None], AlertState]] = {
    "sent": (lambda held: outbox.sent(held, "SM1", NOW), AlertState.SENT),
    "failed": (lambda held: outbox.failed(held, "21610", NOW, EMAIL), AlertState.FAILED),
    "uncertain": (lambda held: outbox.uncertain(held, "no_answer", NOW + MINUTE), AlertState.UNCERTAIN),
    "unconfirmed": (lambda held: outbox.unconfirmed(held, NOW, EMAIL), AlertState.UNCERTAIN),
    "delivered": (lambda held: outbox.learned(held, DELIVERED, NOW), AlertState.DELIVERED),
    "undelivered": (lambda held: outbox.learned(held, UNDELIVERED, NOW, EMAIL), AlertState.UNDELIVERED),
}


@pytest.mark.parametrize("end", ENDS)
def test_riders_share_the_fate_of_the_one_that_leads(documents: SqliteDocuments, end: str) -> None:
    group = claimed_group(documents)
    move, state = ENDS[end]

    after = written(documents, move(group))

    assert states(documents) == {state}
    assert {(one.receipt, one.settled_at) for one in after.alerts} == {
        (after.lead.receipt, after.lead.settled_at)
    }
    assert [one.due_at for one in after.riders] == [None, None]
    assert outbox.bundle(documents, stored(documents, group.lead.id)) == after
    for copy in copies(documents):
        assert copy.every_news == group.lead.every_news


def test_a_group_that_was_put_back_is_claimed_again_as_it_was(documents: SqliteDocuments) -> None:
    group = claimed_group(documents)

    back = written(documents, outbox.put_back(group, "20429", NOW + MINUTE))
    assert (back.lead.state, back.lead.due_at) == (AlertState.PENDING, NOW + MINUTE)
    assert due(documents, NOW + YEAR) == [group.lead.id]
    assert [outbox.is_claimable(rider, NOW + YEAR) for rider in back.riders] == [False, False]

    again = written(documents, outbox.claim(back.lead, back.riders, NOW + MINUTE, segments=1))
    assert again.lead.every_news == group.lead.every_news
    assert again.lead.riders == group.lead.riders
    written(documents, outbox.sent(again, "SM1", NOW + MINUTE))
    assert states(documents) == {AlertState.SENT}


def test_riders_are_not_found_among_those_that_wait(documents: SqliteDocuments) -> None:
    group = written(documents, outbox.put_back(claimed_group(documents), "20429", NOW + MINUTE))
    late = save_alert(documents, watch_id="w9")

    assert {document.id for document in outbox.waiting(documents, late)} == {late.id, group.lead.id}


# ── the steps ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_text_that_was_put_back_may_be_claimed_when_it_is_due(documents: SqliteDocuments) -> None:
    alert = written(documents, outbox.put_back(claimed(documents), "20429", NOW + MINUTE)).lead

    assert (alert.state, alert.why) == (AlertState.PENDING, "20429")
    assert not outbox.is_claimable(alert, NOW)
    assert outbox.is_claimable(alert, NOW + MINUTE)


def test_held_news_is_found_when_its_time_has_come(documents: SqliteDocuments) -> None:
    alert = written(documents, outbox.hold(save_alert(documents), NOW + MINUTE, "quiet_hours")).lead

    assert (alert.state, alert.why, alert.attempts) == (AlertState.HELD, "quiet_hours", 0)
    assert due(documents, NOW + MINUTE - SECOND) == []
    assert due(documents, NOW + MINUTE) == [alert.id]
    assert outbox.is_claimable(alert, NOW + MINUTE)


def test_what_is_settled_is_never_due_again(documents: SqliteDocuments) -> None:
    alert = written(documents, outbox.sent(claimed(documents), "SM1", NOW)).lead

    assert (alert.state, alert.receipt, alert.settled_at) == (AlertState.SENT, "SM1", NOW)
    assert due(documents, NOW + YEAR) == []
    assert not outbox.is_claimable(alert, NOW + YEAR)


def test_an_uncertain_text_is_due_when_it_is_to_be_looked_up(documents: SqliteDocuments) -> None:
    lost = written(documents, outbox.uncertain(claimed(documents), "no_answer", NOW + MINUTE))

    assert (lost.lead.state, lost.lead.why) == (AlertState.UNCERTAIN, "no_answer")
    assert copies(documents) == []
    assert due(documents, NOW + MINUTE) == [lost.lead.id]

    written(documents, outbox.unconfirmed(lost, NOW + MINUTE, EMAIL))
    (copy,) = copies(documents)
    assert copy.copy_why == stored(documents, lost.lead.id).why == "no_answer"
    assert due(documents, NOW + MINUTE) == [copy.id]


def test_whoever_reads_an_old_version_moves_nothing(documents: SqliteDocuments) -> None:
    held = claimed(documents)
    written(documents, outbox.sent(held, "SM1", NOW))
    moves = (
        outbox.failed(held, "21610", NOW, EMAIL),
        outbox.uncertain(held, "no_answer", NOW),
        outbox.unconfirmed(held, NOW, EMAIL),
        outbox.put_back(held, "20429", NOW),
        outbox.claim(held.lead, (), NOW + LEASE),
        outbox.learned(held, UNDELIVERED, NOW, EMAIL),
    )

    assert [write(documents, move) for move in moves] == [None] * len(moves)
    assert stored(documents, held.lead.id).state is AlertState.SENT
    assert copies(documents) == []


# ── what a vendor says later ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", sorted(outbox.FINAL))
@pytest.mark.parametrize("report", [SENT, DELIVERED, UNDELIVERED])
def test_final_states_are_final(state: AlertState, report: Report) -> None:
    settled = Bundle(an_alert(state=state, attempts=1, due_at=None, receipt="SM1"))

    assert outbox.learned(settled, report, NOW, EMAIL) is None


@pytest.mark.parametrize(
    ("state", "report"),
    [
        (AlertState.SENDING, SENT),
        (AlertState.SENDING, DELIVERED),
        (AlertState.SENDING, UNDELIVERED),
        (AlertState.UNCERTAIN, SENT),
        (AlertState.UNCERTAIN, DELIVERED),
        (AlertState.UNCERTAIN, UNDELIVERED),
        (AlertState.SENT, DELIVERED),
        (AlertState.SENT, UNDELIVERED),
        (AlertState.PENDING, SENT),
        (AlertState.PENDING, DELIVERED),
        (AlertState.PENDING, UNDELIVERED),
    ],
)
def test_an_alert_only_ever_comes_to_know_more(state: AlertState, report: Report) -> None:
    move = outbox.learned(Bundle(an_alert(state=state, attempts=1)), report, NOW, EMAIL)

    assert move
    settled = move.after.lead
    assert (settled.state, settled.receipt, settled.due_at) == (report.state, "SM1", None)
    assert settled.why == report.code
    assert sum(isinstance(one, Create) for one in move.writes) == int(report is UNDELIVERED)


def test_what_is_said_twice_or_out_of_order_is_no_news() -> None:
    sent = Bundle(an_alert(state=AlertState.SENT, attempts=1, due_at=None, receipt="SM1"))

    assert outbox.learned(sent, SENT, NOW) is None
    delivered = outbox.learned(sent, DELIVERED, NOW)
    assert delivered
    assert outbox.learned(delivered.after, SENT, NOW) is None


def test_of_what_nobody_tried_to_send_nothing_is_believed() -> None:
    assert outbox.learned(Bundle(an_alert()), DELIVERED, NOW) is None


def test_a_rider_learns_nothing_by_itself(documents: SqliteDocuments) -> None:
    rider = claimed_group(documents).riders[0]

    assert outbox.learned(Bundle(rider), DELIVERED, NOW) is None


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("end", ["failed", "unconfirmed", "undelivered"])
def test_a_text_that_ends_badly_becomes_an_email_in_the_same_commit(
    documents: SqliteDocuments, end: str
) -> None:
    faulty = FaultyDocuments(documents)
    held = claimed(documents)

    outcome = written(faulty, ENDS[end][0](held)).lead

    assert faulty.commits == 1
    (copy,) = copies(documents)
    assert (copy.copy_of, copy.copy_why, copy.channel) == (held.lead.id, outcome.why, EMAIL)
    assert (copy.news, copy.uid, copy.watch_id) == (held.lead.news, held.lead.uid, held.lead.watch_id)
    assert (copy.code, copy.also) == (held.lead.code, (Channel.SMS,))
    assert due(documents, NOW) == [copy.id]


def test_a_copy_for_the_page_of_alerts_is_told_by_standing_there(documents: SqliteDocuments) -> None:
    written(documents, outbox.failed(claimed(documents, EMAIL), "550", NOW, Channel.APP))

    (copy,) = copies(documents)
    assert (copy.channel, copy.state, copy.due_at, copy.settled_at) == (
        Channel.APP,
        AlertState.SENT,
        None,
        NOW,
    )
    assert due(documents, NOW + YEAR) == []


def test_nobody_to_take_over_makes_no_copy(documents: SqliteDocuments) -> None:
    written(documents, outbox.failed(claimed(documents), "21610", NOW))

    assert copies(documents) == []


@pytest.mark.parametrize("crash", ["crash_before", "crash_after"])
def test_killed_around_the_settling_there_is_a_copy_exactly_if_it_is_settled(
    documents: SqliteDocuments, crash: str
) -> None:
    faulty = FaultyDocuments(documents)
    held = claimed(documents)
    getattr(faulty, crash)(1)

    with pytest.raises(Crash):
        write(faulty, outbox.failed(held, "21610", NOW, EMAIL))

    settled = stored(documents, held.lead.id).state is AlertState.FAILED
    assert settled is (crash == "crash_after")
    assert len(copies(documents)) == int(settled)


def test_a_copy_that_exists_already_does_not_stop_the_settling(documents: SqliteDocuments) -> None:
    held = claimed(documents)
    move = outbox.unconfirmed(held, NOW, EMAIL)
    documents.commit(*(one for one in move.writes if isinstance(one, Create)))

    written(documents, move)

    assert stored(documents, held.lead.id).state is AlertState.UNCERTAIN
    assert len(copies(documents)) == 1


def test_an_unconfirmed_text_that_turns_out_undelivered_gets_no_second_copy(
    documents: SqliteDocuments,
) -> None:
    lost = written(documents, outbox.unconfirmed(claimed(documents), NOW, EMAIL))

    written(documents, outbox.learned(lost, UNDELIVERED, NOW + MINUTE, EMAIL))

    undelivered = stored(documents, lost.lead.id)
    assert (undelivered.state, undelivered.why) == (AlertState.UNDELIVERED, "30003")
    assert [copy.copy_why for copy in copies(documents)] == ["no_answer"]


def test_an_unconfirmed_text_may_turn_out_sent(documents: SqliteDocuments) -> None:
    lost = written(documents, outbox.unconfirmed(claimed(documents), NOW, EMAIL))

    sent = written(documents, outbox.learned(lost, SENT, NOW + MINUTE, EMAIL)).lead

    assert (sent.state, sent.why, sent.receipt) == (AlertState.SENT, None, "SM1")


# ── writing many at once ─────────────────────────────────────────────────────────────────────────────────


def test_many_units_go_in_one_commit(documents: SqliteDocuments) -> None:
    faulty = FaultyDocuments(documents)
    units = [[outbox.claim(alert, (), NOW)] for alert in save_alerts(documents, 3)]

    assert all(outbox.commit(faulty, units))
    assert faulty.commits == 1
    assert states(documents) == {AlertState.SENDING}


def test_a_unit_that_somebody_else_has_moved_does_not_stop_the_others(documents: SqliteDocuments) -> None:
    first, second, third = save_alerts(documents, 3)
    written(documents, outbox.hold(second, NOW + MINUTE, "cap"))

    units = [[outbox.claim(alert, (), NOW)] for alert in (first, second, third)]
    found = [versions is not None for versions in outbox.commit(documents, units)]

    assert found == [True, False, True]
    assert stored(documents, second.id).state is AlertState.HELD


def test_a_unit_is_written_whole_or_not_at_all(documents: SqliteDocuments) -> None:
    first, second = save_alerts(documents, 2)

    unit: outbox.Unit = [outbox.claim(first, (), NOW), Update("people/u1", {"timezone": "Asia/Tokyo"}, "old")]

    assert outbox.commit(documents, [unit, [outbox.claim(second, (), NOW)]])[0] is None
    assert stored(documents, first.id).state is AlertState.PENDING
    assert stored(documents, second.id).state is AlertState.SENDING


def test_a_tally_that_somebody_else_began_stops_the_claim_it_belongs_to(documents: SqliteDocuments) -> None:
    """Only copies may stand already: a claim whose message is not counted would not cap anything."""
    alert = save_alert(documents)
    documents.commit(Create("tallies/u1", {"told": {"sms": 1}}))

    unit: outbox.Unit = [outbox.claim(alert, (), NOW), Create("tallies/u1", {"told": {"sms": 1}})]

    assert outbox.commit(documents, [unit]) == [None]
    assert stored(documents, alert.id).state is AlertState.PENDING


# ── finding, and setting aside ───────────────────────────────────────────────────────────────────────────


def test_the_longest_waiting_come_first_and_only_so_many(documents: SqliteDocuments) -> None:
    for minutes in (3, 1, 2):
        documents.commit(alerts.creation(an_alert(id=f"a{minutes}", due_at=NOW - minutes * MINUTE)))

    assert [document.id for document in alerts.due(documents, NOW, 2)] == ["a3", "a2"]


def test_those_that_wait_are_of_one_person_and_one_channel(documents: SqliteDocuments) -> None:
    mine = save_alert(documents)
    held = written(documents, outbox.hold(save_alert(documents, watch_id="w2"), NOW + MINUTE, "cap")).lead
    save_alert(documents, EMAIL)
    save_alert(documents, watch_id="w3", uid="u2")

    assert {document.id for document in outbox.waiting(documents, mine)} == {mine.id, held.id}


def test_an_unreadable_alert_can_be_set_aside(documents: SqliteDocuments) -> None:
    documents.commit(Put("alerts/poison", {"due_at": NOW, "state": "no such state"}))

    outbox.set_aside(documents, "poison", NOW + MINUTE)

    assert due(documents, NOW) == []
    assert due(documents, NOW + MINUTE) == ["poison"]


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.PUSH])
def test_a_message_being_sent_once_and_a_settled_alert_are_not_set_aside(
    documents: SqliteDocuments, channel: Channel
) -> None:
    sending = claimed(documents, channel).lead
    sent = written(documents, outbox.sent(claimed(documents, EMAIL), "m1", NOW)).lead

    for identity in (sending.id, sent.id, "no-such-alert"):
        outbox.set_aside(documents, identity, NOW + 60 * MINUTE)

    assert stored(documents, sending.id) == sending
    assert stored(documents, sent.id) == sent


def test_an_email_being_sent_may_be_set_aside(documents: SqliteDocuments) -> None:
    sending = claimed(documents, EMAIL).lead
    until: datetime = NOW + 60 * MINUTE

    outbox.set_aside(documents, sending.id, until)

    assert stored(documents, sending.id).due_at == until
