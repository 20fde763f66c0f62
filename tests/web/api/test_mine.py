"""Oneself over the API: how one is told, and everything one asked for."""

import pytest

from tests.web.api.kit import Program, pointers, problem
from tests.web.kit import NUMBER, World


def test_who_one_is(world: World, anns: Program) -> None:
    world.reach("ann", email="ann@mail.example", push_url="ntfys://ntfy.sh/secret", plan="premium")
    said = anns.get("/me").get_json()
    assert said["plan"] == "premium"
    assert [(one["channel"], one["address"]) for one in said["contacts"]] == [
        ("sms", NUMBER), ("email", "ann@mail.example"), ("push", None),
    ]  # fmt: skip
    assert said["contacts"][1]["verified_at"] is None


def test_a_person_nobody_knows_yet(anns: Program) -> None:
    said = anns.get("/me").get_json()
    assert (said["plan"], said["contacts"], said["wishes"]["timezone"]) == ("basic", [], "UTC")


def test_a_wish_is_kept_and_taken_back(world: World, anns: Program) -> None:
    world.reach("ann")
    asked = {"quiet_hours": {"from": "22:00", "to": "07:00"}, "digest": "daily", "timezone": "Europe/Vienna"}
    said = anns.ask("PATCH", "/me", json=asked).get_json()["wishes"]
    assert said | asked == said
    assert world.fields("people/ann")["phone"] == NUMBER
    back = anns.ask("PATCH", "/me", json={"quiet_hours": None}).get_json()["wishes"]
    assert (back["quiet_hours"], back["digest"]) == (None, "daily")


def test_somebody_nobody_knew_has_wishes_too(world: World, anns: Program) -> None:
    assert anns.ask("PATCH", "/me", json={"per_day": 5}).get_json()["wishes"]["per_day"] == 5
    assert world.fields("people/ann") == {"per_day": 5}


def test_nothing_asked_changes_nothing(world: World, anns: Program) -> None:
    world.reach("ann")
    before = world.fields("people/ann")
    assert anns.ask("PATCH", "/me", json={}).status_code == 200
    assert world.fields("people/ann") == before


@pytest.mark.parametrize(
    ("asked", "pointer"),
    [
        ({"timezone": "Mars/Olympus"}, "/timezone"),
        ({"quiet_hours": {"from": "22:00", "to": "22:00"}}, "/quiet_hours/to"),
        ({"quiet_hours": {"from": "25:00", "to": "07:00"}}, "/quiet_hours/from"),
        ({"quiet_hours": {"from": "22:00"}}, "/quiet_hours/to"),
        ({"digest": "hourly"}, "/digest"),
        ({"per_day": 0}, "/per_day"),
        ({"failover": ["email", "email"]}, "/failover"),
        ({"phone": "+14155550199"}, "/phone"),
        ({"plan": "enterprise"}, "/plan"),
        ({"uid": "bob"}, "/uid"),
        ({"uid": None}, "/uid"),
        ({"": None}, "/"),
        ({"phone_verified_at": "2026-01-01T00:00:00Z"}, "/phone_verified_at"),
    ],
)
def test_what_is_no_wish_is_refused(world: World, anns: Program, asked: object, pointer: str) -> None:
    world.reach("ann")
    before = world.fields("people/ann")
    assert pointers(anns.ask("PATCH", "/me", json=asked)).keys() == {pointer}
    assert world.fields("people/ann") == before


def test_everything_one_asked_for(anns: Program, bobs: Program) -> None:
    mine = anns.save()
    bobs.save()
    assert [one["id"] for one in anns.get("/export").get_json()["watches"]] == [mine]


def test_no_more_tokens_than_one_can_have(anns: Program) -> None:
    for number in range(19):
        assert anns.post("/tokens", {"name": f"t{number}"}).status_code == 201
    problem(anns.post("/tokens", {"name": "one more"}), 409)
