"""Up, ready, and why not: in words, without secrets, and never at the price of a read each time."""

import re
from collections import Counter
from datetime import timedelta

from tests.web.kit import FACE, ITEM, World


def test_a_process_that_is_up_says_so_and_asks_nothing(world: World) -> None:
    world.documents.down = True
    for path in ("/healthz", "/health"):
        answer = world.app().test_client().get(path)
        assert (answer.status_code, answer.get_data(as_text=True)) == (200, "ok\n")


def test_it_is_ready_while_everything_it_needs_is_there(world: World) -> None:
    world.allow(5000)
    world.see(ITEM, FACE)
    for path in ("/readyz", "/ready"):
        answer = world.app().test_client().get(path)
        assert answer.status_code == 200
        assert re.fullmatch(r"ok\nworker: last tick [0-9] s ago\n", answer.get_data(as_text=True))


def test_a_database_that_does_not_answer_is_said(world: World) -> None:
    world.allow(5000)
    world.documents.down = True
    answer = world.app().test_client().get("/readyz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (503, "database: no answer\n")
    assert answer.headers["Retry-After"] == "10"


def test_a_worker_that_does_not_run_is_said(world: World) -> None:
    world.allow(5000)
    world.see(ITEM, FACE)
    world.later = timedelta(hours=1)
    answer = world.app().test_client().get("/readyz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (503, "worker: no tick for 1 h\n")


def test_without_any_provider_it_is_of_no_use(world: World) -> None:
    answer = world.app().test_client().get("/readyz")
    assert (answer.status_code, answer.get_data(as_text=True)) == (
        503,
        "settings: no provider is switched on\n",
    )


def test_a_thousand_questions_cost_as_much_as_one(world: World) -> None:
    world.allow(5000)
    client = world.app().test_client()
    client.get("/readyz")
    before = Counter(world.documents.operations)
    for _ in range(1000):
        client.get("/readyz")
    assert Counter(world.documents.operations) == before
