"""Everything about a person is deleted, and only that: whatever line it dies on, whoever writes meanwhile."""

from datetime import timedelta

import pytest

from notifiers import contacts, outbox, owners, preferences
from notifiers.base import Report
from notifiers.learning import learn
from notifiers.links import Links
from notifiers.means import Means
from notifiers.outbox import Bundle
from notifiers.personal import erasure, receipts
from notifiers.personal.erasure import erase, is_erased, is_of_nobody, resume
from notifiers.personal.returning import StillErasedError
from notifiers.proofs import Contact, Kind
from store.firestore import FirestoreDocuments
from store.sqlite import SqliteDocuments
from tests.fakes import Crash
from tests.notifiers.personal.life import (
    EMAIL,
    NOW,
    PHONE,
    PLACES,
    UID,
    Remembering,
    copy,
    hear,
    live,
    paths,
    person,
    source,
    tell,
)
from watchers import alerts, jobs
from watchers.documents import Create, Document, Documents, Put, Query, Update
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.kinds import Channel
from watchers.models import AlertState

SECRETS = (UID, PHONE, EMAIL, "secret wish", "bot-token", "My script", "older alerts", "a page")
LATER = NOW + timedelta(minutes=11)
MUCH_LATER = NOW + timedelta(days=101)


@pytest.fixture
def documents() -> Remembering:
    return Remembering(SqliteDocuments(":memory:"))


def standing(documents: Documents) -> list[str]:
    """What may stand for a month: that there was an account."""
    return [one for one in (f"erasures/{UID}", f"people/{UID}") if documents.get(one)]


def assert_nothing_is_left(documents: Remembering) -> None:
    assert documents.mentions(*SECRETS) == standing(documents)
    assert documents.mentions(*SECRETS[1:]) == []
    left = documents.get(contacts.path(UID))
    assert left is not None
    assert {name for name, value in left.fields.items() if value} == {"erased_at", "sessions_since"}


def test_nothing_of_a_person_is_left_and_nobody_else_is_touched(documents: Remembering) -> None:
    live(documents, "somebody-else")
    before = documents.everything()
    live(documents)

    erase(documents, PLACES, UID, NOW)

    assert documents.mentions(UID) == standing(documents)
    after = {one.path: one for one in documents.everything()}
    assert [after[one.path] for one in before] == before


def test_thousands_of_alerts_go_in_commits_that_firestore_takes(documents: Remembering) -> None:
    live(documents, told=2050, watches=1)
    sizes: list[int] = []
    documents.before_commit = lambda writes: sizes.append(len(writes))

    erase(documents, PLACES, UID, NOW)

    assert_nothing_is_left(documents)
    assert max(sizes) <= 500


def test_once_it_has_begun_nothing_can_be_sent(documents: Remembering) -> None:
    live(documents)

    erasure.begin(documents, UID, NOW)

    known = contacts.find(documents, UID)
    assert not any(contacts.is_reachable(known, way) for way in (Channel.SMS, Channel.EMAIL, Channel.PUSH))
    assert documents.inner.get(contacts.path(UID)).fields["sessions_since"] == NOW  # type: ignore[union-attr]


def test_whoever_was_about_to_send_is_refused(documents: Remembering) -> None:
    live(documents)
    waiting = outbox.load(documents, f"{UID}-0")
    assert waiting
    claim = outbox.claim(waiting, [], NOW)

    erase(documents, PLACES, UID, NOW)

    assert outbox.commit(documents, [[claim]]) == [None]
    assert_nothing_is_left(documents)


@pytest.mark.parametrize("state", [AlertState.SENT, AlertState.UNDELIVERED])
def test_what_becomes_of_a_text_in_flight_is_written_nowhere_and_leads_to_no_copy(
    documents: Remembering, state: AlertState
) -> None:
    live(documents)
    flying = outbox.load(documents, f"{UID}-1")
    assert flying
    settled = outbox.failed(Bundle(flying), "unavailable", NOW, Channel.EMAIL)

    erase(documents, PLACES, UID, NOW)

    assert outbox.commit(documents, [[settled]]) == [None]
    means = Means(documents, {}, Links("http://localhost", "secret"))
    assert learn(flying.id, Report("SM1", state), means, now=NOW) == "missing"
    assert_nothing_is_left(documents)


def test_a_tick_that_had_read_the_watch_tells_nobody(documents: Remembering) -> None:
    live(documents)
    read = documents.get(PLACES.job("uid-w0"))
    assert read
    job = jobs.read_job(read)

    erase(documents, PLACES, UID, NOW)

    with pytest.raises(ConflictError):
        documents.commit(Update(read.path, job.memory_fields(), read.version))
    assert_nothing_is_left(documents)


@pytest.mark.parametrize("how", ["crash_before", "crash_after"])
def test_a_crash_at_every_commit_and_then_again(how: str) -> None:
    number, finished = 0, False
    while not finished:
        number += 1
        documents = Remembering(SqliteDocuments(":memory:"))
        live(documents)
        hear(documents, NOW - timedelta(days=1))
        getattr(documents, how)(number)
        try:
            erase(documents, PLACES, UID, NOW)
            finished = True
        except Crash:
            getattr(documents, how)(0)
            has_begun = documents.inner.get(f"erasures/{UID}") is not None
            resume(documents, PLACES, LATER)
            if not has_begun:  # nothing was promised yet, and everything is as it was
                assert documents.get(PLACES.source(UID, "uid-w0"))
                continue
        assert_nothing_is_left(documents)
    assert number > 8


@pytest.mark.parametrize("how", ["crash_before", "crash_after"])
def test_a_crash_at_every_commit_of_going_on_as_well(how: str) -> None:
    number, finished = 0, False
    while not finished:
        number += 1
        documents = Remembering(SqliteDocuments(":memory:"))
        live(documents)
        erasure.begin(documents, UID, NOW)
        getattr(documents, how)(number)
        try:
            resume(documents, PLACES, LATER)
            finished = True
        except Crash:
            getattr(documents, how)(0)
            resume(documents, PLACES, LATER)
        assert_nothing_is_left(documents)
    assert number > 8


def test_a_device_that_writes_a_watch_before_every_commit_is_met_by_the_next_round() -> None:
    number, finished = 0, False
    while not finished:
        number += 1
        documents = Remembering(SqliteDocuments(":memory:"))
        live(documents)
        written = _write_before(documents, number)

        erase(documents, PLACES, UID, NOW)

        finished = not written
        for watch_id in written:
            assert is_of_nobody(documents, PLACES, UID, watch_id, NOW)  # the trigger hears of it
        assert_nothing_is_left(documents)
    assert number > 8


def _write_before(documents: Remembering, number: int) -> list[str]:
    """A Firebase client writes a watch, and the trigger copies it, just before this commit."""
    written: list[str] = []

    def write(_: object) -> None:
        if documents.commits + 1 == first + number and not written:
            written.append("late")
            documents.paths |= {PLACES.source(UID, "late"), PLACES.job("late"), PLACES.status(UID, "late")}
            documents.inner.commit(Put(PLACES.source(UID, "late"), source()))
            copy(documents.inner, "late")

    first = documents.commits
    documents.before_commit = write
    return written


def test_a_watch_that_a_device_writes_when_all_is_over_is_deleted_as_soon_as_the_trigger_hears(
    documents: Remembering,
) -> None:
    live(documents)
    erase(documents, PLACES, UID, NOW)
    documents.commit(Put(PLACES.source(UID, "w9"), source()))

    assert is_of_nobody(documents, PLACES, UID, "w9", NOW)

    assert documents.get(PLACES.source(UID, "w9")) is None
    assert_nothing_is_left(documents)


def test_what_was_under_way_and_written_afterwards_is_met_a_while_later(documents: Remembering) -> None:
    live(documents)
    erase(documents, PLACES, UID, NOW)
    tell(documents, count=1)
    documents.commit(Put(f"pages/{UID}", {"blob": b"a page"}))

    assert resume(documents, PLACES, NOW + timedelta(minutes=5)) == 0
    assert resume(documents, PLACES, LATER) == 1

    assert_nothing_is_left(documents)


def test_the_emptied_copies_go_once_the_board_has_heard_of_them(documents: Remembering) -> None:
    live(documents)
    hear(documents, NOW - timedelta(days=1))
    erase(documents, PLACES, UID, NOW)
    (first, second) = _tombstones(documents)
    assert jobs.read_job(first).targets == {}
    assert jobs.read_job(first).left
    assert jobs.read_job(second).uid == ""

    hear(documents)
    resume(documents, PLACES, LATER)

    assert _tombstones(documents) == []


def _tombstones(documents: Documents) -> list[Document]:
    return [one for one in documents.find(Query(PLACES.worker_collection)) if one.fields.get("erasure")]


def test_a_board_that_never_hears_is_asked_ever_more_seldom_and_not_waited_for_for_ever(
    documents: Remembering,
) -> None:
    live(documents)
    hear(documents, NOW - timedelta(days=1))
    erase(documents, PLACES, UID, NOW)
    looks, now = 0, NOW
    while _tombstones(documents):
        now += timedelta(minutes=15)
        looks += resume(documents, PLACES, now)

    assert looks < 20
    assert now < MUCH_LATER
    assert documents.mentions(UID) == []


def test_when_no_backup_knows_of_them_any_more_not_even_the_account_is_remembered(
    documents: Remembering,
) -> None:
    live(documents)
    erase(documents, PLACES, UID, NOW)
    resume(documents, PLACES, LATER)
    assert resume(documents, PLACES, NOW + timedelta(days=99)) == 0
    assert standing(documents)

    resume(documents, PLACES, MUCH_LATER)

    assert documents.mentions(UID) == []


def test_somebody_who_has_signed_in_anew_is_somebody_new(documents: Remembering) -> None:
    live(documents)
    erase(documents, PLACES, UID, NOW)
    gone = documents.get(contacts.path(UID))
    assert gone
    documents.commit(Update(gone.path, {"email": EMAIL, "email_verified_at": LATER}, gone.version))
    documents.commit(Put(PLACES.source(UID, "new"), source()))

    assert not is_of_nobody(documents, PLACES, UID, "new", LATER)
    resume(documents, PLACES, LATER)
    assert documents.get(f"erasures/{UID}"), "a backup may still know them as they were"
    resume(documents, PLACES, MUCH_LATER)

    back = documents.get(contacts.path(UID))
    assert documents.get(PLACES.source(UID, "new"))
    assert back
    assert back.fields["erased_at"] is None
    assert documents.get(f"erasures/{UID}") is None


def test_who_signs_in_before_a_broken_off_erasure_is_over_is_erased_all_the_same(
    documents: Remembering,
) -> None:
    live(documents)
    erasure.begin(documents, UID, NOW)
    gone = documents.get(contacts.path(UID))
    assert gone
    documents.commit(Update(gone.path, {"email": EMAIL, "email_verified_at": NOW}, gone.version))

    resume(documents, PLACES, LATER)

    assert_nothing_is_left(documents)


def test_nobody_comes_back_before_everything_of_theirs_is_deleted(documents: Remembering) -> None:
    live(documents)
    erasure.begin(documents, UID, NOW)  # and it breaks off

    for come_back in (
        lambda: owners.adding(documents, Contact(Kind.EMAIL, EMAIL), UID, {}, NOW),
        lambda: preferences.save(documents, UID, {"email": EMAIL, "email_verified_at": NOW}, NOW),
    ):
        with pytest.raises(StillErasedError, match="Try again in some minutes"):
            come_back()
    assert is_erased(documents.get(contacts.path(UID)))

    resume(documents, PLACES, LATER)
    documents.commit(*owners.adding(documents, Contact(Kind.EMAIL, EMAIL), UID, {}, LATER).writes)
    documents.commit(Put(PLACES.source(UID, "new"), source()))
    resume(documents, PLACES, MUCH_LATER)

    assert documents.get(PLACES.source(UID, "new"))


def test_erasing_twice_or_somebody_unknown_is_harmless(documents: Remembering) -> None:
    erase(documents, PLACES, UID, NOW)
    erase(documents, PLACES, UID, LATER)

    assert is_erased(documents.get(contacts.path(UID)))
    assert documents.mentions(UID) == standing(documents)


def test_a_change_of_the_person_at_the_same_moment_loses_no_receipt(documents: Remembering) -> None:
    live(documents)
    agreed = {"consents": [*person()["consents"], {"at": LATER, "text": "v2", "number": PHONE}]}

    def agree(_: object) -> None:
        documents.before_commit = None
        known = documents.inner.get(contacts.path(UID))
        assert known
        documents.inner.commit(Update(known.path, agreed, known.version))

    documents.before_commit = agree
    erase(documents, PLACES, UID, NOW)

    (kept,) = documents.find(Query(receipts.COLLECTION))
    assert [each["text"] for each in kept.fields["consents"]] == ["v1", "v2"]
    assert_nothing_is_left(documents)


def test_an_erasure_that_fails_stops_no_other(
    documents: Remembering,
) -> None:
    live(documents)
    live(documents, "somebody-else")
    erasure.begin(documents, UID, NOW)
    erasure.begin(documents, "somebody-else", NOW)
    seen: list[str] = []

    def fail_once(_: tuple[object, ...]) -> None:
        if not seen:
            seen.append("failed")
            raise StoreUnavailableError("away")

    documents.before_commit = fail_once

    assert resume(documents, PLACES, NOW) == 2
    resume(documents, PLACES, LATER)

    assert documents.mentions(PHONE) == []


def test_the_same_on_the_emulator_of_firestore(firestore_documents: FirestoreDocuments) -> None:
    documents = Remembering(firestore_documents)
    live(documents, told=250)
    written = _write_before(documents, 4)
    documents.crash_after(6)
    with pytest.raises(Crash):
        erase(documents, PLACES, UID, NOW)

    resume(documents, PLACES, LATER)

    assert written
    assert_nothing_is_left(documents)
    assert paths(documents.find(Query(alerts.COLLECTION))) == []
    resume(documents, PLACES, MUCH_LATER)
    assert documents.mentions(UID) == []


def test_an_erasure_that_nobody_began_is_none(documents: Remembering) -> None:
    assert resume(documents, PLACES, NOW) == 0
    documents.commit(Create("people/ann", {"phone": PHONE}))
    assert not is_erased(documents.get("people/ann"))
