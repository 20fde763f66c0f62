"""The page of the settings: what changed is kept, what cannot be is said beside its field, nothing lost."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.notifiers.kit import an_alert
from tests.web.kit import Someone, World, errors_of, text_of
from watchers import alerts
from watchers.documents import Query, Update
from watchers.kinds import Channel
from watchers.models import AlertState


@pytest.fixture
def ann(world: World) -> Someone:
    world.reach(timezone="America/New_York")
    return world.person("ann")


def shown(page: str) -> dict[str, str]:
    """Every field as a browser would send it back."""
    seen = re.search(r'name="seen" value="(.*?)">', page)
    assert seen
    filled: dict[str, str] = json.loads(seen[1])
    return {**{name: text for name, text in filled.items() if text}, "seen": seen[1]}


def save(ann: Someone, page: str = "", **changes: str) -> TestResponse:
    fields = shown(page or ann.get("/settings")) | changes
    return ann.post("/settings", {name: text for name, text in fields.items() if text})


def test_the_page_needs_somebody_who_is_signed_in(world: World) -> None:
    client = world.app().test_client()

    assert client.get("/settings").status_code == 401


def test_everything_is_saved_and_shown_again(world: World, ann: Someone) -> None:
    answer = save(
        ann, timezone="Asia/Kolkata", language="de", quiet="on", quiet_from="23:00", quiet_to="06:30",
        digest="weekly", digest_at="09:15", per_day="5", per_watch="2", segments_per_month="30",
        failover_1="push", failover_2="email", notify_app="on", notify_sms="",
    )  # fmt: skip

    assert answer.status_code == 303
    kept = world.fields("people/ann")
    assert {name: kept[name] for name in kept if name not in ("phone", "phone_verified_at")} == {
        "timezone": "Asia/Kolkata",
        "language": "de",
        "quiet_hours": {"from": "23:00", "to": "06:30"},
        "digest": "weekly",
        "digest_at": "09:15",
        "per_day": 5,
        "per_watch": 2,
        "segments_per_month": 30,
        "failover": ["push", "email", "app"],
        "notify": ["email", "app"],
    }
    again = shown(ann.get("/settings"))
    assert again["timezone"] == "Asia/Kolkata"
    assert (again["quiet"], again["quiet_from"]) == ("on", "23:00")
    assert (again["failover_1"], again["failover_2"]) == ("push", "email")


def test_only_what_was_changed_is_written(world: World, ann: Someone) -> None:
    before = world.fields("people/ann")

    assert save(ann).status_code == 303
    assert world.fields("people/ann") == before
    save(ann, per_day="7")
    assert world.fields("people/ann") == before | {"per_day": 7}


def test_a_page_that_was_open_for_an_hour_takes_nothing_back(world: World, ann: Someone) -> None:
    old = ann.get("/settings")
    save(ann, quiet="on", digest="daily")

    save(ann, old, per_day="4")

    kept = world.fields("people/ann")
    assert kept["quiet_hours"] == {"from": "22:00", "to": "07:00"}
    assert kept["digest"] == "daily"
    assert kept["per_day"] == 4


def test_a_stop_that_comes_while_it_is_saved_stays(world: World, ann: Someone) -> None:
    page = ann.get("/settings")

    def stop(_: object) -> None:
        world.documents.before_commit = None
        known = world.documents.inner.get("people/ann")
        assert known
        world.documents.inner.commit(Update(known.path, {"opted_out_at": world.now()}, known.version))

    world.documents.before_commit = stop
    save(ann, page, per_day="4")

    assert world.fields("people/ann")["opted_out_at"]
    assert world.fields("people/ann")["per_day"] == 4


WRONG: list[tuple[dict[str, str], str, str]] = [
    ({"timezone": "Mars/Olympus"}, "timezone", "Choose a time zone"),
    ({"quiet": "on", "quiet_from": "22"}, "quiet_hours", "time of day"),
    ({"quiet": "on", "quiet_from": "07:00", "quiet_to": "07:00"}, "quiet_hours", "another time"),
    ({"quiet": "on", "quiet_to": ""}, "quiet_hours", "time of day"),
    ({"digest": "hourly"}, "digest", "daily or weekly"),
    ({"digest_at": "noon"}, "digest_at", "time of day"),
    ({"per_day": "a few"}, "per_day", "whole number"),
    ({"per_watch": "0"}, "per_watch", "from 1 to"),
    ({"segments_per_month": "101"}, "segments_per_month", "up to 100 a month"),
    ({"failover_1": "email", "failover_2": "email"}, "failover", "only once"),
    ({"failover_1": "pigeon"}, "failover", "Choose out of"),
]


@pytest.mark.parametrize(("changes", "field", "said"), WRONG)
def test_what_cannot_be_is_said_beside_its_field_and_all_that_was_typed_stays(
    world: World, ann: Someone, changes: dict[str, str], field: str, said: str
) -> None:
    before = world.fields("people/ann")

    answer = save(ann, language="de", **changes)

    assert answer.status_code == 422
    assert said in errors_of(answer)[field]
    assert world.fields("people/ann") == before
    page = text_of(answer)
    assert '<option value="de" lang="de" selected>' in page
    for name, text in changes.items():
        if name.startswith(("quiet_", "per_", "seg", "digest_")) and text:
            assert re.search(rf'name="{name}"[^>]* value="{text}"', page)


def test_what_was_wrong_can_be_mended_and_sent_again(world: World, ann: Someone) -> None:
    answer = save(ann, per_day="a few", digest="daily")

    assert save(ann, text_of(answer), per_day="5", digest="daily").status_code == 303
    assert world.fields("people/ann")["digest"] == "daily"
    assert world.fields("people/ann")["per_day"] == 5


def test_the_next_page_speaks_the_language_that_was_chosen(ann: Someone) -> None:
    save(ann, language="de")

    assert '<html lang="de">' in ann.get("/")


def test_what_waited_for_quiet_hours_is_due_once_they_are_off(world: World, ann: Someone) -> None:
    save(ann, quiet="on")
    due = world.now() + timedelta(hours=9)
    alert = an_alert(uid="ann", state=AlertState.HELD, why="quiet_hours", due_at=due)
    world.documents.commit(alerts.creation(alert))

    save(ann, quiet="off")

    assert world.fields(alerts.path(alert.id))["due_at"] < due


def test_a_form_that_was_open_for_too_long_keeps_what_was_typed(world: World, ann: Someone) -> None:
    fields = shown(ann.get("/settings")) | {"per_day": "4", "csrf": "of another session"}

    answer = ann.client.post("/settings", data=fields)

    assert answer.status_code == 422
    assert 'name="per_day" value="4"' in text_of(answer)
    assert "per_day" not in world.fields("people/ann")


def test_names_that_steer_a_page_are_shown_as_text(ann: Someone) -> None:
    answer = save(ann, per_day='"><script>alert(1)</script>')

    assert "<script>alert" not in answer.get_data(as_text=True)


@pytest.mark.parametrize("seen", ["", "{", "[]", "null", "[" * 9000, '{"per_day": {"a": 1}}'])
def test_a_page_that_lost_how_it_stood_is_read_against_how_it_stands(
    world: World, ann: Someone, seen: str
) -> None:
    assert save(ann, seen=seen, digest="daily").status_code == 303
    assert world.fields("people/ann")["digest"] == "daily"
    assert world.fields("people/ann")["timezone"] == "America/New_York"


def test_somebody_of_whom_nothing_is_known_may_say_how_they_are_told(world: World) -> None:
    bob = world.person("bob")

    save(bob, timezone="Europe/Berlin")

    assert world.fields("people/bob") == {"timezone": "Europe/Berlin"}


# ── a test message ───────────────────────────────────────────────────────────────────────────────────────


def sent(world: World) -> list[Any]:
    return [one.fields["channel"] for one in world.documents.find(Query(alerts.COLLECTION))]


def test_a_test_goes_through_the_outbox_and_what_became_of_it_is_said(world: World, ann: Someone) -> None:
    assert ann.post("/settings/test", {"channel": "sms"}).status_code == 303

    assert sent(world) == ["sms"]
    assert "Text is about to be sent." in ann.get("/settings")
    (alert,) = world.documents.find(Query(alerts.COLLECTION))
    world.documents.commit(
        Update(
            alert.path,
            {"state": AlertState.FAILED, "due_at": None, "why": "sms_not_configured"},
            alert.version,
        )
    )
    assert "texts are switched off here at the moment" in ann.get("/settings")


def test_a_way_that_does_not_work_has_no_button_and_sends_nothing(world: World, ann: Someone) -> None:
    page = ann.get("/settings")
    assert 'name="channel" value="sms"' in page
    assert 'name="channel" value="email"' not in page

    ann.post("/settings/test", {"channel": "email"})

    assert sent(world) == []
    assert "this way does not work yet" in ann.get("/settings")


def test_too_many_tests_are_refused_with_when_the_next_may_go(world: World, ann: Someone) -> None:
    for _ in range(5):
        ann.post("/settings/test", {"channel": "sms"})
        world.later += timedelta(seconds=1)

    assert len(sent(world)) == 4
    assert re.search(r"enough tests for now. The next one may go at .+\.", ann.get("/settings"))


def test_no_test_goes_to_a_channel_that_there_is_not(world: World, ann: Someone) -> None:
    assert ann.post("/settings/test", {"channel": "pigeon"}).status_code == 404
    assert sent(world) == []


def test_another_site_cannot_press_the_button(world: World, ann: Someone) -> None:
    for path in ("/settings", "/settings/test", "/settings/data/erase", "/settings/data/export"):
        answer = ann.post(
            path, {"channel": "sms", "word": "delete"}, headers={"Origin": "https://evil.example"}
        )
        assert answer.status_code == 403
    assert sent(world) == []
    assert world.fields("people/ann")["phone"]


def test_the_page_reads_the_person_and_nothing_else(world: World, ann: Someone) -> None:
    before = world.documents.operations["reads"]

    ann.get("/settings")

    assert world.documents.operations["reads"] - before == 1


def test_every_field_has_its_label(ann: Someone) -> None:
    page = ann.get("/settings")
    fields = re.findall(r'<(?:input|select) id="([a-z_0-9]+)"', page)

    assert len(fields) > 9
    assert [name for name in fields if f'<label for="{name}">' not in page] == []
    assert Channel.SMS in page


def test_a_new_watch_begins_with_the_ways_that_were_chosen(world: World, ann: Someone) -> None:
    save(ann, notify_sms="", notify_email="", notify_app="on")

    form = ann.get("/watches/new?words=Lakers")

    assert re.search(r'name="app"[^>]*checked', form)
    assert not re.search(r'name="(?:sms|email)"[^>]*checked', form)
    assert world.fields("people/ann")["notify"] == ["app"]
