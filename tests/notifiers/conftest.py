from collections.abc import Iterator

import pytest

from store.sqlite import SqliteDocuments
from tests.notifiers.kit import Post, Stopwatch, save_person


@pytest.fixture
def documents() -> Iterator[SqliteDocuments]:
    """An empty database with one reachable person."""
    database = SqliteDocuments(":memory:")
    save_person(database)
    yield database
    database.close()


@pytest.fixture
def post(documents: SqliteDocuments) -> Post:
    return Post(documents)


@pytest.fixture
def stopwatch(monkeypatch: pytest.MonkeyPatch) -> Stopwatch:
    """From now on time passes only when somebody sleeps."""
    watch = Stopwatch()
    monkeypatch.setattr("notifiers.means.time", watch)
    monkeypatch.setattr("notifiers.deliver.time", watch)
    return watch
