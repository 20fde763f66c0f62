"""A database that was put back: whoever ran on after the backup may have told people what waits in it."""

import threading
from collections import Counter
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from notifiers.restored import doubt
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
    stored,
)
from watchers.errors import StoreError
from watchers.kinds import Channel
from watchers.models import AlertState

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
