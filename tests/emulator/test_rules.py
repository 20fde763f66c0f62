"""What somebody's own client may do with the database: their own watches, and nothing else."""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from notifiers.personal.whereabouts import IMPERSONAL, OTHER_PERSONAL, holdings
from tests.emulator.rest import SERVER, Client, set_rules
from watchers.asked import read_watch
from watchers.places import Places
from watchers.watch import Filters, SearchFields, TargetFields, Watch

pytestmark = pytest.mark.emulator

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / json.loads((DEPLOY / "firebase.json").read_text())["firestore"]["rules"]
MINE = "artifacts/ticket-scout/users/ann/ticket_monitors"
STATUS = "artifacts/ticket-scout/users/ann/ticket_status"
NOW = datetime(2026, 11, 30, tzinfo=UTC)
FULL: dict[str, Any] = {
    "name": "Lakers",
    "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
    "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
    "already_true": "wait",
    "notify": ["sms"],
    "status": "active",
    "snoozed_until": "2026-12-31T18:00:00Z",
    "filters": {"min_quantity": 2},
    "tags": ["gift"],
}
PLAIN: dict[str, Any] = {"eventId": "vvG1zZ9abc", "eventName": "Lakers", "maxPrice": 90, "status": "active"}
SHORT = {name: FULL[name] for name in ("name", "target", "conditions")}
SEARCH: dict[str, Any] = {
    "keyword": "k" * 200,
    "city": "c" * 200,
    "country": "US",
    "date_from": "2026-12-01",
    "date_to": "2026-12-31",
    "category": "s" * 200,
    "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
}
DROP = {"kind": "drop", "percent": 15.5, "min_saving": "1000000.00", "basis": "all_in"}
LOW = {"kind": "historic_low", "days": 730, "basis": "all_in"}
BELOW = {"kind": "below", "price": "1000000.00", "currency": "USD", "basis": "all_in"}
MARKETS = {"markets": [{"provider": "ticketmaster", "item": "i" * 2000, "country": "US"}] * 10}
FILTERS = {"min_quantity": 20, "sections": ["s" * 30] * 50, "basis": "all_in", "weekdays": ["sat", "sun"]}
LARGEST = FULL | {
    "name": "n" * 200,
    "target": MARKETS,
    "conditions": [BELOW, DROP, LOW, BELOW, DROP, LOW, BELOW, DROP, LOW, BELOW],
    "notify": ["sms", "email", "push", "app"],
    "filters": FILTERS,
    "tags": ["t" * 30] * 10,
}
OF_A_SEARCH = LARGEST | {"target": {"provider": "p", "search": SEARCH}}
OF_EACH_KIND = [BELOW, DROP, LOW, {"kind": "new_listing"}, {"kind": "back_in_stock"}, {"kind": "status"}]
NINE, NINE_MARKETS = [BELOW, DROP, LOW] * 3, MARKETS["markets"][:9]
SEEDED = {
    f"{MINE}/w1": FULL,
    f"{MINE}/w2": FULL,
    f"{STATUS}/w1": {"state": "accepted"},
    "artifacts/another/users/ann/ticket_monitors/w1": FULL,
    "artifacts/ticket-scout/users/ann": {"kept": True},
    "artifacts/ticket-scout/users/ann/notes/n": {"kept": True},
}
SERVERS = (
    *("people/ann", "alerts/a", "boards/steam-0", "worker_monitor_jobs/w1", "contacts/c", "proofs/p"),
    *(
        "api_tokens/t",
        "api_makers/ann",
        "throttles/t",
        "tallies/ann",
        "seats/ann",
        "alert_shelves/ann",
        "pages/ann",
    ),
    *("calendars/ann", "idempotency/i", "inbound/SM1", "receipts/r", "erasures/ann", "refused/r"),
    *("spend/2026-11", "usage/2026-11-30", "mishaps/worker", "probes/steam", "purses/steam", "verdicts/v"),
    "price_history/steam-1/chunks/0",
)

Act = Callable[[Client], bool]


class World:
    """One project under our rules, with what the server and Ann have written."""

    def __init__(self, emulator: str) -> None:
        self.emulator, self.project = emulator, f"demo-{uuid.uuid4()}"
        set_rules(emulator, self.project, RULES.read_text())
        server = self.client(SERVER)
        for path, fields in SEEDED.items():
            assert server.put(path, fields)
        for path in SERVERS:
            assert server.put(path, {"uid": "ann"})

    def client(self, uid: str | None, **claims: object) -> Client:
        return Client(self.emulator, self.project, uid, **claims)


@pytest.fixture(scope="module")
def world(emulator: str) -> World:
    return World(emulator)


def case(sentence: str, act: Act) -> Any:
    """One row; its sentence says what is tried."""
    return pytest.param(act, id=sentence)


def write(fields: Mapping[str, Any]) -> Act:
    """To a watch of one's own that is new."""
    return lambda client: client.put(f"{MINE}/{uuid.uuid4().hex}", fields)


def watch(**changes: Any) -> Act:
    return write(FULL | changes)


def plain(**changes: Any) -> Act:
    return write(PLAIN | changes)


def target(**fields: Any) -> Act:
    return watch(target=fields)


def condition(**fields: Any) -> Act:
    return watch(conditions=[FULL["conditions"][0] | fields])


# ── whose it is ──────────────────────────────────────────────────────────────────────────────────────────

WATCHES: list[tuple[str, Act]] = [
    ("reads a watch", lambda client: client.get(f"{MINE}/w1")),
    ("lists the watches", lambda client: client.list(MINE)),
    ("asks for the watches", lambda one: one.find("ticket_monitors", parent=MINE.rpartition("/")[0])),
    ("writes a new watch", write(FULL)),
    ("writes over a watch", lambda client: client.put(f"{MINE}/w2", FULL)),
    ("changes a watch's name", lambda client: client.change(f"{MINE}/w2", name="Lakers v Warriors")),
    ("pauses a watch", lambda client: client.change(f"{MINE}/w2", status="paused")),
    ("deletes a watch", lambda client: client.delete(f"{MINE}/gone")),
    ("reads what became of a watch", lambda client: client.get(f"{STATUS}/w1")),
    ("lists what became of the watches", lambda client: client.list(STATUS)),
]
NOBODYS: list[tuple[str, Act]] = [
    ("writes what became of a watch", lambda client: client.put(f"{STATUS}/w1", {"state": "accepted"})),
    ("changes what became of a watch", lambda client: client.change(f"{STATUS}/w1", state="accepted")),
    ("writes what becomes of a new watch", lambda client: client.put(f"{STATUS}/new", {"state": "accepted"})),
    ("deletes what became of a watch", lambda client: client.delete(f"{STATUS}/w1")),
    ("asks for everybody's watches", lambda client: client.find("ticket_monitors", everywhere=True)),
    ("asks what became of everybody's watches", lambda client: client.find("ticket_status", everywhere=True)),
    (
        "reads a watch of another installation",
        lambda client: client.get("artifacts/another/users/ann/ticket_monitors/w1"),
    ),
    (
        "writes a watch of another installation",
        lambda client: client.put("artifacts/another/users/ann/ticket_monitors/w1", FULL),
    ),
    ("reads the document over the watches", lambda client: client.get("artifacts/ticket-scout/users/ann")),
    (
        "writes the document over the watches",
        lambda client: client.put("artifacts/ticket-scout/users/ann", FULL),
    ),
    (
        "writes a collection that nobody knows",
        lambda client: client.put("artifacts/ticket-scout/users/ann/notes/n", FULL),
    ),
    ("writes under a watch", lambda client: client.put(f"{MINE}/w1/notes/n", FULL)),
    ("writes a collection of their own making", lambda client: client.put("mine/m", FULL)),
    (
        "counts the people",
        lambda client: client.count("people"),
    ),
    ("counts the alerts", lambda client: client.count("alerts")),
    (
        "writes a watch of theirs together with an alert",
        lambda client: client.commit(**{f"{MINE}/w2".replace("/", "__"): FULL, "alerts__a": {"uid": "ann"}}),
    ),
]


@pytest.mark.parametrize("act", [case(f"the owner {said}", act) for said, act in WATCHES])
def test_the_owner_is_let(world: World, act: Act) -> None:
    assert act(world.client("ann"))


@pytest.mark.parametrize("act", [case(f"somebody signed out {said}", act) for said, act in WATCHES])
def test_who_is_signed_out_is_not_let(world: World, act: Act) -> None:
    assert not act(world.client(None))


@pytest.mark.parametrize("act", [case(f"another person {said}", act) for said, act in WATCHES])
def test_another_person_is_not_let(world: World, act: Act) -> None:
    assert not act(world.client("bob"))


@pytest.mark.parametrize("act", [case(f"an operator's client {said}", act) for said, act in WATCHES])
def test_an_operators_client_is_another_persons(world: World, act: Act) -> None:
    """Operators see people by the pages for them; no claim in a token opens the database."""
    assert not act(world.client("oli", admin=True, operator=True, role="operator"))


@pytest.mark.parametrize("uid", ["ann", "bob", None])
@pytest.mark.parametrize("act", [case(f"somebody {said}", act) for said, act in NOBODYS])
def test_nobody_is_let(world: World, act: Act, uid: str | None) -> None:
    assert not act(world.client(uid))


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=f"{path.partition('/')[0]} are neither read nor written") for path in SERVERS],
)
def test_the_servers_own_documents_are_closed_to_everybody(world: World, path: str) -> None:
    collection = path.rpartition("/")[0]
    for client in (world.client("ann"), world.client(None), world.client("oli", admin=True)):
        let = [
            client.get(path),
            client.list(collection),
            client.put(path, {"uid": "ann"}),
            client.delete(path),
        ]
        let += [client.put(f"{collection}/new", {"uid": "ann"}), client.change(path, uid="bob")]
        assert not any(let)


def test_the_server_is_let_everywhere(world: World) -> None:
    server = world.client(SERVER)
    for path in (*SEEDED, *SERVERS):
        assert server.get(path)


def test_the_rules_name_every_collection_that_the_server_keeps() -> None:
    """So that this table stays whole: what a collection holds is on one of two lists."""
    kept = {one.collection for one in holdings(Places(), "ann")} | OTHER_PERSONAL | IMPERSONAL
    never_written = {"leases", "runs"}  # they lie on boards
    assert kept - never_written - {MINE, STATUS} == {path.partition("/")[0] for path in SERVERS}


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "act",
    [
        case("with all its fields", watch()),
        case("with the fewest fields", write(SHORT)),
        case("as large as the worker takes one", write(LARGEST)),
        case("with everything in it that pages write of a search", write(OF_A_SEARCH)),
        case("of a search for one word", target(provider="steam", search={"keyword": "hades"})),
        case("of an item in a country's shop", target(provider="steam", item="1145360", country="DE")),
        case("of a page", target(provider="page", item="https://example.org/" + "p" * 1900)),
        case("of one event on two markets", target(markets=MARKETS["markets"][:2])),
        case("with each kind of condition", watch(conditions=OF_EACH_KIND)),
        case("with a price as a number", condition(price=89.9)),
        case("that is ended", watch(status="ended")),
        case("that is snoozed until a time", watch(snoozed_until=NOW)),
        case("that is snoozed no more", watch(snoozed_until=None)),
        case("that tells by every channel", watch(notify=["sms", "email", "push", "app"])),
        case("without filters in its filters", watch(filters={})),
        case("without tags in its tags", watch(tags=[])),
        case("in the plain shape", plain()),
        case("in the plain shape with the fewest fields", write({"eventId": "vvG1zZ9abc"})),
        case("in the plain shape with a price as text", plain(maxPrice="89.90", eventName=None)),
        case("in the plain shape, snoozed", plain(snoozed_until=NOW)),
    ],
)  # fmt: skip
def test_a_watch_is_let_in(world: World, act: Act) -> None:
    assert act(world.client("ann"))


@pytest.mark.parametrize(
    "act",
    [
        case("without any field", write({})),
        case("without a name", write({name: FULL[name] for name in FULL if name != "name"})),
        case("without a target", write({name: FULL[name] for name in FULL if name != "target"})),
        case("without conditions", write({name: FULL[name] for name in FULL if name != "conditions"})),
        case("with a field that nobody knows", watch(note="x")),
        case("that says whose it is", watch(uid="bob")),
        case("with the worker's memory in it", watch(state={"episode": 1})),
        case("of both shapes", write(FULL | PLAIN)),
        case("whose every field says nothing", write(dict.fromkeys(FULL))),
        *(case(f"whose {name} is a number", watch(**{name: 7})) for name in FULL),
        *(case(f"whose {name} is bytes", watch(**{name: b"\x00"})) for name in FULL),
        case("whose name is a map", watch(name={"de": "Lakers"})),
        case("whose target is a text", watch(target="vvG1zZ9abc")),
        case("whose target is empty", target()),
        case("whose target names no provider", target(item="vvG1zZ9abc")),
        case("whose target has a field that nobody knows", target(provider="steam", item="1", note="x")),
        case("whose item is a number", target(provider="steam", item=1145360)),
        case("whose item is a map", target(provider="steam", item={"id": "1"})),
        case("whose country is a list", target(provider="steam", item="1", country=["US"])),
        case("whose search is a text", target(provider="steam", search="hades")),
        case("whose search has a field that nobody knows", target(provider="p", search={"artist": "x"})),
        case("whose keyword is a list", target(provider="p", search={"keyword": ["x"]})),
        case("whose day is no day of the week", target(provider="p", search={"weekdays": ["someday"]})),
        case("whose markets are none", target(markets=[])),
        case("whose markets are a map", target(markets={"0": {"provider": "p", "item": "1"}})),
        case("with a market beside its markets", target(markets=MARKETS["markets"], provider="steam")),
        case("with a market that is a text", target(markets=["steam"])),
        case("with a market that hides a map", target(markets=[{"provider": "p", "item": {"x": "y"}}])),
        case("with a tenth market of another shape", target(markets=[*NINE_MARKETS, {"x": 1}])),
        case("whose conditions are none", watch(conditions=[])),
        case("whose conditions are a map", watch(conditions={"0": BELOW})),
        case("with a condition that is a text", watch(conditions=["below 90"])),
        case("with a condition that nobody knows the field of", condition(note="x")),
        case("with a condition that hides a map", condition(price={"amount": "90"})),
        case("with a condition that hides a list", condition(basis=["face"])),
        case("with a condition that hides a time", condition(days=NOW)),
        case("with a tenth condition that hides a map", watch(conditions=[*NINE, {"kind": {"x": "y"}}])),
        case("that tells by a channel that nobody knows", watch(notify=["pigeon"])),
        case("that names a number to tell", watch(notify=["+14155550123"])),
        case("that tells by no channel", watch(notify=[])),
        case("that begins in another way", watch(already_true="maybe")),
        case("in a state that nobody knows", watch(status="deleted")),
        case("that is snoozed for a while", watch(snoozed_until=3600)),
        case("whose filters are a list", watch(filters=["face"])),
        case("with a filter that nobody knows", watch(filters={"color": "red"})),
        case("whose least number is a text", watch(filters={"min_quantity": "2"})),
        case("whose sections hide a map", watch(filters={"sections": [{"x": "y"}]})),
        case("whose tags are a text", watch(tags="gift")),
        case("whose tags hide a map", watch(tags=[{"x": "y"}])),
        *(case(f"in the plain shape whose {name} is a list", plain(**{name: [7]})) for name in PLAIN),
        case("in the plain shape that says whose it is", plain(uid="bob")),
        case("in the plain shape with conditions", plain(conditions=FULL["conditions"])),
    ],
)  # fmt: skip
def test_what_is_no_watch_is_refused(world: World, act: Act) -> None:
    assert not act(world.client("ann"))


@pytest.mark.parametrize(
    "act",
    [
        case("its name", watch(name="n" * 401)),
        case("its item", target(provider="steam", item="i" * 2101)),
        case("the name of its provider", target(provider="p" * 41, item="1")),
        case("the name of its country", target(provider="steam", item="1", country="U" * 11)),
        case("the word that it searches for", target(provider="p", search={"keyword": "k" * 401})),
        case("the city that it searches in", target(provider="p", search={"city": "c" * 401})),
        case("the day from which it searches", target(provider="p", search={"date_from": "2" * 21})),
        case("its days of the week", target(provider="p", search={"weekdays": ["mon"] * 15})),
        case("the number of its markets", target(markets=[*MARKETS["markets"], MARKETS["markets"][0]])),
        case("one of its markets", target(markets=[{"provider": "p", "item": "i" * 2200}])),
        case("the number of its conditions", watch(conditions=[BELOW] * 11)),
        case("the price of its condition", condition(price="9" * 150)),
        case("the currency of its condition", condition(currency="USD" * 60)),
        case("the number of its channels", watch(notify=["sms"] * 5)),
        case("the time until which it is snoozed", watch(snoozed_until="2" * 41)),
        case("the number of its sections", watch(filters={"sections": ["s"] * 101})),
        case("its sections together", watch(filters={"sections": ["s" * 1001] * 20})),
        case("the number of its tags", watch(tags=["t"] * 11)),
        case("its tags together", watch(tags=["t" * 61] * 10)),
        case("a field that nobody knows", watch(note="x" * 900_000)),
        case("its event's id in the plain shape", plain(eventId="i" * 2101)),
        case("its event's name in the plain shape", plain(eventName="n" * 401)),
        case("its price in the plain shape", plain(maxPrice="9" * 41)),
        case("its state in the plain shape", plain(status="a" * 11)),
        case("its id", lambda client: client.put(f"{MINE}/{'w' * 101}", FULL)),
        case("its id in other letters", lambda client: client.put(f"{MINE}/{'ü' * 51}", FULL)),
    ],
)
def test_what_is_too_large_is_refused(world: World, act: Act) -> None:
    assert not act(world.client("ann"))


def test_an_id_may_be_as_long_as_the_worker_takes_one(world: World) -> None:
    assert world.client("ann").put(f"{MINE}/{'w' * 100}", FULL)


def test_a_change_is_judged_by_what_stands_there_afterwards(world: World) -> None:
    ann = world.client("ann")
    assert not ann.change(f"{MINE}/w1", uid="bob")
    assert not ann.change(f"{MINE}/w1", name="n" * 401)
    assert ann.change(f"{MINE}/w1", tags=["mine"])


def test_the_rules_know_every_field_of_a_watch() -> None:
    """A new one must be let in before pages write it."""
    assert set(FULL) == set(Watch.model_fields)
    assert set(SEARCH) == set(SearchFields.model_fields)
    assert set(FILTERS) == set(Filters.model_fields)
    assert set(TargetFields.model_fields) == {"provider", "item", "search", "country"}


@pytest.mark.parametrize("fields", [FULL, SHORT, LARGEST | {"target": FULL["target"]}, PLAIN])
def test_what_is_called_right_here_is_right_for_the_worker(fields: Mapping[str, Any]) -> None:
    assert read_watch(fields, lambda _target, _filters: None, NOW).conditions
