"""Push to an app or a chat of the person's own, through Apprise (https://appriseit.com).

At-most-once: no service knows a repetition, so a message is said once. Its answer is heard in ``guard.py``;
where that does not say clearly that nothing was taken, nobody knows. The address holds a token or leads to
a private topic: it is as secret as a password, and never in a log line, an error or a receipt.

Only services of the list below, and only those that ``APPRISE_SCHEMES`` names. Their addresses may not name
a file, a template or another address, nor more than one place to tell: an option that is not known here to
be harmless is refused.

Settings: ``APPRISE_SCHEMES``; ``APPRISE_ALLOW_PRIVATE`` (``on`` lets people name servers of this network).
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from notifiers.base import Message
from notifiers.errors import DeliveryUnknownError, Fault, NotConfiguredError, NotifierRejectedError
from watchers.kinds import Channel

TIMEOUT = 10.0  # seconds, to connect and again to be answered

# Apprise's module and class by scheme: services that take a message in a request of ``requests``. Found by
# name, because asking Apprise for one loads all 180, and that takes a second.
SERVICES = {
    "bark": ("bark", "NotifyBark"),
    "barks": ("bark", "NotifyBark"),
    "discord": ("discord", "NotifyDiscord"),
    "form": ("custom_form", "NotifyForm"),
    "forms": ("custom_form", "NotifyForm"),
    "gchat": ("google_chat", "NotifyGoogleChat"),
    "gotify": ("gotify", "NotifyGotify"),
    "gotifys": ("gotify", "NotifyGotify"),
    "json": ("custom_json", "NotifyJSON"),
    "jsons": ("custom_json", "NotifyJSON"),
    "mmost": ("mattermost", "NotifyMattermost"),
    "mmosts": ("mattermost", "NotifyMattermost"),
    "ntfy": ("ntfy", "NotifyNtfy"),
    "ntfys": ("ntfy", "NotifyNtfy"),
    "pover": ("pushover", "NotifyPushover"),
    "slack": ("slack", "NotifySlack"),
    "tgram": ("telegram", "NotifyTelegram"),
    "xml": ("custom_xml", "NotifyXML"),
    "xmls": ("custom_xml", "NotifyXML"),
}
_HARMLESS = frozenset(
    {"auth", "channel", "group", "level", "mode", "priority", "silent", "sound", "tags", "thread", "to"}
    | {"token", "topic"}
)


def from_env(env: Mapping[str, str]) -> "PushNotifier":
    """The notifier these settings describe.

    Raises:
        NotConfiguredError: ``APPRISE_SCHEMES`` is missing or names what is not a service of ours.
    """
    schemes = frozenset(
        filter(None, (name.strip().lower() for name in env.get("APPRISE_SCHEMES", "").split(",")))
    )
    if not schemes:
        raise NotConfiguredError(
            "Push is off: set APPRISE_SCHEMES to the services people may use, such as tgram,ntfys,discord."
        )
    if not schemes <= SERVICES.keys():  # not quoted: it may be an address, pasted in the wrong place
        raise NotConfiguredError(f"Push is off: APPRISE_SCHEMES may name {', '.join(SERVICES)}.")
    return PushNotifier(schemes, allow_private=env.get("APPRISE_ALLOW_PRIVATE", "").strip().lower() == "on")


@dataclass(frozen=True, slots=True)
class PushNotifier:
    """Tells one service of the person's own. ``allow_private``: also one inside our network."""

    schemes: frozenset[str]
    allow_private: bool = False
    timeout: float = TIMEOUT

    channel = Channel.PUSH

    def send(self, message: Message, to: str) -> str:
        """Say it once; the receipt is the service's scheme. See ``Notifier.send``."""
        from notifiers.guard import Conversation  # noqa: PLC0415 - 0.3 s: only who sends pays for it

        scheme = to.partition("://")[0].lower()
        if scheme not in self.schemes:
            raise NotifierRejectedError("push_scheme")
        module, name = SERVICES[scheme]
        home = import_module(f"apprise.plugins.{module}")
        service = _service(getattr(home, name), to)
        conversation = Conversation(timeout=self.timeout, allow_private=self.allow_private)
        taken = conversation.hold(
            home, lambda: service.notify(body=message.text, title=message.subject, body_format="text")
        )
        if taken and conversation.calls:
            return scheme
        if not conversation.calls:
            raise NotifierRejectedError("push_failed")  # before it said anything
        raise conversation.failure or DeliveryUnknownError("push_unconfirmed")


def _service(kind: Any, to: str) -> Any:
    """The service at this address: one place, one message, no waiting and no pictures."""
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it logs addresses, and what was answered
    parts = _understood(kind.parse_url, to) or {}
    if not _options(parts) <= _HARMLESS:
        raise NotifierRejectedError("push_option", fault=Fault.BAD_CONTACT)
    service = _understood(kind, **parts, asset=_asset(), overflow="truncate") if parts else None
    if service is None or len(service) != 1:
        raise NotifierRejectedError("push_url", fault=Fault.BAD_CONTACT)
    service.throttle = lambda *_, **__: None  # it would sleep between two calls, and as long as it is told to
    return service


def _understood(by: Callable[..., Any], *told: str, **more: Any) -> Any:
    try:
        return by(*told, **more)
    except Exception:  # noqa: BLE001 - a service may raise anything, and quote the address in it
        return None


def _options(parts: Mapping[str, Any]) -> set[str]:
    """Everything behind the question mark, also headers (+), parameters (-) and fields (:) of a webhook."""
    return {name for prefix in ("", "+", "-", ":") for name in parts.get(f"qsd{prefix}") or ()}


def _asset() -> Any:
    from apprise import AppriseAsset  # noqa: PLC0415

    return AppriseAsset(
        app_id="Ticket Scout",
        app_desc="Ticket Scout",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        image_path_mask="",
        http_redirects=False,
        pgp_autogen=False,
        pem_autogen=False,
        storage_mode="memory",
    )
