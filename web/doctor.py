"""What an operator wants to know when something seems wrong. Reads only; sends and spends nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import notifiers
from notifiers import outbox
from store import open_documents
from watchers import board, providers
from watchers.documents import Documents
from watchers.errors import StoreError
from watchers.settings import Settings

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
        documents = open_documents(settings.store, project=settings.project)
        asked, off = providers.from_env(env)
        told, silent = notifiers.from_env(env)
    except ValueError as exc:
        yield Finding("WRONG", "settings", str(exc))
        return
    except StoreError as exc:
        yield Finding("WRONG", "STORE", f"the database cannot be opened ({type(exc).__name__})")
        return
    yield Finding("ok", "settings", f"read; people reach {settings.public_url}")
    if settings.secret_key is None:
        yield Finding("off", "SECRET_KEY", "not set: nobody can sign in to the form; set a long random text")
    yield from (Finding("ok", name, "switched on") for name in asked)
    yield from (Finding("off", one.name, one.why) for one in off)
    yield from (Finding("ok", str(channel), "switched on") for channel in told)
    yield from (Finding("off", "channel", why) for why in silent)
    if not told:
        yield Finding("WRONG", "channels", "nobody can be told: set up SMS or e-mail")
    try:
        yield from _kept(documents, list(asked))
    except StoreError as exc:
        yield Finding("WRONG", "STORE", f"the database does not answer ({type(exc).__name__})")


def _kept(documents: Documents, names: list[str]) -> Iterator[Finding]:
    now = datetime.now(UTC)
    for name in names:
        kept = board.peek(documents, f"{name}-0")
        yield _ticking(kept, now)
        if blind := sum(row.blind for row in kept.rows.values()):
            yield Finding(
                "WRONG", kept.name, f"{blind} of {len(kept.rows)} targets were not seen for an hour"
            )
    waiting = outbox.due(documents, now - QUIET, limit=100)
    if waiting:
        yield Finding(
            "WRONG", "outbox", f"{len(waiting)} alerts have waited for over {QUIET.seconds // 60} minutes"
        )
    else:
        yield Finding("ok", "outbox", "nothing is left behind")


def _ticking(kept: board.Board, now: datetime) -> Finding:
    if kept.saved_at is None:
        return Finding("off", kept.name, "has not ticked yet")
    age = now - kept.saved_at
    said = f"{len(kept.rows)} targets; last saved {int(age.total_seconds())} s ago"
    return Finding("WRONG" if age > QUIET and kept.rows else "ok", kept.name, said)
