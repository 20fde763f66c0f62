"""The frame around every page."""

import re

import pytest

from tests import markets
from tests.markets import Market
from tests.web.kit import Someone, World
from watchers.language import LANGUAGES


def header(page: str) -> dict[str, str]:
    """The header's places: labels and addresses."""
    (inside,) = re.findall(r'<ul class="places">(.*?)</ul>', page, re.DOTALL)
    return {label: address for address, label in re.findall(r'<a href="([^"]*)"[^>]*>([^<]*)', inside)}


def test_it_leads_to_the_pages_there_are(world: World) -> None:
    world.catalog = markets.World(Market("ticketmaster")).catalog
    places = header(world.person().get("/"))
    assert places["Watches"] == "/"
    assert places["Search"] == "/search"
    assert "Status" not in places


def test_only_operators_are_led_to_the_status(world: World) -> None:
    world.operators = frozenset({"ann"})
    assert "Status" in header(world.person("ann").get("/"))
    assert "Status" not in header(world.person("bob").get("/"))


def test_the_place_one_is_at_is_marked(ann: Someone) -> None:
    for path in ("/", "/watches/new"):
        assert re.findall(r'href="([^"]*)" aria-current="page"', ann.get(path)) == ["/"]


def test_strangers_see_the_way_in_and_nothing_else(world: World) -> None:
    page = world.app().test_client().get("/").text
    assert header(page) == {"Sign in": "/sign-in"}
    assert "Sign out" not in page


def test_a_stranger_may_choose_the_language(world: World) -> None:
    client = world.app().test_client()
    (link,) = re.findall(r'<a href="([^"]*)" lang="de"', client.get("/nothing?x=1").text)
    assert client.get(link.replace("&amp;", "&")).text.startswith('<!doctype html>\n<html lang="de">')
    assert '<html lang="de">' in client.get("/enter").text
    assert '<html lang="en">' in client.get("/enter?lang=en").text
    assert '<html lang="en">' in client.get("/enter?lang=tlh").text


def test_another_language_of_a_page_keeps_what_the_address_asks_for(ann: Someone) -> None:
    (link,) = re.findall(r'<a href="([^"]*)" lang="de"', ann.get("/watches/new?name=A+%26+B&name=C"))
    assert link == "/watches/new?name=A+%26+B&name=C&lang=de"


def test_from_the_answer_to_a_form_the_other_language_leads_where_one_can_go(ann: Someone) -> None:
    answer = ann.post("/watches/nothing/pause", {"x": "y"})
    (link,) = re.findall(r'<a href="([^"]*)" lang="de"', answer.text)
    assert link == "/?lang=de"
    assert set(LANGUAGES) == {"en", "de"}


@pytest.mark.parametrize("path", ["/a/AAAAAAAA", "/stop/AAAAAAAA", "/enter?token=x", "/", "/nothing"])
def test_what_an_address_alone_opens_is_listed_nowhere(world: World, path: str) -> None:
    assert world.app().test_client().get(path).headers["X-Robots-Tag"] == "noindex"


def test_pages_behind_the_way_in_say_nothing_about_robots(ann: Someone) -> None:
    assert "X-Robots-Tag" not in ann.client.get("/").headers


def test_the_icon_is_our_own(ann: Someone) -> None:
    (address,) = re.findall(r'<link rel="icon" type="image/svg\+xml" href="(/assets/[^"]*)"', ann.get("/"))
    assert ann.client.get(address).mimetype == "image/svg+xml"
