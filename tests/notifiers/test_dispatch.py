"""Many on their way at once: who is first, who races whom, and what is left when the process dies."""

import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Event, Lock, Thread

import pytest

from notifiers import outbox
from notifiers.deliver import deliver
from notifiers.dispatch import AT_ONCE
from notifiers.errors import DeliveryUnknownError, NotifierRejectedError, NotifierUnavailableError
from notifiers.parcels import Outcome
from store.sqlite import SqliteDocuments
from tests.fakes import Crash, FaultyDocuments
from tests.notifiers.kit import (
    MINUTE,
    NEWS,
    NOW,
    SECOND,
    ListedPhone,
    Post,
    Stopwatch,
    copies,
    due,
    everything,
    fail_with,
    save_alert,
    save_alerts,
    save_person,
    save_watch,
    spent,
    stored,
    tally,
)
from watchers.documents import Document, Put, Query, Write
from watchers.errors import DocumentTooLargeError, StoreUnavailableError
from watchers.kinds import Channel
from watchers.logs import TRACE
from watchers.models import AlertState

HOUR = timedelta(hours=1)
FAR_AWAY = date(2027, 6, 1)


def save_people(post: Post, count: int, **changes: object) -> None:
    """So many people with one alert each; the later their number, the nearer their event."""
    for number in range(1, count + 1):
        save_person(post.documents, f"u{number}", phone=f"+1500555{number:04}")
        news = replace(NEWS, starts_at=None, starts_on=FAR_AWAY - timedelta(days=number))
        alert = {"uid": f"u{number}", "watch_id": f"w{number}", "news": news} | changes
        save_alert(post.documents, Channel.SMS, **alert)


def at_once(*acts: Callable[[], object]) -> None:
    threads = [Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def meeting(post: Post, together: Barrier) -> FaultyDocuments:
    """Waits for the others before its first claim: all have read the same."""
    faulty, claims = FaultyDocuments(post.documents), list[object]()

    def meet(writes: tuple[Write, ...]) -> None:
        if not claims and any(write.path.startswith("alerts/") for write in writes):
            claims.append(writes)
            together.wait()

    faulty.before_commit = meet
    return faulty


def accepted(post: Post) -> Counter[str]:
    """How many texts told of each alert."""
    leads = [stored(post.documents, message.alert_id) for _, message in post.phone.sent]
    return Counter(told for lead in leads for told in (lead.id, *lead.riders))


# ── many ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_nearest_events_are_told_first(post: Post) -> None:
    save_people(post, AT_ONCE + 8)

    assert post.sweep() == {"sent": AT_ONCE + 8}

    order = [int(to.removeprefix("+1500555")) for to, _ in post.phone.sent]
    assert set(order[:AT_ONCE]) == set(range(9, AT_ONCE + 9))
    assert set(order[AT_ONCE:]) == set(range(1, 9))


def test_many_are_told_in_few_commits(post: Post) -> None:
    save_people(post, 30)
    faulty = FaultyDocuments(post.documents)
    together = Barrier(30, timeout=10)
    post.phone.before = together.wait  # as many are under way at the same time

    assert post.sweep(documents=faulty) == {"sent": 30}
    assert faulty.commits < 2 + 30  # segments and claims once each, and settled in bunches


def test_a_slow_vendor_does_not_keep_the_others_unsettled(post: Post) -> None:
    save_people(post, 3)
    settled, waiting = Event(), Lock()

    def wait_for_the_others() -> None:
        if waiting.acquire(blocking=False):
            for _ in range(500):
                if sum(one.state is AlertState.SENT for one in everything(post.documents)) == 2:
                    settled.set()
                    return
                time.sleep(0.01)

    post.phone.before = wait_for_the_others

    assert post.sweep() == {"sent": 3}
    assert settled.is_set()


def test_two_parcels_of_one_person_are_never_claimed_together(post: Post) -> None:
    """Both would write the same tally, and one of them would be refused."""
    for channel in (Channel.SMS, Channel.EMAIL):
        save_alerts(post.documents, 2, channel)
    tallied: list[int] = []
    faulty = FaultyDocuments(post.documents)
    faulty.before_commit = lambda writes: tallied.append(sum(write.path == "tallies/u1" for write in writes))

    assert post.sweep(documents=faulty) == {"sent": 4}
    assert max(tallied) == 1
    assert dict(tally(post.documents).told).items() >= {"sms": 1, "email": 1}.items()


def test_what_was_tried_before_and_what_is_new_of_one_person_go_in_turn(post: Post) -> None:
    save_alert(post.documents)
    post.phone.raises(NotifierUnavailableError("20429"))
    post.sweep()
    post.phone.before = None
    save_alert(post.documents, watch_id="w2")

    assert post.sweep(NOW + MINUTE) == {"sent": 2}
    assert set(accepted(post).values()) == {1}


# ── races ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("counted_before", [False, True])
def test_of_two_sweeps_at_once_each_alert_is_told_once_and_the_tally_is_exact(
    post: Post, *, counted_before: bool
) -> None:
    if counted_before:
        save_alert(post.documents, watch_id="w0")
        post.sweep()
    save_alerts(post.documents, 3)
    save_alert(post.documents, Channel.EMAIL)
    together = Barrier(2, timeout=5)
    both = [meeting(post, together) for _ in range(2)]

    at_once(*(lambda faulty=faulty: post.sweep(documents=faulty) for faulty in both))

    assert set(accepted(post).values()) == {1}
    assert len(post.mailbox.sent) == 1
    told = tally(post.documents)
    assert (told.count(Channel.SMS), told.count(Channel.EMAIL)) == (len(post.phone.sent), 1)
    assert told.segments == len(post.phone.sent)
    assert len(post.phone.sent) <= spent(post.documents)


@pytest.mark.parametrize("counted_before", [False, True])
def test_two_channels_told_at_once_are_both_counted(post: Post, *, counted_before: bool) -> None:
    """Also when neither sender has found a tally to compare with."""
    if counted_before:
        save_alert(post.documents, watch_id="w0")
        post.sweep()
    text, letter = save_alert(post.documents), save_alert(post.documents, Channel.EMAIL)
    together = Barrier(2, timeout=5)
    faulty = {alert.id: meeting(post, together) for alert in (text, letter)}

    at_once(*(lambda one=one: post.deliver(one, documents=faulty[one.id]) for one in (text, letter)))

    counted = tally(post.documents)
    assert (len(post.phone.sent) - counted_before, len(post.mailbox.sent)) == (1, 1)
    assert (counted.count(Channel.SMS) - counted_before, counted.count(Channel.EMAIL)) == (1, 1)


def test_a_group_that_grew_between_two_sweeps_is_told_whole(post: Post) -> None:
    first, *_ = save_alerts(post.documents, 2)
    faulty = FaultyDocuments(post.documents)

    def another_sweep_is_faster(writes: tuple[Write, ...]) -> None:
        if any(write.path == f"alerts/{first.id}" for write in writes):
            faulty.before_commit = None
            save_alert(post.documents, watch_id="w3")
            post.sweep()

    faulty.before_commit = another_sweep_is_faster

    assert post.sweep(documents=faulty) == {"overtaken": 2}
    assert len(post.phone.sent) == 1
    assert set(accepted(post).values()) == {1}
    assert len(accepted(post)) == 3


def test_a_text_that_somebody_else_sent_is_not_paid_for_twice(post: Post) -> None:
    """Trigger and worker race for every alert; each lost race must not use up the month's texts."""
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)

    def overtake(writes: tuple[Write, ...]) -> None:
        if any(write.path == f"alerts/{alert.id}" for write in writes):
            faulty.before_commit = None
            assert post.deliver(alert) is Outcome.SENT

    faulty.before_commit = overtake

    assert post.deliver(alert, documents=faulty) is Outcome.NOT_DUE
    assert len(post.phone.sent) == spent(post.documents) == 1


def test_one_that_was_moved_meanwhile_does_not_stop_the_others_of_its_chunk(post: Post) -> None:
    save_people(post, 3)
    mine = next(alert for alert in everything(post.documents) if alert.uid == "u2")
    faulty = FaultyDocuments(post.documents)

    def overtake(writes: tuple[Write, ...]) -> None:
        if any(write.path.startswith("alerts/") for write in writes):
            faulty.before_commit = None
            assert post.deliver(mine) is Outcome.SENT

    faulty.before_commit = overtake

    assert post.sweep(documents=faulty) == {"overtaken": 1, "sent": 2}
    assert set(accepted(post).values()) == {1}


# ── dying at every commit ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("commit", range(1, 10))
@pytest.mark.parametrize("crash", ["crash_before", "crash_after"])
def test_killed_at_any_commit_everybody_is_told_and_nobody_twice(post: Post, crash: str, commit: int) -> None:
    """A group of three, a text to hold, and one that is refused and goes over to e-mail."""
    save_alerts(post.documents, 3)
    save_person(post.documents, "u2", quiet_hours={"from": "07:00", "to": "09:00"})
    save_watch(post.documents, "w8")
    save_alert(post.documents, watch_id="w8", uid="u2")
    save_person(post.documents, "u3", opted_out_at=NOW)
    save_alert(post.documents, watch_id="w9", uid="u3")
    faulty = FaultyDocuments(post.documents)
    getattr(faulty, crash)(commit)
    with suppress(Crash):
        post.sweep(documents=faulty)

    post.sweep_until_settled(NOW + SECOND)

    assert max(accepted(post).values(), default=0) <= 1
    told = set(accepted(post)) | {
        copy.copy_of for copy in copies(post.documents) if copy.state is AlertState.SENT
    }
    for alert in everything(post.documents):
        assert alert.due_at is None
        assert alert.copy_of or alert.rides_with or alert.id in told
        assert alert.state is not AlertState.UNCERTAIN or alert.why == "lease_expired" or alert.rides_with
    for uid in ("u1", "u2"):
        sent = sum(stored(post.documents, one.alert_id).uid == uid for _, one in post.phone.sent)
        assert sent <= tally(post.documents, uid).count(Channel.SMS) <= sent + 1
    died_with = 3  # one for each text that was to go
    assert len(post.phone.sent) <= spent(post.documents) <= len(post.phone.sent) + died_with


def test_the_crashes_above_reach_every_commit_of_the_sweep(post: Post) -> None:
    save_alerts(post.documents, 3)
    save_person(post.documents, "u3", opted_out_at=NOW)
    save_alert(post.documents, watch_id="w9", uid="u3")
    faulty = FaultyDocuments(post.documents)

    post.sweep(documents=faulty)

    assert 4 <= faulty.commits < 10


# ── a database, a vendor, a parcel that fail ─────────────────────────────────────────────────────────────


def test_a_chunk_that_is_too_large_is_split_and_only_the_culprit_is_set_aside(post: Post) -> None:
    save_people(post, 3)
    culprit = next(alert for alert in everything(post.documents) if alert.uid == "u2")
    faulty = FaultyDocuments(post.documents)

    def refuse(writes: tuple[Write, ...]) -> None:
        mine = [write for write in writes if write.path == f"alerts/{culprit.id}"]
        if any("attempts" in str(write) for write in mine):
            raise DocumentTooLargeError("too large")

    faulty.before_commit = refuse

    assert post.sweep(documents=faulty) == {"crashed": 1, "sent": 2}
    assert len(post.phone.sent) == 2
    assert due(post.documents, NOW + 59 * MINUTE) == []
    assert due(post.documents, NOW + 61 * MINUTE) == [culprit.id]


def test_a_tally_that_cannot_be_read_stops_its_own_person_only(post: Post) -> None:
    save_people(post, 3)
    post.documents.commit(Put("tallies/u2", {"day": "no day"}))

    assert post.sweep() == {"crashed": 1, "sent": 2}
    assert sorted(stored(post.documents, one.alert_id).uid for _, one in post.phone.sent) == ["u1", "u3"]


def test_a_receipt_that_could_not_be_written_at_once_is_written_a_moment_later(post: Post) -> None:
    alert = save_alert(post.documents)
    faulty, refused = FaultyDocuments(post.documents), list[object]()

    def fail_twice(writes: tuple[Write, ...]) -> None:
        if "receipt-1" in str(writes) and len(refused) < 2:
            refused.append(writes)
            raise StoreUnavailableError("down")

    faulty.before_commit = fail_twice

    assert post.sweep(documents=faulty) == {"sent": 1}
    assert stored(post.documents, alert.id).receipt == "receipt-1"


def test_a_receipt_that_can_never_be_written_is_looked_up(post: Post) -> None:
    post.phone = ListedPhone()
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)

    def fail(writes: tuple[Write, ...]) -> None:
        if "receipt-1" in str(writes):
            raise StoreUnavailableError("down")

    faulty.before_commit = fail
    assert post.sweep(documents=faulty) == {"store_unavailable": 1}

    assert post.sweep(NOW + MINUTE) == {"uncertain": 1, "found": 1}
    assert stored(post.documents, alert.id).receipt == "receipt-1"
    assert len(post.phone.sent) == 1


class BlinkingDocuments(FaultyDocuments):
    """Cannot be asked for riders while a text is under way: that is when somebody looks one up."""

    def get_many(self, paths: object) -> list[Document | None]:
        if paths == []:
            raise StoreUnavailableError("down for a moment")
        return super().get_many(paths)  # type: ignore[arg-type]


def test_a_database_that_blinks_once_texts_are_under_way_loses_no_receipt(post: Post) -> None:
    """Nothing may be asked between the first text that leaves and its settling."""
    lost, new = save_alert(post.documents, uid="u1"), None
    post.phone = ListedPhone(before=fail_with(DeliveryUnknownError("no_answer")))
    post.sweep()
    post.phone.before = None
    save_person(post.documents, "u2")
    new = save_alert(post.documents, watch_id="w2", uid="u2")

    post.sweep(NOW + 10 * SECOND, BlinkingDocuments(post.documents))

    states = [stored(post.documents, one.id).state for one in (lost, new)]
    if post.phone.sent:
        assert states == [AlertState.UNCERTAIN, AlertState.SENT]
    else:
        assert states == [AlertState.UNCERTAIN, AlertState.PENDING]


def test_a_text_whose_turn_comes_too_late_is_not_started(post: Post, stopwatch: Stopwatch) -> None:
    """A text that leaves at the end of its lease would be under way when it is given up."""
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)

    def take_long(writes: tuple[Write, ...]) -> None:
        if any(write.path == f"alerts/{alert.id}" for write in writes):
            faulty.before_commit = None
            left = outbox.LONGEST[Channel.SMS] - timedelta(seconds=1)
            stopwatch.sleep((outbox.LEASES[Channel.SMS] - left).total_seconds())

    faulty.before_commit = take_long

    assert deliver(alert.id, replace(post.means, documents=faulty), now=NOW) is Outcome.PUT_BACK
    back = stored(post.documents, alert.id)
    assert (back.state, back.why, back.due_at) == (AlertState.PENDING, "too_late", stopwatch.now)
    assert post.phone.sent == []
    assert post.sweep(stopwatch.now) == {"sent": 1}


def test_a_text_that_was_never_started_is_not_called_unconfirmed(post: Post, stopwatch: Stopwatch) -> None:
    """Being late often is no reason to say that it may have been sent."""
    alert = save_alert(post.documents)
    faulty = FaultyDocuments(post.documents)

    def take_long(writes: tuple[Write, ...]) -> None:
        if "sending" in str(writes):
            stopwatch.sleep(30)

    faulty.before_commit = take_long
    for _ in range(6):
        deliver(alert.id, replace(post.means, documents=faulty), now=stopwatch.now)

    assert post.phone.sent == []
    assert stored(post.documents, alert.id).state is not AlertState.UNCERTAIN


# ── what is logged ───────────────────────────────────────────────────────────────────────────────────────


class TracedLines(logging.Handler):
    """Which trace each line would bear."""

    def __init__(self) -> None:
        super().__init__()
        self.traces: dict[str, str | None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """See ``logging.Handler``."""
        self.traces[record.getMessage()] = TRACE.get()


def test_lines_from_the_threads_that_send_bear_the_trace_of_the_request(post: Post) -> None:
    lines, log = TracedLines(), logging.getLogger("tests.vendor")
    log.addHandler(lines)
    post.phone.before = lambda: log.warning("vendor.asked")
    save_alert(post.documents)
    token = TRACE.set("a" * 32)
    try:
        post.sweep()
    finally:
        TRACE.reset(token)
        log.removeHandler(lines)

    assert lines.traces == {"vendor.asked": "a" * 32}


def test_every_alert_of_a_message_is_counted(post: Post) -> None:
    save_alerts(post.documents, 3)
    post.phone.raises(NotifierRejectedError("30034"))

    assert post.sweep() == {"failed": 3, "sent": 1}


def test_a_file_that_two_workers_share_is_told_from_once(tmp_path: object) -> None:
    path = f"{tmp_path}/scout.db"
    stores = [SqliteDocuments(path) for _ in range(2)]
    save_person(stores[0])
    phones = Post(stores[0])
    save_people(phones, 40)
    posts = [replace(phones, documents=store) for store in stores]

    at_once(*(lambda post=post: post.sweep() for post in posts))
    phones.sweep_until_settled()

    assert set(accepted(phones).values()) == {1}
    assert len(accepted(phones)) == 40
    for store in stores:
        store.close()


# ── what cannot be read stands in nobody's way ───────────────────────────────────────────────────────────


def spoilt(post: Post, identity: str) -> None:
    document = post.documents.get(f"alerts/{identity}")
    assert document
    post.documents.commit(Put(document.path, {**document.fields, "news": "no news"}))


@pytest.mark.parametrize("state", [AlertState.UNCERTAIN, AlertState.SENDING])
def test_a_rider_that_cannot_be_read_stops_neither_its_message_nor_the_others(
    post: Post, state: AlertState
) -> None:
    save_person(post.documents, "u2", phone="+15005550007")
    lead, rider = save_alerts(post.documents, 2)
    claim = outbox.claim(lead, [rider], NOW)
    (versions,) = outbox.commit(post.documents, [[claim]])
    if state is AlertState.UNCERTAIN:
        held = outbox.standing(claim, versions or {})
        outbox.commit(post.documents, [[outbox.uncertain(held, "no_answer", NOW)]])
    spoilt(post, rider.id)
    other = save_alert(post.documents, uid="u2", watch_id="w9")

    post.sweep(NOW + 2 * MINUTE)

    assert stored(post.documents, other.id).state is AlertState.SENT
    assert stored(post.documents, lead.id).state is AlertState.UNCERTAIN
    (copy,) = (one for one in outbox.readable(post.documents.find(Query("alerts"))) if one.copy_of)
    assert [letter.alert_id for _, letter in post.mailbox.sent] == [copy.id]


def test_an_alert_that_cannot_be_read_stops_no_new_one_of_the_same_person(post: Post) -> None:
    old, new = save_alerts(post.documents, 2)
    spoilt(post, old.id)

    assert post.deliver(new) is Outcome.SENT


def test_what_is_set_aside_can_be_found_by_the_operator(post: Post) -> None:
    post.documents.commit(Put("alerts/poison", {"due_at": NOW, "state": "no such state"}))
    post.sweep()

    found = post.documents.find(Query("alerts", ("set_aside_until",), ">=", NOW))
    assert [one.id for one in found] == ["poison"]
