"""An amount and a currency as a page writes them -> money, or why they are none. Never a guess.

``price-parser`` reads the amount; what stands here decides whether it can be read in one way only:
"1.234,56", "$1,495" and "45,-" can, "1.234" and "from 45" cannot. A dollar sign alone names no currency. 0, a
penny and 9999 stand for "unknown" on pages and are no prices.
"""

import re
import unicodedata
from decimal import Decimal

from watchers.money import CURRENCIES, decimal_amount, exponent, minor_units

_LONGEST = 40
_MOST = Decimal(10) ** 10  # in major units; beyond is no price of anything that is watched
_THOUSANDS = 3
_PENNY = Decimal("0.01")
_FLOATS_ERR = Decimal("1e-6")  # 29.990000000000002 is how floats write 29.99
_STANDS_FOR_UNKNOWN = re.compile(r"9{4,}|12345[0-9]*")
_AMOUNT = re.compile(
    r"""
    [0-9]+ (?: [.,] [0-9]+ )?                                          # 45  45.5  45,00  45.0000
    | [0-9]{1,3} (?: (?P<group>[.,' ]) [0-9]{3} ) (?: (?P=group) [0-9]{3} )*
      (?: (?!(?P=group)) [.,] [0-9]{1,3} )?                            # 1.234,56  1 234  12,345,678
    | [0-9]{1,2} (?: ,[0-9]{2} )+ ,[0-9]{3} (?: [.] [0-9]{1,2} )?      # 12,34,567.00
    """,
    re.VERBOSE,
)
_TWO_WAYS = re.compile(r"[0-9]{1,3}([.,])[0-9]{3}")
_SEPARATORS = str.maketrans({"\u2019": "'", "\u066b": ".", "\u066c": ","})  # typographic, Arabic
_FREE = re.compile(r"free|gratis|gratuit[oae]?|kostenlos|grátis|entrada libre|無料", re.IGNORECASE)
_NO_CENTS = re.compile(r"(?<=[0-9])[.,]?[-\u2013\u2014]+(?![0-9])")  # "45,-"

# A sign, and the currencies that are written with it. Of several, the page's own code decides.
_COMMA_IS_DECIMAL = (
    "CLP",
    "COP",
    "ARS",
    "UYU",
    "BRL",
)  # where they are at home: "$1,495" is not clear in these
_DOLLARS = (
    *(
        "USD",
        "CAD",
        "AUD",
        "NZD",
        "HKD",
        "SGD",
        "TWD",
        "BSD",
        "BBD",
        "BZD",
        "BMD",
        "BND",
        "FJD",
        "GYD",
        "JMD",
    ),
    *("KYD", "LRD", "NAD", "SBD", "SRD", "TTD", "XCD", "MXN", "DOP", "NIO", "CVE", *_COMMA_IS_DECIMAL),
)
_COMMA_GROUPS = ("$", "£", "₹", "₱", "฿", "₪")  # whoever writes these signs groups thousands by commas
_SIGNS: dict[str, tuple[str, ...]] = {
    "$": _DOLLARS,
    "€": ("EUR",),
    "£": ("GBP", "EGP", "FKP", "GIP", "SHP"),
    "¥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "Kr": ("SEK", "NOK", "DKK", "ISK"),
    "kr.": ("DKK", "SEK", "NOK", "ISK"),
    "zł": ("PLN",),
    "Kč": ("CZK",),
    "₹": ("INR",),
    "₩": ("KRW",),
    "₺": ("TRY",),
    "₪": ("ILS",),
    "₫": ("VND",),
    "₱": ("PHP",),
    "฿": ("THB",),
    "Ft": ("HUF",),
    "Fr.": ("CHF",),
    "Rp": ("IDR",),
    "Rs": ("INR", "PKR", "LKR"),
    "Rs.": ("INR", "PKR", "LKR"),
    "R$": ("BRL",),
    "US$": ("USD",),
    "CA$": ("CAD",),
    "C$": ("CAD", "NIO"),
    "AU$": ("AUD",),
    "A$": ("AUD",),
    "NZ$": ("NZD",),
    "HK$": ("HKD",),
    "NT$": ("TWD",),
    "S$": ("SGD",),
    "MX$": ("MXN",),
}
_TWO_AMOUNTS = "A price can be read as two amounts; not used."
_MAY_BE_ALONE = frozenset(("£",))  # whoever means another pound says which


class NoAmountError(ValueError):
    """It is no money that can be used; the message is a sentence for the operator."""


def currency_of(written: str | None) -> str | None:
    """The one currency that a code or sign names; ``None`` for none or several."""
    text = (written or "").strip()
    if text.upper() in CURRENCIES:
        return text.upper()
    meant = _SIGNS.get(text, ())
    return meant[0] if len(meant) == 1 or text in _MAY_BE_ALONE else None


def money(value: object, currency: str | None) -> tuple[int, str]:
    """Minor units and their currency; ``value`` is a number or text, ``currency`` what is said beside it.

    Raises:
        NoAmountError: no amount, no currency, a contradiction, or a stand-in for "unknown".
    """
    if isinstance(value, Decimal):
        amount, code = value, currency
    elif isinstance(value, str) and len(value) <= _LONGEST:
        amount, code = _of_text(_plain(value), currency)
    else:
        raise NoAmountError("A price is no amount; not used.")
    if code is None:
        raise NoAmountError("A price has no clear currency; not used.")
    return _minor(amount, code), code


def typed(text: str, currency: str | None) -> Decimal:
    """The amount that somebody wrote into a field: ``20,50``, ``$20``, ``1,234.50``; never a guess.

    Raises:
        NoAmountError: it is none, can be read as two, or its sign and ``currency`` contradict each other.
    """
    return _of_text(_plain(text), currency)[0]


def _minor(amount: Decimal, currency: str) -> int:
    if not amount.is_finite() or not 0 <= amount < _MOST:
        raise NoAmountError("A price is out of all bounds; not used.")
    if amount in (0, _PENNY):
        raise NoAmountError("A price of 0, or of a penny, stands for an unknown one; not used.")
    if _STANDS_FOR_UNKNOWN.fullmatch(str(int(amount))):
        raise NoAmountError("A price such as 9999 stands for an unknown one; not used.")
    digits, places = -int(amount.as_tuple().exponent), exponent(currency)
    if digits == _THOUSANDS != places:
        raise NoAmountError(_TWO_AMOUNTS)
    minor = minor_units(amount, currency)
    if minor <= 0 or abs(decimal_amount(minor, currency) - amount) > _FLOATS_ERR:
        raise NoAmountError("A price has more decimals than its currency; not used.")
    return minor


# ── texts ────────────────────────────────────────────────────────────────────────────────────────────────


def _of_text(text: str, currency: str | None) -> tuple[Decimal, str | None]:
    if _FREE.fullmatch(text):
        raise NoAmountError("It is said to be free; a price of 0 is not watched.")
    text = _NO_CENTS.sub("", text)
    found = re.search(r"[0-9](?:[0-9.,' ]*[0-9])?", text)
    if found is None or "-" in text:
        raise NoAmountError("A price is no amount; not used.")
    sign = f"{text[: found.start()]} {text[found.end() :]}".strip()
    code = _agreed(sign, currency)
    if not _AMOUNT.fullmatch(found[0]) or _reads_two_ways(found[0], sign, code):
        raise NoAmountError(_TWO_AMOUNTS)
    from price_parser import Price  # noqa: PLC0415 - only pages need it

    amount = Price.fromstring(found[0]).amount
    if amount is None:
        raise NoAmountError("A price is no amount; not used.")
    return amount, code


def _plain(text: str) -> str:
    """With the digits and separators of ASCII, whatever script they were in."""
    flat = unicodedata.normalize("NFKC", text[: _LONGEST + 1]).translate(_SEPARATORS)
    return " ".join("".join(str(unicodedata.decimal(one, one)) for one in flat).split())


def _agreed(sign: str, currency: str | None) -> str | None:
    """The currency, if the sign around the amount and the page's code do not contradict each other."""
    if not sign:
        return currency
    written = sign.upper() if sign.upper() in CURRENCIES else sign
    meant = (written,) if written in CURRENCIES else _SIGNS.get(written, ())
    if not meant:
        raise NoAmountError("A price has words around it; not used.")
    if currency is None:
        return currency_of(written)
    if currency not in meant:
        raise NoAmountError("A price's sign and its currency contradict each other; not used.")
    return currency


def _reads_two_ways(digits: str, sign: str, currency: str | None) -> bool:
    """Whether its one separator may be a decimal point as well as a thousand's."""
    found = _TWO_WAYS.fullmatch(digits)
    if found is None:
        return False
    no_decimals = currency is not None and exponent(currency) == 0
    english = sign.endswith(_COMMA_GROUPS) and currency not in _COMMA_IS_DECIMAL
    return found[1] == "." or not (no_decimals or english)
