"""What holds for every answer, good or bad."""

import logging
import re
from collections.abc import Callable
from typing import NoReturn

import pytest

from tests.web.kit import Someone, World, text_of

PAGES = [
    "/",
    "/watches/new",
    "/enter",
    "/a/AAAAAAAA",
    "/stop/AAAAAAAA",
    "/nothing",
    "/healthz",
    "/watches/x/pause",
]


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_guarded(ann: Someone, path: str) -> None:
    headers = ann.client.get(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES[:-2])
def test_every_page_speaks_english_and_is_small(ann: Someone, path: str) -> None:
    answer = ann.client.get(path)
    assert '<html lang="en">' in text_of(answer)
    assert not re.search(
        r"<script(?! src=\"/assets/[0-9a-f]{16}/[a-z]+\.js\" defer></script>)", text_of(answer)
    )
    assert len(answer.data) < 30_000


def test_without_a_secret_there_is_no_application(world: World) -> None:
    with pytest.raises(ValueError, match="SECRET_KEY"):
        world.app(secret_key="")


@pytest.mark.parametrize("path", ["/healthz", "/health"])
def test_health_needs_no_database(world: World, path: str) -> None:
    world.documents.down = True
    before = dict(world.documents.operations)
    assert world.app().test_client().get(path).status_code == 200
    assert dict(world.documents.operations) == before


def test_a_page_without_its_database_says_so(world: World, ann: Someone) -> None:
    world.documents.down = True
    answer = ann.client.get("/")
    assert answer.status_code == 503
    assert "Nothing is lost" in text_of(answer)


def test_a_bug_shows_a_page_and_logs_the_rest(
    world: World, ann: Someone, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_path: str) -> NoReturn:
        raise RuntimeError("the secret detail")

    monkeypatch.setattr(world.documents, "find", broken)
    with caplog.at_level(logging.ERROR):
        answer = ann.client.get("/")
    assert answer.status_code == 500
    assert "Something broke on our side" in text_of(answer)
    assert "secret detail" not in text_of(answer)
    assert "secret detail" in caplog.text


def test_an_address_for_buttons_says_so(ann: Someone) -> None:
    answer = ann.client.get("/watches/w1/pause")
    assert answer.status_code == 405
    assert "only takes buttons" in text_of(answer)


def test_the_page_of_watches_costs_the_same_number_of_questions_for_any_number_of_watches(
    world: World, ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        world.put_watch(f"w{number}", target={"provider": "ticketmaster", "item": f"event{number}"})
        world.copy(f"w{number}")
    asked: list[object] = []
    for method in ("get", "get_many", "find"):
        monkeypatch.setattr(world.documents, method, _noting(asked, getattr(world.documents, method)))
    ann.get("/")
    anew = ["no snapshot", "watches", "copies", "alerts", "older alerts", "tally", "person", "board"]
    assert len(list(filter(None, asked))) == len(anew)
    asked.clear()
    ann.get("/")
    assert len(list(filter(None, asked))) == len(["person", "snapshot", "said since", "alerts", "board"])


def _noting(asked: list[object], method: Callable[[object], object]) -> Callable[[object], object]:
    def noted(question: object) -> object:
        asked.append(question)
        return method(question)

    return noted
