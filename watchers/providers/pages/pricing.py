"""Offers -> prices, and whether it can be bought. Offers that differ in kind are reported, never guessed.

The lowest of them may be one that the person cannot buy (STUDENT 15 next to 65), or another thing (a smaller
size). That holds for those that are sold out as well: otherwise the last tier left would look like a bargain.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from watchers.observation import Availability, ItemCondition, Price
from watchers.providers.pages.offer import NO_PRICE, Offer

_NAMED = 6  # kinds that a problem names


class Priced(msgspec.Struct, frozen=True):
    """What all offers of a thing come to, until ``changes_at``."""

    prices: tuple[Price, ...] = ()
    availability: Availability = Availability.UNKNOWN
    condition: ItemCondition | None = None
    onsale_at: datetime | None = None
    changes_at: datetime | None = None
    problems: tuple[str, ...] = ()


def priced(offers: Sequence[Offer], *, cut: bool) -> Priced:
    """The price of each basis, if the offers are of one kind; ``cut``: there are more offers than these."""
    conditions = {one.condition for one in offers}
    starts = [one.sale_starts_at for one in offers if one.sale_starts_at]
    seen = Priced(
        availability=_availability(offers),
        condition=conditions.pop() if len(conditions) == 1 else None,
        onsale_at=min(starts, default=None),
        changes_at=min((one.changes_at for one in offers if one.changes_at), default=None),
    )
    why = "There are more offers than are read; none is taken as the price." if cut else _why_none(offers)
    if why:
        return msgspec.structs.replace(seen, problems=(why,))
    buyable = _buyable(offers)
    problems = tuple(dict.fromkeys(one.problem for one in offers if one.problem))
    return msgspec.structs.replace(seen, prices=_prices(buyable), problems=problems)


def agreed(descriptions: Sequence[Priced]) -> Priced:
    """What several descriptions of one thing say together; where they contradict each other, nothing.

    A description that knows why its offers have no price (a tier for students) speaks for the others too,
    which may only say less of the same offers. One that merely names no price does not.
    """
    told = [one for one in descriptions if one != Priced()]
    if len(told) < 2:  # noqa: PLR2004 - nobody to contradict
        return told[0] if told else Priced()
    known = {one.availability for one in told} - {Availability.UNKNOWN}
    prices = {one.prices for one in told if one.prices}
    best = next((one for one in told if one.prices), told[0])
    problems = tuple(dict.fromkeys(why for one in told for why in one.problems))
    changes_at = min((one.changes_at for one in told if one.changes_at), default=None)
    if len(known) > 1 or len(prices) > 1:
        contradiction = "The page says two things about the same offer; neither is used."
        problems = (*problems, contradiction)
        return Priced(condition=best.condition, changes_at=changes_at, problems=problems)
    availability = known.pop() if known else Availability.UNKNOWN
    doubted = any(set(one.problems) - {NO_PRICE} for one in told if not one.prices)
    return msgspec.structs.replace(
        best,
        prices=() if doubted else best.prices,
        availability=availability,
        changes_at=changes_at,
        problems=problems,
    )


def _availability(offers: Sequence[Offer]) -> Availability:
    said = {one.availability for one in offers}
    if Availability.AVAILABLE in said:
        return Availability.AVAILABLE
    return Availability.UNAVAILABLE if said == {Availability.UNAVAILABLE} else Availability.UNKNOWN


def _why_none(offers: Sequence[Offer]) -> str | None:
    """Why no offer can stand for all."""
    costs = {(one.low, one.high, one.currency, one.basis) for one in offers}
    if len({one.kind for one in offers}) > 1 and (len(costs) > 1 or any(one.low is None for one in offers)):
        return f"The offers differ in kind ({_kinds(offers)}); none is taken as the price."
    currencies = sorted({one.currency for one in offers if one.currency})
    if len(currencies) > 1:
        return f"The price is given in {', '.join(currencies)}, and which is charged is not said; not used."
    return None


def _kinds(offers: Sequence[Offer]) -> str:
    names = list(dict.fromkeys(_spoken(one) for one in offers))
    more = f", and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return "; ".join(names[:_NAMED]) + more


def _spoken(offer: Offer) -> str:
    return ", ".join(part for part in (offer.name, offer.condition) if part) or "without a name"


def _buyable(offers: Sequence[Offer]) -> list[Offer]:
    """With a price, and available; where nobody says so, not sold out."""
    possible = [
        one for one in offers if one.low is not None and one.availability is not Availability.UNAVAILABLE
    ]
    sure = [one for one in possible if one.availability is Availability.AVAILABLE]
    return sure or possible


def _prices(buyable: Sequence[Offer]) -> tuple[Price, ...]:
    found: dict[tuple[str, str], list[Offer]] = {}
    for one in buyable:
        found.setdefault((one.basis, one.currency or ""), []).append(one)
    return tuple(_price(group) for _, group in sorted(found.items()))


def _price(group: Sequence[Offer]) -> Price:
    low = min(one.low or 0 for one in group)
    high = max(max(one.low or 0, one.high or 0) for one in group)
    return Price(group[0].basis, group[0].currency or "", low, high if high > low else None)
