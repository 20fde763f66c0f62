"""The outbox: every alert stands in one state, and only a compare-and-set moves it.

::

                   put back: surely not sent
              ┌───────────────────────────────┐
              ▼                               │
    tick ─► PENDING ───── claim: a lease ─► SENDING ─┬─► SENT
                                                     ├─► FAILED      never will be ─┐  of a text only, and
                                                     └─► UNCERTAIN   maybe sent ────┴► in the same commit:
                                                            ┊                          an e-mail alert
                                          SENT, FAILED ◄┄┄┄┄┘ once somebody finds out

What holds whatever line a sender dies on:

1. Whoever moves an alert read it first, and moves it only if it is still the version that was read. The
   loser gets ``ConflictError`` and stops: somebody else has done, or is doing, the work.
2. SENT and FAILED are final. UNCERTAIN is settled too, and nobody sends it again; it may still be learned
   how it ended.
3. A text is claimed again only after ``put_back``, that is, when it surely was not sent. A lease that ran
   out says only that the sender vanished: a text is then UNCERTAIN, an e-mail is sent again under the same
   Message-ID.
4. ``due_at`` is when somebody must look next: when it may be sent, or when a lease ends. Settled alerts
   have none, so one query on one field finds everything that was left behind.
5. A text that ends FAILED or UNCERTAIN goes by e-mail, once: the copy's id is derived from the text's.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from watchers import alerts
from watchers.documents import Documents, Query, Update, Write
from watchers.errors import ConflictError
from watchers.models import Alert, AlertState
from watchers.watch import Channel

# Longer than a sender can take: a Twilio call of at most twice 10 s; an SMTP dialogue of nine steps of 10 s.
LEASES = {Channel.SMS: timedelta(seconds=60), Channel.EMAIL: timedelta(seconds=120)}


def load(documents: Documents, identity: str) -> Alert | None:
    """The alert as it stands, or ``None``."""
    document = documents.get(alerts.path(identity))
    return alerts.from_document(document) if document else None


def due(documents: Documents, now: datetime, limit: int) -> list[str]:
    """The ids of alerts somebody must look at, longest waiting first."""
    left = documents.find(Query(alerts.COLLECTION, ("due_at",), "<=", now, limit))
    return [document.id for document in left]


def is_orphaned(alert: Alert, now: datetime) -> bool:
    """Whether this is a text whose sender vanished: it may have gone out, so it is never sent again."""
    return alert.channel is Channel.SMS and alert.state is AlertState.SENDING and _is_due(alert, now)


def claim(documents: Documents, alert: Alert, now: datetime) -> Alert | None:
    """Take the alert for the length of a lease; ``None`` when it is settled, held, or not due yet.

    Whoever gets an alert from here, and nobody else, may send it: once.
    """
    open_to_all = alert.state is AlertState.PENDING
    left_behind = alert.state is AlertState.SENDING and alert.channel is Channel.EMAIL
    if not (open_to_all or left_behind) or not _is_due(alert, now):
        return None
    lease = now + LEASES[alert.channel]
    return _move(documents, alert, state=AlertState.SENDING, due_at=lease, attempts=alert.attempts + 1)


def put_back(documents: Documents, alert: Alert, why: str, due_at: datetime) -> Alert:
    """Let anyone claim it again from ``due_at`` on. For a text: only when it surely was not sent."""
    _require(alert, AlertState.SENDING)
    return _move(documents, alert, state=AlertState.PENDING, due_at=due_at, why=why)


def settle_sent(documents: Documents, alert: Alert, receipt: str, now: datetime) -> Alert:
    """The vendor has accepted it and gave this receipt."""
    return _settle(documents, alert, now, state=AlertState.SENT, receipt=receipt, why=None)


def settle_failed(documents: Documents, alert: Alert, why: str, now: datetime) -> Alert:
    """It was not sent and never will be. A text falls over to e-mail in the same commit."""
    return _settle(documents, alert, now, state=AlertState.FAILED, why=why)


def settle_uncertain(documents: Documents, alert: Alert, why: str, now: datetime) -> Alert:
    """It may have been sent; nobody sends it again. A text falls over to e-mail in the same commit."""
    return _settle(documents, alert, now, state=AlertState.UNCERTAIN, why=why)


def set_aside(documents: Documents, identity: str, until: datetime) -> None:
    """Move an alert that nobody can deal with out of everybody's way; it may not even be readable.

    A text that is just being sent keeps its lease: that it ends is what brings the e-mail.
    """
    document = documents.get(alerts.path(identity))
    if document is None or document.fields.get("due_at") is None:
        return
    if document.fields.get("channel") == Channel.SMS and document.fields.get("state") == AlertState.SENDING:
        return
    documents.commit(Update(document.path, {"due_at": until}, document.version))


def email_copy(alert: Alert, why: str, now: datetime) -> Alert:
    """The e-mail that says what a text could not. Made twice, it is the same alert."""
    identity = alerts.alert_id(alert.watch_id, alert.id, "copy", 0, Channel.EMAIL)
    return Alert(
        id=identity,
        uid=alert.uid,
        watch_id=alert.watch_id,
        channel=Channel.EMAIL,
        code=alert.code,
        news=alert.news,
        created_at=now,
        due_at=now,
        copy_of=alert.id,
        copy_why=why,
    )


def _settle(documents: Documents, alert: Alert, now: datetime, **changes: Any) -> Alert:
    _require(alert, AlertState.SENDING, AlertState.UNCERTAIN)
    changes |= {"due_at": None, "settled_at": now}
    if changes["state"] is AlertState.SENT or alert.channel is not Channel.SMS or alert.also_by_email:
        return _move(documents, alert, **changes)
    copy = email_copy(alert, changes["why"], now)
    try:
        return _move(documents, alert, alerts.creation(copy), **changes)
    except ConflictError:
        if documents.get(alerts.path(copy.id)) is None:
            raise  # it was the alert that somebody else moved
    return _move(documents, alert, **changes)


def _move(documents: Documents, alert: Alert, *also: Write, **changes: Any) -> Alert:
    """The one compare-and-set: these changes, and ``also``, if the alert is as it was read; else nothing."""
    moved = replace(alert, **changes)
    stored = alerts.to_fields(moved)
    update = Update(alerts.path(alert.id), {name: stored[name] for name in changes}, alert.version or "")
    return replace(moved, version=documents.commit(update, *also)[0])


def _require(alert: Alert, *states: AlertState) -> None:
    if alert.state not in states:
        raise ConflictError(f"alert {alert.id} is {alert.state}: it cannot be moved like that")


def _is_due(alert: Alert, now: datetime) -> bool:
    return alert.due_at is None or alert.due_at <= now
