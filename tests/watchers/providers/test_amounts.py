"""No amount becomes another price than the one that is written, and none becomes a price of 0."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.money import CURRENCIES, Basis, decimal_amount
from watchers.observation import Price
from watchers.providers import amounts

anything = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()), st.decimals()
)


@given(anything, st.one_of(anything, st.sampled_from(sorted(CURRENCIES))))
def test_nothing_crashes_and_nothing_is_a_price_of_0(value: object, currency: object) -> None:
    price = amounts.price(Basis.LISTING, value, currency)
    assert price is None or (price.low > 0 and price.currency in CURRENCIES)


@given(st.integers(1, 10**10), st.sampled_from(["USD", "JPY", "KWD"]))
def test_what_is_written_is_what_is_read(minor: int, currency: str) -> None:
    written = decimal_amount(minor, currency)
    expected = Price(Basis.LISTING, currency, minor) if written <= 10**8 else None
    assert amounts.price(Basis.LISTING, f"{written:f}", currency) == expected


@given(st.integers(1, 10**9))
def test_a_number_is_read_like_its_text(cents: int) -> None:
    price = amounts.price(Basis.LISTING, cents / 100, "USD")
    assert price is not None
    assert price.low == cents


@pytest.mark.parametrize(
    "written", ["", " ", "0x1", "1e3", "1,000", "1.2.3", "-1", "+1", "٣", "1_0", "nan", "1.", "100000000.01"]
)
def test_what_is_no_plain_amount_is_none(written: str) -> None:
    assert amounts.amount(written) is None


def test_0_is_an_amount_and_no_price() -> None:
    assert amounts.amount("0.00") == Decimal(0)
    assert amounts.price(Basis.LISTING, "0.00", "USD") is None
