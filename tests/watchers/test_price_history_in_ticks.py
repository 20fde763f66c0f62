"""Price history from edge to edge: what ticks move off the board, and what a tick that dies leaves behind."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fake_provider import FACE
from tests.world import AFTER_THE_LEASE, MINUTE, World, below
from watchers import price_history
from watchers.documents import Query
from watchers.errors import StoreUnavailableError
from watchers.price_history import WAITING, collection, read, read_target

KEEP = timedelta(days=730)
EVER = datetime(2000, 1, 1, tzinfo=UTC)
RIPENING = [100_00 + 100 * number for number in range(WAITING)]  # one more, and the row is ripe


def a_world() -> World:
    world = World()
    world.save(below("1.00"))
    return world


def ticks(world: World, *prices: int, **also: Any) -> list[dict[str, Any]]:
    reports = []
    for price in prices:
        world.shop.costs("a", price)
        reports.append(world.minute(keep=KEEP, **also).to_json())
    return reports


def shown(world: World) -> list[int]:
    (row,) = world.board().rows.values()
    return [step.price for step in read(world.documents, row, EVER).steps[FACE]]


def test_a_tick_moves_what_is_ripe_and_loses_nothing() -> None:
    world, prices = a_world(), [100_00 + 100 * number for number in range(40)]
    reports = ticks(world, *prices)
    assert shown(world) == prices
    assert [number for number, report in enumerate(reports) if report["archived"]] == [
        *range(WAITING, 40, WAITING)
    ]
    assert reports[WAITING * 4]["operations"]["reads"] == reports[WAITING * 4 + 1]["operations"]["reads"] + 1
    assert (
        reports[WAITING * 4]["operations"]["writes"] == reports[WAITING * 4 + 1]["operations"]["writes"] + 1
    )


def test_a_dry_run_moves_nothing() -> None:
    world = a_world()
    ticks(world, *RIPENING)
    (report,) = ticks(world, 50_00, dry_run=True)
    assert report["archived"] == 0
    assert world.documents.find(Query(collection(next(iter(world.board().rows))))) == []


def test_a_tick_whose_history_fails_is_saved_and_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = a_world()
    ticks(world, *RIPENING)

    def unavailable(*_: object, **_also: object) -> None:
        raise StoreUnavailableError("not now")

    with monkeypatch.context() as failing:
        failing.setattr(price_history, "append", unavailable)
        (report,) = ticks(world, 50_00)
    assert report["failures"] == {"history_unavailable": 1}
    ticks(world, 51_00)
    assert shown(world) == [*RIPENING, 50_00, 51_00]


@pytest.mark.parametrize("after", [False, True])
def test_a_tick_killed_at_any_commit_repeats_harmlessly(*, after: bool) -> None:
    world, prices, killed = a_world(), list[int](), 0
    for number in range(30):
        price = 100_00 + 100 * number
        world.shop.costs("a", price)
        world.now += MINUTE * 3
        at = {"after" if after else "before": 1 + number % 3}
        killed += world.killed(lambda documents: world.tick(documents, keep=KEEP), **at)
        world.now += MINUTE * 3
        world.tick(keep=KEEP)
        prices.append(price)
    assert killed > 10
    assert shown(world) == prices


def test_a_tick_that_was_overtaken_does_not_harm_the_history() -> None:
    """Its lease ran out while it asked; another tick saw another price, and saved first."""
    world = a_world()
    ticks(world, *RIPENING)

    def another() -> None:
        world.now += AFTER_THE_LEASE
        world.shop.costs("a", RIPENING[-1])
        world.tick(keep=KEEP)

    world.shop.while_asking = another
    (overtaken,) = ticks(world, 50_00)
    assert overtaken["skipped"] == "overtaken"
    ticks(world, *range(108_00, 125_00, 100))
    assert shown(world) == [*RIPENING, *range(108_00, 125_00, 100)]


def test_by_default_a_tick_keeps_no_history() -> None:
    world = a_world()
    for price in range(100_00, 120_00, 100):
        world.shop.costs("a", price)
        world.minute()
    assert world.documents.find(Query(collection(next(iter(world.board().rows))))) == []


def test_what_leaves_the_board_keeps_all_its_prices_also_where_the_tick_dies_or_it_comes_back() -> None:
    world = a_world()
    ticks(world, 50_00, 40_00)
    (target_id,) = world.board().rows
    world.save(below("1.00", status="ended"))
    world.now += MINUTE
    assert world.killed(lambda documents: world.tick(documents, keep=KEEP), after=2)
    world.now += AFTER_THE_LEASE
    world.tick(keep=KEEP)
    assert not world.board().rows
    assert prices_of(world, target_id) == [50_00, 40_00]
    world.save(below("2.00"))
    ticks(world, 45_00)
    assert shown(world) == [50_00, 40_00, 45_00]


def prices_of(world: World, target_id: str) -> list[int]:
    return [step.price for step in read_target(world.documents, target_id, EVER).steps[FACE]]
