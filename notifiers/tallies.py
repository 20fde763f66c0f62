"""What a person was sent today and this month: ``tallies/{uid}``, so that a cap really caps.

A tally is written with what it counts, in one commit, as a compare-and-set: of two senders who read the same
tally one must read again. Days and months are those of the person's own calendar.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from watchers.documents import Create, Document, Update
from watchers.kinds import Channel

COLLECTION = "tallies"
_TWO_DAYS = timedelta(days=2)


def path(uid: str) -> str:
    """Where the person's tally is kept."""
    return f"{COLLECTION}/{uid}"


@dataclass(frozen=True, slots=True)
class Tally:
    """What counts against a person's caps and budget.

    Attributes:
        day: The day of ``told`` and ``replies``; ``None`` before anything was counted.
        told: Messages by channel (``sms``), and those about one watch (``sms:WATCHID``).
        month: The month of ``segments``, such as ``2026-11``.
        segments: Of texts, this month.
        replies: Answers to texts of theirs, today.
        latest: The alert that led the latest text: what a reply without a code is about.
        version: The store's; empty when it was never stored.
    """

    uid: str
    day: date | None = None
    told: Mapping[str, int] = field(default_factory=dict)
    month: str = ""
    segments: int = 0
    replies: int = 0
    latest: str | None = None
    version: str = field(default="", compare=False)

    def at(self, now: datetime, zone: ZoneInfo) -> "Tally":
        """As it stands now: what was counted on another day or in another month is forgotten.

        A day that has not begun yet goes on counting: somebody who flies west, or a clock that is behind,
        gets no fresh caps.
        """
        today = now.astimezone(zone).date()
        begun = self.day is not None and today <= self.day <= today + _TWO_DAYS
        day = self.day if begun and self.day else today
        month = f"{day:%Y-%m}"
        return replace(
            self,
            day=day,
            told=self.told if day == self.day else {},
            replies=self.replies if day == self.day else 0,
            month=month,
            segments=self.segments if month == self.month else 0,
        )

    def count(self, channel: Channel, watch_id: str | None = None) -> int:
        """How many messages went by this channel today, or how many of them told of one watch."""
        return self.told.get(_key(channel, watch_id), 0)

    def counting(self, channel: Channel, watch_ids: Iterable[str]) -> "Tally":
        """With one more message by this channel, which tells of these watches."""
        keys = {_key(channel), *(_key(channel, watch_id) for watch_id in watch_ids)}
        return replace(self, told={**self.told, **{key: self.told.get(key, 0) + 1 for key in keys}})

    def write(self) -> Create | Update:
        """The write that keeps it, if nobody else has counted since it was read."""
        fields = {
            "day": self.day.isoformat() if self.day else None,
            "told": dict(self.told),
            "month": self.month,
            "segments": self.segments,
            "replies": self.replies,
            "latest": self.latest,
        }
        kept = path(self.uid)
        return Update(kept, fields, self.version) if self.version else Create(kept, fields)


def from_document(uid: str, document: Document | None) -> Tally:
    """The inverse of ``write``; a person without a document was sent nothing yet.

    Raises:
        ValueError: the document is not a tally. It must not count as an empty one: nothing would cap.
    """
    if document is None:
        return Tally(uid)
    try:
        return Tally(uid, **_read(document.fields), version=document.version)
    except (KeyError, TypeError, ValueError, AttributeError) as exc:
        raise ValueError(f"{document.path} is not a tally") from exc


def _read(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "day": None if fields["day"] is None else date.fromisoformat(fields["day"]),
        "told": {key: _whole(count) for key, count in fields["told"].items()},
        "month": _text(fields["month"]),
        "segments": _whole(fields["segments"]),
        "replies": _whole(fields["replies"]),
        "latest": None if fields["latest"] is None else _text(fields["latest"]),
    }


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a count")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _key(channel: Channel, watch_id: str | None = None) -> str:
    return channel.value if watch_id is None else f"{channel.value}:{watch_id}"
