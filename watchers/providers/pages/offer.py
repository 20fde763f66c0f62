"""One offer as a page describes it: what it costs, what kind it is, and whether it can be bought now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from watchers.money import Basis
from watchers.observation import Availability, ItemCondition
from watchers.providers import shapes
from watchers.providers.pages.amounts import NoAmountError, currency_of, money
from watchers.providers.pages.nodes import Node
from watchers.providers.pages.words import availability_of, basis_of, condition_of, refusal

NO_PRICE = "An offer has no price."
# Of schema.org's kinds of price those that nobody pays: https://schema.org/PriceTypeEnumeration
_NOT_PAID = frozenset(
    ("listprice", "msrp", "srp", "minimumadvertisedprice", "strikethroughprice", "regularprice")
)
# A part of a price, or the price of a part: an instalment, a month, a kilogram.
_PARTS = ("billingduration", "billingincrement", "referencequantity", "pricecomponenttype")
_EXTRA = ("deliverychargespecification", "paymentchargespecification")


class Offer(msgspec.Struct):
    """One way to buy it.

    ``kind`` is what makes it comparable to its neighbours, ``name`` the same for people; ``low`` and ``high``
    are minor units, ``None`` where there is none that can be used, and ``problem`` says why. ``address`` is
    where it stands, as written.
    """

    kind: tuple[str, ...] = ()
    name: str | None = None
    low: int | None = None
    high: int | None = None
    currency: str | None = None
    basis: Basis = Basis.LISTING
    condition: ItemCondition | None = None
    availability: Availability = Availability.UNKNOWN
    sale_starts_at: datetime | None = None
    problem: str | None = None
    address: str | None = None


class Around(msgspec.Struct, frozen=True):
    """What is said for every offer inside of something."""

    thing: str | None = None
    labels: tuple[str, ...] = ()
    currency: str | None = None
    condition: ItemCondition | None = None
    availability: Availability = Availability.UNKNOWN
    address: str | None = None

    def within(self, node: Node) -> "Around":
        """The same inside of a node, which may say it better."""
        said, condition = availability_of(node), condition_of(node)
        as_new = self.condition in (None, ItemCondition.NEW)  # an open box stays one, whatever is in it
        return msgspec.structs.replace(
            self,
            currency=currency_in(node) or self.currency,
            condition=(condition if as_new else None) or self.condition,
            address=node.text("url") or self.address,
            availability=self.availability if said is Availability.UNKNOWN else said,
        )


def offer_of(node: Node, around: Around, now: datetime) -> Offer:
    """Read one offer; it never raises."""
    said = around.within(node)
    labels = (
        *around.labels,
        *labels_of(node, around.thing, ("name", "itemoffered", "sku", "eligibleregion")),
    )
    labels = (*labels, *node.texts("category")[:2])
    offer = Offer(
        kind=(*labels, str(said.condition)),
        name=", ".join(labels)[:60] or None,
        basis=basis_of(" ".join(labels), node.text("description") or ""),
        condition=said.condition,
        availability=said.availability,
        address=said.address,
    )
    _see_when(offer, node, now)
    offer.problem = _why_no_sale(node, " ".join(labels), now)
    if offer.problem is None:
        try:
            offer.low, offer.high, offer.currency = _amounts(node, said.currency)
        except NoAmountError as why:
            offer.problem = str(why)
    return offer


def labels_of(node: Node, thing: str | None, names: Sequence[str]) -> tuple[str, ...]:
    """The first texts that tell it from its neighbours; the thing's own name does not."""
    for name in names:
        found = [one for one in node.texts(name)[:2] if one.casefold() != (thing or "").casefold()]
        if found:
            return tuple(found)
    return ()


def currency_in(node: Node) -> str | None:
    """The one currency it names."""
    named = {currency_of(one) for one in node.texts("pricecurrency", "currency")}
    return named.pop() if len(named) == 1 else None


def _see_when(offer: Offer, node: Node, now: datetime) -> None:
    """Before the sale and after it nothing can be bought."""
    offer.sale_starts_at = shapes.instant(node.text("validfrom", "availabilitystarts"))
    to_come = offer.sale_starts_at is not None and offer.sale_starts_at > now
    if to_come or _is_over(node.text("validthrough", "availabilityends"), now):
        offer.availability = Availability.UNAVAILABLE


def _is_over(written: str | None, now: datetime) -> bool:
    """Surely, wherever that is: a day is over everywhere a day later."""
    if moment := shapes.instant(written):
        return moment < now
    day = shapes.local_date((written or "")[:10])
    return day is not None and (now.date() - day).days > 1


def _why_no_sale(node: Node, label: str, now: datetime) -> str | None:
    if node.all("eligiblecustomertype", "validformembertier"):
        return "An offer is not for everybody; not used."
    if why := refusal(label):
        return why
    functions = {one.lower() for one in node.words("businessfunction")}
    if functions - {"sell"} or any(
        word in one.lower() for one in node.types for word in ("auction", "demand")
    ):
        return "An offer is no sale (a rental, an auction); not used."
    if _is_over(node.text("pricevaliduntil"), now):
        return "A price was valid until a day gone by; not used."
    return None


# ── amounts ──────────────────────────────────────────────────────────────────────────────────────────────


def _amounts(node: Node, currency: str | None) -> tuple[int, int | None, str]:
    """Low, high and currency: of the price, of the range, or of the one specification that is paid."""
    if prices := [one for one in node.all("price") if not isinstance(one, Node)]:
        low, code = money(_only(prices), currency)
        return low, None, code
    if lows := node.all("lowprice", "minprice"):
        low, code = money(_only(lows), currency)
        return low, _high(node.all("highprice", "maxprice"), code), code
    specifications = [one for one in node.nodes("price", "pricespecification") if _is_paid(one)]
    if not specifications:
        raise NoAmountError(NO_PRICE)
    found = {_amounts(one, currency_in(one) or currency) for one in specifications[:20]}
    return next(iter(found)) if len(found) == 1 else _two()


def _only(values: Sequence[Any]) -> Any:
    return values[0] if all(one == values[0] for one in values) else _two()


def _two() -> Any:
    raise NoAmountError("An offer has several prices; not used.")


def _high(values: Sequence[Any], currency: str) -> int | None:
    """The upper end, where it is clear; it decides nothing."""
    try:
        return money(_only(values), currency)[0] if values else None
    except NoAmountError:
        return None


def _is_paid(specification: Node) -> bool:
    kinds = {one.lower() for one in specification.words("pricetype")}
    in_part = any(specification.all(name) for name in _PARTS) or specification.is_a(*_EXTRA)
    nested = bool(specification.nodes("price", "pricespecification"))
    return not kinds & _NOT_PAID and not in_part and not nested
