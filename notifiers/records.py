"""What is noted of a delivery besides the alert itself: a log line, a contact that is no good any more.

Log lines hold ids and codes only: no number, address, text or token.
"""

import logging
import traceback
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from notifiers import contacts, outbox
from notifiers.dwell import DWELLS, seconds
from notifiers.errors import Fault
from notifiers.means import Clock, Means
from notifiers.outbox import Bundle
from notifiers.parcels import Outcome
from watchers.errors import StoreError
from watchers.kinds import Channel
from watchers.models import Alert, Person

log = logging.getLogger("notifiers.deliver")

_ASIDE = timedelta(hours=1)
_TROUBLE = frozenset(
    {Outcome.FAILED, Outcome.UNDELIVERED, Outcome.UNCERTAIN, Outcome.UNCONFIRMED, Outcome.PUT_BACK}
)


def remember(
    means: Means, person: Person, alert: Alert, fault: Fault | None, code: str, now: datetime
) -> None:
    """Mark what a vendor said of the contact, and tell the operator what only they can mend."""
    if fault is Fault.OPERATOR:
        log.warning("notifier.needs_operator", extra={"channel": str(alert.channel), "why": code})
    contacts.remember(means.documents, person, alert.channel, fault, code, now)


def set_aside(alert_id: str, exc: Exception, means: Means, clock: Clock) -> Outcome:
    """Out of everybody's way for an hour: nobody can deal with it now."""
    log.warning("alert.crashed", extra={"alert": alert_id, "why": _place(exc)})
    try:
        outbox.set_aside(means.documents, alert_id, clock() + _ASIDE)
    except StoreError:
        log.warning("alert.not_set_aside", extra={"alert": alert_id})
    return Outcome.CRASHED


def log_claimed(claimed: Bundle) -> None:
    """One line for each message that is about to be sent, by whoever may send it."""
    log.info("alert.claimed", extra=_about(claimed))


def log_step(outcome: Outcome, before: Bundle, after: Bundle) -> Outcome:
    """As ``log_outcome``, of a message on its way; with its dwell time, where this step shows it accepted."""
    dwell = seconds(before, after)
    if dwell is not None:
        DWELLS.note(after.lead.channel, dwell)
    return log_outcome(outcome, after.lead, after.riders, dwell)


def log_outcome(
    outcome: Outcome, alert: Alert, riders: Sequence[Alert] = (), dwell: float | None = None
) -> Outcome:
    """One line for each message that was moved, with all the alerts in it; the outcome again."""
    nobody_told = outcome is Outcome.FAILED and alert.channel is Channel.EMAIL
    told = _about(Bundle(alert, tuple(riders)))
    told |= {
        "why": alert.why or "",
        "receipt": (alert.receipt or "").partition("@")[0].lstrip("<"),
    }
    if dwell is not None:
        told["dwell_seconds"] = dwell
    level = logging.ERROR if nobody_told else logging.WARNING if outcome in _TROUBLE else logging.INFO
    log.log(level, "alert.%s", outcome, extra=told)
    return outcome


def _about(told: Bundle) -> dict[str, Any]:
    """Which alerts, whose watch, and the trace of the run that created them; of riders that of another."""
    lead = told.lead
    about: dict[str, Any] = {"alert": lead.id, "watch": lead.watch_id, "channel": str(lead.channel)}
    if lead.riders:
        about["riders"] = " ".join(lead.riders)
    if others := sorted({one.trace for one in told.riders if one.trace and one.trace != lead.trace}):
        about["other_traces"] = others
    return about | {"attempts": str(lead.attempts), "trace": lead.trace}


def _place(exc: Exception) -> str:
    """``KeyError at alerts.py:57``: where, without what it says, which may quote a person's data."""
    last = traceback.extract_tb(exc.__traceback__)[-1]
    return f"{type(exc).__name__} at {PurePath(last.filename).name}:{last.lineno}"
