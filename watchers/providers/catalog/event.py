"""One event of StubHub's catalogue as an observation.

https://viagogo.github.io/stubhub-api-docs/api-reference/catalog

``min_ticket_price`` is what the cheapest ticket is offered for by other fans: some 15 to 20 % over what the
site shows (https://github.com/viagogo/stubhub-api-docs/issues/26), so only good to be compared with itself.
Often there is none, which says neither that it is free nor that it is sold out.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from watchers.money import Basis
from watchers.observation import Availability, EventStatus, Observation, Price
from watchers.providers import amounts, shapes
from watchers.target import Target

NAME = "stubhub"
PARKING = "This is a parking pass, not the event; its price is not used."
CALLED_OFF = "The event is cancelled or not public; the price that stands there is not used."
NO_PRICE = "StubHub names no lowest price over 0 in a known currency."
STATUS = "The event's status is not one we know."

_STATUS = {
    "normal": EventStatus.ONSALE,  # it takes place as planned
    "relocated": EventStatus.ONSALE,  # elsewhere: the venue says where
    "contingent": None,  # it may take place: a play-off
    "postponed": EventStatus.POSTPONED,
    "cancelled": EventStatus.CANCELLED,
    "canceled": EventStatus.CANCELLED,
    "rescheduled": EventStatus.RESCHEDULED,
    "relocatedandrescheduled": EventStatus.RESCHEDULED,
    "draft": None,
    "deleted": None,
}
_NOT_PUBLIC = ("draft", "deleted")


def event_id(event: Mapping[str, Any]) -> str | None:
    """The number as text."""
    number = shapes.count(event.get("id"))
    return str(number) if number else None


def is_show(event: Mapping[str, Any]) -> bool:
    """Whether it is an event to go to: no parking pass, and public."""
    return not _is_parking(event) and _said(event, "status") not in _NOT_PUBLIC


def entry(event: Mapping[str, Any], now: datetime) -> Observation:
    """An event of a page as a target of its own; one without a number has the item ``""``."""
    return observe(event, Target(NAME, item=event_id(event) or ""), now)


def observe(event: Mapping[str, Any], target: Target, now: datetime) -> Observation:
    """What StubHub says about one event."""
    embedded = shapes.mapping(event.get("_embedded"))
    venue = shapes.mapping(embedded.get("venue"))
    country = shapes.mapping(shapes.mapping(venue.get("_embedded")).get("country"))
    status = _STATUS.get(_said(event, "status"))
    starts_at = _local(event.get("start_date")) if event.get("date_confirmed") is not False else None
    price, problems = _price(event, status)
    return Observation(
        target=target,
        at=now,
        name=shapes.text(event.get("name")),
        url=_page(event),
        venue=shapes.text(venue.get("name")),
        city=shapes.text(venue.get("city")),
        region=shapes.text(venue.get("state_province")),
        country=_country(country.get("code")),
        category=_category(embedded),
        starts_at=None if event.get("time_confirmed") is False else starts_at,
        starts_on=_day(event.get("start_date"), starts_at),
        status=status,
        availability=_availability(status, is_offered=price is not None),
        onsale_at=shapes.instant(event.get("on_sale_date")),
        prices=(price,) if price else (),
        problems=problems,
    )


def _said(event: Mapping[str, Any], name: str) -> str:
    return (shapes.text(event.get(name)) or "").lower()


def _is_parking(event: Mapping[str, Any]) -> bool:
    return _said(event, "type") == "parking"


def _price(event: Mapping[str, Any], status: EventStatus | None) -> tuple[Price | None, tuple[str, ...]]:
    """The lowest price, and what is to be said of it and of the status."""
    said, money = _said(event, "status"), event.get("min_ticket_price")
    problems = (STATUS,) if said and said not in _STATUS else ()
    if _is_parking(event):
        return None, (*problems, PARKING)
    if money is None:
        return None, problems
    if status is EventStatus.CANCELLED or said in _NOT_PUBLIC:
        return None, (*problems, CALLED_OFF)
    asked = shapes.mapping(money)
    price = amounts.price(Basis.RESALE, asked.get("amount"), asked.get("currency_code"))
    return price, problems if price else (*problems, NO_PRICE)


def _availability(status: EventStatus | None, *, is_offered: bool) -> Availability:
    if status is EventStatus.CANCELLED:
        return Availability.UNAVAILABLE
    return Availability.AVAILABLE if is_offered else Availability.UNKNOWN


def _local(value: object) -> datetime | None:
    """The start at the venue's own offset; one that ends in Z is known as a moment, its day is not."""
    return datetime.fromisoformat(str(value)) if shapes.instant(value) else None


def _day(value: object, starts_at: datetime | None) -> date | None:
    return starts_at.date() if starts_at and not str(value).endswith(("Z", "z")) else None


def _page(event: Mapping[str, Any]) -> str | None:
    return shapes.url(shapes.mapping(shapes.mapping(event.get("_links")).get("event:webpage")).get("href"))


def _category(embedded: Mapping[str, Any]) -> str | None:
    first = next(iter(shapes.rows(embedded.get("categories"))), {})
    return shapes.text(shapes.mapping(embedded.get("genre")).get("name")) or shapes.text(first.get("name"))


def _country(code: object) -> str | None:
    return code if isinstance(code, str) and re.fullmatch(r"[A-Z]{2}", code) else None
