"""The board's gate: whoever would want to know is asked, and an uneventful look asks nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fake_provider import item
from tests.fakes import FaultyDocuments
from tests.world import PLACES, World
from watchers.documents import Write
from watchers.errors import ProviderUnavailableError, StoreUnavailableError
from watchers.history import History
from watchers.memory import WatchState
from watchers.observation import Observation
from watchers.rules import decide
from watchers.watch import Watch

STEP = timedelta(hours=6)


def watch(*conditions: Mapping[str, Any], **also: Any) -> dict[str, Any]:
    return {"name": "Any", "target": item("a"), "conditions": list(conditions), "notify": ["sms"]} | also


WATCHES: Mapping[str, dict[str, Any]] = {
    "below": watch({"kind": "below", "price": "90.00", "currency": "USD"}),
    "resale": watch({"kind": "below", "price": "70.00", "currency": "USD", "basis": "resale"}),
    "filtered": watch({"kind": "below", "price": "95.00", "currency": "USD"}, filters={"basis": "resale"}),
    "drop": watch({"kind": "drop", "percent": 10}),
    "saving": watch({"kind": "drop", "percent": 5, "min_saving": "12.00"}, already_true="wait"),
    "low": watch({"kind": "historic_low", "days": 3}),
    "stock": watch({"kind": "back_in_stock"}),
    "many": watch(
        {"kind": "below", "price": "85.00", "currency": "USD", "basis": "face"},
        {"kind": "drop", "percent": 20, "basis": "resale"},
        {"kind": "historic_low", "days": 2},
        {"kind": "back_in_stock"},
    ),
    "wait": watch({"kind": "below", "price": "100.00", "currency": "USD"}, already_true="wait"),
}

prices = st.none() | st.sampled_from([4000, 6000, 6900, 7000, 7900, 8400, 9000, 9100, 9300, 10000, 12000])
looks = st.tuples(prices, prices, st.booleans())


@dataclass
class Everybody:
    """What the same watches are told when each is asked about every look: the gate's promise."""

    history: History
    states: dict[str, WatchState]
    told: set[tuple[str, str, int]]

    def look(self, now: Observation) -> None:
        for name, state in self.states.items():
            decision = decide(Watch.model_validate(WATCHES[name]), state, self.history, now)
            self.states[name] = decision.state
            if decision.news:
                self.told.add((name, decision.episode, decision.step))
        self.history = self.history.after(now)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(looks, min_size=3, max_size=24),
    st.dictionaries(st.sampled_from(sorted(WATCHES)), st.integers(0, 8), min_size=1),
    st.sampled_from([STEP, timedelta(minutes=20)]),
)
def test_the_gate_hides_nothing_from_anybody(
    seen: list[tuple[int | None, int | None, bool]], joins: dict[str, int], step: timedelta
) -> None:
    """Told through the board's gate is exactly told by asking every watch about every look."""
    world = World()
    first = min(joins.values())
    everybody = Everybody(History(), {}, set())
    for number, (face, resale, sold_out) in enumerate(seen):
        for name, joined in joins.items():
            if joined == number:
                world.save(WATCHES[name], name)
                everybody.states[name] = WatchState()
        world.now += step
        world.shop.costs("a", face, resale)
        world.shop.sold_out = {"a"} if sold_out else set()
        report = world.tick()
        assert not report.failures
        if number >= first:
            everybody.look(world.shop.read(b"a", world.now)[0])
        assert len(world.alerts()) == len(everybody.told), (number, world.told(), everybody.told)


# ── whatever went wrong before ───────────────────────────────────────────────────────────────────────────

FAULTS = (
    "none",
    "down",
    "overtaken",
    "unwritten",
    "half written",
    *(f"{when} {n}" for n in range(1, 6) for when in ("before", "after")),
)
WAITING = ("below", "resale", "filtered", "wait")


def look(world: World, fault: str, meanwhile: tuple[int | None, int | None]) -> None:
    """One tick, with something going wrong."""
    when, _, number = fault.partition(" ")
    if when in ("before", "after") and number:
        world.killed(world.tick, **{when: int(number)})
    elif fault in ("unwritten", "half written"):
        documents = FaultyDocuments(world.documents)

        def unavailable(writes: tuple[Write, ...]) -> None:
            if writes[0].path in (PLACES.job("below"), PLACES.job("filtered")):
                if fault == "half written":
                    world.documents.commit(*writes)
                raise StoreUnavailableError("the test took the database down")

        documents.before_commit = unavailable
        world.tick(documents)
    else:
        world.shop.down = ProviderUnavailableError("shop answered 503") if fault == "down" else None
        if fault == "overtaken":
            world.shop.while_asking = lambda: overtake(world, meanwhile)
        world.tick()
        world.shop.down = world.shop.while_asking = None


def overtake(world: World, prices: tuple[int | None, int | None]) -> None:
    world.now += STEP
    world.shop.costs("a", *prices)
    world.tick()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(looks, st.sampled_from(FAULTS)), min_size=3, max_size=14),
    st.dictionaries(st.sampled_from(sorted(WATCHES)), st.integers(0, 4), min_size=1),
)
def test_whatever_went_wrong_before_nobody_is_deaf_to_the_next_drop(
    seen: list[tuple[tuple[int | None, int | None, bool], str]], joins: dict[str, int]
) -> None:
    world = World()
    for number, ((face, resale, sold_out), fault) in enumerate(seen):
        for name, joined in joins.items():
            if joined == number:
                world.save(WATCHES[name], name)
        world.now += STEP
        world.shop.costs("a", face, resale)
        world.shop.sold_out = {"a"} if sold_out else set()
        look(world, fault, (resale, face))
    for name in joins:
        world.save(WATCHES[name], name)
    world.shop.sold_out = set()
    told: list[int] = []
    for face in (12000, 12000, 12000, 8400, 8400):
        world.now += STEP
        world.shop.costs("a", face, face - 1500)
        world.tick()
        told.append(len(world.alerts()))
    assert told[0] == told[2], "a price that is high tells nobody"
    deaf = {name for name in WAITING if name in joins and world.alerts(name)[-1:] == []}
    late = {
        name
        for name in WAITING
        if name in joins and world.alerts(name)[-1].created_at < world.now - 1.5 * STEP
    }
    assert not deaf | late
