"""Prices that have a form of their own, ``PriceSpecification``: which are paid, by whom, and when.

https://schema.org/PriceSpecification
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from watchers.providers.pages import periods
from watchers.providers.pages.nodes import Node

MOST = 20
_DEEPEST = 2
# Of schema.org's kinds of price those that nobody pays: https://schema.org/PriceTypeEnumeration
_NOT_PAID = frozenset(
    ("listprice", "msrp", "srp", "minimumadvertisedprice", "strikethroughprice", "regularprice")
)
# A part of a price, or the price of a part: an instalment, a month, a kilogram.
_PARTS = ("billingduration", "billingincrement", "referencequantity", "pricecomponenttype")
_EXTRA = ("deliverychargespecification", "paymentchargespecification")


def is_for_some(node: Node) -> bool:
    """Whether an offer, or a price of it, is for some people or some amounts alone; one piece is for all."""
    if node.all("eligiblecustomertype", "validformembertier") or node.all("eligibletransactionvolume"):
        return True
    return not all(_may_be_one(one) for one in node.all("eligiblequantity"))


def _may_be_one(quantity: Any) -> bool:
    if isinstance(quantity, Node):
        least = quantity.all("minvalue", "value")
        return all(_may_be_one(one) for one in least) if least else bool(quantity.all("maxvalue"))
    return str(quantity).strip() in ("0", "1", "1.0")


def every(node: Node, depth: int = 0) -> Iterator[Node]:
    """All prices of an offer in a form of their own, with their parts."""
    for name in ("price", "pricespecification", "pricecomponent"):
        for one in node.nodes(name)[:MOST]:
            yield one
            if depth < _DEEPEST:
                yield from every(one, depth + 1)


def holds_now(node: Node, now: datetime) -> bool:
    """Whether one of the prices in a form of their own does, if there are any."""
    paid = [one for one in every(node) if is_paid(one)]
    return not paid or any(is_now(one, now) for one in paid)


def is_now(specification: Node, now: datetime) -> bool:
    """Unless it surely does not hold yet, or no longer."""
    ends = (*periods.ENDS, periods.PRICE_ENDS)
    return not (periods.is_to_come(specification, now) or periods.is_over(specification, now, ends))


def is_paid(specification: Node) -> bool:
    """Whether anybody pays it, whole."""
    kinds = {one.lower() for one in specification.words("pricetype")}
    in_part = any(specification.all(name) for name in _PARTS) or specification.is_a(*_EXTRA)
    nested = bool(specification.nodes("price", "pricespecification"))
    return not kinds & _NOT_PAID and not in_part and not nested
