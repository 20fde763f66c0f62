"""`scout.py search|compare|deals`, as an operator uses them: with the sandbox's market, over HTTP."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import scout
from sandbox.market import API_KEY, Market, market_app
from sandbox.servers import serving

ITEM = "SbxNightTram01"


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, market: Market) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with serving(market_app(market)) as shops:
        settings = {
            "STORE": "sqlite:///scout.db", "TICKETMASTER_API_KEY": API_KEY, "TICKETMASTER_BASE_URL": shops,
            "STEAM_BASE_URL": shops, "TICKETMASTER_CALLS_PER_SECOND": "100", "MIN_INTERVAL_SECONDS": "0",
        }  # fmt: skip
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(scout.cli, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_a_search_is_a_table_that_fits_a_terminal_and_says_who_was_not_asked() -> None:
    said = run("search", "tram").stdout
    assert "Night Tram Orchestra (sandbox)" in said
    assert "Sandbox Hall, London" in said
    assert "£62.40 to £131.60 all-in; £54 to £115 face value; available" in said
    assert "not asked: steam:" in said
    lines = [line for line in said.splitlines() if not line.startswith("not asked")]
    assert max(map(len, lines)) <= 100


def test_as_json_every_field_of_an_event_is_there() -> None:
    said = run_json("search", "tram", "--city", "London", "--country", "gb", "--category", "Music")
    (event,) = said["events"]
    assert (event["name"], event["min_price"], event["basis"], event["available"]) == (
        "Night Tram Orchestra (sandbox)", 62.4, "all_in", True,
    )  # fmt: skip
    assert event["markets"][0]["item"] == ITEM
    assert said["answered"] == ["ticketmaster"]
    assert not run_json("search", "tram", "--to", "2020-01-01")["events"]


def test_a_market_that_is_down_is_said_under_the_table_and_is_not_nothing(market: Market) -> None:
    market.fault = "500"
    said = run("search", "tram", code=1).stdout
    assert "no market answered" in said
    assert "not seen: ticketmaster: it did not answer; try again in a minute." in said


def test_a_comparison_says_how_good_the_best_price_is(market: Market) -> None:
    run("watch", "add", "--provider", "ticketmaster", "--item", ITEM, "--drop", "50")
    for price in (70, 60, 50):
        market.set_price(ITEM, "all_in", price)
        run("tick")
    said = run_json("compare", "ticketmaster", ITEM)
    assert said["events"][0]["deal"]["clauses"] == [
        "low confidence: only 2 earlier prices in less than a day"
    ]
    assert "£50 - low confidence: only 2 earlier prices" in run("compare", "ticketmaster", ITEM).stdout


def test_one_event_is_compared_and_a_market_without_names_says_so() -> None:
    said = run_json("compare", "ticketmaster", ITEM)
    assert [one["item"] for one in said["events"][0]["markets"]] == [ITEM]
    assert "says no name" in run("compare", "steam", "9000020").stdout
    assert "Night Tram" in run("compare", "--search", "tram").stdout


def test_deals_are_what_costs_at_most_so_much() -> None:
    said = run_json("deals", "tram", "--max-price", "60", "gbp", "--basis", "face", "--min-quantity", "2")
    (deal,) = said["deals"]
    assert (deal["low"], deal["basis"], deal["quantity"]) == (54.0, "face", None)
    assert run_json("deals", "tram", "--max-price", "60", "GBP")["deals"] == []  # with its fees it is 62.40
    assert "quantity not said" in run("deals", "tram", "--max-price", "70", "GBP").stdout
    nothing = run(
        "deals", "tram", "--max-price", "60", "GBP", "--basis", "all_in", "--min-quantity", "3"
    ).stdout
    assert "nothing at or under that price with at least 3 offers" in nothing


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("search",), "needs a keyword, a city or a category"),
        (("search", "x", "--country", "Wales"), 'such as "US"'),
        (("search", "x", "--from", "soon"), "write a date"),
        (("compare", "nobody", "x"), "There is no market"),
        (("compare", "ticketmaster"), "name a market and its item"),
        (("compare", "ticketmaster", "a/b"), "web address"),
        (("deals", "x", "--max-price", "cheap", "USD"), "plain number"),
        (("deals", "x", "--max-price", "90", "XYZ"), "ISO code"),
        (("deals", "x", "--max-price", "90", "Dollar"), 'three capital letters, such as "USD"'),
        (("deals", "x", "--max-price", "9.999", "USD"), "at most 2 digits"),
    ],
)
def test_what_cannot_be_asked_is_said_in_words(arguments: tuple[str, ...], said: str, market: Market) -> None:
    assert said in run(*arguments, code=2).output
    assert not market.asked
