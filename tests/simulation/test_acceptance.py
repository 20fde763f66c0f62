"""The shipped schedule in the theory's simulator: a slice of its table of acceptance that takes seconds.

``bench/schedule.py --full`` runs every row at its stated seeds and regimes (some twenty minutes).
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.simulation import shipped
from tests.simulation.shipped import Figure, Shipped

pytestmark = pytest.mark.skipif(
    shipped.is_missing(), reason="the simulator (../shared/scheduling/sim.py) is not beside the project"
)

ONE = (1,)
SLICE: dict[str, Callable[[], Iterator[Figure]]] = {
    "rows 2, 10 and 11: a thousand targets by twenties": lambda: shipped.steady(
        "2", 1000, 20, {"known": 1.12, "uniform": 0.52}, ONE, regime=(4, 2, 1)
    ),
    "rows 4, 10 and 11: ten thousand targets one by one": lambda: shipped.steady(
        "4", 10_000, 1, {"known": 1.16, "uniform": 0.43}, ONE, regime=(30, 15, 50)
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
