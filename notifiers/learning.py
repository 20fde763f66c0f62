"""What a vendor says became of a message, whoever hears of it: a callback, a look in the vendor's list.

It is believed once and in one direction: an alert only ever comes to know more (``outbox.learned``).
"""

import logging
from datetime import datetime

from notifiers import contacts, outbox
from notifiers.base import Report
from notifiers.means import Means
from notifiers.parcels import Outcome, over_to
from notifiers.records import log_step, remember
from watchers.models import AlertState

log = logging.getLogger(__name__)

ATTEMPTS = 5  # at an alert that others keep changing


def learn(alert_id: str, report: Report, means: Means, *, now: datetime) -> Outcome:
    """What a vendor says became of a message: early, late, twice or out of order.

    Raises:
        StoreError: nothing was learned; the vendor's list still has it.
    """
    for _ in range(ATTEMPTS):
        alert = outbox.load(means.documents, alert_id)
        if alert is None:
            return Outcome.MISSING
        if alert.receipt and alert.receipt != report.receipt:
            log.error("alert.doubled", extra={"alert": alert_id, "receipts": [alert.receipt, report.receipt]})
            return Outcome.NOT_DUE
        person = contacts.find(means.documents, alert.uid)
        held = outbox.bundle(means.documents, alert)
        move = outbox.learned(held, report, now, over_to(person, held))
        if move is None:
            return Outcome.NOT_DUE
        if outbox.commit(means.documents, [[move]])[0] is not None:
            remember(means, person, alert, report.fault, report.code or "", now)
            return log_step(_heard(report.state), held, move.after)
    return Outcome.OVERTAKEN


def _heard(state: AlertState) -> Outcome:
    return {
        AlertState.DELIVERED: Outcome.DELIVERED,
        AlertState.UNDELIVERED: Outcome.UNDELIVERED,
    }.get(state, Outcome.SENT)
