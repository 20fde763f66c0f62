"""The sandbox's mailbox: it takes mail over SMTP and shows it.

``Mailbox`` is the state; any thread may use it. Its ``faults`` are SMTP answers, consumed one per mail, and
whoever is called ``bounce@`` does not exist::

    mailbox = Mailbox()
    with receiving(mailbox) as smtp_url:
        ...
    mailbox.mails[-1].message["Subject"]
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from typing import Any

from aiosmtpd.controller import Controller
from flask import Flask

from sandbox import postbox
from sandbox.letters import Mail, Mailbox
from sandbox.pages import Link, site
from sandbox.servers import HOST, listen, port_of

__all__ = ["Mail", "Mailbox", "mailbox_app", "receiving"]


def mailbox_app(mailbox: Mailbox, links: Iterable[Link] = ()) -> Flask:
    """The mailbox's web side; ``links`` stand in the header of its pages."""
    app = site("Mailbox", links)
    app.register_blueprint(postbox.blueprint(mailbox))
    return app


@contextmanager
def receiving(mailbox: Mailbox) -> Iterator[str]:
    """Receive mail on a free port until the block ends; yields ``smtp://127.0.0.1:port``."""
    with listen() as taken:
        port = port_of(taken)
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd's: it tells every command it hears
    controller = Controller(_Receiver(mailbox), hostname=HOST, port=port)
    controller.start()
    try:
        yield f"smtp://{HOST}:{port}"
    finally:
        controller.stop()


class _Receiver:
    """What aiosmtpd calls; the names are its own."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address.startswith("bounce@"):
            return "550 5.1.1 user unknown (sandbox)"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if fault := self._mailbox.next_fault():
            return fault
        message = message_from_bytes(envelope.content, _class=EmailMessage, policy=modern)
        self._mailbox.receive(message, tuple(envelope.rcpt_tos))
        return "250 2.0.0 received by the sandbox"
