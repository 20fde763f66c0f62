"""The operator's command line, as an operator uses it: on a database file, with the sandbox's market."""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import functions_framework
import pytest
from click.testing import CliRunner, Result

import scout
from sandbox.market import API_KEY, Market, market_app
from sandbox.phone import Phone, phone_app
from sandbox.servers import listen, serving, url_of
from store.sqlite import SqliteDocuments
from tests.notifiers.kit import an_alert
from watchers import alerts
from watchers.documents import Document, Query, Update
from watchers.jobs import copy_watch
from watchers.kinds import Channel
from watchers.models import AlertState, Reason
from watchers.places import Places
from watchers.providers import refusal
from watchers.why import REASONS

ITEM = "SbxNightTram01"


@pytest.fixture
def market() -> Market:
    return Market()


@pytest.fixture
def phone() -> Phone:
    return Phone("AC" + "0" * 32, "token")


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, market: Market, phone: Phone) -> Iterator[None]:
    """An empty folder with a market and a phone, and settings for both."""
    monkeypatch.chdir(tmp_path)
    with serving(market_app(market)) as shops, serving(phone_app(phone)) as twilio:
        settings = {
            "STORE": "sqlite:///scout.db",
            "TICKETMASTER_API_KEY": API_KEY,
            "TICKETMASTER_BASE_URL": shops,
            "STEAM_BASE_URL": shops,
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "token",
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": twilio,
            "MIN_INTERVAL_SECONDS": "0",
            "SECRET_KEY": "a secret",
            "GROUPING_SECONDS": "0.1",
            "PUBLIC_URL": "https://scout.example",  # or the phone tells whoever listens on port 8080
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        yield


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(scout.cli, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def run_json(*arguments: str, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def add_watch(*more: str) -> str:
    target = ("--provider", "ticketmaster", "--item", ITEM)
    added: str = run_json("watch", "add", *target, "--below", "50", "GBP", *more)["watch"]
    return added


def test_a_watch_saved_here_is_told_by_text_when_the_price_falls(market: Market, phone: Phone) -> None:
    run("person", "add", "you", "--phone", "+15005550010")
    watch = add_watch("--name", "Night Tram")

    first = run_json("tick")
    market.set_price(ITEM, "face", 45)
    second = run_json("tick")
    third = run_json("tick")

    assert (first["alerts"], second["alerts"], third["alerts"]) == (0, 2, 0)
    assert second["delivered"]["sent"] == 1
    (text,) = phone.texts
    assert text.body.startswith("£45 face (was £54)")
    story = run_json("why", watch)
    assert "below_limit" in [look["reason"] for look in story["targets"][0]["looks"]]
    assert {alert["channel"]: alert["state"] for alert in story["alerts"]} == {
        "sms": "sent",
        "email": "failed",
        "app": "sent",  # where it is found in any case
    }


def test_why_says_why_not_in_words() -> None:
    watch = add_watch("--name", "Night Tram")
    run("tick")

    said = run("why", watch).output

    assert "Night Tram (watching)" in said
    assert "Next alert at £50 or less." in said
    assert "£54 face" in said
    assert "first look, not true yet" in said


def test_prices_shows_what_a_watch_or_a_target_has_cost(market: Market) -> None:
    watch = add_watch()
    for price in (54, *range(60, 80)):
        market.set_price(ITEM, "face", price)
        run("tick")

    (found,) = run_json("prices", watch)
    again = run_json("prices", found["target"], "--days", "1")
    said = run("prices", watch).output

    (face,) = [one for one in found["prices"] if one["basis"] == "face"]
    assert [step["price"] for step in face["steps"]] == [54, *range(60, 80)]
    assert (face["lowest"], face["highest"], face["currency"]) == (54, 79, "GBP")
    assert [one["prices"] for one in again] == [found["prices"]]
    assert "face: lowest £54, typical £" in said
    assert "last £79 - low confidence: only 20 earlier prices in less than a day" in said
    assert (face["deal"]["verdict"], face["deal"]["is_confident"]) == ("unknown", False)
    assert f"{found['target']}, since " in said


def test_prices_of_a_watch_that_was_never_looked_at_are_none_and_of_nothing_an_error() -> None:
    watch = add_watch()

    assert "no price is known" in run("prices", watch).output
    assert "there is no watch nope" in run("prices", "nope", code=1).output


def test_prices_says_which_chunk_is_damaged(market: Market) -> None:
    watch = add_watch()
    for price in range(60, 80):
        market.set_price(ITEM, "face", price)
        run("tick")
    target = run_json("prices", watch)[0]["target"]
    chunk = _standing(SqliteDocuments("scout.db"), f"price_history/{target}/chunks/0")
    SqliteDocuments("scout.db").commit(Update(chunk.path, {"blob": b"junk"}, chunk.version))

    assert "chunk 0 of its price history" in run("prices", watch).output
    assert run_json("prices", watch)[0]["damaged"] == [0]


def test_a_dry_run_says_what_it_would_tell_and_tells_nobody(market: Market, phone: Phone) -> None:
    run("person", "add", "you", "--phone", "+15005550010")
    watch = add_watch()
    run("tick")
    market.set_price(ITEM, "face", 45)

    dry = run("tick", "--dry-run").output
    report = run_json("tick")

    assert f"would tell {watch} by sms: below_limit" in dry
    assert report["alerts"] == 2
    assert len(phone.texts) == 1


def test_watches_are_listed_paused_resumed_and_removed() -> None:
    watch = add_watch("--name", "Night Tram")
    states = []
    for command in (("pause", watch), ("resume", watch), ("remove", watch)):
        states += [one["state"] for one in run_json("watch", "list")]
        run_json("watch", *command)

    assert states == ["watching", "paused", "watching"]
    assert run_json("watch", "list") == []
    assert run_json("tick")["targets_asked"] == 0


def test_a_watch_that_is_ended_and_snoozed_is_listed_so_and_resumed_for_good() -> None:
    watch = add_watch("--name", "Night Tram")
    documents, places = SqliteDocuments("scout.db"), Places()
    changes = {"status": "ended", "snoozed_until": datetime(2040, 1, 1, tzinfo=UTC)}
    path = places.source("you", watch)
    documents.commit(Update(path, changes, _standing(documents, path).version))
    copy_watch(documents, places, refusal, uid="you", watch_id=watch, now=datetime.now(UTC))

    (listed,) = run_json("watch", "list")
    for _ in range(2):
        run_json("watch", "resume", watch)

    assert listed["state"] == "ended"
    fields = _standing(documents, path).fields
    assert (fields["status"], fields["snoozed_until"]) == ("active", None)
    assert [one["state"] for one in run_json("watch", "list")] == ["watching"]


def test_a_resumed_watch_lets_go_of_what_its_snooze_held_and_of_nothing_else() -> None:
    ours, other = add_watch("--name", "Night Tram"), add_watch("--name", "Another")
    documents, later = SqliteDocuments("scout.db"), datetime.now(UTC) + timedelta(days=1)
    held = {
        (watch, why): an_alert(watch_id=watch, uid="you", state=AlertState.HELD, why=why, due_at=later)
        for watch, why in ((ours, "snoozed"), (other, "snoozed"))
    }
    quiet = an_alert(Channel.EMAIL, watch_id=ours, uid="you", state=AlertState.HELD, due_at=later)
    held[ours, "quiet_hours"] = replace(quiet, why="quiet_hours")
    documents.commit(*map(alerts.creation, held.values()))

    run("watch", "resume", ours)

    now = datetime.now(UTC)
    due = {
        one
        for one, alert in held.items()
        if _standing(documents, alerts.path(alert.id)).fields["due_at"] <= now
    }
    assert due == {(ours, "snoozed")}


def _standing(documents: SqliteDocuments, path: str) -> Document:
    found = documents.get(path)
    assert found
    return found


@pytest.mark.parametrize("command", ["pause", "resume", "remove"])
def test_a_watch_that_is_not_there_says_how_to_find_one(command: str) -> None:
    assert "scout.py watch list" in run("watch", command, "nope", code=1).output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--provider", "ticketmaster", "--item", ITEM), "conditions"),
        (("--provider", "nobody", "--item", "1", "--drop", "10"), "There is no provider called nobody"),
        (("--provider", "steam", "--item", "570", "--below", "1e9", "USD"), "plain number"),
        (("--provider", "steam", "--item", "570", "--below", "-5", "USD"), "plain number"),
        (("--provider", "steam", "--item", "570", "--below", "NaN", "USD"), "plain number"),
        (("--provider", "steam", "--search", "dota", "--new-listing"), "Steam can be watched by app id only"),
        (("--provider", "steam", "--item", "570", "--drop", "10", "--name", "x" * 100_000), "too large"),
    ],
    ids=["no condition", "no provider", "exponent", "negative", "nan", "search on steam", "100 KB name"],
)
def test_what_cannot_be_watched_is_refused_and_nothing_is_written(
    arguments: tuple[str, ...], said: str
) -> None:
    refused = run("watch", "add", *arguments, code=1)

    assert said in refused.output
    assert run_json("watch", "list") == []


def test_a_watch_can_come_as_a_document(tmp_path: Path) -> None:
    document = {"eventId": ITEM, "eventName": "Night Tram", "maxPrice": 60, "status": "active"}
    (tmp_path / "watch.json").write_text(json.dumps(document))

    run("watch", "add", "--document", "watch.json")

    assert [one["name"] for one in run_json("watch", "list")] == ["Night Tram"]


def test_look_shows_an_item_a_search_and_a_recorded_answer(tmp_path: Path) -> None:
    (item,) = json.loads(run("look", "ticketmaster", ITEM).stdout)
    found = json.loads(run("look", "ticketmaster", "Night Tram", "--search").stdout)
    (tmp_path / "answer.json").write_text(
        '{"570": {"success": true, "data": {"price_overview": '
        '{"currency": "KRW", "initial": 550000, "final": 550000}}}}'
    )
    (recorded,) = json.loads(run("look", "steam", "--file", "answer.json").stdout)

    keys = [
        "provider",
        "item",
        "name",
        "url",
        "starts_at",
        "venue",
        "city",
        "region",
        "country",
        "performers",
    ]
    more = ["category", "image", "status", "availability", "condition", "listings", "prices", "problems"]
    assert list(item) == [*keys, *more]
    face = {"basis": "face", "currency": "GBP", "low": 54.0, "high": 115.0, "average": None}
    assert face in item["prices"]
    assert [one["item"] for one in found] == [ITEM]
    (price,) = recorded["prices"]
    assert (price["basis"], price["currency"], price["low"], price["high"]) == ("listing", "KRW", 5500, None)


def test_look_asks_nothing_while_the_provider_said_to_wait(market: Market) -> None:
    market.fault = "429_quota"
    refused = run("look", "ticketmaster", ITEM, code=1)
    market.fault = None
    again = run("look", "ticketmaster", ITEM, code=1)

    assert "it said to wait" not in refused.stderr
    assert "ticketmaster: it said to wait; try again" in again.stderr


def test_look_understands_a_recorded_refusal_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "refusal.json").write_text('{"errors": [{"code": "DIS1004", "status": "404"}]}')
    (tmp_path / "garbage.json").write_text('{"hello": 1}')

    (tmp_path / "page.html").write_text("<html>")

    page = run("look", "ticketmaster", "--file", "page.html", code=1)
    refusal = run("look", "ticketmaster", "--file", "refusal.json")
    garbage = run("look", "ticketmaster", "--file", "garbage.json", code=1)

    assert refusal.stdout == garbage.stdout == page.stdout == "[]\n"
    assert "DIS1004" in refusal.stderr
    assert "not shown" in garbage.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", "1"), "choose one of ticketmaster, steam"),
        (("steam", "https://store.steampowered.com/app/570/Dota/"), "in this address it is 570"),
        (("steam",), "say what to look for: an item's id, or --search with a keyword"),
        (("steam", "--country", "US"), "say what to look for"),
        (("ticketmaster", "x", "--from", "soon"), "date_from"),
    ],
)
def test_look_says_how_to_ask(arguments: tuple[str, ...], said: str) -> None:
    assert said in run("look", *arguments, code=2).output


def test_doctor_says_what_is_on_off_and_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TICKETMASTER_API_KEY")
    found = {one["what"]: one for one in run_json("doctor")}

    assert found["steam"]["mark"] == "ok"
    assert found["ticketmaster"] == {
        "mark": "off", "what": "ticketmaster", "said": "TICKETMASTER_API_KEY is not set",
    }  # fmt: skip
    monkeypatch.setenv("STORE", "postgres://x")
    assert "STORE" in run("doctor", code=1).output


def test_doctor_says_which_database_it_looked_at() -> None:
    assert "STORE is sqlite:///scout.db" in run("doctor").output


def test_plan_says_how_often_a_watch_is_looked_at_and_why_it_cannot_say() -> None:
    watch = add_watch("--name", "Night Tram")
    early = run("plan", watch).output
    run("tick")
    said, (target,) = run("plan", watch).output, run_json("plan", watch)["targets"]
    run("watch", "pause", watch)

    assert "The first look is still to come." in early
    assert said.startswith("Night Tram (active)\n  ticketmaster-")
    assert "Checked about every minute." in said
    assert (target["interval_seconds"], target["chance_12_minutes"], target["warning"]) == (60, 1.0, None)
    assert "It is not looked at: the watch is paused." in run("plan", watch).output
    assert "scout.py watch list" in run("plan", "nope", code=1).output


def test_plan_shows_every_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    add_watch()
    run("tick")
    said, told = run("plan").output, run_json("plan")

    assert re.search(r"4,4\d\d of 4,500 calls are left in 24 hours, \d+ of them now; 1 target, 0 blind", said)
    assert (
        "looked at about every minute on average, every minute at worst; a look at all takes 1 call" in said
    )
    assert re.search(r"^steam +on; nobody watches anything there yet$", said, re.MULTILINE)
    assert "watches that cannot be served well: none" in said
    ticketmaster, steam = (
        next(one for one in told["providers"] if one["provider"] == name)
        for name in ("ticketmaster", "steam")
    )
    assert (ticketmaster["targets"], ticketmaster["mean_seconds"], ticketmaster["calls_a_day"]) == (
        1,
        60,
        4500,
    )
    assert steam == {"provider": "steam", "state": "on", "is_watched": False}
    assert told["watches"] == []
    monkeypatch.delenv("TICKETMASTER_API_KEY")
    assert re.search(
        r"^ticketmaster +off: TICKETMASTER_API_KEY is not set$", run("plan").output, re.MULTILINE
    )


def test_plan_names_every_watch_that_cannot_be_served_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETMASTER_CALLS_PER_DAY", "3")
    ours = add_watch("--name", "Night Tram")
    gone = add_watch("--name", "Gone", "--lowest-in", "30")
    run("watch", "remove", gone)
    run("tick")
    told, said = run_json("plan"), run("plan").output

    ((named),) = told["watches"]
    assert (named["watch"], named["name"]) == (ours, "Night Tram")
    assert "one target has 3 calls a day" in named["warnings"][0]
    assert (
        f"watches that cannot be served well: 1\n  {ours}  Night Tram\n    We look only about every 8 hours"
        in said
    )
    assert " of 3 calls are left in 24 hours" in said
    assert "TICKETMASTER_CALLS_PER_DAY" in run("plan", ours).output


def test_a_watch_that_cannot_be_served_well_is_saved_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TICKETMASTER_CALLS_PER_DAY", "3")
    target = ("--provider", "ticketmaster", "--item", ITEM)
    first = run("watch", "add", *target, "--below", "50", "GBP")
    run("tick")
    second = run("watch", "add", *target, "--below", "40", "GBP")
    machine = run("watch", "add", *target, "--back-in-stock", "--json")

    assert first.stderr == ""
    assert second.stdout.startswith("saved as ")
    assert second.stderr.startswith(
        "We look only about every 8 hours: the quota is short, one target has 3 calls"
    )
    assert "with a chance of 2 % only" in machine.stderr
    assert json.loads(machine.stdout)["person"] == "you"


def test_status_says_how_everything_is_doing() -> None:
    run("person", "add", "you", "--email", "you@example.com", "--plan", "premium")
    run("watch", "add", "--provider", "ticketmaster", "--item", "vvG1zZ9abc", "--below", "90", "USD")
    said = run("status").output.splitlines()
    assert "Worker: Has not run" in said
    assert "  Holds: 1 person, 1 watch" in said
    known = run_json("status")
    assert (known["people"], known["watches"], known["store"]) == (1, 1, "sqlite")
    assert "example.com" not in json.dumps(known)


def test_a_plan_holds_for_the_command_line_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAN_BASIC_WATCHES", "1")
    said = [
        run("watch", "add", "--provider", "ticketmaster", "--item", item, "--below", "90", "USD").output
        for item in ("vvG1zZ9abc", "vvG1zZ9abd")
    ]
    assert ["it waits: Your plan (Basic) holds 1 watch" in one for one in said] == [False, True]
    assert [one["state"] for one in run_json("watch", "list")] == ["watching"]
    run("person", "add", "you", "--plan", "enterprise")
    assert [one["state"] for one in run_json("watch", "list")] == ["watching", "watching"]


def test_a_person_gets_a_way_in_and_a_wrong_contact_is_refused() -> None:
    assert "/enter?token=" in run_json("person", "add", "ann", "--email", "ann@example.com")["link"]
    for wrong in (("--phone", "555"), ("--email", "ann"), ("--timezone", "Mars/Base")):
        run("person", "add", "ann", *wrong, code=1)


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "tick",
        "doctor",
        "status",
        "plan",
        "look",
        "why",
        "prices",
        "watch",
        "watch add",
        "watch list",
        "watch pause",
        "person add",
    ],
)
def test_every_command_explains_itself(command: str) -> None:
    assert "Usage:" in run(*command.split(), "--help").output


def test_a_wrong_setting_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIN_INTERVAL_SECONDS", "very-secret")

    said = run("watch", "list", code=1).output

    assert "MIN_INTERVAL_SECONDS" in said
    assert "very-secret" not in said


def test_look_prints_json_whether_or_not_it_is_asked_to() -> None:
    assert run_json("look", "ticketmaster", ITEM)[0]["item"] == ITEM


def test_nothing_runs_without_a_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY")

    assert "secrets.token_hex" in run("run", code=1).output


def test_a_port_alone_is_the_address_people_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", "")
    monkeypatch.setenv("PORT", "8390")

    link = run_json("person", "add", "ann", "--email", "ann@example.com")["link"]

    assert link.startswith("http://127.0.0.1:8390/enter?")


def test_the_file_that_settings_names_is_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PUBLIC_URL", "")
    monkeypatch.delenv("PUBLIC_URL")  # as it is set back afterwards
    (tmp_path / "settings.env").write_text("PUBLIC_URL=https://another.example\nSECRET_KEY=\n")
    monkeypatch.setenv("SETTINGS", str(tmp_path / "settings.env"))

    assert run_json("person", "add", "ann", "--email", "ann@example.com")["link"].startswith(
        "https://another."
    )
    monkeypatch.setenv("SETTINGS", "not/there.env")
    assert "SETTINGS names not/there.env, which is not there" in run("status", code=1).output


@pytest.mark.parametrize("unsafe", ["a/b", "", "..", "__x__", "x" * 200, "a\nb"])
@pytest.mark.parametrize(
    "command", ["why", "plan", "prices", "watch pause", "watch resume", "watch remove", "person add"]
)
def test_an_id_that_cannot_be_one_is_refused(command: str, unsafe: str) -> None:
    assert "an id has" in run(*command.split(), unsafe, code=2).output


@pytest.mark.parametrize("document", [b"", b"{", b"[]", b"3", b"\xff", b"[" * 100_000, b'{"eventId": 1e999}'])
def test_a_document_that_is_none_is_refused_in_words(tmp_path: Path, document: bytes) -> None:
    (tmp_path / "watch.json").write_bytes(document)

    assert "Error: " in run("watch", "add", "--document", "watch.json", code=1).output


@pytest.mark.parametrize("command", [("tick",), ("run",), ("look", "ticketmaster", ITEM)])
def test_a_wrong_setting_of_a_provider_is_named(
    monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("TICKETMASTER_CALLS_PER_DAY", "abc")

    assert "TICKETMASTER_CALLS_PER_DAY" in run(*command, code=1).output


@pytest.mark.parametrize("command", ["watch list", "tick", "why w1", "doctor", "person add ann"])
def test_a_database_that_is_none_is_said_in_a_sentence(tmp_path: Path, command: str) -> None:
    (tmp_path / "scout.db").write_text("this is no database at all, however long one looks at it" * 20)

    assert "database" in run(*command.split(), code=1).output


def test_a_watch_nobody_looks_at_is_saved_with_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TICKETMASTER_API_KEY")
    target = ("--provider", "ticketmaster", "--item", ITEM)

    saved = run("watch", "add", *target, "--below", "50", "GBP")

    assert "ticketmaster is switched off (TICKETMASTER_API_KEY is not set)" in saved.stderr
    assert len(run_json("watch", "list")) == 1


def test_why_claims_nothing_about_what_cannot_be_decided_again(market: Market) -> None:
    run("person", "add", "you", "--phone", "+15005550010")
    watch = add_watch("--status-change")
    only = run_json("watch", "add", "--provider", "ticketmaster", "--item", ITEM, "--status-change")["watch"]
    run("tick")
    market.set_status(ITEM, "cancelled")
    run("tick")

    (target,), (nothing,) = (run_json("why", one)["targets"] for one in (watch, only))
    said = run("why", only).output

    assert {verdict["condition"] for look in target["looks"] for verdict in look["verdicts"]} == {0}
    assert [(look["reason"], look["verdicts"]) for look in nothing["looks"]] == [(None, [])] * len(
        nothing["looks"]
    )
    assert "are not replayed; what was told is below." in said
    assert "not known" not in said
    assert "sms: sent" in said


def test_every_reason_has_words() -> None:
    assert set(REASONS) == set(Reason)


def test_why_says_that_an_id_is_not_known_there() -> None:
    added = run_json("watch", "add", "--provider", "steam", "--item", "480480", "--drop", "10")
    run("tick")

    assert "never seen; the last look failed: not_found" in run("why", added["watch"]).output


# ── texts, and what became of them ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def texted(market: Market) -> str:
    """The id of an alert whose text was sent ten minutes ago."""
    run("person", "add", "you", "--phone", "+15005550010")
    document = {
        "name": "Night Tram",
        "target": {"provider": "ticketmaster", "item": ITEM},
        "conditions": [{"kind": "below", "price": "50", "currency": "GBP"}],
        "notify": ["sms"],
    }
    Path("watch.json").write_text(json.dumps(document))
    run("watch", "add", "--document", "watch.json")
    market.set_price(ITEM, "face", 45)
    run("tick")
    documents = SqliteDocuments("scout.db")
    (alert,) = documents.find(Query("alerts", ("channel",), "==", "sms"))
    earlier = datetime.now(UTC) - timedelta(minutes=10)
    documents.commit(Update(alert.path, {"attempted_at": earlier}, alert.version))
    documents.close()
    return alert.id


def test_reconcile_says_every_difference_in_a_line_and_nothing_new_the_second_time(
    texted: str, phone: Phone
) -> None:
    (text,) = phone.texts

    first, second = run("reconcile").output, run("reconcile").output

    assert first.splitlines() == [
        "1 texts compared with 1 of Twilio's list (the last 5 minutes are left out): 1 differences",
        f"  learned: alert {texted} is sent, {text.sid} is delivered",
    ]
    assert "left out): 0 differences\n" in second
    assert len(second.splitlines()) == 1
    assert run_json("reconcile")["findings"] == []


def test_reconcile_says_that_what_is_too_fresh_is_left_out(texted: str, phone: Phone) -> None:
    documents = SqliteDocuments("scout.db")
    alert = _standing(documents, alerts.path(texted))
    documents.commit(Update(alert.path, {"attempted_at": datetime.now(UTC)}, alert.version))
    documents.close()

    said = run("reconcile").output

    assert len(phone.texts) == 1
    assert said == (
        "0 texts compared with 0 of Twilio's list (the last 5 minutes are left out): 0 differences\n"
    )


def test_reconcile_prints_json_for_a_script(texted: str, phone: Phone) -> None:
    (text,) = phone.texts

    assert run_json("reconcile", "--hours", "1") == {
        "texts": 1,
        "listed": 1,
        "differences": {"learned": 1},
        "findings": [
            {
                "difference": "learned",
                "alert": texted,
                "receipt": text.sid,
                "outbox": "sent",
                "listed": "delivered",
            }
        ],
    }


def test_reconcile_says_when_the_list_cannot_be_had(texted: str, phone: Phone) -> None:
    phone.auth_token = "another"

    said = run("reconcile", code=1).output

    assert said == "Error: Twilio's list cannot be had now (20003); try again later\n"
    assert texted


def test_reconcile_without_texts_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")

    assert "texts are switched off" in run("reconcile", code=1).output


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The deployed web function, where Twilio reaches it; the process's logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("web.doctor._LOOK_EVERY", 0.05)
    with listen() as taken:
        monkeypatch.setenv("PUBLIC_URL", url_of(taken))
        app = functions_framework.create_app("web", str(Path(scout.__file__).parent / "main.py"), "http")
        with serving(app, taken) as url:
            yield url
    root.handlers[:] = handlers
    root.setLevel(level)


def test_doctor_sends_one_real_test_and_hears_what_became_of_it(web: str, phone: Phone) -> None:
    run("person", "add", "you", "--phone", "+15005550010")

    found = run_json("doctor", "--send", "you")

    assert {"mark": "ok", "what": "test sms", "said": "delivered"} in found
    (text,) = phone.texts
    assert text.body.startswith("This is a test from Ticket Scout: texts arrive. #")
    assert text.callback
    assert text.callback.startswith(f"{web}/twilio/status/")


def test_doctor_says_when_nothing_is_heard_of_its_test(phone: Phone) -> None:
    run("person", "add", "you", "--phone", "+15005550010")
    phone.calls_back = False

    said = run("doctor", "--send", "you", "--wait", "0.1", code=1).output

    assert "WRONG test sms: accepted, and nothing was heard of it" in said


def test_doctor_sends_nothing_unless_it_is_asked_to(phone: Phone) -> None:
    run("person", "add", "you", "--phone", "+15005550010")

    run("doctor")

    assert phone.texts == ()


def test_doctor_sends_nothing_to_somebody_it_does_not_know(phone: Phone) -> None:
    assert "WRONG test: there is no person bob" in run("doctor", "--send", "bob", code=1).output
    assert phone.texts == ()


def test_doctor_sends_nothing_while_a_setting_is_wrong(monkeypatch: pytest.MonkeyPatch, phone: Phone) -> None:
    run("person", "add", "you", "--phone", "+15005550010")
    monkeypatch.setenv("SETTLE_SECONDS", "soon")

    assert "SETTLE_SECONDS must be a number of seconds" in run("doctor", "--send", "you", code=1).output
    assert phone.texts == ()


def test_a_tick_tells_five_watches_of_one_person_in_one_text(market: Market, phone: Phone) -> None:
    run("person", "add", "you", "--phone", "+15005550010")
    for number in range(5):
        add_watch("--name", f"Night Tram {number}")
    run("tick")
    market.set_price(ITEM, "face", 45)

    report = run_json("tick")

    assert report["delivered"]["sent"] == 5
    assert len(phone.texts) == 1


# ── several boards ───────────────────────────────────────────────────────────────────────────────────────


def test_targets_are_spread_over_more_boards_and_back_and_everything_else_goes_on(market: Market) -> None:
    watch = add_watch("--name", "Night Tram")
    run("tick")

    spread = run_json("reshard", "ticketmaster", "3")
    ticked = [board["board"] for board in run_json("tick")["boards"]]
    story = run_json("why", watch)
    boards = {finding["what"] for finding in run_json("doctor", code=0)}

    assert spread == {"provider": "ticketmaster", "before": 1, "after": 3, "targets": 1}
    assert ticked == ["ticketmaster-0", "ticketmaster-1", "ticketmaster-2"]
    assert "£54 face" in story["targets"][0]["looks"][0]["seen"]
    assert set(ticked) <= boards
    market.set_price(ITEM, "face", 45)
    assert run_json("tick")["alerts"] == 2
    said = run("reshard", "ticketmaster", "1").output
    assert said == "ticketmaster: 1 target on 1 board (3 before)\n"
    assert run_json("tick")["alerts"] == 0


@pytest.mark.parametrize("name", ["ticketmaster", "ticketmaster-1"])
def test_an_emptied_board_is_filled_by_the_next_tick_and_tells_nobody_again(
    market: Market, name: str
) -> None:
    run("person", "add", "you", "--phone", "+15005550010")
    add_watch()
    run("tick")
    run("reshard", "ticketmaster", "2")
    market.set_price(ITEM, "face", 45)
    assert run_json("tick")["alerts"] == 2

    emptied = run_json("rebuild", name)

    every = {"ticketmaster-0", "ticketmaster-1"}
    assert set(emptied) == (every if name == "ticketmaster" else {name})
    report = run_json("tick")
    assert (sum(board["targets"] for board in report["boards"]), report["alerts"]) == (1, 0)
    assert "their next look is a silent first one" in run("rebuild", name).output


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param(("reshard", "steam", "2"), "steam has no board yet", id="nobody watches there"),
        pytest.param(("reshard", "steam", "256"), "has 180 calls in 5 minutes", id="no call for some boards"),
        pytest.param(("reshard", "fair", "2"), "fair is not switched on here", id="no such provider"),
        pytest.param(("rebuild", "steam"), "there is no board steam-0", id="no such provider's boards"),
        pytest.param(("rebuild", "steam-3"), "there is no board steam-3", id="no such board"),
    ],
)
def test_what_cannot_be_done_to_boards_is_one_sentence(command: tuple[str, ...], said: str) -> None:
    assert said in run(*command, code=1).output


def test_a_provider_has_at_least_one_board() -> None:
    assert "BOARDS" in run("reshard", "steam", "0", code=2).output
