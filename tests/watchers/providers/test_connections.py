"""How a provider asks over HTTP, where the contract of all providers does not say it already."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    connections = http.Connections(Quota(10, DAY, 1.0), upstream.client)
    connections.get("http://shop.example/api", {"ids": "1,2", "q": "Zoë & Ben"}, "shop")
    (request,) = upstream.requests
    assert dict(request.url.params) == {"ids": "1,2", "q": "Zoë & Ben"}
    assert request.headers["host"] == "shop.example"
    assert request.headers.get_list("user-agent") == [http.USER_AGENT]
    assert request.headers["accept-encoding"] == "gzip, deflate"


def test_a_provider_that_is_forgotten_lets_go_of_its_connections() -> None:
    connections = http.Connections(Quota(100, DAY, 2.0))
    client = connections.client
    assert connections.client is client
    del connections
    assert client.is_closed


def test_no_cookie_is_kept() -> None:
    connections = http.Connections(Quota(100, DAY, 2.0))
    client = connections.client
    cookie = {"set-cookie": "country=KR; Path=/", "content-type": "application/json"}
    request = httpx.Request("GET", "http://shop.example/")
    client.cookies.extract_cookies(httpx.Response(200, headers=cookie, request=request))
    assert not client.cookies


def test_a_connection_is_given_back_even_if_its_answer_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_BYTES", 10)
    answers: list[httpx.Response] = []
    upstream = Upstream(says({"much": "too much"}))
    upstream.client.event_hooks["response"] = [answers.append]
    with pytest.raises(ProviderUnavailableError, match="larger than 10 bytes"):
        http.Connections(Quota(10, DAY, 1.0), upstream.client).get("http://shop.example/", {}, "shop")
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
