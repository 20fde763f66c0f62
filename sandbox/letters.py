"""The mailbox's state: the mails it received and what it is told to answer. Safe between threads."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it came in. ``number`` counts from 1."""

    number: int
    message: EmailMessage
    recipients: tuple[str, ...]
    at: datetime

    @property
    def plain(self) -> str | None:
        """The plain part."""
        return _content(self.message, "plain")

    @property
    def html(self) -> str | None:
        """The HTML part."""
        return _content(self.message, "html")


class Mailbox:
    """Everybody's mailbox at once: whatever is sent to anyone arrives here.

    Attributes:
        faults: SMTP answers (``451 4.3.0 try later``) for the next mails, the first first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: list[Mail] = []
        self.faults: list[str] = []

    @property
    def mails(self) -> tuple[Mail, ...]:
        """Every mail received, oldest first."""
        with self._lock:
            return tuple(self._mails)

    def next_fault(self) -> str | None:
        """Take the next fault off the list."""
        with self._lock:
            return self.faults.pop(0) if self.faults else None

    def receive(self, message: EmailMessage, recipients: tuple[str, ...]) -> None:
        """Keep a mail."""
        with self._lock:
            self._mails.append(Mail(len(self._mails) + 1, message, recipients, datetime.now(UTC)))

    def find(self, number: int) -> Mail | None:
        """The mail with this number."""
        return next((mail for mail in self.mails if mail.number == number), None)


def _content(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else str(part.get_content())
