"""The shipped schedule in the theory's simulator: a slice of its table of acceptance that takes seconds.

``bench/schedule.py --full`` runs every row at its stated seeds and regimes (some twenty minutes).
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial

import numpy as np
import pytest

from tests.simulation import shipped
from tests.simulation.chosen import Choosing
from tests.simulation.shipped import Figure, Regime, Shipped
from watchers.board import Board
from watchers.rows import Row

pytestmark = pytest.mark.skipif(
    shipped.is_missing(), reason="the simulator (../shared/scheduling/sim.py) is not beside the project"
)

ONE = (1,)
ROW_2 = {"known": 1.12, "uniform": 0.52}
ROW_4 = {"known": 1.16, "uniform": 0.43}


def one_by_one(
    targets: int, regime: Regime, calls_a_day: float, board: type[Board] = Board
) -> Iterator[Figure]:
    """Row 4 with fewer targets and as many fewer calls: asking each once takes two days, as there."""
    policy = partial(Choosing, batch=1, first_looks=False, board=board)
    return shipped.steady("4", targets, 1, ROW_4, ONE, regime, policy=policy, calls_a_day=calls_a_day)


SLICE: dict[str, Callable[[], Iterator[Figure]]] = {
    "rows 2, 10 and 11: a thousand targets by twenties": lambda: shipped.steady(
        "2", 1000, 20, ROW_2, ONE, regime=(4, 2, 1)
    ),
    "rows 2, 10 and 11: a thousand targets by twenties, as a tick chooses": lambda: shipped.steady(
        "2", 1000, 20, ROW_2, ONE, regime=(2.5, 1.5, 12), policy=partial(Choosing, batch=20)
    ),
    "rows 4, 10 and 11: ten thousand targets one by one": lambda: shipped.steady(
        "4", 10_000, 1, ROW_4, ONE, regime=(30, 15, 50)
    ),
    "rows 4, 10 and 11: a thousand targets one by one, as a tick chooses": lambda: one_by_one(
        1000, (30, 15, 200), calls_a_day=500
    ),
    "row 5: from knowing nothing": lambda: shipped.cold_start(ONE, 1000, until=2),
    "row 8: bursts": lambda: shipped.hard_worlds(ONE, 1000, (3, 2, 5), ["bursts of 3"]),
    "row 13: the same order": lambda: shipped.same_order(ONE, 500, 0.5),
}


@pytest.mark.parametrize("figures", SLICE.values(), ids=SLICE)
def test_the_shipped_schedule_keeps_the_limits(figures: Callable[[], Iterator[Figure]]) -> None:
    found = list(figures())
    assert found
    assert [str(figure) for figure in found if not figure.is_ok] == []


def test_the_limits_can_be_missed() -> None:
    """A schedule that never learns who matters is found out."""
    sim = shipped.load("sim")
    world = sim.World(1000, 2, 1)
    ours = Shipped(world, 100_000)
    for target in ours.targets:
        target.weight = 1.0
    got, known = (
        sim.simulate(world, policy, 20, 5, 1)["mean_h"] for policy in (ours, sim.Virtual(world, 100_000))
    )
    assert not np.isnan(got)
    assert got / known > 1.3


class _Indifferent(Board):
    """Holds every target for as urgent as every other."""

    def urgency(self, row: Row, now: datetime) -> float:  # noqa: ARG002 - a board's own
        return 1.0


def test_a_tick_that_is_told_equal_urgencies_misses_the_limits() -> None:
    def missed(board: type[Board]) -> list[str]:
        figures = one_by_one(200, (20, 10, 200), calls_a_day=100, board=board)
        return [figure.what for figure in figures if not figure.is_ok]

    assert missed(Board) == []
    assert missed(_Indifferent) == ["mean / known", "mean / uniform"]


def test_a_look_that_is_not_answered_comes_again_before_a_whole_wait() -> None:
    """If one of ten is lost: 1.14 times the delay when it comes after half a wait, 1.22 after a whole one."""
    sim = shipped.load("sim")
    world = sim.World(200, 6, 1)
    lossless, lossy = (
        sim.simulate(world, Choosing(world, 5000, 20, first_looks=False, unseen=unseen), 20, 20, 3)["mean_h"]
        for unseen in (0.0, 0.1)
    )
    assert 1 < lossy / lossless < 1.2
