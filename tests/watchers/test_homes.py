"""How many boards a provider has: found with one query, believed only as far as the boards agree."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.fake_provider import PLENTY, item_id
from tests.fakes import FaultyDocuments
from tests.world import DatedDocuments, World
from watchers import board as boards
from watchers import homes
from watchers.board import Board, Refused, path, to_document
from watchers.documents import Delete, Documents, Put, Update
from watchers.errors import ConflictError
from watchers.homes import Peek, adopt, claim, find, place, settle
from watchers.rows import Row
from watchers.shards import board_of, shard_of
from watchers.target import Target

ITEMS = [f"i{number}" for number in range(24)]


@pytest.fixture
def world() -> World:
    return World(DatedDocuments())


@pytest.fixture
def documents(world: World) -> Documents:
    return world.documents


def stand(world: World, n: int, provider: str = "shop") -> None:
    """``n`` boards with all items on them."""
    targets = [Target(provider=provider, item=name) for name in ITEMS]
    for shard in range(n):
        rows = {one.id: Row(one, since=world.now) for one in targets if shard_of(one.id, n) == shard}
        board = Board(f"{provider}-{shard}", rows=rows, cursor=world.now, shard=shard, shards=n)
        world.documents.commit(Put(path(board.name), to_document(board)))


def of_an_older_release(world: World, *names: str) -> None:
    for name in names:
        fields = to_document(Board(name))
        del fields["first"], fields["shards"]
        world.documents.commit(Put(path(name), fields))


# ── finding them ─────────────────────────────────────────────────────────────────────────────────────────


def test_homes_cost_one_read_a_provider_however_many_boards_it_has(world: World) -> None:
    stand(world, 8)
    stand(world, 2, "fair")
    reads = world.documents.operations["reads"]
    assert {name: document.id for name, document in find(world.documents).items()} == {
        "fair": "fair-0",
        "shop": "shop-0",
    }
    assert world.documents.operations["reads"] == reads + 2


def test_boards_of_an_older_release_are_all_told_at_once_that_they_are_homes(world: World) -> None:
    of_an_older_release(world, "shop-0", "fair-0")
    assert find(world.documents) == {}
    assert set(adopt(world.documents)) == {"shop", "fair"}
    assert set(find(world.documents)) == {"shop", "fair"}


def test_where_there_is_no_board_none_is_adopted(documents: Documents) -> None:
    assert adopt(documents) == {}


def test_homes_that_are_being_saved_are_adopted_all_the_same(world: World) -> None:
    of_an_older_release(world, "shop-0", "fair-0")
    busy = FaultyDocuments(world.documents)
    saves = iter([True, True, False])

    def save(_writes: object) -> None:
        stored = world.documents.get(path("fair-0"))
        if stored and next(saves, False):
            world.documents.commit(Update(stored.path, {"runs": [stored.version]}, stored.version))

    busy.before_commit = save
    assert set(adopt(busy)) == {"shop", "fair"}


def test_homes_that_never_rest_are_left_for_the_next_run(world: World) -> None:
    of_an_older_release(world, "shop-0", "fair-0")
    busy = FaultyDocuments(world.documents)

    def save(_writes: object) -> None:
        stored = world.documents.get(path("fair-0"))
        assert stored
        world.documents.commit(Update(stored.path, {"runs": [stored.version]}, stored.version))

    busy.before_commit = save
    with pytest.raises(ConflictError):
        adopt(busy)
    assert find(world.documents) == {}, "all of them or none"


# ── a board's place ──────────────────────────────────────────────────────────────────────────────────────


def test_a_board_that_says_what_was_told_is_all_that_is_read(world: World) -> None:
    stand(world, 4)
    reads = world.documents.operations["reads"]
    assert place(world.documents, "shop-3", 4).shards == 4
    assert world.documents.operations["reads"] == reads + 1


@pytest.mark.parametrize("told", [None, 1, 2, 8])
def test_where_board_and_caller_differ_the_home_decides(world: World, told: int | None) -> None:
    stand(world, 4)
    assert place(world.documents, "shop-3", told).shards == 4
    assert place(world.documents, "shop-0", told).shards == 4


@pytest.mark.parametrize(("name", "told"), [("shop-4", 8), ("shop-7", None), ("fair-1", 2)])
def test_a_board_that_no_home_names_is_not_ticked_and_not_made(world: World, name: str, told: int) -> None:
    stand(world, 4)
    where = place(world.documents, name, told)
    assert claim(world.documents, where, "r1", PLENTY, world.now, at_most=1) == Refused("not_named")
    assert world.documents.get(path(name)) is None


def test_a_board_that_was_left_behind_is_not_ticked_by_a_late_message(world: World) -> None:
    stand(world, 8)
    stand(world, 2)
    fields = to_document(Board("shop-5", shard=5, shards=2))
    world.documents.commit(Put(path("shop-5"), fields))  # as step 4 of spreading over two leaves it
    assert [place(world.documents, "shop-5", told).shards for told in (8, 2, None)] == [0, 0, 0]


def test_a_board_that_is_lost_is_made_again_in_its_place(world: World) -> None:
    stand(world, 4)
    world.documents.commit(Delete(path("shop-2")))
    where = place(world.documents, "shop-2", 4)
    found = claim(world.documents, where, "r1", PLENTY, world.now, at_most=1)
    assert isinstance(found, Board)
    assert (found.shard, found.shards, found.cursor, found.rows) == (2, 4, None, {})


def test_a_board_in_a_new_place_keeps_what_is_its_own_and_folds_in_the_rest(world: World) -> None:
    stand(world, 2)
    board = boards.peek(world.documents, "shop-1")
    before = set(board.rows)
    settle(board, 4)
    assert set(board.rows) == {one for one in before if shard_of(one, 4) == 1}
    assert (board.cursor, board.shards) == (None, 4)


def test_a_board_in_its_place_keeps_everything(world: World) -> None:
    stand(world, 2)
    board = boards.peek(world.documents, "shop-1")
    settle(board, 2)
    assert board == boards.peek(world.documents, "shop-1")


def test_each_board_has_its_part_of_the_quota() -> None:
    where = homes.Place("shop-1", 4, None)
    assert where.share_of(PLENTY) == PLENTY.share(1, 4)


# ── reading without a lease ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def read(world: World) -> Callable[[], int]:
    """How many documents were read since it was last asked."""
    before = [0]

    def since() -> int:
        before.append(world.documents.operations["reads"])
        return before[-1] - before[-2]

    return since


def test_all_targets_of_a_provider_with_one_board_cost_one_read(
    world: World, read: Callable[[], int]
) -> None:
    stand(world, 1)
    read()
    peek = Peek(world.documents)
    assert len(peek.rows(map(item_id, ITEMS))) == len(ITEMS)
    assert (peek.row(item_id(ITEMS[0])) is not None, peek.row(item_id("unheard of"))) == (True, None)
    assert read() == 1


def test_only_boards_that_a_target_lies_on_are_read(world: World, read: Callable[[], int]) -> None:
    stand(world, 8)
    one = next(item_id(name) for name in ITEMS if shard_of(item_id(name), 8) == 5)
    assert Peek(world.documents).row(one)
    read()
    assert Peek(world.documents).row(one), "how many there are is remembered"
    assert read() == 1


@pytest.mark.parametrize(("before", "after"), [(1, 8), (8, 2), (8, 1), (2, 3)])
def test_what_is_remembered_is_not_believed_against_what_the_boards_say(
    world: World, before: int, after: int
) -> None:
    stand(world, before)
    assert len(Peek(world.documents).rows(map(item_id, ITEMS))) == len(ITEMS)
    for shard in range(before):
        world.documents.commit(Delete(path(f"shop-{shard}")))
    stand(world, after)
    assert len(Peek(world.documents).rows(map(item_id, ITEMS))) == len(ITEMS)


def test_what_is_remembered_is_asked_for_again_after_a_while(
    world: World, read: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand(world, 8)
    one = next(item_id(name) for name in ITEMS if board_of(item_id(name), 8) != "shop-0")
    Peek(world.documents).row(one)
    monkeypatch.setattr(homes, "_REMEMBERED_FOR", timedelta(0).total_seconds())
    read()
    Peek(world.documents).row(one)
    assert read() == 2


def test_a_provider_without_a_board_knows_nothing(documents: Documents) -> None:
    assert Peek(documents).rows(map(item_id, ITEMS)) == {}


def test_every_board_is_there_to_be_looked_at(world: World) -> None:
    stand(world, 3)
    found = list(homes.every(world.documents, "shop"))
    assert [board.name for board in found] == ["shop-0", "shop-1", "shop-2"]
    assert sum(len(board.rows) for board in found) == len(ITEMS)
