"""A row of the feed in the shape of Discovery v2, from which all of it comes.

https://developer.ticketmaster.com/products-and-docs/apis/discovery-feed

So what Discovery means by a date, a status, a price or a picture is understood in one place. Only the feed
says ``transactable`` (whether tickets or resale offers can be bought at Ticketmaster) and ``source``: a row
of ``TMR``, Ticketmaster Resale, has prices that fans ask. What is not said is ``""`` here, and sometimes 0.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from watchers.observation import Availability, EventStatus, Observation
from watchers.providers import shapes
from watchers.providers.discovery.event import observe
from watchers.providers.discovery.shows import not_a_show, with_problem
from watchers.target import Target

_LEVELS = {
    "segment": "classificationSegment",
    "genre": "classificationGenre",
    "subGenre": "classificationSubGenre",
    "type": "classificationType",
    "subType": "classificationSubType",
}
_TRANSACTABLE = {"true": Availability.AVAILABLE, "false": Availability.UNAVAILABLE}
_ON_OR_OFF = frozenset({EventStatus.ONSALE, EventStatus.OFFSALE})
_RESALE = frozenset({"tmr", "ticketmaster resale"})
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?Z")


def row_id(row: Mapping[str, Any]) -> str | None:
    """Discovery's own id; upper and lower case count."""
    return shapes.text(row.get("eventId"))


def observed(row: Mapping[str, Any], target: Target, now: datetime) -> Observation:
    """What a row says about one event."""
    seen = observe(_event(row), target, now)
    said = _TRANSACTABLE.get(str(row.get("transactable")).lower(), seen.availability)
    contradicts = seen.status in _ON_OR_OFF and said is not seen.availability
    if not contradicts and said is not Availability.UNAVAILABLE:
        return seen
    known = Availability.UNKNOWN if contradicts else seen.availability
    return replace(seen, availability=known, prices=())  # what cannot be bought costs nothing that counts


def item(row: Mapping[str, Any], target: Target, now: datetime) -> Observation:
    """An event asked for by id: seen even where it is no show, with a problem that says so."""
    seen, reason = observed(row, target, now), why_no_show(row)
    return with_problem(seen, reason) if reason else seen


def why_no_show(row: Mapping[str, Any]) -> str | None:
    """Why a row is no show of its own, as a sentence; ``None`` when it is one."""
    return not_a_show(_event(row))


def categories(row: Mapping[str, Any]) -> Iterator[str]:
    """What kind of event it is, at every level: Music, Rock and so on."""
    return filter(None, (shapes.text(row.get(name)) for name in _LEVELS.values()))


def performers(row: Mapping[str, Any]) -> Iterator[str]:
    """Who plays."""
    return filter(None, (shapes.text(one.get("attractionName")) for one in _within(row, "attraction")))


def _event(row: Mapping[str, Any]) -> dict[str, Any]:
    venue = shapes.mapping(row.get("venue"))
    start = {
        "dateTime": row.get("eventStartDateTime"),
        "localDate": row.get("eventStartLocalDate"),
        "localTime": row.get("eventStartLocalTime"),
    }
    return {
        "name": row.get("eventName"),
        "url": shapes.url(row.get("primaryEventUrl")) or row.get("resaleEventUrl"),
        "images": _images(row),
        "dates": {
            "start": start,
            "timezone": venue.get("venueTimezone"),
            "status": {"code": row.get("eventStatus") or None},
        },
        "sales": {
            "public": {"startDateTime": row.get("onsaleStartDateTime")},
            "presales": list(_presales(row)),
        },
        "classifications": [{level: {"name": row.get(name)} for level, name in _LEVELS.items()}],
        "priceRanges": list(_ranges(row)),
        "_embedded": {
            "venues": [_venue(venue)],
            "attractions": [{"name": name} for name in performers(row)],
        },
    }


def _venue(venue: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": venue.get("venueName"),
        "city": {"name": venue.get("venueCity")},
        "state": {"stateCode": venue.get("venueStateCode")},
        "country": {"countryCode": venue.get("venueCountryCode")},
    }


def _within(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """``{"images": [{"image": {...}}, ...]}`` without the wrapping, where there is one."""
    return [shapes.mapping(one.get(name)) or one for one in shapes.rows(row.get(f"{name}s"))]


def _images(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All of them; the one without a size, if there is no better."""
    return [{"ratio": "16_9", "url": row.get("eventImageUrl")}, *_within(row, "image")]


def _ranges(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Discovery's price ranges, whose minimum is said."""
    kind = "resale" if str(row.get("source")).lower() in _RESALE else "standard"
    for suffix, basis in (("", kind), ("WithFees", f"{kind} including fees")):
        low, high = (_amount(row.get(f"{end}Price{suffix}")) for end in ("min", "max"))
        if low is not None:
            yield {"type": basis, "currency": row.get("currency"), "min": low, "max": high or None}


def _amount(value: object) -> object:
    """A number, also one that is written as a text; ``""`` is none."""
    if value is None or value == "":
        return None
    return Decimal(str(value)) if _AMOUNT.fullmatch(str(value)) else "not an amount"


def _presales(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The one presale that has a name of its own and two moments in one text."""
    said = row.get("presaleDateTimeRange")
    moments = _INSTANT.findall(said) if isinstance(said, str) else []
    if moments:
        ends_at = moments[1] if len(moments) > 1 else None
        yield {"name": row.get("presaleName"), "startDateTime": moments[0], "endDateTime": ends_at}
