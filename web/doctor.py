"""What an operator wants to know when something seems wrong.

``examine`` only reads. ``inquire`` asks live APIs what only they can tell. ``try_out`` sends one real test
through the real outbox, and waits for its callback.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain

import notifiers
from notifiers import contacts, outbox
from notifiers.deliver import deliver, sweep
from notifiers.limits import Limits
from notifiers.means import Means
from notifiers.personal.erasure import left_behind
from notifiers.spend import spent
from notifiers.trials import UNCAPPED, trial
from store import open_documents
from watchers import alerts, homes, providers
from watchers.board import Board
from watchers.clocks import Moment
from watchers.documents import Documents, Query
from watchers.errors import StoreError
from watchers.kinds import Channel
from watchers.models import Alert, AlertState
from watchers.probing import Answer, ask, known
from watchers.providers.base import Provider
from watchers.settings import Settings
from watchers.shards import provider_of, stride
from web import snapshot

_LOOK_EVERY = 0.5  # seconds
_UNHEARD = "accepted, and nothing was heard of it: can Twilio reach PUBLIC_URL? `scout.py reconcile` asks it"
_MOST, _NAMED = 100, 3  # alerts that are counted, and named
QUIET = timedelta(minutes=15)  # a board that was not saved for so long is not being ticked


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: ``ok``, ``off`` (not needed), ``WRONG`` (someone must act)."""

    mark: str
    what: str
    said: str

    @property
    def is_wrong(self) -> bool:
        """Whether someone must act."""
        return self.mark == "WRONG"

    def to_json(self) -> dict[str, str]:
        """For scripts."""
        return {"mark": self.mark, "what": self.what, "said": self.said}


def examine(env: Mapping[str, str]) -> list[Finding]:
    """Look at settings, database, providers, channels, boards and outbox."""
    return list(_examine(env))


def _examine(env: Mapping[str, str]) -> Iterator[Finding]:
    try:
        settings = Settings.from_env(env)
        documents = open_documents(settings.store, project=settings.project, database=settings.database)
        asked, off = providers.from_env(env)
        told, silent = notifiers.from_env(env)
        limits = Limits.from_env(env)
    except ValueError as exc:
        yield Finding("WRONG", "settings", str(exc))
        return
    except StoreError as exc:
        yield Finding("WRONG", "STORE", f"the database cannot be opened ({type(exc).__name__})")
        return
    yield Finding("ok", "settings", f"read; people reach {settings.public_url}; STORE is {settings.store}")
    if settings.secret_key is None:
        yield Finding("off", "SECRET_KEY", "not set: nobody can sign in to the form; set a long random text")
    yield from (Finding("ok", name, "switched on") for name in asked)
    yield from (Finding("off", one.name, one.why) for one in off)
    yield from (Finding("ok", str(channel), "switched on") for channel in told)
    yield from (Finding("off", str(channel), why) for channel, why in silent.items())
    if not told:
        yield Finding("WRONG", "channels", "nobody can be told: set up SMS or e-mail")
    try:
        yield from _kept(documents, asked, settings.tick_every)
        yield from map(_learned, known(documents, asked))
        yield _spending(spent(documents, datetime.now(UTC)), limits)
    except StoreError as exc:
        yield Finding("WRONG", "STORE", f"the database does not answer ({type(exc).__name__})")


def inquire(
    documents: Documents, asked: Mapping[str, Provider], now: Moment, *, again: bool
) -> list[Finding]:
    """Put the open questions to the live APIs: at most ``probing.MOST`` calls, of those kept for people."""
    return [_learned(answer) for answer in ask(documents, asked, now, again=again)]


def _learned(answer: Answer) -> Finding:
    what = f"{answer.provider}: {answer.id}"
    if answer.failed:
        return Finding("off", what, f"{answer.question} Could not be asked: {answer.failed}")
    if answer.said is None or answer.asked_at is None:
        return Finding("off", what, f"{answer.question} Nobody has asked yet; `doctor --probe` does.")
    return Finding("ok", what, f"{answer.question} {answer.said} (asked {answer.asked_at:%d %b %Y})")


def _kept(documents: Documents, asked: Mapping[str, Provider], runs_every: timedelta) -> Iterator[Finding]:
    now = datetime.now(UTC)
    for kept in chain.from_iterable(homes.every(documents, name) for name in asked):
        pause = stride(asked[provider_of(kept.name)].quota, kept.shards, runs_every) * runs_every
        yield _ticking(kept, now, QUIET + pause)
        if blind := sum(row.blind for row in kept.rows.values()):
            yield Finding(
                "WRONG",
                kept.name,
                f"{blind} of {len(kept.rows)} targets were not seen for longer than they should be",
            )
    if waiting := left_behind(documents, now):
        said = f"{waiting} were not gone on with for an hour: is the worker called each quarter of an hour?"
        yield Finding("WRONG", "erasures", said)
    wrong = list(_left_behind(documents, now))
    yield from wrong or [Finding("ok", "outbox", "nothing is left behind")]


def _left_behind(documents: Documents, now: datetime) -> Iterator[Finding]:
    if waiting := alerts.due(documents, now - QUIET, limit=_MOST):
        yield Finding(
            "WRONG", "outbox", f"{len(waiting)} alerts have waited for over {QUIET.seconds // 60} minutes"
        )
    if aside := _set_aside(documents, now):
        more = ", …" if len(aside) > _NAMED else ""
        yield Finding(
            "WRONG",
            "outbox",
            f"{len(aside)} alerts cannot be read or sent; they are tried again each hour: "
            f"{', '.join(aside[:_NAMED])}{more}",
        )


def _set_aside(documents: Documents, now: datetime) -> list[str]:
    """The ids of alerts that are out of everybody's way; those settled since then are not among them."""
    query = Query(alerts.COLLECTION, ("set_aside_until",), ">=", now, _MOST)
    return [found.id for found in documents.find(query) if found.fields.get("due_at") is not None]


def _spending(segments: int, limits: Limits) -> Finding:
    said = f"{segments} of {limits.segments_in_all} segments of texts are used this month"
    return Finding("WRONG" if segments >= limits.segments_in_all else "ok", "texts", said)


def _ticking(kept: Board, now: datetime, patience: timedelta) -> Finding:
    if kept.saved_at is None:
        return Finding("off", kept.name, "has not ticked yet")
    age = now - kept.saved_at
    said = f"{len(kept.rows)} targets; last saved {int(age.total_seconds())} s ago"
    return Finding("WRONG" if age > patience and kept.rows else "ok", kept.name, said)


# ── one real test ────────────────────────────────────────────────────────────────────────────────────────


def try_out(means: Means, uid: str, patience: timedelta) -> list[Finding]:
    """Send a person one test on each of their channels, through the outbox, and wait for what comes of it."""
    kept = means.documents.get(contacts.path(uid))
    if kept is None:
        return [Finding("WRONG", "test", f"there is no person {uid}: `scout.py person add {uid}` adds one")]
    person = contacts.from_document(kept)
    ways = [channel for channel in means.notifiers if contacts.is_reachable(person, channel)]
    if not ways:
        return [
            Finding("WRONG", "test", f"no channel that is on reaches {uid}: see `scout.py person show {uid}`")
        ]
    at = datetime.now(UTC)
    tests = [trial(uid, channel, at, UNCAPPED) for channel in ways]
    means.documents.commit(*map(alerts.creation, tests))
    snapshot.mark(means.documents, uid)
    return [_tried(test.id, means, at + patience) for test in tests]


def _tried(alert_id: str, means: Means, until: datetime) -> Finding:
    """Deliver it as the trigger would (which may be quicker), and look until its fate is known."""
    deliver(alert_id, means, now=datetime.now(UTC))
    alert = outbox.load(means.documents, alert_id)
    while alert and not _is_known(alert) and datetime.now(UTC) < until:
        time.sleep(_LOOK_EVERY)
        sweep(means, now=datetime.now(UTC), deadline=until)
        alert = outbox.load(means.documents, alert_id)
    if alert is None:
        return Finding("WRONG", "test", "the alert is gone")
    why = f" ({alert.why})" if alert.why else ""
    if alert.state is AlertState.SENT and alert.channel is Channel.SMS:
        return Finding("WRONG", "test sms", _UNHEARD)
    mark = "ok" if alert.state in (AlertState.SENT, AlertState.DELIVERED) else "WRONG"
    return Finding(mark, f"test {alert.channel}", f"{alert.state}{why}")


def _is_known(alert: Alert) -> bool:
    """Whether nothing more will be heard of it; a text is known only when its callback came."""
    if alert.state is AlertState.SENT:
        return alert.channel is not Channel.SMS
    return alert.state in outbox.FINAL or (alert.state is AlertState.UNCERTAIN and alert.due_at is None)
