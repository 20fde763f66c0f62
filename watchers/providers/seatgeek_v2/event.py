"""One event of SeatGeek as an observation.

https://platform.seatgeek.com/#events

What is not said stays unsaid: 03:30 stands for an hour that is not announced, and a day "to be determined" is
none. It never raises; what cannot be understood becomes a problem.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from watchers.observation import Availability, EventStatus, Observation
from watchers.providers import shapes
from watchers.providers.seatgeek_v2.stats import listing_count, prices
from watchers.target import Target

COUNTRIES = {"US": "US", "CA": "Canada"}  # as SeatGeek writes them
_CODES = {name: code for code, name in COUNTRIES.items()} | {"USA": "US", "United States": "US"}
_NO_HOUR = time(3, 30)
_NORMAL = "normal"  # on sale or not: it does not say
_STATUS = {
    "cancelled": EventStatus.CANCELLED,
    "canceled": EventStatus.CANCELLED,
    "postponed": EventStatus.POSTPONED,
    "rescheduled": EventStatus.RESCHEDULED,
}
_NOT_HELD = frozenset({EventStatus.CANCELLED, EventStatus.POSTPONED})


def observe(event: Mapping[str, Any], target: Target, now: datetime) -> Observation:
    """What SeatGeek says about one event."""
    venue = shapes.mapping(event.get("venue"))
    country = _country(venue.get("country"))
    found, problems = prices(event, country)
    status, unknown = _status(event.get("status"))
    starts_at, starts_on = _start(event, venue)
    listed, players = listing_count(event), _players(event)
    return Observation(
        target=target,
        at=now,
        name=shapes.text(event.get("title")) or shapes.text(event.get("short_title")),
        url=shapes.url(event.get("url")),
        venue=shapes.text(venue.get("name")),
        city=shapes.text(venue.get("city")),
        region=shapes.text(venue.get("state")),
        country=country,
        performers=tuple(name for one in players if (name := shapes.text(one.get("name")))),
        category=shapes.text(event.get("type")),
        image=next(filter(None, map(_image, players)), None),
        listing_count=listed,
        starts_at=starts_at,
        starts_on=starts_on,
        status=status,
        availability=_availability(status, is_offered=bool(found or listed)),
        prices=found,
        problems=(*problems, *unknown),
    )


def _availability(status: EventStatus | None, *, is_offered: bool) -> Availability:
    """No listings are no word: ``stats`` are empty for most, whatever is on sale."""
    if status in _NOT_HELD:
        return Availability.UNAVAILABLE
    return Availability.AVAILABLE if is_offered else Availability.UNKNOWN


def _status(value: object) -> tuple[EventStatus | None, tuple[str, ...]]:
    if value is None or value == _NORMAL:
        return None, ()
    status = _STATUS.get(value) if isinstance(value, str) else None
    return status, () if status else ("The event's status is not one we know.",)


def _players(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The headliner first, where one is named."""
    return sorted(shapes.rows(event.get("performers")), key=lambda one: one.get("primary") is not True)


def _image(performer: Mapping[str, Any]) -> str | None:
    largest = shapes.mapping(performer.get("images")).get("huge")
    return shapes.url(largest) or shapes.url(performer.get("image"))


def _country(value: object) -> str | None:
    name = shapes.text(value) or ""
    return _CODES.get(name) or (name if re.fullmatch(r"[A-Z]{2}", name) else None)


def _start(event: Mapping[str, Any], venue: Mapping[str, Any]) -> tuple[datetime | None, date | None]:
    """The moment, and the venue's own day. ``datetime_tbd`` alone leaves both open."""
    without_day = event.get("date_tbd") is True or (
        event.get("datetime_tbd") is True and event.get("date_tbd") is not False
    )
    if without_day:
        return None, None
    local, zone = _naive(event.get("datetime_local")), shapes.zone(venue.get("timezone"))
    utc = _naive(event.get("datetime_utc"))
    own_zone = zone or (shapes.offset(utc, local) if utc and local else None)
    at = utc.replace(tzinfo=UTC).astimezone(own_zone or UTC) if utc else None
    if at is None and local and zone:
        at = local.replace(tzinfo=zone)
    own = local or (at.replace(tzinfo=None) if at and zone else None)
    no_hour = event.get("time_tbd") is True or event.get("datetime_tbd") is True
    if no_hour or (own and own.time() == _NO_HOUR):
        at = None
    return at, own.date() if own else None


def _naive(value: object) -> datetime | None:
    """``2026-12-04T19:30:00``: all of SeatGeek's times are without a zone."""
    moment = shapes.instant(f"{value.removesuffix('Z')}Z") if isinstance(value, str) else None
    return moment.replace(tzinfo=None) if moment else None
