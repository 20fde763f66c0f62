"""What Inventory Status says of an event, in a bare list of them.

An event is ``{"eventId", "status", "resaleStatus", "currency", "priceRanges": [{"type", "minPrice", …}]}``:
for the first sale and for resale a status each, and perhaps a price range. What is sold out has no price, and
``UNKNOWN`` is not "sold out": it stands for a wrong id, a country that is not supported, or "not now".
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from watchers.observation import Availability, Observation, Price
from watchers.providers import shapes
from watchers.providers.discovery.prices import prices
from watchers.target import Target

UNSEEN = {
    "not_found": "Ticketmaster does not know this event id.",
    "unknown": "Ticketmaster does not say whether tickets are left, which is not that none are.",
    "malformed": "The entry has no status that we know.",
}
"""Why an event was not seen, by code."""

_LEFT = {
    "TICKETS_AVAILABLE": Availability.AVAILABLE,
    "FEW_TICKETS_LEFT": Availability.AVAILABLE,
    "TICKETS_NOT_AVAILABLE": Availability.UNAVAILABLE,
    "UNKNOWN": Availability.UNKNOWN,
}
_STATUS = {"primary": "status", "resale": "resaleStatus"}
_TYPES = {"primary": "standard", "resale": "resale"}  # as Discovery calls them; fees are not included
_SOLD_OUT = "A price of what is sold out is not used."


def entries(body: object) -> Mapping[str, Mapping[str, Any]] | None:
    """The answer by event id, spelt ``eventId`` or, as in the documents, ``eventid``."""
    if not isinstance(body, list):
        return None
    named = ((shapes.text(row.get("eventId", row.get("eventid"))), row) for row in shapes.rows(body))
    return {id_: row for id_, row in named if id_}


def answer(entry: Mapping[str, Any], target: Target, now: datetime) -> Observation | str:
    """What is said about one event, or a code of ``UNSEEN``."""
    first = _left(entry.get("status"))
    if first is None:
        return "malformed"
    sales = [
        first,
        *(_left(entry[name]) or Availability.UNKNOWN for name in ("resaleStatus",) if name in entry),
    ]
    if Availability.AVAILABLE not in sales and Availability.UNKNOWN in sales:
        invalid = "INVALID_EVENT_ID" in (entry.get("statusDetail"), entry.get("resaleStatusDetail"))
        return "not_found" if invalid else "unknown"
    available = Availability.AVAILABLE in sales
    found, problems = _prices(entry)
    return Observation(
        target,
        now,
        availability=Availability.AVAILABLE if available else Availability.UNAVAILABLE,
        prices=found,
        problems=problems,
    )


def _left(status: object) -> Availability | None:
    return _LEFT.get(status) if isinstance(status, str) else None


def _prices(entry: Mapping[str, Any]) -> tuple[tuple[Price, ...], tuple[str, ...]]:
    said = list(_ranges(entry))
    left = [one for sale, one in said if sale not in _STATUS or _is_left(entry, sale)]
    found, problems = prices(left)
    return found, (*problems, _SOLD_OUT) if len(left) < len(said) else problems


def _is_left(entry: Mapping[str, Any], sale: str) -> bool:
    return _left(entry.get(_STATUS[sale])) is Availability.AVAILABLE


def _ranges(entry: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each range whose start is said, by its sale, in Discovery's shape; some have one and no list."""
    for one in shapes.rows(entry.get("priceRanges")) or [{**entry, "type": "primary"}]:
        sale, low = str(one.get("type")).lower(), one.get("minPrice", one.get("min"))
        if low in (None, ""):
            continue
        is_capped = str(one.get("listingsExtendBeyondMax")).lower() == "true"  # then 2,000 is no price
        yield (
            sale,
            {
                "type": _TYPES.get(sale, one.get("type")),
                "currency": one.get("currency", entry.get("currency")),
                "min": low,
                "max": None if is_capped else one.get("maxPrice", one.get("max")) or None,
            },
        )
