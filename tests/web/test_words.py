"""What a watch asks for, in words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from watchers.watch import Watch
from web import words

CONDITIONS: dict[str, dict[str, Any]] = {
    "at or under $90.00": {"kind": "below", "price": "90", "currency": "USD"},
    "at or under £89.50 all-in": {"kind": "below", "price": "89.5", "currency": "GBP", "basis": "all_in"},
    "at or under ¥9,000": {"kind": "below", "price": "9000", "currency": "JPY"},
    "at or under KWD 7.500": {"kind": "below", "price": "7.5", "currency": "KWD"},
    "15 % off": {"kind": "drop", "percent": 15},
    "12.5 % and at least $5 off face value": {
        "kind": "drop",
        "percent": 12.5,
        "min_saving": "5.00",
        "basis": "face",
    },
    "lowest in 30 days": {"kind": "historic_low", "days": 30},
    "new dates": {"kind": "new_listing"},
    "back in stock": {"kind": "back_in_stock"},
    "on-sale dates, cancelled or moved": {"kind": "status"},
}


@pytest.mark.parametrize(("said", "condition"), CONDITIONS.items(), ids=CONDITIONS.keys())
def test_a_condition_reads_as_a_person_would_say_it(said: str, condition: dict[str, Any]) -> None:
    assert words.condition(_watch(condition).conditions[0], "USD") == said


def test_a_saving_names_no_currency_that_is_not_known() -> None:
    drop = _watch({"kind": "drop", "percent": 15, "min_saving": "5"}).conditions[0]
    assert words.condition(drop) == "15 % and at least 5 (in the shop's currency) off"


WINTER, SUMMER = datetime(2027, 1, 9, 19, 30, tzinfo=UTC), datetime(2027, 7, 9, 18, 30, tzinfo=UTC)
EVENTS = {
    "Sat 9 Jan 2027 19:30 (local time)": (WINTER.astimezone(ZoneInfo("Europe/London")), WINTER.date()),
    "Fri 9 Jul 2027 19:30 (local time)": (SUMMER.astimezone(ZoneInfo("Europe/London")), SUMMER.date()),
    "Sat 9 Jan 2027 20:30 (your time)": (WINTER, None),
    "Sat 9 Jan 2027": (None, WINTER.date()),
    "": (None, None),
}


@pytest.mark.parametrize(("said", "known"), EVENTS.items(), ids=EVENTS.keys())
def test_an_events_time_says_whose_clock_it_is_on(said: str, known: tuple[datetime | None, Any]) -> None:
    assert words.event_day(*known, ZoneInfo("Europe/Berlin")) == said


def test_what_is_watched_reads_as_one_line() -> None:
    search = {"keyword": "Lakers", "country": "US", "date_from": "2026-12-01", "weekdays": ["sat", "sun"]}
    markets = [
        {"provider": "ticketmaster", "search": search},
        {"provider": "steam", "item": "620", "country": "GB"},
    ]
    watch = _watch({"kind": "status"}, {"markets": markets})
    said = "Ticketmaster search: Lakers, US, from 1 Dec 2026, sat/sun; Steam 620 (GB)"
    assert words.asked_of(watch) == said


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=9), "just now"),
        (timedelta(seconds=59), "59 s ago"),
        (timedelta(minutes=59, seconds=59), "59 min ago"),
        (timedelta(hours=47), "47 h ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_ages_are_rounded_down(length: timedelta, said: str) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert words.ago(now - length, now) == said


def _watch(condition: dict[str, Any], target: dict[str, Any] | None = None) -> Watch:
    target = target or {"provider": "steam", "item": "620"}
    return Watch.model_validate({"name": "x", "target": target, "conditions": [condition]})
