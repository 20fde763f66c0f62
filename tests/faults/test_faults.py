"""A slice of the fault suite, the same seeds each time; ``bench/faults.py`` plays as many as you like.

What must hold in each run is asked in ``invariants.py``.
"""

from collections.abc import Iterator

import pytest

from tests.faults.nursery import Nursery
from tests.faults.play import play
from tests.faults.scenario import Scenario, drawn
from tests.faults.series import CALM, every_line, given_up, hiccups, lines_in_all, race

SETTLES = 3  # the commit with which a sweep of the calm scenario begins to settle


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as forking:
        yield forking


@pytest.fixture(scope="module")
def usual_looks(nursery: Nursery) -> int:
    """How often Twilio's list is looked at when nothing goes wrong: the reconciliation does."""
    return play(CALM, nursery).looks


@pytest.mark.parametrize("seed", range(1, 21))
def test_no_alert_is_lost_and_no_text_doubled(nursery: Nursery, seed: int) -> None:
    assert play(drawn(seed), nursery).violations == []


@pytest.mark.emulator
@pytest.mark.parametrize("seed", range(101, 109))
def test_no_alert_is_lost_and_no_text_doubled_in_firestore(
    nursery: Nursery, emulator: str, seed: int
) -> None:
    assert play(drawn(seed), nursery, emulator).violations == []


def test_a_worker_may_die_at_any_line(nursery: Nursery) -> None:
    lines = lines_in_all(nursery)
    played = [play(every_line(line), nursery) for line in range(1, lines, lines // 16)]

    assert [one.story for one in played if one.violations] == []
    assert sum(one.counts["processes killed"] for one in played) > 12  # threads race: lines come and go


@pytest.mark.parametrize("_again", range(5))  # who is quicker is left to chance
def test_a_copy_whose_address_is_given_up_before_it_goes_out_is_told_on_the_page(
    nursery: Nursery, _again: int
) -> None:
    assert play(given_up(), nursery).violations == []


@pytest.mark.parametrize("number", range(3))
def test_whoever_sends_again_at_the_same_moment_sends_once(nursery: Nursery, number: int) -> None:
    played = play(race(number), nursery)

    assert played.violations == []
    assert played.counts["texts accepted"] == 4


@pytest.mark.parametrize("scenario", hiccups(), ids=lambda one: str(one.rounds[0].workers[0].hiccup))
def test_a_database_that_fails_once_costs_no_second_letter_and_no_look_in_the_list(
    nursery: Nursery, usual_looks: int, scenario: Scenario
) -> None:
    hiccup = scenario.rounds[0].workers[0].hiccup
    assert hiccup

    played = play(scenario, nursery)

    assert played.violations == []
    assert set(played.letters.values()) == {1}
    if hiccup[0] >= SETTLES:
        assert played.looks == usual_looks
