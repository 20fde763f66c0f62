"""Discovery's ``priceRanges`` as prices, or a sentence for each one that cannot be believed.

A range is ``{"type", "currency", "min", "max"}``. It tells the price table, not what is left. There may be
several, in any order, and two of one type. A minimum of 0 stands for "not said": it is never a price. A
type or currency that is not known is never guessed, because only like may be compared with like.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from watchers.money import Basis, PriceKey, minor_units
from watchers.observation import Price
from watchers.providers import shapes

_STANDARD = {"standard": Basis.FACE, "standard including fees": Basis.ALL_IN}
_MOST = 100_000_000  # of any currency: more is no price
_NOT_A_NUMBER = "A price that is not a number of 0 or more is not used."
_FREE_OR_UNKNOWN = "A price of 0 says nothing about the real one; taken as unknown."


class _NotAPriceError(Exception):
    """Why a range is not a price, as a sentence."""


def prices(ranges: object) -> tuple[tuple[Price, ...], tuple[str, ...]]:
    """At most one price per key (the lowest minimum, the highest maximum), and what was not understood."""
    if ranges is None:
        return (), ()
    if not isinstance(ranges, list):
        return (), ("The price ranges are not a list.",)
    found: dict[PriceKey, list[Price]] = {}
    problems: list[str] = []
    for entry in ranges:
        try:
            price = _price(shapes.mapping(entry))
        except _NotAPriceError as exc:
            problems.append(str(exc))
        else:
            found.setdefault(price.key, []).append(price)
    return tuple(_merged(same) for same in found.values()), tuple(dict.fromkeys(problems))


def _merged(same: Sequence[Price]) -> Price:
    highs = [price.high for price in same if price.high is not None]
    return Price(
        same[0].basis, same[0].currency, min(price.low for price in same), max(highs) if highs else None
    )


def _price(entry: Mapping[str, Any]) -> Price:
    basis = _basis(entry.get("type"))
    currency = shapes.currency(entry.get("currency"))
    if currency is None:
        raise _NotAPriceError("A price without a known currency is not used.")
    low = _minor(entry.get("min"), currency)
    high = None if entry.get("max") is None else _minor(entry["max"], currency)
    if low == 0:
        raise _NotAPriceError(_FREE_OR_UNKNOWN)
    if high is not None and high < low:
        raise _NotAPriceError("A price range whose end is under its start is not used.")
    return Price(basis, currency, low, high)


def _basis(kind: object) -> Basis:
    name = (shapes.text(kind) or "").lower()
    if name in _STANDARD:
        return _STANDARD[name]
    if "resale" in name and "fee" not in name:
        return Basis.RESALE
    if not name:
        raise _NotAPriceError("A price without a type is not used.")
    raise _NotAPriceError(
        f"A price of the type {re.sub(r'[^a-z0-9 _-]', '', name)[:40]!r} is not known, and not used."
    )


def _minor(amount: object, currency: str) -> int:
    """A JSON number as minor units; through ``str``, because 62.1 is not a binary fraction."""
    if not isinstance(amount, int | float | Decimal) or isinstance(amount, bool):
        raise _NotAPriceError(_NOT_A_NUMBER)
    if not 0 <= amount <= _MOST:  # or NaN
        raise _NotAPriceError(_NOT_A_NUMBER)
    return minor_units(Decimal(str(amount)), currency)
