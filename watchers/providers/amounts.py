"""An amount and its currency as a price, or nothing: 0 stands for "not said", and is never a price."""

import re
from decimal import Decimal

from watchers.money import Basis, minor_units
from watchers.observation import Price
from watchers.providers import shapes

_MOST = Decimal(100_000_000)  # of any currency: more is no price
_PLAIN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


def amount(value: object) -> Decimal | None:
    """``"59.99"`` or 59.99, 0 included; what has a sign, an exponent or a separator is absent."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if not isinstance(value, str) and not 0 <= value <= _MOST:  # also NaN, and numbers of 400 digits
        return None
    written = str(value)  # through text, because 62.1 is not a binary fraction
    exact = Decimal(written) if _PLAIN.fullmatch(written) else None
    return exact if exact is not None and exact <= _MOST else None


def price(basis: Basis, value: object, currency: object) -> Price | None:
    """A price of at least one minor unit, in a currency that is known."""
    exact, code = amount(value), shapes.currency(currency)
    if exact is None or code is None:
        return None
    low = minor_units(exact, code)
    return Price(basis, code, low) if low > 0 else None
