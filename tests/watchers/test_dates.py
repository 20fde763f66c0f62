"""How days are written."""

from datetime import date

from watchers import dates
from watchers.language import speaking

NEW_YEAR = date(2027, 1, 1)


def test_a_day_is_written_in_the_order_of_its_language() -> None:
    assert dates.full(NEW_YEAR) == "1 Jan 2027"
    assert dates.short(NEW_YEAR) == "1 Jan"
    assert dates.weekday(NEW_YEAR) == "Fri"
    with speaking("de"):
        assert dates.full(NEW_YEAR) == "1. Jan 2027"
        assert dates.short(date(2027, 3, 9)) == "9. Mär"
        assert dates.weekday(NEW_YEAR) == "Fr"


def test_english_days_are_those_of_the_c_locale() -> None:
    for month in range(1, 13):
        day = date(2026, month, 28)
        assert dates.full(day) == f"{day:%d %b %Y}"
        assert dates.weekday(day) == f"{day:%a}"
