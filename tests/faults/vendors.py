"""The loopback Twilio and mail server of a run, which fail by a script; what they suffered is counted.

Time in a run passes without waiting. So what Twilio accepted is dated by the outbox itself: an alert was
claimed a moment before its text can be accepted.
"""

import asyncio
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Self

from tests.smtp_server import SmtpServer
from tests.twilio_server import Text, TwilioServer

HANG = 1.5  # seconds; longer than a worker's patience
_PROMPT = "early"


def alert_of(text: Text) -> str:
    """The alert that a text was sent for, by its callback's address."""
    return text.fields["StatusCallback"].rpartition("/")[2]


class Twilio(TwilioServer):
    """A Twilio with a script of callbacks, one mode for each text that it accepts.

    ``owed`` are texts of which it tells later. One that it accepted and answered with "too many
    requests" it tells of at once: without a word nobody could know, because Twilio says it processed nothing.
    """

    def play(self, faults: Sequence[str], modes: Sequence[str], dated: Callable[[str], datetime]) -> Self:
        """From now on suffer these; ``dated``: when a text of an alert was accepted."""
        self.injected = Counter[str]()
        self.owed: list[Text] = []
        self._modes, self._dated = list(modes), dated
        self._accepting, self._suffering = threading.Lock(), threading.local()
        self.fail_with(*faults)
        self._server.handle_error = _unless_they_are_gone  # type: ignore[method-assign, assignment]
        return self

    def take_fault(self) -> set[str]:
        """See ``TwilioServer.take_fault``."""
        faults = super().take_fault()
        self._suffering.faults = faults
        self.injected.update(f"twilio {fault}" for fault in faults if fault)
        return faults

    def take_list_fault(self) -> str:
        """See ``TwilioServer.take_list_fault``."""
        fault = super().take_list_fault()
        self.injected.update([f"twilio {fault}"] if fault else [])
        return fault

    def accept(self, fields: dict[str, str], *, listed: bool = True) -> Text:
        """See ``TwilioServer.accept``. A request whose sender died before its end is none."""
        if "StatusCallback" not in fields:
            raise ConnectionAbortedError
        with self._accepting:
            mode = self._modes.pop(0) if self._modes else "once"
            if "accept_then_429" in self._suffering.faults:
                mode = _PROMPT
            self.injected[f"callback {mode}"] += 1
            self.callbacks = "none" if mode == "owed" else mode
            text = super().accept(fields, listed=listed)
            text.created_at = self._dated(alert_of(text))
            if mode == "owed":
                self.owed.append(text)
        return text

    def pay(self) -> None:
        """Tell of what is owed, and once more of what was told long ago."""
        owed, self.owed = self.owed, []
        for text in owed:
            self._tell(text, "once", 0)
        for text in self.texts[:2]:
            if text.status == "delivered":
                self.injected["callback again"] += 1
                self._tell(text, "reordered", 0)


def _unless_they_are_gone(*_: object) -> None:
    """Say what went wrong here, but not that a client was killed, be it in the middle of a form."""
    if not isinstance(sys.exception(), ConnectionError | KeyError):
        traceback.print_exc()


class Mail(SmtpServer):
    """A mail server with a script, a fault for each letter: ``450 4.2.1 at RCPT``, ``drop after DATA``."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__()
        self.injected = Counter[str]()
        self._faults = list(faults)

    async def handle_MAIL(self, server: Any, session: Any, *more: Any) -> str:  # noqa: N802
        """See ``SmtpServer``."""
        session.fault = self._faults.pop(0) if self._faults else ""
        self.injected.update([f"mail {session.fault}"] if session.fault else [])
        return await self._failing(session, "at MAIL") or await super().handle_MAIL(server, session, *more)

    async def handle_RCPT(self, server: Any, session: Any, *more: Any) -> str:  # noqa: N802
        """See ``SmtpServer``."""
        return await self._failing(session, "at RCPT") or await super().handle_RCPT(server, session, *more)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        """See ``SmtpServer``."""
        if session.fault == "drop at DATA":
            server.transport.abort()
            return "451 nothing was taken"
        if refused := await self._failing(session, "at DATA"):
            return refused
        said = await super().handle_DATA(server, session, envelope)
        if session.fault == "drop after DATA":
            server.transport.abort()
        await self._failing(session, "after DATA")
        return said

    async def _failing(self, session: Any, step: str) -> str:
        """What is answered at this step instead of the usual; "" for the usual."""
        what, _, where = session.fault.partition(f" {step}")
        if where or not session.fault.endswith(step):
            return ""
        if what == "hang":
            await asyncio.sleep(HANG)
        return what if what[:1].isdigit() else ""
