"""Money is an integer of minor units with its ISO 4217 currency; ``Decimal`` only at the edges.

Exponents are ISO 4217's. A provider whose integers follow another convention (Steam counts hundredths of
every currency) converts in its own file, with ``minor_units``.
"""

from decimal import ROUND_HALF_UP, Decimal

# ISO 4217, list one: every active currency whose minor unit is not a hundredth.
_EXPONENTS = {
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV"), 0
    ),
    **dict.fromkeys(("XAF", "XOF", "XPF"), 0),
}
# Signs that the GSM-7 alphabet of a text message has; every other currency is written with its code.
_SIGNS = {
    "USD": "$",
    "CAD": "CA$",
    "AUD": "A$",
    "NZD": "NZ$",
    "MXN": "MX$",
    "GBP": "£",
    "EUR": "€",
    "JPY": "¥",
}


def exponent(currency: str) -> int:
    """Digits behind the point: 2 for USD, 0 for KRW, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def minor_units(amount: Decimal, currency: str) -> int:
    """``Decimal("89.90"), "USD"`` -> 8990; half a minor unit is rounded up."""
    return int(amount.scaleb(exponent(currency)).to_integral_value(ROUND_HALF_UP))


def decimal_amount(minor: int, currency: str) -> Decimal:
    """8990, ``"USD"`` -> ``Decimal("89.90")``: the inverse of ``minor_units``."""
    return Decimal(minor).scaleb(-exponent(currency))


def spoken(minor: int, currency: str) -> str:
    """As a person writes it: ``$84``, ``$84.50``, ``£1,204.99``, ``KRW 5,500``. GSM-7 only."""
    amount = decimal_amount(minor, currency)
    digits = 0 if amount == amount.to_integral_value() else exponent(currency)
    sign = _SIGNS.get(currency, f"{currency} ")
    return f"{sign}{amount:,.{digits}f}"
