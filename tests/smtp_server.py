"""A real SMTP server on this machine, for the real ``smtplib`` to talk to.

``letters`` is the mailbox. ``refuse_recipient``, ``refuse_sender`` and ``after_data`` are answers to give
instead of "250": ``"551 no such user"``. ``drop_after_data``: the letter is taken, and the line goes dead.
``lines`` are the connections that a letter was begun on, one entry a letter; ``per_line`` is how many letters
one of them may carry, ``hang_up`` ends them all.
"""

import asyncio
import socket
import ssl
import threading
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

USER, PASSWORD = "alerts", "not-a-real-password"


class SmtpServer:
    """A loopback mail server: ``with SmtpServer() as mail``. TLS after STARTTLS, or ``implicit``."""

    def __init__(
        self, *, tls: ssl.SSLContext | None = None, implicit: bool = False, login: bool = False
    ) -> None:
        self.letters: list[EmailMessage] = []
        self.wire: list[bytes] = []  # the letters as they came
        self.lines: list[tuple[str, int]] = []
        self.per_line = 0
        self.think_before_reset = 0.0  # seconds
        self._open: dict[tuple[str, int], Any] = {}
        self.recipients: list[str] = []
        self.senders: list[str] = []
        self.refuse_recipient = self.refuse_sender = self.after_data = ""
        self.drop_after_data = False
        demands: dict[str, Any] = {}
        if tls:
            demands |= {"ssl_context": tls} if implicit else {"require_starttls": True, "tls_context": tls}
        if login:
            demands |= {"auth_require_tls": False, "authenticator": _authenticate}
        self.port = _free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, ready_timeout=10, **demands)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        """As a setting, without a login."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def open_lines(self) -> int:
        """How many connections that carried a letter are still open."""
        return sum(not transport.is_closing() for transport in list(self._open.values()))

    def hang_up(self) -> None:
        """End every connection, as a server does that restarts."""
        done = threading.Event()

        def abort() -> None:
            for transport in self._open.values():
                transport.abort()
            done.set()

        self._controller.loop.call_soon_threadsafe(abort)
        assert done.wait(5)

    async def handle_RSET(self, *_: Any) -> str:  # noqa: N802
        """Answer RSET, perhaps late."""
        await asyncio.sleep(self.think_before_reset)
        return "250 OK"

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Answer MAIL FROM."""
        line = session.peer[:2]
        if self.per_line and self.lines.count(line) >= self.per_line:
            return "421 enough letters for one line"
        self.lines.append(line)
        self._open[line] = server.transport
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, _: Any, __: Any, envelope: Any, address: str, ___: list[str]) -> str:  # noqa: N802
        """Answer RCPT TO."""
        if self.refuse_recipient:
            return self.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _: Any, envelope: Any) -> str:  # noqa: N802
        """Take the letter, unless told otherwise."""
        if self.after_data:
            return self.after_data
        self.wire.append(envelope.original_content)
        letter = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        self.letters.append(letter)
        self.recipients.extend(envelope.rcpt_tos)
        self.senders.append(envelope.mail_from)
        if self.drop_after_data:
            server.transport.abort()
        return "250 OK"


def _free_port() -> int:
    """The controller cannot choose one itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _authenticate(_: Any, __: Any, ___: Any, ____: str, login: Any) -> AuthResult:
    right = login.login == USER.encode() and login.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)  # not handled: let the server itself say 535
