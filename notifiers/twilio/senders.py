"""Which of our numbers a text comes from: those of the recipient's country, and always the same for a person.

``TWILIO_SENDERS`` is written as calling codes and their numbers:
``1=+14155550100,+14155550101; 44=+447700900000``. The longest calling code that fits wins. A number is picked
by the highest hash of it and the recipient, so that one more or one fewer changes the sender of few. Pure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from notifiers.errors import NotConfiguredError

_CALLING_CODE = re.compile(r"[1-9][0-9]{0,6}")  # as long as an area within a country
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_HOW = (
    "Texts are off: write TWILIO_SENDERS as calling codes with their numbers,"
    " such as 1=+14155550100,+14155550101; 44=+447700900000."
)
Pools = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Senders:
    """Our numbers by calling code, and who sends to all other countries: arguments of the vendor's SDK."""

    elsewhere: Mapping[str, str] = field(repr=False)
    pools: Pools = field(default_factory=dict, repr=False)

    def to(self, recipient: str) -> Mapping[str, str]:
        """The argument that says from whom."""
        fitting = (code for code in self.pools if recipient.startswith(f"+{code}"))
        if not (longest := max(fitting, key=len, default=None)):
            return self.elsewhere
        return {"from_": max(self.pools[longest], key=lambda number: _rank(number, recipient))}


def read(setting: str) -> Pools:
    """The pools a setting describes; none for an empty one.

    Raises:
        NotConfiguredError: it cannot be read. The sentence says how to write it, and repeats none of it.
    """
    pools: dict[str, tuple[str, ...]] = {}
    for entry in filter(None, map(str.strip, setting.split(";"))):
        code, _, listed = entry.partition("=")
        numbers = tuple(number.strip() for number in listed.split(","))
        if not _CALLING_CODE.fullmatch(code.strip()) or not all(map(_NUMBER.fullmatch, numbers)):
            raise NotConfiguredError(_HOW)
        if code.strip() in pools:
            raise NotConfiguredError(_HOW)
        pools[code.strip()] = numbers
    return pools


def _rank(number: str, recipient: str) -> bytes:
    return sha256(f"{number} {recipient}".encode()).digest()
