"""The people, masked: found by id or by a contact in full, and given another plan."""

import hashlib
import logging
import re

import pytest

from tests.web.kit import Someone, World
from watchers import seats
from watchers.documents import Put

CONTACTS = {"phone": "+14155550123", "email": "ann.smith@example.com"}


@pytest.fixture
def world() -> World:
    world = World(operators=frozenset({"boss"}))
    world.reach("ann", **CONTACTS, email_verified_at=world.now(), push_url="tgram://secret-token/42")
    return world


def test_no_page_shows_a_whole_number_address_or_token(boss: Someone) -> None:
    for path in ("/status/people", "/status/people/ann"):
        page = boss.get(path)
        assert "…23" in page
        assert "a…@example.com" in page
        assert not [secret for secret in ("4155550123", "ann.smith", "secret-token") if secret in page]


@pytest.mark.parametrize("who", ["ann", "+14155550123", "+1 415 555 0123", "Ann.Smith@example.com"])
def test_somebody_is_found_by_id_number_or_address(
    boss: Someone, who: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        answer = boss.post("/status/people", {"who": who})
    assert answer.location == "/status/people/ann"
    assert not re.search("555 ?0123", str([vars(record) for record in caplog.records]))


def test_a_contact_that_was_proved_is_found_by_its_digest(world: World, boss: Someone) -> None:
    digest = hashlib.sha256(b"phone:+447700900123").hexdigest()
    world.documents.commit(Put(f"contacts/{digest}", {"uid": "ann"}))
    assert boss.post("/status/people", {"who": "+447700900123"}).location == "/status/people/ann"


@pytest.mark.parametrize("who", ["", "nobody", "+14155550199", "../people/ann", "a/b", "x" * 500])
def test_who_is_not_found_is_said_and_nothing_breaks(boss: Someone, who: str) -> None:
    assert boss.post("/status/people", {"who": who}).location == "/status/people"
    assert "Nobody has this id, number or address." in boss.get("/status/people")


@pytest.mark.parametrize("after", ["a/b", "..", "__x__", "x" * 500])
def test_a_page_after_what_is_no_id_is_not_there(boss: Someone, after: str) -> None:
    assert boss.client.get("/status/people", query_string={"after": after}).status_code == 404


def test_people_come_a_page_at_a_time_and_everybody_once(world: World, boss: Someone) -> None:
    for number in range(60):
        world.reach(f"p{number:02}")
    seen: list[str] = []
    path, pages = "/status/people", 0
    while path:
        page = boss.get(path)
        found = [part.split('"')[0] for part in page.split('<h2><a href="/status/people/')[1:]]
        seen, pages = [*seen, *found], pages + 1
        path = (
            page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0] if 'rel="next"' in page else ""
        )
    assert seen == ["ann", *(f"p{number:02}" for number in range(60))]
    assert pages == 3


def test_a_page_of_people_costs_three_reads_a_person_at_most(world: World, boss: Someone) -> None:
    for number in range(60):
        world.reach(f"p{number:02}")
    before = world.documents.operations["reads"]
    boss.get("/status/people")
    assert world.documents.operations["reads"] - before <= 26 + 2 * 25 + 1


def test_a_plan_is_changed_once_and_carried_to_the_persons_watches(world: World, boss: Someone) -> None:
    world.put_watch("w1")
    world.copy("w1")
    for _ in range(2):
        answer = boss.post("/status/people/ann/plan", {"plan": "premium"})
        assert answer.location == "/status/people/ann"
    assert world.fields("people/ann")["plan"] == "premium"
    assert world.fields(seats.path("ann"))["plan"] == "premium"
    assert world.fields("worker_monitor_jobs/w1")["priority"] == 2
    assert "1 of 500" in boss.get("/status/people/ann")


@pytest.mark.parametrize("plan", ["", "gold", "BASIC"])
def test_a_plan_that_is_none_is_refused(world: World, boss: Someone, plan: str) -> None:
    boss.post("/status/people/ann/plan", {"plan": plan})
    assert "Choose one of basic, premium, enterprise." in boss.get("/status/people/ann")
    assert "plan" not in world.fields("people/ann")


def test_a_form_without_its_token_changes_nothing(world: World, boss: Someone) -> None:
    assert boss.client.post("/status/people/ann/plan", data={"plan": "premium"}).status_code == 403
    assert "plan" not in world.fields("people/ann")


def test_somebody_who_is_not_there_is_not_there(boss: Someone) -> None:
    assert boss.client.get("/status/people/nobody").status_code == 404
    assert boss.post("/status/people/nobody/plan", {"plan": "premium"}).status_code == 404


def test_the_persons_page_says_what_was_refused(world: World, boss: Someone) -> None:
    world.put_watch("w1", target={"provider": "ticketmaster", "item": "unknown"})
    world.copy("w1")
    assert "w1: There is no such event." in boss.get("/status/people/ann")
