"""Which board a target lies on, and which boards are polled in a run."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.quota import Quota
from watchers.shards import (
    board_name,
    board_of,
    due_shards,
    home_of,
    is_board,
    minute_of,
    provider_of,
    shard_in,
    shard_of,
    share,
    stride,
)

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HASHES = st.integers(0, 16**12 - 1).map(lambda number: f"steam-{number:012x}")
MANY = st.integers(1, 256)


@given(HASHES, MANY)
def test_a_target_lies_on_one_of_the_boards(target_id: str, n: int) -> None:
    assert 0 <= shard_of(target_id, n) < n


@given(HASHES, MANY)
def test_twice_as_many_boards_split_each_in_two(target_id: str, n: int) -> None:
    assert shard_of(target_id, 2 * n) // 2 == shard_of(target_id, n)


@given(HASHES, HASHES, MANY)
def test_boards_hold_ranges_of_hashes(one: str, other: str, n: int) -> None:
    low, high = sorted([one, other])
    assert shard_of(low, n) <= shard_of(high, n)


def test_no_board_is_empty_where_targets_are_many() -> None:
    found = {shard_of(f"steam-{number * 2**40 + 12345:012x}", 64) for number in range(256)}
    assert found == set(range(64))


def test_a_hash_of_any_length_will_do() -> None:
    assert [shard_of(f"steam-{hash_}", 4) for hash_ in ("0", "4", "bf", "c000", "f" * 64)] == [0, 1, 2, 3, 3]


def test_a_board_that_is_alone_holds_whatever_there_is() -> None:
    assert shard_of("no hash at all", 1) == 0
    with pytest.raises(ValueError, match="invalid literal"):
        shard_of("no-hash at all", 2)


def test_names() -> None:
    assert board_name("steam", 3) == "steam-3"
    assert (home_of("a-shop"), board_of("a-shop-ffff", 4)) == ("a-shop-0", "a-shop-3")
    assert (provider_of("a-shop-12"), shard_in("a-shop-12")) == ("a-shop", 12)


@pytest.mark.parametrize("name", ["steam", "steam-", "-1", "steam-01", "steam-x", "steam--1x", "steam-12345"])
def test_what_is_no_boards_name(name: str) -> None:
    assert not is_board(name)
    assert shard_in(name) == 0


@given(st.integers(0, 10_000), st.integers(1, 50))
def test_all_boards_together_may_ask_what_the_provider_allows(calls: int, n: int) -> None:
    quota = Quota(calls, DAY, 2.0)
    assert sum(share(quota, shard, n).calls for shard in range(n)) == calls


def test_a_board_that_is_alone_may_ask_everything() -> None:
    quota = Quota(100, DAY, 2.0)
    assert share(quota, 0, 1) is quota
    assert share(quota, 0, 0) is quota


@pytest.mark.parametrize(
    ("calls", "per", "n", "expected"),
    [
        pytest.param(5000, DAY, 1, 1, id="alone, in every run"),
        pytest.param(25, DAY, 1, 1, id="alone, however little it may ask"),
        pytest.param(5000, DAY, 3, 1, id="a call a run for each"),
        pytest.param(5000, DAY, 4, 2, id="not quite a call a run"),
        pytest.param(5000, DAY, 8, 3, id="every third run"),
        pytest.param(25, DAY, 2, 116, id="twice a day and a bit"),
        pytest.param(200, timedelta(minutes=5), 8, 1, id="five a run"),
        pytest.param(0, DAY, 4, 1, id="nothing may be asked"),
    ],
)
def test_a_board_is_polled_when_there_is_a_call_for_it(
    calls: int, per: timedelta, n: int, expected: int
) -> None:
    assert stride(Quota(calls, per, 2.0), n, MINUTE) == expected


@given(MANY, st.integers(1, 60), st.integers(0, 10**8))
def test_every_board_has_its_turn_once_in_a_stride_and_never_all_at_once(n: int, pace: int, now: int) -> None:
    runs = [due_shards(n, pace, now + later) for later in range(pace)]
    assert sorted(shard for run in runs for shard in run) == list(range(n))
    assert max(map(len, runs)) - min(map(len, runs)) <= 1


@pytest.mark.parametrize("late", [-20, -1, 0, 1, 20])
def test_a_run_that_is_a_little_early_or_late_is_still_that_run(late: int) -> None:
    at = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
    assert minute_of(at + timedelta(seconds=late), MINUTE) == minute_of(at, MINUTE)
    assert minute_of(at + MINUTE, MINUTE) == minute_of(at, MINUTE) + 1


def test_runs_without_a_pause_are_told_apart_by_the_second() -> None:
    at = datetime(2026, 11, 20, 12, 7, tzinfo=UTC)
    assert minute_of(at + timedelta(seconds=1), timedelta()) == minute_of(at, timedelta()) + 1
