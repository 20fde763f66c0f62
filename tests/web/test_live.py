"""A page that is open asks what changed, and is told that, and no more."""

import re
from datetime import timedelta
from typing import Any

from tests.web.kit import FACE, ITEM, Someone, World
from watchers.kinds import Channel
from watchers.money import Basis
from watchers.observation import Price


def shown(page: str) -> tuple[str, str]:
    """What the script would say it shows: cards with their keys, and alerts."""
    cards = re.findall(r'data-id="([^"]+)" data-key="([^"]+)"', page)
    return ",".join(f"{one}:{key}" for one, key in cards), re.findall('data-alerts="([^"]+)"', page)[0]


def ask(ann: Someone, page: str, tag: str = "") -> Any:
    known, alerts = shown(page)
    headers = {"If-None-Match": f'"{tag}"'} if tag else {}
    return ann.client.get("/watches/live", query_string={"known": known, "alerts": alerts}, headers=headers)


def two_watches(world: World) -> None:
    world.put_watch("w1")
    world.put_watch("w2", target={"provider": "ticketmaster", "item": "another1"})
    for one in ("w1", "w2"):
        world.copy(one)
    world.see(ITEM, FACE)


def test_nothing_is_told_twice(world: World, ann: Someone) -> None:
    two_watches(world)
    page = ann.get("/")
    answer = ask(ann, page)
    assert answer.status_code == 200
    assert (answer.json["cards"], answer.json["gone"]) == ({}, [])
    assert "listed" not in answer.json
    again = ask(ann, page, answer.headers["ETag"].strip('"'))
    assert (again.status_code, again.data) == (304, b"")


def test_a_price_that_moved_brings_its_card_and_no_other(world: World, ann: Someone) -> None:
    two_watches(world)
    page = ann.get("/")
    world.documents.inner.commit()
    _see_again(world, Price(Basis.FACE, "USD", 9400))
    answer = ask(ann, page).json
    assert list(answer["cards"]) == ["w1"]
    assert "<strong>$94</strong>" in answer["cards"]["w1"]
    assert answer["said"] == "1 watch changed."


def test_the_same_price_again_brings_only_when_it_was_seen(world: World, ann: Someone) -> None:
    two_watches(world)
    page = ann.get("/")
    before = ask(ann, page).json["seen"]["w1"]
    _see_again(world, FACE)
    answer = ask(ann, page).json
    assert answer["cards"] == {}
    assert answer["seen"]["w1"] > before
    assert 'data-row="0"' in page


def test_what_time_alone_changes_brings_the_card_too(world: World, ann: Someone) -> None:
    two_watches(world)
    page = ann.get("/")
    world.later = timedelta(hours=2)
    assert "Blind for 2 h" in ask(ann, page).json["cards"]["w1"]


def test_what_is_gone_is_named(world: World, ann: Someone) -> None:
    two_watches(world)
    page = ann.get("/")
    ann.post("/watches/w2/delete")
    answer = ask(ann, page).json
    assert (answer["gone"], answer["total"]) == (["w2"], 1)


def test_a_new_alert_brings_the_list_and_the_count(world: World, ann: Someone) -> None:
    two_watches(world)
    page = ann.get("/")
    world.told("K7Q2ABCD", channel=Channel.APP)
    answer = ask(ann, page).json
    assert (answer["new"], answer["new_said"]) == (1, "1 new alert")
    assert "$84 face (was $112)" in answer["listed"]


def test_nobody_is_told_of_anothers_watches(world: World, ann: Someone) -> None:
    two_watches(world)
    page = ann.get("/")
    answer = ask(world.person("bob"), page).json
    assert (answer["cards"], answer["seen"], sorted(answer["gone"])) == ({}, {}, ["w1", "w2"])
    assert world.app().test_client().get("/watches/live").status_code == 401


def test_nonsense_is_answered_all_the_same(ann: Someone) -> None:
    for known in ("", ",", ":", "x", "x:y:z", "%00:1", "w1:" + "0" * 30_000):
        assert ann.client.get("/watches/live", query_string={"known": known}).status_code == 200


def _see_again(world: World, price: Price) -> None:
    found = world.documents.inner.get("boards/ticketmaster-0")
    assert found
    world.documents.inner.commit(*_forget_run(found))
    world.see(ITEM, price, ago=timedelta(0))


def _forget_run(found: Any) -> list[Any]:
    from watchers.documents import Update  # noqa: PLC0415

    return [Update(found.path, {"runs": []}, found.version)]
