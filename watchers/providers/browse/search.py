"""A search: how Browse wants it asked, and what its page adds up to.

One call shows the 200 newest of what can be bought at a fixed price. Where there are more, older ones come
up whenever one of the newest is sold, and would look new; so then only what was listed within a day counts.

The price of a search is that of its cheapest new thing: a used one, or one in an opened box, is another
thing, and says so by its ``condition``.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from watchers.money import PriceKey
from watchers.observation import Availability, ItemCondition, Observation, Price
from watchers.providers import shapes
from watchers.providers.browse.answers import Page
from watchers.providers.browse.item import row
from watchers.target import Search, Target

ROWS = 200  # the most: https://developer.ebay.com/api-docs/buy/browse/resources/item_summary/methods/search
RECENT = timedelta(days=1)
CATEGORY = re.compile(r"[0-9]{1,9}")

OTHERS = "Only new things with a price of their own count for the price of the search."
MANY = "There are more than 200 results: only those listed within a day are seen; narrow the search."
TOO_MANY = "More than 200 were listed within a day: some are not seen; narrow the search."
NAMELESS = "A listing without an id was left out."


def words(keyword: str) -> str:
    """Every word has to occur; signs that mean something to eBay mean nothing here."""
    return " ".join(re.sub(r"[*(),\"]", " ", keyword).split())


def question(search: Search) -> dict[str, str]:
    """The query."""
    asked = {"q": search.keyword and words(search.keyword), "category_ids": search.category}
    narrowed = {name: value for name, value in asked.items() if value}
    return narrowed | {"sort": "newlyListed", "filter": "buyingOptions:{FIXED_PRICE}", "limit": str(ROWS)}


def found(target: Target, page: Page, now: datetime) -> Observation:
    """What a page shows, what can be told a price of first."""
    is_whole = page.total <= len(page.rows)
    sent = page.rows if is_whole else [one for one in page.rows if _is_recent(one, now)]
    rows = [row(one, now) for one in sent]
    listings = sorted({one.target.id: one for one in rows if one.target.item}.values(), key=_is_other)
    problems = (
        *page.warnings,
        *([NAMELESS] if any(not one.target.item for one in rows) else []),
        *([] if is_whole else [TOO_MANY if len(sent) == len(page.rows) else MANY]),
        *([OTHERS] if any(map(_is_other, listings)) else []),
    )
    return Observation(
        target=target,
        at=now,
        listing_count=page.total,
        prices=_cheapest(listings),
        listings=tuple(listings),
        problems=problems,
    )


def _is_recent(listing: object, now: datetime) -> bool:
    listed_at = shapes.instant(shapes.mapping(listing).get("itemCreationDate"))
    return listed_at is not None and listed_at > now - RECENT


def _is_other(one: Observation) -> bool:
    return one.condition is not ItemCondition.NEW or not one.prices


def _cheapest(listings: Sequence[Observation]) -> tuple[Price, ...]:
    lowest: dict[PriceKey, Price] = {}
    for one in listings:
        if not _is_other(one) and one.availability is not Availability.UNAVAILABLE:
            for price in one.prices:
                if price.key not in lowest or price.low < lowest[price.key].low:
                    lowest[price.key] = price
    return tuple(lowest.values())
