"""The faulty database does to a caller exactly what a bad day does."""

import pytest

from store.sqlite import SqliteDocuments
from tests.fakes import Crash, FaultyDocuments
from watchers.documents import Create, Put, Query
from watchers.errors import ConflictError, StoreUnavailableError


@pytest.fixture
def documents() -> FaultyDocuments:
    return FaultyDocuments(SqliteDocuments(":memory:"))


def commit_three(documents: FaultyDocuments) -> None:
    for number in range(3):
        documents.commit(Create(f"a/{number}", {}))


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_crash_before_a_commit_leaves_it_out(documents: FaultyDocuments, number: int) -> None:
    documents.crash_before(number)
    with pytest.raises(Crash):
        commit_three(documents)
    assert documents.count(Query("a")) == number - 1


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_crash_after_a_commit_keeps_it(documents: FaultyDocuments, number: int) -> None:
    documents.crash_after(number)
    with pytest.raises(Crash):
        commit_three(documents)
    assert documents.count(Query("a")) == number


def test_a_crash_is_armed_from_now_on_and_past_the_last_commit_never_comes(
    documents: FaultyDocuments,
) -> None:
    documents.commit(Create("a/before", {}))
    documents.crash_before(4)
    documents.crash_after(4)
    commit_three(documents)
    assert (documents.count(Query("a")), documents.commits) == (4, 4)


def test_a_database_that_is_down_answers_nothing_until_it_is_up(documents: FaultyDocuments) -> None:
    documents.down = True
    for step in (
        lambda: documents.get("a/b"),
        lambda: documents.commit(Put("a/b", {})),
        lambda: documents.find(Query("a")),
        lambda: documents.count(Query("a")),
    ):
        with pytest.raises(StoreUnavailableError):
            step()
    documents.down = False
    assert documents.get("a/b") is None


def test_somebody_elses_write_can_be_slipped_in(documents: FaultyDocuments) -> None:
    documents.before_commit = lambda _: documents.inner.commit(Create("leases/tick", {"owner": "other"}))
    with pytest.raises(ConflictError):
        documents.commit(Create("leases/tick", {"owner": "me"}))
