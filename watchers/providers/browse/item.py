"""One listing of eBay as an observation: asked for by its id, or as a row of a search.

An id is ``v1|listing|variation``, where the variation is 0 for a listing without any; the listing's number
alone, as it stands in web addresses, is an id too. The price of a listing with variations is that of one of
them: it is used only for whoever asked for this one.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from watchers.observation import Availability, ItemCondition, Observation, Price
from watchers.providers import shapes
from watchers.providers.browse.answers import NAME, warnings
from watchers.providers.browse.prices import is_fixed_price, prices
from watchers.target import Target

ID = re.compile(r"v1\|([0-9]{6,15})\|([0-9]{1,15})")
NUMBER = re.compile(r"[0-9]{9,15}")
NO_VARIATION = "0"

GROUP = "It has variations, and this price is that of one of them; not used."
NOT_SOLD = "It is sold out or has ended; the price that stands there is not used."
ODD_CONDITION = "It is for parts, or in a state that we do not know; its price is not used."
NO_ID = "This listing has no id that we know, so it cannot be watched."

# https://developer.ebay.com/api-docs/sell/static/metadata/condition-id-values.html. What is new with defects,
# or for parts only, is none of these.
_CONDITIONS = {
    "1000": ItemCondition.NEW,
    "1500": ItemCondition.OPEN_BOX,
    **dict.fromkeys(("2000", "2010", "2020", "2030", "2500"), ItemCondition.REFURBISHED),
    **dict.fromkeys(("2750", "2990", "3000", "3010", "4000", "5000", "6000"), ItemCondition.USED),
}
_IN_STOCK, _SOLD_OUT = frozenset({"IN_STOCK", "LIMITED_STOCK"}), frozenset({"OUT_OF_STOCK"})
_NAMELESS = Target(NAME, item="")


def is_about(listing: Mapping[str, Any], asked: str) -> bool:
    """Whether an answer is the listing, or the variation, that was asked for."""
    parts = ID.fullmatch(str(listing.get("itemId")))
    if parts is None:
        return False
    wanted = ID.fullmatch(asked)
    if wanted is None:
        return parts[1] == asked
    return parts[1] == wanted[1] and wanted[2] in (parts[2], NO_VARIATION)


def item(listing: Mapping[str, Any], target: Target, now: datetime) -> Observation:
    """A listing that was asked for by its id."""
    seen = _observed(listing, target, now, _availability(listing, now))
    wanted = ID.fullmatch(target.item or "")
    if _has_variations(listing) and (wanted is None or wanted[2] == NO_VARIATION):
        seen = _without_price(seen, GROUP)
    return replace(seen, problems=(*seen.problems, *warnings(listing)))


def row(listing: Mapping[str, Any], now: datetime) -> Observation:
    """A row of a search, as a target of its own; one without an id has the item ``""`` and a problem.

    One with variations is the whole listing, by its number: which variation eBay shows may change, and that
    is no new listing. Rows do not say what is left.
    """
    parts = ID.fullmatch(str(listing.get("itemId")))
    whole = _has_variations(listing)
    target = Target(NAME, item=parts[1] if whole else parts[0]) if parts else _NAMELESS
    has_ended = _availability(listing, now) is Availability.UNAVAILABLE
    seen = _observed(listing, target, now, Availability.UNAVAILABLE if has_ended else Availability.UNKNOWN)
    if whole:
        seen = _without_price(seen, GROUP)
    return seen if parts else replace(seen, problems=(*seen.problems, NO_ID))


def _observed(
    listing: Mapping[str, Any], target: Target, now: datetime, availability: Availability
) -> Observation:
    number = listing.get("conditionId")
    found: tuple[Price, ...]
    found, why = ((), NOT_SOLD) if availability is Availability.UNAVAILABLE else prices(listing)
    seen = Observation(
        target=target,
        at=now,
        name=shapes.text(listing.get("title")),
        url=_page(listing.get("itemWebUrl")),
        category=_category(listing),
        image=shapes.url(shapes.mapping(listing.get("image")).get("imageUrl")),
        condition=_CONDITIONS.get(str(number)),
        availability=availability,
        prices=found,
        problems=(why,) if why else (),
    )
    is_odd = number is not None and seen.condition is None
    return _without_price(seen, ODD_CONDITION) if is_odd else seen


def _without_price(seen: Observation, why: str) -> Observation:
    return replace(seen, prices=(), problems=(*seen.problems, why)) if seen.prices else seen


def _has_variations(listing: Mapping[str, Any]) -> bool:
    parts = ID.fullmatch(str(listing.get("itemId")))
    said = {"itemGroupType", "itemGroupHref", "primaryItemGroup"} & listing.keys()
    return bool(said) or (parts is not None and parts[2] != NO_VARIATION)


def _availability(listing: Mapping[str, Any], now: datetime) -> Availability:
    ends_at = shapes.instant(listing.get("itemEndDate"))  # none where it goes on until it is sold
    estimates = shapes.rows(listing.get("estimatedAvailabilities"))
    said = {str(one.get("estimatedAvailabilityStatus")) for one in estimates}
    if (ends_at and ends_at <= now) or (said and said <= _SOLD_OUT):
        return Availability.UNAVAILABLE
    buyable = bool(said & _IN_STOCK) and is_fixed_price(listing)
    return Availability.AVAILABLE if buyable else Availability.UNKNOWN


def _page(address: object) -> str | None:
    """The listing's page, without what eBay appends to follow people by."""
    url = shapes.url(address)
    return url.partition("?")[0] if url else None


def _category(listing: Mapping[str, Any]) -> str | None:
    path = shapes.text(listing.get("categoryPath"))  # of an item: "Toys|Drones"
    if path:
        return path.rsplit("|", 1)[-1].strip() or None
    first = next(iter(shapes.rows(listing.get("categories"))), {})
    return shapes.text(first.get("categoryName"))
