"""One run: a scenario played with real processes, and what the witnesses say of it afterwards.

The outbox is filled as a tick fills it; workers of each round run at once, and die; then one worker whom
nothing happens to goes on until nothing is due, while its time moves on. In this process stands what tells
the outbox what became of texts: the product's own web application, which checks Twilio's signature.
"""

import json
import logging
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import notifiers
from notifiers import outbox
from notifiers.errors import NotifierUnavailableError
from notifiers.learning import learn
from notifiers.limits import Limits
from notifiers.links import Links
from notifiers.means import Means
from notifiers.reconcile import Reconciled, reconcile
from sandbox.servers import serving
from store.firestore import FirestoreDocuments
from store.sqlite import SqliteDocuments
from tests.faults import before, invariants
from tests.faults.before import NOW
from tests.faults.invariants import Evidence, gathered
from tests.faults.nursery import Nursery
from tests.faults.scenario import Round, Scenario, Worker
from tests.faults.vendors import HANG, Mail, Twilio
from tests.faults.worker import Raw
from tests.firestore_emulator import connect
from tests.twilio_server import ACCOUNT, TOKEN
from watchers import alerts
from watchers.documents import Documents
from watchers.models import Alert, AlertState
from watchers.places import Places
from web.app import create_app
from web.site import Site

PUBLIC_URL, SECRET_KEY, SENDER = "https://scout.example", "not-a-real-key", "+15005550006"
PATIENCE = HANG / 2  # of a worker with a vendor, in seconds
_FAR = timedelta(days=400)
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - SIGKILL loses nothing that was written, wherever that is
_VENDORS_OWN = ("mail", "asyncio", "werkzeug", "aiosmtpd")  # loggers of the servers in this process


@dataclass
class Played:
    """What a run came to. ``lines``: how many each counting worker executed before its end."""

    scenario: Scenario
    violations: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    looks: int = 0
    letters: Counter[str] = field(default_factory=Counter)


def play(scenario: Scenario, nursery: Nursery, emulator: str | None = None) -> Played:
    """Play it, on the emulator at ``host:port`` or on an SQLite file."""
    with _Stage.opened(scenario, nursery, emulator) as stage:
        stage.fill()
        for number, one in enumerate(scenario.rounds):
            stage.round(number, one)
        stage.settle()
        stage.twilio.pay()
        stage.settle()
        stage.judge()
        return stage.played


@dataclass
class _Stage:
    """Everything that stands while a run is played."""

    played: Played
    nursery: Nursery
    documents: Documents
    env: dict[str, str]
    twilio: Twilio
    mail: Mail
    folder: Path
    now: datetime = NOW
    made: list[Alert] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)

    @classmethod
    @contextmanager
    def opened(cls, scenario: Scenario, nursery: Nursery, emulator: str | None) -> "Iterator[_Stage]":
        where = _SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None
        with ExitStack() as closing:
            folder = Path(closing.enter_context(tempfile.TemporaryDirectory(dir=where, prefix="faults-")))
            env, documents = _database(folder, emulator, closing)
            twilio = closing.enter_context(Twilio(slow_seconds=0.2, late_seconds=0.3))
            twilio.retry_after = scenario.retry_after
            mail = closing.enter_context(Mail(scenario.mail))
            env |= {
                "PUBLIC_URL": PUBLIC_URL,
                "SECRET_KEY": SECRET_KEY,
                "TWILIO_ACCOUNT_SID": ACCOUNT,
                "TWILIO_AUTH_TOKEN": TOKEN,
                "TWILIO_FROM_NUMBER": SENDER,
                "TWILIO_BASE_URL": twilio.url,
                "SMTP_URL": mail.url,
                "MAIL_FROM": "alerts@scout.example",
                **dict(scenario.settings),
            }
            stage = cls(Played(scenario), nursery, documents, env, twilio, mail, folder)
            twilio.play((*scenario.twilio, *scenario.lists), scenario.callbacks, stage.accepted_at)
            closing.enter_context(_listening(folder / "parent.log"))
            twilio.callback_base = closing.enter_context(serving(stage.web()))
            yield stage

    @property
    def means(self) -> Means:
        """What telling people takes, in this process."""
        told, _ = notifiers.from_env(self.env)
        return Means(self.documents, told, Links(PUBLIC_URL, SECRET_KEY), Limits.from_env(self.env))

    def web(self) -> Any:
        """The product's web application, which hears Twilio's callbacks."""
        means = self.means
        site = Site(
            documents=self.documents,
            places=Places(),
            refusal=lambda *_: None,
            secret_key=SECRET_KEY,
            public_url=PUBLIC_URL,
            providers={},
            now=lambda: self.now,
            learn=lambda alert_id, report: learn(alert_id, report, means, now=self.now),
            twilio_token=TOKEN,
        )
        return create_app(site)

    def accepted_at(self, alert_id: str) -> datetime:
        """When a text of this alert came to Twilio: the alert was claimed a moment before."""
        alert = outbox.load(self.documents, alert_id)
        return (alert.attempted_at if alert else None) or self.now

    def fill(self) -> None:
        """The outbox as a tick leaves it."""
        scenario = self.played.scenario
        self.made = before.fill(self.documents, scenario)
        for told in scenario.told:
            self.say(f"{told.uid} is to be told of {told.number + 10} by {', '.join(told.channels)}")

    def round(self, number: int, one: Round) -> None:
        """Workers at once; who dies, dies."""
        self.now += timedelta(seconds=one.later)
        asked = [self.asked(f"{number}-{index}", worker) for index, worker in enumerate(one.workers)]
        for worker, end in zip(one.workers, self.run(asked), strict=True):
            self.say(f"+{(self.now - NOW).total_seconds():.0f} s: {worker}: {_ended(end)}")
            if worker.dies:
                self.played.counts[f"{'died' if end == -9 else 'outlived'} in {worker.dies[0]}"] += 1
            if worker.hiccup:
                self.played.counts[f"commit lost {worker.hiccup[1]} it was done"] += 1
        counted = [one for asking in asked for one in _records(Path(asking["log"]))]
        self.played.lines += [int(one["lines"]) for one in counted if one["event"] == "worker.lines"]
        self.twilio.settle()

    def run(self, asked: list[dict[str, Any]]) -> list[int]:
        """Start them, wait for them; one that ends in any way but two is a bug."""
        ends = self.nursery.run(asked)
        self.played.counts["processes"] += len(ends)
        self.played.counts["processes killed"] += ends.count(-9)
        for end, one in zip(ends, asked, strict=True):
            if end not in (0, -9):
                said = Path(one["log"] + ".err").read_text().splitlines()[-1:]
                self.played.violations.append(f"a worker {_ended(end)}: {said}")
        return ends

    def asked(self, name: str, worker: Worker) -> dict[str, Any]:
        """A worker as the nursery is told of it."""
        files, last = worker.dies or ("", 0)
        self.logs.append(log := self.folder / f"{name}.log")
        acts = [self._act(act) for act in worker.acts]
        return {
            "env": self.env,
            "log": str(log),
            "now": (self.now + timedelta(seconds=worker.ahead)).isoformat(),
            "acts": acts,
            "files": files,
            "last": last,
            "delay": worker.delay,
            "hiccup": worker.hiccup,
            "timeout": PATIENCE,
        }

    def _act(self, act: str) -> str:
        name, _, number = act.partition(" ")
        return f"deliver {self.made[int(number) % len(self.made)].id}" if number else name

    def settle(self) -> None:
        """A worker whom nothing happens to, until nothing is due."""
        self.now += timedelta(seconds=300)
        if alerts.due(self.documents, self.now + _FAR, 1):
            self.run([self.asked(f"settle-{len(self.logs)}", Worker(("settle",)))])
            settled = [one for one in _records(self.logs[-1]) if one["event"] == "worker.settled"]
            self.now = max([self.now, *(datetime.fromisoformat(one["at"]) for one in settled)])
        self.twilio.settle()

    def judge(self) -> None:
        """Ask the witnesses, reconcile, settle what that brought up, and ask again."""
        played = self.played
        seen = self.gathered()
        played.violations += [*invariants.violations(seen), *invariants.unlisted(seen)]
        self.tell(seen)
        self.now += timedelta(minutes=10)
        done = self.reconciled()
        played.violations += invariants.misreported(seen, done)
        played.counts.update(f"reconcile {finding.difference}" for finding in done.findings)
        self.settle()
        played.violations += [f"reconciled: {one}" for one in invariants.violations(self.gathered())]
        played.violations += self.unexplained(seen) + self.leaks()
        played.counts.update(self.twilio.injected + self.mail.injected)
        played.looks = self.twilio.looks
        played.letters = Counter(identity for identity, _ in seen.letters)
        wrong = [(url, status) for url, _, status in self.twilio.told if status != 204]
        played.violations += [f"a callback was answered {status}" for _, status in wrong]

    def reconciled(self) -> Reconciled:
        """Compare with the list, again while it cannot be had: its faults end."""
        period = self.now - NOW + timedelta(hours=1)
        for _ in self.played.scenario.lists:
            with suppress(NotifierUnavailableError):
                return reconcile(self.means, now=self.now, period=period)
        return reconcile(self.means, now=self.now, period=period)

    def gathered(self) -> Evidence:
        """What the witnesses say now."""
        return gathered(self.played.scenario, self.documents, self.twilio, self.mail, NOW)

    def tell(self, seen: Evidence) -> None:
        """Count the outcomes, and write the end of the story."""
        counts = self.played.counts
        counts["alerts"] += sum(not alert.copy_of for alert in seen.outbox.values())
        counts["texts accepted"] += len(seen.texts)
        counts["letters taken"] += len(seen.letters)
        counts["letters taken again"] += len(seen.letters) - len(dict(seen.letters))
        for alert in seen.outbox.values():
            counts[f"{'copy' if alert.copy_of else 'alert'} by {alert.channel} {alert.state}"] += 1
            if alert.state is AlertState.UNCERTAIN and not alert.rides_with:
                told_by = invariants.explained_by(seen, alert) or "nobody"
                counts[f"uncertain, {alert.why}: told by {told_by}"] += 1
            self.say(_line(alert))
        for text in seen.texts:
            self.say(f"Twilio took, {text.status}: {text.fields['Body']}")
        for identity, words in seen.letters:
            self.say(f"the mail server took {identity[:6]}: {words.strip().splitlines()[0]}")

    def unexplained(self, seen: Evidence) -> list[str]:
        """Alerts that are uncertain for a reason that nobody has given them."""
        killed = bool(self.played.counts["processes killed"])
        hiccups = any(one.hiccup for rnd in self.played.scenario.rounds for one in rnd.workers)
        frozen = any(one.ahead for rnd in self.played.scenario.rounds for one in rnd.workers)
        lost = any(fault.startswith("twilio ") for fault in self.twilio.injected)
        reasons = {"lease_expired": killed or hiccups or frozen, "no_answer": lost, "server_error": lost}
        uncertain = [one for one in seen.outbox.values() if one.state is AlertState.UNCERTAIN]
        return [
            f"{one.id[:6]} is uncertain ({one.why}) without cause"
            for one in uncertain
            if one.channel == "sms" and not reasons.get(one.why or "", True)
        ]

    def leaks(self) -> list[str]:
        """What was written down and must not be."""
        scenario = self.played.scenario
        secrets = [TOKEN, SECRET_KEY, SENDER, "Gala"]
        phones = [who.phone for who in scenario.people if who.phone]
        secrets += [*phones, *(phone.replace("+", "%2B") for phone in phones)]
        secrets += [who.address for who in scenario.people if who.address]
        return invariants.leaks((log.read_text() for log in sorted(self.folder.glob("*.log*"))), secrets)

    def say(self, line: str) -> None:
        """One more line of the story."""
        self.played.story.append(line)


def _records(log: Path) -> list[dict[str, str]]:
    """What a worker wrote down; the last line of one that died may be half a line."""
    if not log.exists():
        return []
    found = []
    for line in log.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def _database(folder: Path, emulator: str | None, closing: ExitStack) -> tuple[dict[str, str], Documents]:
    """What a worker's environment says of it, and the same database for this process."""
    if emulator is None:
        file = folder / "scout.db"
        database = SqliteDocuments(str(file))
        closing.callback(database.close)
        return {"STORE": f"sqlite:///{file}"}, database
    project = f"demo-{uuid.uuid4()}"
    client = connect(emulator, project)
    closing.callback(client.close)
    env = {"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": project, "FIRESTORE_EMULATOR_HOST": emulator}
    return env, FirestoreDocuments(client=client)


@contextmanager
def _listening(log: Path) -> Iterator[None]:
    """Write down all that the product says in this process."""
    handler = logging.FileHandler(log)
    handler.addFilter(lambda record: not record.name.startswith(_VENDORS_OWN))
    handler.setFormatter(Raw())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()


def _ended(end: int) -> str:
    return {0: "went home", -9: "was killed", -14: "hung", 1: "raised"}.get(end, f"ended with {end}")


def _line(alert: Alert) -> str:
    told = f"{alert.id[:6]} {alert.channel} {(alert.news.price or 0) // 100}: {alert.state}"
    notes = {
        "why": alert.why,
        "copy of": alert.copy_of and alert.copy_of[:6],
        "with": alert.rides_with and alert.rides_with[:6],
        "attempts": alert.attempts,
    }
    return f"{told} ({', '.join(f'{name} {note}' for name, note in notes.items() if note)})"
