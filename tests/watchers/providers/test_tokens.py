"""Tokens of OAuth 2.0: when one is fetched, how often, and that nobody ever reads one."""

import logging
import threading
import traceback
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from urllib.parse import parse_qs, unquote

import httpx
import pytest

from tests.upstream import NOW, Step, Upstream, fails, purse, says
from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.providers import http, tokens
from watchers.providers.tokens import Client, Tokens
from watchers.quota import Budget, Quota

QUOTA = Quota(1000, timedelta(days=1), 1000.0)
HOST, SECRET, TOKEN = "http://shop.example", "se:cret/ü", "to-ken-1"
CLIENT = Client("shop", f"{HOST}/token", "an id", SECRET, "read:all")
THREADS = 9
GOOD = says({"access_token": TOKEN, "expires_in": 7200})


def shop(*steps: Step) -> tuple[Tokens, Upstream]:
    upstream = Upstream(*steps)
    return Tokens(http.Connections(upstream.client), CLIENT), upstream


def ask(one: Tokens, budget: Budget | None = None) -> http.Answer:
    return one.ask("GET", f"{HOST}/thing", budget or purse(QUOTA), NOW, headers={"X-Shop": "GB"})


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds = [1000.0]
    monkeypatch.setattr(tokens, "stopwatch", lambda: seconds[0])
    return seconds


def test_a_token_is_asked_for_as_the_standard_has_it() -> None:
    one, upstream = shop(GOOD, says({}))
    assert ask(one).status == 200
    asked, used = upstream.requests
    scheme, pair = asked.headers["authorization"].split()
    assert (asked.method, str(asked.url), scheme) == ("POST", f"{HOST}/token", "Basic")
    assert [unquote(part) for part in b64decode(pair).decode().split(":")] == ["an id", SECRET]
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(asked.content.decode()) == {"grant_type": ["client_credentials"], "scope": ["read:all"]}
    assert (used.headers["authorization"], used.headers["x-shop"]) == (f"Bearer {TOKEN}", "GB")
    assert all(request.headers["user-agent"].startswith("TicketScout/") for request in upstream.requests)


def test_many_calls_share_one_token_and_each_is_paid_for() -> None:
    one, upstream = shop(GOOD, says({}))
    budget = purse(QUOTA)
    for _ in range(3):
        ask(one, budget)
    assert upstream.paths == ["/token", "/thing", "/thing", "/thing"]
    assert budget.made == 4


@pytest.mark.parametrize(
    ("expires_in", "used_for"),
    [
        (7200, 7140),
        (7200.5, 7140.5),
        (100, 50),
        (1, 0.5),
        (10**12, tokens.LONGEST - 60),
        (None, 240),
        (0, 240),
        ("7200", 240),
        (True, 240),
        ([], 240),
        (float("nan"), 240),
    ],
)
def test_a_token_is_renewed_before_its_end(expires_in: object, used_for: float, clock: list[float]) -> None:
    lasting = says({"access_token": TOKEN, "expires_in": expires_in})
    one, upstream = shop(lasting, says({}), says({}), lasting, says({}))
    for moment in (0.0, used_for - 0.01, used_for):
        clock[0] = 1000.0 + moment
        ask(one)
    assert upstream.paths == ["/token", "/thing", "/thing", "/token", "/thing"]


def test_a_refused_token_is_renewed_once_and_the_call_made_again() -> None:
    newer = says({"access_token": "to-ken-2", "expires_in": 7200})
    one, upstream = shop(GOOD, says({}, 401), newer, says({}))
    budget = purse(QUOTA)
    assert ask(one, budget).status == 200
    assert upstream.requests[-1].headers["authorization"] == "Bearer to-ken-2"
    assert budget.made == len(upstream.requests) == 4


def test_a_token_refused_twice_is_not_renewed_again() -> None:
    one, upstream = shop(GOOD, says({}, 401), GOOD, says({}, 401))
    assert ask(one).status == 401
    assert upstream.paths == ["/token", "/thing", "/token", "/thing"]


@pytest.mark.parametrize(("calls", "asked"), [(0, []), (1, ["/token"])])
def test_where_the_quota_ends_nothing_more_is_asked_and_a_token_is_kept(calls: int, asked: list[str]) -> None:
    one, upstream = shop(GOOD, says({}))
    with pytest.raises(OutOfQuotaError):
        ask(one, purse(QUOTA, calls))
    assert upstream.paths == asked
    ask(one)
    assert upstream.paths == ["/token", "/thing"]


@pytest.mark.parametrize(
    ("body", "status", "error", "said"),
    [
        (
            {"error": "invalid_client", "error_description": SECRET},
            401,
            ProviderRejectedError,
            "invalid_client",
        ),
        ({"error": SECRET}, 400, ProviderRejectedError, "status 400"),
        (b"<html>", 403, ProviderRejectedError, "status 403"),
        ({}, 500, ProviderUnavailableError, "status 500"),
        ({}, 302, ProviderUnavailableError, "status 302"),
        ({}, 200, ProviderUnavailableError, "no token"),
        ({"access_token": "two\nlines"}, 200, ProviderUnavailableError, "no token"),
        ({"access_token": 17}, 200, ProviderUnavailableError, "no token"),
        ({"access_token": ""}, 200, ProviderUnavailableError, "no token"),
        (b"[", 200, ProviderUnavailableError, "not JSON"),
    ],
)
def test_no_token_says_whether_trying_again_helps(
    body: object, status: int, error: type[ProviderError], said: str
) -> None:
    one, upstream = shop(says(body, status))
    with pytest.raises(ProviderError, match=said) as raised:
        ask(one)
    assert type(raised.value) is error
    assert ("check SHOP_CLIENT_ID and SHOP_CLIENT_SECRET" in str(raised.value)) == (
        error is ProviderRejectedError
    )
    assert upstream.paths == ["/token"]


def test_too_many_calls_for_tokens_stop_all_others() -> None:
    one, _ = shop(says({}, 429, {"Retry-After": "120"}))
    budget = purse(QUOTA)
    with pytest.raises(ProviderUnavailableError):
        ask(one, budget)
    assert budget.ledger.blocked_until == NOW + timedelta(minutes=2)


def test_a_failed_token_is_tried_again_by_the_next_call() -> None:
    one, upstream = shop(says({}, 500), GOOD, says({}))
    with pytest.raises(ProviderUnavailableError):
        ask(one)
    assert ask(one).status == 200
    assert upstream.paths == ["/token", "/token", "/thing"]


# ── many threads ─────────────────────────────────────────────────────────────────────────────────────────


class Door:
    """A lock that knows how many have come to it."""

    def __init__(self) -> None:
        self._lock, self.came, self.all_came = threading.Lock(), count(1), threading.Event()

    def __enter__(self) -> None:
        if next(self.came) == THREADS:
            self.all_came.set()
        self._lock.acquire()

    def __exit__(self, *_error: object) -> None:
        self._lock.release()


def _at_once(step: Step, monkeypatch: pytest.MonkeyPatch) -> tuple[list[object], Upstream]:
    """Many threads need a token, which is answered for when all have come to wait for it."""
    door = Door()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/token":
            return says({})(request)
        assert door.all_came.wait(20)
        return step(request)

    one, upstream = shop(answer)
    monkeypatch.setattr(one, "_lock", door)
    budget = purse(QUOTA)

    def call(_number: int) -> object:
        try:
            return ask(one, budget).status
        except ProviderError as exc:
            return exc

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(call, range(THREADS))), upstream


def test_threads_that_need_a_token_wait_for_the_one_that_fetches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    results, upstream = _at_once(GOOD, monkeypatch)
    assert results == [200] * THREADS
    assert upstream.paths.count("/token") == 1


def test_threads_that_waited_share_the_failure_and_none_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    results, upstream = _at_once(says({"error": "invalid_client"}, 401), monkeypatch)
    assert {type(one) for one in results} == {ProviderRejectedError}
    assert len({id(one) for one in results}) == THREADS
    assert upstream.paths == ["/token"]


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────


def _echo(request: httpx.Request) -> httpx.Response:
    said = f"{request.headers['authorization']} {request.content.decode()} {SECRET} {TOKEN}"
    return httpx.Response(400, json={"error": said, "error_description": said, "access_token": TOKEN})


@pytest.mark.parametrize("steps", [(_echo,), (GOOD, _echo), (fails(httpx.ReadTimeout),), (GOOD, says({}))])
def test_neither_secret_nor_token_stands_in_an_error_a_log_line_or_a_repr(
    steps: tuple[Step, ...], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("httpx", "httpcore"):
        caplog.set_level(logging.DEBUG, logger=logger)
    one, upstream = shop(*steps)
    told = []
    try:
        ask(one)
    except ProviderError as exc:
        told += traceback.format_exception(exc)
    told += [repr(one), repr(CLIENT), str(CLIENT)]
    told += [record.getMessage() for record in caplog.records]
    secrets = (SECRET, TOKEN, "se%3Acret", CLIENT.headers["Authorization"].split()[1])
    assert upstream.requests
    assert not [line for line in told for secret in secrets if secret in line]
