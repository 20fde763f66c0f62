"""What every notifier promises.

A notifier hands one finished message to one address over one vendor. It knows nothing about alerts,
states, people or retries: the outbox knows what was attempted, so only the outbox may attempt it again.
Its settings stand beside it, read once by its ``from_env``.
"""

from dataclasses import dataclass
from typing import Protocol

from watchers.watch import Channel


@dataclass(frozen=True, slots=True)
class Message:
    """A finished message, for any channel.

    Attributes:
        alert_id: What makes a repetition recognisable: in the e-mail's Message-ID, in the callback's URL.
        code: The alert's eight-character code; ``text`` shows its first four characters.
        text: The whole text message, or the plain part of an e-mail.
        subject, html: Of an e-mail; empty for a text. ``subject`` is one line.
        stop_url: Where these alerts end with one click; empty when there is no such page.
    """

    alert_id: str
    code: str
    text: str
    subject: str = ""
    html: str = ""
    stop_url: str = ""


class Notifier(Protocol):
    """One way to reach a person. May be called from several threads at once."""

    @property
    def channel(self) -> Channel:
        """Which alerts it carries."""
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
