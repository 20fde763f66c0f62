"""The product as a newcomer starts it (``python -m sandbox``), in a folder of its own, and its settings."""

import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from notifiers.links import Links
from store.sqlite import SqliteDocuments

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60  # seconds
Found = TypeVar("Found")


@dataclass(frozen=True)
class Product:
    """One that runs. ``you`` are signed in from this machine; ``STRANGER`` headers make a stranger of you."""

    url: str
    folder: Path

    def setting(self, name: str) -> str:
        """What the sandbox told the product."""
        lines = (self.folder / "data/sandbox.env").read_text().splitlines()
        settings = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
        return shlex.split(settings[name])[0]

    @property
    def links(self) -> Links:
        """The addresses its messages carry."""
        return Links(self.url, self.setting("SECRET_KEY"))

    @property
    def documents(self) -> SqliteDocuments:
        """Its database."""
        return SqliteDocuments(str(self.folder / "data/sandbox.db"))


STRANGER = {"X-Forwarded-For": "198.51.100.7"}
"""Headers that come with a request from elsewhere: nobody is signed in by them."""


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def running(folder: Path) -> Iterator[Product]:
    """Everything as `make run` starts it in an empty folder, until the block ends."""
    port, log = free_port(), (folder / "log").open("w")
    env = {"PATH": os.environ["PATH"], "PORT": str(port), "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    process = subprocess.Popen([sys.executable, "-m", "sandbox"], cwd=folder, env=env, stdout=log, stderr=log)
    try:
        _await(f"http://127.0.0.1:{port}/healthz", process, folder / "log")
        yield Product(f"http://127.0.0.1:{port}", folder)
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def awaited(look: Callable[[], Found]) -> Found:
    """What is there once it is something; looked for again and again, since machines may be slow."""
    until = time.monotonic() + PATIENCE
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.3)
    return found


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.HTTPError:
            assert process.poll() is None, log.read_text()
        time.sleep(0.2)
    pytest.fail(log.read_text())
