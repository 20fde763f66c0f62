"""How long a function that sleeps takes to answer for the first time, beside a hello of the same framework.

    .venv/bin/python bench/cold_start.py

From starting ``functions-framework --target …``, as it is deployed, to the whole of its first answer: the
worker's first run, and the page that people see first. Bytecode is compiled, as a deployed image has it; all
channels and providers are set up. All ways take turns, and medians of their turns are compared. Firestore is
its emulator, where there is one.
"""

import compileall
import http.client
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
from bench.report import Report, arguments
from bench.tests_found import free_port, running_emulator, why_missing

HELLO = """
import functions_framework

@functions_framework.http
def hello(request):
    return "hello"
"""
SETTINGS = {
    "SECRET_KEY": "not-a-real-key-but-long-enough-for-one",
    "PUBLIC_URL": "https://scout.example",
    "TICKETMASTER_API_KEY": "not-a-real-key",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "not-a-real-token",
    "TWILIO_FROM_NUMBER": "+15005550006",
    "SMTP_URL": "smtp://127.0.0.1:9",
    "MAIL_FROM": "scout@scout.example",
}
PROMISED = {"worker": 2.5, "web": 3.0}
_TOO_LONG = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Way:
    """One function and where its documents are."""

    name: str
    source: Path
    target: str
    settings: Mapping[str, str]

    def first_answer(self, folder: str) -> float:
        """Seconds until a fresh process has answered."""
        port = free_port()
        home = tempfile.mkdtemp(dir=folder)
        environment = {"PATH": os.environ["PATH"], "HOME": home, **self.settings}
        command = [str(Path(sys.executable).parent / "functions-framework"), "--target", self.target]
        command += ["--source", str(self.source), "--host", "127.0.0.1", "--port", str(port)]
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - our own functions
            command,
            cwd=home,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            _ask(port, began + _TOO_LONG)
            return time.perf_counter() - began
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _ask(port: int, until: float) -> None:
    while time.perf_counter() < until:
        with suppress(ConnectionError):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TOO_LONG)
            connection.request("GET", "/")
            answer = connection.getresponse()
            answer.read()
            connection.close()
            if answer.status >= 500:  # noqa: PLR2004 - to whoever is not signed in, 401 is the page
                raise RuntimeError(f"the first answer was {answer.status}")
            return
        time.sleep(0.003)
    raise TimeoutError


def _ways(folder: str, stores: Mapping[str, Mapping[str, str]]) -> list[Way]:
    hello = Path(folder) / "hello.py"
    hello.write_text(HELLO)
    entries = {"worker": "ticket_monitor_worker", "web": "web"}
    return [Way("hello", hello, "hello", {})] + [
        Way(f"{name}, {store}", ROOT / "main.py", target, {**SETTINGS, **settings})
        for store, settings in stores.items()
        for name, target in entries.items()
    ]


def main() -> int:
    """Measure, print, and say in the exit code whether the promises hold."""
    asked = arguments(__doc__).parse_args()
    for part in ("watchers", "notifiers", "store", "web"):
        compileall.compile_dir(ROOT / part, quiet=1)
    report = Report("cold_start")
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stores = {"sqlite": {"STORE": f"sqlite:///{folder}/cold.db"}}
        if reason := why_missing():
            report.say("firestore: not measured", reason)
        else:
            host = stack.enter_context(running_emulator())
            project = {"GOOGLE_CLOUD_PROJECT": "demo-cold", "FIRESTORE_EMULATOR_HOST": host}
            stores["firestore"] = {"STORE": "firestore", **project}
        ways = _ways(folder, stores)
        for way in ways:  # whatever is compiled, or made in the database, is there
            way.first_answer(folder)
        turns = [{way.name: way.first_answer(folder) for way in ways} for _ in range(asked.runs)]
    for way in ways:
        seconds = [turn[way.name] for turn in turns]
        ratio = statistics.median(turn[way.name] / turn["hello"] for turn in turns)
        report.say(f"{way.name}: first answer", statistics.median(seconds) * 1e3, ",.0f", "ms")
        report.figures[f"{way.name}: turns"] = seconds
        if way.name != "hello":
            report.say(f"{way.name}: times a hello", ratio, ".2f")
            most = PROMISED[way.name.split(",")[0]]
            report.promise(f"{way.name}: at most {most} times a hello", holds=ratio <= most)
    return report.end(asked.json)


if __name__ == "__main__":
    sys.exit(main())
