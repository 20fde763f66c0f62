"""Send one letter, or look one up, and say which step of the outbox follows from what happened.

Whatever is wrong with a vendor is one of three errors, and each has one way out. Nothing is written here.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifiers import contacts, outbox, patience
from notifiers.base import GUARANTEES, Guarantee, Notifier, Report, Traceable
from notifiers.errors import DeliveryUnknownError, Fault, NotifierRejectedError, NotifierUnavailableError
from notifiers.means import Means
from notifiers.outbox import Bundle, Move
from notifiers.parcels import LOOK_AFTER, Letter, Outcome, over_to
from watchers.models import Alert, AlertState, Person

log = logging.getLogger(__name__)

_TOLERANCE = timedelta(minutes=1)  # between the vendor's clock and ours


@dataclass(frozen=True, slots=True)
class Settlement:
    """The step that follows, and what the vendor said of the contact, if anything."""

    outcome: Outcome
    move: Move
    fault: Fault | None = None
    code: str = ""
    report: Report | None = None  # what is known, should somebody else have moved it meanwhile


def send(letter: Letter, held: Bundle, clock: Callable[[], datetime]) -> Settlement:
    """Send it, once; the bundle is as it was claimed."""
    person, lead = letter.person, held.lead
    if (before := _found_before(lead, letter, clock)) and (known := outbox.learned(held, before, clock())):
        return Settlement(Outcome.FOUND, known, report=before)
    if lead.due_at is None or lead.due_at - clock() < outbox.LONGEST[lead.channel]:
        return Settlement(Outcome.PUT_BACK, outbox.put_back(held, "too_late", clock()))  # outlives its lease
    try:
        receipt = letter.notifier.send(letter.message, letter.to)
    except NotifierRejectedError as refused:
        return _rejected(held, person, refused, clock())
    except NotifierUnavailableError as exc:
        return _not_now(held, person, exc, clock())
    except DeliveryUnknownError as exc:
        return _unknown(held, letter, exc, clock())
    accepted = Report(receipt, AlertState.SENT)
    return Settlement(Outcome.SENT, outbox.sent(held, receipt, clock()), report=accepted)


def _found_before(lead: Alert, letter: Letter, clock: Callable[[], datetime]) -> Report | None:
    """Whether a text that was refused was sent after all: nothing goes out again on a vendor's word."""
    if lead.attempts == 1 or GUARANTEES[lead.channel] is Guarantee.AT_LEAST_ONCE:
        return None
    return _found(lead, letter.person, letter.notifier, clock())


def _rejected(held: Bundle, person: Person, refused: NotifierRejectedError, now: datetime) -> Settlement:
    move = outbox.failed(held, refused.code, now, over_to(person, held))
    return Settlement(Outcome.FAILED, move, refused.fault, refused.code)


def _not_now(held: Bundle, person: Person, exc: NotifierUnavailableError, now: datetime) -> Settlement:
    """Surely not sent: try again a few times, then let the next channel tell it."""
    wait = patience.wait(held.lead, exc.retry_after)
    if wait is None:
        move = outbox.failed(held, "unavailable", now, over_to(person, held))
        return Settlement(Outcome.FAILED, move, code=exc.code)
    return Settlement(Outcome.PUT_BACK, outbox.put_back(held, exc.code, now + wait))


def _unknown(held: Bundle, letter: Letter, exc: DeliveryUnknownError, now: datetime) -> Settlement:
    """Maybe sent: an e-mail may arrive twice, and has a Message-ID to tell by; a text may not."""
    person, notifier = letter.person, letter.notifier
    if GUARANTEES[held.lead.channel] is Guarantee.AT_MOST_ONCE:
        look_at = now + LOOK_AFTER if isinstance(notifier, Traceable) else now
        return Settlement(Outcome.UNCERTAIN, outbox.uncertain(held, exc.code, look_at))
    if wait := patience.wait(held.lead):
        return Settlement(Outcome.PUT_BACK, outbox.put_back(held, exc.code, now + wait))
    move = outbox.unconfirmed(held, now, over_to(person, held), why=exc.code)
    return Settlement(Outcome.UNCONFIRMED, move)


def look_up(held: Bundle, person: Person, means: Means, now: datetime) -> Settlement:
    """Find out whether an UNCERTAIN message was accepted: by its code, in the vendor's list for that number.

    After the settle time nobody looks any longer, and the next channel tells it.
    """
    lead = held.lead
    if found := _found(lead, person, means.notifiers.get(lead.channel), now):
        move = outbox.learned(held, found, now, over_to(person, held))
        if move is not None:
            return Settlement(Outcome.FOUND, move, report=found)
    settled_at = (lead.attempted_at or lead.created_at) + means.limits.settle
    if now < settled_at and _is_traceable(lead, means):
        return Settlement(Outcome.UNCERTAIN, outbox.uncertain(held, lead.why or "no_answer", settled_at))
    return Settlement(Outcome.UNCONFIRMED, outbox.unconfirmed(held, now, over_to(person, held)))


def _found(lead: Alert, person: Person, notifier: Notifier | None, now: datetime) -> Report | None:
    if not isinstance(notifier, Traceable):
        return None
    try:
        to = contacts.address(person, lead.channel)
        since = lead.created_at - _TOLERANCE
        return next((one for one in notifier.accepted(since, to) if says(one.body, lead.code)), None)
    except NotifierRejectedError:  # the contact is gone, and with it the list to look in
        return None
    except NotifierUnavailableError as exc:
        log.warning("alert.not_looked_up", extra={"alert": lead.id, "why": exc.code, "at": now.isoformat()})
        return None


def says(body: str, code: str) -> bool:
    """Whether a text that the vendor lists is the one with this code; the link has it whole."""
    return f"/{code}" in body or (f"#{code[:4]}" in body and "/a/" not in body)


def _is_traceable(lead: Alert, means: Means) -> bool:
    return isinstance(means.notifiers.get(lead.channel), Traceable)
