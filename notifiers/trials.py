"""A test message that somebody asks for: a real alert through the real outbox, so many an hour and no more.

The count is in ``people/{uid}`` and changes in the commit that makes the alert: two buttons pressed at once
are two attempts at one document. What became of each is read from its alert.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from notifiers import contacts
from watchers import alerts
from watchers.documents import Document, Documents, Update
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.kinds import Channel
from watchers.logs import TRACE
from watchers.models import Alert, News, Reason

FIELD = "trials"
UNCAPPED = "uncapped"  # the detail of the operator's own test: it goes whatever was spent
MOST_AN_HOUR, MOST_A_DAY = 4, 12
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_ATTEMPTS = 5


class NotReachableError(Exception):
    """There is no verified contact for this channel; nothing was sent."""


class TooOftenError(Exception):
    """Nothing was sent; from ``again_at`` on it may be asked for again."""

    def __init__(self, again_at: datetime) -> None:
        super().__init__("too many test messages")
        self.again_at = again_at


@dataclass(frozen=True, slots=True)
class Trial:
    """One that was asked for lately."""

    channel: Channel
    at: datetime
    alert_id: str


def trial(uid: str, channel: Channel, at: datetime, detail: str | None = None) -> Alert:
    """The alert of a test message; each channel is tried for itself, so nobody takes over."""
    identity = alerts.alert_id("test", uid, at.isoformat(), 0, channel)
    news = News(Reason.TEST, "Test", "test", observed_at=at, detail=detail)
    code = alerts.alert_code(identity)
    others = tuple(other for other in Channel if other is not channel)
    told = {"also": others, "trace": TRACE.get(), **alerts.arriving(channel, at)}
    return Alert(identity, uid, "test", channel, code, news, at, **told)


def send(documents: Documents, uid: str, channel: Channel, now: datetime) -> Alert:
    """Put one into the outbox; whoever delivers alerts delivers it.

    Raises:
        NotReachableError: no verified contact, or they said stop.
        TooOftenError: enough for now.
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    for _ in range(_ATTEMPTS):
        person = documents.get(contacts.path(uid))
        if person is None or not contacts.is_reachable(contacts.from_document(person), channel):
            raise NotReachableError
        recent = lately(person, now)
        if again_at := _full_until(recent, now):
            raise TooOftenError(again_at)
        made = trial(uid, channel, now)
        kept = [_fields(one) for one in (*recent, Trial(channel, now, made.id))]
        try:
            documents.commit(Update(person.path, {FIELD: kept}, person.version), alerts.creation(made))
        except ConflictError:
            continue
        return made
    raise StoreUnavailableError("the person kept changing")


def lately(person: Document | None, now: datetime) -> Sequence[Trial]:
    """Those of the last day, oldest first."""
    stored = person.fields.get(FIELD) if person else None
    found = [_read(each) for each in stored or () if isinstance(each, Mapping)]
    return [one for one in found if one.at > now - _DAY]


def latest(documents: Documents, person: Document | None, now: datetime) -> Mapping[Channel, Alert]:
    """The last one on each channel as it stands: as many reads as there are."""
    last = {one.channel: one.alert_id for one in lately(person, now)}
    found = documents.get_many([alerts.path(identity) for identity in last.values()]) if last else []
    told = [alerts.from_document(document) for document in found if document]
    return {alert.channel: alert for alert in told}


def _full_until(recent: Sequence[Trial], now: datetime) -> datetime | None:
    waits = [
        times[-most] + period
        for most, period in ((MOST_AN_HOUR, _HOUR), (MOST_A_DAY, _DAY))
        if len(times := [one.at for one in recent if one.at > now - period]) >= most
    ]
    return max(waits, default=None)


def _fields(one: Trial) -> dict[str, Any]:
    return {"channel": one.channel.value, "at": one.at, "alert": one.alert_id}


def _read(stored: Mapping[str, Any]) -> Trial:
    return Trial(Channel(stored["channel"]), stored["at"], str(stored["alert"]))
