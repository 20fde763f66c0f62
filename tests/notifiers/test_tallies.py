from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers import tallies
from notifiers.tallies import Tally
from store.sqlite import SqliteDocuments
from watchers.documents import Document, Put
from watchers.errors import ConflictError
from watchers.kinds import Channel

NEW_YORK = ZoneInfo("America/New_York")
EVENING = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)  # still 30 November in New York
BUSY = Tally(
    "u1",
    day=date(2026, 11, 30),
    told={"sms": 3, "sms:w1": 2, "email": 1},
    month="2026-11",
    segments=9,
    replies=4,
    latest="a1",
)


@pytest.fixture
def documents() -> Iterator[SqliteDocuments]:
    database = SqliteDocuments(":memory:")
    yield database
    database.close()


def stored(documents: SqliteDocuments) -> Tally:
    return tallies.from_document("u1", documents.get(tallies.path("u1")))


def test_a_person_who_was_never_told_anything_has_nothing_counted() -> None:
    tally = tallies.from_document("u1", None)
    assert tally == Tally("u1")
    assert tally.count(Channel.SMS) == tally.count(Channel.SMS, "w1") == tally.segments == 0


def test_a_message_counts_once_for_the_day_and_once_for_each_watch() -> None:
    tally = BUSY.counting(Channel.SMS, ["w1", "w2", "w1"])
    assert tally.told == {"sms": 4, "sms:w1": 3, "sms:w2": 1, "email": 1}
    assert BUSY.told == {"sms": 3, "sms:w1": 2, "email": 1}


def test_channels_are_counted_apart() -> None:
    tally = BUSY.counting(Channel.PUSH, ["w1"])
    assert (tally.count(Channel.PUSH), tally.count(Channel.PUSH, "w1")) == (1, 1)
    assert (tally.count(Channel.SMS), tally.count(Channel.SMS, "w1")) == (3, 2)


def test_the_day_is_the_persons_own() -> None:
    assert BUSY.at(EVENING, NEW_YORK) == BUSY


def test_at_midnight_the_day_is_forgotten_and_what_a_reply_is_about_is_not() -> None:
    tally = replace(BUSY, month="2026-12").at(EVENING + timedelta(hours=2), NEW_YORK)
    assert tally == Tally("u1", day=date(2026, 12, 1), month="2026-12", segments=9, latest="a1")


def test_a_new_month_forgets_the_segments() -> None:
    assert BUSY.at(EVENING + timedelta(hours=2), NEW_YORK).segments == 0


def test_another_day_of_the_same_month_keeps_the_segments() -> None:
    tally = replace(BUSY, day=date(2026, 11, 3)).at(EVENING, NEW_YORK)
    assert (tally.day, tally.told, tally.replies, tally.segments) == (date(2026, 11, 30), {}, 0, 9)


def test_flying_west_over_midnight_gives_no_fresh_caps() -> None:
    tokyo, honolulu = ZoneInfo("Asia/Tokyo"), ZoneInfo("Pacific/Honolulu")
    in_tokyo = Tally("u1").at(EVENING, tokyo).counting(Channel.SMS, ["w1"])
    there = replace(in_tokyo, segments=2).at(EVENING + timedelta(hours=1), honolulu)
    assert (there.count(Channel.SMS), there.segments, there.day) == (1, 2, date(2026, 12, 1))


def test_a_day_far_ahead_was_a_wrong_clock_and_is_forgotten() -> None:
    tally = replace(BUSY, day=date(2031, 1, 1), month="2031-01").at(EVENING, NEW_YORK)
    assert (tally.day, tally.told, tally.segments) == (date(2026, 11, 30), {}, 0)


def test_a_tally_is_read_as_it_was_written(documents: SqliteDocuments) -> None:
    for tally in (BUSY, replace(BUSY, uid="u2", day=None, latest=None)):
        documents.commit(tally.write())
        document = documents.get(tallies.path(tally.uid))
        assert document
        assert tallies.from_document(tally.uid, document) == tally
        assert tallies.from_document(tally.uid, document).version == document.version


def test_of_two_who_count_the_same_message_first_only_one_is_heard(documents: SqliteDocuments) -> None:
    first, second = (stored(documents).counting(Channel.SMS, ["w1"]) for _ in range(2))
    documents.commit(first.write())
    with pytest.raises(ConflictError):
        documents.commit(second.write())
    assert stored(documents).count(Channel.SMS) == 1


def test_of_two_who_count_on_the_same_tally_only_one_is_heard(documents: SqliteDocuments) -> None:
    documents.commit(BUSY.write())
    first, second = (stored(documents).counting(Channel.SMS, ["w1"]) for _ in range(2))
    documents.commit(first.write())
    with pytest.raises(ConflictError):
        documents.commit(second.write())
    assert stored(documents).count(Channel.SMS) == 4


def test_what_was_forgotten_is_also_gone_from_the_store(documents: SqliteDocuments) -> None:
    documents.commit(BUSY.write())
    documents.commit(stored(documents).at(EVENING + timedelta(days=1), NEW_YORK).write())
    assert stored(documents).told == {}


@pytest.mark.parametrize(
    "damage",
    [
        {"told": None},
        {"told": [1]},
        {"told": {"sms": "3"}},
        {"told": {"sms": True}},
        {"told": {"sms": -100}},
        {"told": {"sms": 0.5}},
        {"day": "yesterday"},
        {"day": 20261130},
        {"month": None},
        {"segments": None},
        {"replies": -1},
        {"latest": 7},
    ],
    ids=str,
)
def test_a_tally_that_cannot_be_read_never_counts_as_an_empty_one(
    damage: dict[str, Any], documents: SqliteDocuments
) -> None:
    documents.commit(Put(tallies.path("u1"), {**BUSY.write().fields, **damage}))
    with pytest.raises(ValueError, match=r"^tallies/u1 is not a tally$"):
        stored(documents)


@pytest.mark.parametrize("name", ["day", "told", "month", "segments", "replies", "latest"])
def test_a_tally_without_one_of_its_fields_cannot_be_read(name: str) -> None:
    fields = {key: value for key, value in BUSY.write().fields.items() if key != name}
    with pytest.raises(ValueError, match=r"^tallies/u1 is not a tally$"):
        tallies.from_document("u1", Document("tallies/u1", fields, "1", EVENING))


@given(st.lists(st.integers(-10, 10), min_size=8, max_size=30))
def test_however_late_or_early_a_sender_looks_no_day_gets_more_than_its_cap(minutes: list[int]) -> None:
    """Clocks of workers differ by minutes, also around midnight: nobody is told more often for that."""
    tally, sent = Tally("u1"), Counter[date | None]()
    midnight = EVENING + timedelta(hours=2)
    for minute in minutes:
        tally = tally.at(midnight + timedelta(minutes=minute), NEW_YORK)
        if tally.count(Channel.SMS) < 2:
            tally = tally.counting(Channel.SMS, ["w1"])
            sent[tally.day] += 1
    assert max(sent.values()) <= 2
