"""The outbox: every alert stands in one state, and only a compare-and-set moves it.

::

                       not now: quiet hours, snooze, cap, digest
                  ┌─────────────────► HELD ──┐
                  │                          │ its time has come
    tick ─► PENDING ──── claim: a lease ─────┴─► SENDING ──┬─► SENT ──────┬─► DELIVERED
              ▲ │                                 │  │     │              │
              │ │    put back: surely not sent    │  │     │              └─► UNDELIVERED ─┐
              └─┼─────────────────────────────────┘  │     │                 ▲             │ in the same
                │                                    │     └─► UNCERTAIN ────┴─ found out  │ commit, where
                └──── never will be ──► FAILED ◄─────┘             │                       │ nobody else
                                          └────────────────────────┴─ nobody finds out ────┴─► tells it:
                                                                                              a copy

What holds whatever line a sender dies on:

1. Whoever moves an alert read it first, and moves it only if it is still the version that was read. The
   loser finds that nothing was written and stops: somebody else has done, or is doing, the work.
2. DELIVERED, UNDELIVERED and FAILED are final. SENT and UNCERTAIN can only still become what the vendor
   says of them, whether that is said early, late, twice or out of order (``learned``).
3. A text is claimed again only after it was put back, that is, when it surely was not sent. A lease that
   ran out says only that the sender vanished: a text is then UNCERTAIN, an e-mail is sent again under the
   same Message-ID. ``notifiers.base.GUARANTEES`` says which channel is which.
4. ``due_at`` is when somebody must look next: when it may be sent, when a lease ends, when an UNCERTAIN one
   is to be looked up. Settled alerts have none, so one query on one field finds all that was left behind.
5. An alert that a channel could not tell, or perhaps could not, goes over to the next one as a copy: an
   alert of its own, whose derived id makes it one however often it is made.
6. What goes out as one message moves as one: the alert that leads and its riders are written together.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from notifiers.base import GUARANTEES, Guarantee, Report
from watchers import alerts
from watchers.documents import Create, Document, Documents, Query, Update, Write
from watchers.errors import ConflictError
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, News

log = logging.getLogger(__name__)

# How long a sender can take: a Twilio call, a push with its steps, an SMTP dialogue of nine steps of 10 s.
LONGEST = {
    Channel.SMS: timedelta(seconds=20),
    Channel.PUSH: timedelta(seconds=30),
    Channel.EMAIL: timedelta(seconds=90),
}
LEASES = {
    Channel.SMS: timedelta(seconds=45),
    Channel.PUSH: timedelta(seconds=60),
    Channel.EMAIL: timedelta(seconds=150),
}
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)  # a document that is no alert
OPEN = frozenset({AlertState.PENDING, AlertState.HELD})
FINAL = frozenset({AlertState.DELIVERED, AlertState.UNDELIVERED, AlertState.FAILED})
_HOW_FAR = {AlertState.SENT: 1, AlertState.DELIVERED: 2, AlertState.UNDELIVERED: 2}  # what a vendor can say


@dataclass(frozen=True, slots=True)
class Bundle:
    """The alerts that one message tells: the one that leads, and those that ride with it."""

    lead: Alert
    riders: tuple[Alert, ...] = ()

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """All of them, the leading one first."""
        return (self.lead, *self.riders)

    @property
    def also(self) -> tuple[Channel, ...]:
        """The other channels that tell all of it."""
        return tuple(channel for channel in self.lead.also if all(channel in one.also for one in self.riders))


@dataclass(frozen=True, slots=True)
class Move:
    """One step of a bundle, not written yet: the bundle as it will stand, and how it gets there."""

    after: Bundle
    writes: tuple[Write, ...]


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────


def load(documents: Documents, identity: str) -> Alert | None:
    """The alert as it stands, or ``None``."""
    document = documents.get(alerts.path(identity))
    return alerts.from_document(document) if document else None


def bundle(documents: Documents, lead: Alert) -> Bundle:
    """The alert with those that ride with it, as they stand."""
    found = documents.get_many([alerts.path(identity) for identity in lead.riders])
    return Bundle(lead, tuple(readable(document for document in found if document)))


def readable(found: Iterable[Document]) -> Iterator[Alert]:
    """The alerts among them; one that cannot be read is logged, and stands in nobody's way."""
    for document in found:
        try:
            yield alerts.from_document(document)
        except UNREADABLE as exc:
            log.warning("alert.unreadable", extra={"alert": document.id, "why": type(exc).__name__})


def waiting(documents: Documents, alert: Alert, limit: int = 200) -> list[Document]:
    """What waits to be told to the same person on the same channel, up to ``limit``."""
    return documents.find(Query(alerts.COLLECTION, ("waits",), "==", alerts.waits(alert), limit))


def is_orphaned(alert: Alert, now: datetime) -> bool:
    """Whether its sender vanished with a message that must not go out twice: nobody sends it again."""
    once = GUARANTEES[alert.channel] is Guarantee.AT_MOST_ONCE
    return once and alert.state is AlertState.SENDING and _is_due(alert, now)


def is_claimable(alert: Alert, now: datetime) -> bool:
    """Whether anyone may send it now; without a lease nobody may."""
    left_behind = alert.state is AlertState.SENDING and not is_orphaned(alert, now)
    is_ours_to_move = alert.rides_with is None and alert.due_at is not None
    return (alert.state in OPEN or left_behind) and is_ours_to_move and _is_due(alert, now)


# ── the steps ────────────────────────────────────────────────────────────────────────────────────────────


def claim(
    lead: Alert,
    riders: Sequence[Alert],
    now: datetime,
    *,
    news: Sequence[News] = (),
    segments: int | None = None,
) -> Move:
    """Take the alert for the length of a lease, and those that go out with it.

    Whoever's claim was written, and nobody else, may send it: once. ``news``: what the message says of each
    of them, the leading one first, where that is not what they say already.
    """
    leased = replace(
        lead,
        state=AlertState.SENDING,
        due_at=now + LEASES[lead.channel],
        attempts=lead.attempts + 1,
        attempted_at=now,
        why=None,
        segments=segments,
        riders=tuple(rider.id for rider in riders),
        news=news[0] if news else lead.news,
        more=tuple(news[1:]) if news else lead.more,
    )
    if lead.attempts == 0:
        leased = replace(
            leased,
            more_codes=tuple(_each("code", "more_codes", lead, *riders)[1:]),
            more_alerts=tuple(_each("id", "more_alerts", lead, *riders)[1:]),
        )
    riding = [rider if rider.rides_with else _riding(rider, leased) for rider in riders]
    return _move(Bundle(lead, tuple(riders)), Bundle(leased, tuple(riding)))


def _each(own: str, more: str, *told: Alert) -> list[str]:
    """Of each alert and of what it tells besides: in the order of their news."""
    return [name for alert in told for name in (getattr(alert, own), *getattr(alert, more))]


def _riding(rider: Alert, lead: Alert) -> Alert:
    taken: dict[str, Any] = {"state": AlertState.SENDING, "attempted_at": lead.attempted_at}
    return replace(rider, **taken, rides_with=lead.id, due_at=None, why=None)


def hold(alert: Alert, until: datetime, why: str, riders: tuple[Alert, ...] = ()) -> Move:
    """Not now, and why: ``quiet_hours``, ``snoozed``, ``cap``, ``digest``. Riders stay with it."""
    held = replace(alert, state=AlertState.HELD, due_at=until, held_until=until, why=why)
    return _move(Bundle(alert, riders), Bundle(held, riders))


def put_back(held: Bundle, why: str, due_at: datetime) -> Move:
    """Let anyone claim it again from ``due_at`` on. Of a text: only when it surely was not sent."""
    return _move(
        held, Bundle(replace(held.lead, state=AlertState.PENDING, due_at=due_at, why=why), held.riders)
    )


def sent(held: Bundle, receipt: str, now: datetime) -> Move:
    """The vendor has accepted it and gave this receipt."""
    return _settle(held, AlertState.SENT, None, now, receipt=receipt)


def failed(held: Bundle, why: str, now: datetime, over_to: Channel | None = None) -> Move:
    """It was not sent and never will be; ``over_to`` tells it instead."""
    return _settle(held, AlertState.FAILED, why, now, over_to)


def uncertain(held: Bundle, why: str, look_at: datetime) -> Move:
    """It may have been sent; nobody sends it again. At ``look_at`` somebody must find out."""
    lost = replace(held.lead, state=AlertState.UNCERTAIN, due_at=look_at, why=held.lead.why or why)
    return _move(
        held, Bundle(lost, tuple(replace(rider, state=AlertState.UNCERTAIN) for rider in held.riders))
    )


def doubted(held: Bundle, now: datetime) -> Move:
    """A sender whose records are lost may have sent it, at any time since it was made: find out."""
    lead = held.lead
    perhaps = replace(lead, attempts=max(1, lead.attempts), attempted_at=lead.attempted_at or lead.created_at)
    return _move(held, uncertain(Bundle(perhaps, held.riders), "lease_expired", now).after)


def unconfirmed(
    held: Bundle, now: datetime, over_to: Channel | None = None, *, why: str = "no_answer"
) -> Move:
    """Nobody could find out whether it was sent; ``over_to`` tells it, and says so."""
    return _settle(held, AlertState.UNCERTAIN, held.lead.why or why, now, over_to)


def learned(held: Bundle, report: Report, now: datetime, over_to: Channel | None = None) -> Move | None:
    """What the vendor says became of it; ``None`` when that is nothing new.

    It may be said before the sender has heard the answer to its own call, and then spares it the question.
    A message that was put back, and of which the vendor now says that it was accepted, is not sent again.
    """
    lead = held.lead
    if lead.state in FINAL or lead.attempts == 0 or lead.rides_with is not None:
        return None
    if _HOW_FAR[report.state] <= _HOW_FAR.get(lead.state, 0):
        return None
    went_wrong = report.state is AlertState.UNDELIVERED
    return _settle(
        held,
        report.state,
        (report.code or "undelivered") if went_wrong else None,
        now,
        over_to if went_wrong else None,
        receipt=report.receipt,
    )


def copy(told: Bundle, over_to: Channel, why: str, now: datetime) -> Alert:
    """The alert that says on the next channel what this one could not. Made twice, it is the same alert."""
    lead = told.lead
    return Alert(
        id=alerts.alert_id(
            lead.watch_id, "+".join(sorted(one.code for one in told.alerts)), "copy", 0, over_to
        ),
        uid=lead.uid,
        watch_id=lead.watch_id,
        channel=over_to,
        code=lead.code,
        news=lead.news,
        more=lead.more,
        more_codes=lead.more_codes,
        more_alerts=lead.more_alerts,
        created_at=now,
        also=(*told.also, lead.channel),
        copy_of=lead.id,
        copy_why=why,
        trace=lead.trace,
        held_until=lead.held_until,
        **alerts.arriving(over_to, now),
    )


def set_aside(documents: Documents, identity: str, until: datetime) -> None:
    """Move an alert that nobody can deal with out of everybody's way; it may not even be readable.

    What must not go out twice, and is just being sent, keeps its lease: that it ends is what brings the copy.
    """
    document = documents.get(alerts.path(identity))
    if document is None or document.fields.get("due_at") is None:
        return
    is_repeatable = document.fields.get("channel") in (Channel.EMAIL, Channel.APP)
    if document.fields.get("state") == AlertState.SENDING and not is_repeatable:
        return
    changes = {"due_at": until, "set_aside_until": until}
    if isinstance(uid := document.fields.get("uid"), str):
        changes |= alerts.moved(uid)
    documents.commit(Update(document.path, changes, document.version))


# ── writing ──────────────────────────────────────────────────────────────────────────────────────────────

Unit = Sequence[Move | Write]
"""What is written whole or not at all."""

Versions = Mapping[str, str]
"""The new version of each document that was written, by its path."""


def commit(documents: Documents, units: Sequence[Unit]) -> list[Versions | None]:
    """Write each unit whole or not at all; ``None`` where somebody else was there first.

    All units go in one commit, if nobody was: many people are told as quickly as one.

    Raises:
        StoreError: nothing is known; whatever was written is found again.
    """
    plain = [_writes(unit) for unit in units]
    try:
        versions = iter(documents.commit(*chain.from_iterable(plain)) if any(plain) else ())
    except ConflictError:
        return [_commit_one(documents, writes) for writes in plain]
    return [{write.path: next(versions) for write in writes} for writes in plain]


def standing(move: Move, versions: Versions) -> Bundle:
    """The bundle as it was written."""
    lead, *riders = (
        replace(alert, version=versions.get(alerts.path(alert.id), alert.version))
        for alert in move.after.alerts
    )
    return Bundle(lead, tuple(riders))


def _commit_one(documents: Documents, writes: Sequence[Write]) -> Versions | None:
    """One unit; without making what was made before: a copy that another channel has asked for."""
    with suppress(ConflictError):
        return _committed(documents, writes)
    left = _without_what_stands(documents, writes)
    with suppress(ConflictError):
        return _committed(documents, left) if len(left) < len(writes) else None
    return None


def _committed(documents: Documents, writes: Sequence[Write]) -> Versions:
    versions = documents.commit(*writes)
    return {write.path: version for write, version in zip(writes, versions, strict=True)}


def _without_what_stands(documents: Documents, writes: Sequence[Write]) -> list[Write]:
    copies = f"{alerts.COLLECTION}/"  # a tally that somebody else began must be read again
    made = [write.path for write in writes if isinstance(write, Create) and write.path.startswith(copies)]
    stands = {path for path, found in zip(made, documents.get_many(made), strict=True) if found}
    return [write for write in writes if write.path not in stands]


def _writes(unit: Unit) -> list[Write]:
    return list(chain.from_iterable(part.writes if isinstance(part, Move) else (part,) for part in unit))


def _settle(
    held: Bundle,
    state: AlertState,
    why: str | None,
    now: datetime,
    over_to: Channel | None = None,
    **changes: Any,
) -> Move:
    """To a state in which nothing more is to be done, unless the vendor has something to say."""
    changes |= {"state": state, "why": why, "due_at": None, "settled_at": now}
    lead, *riders = (replace(alert, **changes) for alert in held.alerts)
    move = _move(held, Bundle(lead, tuple(riders)))
    if over_to is None:
        return move
    made = copy(move.after, over_to, why or "unconfirmed", now)
    return Move(move.after, (*move.writes, alerts.creation(made)))


def _move(before: Bundle, after: Bundle) -> Move:
    pairs = zip(before.alerts, after.alerts, strict=True)
    return Move(after, tuple(_update(old, new) for old, new in pairs if old != new))


def _update(old: Alert, new: Alert) -> Update:
    """The one compare-and-set: what is new, if the alert still is as it was read."""
    was, becomes = alerts.to_fields(old), alerts.to_fields(new)
    changed = {name: value for name, value in becomes.items() if was[name] != value}
    return Update(alerts.path(old.id), changed | alerts.moved(old.uid), old.version or "")


def _is_due(alert: Alert, now: datetime) -> bool:
    return alert.due_at is None or alert.due_at <= now
