"""A board's rows survive being stored; what is damaged is never believed."""

import contextlib
import random
import zlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from store.sqlite import SqliteDocuments
from tests.builders import FACE, ITEM, RESALE, SEARCH, START, at, observed
from tests.histories import RULES, histories
from watchers.encoding import UnreadableBoardError, decode, encode
from watchers.history import History, Runs, milliseconds
from watchers.looking import look
from watchers.observation import Observation
from watchers.places import Places
from watchers.rows import Gate, Row
from watchers.schedule import Pace
from watchers.target import Target

prices = st.dictionaries(st.sampled_from([FACE, RESALE]), st.integers(0, 2**53), max_size=2)
kinds = st.sets(st.sampled_from(["new_listing", "back_in_stock", "status", "historic_low:30"]))
OTHERS = [Target(provider="page", item=item) for item in ("a", "é", "https://example.org/?q=😀")]
micros = st.integers(0, 10**12).map(lambda number: number / 1_000_000)
moments = st.integers(0, 10**12).map(lambda ms: START + timedelta(milliseconds=ms % 10**10))


@st.composite
def rows(draw: st.DrawFn) -> Row:
    target = draw(st.sampled_from([ITEM, SEARCH, *OTHERS]))
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
        archived={
            key: draw(st.sampled_from(runs[:-1])).last_ms for key, runs in history.prices.items() if runs[1:]
        },
        urgent=draw(st.booleans()),
        asked_ms=draw(st.just(0) | moments.map(milliseconds)),
        failures=draw(st.integers(0, 100)),
        blind=draw(st.booleans()),
        pace=Pace(*(draw(micros) for _ in range(4))),
        cost=draw(st.integers(1, 20)),
        chunk=draw(st.integers(0, 1000)),
        mark=draw(st.integers(0, 2**48)),
    )


def to_the_second(row: Row) -> Row:
    """As stored: past runs are kept to the second, the latest look to the millisecond."""
    history = row.history
    kept = {key: _cut(runs) for key, runs in history.prices.items()}
    archived = {key: last // 1000 * 1000 for key, last in row.archived.items()}
    seen = structs.replace(history, prices=kept, availability=_cut(history.availability))
    return replace(row, history=seen, archived=archived)


def _cut(runs: Runs[Any]) -> Runs[Any]:
    cut = tuple(
        run._replace(first_ms=run.first_ms // 1000 * 1000, last_ms=run.last_ms // 1000 * 1000) for run in runs
    )
    return (*cut[:-1], cut[-1]._replace(last_ms=runs[-1].last_ms)) if runs else ()


@settings(RULES, max_examples=60)
@given(st.lists(rows(), max_size=3, unique_by=lambda row: row.target.id))
def test_rows_survive_being_stored(every: list[Row]) -> None:
    board = {row.target.id: row for row in every}
    stored = decode(encode(board))
    assert stored == {key: to_the_second(row) for key, row in board.items()}
    assert list(stored) == list(board)
    assert encode(stored) == encode(board)


def test_a_time_is_kept_to_the_millisecond() -> None:
    precise = at(1) + timedelta(milliseconds=123)
    history = History().after(observed(90_00, when=precise))
    stored = decode(encode({ITEM.id: Row(ITEM, precise, history, asked_ms=milliseconds(precise))}))[ITEM.id]
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
    return encode({ITEM.id: Row(ITEM, START, history, Gate({FACE: 90_00}, {}, {"status"}), fresh=("w1",))})


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


NOBODY = SqliteDocuments(":memory:")
COLUMNS = len(msgspec.msgpack.decode(zlib.decompress(some_blob())))  # and one that may be left out


@pytest.mark.parametrize(
    "content",
    [
        None,
        5,
        [],
        {},
        [2],
        [1, *[[]] * (COLUMNS - 1)],
        [2, ["a"], *[[]] * (COLUMNS - 2)],
        [2, *[[]] * (COLUMNS + 1)],
    ],
    ids=str,
)
def test_content_of_another_shape_is_refused(content: object) -> None:
    with pytest.raises(UnreadableBoardError):
        decode(zlib.compress(msgspec.msgpack.encode(content)))


@pytest.mark.parametrize("wrong", [None, "x", -1, 2**62, b"", b"\x93", [], {}, [1]], ids=str)
@pytest.mark.parametrize("column", range(1, COLUMNS))
def test_a_column_of_another_shape_is_refused_or_read(wrong: object, column: int) -> None:
    """Whatever stands in a column, the only thing that is raised says that the board cannot be read."""
    content = msgspec.msgpack.decode(zlib.decompress(some_blob()))
    content[column] = [wrong]
    with contextlib.suppress(UnreadableBoardError):
        repr(decode(zlib.compress(msgspec.msgpack.encode(content))))


@given(st.integers(), st.data())
def test_a_row_whose_rare_part_is_damaged_says_so_when_it_is_opened(place: int, data: st.DataObject) -> None:
    content = msgspec.msgpack.decode(zlib.decompress(some_blob()))
    packed = bytearray(content[-1][0])
    packed[place % len(packed)] ^= data.draw(st.integers(1, 255))
    content[-1] = [bytes(packed)]
    with contextlib.suppress(UnreadableBoardError):
        repr(decode(zlib.compress(msgspec.msgpack.encode(content))))


# ── rows that nobody needed ──────────────────────────────────────────────────────────────────────────────


@settings(RULES, max_examples=60)
@given(rows())
def test_a_row_that_was_not_opened_is_stored_as_it_was(row: Row) -> None:
    once = encode({row.target.id: row})
    closed = decode(once)
    assert closed[row.target.id].closed is not None
    assert encode(closed) == once
    assert closed[row.target.id].closed is not None
    assert closed[row.target.id].history == to_the_second(row).history
    assert closed[row.target.id].closed is None


@settings(RULES, max_examples=150)
@given(st.sampled_from([ITEM, SEARCH]).flatmap(lambda target: histories(target, 24)))
def test_looks_at_closed_rows_end_as_looks_at_open_ones(seen: list[Observation]) -> None:
    """Noting that the last look was repeated is the same as looking closely."""
    repeated = [again for now in seen for again in (now, *(later(now, n) for n in range(1, 4)))]
    opened, stored = Row(seen[0].target, START), Row(seen[0].target, START)
    for now in sorted(repeated, key=lambda one: one.at):
        outcomes = []
        for row in (opened, stored):
            looked = look(NOBODY, Places(), row, now)
            outcomes.append((looked.alerts, looked.held, looked.failures, looked.changed, looked.moved))
        assert outcomes[0] == outcomes[1]
        stored = decode(encode({stored.target.id: stored}))[seen[0].target.id]
    assert stored.history == to_the_second(opened).history
    assert (stored.seen_ms, stored.asked_ms) == (opened.seen_ms, opened.asked_ms)


def later(now: Observation, seconds: int) -> Observation:
    return structs.replace(now, at=now.at + timedelta(seconds=seconds))


def test_the_third_look_that_sees_the_same_opens_nothing() -> None:
    row = Row(ITEM, START)
    for minute in range(2):
        look(NOBODY, Places(), row, observed(90_00, when=at(minute)))
    row = decode(encode({row.target.id: row}))[ITEM.id]
    look(NOBODY, Places(), row, observed(90_00, when=at(2)))
    assert row.closed is not None
    (run,) = row.history.runs(FACE)
    assert (run.looks, run.last_at, row.history.seen_at) == (3, at(2), at(2))


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
        board[target.id] = Row(target, START, history, Gate({FACE: cents - 5_00}), asked_ms=milliseconds(now))
    assert len(encode(board)) < 0.7 * 2**20 / 5
