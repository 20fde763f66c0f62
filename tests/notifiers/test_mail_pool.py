"""A session carries many letters, one at a time; when it has died the letter still goes, once."""

import gc
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from notifiers import email, mail_pool
from notifiers.base import Message
from notifiers.errors import DeliveryUnknownError, NotifierRejectedError, NotifierUnavailableError
from notifiers.mail_pool import MailPool
from tests.smtp_server import SmtpServer

TO = "al@example.org"


@pytest.fixture
def mail() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def notifier(mail: SmtpServer) -> email.SmtpNotifier:
    return replace(email.from_env({"SMTP_URL": mail.url, "MAIL_FROM": "alerts@scout.example"}), timeout=2)


def letter(number: int = 0) -> Message:
    return Message(f"{number:032x}", "K7Q28M4X", "words", f"letter {number}", "<p>words</p>")


def subjects(mail: SmtpServer) -> list[str]:
    return sorted(str(one["Subject"]) for one in mail.letters)


def soon(is_so: Callable[[], bool]) -> bool:
    """Whether it becomes so within some seconds."""
    until = time.monotonic() + 5
    while not is_so() and time.monotonic() < until:
        time.sleep(0.01)
    return is_so()


# ── letters ──────────────────────────────────────────────────────────────────────────────────────────────


def test_one_letter_after_another_goes_over_one_line(mail: SmtpServer, notifier: email.SmtpNotifier) -> None:
    for number in range(5):
        notifier.send(letter(number), TO)

    assert len(mail.letters) == 5
    assert len(set(mail.lines)) == 1


def test_letters_at_once_each_have_a_line_of_their_own(
    mail: SmtpServer, notifier: email.SmtpNotifier
) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: notifier.send(letter(number), TO), range(80)))

    assert subjects(mail) == sorted(f"letter {number}" for number in range(80))
    assert len(set(mail.lines)) < 40


def test_after_the_server_hung_up_the_next_letter_goes_over_a_new_line(
    mail: SmtpServer, notifier: email.SmtpNotifier
) -> None:
    notifier.send(letter(1), TO)
    mail.hang_up()
    notifier.send(letter(2), TO)

    assert subjects(mail) == ["letter 1", "letter 2"]
    assert len(set(mail.lines)) == 2


def test_when_a_line_has_carried_its_share_a_new_one_takes_over(
    mail: SmtpServer, notifier: email.SmtpNotifier
) -> None:
    mail.per_line = 2
    for number in range(6):
        notifier.send(letter(number), TO)

    assert len(mail.letters) == 6
    assert len(set(mail.lines)) == 3


def test_a_line_that_thinks_too_long_is_not_waited_for(
    mail: SmtpServer, notifier: email.SmtpNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_pool, "_CHECK_TIMEOUT", 0.05)
    notifier.send(letter(1), TO)
    mail.think_before_reset = 1
    notifier.send(letter(2), TO)

    assert len(set(mail.lines)) == 2


def test_a_new_line_that_fails_too_is_the_end_of_it(mail: SmtpServer, notifier: email.SmtpNotifier) -> None:
    notifier.send(letter(1), TO)
    mail.refuse_sender = "421 going down"

    with pytest.raises(NotifierUnavailableError, match="421"):
        notifier.send(letter(2), TO)
    assert subjects(mail) == ["letter 1"]


def test_a_letter_that_may_have_arrived_is_not_said_again(
    mail: SmtpServer, notifier: email.SmtpNotifier
) -> None:
    notifier.send(letter(1), TO)
    mail.drop_after_data = True

    with pytest.raises(DeliveryUnknownError):
        notifier.send(letter(2), TO)
    assert subjects(mail) == ["letter 1", "letter 2"]


@pytest.mark.parametrize("where", ["refuse_recipient", "after_data"])
def test_a_line_on_which_something_was_refused_is_not_used_again(
    mail: SmtpServer, notifier: email.SmtpNotifier, where: str
) -> None:
    notifier.send(letter(1), TO)
    setattr(mail, where, "554 no")
    with pytest.raises(NotifierRejectedError):
        notifier.send(letter(2), TO)
    setattr(mail, where, "")
    notifier.send(letter(3), TO)

    assert len(set(mail.lines)) == 2
    assert mail.recipients == [TO, TO]


def test_a_changed_notifier_does_not_use_the_lines_of_the_first(
    mail: SmtpServer, notifier: email.SmtpNotifier
) -> None:
    notifier.send(letter(1), TO)
    with SmtpServer() as other:
        replace(notifier, port=other.port).send(letter(2), TO)

        assert subjects(other) == ["letter 2"]
    assert subjects(mail) == ["letter 1"]


def test_closing_closes_and_the_next_letter_opens_anew(
    mail: SmtpServer, notifier: email.SmtpNotifier
) -> None:
    notifier.send(letter(1), TO)
    notifier.close()

    assert soon(lambda: mail.open_lines == 0)
    notifier.send(letter(2), TO)
    assert len(mail.letters) == 2


# ── the pool ─────────────────────────────────────────────────────────────────────────────────────────────


def session(mail: SmtpServer) -> smtplib.SMTP:
    """A session that has carried a letter."""
    smtp = smtplib.SMTP("127.0.0.1", mail.port, "scout.example", timeout=2)
    smtp.sendmail("alerts@scout.example", TO, "Subject: x\r\n\r\nx")
    return smtp


def test_what_is_taken_nobody_else_gets(mail: SmtpServer) -> None:
    pool = MailPool()
    first, second = session(mail), session(mail)
    pool.give_back(first)
    pool.give_back(second)

    assert [pool.take(), pool.take(), pool.take()] == [second, first, None]
    first.close()
    second.close()


def test_threads_that_take_at_once_never_hold_the_same(mail: SmtpServer) -> None:
    pool, held, doubled = MailPool(), set[int](), list[int]()
    lock = threading.Lock()
    for _ in range(3):
        pool.give_back(session(mail))

    def borrow(_: int) -> None:
        taken = pool.take()
        if taken is None:
            return
        with lock:
            doubled.extend({id(taken)} & held)
            held.add(id(taken))
        time.sleep(0.001)
        with lock:
            held.discard(id(taken))
        pool.give_back(taken)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(borrow, range(200)))
    assert doubled == []
    pool.close()


def test_only_a_handful_is_kept(mail: SmtpServer) -> None:
    pool = MailPool(most=2)
    for taken in [session(mail) for _ in range(5)]:
        pool.give_back(taken)

    assert soon(lambda: mail.open_lines == 2)
    pool.close()
    assert soon(lambda: mail.open_lines == 0)


def test_what_is_idle_too_long_is_closed_though_no_letter_comes(mail: SmtpServer) -> None:
    pool = MailPool(idle=0.05)
    pool.give_back(session(mail))
    assert mail.open_lines == 1

    assert soon(lambda: mail.open_lines == 0)
    assert pool.take() is None


def test_a_session_given_back_later_is_closed_later(mail: SmtpServer) -> None:
    pool = MailPool(idle=0.3)
    pool.give_back(session(mail))
    time.sleep(0.2)
    pool.give_back(session(mail))

    assert soon(lambda: mail.open_lines == 1)
    assert soon(lambda: mail.open_lines == 0)


def test_a_pool_that_nobody_holds_any_more_leaves_nothing_open(mail: SmtpServer) -> None:
    pool = MailPool()
    pool.give_back(session(mail))
    del pool
    gc.collect()

    assert soon(lambda: mail.open_lines == 0)


def test_after_one_dead_session_the_others_are_not_asked(mail: SmtpServer) -> None:
    pool = MailPool()
    for taken in [session(mail), session(mail)]:
        pool.give_back(taken)
    mail.hang_up()

    assert pool.take() is None
    assert pool.take() is None
