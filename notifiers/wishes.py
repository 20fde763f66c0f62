"""How a person wants to be told, from words as people write them to fields of ``people/{uid}``. Pure.

A wish not named stays as it was; every wish can be taken back (``off``, or ``default``: as the installation
has it). What the words come to is read by the same model as what a page or the API says (``preferences``).
"""

import re
from collections.abc import Callable, Mapping
from datetime import time
from typing import Any

from notifiers import preferences
from notifiers.preferences import MOST_MESSAGES, MOST_SEGMENTS, PreferencesRefusedError
from watchers.kinds import Channel
from watchers.models import Every
from watchers.tiers import NAMES

_GIVEN = ("plan", "texts_granted")  # the operator's to give, and nobody's to wish for


def wished(known: Mapping[str, Any], **wishes: str | None) -> dict[str, Any]:
    """A person's document with these wishes; what is ``None`` was not said, and the rest stays.

    Args:
        known: The document so far.
        **wishes: ``language="de"``, ``quiet="22:00-07:00"``, ``digest="daily"``, ``digest_at="08:00"``,
            ``per_day="20"``, ``per_watch="6"``, ``failover="push,email"``, ``texts_granted="100"``,
            ``plan="premium"``.

    Raises:
        ValueError: a sentence that says how to write it.
    """
    said = {name: words.strip().lower() for name, words in wishes.items() if words is not None}
    named = {_FIELDS.get(name, name): _READERS[name](words) for name, words in said.items()}
    given = {name: named.pop(name) for name in _GIVEN if name in named}
    try:
        return {**known, **preferences.read(named), **given}
    except PreferencesRefusedError as refused:
        raise ValueError(str(refused)) from refused


def _quiet(words: str) -> dict[str, str] | None:
    if words == "off":
        return None
    start, _, end = words.replace("–", "-").partition("-")  # noqa: RUF001 - people paste what they see
    try:
        hours = {"from": _clock(start), "to": _clock(end)}
    except ValueError:
        raise ValueError("write quiet hours as in 22:00-07:00, or off") from None
    if hours["from"] == hours["to"]:
        raise ValueError("quiet hours end at another time than they begin, as in 22:00-07:00")
    return hours


def _digest(words: str) -> str | None:
    if words == "off":
        return None
    try:
        return Every(words).value
    except ValueError:
        raise ValueError("a digest comes daily or weekly, or is off") from None


def _digest_at(words: str) -> str:
    try:
        return _clock(words)
    except ValueError:
        raise ValueError("write the time of the digest as in 08:00") from None


def _clock(words: str) -> str:
    """``8:00`` or ``08:00``, as ``08:00``."""
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", words.strip())
    if not found:
        raise ValueError("not a time of day")
    return f"{time(int(found[1]), int(found[2])):%H:%M}"


def _failover(words: str) -> list[str] | None:
    if words == "default":
        return None
    order = [name.strip() for name in words.split(",")]
    if len(set(order)) < len(order) or not set(order) <= set(Channel):
        raise ValueError("write who takes over, in this order, out of sms, email, push and app: push,email")
    return order


def _plan(words: str) -> str:
    if words not in NAMES:
        raise ValueError(f"a plan is one of {', '.join(NAMES)}")
    return words


def _count(what: str, least: int, most: int) -> Callable[[str], int | None]:
    def read(words: str) -> int | None:
        if words == "default":
            return None
        if not re.fullmatch(r"[0-9]{1,6}", words) or not least <= int(words) <= most:
            raise ValueError(f"write the most {what} as a whole number from {least} to {most}, or default")
        return int(words)

    return read


_FIELDS = {"quiet": "quiet_hours"}
_READERS: Mapping[str, Callable[[str], Any]] = {
    "language": str,
    "quiet": _quiet,
    "digest": _digest,
    "digest_at": _digest_at,
    "per_day": _count("messages a day", 1, MOST_MESSAGES),
    "per_watch": _count("messages a day about one watch", 1, MOST_MESSAGES),
    "failover": _failover,
    "plan": _plan,
    "texts_granted": _count("segments of texts a month", 0, MOST_SEGMENTS),
}
