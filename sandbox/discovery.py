"""Ticketmaster's Discovery API v2, as the market speaks it.

https://developer.ticketmaster.com/products-and-docs/apis/discovery-api/v2/ with what the documents leave
out: several ids in one ``id=``, events to be announced hidden without ``includeTBA=yes``, other languages
hidden without ``locale=*``, Rate-Limit headers on answers of 200 only (the reset in epoch milliseconds),
a size of 200 accepted although the error speaks of "less than 200".
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from flask import Blueprint, Response, g, json, request

from sandbox.discovery_documents import event_document
from sandbox.faults import suffered
from sandbox.goods import Event
from sandbox.stock import API_KEY, Market

PATH = "/discovery/v2/events"
DEFAULT_SIZE, MAX_SIZE = 20, 200
MAX_DEPTH = 1000
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

_DETAILS = {
    "DIS1015": "Query param with date must be of valid format YYYY-MM-DDTHH:mm:ssZ "
    "{example: 2020-08-01T14:00:00Z }",
    "DIS1035": "API Limits Exceeded: Max paging depth exceeded. (page * size) must be less than 1,000",
    "DIS1036": 'Query param "size" must be less than 200',
}


class _RefusedError(Exception):
    """A query that the API answers with 400; the message is the code."""


@dataclass(frozen=True, slots=True)
class _Slice:
    size: int
    number: int

    def of(self, found: Sequence[Event]) -> Sequence[Event]:
        return found[self.number * self.size : (self.number + 1) * self.size]


def blueprint(market: Market) -> Blueprint:
    """The API's two questions behind its gateway (key, quota, faults)."""
    api = Blueprint("discovery", __name__)

    @api.before_request
    def gateway() -> Response | None:
        return _gateway(market)

    @api.after_request
    def tell_the_quota(answer: Response) -> Response:
        if answer.status_code == 200 or g.get("over_quota"):  # noqa: PLR2004 - the one status that tells it
            answer.headers.update(_rate_headers(market))
        return answer

    @api.get(f"{PATH}.json")
    @api.get(PATH)
    def search() -> Response:
        return _search(market.events, request.args)

    @api.get(f"{PATH}/<event_id>.json")
    @api.get(f"{PATH}/<event_id>")
    def one(event_id: str) -> Response:
        return _one(market.events, event_id)

    return api


# ── the gateway ──────────────────────────────────────────────────────────────────────────────────────────


def _gateway(market: Market) -> Response | None:
    market.asked.append(_without_key())
    if request.args.get("apikey") != API_KEY:
        return _fault(401, "Invalid ApiKey", "oauth.v2.InvalidApiKey")
    g.left, g.resets_at = market.count_call(datetime.now(UTC))
    if g.left < 0:
        return _quota()
    return suffered(market, _spike, lambda: _quota(market.quota_back_in))


def _spike() -> Response:
    return _fault(
        429, "Spike arrest violation. Allowed rate : 5ps", "policies.ratelimit.SpikeArrestViolation"
    )


def _quota(back_in: timedelta | None = None) -> Response:
    g.over_quota, g.left = True, min(g.left, 0)
    if back_in is not None:
        g.resets_at = datetime.now(UTC) + back_in
    return _fault(  # the real one echoes the key, too
        429,
        f"Rate limit quota violation. Quota limit  exceeded. Identifier : {API_KEY}",
        "policies.ratelimit.QuotaViolation",
    )


def _rate_headers(market: Market) -> dict[str, str]:
    return {
        "Rate-Limit": str(market.calls_per_day),
        "Rate-Limit-Available": str(max(g.left, 0)),
        "Rate-Limit-Over": str(max(-g.left, 0)),
        "Rate-Limit-Reset": str(int(g.resets_at.timestamp() * 1000)),
    }


def _without_key() -> str:
    query = urlencode(
        [(key, value) for key, value in request.args.items(multi=True) if key != "apikey"], safe=",*"
    )
    return f"{request.path}?{query}" if query else request.path


# ── the questions ────────────────────────────────────────────────────────────────────────────────────────


def _search(events: Iterable[Event], asked: Mapping[str, str]) -> Response:
    try:
        part = _part(asked)
        found = _sorted([event for event in events if _matches(event, asked)], asked.get("sort", ""))
    except _RefusedError as exc:
        return _error(400, str(exc), _DETAILS[str(exc)], "400 BAD_REQUEST")
    pages = -(-len(found) // part.size)
    document: dict[str, Any] = {}
    if shown := part.of(found):
        document["_embedded"] = {"events": [event_document(event, request.host_url) for event in shown]}
    document["_links"] = _links(part, pages)
    document["page"] = {
        "size": part.size,
        "totalElements": len(found),
        "totalPages": pages,
        "number": part.number,
    }
    return _json(200, document)


def _one(events: Iterable[Event], event_id: str) -> Response:
    event = next((event for event in events if event.id == event_id), None)
    if event is None:
        detail = f"Resource not found with provided criteria (locale=en-us, id={event_id})"
        return _error(404, "DIS1004", detail, "404")
    return _json(200, event_document(event, request.host_url))


def _part(asked: Mapping[str, str]) -> _Slice:
    part = _Slice(_whole(asked.get("size"), DEFAULT_SIZE), _whole(asked.get("page"), 0))
    if not 0 < part.size <= MAX_SIZE:
        raise _RefusedError("DIS1036")
    if part.size * part.number > MAX_DEPTH:
        raise _RefusedError("DIS1035")
    return part


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _links(part: _Slice, pages: int) -> dict[str, dict[str, str]]:
    asked = [
        (key, value) for key, value in request.args.items(multi=True) if key not in ("apikey", "page", "size")
    ]

    def to(number: int) -> dict[str, str]:
        query = urlencode([*asked, ("page", number), ("size", part.size)], safe="*")
        return {"href": f"{request.path}?{query}"}

    links = {"self": {"href": quote(_without_key(), safe="/?=&,*%+")}}
    if pages > 1:
        links |= {"first": to(0), "last": to(pages - 1)}
        links |= {"next": to(part.number + 1)} if part.number + 1 < pages else {}
        links |= {"prev": to(part.number - 1)} if part.number else {}
    return links


# ── what matches ─────────────────────────────────────────────────────────────────────────────────────────


def _matches(event: Event, asked: Mapping[str, str]) -> bool:
    ids = asked.get("id")
    return (
        (ids is None or event.id in ids.split(","))
        and (not event.tba or asked.get("includeTBA") == "yes")
        and asked.get("locale", "en")[:2] in ("*", event.locale[:2])
        and _has_words(event, asked.get("keyword", ""))
        and _is_one_of(event.venue.city, asked.get("city"))
        and _is_one_of(event.venue.country_code, asked.get("countryCode"))
        and _classified(event, asked.get("classificationName"))
        and _in_time(event, asked)
    )


def _has_words(event: Event, keyword: str) -> bool:
    text = f"{event.name} {event.venue.name} {event.venue.city}".casefold()
    return all(word in text for word in keyword.casefold().split())


def _is_one_of(value: str, wanted: str | None) -> bool:
    return wanted is None or value.casefold() in [each.strip().casefold() for each in wanted.split(",")]


def _classified(event: Event, wanted: str | None) -> bool:
    if wanted is None:
        return True
    return event.listed and (_is_one_of(event.segment, wanted) or _is_one_of(event.genre, wanted))


def _in_time(event: Event, asked: Mapping[str, str]) -> bool:
    start, end = _moment(asked.get("startDateTime")), _moment(asked.get("endDateTime"))
    return (start is None or event.starts_at >= start) and (end is None or event.starts_at <= end)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if DATE.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    raise _RefusedError("DIS1015")


def _sorted(found: list[Event], sort: str) -> list[Event]:
    by, _, direction = sort.partition(",")
    keys: dict[str, Callable[[Event], Any]] = {
        "date": lambda event: event.starts_at,
        "name": lambda event: event.name,
        "id": lambda event: event.id,
    }
    return sorted(found, key=keys[by], reverse=direction == "desc") if by in keys else found


# ── the envelopes ────────────────────────────────────────────────────────────────────────────────────────


def _json(status: int, document: Mapping[str, Any]) -> Response:
    return Response(
        json.dumps(document, sort_keys=False), status, content_type="application/json;charset=utf-8"
    )


def _fault(status: int, text: str, code: str) -> Response:
    return _json(status, {"fault": {"faultstring": text, "detail": {"errorcode": code}}})


def _error(status: int, code: str, detail: str, status_text: str) -> Response:
    about = {"href": f"/discovery/v2/errors.html#{code}"}
    key = "self" if code == "DIS1015" else "about"
    return _json(
        status,
        {"errors": [{"_links": {key: about}, "code": code, "detail": detail, "status": status_text}]},
    )
