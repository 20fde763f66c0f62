"""A page made of a snapshot and what came since says what one made of everything anew says, for few reads."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import sqlite
from tests.web.kit import FACE, ITEM, PLACES, Someone, World
from watchers import alerts
from watchers.documents import Delete, Document, Put, Update
from watchers.history import History
from watchers.money import Basis
from watchers.observation import Observation, Price
from watchers.telling import tell
from web import snapshot

MINUTE = timedelta(minutes=1)


class Clocked(World):
    """A world in which time stands still until it is moved, for the database as well.

    ``skew``: how far this machine's clock is before the database's.
    """

    at = datetime(2026, 11, 30, 12, tzinfo=UTC)
    skew = timedelta()

    def now(self) -> datetime:
        return self.at + self.skew

    def wait(self, how_long: timedelta) -> None:
        self.at += how_long


@contextmanager
def clocked(skew: timedelta = timedelta()) -> Iterator[tuple[Clocked, Someone]]:
    with pytest.MonkeyPatch.context() as patch:
        world = Clocked()
        world.skew = skew
        patch.setattr(sqlite, "time_ns", lambda: int(world.at.timestamp() * 1e9))
        yield world, world.person("ann")


@pytest.fixture
def clock() -> Iterator[tuple[Clocked, Someone]]:
    with clocked() as both:
        yield both


# ── what happens to watches ──────────────────────────────────────────────────────────────────────────────


def write(world: World, watch_id: str, **fields: object) -> None:
    """A Firebase client of their own writes; no page hears of it."""
    watch = {
        "name": f"Watch {watch_id}",
        "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
        "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
        "notify": ["sms", "app"],
        "status": "active",
    }
    world.documents.inner.commit(Put(PLACES.source("ann", watch_id), watch | fields))


def look(world: World, watch_id: str, price: int) -> None:
    """A tick looks, and tells what it means to this watch."""
    job = world.documents.inner.get(PLACES.job(watch_id))
    if job is not None:
        seen = Observation(ITEM, world.now(), name="Lakers", prices=(Price(Basis.FACE, "USD", price),))
        tell(world.documents.inner, PLACES, job, History(), seen)


def every_alert(world: World) -> list[Document]:
    found = world.documents.inner.find(alerts.moved_since("ann", datetime(1970, 1, 1, tzinfo=UTC)))
    return sorted(found, key=lambda one: one.path)


def move(world: World, which: int, **fields: object) -> None:
    """The outbox writes an alert."""
    if found := every_alert(world):
        one = found[which % len(found)]
        world.documents.inner.commit(Update(one.path, {**fields, **alerts.moved("ann")}, one.version))


def save(world: World, watch_id: str, **fields: object) -> None:
    """A page of ours writes."""
    write(world, watch_id, **fields)
    snapshot.mark(world.documents.inner, "ann", watch_id)


def anew(ann: Someone) -> str:
    """The page made of everything anew, beside the snapshot."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(snapshot, "read", lambda *_: (None, ""))
        patch.setattr(snapshot, "keep", lambda *_: None)
        return ann.get("/")


IDS = st.sampled_from(["w1", "w2", "w3"])
STEPS = st.one_of(
    st.tuples(st.just("save"), IDS, st.sampled_from(["80", "90", "no price"])),
    st.tuples(st.just("write and copy"), IDS, st.sampled_from(["85", "no price"])),
    st.tuples(st.just("copy"), IDS),
    st.tuples(st.just("press"), IDS, st.sampled_from(["pause", "resume", "delete"])),
    st.tuples(st.just("gone and copied"), IDS),
    st.tuples(st.just("tick"), IDS, st.sampled_from([7000, 8400, 9900])),
    st.tuples(st.just("send"), st.integers(0, 9), st.sampled_from(["sent", "delivered", "failed", "held"])),
    st.tuples(st.just("read")),
    st.tuples(st.just("wait"), st.sampled_from([1, 4, 7, 60, 3600, 90_000])),
    st.tuples(st.just("look")),
    st.tuples(st.just("look"), st.just("again")),
    st.tuples(st.just("damage")),
)


def step(world: Clocked, ann: Someone, kind: str, *how: Any) -> None:  # noqa: C901 - one line a kind
    match kind, *how:
        case "save", watch_id, price:
            save(world, watch_id, **_priced(price))
        case "write and copy", watch_id, price:
            write(world, watch_id, **_priced(price))
            world.copy(watch_id)
        case "copy", watch_id:
            world.copy(watch_id)
        case "press", watch_id, button:
            ann.post(f"/watches/{watch_id}/{button}")
        case "gone and copied", watch_id:
            world.documents.inner.commit(Delete(PLACES.source("ann", watch_id)))
            world.copy(watch_id)
        case "tick", watch_id, price:
            look(world, watch_id, price)
        case "send", which, state:
            due_at = world.now() + timedelta(hours=2) if state == "held" else None
            move(world, which, state=state, due_at=due_at, settled_at=world.now(), why=None)
        case ["read"]:
            shown = " ".join(one.id for one in every_alert(world))
            ann.post("/alerts/read", {"shown": shown})
        case "wait", seconds:
            world.wait(timedelta(seconds=seconds))
        case ["damage"]:
            kept = world.documents.inner.get(snapshot.path("ann"))
            if kept:
                world.documents.inner.commit(Update(kept.path, {"lines": b"?"}, kept.version))
        case _:
            ann.get("/")


def _priced(price: str) -> dict[str, object]:
    return {"conditions": [{"kind": "below", "price": price, "currency": "USD"}]}


@settings(deadline=None, max_examples=5)
@given(st.lists(STEPS, max_size=10), st.sampled_from([-3600, 0, 0, 0, 3600]))
def test_a_page_says_the_same_with_and_without_a_snapshot(steps: list[Any], skew: int) -> None:
    with clocked(timedelta(seconds=skew)) as (world, ann):
        world.see(ITEM, FACE, ago=timedelta(0))
        ann.get("/")
        for kind, *how in steps:
            step(world, ann, kind, *how)
            if kind in ("look", "wait"):
                assert _shown(ann.get("/")) == _shown(anew(ann))
        assert _shown(ann.get("/")) == _shown(anew(ann))


def _shown(page: str) -> str:
    page = re.sub(r'<p class="note.*?</p>\n*', "", page)  # what was flashed is told once
    shown = re.sub(' data-key="[^"]*"', "", page[page.index("<main") :])
    return "\n".join(filter(None, map(str.strip, shown.splitlines())))
