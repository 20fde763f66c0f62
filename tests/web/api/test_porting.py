"""Watches out and in again over the API, their dates, many at once, and the operators' view."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tests.web.api.kit import WATCH, Program, pointers, problem, program
from tests.web.kit import ITEM, World
from watchers import board
from watchers.history import Facts, History
from watchers.observation import Observation
from watchers.quota import Quota
from watchers.rows import Row

SHEET = (
    "name,provider,item,below,currency\n"
    "Lakers,ticketmaster,vvG1zZ9abc,90.00,USD\n"
    "Odd,ticketmaster,unknown,1,USD\n"
)


def test_a_sheet_says_what_would_be_saved_and_saves_it_once(world: World, anns: Program) -> None:
    said = anns.post("/import", {"text": SHEET}).get_json()
    assert [(one["place"], one["outcome"]) for one in said["entries"]] == [(2, "new"), (3, "refused")]
    assert said["entries"][1]["reasons"] == ["There is no such event."]
    assert world.watches() == []
    assert [anns.post("/import", {"text": SHEET, "save": True}).get_json()["saved"] for _ in range(2)] == [
        1,
        0,
    ]
    assert [one.fields["name"] for one in world.watches()] == ["Lakers"]


@pytest.mark.parametrize("text", ["\u0000", "colour\nred\n", "{", "[[[["])
def test_what_is_no_file_of_watches(anns: Program, text: str) -> None:
    assert pointers(anns.post("/import", {"text": text})).keys() == {"/text"}


def test_half_a_character_in_a_file_is_that_entrys_own_fault(anns: Program) -> None:
    (entry,) = anns.post("/import", {"text": r'[{"name": "\ud800"}]', "save": True}).get_json()["entries"]
    assert entry["outcome"] == "refused"
    assert "cut in half" in entry["reasons"][0]


def test_what_goes_out_comes_in_again_and_no_cell_is_a_formula(anns: Program, bobs: Program) -> None:
    anns.save(name="=cmd|' /C calc'!A0")
    answer = anns.get("/export.csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    (row,) = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))
    assert not row["name"].startswith("=")
    assert (
        bobs.post("/import", {"text": answer.get_data(as_text=True), "save": True}).get_json()["saved"] == 1
    )
    assert bobs.get("/watches").get_json()["watches"][0]["name"] == "=cmd|' /C calc'!A0"


_QUOTA = Quota(1000, timedelta(days=1), 5)


def _announce(world: World, starts_at: datetime) -> None:
    found = board.claim(
        world.documents.inner,
        "ticketmaster-0",
        "run",
        _QUOTA,
        world.now(),
        at_most=1,
    )
    assert isinstance(found, board.Board)
    seen = Observation(ITEM, world.now(), starts_at=starts_at)
    found.rows[ITEM.id] = Row(ITEM, since=world.now(), history=History(facts=Facts()).after(seen))
    board.save(world.documents.inner, found, "run")


def test_dates_and_a_secret_address_for_calendars(world: World, anns: Program) -> None:
    watch_id = anns.save()
    _announce(world, datetime(2027, 1, 9, 19, 30, tzinfo=UTC))
    said = anns.get("/calendar").get_json()
    (one,) = said["dates"]
    assert (one["watch_id"], one["starts_at"], one["starts_on"]) == (watch_id, "2027-01-09T19:30:00Z", None)
    assert said["address"] is None
    first, second = (anns.post("/calendar").get_json()["address"] for _ in range(2))
    client = world.app().test_client()
    assert client.get(first.removeprefix("http://localhost")).status_code == 404
    assert client.get(second.removeprefix("http://localhost")).status_code == 200
    answer = anns.get("/calendar.ics")
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert "BEGIN:VEVENT" in answer.get_data(as_text=True)


# ── many at once ─────────────────────────────────────────────────────────────────────────────────────────


def test_many_are_changed_at_once_and_only_ones_own(world: World, anns: Program, bobs: Program) -> None:
    ids = [anns.save(f"e{number}") for number in range(3)]
    theirs = bobs.save()
    done = anns.post("/changes", {"ids": [*ids, theirs, "nothing"], "act": "pause"}).get_json()
    assert (set(done["changed"]), done["refused"]) == (set(ids), [])
    assert world.watch(theirs, "bob")["status"] == "active"
    anns.post("/changes", {"ids": ids, "act": "tag", "tags": ["a", "b"]})
    anns.post("/changes", {"ids": ids[:1], "act": "untag", "tags": ["A"]})
    assert [world.watch(one)["tags"] for one in ids] == [["b"], ["a", "b"], ["a", "b"]]
    assert set(anns.post("/changes", {"ids": ids, "act": "delete"}).get_json()["changed"]) == set(ids)
    assert world.watches() == []


def test_what_many_need_is_asked_for(anns: Program) -> None:
    watch_id = anns.save()
    assert pointers(anns.post("/changes", {"ids": [watch_id], "act": "snooze"})).keys() == {"/until"}
    assert pointers(anns.post("/changes", {"ids": [watch_id], "act": "tag"})).keys() == {"/tags"}
    assert pointers(anns.post("/changes", {"ids": [], "act": "pause"})).keys() == {"/ids"}


def test_two_people_import_the_same_sheet_and_both_are_watched_for(
    world: World, anns: Program, bobs: Program
) -> None:
    for ours in (anns, bobs):
        assert ours.post("/import", {"text": SHEET, "save": True}).get_json()["saved"] == 1
    for uid in ("ann", "bob"):
        (watch,) = world.watches(uid)
        assert world.copy(watch.id, uid) == "copied"


# ── operators ────────────────────────────────────────────────────────────────────────────────────────────


def test_only_operators_see_how_everything_is_doing(world: World, anns: Program) -> None:
    for path in ("/status", "/status/troubles"):
        problem(anns.get(path), 403)
    world.operators = frozenset({"olga"})
    olgas = program(world, "olga", scope="read")
    said = olgas.get("/status").get_json()
    assert {one["provider"] for one in said["providers"]} == {"ticketmaster", "steam", "seatgeek"}
    assert (said["people"], said["watches"], said["worker_runs"]) == (0, 0, True)


def test_operators_see_what_was_refused(world: World) -> None:
    world.put_watch("w1", target={"provider": "ticketmaster", "item": "unknown"})
    world.copy("w1")
    world.operators = frozenset({"olga"})
    (one,) = program(world, "olga").get("/status/troubles").get_json()["refused"]
    assert (one["id"], one["uid"], one["reasons"]) == ("w1", "ann", ["There is no such event."])


def test_what_was_refused_last_comes_first(world: World) -> None:
    world.operators = frozenset({"olga"})
    for number, watch_id in enumerate(("b", "a", "c")):
        world.later = timedelta(minutes=number)
        world.put_watch(watch_id, target={"provider": "ticketmaster", "item": "unknown"})
        world.copy(watch_id)
    found = program(world, "olga").get("/status/troubles").get_json()["refused"]
    assert [one["id"] for one in found] == ["c", "a", "b"]


def test_a_watch_that_the_api_made_is_on_its_persons_page_at_once(world: World, anns: Program) -> None:
    someone = world.person("ann")
    someone.get("/")
    anns.save(name=str(WATCH["name"]))
    assert str(WATCH["name"]) in someone.get("/")


def test_who_may_only_read_is_not_told_the_secret_address(world: World, anns: Program) -> None:
    assert anns.post("/calendar").get_json()["address"]
    assert anns.get("/calendar").get_json()["address"]
    assert program(world, "ann", scope="read").get("/calendar").get_json()["address"] is None
