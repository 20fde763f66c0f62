"""Round amounts and round moments, few enough for a phone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.watch import axes

NEW_YORK = ZoneInfo("America/New_York")


@given(st.lists(st.integers(0, 10**16), max_size=20), st.lists(st.integers(0, 10**16), max_size=5))
def test_everything_seen_lies_on_an_axis_with_few_round_marks(seen: list[int], also: list[int]) -> None:
    axis = axes.prices(seen, also)
    assert 0 <= axis.low < axis.high
    assert all(axis.has(price) for price in seen)
    assert 2 <= len(axis.marks) <= 8
    assert axis.low % axis.step == axis.high % axis.step == 0
    assert str(axis.step).rstrip("0") in ("1", "2", "25", "5")


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(timedelta(minutes=3), timedelta(days=4000)),
    st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Monrovia"]),
)
def test_moments_are_within_and_at_most_five(start: datetime, length: timedelta, zone: str) -> None:
    found = axes.moments(start, start + length, ZoneInfo(zone))
    assert len(found) <= 5
    assert all(start <= at <= start + length for at, _ in found)
    assert [at for at, _ in found] == sorted(at for at, _ in found)
    assert found


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(hours=4), ["23:00", "29 Nov", "01:00", "02:00"]),
        (timedelta(days=4), ["29 Nov", "30 Nov", "1 Dec", "2 Dec"]),
        (timedelta(days=100), ["Dec", "Jan 2027", "Feb", "Mar"]),
        (timedelta(days=1500), ["2027", "2028", "2029", "2030", "2031"]),
    ],
    ids=["hours", "days", "months", "years"],
)
def test_marks_are_what_a_clock_on_the_wall_says(length: timedelta, said: list[str]) -> None:
    start = datetime(2026, 11, 29, 3, 30, tzinfo=UTC)  # 22:30 the day before in New York
    assert [text for _, text in axes.moments(start, start + length, NEW_YORK)] == said


def test_amounts_have_all_their_cents_or_none() -> None:
    assert [said for _, said in axes.amounts(axes.Prices(0, 300, 150), "USD")] == ["$0.00", "$1.50", "$3.00"]
    assert [said for _, said in axes.amounts(axes.Prices(0, 200, 100), "USD")] == ["$0", "$1", "$2"]
