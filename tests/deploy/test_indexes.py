"""Every query has its index, no index is without a query, and what nobody asks for is not indexed."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.cloud.firestore_v1.services.firestore.client import FirestoreClient

from notifiers.personal import erasure, export
from notifiers.standing import standing
from store.firestore import FirestoreDocuments
from store.sqlite import SqliteDocuments
from tests.deploy.asking import CODE, ROOT, heard, queries
from tests.fake_provider import item
from tests.indexes import (
    ASCENDING,
    CONTAINS,
    DESCENDING,
    EVERYWHERE,
    NAME,
    Asked,
    Indexes,
    Order,
    asked_by,
    asked_of,
    same,
    shipped,
)
from tests.notifiers.personal.life import PLACES, UID, Remembering, live, person
from tests.web.kit import World as Site
from tests.world import World, below
from watchers import alerts, expiry
from watchers.documents import Create, Put, Query, Update, Write
from watchers.places import Places, due_alerts

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
STATIC = list(queries())
QUERIED = {(found.asked.group, field[0]) for found in STATIC for field in found.asked.fields}
ASKED_FOR = {(group, field) for group, field in QUERIED if field != NAME}
ASKED_FOR_BEFORE = {"chunks", "proofs"}
"""Where the version before this one still finds what is over: an index goes later than its query."""
A, B = ("a",), ("b",)


def indexes(*composite: Mapping[str, Any], overrides: list[Mapping[str, Any]] | None = None) -> Indexes:
    return Indexes({"indexes": list(composite), "fieldOverrides": overrides or []})


def of(group: str = "g", *, scope: str = "COLLECTION", **ways: str) -> dict[str, Any]:
    """A composite index; each field with its way."""
    fields = [
        {"fieldPath": name, "arrayConfig" if way == CONTAINS else "order": way} for name, way in ways.items()
    ]
    return {"collectionGroup": group, "queryScope": scope, "fields": fields}


def override(field: str, *kept: Mapping[str, str], group: str = "g", **also: Any) -> dict[str, Any]:
    return {"collectionGroup": group, "fieldPath": field, "indexes": list(kept), **also}


# ── Firestore's own rules ────────────────────────────────────────────────────────────────────────────────


def ranged(*fields: tuple[str, ...], **also: Any) -> Asked:
    return Asked("g", ranged=frozenset(fields), **also)


def equal(*fields: tuple[str, ...], **also: Any) -> Asked:
    return Asked("g", equal=frozenset(fields), **also)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(Asked("g"), id="a whole collection"),
        pytest.param(Asked("g", order=(Order((NAME,)),)), id="a whole collection by id"),
        pytest.param(Asked("g", scope=EVERYWHERE), id="all collections of a name"),
        pytest.param(equal(A), id="one field that is equal"),
        pytest.param(equal(A, B), id="two fields that are equal: their indexes are merged"),
        pytest.param(equal(A, order=(Order(A),)), id="ordered by what is equal anyway"),
        pytest.param(equal(A, order=(Order((NAME,)),)), id="one field that is equal, by id"),
        pytest.param(Asked("g", contains=frozenset({A})), id="an element of a list"),
        pytest.param(ranged(A), id="a range"),
        pytest.param(ranged(A, order=(Order(A, DESCENDING),)), id="a range, the last first"),
        pytest.param(ranged(A, order=(Order(A), Order((NAME,)))), id="a range, then by id"),
        pytest.param(Asked("g", order=(Order(A, DESCENDING),)), id="an order"),
        pytest.param(ranged(("m", "*", "*")), id="a range of a key in a map"),
    ],
)
def test_what_every_field_has_by_itself_answers(asked: Asked) -> None:
    assert indexes().why_not(asked) is None


@pytest.mark.parametrize(
    ("asked", "index"),
    [
        pytest.param(equal(A, ranged=frozenset({B})), of(a=ASCENDING, b=ASCENDING), id="equal, and a range"),
        pytest.param(
            equal(A, order=(Order(B, DESCENDING),)), of(a=ASCENDING, b=DESCENDING), id="equal, and an order"
        ),
        pytest.param(
            equal(A, B, ranged=frozenset({("c",)})),
            of(b=ASCENDING, a=ASCENDING, c=ASCENDING),
            id="two equal ones, in any order, and a range",
        ),
        pytest.param(ranged(A, B), of(a=ASCENDING, b=ASCENDING), id="two ranges"),
        pytest.param(
            ranged(A, order=(Order(A), Order(B))), of(a=ASCENDING, b=ASCENDING), id="an order of two fields"
        ),
        pytest.param(
            Asked("g", equal=frozenset({A}), contains=frozenset({B})),
            of(a=ASCENDING, b=CONTAINS),
            id="equal, and an element of a list",
        ),
        pytest.param(
            Asked("g", contains=frozenset({A}), ranged=frozenset({B})),
            of(a=CONTAINS, b=ASCENDING),
            id="an element of a list, and a range",
        ),
        pytest.param(
            Asked("g", equal=frozenset({A}), ranged=frozenset({B}), scope=EVERYWHERE),
            of(scope=EVERYWHERE, a=ASCENDING, b=ASCENDING),
            id="in all collections of a name",
        ),
    ],
)
def test_what_needs_an_index_of_several_fields_is_refused_without_it(
    asked: Asked, index: dict[str, Any]
) -> None:
    assert indexes().why_not(asked)
    assert indexes(index).why_not(asked) is None
    assert indexes(index).unused([asked]) == []
    assert indexes({**index, "collectionGroup": "other"}).why_not(asked)
    assert indexes({**index, "fields": index["fields"][:1]}).why_not(asked)


def test_over_all_collections_of_a_name_a_field_has_no_index_of_its_own() -> None:
    asked = ranged(A, scope=EVERYWHERE)
    assert indexes().why_not(asked)
    kept = override("a", {"order": ASCENDING, "queryScope": EVERYWHERE})
    assert indexes(overrides=[kept]).why_not(asked) is None
    assert indexes(overrides=[kept]).why_not(ranged(A))  # an override replaces what there was by itself


@pytest.mark.parametrize(
    ("exempt", "asked"),
    [
        ("a", ranged(A)),
        ("a", equal(A)),
        ("a", equal(A, B)),
        ("a", Asked("g", contains=frozenset({A}))),
        ("m", ranged(("m", "*", "*"))),
        ("m.n", equal(("m", "n", "o"))),
    ],
)
def test_an_exemption_takes_away_what_a_query_needs(exempt: str, asked: Asked) -> None:
    assert indexes(overrides=[override(exempt)]).why_not(asked)
    assert indexes(overrides=[override(exempt, group="other")]).why_not(asked) is None


def test_under_a_map_that_is_exempt_one_key_may_be_indexed_all_the_same() -> None:
    one = indexes(overrides=[override("m"), override("m.n", {"order": ASCENDING})])
    assert one.why_not(equal(("m", "n"))) is None
    assert one.why_not(equal(("m", "o")))


def test_a_policy_alone_takes_no_index_away() -> None:
    policy = {"collectionGroup": "g", "fieldPath": "a", "ttl": True}
    assert indexes(overrides=[policy]).why_not(ranged(A)) is None
    assert indexes(overrides=[policy | {"indexes": []}]).why_not(ranged(A))


def test_an_index_that_no_query_uses_is_said() -> None:
    kept = override("a", {"order": ASCENDING}, {"order": DESCENDING})
    one = indexes(of(a=ASCENDING, b=ASCENDING), overrides=[kept])
    assert len(one.unused([])) == 3
    (unused,) = one.unused([ranged(A), ranged(A, B)])
    assert "DESCENDING" in unused


@pytest.mark.parametrize("taken", sorted(ASKED_FOR), ids=".".join)
def test_an_exemption_of_any_field_that_the_code_asks_for_would_be_found(taken: tuple[str, str]) -> None:
    group, field = taken
    said = {"indexes": [], "fieldOverrides": [override(field, group=group)]}
    assert any(Indexes(said).why_not(found.asked) for found in STATIC)


# ── the code ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("found", STATIC, ids=lambda found: found.where)
def test_a_query_of_the_code_has_its_index(found: Any) -> None:
    assert shipped().why_not(found.asked) is None, found.where


def test_the_code_has_been_read() -> None:
    """Some queries of each kind that one knows to be there."""
    asked = {found.asked for found in STATIC}
    assert len({found.where for found in STATIC}) >= 45
    assert {
        asked_of("alerts", ("due_at",), "<="),
        asked_of("alerts", ("moved", "*"), ">="),
        asked_of("worker_monitor_jobs", ("fires_at", "*", "*"), ">="),
        asked_of("worker_monitor_jobs", ("targets",), "array_contains"),
        asked_of("idempotency", ("uid",), "=="),
        asked_of("people", ("phone",), "=="),
        asked_of("chunks", ("newest_first",), "<="),
        Asked("ticket_monitors", order=(Order((NAME,)),)),
        Asked("boards"),
    } <= asked


def test_no_index_is_kept_that_no_query_uses() -> None:
    assert shipped().unused({found.asked for found in STATIC}) == []


def test_only_the_store_knows_firestore_and_nobody_changes_a_query_that_was_made() -> None:
    for path in CODE:
        text = path.read_text()
        if path.parent.name != "store":
            assert "google.cloud.firestore_v1" not in text, path
            assert not re.search(r"from google\.cloud import .*firestore", text), path
        named = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
        assert not ("Query" in named and re.search(r"replace\(\w*query", text)), path


# ── what expires ─────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_code_lets_go_has_a_policy_and_nothing_else_has_one() -> None:
    assert dict(shipped().expiring) == dict.fromkeys(expiry.collections(Places()), expiry.FIELD)


def test_the_field_by_which_documents_end_is_not_indexed() -> None:
    """Times that only grow, written by everybody, would all be written to the same place of the index."""
    ending = {(group, (field,)) for group, field in shipped().expiring.items()}
    assert {group for group, _ in ending - shipped().exempt} == ASKED_FOR_BEFORE


# ── what is listened to ──────────────────────────────────────────────────────────────────────────────────


class Listening:
    """What was asked of Firestore, request by request."""

    def __init__(self) -> None:
        self.asked: set[Asked] = set()

    def __call__(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def listened(client: FirestoreClient, request: Any = None, **also: Any) -> Any:
            whole = (
                request.get("structured_query") or request["structured_aggregation_query"].structured_query
            )
            self.asked.add(same(heard(whole)))
            return method(client, request=request, **also)

        return listened


@pytest.fixture
def listening(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    """Everything that is asked during the test has its index, and is known from reading the code."""
    one = Listening()
    for name in ("run_query", "run_aggregation_query"):
        monkeypatch.setattr(FirestoreClient, name, one(getattr(FirestoreClient, name)))
    yield one
    known = {found.asked for found in STATIC}
    assert one.asked
    assert [asked for asked in one.asked if shipped().why_not(asked)] == []
    assert one.asked - known == set()


@pytest.mark.emulator
def test_days_of_watches_ask_for_nothing_without_an_index(
    listening: Listening, firestore_documents: FirestoreDocuments
) -> None:
    world = World(firestore_documents)
    for number, asked in enumerate([below(), below("95.00"), below(conditions=[{"kind": "back_in_stock"}])]):
        world.save(asked, f"w{number}")
    world.save(below(target=item("b")), "w9", "u2")
    world.minutes(10000, 8900, 8900, 12000, 12000, 12000, 7000)
    world.remove("w0")
    world.minutes(7000, 7000)
    assert len(listening.asked) >= 4


@pytest.mark.emulator
def test_the_days_of_a_person_ask_for_nothing_without_an_index(
    listening: Listening, firestore_documents: FirestoreDocuments
) -> None:
    documents = Remembering(firestore_documents)
    live(documents)
    list(export.export(documents, PLACES, UID, NOW))
    standing(documents, NOW)
    alerts.due(documents, NOW, 10)
    erasure.erase(documents, PLACES, UID, NOW)
    erasure.resume(documents, PLACES, NOW + timedelta(days=101))
    assert len(listening.asked) >= 15


@pytest.mark.emulator
def test_pages_ask_for_nothing_without_an_index(
    listening: Listening, firestore_documents: FirestoreDocuments
) -> None:
    site = Site(Remembering(firestore_documents), operators=frozenset({"ann"}))
    firestore_documents.commit(Put("people/ann", person()))
    site.put_watch("w1")
    ann = site.person()
    for page in ("/", "/", "/alerts", "/status", "/status/people", "/status/people/ann", "/status/refused"):
        ann.get(page)
    for page in ("/settings/tokens", "/watches/w1", "/settings/data"):
        ann.get(page)
    assert len(listening.asked) >= 8


@pytest.mark.emulator
@pytest.mark.parametrize(
    "query",
    [
        Query("q"),
        Query("q", value="after"),
        Query("q", ("a",), "==", 1),
        Query("q", ("a",), ">=", 1, below=5),
        Query("q", ("a", "b.c", "é"), "<=", 1, limit=1),
        Query("q", ("a",), "array_contains", 1),
        due_alerts(NOW, 5),
    ],
    ids=str,
)
def test_what_is_read_from_the_code_is_what_is_sent(
    monkeypatch: pytest.MonkeyPatch, firestore_documents: FirestoreDocuments, query: Query
) -> None:
    one = Listening()
    for name in ("run_query", "run_aggregation_query"):
        monkeypatch.setattr(FirestoreClient, name, one(getattr(FirestoreClient, name)))
    firestore_documents.find(query)
    assert one.asked == {same(asked_by(query))}


def test_every_suite_hears_of_a_query_without_an_index(without_an_index: list[str]) -> None:
    """Both stores are listened to in every test of the project."""
    SqliteDocuments(":memory:").find(Query("alerts", ("news", "price"), "==", 1))
    (refused,) = without_an_index
    assert "alerts" in refused
    without_an_index.clear()


# ── what is written ──────────────────────────────────────────────────────────────────────────────────────

LONG = 200  # letters


class Written(Remembering):
    """Knows what was written into each field of each collection."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self.values: dict[tuple[str, str], list[Any]] = {}

    def commit(self, *writes: Write) -> tuple[str, ...]:
        """See ``Documents.commit``."""
        for write in writes:
            if isinstance(write, Create | Update | Put):
                for name, value in write.fields.items():
                    self.values.setdefault((write.path.split("/")[-2], name), []).append(value)
        return super().commit(*writes)


def is_heavy(value: Any) -> bool:
    """Whether indexes of it cost at every write and find nothing: a blob, a map, a list, a long text."""
    return isinstance(value, bytes | Mapping | list | tuple) or (isinstance(value, str) and len(value) > LONG)


@pytest.fixture(scope="module")
def written() -> Written:
    """A person's life and some days of a board."""
    documents = Written(SqliteDocuments(":memory:"))
    live(documents)
    world = World(documents)
    world.save(below())
    world.minutes(10000, 8900, *range(9000, 10600, 100))
    world.remove("w1")
    site = Site(documents)
    site.person().get("/")
    return documents


def test_what_is_heavy_and_never_asked_for_is_not_indexed(written: Written) -> None:
    heavy = {key for key, values in written.values.items() if any(map(is_heavy, values))}
    assert len(heavy) >= 20
    unqueried = sorted(heavy - QUERIED)
    assert [key for key in unqueried if not shipped().is_exempt(key[0], (key[1],))] == []


def test_what_ends_by_itself_says_when_at_every_write_that_makes_it(written: Written) -> None:
    kept: dict[str, set[type]] = {}
    for (group, name), values in written.values.items():
        if name == expiry.FIELD:
            kept.setdefault(group, set()).update(map(type, values))
    assert {"alerts", "worker_monitor_jobs", "ticket_status", "pages"} <= kept.keys()
    assert all(types <= {datetime, type(None)} for types in kept.values()), kept


def test_an_exemption_is_of_a_field_that_somebody_writes() -> None:
    """One whose field has another name by now protects nothing."""
    code = "\n".join(path.read_text() for path in CODE)
    names = {field[0] for _, field in shipped().exempt}
    assert [name for name in sorted(names) if not re.search(rf"\b{name}\b", code)] == []


def test_the_file_is_in_order_and_says_nothing_twice() -> None:
    keys = list(shipped().overrides)
    assert keys == sorted(keys)
    said = (ROOT / "deploy" / "firestore.indexes.json").read_text()
    assert said.count('"fieldPath"') == len(keys) + sum(len(one["fields"]) for one in shipped().composite)
    assert len(keys) <= 500  # https://cloud.google.com/firestore/docs/ttl#limits_and_constraints
