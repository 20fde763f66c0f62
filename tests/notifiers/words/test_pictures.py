"""The picture of prices: true to scale, the same in words, and readable on white and on black."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifiers.words.pictures import BAR, LAST_BAR, bars, sentence
from tests.notifiers.kit import NEWS, NOW
from watchers.models import News, PastPrice

DAY = timedelta(days=1)
NEW_YORK = ZoneInfo("America/New_York")


def seen(*prices: int, until: datetime = NOW, **changes: Any) -> News:
    """The usual news after these prices, one a day, the last of them told."""
    found = tuple(
        PastPrice(until - DAY * (len(prices) - place), price) for place, price in enumerate(prices, 1)
    )
    facts: dict[str, Any] = {"recent": found, "price": prices[-1], "observed_at": until}
    return replace(NEWS, **facts | changes)


def heights(html: str) -> list[int]:
    return [int(height) for height in re.findall(r'height="(\d+)"', html)]


def test_each_price_is_a_bar_in_proportion_to_the_highest() -> None:
    assert heights(bars(seen(16000, 8000, 4000), UTC)) == [64, 32, 16]


def test_the_bars_start_at_zero_so_that_a_small_change_looks_small() -> None:
    assert heights(bars(seen(10000, 9900), UTC)) == [64, 63]


def test_a_free_item_is_still_a_bar() -> None:
    assert heights(bars(seen(8400, 0), UTC)) == [64, 1]


def test_the_last_bar_stands_out() -> None:
    assert re.findall(r'bgcolor="(#\w+)"', bars(seen(3, 2, 1), UTC)) == [BAR, BAR, LAST_BAR]


def test_looks_that_found_the_same_price_are_one() -> None:
    again = seen(49900, 49900, 20000, 20000)

    assert sentence(again, UTC) == "Prices seen: $499 (29 May), $200 (now)."
    assert re.findall(r'bgcolor="(#\w+)"', bars(again, UTC)) == [BAR, LAST_BAR]


def test_a_price_that_came_back_is_named_again() -> None:
    assert sentence(seen(9000, 8400, 9000), UTC) == "Prices seen: $90 (30 May), $84 (31 May), $90 (now)."


def test_the_plain_part_says_every_price_with_its_day() -> None:
    assert sentence(seen(11200, 9700, 8400), UTC) == ("Prices seen: $112 (30 May), $97 (31 May), $84 (now).")


def test_below_the_bars_three_are_said() -> None:
    assert "Prices seen: first $112 (28 May), lowest $71 (30 May), $84 (now)." in bars(
        seen(11200, 9700, 7100, 9000, 8400), UTC
    )
    assert "Prices seen: first $112 (31 May), $84 (now)." in bars(seen(11200, 8400), UTC)


def test_the_days_are_those_of_the_reader() -> None:
    early = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)  # still 31 May in New York

    assert "$112 (30 May)" in sentence(seen(11200, 8400, until=early), NEW_YORK)
    assert "$112 (31 May)" in sentence(seen(11200, 8400, until=early), UTC)


def test_the_price_told_is_the_last_also_when_it_was_not_recorded() -> None:
    late = replace(seen(11200, 9700), price=8400)

    assert sentence(late, UTC) == "Prices seen: $112 (31 May), $97 (1 Jun), $84 (now)."


def test_of_held_news_the_last_is_what_it_is_now() -> None:
    held = seen(11200, 7100, now_at=NOW + DAY, now_price=8800)

    assert sentence(held, UTC) == "Prices seen: $112 (31 May), $71 (1 Jun), $88 (now)."
    assert len(heights(bars(held, UTC))) == 3


@pytest.mark.parametrize(
    ("now_price", "said"),
    [
        (8800, "$71 (1 Jun), $88 (now)."),
        (7100, "$71 (now)."),
        (None, "$71 (1 Jun), now not on sale."),
    ],
)
def test_of_older_news_only_what_was_looked_up_again_is_now(now_price: int | None, said: str) -> None:
    old = seen(11200, 7100, now_at=NOW + timedelta(hours=20), now_price=now_price)

    assert sentence(old, UTC) == f"Prices seen: $112 (31 May), {said}"
    assert bars(old, UTC).endswith(f"{said}</p>")


@pytest.mark.parametrize("held", [{}, {"now_at": NOW + DAY}], ids=["fresh", "held"])
def test_without_a_price_told_the_last_one_seen_is_not_called_todays(held: dict[str, Any]) -> None:
    assert sentence(seen(9000, 8400, **held | {"price": None}), UTC).endswith("$84 (1 Jun).")


def test_what_is_not_on_sale_any_more_has_no_price_now() -> None:
    gone = seen(11200, 7100, now_at=NOW + DAY, now_price=None)

    assert sentence(gone, UTC) == "Prices seen: $112 (31 May), $71 (1 Jun), now not on sale."
    assert "now not on sale" in bars(gone, UTC)


@pytest.mark.parametrize(
    "news",
    [
        replace(NEWS, recent=()),
        seen(8400, 8400, 8400),
        seen(8400),
        seen(11200, 8400, currency=None),
        replace(NEWS, recent=(PastPrice(NOW, 8400),), observed_at=None, price=None),
    ],
    ids=["nothing recorded", "never changed", "one price", "no currency", "no price told"],
)
def test_without_two_different_prices_there_is_no_picture(news: News) -> None:
    assert (sentence(news, UTC), bars(news, UTC)) == ("", "")


def test_at_most_ten_are_shown_and_they_are_the_latest() -> None:
    many = seen(*range(2000, 500, -100))

    assert len(heights(bars(many, UTC))) == 10
    assert sentence(many, UTC).startswith("Prices seen: $15 (")


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=14))
def test_bars_and_words_agree_whatever_the_prices(prices: list[int]) -> None:
    news = seen(*prices)
    drawn = heights(bars(news, UTC))
    shown = [price for price, _ in groupby(prices)][-10:]

    assert bool(drawn) == bool(sentence(news, UTC)) == (len(shown) > 1)
    if drawn:
        assert max(drawn) == 64
        assert all(abs(64 * price / max(shown) - bar) <= 1 for price, bar in zip(shown, drawn, strict=True))


def luminance(colour: str) -> float:
    """As WCAG 2.1 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", [BAR, LAST_BAR])
@pytest.mark.parametrize("ground", ["#ffffff", "#000000", "#1f1f1f"])
def test_bars_can_be_told_from_a_light_and_from_a_dark_ground(colour: str, ground: str) -> None:
    dark, light = sorted((luminance(colour), luminance(ground)))

    assert (light + 0.05) / (dark + 0.05) >= 3
