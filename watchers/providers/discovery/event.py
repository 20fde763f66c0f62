"""One event of Discovery v2 as an observation.

https://developer.ticketmaster.com/products-and-docs/apis/discovery-api/v2/#event-details-v2

What is not said stays unsaid: no hour is invented for "to be announced", and no zone for a venue without
one (though where it says its local hour too, that hour is kept). It never raises; what cannot be understood
becomes a problem of the observation.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from watchers.observation import Availability, EventStatus, Observation, Presale
from watchers.providers import shapes
from watchers.providers.discovery.prices import prices
from watchers.target import Target

_STATUS = {
    "onsale": EventStatus.ONSALE,
    "offsale": EventStatus.OFFSALE,
    "cancelled": EventStatus.CANCELLED,  # what is sent
    "canceled": EventStatus.CANCELLED,  # what is documented
    "postponed": EventStatus.POSTPONED,
    "rescheduled": EventStatus.RESCHEDULED,
}
# A rescheduled show may be on sale for its new date or not: nothing says which.
_AVAILABILITY = {
    EventStatus.ONSALE: Availability.AVAILABLE,
    EventStatus.OFFSALE: Availability.UNAVAILABLE,
    EventStatus.CANCELLED: Availability.UNAVAILABLE,
    EventStatus.POSTPONED: Availability.UNAVAILABLE,
}
_FURTHEST, _STEP = timedelta(hours=14), timedelta(minutes=15)  # of local time from UTC


def observe(event: Mapping[str, Any], target: Target, now: datetime) -> Observation:
    """What Discovery says about one event."""
    venue = _first_venue(event)
    state = shapes.mapping(venue.get("state"))
    start = _Start.of(event, venue)
    code = shapes.mapping(shapes.mapping(event.get("dates")).get("status")).get("code")
    status = _STATUS.get(str(code).lower())
    found, problems = prices(event.get("priceRanges"))
    if code is not None and status is None:
        problems = (*problems, "The event's status is not one we know.")
    return Observation(
        target=target,
        at=now,
        name=shapes.text(event.get("name")),
        url=shapes.url(event.get("url")),
        venue=shapes.text(venue.get("name")),
        city=shapes.text(shapes.mapping(venue.get("city")).get("name")),
        region=shapes.text(state.get("stateCode")) or shapes.text(state.get("name")),
        country=_country(venue),
        performers=_performers(event),
        category=_category(event),
        image=_image(event),
        starts_at=start.at,
        starts_on=start.on,
        status=status,
        availability=_AVAILABILITY.get(status, Availability.UNKNOWN) if status else Availability.UNKNOWN,
        onsale_at=_onsale_at(event),
        presales=_presales(event),
        prices=found,
        problems=problems,
    )


def event_of(body: object) -> Mapping[str, Any] | None:
    """A body that is one event, or ``None``."""
    event = shapes.mapping(body)
    return event if event_id(event) and {"name", "dates"} & event.keys() else None


def event_id(event: Mapping[str, Any]) -> str | None:
    """The id; upper and lower case count."""
    return shapes.text(event.get("id"))


def _first_venue(event: Mapping[str, Any]) -> Mapping[str, Any]:
    venues = shapes.rows(shapes.mapping(event.get("_embedded")).get("venues"))
    return venues[0] if venues else {}


def _country(venue: Mapping[str, Any]) -> str | None:
    code = shapes.mapping(venue.get("country")).get("countryCode")
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z]{2}", code) else None


def _performers(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Discovery's attractions, the headliner first."""
    attractions = shapes.rows(shapes.mapping(event.get("_embedded")).get("attractions"))
    return tuple(dict.fromkeys(filter(None, (shapes.text(one.get("name")) for one in attractions))))


def _category(event: Mapping[str, Any]) -> str | None:
    """The segment, such as Music, of the primary classification."""
    classes = shapes.rows(event.get("classifications"))
    primary = next((one for one in classes if one.get("primary") is True), classes[0] if classes else {})
    name = shapes.text(shapes.mapping(primary.get("segment")).get("name"))
    return None if name == "Undefined" else name


def _image(event: Mapping[str, Any]) -> str | None:
    """The largest picture of 16:9 that is the event's own and no stand-in for it."""
    images = [one for one in shapes.rows(event.get("images")) if one.get("ratio") == "16_9"]
    own = [one for one in images if one.get("fallback") is not True and shapes.url(one.get("url"))]
    return shapes.url(max(own, key=_width)["url"]) if own else None


def _width(image: Mapping[str, Any]) -> int:
    """A number, or a text as the feed has it."""
    width = str(image.get("width"))
    return int(width) if re.fullmatch(r"[0-9]{1,6}", width) else 0


class _Start(msgspec.Struct, frozen=True):
    at: datetime | None
    on: date | None

    @classmethod
    def of(cls, event: Mapping[str, Any], venue: Mapping[str, Any]) -> "_Start":
        dates = shapes.mapping(event.get("dates"))
        start = shapes.mapping(dates.get("start"))
        if start.get("dateTBA") is True or start.get("dateTBD") is True:
            return cls(None, None)
        zone = shapes.zone(dates.get("timezone")) or shapes.zone(venue.get("timezone"))
        at = _moment(start, zone)
        on = shapes.local_date(start.get("localDate")) or (at.date() if at and zone else None)
        no_hour = start.get("timeTBA") is True or start.get("noSpecificTime") is True
        return cls(None if no_hour else at, on)


def _moment(start: Mapping[str, Any], zone: ZoneInfo | None) -> datetime | None:
    day, hour = shapes.local_date(start.get("localDate")), _local_time(start.get("localTime"))
    local = datetime.combine(day, hour) if day and hour else None
    if at := shapes.instant(start.get("dateTime")):
        return at.astimezone(zone or _offset(at, local))
    return local.replace(tzinfo=zone) if local and zone else None


def _offset(at: datetime, local: datetime | None) -> tzinfo:
    """How far the local hour lies from UTC, where both are said and this can be."""
    ahead = local - at.replace(tzinfo=None) if local else timedelta(0)
    return timezone(ahead) if ahead and abs(ahead) <= _FURTHEST and not ahead % _STEP else UTC


def _local_time(value: object) -> time | None:
    try:
        hour = time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return hour.replace(tzinfo=None) if hour else None


def _onsale_at(event: Mapping[str, Any]) -> datetime | None:
    public = shapes.mapping(shapes.mapping(event.get("sales")).get("public"))
    if public.get("startTBA") is True or public.get("startTBD") is True:
        return None
    return shapes.instant(public.get("startDateTime"))


def _presales(event: Mapping[str, Any]) -> tuple[Presale, ...]:
    """In the order of time: Discovery's own order varies, and a new order is no news."""
    found = {
        Presale(shapes.text(row.get("name")) or "Presale", starts_at, shapes.instant(row.get("endDateTime")))
        for row in shapes.rows(shapes.mapping(event.get("sales")).get("presales"))
        if (starts_at := shapes.instant(row.get("startDateTime")))
    }
    return tuple(sorted(found, key=lambda one: (one.starts_at, one.name, str(one.ends_at))))
