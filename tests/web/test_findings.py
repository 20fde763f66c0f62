"""What was found, in lines that fit a terminal and in words that claim nothing that is not known."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.markets import all_in, entry, face
from watchers.catalog.found import Found
from watchers.catalog.merged import merged
from watchers.observation import Availability, EventStatus, ItemCondition
from web import findings

AT = datetime(2026, 12, 31, 19, 30, tzinfo=ZoneInfo("Europe/London"))


def test_an_event_on_two_markets_begins_with_its_best_prices() -> None:
    one = merged(
        [entry("tickets", "t1", face(5400, high=9000), starts_at=AT), entry("seats", "s1", face(4900))]
    )
    assert list(findings.event_lines(one)) == [
        "31 Dec 2026 19:30  Night Tram                                      Hall, London",
        "  best: $49 face value, at Seats (the lowest of 2 markets)",
        "  tickets        $54 to $90 face value; available",
        "                 https://tickets.example/t1",
        "  seats          $49 face value; available",
        "                 https://seats.example/s1",
    ]


@pytest.mark.parametrize("name", ["N" * 300, "夜行列車" * 40, "a\x1b[31mred\x07"])
def test_no_line_is_wider_than_a_terminal_and_none_commands_it(name: str) -> None:
    one = merged([entry("m" * 40, "1", face(1), all_in(2), name=name, venue=name)])
    lines = [line for line in findings.event_lines(one) if "https" not in line]
    assert all(findings._columns(line) <= 100 for line in lines)  # noqa: SLF001 - as a terminal counts
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"availability": Availability.UNKNOWN}, ""),
        ({"availability": Availability.UNAVAILABLE, "listing_count": 0}, "cannot be bought now, 0 offers"),
        ({"status": EventStatus.POSTPONED, "availability": Availability.UNKNOWN}, "postponed"),
        ({"condition": ItemCondition.OPEN_BOX, "listing_count": 1}, "open box, available, 1 offer"),
    ],
)
def test_what_is_not_known_is_not_said(said: dict[str, object], words: str) -> None:
    (market,) = merged([entry("m", "1", **said)]).markets
    assert findings.state(market) == words


def test_not_seen_not_asked_and_nothing_found_are_three_sentences() -> None:
    nobody = Found(absences={"a": "status 503."}, unasked={"b": "B_KEY is not set"})
    assert list(findings.found_lines(nobody)) == [
        "no market answered", "not seen: a: status 503.", "not asked: b: B_KEY is not set",
    ]  # fmt: skip
    assert list(findings.found_lines(Found(answered=("a",)))) == ["nothing was found"]
    some = Found(answered=("a",), absences={"b": "status 503."})
    assert next(findings.found_lines(some)) == "nothing was found by those that answered"


def test_a_comparison_names_the_markets_that_do_not_have_it() -> None:
    found = Found((merged([entry("a", "1")]),), answered=("a", "b"))
    assert list(findings.compared_lines(found))[-1] == "not there: b"


def test_long_lists_end_in_a_count() -> None:
    found = Found(tuple(merged([entry("a", str(number))]) for number in range(45)), answered=("a",))
    assert list(findings.found_lines(found))[-1] == "… and 5 more; --json lists them all"
