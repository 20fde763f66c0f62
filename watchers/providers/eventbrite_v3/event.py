"""One event of Eventbrite as an observation.

https://www.eventbrite.com/platform/api#/reference/event/retrieve/retrieve-an-event

What is not said stays unsaid. It never raises; what cannot be understood becomes a problem.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from watchers.observation import Availability, EventStatus, Observation
from watchers.providers import shapes
from watchers.providers.eventbrite_v3.tickets import offer
from watchers.target import Target

_OVER = frozenset({"ended", "completed"})
_PUBLIC = _OVER | {"live", "started"}
_CANCELLED = frozenset({"canceled", "cancelled"})
# A cancelled event often stays "live" or "completed", and only its sales say what became of it.
_BY_SALES = {"event_cancelled": EventStatus.CANCELLED, "event_postponed": EventStatus.POSTPONED}
_NOT_EXPANDED = "Eventbrite could not say what tickets there are this time."
_BY_AVAILABILITY = {
    Availability.AVAILABLE: EventStatus.ONSALE,
    Availability.UNAVAILABLE: EventStatus.OFFSALE,
}


def event_of(body: object) -> Mapping[str, Any] | None:
    """A body that is one event, or ``None``."""
    event = shapes.mapping(body)
    return event if event_id(event) and {"start", "ticket_availability"} & event.keys() else None


def event_id(event: Mapping[str, Any]) -> str | None:
    """The id: digits, mostly as a text."""
    value = event.get("id")
    whole = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**19
    text = str(value) if whole or isinstance(value, str) else ""
    return text if re.fullmatch(r"[1-9][0-9]{0,18}", text) else None


def observe(event: Mapping[str, Any], target: Target, now: datetime, *, expanded: bool = True) -> Observation:
    """What Eventbrite says about one event; not ``expanded``: it could not add the event's tickets."""
    code = shapes.text(event.get("status"))
    standing = _standing(code, event)
    over = standing is not None or code in _OVER
    can_be_bought, found, problems = offer(event, over=over)
    if unknown := _unknown_status(code):
        can_be_bought, found, problems = Availability.UNKNOWN, (), (unknown,)
    venue = shapes.mapping(event.get("venue"))
    address = shapes.mapping(venue.get("address"))
    logo = shapes.mapping(event.get("logo"))
    starts_at, starts_on = _start(shapes.mapping(event.get("start")))
    tickets = shapes.mapping(event.get("ticket_availability"))
    return Observation(
        target=target,
        at=now,
        name=_text(event.get("name")),
        url=shapes.url(event.get("url")),
        venue=shapes.text(venue.get("name")),
        city=shapes.text(address.get("city")),
        region=shapes.text(address.get("region")),
        country=_country(address.get("country")),
        image=shapes.url(logo.get("url")) or shapes.url(shapes.mapping(logo.get("original")).get("url")),
        starts_at=starts_at,
        starts_on=starts_on,
        status=standing or (_BY_AVAILABILITY.get(can_be_bought) if code in _PUBLIC else None),
        availability=can_be_bought,
        onsale_at=shapes.instant(shapes.mapping(tickets.get("start_sales_date")).get("utc")),
        prices=found,
        problems=problems if expanded else (*problems, _NOT_EXPANDED),
    )


def _standing(code: str | None, event: Mapping[str, Any]) -> EventStatus | None:
    """Cancelled or postponed, wherever that is said."""
    sales = shapes.mapping(event.get("event_sales_status"))
    if code in _CANCELLED:
        return EventStatus.CANCELLED
    return _BY_SALES.get(shapes.text(sales.get("message_code")) or "")


def _unknown_status(code: str | None) -> str | None:
    if code == "draft":
        return "The event is a draft: it is not public."
    if code is None or code in _PUBLIC or code in _CANCELLED:
        return None
    return "The event's status is not one we know."


def _start(start: Mapping[str, Any]) -> tuple[datetime | None, date | None]:
    utc, local = shapes.instant(start.get("utc")), _local(start.get("local"))
    by_both = shapes.offset(utc.replace(tzinfo=None), local) if utc and local else None
    zone = shapes.zone(start.get("timezone")) or by_both
    at = utc.astimezone(zone or UTC) if utc else None
    own = local or (at if zone else None)
    return at, own.date() if own else None


def _local(value: object) -> datetime | None:
    """``2026-12-04T19:00:00``, by the place's own clock."""
    moment = shapes.instant(f"{value}Z") if isinstance(value, str) else None
    return moment.replace(tzinfo=None) if moment else None


def _text(value: object) -> str | None:
    """``{"text", "html"}``, of which the text."""
    return shapes.text(shapes.mapping(value).get("text"))


def _country(value: object) -> str | None:
    return value if isinstance(value, str) and re.fullmatch(r"[A-Z]{2}", value) else None
