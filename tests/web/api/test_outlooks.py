"""Before saving, over the API: what a text stands for, what is known, what a watch would have told."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import stamina

from tests import markets
from tests.markets import Market, entry, face
from tests.web.api.kit import WATCH, Program, pointers, problem, program
from tests.web.kit import FACE, ITEM, World


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3):
        yield


def test_a_link_is_what_it_leads_to(anns: Program) -> None:
    said = anns.get("/box?text=https://store.steampowered.com/app/620/Portal_2/").get_json()
    assert [(one["provider"], one["item"]) for one in said["items"]] == [("steam", "620")]
    assert (said["words"], said["error"]) == (None, None)


def test_words_are_searched_for_and_nonsense_says_what_to_write(anns: Program) -> None:
    assert anns.get("/box?text=night+tram").get_json()["words"] == "night tram"
    assert anns.get("/box?text=http://%5B").get_json()["error"]
    assert pointers(anns.get("/box")).keys() == {"text"}


def test_what_is_known_of_an_item(world: World) -> None:
    shop = Market("ticketmaster", entry("ticketmaster", "vvG1zZ9abc", face(5400, high=12000)))
    world.catalog = markets.World(shop).catalog
    said = program(world).get("/look?provider=ticketmaster&item=vvG1zZ9abc").get_json()
    assert (said["name"], said["is_over"], said["why_unseen"]) == ("Night Tram", False, None)
    assert [(one["low"], one["currency"]) for one in said["prices"]] == [("54.00", "USD")]
    assert [(one["limit"], one["currency"]) for one in said["suggestions"]] == [("51.00", "USD")]
    assert said["records"][0]["lowest"] == "54.00"


def test_of_what_nobody_knows_nothing_is_said(anns: Program) -> None:
    said = anns.get("/look?provider=nix&item=1").get_json()
    assert (said["name"], said["prices"], said["availability"]) == (None, [], None)
    assert said["why_unseen"]


def test_a_watch_is_tried_and_not_saved(world: World, anns: Program) -> None:
    world.see(ITEM, FACE, ago=timedelta(hours=2))
    lower = {
        **WATCH,
        "conditions": [{"kind": "below", "price": "96.00", "currency": "USD"}, {"kind": "status"}],
    }
    said = anns.post("/trials", lower).get_json()
    assert [(one["amount"], one["currency"], one["reason"]) for one in said["told"]] == [
        ("95.00", "USD", "below_limit")
    ]
    assert (said["is_enough"], said["untried"]) == (False, ["status"])
    assert said["target"] == WATCH["target"]
    assert world.watches() == []


def test_a_token_that_may_only_read_may_try(world: World) -> None:
    assert program(world, scope="read").post("/trials", WATCH).status_code == 200


def test_what_cannot_be_watched_is_not_tried(anns: Program) -> None:
    problem(anns.post("/trials", {**WATCH, "target": {"provider": "ticketmaster", "item": "unknown"}}), 422)


# ── searches that are kept ───────────────────────────────────────────────────────────────────────────────


def test_a_search_is_kept_once_renamed_and_deleted(anns: Program, bobs: Program) -> None:
    asked = {"keyword": "Lakers", "country": "US", "max_price": "90.00", "min_quantity": 2}
    first = anns.post("/searches", {"name": "Home", "asked": asked}).get_json()
    again = anns.post("/searches", {"name": "At home", "asked": asked}).get_json()
    assert (first["id"], again["name"]) == (again["id"], "At home")
    (kept,) = anns.get("/searches").get_json()["searches"]
    assert kept["asked"] | asked == kept["asked"]
    assert bobs.get("/searches").get_json()["searches"] == []
    for method, sent in (("PATCH", {"json": {"name": "x"}}), ("DELETE", {})):
        problem(bobs.ask(method, f"/searches/{first['id']}", **sent), 404)
    assert anns.ask("PATCH", f"/searches/{first['id']}", json={"name": "New"}).get_json()["name"] == "New"
    assert anns.ask("DELETE", f"/searches/{first['id']}").status_code == 204
    problem(anns.ask("DELETE", f"/searches/{first['id']}"), 404)


def test_a_search_that_cannot_be_is_not_kept(anns: Program) -> None:
    assert pointers(anns.post("/searches", {"asked": {}})).keys() == {"/asked"}
    assert pointers(anns.post("/searches", {"asked": {"keyword": "x", "country": "usa"}})).keys() == {
        "/asked/country"
    }
