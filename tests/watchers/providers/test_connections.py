"""How a provider asks over HTTP, where the contract of all providers does not say it already."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.servers import serving
from tests.upstream import Upstream, says
from watchers.errors import ProviderUnavailableError
from watchers.providers import http
from watchers.providers.base import FEWEST, MOST, concurrency
from watchers.quota import Quota

ROOT = Path(__file__).parents[3]
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("per_second", "calls"), [(0.1, 2), (0.5, 2), (2.0, 4), (5.0, 10), (1_000.0, 64), (1e9, 64)]
)
def test_a_small_quota_needs_few_calls_under_way_and_a_great_one_no_more_than_help(
    per_second: float, calls: int
) -> None:
    assert concurrency(Quota(1_000_000, DAY, per_second)) == calls


@given(st.integers(1, 10_000_000), st.floats(0.001, 1e6))
def test_there_are_always_some_calls_under_way_and_never_too_many(calls: int, per_second: float) -> None:
    assert FEWEST <= concurrency(Quota(calls, DAY, per_second)) <= MOST


def test_a_question_is_asked_as_it_stands_and_names_us_once() -> None:
    upstream = Upstream(says({}))
    connections = http.Connections(upstream.client)
    connections.get("http://shop.example/api", {"ids": "1,2", "q": "Zoë & Ben"}, "shop")
    (request,) = upstream.requests
    assert dict(request.url.params) == {"ids": "1,2", "q": "Zoë & Ben"}
    assert request.headers["host"] == "shop.example"
    assert request.headers.get_list("user-agent") == [http.USER_AGENT]
    assert request.headers["accept-encoding"] == "gzip, deflate"


@pytest.fixture
def shop() -> Iterator[str]:
    """A shop that sets a cookie, and answers only when two ask at once if it is asked for a pair."""
    app, pair = flask.Flask("shop"), threading.Barrier(2)

    @app.get("/api")
    def answered() -> flask.Response:
        if "pair" in flask.request.args:
            pair.wait(10)
        said = flask.jsonify(cookies=dict(flask.request.cookies), port=flask.request.environ["REMOTE_PORT"])
        said.set_cookie("country", "KR")
        return said

    with serving(app) as url:
        yield f"{url}/api"


def said(answer: http.Answer) -> Any:
    return answer.json("shop")


def test_a_connection_is_used_again_and_no_cookie_is_kept(shop: str) -> None:
    connections = http.Connections()
    answers = [said(connections.get(shop, {}, "shop")) for _ in range(3)]
    assert [answer["cookies"] for answer in answers] == [{}, {}, {}]
    assert len(opened(connections)) == 1


def test_calls_at_once_have_a_connection_each(shop: str) -> None:
    connections = http.Connections()
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(connections.get, shop, {"pair": "1"}, "shop") for _ in range(2)]
        ports = {said(one.result())["port"] for one in asked}
    assert len(ports) == len(opened(connections)) == 2


def test_a_provider_that_is_forgotten_lets_go_of_its_connections(shop: str) -> None:
    connections = http.Connections()
    connections.get(shop, {}, "shop")
    (client,) = opened(connections)
    assert not client.is_closed
    del connections
    assert client.is_closed


def opened(connections: http.Connections) -> list[httpx.Client]:
    return list(connections._idle)  # noqa: SLF001 - nothing else shows them


def test_a_connection_is_given_back_even_if_its_answer_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 10)
    answers: list[httpx.Response] = []
    upstream = Upstream(says({"much": "too much"}))
    upstream.client.event_hooks["response"] = [answers.append]
    with pytest.raises(ProviderUnavailableError, match="larger than 10 bytes"):
        http.Connections(upstream.client).get("http://shop.example/", {}, "shop")
    assert [answer.is_closed for answer in answers] == [True]


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": "\\ud800"}', {"a": "\ud800"}),
        (b'{"a": ' + b"9" * 30 + b"}", {"a": int("9" * 30)}),
        ("[1]".encode("utf-16"), [1]),
    ],
    ids=["half a character", "a long number", "another encoding"],
)
def test_json_that_is_odd_is_read_as_before(body: bytes, value: object) -> None:
    assert http.decoded(body, "shop") == value


def test_building_the_providers_does_not_load_the_library_that_asks() -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r});"
        "from watchers import providers;"
        "on, _ = providers.from_env({'TICKETMASTER_API_KEY': 'not-a-real-key'});"
        "print(sorted(on), 'httpx' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603
    assert ran.stdout.split("\n")[0] == "['steam', 'ticketmaster'] False"
