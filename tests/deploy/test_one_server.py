"""One small server: its unit, image and compose files, and the very commands in them, really run."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sandbox.market import API_KEY, Market, market_app
from sandbox.phone import Phone, phone_app
from sandbox.servers import listen, port_of, serving
from store.sqlite import SqliteDocuments
from watchers.documents import Put, Query
from watchers.places import Places

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PLACES = Places()
SHOW, NUMBER = "SbxNightTram01", "+15557654321"
DATABASE = "data/ticket-scout.db"  # in the folder it runs in, where nothing else is said
ACCOUNT, TOKEN = "AC" + "a" * 32, "not-a-real-token"
HERE = {
    "/opt/ticket-scout/.venv/bin/python": sys.executable,
    "/opt/venv/bin/python": sys.executable,
    "/opt/ticket-scout": str(ROOT),
}


def unit(name: str) -> dict[str, dict[str, list[str]]]:
    """A unit's sections; a key may stand several times."""
    sections: dict[str, dict[str, list[str]]] = {}
    section: dict[str, list[str]] = {}
    for line in (DEPLOY / name).read_text().splitlines():
        if found := re.fullmatch(r"\[(\w+)\]", line):
            section = sections.setdefault(found[1], {})
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            section.setdefault(key, []).append(value)
    return sections


def here(command: str) -> str:
    """A command of the server, on this machine."""
    for there, path in HERE.items():
        command = command.replace(there, path)
    return command


def docker_command() -> list[str]:
    """What the image runs."""
    text = (DEPLOY / "Dockerfile").read_text()
    entry, arguments = (
        json.loads(re.search(rf"^{word} (\[.*\])$", text, re.MULTILINE)[1])  # type: ignore[index]
        for word in ("ENTRYPOINT", "CMD")
    )
    return [here(word) for word in (*entry, *arguments)]


def systemd_command() -> list[str]:
    """What the unit runs."""
    (line,) = unit("ticket-scout.service")["Service"]["ExecStart"]
    return shlex.split(here(line))


LEASE_ENDS = 240.0
"""Seconds, and more: who vanished amid a tick, and a copy made amid one, holds the board for 90."""


def eventually(holds: Callable[[], object], within: float = 30) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


# ── the commands ─────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def market() -> Market:
    return Market(calls_per_day=10**6)


@pytest.fixture
def phone() -> Phone:
    return Phone(ACCOUNT, TOKEN)


@pytest.fixture
def settings(market: Market, phone: Phone) -> Iterator[dict[str, str]]:
    """As in the settings' file of the server, with vendors on this machine."""
    example = re.findall(r"^([A-Z_]+)=$", (DEPLOY / "settings.env.example").read_text(), re.MULTILINE)
    with listen() as free:
        port = str(port_of(free))
    with serving(market_app(market)) as shops, serving(phone_app(phone)) as twilio:
        yield {
            **dict.fromkeys(example, ""),  # as a file that somebody filled in here and there
            "PATH": "/usr/bin:/bin",
            "PORT": port,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": "not-a-real-key-but-long-enough-for-one",
            "TICKETMASTER_API_KEY": API_KEY,
            "TICKETMASTER_BASE_URL": shops,
            "TICKETMASTER_CALLS_PER_SECOND": "50",
            "STEAM_BASE_URL": shops,
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_FROM_NUMBER": "+15005550006",
            "TWILIO_BASE_URL": twilio,
            "TICK_EVERY_SECONDS": "0.2",
            "MIN_INTERVAL_SECONDS": "0",
        }


@contextmanager
def running(
    command: Sequence[str], settings: Mapping[str, str], folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """The server's process, once it answers."""
    with (folder / "log").open("a") as log:
        process = subprocess.Popen(command, cwd=folder, env=dict(settings), stdout=log, stderr=log)  # noqa: S603
    try:
        eventually(lambda: is_up(settings) or process.poll() is not None)
        assert process.poll() is None, (folder / "log").read_text()
        yield process
    finally:
        process.kill()
        process.wait()


def is_up(settings: Mapping[str, str]) -> bool:
    try:
        return httpx.get(f"{settings['PUBLIC_URL']}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def workers(process: "subprocess.Popen[bytes]") -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(child) for child in children.split()]


def save(documents: SqliteDocuments, number: int) -> None:
    condition = {"kind": "below", "price": "50.00", "currency": "GBP"}
    fields = {"name": f"Watch {number}", "conditions": [condition], "notify": ["sms"]}
    target = {"provider": "ticketmaster", "item": SHOW}
    documents.commit(Put(PLACES.source("u1", f"w{number}"), fields | {"target": target}))


def states(documents: SqliteDocuments) -> list[Any]:
    return [one.fields["state"] for one in documents.find(Query("alerts"))]


@pytest.mark.parametrize("command", [systemd_command, docker_command], ids=["the unit's", "the image's"])
def test_the_servers_own_command_watches_tells_and_stops(
    command: Callable[[], list[str]],
    settings: dict[str, str],
    market: Market,
    phone: Phone,
    tmp_path: Path,
) -> None:
    with closing(SqliteDocuments(str(tmp_path / DATABASE))) as documents:
        documents.commit(Put("people/u1", {"phone": NUMBER, "phone_verified_at": datetime.now(UTC)}))
        with running(command(), settings, tmp_path) as process:
            save(documents, 1)
            eventually(lambda: documents.count(Query(PLACES.worker_collection)) == 1)
            market.asked.clear()
            eventually(lambda: len(market.asked) > 2)
            market.set_price(SHOW, "face", "45")
            eventually(lambda: states(documents) == ["delivered"])
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
        with running(command(), settings, tmp_path):
            market.asked.clear()
            eventually(lambda: len(market.asked) > 2)

    assert len(phone.texts) == 1
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_behind_a_proxy_nobody_is_signed_in_without_asking(settings: dict[str, str], tmp_path: Path) -> None:
    """Everybody's request comes from the proxy, on this machine."""
    env = settings | {"LOCAL_PERSON": "u1"}
    said = subprocess.run(  # noqa: S603 - our own command
        systemd_command(), cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert said.returncode == 1
    assert "LOCAL_PERSON is for a laptop" in said.stderr


def test_a_worker_that_dies_is_started_again_with_its_schedule(
    settings: dict[str, str], market: Market, tmp_path: Path
) -> None:
    with (
        closing(SqliteDocuments(str(tmp_path / DATABASE))) as documents,
        running(systemd_command(), settings, tmp_path) as process,
    ):
        save(documents, 1)
        eventually(lambda: documents.count(Query(PLACES.worker_collection)) == 1)
        (first,) = workers(process)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: (now := workers(process)) and now != [first] and is_up(settings))
        market.asked.clear()
        eventually(lambda: len(market.asked) > 2, within=LEASE_ENDS)


def test_the_nightly_copy_is_taken_while_the_service_runs_and_is_restored_elsewhere(
    settings: dict[str, str], market: Market, phone: Phone, tmp_path: Path
) -> None:
    (line,) = unit("ticket-scout-backup.service")["Service"]["ExecStart"]
    copy = shlex.split(here(line).replace("%%", "%"))
    with closing(SqliteDocuments(str(tmp_path / DATABASE))) as documents:
        documents.commit(Put("people/u1", {"phone": NUMBER, "phone_verified_at": datetime.now(UTC)}))
        with running(systemd_command(), settings, tmp_path):
            save(documents, 1)
            eventually(lambda: documents.count(Query(PLACES.worker_collection)) == 1)
            market.set_price(SHOW, "face", "45")
            eventually(lambda: states(documents) == ["delivered"])
            for _ in range(2):  # the second replaces the first
                subprocess.run(copy, cwd=tmp_path, env=settings, check=True, timeout=60)  # noqa: S603

    (made,) = (tmp_path / "backups").iterdir()
    assert re.fullmatch(r"day-[1-7]\.db", made.name)
    other = settings | {"STORE": f"sqlite:///{tmp_path / 'other/scout.db'}"}
    restore = [sys.executable, str(ROOT / "scout.py"), "restore", str(made)]
    subprocess.run(restore, cwd=tmp_path, env=other, check=True, timeout=60)  # noqa: S603
    with running(systemd_command(), other, tmp_path):
        market.asked.clear()
        eventually(lambda: len(market.asked) > 2, within=LEASE_ENDS)
        market.set_price(SHOW, "face", "40")  # a further drop is told by whoever has the database now
        eventually(lambda: len(phone.texts) == 2)
    assert len(phone.texts) == 2


def test_a_setting_that_is_for_the_deployed_worker_stops_the_start(
    settings: dict[str, str], tmp_path: Path
) -> None:
    deployed = {"WORKER_AUDIENCE": "https://worker.example", "SCHEDULER_ACCOUNT": "a@b.example"}
    ran = subprocess.run(  # noqa: S603
        systemd_command(), cwd=tmp_path, env=settings | deployed,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "leave it unset" in ran.stderr


# ── the files ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def units(tmp_path: Path) -> list[str]:
    """The unit files with a Python that this machine has."""
    names = ["ticket-scout.service", "ticket-scout-backup.service", "ticket-scout-backup.timer"]
    for name in names:
        (tmp_path / name).write_text(here((DEPLOY / name).read_text()))
    return [str(tmp_path / name) for name in names]


def systemd_analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    if (found := shutil.which("systemd-analyze")) is None:
        pytest.skip("systemd-analyze is not installed")
    return subprocess.run(  # noqa: S603
        [found, *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_units_are_what_systemd_understands(units: list[str]) -> None:
    ran = systemd_analyze("verify", "--man=no", *units)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_services_are_shut_in(units: list[str]) -> None:
    """Systemd's own measure, of 100 for a service that may do everything; above 15 it would fail."""
    for service in units[:2]:
        ran = systemd_analyze("security", "--offline=true", "--threshold=15", service)
        assert ran.returncode == 0, ran.stdout[-300:]


def test_both_services_share_one_database_and_one_user() -> None:
    service, copy = (
        unit(name)["Service"] for name in ("ticket-scout.service", "ticket-scout-backup.service")
    )
    for key in ("Environment", "User", "DynamicUser", "StateDirectory", "WorkingDirectory"):
        assert service[key] == copy[key], key
    assert unit("ticket-scout-backup.timer")["Timer"]["OnCalendar"]


def test_the_compose_file_shuts_the_container_in_and_keeps_the_data() -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    (service,) = compose["services"].values()

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    (volume,) = service["volumes"]
    name, _, place = volume.partition(":")
    assert name in compose["volumes"]
    assert service["environment"]["STORE"].startswith(f"sqlite:///{place}/")
    assert (DEPLOY / service["build"]["context"] / service["build"]["dockerfile"]).resolve().is_file()


def test_the_image_holds_the_code_and_nothing_of_this_machine() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = {
        source
        for line in re.findall(r"^COPY (?!--)(.*)$", text, re.MULTILINE)
        for source in line.split()[:-1]
    }
    let_through = set(re.findall(r"^!(.*)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE))

    assert copied == let_through
    assert all((ROOT / name).exists() for name in copied)
    assert copied >= {"main.py", "scout.py", "requirements.txt", "web", "watchers", "notifiers", "store"}
    assert "--require-hashes" in text
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)
