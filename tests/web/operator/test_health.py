"""Up, ready, and why not: in words, without secrets, and never at the price of a read each time."""

import re
from collections import Counter
from datetime import timedelta

from tests.web.kit import FACE, ITEM, World
from watchers.documents import SERVER_TIME, Put


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


def test_a_worker_whose_ticks_all_break_off_is_said(world: World) -> None:
    """Each of them has written the board's lease, so that its document is always fresh."""
    world.allow(5000)
    world.see(ITEM, FACE)
    kept = world.fields("boards/ticketmaster-0")
    long_ago = {
        "at": world.now() - timedelta(hours=2),
        "ms": 1,
        "asked": 1,
        "calls": 1,
        "failed": 0,
        "alerts": 0,
    }
    world.documents.inner.commit(Put("boards/ticketmaster-0", kept | {"ticks": [long_ago]}))
    answer = world.app().test_client().get("/ready")
    assert (answer.status_code, answer.get_data(as_text=True)) == (503, "worker: no tick for 2 h\n")


def test_a_worker_that_never_ran_is_said_once_somebody_waits_for_it(world: World) -> None:
    world.allow(5000)
    assert world.app().test_client().get("/ready").get_data(as_text=True) == "ok\n"
    world.documents.inner.commit(Put("worker_monitor_jobs/w1", {"updated_at": SERVER_TIME}))
    assert world.app().test_client().get("/ready").status_code == 200, "the first tick may be about to come"
    world.later = timedelta(hours=1)
    answer = world.app().test_client().get("/ready")
    assert answer.status_code == 503
    assert answer.get_data(as_text=True) == "worker: never ticked, and watches wait for 1 h\n"
