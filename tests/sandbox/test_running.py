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

from sandbox.__main__ import running
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
        while "from-dotenv" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        process.send_signal(stop)
        rest = process.stdout.read()
    assert "sqlite:///from-environment.db from-dotenv" in said
    assert re.search(r"Phone +http://127\.0\.0\.1:\d+", said)
    assert rest.strip() == "Stopped."
    assert process.returncode == 0
