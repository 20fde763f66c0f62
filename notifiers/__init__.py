"""Telling people: takes alerts from the outbox and settles each one, once.

``outbox.py`` is the machine of states; ``deliver.py`` finds what is due, ``parcels.py`` prepares it,
``dispatch.py`` carries it out (``sending.py`` each letter), ``learning.py`` hears what became of it, and
``reconcile.py`` compares it all with the vendor's list. When somebody may be told is ``timing.py``'s, how
much ``tallies.py``'s and ``spend.py``'s, who they are ``contacts.py``'s. ``messages.py`` finds the words
(``words/``); ``sms.py`` (``twilio/``), ``email.py`` and ``push.py`` hand them to a vendor.

The page of alerts is a channel without a notifier: what is stored is told. To add a channel, imitate
``email.py`` and enter it here: ``tests/contract/test_notifiers.py`` then asks of it what it asks of all.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from watchers.kinds import Channel

if TYPE_CHECKING:
    from notifiers.base import Notifier


def _sms(env: Mapping[str, str]) -> "Notifier":
    from notifiers import sms  # noqa: PLC0415 - lazy on purpose: a tick mostly tells nobody

    return sms.from_env(env)


def _email(env: Mapping[str, str]) -> "Notifier":
    from notifiers import email  # noqa: PLC0415 - lazy on purpose

    return email.from_env(env)


def _push(env: Mapping[str, str]) -> "Notifier":
    from notifiers import push  # noqa: PLC0415 - lazy on purpose

    return push.from_env(env)


NOTIFIERS: dict[Channel, "Callable[[Mapping[str, str]], Notifier]"] = {
    Channel.SMS: _sms,
    Channel.EMAIL: _email,
    Channel.PUSH: _push,
}


def from_env(env: Mapping[str, str]) -> "tuple[dict[Channel, Notifier], dict[Channel, str]]":
    """The channels that are on, and for each one that is off a sentence that says what to set."""
    from notifiers.errors import NotConfiguredError  # noqa: PLC0415 - lazy on purpose

    on: dict[Channel, Notifier] = {}
    off: dict[Channel, str] = {}
    for channel, configured in NOTIFIERS.items():
        try:
            on[channel] = configured(env)
        except NotConfiguredError as exc:
            off[channel] = str(exc)
    return on, off
