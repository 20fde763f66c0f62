"""Whom to tell, on the operator's command line: added, changed and shown, on a database file."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import scout
from notifiers import contacts, owners
from notifiers.personal import erasure
from notifiers.proofs import Contact, Kind
from notifiers.tallies import Tally
from store.sqlite import SqliteDocuments
from tests.fakes import FaultyDocuments
from tests.notifiers.kit import an_alert
from watchers import alerts
from watchers.documents import Documents, Put, Query, Update
from watchers.kinds import Channel
from watchers.models import Alert, AlertState

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
        "  plan:      basic",
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
        "  plan:      basic",
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
    wishes = ("--quiet", "off") if command == "set" else ()

    said = run("person", command, "bob", *wishes, code=1).output

    assert "there is no person bob in sqlite:///scout.db" in said
    assert "scout.py person add bob" in said


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


# ── others change the person too ─────────────────────────────────────────────────────────────────────────


Slip = Callable[[Callable[[Documents], object]], None]


@pytest.fixture
def slip_in(monkeypatch: pytest.MonkeyPatch) -> Slip:
    """Let somebody else write just before each of the command's own commits."""

    def between(write: Callable[[Documents], object]) -> None:
        def opened(store: str, **_: Any) -> FaultyDocuments:
            documents = FaultyDocuments(SqliteDocuments(store.removeprefix("sqlite:///")))
            documents.before_commit = lambda _: write(documents.inner)
            return documents

        monkeypatch.setattr("store.open_documents", opened)

    return between


def once(**fields: Any) -> Callable[[Documents], None]:
    """The person is changed like that, one time."""
    left = [fields]

    def write(documents: Documents) -> None:
        if left:
            kept = documents.get("people/ann")
            documents.commit(Update("people/ann", left.pop(), kept.version if kept else ""))

    return write


STOPPED = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "command",
    [("set", "ann", "--quiet", "22:00-07:00"), ("add", "ann", "--email", EMAIL, "--quiet", "22:00-07:00")],
    ids=["set", "add"],
)
def test_a_stop_that_comes_in_between_stays(slip_in: Slip, command: tuple[str, ...]) -> None:
    run(*ADD)
    slip_in(once(opted_out_at=STOPPED))

    run("person", *command)

    assert show()["opted_out_at"] == STOPPED.isoformat()
    assert show()["quiet_hours"] == "22:00-07:00"


def test_a_contact_given_up_in_between_stays_given_up(slip_in: Slip) -> None:
    run(*ADD)
    slip_in(once(email_verified_at=None, email_problem="550"))

    run("person", "set", "ann", "--per-day", "3")

    assert show()["email"]["problem"] == "550"
    assert show()["per_day"] == 3


def test_a_number_given_again_takes_back_a_stop_on_purpose(slip_in: Slip) -> None:
    run(*ADD)
    slip_in(once(opted_out_at=STOPPED))

    run("person", "add", "ann", "--phone", PHONE)

    assert show()["opted_out_at"] is None


def test_a_person_who_comes_to_be_in_between_keeps_what_they_said(slip_in: Slip) -> None:
    def write(documents: Documents) -> None:
        if documents.get("people/ann") is None:
            documents.commit(Put("people/ann", {"per_watch": 2}))

    slip_in(write)

    run("person", "add", "ann", "--per-day", "3")

    assert (show()["per_day"], show()["per_watch"]) == (3, 2)


def test_a_person_who_keeps_changing_is_said_and_nothing_is_overwritten(slip_in: Slip) -> None:
    run(*ADD)
    counted = count(1)
    slip_in(lambda documents: documents.commit(Put("people/ann", {"per_watch": next(counted)})))

    assert "Error: the database" in run("person", "set", "ann", "--per-day", "3", code=1).output

    assert (show()["per_day"], show()["per_watch"]) == (None, next(counted) - 1)


def test_a_person_added_again_with_nothing_new_stays_as_they_are() -> None:
    run(*ADD, "--quiet", "22:00-07:00")
    before = show()

    run("person", "add", "ann")

    assert show() == before


def test_to_set_nothing_is_said_and_is_no_success() -> None:
    run(*ADD)

    refused = run("person", "set", "ann", code=2)

    assert "nothing was named" in refused.output
    assert "ann is saved" not in refused.output


# ── what waits for a wish that is gone ───────────────────────────────────────────────────────────────────

REASONS = ("quiet_hours", "digest", "cap", "snoozed")


def let_go() -> set[str]:
    """For which reasons alerts were held that may be sent now."""
    documents = SqliteDocuments("scout.db")
    held = [documents.get(alerts.path(alert_held(why).id)) for why in REASONS]
    documents.close()
    return {one.fields["why"] for one in held if one and one.fields["due_at"] <= datetime.now(UTC)}


def alert_held(why: str) -> Alert:
    later = datetime.now(UTC) + timedelta(days=1)
    return an_alert(watch_id=f"w-{why}", uid="ann", state=AlertState.HELD, why=why, due_at=later)


@pytest.mark.parametrize(
    ("wish", "gone"),
    [
        (("--quiet", "off"), {"quiet_hours"}),
        (("--quiet", "01:00-02:00"), {"quiet_hours"}),
        (("--timezone", "Asia/Tokyo"), {"quiet_hours"}),
        (("--digest", "off"), {"digest"}),
        (("--digest", "OFF", "--quiet", "off"), {"digest", "quiet_hours"}),
        (("--digest", "weekly"), set()),
        (("--digest-at", "09:00"), set()),
        (("--per-day", "3"), set()),
    ],
    ids=lambda one: " ".join(one if isinstance(one, tuple) else sorted(one)) or "nothing",
)
@pytest.mark.parametrize("command", ["set", "add"])
def test_what_waits_for_a_wish_that_is_gone_waits_no_more(
    command: str, wish: tuple[str, ...], gone: set[str]
) -> None:
    run(*ADD, "--quiet", "22:00-07:00", "--digest", "daily")
    documents = SqliteDocuments("scout.db")
    documents.commit(*(alerts.creation(alert_held(why)) for why in REASONS))
    documents.close()

    run("person", command, "ann", *wish)

    assert let_go() == gone


def test_somebody_who_is_added_is_found_by_whoever_signs_in_with_their_contacts() -> None:
    run(*ADD)
    documents = SqliteDocuments("scout.db")
    found = [
        owners.owner(documents, Contact(kind, address))
        for kind, address in ((Kind.PHONE, PHONE), (Kind.EMAIL, EMAIL))
    ]
    assert [person.id for person in found if person] == ["ann", "ann"]
    assert len(documents.find(Query(owners.COLLECTION))) == 2
    documents.close()


# ── a person's own data ──────────────────────────────────────────────────────────────────────────────────


def add_with_a_watch() -> None:
    run(*ADD)
    run(
        "watch",
        "add",
        "--person",
        "ann",
        "--provider",
        "ticketmaster",
        "--item",
        "vvG1zZ9abc",
        "--below",
        "90",
        "USD",
    )


def test_an_export_is_everything_as_json() -> None:
    add_with_a_watch()

    copy = json.loads(run("person", "export", "ann").stdout)

    assert copy["format"] == "ticket-scout.my-data"
    assert copy["profile"]["phone"] == PHONE
    assert len(copy["watches"]) == len(copy["memory"]) == 1


def test_an_erasure_asks_first_and_then_leaves_nothing() -> None:
    add_with_a_watch()

    asked = CliRunner().invoke(scout.cli, ["person", "erase", "ann"], input="n\n")
    assert asked.exit_code == 1
    assert json.loads(run("person", "export", "ann").stdout)["watches"]
    assert run("person", "erase", "ann", "--yes").output == "ann is erased\n"

    copy = json.loads(run("person", "export", "ann").stdout)
    assert not copy["watches"]
    assert not copy["memory"]
    assert not copy["profile"]["phone"]
    assert "ann" not in run("watch", "list").output


def test_who_is_added_anew_after_an_erasure_is_kept() -> None:
    add_with_a_watch()
    run("person", "erase", "ann", "--yes", "--json")

    add_with_a_watch()

    assert json.loads(run("person", "export", "ann").stdout)["profile"]["erased_at"] is None


def test_who_is_added_anew_before_an_erasure_is_over_is_to_be_added_later() -> None:
    add_with_a_watch()
    documents = SqliteDocuments("scout.db")
    erasure.begin(documents, "ann", datetime.now(UTC))  # and it breaks off
    documents.close()

    assert "Try again in some minutes" in run(*ADD, code=1).output


def test_a_person_of_whom_only_watches_are_known_is_erased_as_well() -> None:
    run("watch", "add", "--provider", "ticketmaster", "--item", "vvG1zZ9abc", "--below", "90", "USD")

    run("person", "erase", "you", "--yes")

    assert run("watch", "list").output == ""


@pytest.mark.parametrize("verb", ["export", "erase"])
def test_nobody_unknown_is_exported_or_erased(verb: str) -> None:
    assert "there is no person bob" in run("person", verb, "bob", code=1).output


def test_a_language_is_a_wish_as_well() -> None:
    run(*ADD, "--language", "de")

    assert json.loads(run("person", "export", "ann").stdout)["profile"]["language"] == "de"
    assert "English, Deutsch" in run("person", "set", "ann", "--language", "tlh", code=1).output
