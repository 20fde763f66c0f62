"""Searching all markets on the page, and the way from there to a watch."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape

import pytest
import stamina

from tests import markets
from tests.markets import Market, all_in, entry, face
from tests.web.kit import World, errors_of, text_of
from watchers.errors import ProviderUnavailableError
from watchers.observation import Availability
from web import pace


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3):
        yield


@pytest.fixture
def tickets() -> Market:
    return Market("ticketmaster", entry("ticketmaster", "vvG1zZ9abc", face(5400, high=12000)))


@pytest.fixture
def searching(world: World, tickets: Market) -> World:
    games = Market("games")
    games.searches = False
    steam = Market("steam", entry("steam", "620", face(4900), all_in(6100), listing_count=3))
    parts = markets.World(tickets, steam, games, switched_off={"seatgeek": "SEATGEEK_CLIENT_ID is not set"})
    world.catalog = parts.catalog
    return world


def test_it_shows_one_event_with_every_markets_prices(searching: World) -> None:
    page = searching.person().get("/search?keyword=tram&city=London")
    assert "1 found" in page
    assert page.count("<h3>") == 1
    for said in (
        "Night Tram", "31 Dec 2026, Hall, London", "$54 to $120 face value", "$61 all-in",
        "<strong>$49</strong> face value, at Steam (the lowest of 2 markets)", "available, 3 offers",
        'href="https://ticketmaster.example/vvG1zZ9abc" rel="noreferrer"',
        "Games: It cannot be searched.", "Switched off here: SeatGeek.",
    ):  # fmt: skip
        assert said in page


def test_one_press_leads_to_the_form_of_a_watch_filled_in(searching: World) -> None:
    someone = searching.person()
    page = someone.get("/search?keyword=tram")
    (link,) = re.findall(r'href="(/watches/new\?[^"]*provider=ticketmaster[^"]*)"', page)
    form = someone.get(link)
    for said in ('value="Night Tram"', 'value="vvG1zZ9abc"', 'value="USD"'):
        assert said in form
    assert re.search(r'value="item" checked', form)


def test_an_event_on_several_markets_can_be_watched_on_all_of_them(searching: World) -> None:
    someone = searching.person()
    (link,) = re.findall(r'href="(/watches/new\?[^"]*markets=[^"]*)"', someone.get("/search?keyword=tram"))
    form = someone.get(link)
    assert "Ticketmaster <bdi>vvG1zZ9abc</bdi>" in form
    (together,) = re.findall(r'name="markets" value="([^"]*)"', someone.client.get(link).text)
    (watch_id,) = re.findall(r'name="watch_id" value="([0-9a-f]{20})"', form)
    fields = {
        "watch_id": watch_id, "name": "Tram", "provider": "ticketmaster", "what": "markets", "below": "on",
        "markets": unescape(together), "price": "50", "currency": "USD", "app": "on", "already_true": "tell",
        "basis": "any",
    }  # fmt: skip
    saved = someone.post("/watches/new", fields)
    assert saved.status_code == 303, errors_of(saved)
    target = searching.watch(watch_id)["target"]
    assert target == {
        "markets": [{"provider": "ticketmaster", "item": "vvG1zZ9abc"}, {"provider": "steam", "item": "620"}]
    }
    assert "Ticketmaster vvG1zZ9abc; Steam 620" in someone.get("/")
    assert "Steam <bdi>620</bdi>" in someone.get(f"/watches/{watch_id}/edit")


def test_what_one_market_alone_has_is_watched_there_alone(world: World, tickets: Market) -> None:
    world.catalog = markets.World(tickets).catalog
    page = world.person().get("/search?keyword=tram")
    assert "Watch it" in page
    assert "markets=" not in page


def test_a_market_that_is_not_seen_is_said_above_what_the_others_have(
    searching: World, tickets: Market
) -> None:
    tickets.down = ProviderUnavailableError("ticketmaster: status 503")
    page = searching.person().get("/search?keyword=tram")
    assert "Ticketmaster was not seen: it did not answer; try again in a minute." in page
    assert "1 found" in page


def test_nothing_found_is_not_said_where_nobody_answered(world: World, tickets: Market) -> None:
    tickets.down = ProviderUnavailableError("ticketmaster: status 503")
    world.catalog = markets.World(tickets).catalog
    assert "No market answered" in world.person().get("/search?keyword=tram")
    tickets.down, tickets.entries = None, ()
    assert "Nothing found" in world.person().get("/search?keyword=other")


def test_the_empty_page_asks_nobody(searching: World, tickets: Market) -> None:
    page = searching.person().get("/search?keyword=++")
    assert "Search all markets" in page
    assert not tickets.targets


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("keyword=a&max_price=80&currency=", "Write the currency of the price"),
        ("keyword=a&max_price=80&currency=POUND", "Currency: Three capital letters"),
        ("keyword=a&max_price=x&currency=GBP", "At most: Write an amount"),
        ("country=GB", "A search needs a keyword, a city or a category."),
        ("keyword=a&country=Wales", "Country (US, GB): Two capital letters"),
        ("keyword=a&date_from=soon", 'First day: Write a date such as "2026-12-31"'),
        (
            "keyword=a&date_from=2027-01-02&date_to=2027-01-01",
            "The first day must not be later than the last",
        ),
        ("keyword=" + 300 * "a", "Artist, team, show or article: At most 200 characters."),
    ],
)
def test_a_mistake_is_said_in_words_and_what_was_written_stays(
    query: str, said: str, searching: World, tickets: Market
) -> None:
    answer = searching.person().client.get(f"/search?{query}")
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert 'aria-invalid="true"' in text_of(answer)
    assert not tickets.targets


def test_a_country_may_be_written_small(searching: World, tickets: Market) -> None:
    searching.person().get("/search?keyword=a&country=gb")
    assert tickets.targets[0].search
    assert tickets.targets[0].search.country == "GB"


def test_one_person_searches_so_often_and_no_more(searching: World) -> None:
    someone = searching.person()
    app = someone.client
    for number in range(pace.MOST):
        assert app.get(f"/search?keyword=x{number}").status_code == 200
    refused = app.get("/search?keyword=more")
    assert refused.status_code == 429
    assert "Search again in" in text_of(refused)
    searching.later = timedelta(minutes=6)
    assert app.get("/search?keyword=more").status_code == 200


def test_what_a_market_says_is_shown_as_text_and_a_script_is_no_address(world: World) -> None:
    bad = entry(
        "ticketmaster", "e1", name="<script>alert(1)</script>", url="javascript:alert(1)",
        availability=Availability.UNKNOWN,
    )  # fmt: skip
    world.catalog = markets.World(Market("ticketmaster", bad)).catalog
    page = world.person().client.get("/search?keyword=x").text
    assert "<script>" not in page
    assert "javascript:" not in page
    assert "No price is published." in page


def test_nobody_searches_who_is_not_signed_in_nor_where_there_is_no_catalogue(searching: World) -> None:
    assert searching.app().test_client().get("/search?keyword=x").status_code == 401
    searching.catalog = None
    someone = searching.person()
    assert someone.client.get("/search").status_code == 404
    assert 'href="/search"' not in someone.get("/")
