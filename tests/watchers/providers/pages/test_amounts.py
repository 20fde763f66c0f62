"""What is written as a price: either it can be read in one way only, or it is none."""

from decimal import Decimal

import pytest

from watchers.providers.pages.amounts import NoAmountError, currency_of, money


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("45.00", "USD", 4500),
        ("45", "USD", 4500),
        ("45,5", "EUR", 4550),
        ("45.0000", "USD", 4500),
        ("1.234,56", "EUR", 123456),
        ("1,234.56", "USD", 123456),
        ("1 234,56 €", "EUR", 123456),
        ("1\u202f234,56\u00a0€", "EUR", 123456),
        ("CHF 1'234.50", "CHF", 123450),
        ("1\u2019234.50", "CHF", 123450),
        ("$1,495", "USD", 149500),
        ("£1,495", "GBP", 149500),
        ("MX$1,495", "MXN", 149500),
        ("₹1,495", "INR", 149500),
        ("₹1,84,456.00", "INR", 18445600),
        ("12.845.678", "COP", 1284567800),
        ("￥1,480", "JPY", 1480),
        ("1,480", "JPY", 1480),
        ("45,-", "EUR", 4500),
        ("45.-", "CHF", 4500),
        ("USD 45", "USD", 4500),
        ("45 kr", "SEK", 4500),
        ("\uff14\uff15", "EUR", 4500),
        ("\u0664\u0665\u066b\u0665\u0660", "AED", 4550),
        ("0.99", "USD", 99),
        ("15.500", "KWD", None),
        (Decimal(45), "USD", 4500),
        (Decimal("45.5"), "USD", 4550),
        (Decimal("29.990000000000002"), "USD", 2999),
        (Decimal("15.500"), "KWD", 15500),
        (Decimal("1E+3"), "USD", 100000),
    ],
    ids=str,
)
def test_an_amount_that_reads_in_one_way(written: object, currency: str, minor: int | None) -> None:
    if minor is None:
        with pytest.raises(NoAmountError, match="two amounts"):
            money(written, currency)
    else:
        assert money(written, currency) == (minor, currency)


@pytest.mark.parametrize(
    ("written", "currency"),
    [
        ("€45", "EUR"),
        ("45 EUR", "EUR"),
        ("US$ 45", "USD"),
        ("zł45", "PLN"),
        ("£45", "GBP"),
        ("R$ 45,00", "BRL"),
    ],
)
def test_a_sign_of_one_currency_names_it(written: str, currency: str) -> None:
    assert money(written, None) == (4500, currency)


@pytest.mark.parametrize(
    ("written", "currency", "why"),
    [
        ("1.234", "EUR", "two amounts"),
        ("1,234", "USD", "two amounts"),
        ("1,234", "EUR", "two amounts"),
        ("$1.495", "USD", "two amounts"),
        ("$1,495", "COP", "two amounts"),
        ("45.000", "KRW", "two amounts"),
        ("1.234.5", "EUR", "two amounts"),
        ("1,23,4", "INR", "two amounts"),
        (Decimal("1.234"), "EUR", "two amounts"),
        ("from $45", "USD", "words"),
        ("$15 / $65", "USD", "words"),
        ("2 for $45", "USD", "words"),
        ("≈ 45", "EUR", "words"),
        ("45 per month", "USD", "words"),
        ("10% off", "USD", "words"),
        ("1e5", "USD", "words"),
        ("$15 - $65", "USD", "no amount"),
        ("15.00-65.00", "USD", "no amount"),
        ("-5", "USD", "no amount"),
        ("call us", "USD", "no amount"),
        ("", "USD", "no amount"),
        ("4" * 41, "USD", "no amount"),
        (True, "USD", "no amount"),
        (None, "USD", "no amount"),
        ("free", "USD", "free"),
        ("Gratis", "EUR", "free"),
        ("0", "USD", "unknown one"),
        ("0.00", "USD", "unknown one"),
        (Decimal(0), "USD", "unknown one"),
        ("0.01", "USD", "unknown one"),
        ("99999", "USD", "unknown one"),
        ("999999.99", "USD", "unknown one"),
        ("12345", "USD", "unknown one"),
        (Decimal(-5), "USD", "bounds"),
        (Decimal("1E+30"), "USD", "bounds"),
        (Decimal("NaN"), "USD", "bounds"),
        ("45.123456789", "USD", "decimals"),
        (Decimal("45.5"), "JPY", "decimals"),
        (Decimal("45.1234"), "USD", "decimals"),
        ("$45", None, "currency"),
        ("45", None, "currency"),
        ("¥45", None, "currency"),
        ("€45", "USD", "contradict"),
        ("$45", "AED", "contradict"),
        ("£45", "USD", "contradict"),
    ],
    ids=str,
)
def test_what_is_no_clear_amount_is_none(written: object, currency: str | None, why: str) -> None:
    with pytest.raises(NoAmountError, match=why):
        money(written, currency)


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("USD", "USD"),
        (" usd ", "USD"),
        ("€", "EUR"),
        ("$", None),
        ("XXX", None),
        ("US Dollar", None),
        (None, None),
    ],
)
def test_a_currency_is_a_code_or_a_sign_of_one_currency(written: str | None, code: str | None) -> None:
    assert currency_of(written) == code
