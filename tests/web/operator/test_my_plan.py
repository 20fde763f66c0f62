"""Everybody's own plan: what it holds, what is used; and the form says it before it saves."""

from collections import Counter

import pytest

from notifiers.tallies import Tally
from tests.web.kit import PLACES, Someone, World, text_of
from watchers.documents import Put


def sent(world: World, segments: int) -> None:
    now = world.now()
    world.documents.commit(Tally("ann", day=now.date(), month=f"{now:%Y-%m}", segments=segments).write())


def having(world: World, watches: int) -> None:
    for number in range(watches):
        world.put_watch(f"w{number}", target={"provider": "ticketmaster", "item": f"event{number}"})
        world.copy(f"w{number}")


@pytest.fixture
def world() -> World:
    world = World()
    world.reach("ann")
    return world


def test_what_is_used_is_said_kindly(world: World, ann: Someone) -> None:
    having(world, 3)
    sent(world, 12)
    page = ann.get("/settings/plan")
    assert "Your plan: Basic" in page
    assert "3 of 200" in page
    assert "12 of 100 segments" in page
    assert "Ask whoever runs this Ticket Scout." in page
    assert "trouble" not in page


@pytest.mark.parametrize(
    ("segments", "said"),
    [
        (79, None),
        (80, "20 segments are left. What is over comes by e-mail."),
        (99, "1 segment is left. What is over comes by e-mail."),
        (100, "This month's texts are used up."),
    ],
)
def test_nearly_full_is_said_before_it_is_full(
    world: World, ann: Someone, segments: int, said: str | None
) -> None:
    sent(world, segments)
    page = ann.get("/settings/plan")
    assert said in page if said else "trouble" not in page


def test_a_number_of_texts_that_was_granted_counts_before_the_plans(world: World, ann: Someone) -> None:
    world.reach("ann", plan="premium", texts_granted=700)
    page = ann.get("/settings/plan")
    assert "0 of 700 segments" in page
    assert "The number of texts was set for you" in page
    world.reach("ann", plan="premium")
    assert "0 of 300 segments" in ann.get("/settings/plan")


def test_it_costs_three_reads(world: World, ann: Someone) -> None:
    having(world, 5)
    before = Counter(world.documents.operations)
    ann.get("/settings/plan")
    assert Counter(world.documents.operations) - before == {"reads": 3}


def test_who_is_not_signed_in_is_told_how_to(world: World) -> None:
    assert world.app().test_client().get("/settings/plan").status_code == 401


def test_the_form_refuses_what_the_plan_does_not_hold_and_keeps_what_was_written(
    world: World, ann: Someone
) -> None:
    having(world, 200)
    answer = ann.save(name="One more")
    assert answer.status_code == 422
    assert "Your plan (Basic) holds 200 watches, and you have as many." in text_of(answer)
    assert 'value="One more"' in text_of(answer)


def test_ended_watches_leave_room(world: World, ann: Someone) -> None:
    having(world, 200)
    world.documents.commit(Put(PLACES.source("ann", "w0"), world.watch("w0") | {"status": "ended"}))
    assert ann.save().status_code == 303


def test_a_larger_plan_has_room_for_more(world: World, ann: Someone) -> None:
    world.reach("ann", plan="premium")
    having(world, 201)
    assert ann.save().status_code == 303
