"""The promise on the labelled pairs, and what holds for every two events."""

import json
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from watchers.events import Event
from watchers.matching import CONFIDENT, Match, match
from watchers.matching.pairs import Pair, read
from watchers.observation import ItemCondition

LABELLED = [
    (json.loads(line), read(line))
    for line in (Path(__file__).parents[2] / "data/matching/pairs.jsonl").read_text().splitlines()
]
CONCERT = Event(
    name="Night Tram Orchestra: Last Stop Tour",
    venue="Depot Hall",
    city="Leeds",
    country="GB",
    date=date(2026, 11, 6),
    time=time(19, 30),
    timezone="Europe/London",
    performers=("Night Tram Orchestra",),
    category="Music",
    provider="ticketmaster",
    item="tm1",
)
NAMES = (
    *("Night Tram Orchestra", "Lakers at Celtics", "Celtics v Lakers - Game 2", "Parking: Lakers vs Celtics"),
    *("Coldplay: A Tribute", "AC/DC", "Hamilton (NY)", "Fest 2-Day Pass", "UFC 330", "  ", "-", "v", "x v y"),
)
texts = st.one_of(st.none(), st.sampled_from(NAMES), st.text(max_size=40))
events = st.builds(
    Event,
    name=texts,
    venue=st.one_of(texts, st.sampled_from(("Staples Center", "Crypto.com Arena", "The O2", "Arena Suites"))),
    city=st.one_of(texts, st.sampled_from(("London", "LA", "München", "Munich"))),
    state=st.one_of(texts, st.sampled_from(("CA", "California", "WA"))),
    country=st.one_of(texts, st.sampled_from(("GB", "US", "AU"))),
    date=st.one_of(st.none(), st.just(date(2026, 6, 1)), st.dates()),
    time=st.one_of(st.none(), st.times()),
    timezone=st.one_of(
        texts, st.sampled_from(("UTC", "Europe/London", "Europe", "../etc", "America/New_York"))
    ),
    performers=st.lists(st.one_of(st.sampled_from(NAMES), st.text(max_size=20)), max_size=3).map(tuple),
    category=st.one_of(texts, st.sampled_from(("Theatre", "nba", "game", "Exhibition"))),
    condition=st.one_of(st.none(), st.sampled_from(ItemCondition)),
    provider=st.one_of(st.none(), st.sampled_from(("ticketmaster", "steam"))),
    item=st.one_of(st.none(), st.sampled_from(("1", "2"))),
)


@pytest.mark.parametrize("only_held_out", [False, True], ids=["all pairs", "the held-out half"])
def test_on_the_labelled_pairs_precision_is_99_percent_at_a_recall_of_95(*, only_held_out: bool) -> None:
    labelled = [(said, pair) for said, pair in LABELLED if said["held_out"] or not only_held_out]
    joined = [said["same"] for said, pair in labelled if match(pair.a, pair.b).same]
    assert sum(joined) >= 0.99 * len(joined)
    assert sum(joined) >= 0.95 * sum(said["same"] for said, _ in labelled)


def test_the_labelled_pairs_are_many_and_half_of_them_are_not_the_same() -> None:
    assert len(LABELLED) >= 320
    assert sum(not said["same"] for said, _ in LABELLED) >= len(LABELLED) / 2
    assert 0.4 < sum(said["held_out"] for said, _ in LABELLED) / len(LABELLED) < 0.6
    assert len({said["why"] for said, _ in LABELLED}) == len(LABELLED), "each says a reason of its own"


def test_no_event_of_the_tuning_half_is_in_the_held_out_half() -> None:
    halves: dict[bool, set[str]] = {True: set(), False: set()}
    for said, _ in LABELLED:
        halves[said["held_out"]].add(json.dumps(said["a"], sort_keys=True))
    assert not halves[True] & halves[False]


@pytest.mark.parametrize(("said", "pair"), LABELLED, ids=[said["why"] for said, _ in LABELLED])
def test_every_labelled_pair_has_reasons_and_one_score_in_both_orders(
    said: dict[str, Any], pair: Pair
) -> None:
    one, other = match(pair.a, pair.b), match(pair.b, pair.a)
    assert (one.same, one.score) == (other.same, other.score)
    assert one.reasons
    assert all(reason.strip() for reason in one.reasons), said["why"]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("a day later", lambda event: replace(event, date=event.date + timedelta(1))),
        ("a week before", lambda event: replace(event, date=event.date - timedelta(7))),
        ("its parking", lambda event: replace(event, name=f"Parking: {event.name}")),
        ("a package", lambda event: replace(event, name=f"{event.name} Hospitality Package")),
        (
            "in another town",
            lambda event: replace(event, city="Omaha", state="NE", country="US", timezone=None),
        ),
    ],
)
def test_one_thing_changed_makes_another_of_every_labelled_event(
    what: str, change: Callable[[Event], Event]
) -> None:
    beside = ("arking", "VIP")
    same = [
        pair for said, pair in LABELLED
        if said["same"] and pair.b.date and not any(word in (pair.a.name or "") for word in beside)
    ]  # fmt: skip
    assert len(same) > 100
    assert not [pair for pair in same if match(pair.a, change(pair.b)).same], what


@given(events, events)
def test_whatever_is_missing_it_answers_alike_in_both_orders(a: Event, b: Event) -> None:
    one, other = match(a, b), match(b, a)
    assert (one.same, one.score) == (other.same, other.score)
    assert 0 <= one.score <= 1
    assert one.same == (one.score >= CONFIDENT)
    assert one.reasons


@given(events)
def test_an_event_with_name_place_and_hour_is_the_same_as_itself_elsewhere(event: Event) -> None:
    told = replace(
        event,
        name=f"The Quay {event.name or ''}",
        venue="Depot Hall",
        city="Leeds",
        state=None,
        country="GB",
        date=date(2026, 11, 6),
        time=time(19, 30),
        provider="ticketmaster",
        item="1",
    )
    assert match(told, replace(told, provider="seatgeek", item="9")).same


@given(events, st.sampled_from((-1, 1)))
def test_on_another_day_nothing_is_the_same(event: Event, days: int) -> None:
    day = date(2026, 6, 1)
    one = replace(event, date=day, item="1", provider="ticketmaster")
    other = replace(event, date=day + timedelta(days), item="2", provider="seatgeek")
    assert not match(one, other).same


@pytest.mark.parametrize("field", ["name", "date", "venue"])
def test_what_is_not_said_lowers_the_score_and_is_named(field: str) -> None:
    other = replace(CONCERT, provider="seatgeek", item="sg1")
    unsaid = replace(other, **{field: None}, **({"performers": ()} if field == "name" else {}))
    less = match(CONCERT, unsaid)
    assert less.score < match(CONCERT, other).score
    words = {"name": "no name", "date": "no date", "venue": "does not say the venue"}
    assert any(words[field] in reason for reason in less.reasons)


def test_one_entry_of_one_market_is_itself_whatever_else_it_says() -> None:
    assert match(CONCERT, replace(CONCERT, name="Renamed", date=date(2027, 1, 1))).same


def test_what_somebody_said_comes_before_all_else() -> None:
    other = replace(CONCERT, provider="seatgeek", item="sg1")
    said = match(CONCERT, other, not_same=lambda a, b: (a.item, b.item) == ("sg1", "tm1"))
    assert said == Match(same=False, score=0.0, reasons=("somebody said that these are not the same",))


def test_two_teams_at_the_same_minute_are_one_game_whatever_the_ground_is_called() -> None:
    game = replace(CONCERT, name="Gulls v Herons", performers=(), category="Basketball")
    renamed = replace(game, venue="A New Sponsor's Place", provider="seatgeek", item="sg1")
    said = match(game, renamed)
    assert said.same
    assert any("perhaps a new name" in reason for reason in said.reasons)
    assert not match(game, replace(renamed, time=time(13))).same
