import json
import os
import subprocess
from pathlib import Path

import pytest

from sandbox.environment import Account, Places, account, as_file, environment, welcome

EVERYTHING = Places(
    product="http://127.0.0.1:8080",
    market="http://127.0.0.1:8081",
    phone="http://127.0.0.1:8082",
    mailbox="http://127.0.0.1:8083",
    smtp="smtp://127.0.0.1:2525",
)
TWILIO = Account("AC" + "0" * 32, "token")


def test_with_no_key_at_all_everything_points_to_the_sandbox() -> None:
    settings = environment({}, EVERYTHING, TWILIO)
    assert len(settings.pop("SECRET_KEY")) == 64
    assert json.loads(settings.pop("SANDBOX_LINKS")) == [
        {"name": "Market", "url": "http://127.0.0.1:8081"},
        {"name": "Phone", "url": "http://127.0.0.1:8082"},
        {"name": "Mailbox", "url": "http://127.0.0.1:8083"},
        {"name": "Sign in as somebody else", "url": "http://127.0.0.1:8080/sign-in"},
    ]
    assert settings == {
        "PORT": "8080",
        "PUBLIC_URL": "http://127.0.0.1:8080",
        "STORE": "sqlite:///data/sandbox.db",
        "LOCAL_PERSON": "you",
        "TICKETMASTER_API_KEY": "sandbox-key-0000",
        "TICKETMASTER_BASE_URL": "http://127.0.0.1:8081",
        "TICKETMASTER_CALLS_PER_DAY": "1000000",
        "TICKETMASTER_CALLS_PER_SECOND": "50",
        "STEAM_BASE_URL": "http://127.0.0.1:8081",
        "STEAM_CALLS_PER_DAY": "1000000",
        "STEAM_CALLS_PER_SECOND": "50",
        "MIN_INTERVAL_SECONDS": "2",
        "TICK_EVERY_SECONDS": "3",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "token",
        "TWILIO_FROM_NUMBER": "+15005550006",
        "TWILIO_BASE_URL": "http://127.0.0.1:8082",
        "SMTP_URL": "smtp://127.0.0.1:2525",
        "MAIL_FROM": "Ticket Scout sandbox <scout@sandbox.test>",
    }


def test_real_shops_get_their_own_database_and_their_own_pace() -> None:
    places = Places(product="http://127.0.0.1:8080", phone="http://127.0.0.1:8082")
    settings = environment({"TICKETMASTER_API_KEY": "real", "SMTP_URL": "smtps://x"}, places, TWILIO)
    assert settings["STORE"] == "sqlite:///data/ticket-scout.db"
    assert not [
        name for name in settings if name.startswith(("TICKETMASTER", "STEAM", "SMTP", "TICK", "MIN"))
    ]
    assert settings["TWILIO_BASE_URL"] == "http://127.0.0.1:8082"


def test_what_is_given_wins_and_what_is_empty_counts_as_not_given() -> None:
    given = {"STORE": "sqlite:///mine.db", "TWILIO_FROM_NUMBER": "+15005550009", "SECRET_KEY": "", "PORT": ""}
    settings = environment(given, EVERYTHING, TWILIO)
    assert not {"STORE", "TWILIO_FROM_NUMBER"} & settings.keys()
    assert {"SECRET_KEY", "PORT"} <= settings.keys()


def test_an_account_is_fresh_and_keeps_a_given_token() -> None:
    assert account({}).sid != account({}).sid
    assert account({"TWILIO_AUTH_TOKEN": "mine"}).token == "mine"


@pytest.mark.parametrize(
    ("places", "says", "is_silent_about"),
    [
        pytest.param(
            EVERYTHING,
            ("stays on this machine", "8082", "1. In Ticket Scout", "set -a; . data/sandbox.env; set +a"),
            "person add",
            id="all",
        ),
        pytest.param(
            Places("http://127.0.0.1:8080", market="http://127.0.0.1:8081"),
            ("REAL texts and mail", "sandbox: shops", "person add you --phone … --email …"),
            "1. In",
            id="real texts",
        ),
        pytest.param(
            Places("http://127.0.0.1:8080"), ("REAL shops and texts and mail",), "8081", id="nothing invented"
        ),
    ],
)
def test_the_welcome_says_what_is_real(places: Places, says: tuple[str, ...], is_silent_about: str) -> None:
    text = welcome(places)
    assert all(part in text for part in says)
    assert is_silent_about not in text


def test_a_shell_reads_the_settings_as_they_were_whatever_is_in_them(tmp_path: Path) -> None:
    given = {"STORE": 'sqlite:///it\'s "mine" $HOME `x` .db', "GROUPING_SECONDS": "1"}
    started_with = given | environment(given, EVERYTHING, TWILIO)
    (tmp_path / "of.env").write_text(as_file(started_with, EVERYTHING))

    ran = subprocess.run(
        ["/bin/sh", "-c", "set -a; . ./of.env; set +a; env -0"],
        cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    read = dict(pair.split("=", 1) for pair in ran.stdout.rstrip("\0").split("\0"))
    assert {name: read.get(name) for name in started_with} == started_with | {"GROUPING_SECONDS": None}


def test_what_belongs_to_a_real_account_is_not_written_to_a_file() -> None:
    real = {"TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "real", "SMTP_URL": "smtps://me:pass@mail"}
    places = Places(product="http://127.0.0.1:8080", market="http://127.0.0.1:8081")

    written = as_file(real | environment(real, places, TWILIO), places)

    assert "STORE=sqlite:///data/sandbox.db\n" in written
    assert not [word for word in ("AC1", "real", "pass", "TWILIO", "SMTP") if word in written]
