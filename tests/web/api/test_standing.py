"""How a watch stands, what it cost before and why it told, over the API."""

from datetime import timedelta

import pytest

from tests.web.api.kit import Program, problem
from tests.web.kit import FACE, ITEM, PLACES, World
from watchers.history import History
from watchers.kinds import Channel
from watchers.models import AlertState
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.telling import tell


def test_until_the_worker_has_it_a_watch_is_being_saved(world: World, anns: Program) -> None:
    watch_id = anns.save()
    assert anns.get(f"/watches/{watch_id}/state").get_json()["state"] == "saving"
    problem(anns.get(f"/watches/{watch_id}/why"), 409)
    world.copy(watch_id)
    assert anns.get(f"/watches/{watch_id}/state").get_json()["state"] == "watching"


def test_what_was_seen_is_text_with_its_currency_and_what_is_not_known_is_not_there(
    world: World, anns: Program
) -> None:
    watch_id = anns.save()
    world.copy(watch_id)
    world.see(ITEM, FACE, Price(Basis.RESALE, "KWD", 12345), availability=Availability.AVAILABLE)
    said = anns.get(f"/watches/{watch_id}/state").get_json()
    prices = {one["basis"]: (one["amount"], one["currency"]) for one in said["prices"]}
    assert prices == {"face": ("95.00", "USD"), "resale": ("12.345", "KWD")}
    (target,) = said["targets"]
    assert (target["availability"], target["is_blind"]) == ("available", False)
    assert said["prices"][0]["seen_at"].endswith("Z")


def test_nothing_seen_is_no_price(world: World, anns: Program) -> None:
    watch_id = anns.save()
    world.copy(watch_id)
    said = anns.get(f"/watches/{watch_id}/state").get_json()
    assert (said["prices"], said["targets"], said["told"]) == ([], [], None)


def test_a_target_that_is_not_seen_for_long_is_blind(world: World, anns: Program) -> None:
    watch_id = anns.save()
    world.copy(watch_id)
    world.see(ITEM, FACE, ago=timedelta(hours=5))
    assert anns.get(f"/watches/{watch_id}/state").get_json()["state"] == "blind"


@pytest.mark.parametrize(("verb", "state"), [("pause", "paused"), ("bought", "ended")])
def test_what_is_paused_or_ended_says_so(world: World, anns: Program, verb: str, state: str) -> None:
    watch_id = anns.save()
    anns.post(f"/watches/{watch_id}/{verb}")
    world.copy(watch_id)
    assert anns.get(f"/watches/{watch_id}/state").get_json()["state"] == state


def test_what_is_snoozed_says_so(world: World, anns: Program) -> None:
    watch_id = anns.save()
    anns.post(f"/watches/{watch_id}/snooze", {"until": (world.now() + timedelta(days=1)).isoformat()})
    world.copy(watch_id)
    assert anns.get(f"/watches/{watch_id}/state").get_json()["state"] == "snoozed"


def test_a_refused_watch_says_why(world: World, anns: Program) -> None:
    world.put_watch("w1", target={"provider": "ticketmaster", "item": "unknown"})
    world.copy("w1")
    said = anns.get("/watches/w1/state").get_json()
    assert (said["state"], said["reasons"]) == ("refused", ["There is no such event."])


def test_past_prices_are_steps(world: World, anns: Program) -> None:
    watch_id = anns.save()
    world.see(ITEM, FACE)
    (one,) = anns.get(f"/watches/{watch_id}/history?days=7").get_json()["prices"]
    assert (one["basis"], one["currency"], one["target"]) == ("face", "USD", ITEM.id)
    (step,) = one["steps"]
    assert step["amount"] == "95.00"
    assert step["since"] <= step["until"]


def test_why_it_did_not_tell(world: World, anns: Program) -> None:
    watch_id = anns.save()
    world.copy(watch_id)
    world.see(ITEM, FACE, ago=timedelta(seconds=-1))
    said = anns.get(f"/watches/{watch_id}/why").get_json()
    (target,) = said["targets"]
    assert [look["reason"] for look in target["looks"]] == ["first_look", "not_true"]
    assert {look["seen"] for look in target["looks"]} == {"$95 face"}


def test_what_is_told_next_names_the_kind_of_price_where_that_differs(world: World, anns: Program) -> None:
    drop = {"kind": "drop", "percent": 10}
    watch_id = anns.save(conditions=[drop])
    world.copy(watch_id)
    job = world.documents.get(PLACES.job(watch_id))
    assert job
    all_in = Price(Basis.ALL_IN, "USD", 110_00)
    world.see(ITEM, FACE, all_in)
    seen = Observation(ITEM, world.now(), prices=(FACE, all_in))
    tell(world.documents, PLACES, job, History(), seen)
    said = ["Next alert at $85.50 or less (face value).", "Next alert at $99 or less (all-in)."]
    (target,) = anns.get(f"/watches/{watch_id}/why").get_json()["targets"]
    assert sorted(anns.get(f"/watches/{watch_id}/state").get_json()["rules"]) == sorted(said)
    assert all(one in target["rule"] for one in said)


# ── alerts ───────────────────────────────────────────────────────────────────────────────────────────────


def test_alerts_come_newest_first_in_pages_and_only_ones_own(
    world: World, anns: Program, bobs: Program
) -> None:
    for number in range(4):
        world.told(f"K7Q{number + 2}M9X2", created_at=world.now() + timedelta(minutes=number))
    first = anns.get("/alerts?limit=3").get_json()
    rest = anns.get(f"/alerts?limit=3&cursor={first['next']}").get_json()
    codes = [one["code"] for one in (*first["alerts"], *rest["alerts"])]
    assert codes == ["K7Q5", "K7Q4", "K7Q3", "K7Q2"], "what its text shows: all of it stops the watch"
    assert rest["next"] is None
    assert bobs.get("/alerts").get_json()["alerts"] == []


def test_an_alert_says_what_it_told_and_what_became_of_it(world: World, anns: Program) -> None:
    world.told("K7Q2M9X4", state=AlertState.FAILED, why="opted_out")
    (one,) = anns.get("/alerts").get_json()["alerts"]
    assert (one["state"], one["why"], one["channel"], one["is_new"]) == ("failed", "opted_out", "sms", False)
    news = one["news"]
    assert (news["reason"], news["price"], news["was"], news["currency"]) == (
        "below_limit", "84.00", "112.00", "USD",
    )  # fmt: skip


def test_alerts_are_called_read_once_and_nobody_elses(world: World, anns: Program, bobs: Program) -> None:
    alert = world.told("K7Q2M9X4", channel=Channel.APP)
    assert bobs.post("/alerts/read", {"ids": [alert.id]}).status_code == 204
    assert anns.get("/alerts").get_json()["alerts"][0]["is_new"] is True
    for _ in range(2):
        assert anns.post("/alerts/read", {"ids": [alert.id, "nothing"]}).status_code == 204
    assert anns.get("/alerts").get_json()["alerts"][0]["is_new"] is False


def test_the_alerts_of_one_watch(world: World, anns: Program) -> None:
    watch_id = anns.save()
    world.told("K7Q3M9X4", watch_id=watch_id)
    world.told("K7Q2M9X5", watch_id="another")
    (one,) = anns.get(f"/watches/{watch_id}/alerts").get_json()["alerts"]
    assert one["code"] == "K7Q3"
