"""Money is a whole number of minor units; what a person reads fits a text message."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.histories import RULES
from watchers.money import decimal_amount, exponent, minor_units, spoken

GSM_7 = set("@£$¥ \n0123456789.,-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") | {"€"}
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "KRW", "KWD", "CHF", "CLP", "SEK", "MXN", "TND", "XOF")


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("90", "USD", 90_00),
        ("89.90", "USD", 89_90),
        ("0.01", "USD", 1),
        ("5500", "KRW", 5500),
        ("1.234", "KWD", 1234),
        ("2.675", "USD", 268),
        ("1000000", "USD", 1_000_000_00),
        ("62.1", "EUR", 62_10),
    ],
)
def test_an_amount_in_minor_units(amount: str, currency: str, minor: int) -> None:
    assert minor_units(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "words"),
    [
        (84_00, "USD", "$84"),
        (84_50, "USD", "$84.50"),
        (5, "USD", "$0.05"),
        (0, "USD", "$0"),
        (120_499, "GBP", "£1,204.99"),
        (99_00, "EUR", "€99"),
        (5500, "KRW", "KRW 5,500"),
        (12_000, "JPY", "¥12,000"),
        (1_500, "KWD", "KWD 1.500"),
        (1_000, "KWD", "KWD 1"),
        (20_00, "CAD", "CA$20"),
        (19_95, "CHF", "CHF 19.95"),
    ],
)
def test_an_amount_as_a_person_writes_it(minor: int, currency: str, words: str) -> None:
    assert spoken(minor, currency) == words


def test_how_many_digits_a_currency_has() -> None:
    assert [exponent(one) for one in ("USD", "KRW", "JPY", "KWD", "ISK", "VND", "ZZZ")] == [
        2,
        0,
        0,
        3,
        0,
        0,
        2,
    ]


@RULES
@given(st.integers(0, 10**12), st.sampled_from(CURRENCIES))
def test_minor_units_survive_the_way_out_and_back(minor: int, currency: str) -> None:
    assert minor_units(decimal_amount(minor, currency), currency) == minor


@RULES
@given(st.integers(0, 10**12), st.sampled_from(CURRENCIES))
def test_every_spoken_amount_is_gsm_7_and_exact(minor: int, currency: str) -> None:
    words = spoken(minor, currency)
    assert set(words) <= GSM_7
    digits = "".join(letter for letter in words if letter.isdigit() or letter == ".")
    assert Decimal(digits) == decimal_amount(minor, currency)
