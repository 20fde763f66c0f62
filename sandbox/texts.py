"""The phone's state: its texts both ways and what it is told to get wrong. Safe between threads."""

import secrets
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Fault = Literal["hang", "timeout_after_accept", "500", "500_after_accept", "429"]
FAULTS: tuple[Fault, ...] = ("hang", "timeout_after_accept", "500", "500_after_accept", "429")


@dataclass(frozen=True, slots=True)
class Text:
    """One text that was accepted. ``sender`` is ``None`` where a messaging service chose the number.

    ``direction`` is as Twilio lists it: ``outbound-api``, ``outbound-reply`` (an answer) or ``inbound``.
    """

    sid: str
    account_sid: str
    to: str
    sender: str | None
    service_sid: str | None
    body: str
    at: datetime
    callback: str | None = None
    direction: str = "outbound-api"

    @property
    def is_inbound(self) -> bool:
        """Whether the person at the phone wrote it."""
        return self.direction == "inbound"

    @property
    def number(self) -> str:
        """The phone's number, whoever wrote."""
        return self.sender or "" if self.is_inbound else self.to


class Phone:
    """Every number at once: whatever is sent to anyone arrives here.

    Args:
        account_sid: The only account it answers for; ``None``: any.
        auth_token: What that account must know, and what callbacks are signed with; ``None``: anything goes,
            and callbacks carry no signature.

    Attributes:
        faults: What the next texts asked for meet, the first first.
        hang_seconds: How long ``hang`` and ``timeout_after_accept`` keep the caller waiting.
        calls_back: Whether accepted texts report ``sent`` and ``delivered`` to their StatusCallback.
        callback_pause: Seconds before each of the two reports.
        product: Where what is texted back goes; ``None``: nowhere. ``public_url``: its address as Twilio
            would know it, which is what is signed.
        opted_out: Numbers that replied STOP, and not START since.
        unheard: By id, why a text that was written here did not arrive.
    """

    def __init__(self, account_sid: str | None = None, auth_token: str | None = None) -> None:
        self._lock = threading.Lock()
        self._texts: list[Text] = []
        self.account_sid, self.auth_token = account_sid, auth_token
        self.faults: list[str] = []
        self.hang_seconds = 30.0
        self.calls_back = True
        self.callback_pause = 0.2
        self.product: str | None = None
        self.public_url: str | None = None
        self.opted_out: set[str] = set()
        self.unheard: dict[str, str] = {}

    @property
    def texts(self) -> tuple[Text, ...]:
        """Every text received, oldest first."""
        return tuple(text for text in self.everything if not text.is_inbound)

    @property
    def everything(self) -> tuple[Text, ...]:
        """Every text received or written here, oldest first."""
        with self._lock:
            return tuple(self._texts)

    def next_fault(self) -> str | None:
        """Take the next fault off the list."""
        with self._lock:
            return self.faults.pop(0) if self.faults else None

    def receive(self, account_sid: str, fields: "Fields") -> Text:
        """Keep a text; the answer is it, with its new id."""
        text = Text(
            sid="SM" + secrets.token_hex(16),
            account_sid=account_sid,
            to=fields.to,
            sender=fields.sender,
            service_sid=fields.service_sid,
            body=fields.body,
            at=datetime.now(UTC),
            callback=fields.callback,
            direction=fields.direction,
        )
        with self._lock:
            self._texts.append(text)
        return text

    def find(self, sid: str) -> Text | None:
        """The text with this id."""
        return next((text for text in self.everything if text.sid == sid), None)

    def clear(self) -> None:
        """Forget every text and every fault still to come."""
        with self._lock:
            self._texts.clear()
            self.faults.clear()
            self.unheard.clear()


@dataclass(frozen=True, slots=True)
class Fields:
    """What a caller asked to be sent, once it was found to be acceptable."""

    to: str
    sender: str | None
    service_sid: str | None
    body: str
    callback: str | None
    direction: str = "outbound-api"


def conversations(texts: Iterable[Text]) -> dict[str, list[Text]]:
    """The texts by the phone's number, oldest first."""
    found: dict[str, list[Text]] = {}
    for text in texts:
        found.setdefault(text.number, []).append(text)
    return found
