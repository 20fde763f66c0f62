"""Spreading targets over another number of boards: killed at every write, with ticks before and after it.

Whatever happens, every watch stays watched, nobody is told twice or not at all, and no call is made that the
quota does not hold.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.fake_provider import PLENTY, FakeProvider, item, item_id
from tests.fakes import FaultyDocuments
from tests.world import MINUTE, PLACES, World, below
from watchers import board as boards
from watchers import encoding, homes, resharding
from watchers.board import Board, path, to_document
from watchers.clocks import Moment
from watchers.documents import Delete, Documents, Put, Query, Update
from watchers.errors import DocumentTooLargeError, StoreUnavailableError
from watchers.history import milliseconds
from watchers.quota import Ledger, Quota
from watchers.resharding import HELD_FOR, NotNowError, Resharded, deal, rebuild, reshard
from watchers.rows import Row
from watchers.schedule import Pace, Pool
from watchers.shards import shard_of
from watchers.target import Target
from watchers.worker import Round, work

ITEMS = [f"i{number}" for number in range(9)]
TOLD = ITEMS[:3]  # their people have been told of 85.00
NOW = World().now
LAPSED = HELD_FOR + MINUTE
STEPS = [(1, 2), (2, 3), (3, 1)]

Act = Callable[[Documents], object]


def run(world: World, documents: Documents | None = None, later: timedelta = MINUTE) -> Round:
    """One run of the worker, which ticks every board."""
    world.now += later
    world.runs += 1
    shops, key = {world.shop.name: world.shop}, f"run-{world.runs}"
    done = work(
        documents or world.documents, PLACES, shops, lambda _: Counter(),
        run=key, now=world.now, every=MINUTE, seconds=30, runs_every=later,
    )  # fmt: skip
    assert not done.failed
    return done


def spread(world: World, n: int, documents: Documents | None = None, quota: Quota | None = None) -> Resharded:
    world.runs += 1
    holder = f"reshard-{world.runs}"
    return reshard(
        documents or world.documents, "shop", n,
        quota=quota or world.shop.quota, holder=holder, now=world.now, sleep=_never,
    )  # fmt: skip


def _never(_seconds: float) -> None:
    raise AssertionError("nobody holds a board")


def a_world(quota: Quota = PLENTY) -> World:
    """Nine items on one board, all seen at 100.00, three of them told of at 85.00."""
    world = World(provider=FakeProvider(quota))
    for name in ITEMS:
        world.shop.costs(name, 100_00)
        world.save(below(target=item(name)), name)
    run(world)
    for name in TOLD:
        world.shop.costs(name, 85_00)
    run(world)
    run(world)
    return world


def named(world: World) -> list[Board]:
    return list(homes.every(world.documents, "shop"))


def assert_in_place(world: World, n: int) -> None:
    """Every target lies on its own board alone, and nothing else stands there."""
    found = named(world)
    assert [(board.shard, board.shards) for board in found] == [(shard, n) for shard in range(n)]
    for board in found:
        mine = {item_id(name) for name in ITEMS if shard_of(item_id(name), n) == board.shard}
        assert set(board.rows) == mine
    assert len(world.documents.find(Query("boards"))) == n


def assert_tells_each_once(world: World) -> None:
    """A fall to 80.00 is told of once to everybody, 85.00 to those who saw it, and nothing else."""
    for name in ITEMS:
        world.shop.costs(name, 80_00)
    for _ in range(3):
        run(world)
    for name in ITEMS:
        first = (
            [("below_limit", 85_00), ("further_drop", 80_00)] if name in TOLD else [("below_limit", 80_00)]
        )
        assert world.texts(name) == first, name


# ── nothing goes wrong ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("before", "after"), [*STEPS, (1, 8), (8, 1), (3, 5), (2, 2)])
def test_every_target_goes_to_its_own_board_with_all_that_is_known_of_it(before: int, after: int) -> None:
    world = a_world()
    spread(world, before)
    run(world)
    rows = {one: row for board in named(world) for one, row in board.rows.items()}
    assert spread(world, after) == Resharded(before, after, len(ITEMS))
    assert_in_place(world, after)
    now = {one: row for board in named(world) for one, row in board.rows.items()}
    assert {one: row.history for one, row in now.items()} == {one: row.history for one, row in rows.items()}
    assert not any(one.fields["lease"] for one in world.documents.find(Query("boards")))
    assert_tells_each_once(world)


def test_it_may_be_done_again() -> None:
    world = a_world()
    spread(world, 4)
    assert spread(world, 4) == Resharded(4, 4, len(ITEMS))
    assert_in_place(world, 4)


def test_a_watch_saved_before_or_after_is_watched() -> None:
    world = a_world()
    world.save(below(target=item("before")), "before")
    spread(world, 4)
    world.save(below(target=item("after")), "after")
    for name in ("before", "after"):
        world.shop.costs(name, 80_00)
    run(world)
    assert world.texts("before") == world.texts("after") == [("below_limit", 80_00)]


def test_other_providers_never_notice() -> None:
    world = a_world()
    elsewhere = {"blob": b"", "runs": ["r1"], "first": True}
    world.documents.commit(Put("boards/fair-0", elsewhere))
    spread(world, 4)
    spread(world, 1)
    fair = world.documents.get("boards/fair-0")
    assert fair is not None
    assert fair.fields == elsewhere


def test_a_provider_that_nobody_watches_has_nothing_to_spread() -> None:
    world = World()
    with pytest.raises(NotNowError, match="shop has no board yet"):
        spread(world, 4)
    assert not world.documents.find(Query("boards"))


# ── it is killed ─────────────────────────────────────────────────────────────────────────────────────────


def killed_everywhere(
    act: Callable[[World, Documents], object], check: Callable[[World], object], n: int
) -> int:
    """Kill ``act`` before and after each commit, each in a world of its own; how many commits these are."""
    number = 0
    while number := number + 1:
        outcomes = []
        for when in ("before", "after"):
            world = a_world()
            spread(world, n)
            run(world)
            outcomes.append(world.killed(partial(act, world), **{when: number}))
            check(world)
        if not any(outcomes):
            return number - 1
    raise AssertionError


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_killed_at_any_write_and_run_again(before: int, after: int) -> None:
    def again(world: World) -> None:
        world.now += LAPSED
        spread(world, after)
        assert_in_place(world, after)
        assert_tells_each_once(world)

    commits = killed_everywhere(lambda world, store: spread(world, after, store), again, before)
    assert commits >= before + 2


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_killed_at_any_write_and_left_to_the_ticks(before: int, after: int) -> None:
    def ticked(world: World) -> None:
        run(world)  # what is held is not ticked now
        run(world, later=LAPSED)
        found = {one for board in named(world) for one in board.rows}
        assert found == {item_id(name) for name in ITEMS}
        assert len(named(world)) in (before, after)
        assert_tells_each_once(world)

    killed_everywhere(lambda world, store: spread(world, after, store), ticked, before)


@pytest.mark.parametrize(("before", "after"), STEPS)
def test_killed_at_any_write_ticked_and_then_run_again(before: int, after: int) -> None:
    def both(world: World) -> None:
        run(world, later=LAPSED)
        world.now += LAPSED
        spread(world, after)
        assert_in_place(world, after)
        assert_tells_each_once(world)

    killed_everywhere(lambda world, store: spread(world, after, store), both, before)


@pytest.mark.parametrize(("before", "after"), STEPS)
@pytest.mark.parametrize("is_run_again", [True, False])
def test_boards_too_large_for_one_commit_lose_no_watch_wherever_it_is_killed(
    before: int, after: int, is_run_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(world: World) -> None:
        world.now += LAPSED
        if is_run_again:
            spread(world, after)
        for _ in range(2):
            run(world)
        if is_run_again:
            assert_in_place(world, after)
        assert {one for board in named(world) for one in board.rows} == {item_id(name) for name in ITEMS}
        assert_tells_each_once(world)

    monkeypatch.setattr(resharding, "_BYTES", 1)
    commits = killed_everywhere(lambda world, store: spread(world, after, store), check, before)
    assert commits >= before + max(before, after)


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_quota_holds_wherever_it_is_killed(when: str) -> None:
    """Thirty calls in a window that outlasts everything: whoever makes them, there are no more."""
    for number in range(1, 8):
        world = World(provider=FakeProvider(Quota(30, timedelta(days=2), 1000), batch=1))
        for name in ITEMS:
            world.save(below(target=item(name)), name)
        for n, after in STEPS:
            run(world, later=timedelta(hours=5))
            spread(world, n)
            run(world, later=timedelta(hours=1))
            world.killed(partial(spread, world, after), **{when: number})
            run(world, later=timedelta(hours=5))
            spread(world, after)
        assert 8 <= world.shop.calls <= 30


@pytest.mark.parametrize("is_run_again", [True, False])
@pytest.mark.parametrize("spent", [(9, 9, 9, 9), (9, 0, 9, 9), (0, 9, 9, 0), (18, 18), (0, 18)])
def test_the_quota_holds_where_boards_too_large_for_one_commit_are_killed_between_two(
    spent: tuple[int, ...], is_run_again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls made before, and all that are made in the rest of the window by the boards that stand then."""
    monkeypatch.setattr(resharding, "_BYTES", 1)
    after, ends = 6 - len(spent), count(1)
    while True:
        world = a_world_that_spent(spent)
        quota = world.shop.quota.without_people()
        killed = world.killed(partial(spread, world, after, quota=quota), after=next(ends))
        for number in range(15):
            run(world, later=timedelta(hours=3))
            if is_run_again and number == 1:
                spread(world, after, quota=quota)
        assert sum(spent) + world.shop.calls <= quota.calls
        if not killed:
            break
    assert sum(spent) == quota.calls or world.shop.calls > 0


def a_world_that_spent(calls: Sequence[int]) -> World:
    """So many calls by each board of a shop that may be asked forty times in two days, four for people."""
    world = World(provider=FakeProvider(Quota(40, timedelta(days=2), 1000), batch=1))
    for name in ITEMS:
        world.save(below(target=item(name)), name)
    at = int(world.now.timestamp() * 1000)
    for shard, made in enumerate(calls):
        share = world.shop.quota.without_people().share(shard, len(calls))
        ledger = Ledger().advanced(share, Moment(world.now)).with_calls(made, at)
        board = Board(f"shop-{shard}", ledger=ledger, shard=shard, shards=len(calls))
        world.documents.commit(Put(path(board.name), to_document(board)))
    world.now += MINUTE
    return world


def test_calls_that_a_tick_may_have_made_before_it_died_stay_counted() -> None:
    world = a_world()
    before = sum(board.ledger.spent for board in named(world))
    died = boards.claim(world.documents, "shop-0", "r-dead", PLENTY, world.now, at_most=7, seconds=10)
    assert isinstance(died, Board)
    world.now += LAPSED
    spread(world, 2)
    assert sum(board.ledger.spent for board in named(world)) >= before + 7


# ── somebody is in the way ───────────────────────────────────────────────────────────────────────────────


def hold(world: World, name: str) -> Board:
    found = boards.claim(world.documents, name, "r-other", PLENTY, world.now, at_most=0)
    assert isinstance(found, Board)
    return found


@pytest.mark.parametrize("name", ["shop-0", "shop-1"])
def test_a_tick_that_is_under_way_is_waited_for(name: str) -> None:
    world = a_world()
    spread(world, 2)
    ticking = [hold(world, name)]

    def end(_seconds: float) -> None:
        boards.save(world.documents, ticking.pop(), "r-other")

    reshard(world.documents, "shop", 4, quota=PLENTY, holder="h", now=world.now, sleep=end)
    assert_in_place(world, 4)


@pytest.mark.parametrize("name", ["shop-0", "shop-1"])
def test_a_tick_that_does_not_end_is_named_and_everything_is_given_back(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = a_world()
    spread(world, 2)
    hold(world, name)
    monkeypatch.setattr(resharding, "PATIENCE", timedelta())
    with pytest.raises(NotNowError, match=f"{name} is held by r-other until 2100-01-01 12:"):
        spread(world, 4)
    held = [one.id for one in world.documents.find(Query("boards")) if one.fields["lease"]]
    assert held == [name]


@pytest.mark.parametrize("name", ["shop-0", "shop-1"])
def test_a_board_that_moved_all_the_same_is_left_as_it_is(name: str) -> None:
    """Somebody wrote to it though it was held: its lease had run out meanwhile."""
    world = a_world()
    spread(world, 2)
    busy = FaultyDocuments(world.documents)

    def move(writes: object) -> None:
        if "Update(path='boards/shop-0'" in str(writes) and "'blob'" in str(writes):
            stored = world.documents.get(path(name))
            assert stored
            world.documents.commit(Update(stored.path, {"runs": ["moved"]}, stored.version))

    busy.before_commit = move
    with pytest.raises(NotNowError, match="moved meanwhile; run it again"):
        spread(world, 4, busy)
    assert [board.shards for board in named(world)] == [2, 2]
    assert {one for board in named(world) for one in board.rows} == {item_id(name) for name in ITEMS}
    world.now += LAPSED
    spread(world, 4)
    assert_in_place(world, 4)


def test_a_database_that_goes_away_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_world()
    busy = FaultyDocuments(world.documents)
    monkeypatch.setattr(resharding, "_delete_from", lambda *_: setattr(busy, "down", True))
    with pytest.raises(StoreUnavailableError):
        spread(world, 2, busy)
    world.now += LAPSED
    assert_in_place(world, 2)


def test_targets_that_do_not_fit_on_so_few_boards_stay_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = a_world()
    spread(world, 4)
    monkeypatch.setattr(encoding, "encode", lambda rows: b"x" * (len(rows) * 150_000))
    with pytest.raises(DocumentTooLargeError, match="do not fit on 1 boards; try 2"):
        spread(world, 1)
    monkeypatch.undo()
    assert_in_place(world, 4)


# ── what is dealt ────────────────────────────────────────────────────────────────────────────────────────


def a_row(name: str, seen_v: float, due_v: float) -> Row:
    world = World()
    return Row(Target(provider="shop", item=name), since=world.now, pace=Pace(1.0, 2.0, seen_v, due_v))


@pytest.mark.parametrize("n", [1, 3])
def test_a_row_keeps_its_distance_to_the_odometer(n: int) -> None:
    held = [
        Board("shop-0", rows={item_id("a"): a_row("a", 90.0, 130.0)}, pool=Pool(v=100.0), shards=2),
        Board("shop-1", rows={item_id("b"): a_row("b", 5.0, 6.5)}, pool=Pool(v=6.0), shard=1, shards=2),
    ]
    dealt = deal(held, "shop", n, PLENTY, NOW)
    found = {one: (row.pace, board.pool.v) for board in dealt for one, row in board.rows.items()}
    distances = {one: (pace.seen_v - v, pace.due_v - v) for one, (pace, v) in found.items()}
    assert distances == {item_id("a"): (-10.0, 30.0), item_id("b"): (-1.0, 0.5)}
    assert all(pace.seen_v >= 0 for pace, _ in found.values())


POOLS = st.builds(
    Pool,
    v=st.floats(0, 1000),
    changes=st.floats(0, 1000),
    exposure=st.floats(0, 1000),
    hours=st.sampled_from([[], [(1.0, 2.0)] * 24, [(0.5, 0.25)] * 24]),
)


@given(st.lists(POOLS, min_size=1, max_size=4), st.integers(1, 5), st.integers(0, 30))
def test_what_was_learned_of_all_targets_is_shared_out(pools: list[Pool], n: int, targets: int) -> None:
    rows = {item_id(f"i{one}"): a_row(f"i{one}", 0, 1) for one in range(targets)}
    held = [Board(f"shop-{k}", pool=pool, shard=k, shards=len(pools)) for k, pool in enumerate(pools)]
    held[0].rows = rows
    dealt = deal(held, "shop", n, PLENTY, NOW)
    assert sum(board.pool.changes for board in dealt) == pytest.approx(sum(one.changes for one in pools))
    assert sum(board.pool.exposure for board in dealt) == pytest.approx(sum(one.exposure for one in pools))
    hours = [sum(pair[1] for pair in board.pool.hours) for board in dealt]
    assert sum(hours) == pytest.approx(sum(pair[1] for pool in pools for pair in pool.hours))
    assert all(0 <= len(board.pool.hours) <= 24 for board in dealt)


def test_of_two_rows_of_one_target_the_one_that_was_asked_last_stays() -> None:
    old, new = a_row("a", 1.0, 2.0), a_row("a", 3.0, 4.0)
    new.asked_ms = milliseconds(new.since + MINUTE)
    for pair in ([old, new], [new, old]):
        held = [Board(f"shop-{k}", rows={item_id("a"): row}, shard=k, shards=2) for k, row in enumerate(pair)]
        (board,) = deal(held, "shop", 1, PLENTY, NOW)
        assert board.rows[item_id("a")].asked_at == new.asked_at


def test_jobs_are_folded_in_from_where_the_last_board_stands_and_outages_are_remembered() -> None:
    now = World().now
    held = [
        Board("shop-0", cursor=now, runs=("r1", "r2"), down_since=now),
        Board("shop-1", cursor=now - MINUTE, runs=("r2", "r3"), shard=1),
    ]
    for board in deal(held, "shop", 3, PLENTY, NOW):
        assert (board.cursor, board.down_since) == (now - MINUTE, now)
        assert board.runs == ("r1", "r2", "r3")
    (alone,) = deal([replace(held[0], cursor=None), held[1]], "shop", 1, PLENTY, NOW)
    assert alone.cursor is None


# ── emptying a board ─────────────────────────────────────────────────────────────────────────────────────


def test_an_emptied_board_tells_nobody_again_and_a_fall_meanwhile_once() -> None:
    world = a_world()
    spread(world, 2)
    before = named(world)
    fallen = next(name for name in ITEMS if name not in TOLD and shard_of(item_id(name), 2) == 1)
    world.shop.costs(fallen, 80_00)
    assert rebuild(world.documents, "shop-1", holder="h", now=world.now, sleep=_never) == len(before[1].rows)
    emptied = named(world)[1]
    assert (emptied.rows, emptied.cursor) == ({}, None)
    assert (emptied.ledger.spent, emptied.runs, emptied.pool) == (
        before[1].ledger.spent,
        before[1].runs,
        before[1].pool,
    )
    for _ in range(3):
        run(world)
    assert_in_place(world, 2)
    assert world.texts(fallen) == [("below_limit", 80_00)]
    assert {name: world.texts(name) for name in TOLD} == {name: [("below_limit", 85_00)] for name in TOLD}
    assert_tells_each_once_but(world, fallen)


def assert_tells_each_once_but(world: World, fallen: str) -> None:
    world.texts(fallen)
    assert_tells_each_once(world)


def test_after_emptying_a_search_is_first_looked_at_in_silence() -> None:
    world = World()
    target = {"provider": "shop", "search": {"keyword": "Lakers"}}
    world.shop.listings["Lakers"] = ["a"]
    world.save(below(target=target, conditions=[{"kind": "new_listing"}]))
    run(world)
    world.shop.listings["Lakers"] = ["a", "b"]
    rebuild(world.documents, "shop-0", holder="h", now=world.now, sleep=_never)
    run(world)
    assert world.texts() == []
    world.shop.listings["Lakers"] = ["a", "b", "c"]
    run(world)
    assert [reason for reason, _ in world.texts()] == ["new_listing"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("number", [1, 2])
def test_emptying_may_be_killed_at_any_write(when: str, number: int) -> None:
    world = a_world()

    def empty(store: Documents) -> int:
        return rebuild(store, "shop-0", holder="h", now=world.now, sleep=_never)

    assert world.killed(empty, **{when: number})
    run(world, later=LAPSED)
    assert_in_place(world, 1)
    assert_tells_each_once(world)


def test_a_board_that_is_not_there_cannot_be_emptied() -> None:
    world = a_world()
    with pytest.raises(NotNowError, match="there is no board shop-1"):
        rebuild(world.documents, "shop-1", holder="h", now=world.now, sleep=_never)
    world.documents.commit(Delete(path("shop-0")))
    run(world)
    assert_in_place(world, 1)


def test_a_board_that_moved_while_it_was_emptied_is_left_as_it_is() -> None:
    world = a_world()
    busy = FaultyDocuments(world.documents)

    def move(writes: object) -> None:
        if "'blob'" in str(writes):
            stored = world.documents.get(path("shop-0"))
            assert stored
            world.documents.commit(Update(stored.path, {"runs": ["moved"]}, stored.version))

    busy.before_commit = move
    with pytest.raises(NotNowError, match="moved meanwhile"):
        rebuild(busy, "shop-0", holder="h", now=world.now, sleep=_never)
    assert len(named(world)[0].rows) == len(ITEMS)
