"""Searching, comparing and deals over the API, and which providers there are."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import stamina

from tests import markets
from tests.markets import Market, all_in, entry, face
from tests.web.api.kit import Program, pointers, problem, program
from tests.web.kit import World
from web import pace


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3):
        yield


@pytest.fixture
def searching(world: World) -> Program:
    tickets = Market("ticketmaster", entry("ticketmaster", "vvG1zZ9abc", face(5400, high=12000)))
    steam = Market("steam", entry("steam", "620", face(4900), all_in(6100), listing_count=3))
    parts = markets.World(tickets, steam, switched_off={"seatgeek": "SEATGEEK_CLIENT_ID is not set"})
    world.catalog = parts.catalog
    return program(world)


def test_one_event_on_two_markets_is_one_with_amounts_as_text(searching: Program) -> None:
    said = searching.get("/search?keyword=tram&city=London").get_json()
    (event,) = said["events"]
    assert (event["name"], event["date"], len(event["markets"]), said["more"]) == (
        "Night Tram",
        "2026-12-31",
        2,
        0,
    )
    assert {(one["basis"], one["amount"], one["provider"]) for one in event["best"]} == {
        ("face", "49.00", "steam"),
        ("all_in", "61.00", "steam"),
    }
    prices = {one["provider"]: one["prices"] for one in event["markets"]}
    assert prices["ticketmaster"] == [
        {"basis": "face", "currency": "USD", "low": "54.00", "high": "120.00", "average": None}
    ]
    assert said["asked"]["off"] == {"seatgeek": "SEATGEEK_CLIENT_ID is not set"}


def test_a_search_for_nothing_is_refused(searching: Program) -> None:
    assert "needs a keyword" in problem(searching.get("/search"), 422)["detail"]
    assert pointers(searching.get("/search?keyword=x&country=usa")).keys() == {"country"}
    assert pointers(searching.get("/search?keyword=x&date_from=tomorrow")).keys() == {"date_from"}


def test_a_comparison_names_the_deal(searching: Program) -> None:
    said = searching.get("/compare?provider=ticketmaster&item=vvG1zZ9abc").get_json()
    assert {one["provider"] for one in said["event"]["markets"]} == {"ticketmaster", "steam"}
    assert said["deal"]["verdict"] == "unknown"
    assert "There is no market" in problem(searching.get("/compare?provider=nix&item=1"), 422)["detail"]


def test_deals_are_at_or_under_the_price(searching: Program) -> None:
    said = searching.get("/deals?keyword=tram&max_price=50&basis=face").get_json()
    assert [(one["amount"], one["provider"], one["quantity"]) for one in said["deals"]] == [
        ("49.00", "steam", 3)
    ]
    assert searching.get("/deals?keyword=tram&max_price=48.99&basis=face").get_json()["deals"] == []
    with_fees = searching.get("/deals?keyword=tram&max_price=50").get_json()["deals"]
    assert with_fees == [], "with all fees it is dearer there"
    for wrong in ("0", "1e3", "-1", "NaN"):
        problem(searching.get(f"/deals?keyword=tram&max_price={wrong}"), 422)


def test_searches_of_page_and_program_are_counted_together(world: World, searching: Program) -> None:
    someone = world.person()
    for _ in range(pace.MOST - 1):
        searching.get("/search?keyword=tram")
    assert searching.get("/search?keyword=tram").status_code == 200
    answer = searching.get("/search?keyword=tram")
    problem(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0
    assert searching.get("/search").status_code == 422, "what costs nothing is not counted"
    assert someone.client.get("/api/v1/me").status_code == 200
    world.later = timedelta(minutes=6)
    assert searching.get("/search?keyword=tram").status_code == 200


def test_where_nothing_can_be_searched_there_is_nothing(anns: Program) -> None:
    problem(anns.get("/search?keyword=x"), 404)


def test_providers_say_whether_they_are_on_and_what_is_left(world: World) -> None:
    world.allow(1000)
    ours = program(world)
    said = {one["name"]: one for one in ours.get("/providers").get_json()["providers"]}
    assert (said["ticketmaster"]["is_on"], said["ticketmaster"]["why_off"]) == (True, None)
    assert (said["seatgeek"]["is_on"], said["seatgeek"]["why_off"]) == (
        False,
        "SEATGEEK_CLIENT_ID is not set",
    )
