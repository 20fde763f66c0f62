"""Reading someone else's JSON: what has the wrong shape reads as absent, never as a crash or a guess."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from watchers.money import CURRENCIES

# Controls, and halves of characters, which JSON can carry and no database or text message can.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}")
_YEARS = range(1970, 2200)  # outside stand placeholders, such as Ticketmaster's 1900-01-01
_FURTHEST, _QUARTER = timedelta(hours=14), timedelta(minutes=15)  # zones are quarters of an hour apart


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object; anything else is empty."""
    return value if isinstance(value, dict) else {}


def rows(value: object) -> list[Mapping[str, Any]]:
    """The JSON objects of a list; anything else is empty."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: object, limit: int = 300) -> str | None:
    """A string on one line, clipped; blank is absent."""
    if not isinstance(value, str):
        return None
    return " ".join(_UNPRINTABLE.sub(" ", value).split())[:limit].strip() or None


def url(value: object) -> str | None:
    """A web address."""
    address = text(value, limit=2000)
    return address if address and re.fullmatch(r"https?://[^\s/]+\S*", address) else None


def count(value: object) -> int | None:
    """A whole number of at least 0; yes and no are none."""
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**15
    return value if is_count else None  # type: ignore[return-value]


def instant(value: object) -> datetime | None:
    """``2026-12-01T19:30:00Z`` as aware UTC; without a zone, or a placeholder, it is absent."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is None or moment.tzinfo is None or moment.year not in _YEARS:
        return None
    return moment.astimezone(UTC)


def local_date(value: object) -> date | None:
    """``2026-12-01``; a placeholder is absent."""
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return day if day and day.year in _YEARS else None


def zone(value: object) -> ZoneInfo | None:
    """A zone of the IANA database, such as ``America/Toronto``; of long paths Python looks for every part."""
    try:
        return ZoneInfo(value) if isinstance(value, str) and _ZONE.fullmatch(value) else None
    except (KeyError, ValueError, OSError):  # unknown, not a key at all, a folder of the database
        return None


def offset(utc: datetime, local: datetime) -> timezone | None:
    """The zone of a place, by a moment and the same on its own clock (both naive); absurd is absent."""
    ahead = local - utc
    return timezone(ahead) if abs(ahead) <= _FURTHEST and not ahead % _QUARTER else None


def currency(value: object) -> str | None:
    """Three capitals that ISO 4217 knows; of others nobody knows how many decimals they have."""
    return value if isinstance(value, str) and value in CURRENCIES else None
