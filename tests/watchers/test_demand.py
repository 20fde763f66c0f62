"""How keenly a target is watched: nearer limits and hastier kinds count for more, within bounds."""

from hypothesis import given
from hypothesis import strategies as st

from tests.builders import FACE, RESALE
from watchers.demand import AT_LEAST, AT_MOST, Demand

PRICES = {FACE: 100_00}


def wanting(*limits: int, kinds: tuple[str, ...] = ()) -> Demand:
    demand = Demand()
    for limit in limits:
        demand.add({"face_USD": limit}, kinds)
    if not limits:
        demand.add({}, kinds)
    return demand


def test_the_nearer_the_limit_the_more_a_look_is_worth() -> None:
    weights = [wanting(limit).weight(PRICES, 1) for limit in (100_00, 95_00, 80_00, 10_00)]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == 4


def test_everybody_counts() -> None:
    assert wanting(95_00, 95_00, 95_00).weight(PRICES, 3) == 3 * wanting(95_00).weight(PRICES, 1)


def test_what_lives_on_minutes_counts_more_than_a_price_a_step_away() -> None:
    for kind in ("new_listing", "back_in_stock"):
        assert wanting(kinds=(kind,)).weight(PRICES, 1) > 2 * wanting(95_00).weight(PRICES, 1)
    assert wanting(kinds=("historic_low:30",)).weight(PRICES, 1) < 1


def test_who_was_asked_is_counted_by_what_they_say_next() -> None:
    demand = wanting(95_00, 90_00, 60_00)
    demand.asked_at(FACE, 89_00)
    assert demand == wanting(60_00)
    demand.asked_at(FACE, 50_00)
    assert demand == Demand()
    demand = wanting(95_00, kinds=("status",))
    demand.asked_about("status")
    demand.asked_about("new_listing")
    assert demand == wanting(95_00)


def test_a_kind_of_price_that_is_not_known_counts_half() -> None:
    demand = Demand()
    demand.add({"resale_USD": 50_00}, [])
    assert demand.weight(PRICES, 1) == 0.5
    assert RESALE not in PRICES


kinds = st.lists(st.sampled_from(["new_listing", "back_in_stock", "status", "historic_low:30"]), max_size=4)
wishes = st.lists(
    st.tuples(st.dictionaries(st.sampled_from(["face_USD", "resale_EUR"]), st.integers(0, 2**53)), kinds),
    max_size=20,
)


@given(wishes, st.integers(0, 1000), st.dictionaries(st.sampled_from([FACE, RESALE]), st.integers(0, 2**53)))
def test_a_watch_counted_twice_or_not_at_all_moves_the_weight_only_within_bounds(
    every: list[tuple[dict[str, int], list[str]]], watchers: int, prices: dict[object, int]
) -> None:
    demand = Demand()
    for limits, waits_for in every:
        demand.add(limits, waits_for)
    weight = demand.weight({key: price for key, price in prices.items() if key in (FACE, RESALE)}, watchers)
    assert AT_LEAST * watchers <= weight <= AT_MOST * watchers
