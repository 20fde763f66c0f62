"""Whom to tell, on the operator's command line: added, changed and shown, on a database file."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import scout
from notifiers import contacts
from notifiers.tallies import Tally
from store.sqlite import SqliteDocuments
from watchers.documents import Put, Update
from watchers.watch import Channel

PHONE, EMAIL, TOPIC = "+15005550010", "ann@example.com", "ntfys://ntfy.sh/a-private-topic"
ADD = ("person", "add", "ann", "--phone", PHONE, "--email", EMAIL)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and settings for a database file in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("APPRISE_SCHEMES", "APPRISE_ALLOW_PRIVATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STORE", "sqlite:///scout.db")
    monkeypatch.setenv("SECRET_KEY", "a secret")


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(scout.cli, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result


def show(uid: str = "ann") -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(run("person", "show", uid, "--json").stdout)
    return shown


def change(**fields: Any) -> None:
    documents = SqliteDocuments("scout.db")
    kept = documents.get("people/ann")
    assert kept
    documents.commit(Update("people/ann", fields, kept.version))
    documents.close()


def test_contacts_and_wishes_are_said_at_once_and_shown_masked() -> None:
    run(
        *ADD, "--push", TOPIC, "--timezone", "America/New_York", "--quiet", "22:00-07:00",
        "--digest", "daily", "--digest-at", "8:00", "--per-day", "20", "--per-watch", "6",
        "--failover", "push,email", "--texts-per-month", "50",
    )  # fmt: skip

    assert run("person", "show", "ann").output.splitlines() == [
        "ann (America/New_York)",
        "  phone:     …10",
        "  email:     a…@example.com",
        "  push:      ntfys",
        "  quiet:     22:00-07:00",
        "  digest:    daily at 08:00",
        "  caps:      per day 20, per watch 6, segments of texts per month 50",
        "  failover:  push, email",
        "  counted:   nothing today, 0 segments of texts this month",
    ]


def test_who_said_nothing_is_told_as_everybody_is() -> None:
    run("person", "add", "ann")

    assert run("person", "show", "ann").output.splitlines() == [
        "ann (UTC)",
        "  phone:     none",
        "  email:     none",
        "  push:      none",
        "  quiet:     off",
        "  digest:    off",
        "  caps:      per day as usual, per watch as usual, segments of texts per month as usual",
        "  failover:  email, app",
        "  counted:   nothing today, 0 segments of texts this month",
    ]


@pytest.mark.parametrize("command", ["add", "set"])
def test_a_wish_alone_leaves_the_contacts_and_the_other_wishes(command: str) -> None:
    run(*ADD, "--quiet", "22:00-07:00")
    before = show()

    run("person", command, "ann", "--per-day", "3")

    assert show() == before | {"per_day": 3}


def test_a_wish_does_not_take_back_that_somebody_stopped_the_texts() -> None:
    run(*ADD)
    change(opted_out_at=datetime(2026, 6, 1, tzinfo=UTC))

    run("person", "set", "ann", "--quiet", "off")

    assert show()["opted_out_at"].startswith("2026-06-01")
    assert "  texts:     stopped by STOP on 2026-06-01" in run("person", "show", "ann").output


def test_a_contact_that_was_given_up_or_never_verified_says_so() -> None:
    run(*ADD)
    change(email_verified_at=None, email_problem="550", phone_verified_at=None)

    said = run("person", "show", "ann").output

    assert "  email:     a…@example.com, given up: 550" in said
    assert "  phone:     …10, not verified" in said
    assert show()["email"] == {"shown": "a…@example.com", "verified": False, "problem": "550"}


def test_what_was_sent_today_and_this_month_is_shown() -> None:
    run(*ADD)
    now = datetime.now(UTC)
    tally = Tally("ann", day=now.date(), month=f"{now:%Y-%m}", segments=5)
    for channel in (Channel.SMS, Channel.SMS, Channel.EMAIL):
        tally = tally.counting(channel, ["w1"])
    documents = SqliteDocuments("scout.db")
    documents.commit(tally.write())
    documents.close()

    assert show()["told_today"] == {"sms": 2, "email": 1, "push": 0, "app": 0}
    counted = "  counted:   2 by sms, 1 by email today, 5 segments of texts this month"
    assert counted in run("person", "show", "ann").output


def test_a_tally_that_cannot_be_read_is_said_and_not_counted_as_empty() -> None:
    run(*ADD)
    documents = SqliteDocuments("scout.db")
    documents.commit(Put("tallies/ann", {"day": "yesterday"}))
    documents.close()

    assert "the tally cannot be read" in run("person", "show", "ann").output
    assert show()["told_today"] is None


@pytest.mark.parametrize("command", ["show", "set"])
def test_somebody_who_is_not_there_is_said_with_how_to_add_them(command: str) -> None:
    assert "scout.py person add bob" in run("person", command, "bob", code=1).output


@pytest.mark.parametrize(
    ("option", "words", "said"),
    [
        ("--quiet", "nights", "22:00-07:00"),
        ("--digest", "hourly", "daily or weekly"),
        ("--digest-at", "noon", "08:00"),
        ("--per-day", "lots", "whole number"),
        ("--per-watch", "0", "whole number"),
        ("--failover", "pigeon", "sms, email, push and app"),
        ("--texts-per-month", "-5", "whole number"),
        ("--timezone", "Mars/Base", "America/New_York"),
    ],
)
def test_a_wish_that_cannot_be_read_is_refused_and_nothing_is_saved(
    option: str, words: str, said: str
) -> None:
    run(*ADD)
    before = show()

    refused = run("person", "set", "ann", option, words, "--json", code=1)

    assert said in refused.output
    assert show() == before


def test_a_push_address_is_as_secret_as_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPRISE_SCHEMES", "ntfys")
    said = [run("person", "add", "ann", "--push", TOPIC), run("person", "show", "ann")]
    said += [
        run("person", "show", "ann", "--json"),
        run("person", "add", "ann", "--push", "private x", code=1),
    ]

    assert not [one for one in said if "private" in one.output + one.stderr]
    documents = SqliteDocuments("scout.db")
    assert contacts.find(documents, "ann").push_url == TOPIC
    documents.close()


@pytest.mark.parametrize(
    ("schemes", "said"),
    [("", "set APPRISE_SCHEMES"), ("tgram", "APPRISE_SCHEMES does not name ntfys"), ("ntfys", "")],
)
def test_a_push_that_will_not_work_yet_is_saved_with_a_warning(
    monkeypatch: pytest.MonkeyPatch, schemes: str, said: str
) -> None:
    monkeypatch.setenv("APPRISE_SCHEMES", schemes)

    warned = run("person", "add", "ann", "--push", TOPIC).stderr

    assert said in warned
    assert bool(warned) is bool(said)
    assert show()["push"] == {"shown": "ntfys", "verified": True, "problem": None}


@pytest.mark.parametrize("command", ["person set", "person show"])
@pytest.mark.parametrize("unsafe", ["a/b", "", "..", "__x__"])
def test_an_id_that_cannot_be_one_is_refused(command: str, unsafe: str) -> None:
    assert "an id has" in run(*command.split(), unsafe, code=2).output
