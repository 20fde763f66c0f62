"""What a day takes of the database: counted by every process, written down in steps."""

from datetime import UTC, datetime, timedelta

from store.sqlite import SqliteDocuments
from tests.fakes import FaultyDocuments
from watchers import mishaps
from watchers.documents import Documents, Put
from watchers.usage import Meter, Usage, path

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def reading(documents: Documents, times: int) -> None:
    for _ in range(times):
        documents.get("a/b")


def test_little_is_not_worth_a_write_and_is_counted_all_the_same() -> None:
    documents = SqliteDocuments(":memory:")
    meter = Meter(documents, step=10)
    reading(documents, 5)
    meter.note(NOON)
    assert documents.get(path(NOON)) is None
    assert meter.today(NOON).reads == 7


def test_a_step_is_written_down_once_and_several_processes_add_up() -> None:
    documents = SqliteDocuments(":memory:")
    for _ in range(3):
        meter = Meter(documents, step=10)
        meter.note(NOON)  # what was done before it began is not its own
    first, second = Meter(documents, step=10), Meter(documents, step=10)
    before = first.today(NOON).reads
    reading(documents, 20)
    first.note(NOON)
    first.note(NOON)
    kept = documents.get(path(NOON))
    assert kept
    assert kept.fields["reads"] >= before + 20
    assert second.unwritten()["reads"] > 0


def test_each_day_begins_with_nothing() -> None:
    documents = SqliteDocuments(":memory:")
    documents.commit(Put(path(NOON), {"reads": 40_000, "writes": 5, "deletes": 1}))
    assert Meter(documents).today(NOON) == Usage(40_001, 6, 1)  # with this test's own
    assert Meter(documents).today(NOON + timedelta(days=1)).reads < 40_000


def test_a_database_that_is_away_loses_no_count_and_breaks_nothing() -> None:
    documents = FaultyDocuments(SqliteDocuments(":memory:"))
    meter = Meter(documents, step=5)
    reading(documents, 8)
    documents.down = True
    meter.note(NOON)
    documents.down = False
    meter.note(NOON)
    kept = documents.inner.get(path(NOON))
    assert kept
    assert kept.fields["reads"] >= 8


def test_the_last_mishaps_are_remembered_newest_first_and_not_for_ever() -> None:
    documents = SqliteDocuments(":memory:")
    assert mishaps.latest(documents) == []
    for minute in range(30):
        mishaps.note(documents, [f"steam-{minute}"], NOON + timedelta(minutes=minute))
    known = mishaps.latest(documents)
    assert [known[0].board, known[-1].board, len(known)] == ["steam-29", "steam-10", mishaps.KEPT]
