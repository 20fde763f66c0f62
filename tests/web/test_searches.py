"""The searches a person keeps."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import count

import pytest

from store.sqlite import SqliteDocuments
from watchers.documents import Document, Put, Update, Write
from watchers.errors import StoreUnavailableError
from web import searches
from web.searches import MOST, Asked, SearchRefusedError

_WHEN = datetime(2026, 11, 30, tzinfo=UTC)
LAKERS = searches.asked({"keyword": "Lakers", "city": "Los Angeles", "sort": "price", "other": "x"})


@pytest.fixture
def documents() -> SqliteDocuments:
    return SqliteDocuments(":memory:")


def kept(documents: SqliteDocuments, uid: str = "ann") -> list[tuple[str, Mapping[str, str]]]:
    return [(one.name, one.asked.parameters) for one in searches.listed(documents.get(f"people/{uid}"))]


def test_a_search_is_kept_beside_what_is_known_of_its_person(documents: SqliteDocuments) -> None:
    documents.commit(Put("people/ann", {"timezone": "UTC"}))
    made = searches.save(documents, "ann", " Lakers  at home ", LAKERS)
    assert kept(documents) == [
        ("Lakers at home", {"keyword": "Lakers", "city": "Los Angeles", "sort": "price"})
    ]
    person = documents.get("people/ann")
    assert person
    assert person.fields["timezone"] == "UTC"
    assert person.fields["searches"] == [made.to_document()]


def test_it_has_a_name_where_none_was_given(documents: SqliteDocuments) -> None:
    assert searches.save(documents, "ann", " \x00 ", LAKERS).name == "Lakers, Los Angeles"


def test_the_same_search_is_kept_once_under_its_later_name(documents: SqliteDocuments) -> None:
    searches.save(documents, "ann", "First", LAKERS)
    searches.save(documents, "ann", "Other", searches.asked({"keyword": "Bulls"}))
    searches.save(documents, "ann", "Second", searches.asked({"keyword": "LAKERS", "city": "los angeles"}))
    assert [name for name, _ in kept(documents)] == ["Second", "Other"]


def test_twenty_are_kept_and_no_more(documents: SqliteDocuments) -> None:
    for number in range(MOST):
        searches.save(documents, "ann", "", searches.asked({"keyword": f"Team {number}"}))
    with pytest.raises(SearchRefusedError, match="Delete one first"):
        searches.save(documents, "ann", "", LAKERS)
    searches.save(documents, "ann", "Again", searches.asked({"keyword": "Team 3"}))
    assert len(kept(documents)) == MOST


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "needs a keyword"),
        ({"city": "x", "country": "Wales"}, "two capital letters"),
        ({"keyword": "x" * 500}, "at most 200"),
        ({"keyword": "x", "max_price": "cheap"}, "At most: "),
        ({"keyword": "x", "max_price": "5", "currency": "XXX"}, "no currency"),
        ({"keyword": "x", "max_price": "5", "min_quantity": "many"}, "from 1 to 20"),
        ({"keyword": "x", "max_price": "5", "min_quantity": "21"}, "from 1 to 20"),
        ({"keyword": "x", "max_price": "5", "min_quantity": "²"}, "from 1 to 20"),
    ],
)
def test_what_cannot_be_searched_is_not_kept(
    documents: SqliteDocuments, values: dict[str, str], said: str
) -> None:
    with pytest.raises(SearchRefusedError, match=said):
        searches.save(documents, "ann", "x", searches.asked(values))
    assert documents.get("people/ann") is None


def test_it_can_be_renamed_and_deleted_and_both_twice(documents: SqliteDocuments) -> None:
    made = searches.save(documents, "ann", "First", LAKERS)
    for _ in range(2):
        searches.rename(documents, "ann", made.id, "Better")
        assert [name for name, _ in kept(documents)] == ["Better"]
    with pytest.raises(SearchRefusedError, match="Write a name"):
        searches.rename(documents, "ann", made.id, "  ")
    for _ in range(2):
        searches.delete(documents, "ann", made.id)
        assert kept(documents) == []
    searches.rename(documents, "ann", made.id, "Gone")
    assert kept(documents) == []


def test_a_deal_is_kept_with_its_limit_and_a_search_without_one() -> None:
    deal = searches.asked({"keyword": "a", "max_price": "90", "currency": "GBP", "min_quantity": "1"})
    assert deal.parameters == {"keyword": "a", "max_price": "90", "currency": "GBP"}
    plain = searches.asked({"keyword": "a", "currency": "GBP", "min_quantity": "2"})
    assert plain.parameters == {"keyword": "a"}
    assert searches.id_of(deal) != searches.id_of(plain)


@pytest.mark.parametrize(
    ("stored", "names"),
    [
        (["x", {"id": 1}, {"id": "a", "name": "b", "asked": {"keyword": "c", "sort": "best"}}, None], ["b"]),
        ("x", []),
        (None, []),
    ],
)
def test_what_cannot_be_read_is_passed_over(stored: object, names: list[str]) -> None:
    person = Document("people/ann", {"searches": stored}, "1", _WHEN)
    assert [one.name for one in searches.listed(person)] == names
    assert searches.listed(None) == []


class _Racing(SqliteDocuments):
    """Somebody else writes the person before each of the first commits."""

    def __init__(self, times: int, before: Callable[[], Write]) -> None:
        super().__init__(":memory:")
        self.times, self.before = times, before

    def commit(self, *writes: Write) -> tuple[str, ...]:
        if self.times and isinstance(writes[0], Update):
            self.times -= 1
            super().commit(self.before())
        return super().commit(*writes)


def test_two_at_the_same_time_are_both_kept() -> None:
    documents = _Racing(1, lambda: Put("people/ann", {"searches": [_entry("Rival")], "timezone": "UTC"}))
    documents.commit(Put("people/ann", {}))
    searches.save(documents, "ann", "Mine", LAKERS)
    assert [name for name, _ in kept(documents)] == ["Rival", "Mine"]


def test_one_that_always_loses_says_so() -> None:
    counted = count()
    documents = _Racing(99, lambda: Put("people/ann", {"changed": next(counted)}))
    documents.commit(Put("people/ann", {}))
    with pytest.raises(StoreUnavailableError):
        searches.save(documents, "ann", "Mine", LAKERS)


def _entry(name: str) -> dict[str, object]:
    return {"id": name, "name": name, "asked": Asked({"keyword": name}).parameters}
