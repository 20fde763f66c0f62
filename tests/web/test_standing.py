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
from tests.web.api.kit import WATCH as API_WATCH
from tests.web.api.kit import program
from tests.web.kit import FACE, ITEM, PLACES, WATCH, Someone, World
from watchers import alerts
from watchers.documents import Delete, Document, Put, Update
from watchers.errors import StoreUnavailableError
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
        world.at, world.skew = datetime.now(UTC).replace(microsecond=0), skew
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


@settings(deadline=None, max_examples=15)
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
    page = re.sub('name="csrf" value="[^"]*"', "", page)
    shown = re.sub(' data-key="[^"]*"', "", page[page.index("<main") :])
    return "\n".join(filter(None, map(str.strip, shown.splitlines())))


# ── what a page reads ────────────────────────────────────────────────────────────────────────────────────

AN_HOUR = timedelta(hours=1)
AROUND = 3  # the person, the snapshot, and the question what was said since


def reads(world: Clocked, ann: Someone, path: str = "/") -> int:
    """Documents that a page reads, without the one board: it is everybody's."""
    before = world.documents.operations["reads"]
    ann.get(path)
    return world.documents.operations["reads"] - before - 1


def settled(clock: tuple[Clocked, Someone], number: int = 20) -> tuple[Clocked, Someone]:
    """So many watches, copied and looked at; an hour ago."""
    world, ann = clock
    for each in range(number):
        write(world, f"w{each:02}")
        world.copy(f"w{each:02}")
    ann.get("/")
    world.wait(AN_HOUR)
    ann.get("/")  # what was written around the first look is read once more
    return world, ann


def test_a_page_of_which_nothing_changed_is_three_reads(clock: tuple[Clocked, Someone]) -> None:
    world, ann = settled(clock)
    for path in ("/", "/alerts", "/watches/live?known=w01:0", "/?q=watch&state=watching&sort=price"):
        assert reads(world, ann, path) == AROUND
        world.wait(AN_HOUR)


@pytest.mark.parametrize("number", [1, 10])
def test_each_watch_that_changed_is_one_read_more(clock: tuple[Clocked, Someone], number: int) -> None:
    world, ann = settled(clock)
    for each in range(number):
        write(world, f"w{each:02}", name="Renamed")
        world.copy(f"w{each:02}")
    writes = world.documents.operations["writes"]
    for _ in range(2):  # it may have become visible late, so it is asked for once more
        assert reads(world, ann) == AROUND + number
    assert world.documents.operations["writes"] == writes
    assert ann.get("/").count("Renamed</a>") == number
    world.wait(timedelta(minutes=1))
    assert reads(world, ann) == AROUND + number
    assert world.documents.operations["writes"] == writes + 1
    assert reads(world, ann) == AROUND


def test_a_first_page_ever_reads_each_watch_twice(clock: tuple[Clocked, Someone]) -> None:
    world, ann = clock
    for each in range(20):
        write(world, f"w{each:02}")
        world.copy(f"w{each:02}")
    anything_else = 5  # the person, no snapshot, no alerts, none at rest, no tally
    assert reads(world, ann) == 2 * 20 + anything_else
    world.documents.inner.commit(Delete(snapshot.path("ann")))  # erased, or lost
    assert reads(world, ann) == 2 * 20 + anything_else


@pytest.mark.parametrize("damage", [{"lines": b"?"}, {"format": 99}, {"took": "long"}, {"dirty": 5}])
def test_a_damaged_snapshot_is_made_anew(clock: tuple[Clocked, Someone], damage: dict[str, object]) -> None:
    world, ann = settled(clock)
    said = _shown(ann.get("/"))
    kept = world.documents.inner.get(snapshot.path("ann"))
    assert kept
    world.documents.inner.commit(Update(kept.path, damage, kept.version))
    assert _shown(ann.get("/")) == said
    world.wait(AN_HOUR)
    ann.get("/")
    assert reads(world, ann) == AROUND


def test_what_a_page_saved_is_there_at_once_for_one_read(clock: tuple[Clocked, Someone]) -> None:
    world, ann = settled(clock)
    assert ann.post("/watches/w03/pause").status_code == 303
    assert reads(world, ann) == AROUND + 1
    page = ann.get("/")
    assert page.count("Being saved…") == 1
    assert reads(world, ann) == AROUND + 1  # until it is copied
    world.copy("w03")
    assert ">Paused<" in ann.get("/")
    world.wait(AN_HOUR)
    ann.get("/")
    assert reads(world, ann) == AROUND


def first(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def test_a_watch_that_a_page_made_is_one_read_and_so_is_one_it_brought_back(
    clock: tuple[Clocked, Someone],
) -> None:
    world, ann = settled(clock)
    assert ann.save(item="another1").status_code == 303
    assert reads(world, ann) == AROUND + 1
    deleted = ann.post("/watches/w03/delete").get_data(as_text=True)
    assert ann.post("/watches/w03/undo", {"undo": first(deleted, "undo")}).status_code == 303
    assert reads(world, ann) == AROUND + 1 + 1


PRESSES: dict[str, tuple[str, dict[str, str]]] = {
    "a fill-in of the form": ("/watches/new", {**WATCH, "set": ""}),
    "a try of the form": ("/watches/new", {**WATCH, "try": ""}),
    "the judging of a file": (
        "/watches/import",
        {"text": "name,item\nA,1\n"},
    ),
    "a search that is kept": ("/search/saved", {"query": "keyword=tram", "name": "Trams"}),
    "consent": ("/settings/contacts/consent", {"agree": "on"}),
}


@pytest.mark.parametrize("press", PRESSES)
def test_a_press_that_writes_no_watch_costs_the_next_page_nothing(
    clock: tuple[Clocked, Someone], press: str
) -> None:
    world, ann = settled(clock)
    path, fields = PRESSES[press]
    assert ann.post(path, fields).status_code < 400
    assert snapshot.path("ann") not in world.documents.tried
    assert reads(world, ann) == AROUND


def test_a_trial_of_the_api_costs_the_next_page_nothing(clock: tuple[Clocked, Someone]) -> None:
    world, ann = settled(clock)
    assert program(world, scope="read").post("/trials", API_WATCH).status_code == 200
    assert reads(world, ann) == AROUND


def test_what_is_called_read_is_seen_so_without_reading_the_watches(clock: tuple[Clocked, Someone]) -> None:
    world, ann = settled(clock)
    look(world, "w01", 8400)
    for place, one in enumerate(every_alert(world)):
        state = "sent" if one.fields["channel"] == "app" else "failed"
        move(world, place, state=state, due_at=None, settled_at=world.now())
    ann.get("/")
    world.wait(AN_HOUR)
    ann.get("/")
    step(world, ann, "read")
    (read,) = [one for one in every_alert(world) if one.fields.get("seen_at")]
    assert read.fields["channel"] == "app"
    alert_and_tally = 1 + 1
    assert reads(world, ann) == AROUND + alert_and_tally


def test_a_watch_of_another_client_shows_once_it_was_copied(clock: tuple[Clocked, Someone]) -> None:
    world, ann = settled(clock)
    write(world, "new", name="From my phone")
    assert "From my phone" not in ann.get("/")
    world.copy("new")
    assert "From my phone" in ann.get("/")
    assert reads(world, ann) == AROUND + 1 + 1  # what was said of it, and whether it is still there


def test_a_refused_watch_is_one_read_and_says_why(clock: tuple[Clocked, Someone]) -> None:
    world, ann = settled(clock)
    write(world, "w05", surprise=1)
    assert world.copy("w05") == "refused"
    assert reads(world, ann) == AROUND + 1
    assert "surprise: this field is not known; remove it." in ann.get("/")


def test_a_deleted_watch_is_one_read_until_it_has_settled(clock: tuple[Clocked, Someone]) -> None:
    world, ann = settled(clock)
    world.documents.inner.commit(Delete(PLACES.source("ann", "w05")))
    assert world.copy("w05") == "deleted"
    assert reads(world, ann) == AROUND + 1
    assert 'id="w-w05"' not in ann.get("/")
    world.wait(AN_HOUR)
    ann.get("/")
    assert reads(world, ann) == AROUND


def test_an_alert_on_its_way_is_asked_for_until_nothing_can_happen_to_it(
    clock: tuple[Clocked, Someone],
) -> None:
    world, ann = settled(clock)
    look(world, "w01", 8400)
    alerts_and_tally = 2 + 1
    assert reads(world, ann) == AROUND + alerts_and_tally
    assert "Told at $84" in ann.get("/")
    world.wait(AN_HOUR)
    ann.get("/")
    text = next(place for place, one in enumerate(every_alert(world)) if one.fields["channel"] == "sms")
    assert reads(world, ann) == AROUND + 1  # one may go out at any moment
    move(world, text, state="delivered", due_at=None, settled_at=world.now())
    assert reads(world, ann) == AROUND + 1 + 1  # this alert, and the tally
    assert "Text delivered" in ann.get("/")
    world.wait(AN_HOUR)
    ann.get("/")
    assert reads(world, ann) == AROUND  # unread, but only its person changes that


def test_a_text_that_no_vendor_spoke_of_is_asked_for_as_long_as_one_may(
    clock: tuple[Clocked, Someone],
) -> None:
    world, ann = settled(clock)
    look(world, "w01", 8400)
    for place, one in enumerate(every_alert(world)):
        if one.fields["channel"] == "sms":
            move(world, place, state="sent", due_at=None, settled_at=world.now())
    world.wait(AN_HOUR)
    ann.get("/")
    assert reads(world, ann) == AROUND + 1
    world.wait(12 * AN_HOUR)
    assert reads(world, ann) == AROUND


def test_two_tabs_at_once_lose_nothing(clock: tuple[Clocked, Someone]) -> None:
    """One of them keeps a snapshot it made before the other saved a watch: it must not win."""
    world, ann = settled(clock)
    write(world, "w02", name="Renamed")
    world.copy("w02")
    world.wait(AN_HOUR)
    slipped: list[int] = []

    def save_meanwhile(writes: tuple[object, ...]) -> None:
        if not slipped and any(getattr(one, "path", "") == snapshot.path("ann") for one in writes):
            slipped.append(1)
            save(world, "w09", name="Of the other tab")

    world.documents.before_commit = save_meanwhile
    ann.get("/")
    world.documents.before_commit = None
    assert slipped
    page = ann.get("/")
    assert ("Of the other tab" in page, "Renamed" in page) == (True, True)


def test_a_change_that_becomes_visible_late_is_seen(clock: tuple[Clocked, Someone]) -> None:
    """Its time is that of its request; a page that was made meanwhile could not see it."""
    world, ann = settled(clock)
    at = world.at
    write(world, "w01", name="Anything")
    world.copy("w01")
    world.wait(timedelta(minutes=1))
    ann.get("/")  # a new mark
    world.at = at + timedelta(minutes=1) - timedelta(seconds=3)
    write(world, "w02", name="It came late")
    world.copy("w02")
    world.at = at + timedelta(minutes=2)
    assert "It came late" in ann.get("/")


@pytest.mark.parametrize("skew", [timedelta(hours=-20), timedelta(hours=20)])
def test_a_clock_that_is_far_off_costs_reads_and_hides_nothing(skew: timedelta) -> None:
    with clocked(skew) as clock:
        world, ann = settled(clock, 3)
        write(world, "w01", name="Renamed")
        world.copy("w01")
        assert "Renamed" in ann.get("/")
        world.wait(timedelta(minutes=1))
        assert "Renamed" in ann.get("/")
        write(world, "w01", name="Once more")
        world.copy("w01")
        assert "Once more" in ann.get("/")


def test_a_snapshot_that_cannot_be_written_changes_nothing(clock: tuple[Clocked, Someone]) -> None:
    world, ann = clock
    write(world, "w1")
    world.copy("w1")

    def broken(_writes: object) -> None:
        raise StoreUnavailableError("the test broke it")

    world.documents.before_commit = broken
    assert "Watch w1" in ann.get("/")
    assert "Watch w1" in ann.get("/")
    world.documents.before_commit = None
    assert world.documents.inner.get(snapshot.path("ann")) is None


def test_nobody_sees_the_snapshot_of_another(clock: tuple[Clocked, Someone]) -> None:
    world, _ = settled(clock, 3)
    assert "You watch nothing yet" in world.person("bob").get("/")
