"""What a page says of its event or thing besides prices: when, where, who, and how it stands."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from watchers.observation import Availability, EventStatus
from watchers.providers import shapes
from watchers.providers.pages.markup import absolute
from watchers.providers.pages.nodes import Node
from watchers.providers.pages.things import is_event

_MOST_PERFORMERS = 20
# https://schema.org/EventStatusType ; "scheduled" says nothing of the sale.
_STATUS = {
    "eventcancelled": EventStatus.CANCELLED,
    "eventcanceled": EventStatus.CANCELLED,
    "eventpostponed": EventStatus.POSTPONED,
    "eventrescheduled": EventStatus.RESCHEDULED,
}
_SALE = {Availability.AVAILABLE: EventStatus.ONSALE, Availability.UNAVAILABLE: EventStatus.OFFSALE}
# Countries as pages write them instead of the two letters of ISO 3166.
_COUNTRIES = {
    "UK": "GB",
    "GREAT BRITAIN": "GB",
    "UNITED KINGDOM": "GB",
    "ENGLAND": "GB",
    "SCOTLAND": "GB",
    "WALES": "GB",
    "USA": "US",
    "UNITED STATES": "US",
    "UNITED STATES OF AMERICA": "US",
    "CANADA": "CA",
    "MEXICO": "MX",
    "MÉXICO": "MX",
    "IRELAND": "IE",
    "AUSTRALIA": "AU",
    "NEW ZEALAND": "NZ",
    "GERMANY": "DE",
    "DEUTSCHLAND": "DE",
    "AUSTRIA": "AT",
    "ÖSTERREICH": "AT",
    "SWITZERLAND": "CH",
    "SCHWEIZ": "CH",
    "FRANCE": "FR",
    "SPAIN": "ES",
    "ESPAÑA": "ES",
    "ITALY": "IT",
    "ITALIA": "IT",
    "NETHERLANDS": "NL",
    "BELGIUM": "BE",
    "SWEDEN": "SE",
    "NORWAY": "NO",
    "DENMARK": "DK",
    "FINLAND": "FI",
    "POLAND": "PL",
    "PORTUGAL": "PT",
    "JAPAN": "JP",
    "BRAZIL": "BR",
    "BRASIL": "BR",
}


def facts(said: Sequence[Node], url: str) -> dict[str, Any]:
    """The fields of an Observation that are known, from the first description that says each."""
    told = [_facts(node, url) for node in said]
    return {name: value for one in reversed(told) for name, value in one.items() if value}


def unread(said: Sequence[Node]) -> str | None:
    """What is said and cannot be understood, as a sentence."""
    starts = [_start(node) for node in said if is_event(node) and node.text("startdate")]
    if starts and not any(start.at or start.on for start in starts):
        return "The event's start is not written as a date that can be read."
    return None


def status(said: Sequence[Node], availability: Availability) -> EventStatus | None:
    """Where the event stands; on or off sale where nothing worse is said."""
    if not is_event(said[0]):
        return None
    words = {one.lower() for node in said for one in node.words("eventstatus")}
    meant = {_STATUS[word] for word in words if word in _STATUS}
    for worst in (EventStatus.CANCELLED, EventStatus.POSTPONED, EventStatus.RESCHEDULED):
        if worst in meant:
            return worst
    return _SALE.get(availability)


def _facts(node: Node, url: str) -> dict[str, Any]:
    event = is_event(node)
    place = _place(node) if event else None
    start = _start(node) if event else _Start()
    return {
        "name": node.text("name", "headline"),
        "image": _image(node, url),
        "category": _kind(node) if event else node.text("category"),
        "performers": tuple(dict.fromkeys(node.texts("performer", "performers")))[:_MOST_PERFORMERS]
        if event
        else (),
        "starts_at": start.at,
        "starts_on": start.on,
        **(_where(place) if place else {"venue": node.text("location") if event else None}),
    }


def _kind(node: Node) -> str | None:
    """``MusicEvent``; that something is an event says nothing."""
    return next((one[:60] for one in node.types if one.lower() not in ("event", "thing")), None)


def _image(node: Node, url: str) -> str | None:
    for one in node.all("image", "thumbnailurl"):
        address = one.text("url", "contenturl", "@id") if isinstance(one, Node) else one
        if isinstance(address, str) and (full := absolute(url, address)):
            return shapes.url(full)
    return None


# ── where ────────────────────────────────────────────────────────────────────────────────────────────────


def _place(event: Node) -> Node | None:
    places = event.nodes("location")
    real = [one for one in places if not one.is_a("virtuallocation")]
    return next(iter(real or places), None)


def _where(place: Node) -> dict[str, Any]:
    address = next(iter(place.nodes("address")), Node())
    return {
        "venue": place.text("name"),
        "city": address.text("addresslocality"),
        "region": address.text("addressregion"),
        "country": _country(address.text("addresscountry")),
    }


def _country(written: str | None) -> str | None:
    text = (written or "").upper()
    if text in _COUNTRIES:
        return _COUNTRIES[text]
    return text if re.fullmatch(r"[A-Z]{2}", text) else None


# ── when ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Start(msgspec.Struct, frozen=True):
    at: datetime | None = None
    on: date | None = None


def _start(event: Node) -> _Start:
    """Without an offset only the day is known, unless the zone is said. Midnight stands for no hour."""
    written = event.text("startdate") or ""
    if day := shapes.local_date(written):
        return _Start(None, day)
    moment = _moment(written)
    day = shapes.local_date(moment.date().isoformat()) if moment else None
    if moment is None or day is None:
        return _Start()
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_zone(event))
    if written.upper().endswith("Z"):  # an instant, whatever day it is at the venue
        return _Start(moment, None)
    hour_said = moment.tzinfo is not None and moment.time() != time()
    return _Start(moment if hour_said else None, day)


def _zone(event: Node) -> ZoneInfo | None:
    said = (shapes.zone(one.text("scheduletimezone")) for one in event.nodes("eventschedule"))
    return next((zone for zone in said if zone), None)


def _moment(written: str) -> datetime | None:
    try:
        return datetime.fromisoformat(written)
    except ValueError:
        return None
