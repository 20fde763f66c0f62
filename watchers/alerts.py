"""Alerts as the outbox stores them: their derived identity and their document form.

Pure. The tick creates them, ``notifiers/outbox.py`` moves them from state to state.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import date, datetime
from typing import Any

from watchers.documents import Create, Document
from watchers.models import Alert, AlertState, News, Reason
from watchers.money import Basis
from watchers.watch import Channel

COLLECTION = "alerts"
_CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0/O, no 1/I


def alert_id(watch_id: str, rule_version: str, episode: str, step: int, channel: str) -> str:
    """The same decision has the same id, wherever and however often it is made (32 hex digits)."""
    key = "\x1f".join((watch_id, rule_version, episode, str(step), channel))
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def alert_code(identity: str) -> str:
    """Eight characters a person can read aloud, derived from the alert's id."""
    number = int.from_bytes(hashlib.sha256(identity.encode()).digest()[:5])
    return "".join(_CODE_ALPHABET[(number >> shift) & 31] for shift in range(35, -1, -5))


def path(identity: str) -> str:
    """Where the alert lies."""
    return f"{COLLECTION}/{identity}"


def creation(alert: Alert) -> Create:
    """The write that makes the alert durable; a second one with the same id is refused."""
    return Create(path(alert.id), to_fields(alert))


def to_fields(alert: Alert) -> dict[str, Any]:
    """The alert as a document: plain values, the event's local times as ISO text (they keep their zone)."""
    stored = asdict(alert)
    del stored["id"], stored["version"]
    news = stored["news"]
    news["starts_at"] = alert.news.starts_at.isoformat() if alert.news.starts_at else None
    news["starts_on"] = alert.news.starts_on.isoformat() if alert.news.starts_on else None
    return {name: _plain(value) for name, value in stored.items()}


def from_document(document: Document) -> Alert:
    """The inverse of ``to_fields``; ``version`` is the document's."""
    stored = {name: value for name, value in document.fields.items() if name in _NAMES}
    stored["channel"], stored["state"] = Channel(stored["channel"]), AlertState(stored["state"])
    return Alert(**stored | {"id": document.id, "news": _news(stored["news"]), "version": document.version})


def _news(stored: Mapping[str, Any]) -> News:
    facts = {name: value for name, value in stored.items() if name in _NEWS_NAMES}
    facts["reason"] = Reason(facts["reason"])
    facts["basis"] = Basis(facts["basis"]) if facts["basis"] else None
    if facts["starts_at"]:
        facts["starts_at"] = datetime.fromisoformat(facts["starts_at"])
    facts["starts_on"] = date.fromisoformat(facts["starts_on"]) if facts["starts_on"] else None
    return News(**facts)


def _plain(value: Any) -> Any:
    """Enumerations as their text, at any depth."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return str(value) if isinstance(value, Channel | AlertState | Reason | Basis) else value


_NAMES = {entry.name for entry in fields(Alert)}
_NEWS_NAMES = {entry.name for entry in fields(News)}
