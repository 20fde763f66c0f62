"""What every notifier promises.

A notifier hands one finished message to one address over one vendor. It knows nothing about alerts,
states, people or retries: the outbox knows what was attempted, so only the outbox may attempt it again.
Its settings stand beside it, read once by its ``from_env``.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from notifiers.errors import Fault
from watchers.kinds import Channel
from watchers.models import AlertState


class Guarantee(StrEnum):
    """What a channel promises when nobody knows whether a message was taken."""

    AT_MOST_ONCE = "at_most_once"  # it is not sent again: somebody else tells the person
    AT_LEAST_ONCE = "at_least_once"  # it is sent again, and bears a mark by which a repetition is known


GUARANTEES: Mapping[Channel, Guarantee] = {
    Channel.SMS: Guarantee.AT_MOST_ONCE,  # each costs money, and trust
    Channel.EMAIL: Guarantee.AT_LEAST_ONCE,  # the same Message-ID
    Channel.PUSH: Guarantee.AT_MOST_ONCE,  # no service behind Apprise knows a repetition
    Channel.APP: Guarantee.AT_LEAST_ONCE,  # it is told by being stored
}


@dataclass(frozen=True, slots=True)
class Message:
    """A finished message, for any channel.

    Attributes:
        alert_id: What makes a repetition recognisable: in the e-mail's Message-ID, in the callback's URL.
        code: The alert's eight-character code; ``text`` shows its first four characters.
        text: The whole text message, or the plain part of an e-mail.
        subject, html: Of an e-mail; empty for a text. ``subject`` is one line, also the title of a push.
        stop_url: Where these alerts end with one click; empty when there is no such page.
        callback_url: Where the vendor may say what became of it; empty when it could not reach us there.
    """

    alert_id: str
    code: str
    text: str
    subject: str = ""
    html: str = ""
    stop_url: str = ""
    callback_url: str = ""


class Notifier(Protocol):
    """One way to reach a person. May be called from several threads at once."""

    @property
    def channel(self) -> Channel:
        """Which alerts it carries; ``GUARANTEES`` says what happens to one that may not have arrived."""
        ...

    def send(self, message: Message, to: str) -> str:
        """Hand the message over, once, within about ten seconds a step; return the vendor's receipt.

        It never repeats anything by itself. A receipt means accepted, not read.

        Raises:
            NotifierUnavailableError: surely not sent; later may work.
            NotifierRejectedError: surely not sent, and never will be.
            DeliveryUnknownError: it may have been accepted.
        """
        ...


@dataclass(frozen=True, slots=True)
class Report:
    """What a vendor says became of a message it accepted: SENT, DELIVERED or UNDELIVERED, and why.

    ``fault`` is who can change the reason, if known.

    ``to`` and ``body`` are known where it was looked up; a callback does not repeat them.
    """

    receipt: str
    state: AlertState
    code: str | None = None
    fault: Fault | None = None
    to: str = field(default="", repr=False)
    body: str = field(default="", repr=False)
    at: datetime | None = None


@runtime_checkable
class Traceable(Protocol):
    """A notifier whose vendor keeps a list of what it accepted, so that a lost answer can be looked up."""

    def accepted(self, since: datetime, to: str | None = None) -> Iterator[Report]:
        """What was accepted from us since then (to this address), newest first, as far as a look may go.

        Raises:
            NotifierUnavailableError: the list cannot be had now, or not all of it.
        """
        ...
