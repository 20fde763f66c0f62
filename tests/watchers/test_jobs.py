"""The person's watch becomes the worker's copy, or is refused with sentences they can act on."""

from typing import Any

import pytest

from tests.fake_provider import item, item_id
from tests.world import PLACES, World, below
from watchers.documents import Put

A = item_id("a")
FIRST = ("below_limit", 8500)


@pytest.fixture
def world() -> World:
    return World()


def test_a_watch_is_copied_with_everything_the_worker_needs(world: World) -> None:
    assert world.save(below()) == "copied"
    job = world.job()
    assert (job.uid, list(job.targets), job.deleted_at, job.left) == ("u1", [A], None, ())
    assert (job.watch.name, job.state.targets, job.awaits_first_look(A)) == ("Lakers", {}, True)
    status = world.status()
    assert (status["state"], status["reasons"], status["last_told"]) == ("accepted", [], None)
    assert status["source_updated_at"] == job.source_updated_at


def test_a_watch_that_cannot_be_read_is_refused_with_reasons_and_no_job(world: World) -> None:
    assert world.save(below(price_limit=3)) == "refused"
    assert world.status()["reasons"] == ["price_limit: this field is not known; remove it."]
    assert world.documents.get(PLACES.job("w1")) is None


def test_a_watch_that_no_provider_can_honour_is_refused_in_its_words(world: World) -> None:
    world.save(below(target={"provider": "fair", "item": "a"}))
    assert world.status()["reasons"] == ["There is no provider called fair."]


@pytest.mark.parametrize(
    "spoiled", [{"name": "?"}, below("-3"), below(target={"provider": "fair", "item": "a"})]
)
def test_an_invalid_edit_stops_a_valid_watch_with_reasons_and_mending_it_resumes(
    world: World, spoiled: dict[str, Any]
) -> None:
    world.save(below())
    world.minutes(10000)
    assert world.save(spoiled) == "refused"
    world.minutes(8500)
    assert (world.texts(), world.status()["state"], world.board().rows) == ([], "refused", {})
    assert world.status()["reasons"]
    assert world.event() == "unchanged"
    assert world.save(below()) == "copied"
    world.minutes(8500, 8500)
    assert (world.texts(), world.status()["state"], world.status()["reasons"]) == ([FIRST], "accepted", [])


def test_mending_a_watch_back_to_what_it_was_tells_nothing_twice(world: World) -> None:
    world.save(below())
    world.minutes(10000, 8500)
    world.save({"name": "?"})
    world.minutes(8500)
    world.save(below())
    world.minutes(8500, 8500)
    assert world.texts() == [FIRST]


def test_another_persons_watch_of_the_same_id_is_refused_and_the_first_never_touched(world: World) -> None:
    world.save(below())
    world.minutes(10000)
    job, status = world.job_document(), world.status()
    assert world.save(below("95.00"), uid="u2") == "refused"
    assert world.remove(uid="u2") in ("absent", "deleted")
    assert (world.job_document(), world.status()) == (job, status)
    world.minutes(8500)
    assert {alert.uid for alert in world.alerts()} == {"u1"}


def test_another_persons_watch_of_a_deleted_watchs_id_is_refused_too(world: World) -> None:
    world.save(below())
    world.remove()
    job = world.job_document()
    assert world.save(below(), uid="u2") == "refused"
    assert world.job_document() == job
    assert "already in use" in world.status(uid="u2")["reasons"][0]


@pytest.mark.parametrize("taken", [False, True], ids=["spoiled", "taken"])
def test_a_refused_watch_that_is_deleted_is_no_longer_shown_as_refused(world: World, taken: bool) -> None:
    if taken:
        world.save(below())
    world.save(below() if taken else {"name": "?"}, uid="u2")
    assert world.status(uid="u2")["state"] == "refused"
    assert world.remove(uid="u2") == "deleted"
    assert world.status(uid="u2")["state"] == "deleted"
    assert world.event(uid="u2") == "absent"


def test_the_plain_shape_of_the_first_generation_is_read(world: World) -> None:
    world.shop.name = "ticketmaster"
    world.save({"eventId": "G5v", "eventName": "Lakers", "maxPrice": 90, "status": "ACTIVE"})
    job = world.job()
    assert [target.item for target in job.targets.values()] == ["G5v"]
    assert job.watch.conditions[0].limit == 9000  # type: ignore[union-attr]


def test_pausing_keeps_the_memory_and_names_what_was_left(world: World) -> None:
    world.save(below())
    world.minutes(10000)
    state = world.job().state
    world.save(below(status="paused"))
    job = world.job()
    assert (job.state, job.targets, job.left, world.status()["state"]) == (state, {}, (A,), "paused")


def test_a_target_that_was_left_and_returns_is_watched_again(world: World) -> None:
    world.save(below())
    world.save(below(target=item("b")))
    world.save(below())
    job = world.job()
    assert (list(job.targets), job.left) == ([A], (item_id("b"),))


def test_a_rule_asked_again_after_another_is_a_new_one(world: World) -> None:
    world.save(below())
    world.minutes(8500)
    world.save(below("80.00"))
    world.minutes(8500)
    world.save(below())
    world.minutes(8500)
    assert world.texts() == [FIRST, FIRST]


def test_an_unreadable_job_is_replaced_when_its_watch_is_saved_again(world: World) -> None:
    world.save(below())
    world.documents.commit(Put(PLACES.job("w1"), {"uid": "u1", "left": ["shop-old"], "targets": None}))
    assert world.save(below("95.00")) == "copied"
    assert (list(world.job().targets), world.job().left) == ([A], ("shop-old",))
    world.documents.commit(Put(PLACES.job("w1"), {"uid": "u1", "left": None, "targets": [A]}))
    assert world.remove() == "deleted"
    assert world.job_document().fields["left"] == [A]


def test_a_status_never_forgets_what_was_told_last(world: World) -> None:
    world.save(below())
    world.minutes(8500)
    told = world.status()["last_told"]
    assert told["price"] == 8500
    world.save(below(status="paused"))
    assert world.status()["last_told"] == told
    world.save({"name": "?"})
    world.save(below())
    assert world.status()["last_told"] == told
