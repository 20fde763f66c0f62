"""A search: how Best Buy wants it asked, and what its pages add up to.

The price of a search is that of its cheapest new product: a refurbished one is another thing, and says so by
its ``condition``.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from watchers.observation import Availability, ItemCondition, Observation, Price
from watchers.providers.products.product import entry
from watchers.target import Search, Target

OTHERS = "Only new products with a price count for the price of the search."
_CATEGORY = re.compile(r"(?:abcat|pcmcat|cat)[0-9]{4,20}")


def question(search: Search) -> str:
    """Every word has to occur: ``search=oven&search=steel``. Signs that mean something there are left out."""
    terms = [f"search={word}" for word in _words(search)]
    return "&".join([*terms, *([f"categoryPath.id={search.category}"] if search.category else [])])


def _words(search: Search) -> list[str]:
    return re.findall(r"\w+", search.keyword or "")


def search_refusal(search: Search) -> str | None:
    """Why this cannot be asked, as a sentence."""
    if search.city or search.date_from or search.date_to or search.weekdays:
        return "A search at Best Buy has no city and no dates; give a keyword, and a category if you like."
    if search.category and not _CATEGORY.fullmatch(search.category):
        return "A category of Best Buy is an id such as abcat0101000; it stands in its web address."
    if not (search.category or _words(search)):
        return "A search at Best Buy needs a keyword with at least one word in it."
    return None


def found(target: Target, products: Sequence[Mapping[str, Any]], now: datetime) -> Observation:
    """What the pages show, what can be told a price of first."""
    entries = (entry(product, now) for product in products)
    listings = sorted({one.target.id: one for one in entries if one.target.item}.values(), key=_is_other)
    cheapest = min((one.prices[0] for one in listings if not _is_other(one)), key=_low, default=None)
    return Observation(
        target=target,
        at=now,
        availability=_availability(listings),
        prices=(cheapest,) if cheapest else (),
        listings=tuple(listings),
        problems=(OTHERS,) if any(map(_is_other, listings)) else (),
    )


def _is_other(one: Observation) -> bool:
    return one.condition is not ItemCondition.NEW or not one.prices


def _low(price: Price) -> int:
    return price.low


def _availability(listings: Sequence[Observation]) -> Availability:
    """Available when any is; unavailable only when there are some and every one clearly is."""
    kinds = {one.availability for one in listings}
    if Availability.AVAILABLE in kinds:
        return Availability.AVAILABLE
    return Availability.UNAVAILABLE if kinds == {Availability.UNAVAILABLE} else Availability.UNKNOWN
