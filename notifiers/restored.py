"""What a database that was put back must not believe of itself: that nothing was sent since it was copied.

Whoever ran on after the backup may have sent what waits in it. So every alert that was due is taken for one
whose sender vanished: a text is looked for in Twilio's list and, if it is not there, told by e-mail, never
texted again; an e-mail goes out again under the same Message-ID. Nothing is lost, and no text doubled.
What was decided only after the backup, the next runs decide anew: of that, nothing here knows.
"""

from datetime import datetime

from notifiers import outbox
from notifiers.base import GUARANTEES, Guarantee
from watchers import alerts
from watchers.documents import Documents
from watchers.models import Alert

_MOST = 1_000_000  # alerts that are due
_AT_ONCE = 200  # of them in one commit


def doubt(documents: Documents, now: datetime) -> int:
    """Take what is due and must not go out twice for perhaps sent; how many these were. Twice is harmless."""
    found = outbox.readable(alerts.due(documents, now, _MOST))
    leads = [alert for alert in found if _is_in_doubt(alert)]
    for first in range(0, len(leads), _AT_ONCE):
        bundles = [outbox.bundle(documents, lead) for lead in leads[first : first + _AT_ONCE]]
        outbox.commit(documents, [[outbox.doubted(held, now)] for held in bundles])
    return len(leads)


def _is_in_doubt(alert: Alert) -> bool:
    is_once = GUARANTEES[alert.channel] is Guarantee.AT_MOST_ONCE
    return is_once and alert.state in outbox.OPEN and alert.rides_with is None
