"""One offer as a page describes it: what it costs, what kind it is, and whether it can be bought now."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from watchers.money import Basis
from watchers.observation import Availability, ItemCondition
from watchers.providers.pages import periods, specifications
from watchers.providers.pages.amounts import NoAmountError, currency_of, money
from watchers.providers.pages.nodes import Node
from watchers.providers.pages.words import availability_of, basis_of, condition_of, refusal

NO_PRICE = "An offer has no price."


class Offer(msgspec.Struct):
    """One way to buy it.

    ``kind`` is what makes it comparable to its neighbours, ``name`` the same for people; ``low`` and ``high``
    are minor units, ``None`` where there is none that can be used, and ``problem`` says why. ``address`` is
    where it stands, as written. At ``changes_at`` the same words may come to mean something else.
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
    changes_at: datetime | None = None
    problem: str | None = None
    address: str | None = None


class Around(msgspec.Struct, frozen=True):
    """What is said for every offer inside of something; ``said_by`` are the nodes, the innermost last."""

    thing: str | None = None
    labels: tuple[str, ...] = ()
    currency: str | None = None
    condition: ItemCondition | None = None
    availability: Availability = Availability.UNKNOWN
    address: str | None = None
    said_by: tuple[Node, ...] = ()

    def within(self, node: Node) -> "Around":
        """The same inside of a node, which may say it better."""
        said, condition = availability_of(node), condition_of(node)
        as_new = self.condition in (None, ItemCondition.NEW)  # an open box stays one, whatever is in it
        return msgspec.structs.replace(
            self,
            said_by=(*self.said_by, node),
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
    _see_when(offer, said.said_by, now)
    offer.problem = _why_no_sale(said.said_by, " ".join((*labels, *node.texts("description")[:1])), now)
    if offer.problem is None:
        try:
            offer.low, offer.high, offer.currency = _amounts(node, said.currency, now)
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


def _see_when(offer: Offer, said_by: Sequence[Node], now: datetime) -> None:
    """Before the sale and after it nothing can be bought."""
    dated = (*said_by, *specifications.every(said_by[-1]))
    offer.changes_at = min(filter(None, (periods.next_change(one, now) for one in dated)), default=None)
    offer.sale_starts_at = max(filter(None, map(periods.starts_at, said_by)), default=None)
    if any(periods.is_to_come(one, now) or periods.is_over(one, now) for one in said_by):
        offer.availability = Availability.UNAVAILABLE
    elif offer.availability is Availability.AVAILABLE and not specifications.holds_now(said_by[-1], now):
        offer.availability = Availability.UNKNOWN


def _why_no_sale(said_by: Sequence[Node], label: str, now: datetime) -> str | None:
    node = said_by[-1]
    prices = list(specifications.every(node))
    if any(map(specifications.is_for_some, (*said_by, *prices))):
        return "An offer is not for everybody; not used."
    if why := refusal(label):
        return why
    functions = {one.lower() for one in node.words("businessfunction")}
    if functions - {"sell"} or any(
        word in one.lower() for one in node.types for word in ("auction", "demand")
    ):
        return "An offer is no sale (a rental, an auction); not used."
    if any(periods.is_over(one, now, [periods.PRICE_ENDS]) for one in said_by):
        return "A price was valid until a day gone by; not used."
    if not specifications.holds_now(node, now):
        return "A price is not valid yet, or no longer; not used."
    return None


# ── amounts ──────────────────────────────────────────────────────────────────────────────────────────────


def _amounts(node: Node, currency: str | None, now: datetime) -> tuple[int, int | None, str]:
    """Low, high and currency: of the price, of the range, or of the one specification that is paid now."""
    if prices := [one for one in node.all("price") if not isinstance(one, Node)]:
        low, code = money(_only(prices), currency)
        return low, None, code
    if lows := node.all("lowprice", "minprice"):
        low, code = money(_only(lows), currency)
        return low, _high(node.all("highprice", "maxprice"), code), code
    paid = [one for one in node.nodes("price", "pricespecification") if specifications.is_paid(one)]
    paid = [one for one in paid if specifications.is_now(one, now)]
    if not paid:
        raise NoAmountError(NO_PRICE)
    if len(paid) > specifications.MOST:
        _two()
    found = {_amounts(one, currency_in(one) or currency, now) for one in paid}
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
