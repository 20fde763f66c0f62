"""The whole sandbox as ``python -m sandbox`` runs it, with another program in the product's place."""

import os
import re
import signal
import smtplib
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx
import pytest
from flask import Flask

from sandbox.__main__ import kept, main, running
from sandbox.servers import HOST, PortTakenError, listen, port_of, serving

ROOT = Path(__file__).parents[2]


def test_everything_runs_and_stops() -> None:
    with running({}) as (places, settings):
        found = httpx.get(
            f"{settings['TICKETMASTER_BASE_URL']}/discovery/v2/events.json",
            params={"apikey": settings["TICKETMASTER_API_KEY"]},
        )
        assert found.json()["page"]["totalElements"] > 0
        account = settings["TWILIO_ACCOUNT_SID"]
        texts = httpx.get(
            f"{settings['TWILIO_BASE_URL']}/2010-04-01/Accounts/{account}/Messages.json",
            auth=(account, settings["TWILIO_AUTH_TOKEN"]),
        )
        assert texts.json()["messages"] == []
        smtp = urlsplit(settings["SMTP_URL"])
        with smtplib.SMTP(smtp.hostname or "", smtp.port or 0, timeout=5) as client:
            assert client.noop()[0] == 250
        assert 'aria-current="page">Mailbox' in httpx.get(places.mailbox or "").text
        listen(int(settings["PORT"])).close()
    for url in (places.market, places.phone, places.mailbox):
        with pytest.raises(httpx.ConnectError):
            httpx.get(url or "")


def test_only_what_is_not_real_is_played() -> None:
    given = {"TICKETMASTER_API_KEY": "real", "TWILIO_ACCOUNT_SID": "AC1", "SMTP_URL": ""}
    with running(given) as (places, _):
        assert (places.market, places.phone) == (None, None)
        assert places.mailbox is not None
        assert "Market" not in httpx.get(places.mailbox).text


def test_a_taken_port_is_passed_over_unless_it_was_asked_for() -> None:
    with listen() as taken:
        port = port_of(taken)
        with (
            pytest.raises(PortTakenError, match=rf"Port {port} is taken.*PORT="),
            running({"PORT": str(port)}),
        ):
            pass
        with listen(port, tries=20) as other:
            assert port_of(other) > port


@pytest.mark.parametrize("port", ["http", "0", "70000", "-1"])
def test_a_port_that_is_none_is_refused_with_a_sentence(port: str) -> None:
    with pytest.raises(click.UsageError, match="PORT must be a number"), running({"PORT": port}):
        pass


def test_only_this_machine_can_connect() -> None:
    with listen() as taken:
        assert taken.getsockname()[0] == HOST == "127.0.0.1"


def test_serving_twice_on_one_port_after_another() -> None:
    for _ in range(2):
        with serving(Flask("twice"), listen()) as url:
            assert httpx.get(url).status_code == 404


PRODUCT = """
import os, time, click

@click.group()
def cli(): ...

@cli.command(context_settings={"ignore_unknown_options": True})
@click.argument("contacts", nargs=-1)
def person(contacts): ...

@cli.command()
def run():
    with open("data/sandbox.env") as file:
        print(oct(os.stat("data/sandbox.env").st_mode & 0o777), *file.read().split(), flush=True)
    print(os.environ["STORE"], os.environ["SECRET_KEY"], flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_the_command_starts_the_product_and_stops_cleanly(tmp_path: Path, stop: signal.Signals) -> None:
    (tmp_path / "scout.py").write_text(PRODUCT)
    (tmp_path / ".env").write_text("SECRET_KEY=from-dotenv\nSTORE=sqlite:///ignored.db\n")
    own = {"PATH": os.environ["PATH"], "STORE": "sqlite:///from-environment.db", "PYTHONUNBUFFERED": "1"}
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox"],
        cwd=tmp_path,
        env=own | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = ""
        while "db from-dotenv" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(stop)
        rest = process.stdout.read()
    assert "sqlite:///from-environment.db from-dotenv" in said
    assert re.search(r"Phone +http://127\.0\.0\.1:\d+", said)
    assert "set -a; . data/sandbox.env; set +a" in said
    assert re.search(r"0o600 .*STORE=sqlite:///from-environment.db SECRET_KEY=from-dotenv", said)
    assert re.search(r"TWILIO_BASE_URL=http://127\.0\.0\.1:\d+ .*SMTP_URL=smtp://127", said)
    assert rest.strip() == "Stopped."
    assert list((tmp_path / "data").iterdir()) == [], "nothing is left that points to what does not run"
    assert process.returncode == 0


def test_a_file_that_was_left_behind_and_open_to_all_is_not_written_into(tmp_path: Path) -> None:
    path = tmp_path / "data/sandbox.env"
    path.parent.mkdir()
    path.write_text("of a sandbox that was killed")
    path.chmod(0o644)

    with kept(path, "A=1\n"):
        assert (path.read_text(), oct(path.stat().st_mode & 0o777)) == ("A=1\n", "0o600")

    assert not path.exists()


def test_a_sandbox_that_ends_leaves_the_settings_of_the_one_that_still_runs(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.env"

    with kept(path, "A=1\n"):
        other = kept(path, "A=2\n")
        other.__enter__()

    assert path.read_text() == "A=2\n"
    other.__exit__(None, None, None)
    assert not path.exists()


def test_a_terminal_with_the_settings_of_a_sandbox_starts_no_other(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with running({}) as (_, settings):
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
    before = signal.getsignal(signal.SIGTERM)

    try:
        assert main() == 1
    finally:
        signal.signal(signal.SIGTERM, before)

    assert "Start it in a new one" in capsys.readouterr().err
