"""A database that was put back: whoever ran on after the backup may have told people what waits in it."""

import threading
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from notifiers.personal import erasure
from notifiers.restored import carry, doubt
from store.snapshot import back_up
from store.sqlite import SqliteDocuments
from tests.notifiers.kit import (
    NOW,
    ListedPhone,
    Post,
    copies,
    everything,
    save_alert,
    save_person,
    save_watch,
    stored,
)
from watchers import alerts
from watchers.documents import Put, Query
from watchers.errors import StoreError
from watchers.kinds import Channel
from watchers.models import AlertState
from watchers.places import Places

PLACES = Places()
PEOPLE = 24
LATER = NOW + timedelta(hours=2)


@pytest.fixture
def documents(tmp_path: Path) -> SqliteDocuments:
    return SqliteDocuments(str(tmp_path / "scout.db"))


def number_of(person: int) -> str:
    return f"+1555765{person:04}"


def address_of(person: int) -> str:
    return f"person{person}@example.com"


def test_a_text_that_went_out_after_the_backup_is_not_sent_again(
    documents: SqliteDocuments, tmp_path: Path
) -> None:
    save_person(documents)
    alert = save_alert(documents)
    copy = back_up(tmp_path / "scout.db", tmp_path / "copy.db").path
    phone = ListedPhone()
    Post(documents, phone=phone).deliver(alert)

    with closing(SqliteDocuments(str(copy))) as restored:
        assert doubt(restored, LATER) == 1
        post = Post(restored, phone=phone)
        post.sweep_until_settled(LATER)

        assert len(phone.sent) == 1
        assert not post.mailbox.sent
        assert stored(restored, alert.id).state is AlertState.SENT


def test_a_text_that_nobody_sent_goes_by_e_mail(documents: SqliteDocuments) -> None:
    save_person(documents)
    save_alert(documents)
    post = Post(documents, phone=ListedPhone())

    doubt(documents, LATER)
    post.sweep_until_settled(LATER)

    assert not post.phone.sent
    assert len(post.mailbox.sent) == 1
    assert [copy.channel for copy in copies(documents)] == [Channel.EMAIL]


def test_an_e_mail_that_waits_is_sent_and_a_text_of_tomorrow_keeps_its_hour(
    documents: SqliteDocuments,
) -> None:
    save_person(documents)
    letter = save_alert(documents, Channel.EMAIL)
    tomorrow = LATER + timedelta(hours=9)
    held = save_alert(documents, state=AlertState.HELD, due_at=tomorrow, why="quiet_hours")
    post = Post(documents, phone=ListedPhone())

    assert doubt(documents, LATER) == 0
    post.sweep(LATER)

    assert stored(documents, letter.id).state is AlertState.SENT
    assert stored(documents, held.id) == held


def test_a_text_that_was_held_and_let_go_since_is_not_sent_when_its_hour_comes(
    documents: SqliteDocuments, tmp_path: Path
) -> None:
    save_person(documents)
    next_week = NOW + timedelta(days=7)
    gone, held = (
        save_alert(documents, watch_id=watch_id, state=AlertState.HELD, due_at=next_week, why="snoozed")
        for watch_id in ("w1", "w2")
    )
    copy = back_up(tmp_path / "scout.db", tmp_path / "copy.db").path
    phone = ListedPhone()
    let_go = replace(gone, state=AlertState.PENDING, due_at=NOW, why=None)
    documents.commit(Put(alerts.path(gone.id), alerts.to_fields(let_go)))
    assert Post(documents, phone=phone).deliver(let_go) == "sent"

    with closing(SqliteDocuments(str(copy))) as restored:
        assert doubt(restored, LATER, documents) == 1
        assert stored(restored, held.id) == held
        Post(restored, phone=phone).sweep_until_settled(next_week)
        assert stored(restored, gone.id).state is AlertState.SENT

    assert len(phone.sent) == 2, "one text each"


def test_a_text_that_is_held_and_of_which_the_other_database_knows_nothing_keeps_its_hour(
    documents: SqliteDocuments, tmp_path: Path
) -> None:
    """Whoever goes back to the database before: what was decided there later was never decided here."""
    save_person(documents)
    tomorrow = LATER + timedelta(hours=9)
    held = save_alert(documents, state=AlertState.HELD, due_at=tomorrow, why="quiet_hours")
    with closing(SqliteDocuments(str(tmp_path / "other.db"))) as other:
        assert doubt(documents, LATER, other) == 0
    assert stored(documents, held.id) == held


@pytest.mark.parametrize("died_after", [0, 11, PEOPLE])
def test_a_backup_in_the_midst_of_delivering_neither_loses_nor_doubles(
    documents: SqliteDocuments, tmp_path: Path, died_after: int
) -> None:
    """The old machine goes on telling people while the copy is made, and until it dies."""
    for person in range(PEOPLE):
        contact = {"phone": number_of(person), "email": address_of(person)}
        save_person(documents, f"u{person}", **contact)
        save_alert(documents, watch_id=f"w{person}", uid=f"u{person}")
    phone = ListedPhone()
    old, going = Post(documents, phone=phone), threading.Event()

    def note() -> None:
        if len(phone.sent) >= min(3, died_after):
            going.set()

    phone.after = note

    def tell() -> None:
        for alert in everything(documents)[:died_after]:
            old.deliver(alert)
        going.set()

    telling = threading.Thread(target=tell)
    telling.start()
    assert going.wait(20)
    copy = back_up(tmp_path / "scout.db", tmp_path / "copy.db").path
    telling.join()

    with closing(SqliteDocuments(str(copy))) as restored:
        doubt(restored, LATER)
        new = Post(restored, phone=phone)
        new.sweep_until_settled(LATER)
        left = [alert for alert in everything(restored) if alert.due_at is not None]

    texted = Counter(to for to, _ in phone.sent)
    mailed = Counter(to for to, _ in new.mailbox.sent)
    assert not left
    assert set(texted.values()) <= {1}
    assert set(mailed.values()) <= {1}
    for person in range(PEOPLE):
        assert texted[number_of(person)] + mailed[address_of(person)] == 1, person


# ── what people forbade since ────────────────────────────────────────────────────────────────────────────


def test_who_was_erased_and_came_back_since_is_erased_again(
    documents: SqliteDocuments, tmp_path: Path
) -> None:
    """They come back as somebody new: nothing of before may stand there, neither number nor watch."""
    save_person(documents)
    save_watch(documents)
    copy = back_up(tmp_path / "scout.db", tmp_path / "copy.db").path
    erasure.erase(documents, PLACES, "u1", NOW)
    save_person(documents, phone=None, email="new@example.com", sessions_since=NOW)
    erasure.resume(documents, PLACES, LATER)

    with closing(SqliteDocuments(str(copy))) as restored:
        assert carry(documents, restored, LATER) == (1, 0)
        assert carry(documents, restored, LATER) == (0, 0), "twice is harmless"
        erasure.resume(restored, PLACES, LATER)
        person = restored.get("people/u1")
        assert erasure.is_erased(person)
        assert person
        assert person.fields.get("email") is None
        assert person.fields["sessions_since"] == LATER, "nor is anybody signed in who came back"
        assert not restored.find(Query(PLACES.worker_collection, ("uid",), "==", "u1"))
        assert carry(restored, documents, LATER) == (0, 0), (
            "the same erasure: whoever goes back loses nothing"
        )


def test_a_backup_of_after_they_came_back_keeps_them(documents: SqliteDocuments, tmp_path: Path) -> None:
    save_person(documents)
    erasure.erase(documents, PLACES, "u1", NOW)
    save_person(documents, email="new@example.com")
    copy = back_up(tmp_path / "scout.db", tmp_path / "copy.db").path

    with closing(SqliteDocuments(str(copy))) as restored:
        assert carry(documents, restored, LATER) == (0, 0)
        person = restored.get("people/u1")

    assert person
    assert person.fields["email"] == "new@example.com"


def test_who_signed_out_everywhere_since_is_signed_out(documents: SqliteDocuments, tmp_path: Path) -> None:
    for uid in ("u1", "u2"):
        save_person(documents, uid, sessions_since=NOW)
    copy = back_up(tmp_path / "scout.db", tmp_path / "copy.db").path
    save_person(documents, "u1", sessions_since=LATER)
    save_person(documents, "u2", sessions_since=NOW - timedelta(days=1))

    with closing(SqliteDocuments(str(copy))) as restored:
        carry(documents, restored, LATER)
        since = {one.id: one.fields["sessions_since"] for one in restored.find(Query("people"))}

    assert since == {"u1": LATER, "u2": NOW}


def test_it_may_be_asked_twice_and_broken_off(documents: SqliteDocuments) -> None:
    save_person(documents)
    save_alert(documents)
    post = Post(documents, phone=ListedPhone())

    assert (doubt(documents, LATER), doubt(documents, LATER)) == (1, 0)
    post.sweep_until_settled(LATER)

    assert len(post.mailbox.sent) == 1


def test_an_outbox_that_cannot_be_reached_is_an_error(tmp_path: Path) -> None:
    documents = SqliteDocuments(str(tmp_path / "scout.db"))
    documents._connection.execute("DROP TABLE entries")  # noqa: SLF001 - what else would break it
    with pytest.raises(StoreError):
        doubt(documents, LATER)
