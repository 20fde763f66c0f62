"""Limits hold however many processes count, and over the edge of a window."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from store.sqlite import SqliteDocuments
from watchers.errors import ConflictError
from web.account.throttle import Limit, TooOftenError, counting

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMIT = Limit("someone", 5, HOUR)


@pytest.fixture
def documents() -> Iterator[SqliteDocuments]:
    database = SqliteDocuments(":memory:")
    yield database
    database.close()


def take(documents: SqliteDocuments, now: datetime, *limits: Limit) -> bool:
    try:
        documents.commit(*counting(documents, limits or (LIMIT,), now))
    except TooOftenError:
        return False
    return True


def test_so_often_and_no_oftener(documents: SqliteDocuments) -> None:
    assert [take(documents, NOW) for _ in range(7)] == [True] * 5 + [False] * 2


@pytest.mark.parametrize("seed", range(5))
def test_never_more_than_twice_in_any_hour_and_never_all_at_an_edge(
    documents: SqliteDocuments, seed: int
) -> None:
    random, now, done = Random(seed), NOW, list[datetime]()  # noqa: S311 - the same each time
    for _ in range(300):
        now += timedelta(seconds=random.randrange(1, 400))
        if take(documents, now):
            done.append(now)
    for at in done:
        assert sum(at <= other < at + HOUR for other in done) <= 8


def test_the_edge_of_a_window_is_no_way_round(documents: SqliteDocuments) -> None:
    before = NOW + HOUR - timedelta(seconds=1)
    assert all(take(documents, before) for _ in range(5))
    assert not take(documents, NOW + HOUR + timedelta(seconds=1))


def test_after_a_while_it_may_be_done_again(documents: SqliteDocuments) -> None:
    for _ in range(5):
        take(documents, NOW)
    assert take(documents, NOW + 2 * HOUR)


def test_one_limit_that_is_reached_counts_for_none(documents: SqliteDocuments) -> None:
    other = Limit("all", 100, HOUR)
    for _ in range(10):
        take(documents, NOW, LIMIT, other)
    found = documents.get(other.path)
    assert found
    assert found.fields["now"] == 5


def test_two_processes_that_read_the_same_cannot_both_write(documents: SqliteDocuments) -> None:
    first, second = counting(documents, (LIMIT,), NOW), counting(documents, (LIMIT,), NOW)
    documents.commit(*first)
    with pytest.raises(ConflictError):
        documents.commit(*second)


def test_what_is_counted_cannot_be_read_off() -> None:
    assert "+14155550123" not in Limit("contact:+14155550123", 5, HOUR).path
