"""Texts over Twilio's Messages API (https://www.twilio.com/docs/messaging/api/message-resource).

Creating a message is not idempotent and has no idempotency key (error 20500 says so itself), so each call
is made once, on a connection of its own. What an answer means is decided by status and code, never by prose,
and nothing of the prose is kept: it quotes the recipient.

Settings: ``TWILIO_ACCOUNT_SID``, ``TWILIO_AUTH_TOKEN``, ``TWILIO_FROM_NUMBER`` or
``TWILIO_MESSAGING_SERVICE_SID``, ``TWILIO_SENDERS`` (numbers by country), ``TWILIO_BASE_URL`` (scheme and
host, for a server on this machine).
"""

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, TypeVar

from notifiers.base import Message, Report
from notifiers.errors import (
    DeliveryUnknownError,
    NotConfiguredError,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.links import is_local
from notifiers.twilio import listing, senders
from notifiers.twilio.codes import CODES, Action, code_of, fault_of
from notifiers.twilio.senders import Senders
from watchers.kinds import Channel

if TYPE_CHECKING:
    from requests import Response
    from twilio.rest import Client

Answer = TypeVar("Answer")

CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0  # the SDK's own default is for ever
# Seconds after which a call is over: connecting, the answer, and what the machine itself needs. Only a name
# whose every address swallows packets takes longer, 5 s for each, and such a call has not sent anything yet.
LONGEST_CALL = 20.0

# A text still queued after this long is dropped by Twilio, which says so in a callback: resold tickets have
# been seen to live for 5 to 20 minutes, and news of one that is gone is worse than none. Twilio's default
# is ten hours. https://www.twilio.com/docs/messaging/api/message-resource (ValidityPeriod)
VALIDITY_SECONDS = 900

_LATER_AT_MOST = 86_400.0  # a day: more is no plan
_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
# What the SDK raises over a body that is not what it expects: it looks into it unchecked.
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError)


def from_env(env: Mapping[str, str]) -> "TwilioNotifier":
    """The notifier these settings describe.

    Raises:
        NotConfiguredError: a setting is missing or cannot be read; the sentence names it.
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
    elsewhere = {"messaging_service_sid": service} if service else {"from_": number}
    pools = senders.read(env.get("TWILIO_SENDERS", ""))
    return TwilioNotifier(account, token, Senders(elsewhere, pools), base_url)


@dataclass(frozen=True)
class TwilioNotifier:
    """Sends texts through one account, and finds those it sent.

    ``timeout`` is in seconds: to connect, and of silence after that.
    """

    account_sid: str = field(repr=False)
    auth_token: str = field(repr=False)
    senders: Senders = field(repr=False)
    base_url: str
    timeout: float | tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS)

    channel = Channel.SMS

    def send(self, message: Message, to: str) -> str:
        """Create one message; the receipt is its SID. See ``Notifier.send``."""
        told = {"to": to, "body": message.text, "validity_period": VALIDITY_SECONDS, **self.senders.to(to)}
        if message.callback_url and (not is_local(message.callback_url) or is_local(self.base_url)):
            told["status_callback"] = message.callback_url  # one it cannot reach is refused (21609)
        receipt = self._call(lambda client: client.messages.create(**told).sid)
        if not isinstance(receipt, str) or not _SID.fullmatch(receipt):
            raise DeliveryUnknownError("no_answer")
        return receipt

    def accepted(self, since: datetime, to: str | None = None) -> Iterator[Report]:
        """What Twilio's list holds from us since then. See ``Traceable.accepted``."""
        return listing.reports(lambda address: self._page(to, address), since)

    def _page(self, to: str | None, address: str | None) -> listing.Page:
        try:
            return self._call(lambda client: listing.page(client, to, address))
        except NotifierUnavailableError:
            raise
        except NotifierError as exc:
            unavailable = NotifierUnavailableError(exc.code)
        raise unavailable  # here, where no other exception hangs on it

    def _call(self, asked: "Callable[[Client], Answer]") -> Answer:
        return calling((self.account_sid, self.auth_token), self.base_url, self.timeout, asked)


def calling(
    login: tuple[str, str],
    base_url: str,
    timeout: float | tuple[float, float],
    asked: "Callable[[Client], Answer]",
) -> Answer:
    """What Twilio answers to one call, made once.

    Raises:
        NotifierError: one of the three; never with anything of Twilio's own prose.
    """
    from twilio.base.exceptions import TwilioException  # noqa: PLC0415 - only who sends pays for the SDK

    from notifiers.twilio.client import connected  # noqa: PLC0415

    try:
        with connected(login, base_url, timeout, _judge) as client:
            return asked(client)
    except OSError as exc:
        error = _lost(exc)
    except (TwilioException, *_UNREADABLE):
        error = DeliveryUnknownError("no_answer")
    raise error  # here, where no exception that quotes the recipient hangs on it


def refusal(status: int, code: int | str | None) -> NotifierError:
    """What an answer that is no success means for the message."""
    known = code_of(code) or str(status)
    meaning = CODES.get(known)
    action = meaning.action if meaning else None
    # 408: the server gave up listening to us
    if not 400 <= status < 500 or status == 408 or action is Action.UNKNOWN:  # noqa: PLR2004
        return DeliveryUnknownError("server_error")
    if action is Action.RETRIED_LATER or (status == 429 and not meaning):  # noqa: PLR2004
        return NotifierUnavailableError(known)
    return NotifierRejectedError(known, fault=fault_of(known))


def _judge(response: "Response", *_: Any, **__: Any) -> None:
    """Called with every answer, before the SDK makes an exception of it that quotes the recipient."""
    if response.status_code in (200, 201):
        return
    try:
        code = response.json().get("code")
    except (OSError, *_UNREADABLE):
        code = None
    error = refusal(response.status_code, code)
    if isinstance(error, NotifierUnavailableError):
        error.retry_after = _seconds(response.headers.get("Retry-After", ""), datetime.now(UTC))
    raise error


def _seconds(words: str, now: datetime) -> float | None:
    """A Retry-After in seconds: written so, or as a date (RFC 9110, 10.2.3)."""
    if words.isdecimal():
        return min(float(words), _LATER_AT_MOST)
    try:
        at = parsedate_to_datetime(words)
    except ValueError:
        return None
    seconds = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), _LATER_AT_MOST)


def _lost(exc: OSError) -> NotifierError:
    """No answer. Surely not sent only if there never was a connection to send it over."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError  # noqa: PLC0415

    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, NewConnectionError | ConnectTimeoutError | ssl.SSLCertVerificationError):
            return NotifierUnavailableError("unreachable")
        cause = cause.__cause__ or cause.__context__
    return DeliveryUnknownError("no_answer")
