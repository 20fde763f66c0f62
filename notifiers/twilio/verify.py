"""Codes by Twilio Verify (https://www.twilio.com/docs/verify/api): it makes, texts and compares them.

Used for phones when ``TWILIO_VERIFY_SERVICE_SID`` is set; we then never know a code. To start a verification
is a call like any text: made once, judged by status and code (``notifiers/sms.py``). To compare one has four
answers: it is right, it is wrong, there is nothing to compare any more (404: ten minutes are over, it was
used, or five wrong ones were shown), and no answer, after which nobody knows.

Settings: ``TWILIO_VERIFY_SERVICE_SID``, with ``TWILIO_ACCOUNT_SID`` and ``TWILIO_AUTH_TOKEN``;
``TWILIO_BASE_URL`` for a server on this machine.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from notifiers.base import Message
from notifiers.errors import DeliveryUnknownError, NotConfiguredError, NotifierError
from notifiers.sms import CONNECT_SECONDS, READ_SECONDS, calling
from watchers.kinds import Channel

if TYPE_CHECKING:
    from twilio.rest import Client

Answer = TypeVar("Answer")

_SERVICE = re.compile(r"VA[0-9a-fA-F]{32}")
_VERIFICATION = re.compile(r"VE[0-9a-fA-F]{32}")
_TOO_MANY_CHECKS = "60202"
_NOTHING_THERE = frozenset({"404", "20404", _TOO_MANY_CHECKS})


class Checked(StrEnum):
    """What came of comparing a code."""

    RIGHT = "right"
    WRONG = "wrong"
    OVER = "over"
    UNKNOWN = "unknown"


def is_receipt(receipt: str | None) -> bool:
    """Whether this names a verification."""
    return receipt is not None and _VERIFICATION.fullmatch(receipt) is not None


def from_env(env: Mapping[str, str]) -> "TwilioVerify | None":
    """Verify as these settings have it; ``None``: codes are our own.

    Raises:
        NotConfiguredError: it is asked for, and something is missing or wrong; the sentence names it.
    """
    service = env.get("TWILIO_VERIFY_SERVICE_SID", "").strip()
    if not service:
        return None
    account, token = env.get("TWILIO_ACCOUNT_SID", "").strip(), env.get("TWILIO_AUTH_TOKEN", "").strip()
    if not _SERVICE.fullmatch(service):
        raise NotConfiguredError("TWILIO_VERIFY_SERVICE_SID must be VA and 32 hexadecimal digits.")
    if not (account and token):
        raise NotConfiguredError("TWILIO_VERIFY_SERVICE_SID needs TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.")
    return TwilioVerify(
        account, token, service, env.get("TWILIO_BASE_URL", "").strip() or "https://verify.twilio.com"
    )


@dataclass(frozen=True)
class TwilioVerify:
    """One Verify service. As a notifier it sends codes; the message's own words are not used.

    ``timeout`` is in seconds: to connect, and of silence after that.
    """

    account_sid: str = field(repr=False)
    auth_token: str = field(repr=False)
    service_sid: str
    base_url: str
    timeout: float | tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS)

    channel = Channel.SMS

    def send(self, _: Message, to: str) -> str:
        """Let a code be texted; the receipt is the verification's SID. See ``Notifier.send``."""
        receipt = self._call(
            lambda client: client.verify.v2.services(self.service_sid).verifications.create(to, "sms").sid
        )
        if not isinstance(receipt, str) or not _VERIFICATION.fullmatch(receipt):
            raise DeliveryUnknownError("no_answer")
        return receipt

    def check(self, to: str, code: str) -> Checked:
        """Whether this is the code that was texted there. A right one is used up by asking."""
        try:
            status = self._call(
                lambda client: (
                    client.verify.v2.services(self.service_sid)
                    .verification_checks.create(to=to, code=code)
                    .status
                )
            )
        except NotifierError as error:
            return Checked.OVER if error.code in _NOTHING_THERE else Checked.UNKNOWN
        return {"approved": Checked.RIGHT, "pending": Checked.WRONG}.get(status or "", Checked.OVER)

    def _call(self, asked: "Callable[[Client], Answer]") -> Answer:
        def of_verify(client: "Client") -> Answer:
            client.verify.base_url = self.base_url
            return asked(client)

        return calling((self.account_sid, self.auth_token), self.base_url, self.timeout, of_verify)
