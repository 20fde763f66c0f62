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
    CONTAINS,
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
    assert {(group, (field,)) for group, field in shipped().expiring.items()} <= shipped().exempt


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
    erasure.resume(documents, PLACES, NOW + timedelta(days=32))
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


# ── what is written ──────────────────────────────────────────────────────────────────────────────────────

QUERIED = {(found.asked.group, field[0]) for found in STATIC for field in found.asked.fields}
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
    assert {"alerts", "worker_monitor_jobs", "ticket_status", "tallies", "pages"} <= kept.keys()
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
    assert len(keys) <= 200  # Firestore's own limit of field configurations without billing
