"""What Twilio's answers mean, as data: one row for each code we know, and one for each word of a status.

A code says what to do next, wherever it comes: with a refusal, or later in a callback or in Twilio's list. A
text that was accepted and then not delivered is never texted again, whatever its code says: Twilio cannot
tell us that nothing of it will arrive, so e-mail takes over. An unknown code changes nobody's contact.

Each row's link is the vendor's own page. Not read there, and taken from others' use of the code: 20404,
21211, 21408, 21603, 21610, 21612, 21617, 30005, 30008, 30032, 30034 and 30450.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from notifiers.errors import Fault
from watchers.models import AlertState


class Action(StrEnum):
    """What a code asks of us."""

    CONTACT_DISABLED = "contact_disabled"  # nothing will ever reach this number
    OPTED_OUT = "opted_out"  # the person does not want texts
    OPERATOR_TOLD = "operator_told"  # our account or settings; e-mail takes over meanwhile
    EMAILED = "emailed"  # this text is lost, the next one may arrive
    RETRIED_LATER = "retried_later"  # nothing was taken
    UNKNOWN = "unknown"  # it may have been taken: never repeated


_FAULTS = {
    Action.CONTACT_DISABLED: Fault.BAD_CONTACT,
    Action.OPTED_OUT: Fault.OPTED_OUT,
    Action.OPERATOR_TOLD: Fault.OPERATOR,
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """One of Twilio's codes."""

    code: str
    action: Action
    words: str

    @property
    def link(self) -> str:
        """The vendor's page about it."""
        return f"https://www.twilio.com/docs/api/errors/{self.code}"

    @property
    def fault(self) -> Fault | None:
        """What is wrong for good, if anything."""
        return _FAULTS.get(self.action)


CODES: Mapping[str, Meaning] = {
    row.code: row
    for row in (
        Meaning("21211", Action.CONTACT_DISABLED, "not a phone number"),
        Meaning("21614", Action.CONTACT_DISABLED, "not a mobile number"),
        Meaning("21635", Action.CONTACT_DISABLED, "a landline, in a country where those get no texts"),
        Meaning("30005", Action.CONTACT_DISABLED, "the number is unknown or no longer in service"),
        Meaning("30006", Action.CONTACT_DISABLED, "a landline, or a carrier that cannot be reached"),
        Meaning("21610", Action.OPTED_OUT, "the person replied STOP; not charged"),
        # An account that is closed is final for the text, not put back: its e-mail goes out at once, and
        # nobody's alert waits until the operator wakes up.
        Meaning("20003", Action.OPERATOR_TOLD, "wrong account or token, or the account is suspended"),
        Meaning("20403", Action.OPERATOR_TOLD, "the account is suspended or closed"),
        Meaning("20404", Action.OPERATOR_TOLD, "no such account"),
        Meaning("21408", Action.OPERATOR_TOLD, "texts to this country are not enabled"),
        Meaning("21603", Action.OPERATOR_TOLD, "no sender was given"),
        Meaning("21606", Action.OPERATOR_TOLD, "the sender is not ours, or cannot text there"),
        Meaning("21608", Action.OPERATOR_TOLD, "a trial account reaches only numbers verified with Twilio"),
        Meaning("21609", Action.OPERATOR_TOLD, "the address for callbacks is not valid"),
        Meaning("21612", Action.OPERATOR_TOLD, "this sender cannot reach this number"),
        Meaning("21659", Action.OPERATOR_TOLD, "the sender is not one of our numbers"),
        Meaning("30002", Action.OPERATOR_TOLD, "the account was suspended before the text was sent"),
        Meaning("30007", Action.OPERATOR_TOLD, "filtered by Twilio or a carrier"),
        Meaning("30032", Action.OPERATOR_TOLD, "the toll-free sender is not verified"),
        Meaning("30034", Action.OPERATOR_TOLD, "the sender is not registered (A2P 10DLC)"),
        Meaning("63038", Action.OPERATOR_TOLD, "the account's texts of this day are used up"),
        Meaning("14107", Action.EMAILED, "too many texts between two numbers within 30 seconds"),
        Meaning("21617", Action.EMAILED, "longer than 1,600 characters"),
        Meaning("30001", Action.EMAILED, "too many waited for this sender"),
        Meaning("30003", Action.EMAILED, "the phone is off or out of reach"),
        Meaning("30004", Action.EMAILED, "blocked by the phone or its carrier"),
        Meaning("30008", Action.EMAILED, "not delivered, and no reason given"),
        Meaning("30036", Action.EMAILED, "it waited longer than it was worth: its validity period is over"),
        Meaning("30450", Action.EMAILED, "taken for SMS pumping: blocked for a while"),
        Meaning("30500", Action.EMAILED, "Twilio failed while it was on its way"),
        Meaning("20429", Action.RETRIED_LATER, "too many requests at once; none of them was processed"),
        Meaning("21611", Action.RETRIED_LATER, "too many texts wait for this sender"),
        Meaning("20500", Action.UNKNOWN, "Twilio failed; it says itself that repeating may text twice"),
        Meaning("20503", Action.UNKNOWN, "Twilio is not available"),
    )
}

_CODE = re.compile(r"[1-9][0-9]{4,5}")

# https://www.twilio.com/docs/messaging/api/message-resource (Status); all others are on their way
_STATES = {
    "delivered": AlertState.DELIVERED,
    "read": AlertState.DELIVERED,
    "undelivered": AlertState.UNDELIVERED,
    "failed": AlertState.UNDELIVERED,
    "canceled": AlertState.UNDELIVERED,
}


def code_of(said: object) -> str | None:
    """The code in an answer; ``None`` when it is none of Twilio's form, and could be anything."""
    return str(said) if _CODE.fullmatch(str(said)) else None


def fault_of(code: str | None) -> Fault | None:
    """What is wrong for good, according to the code of a refusal or of a callback."""
    known = CODES.get(code or "")
    return known.fault if known else None


def state_of(message_status: str) -> AlertState:
    """What became of an accepted text, in Twilio's word; one we do not know says that it was taken."""
    return _STATES.get(message_status, AlertState.SENT)
