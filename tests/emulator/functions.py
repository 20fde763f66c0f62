"""The deployed functions as they run in the cloud: the real functions-framework and gunicorn, a process each.

Each gets an environment of its own and nothing of the test run's. What it writes goes to a file, which is
read back line by line: JSON, or the server's own words.
"""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx

from sandbox.servers import listen, port_of

MAIN = Path(__file__).parents[2] / "main.py"
_SERVERS_OWN = re.compile(r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}\] \[\d+\] \[(INFO|WARNING|ERROR)\] ")
_READY_WITHIN = 30.0  # seconds


class Function:
    """One entry point in a process of its own, on any port or a given one: ``with Function(…) as f``."""

    def __init__(
        self, target: str, kind: str, settings: Mapping[str, str], folder: Path, port: int | None = None
    ) -> None:
        self.target = target
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._log = folder / f"{target}-{self.port}.log"
        self._home = folder / f"home-{self.port}"  # gunicorn keeps a socket there
        self._home.mkdir()
        self._environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "PYTHONUNBUFFERED": "1",
            "FUNCTION_TARGET": target,
            "FUNCTION_SIGNATURE_TYPE": kind,
            "FUNCTION_SOURCE": str(MAIN),
            "HOST": "127.0.0.1",
            **settings,
            "PORT": str(self.port),
        }
        self._read = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start it, on the same port as before; it answers only after ``wait_until_ready``."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "functions_framework"],
                cwd=self._home,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def become(self, main: Path) -> None:
        """From its next start on it is another version's code, on the same port."""
        self._environment["FUNCTION_SOURCE"] = str(main)

    def wait_until_ready(self) -> None:
        """Until it answers; no call reaches the function's own code."""
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline and self._process and self._process.poll() is None:
            try:
                httpx.get(f"{self.url}robots.txt", trust_env=False, timeout=2)
            except httpx.TransportError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"{self.target} did not start:\n" + "\n".join(self.lines()))

    def ensure_running(self) -> None:
        """Start it if it is not running, as the cloud does for the next request."""
        if self._process is None or self._process.poll() is not None:
            self.start()
        self.wait_until_ready()

    def kill(self) -> None:
        """End it at once, wherever it stands, as a machine that vanishes."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def lines(self) -> list[str]:
        """Everything it wrote so far."""
        return self._log.read_text().splitlines()

    def new_lines(self) -> list[str]:
        """What it wrote since this was last asked."""
        lines = self.lines()
        self._read, new = len(lines), lines[self._read :]
        return new


def free_port() -> int:
    """A port that no outgoing connection is ever given, so that a restart finds it free."""
    with listen(10_000 + secrets.randbelow(20_000), tries=100) as taken:
        return port_of(taken)


def records(lines: list[str]) -> list[dict[str, Any]]:
    """The JSON lines of a log; the server's own are left out.

    Raises:
        ValueError: a line is neither.
    """
    return [json.loads(line) for line in lines if line.strip() and not _SERVERS_OWN.match(line)]
