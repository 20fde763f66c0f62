"""How the board learns of watches that changed: once, twice, late, in pages, and under a deadline."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fake_provider import FakeProvider, item, item_id
from tests.world import MINUTE, PLACES, World, below
from watchers import board, expiry, folding
from watchers.documents import SERVER_TIME, Document, Put, Query, Update
from watchers.jobs import Job, read_job

A = item_id("a")
FIRST = ("below_limit", 8500)


@pytest.fixture
def world() -> World:
    return World()


def many(world: World, number: int) -> list[str]:
    names = [f"i{one}" for one in range(number)]
    for name in names:
        world.shop.costs(name, 10000)
        world.save(below(target=item(name)), name)
    return names


def test_folding_the_same_watch_twice_counts_it_once(world: World) -> None:
    world.save(below())
    for _ in range(3):
        world.now += timedelta(seconds=1)
        world.tick()
    assert (len(world.board().rows), world.board().rows[A].watchers) == (1, 1)


def test_a_watch_saved_during_a_tick_is_seen_by_the_next_one(world: World) -> None:
    world.save(below())
    world.shop.while_asking = lambda: world.save(below("95.00"), "w2", "u2")
    world.minutes(10000)
    assert world.board().rows[A].watchers == 1
    world.minutes(10000, 9400)
    assert world.texts("w2") == [("below_limit", 9400)]


def test_a_board_that_slept_until_tombstones_were_gone_counts_its_watchers_anew(world: World) -> None:
    world.save(below())
    world.save(below(target=item("b")), "w2")
    world.minutes(10000)
    world.remove("w1")
    world.now += expiry.DELETED + timedelta(days=1)
    assert expiry.forget(world.documents, PLACES, world.now + timedelta(days=1)) >= 1
    assert world.documents.get(PLACES.job("w1")) is None
    world.minutes(8000)
    assert list(world.board().rows) == [item_id("b")]


def test_a_watch_that_comes_back_is_no_tombstone_any_more(world: World) -> None:
    world.save(below())
    world.remove("w1")
    gone_at = world.job_document().fields["expires_at"]
    assert gone_at == world.job_document().fields["deleted_at"] + expiry.DELETED
    world.save(below())
    assert world.job_document().fields["expires_at"] is None
    assert expiry.forget(world.documents, PLACES, gone_at) == 0


def test_a_watch_becoming_visible_late_is_seen(world: World) -> None:
    """A write may become visible a little after its time: what was saved by then is read again."""
    world.save(below())
    world.minutes(10000)
    saved_at = world.board().saved_at
    assert saved_at is not None
    late = {**world.job_document().fields, "updated_at": saved_at - timedelta(seconds=2)}
    world.minutes(10000)
    world.documents.commit(Put(PLACES.job("late"), late))
    world.minutes(10000, 8500)
    assert world.texts("late") == [FIRST]


def test_more_watches_than_a_page_are_all_folded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "PAGE", 3)
    names = many(world, 11)
    world.minute()
    assert set(world.board().rows) == {item_id(name) for name in names}


def test_watches_written_at_the_same_moment_are_all_folded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "PAGE", 3)
    names = many(world, 8)
    found = world.documents.find(Query(PLACES.worker_collection))
    first, *together = (Update(one.path, {"updated_at": SERVER_TIME}, one.version) for one in found)
    world.documents.commit(first)
    world.documents.commit(*together[:3])
    world.documents.commit(*together[3:5])
    world.documents.commit(*together[5:])
    world.minute()
    assert set(world.board().rows) == {item_id(name) for name in names}


def test_folding_stops_in_time_and_goes_on_where_it_stopped(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "PAGE", 3)
    names = many(world, 11)
    clock = iter(range(1_000))
    monkeypatch.setattr("watchers.folding.stopwatch", lambda: next(clock))
    rows: list[int] = []
    for _ in range(8):
        world.now += MINUTE
        run, quota = f"run-{len(rows)}", world.shop.quota
        claimed = board.claim(world.documents, "shop-0", run, quota, world.now, at_most=100)
        assert isinstance(claimed, board.Board)
        folding.fold(world.documents, PLACES, claimed, world.now, next(clock) + 2)
        board.save(world.documents, claimed, f"run-{len(rows)}")
        rows.append(len(claimed.rows))
    assert rows[0] < rows[1] < len(names)
    assert rows[-1] == len(names)


class CountedId(str):
    """A watch's id that counts how often it is compared with another."""

    __slots__ = ()
    __hash__ = str.__hash__
    compared = 0

    def __eq__(self, other: object) -> bool:
        CountedId.compared += 1
        return str(self) == other


def test_many_who_start_to_watch_one_target_are_not_compared_with_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "PAGE", 7)
    monkeypatch.setattr(CountedId, "compared", 0)
    ids = [f"w{one}" for one in range(30)]
    for watch_id in ids:
        world.save(below(), watch_id, watch_id)

    def read(document: Document) -> Job:
        job = read_job(document)
        return replace(job, watch_id=CountedId(job.watch_id))

    monkeypatch.setattr("watchers.jobs.read_job", read)
    claimed = board.claim(world.documents, "shop-0", "run", world.shop.quota, world.now, at_most=100)
    assert isinstance(claimed, board.Board)
    for _ in range(2):
        folding.fold(world.documents, PLACES, claimed, world.now, math.inf)
    assert CountedId.compared <= 5 * len(ids)
    assert sorted(claimed.rows[A].fresh) == sorted(ids)


def test_a_crash_while_folding_folds_again(world: World) -> None:
    many(world, 3)
    assert world.killed(world.tick, after=1)
    world.now += timedelta(minutes=2)
    world.tick()
    assert len(world.board().rows) == 3


def test_watches_of_another_provider_stay_off_the_board(world: World) -> None:
    world.save(below())
    other = FakeProvider()
    other.name = "fair"
    shop, world.shop = world.shop, other
    world.save(below(target={"provider": "fair", "item": "a"}), "w2")
    world.shop = shop
    world.minutes(10000)
    assert list(world.board().rows) == [A]


def test_a_watch_without_a_readable_time_harms_nobody(world: World) -> None:
    world.save(below())
    world.documents.commit(Put(PLACES.job("odd"), {"updated_at": "yesterday", "targets": [A]}))
    world.documents.commit(Put(PLACES.job("odder"), {"updated_at": world.now, "targets": A}))
    world.minutes(10000, 8500)
    assert world.texts("w1") == [FIRST]


def test_a_board_rebuilt_from_many_watches_costs_one_count_a_target(world: World) -> None:
    for person in range(20):
        world.save(below(), f"w{person}", f"u{person}")
    world.shop.costs("a", 10000)
    assert world.tick().operations["reads"] == 2 + 1 + 20 + 1 + 20  # board, its time, jobs, one count, jobs
