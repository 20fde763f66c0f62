"""A board's rows survive being stored; what is damaged is never believed."""

import json
import random
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import FACE, ITEM, RESALE, SEARCH, START, at, observed
from tests.histories import RULES, histories
from watchers.encoding import UnreadableBoardError, decode, encode
from watchers.history import History, Runs
from watchers.models import Observation
from watchers.rows import Gate, Row
from watchers.watch import Target

prices = st.dictionaries(st.sampled_from([FACE, RESALE]), st.integers(0, 2**53), max_size=2)
kinds = st.sets(st.sampled_from(["new_listing", "back_in_stock", "status", "historic_low:30"]))
moments = st.integers(0, 10**12).map(lambda ms: START + timedelta(milliseconds=ms % 10**10))


@st.composite
def rows(draw: st.DrawFn) -> Row:
    target = draw(st.sampled_from([ITEM, SEARCH]))
    history = History()
    for now in draw(histories(target)):
        history = history.after(now)
    return Row(
        target,
        since=draw(moments),
        history=history,
        gate=Gate(draw(prices), draw(prices), draw(kinds)),
        watchers=draw(st.integers(0, 10**6)),
        fresh=tuple(draw(st.lists(st.text(max_size=5), max_size=3))),
        urgent=draw(st.booleans()),
        asked_at=draw(st.none() | moments),
        failures=draw(st.integers(0, 100)),
        blind=draw(st.booleans()),
    )


def to_the_second(row: Row) -> Row:
    """As stored: past runs are kept to the second, the latest look to the millisecond."""
    history = row.history
    kept = {key: _cut(runs) for key, runs in history.prices.items()}
    return replace(row, history=replace(history, prices=kept, availability=_cut(history.availability)))


def _cut(runs: Runs[Any]) -> Runs[Any]:
    cut = tuple(
        run._replace(first_ms=run.first_ms // 1000 * 1000, last_ms=run.last_ms // 1000 * 1000) for run in runs
    )
    return (*cut[:-1], cut[-1]._replace(last_ms=runs[-1].last_ms)) if runs else ()


@settings(RULES, max_examples=60)
@given(st.dictionaries(st.text(max_size=8), rows(), max_size=3))
def test_rows_survive_being_stored(board: dict[str, Row]) -> None:
    stored = decode(encode(board))
    assert stored == {key: to_the_second(row) for key, row in board.items()}
    assert list(stored) == list(board)
    assert encode(stored) == encode(board)


def test_a_time_is_kept_to_the_millisecond() -> None:
    precise = at(1) + timedelta(milliseconds=123)
    row = Row(ITEM, since=precise, asked_at=precise, history=History().after(observed(90_00, when=precise)))
    stored = decode(encode({"t": row}))["t"]
    assert (stored.since, stored.asked_at, stored.history.seen_at) == (precise, precise, precise)
    assert stored.history.runs(FACE)[-1].last_at == precise


def test_an_empty_board_can_be_stored() -> None:
    assert decode(encode({})) == {}


def test_what_is_unusual_in_a_name_survives() -> None:
    target = Target(provider="page", item="https://example.org/é?q=😀#\u2028")
    assert decode(encode({target.id: Row(target, since=START)}))[target.id].target == target


# ── damage ───────────────────────────────────────────────────────────────────────────────────────────────


def some_blob() -> bytes:
    history = History()
    for index, cents in enumerate((100_00, 90_00, 95_00)):
        seen: Observation = observed({FACE: cents, RESALE: cents}, when=at(index), presales={"Fans": at(9)})
        history = history.after(seen)
    return encode({ITEM.id: Row(ITEM, START, history, Gate({FACE: 90_00}, {}, {"status"}), 3, ("w1",))})


@RULES
@given(st.binary(max_size=300))
def test_bytes_that_are_no_board_are_refused(blob: bytes) -> None:
    with pytest.raises(UnreadableBoardError):
        decode(blob)


def test_a_blob_cut_anywhere_is_refused() -> None:
    blob = some_blob()
    for length in range(len(blob)):
        with pytest.raises(UnreadableBoardError):
            decode(blob[:length])


def test_a_blob_with_any_bit_turned_is_refused_or_reads_the_same() -> None:
    """The checksum finds every turned bit but the few of zlib's header that mean nothing."""
    blob, whole = some_blob(), decode(some_blob())
    for position in range(len(blob) * 8):
        turned = bytearray(blob)
        turned[position // 8] ^= 1 << position % 8
        try:
            assert decode(bytes(turned)) == whole
        except UnreadableBoardError:
            continue


@pytest.mark.parametrize(
    "content",
    [
        None,
        5,
        [],
        {},
        {"format": 1},
        {"format": 2, "ids": [], "columns": {}},
        {"format": 1, "ids": [], "columns": []},
        {"format": 1, "ids": ["a"], "columns": {}},
    ],
    ids=str,
)
def test_content_of_another_shape_is_refused(content: object) -> None:
    with pytest.raises(UnreadableBoardError):
        decode(zlib.compress(json.dumps(content).encode()))


@pytest.mark.parametrize("wrong", [None, "x", -1, 10**30, [], {}, [1], {"face_USD": 1}, [[1], [2]]], ids=str)
def test_a_column_of_another_shape_is_refused_or_read(wrong: object) -> None:
    """Whatever stands in a column, the only thing that is raised says that the board cannot be read."""
    content = json.loads(zlib.decompress(some_blob()))
    for name in content["columns"]:
        damaged = content | {"columns": content["columns"] | {name: [wrong]}}
        try:
            decode(zlib.compress(json.dumps(damaged).encode()))
        except UnreadableBoardError:
            continue


def test_five_thousand_targets_fit_into_a_document() -> None:
    """A document is at most 1 MiB, and 30 % of it stays free: a fifth of the targets, a fifth of the room."""
    rng = random.Random(1)  # noqa: S311 - a made-up market
    board = {}
    for _ in range(1000):
        target = Target(provider="ticketmaster", item=f"vvG1{rng.getrandbits(48):012x}")
        history, now, cents = History(), START, rng.randint(20_00, 300_00)
        for _look in range(20):
            now += timedelta(minutes=rng.choice([10, 10, 10, 60, 300]))
            cents = max(1_00, cents + rng.choice([0, 0, 0, 0, -250, 100, 500]))
            history = history.after(observed(cents, when=now, target=target))
        board[target.id] = Row(target, START, history, Gate({FACE: cents - 5_00}), 3, asked_at=now)
    assert len(encode(board)) < 0.7 * 2**20 / 5
