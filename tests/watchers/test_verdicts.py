"""That two entries are not the same is said once and kept, whoever asks, in either order."""

import pytest

from store.sqlite import SqliteDocuments
from tests.upstream import NOW
from watchers import verdicts
from watchers.documents import Query
from watchers.events import Event
from watchers.matching import match

A = Event(name="Gulls v Herons", provider="ticketmaster", item="vvG1")
B = Event(name="Gulls v Herons", provider="seatgeek", item="77")
C = Event(name="Gulls v Herons", provider="stubhub", item="9")


@pytest.fixture
def store() -> SqliteDocuments:
    return SqliteDocuments(":memory:")


def _pair(a: Event, b: Event) -> verdicts.Pair:
    pair = verdicts.pair(a, b)
    assert pair is not None
    return pair


def test_what_is_said_twice_and_in_either_order_is_one_document(store: SqliteDocuments) -> None:
    verdicts.remember(store, _pair(A, B), NOW)
    verdicts.remember(store, _pair(B, A), NOW)
    (kept,) = store.find(Query(verdicts.COLLECTION))
    assert kept.fields["entries"] == ["seatgeek:77", "ticketmaster:vvG1"]
    assert kept.path == verdicts.path(_pair(A, B))


def test_many_pairs_are_asked_for_in_one_question_each_three_hundred(store: SqliteDocuments) -> None:
    verdicts.remember(store, _pair(A, B), NOW)
    before = store.operations["reads"]
    others = [frozenset({f"ticketmaster:{n}", f"seatgeek:{n}"}) for n in range(350)]
    said = verdicts.not_the_same(store, [*others, _pair(B, A), None, _pair(A, B)])
    assert said == {_pair(A, B)}
    assert store.operations["reads"] - before == 351


def test_the_matching_believes_it_and_only_it(store: SqliteDocuments) -> None:
    verdicts.remember(store, _pair(A, B), NOW)
    known = verdicts.remembered(verdicts.not_the_same(store, [_pair(A, B), _pair(A, C)]))
    assert match(B, A, not_same=known).reasons == ("somebody said that these are not the same",)
    assert match(A, C, not_same=known) == match(A, C)


def test_it_can_be_taken_back_and_taking_back_nothing_is_harmless(store: SqliteDocuments) -> None:
    verdicts.remember(store, _pair(A, B), NOW)
    for _ in range(2):
        verdicts.take_back(store, _pair(A, B))
    assert verdicts.not_the_same(store, [_pair(A, B)]) == frozenset()


def test_what_has_no_id_or_is_one_entry_is_no_pair() -> None:
    assert verdicts.pair(A, A) is None
    assert verdicts.pair(A, Event(name="Gulls v Herons", provider="seatgeek")) is None


def test_ids_with_slashes_and_colons_are_safe_in_a_path(store: SqliteDocuments) -> None:
    odd = frozenset({"feed:https://shop.example/a/b:1", "ebay:v1|1|0"})
    verdicts.remember(store, odd, NOW)
    assert verdicts.not_the_same(store, [odd]) == {odd}
    assert verdicts.path(odd).count("/") == 1
