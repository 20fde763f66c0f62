"""What operators see: everything at a glance, masked, at a cost that does not grow with watches."""

import logging
from collections import Counter
from datetime import timedelta

import pytest

from tests.web.kit import FACE, ITEM, PLACES, Someone, World
from watchers import mishaps
from watchers.documents import Put
from watchers.kinds import Channel
from watchers.models import AlertState
from web.operator.facts import gather
from web.operator.lines import text

PAGES = ["/status", "/status/people", "/status/people/ann", "/status/refused", "/status/blind"]


def site_of(world: World):  # type: ignore[no-untyped-def]  # noqa: ANN201
    return world.app().extensions["ticket_scout"]


@pytest.mark.parametrize("path", PAGES)
def test_nobody_else_learns_that_there_is_such_a_page(world: World, path: str) -> None:
    world.reach("ann")
    assert world.person("ann").client.get(path).status_code == 404
    assert world.app().test_client().get(path).status_code == 404


@pytest.mark.parametrize("path", ["/status/people", "/status/people/ann/plan"])
def test_nobody_else_may_press_their_buttons(world: World, path: str) -> None:
    world.reach("ann")
    assert world.person("ann").post(path, {"who": "ann", "plan": "enterprise"}).status_code == 404
    assert "plan" not in world.fields("people/ann")


@pytest.mark.parametrize("path", PAGES)
def test_each_look_is_a_line_with_the_operators_id_and_no_contact(
    world: World, boss: Someone, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.reach("ann", email="ann@example.com")
    with caplog.at_level(logging.INFO):
        boss.get(path)
    (looked,) = [record for record in caplog.records if record.getMessage() == "operator.looked"]
    assert vars(looked)["operator"] == "boss"
    assert "4155550123" not in caplog.text + str([vars(record) for record in caplog.records])


def test_a_worker_that_runs_says_so_and_one_that_does_not_is_said_in_red(world: World, boss: Someone) -> None:
    assert "never: nobody watches anything yet" in boss.get("/status")
    world.allow(5000)
    world.put_watch("w1")
    world.copy("w1")
    world.see(ITEM, FACE)
    world.later = timedelta(seconds=6)
    assert '<p class="chip watching">Runs</p>' in world.person("boss").get("/status")
    world.later = timedelta(minutes=40)
    page = world.person("boss").get("/status")
    assert '<p class="chip refused">Does not run</p>' in page
    assert '<p class="trouble">The worker has not run for 40 min.' in page


def test_boards_that_could_not_be_ticked_are_named(world: World, boss: Someone) -> None:
    world.allow(5000)
    world.see(ITEM, FACE)
    mishaps.note(world.documents, ["ticketmaster-0", "ticketmaster-0"], world.now())
    assert "Could not be ticked in the last day: ticketmaster-0 (2 times)." in boss.get("/status")


def test_the_outbox_says_what_waits_what_failed_and_why(world: World, boss: Someone) -> None:
    now = world.now()
    world.told("AAAA2222", state=AlertState.SENT)
    world.told("BBBB2222", state=AlertState.FAILED, why="over_budget_person")
    world.told("CCCC2222", state=AlertState.FAILED, why="over_budget_person", channel=Channel.EMAIL)
    world.told("DDDD2222", state=AlertState.PENDING, settled_at=None, due_at=now - timedelta(minutes=30))
    world.told("EEEE2222", state=AlertState.UNCERTAIN, settled_at=None, due_at=now + timedelta(minutes=1))
    world.told(
        "FFFF2222", state=AlertState.FAILED, why="21610", settled_at=now - timedelta(days=3)
    )  # long ago
    page = boss.get("/status")
    assert "1 pending, 1 uncertain" in page
    assert "1 alert, the oldest for 30 min" in page
    assert "1 sent, 1 failed by sms; 1 failed by email" in page
    assert "over_budget_person 2×" in page  # noqa: RUF001
    assert "21610" not in page


def test_spending_is_shown_against_the_cap_and_said_when_it_is_used_up(world: World, boss: Someone) -> None:
    month = f"spend/{world.now():%Y-%m}"
    world.documents.commit(Put(month, {"segments": 850}))
    page = boss.get("/status")
    assert "850 of 1,000 segments of texts this month" in page
    assert "Nearly used up" in page
    world.documents.commit(Put(month, {"segments": 1000}))
    assert "The month's texts are used up (SMS_SEGMENTS_PER_MONTH)" in world.person("boss").get("/status")


def test_blind_targets_are_counted_named_and_listed(world: World, boss: Someone) -> None:
    world.allow(5000)
    world.see(ITEM, FACE, ago=timedelta(hours=3), unseen_why="not_found")
    assert "1 target not seen for longer than they should be: vvG1zZ9abc for 3 h" in boss.get("/status")
    page = boss.get("/status/blind")
    assert "vvG1zZ9abc" in page
    assert "not_found" in page


def test_refused_watches_are_listed_with_whose_they_are_and_why(world: World, boss: Someone) -> None:
    assert "No watch is refused." in boss.get("/status/refused")
    world.put_watch("w1", filters={"min_quantity": 2})
    world.copy("w1")
    page = boss.get("/status/refused")
    assert "It does not say how many are left." in page
    assert '<a href="/status/people/ann">ann</a>' in page


def test_looking_costs_the_same_for_two_hundred_watches_as_for_two(world: World) -> None:
    world.allow(5000)
    spent = []
    for first, number in ((0, 2), (2, 198)):
        for watch in range(first, first + number):
            world.put_watch(f"w{watch}")
            world.copy(f"w{watch}")
        if not first:
            world.see(ITEM, FACE)
        boss = world.person("boss")
        before = Counter(world.documents.operations)
        boss.get("/status")
        spent.append((Counter(world.documents.operations) - before)["reads"])
    assert spent[0] == spent[1] <= 35


def test_looking_again_at_once_costs_nothing(world: World, boss: Someone) -> None:
    boss.get("/status")
    before = Counter(world.documents.operations)
    boss.get("/status")
    boss.get("/status/blind")
    assert (Counter(world.documents.operations) - before).total() <= 2  # whether the session still holds


def test_the_command_line_says_the_same(world: World) -> None:
    world.allow(5000)
    world.put_watch("w1")
    world.copy("w1")
    world.see(ITEM, FACE)
    known = gather(site_of(world))
    said = list(text(known))
    assert "Worker: Runs" in said
    assert "  Holds: 0 people, 1 watch" in said
    assert known.to_json()["watches"] == 1
    assert known.to_json()["worker_runs"] is True
    assert PLACES.job("w1") not in str(known.to_json())


def test_who_was_refused_under_the_same_id_is_listed_too(world: World, boss: Someone) -> None:
    for uid in ("ann", "bob"):
        world.put_watch("w1", uid, filters={"min_quantity": 2})
        world.copy("w1", uid)
    page = boss.get("/status/refused")
    assert page.count("<h2>w1</h2>") == 2
    assert "/status/people/ann" in page
    assert "/status/people/bob" in page
