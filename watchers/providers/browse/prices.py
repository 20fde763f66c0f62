"""What a listing costs: its price as listed, and with shipping where that is stated; or why it has none.

A price is one only if the thing can be bought for it at once, in the seller's own currency. A bid is no
price, one converted by eBay moves with the exchange rate, and one that eBay may show in the cart alone is
not public. https://developer.ebay.com/api-docs/buy/browse/types/gct:ItemSummary

``listing`` is the price without shipping, ``all_in`` with the cheapest fixed shipping in the same currency.
Calculated shipping depends on where the buyer lives, and sales tax is on top of both.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from watchers.money import Basis
from watchers.observation import Price
from watchers.providers import amounts, shapes

AUCTION = "It is an auction: bids are not prices."
NOT_FIXED = "eBay does not say that it is sold at a fixed price; the price is not used."
CONVERTED = "The price is converted from another currency; not used."
HIDDEN = "eBay shows this price on request only; not used."
UNKNOWN = "There is no price over 0 in a known currency."

_CONVERTED = frozenset({"convertedFromValue", "convertedFromCurrency"})


def prices(listing: Mapping[str, Any]) -> tuple[tuple[Price, ...], str | None]:
    """The prices, or why there is none, as a sentence."""
    money = shapes.mapping(listing.get("price"))
    if why := _why_none(listing, money):
        return (), why
    listed = amounts.price(Basis.LISTING, money.get("value"), money.get("currency"))
    if listed is None:
        return (), UNKNOWN
    whole = _with_shipping(money, listing.get("shippingOptions"))
    return (listed, whole) if whole else (listed,), None


def is_fixed_price(listing: Mapping[str, Any]) -> bool:
    """Whether it can be bought at once; an auction may say so until its first bid."""
    return "FIXED_PRICE" in _buying_options(listing)


def _buying_options(listing: Mapping[str, Any]) -> list[object]:
    options = listing.get("buyingOptions")
    return options if isinstance(options, list) else []


def _why_none(listing: Mapping[str, Any], money: Mapping[str, Any]) -> str | None:
    if not is_fixed_price(listing):
        return AUCTION if "AUCTION" in _buying_options(listing) else NOT_FIXED
    if _CONVERTED & money.keys():
        return CONVERTED
    return HIDDEN if listing.get("priceDisplayCondition") else None


def _with_shipping(money: Mapping[str, Any], options: object) -> Price | None:
    currency = money.get("currency")
    costs = [cost for option in shapes.rows(options) for cost in _fixed_costs(option, currency)]
    exact = amounts.amount(money.get("value"))
    if not costs or exact is None:
        return None
    return amounts.price(Basis.ALL_IN, f"{exact + min(costs):f}", currency)


def _fixed_costs(option: Mapping[str, Any], currency: object) -> Iterator[Decimal]:
    """What one way of shipping costs, if that is all it costs."""
    money = shapes.mapping(option.get("shippingCost"))
    if option.get("shippingCostType") != "FIXED" or "importCharges" in option:
        return
    if money.get("currency") == currency and not _CONVERTED & money.keys():
        cost = amounts.amount(money.get("value"))
        if cost is not None:
            yield cost
