"""Whoever brings a Firebase ID token asks as its person; with another one, as nobody."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.web.account.test_firebase import PROJECT, UID, Google
from tests.web.api.kit import WATCH, Program, problem
from tests.web.kit import World
from watchers.documents import Put
from web.account.firebase import Firebase


@pytest.fixture
def google() -> Iterator[Google]:
    made = Google()
    yield made
    made.stop()


@pytest.fixture
def app(world: World, google: Google) -> Program:
    world.doors = replace(world.doors, firebase=Firebase(PROJECT, google.url))
    return Program(world.app().test_client(), google.token())


def test_a_firebase_client_uses_the_api_as_its_person(world: World, app: Program) -> None:
    assert app.get("/me").get_json()["id"] == UID
    assert app.post("/watches", WATCH).status_code == 201
    assert len(world.watches(UID)) == 1


@pytest.mark.parametrize(
    "changes", [{"aud": "another-project"}, {"sub": ""}, {"exp": 1}, {"iss": "https://evil.example"}]
)
def test_a_token_that_is_not_for_us_is_refused(
    world: World, app: Program, google: Google, changes: dict[str, Any]
) -> None:
    app.text = google.token(**changes)
    problem(app.post("/watches", WATCH), 401)
    assert world.watches(UID) == []


def test_who_signed_out_everywhere_is_refused(world: World, app: Program) -> None:
    later = world.now() + timedelta(minutes=5)
    world.documents.inner.commit(Put(f"people/{UID}", {"sessions_since": later}))
    problem(app.get("/me"), 401)


def test_where_firebase_is_off_nobody_is_believed(world: World, google: Google) -> None:
    problem(Program(world.app().test_client(), google.token()).get("/me"), 401)
