"""Deliver one alert: from the outbox to a person, and back with the outcome.

Each alert is delivered by whoever hears of it first: the trigger on its creation, or the sweep that looks
for what was left behind. Both may run at once, twice, or die at any line; ``outbox.py`` says why that is
harmless. Whatever is wrong is one of three errors, and each has one way out.
"""

import logging
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import PurePath

from notifiers import contacts, messages, outbox, patience
from notifiers.base import Notifier
from notifiers.errors import DeliveryUnknownError, Fault, NotifierRejectedError, NotifierUnavailableError
from watchers.documents import Documents
from watchers.errors import ConflictError, StoreError
from watchers.models import Alert
from watchers.watch import Channel

log = logging.getLogger(__name__)

_ASIDE = timedelta(hours=1)
_ROUNDS = 2  # the second round takes the e-mails that the texts of the first became


class Outcome(StrEnum):
    """What became of one delivery: a word to count and to log."""

    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    PUT_BACK = "put_back"
    NOT_DUE = "not_due"  # settled, held by another sender, or waiting for its time
    OVERTAKEN = "overtaken"  # another sender moved it while we looked
    MISSING = "missing"  # no such alert


# What is logged when a delivery moved an alert. Ids and codes only: no number, address, text or token.
_EVENTS = {
    Outcome.SENT: ("alert.sent", logging.INFO),
    Outcome.FAILED: ("alert.failed", logging.WARNING),
    Outcome.UNCERTAIN: ("alert.uncertain", logging.WARNING),
    Outcome.PUT_BACK: ("alert.put_back", logging.WARNING),
}


def deliver(
    alert_id: str,
    documents: Documents,
    notifiers: Mapping[Channel, Notifier],
    *,
    public_url: str,
    now: datetime,
) -> Outcome:
    """Send one alert, if it is ours to send, and settle it.

    1. Load the alert as it stands; what an event said about it is not looked at.
    2. Claim it. From here on a lease runs, and what we leave unfinished is found when it ends.
    3. Find the person and their verified number or address.
    4. Render the message.
    5. Send it, once.
    6. Settle: sent, failed or uncertain; or put it back for later, if it surely was not sent.

    Raises:
        StoreError: the database failed. The step may be repeated; no text is sent twice.
    """
    alert = outbox.load(documents, alert_id)
    if alert is None:
        return Outcome.MISSING
    try:
        if outbox.is_orphaned(alert, now):
            return _log(Outcome.UNCERTAIN, outbox.settle_uncertain(documents, alert, "lease_expired", now))
        claimed = outbox.claim(documents, alert, now)
        if claimed is None:
            return Outcome.NOT_DUE
        return _attempt(claimed, documents, notifiers, public_url, now)
    except ConflictError:
        return Outcome.OVERTAKEN


def sweep(
    documents: Documents,
    notifiers: Mapping[Channel, Notifier],
    *,
    public_url: str,
    now: datetime,
    deadline: datetime,
    limit: int = 200,
) -> Counter[str]:
    """Deliver what is due, longest waiting first, until ``deadline``; count the outcomes by name.

    An alert that cannot be dealt with (``crashed``) is set aside for an hour and never stops the others.
    ``store_unavailable``: nothing is known about it; it is found again.
    """
    started, outcomes = time.monotonic(), Counter[str]()
    for _ in range(_ROUNDS):
        found = outbox.due(documents, now, limit)
        if not found:
            break
        for alert_id in found:
            if now >= deadline:
                return outcomes
            outcomes[_deliver_or_set_aside(alert_id, documents, notifiers, public_url, now)] += 1
            now, started = _later(now, started)  # leases run from the moment of each delivery
    return outcomes


def _attempt(
    alert: Alert,
    documents: Documents,
    notifiers: Mapping[Channel, Notifier],
    public_url: str,
    now: datetime,
) -> Outcome:
    """Steps 3 to 6 of ``deliver``, for an alert that is claimed."""
    if patience.is_overdrawn(alert):
        return _log(Outcome.UNCERTAIN, outbox.settle_uncertain(documents, alert, "lease_expired", now))
    person = contacts.find(documents, alert.uid)
    try:
        to = contacts.address(person, alert.channel)
        message = messages.render(alert, public_url)
        receipt = _notifier(notifiers, alert.channel).send(message, to)
    except NotifierRejectedError as refused:
        _tell_operator(alert, refused)
        contacts.remember(documents, person, refused, now)
        return _log(Outcome.FAILED, outbox.settle_failed(documents, alert, refused.code, now))
    except NotifierUnavailableError as exc:
        return _put_back_or_fail(documents, alert, exc, now)
    except DeliveryUnknownError as exc:
        return _repeat_or_leave(documents, alert, exc, now)
    return _log(Outcome.SENT, outbox.settle_sent(documents, alert, receipt, now))


def _notifier(notifiers: Mapping[Channel, Notifier], channel: Channel) -> Notifier:
    if channel not in notifiers:
        raise NotifierRejectedError(f"{channel}_not_configured", fault=Fault.OPERATOR)
    return notifiers[channel]


def _put_back_or_fail(
    documents: Documents, alert: Alert, exc: NotifierUnavailableError, now: datetime
) -> Outcome:
    """Surely not sent: try again a few times, then let e-mail take a text."""
    wait = patience.wait(alert, exc.retry_after)
    if wait is None:
        return _log(Outcome.FAILED, outbox.settle_failed(documents, alert, "unavailable", now))
    return _log(Outcome.PUT_BACK, outbox.put_back(documents, alert, exc.code, now + wait))


def _repeat_or_leave(documents: Documents, alert: Alert, exc: DeliveryUnknownError, now: datetime) -> Outcome:
    """Maybe sent: an e-mail may arrive twice, and has a Message-ID to tell by; a text may not."""
    wait = patience.wait(alert) if alert.channel is Channel.EMAIL else None
    if wait is None:
        return _log(Outcome.UNCERTAIN, outbox.settle_uncertain(documents, alert, exc.code, now))
    return _log(Outcome.PUT_BACK, outbox.put_back(documents, alert, exc.code, now + wait))


def _deliver_or_set_aside(
    alert_id: str,
    documents: Documents,
    notifiers: Mapping[Channel, Notifier],
    public_url: str,
    now: datetime,
) -> str:
    try:
        return deliver(alert_id, documents, notifiers, public_url=public_url, now=now)
    except StoreError as exc:
        log.warning("alert.store_unavailable", extra={"alert": alert_id, "why": type(exc).__name__})
        return "store_unavailable"
    except Exception as exc:  # noqa: BLE001 - one alert we cannot read or render must not starve the rest
        log.warning("alert.crashed", extra={"alert": alert_id, "why": _place(exc)})
    try:
        outbox.set_aside(documents, alert_id, now + _ASIDE)
    except StoreError:
        log.warning("alert.not_set_aside", extra={"alert": alert_id})
    return "crashed"


def _later(now: datetime, started: float) -> tuple[datetime, float]:
    """Both clocks moved on by what has passed since ``started``."""
    current = time.monotonic()
    return now + timedelta(seconds=current - started), current


def _log(outcome: Outcome, alert: Alert) -> Outcome:
    event, level = _EVENTS[outcome]
    nobody_told = outcome is Outcome.FAILED and alert.channel is Channel.EMAIL
    told = {"alert": alert.id, "watch": alert.watch_id, "channel": str(alert.channel)}
    told |= {"attempts": str(alert.attempts), "why": alert.why or "", "receipt": alert.receipt or ""}
    log.log(logging.ERROR if nobody_told else level, event, extra=told)
    return outcome


def _tell_operator(alert: Alert, refused: NotifierRejectedError) -> None:
    if refused.fault is Fault.OPERATOR:
        log.warning("notifier.needs_operator", extra={"channel": str(alert.channel), "why": refused.code})


def _place(exc: Exception) -> str:
    """``KeyError at alerts.py:57``: where, without what it says, which may quote a person's data."""
    last = traceback.extract_tb(exc.__traceback__)[-1]
    return f"{type(exc).__name__} at {PurePath(last.filename).name}:{last.lineno}"
