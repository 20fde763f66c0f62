"""A plan holds so many watches, whoever writes them: events late, twice, at once, and a process that dies."""

import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from store.sqlite import SqliteDocuments
from tests.fake_provider import item, item_id
from tests.world import PLACES, World, below
from watchers import encoding, seats
from watchers.documents import Delete, Documents, Put, Query, Update
from watchers.errors import StoreUnavailableError
from watchers.jobs import carry_plan, copy_watch
from watchers.tiers import Tier, Tiers

FULL = "Your plan (Basic) holds 2 watches, and you have as many. Delete or end one, and "
WAITS = FULL + "this one begins by itself."


@pytest.fixture
def world() -> World:
    world = World()
    world.tiers = Tiers({"basic": Tier(watches=2), "premium": Tier("premium", 3, 300, 2)})
    return world


def accepted(world: World, uid: str = "u1") -> set[str]:
    """The watches that the worker watches."""
    jobs = world.documents.find(Query(PLACES.worker_collection, ("uid",), "==", uid))
    return {job.id for job in jobs if job.fields["targets"]}


def held(world: World) -> set[str]:
    return set(seats.read(world.documents, PLACES, "u1").held)


def three(world: World) -> None:
    for watch in ("w1", "w2", "w3"):
        world.save(below(), watch)


def test_what_is_over_the_plan_is_refused_in_words_and_has_no_job(world: World) -> None:
    three(world)
    assert accepted(world) == held(world) == {"w1", "w2"}
    assert (world.status("w3")["state"], world.status("w3")["reasons"]) == ("refused", [WAITS])
    assert world.documents.get(PLACES.job("w3")) is None


def test_another_persons_watches_take_nobodys_seat(world: World) -> None:
    three(world)
    assert world.save(below(), "w9", "u2") == "copied"


def test_the_same_watch_stays_refused_however_often_and_in_whatever_order_events_come_again(
    world: World,
) -> None:
    three(world)
    order = ["w1", "w2", "w3"] * 4
    random.Random(7).shuffle(order)  # noqa: S311 - the same disorder each time
    for watch in order:
        world.event(watch)
    assert accepted(world) == held(world) == {"w1", "w2"}
    assert world.status("w3")["state"] == "refused"


@pytest.mark.parametrize("how", ["deleted", "ended"])
def test_the_oldest_that_waits_begins_by_itself_when_one_leaves(world: World, how: str) -> None:
    three(world)
    world.save(below(), "w4")
    if how == "deleted":
        world.remove("w1")
    else:
        world.save(below(status="ended"), "w1")
    assert accepted(world) == held(world) == {"w2", "w3"}
    assert (world.status("w3")["state"], world.status("w4")["state"]) == ("accepted", "refused")
    assert list(seats.read(world.documents, PLACES, "u1").waiting) == ["w4"]


def test_a_paused_watch_keeps_its_seat_and_so_does_one_that_was_spoiled(world: World) -> None:
    world.save(below(), "w1")
    world.save(below(), "w2")
    world.save(below(status="paused"), "w1")
    world.save({"name": "?"}, "w2")
    assert world.save(below(), "w3") == "refused"
    assert world.save(below(), "w1") == world.save(below(), "w2") == "copied"


def test_a_watch_that_cannot_be_read_takes_no_seat(world: World) -> None:
    world.save({"name": "?"}, "w1")
    world.save({"name": "?"}, "w2")
    assert (world.save(below(), "w3"), world.save(below(), "w4")) == ("copied", "copied")
    assert world.save(below(), "w1") == "refused"


def test_a_watch_that_waits_may_be_deleted_and_an_ended_one_resumed_only_into_a_free_seat(
    world: World,
) -> None:
    three(world)
    world.remove("w3")
    assert world.status("w3")["state"] == "deleted"
    assert not seats.read(world.documents, PLACES, "u1").waiting
    world.save(below(status="ended"), "w1")
    world.save(below(), "w3")
    assert world.save(below(), "w1") == "refused"
    assert accepted(world) == held(world) == {"w2", "w3"}
    world.remove("w2")
    assert accepted(world) == held(world) == {"w1", "w3"}


@pytest.mark.parametrize("had_a_job", [False, True])
def test_a_watch_that_waits_and_is_ended_waits_no_more(world: World, had_a_job: bool) -> None:
    three(world)
    waits = "w3"
    if had_a_job:  # it was deleted, and is back without a seat
        world.remove("w1")
        world.save(below(), waits := "w1")
    assert list(seats.read(world.documents, PLACES, "u1").waiting) == [waits]

    assert world.save(below(status="ended"), waits) == "copied"

    assert not seats.read(world.documents, PLACES, "u1").waiting


def test_one_that_was_deleted_and_undone_finds_its_seat_or_waits(world: World) -> None:
    three(world)
    world.remove("w1")
    assert world.save(below(), "w1") == "refused"
    assert accepted(world) == held(world) == {"w2", "w3"}


def test_what_waits_and_was_spoiled_meanwhile_lets_the_next_one_in(world: World) -> None:
    three(world)
    world.save(below(), "w4")
    world.documents.commit(Put(PLACES.source("u1", "w3"), {"name": "?"}))  # its event is still under way
    world.remove("w1")
    assert accepted(world) == held(world) == {"w2", "w4"}
    assert world.event("w3") == "refused"


def test_a_watch_that_is_unchanged_or_renamed_reads_no_seat(world: World) -> None:
    world.save(below(), "w1")
    spent = []
    for name in ("Lakers", "Renamed", "Renamed again"):
        if name != "Lakers":
            world.documents.commit(Put(PLACES.source("u1", "w1"), below(name=name)))
        before = Counter(world.documents.operations)
        world.event("w1")
        spent.append(Counter(world.documents.operations) - before)
    unchanged, renamed, again = spent
    assert unchanged == {"reads": 2}
    assert renamed == again == {"reads": 3, "writes": 2}


def test_a_new_watch_costs_one_read_and_one_write_for_its_seat(world: World) -> None:
    world.save(below(), "w1")
    world.documents.commit(Put(PLACES.source("u1", "w2"), below()))
    before = Counter(world.documents.operations)
    world.event("w2")
    assert Counter(world.documents.operations) - before == {"reads": 4, "writes": 3, "deletes": 1}


@pytest.mark.parametrize("number", range(1, 5))
@pytest.mark.parametrize("when", ["before", "after"])
def test_whatever_commit_it_dies_at_the_next_event_puts_it_right(
    world: World, when: str, number: int
) -> None:
    three(world)
    world.documents.commit(Delete(PLACES.source("u1", "w1")))
    world.killed(lambda documents: world.event("w1", documents=documents), **{when: number})
    world.event("w1")  # an event that was not taken is delivered again
    assert accepted(world) == held(world) == {"w2", "w3"}
    assert world.status("w3")["state"] == "accepted"


@pytest.fixture(params=["sqlite", pytest.param("firestore", marks=pytest.mark.emulator)])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Documents]:
    """A database that many use at once."""
    if request.param == "firestore":
        yield request.getfixturevalue("firestore_documents")
        return
    documents = SqliteDocuments(str(tmp_path / "scout.db"))
    yield documents
    documents.close()


def test_of_many_at_once_exactly_so_many_are_let_in_as_the_plan_holds(shared: Documents) -> None:
    tiers, now = Tiers({"basic": Tier(watches=6)}), World().now
    watches = [f"w{number:02}" for number in range(10)]
    shared.commit(*(Put(PLACES.source("u1", watch), below(target=item(watch))) for watch in watches))

    def copied(watch: str) -> str:
        for _ in range(50):
            with suppress(StoreUnavailableError):  # the event is delivered again
                return copy_watch(
                    shared, PLACES, lambda *_: None, uid="u1", watch_id=watch, now=now, tiers=tiers
                )
        raise AssertionError(watch)

    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(copied, watches * 2))  # each event comes twice
    known = seats.read(shared, PLACES, "u1")
    jobs = {job.id for job in shared.find(Query(PLACES.worker_collection)) if job.fields["targets"]}
    assert (len(known.held), jobs) == (6, set(known.held))
    assert sorted((*known.held, *known.waiting)) == watches
    assert outcomes["refused"] >= 4


def test_seats_that_were_never_kept_are_made_from_the_jobs(world: World) -> None:
    three(world)
    world.documents.commit(Delete(seats.path("u1")))
    assert world.save(below(), "w4") == "refused"
    assert held(world) == {"w1", "w2"}


def test_who_leaves_writes_no_seats_where_none_are_kept_any_more(world: World) -> None:
    three(world)
    world.documents.commit(Delete(seats.path("u1")))  # somebody is being erased
    world.remove("w1")
    assert world.documents.get(seats.path("u1")) is None


# ── another plan ─────────────────────────────────────────────────────────────────────────────────────────


def plan(world: World, name: str) -> int:
    """The person's plan is another one, and their watches hear of it."""
    world.documents.commit(Put("people/u1", {"plan": name}))
    return carry_plan(world.documents, PLACES, world.shop.refusal, uid="u1", now=world.now, tiers=world.tiers)


def test_a_larger_plan_lets_in_what_waits_and_tells_every_job_once(world: World) -> None:
    three(world)
    assert plan(world, "premium") == 2
    assert accepted(world) == held(world) == {"w1", "w2", "w3"}
    assert {world.job(watch).priority for watch in ("w1", "w2", "w3")} == {2}
    before = Counter(world.documents.operations)
    assert plan(world, "premium") == 0
    assert (Counter(world.documents.operations) - before)["writes"] == 1  # the test's own


def test_a_smaller_plan_takes_nothing_away_and_lets_nobody_in(world: World) -> None:
    plan(world, "premium")
    three(world)
    plan(world, "basic")
    assert accepted(world) == {"w1", "w2", "w3"}
    world.remove("w1")
    assert world.save(below(), "w4") == "refused"
    world.remove("w2")
    assert accepted(world) == held(world) == {"w3", "w4"}


def weighs(world: World) -> tuple[int, float]:
    """How much more the target's watchers count for, and how many times what their wishes alone come to."""
    row = world.board().rows[item_id("a")]
    prices = {key: runs[-1].value for key, runs in row.history.prices.items()}
    return row.favour, round(row.weight / row.gate.demand.weight(prices, row.watchers), 1)


def test_a_watcher_on_a_higher_plan_is_worth_more_looks_and_a_basic_one_as_many_as_ever(world: World) -> None:
    world.save(below(), "w1")
    world.minutes(10_000)
    assert weighs(world) == (0, 1)
    plan(world, "premium")
    world.minutes(10_000)
    assert weighs(world) == (1, 2)
    plan(world, "basic")
    world.minutes(10_000)
    assert weighs(world) == (0, 1)


def test_the_mean_of_those_who_watch_counts_and_one_who_leaves_counts_no_more(world: World) -> None:
    plan(world, "premium")
    world.save(below(), "w1")
    for number in range(3):
        world.save(below(), f"o{number}", f"other{number}")
    world.minutes(10_000)
    assert (world.board().rows[item_id("a")].watchers, world.board().rows[item_id("a")].favour) == (4, 1)
    world.remove("w1")
    world.minutes(10_000)
    assert (world.board().rows[item_id("a")].watchers, world.board().rows[item_id("a")].favour) == (3, 0)


def test_a_board_without_such_people_costs_no_count_and_keeps_its_bytes(world: World) -> None:
    world.save(below(), "w1")
    world.minutes(10_000)
    document = world.documents.get("boards/shop-0")
    assert document
    rows = encoding.decode(document.fields["blob"])
    favoured = encoding.decode(document.fields["blob"])
    favoured[item_id("a")].favour = 3
    assert encoding.decode(encoding.encode(favoured))[item_id("a")].favour == 3
    assert len(encoding.encode(favoured)) > len(encoding.encode(rows)) == len(document.fields["blob"])


def test_a_plan_that_changes_while_a_watch_is_copied_is_not_missed(world: World) -> None:
    world.save(below(), "w1")
    kept = world.documents.get(seats.path("u1"))
    assert kept
    world.documents.commit(Update(kept.path, {"plan": "premium"}, kept.version))
    world.save(below(), "w2")
    assert world.job("w2").priority == 2


def test_a_refused_watch_is_found_by_operators_until_it_is_mended_or_gone(world: World) -> None:
    def refused() -> set[str]:
        return {one.fields["watch"] for one in world.documents.find(Query("refused"))}

    three(world)
    world.save({"name": "?"}, "w5")
    assert refused() == {"w3", "w5"}
    world.remove("w1")
    world.remove("w5")
    assert refused() == set()
    world.save({"name": "?"}, "w2")
    assert refused() == {"w2"}
    world.save(below(), "w2")
    assert refused() == set()


def test_another_persons_refusal_of_the_same_id_is_another_one(world: World) -> None:
    world.save({"name": "?"}, "w1", "u1")
    world.save({"name": "?"}, "w1", "u2")
    world.save(below(), "w1", "u1")
    assert [one.fields["uid"] for one in world.documents.find(Query("refused"))] == ["u2"]
    assert world.event("w1", "u2") == "refused"  # the id is taken
    world.remove("w1", "u1")
    assert [one.fields["uid"] for one in world.documents.find(Query("refused"))] == ["u2"]


def test_so_many_wait_and_who_comes_later_reads_what_to_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seats, "MOST_WAITING", 2)
    for number in range(1, 6):
        world.save(below(), f"w{number}")
    assert sorted(seats.read(world.documents, PLACES, "u1").waiting) == ["w3", "w4"]
    assert world.status("w4")["reasons"] == [WAITS]
    (reason,) = world.status("w5")["reasons"]
    assert reason.endswith("Delete or end watches until none waits, then save this one again.")
    assert world.save(below(name="Later"), "w3") == "refused"
    assert world.status("w3")["reasons"] == [WAITS]  # it keeps its turn
    for watch in ("w1", "w2", "w3"):
        world.remove(watch)
    assert accepted(world) == {"w4"}
    world.save(below(), "w5")
    assert accepted(world) == {"w4", "w5"}


def test_seats_fit_into_one_document_however_many_wait() -> None:
    ids = [f"{number:0{seats.LONGEST_ID}}" for number in range(6_000)]
    full = seats.Seats("u" * 128, tuple(ids[:5_000]))
    for watch_id in ids[5_000:]:
        assert full.may_queue(watch_id)
        full = full.queueing(watch_id, World().now)
    assert not full.may_queue("one more")
    assert full.may_queue(ids[-1])
    # https://firebase.google.com/docs/firestore/storage-size: a text is its bytes and one, a time is eight
    assert sum(len(one) + 9 for one in ids) < 1_000_000


def test_an_id_that_is_too_long_is_refused_in_words(world: World) -> None:
    watch_id = "w" * (seats.LONGEST_ID + 1)
    assert world.save(below(), watch_id) == "refused"
    assert "is longer than 100 bytes" in world.status(watch_id)["reasons"][0]
    assert accepted(world) == held(world) == set()
