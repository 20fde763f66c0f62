"""Money is an integer of minor units with its ISO 4217 currency; ``Decimal`` only at the edges.

What a price includes is part of what it is: only prices of one ``PriceKey`` are ever compared.

Exponents are ISO 4217's. A provider whose integers follow another convention (Steam counts hundredths of
every currency) converts in its own file, with ``minor_units``.
"""

from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import NamedTuple

# ISO 4217, list one: every active currency that money is counted in (no funds, metals or test codes).
_CODES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN
BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW
KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD
SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES
VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())  # without XXX ("no currency") and XTS ("for testing")
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


class Basis(StrEnum):
    """What a price includes. Only prices of one basis (and one currency) are ever compared."""

    FACE = "face"  # printed on the ticket, before fees
    ALL_IN = "all_in"  # what is paid in the end
    RESALE = "resale"  # asked by another fan, before fees
    LISTING = "listing"  # as a shop lists it; taxes may follow


class PriceKey(NamedTuple):
    """What makes two prices comparable."""

    basis: Basis
    currency: str

    def __str__(self) -> str:
        """``face_USD``: the form used as a field name in documents."""
        return f"{self.basis}_{self.currency}"

    @classmethod
    def parse(cls, text: str) -> "PriceKey":
        """The inverse of ``str``."""
        basis, currency = text.rsplit("_", 1)
        return cls(Basis(basis), currency)


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
