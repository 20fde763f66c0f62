"""The form of the settings: what stands in each field, and what is asked for by those that changed. Pure.

A field counts as changed when it says something else than it did when the page was made. So a page that was
open for an hour never takes back what was changed elsewhere meanwhile.
"""

import json
from collections.abc import Mapping
from typing import Any

from notifiers.preferences import Preferences
from watchers.kinds import Channel
from watchers.watch import Watch

SENT = (Channel.SMS, Channel.EMAIL, Channel.PUSH)
ORDER = tuple(f"failover_{number}" for number in range(1, len(SENT) + 1))
NAMES = (
    *("timezone", "language", "quiet", "quiet_from", "quiet_to", "digest", "digest_at"),
    *("per_day", "per_watch", "segments_per_month"),
    *ORDER,
    *(f"notify_{channel}" for channel in Channel),
)
SEEN = "seen"
"""The hidden field that says how everything stood when the page was made."""

_LONGEST = 10_000
_OFF = "off"
_USUAL_QUIET = ("22:00", "07:00")
_USUAL_WAYS: tuple[Channel, ...] = Watch.model_fields["notify"].default


def filled(known: Preferences) -> dict[str, str]:
    """What stands in each field."""
    quiet = known.quiet_hours
    start, end = (quiet.start, quiet.end) if quiet else _USUAL_QUIET
    ways = known.notify or _USUAL_WAYS
    order = [channel for channel in known.failover or (Channel.EMAIL,) if channel in SENT]
    return {
        "timezone": known.timezone,
        "language": known.language,
        "quiet": "on" if quiet else _OFF,
        "quiet_from": start,
        "quiet_to": end,
        "digest": known.digest or _OFF,
        "digest_at": known.digest_at,
        "per_day": _text(known.per_day),
        "per_watch": _text(known.per_watch),
        "segments_per_month": _text(known.segments_per_month),
        **{name: str(order[place]) if place < len(order) else "" for place, name in enumerate(ORDER)},
        **{f"notify_{channel}": "on" if channel in ways else "" for channel in Channel},
    }


def given(form: Mapping[str, str]) -> dict[str, str]:
    """What was sent, in every field; a box that is not ticked is not sent."""
    return {name: form.get(name, "")[:_LONGEST].strip() for name in NAMES}


def seen(form: Mapping[str, str], known: Preferences) -> dict[str, str]:
    """How everything stood when the page was made; as it is now where that is not said."""
    try:
        said = json.loads(form.get(SEEN, "")[:_LONGEST])
    except (ValueError, RecursionError):
        said = None
    now = filled(known)
    if not isinstance(said, dict):
        return now
    return {name: str(said.get(name, now[name])) for name in NAMES}


def asked(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Any]:
    """Of the preferences, those that were changed, as ``preferences.read`` takes them."""
    wanted = _wanted(after)
    return {name: wanted[name] for name, fields in _FIELDS.items() if _differ(fields, before, after)}


def _differ(fields: tuple[str, ...], before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    if fields[0] == "quiet" and before["quiet"] == after["quiet"] == _OFF:
        return False  # the hours of what is off say nothing
    return any(before[name] != after[name] for name in fields)


_FIELDS: Mapping[str, tuple[str, ...]] = {
    "timezone": ("timezone",),
    "language": ("language",),
    "quiet_hours": ("quiet", "quiet_from", "quiet_to"),
    "digest": ("digest",),
    "digest_at": ("digest_at",),
    "per_day": ("per_day",),
    "per_watch": ("per_watch",),
    "segments_per_month": ("segments_per_month",),
    "failover": ORDER,
    "notify": tuple(f"notify_{channel}" for channel in Channel),
}


def _wanted(after: Mapping[str, str]) -> dict[str, Any]:
    hours = {"from": after["quiet_from"], "to": after["quiet_to"]}
    return {
        "timezone": after["timezone"],
        "language": after["language"],
        "quiet_hours": hours if after["quiet"] == "on" else None,
        "digest": None if after["digest"] == _OFF else after["digest"],
        "digest_at": after["digest_at"],
        "per_day": _number(after["per_day"]),
        "per_watch": _number(after["per_watch"]),
        "segments_per_month": _number(after["segments_per_month"]),
        "failover": [*(after[name] for name in ORDER if after[name]), Channel.APP.value],
        "notify": [channel.value for channel in Channel if after[f"notify_{channel}"]],
    }


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _number(text: str) -> int | str | None:
    """A text that is no whole number stays one, to be refused in words."""
    is_number = text.isascii() and text.isdigit() and len(text) < 10  # noqa: PLR2004 - as anybody means it
    return None if not text else int(text) if is_number else text
