"""Many entries: one group an event, and never a chain through weak links."""

import json
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.upstream import NOW, PAYLOADS
from watchers.events import Event, normalised
from watchers.matching import groups, match, matches
from watchers.matching.pairs import read
from watchers.observation import ItemCondition
from watchers.providers.ticketmaster import Ticketmaster
from watchers.verdicts import pair, remembered

TRAM = Event(
    name="Night Tram Orchestra", venue="Depot Hall", city="Leeds", country="GB", date=date(2026, 11, 6),
    time=time(19, 30), performers=("Night Tram Orchestra",), provider="ticketmaster", item="1",
)  # fmt: skip
ELSEWHERE = replace(TRAM, provider="seatgeek", item="s1", name="Night Tram Orchestra: Last Stop Tour")
THIRD = replace(TRAM, provider="stubhub", item="h1", time=None)
PAIRS = (Path(__file__).parents[2] / "data/matching/pairs.jsonl").read_text().splitlines()


def test_entries_of_three_markets_are_one_group_and_the_next_night_is_another() -> None:
    night = replace(ELSEWHERE, item="s2", date=date(2026, 11, 7))
    assert groups([TRAM, night, ELSEWHERE, THIRD]) == [[0, 2, 3], [1]]


def test_utc_and_local_time_meet_over_midnight() -> None:
    local = replace(TRAM, city="Denver", state="CO", country="US", timezone="America/Denver")
    utc = replace(local, date=date(2026, 11, 7), time=time(2, 30), timezone="UTC", provider="seatgeek")
    assert groups([local, utc]) == [[0, 1]]


def test_a_group_is_never_chained_through_a_weak_link() -> None:
    doors = replace(ELSEWHERE, time=time(18, 20))
    late = replace(TRAM, provider="stubhub", item="h1", time=time(20, 40))
    first, last = match(TRAM, doors), match(TRAM, late)
    assert first.same
    assert last.same
    assert not match(doors, late).same
    assert sorted(map(len, groups([doors, TRAM, late]))) == [1, 2]


GAME = Event(
    name="Boston Red Sox at New York Yankees", venue="Yankee Stadium", city="Bronx", state="NY", country="US",
    date=date(2026, 8, 15), category="MLB", provider="ticketmaster", item="1",
)  # fmt: skip


@pytest.mark.parametrize(
    ("hour", "here"),
    [(None, (time(13, 5), time(19, 5))), (time(19), (time(18), time(20)))],
    ids=["without an hour", "between the two"],
)
def test_an_entry_that_may_be_either_of_two_shows_is_joined_to_neither(
    hour: time | None, here: tuple[time, time]
) -> None:
    either = replace(GAME, time=hour)
    shows = [replace(GAME, time=one, provider="seatgeek", item=f"s{one}") for one in here]
    assert all(match(either, one).same for one in shows)
    assert groups([either, *shows]) == [[0], [1], [2]]
    assert groups([*shows, either]) == [[0], [1], [2]]
    assert groups([either, shows[0]]) == [[0, 1]]


def test_of_two_shows_an_entry_is_the_one_at_its_own_minute() -> None:
    mine = replace(GAME, time=time(19))
    shows = [
        replace(GAME, time=one, provider="seatgeek", item=f"s{one}") for one in (time(18), time(19), time(20))
    ]
    assert groups([mine, *shows]) == [[0, 2], [1], [3]]
    twin = replace(shows[1], item="twin")
    assert groups([mine, *shows, twin]) == [[0, 2, 4], [1], [3]]


def test_one_market_s_entries_are_one_only_with_one_id_or_as_twins() -> None:
    twin = replace(TRAM, item="2")
    doors = replace(TRAM, item="3", time=time(20))
    assert groups([TRAM, replace(TRAM, name="Renamed since")]) == [[0, 1]]
    assert groups([TRAM, twin]) == [[0, 1]]
    assert groups([TRAM, doors]) == [[0], [1]]


def test_what_somebody_said_keeps_two_apart_though_a_third_is_like_both() -> None:
    said = frozenset({pair(TRAM, ELSEWHERE) or frozenset()})
    found = groups([TRAM, ELSEWHERE, THIRD], not_same=remembered(said))
    assert not any({0, 1} <= set(group) for group in found)


def test_things_meet_by_their_words() -> None:
    game = Event(name="Baldur's Gate 3", provider="steam", item="1")
    box = Event(name="BALDUR'S GATE III", provider="bestbuy", item="9")
    assert groups([game, box, replace(box, name="Baldur's Gate II", item="8")]) == [[0, 1], [2]]


def test_a_thing_that_says_its_condition_is_not_joined_to_one_that_does_not() -> None:
    new = Event(name="Brass Lantern", condition=ItemCondition.NEW, provider="bestbuy", item="1")
    unsaid = replace(new, condition=None, provider="ebay", item="2")
    assert groups([new, unsaid]) == [[0], [1]]
    assert groups([new, replace(new, provider="ebay", item="2")]) == [[0, 1]]
    assert groups([replace(unsaid, provider="steam"), unsaid]) == [[0, 1]]


entries = st.lists(
    st.builds(
        replace,
        st.sampled_from([TRAM, ELSEWHERE, THIRD]),
        item=st.sampled_from("1234"),
        time=st.sampled_from([None, time(18, 20), time(19, 30), time(20, 40)]),
        city=st.sampled_from([None, "Leeds", "York"]),
        name=st.sampled_from([None, "Night Tram Orchestra", "Night Tram Orchestra VIP Package"]),
    ),
    max_size=8,
)


@given(entries)
def test_every_entry_is_in_one_group_and_all_of_a_group_agree(listed: list[Event]) -> None:
    found = groups(listed)
    assert sorted(index for group in found for index in group) == list(range(len(listed)))
    for group in found:
        assert all(match(listed[i], listed[j]).same for i in group for j in group if i < j)


def test_what_is_compared_in_blocks_misses_nothing_that_comparing_all_would_find() -> None:
    labelled = [json.loads(line) for line in PAIRS]
    listed = [event for line in PAIRS for event in (read(line).a, read(line).b)]
    found = matches(listed)
    joined = [number for number, line in enumerate(PAIRS) if match(read(line).a, read(line).b).same]
    missed = [labelled[number]["why"] for number in joined
              if listed[2 * number].provider != listed[2 * number + 1].provider
              and (2 * number, 2 * number + 1) not in found]  # fmt: skip
    assert not missed


@pytest.mark.skipif(not PAYLOADS.is_dir(), reason="the shared payloads are not on this machine")
def test_no_two_events_of_a_recorded_page_are_taken_for_one() -> None:
    for name in (
        "events_search_2019-07_default",
        "events_search_2020-05_uk",
        "events_search_2023-03_default",
    ):
        body = (PAYLOADS / f"ticketmaster/{name}.json").read_bytes()
        page = [normalised(seen) for seen in Ticketmaster.read(body, NOW)]
        assert len(page) > 10
        assert len(groups(page)) == len(page)
