"""The same request twice is done once, whatever happens in between."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from tests.fakes import Crash
from tests.web.api.kit import WATCH, Program, problem, program
from tests.web.kit import World
from watchers.documents import Delete, Put, Query
from watchers.errors import StoreUnavailableError
from web.api import repeats

KEY = "6f1c9a"


def test_the_same_request_again_is_answered_as_the_first_time(world: World, anns: Program) -> None:
    first, again = (anns.post("/watches", WATCH, Idempotency_Key=KEY) for _ in range(2))
    assert (again.status_code, again.data) == (201, first.data)
    for name in ("Content-Type", "Location", "ETag"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert len(world.watches()) == 1


def test_the_same_key_for_another_request_is_refused(world: World, anns: Program) -> None:
    anns.post("/watches", WATCH, Idempotency_Key=KEY)
    other = anns.post("/watches", {**WATCH, "name": "Other"}, Idempotency_Key=KEY)
    (fault,) = problem(other, 422)["errors"]
    assert (fault["where"], fault["pointer"]) == ("header", "Idempotency-Key")
    problem(anns.post("/tokens", {"name": "x"}, Idempotency_Key=KEY), 422)
    assert len(world.watches()) == 1


def test_a_key_is_ones_own(world: World, anns: Program, bobs: Program) -> None:
    anns.post("/watches", WATCH, Idempotency_Key=KEY)
    theirs = bobs.post("/watches", WATCH, Idempotency_Key=KEY)
    assert theirs.status_code == 201
    assert "Idempotent-Replayed" not in theirs.headers
    assert len(world.watches("bob")) == 1
    assert world.watches("bob")[0].id != world.watches("ann")[0].id


def test_a_refusal_is_answered_again_too(anns: Program) -> None:
    wrong = {**WATCH, "target": {"provider": "ticketmaster", "item": "unknown"}}
    first, again = (anns.post("/watches", wrong, Idempotency_Key=KEY) for _ in range(2))
    problem(again, 422)
    assert again.data == first.data


def test_after_a_day_a_key_is_free_again(world: World, anns: Program) -> None:
    first = anns.post("/watches", WATCH, Idempotency_Key=KEY).get_json()
    world.later = timedelta(hours=25)
    other = {**WATCH, "name": "Tomorrow", "target": {"provider": "steam", "item": "620"}}
    answers = [anns.post("/watches", other, Idempotency_Key=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].data == answers[1].data
    assert answers[0].get_json()["watch"]["name"] == "Tomorrow"
    assert {one.id for one in world.watches()} == {first["id"], answers[0].get_json()["id"]}


def test_after_a_day_a_watch_that_one_has_is_refused_under_its_old_key_too(
    world: World, anns: Program
) -> None:
    anns.post("/watches", WATCH, Idempotency_Key=KEY)
    world.later = timedelta(hours=25)
    problem(anns.post("/watches", {**WATCH, "name": "Tomorrow"}, Idempotency_Key=KEY), 409)
    assert [one.fields["name"] for one in world.watches()] == [WATCH["name"]]


@pytest.mark.parametrize("is_used", [True, False])
def test_after_a_day_a_key_makes_a_token_and_ends_none(world: World, anns: Program, is_used: bool) -> None:
    first = anns.post("/tokens", {"name": "x"}, Idempotency_Key=KEY).get_json()["token"]
    if is_used:
        assert Program(anns.client, first).get("/me").status_code == 200
    world.later = timedelta(hours=25)
    second = anns.post("/tokens", {"name": "x"}, Idempotency_Key=KEY).get_json()["token"]
    for text in (first, second):
        assert Program(anns.client, text).get("/me").status_code == 200


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\u00e9", "a\tb"])
def test_a_key_that_can_be_none(world: World, anns: Program, key: str) -> None:
    problem(anns.post("/watches", WATCH, Idempotency_Key=key), 400)
    assert world.watches() == []


@pytest.mark.parametrize("write", range(1, 5))
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_at_any_write_makes_nothing_twice(world: World, anns: Program, when: str, write: int) -> None:
    anns.get("/me")  # its use of today is noted
    getattr(world.documents, f"crash_{when}")(write)
    with suppress(Crash):
        anns.post("/watches", WATCH, Idempotency_Key=KEY)
    world.documents = type(world.documents)(world.documents.inner)
    ours = program(world)
    world.later = timedelta(minutes=2)
    answer = ours.post("/watches", WATCH, Idempotency_Key=KEY)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    (watch,) = world.watches()
    assert watch.id == answer.get_json()["id"]


def test_while_it_is_being_done_a_repeat_waits(
    world: World, anns: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = program(world)
    answers: list[TestResponse] = []

    def meanwhile(*_: object) -> list[object]:
        monkeypatch.undo()
        answers.append(other.post("/watches", WATCH, Idempotency_Key=KEY))
        return []

    monkeypatch.setattr("web.monitors.find_all", meanwhile)
    assert anns.post("/watches", WATCH, Idempotency_Key=KEY).status_code == 201
    problem(answers[0], 409)
    assert answers[0].headers["Retry-After"] == "1"
    assert other.post("/watches", WATCH, Idempotency_Key=KEY).status_code == 201
    assert len(world.watches()) == 1


def test_many_at_once_make_one(world: World) -> None:
    programs = [program(world) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda ours: ours.post("/watches", WATCH, Idempotency_Key=KEY), programs))
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(world.watches()) == 1


def test_a_database_that_goes_away_lets_the_key_go(world: World, anns: Program) -> None:
    anns.get("/me")
    world.documents.down = True
    problem(anns.post("/watches", WATCH, Idempotency_Key=KEY), 503)
    world.documents.down = False
    assert anns.post("/watches", WATCH, Idempotency_Key=KEY).status_code == 201


def test_a_token_is_never_kept_and_never_made_twice(world: World, anns: Program) -> None:
    first, again = (anns.post("/tokens", {"name": "x"}, Idempotency_Key=KEY) for _ in range(2))
    text = first.get_json()["token"]
    assert again.get_json() == {**first.get_json(), "token": None}
    (kept,) = world.documents.inner.find(Query("idempotency"))
    assert text not in json.dumps(dict(kept.fields), default=str)
    assert len(anns.get("/tokens").get_json()["tokens"]) == 2


def test_a_token_that_nobody_saw_gives_way_to_the_one_that_is_shown(world: World, anns: Program) -> None:
    first = anns.post("/tokens", {"name": "x"}, Idempotency_Key=KEY).get_json()["token"]
    (kept,) = world.documents.inner.find(Query("idempotency"))
    running = {**kept.fields, "state": "running", "started_at": world.now() - repeats.PATIENCE}
    world.documents.inner.commit(Put(kept.path, running))  # as if it had died before it was kept
    second = anns.post("/tokens", {"name": "x"}, Idempotency_Key=KEY).get_json()["token"]
    assert second not in (None, first)
    assert len(anns.get("/tokens").get_json()["tokens"]) == 2
    problem(Program(anns.client, first).get("/me"), 401)


def test_a_token_that_was_used_is_never_ended_by_the_request_that_made_it(
    world: World, anns: Program
) -> None:
    first = anns.post("/tokens", {"name": "x"}, Idempotency_Key=KEY).get_json()["token"]
    (kept,) = world.documents.inner.find(Query("idempotency"))
    running = {**kept.fields, "state": "running", "started_at": world.now() - repeats.PATIENCE}
    world.documents.inner.commit(Put(kept.path, running))

    def use(writes: tuple[object, ...]) -> None:
        if any(isinstance(one, Delete) for one in writes):
            world.documents.before_commit = None
            assert Program(anns.client, first).get("/me").status_code == 200

    world.documents.before_commit = use  # at the very moment
    second = anns.post("/tokens", {"name": "x"}, Idempotency_Key=KEY).get_json()["token"]
    assert world.documents.before_commit is None
    for text in (first, second):
        assert Program(anns.client, text).get("/me").status_code == 200


def test_whoever_fails_late_leaves_the_key_to_whoever_took_it_over(
    world: World, anns: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = program(world)
    answers: list[TestResponse] = []

    def meanwhile(*_: object) -> list[object]:
        monkeypatch.undo()
        world.later = timedelta(minutes=2)
        answers.append(other.post("/watches", WATCH, Idempotency_Key=KEY))
        raise StoreUnavailableError("much too late")

    monkeypatch.setattr("web.monitors.find_all", meanwhile)
    problem(anns.post("/watches", WATCH, Idempotency_Key=KEY), 503)
    assert answers[0].status_code == 201
    again = other.post("/watches", WATCH, Idempotency_Key=KEY)
    assert again.headers["Idempotent-Replayed"] == "true"
