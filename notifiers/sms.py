"""Texts over Twilio's Messages API (https://www.twilio.com/docs/messaging/api/message-resource).

Creating a message is not idempotent and has no idempotency key (error 20500 says so itself), so each call
is made once, on a connection of its own: one that died while idle looks exactly like a lost answer, and a
lost answer costs the person their text. What an answer means is decided by status and code, never by prose.

Settings: ``TWILIO_ACCOUNT_SID``, ``TWILIO_AUTH_TOKEN``, ``TWILIO_FROM_NUMBER`` or
``TWILIO_MESSAGING_SERVICE_SID``, ``TWILIO_BASE_URL`` (scheme and host, for a server on this machine).
"""

import logging
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from notifiers.base import Message
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotConfiguredError,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from watchers.watch import Channel

if TYPE_CHECKING:
    from requests import RequestException, Response
    from twilio.rest import Client

TIMEOUT = 10.0  # seconds, to connect and again to be answered; the SDK's own default is for ever

# A text still queued after this long is dropped by Twilio, which says so in a callback: resold tickets have
# been seen to live for 5 to 20 minutes, and news of one that is gone is worse than none. Twilio's default
# is ten hours. https://www.twilio.com/docs/messaging/api/message-resource (ValidityPeriod)
VALIDITY_SECONDS = 900

# Who can do something about a refusal: https://www.twilio.com/docs/api/errors/<code>. Those from 30000 on
# are told only after a text was accepted. A wrong token (20003) is final for the text, not put back: its
# e-mail goes out at once, and nobody's alert waits until the operator wakes up.
FAULTS = {
    "21211": Fault.BAD_NUMBER,  # not a phone number
    "21614": Fault.BAD_NUMBER,  # not a mobile number
    "30005": Fault.BAD_NUMBER,  # unknown or no longer in service
    "30006": Fault.BAD_NUMBER,  # a landline
    "21610": Fault.OPTED_OUT,  # replied STOP; not charged
    "20003": Fault.OPERATOR,  # wrong account or token
    "20404": Fault.OPERATOR,  # no such account
    "21408": Fault.OPERATOR,  # texts to this country are not enabled
    "21603": Fault.OPERATOR,  # no sender given
    "21606": Fault.OPERATOR,  # the sender is not ours or cannot text
    "21608": Fault.OPERATOR,  # a trial account reaches only numbers verified with Twilio
    "21659": Fault.OPERATOR,  # the sender is no Twilio number of ours
    "30007": Fault.OPERATOR,  # filtered by a carrier
    "30032": Fault.OPERATOR,  # toll-free sender not verified
    "30034": Fault.OPERATOR,  # sender not registered (A2P 10DLC)
}
_BUSY = frozenset({"20429", "21611"})  # too many requests; too many texts queued: none was taken


def from_env(env: Mapping[str, str]) -> "TwilioNotifier":
    """The notifier these settings describe.

    Raises:
        NotConfiguredError: a setting is missing; the sentence names it.
    """
    account, token = env.get("TWILIO_ACCOUNT_SID", ""), env.get("TWILIO_AUTH_TOKEN", "")
    number, service = env.get("TWILIO_FROM_NUMBER", ""), env.get("TWILIO_MESSAGING_SERVICE_SID", "")
    wanted = {
        "TWILIO_ACCOUNT_SID": account,
        "TWILIO_AUTH_TOKEN": token,
        "TWILIO_FROM_NUMBER or TWILIO_MESSAGING_SERVICE_SID": number or service,
    }
    if missing := [name for name, value in wanted.items() if not value]:
        raise NotConfiguredError(f"Texts are off: set {' and '.join(missing)}.")
    base_url = env.get("TWILIO_BASE_URL") or "https://api.twilio.com"
    if not base_url.startswith(("https://", "http://")):
        raise NotConfiguredError("Texts are off: TWILIO_BASE_URL must begin with https:// or http://.")
    sender = {"messaging_service_sid": service} if service else {"from_": number}
    return TwilioNotifier(account, token, sender, base_url)


@dataclass(frozen=True)
class TwilioNotifier:
    """Sends texts through one account. ``sender`` is the argument that says from whom."""

    account_sid: str = field(repr=False)
    auth_token: str = field(repr=False)
    sender: Mapping[str, str] = field(repr=False)
    base_url: str
    timeout: float = TIMEOUT

    channel = Channel.SMS

    def send(self, message: Message, to: str) -> str:
        """Create one message; the receipt is its SID. See ``Notifier.send``."""
        import requests  # noqa: PLC0415 - the SDK takes 170 ms to import: only who sends pays for it
        from twilio.base.exceptions import TwilioException  # noqa: PLC0415

        told = {"to": to, "body": message.text, "validity_period": VALIDITY_SECONDS}
        try:
            with self._connection() as client:
                created = client.messages.create(**told, **self.sender)
        except TwilioException as exc:
            raise refusal(getattr(exc, "status", 0), getattr(exc, "code", None)) from None
        except requests.RequestException as exc:
            raise _lost(exc) from None
        except ValueError:  # "created", and then a body nobody can read
            raise DeliveryUnknownError("no_answer") from None
        if not created.sid:
            raise DeliveryUnknownError("no_answer")
        return str(created.sid)

    @contextmanager
    def _connection(self) -> Iterator["Client"]:
        from twilio.http.http_client import TwilioHttpClient  # noqa: PLC0415
        from twilio.rest import Client  # noqa: PLC0415

        quiet = logging.getLogger(f"{__name__}.sdk")  # the SDK logs account and query of every call
        quiet.setLevel(logging.CRITICAL)
        http = TwilioHttpClient(timeout=self.timeout, logger=quiet, request_hooks={"response": _when_busy})
        with closing(http.session):
            client = Client(self.account_sid, self.auth_token, http_client=http)
            client.api.base_url = self.base_url
            yield client


def refusal(status: int, code: int | str | None) -> NotifierError:
    """What an answer that is no success means for the message."""
    known = str(code or status)
    if status == 429 or known in _BUSY:  # noqa: PLR2004
        return NotifierUnavailableError(known)
    if 400 <= status < 500 and status != 408:  # noqa: PLR2004 - 408: the server gave up listening to us
        return NotifierRejectedError(known, fault=FAULTS.get(known))
    return DeliveryUnknownError("server_error")


def _when_busy(response: "Response", *_: Any, **__: Any) -> None:
    """Called by the SDK's HTTP client on every answer: its exceptions do not carry the header we need."""
    if response.status_code == 429:  # noqa: PLR2004
        response.close()
        seconds = response.headers.get("Retry-After", "")
        raise NotifierUnavailableError("20429", retry_after=float(seconds) if seconds.isdecimal() else None)


def _lost(exc: "RequestException") -> NotifierError:
    """No answer. Surely not sent only if there never was a connection to send it over."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError  # noqa: PLC0415

    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, NewConnectionError | ConnectTimeoutError | ssl.SSLCertVerificationError):
            return NotifierUnavailableError("unreachable")
        cause = cause.__cause__ or cause.__context__
    return DeliveryUnknownError("no_answer")
