"""Every way in which systems like this one lost or doubled alerts, on both databases.

Their alerts were sent before anything was saved, their state was saved at the end in one batch, and their
triggers copied what an event said. Here a process may die before or after any write, do a step twice, or do
it at the same time as itself.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.fake_provider import item_id
from tests.fakes import Crash, FaultyDocuments
from tests.world import AFTER_THE_LEASE, MINUTE, PLACES, World, at_once, below
from watchers import concerned
from watchers.documents import Delete, Document, Documents, Put, Update, Write
from watchers.errors import ProviderUnavailableError, StoreError

A = item_id("a")
FIRST = ("below_limit", 8500)
DROP = below(conditions=[{"kind": "drop", "percent": 10}])
WATCHES = ("w1", "w2", "w3")


@pytest.fixture(params=["sqlite", pytest.param("firestore", marks=pytest.mark.emulator)])
def empty(request: pytest.FixtureRequest) -> World:
    if request.param == "firestore":
        return World(request.getfixturevalue("firestore_documents"))
    return World()


@pytest.fixture
def world(empty: World) -> World:
    """Three watches of one item, and two looks that saw it at 100.00."""
    empty.save(below(), "w1", "u1")
    empty.save(below("88.00"), "w2", "u2")
    empty.save(DROP, "w3", "u3")
    empty.minutes(10000, 10000)
    return empty


def expected(*rest: tuple[str, int]) -> dict[str, list[tuple[str, int]]]:
    """Everybody told of the drop to 85.00, and of these."""
    return {"w1": [FIRST, *rest], "w2": [FIRST, *rest], "w3": [("dropped", 8500), *rest]}


def told(world: World) -> dict[str, list[tuple[str, int | None]]]:
    return {watch: world.texts(watch) for watch in WATCHES}


@pytest.fixture(autouse=True)
def each_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watches recorded one by one give the most places to die at; together is the fewest (below)."""
    monkeypatch.setattr(concerned, "TOGETHER", 1)


LAST = 5  # claim, three watches, save
DEATHS = [
    pytest.param({when: n}, id=f"{when} commit {n}")
    for n in range(1, LAST + 1)
    for when in ("before", "after")
]


# ── killed between any two writes ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("death", DEATHS)
def test_killed_between_any_two_writes_of_a_tick_tells_everybody_once(
    world: World, death: dict[str, int]
) -> None:
    world.shop.costs("a", 8500)
    world.now += MINUTE
    assert world.killed(world.tick, **death)
    world.now += AFTER_THE_LEASE
    world.tick()
    assert told(world) == expected()
    world.minutes(8500, 8490, 8500)
    assert told(world) == expected()
    world.minutes(10000, 10000, 8500)
    assert told(world) == {watch: [*said, said[0]] for watch, said in expected().items()}


@pytest.mark.parametrize("number", range(1, 4))
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_a_commit_that_tells_everybody_together_tells_everybody_once(
    world: World, monkeypatch: pytest.MonkeyPatch, when: str, number: int
) -> None:
    """Claim, three watches in one commit, save."""
    monkeypatch.setattr(concerned, "TOGETHER", 25)
    world.shop.costs("a", 8500)
    world.now += MINUTE
    assert world.killed(world.tick, **{when: number})
    world.now += AFTER_THE_LEASE
    world.tick()
    world.minutes(8500, 8490, 8500)
    assert told(world) == expected()
    world.minutes(10000, 10000, 8500)
    assert told(world) == {watch: [*said, said[0]] for watch, said in expected().items()}


@pytest.mark.parametrize("death", DEATHS)
def test_killed_and_the_price_is_back_before_the_next_look_still_tells_the_next_drop(
    world: World, death: dict[str, int]
) -> None:
    """Who was told before the death must be able to re-arm, though no board ever saw that price."""
    world.shop.costs("a", 8500)
    world.now += MINUTE
    assert world.killed(world.tick, **death)
    before = told(world)
    world.after(AFTER_THE_LEASE, 10000)
    world.minutes(10000, 10000)
    assert told(world) == before
    world.minutes(8500, 8500)
    assert told(world) == {watch: [*before[watch], said[0]] for watch, said in expected().items()}


@pytest.mark.parametrize("number", range(1, 7))
@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_seeing_for_the_first_time_loses_nobody(empty: World, when: str, number: int) -> None:
    empty.save(below(), "w1", "u1")
    empty.save(DROP, "w3", "u3")
    empty.shop.costs("a", 10000)
    empty.killed(empty.tick, **{when: number})
    empty.now += AFTER_THE_LEASE
    empty.tick()
    empty.minutes(8500, 8500)
    assert (empty.texts("w1"), empty.texts("w3")) == ([FIRST], [("dropped", 8500)])


@pytest.mark.parametrize("number", range(1, LAST + 1))
def test_a_tick_that_breaks_off_gives_its_lease_back_and_the_next_one_goes_on_at_once(
    world: World, number: int
) -> None:
    documents = FaultyDocuments(world.documents)
    documents.crash_after(number)
    world.shop.costs("a", 8500)
    world.now += MINUTE
    with pytest.raises(Crash):
        world.tick(documents)
    if number == 1:  # it died before it knew that it had the lease
        world.now += AFTER_THE_LEASE
    world.minutes(8500, 8500)
    assert told(world) == expected()


def test_killed_after_the_alerts_before_the_board_tells_once(world: World) -> None:
    world.shop.costs("a", 8500)
    world.now += MINUTE
    assert world.killed(world.tick, before=LAST)
    assert told(world) == expected()
    assert world.board().rows[A].history.prices
    world.now += AFTER_THE_LEASE
    assert world.tick().alerts == 0
    assert told(world) == expected()


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_while_copying_a_watch_is_made_up_for_by_the_redelivered_event(
    empty: World, when: str
) -> None:
    for fields in (
        below(),
        below("95.00"),
        below("95.00", status="paused"),
        below("95.00"),
        {"name": "?"},
        below(),
    ):
        empty.documents.commit(Put(PLACES.source("u1", "w1"), fields))
        assert empty.killed(lambda documents: empty.event(documents=documents), **{when: 1})
        assert empty.event() == {"before": empty.event(), "after": "unchanged"}[when] or when == "before"
    empty.minutes(10000, 8500, 8500)
    assert empty.texts() == [FIRST]


# ── the same run, and two runs at once ───────────────────────────────────────────────────────────────────


def test_a_run_that_finished_is_not_repeated(world: World) -> None:
    world.shop.costs("a", 8500)
    world.minute(run="nine o'clock")
    calls = world.shop.calls
    assert world.minute(run="nine o'clock").skipped == "already_run"
    assert (world.shop.calls, told(world)) == (calls, expected())


def test_a_run_that_died_is_taken_over_by_its_retry_after_the_lease(world: World) -> None:
    world.shop.costs("a", 8500)
    world.now += MINUTE
    assert world.killed(lambda documents: world.tick(documents, run="nine o'clock"), before=LAST)
    assert world.tick(run="nine o'clock").skipped == "busy"
    world.now += AFTER_THE_LEASE
    assert world.tick(run="nine o'clock").skipped is None
    assert world.tick(run="nine o'clock").skipped == "already_run"
    assert told(world) == expected()


def test_a_second_tick_finds_the_board_busy_and_touches_nothing(world: World) -> None:
    skipped = []
    world.shop.costs("a", 8500)
    world.shop.while_asking = lambda: skipped.append(world.tick().skipped)
    world.minute()
    assert (skipped, told(world)) == (["busy"], expected())


def test_many_ticks_at_once_ask_and_tell_once(world: World) -> None:
    world.shop.costs("a", 8500)
    world.now += MINUTE
    asked, together = world.shop.asked["a"], threading.Barrier(6)

    def run() -> str:
        together.wait()
        try:
            return world.tick().skipped or "ran"
        except StoreError:
            return "failed"

    outcomes = at_once(*[run] * 6)
    if "ran" not in outcomes:  # contention: nobody got the lease, and the next tick does
        world.after(AFTER_THE_LEASE, 8500)
    assert world.shop.asked["a"] == asked + 1
    assert told(world) == expected()


@pytest.mark.parametrize("meanwhile", [8500, 10000, 7900])
def test_a_tick_that_lost_its_lease_does_no_harm(world: World, meanwhile: int) -> None:
    """It saw 85.00 and slept; another saw something else; then it woke up and told."""

    def another() -> None:
        world.after(AFTER_THE_LEASE, meanwhile)

    world.shop.costs("a", 8500)
    world.shop.while_asking = another
    assert world.minute().skipped == "overtaken"
    if meanwhile == 7900:
        assert {len(said) for said in told(world).values()} == {1}
        assert world.texts("w1") == [("below_limit", 7900)]
        return
    assert told(world) == expected()
    world.minutes(meanwhile, 10000, 10000, 10000)
    assert told(world) == expected()
    world.minutes(8500)
    assert told(world) == {watch: [*said, said[0]] for watch, said in expected().items()}


def test_a_tick_that_lost_its_lease_counts_its_calls_to_the_quota(world: World) -> None:
    world.shop.while_asking = lambda: world.after(AFTER_THE_LEASE, 10000)
    world.minute()
    assert world.board().ledger.spent >= world.shop.calls


# ── what an error is not ─────────────────────────────────────────────────────────────────────────────────


def test_an_error_between_two_equal_answers_is_no_change(world: World) -> None:
    world.minutes(8500)
    world.shop.down = ProviderUnavailableError("shop answered 429")
    world.minute()
    world.minute()
    world.shop.down = None
    world.after(timedelta(hours=1), 8500)
    assert told(world) == expected()


# ── events of the trigger ────────────────────────────────────────────────────────────────────────────────


def test_a_redelivered_create_event_after_the_watch_fired_re_arms_nothing(world: World) -> None:
    world.minutes(8500)
    job = world.job_document()
    assert [world.event() for _ in range(3)] == ["unchanged"] * 3
    assert world.job_document() == job
    world.minutes(8500, 8500)
    assert told(world) == expected()


def test_events_out_of_order_end_with_the_watch_as_it_stands(empty: World) -> None:
    """Three writes; their events come as 1, 3, 2, and each twice."""
    empty.documents.commit(Put(PLACES.source("u1", "w1"), below("70.00")))
    assert empty.event() == "copied"
    empty.documents.commit(Put(PLACES.source("u1", "w1"), below("80.00")))
    empty.documents.commit(Put(PLACES.source("u1", "w1"), below("90.00")))
    assert [empty.event() for _ in range(5)] == ["copied", *["unchanged"] * 4]
    empty.minutes(10000, 8500)
    assert empty.texts() == [FIRST]


def test_an_event_for_a_watch_that_is_gone_already_does_nothing(empty: World) -> None:
    assert [empty.event(), empty.event()] == ["absent", "absent"]
    assert (empty.documents.get(PLACES.job("w1")), empty.status()) == (None, {})


def test_a_delete_event_before_the_create_event_leaves_nothing_behind(empty: World) -> None:
    empty.documents.commit(Put(PLACES.source("u1", "w1"), below()))
    empty.documents.commit(Delete(PLACES.source("u1", "w1")))
    assert [empty.event(), empty.event()] == ["absent", "absent"]
    empty.minutes(8500)
    assert empty.alerts() == []


def test_a_deleted_watch_stays_deleted_however_often_it_is_said(world: World) -> None:
    assert [world.remove(), world.event(), world.event()] == ["deleted", "absent", "absent"]
    world.minutes(8500)
    assert world.texts("w1") == []


class Interrupted:
    """A database in which something happens right after the ``number``-th read of one step."""

    def __init__(self, inner: Documents, number: int, meanwhile: Callable[[], object]) -> None:
        self.inner, self.operations = inner, inner.operations
        self.left, self.meanwhile = number, meanwhile
        self.find, self.count, self.commit = inner.find, inner.count, inner.commit
        self.get_many = inner.get_many

    def get(self, path: str) -> Document | None:
        found = self.inner.get(path)
        self.left -= 1
        if self.left == 0:
            self.meanwhile()
        return found


SOURCE = PLACES.source("u1", "w1")
READS = [1, 2, 3]  # the third one of a step that writes is after the write


@pytest.mark.parametrize("read", READS)
def test_an_old_event_racing_a_delete_does_not_bring_the_watch_back(empty: World, read: int) -> None:
    empty.save(below())
    empty.save(below("95.00"))
    documents = Interrupted(empty.documents, read, empty.remove)
    empty.documents.commit(Put(SOURCE, below("96.00")))
    empty.event(documents=documents)
    empty.minutes(8500)
    assert (empty.texts(), empty.job().targets, empty.status()["state"]) == ([], {}, "deleted")


@pytest.mark.parametrize("read", READS)
def test_an_old_delete_event_racing_a_new_save_does_not_stop_the_watch(empty: World, read: int) -> None:
    empty.save(below())
    empty.documents.commit(Delete(SOURCE))
    documents = Interrupted(empty.documents, read, lambda: empty.save(below()))
    empty.event(documents=documents)
    empty.minutes(10000, 8500)
    assert (empty.texts(), empty.status()["state"]) == ([FIRST], "accepted")


@pytest.mark.parametrize("read", READS)
def test_an_old_refusal_racing_a_good_edit_does_not_stand(empty: World, read: int) -> None:
    empty.documents.commit(Put(SOURCE, {"name": "?"}))
    documents = Interrupted(empty.documents, read, lambda: empty.save(below()))
    empty.event(documents=documents)
    empty.minutes(10000, 8500)
    assert (empty.texts(), empty.status()["state"]) == ([FIRST], "accepted")


@pytest.mark.parametrize("read", READS)
def test_an_old_good_event_racing_a_bad_edit_does_not_stand(empty: World, read: int) -> None:
    empty.documents.commit(Put(SOURCE, below()))
    documents = Interrupted(empty.documents, read, lambda: empty.save({"name": "?"}))
    empty.event(documents=documents)
    empty.minutes(10000, 8500)
    assert (empty.texts(), empty.status()["state"]) == ([], "refused")


def test_many_events_at_once_copy_a_watch_once(empty: World) -> None:
    empty.documents.commit(Put(SOURCE, below()))

    def event() -> str:
        try:
            return empty.event()
        except StoreError:
            return "redelivered"

    outcomes = at_once(*[event] * 8)
    assert set(outcomes) <= {"copied", "unchanged", "redelivered"}
    assert empty.event() in ("unchanged", "copied")
    assert outcomes.count("copied") <= 1
    empty.minutes(10000, 8500)
    assert empty.texts() == [FIRST]


# ── an edit racing a look ────────────────────────────────────────────────────────────────────────────────


def racing(world: World, act: Callable[[], object], *prices: int) -> None:
    """Do ``act`` just before the tick writes what it decided about ``w1``, then go on."""
    documents = FaultyDocuments(world.documents)

    def before_commit(writes: tuple[Write, ...]) -> None:
        if any(isinstance(write, Update) and write.path == PLACES.job("w1") for write in writes):
            documents.before_commit = None
            act()

    documents.before_commit = before_commit
    world.shop.costs("a", 8500)
    world.minute(documents)
    assert documents.before_commit is None
    world.minutes(*prices)


def test_a_limit_lowered_while_it_fires_is_obeyed(world: World) -> None:
    racing(world, lambda: world.save(below("80.00")), 8500, 8500)
    assert world.texts("w1") == []
    world.minutes(7900)
    assert world.texts("w1") == [("below_limit", 7900)]
    assert world.texts("w2") == [FIRST, ("further_drop", 7900)]


def test_a_limit_raised_while_it_fires_is_obeyed_and_told_once(world: World) -> None:
    racing(world, lambda: world.save(below("95.00")), 8500, 8500)
    assert told(world) == expected()
    world.minutes(9500, 9500, 9400)
    assert world.texts("w1") == [FIRST]
    world.minutes(9700, 9700, 9400)
    assert world.texts("w1") == [FIRST, ("below_limit", 9400)]


def test_a_new_name_given_while_it_fires_is_kept_and_it_is_told_once(world: World) -> None:
    racing(world, lambda: world.save(below(name="Warriors")), 8500, 8500)
    assert told(world) == expected()
    assert world.job().watch.name == "Warriors"


def test_paused_while_it_fires_tells_nothing(world: World) -> None:
    racing(world, lambda: world.save(below(status="paused")), 8500, 8500)
    assert (world.texts("w1"), world.texts("w2")) == ([], [FIRST])
    assert world.status()["state"] == "paused"


def test_deleted_while_it_fires_tells_nothing(world: World) -> None:
    racing(world, world.remove, 8500, 8500)
    assert (world.texts("w1"), world.texts("w2")) == ([], [FIRST])
    assert world.status()["state"] == "deleted"


def test_spoiled_while_it_fires_tells_nothing_and_says_why(world: World) -> None:
    racing(world, lambda: world.save({"name": "?"}), 8500)
    assert (world.texts("w1"), world.texts("w2")) == ([], [FIRST])
    assert world.status()["state"] == "refused"
    world.save(below())
    world.minutes(8500, 8500)
    assert world.texts("w1") == [FIRST]


def test_a_look_racing_an_edit_loses_neither(world: World) -> None:
    """The tick writes between the trigger's reading and writing: the memory it leaves is kept."""
    world.documents.commit(Put(SOURCE, below(name="Warriors")))

    def look() -> None:
        world.after(MINUTE, 8500)

    assert world.event(documents=Interrupted(world.documents, 1, look)) == "copied"
    world.minutes(8500, 8500)
    assert told(world) == expected()
    assert world.job().watch.name == "Warriors"
