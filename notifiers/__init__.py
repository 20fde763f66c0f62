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

from notifiers import email, push, sms
from notifiers.base import Notifier
from notifiers.errors import NotConfiguredError
from watchers.kinds import Channel

NOTIFIERS: dict[Channel, Callable[[Mapping[str, str]], Notifier]] = {
    Channel.SMS: sms.from_env,
    Channel.EMAIL: email.from_env,
    Channel.PUSH: push.from_env,
}


def from_env(env: Mapping[str, str]) -> tuple[dict[Channel, Notifier], dict[Channel, str]]:
    """The channels that are on, and for each one that is off a sentence that says what to set."""
    on: dict[Channel, Notifier] = {}
    off: dict[Channel, str] = {}
    for channel, configured in NOTIFIERS.items():
        try:
            on[channel] = configured(env)
        except NotConfiguredError as exc:
            off[channel] = str(exc)
    return on, off
