"""One product of Best Buy as an observation.

https://bestbuyapis.github.io/api-documentation/#products-api

A price is one only for a product that is active, whose price may be shown, and that is not out of an opened
box: offers of opened boxes bear the number of the new product. What is sold out has no price.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watchers.money import Basis
from watchers.observation import Availability, ItemCondition, Observation, Price
from watchers.providers import amounts, shapes
from watchers.providers.products.answers import NAME
from watchers.target import Target

CURRENCY = "USD"
# What is asked of a product. `url` is left out: it leads through the API and ends after seven days.
FIELDS = (
    "sku,name,salePrice,active,priceRestriction,orderable,onlineAvailability,inStoreAvailability,"
    "condition,preowned,image,department"
)

INACTIVE = "The product is not active; its price is not used."
RESTRICTED = "The price may not be shown (a minimum advertised price, or in the cart only); not used."
OPEN_BOX = "It comes from an opened box, and is not the new product; its price is not used."
SOLD_OUT = "It cannot be ordered; the price that stands there is not used."
UNKNOWN = "There is no price over 0."

_CONDITIONS = {
    "new": ItemCondition.NEW,
    "refurbished": ItemCondition.REFURBISHED,
    **dict.fromkeys(("pre-owned", "preowned", "used"), ItemCondition.USED),
    **dict.fromkeys(("open box", "open-box"), ItemCondition.OPEN_BOX),
}
_ORDERABLE, _NOT_ORDERABLE = "Available", ("SoldOut", "ComingSoon", "NotOrderable")


def sku_of(product: Mapping[str, Any]) -> str | None:
    """The product's number as text."""
    sku = shapes.count(product.get("sku"))
    return str(sku) if sku else None


def entry(product: Mapping[str, Any], now: datetime) -> Observation:
    """A product of a page as a target of its own; one without a number has the item ``""``."""
    return observe(product, Target(NAME, item=sku_of(product) or ""), now)


def observe(product: Mapping[str, Any], target: Target, now: datetime) -> Observation:
    """What Best Buy says about one product."""
    condition, availability = _condition(product), _availability(product)
    price, why = _price(product, condition, availability)
    return Observation(
        target=target,
        at=now,
        name=_name(product),
        url=f"https://www.bestbuy.com/site/{target.item}.p?skuId={target.item}",
        category=shapes.text(product.get("department")),
        image=shapes.url(product.get("image")),
        condition=condition,
        availability=availability,
        prices=(price,) if price else (),
        problems=(why,) if why else (),
    )


def _name(product: Mapping[str, Any]) -> str | None:
    """As text: some names come as HTML has it, with ``&apos;``."""
    name = shapes.text(product.get("name"))
    if name is None or "&" not in name:
        return name
    from html import unescape  # noqa: PLC0415 - few names need it

    return shapes.text(unescape(name))


def _price(
    product: Mapping[str, Any], condition: ItemCondition | None, availability: Availability
) -> tuple[Price | None, str | None]:
    """The price, or why there is none."""
    if product.get("active") is False:
        return None, INACTIVE
    if product.get("priceRestriction"):
        return None, RESTRICTED
    if condition is ItemCondition.OPEN_BOX:
        return None, OPEN_BOX
    if availability is Availability.UNAVAILABLE or _only_shown(product):
        return None, SOLD_OUT
    price = amounts.price(Basis.LISTING, product.get("salePrice"), CURRENCY)
    return price, None if price else UNKNOWN


def _condition(product: Mapping[str, Any]) -> ItemCondition | None:
    said = _CONDITIONS.get((shapes.text(product.get("condition")) or "").lower())
    return ItemCondition.USED if product.get("preowned") is True and said is ItemCondition.NEW else said


def _availability(product: Mapping[str, Any]) -> Availability:
    """Sold online, or clearly nowhere; what only stores have, or is said both ways, is not known."""
    online, orderable = product.get("onlineAvailability"), product.get("orderable")
    if product.get("active") is False:
        return Availability.UNAVAILABLE
    if online is True and orderable in (None, _ORDERABLE):
        return Availability.AVAILABLE
    nowhere = online is False and product.get("inStoreAvailability") is False
    return Availability.UNAVAILABLE if nowhere and orderable != _ORDERABLE else Availability.UNKNOWN


def _only_shown(product: Mapping[str, Any]) -> bool:
    """It says that it cannot be ordered, and no store is said to have it."""
    return product.get("orderable") in _NOT_ORDERABLE and product.get("inStoreAvailability") is not True
