"""An event of the market as Ticketmaster's Discovery API writes it. Pure."""

from datetime import datetime
from typing import Any

from sandbox.goods import MARK, Event, Presale, PriceRange, Venue

TYPES = {"face": "standard", "all_in": "standard including fees"}
NO_ONSALE_DATE = "1900-01-01T18:00:00Z"  # what the API publishes where nobody entered one
UNDEFINED = {"id": "SbxUndefined", "name": "Undefined"}


def event_document(event: Event, base_url: str) -> dict[str, Any]:
    """One event; its links and pictures are the market's own, under ``base_url`` (with the last slash)."""
    document: dict[str, Any] = {"name": event.name, "type": "event", "id": event.id, "test": False}
    if event.listed:
        document["url"] = f"{base_url}event/{event.id}"
    document |= {"locale": event.locale, "images": _images(event.id, base_url)}
    if event.listed:
        document |= {"sales": _sales(event)}
    document["dates"] = _dates(event)
    if event.listed:
        document |= {"classifications": [_classification(event)], "info": f"An invented event {MARK}."}
    if event.prices:
        document["priceRanges"] = [_price(price) for price in event.prices]
    return document | {"_links": _links(event), "_embedded": _embedded(event, base_url)}


def _images(name: str, base_url: str) -> list[dict[str, Any]]:
    sizes = (("16_9", 1136, 639, "RETINA_LANDSCAPE_16_9"), ("3_2", 305, 203, "ARTIST_PAGE_3_2"))
    return [
        {
            "ratio": ratio,
            "url": f"{base_url}poster/{name}_{kind}.svg",
            "width": width,
            "height": height,
            "fallback": False,
        }
        for ratio, width, height, kind in sizes
    ]


def _sales(event: Event) -> dict[str, Any]:
    starts = _stamp(event.onsale_at) if event.onsale_at else NO_ONSALE_DATE
    public = {"startDateTime": starts, "startTBD": False, "endDateTime": _stamp(event.starts_at)}
    sales: dict[str, Any] = {"public": public}
    if event.presales:
        sales["presales"] = [_presale(presale) for presale in event.presales]
    return sales


def _presale(presale: Presale) -> dict[str, str]:
    return {
        "startDateTime": _stamp(presale.starts_at),
        "endDateTime": _stamp(presale.ends_at),
        "name": presale.name,
    }


def _dates(event: Event) -> dict[str, Any]:
    start: dict[str, Any] = {"localDate": event.on.isoformat()}
    if event.local_time:
        start |= {"localTime": event.local_time.isoformat(), "dateTime": _stamp(event.starts_at)}
    start |= {
        "dateTBD": False,
        "dateTBA": event.tba,
        "timeTBA": event.tba,
        "noSpecificTime": event.local_time is None and not event.tba,
    }
    zone = {"timezone": event.venue.timezone} if event.says_timezone else {}
    return {"start": start} | zone | {"status": {"code": event.status}, "spanMultipleDays": False}


def _classification(event: Event) -> dict[str, Any]:
    return {
        "primary": True,
        "segment": {"id": f"Sbx{event.segment[:5].strip()}", "name": event.segment},
        "genre": {"id": f"Sbx{event.genre[:5].strip()}", "name": event.genre},
        "subGenre": UNDEFINED,
        "type": UNDEFINED,
        "subType": UNDEFINED,
        "family": False,
    }


def _price(price: PriceRange) -> dict[str, Any]:
    return {
        "type": TYPES[price.basis],
        "currency": price.currency,
        "min": float(price.low),
        "max": float(price.high),
    }


def _links(event: Event) -> dict[str, Any]:
    links: dict[str, Any] = {"self": _ref("events", event.id, event.locale)}
    if event.listed:
        links["attractions"] = [_ref("attractions", _act_id(event), event.locale)]
    return links | {"venues": [_ref("venues", event.venue.id, event.locale)]}


def _embedded(event: Event, base_url: str) -> dict[str, Any]:
    embedded: dict[str, Any] = {"venues": [_venue(event.venue, event.locale, base_url)]}
    if event.listed:
        embedded["attractions"] = [_attraction(event, base_url)]
    return embedded


def _venue(venue: Venue, locale: str, base_url: str) -> dict[str, Any]:
    return {
        "name": venue.name,
        "type": "venue",
        "id": venue.id,
        "test": False,
        "url": base_url,
        "locale": locale,
        "postalCode": "00000",
        "timezone": venue.timezone,
        "city": {"name": venue.city},
        "country": {"name": venue.country, "countryCode": venue.country_code},
        "address": {"line1": "1 Sandbox Street"},
        "location": {"longitude": "0.000000", "latitude": "0.000000"},
        "_links": {"self": _ref("venues", venue.id, locale)},
    }


def _attraction(event: Event, base_url: str) -> dict[str, Any]:
    return {
        "name": event.name,
        "type": "attraction",
        "id": _act_id(event),
        "test": False,
        "url": base_url,
        "locale": event.locale,
        "images": _images(event.id, base_url),
        "classifications": [_classification(event)],
        "_links": {"self": _ref("attractions", _act_id(event), event.locale)},
    }


def _act_id(event: Event) -> str:
    return "SbxAct" + "".join(letter for letter in event.act if letter.isalnum())[:16]


def _ref(kind: str, name: str, locale: str) -> dict[str, str]:
    return {"href": f"/discovery/v2/{kind}/{name}?locale={locale}"}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
