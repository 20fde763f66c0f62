"""Oneself over the API: how one is told, what one's plan holds, a test, a copy of everything, and the end."""

import json
from datetime import timedelta

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Response

from notifiers import trials
from tests.web.api.kit import Program, pointers, problem, program
from tests.web.kit import NUMBER, World
from watchers.documents import Put, Query


def test_who_one_is(world: World, anns: Program) -> None:
    world.reach("ann", plan="premium", timezone="Europe/Vienna")
    said = anns.get("/me").get_json()
    assert (said["id"], said["plan"], said["texts_stopped_at"]) == ("ann", "premium", None)
    assert said["preferences"]["timezone"] == "Europe/Vienna"


def test_a_person_nobody_knows_yet(anns: Program) -> None:
    said = anns.get("/me").get_json()
    assert (said["plan"], said["preferences"]["timezone"]) == ("basic", "UTC")


def test_a_wish_is_kept_and_taken_back(world: World, anns: Program) -> None:
    world.reach("ann")
    asked = {"quiet_hours": {"from": "22:00", "to": "07:00"}, "digest": "daily", "timezone": "Europe/Vienna"}
    said = anns.ask("PATCH", "/me", json=asked).get_json()["preferences"]
    assert said | asked == said
    assert world.fields("people/ann")["phone"] == NUMBER
    back = anns.ask("PATCH", "/me", json={"quiet_hours": None}).get_json()["preferences"]
    assert (back["quiet_hours"], back["digest"]) == (None, "daily")


def test_somebody_nobody_knew_has_wishes_too(world: World, anns: Program) -> None:
    assert anns.ask("PATCH", "/me", json={"per_day": 5}).get_json()["preferences"]["per_day"] == 5
    assert world.fields("people/ann") == {"per_day": 5}


def test_nothing_asked_changes_nothing(world: World, anns: Program) -> None:
    world.reach("ann")
    before = world.fields("people/ann")
    assert anns.ask("PATCH", "/me", json={}).status_code == 200
    assert world.fields("people/ann") == before


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"quiet_hours": {"from": "22:00", "to": "22:00"}}, "/quiet_hours"),
        ({"quiet_hours": {"from": "25:00", "to": "07:00"}}, "/quiet_hours"),
        ({"quiet_hours": {"from": "22:00"}}, "/quiet_hours"),
        ({"digest": "hourly"}, "/digest"),
        ({"per_day": 0}, "/per_day"),
        ({"segments_per_month": 5000}, "/segments_per_month"),
        ({"failover": ["email", "email"]}, "/failover"),
        ({"phone": "+14155550199"}, "/phone"),
        ({"plan": "enterprise"}, "/plan"),
        ({"uid": "bob"}, "/uid"),
        ({"uid": None}, "/uid"),
        ({"": None}, "/"),
        ({"phone_verified_at": "2026-01-01T00:00:00Z"}, "/phone_verified_at"),
    ],
)
def test_what_is_no_wish_is_refused(world: World, anns: Program, asked: object, pointer: str) -> None:
    world.reach("ann")
    before = world.fields("people/ann")
    assert pointers(anns.ask("PATCH", "/me", json=asked)).keys() == {pointer}
    assert world.fields("people/ann") == before


def test_what_the_plan_holds_and_what_is_used(world: World, anns: Program) -> None:
    world.reach("ann", plan="premium")
    watch_id = anns.save()
    world.copy(watch_id)
    said = anns.get("/plan").get_json()
    assert (said["name"], said["watches"], said["waiting"]) == ("premium", {"used": 1, "of": 500}, 0)
    assert said["texts"] == {"used": 0, "of": 300}


def test_a_test_message_goes_through_the_outbox(world: World, anns: Program) -> None:
    world.reach("ann")
    answer = anns.post("/me/test", {"channel": "sms"})
    assert answer.status_code == 202
    assert (answer.get_json()["state"], answer.get_json()["news"]["reason"]) == ("pending", "test")
    assert world.documents.inner.count(Query("alerts")) == 1


def test_a_test_message_to_nowhere_and_too_many(world: World, anns: Program) -> None:
    world.reach("ann")
    problem(anns.post("/me/test", {"channel": "email"}), 409)
    for _ in range(trials.MOST_AN_HOUR):
        assert anns.post("/me/test", {"channel": "sms"}).status_code == 202
    answer = anns.post("/me/test", {"channel": "sms"})
    problem(answer, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 3600


def test_the_same_test_again_is_one(world: World, anns: Program) -> None:
    world.reach("ann")
    for _ in range(3):
        assert anns.post("/me/test", {"channel": "sms"}, Idempotency_Key="once").status_code == 202
    assert world.documents.inner.count(Query("alerts")) == 1


def test_everything_that_is_kept_and_nobody_elses(world: World, anns: Program, bobs: Program) -> None:
    world.reach("ann", push_url="ntfys://ntfy.sh/secret")
    anns.save(name="Mine")
    bobs.save(name="Bobs")
    answer = anns.get("/me/data")
    said = answer.get_json()
    assert (said["format"], said["person"]) == ("ticket-scout.my-data", "ann")
    assert [one["name"] for one in said["watches"]] == ["Mine"]
    for secret in ("ntfy.sh/secret", anns.text, "Bobs"):
        assert secret not in json.dumps(said)


def test_the_copy_comes_after_the_request_is_over(world: World, anns: Program) -> None:
    """As behind one function: the application's answer is taken over, and read by somebody else."""
    asked = EnvironBuilder("/api/v1/me/data", headers=[("Authorization", f"Bearer {anns.text}")])
    answer = Response.from_app(world.app(), asked.get_environ())
    assert json.loads(answer.get_data())["person"] == "ann"


def test_a_copy_of_everything_may_be_had_so_often(anns: Program) -> None:
    for _ in range(5):
        assert anns.get("/me/data").status_code == 200
    problem(anns.get("/me/data"), 429)


def test_erasing_takes_the_word_and_then_everything(world: World, anns: Program, bobs: Program) -> None:
    world.reach("ann")
    anns.save()
    bobs.save()
    for wrong in ({}, {"word": "yes"}, {"word": "DELETE"}):
        problem(anns.post("/me/erase", wrong), 422)
    reader = program(world, scope="read")
    problem(reader.post("/me/erase", {"word": "delete"}), 403)
    assert anns.post("/me/erase", {"word": "delete"}).status_code == 204
    problem(anns.get("/me"), 401)
    problem(reader.get("/me"), 401)
    assert world.watches() == []
    assert len(world.watches("bob")) == 1


def test_a_token_that_outlives_its_person_changes_nothing(world: World, anns: Program) -> None:
    world.documents.inner.commit(Put("people/ann", {"erased_at": world.now()}))
    problem(anns.post("/watches", {}), 401)


def test_everything_one_asked_for(anns: Program, bobs: Program) -> None:
    mine = anns.save()
    bobs.save()
    assert [one["id"] for one in anns.get("/export").get_json()["watches"]] == [mine]


def test_no_more_tokens_than_one_can_have(anns: Program) -> None:
    for number in range(19):
        assert anns.post("/tokens", {"name": f"t{number}"}).status_code == 201
    problem(anns.post("/tokens", {"name": "one more"}), 409)


def test_a_token_ends_in_a_time_to_come(world: World, anns: Program) -> None:
    past = (world.now() - timedelta(minutes=1)).isoformat()
    assert pointers(anns.post("/tokens", {"name": "x", "expires_at": past})).keys() == {"/expires_at"}
