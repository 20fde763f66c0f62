import time
from datetime import timedelta

import httpx
import pytest

from sandbox.market import FAULTS, Fault, Market

EVENTS = "/discovery/v2/events.json?apikey=sandbox-key-0000"
GAMES = "/api/appdetails?appids=9000010&filters=price_overview&cc=us"


@pytest.mark.parametrize(
    ("fault", "path", "status", "says"),
    [
        pytest.param("500", EVENTS, 500, "internal server error", id="events 500"),
        pytest.param("500", GAMES, 500, "internal server error", id="games 500"),
        pytest.param("html", EVENTS, 200, "<!doctype html>", id="events maintenance"),
        pytest.param("html", GAMES, 200, "<!doctype html>", id="games maintenance"),
        pytest.param("429_spike", EVENTS, 429, "SpikeArrestViolation", id="events spike"),
        pytest.param("429_spike", GAMES, 429, "null", id="games spike"),
        pytest.param(
            "429_quota", EVENTS, 429, "Identifier : sandbox-key-0000", id="events quota tells the key"
        ),
        pytest.param("429_quota", GAMES, 429, "null", id="games quota"),
    ],
)
def test_a_fault_lasts_until_it_is_taken_away(
    shops: httpx.Client, market: Market, fault: Fault, path: str, status: int, says: str
) -> None:
    market.fault = fault
    for _ in range(2):
        answer = shops.get(path)
        assert (answer.status_code, says in answer.text) == (status, True)
    market.fault = None
    assert shops.get(path).headers["content-type"].startswith("application/json")


def test_an_empty_quota_tells_its_reset_and_a_spike_does_not(shops: httpx.Client, market: Market) -> None:
    market.fault = "429_quota"
    assert shops.get(EVENTS).headers["Rate-Limit-Available"] == "0"
    market.fault = "429_spike"
    assert "Rate-Limit-Available" not in shops.get(EVENTS).headers


def test_the_day_until_an_empty_quota_comes_back_can_be_made_short(
    shops: httpx.Client, market: Market
) -> None:
    market.fault, market.quota_back_in = "429_quota", timedelta(minutes=1)
    reset = int(shops.get(EVENTS).headers["Rate-Limit-Reset"]) / 1000
    assert 50 < reset - time.time() <= 60


def test_a_slow_answer_comes_in_the_end(shops: httpx.Client, market: Market) -> None:
    market.fault, market.slow_seconds = "slow", 0.3
    began = time.monotonic()
    assert shops.get(EVENTS).status_code == 200
    assert time.monotonic() - began >= 0.3


def test_pages_for_people_work_whatever_the_fault(shops: httpx.Client, market: Market) -> None:
    for fault in FAULTS:
        market.fault = fault
        assert shops.get("/").status_code == 200
