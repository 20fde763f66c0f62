"""What all texts of a month may cost: a limit that holds, whoever sends."""

from datetime import datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest

from notifiers import spend
from notifiers.spend import Allowance
from store.sqlite import SqliteDocuments
from tests.fakes import Crash, FaultyDocuments
from tests.notifiers.kit import NOW, spent
from watchers.documents import Put, Write
from watchers.errors import StoreUnavailableError


def test_what_is_taken_counts_as_spent_at_once(documents: SqliteDocuments) -> None:
    allowance = Allowance(documents, 10, NOW)

    assert allowance.take(3)
    assert spent(documents) == 3


def test_a_month_in_which_nothing_was_sent_has_cost_nothing(documents: SqliteDocuments) -> None:
    assert spent(documents) == 0


def test_the_last_segment_may_be_taken_and_no_more(documents: SqliteDocuments) -> None:
    with Allowance(documents, 3, NOW) as allowance:
        assert [allowance.take(1) for _ in range(5)] == [True, True, True, False, False]
    assert spent(documents) == 3


def test_a_text_that_is_too_long_for_what_is_left_takes_nothing(documents: SqliteDocuments) -> None:
    with Allowance(documents, 3, NOW) as allowance:
        assert allowance.take(2)
        assert not allowance.take(2)
        assert allowance.take(1)
    assert spent(documents) == 3


def test_without_a_budget_nothing_may_be_sent(documents: SqliteDocuments) -> None:
    assert not Allowance(documents, 0, NOW, block=5).take(1)
    assert spent(documents) == 0


def test_several_are_taken_in_one_write(documents: SqliteDocuments) -> None:
    faulty = FaultyDocuments(documents)

    with Allowance(faulty, 100, NOW, block=10) as allowance:
        assert all(allowance.take(1) for _ in range(10))
    assert (faulty.commits, spent(documents)) == (1, 10)


def test_what_was_not_used_is_given_back(documents: SqliteDocuments) -> None:
    with Allowance(documents, 100, NOW, block=10) as allowance:
        assert allowance.take(3)
        assert spent(documents) == 10

    assert spent(documents) == 3
    allowance.give_back()
    assert spent(documents) == 3


def test_a_block_larger_than_what_is_left_takes_what_is_left(documents: SqliteDocuments) -> None:
    with Allowance(documents, 4, NOW, block=10) as allowance:
        assert [allowance.take(1) for _ in range(5)] == [True] * 4 + [False]
    assert spent(documents) == 4


def test_a_text_longer_than_the_block_is_taken_whole(documents: SqliteDocuments) -> None:
    with Allowance(documents, 10, NOW, block=2) as allowance:
        assert allowance.take(5)
        assert allowance.take(1)
    assert spent(documents) == 6


def test_a_limit_that_was_lowered_below_what_was_spent_lets_nothing_through(
    documents: SqliteDocuments,
) -> None:
    documents.commit(Put(spend.path(NOW), {"segments": 50}))

    with Allowance(documents, 10, NOW, block=5) as allowance:
        assert not allowance.take(1)
    assert spent(documents) == 50


def test_a_sender_that_dies_has_spent_what_it_took(documents: SqliteDocuments) -> None:
    faulty = FaultyDocuments(documents)
    faulty.crash_after(1)

    with pytest.raises(Crash):
        Allowance(faulty, 10, NOW, block=4).take(1)

    assert spent(documents) == 4


def test_what_cannot_be_given_back_stays_counted(documents: SqliteDocuments) -> None:
    faulty = FaultyDocuments(documents)

    with Allowance(faulty, 10, NOW, block=4) as allowance:
        assert allowance.take(1)
        faulty.down = True

    assert spent(documents) == 4


def test_a_database_that_is_down_lets_nothing_through(documents: SqliteDocuments) -> None:
    faulty = FaultyDocuments(documents)
    faulty.down = True

    with pytest.raises(StoreUnavailableError):
        Allowance(faulty, 10, NOW).take(1)


def test_somebody_else_who_takes_meanwhile_is_counted_too(documents: SqliteDocuments) -> None:
    faulty = FaultyDocuments(documents)

    def take_two(_: tuple[Write, ...]) -> None:
        faulty.before_commit = None
        assert Allowance(documents, 3, NOW).take(2)

    faulty.before_commit = take_two

    with Allowance(faulty, 3, NOW) as allowance:
        assert allowance.take(1)
        assert not allowance.take(1)
    assert spent(documents) == 3


def test_a_count_that_keeps_changing_lets_nothing_through(documents: SqliteDocuments) -> None:
    faulty = FaultyDocuments(documents)
    faulty.before_commit = lambda _: Allowance(documents, 1000, NOW).take(1)

    with pytest.raises(StoreUnavailableError):
        Allowance(faulty, 1000, NOW).take(1)


@pytest.mark.parametrize("block", [1, 3])
def test_many_senders_at_once_never_spend_more_than_there_is(documents: SqliteDocuments, block: int) -> None:
    together, granted = Barrier(4, timeout=5), list[bool]()

    def send() -> None:
        together.wait()
        with Allowance(documents, 10, NOW, block=block) as allowance:
            granted.extend(allowance.take(1) for _ in range(4))

    threads = [Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(granted) == 16
    assert sum(granted) == spent(documents) <= 10


def test_every_month_of_the_vendor_has_its_own_count(documents: SqliteDocuments) -> None:
    still_june_there = datetime(2026, 6, 30, 23, 0, tzinfo=ZoneInfo("America/New_York"))

    assert spend.path(NOW) == "spend/2026-06"
    assert spend.path(still_june_there) == "spend/2026-07"
    assert Allowance(documents, 1, NOW).take(1)
    assert not Allowance(documents, 1, NOW).take(1)
    assert Allowance(documents, 1, NOW + timedelta(days=30)).take(1)


def test_each_part_of_the_month_is_said_when_it_is_passed(
    documents: SqliteDocuments, caplog: pytest.LogCaptureFixture
) -> None:
    with Allowance(documents, 10, NOW) as allowance:
        for _ in range(12):
            allowance.take(1)
    said = [(record.__dict__["percent"], record.__dict__["segments"]) for record in caplog.records]
    assert said == [(50, 5), (80, 8), (100, 10)]
    assert {record.message for record in caplog.records} == {"texts.spent"}


def test_a_month_without_any_texts_says_nothing(
    documents: SqliteDocuments, caplog: pytest.LogCaptureFixture
) -> None:
    with Allowance(documents, 0, NOW) as allowance:
        assert not allowance.take(1)
    assert not caplog.records
