"""Alerts as the outbox stores them: their derived identity and their document form.

The tick creates them, ``notifiers/outbox.py`` moves them from state to state.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from watchers import expiry
from watchers.documents import SERVER_TIME, Create, Document, Documents, Query
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, News, PastPrice, Reason
from watchers.money import Basis
from watchers.places import ALERTS, due_alerts

COLLECTION = ALERTS
_END_OF_TIME = (
    9_999_999_999_999  # milliseconds, in the year 2286; what counts down from it sorts newest first
)
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


def due(documents: Documents, until: datetime, limit: int) -> list[Document]:
    """What somebody must look at, now or until then; longest waiting first."""
    return documents.find(due_alerts(until, limit))


def waits(alert: Alert) -> str | None:
    """For which person and channel it waits to be told: what is told together is found by it."""
    is_open = alert.state in (AlertState.PENDING, AlertState.HELD) and alert.rides_with is None
    return f"{alert.uid}:{alert.channel}" if is_open else None


def stands(alert: Alert) -> str:
    """Where it stands, or what became of it on which day (UTC): each is counted by one question.

    ``open:held:sms:quiet_hours``, ``2026-11-30:failed:sms:over_budget``
    """
    is_open = alert.settled_at is None or alert.due_at is not None
    settled_on = None if is_open or alert.settled_at is None else alert.settled_at.astimezone(UTC).date()
    return f"{standing(settled_on, alert.state)}{alert.channel}:{alert.why or ''}"


def expires_at(alert: Alert) -> datetime | None:
    """When it may go; never while anything is still to be done about it."""
    if alert.settled_at is None or alert.due_at is not None:
        return None
    return alert.settled_at + (expiry.TRIED if alert.news.reason.is_awaited else expiry.TOLD)


def standing(settled_on: date | None, state: str, channel: str = "") -> str:
    """What ``stands`` begins with: of those that came to a state on a day, or are in it and open."""
    return f"{settled_on.isoformat() if settled_on else 'open'}:{state}:" + (f"{channel}:" if channel else "")


def newest_first(alert: Alert) -> str:
    """By this a person's alerts are found one after another, the newest first; no two have the same."""
    age = _END_OF_TIME - int(alert.created_at.timestamp() * 1000)
    return f"{feed(alert.uid)}{age:013d}:{alert.id}"


def feed(uid: str) -> str:
    """What ``newest_first`` begins with in every alert of this person."""
    return f"{uid}:"


def end_of_feed(uid: str) -> str:
    """What comes after ``newest_first`` of every alert of this person; hardly anybody else's lies before."""
    return f"{feed(uid)}:"


def arriving(channel: Channel, due_at: datetime) -> dict[str, Any]:
    """How an alert begins: waiting to be sent, or told by being stored where the person looks."""
    if channel is Channel.APP:
        return {"state": AlertState.SENT, "due_at": None, "settled_at": due_at}
    return {"state": AlertState.PENDING, "due_at": due_at}


def creation(alert: Alert) -> Create:
    """The write that makes the alert durable; a second one with the same id is refused."""
    return Create(path(alert.id), to_fields(alert) | moved(alert.uid))


def moved(uid: str) -> dict[str, Any]:
    """What every write of an alert says besides: when, by the database's time, and whose it is."""
    return {"moved": {uid: SERVER_TIME}}


def moved_since(uid: str, at: datetime) -> Query:
    """This person's alerts that were written at ``at`` (the database's time) or later."""
    return Query(COLLECTION, ("moved", uid), ">=", at)


def to_fields(alert: Alert) -> dict[str, Any]:
    """The alert as a document: plain values, the event's local times as ISO text (they keep their zone)."""
    stored = {name: _plain(getattr(alert, name)) for name in _STORED}
    found_by = {"waits": waits(alert), "newest_first": newest_first(alert), "stands": stands(alert)}
    return stored | found_by | {expiry.FIELD: expires_at(alert)}


def from_document(document: Document) -> Alert:
    """The inverse of ``to_fields``; ``version`` is the document's."""
    stored = {name: value for name, value in document.fields.items() if name in _NAMES}
    stored["channel"], stored["state"] = Channel(stored["channel"]), AlertState(stored["state"])
    stored["news"], stored["riders"] = _news(stored["news"]), tuple(stored.get("riders", ()))
    stored["more"] = tuple(_news(news) for news in stored.get("more", ()))
    for name in ("more_codes", "more_alerts"):
        stored[name] = tuple(stored.get(name, ()))
    stored["also"] = tuple(Channel(name) for name in stored.get("also", ()))
    return Alert(**stored | {"id": document.id, "version": document.version})


def _news(stored: Mapping[str, Any]) -> News:
    facts = {name: value for name, value in stored.items() if name in _NEWS_NAMES}
    facts["reason"] = Reason(facts["reason"])
    facts["basis"] = Basis(facts["basis"]) if facts["basis"] else None
    if facts["starts_at"]:
        facts["starts_at"] = datetime.fromisoformat(facts["starts_at"])
    facts["starts_on"] = date.fromisoformat(facts["starts_on"]) if facts["starts_on"] else None
    facts["recent"] = tuple(PastPrice(**seen) for seen in facts.get("recent", ()))
    return News(**facts)


def _plain(value: Any) -> Any:
    """A value as a document holds it: enumerations as text, news and past prices as maps."""
    match value:
        case None | str() | int() | datetime():
            return str(value) if isinstance(value, StrEnum) else value
        case tuple():
            return [_plain(inner) for inner in value]
        case PastPrice():
            return {"at": value.at, "price": value.price}
        case News():
            return {name: _plain(getattr(value, name)) for name in _NEWS_NAMES} | {
                "starts_at": value.starts_at.isoformat() if value.starts_at else None,
                "starts_on": value.starts_on.isoformat() if value.starts_on else None,
            }
    return value


_NAMES = {entry.name for entry in fields(Alert)}
_NEWS_NAMES = {entry.name for entry in fields(News)}
_STORED = _NAMES - {"id", "version"}
