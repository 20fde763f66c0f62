"""What ``watchers.documents`` promises, held against every store: SQLite (file and memory) and Firestore."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from pprint import pformat
from typing import Any, Literal

import pytest
from msgspec.structs import replace

from store.firestore import FirestoreDocuments
from store.sqlite import SqliteDocuments
from watchers.documents import SERVER_TIME, Create, Delete, Document, Documents, Put, Query, Update, Write
from watchers.errors import ConflictError, DocumentTooLargeError

Store = SqliteDocuments | FirestoreDocuments
NOON = datetime(2026, 12, 1, 12, 0, 0, 123456, tzinfo=UTC)
ODD = ("fires_at", "ticketmaster-fb277bcf43b0", "face_USD")
ODDER = ("dots.and`ticks", "back\\slash and space", "žluťoučký 🐎", "$time", ".", "1st", "[0]", "*", " ")


@pytest.fixture(
    params=["sqlite file", "sqlite memory", pytest.param("firestore", marks=pytest.mark.emulator)]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "firestore":
        yield request.getfixturevalue("firestore_documents")
        return
    path = str(tmp_path / "new" / "scout.db") if request.param == "sqlite file" else ":memory:"
    documents = SqliteDocuments(path)
    yield documents
    documents.close()


def stored(documents: Documents, path: str) -> Document:
    found = documents.get(path)
    assert found is not None
    return found


def fill(documents: Documents, collection: str, **fields_by_id: Mapping[str, Any]) -> None:
    documents.commit(*(Put(f"{collection}/{name}", fields) for name, fields in fields_by_id.items()))


def ids(documents: list[Document]) -> list[str]:
    return [document.id for document in documents]


def outcomes(threads: int, step: Callable[[int], Any]) -> list[Any]:
    """What each of ``threads`` simultaneous calls brought: its result or its conflict."""

    def outcome(number: int) -> Any:
        try:
            return step(number)
        except ConflictError as exc:
            return exc

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(outcome, range(threads)))


# Reading back


def test_many_documents_come_in_the_order_they_were_asked_for_each_as_alone(store: Store) -> None:
    fill(store, "people", b={"n": 2}, a={"n": 1})
    paths = ["people/b", "people/none", "people/a", "people/b"]

    assert store.get_many(paths) == [store.get(path) for path in paths]
    assert store.get_many([]) == []


def test_many_documents_cost_a_read_each_and_none_costs_nothing(store: Store) -> None:
    before = store.operations["reads"]
    store.get_many([])
    assert store.operations["reads"] == before
    store.get_many(["people/a", "people/b"])
    assert store.operations["reads"] == before + 2


def test_a_document_that_is_not_there_is_none(store: Store) -> None:
    assert store.get("people/nobody") is None


def test_a_document_comes_back_with_its_path_id_version_and_time(store: Store) -> None:
    (version,) = store.commit(Create("artifacts/app/users/u1/ticket_monitors/w1", {"name": "Lakers"}))
    found = stored(store, "artifacts/app/users/u1/ticket_monitors/w1")
    assert (found.id, found.fields, found.version) == ("w1", {"name": "Lakers"}, version)
    assert found.updated_at.utcoffset() == timedelta(0)
    assert abs(found.updated_at - datetime.now(UTC)) < timedelta(minutes=1)


VALUES: dict[str, Any] = {
    "nothing": None,
    "yes and no": [True, False],
    "integers beyond 2^53": [0, -1, 2**53 + 1, 2**63 - 1, -(2**63)],
    "floats stay floats": [0.1, 1.0, -2.5e-300, float("inf")],
    "text in any script": ["", "Dvořák ♪ 🎫", "a\nb\x00c", "x" * 2000],
    "bytes": b"\x00\xff board" * 20,
    "no bytes": b"",
    "a moment": NOON,
    "the first and the last moment": [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
    "empty map": {},
    "empty list": [],
    "maps in lists": [{"at": NOON, "raw": b"1"}, {}],
    "looks like a tag": {"$time": "2026-12-01T12:00:00+00:00"},
    "looks like the other tag": {"$bytes": "AAAA"},
    "looks like an escaped tag": {"$$time": {"$bytes": b"x", "$": 1, "$$": 2}},
    "a tag with a neighbour": {"$time": 1, "other": 2},
}


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_a_value_comes_back_as_it_was(store: Store, value: Any) -> None:
    store.commit(Put("a/b", {"value": value, "deep": {"er": value}}))
    found = stored(store, "a/b").fields
    assert found == {"value": value, "deep": {"er": value}}
    assert pformat(found["value"]) == pformat(value)  # 1 == 1.0 == True; a subclass of datetime equals one


@pytest.mark.parametrize("key", ODDER)
def test_a_map_key_is_free_text_at_any_depth(store: Store, key: str) -> None:
    store.commit(Put("a/b", {key: {key: 1}}))
    version = stored(store, "a/b").version
    store.commit(Update("a/b", {key: {key: {key: 2}}}, version))
    assert stored(store, "a/b").fields == {key: {key: {key: 2}}}


def test_a_moment_of_another_zone_comes_back_as_the_same_moment_in_utc(store: Store) -> None:
    local = NOON.astimezone(timezone(timedelta(hours=-8)))
    store.commit(Put("a/b", {"at": local}))
    at = stored(store, "a/b").fields["at"]
    assert (at, type(at), at.utcoffset()) == (local, datetime, timedelta(0))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        pytest.param({"at": NOON.replace(tzinfo=None)}, ValueError, id="a naive datetime"),
        pytest.param({"n": 2**63}, ValueError, id="an integer of more than 64 bits"),
        pytest.param({"n": float("nan")}, ValueError, id="NaN"),
        pytest.param({"l": [[1]]}, ValueError, id="a list in a list"),
        pytest.param({"l": [SERVER_TIME]}, ValueError, id="the server's time in a list"),
        pytest.param({"": 1}, ValueError, id="an empty key"),
        pytest.param({"__name__": 1}, ValueError, id="a reserved key"),
        pytest.param({"m": {1: 1}}, TypeError, id="a key that is a number"),
        pytest.param({"s": {1, 2}}, TypeError, id="a set"),
        pytest.param({"d": NOON.date()}, TypeError, id="a date"),
    ],
)
def test_what_firestore_cannot_hold_is_refused_everywhere(
    store: Store, fields: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        store.commit(Put("a/good", {}), Put("a/bad", fields))
    assert store.get("a/good") is None


@pytest.mark.parametrize("path", ["people", "people/", "/people/u1", "a/b/c", "a//b/c", "a/..", "a/__b__"])
def test_a_path_that_is_no_documents_is_refused(store: Store, path: str) -> None:
    with pytest.raises(ValueError, match="path of a document"):
        store.get(path)
    for write in (Create(path, {"n": 1}), Put(path, {"n": 1}), Delete(path)):
        with pytest.raises(ValueError, match="path of a document"):
            store.commit(write)


# Writing


def test_of_sixteen_racing_creates_one_wins(store: Store) -> None:
    found = outcomes(16, lambda number: store.commit(Create("leases/tick", {"owner": number})))
    (winner,) = (number for number, outcome in enumerate(found) if isinstance(outcome, tuple))
    assert stored(store, "leases/tick").fields == {"owner": winner}


def test_compare_and_set_from_eight_threads_loses_no_increment(store: Store) -> None:
    store.commit(Create("counters/c", {"n": 0}))

    def add_one(_: int) -> None:
        while True:
            seen = stored(store, "counters/c")
            try:
                store.commit(Update(seen.path, {"n": seen.fields["n"] + 1}, seen.version))
            except ConflictError:
                continue
            return

    for _ in range(5):
        outcomes(8, add_one)
    assert stored(store, "counters/c").fields == {"n": 40}


@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_conflict_among_three_writes_leaves_nothing_written(store: Store, place: int) -> None:
    store.commit(Create("a/old", {"n": 1}), Create("a/gone", {"n": 1}))
    writes: list[Write] = [Put("a/new", {"n": 2}), Delete("a/gone")]
    writes.insert(place, Create("a/old", {"n": 2}))
    with pytest.raises(ConflictError):
        store.commit(*writes)
    assert store.get("a/new") is None
    assert [stored(store, path).fields for path in ("a/old", "a/gone")] == [{"n": 1}, {"n": 1}]


def test_an_update_of_a_missing_document_is_a_conflict(store: Store) -> None:
    (version,) = store.commit(Create("a/b", {"n": 1}))
    with pytest.raises(ConflictError):
        store.commit(Update("a/missing", {"n": 2}, version))
    assert store.get("a/missing") is None


def test_an_update_of_a_document_that_was_deleted_and_made_again_is_a_conflict(store: Store) -> None:
    (version,) = store.commit(Create("a/b", {"n": 1}))
    store.commit(Delete("a/b"))
    with pytest.raises(ConflictError):
        store.commit(Update("a/b", {"n": 2}, version))
    (again,) = store.commit(Create("a/b", {"n": 1}))
    assert again != version
    with pytest.raises(ConflictError):
        store.commit(Update("a/b", {"n": 2}, version))


@pytest.mark.parametrize("nonsense", ["", "yesterday"])
def test_a_version_that_never_was_is_a_conflict(store: Store, nonsense: str) -> None:
    store.commit(Create("a/b", {"n": 1}))
    with pytest.raises(ConflictError):
        store.commit(Update("a/b", {"n": 2}, nonsense))


def test_a_stale_version_is_a_conflict_and_the_returned_one_is_fresh(store: Store) -> None:
    (first,) = store.commit(Create("a/b", {"n": 1}))
    (second,) = store.commit(Update("a/b", {"n": 2}, first))
    with pytest.raises(ConflictError):
        store.commit(Update("a/b", {"n": 3}, first))
    (third,) = store.commit(Update("a/b", {"n": 3}, second))
    assert third == stored(store, "a/b").version


def test_versions_come_back_in_the_order_of_the_writes(store: Store) -> None:
    (old,) = store.commit(Create("a/u", {"n": 1}))
    versions = store.commit(
        Delete("a/none"), Create("a/c", {"at": SERVER_TIME}), Update("a/u", {"n": 2}, old), Put("a/p", {})
    )
    assert versions == ("", *(stored(store, path).version for path in ("a/c", "a/u", "a/p")))


def test_a_commit_of_nothing_does_nothing(store: Store) -> None:
    assert store.commit() == ()


def test_a_write_that_changes_nothing_keeps_the_version(store: Store) -> None:
    """So Firestore does: an ``Update`` that is to exclude others must change something."""
    (first,) = store.commit(Create("a/b", {"n": 1, "at": NOON}))
    assert store.commit(Put("a/b", {"at": NOON, "n": 1})) == (first,)
    assert store.commit(Update("a/b", {"n": 1}, first)) == (first,)
    assert store.commit(Update("a/b", {"n": 1.0}, first)) != (first,)


def test_an_update_of_no_field_is_refused(store: Store) -> None:
    (version,) = store.commit(Create("a/b", {"n": 1}))
    with pytest.raises(ValueError, match="at least one field"):
        store.commit(Update("a/b", {}, version))


def test_an_update_replaces_the_named_fields_entirely_and_leaves_the_others(store: Store) -> None:
    fields = {
        "map": {"old": 1, "shared": 1},
        "a.b": 1,
        "a": {"b": 1},
        "list": [1, 2],
        "other": {"kept": True},
    }
    (version,) = store.commit(Create("a/b", fields))
    named: dict[str, Any] = {"map": {"shared": 2}, "a.b": {"c.d": 2}, "list": [], "new": {}}
    store.commit(Update("a/b", named, version))
    assert stored(store, "a/b").fields == named | {"a": {"b": 1}, "other": {"kept": True}}


def test_a_put_replaces_the_whole_document_or_makes_it(store: Store) -> None:
    for fields in ({"a": 1, "m": {"x": 1}}, {"m": {"y": 1}}, {}):
        store.commit(Put("a/b", fields))
        assert stored(store, "a/b").fields == fields


def test_a_deleted_document_is_gone_and_deleting_it_again_is_no_error(store: Store) -> None:
    store.commit(Create("a/b", {"n": 1}))
    assert store.commit(Delete("a/b")) == ("",)
    assert store.commit(Delete("a/b"), Delete("a/never")) == ("", "")
    assert store.get("a/b") is None
    assert store.find(Query("a")) == store.find(Query("a", ("n",), "==", 1)) == []


def test_a_delete_with_a_version_removes_only_that_one(store: Store) -> None:
    (first,) = store.commit(Create("a/b", {"n": 1}))
    (second,) = store.commit(Update("a/b", {"n": 2}, first))
    for stale in (first, "", "yesterday"):
        with pytest.raises(ConflictError):
            store.commit(Put("a/other", {}), Delete("a/b", stale))
    assert stored(store, "a/b").fields == {"n": 2}
    assert store.get("a/other") is None
    assert store.commit(Delete("a/b", second)) == ("",)
    with pytest.raises(ConflictError):
        store.commit(Delete("a/b", second))


def test_a_version_is_replaced_as_a_whole_by_a_delete_and_a_put_of_one_commit(store: Store) -> None:
    (first,) = store.commit(Create("a/b", {"n": 1, "gone": {"m": 1}}))
    _, second = store.commit(Delete("a/b", first), Put("a/b", {"n": 2}))
    assert (stored(store, "a/b").fields, stored(store, "a/b").version) == ({"n": 2}, second)
    with pytest.raises(ConflictError):
        store.commit(Delete("a/b", first), Put("a/b", {"n": 3}))
    assert stored(store, "a/b").fields == {"n": 2}
    assert [found.id for found in store.find(Query("a", ("n",), "==", 2))] == ["b"]


def test_one_commit_takes_more_than_a_thousand_writes(store: Store) -> None:
    versions = store.commit(*(Create(f"many/{number}", {"n": number}) for number in range(1100)))
    assert store.count(Query("many")) == 1100
    store.commit(*(Delete(f"many/{number}", version) for number, version in enumerate(versions)))
    assert store.count(Query("many")) == 0


# The server's time


def test_the_servers_time_is_the_commits_and_never_goes_back(store: Store) -> None:
    times = []
    for number in range(5):
        store.commit(Put("a/b", {"n": number, "at": SERVER_TIME, "deep": {"at": SERVER_TIME, "x": 1}}))
        found = stored(store, "a/b")
        at = found.fields["at"]
        assert found.fields == {"n": number, "at": at, "deep": {"at": at, "x": 1}}
        assert abs(found.updated_at - at) < timedelta(seconds=1)
        times.append((at, found.updated_at))
    assert times == sorted(times)
    assert len({updated for _, updated in times}) == 5


def test_an_update_may_hold_the_servers_time_alone(store: Store) -> None:
    (version,) = store.commit(Create("a/b", {"m": {"old": 1}, "n": 1}))
    store.commit(Update("a/b", {"m": {"x.y": SERVER_TIME}, "at": SERVER_TIME}, version))
    found = stored(store, "a/b").fields
    assert found == {"n": 1, "at": found["at"], "m": {"x.y": found["at"]}}
    assert isinstance(found["at"], datetime)


def test_whoever_asks_for_what_changed_since_misses_nothing(store: Store) -> None:
    store.commit(Create("jobs/a", {"updated_at": SERVER_TIME}))
    since = stored(store, "jobs/a").fields["updated_at"]
    store.commit(Create("jobs/b", {"updated_at": SERVER_TIME}))
    found = store.find(Query("jobs", ("updated_at",), ">=", since))
    assert ids(found) == ["a", "b"]


# Finding

MIXED: dict[str, dict[str, Any]] = {
    "three": {"v": 3},
    "one": {"v": 1},
    "also_one": {"v": 1.0},
    "half": {"v": 0.5},
    "big": {"v": 2**53 + 1},
    "text": {"v": "1"},
    "more_text": {"v": "å"},
    "moment": {"v": NOON},
    "later": {"v": NOON + timedelta(microseconds=1)},
    "yes": {"v": True},
    "no": {"v": False},
    "nothing": {"v": None},
    "bytes": {"v": b"1"},
    "list": {"v": [1, "1", NOON, True, None, {"v": 1}, 1]},
    "map": {"v": {"v": 1}},
    "missing": {"w": 1},
}


@pytest.mark.parametrize(
    ("op", "value", "found"),
    [
        pytest.param("==", 1, ["also_one", "one"], id="a number equals it as int and float, by id"),
        pytest.param("==", 1.0, ["also_one", "one"], id="and the other way round"),
        pytest.param("==", 2**53 + 1, ["big"], id="an integer beyond 2^53 equals itself"),
        pytest.param("==", 2**53, [], id="and not its neighbour"),
        pytest.param("<=", 1, ["half", "also_one", "one"], id="numbers up to one, by value then id"),
        pytest.param(">=", 1, ["also_one", "one", "three", "big"], id="numbers from one"),
        pytest.param(">", 1, ["three", "big"], id="numbers over one"),
        pytest.param(">", 2**53, ["big"], id="numbers over 2^53"),
        pytest.param("==", "1", ["text"], id="text equals text"),
        pytest.param(">=", "1", ["text", "more_text"], id="text is ordered with text only"),
        pytest.param(">", "1", ["more_text"], id="text over text"),
        pytest.param("<=", "z", ["text"], id="by code point, not by alphabet"),
        pytest.param("==", NOON, ["moment"], id="a moment equals itself"),
        pytest.param(">=", NOON, ["moment", "later"], id="moments from noon"),
        pytest.param(">", NOON, ["later"], id="moments after noon, to the microsecond"),
        pytest.param("<=", NOON, ["moment"], id="moments up to noon"),
        pytest.param("==", True, ["yes"], id="true is not one"),
        pytest.param("==", False, ["no"], id="false is not nothing"),
        pytest.param("==", None, ["nothing"], id="nothing is neither false nor missing"),
        pytest.param("array_contains", 1, ["list"], id="a list is found once by a number in it"),
        pytest.param("array_contains", "1", ["list"], id="by a text in it"),
        pytest.param("array_contains", NOON, ["list"], id="by a moment in it"),
        pytest.param("array_contains", True, ["list"], id="by a boolean in it"),
        pytest.param("array_contains", 3, [], id="not by what is not in it"),
    ],
)
def test_a_query_finds_its_own_type_in_order(
    store: Store, op: Literal["==", "<=", ">=", ">", "array_contains"], value: Any, found: list[str]
) -> None:
    fill(store, "q", **MIXED)
    query = Query("q", ("v",), op, value)
    assert ids(store.find(query)) == found
    assert store.count(query) == len(found)


@pytest.mark.parametrize(
    ("op", "value", "below", "found"),
    [
        pytest.param(">=", 1, 3, ["also_one", "one"], id="the lower end is in it, the upper is not"),
        pytest.param(
            ">", 0, 2**53 + 1, ["half", "also_one", "one", "three"], id="over the one, under the other"
        ),
        pytest.param(">=", "1", "å", ["text"], id="texts by code point"),
        pytest.param(">=", NOON, NOON + timedelta(microseconds=1), ["moment"], id="one moment"),
        pytest.param(">=", 3, 1, [], id="nothing lies between ends that are the wrong way round"),
    ],
)
def test_a_range_ends_before_its_upper_end(
    store: Store, op: Literal[">=", ">"], value: Any, below: Any, found: list[str]
) -> None:
    fill(store, "q", **MIXED)
    query = Query("q", ("v",), op, value, below=below)
    assert ids(store.find(query)) == found
    assert ids(store.find(replace(query, limit=1))) == found[:1]
    assert store.count(query) == len(found)


@pytest.mark.parametrize(
    ("op", "value", "below", "error"),
    [
        pytest.param("==", 1, 2, ValueError, id="of what equals"),
        pytest.param("<=", 1, 2, ValueError, id="of what has that end already"),
        pytest.param(">", 1, "2", TypeError, id="of another type"),
        pytest.param(">", 1, True, TypeError, id="that has no order"),
        pytest.param(">", "1", "2" * 1_501, TypeError, id="that no index holds"),
        pytest.param(">", NOON, NOON.replace(tzinfo=None), ValueError, id="of no known zone"),
    ],
)
def test_an_end_that_the_stores_understand_differently_is_refused(
    store: Store, op: Literal["==", "<=", ">"], value: Any, below: Any, error: type[Exception]
) -> None:
    for ask in (store.find, store.count):
        with pytest.raises(error):
            ask(Query("q", ("v",), op, value, below=below))


@pytest.mark.parametrize("op", ["<=", ">=", ">"])
@pytest.mark.parametrize("value", [None, True])
def test_what_has_no_order_cannot_be_asked_for_by_order(
    store: Store, op: Literal["<=", ">=", ">"], value: Any
) -> None:
    with pytest.raises(ValueError, match="no order"):
        store.find(Query("q", ("v",), op, value))


@pytest.mark.parametrize("value", [[1], {"a": 1}, b"1"])
def test_lists_maps_and_bytes_cannot_be_asked_for(store: Store, value: Any) -> None:
    with pytest.raises(TypeError, match="can be asked for"):
        store.find(Query("q", ("v",), "==", value))


@pytest.mark.parametrize(
    "query",
    [
        pytest.param(Query("q/a", ("v",), "==", 1), id="of a document"),
        pytest.param(Query("", ("v",), "==", 1), id="of no collection"),
        pytest.param(Query("q", ("a", ""), "==", 1), id="by an empty key"),
        pytest.param(Query("q", ("v",), "array_contains", None), id="for nothing in a list"),
        pytest.param(Query("q", ("v",), "==", NOON.replace(tzinfo=None)), id="for a naive datetime"),
        pytest.param(Query("q", limit=-1), id="with a negative limit"),
    ],
)
def test_a_query_that_firestore_would_not_answer_is_refused(store: Store, query: Query) -> None:
    for ask in (store.find, store.count):
        with pytest.raises(ValueError, match=r"path|key|None|aware|negative"):
            ask(query)


def test_a_limit_takes_the_first_and_a_count_ignores_it(store: Store) -> None:
    fill(store, "q", **MIXED)
    assert ids(store.find(Query("q", ("v",), ">=", 0, limit=2))) == ["half", "also_one"]
    assert ids(store.find(Query("q", limit=3))) == sorted(MIXED)[:3]
    assert store.count(Query("q", ("v",), ">=", 0, limit=2)) == 5
    assert store.find(Query("q", limit=0)) == []


@pytest.mark.parametrize("path", [ODD, ODDER, ("a.b",), ("a", "b"), ("žluť",), ("0",)], ids=str)
def test_a_field_is_found_by_its_whole_path_whatever_its_keys(store: Store, path: tuple[str, ...]) -> None:
    def at(value: int) -> Mapping[str, Any]:
        fields: Any = value
        for key in reversed(path):
            fields = {key: fields, "beside": value + 100}
        return dict(fields)

    fill(store, "q", low=at(1), high=at(9), other={"x": 1})
    assert ids(store.find(Query("q", path, ">=", 1))) == ["low", "high"]
    assert ids(store.find(Query("q", path, "==", 9))) == ["high"]
    assert ids(store.find(Query("q", path, ">", 9))) == []
    assert store.find(Query("q", (*path[:-1], "beside"), "==", 109))[0].fields == at(9)


def test_a_dotted_key_and_a_nested_one_are_two_fields(store: Store) -> None:
    fill(store, "q", dotted={"a.b": 1}, nested={"a": {"b": 1}})
    assert ids(store.find(Query("q", ("a.b",), "==", 1))) == ["dotted"]
    assert ids(store.find(Query("q", ("a", "b"), "==", 1))) == ["nested"]


def test_a_query_sees_each_change_at_once(store: Store) -> None:
    (version,) = store.commit(Create("q/a", {"n": 1, "tags": ["x", "y"], "m": {"k": 1}}))
    store.commit(Update("q/a", {"n": 2, "tags": ["y", "z"], "m": {"l": 1}}, version))
    assert ids(store.find(Query("q", ("n",), "<=", 1))) == []
    assert ids(store.find(Query("q", ("n",), "<=", 2))) == ["a"]
    found = [ids(store.find(Query("q", ("tags",), "array_contains", tag))) for tag in "xyz"]
    assert found == [[], ["a"], ["a"]]
    assert ids(store.find(Query("q", ("m", "k"), "==", 1))) == []
    store.commit(Put("q/a", {"n": "2"}))
    assert ids(store.find(Query("q", ("n",), "<=", 2))) == []
    assert ids(store.find(Query("q", ("m", "l"), "==", 1))) == []


def test_a_collection_lists_its_own_documents_by_id_and_no_others(store: Store) -> None:
    paths = ("q/b", "q/a", "q/a/sub/x", "q/ghost/sub/y", "q2/c", "r/q/q/d", "q/B", "q/10", "q/9")
    store.commit(*(Put(path, {"n": 1}) for path in paths))
    expected = ["10", "9", "B", "a", "b"]
    assert ids(store.find(Query("q"))) == ids(store.find(Query("q", ("n",), "==", 1))) == expected
    assert [found.path for found in store.find(Query("r/q/q"))] == ["r/q/q/d"]
    assert (store.count(Query("q")), store.count(Query("q/a/sub")), store.count(Query("none"))) == (5, 1, 0)


def test_a_collection_is_read_on_after_any_id_whether_it_is_there_or_not(store: Store) -> None:
    store.commit(*(Put(path, {"n": 1}) for path in ("q/b", "q/a", "q/a/sub/x", "q/c", "q2/d", "q/+1", "q/é")))
    assert (
        ids(store.find(Query("q", value="a"))) == ids(store.find(Query("q", value="aa"))) == ["b", "c", "é"]
    )
    assert ids(store.find(Query("q", value="+1", limit=2))) == ["a", "b"]
    assert store.find(Query("q", value="é")) == []


def test_a_found_document_is_the_one_that_get_brings(store: Store) -> None:
    store.commit(Put("q/a", {"n": 1, "at": SERVER_TIME, "raw": b"1", "m": {"x": NOON}}))
    assert store.find(Query("q", ("n",), "==", 1)) == store.find(Query("q")) == [stored(store, "q/a")]


# Size


def test_a_document_over_a_mebibyte_is_refused_with_what_to_do_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(DocumentTooLargeError, match=r"boards/big would be 1,0\d\d,\d{3} bytes.*split it"):
        store.commit(Put("boards/small", {"n": 1}), Put("boards/big", {"blob": b"x" * 1_048_487}))
    assert store.find(Query("boards")) == []


def test_a_document_just_under_the_limit_is_kept(store: Store) -> None:
    fields = {"blob": b"x" * 1_048_400}
    store.commit(Create("boards/big", fields))
    assert stored(store, "boards/big").fields == fields


def test_an_update_that_leaves_no_room_is_refused_too(store: Store) -> None:
    (version,) = store.commit(Create("boards/b", {"one": b"x" * 700_000}))
    with pytest.raises(DocumentTooLargeError, match=r"boards/b would be 1,200,\d{3} bytes"):
        store.commit(Update("boards/b", {"two": b"x" * 500_000}, version))
    assert stored(store, "boards/b").version == version


# The bill


def test_operations_are_counted_as_they_are_billed(store: Store) -> None:
    store.commit(Create("q/a", {"n": 1}), Put("q/b", {"n": 2}), Put("q/c", {"n": 3}))
    store.commit(Delete("q/c"), Delete("q/never"))
    with pytest.raises(ConflictError):
        store.commit(Create("q/a", {"n": 1}))
    assert store.operations == {"reads": 0, "writes": 3, "deletes": 2}
    for step, reads in (
        (lambda: store.get("q/a"), 1),
        (lambda: store.get("q/missing"), 1),
        (lambda: store.find(Query("q")), 2),
        (lambda: store.find(Query("none")), 1),
        (lambda: store.count(Query("q")), 1),
        (lambda: store.count(Query("none")), 1),
    ):
        before = store.operations["reads"]
        step()
        assert store.operations["reads"] - before == reads
