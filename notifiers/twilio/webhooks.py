"""Where Twilio posts the answers to texts: looked at, and set where it is another place.

A number has its own webhook; a Messaging Service has one for all of its numbers, unless it leaves that to
each of them. Setting what is set already changes nothing, so all of this may be repeated. Used when the
product is put somewhere, never while it runs.

Settings: those of ``notifiers/sms.py``.
https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
https://www.twilio.com/docs/messaging/api/service-resource
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeVar

from notifiers.errors import NotConfiguredError
from notifiers.sms import CONNECT_SECONDS, READ_SECONDS, calling
from notifiers.twilio import senders

if TYPE_CHECKING:
    from twilio.rest import Client

Answer = TypeVar("Answer")

REPLIES = "/twilio/reply"  # web/twilio.py listens there


class Found(StrEnum):
    """How a sender's webhook was found, and is now."""

    RIGHT = "was right already"
    SET = "is set"
    UNKNOWN = "is not this account's"


def from_env(env: Mapping[str, str]) -> "Webhooks":
    """The senders these settings name.

    Raises:
        NotConfiguredError: texts are off; the sentence names what is missing.
    """
    login = env.get("TWILIO_ACCOUNT_SID", "").strip(), env.get("TWILIO_AUTH_TOKEN", "").strip()
    if not all(login):
        raise NotConfiguredError("Texts are off: set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.")
    numbers = [env.get("TWILIO_FROM_NUMBER", "").strip()]
    numbers += [one for pool in senders.read(env.get("TWILIO_SENDERS", "")).values() for one in pool]
    mine = tuple(dict.fromkeys(one for one in numbers if one.startswith("+")))  # a name gets no answers
    service = env.get("TWILIO_MESSAGING_SERVICE_SID", "").strip() or None
    if not mine and not service:
        raise NotConfiguredError("Texts are off: set TWILIO_FROM_NUMBER or TWILIO_MESSAGING_SERVICE_SID.")
    return Webhooks(login, mine, service, env.get("TWILIO_BASE_URL", "").strip() or None)


@dataclass(frozen=True)
class Webhooks:
    """The senders of one account. ``base_url`` is a server on this machine, if not Twilio."""

    login: tuple[str, str] = field(repr=False)
    numbers: tuple[str, ...] = field(repr=False)
    service_sid: str | None = None
    base_url: str | None = None
    timeout: float | tuple[float, float] = (CONNECT_SECONDS, READ_SECONDS)

    def point_to(self, public_url: str) -> Iterator[tuple[str, Found]]:
        """Let answers come to this address of ours: each sender, and how it was found.

        A number is named by its last four digits.

        Raises:
            NotifierError: Twilio refused or did not answer.
        """
        url = public_url.rstrip("/") + REPLIES
        if self.service_sid:
            yield self.service_sid, self._point_service(self.service_sid, url)
        for number in self.numbers:
            yield f"…{number[-4:]}", self._point_number(number, url)

    def _point_service(self, sid: str, url: str) -> Found:
        service = self._call(lambda client: client.messaging.v1.services(sid).fetch())
        if service.inbound_request_url == url and not service.use_inbound_webhook_on_number:
            return Found.RIGHT
        wanted: dict[str, Any] = {"inbound_request_url": url, "inbound_method": "POST"}
        wanted["use_inbound_webhook_on_number"] = False
        self._call(lambda client: client.messaging.v1.services(sid).update(**wanted))
        return Found.SET

    def _point_number(self, number: str, url: str) -> Found:
        found = self._call(lambda client: client.incoming_phone_numbers.list(phone_number=number, limit=1))
        if not found:
            return Found.UNKNOWN
        one = found[0]
        if (one.sms_url, one.sms_method, one.sms_application_sid or "") == (url, "POST", ""):
            return Found.RIGHT
        # An application would go first.
        wanted = {"sms_url": url, "sms_method": "POST", "sms_application_sid": ""}
        self._call(lambda client: client.incoming_phone_numbers(one.sid).update(**wanted))
        return Found.SET

    def _call(self, asked: "Callable[[Client], Answer]") -> Answer:
        def of_messaging(client: "Client") -> Answer:
            client.messaging.base_url = self.base_url or "https://messaging.twilio.com"
            return asked(client)

        return calling(self.login, self.base_url or "https://api.twilio.com", self.timeout, of_messaging)
