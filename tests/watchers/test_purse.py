"""What is kept for people: theirs, shared by every process, and never one call more."""

from datetime import timedelta
from unittest.mock import patch

import pytest

from store.sqlite import SqliteDocuments
from tests.builders import START, at
from tests.fakes import FaultyDocuments
from tests.world import at_once
from watchers import purse
from watchers.clocks import Moment
from watchers.documents import Write
from watchers.errors import ConflictError, OutOfQuotaError, StoreUnavailableError
from watchers.quota import Quota

QUOTA = Quota(calls=30, per=timedelta(hours=1), per_second=50)


def drawn(documents: SqliteDocuments | FaultyDocuments, minutes: float = 0, calls: int = 1) -> purse.Drawn:
    return purse.draw(
        documents, "shop", QUOTA, Moment(at(minutes)), calls=calls, sleep=lambda _: None, clock=lambda: 0.0
    )


def test_a_draw_is_one_read_and_one_write_and_gives_what_was_asked_for() -> None:
    documents = SqliteDocuments(":memory:")
    drawn(documents)
    documents.operations.clear()
    found = drawn(documents, 1, calls=2)
    assert (documents.operations["reads"], documents.operations["writes"]) == (1, 1)
    found.take()
    found.take()
    with pytest.raises(OutOfQuotaError):
        found.take()


def test_when_the_slice_is_spent_a_sentence_says_when_to_try_again() -> None:
    documents = SqliteDocuments(":memory:")
    assert drawn(documents, calls=5).left == 3
    with pytest.raises(OutOfQuotaError, match=r"^shop: .* are spent; try again at 13:01 UTC\.$"):
        drawn(documents, 5)
    assert drawn(documents, 61).left == 1


def test_a_quota_that_is_too_small_says_so() -> None:
    with pytest.raises(OutOfQuotaError, match="no call is kept for people"):
        purse.draw(SqliteDocuments(":memory:"), "shop", Quota(9, QUOTA.per, 1), Moment(START))


def test_calls_that_are_not_made_soon_are_lost() -> None:
    found = purse.draw(
        SqliteDocuments(":memory:"), "shop", QUOTA, Moment(START), clock=iter([0.0, 60.0]).__next__
    )
    with pytest.raises(OutOfQuotaError):
        found.take()


def test_several_processes_never_draw_more_than_there_is() -> None:
    documents = SqliteDocuments(":memory:")

    def one() -> int:
        try:
            return drawn(documents).left
        except (OutOfQuotaError, StoreUnavailableError):
            return 0

    assert sum(at_once(*[one] * 12)) <= 3


def test_whoever_lost_a_race_draws_from_what_is_left() -> None:
    documents = FaultyDocuments(SqliteDocuments(":memory:"))

    def somebody_else(_: tuple[Write, ...]) -> None:
        documents.before_commit = None
        drawn(documents, calls=2)

    documents.before_commit = somebody_else
    assert drawn(documents, calls=5).left == 1


def test_a_purse_that_is_always_busy_gives_up_and_draws_nothing() -> None:
    documents = SqliteDocuments(":memory:")
    drawn(documents)
    with (
        patch.object(documents, "commit", side_effect=ConflictError),
        pytest.raises(StoreUnavailableError),
    ):
        drawn(documents)


# ── the provider says when it may be asked again ─────────────────────────────────────────────────────────


def told_to_wait(documents: SqliteDocuments | FaultyDocuments, minutes: float = 0, until: float = 40) -> None:
    """Somebody draws, asks, and hears that nothing is to be asked for a while."""
    found = drawn(documents, minutes)
    found.take()
    found.block_until(at(until))
    purse.remember(documents, "shop", QUOTA, found)


def test_whoever_draws_next_heeds_what_the_provider_said() -> None:
    documents = SqliteDocuments(":memory:")
    told_to_wait(documents)
    with pytest.raises(OutOfQuotaError, match=r"^shop: it said to wait; try again at 12:41 UTC\.$"):
        drawn(documents, 1)
    with pytest.raises(OutOfQuotaError):
        drawn(documents, 39)
    assert drawn(documents, 41, calls=5).left == 2, "the call that was made stays counted"


def test_a_longer_wait_is_never_cut_short() -> None:
    documents = SqliteDocuments(":memory:")
    short = drawn(documents)
    told_to_wait(documents)
    short.block_until(at(5))
    purse.remember(documents, "shop", QUOTA, short)
    with pytest.raises(OutOfQuotaError, match="try again at 12:41 UTC"):
        drawn(documents, 10)


def test_where_the_provider_said_nothing_nothing_is_read_or_written() -> None:
    documents = SqliteDocuments(":memory:")
    found = drawn(documents)
    documents.operations.clear()
    purse.remember(documents, "shop", QUOTA, found)
    assert not documents.operations


def test_what_others_draw_meanwhile_stays_counted() -> None:
    documents = FaultyDocuments(SqliteDocuments(":memory:"))
    found = drawn(documents)
    found.block_until(at(40))

    def somebody_else(_: tuple[Write, ...]) -> None:
        documents.before_commit = None
        drawn(documents)

    documents.before_commit = somebody_else
    purse.remember(documents, "shop", QUOTA, found)
    with pytest.raises(OutOfQuotaError, match="it said to wait"):
        drawn(documents, 1)
    assert drawn(documents, 41, calls=5).left == 1


@pytest.mark.parametrize("why", [ConflictError, StoreUnavailableError])
def test_a_database_that_refuses_costs_nobody_the_answer(why: type[Exception]) -> None:
    documents = SqliteDocuments(":memory:")
    found = drawn(documents)
    found.block_until(at(40))
    with patch.object(documents, "commit", side_effect=why):
        purse.remember(documents, "shop", QUOTA, found)
    assert drawn(documents, 1).left == 1


def test_what_was_not_spent_is_there_again_for_the_process_that_knows() -> None:
    documents = SqliteDocuments(":memory:")
    first = drawn(documents, calls=3)
    first.take()
    again = purse.draw(
        documents,
        "shop",
        QUOTA,
        Moment(at(1)),
        calls=3,
        sleep=lambda _: None,
        clock=lambda: 0.0,
        closed=first,
    )
    assert again.left == 2
    with pytest.raises(OutOfQuotaError):  # nobody else can know
        drawn(documents, 2)


def test_when_somebody_drew_since_the_document_is_believed() -> None:
    documents = SqliteDocuments(":memory:")
    first = drawn(documents, calls=1)
    drawn(documents, 1)
    last = purse.draw(
        documents,
        "shop",
        QUOTA,
        Moment(at(2)),
        calls=3,
        sleep=lambda _: None,
        clock=lambda: 0.0,
        closed=first,
    )
    assert last.left == 1


def test_nobody_is_drawn_for_whose_turn_would_come_too_late() -> None:
    documents, slow = SqliteDocuments(":memory:"), Quota(100, timedelta(hours=1), 0.1)
    purse.draw(documents, "shop", slow, Moment(START), clock=lambda: 0.0)
    with pytest.raises(OutOfQuotaError, match="in use at this moment; try again in half a minute"):
        purse.draw(documents, "shop", slow, Moment(START), clock=lambda: 0.0, patience=10)
    assert purse.draw(documents, "shop", slow, Moment(START), clock=lambda: 0.0, patience=110).left == 1
