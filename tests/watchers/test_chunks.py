"""Past prices in few bytes: what was packed comes out again, and what is damaged is never believed."""

import zlib
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import FACE, RESALE, START, at, observed
from tests.histories import EUROS
from watchers.chunks import Span, Spans, UnreadableChunkError, decode, encode, spans, spliced
from watchers.history import History, milliseconds

NOON = milliseconds(START) // 1000
keys = st.sampled_from([FACE, RESALE, EUROS])


@st.composite
def several(draw: st.DrawFn) -> list[Span]:
    now, found = draw(st.integers(0, 2**33)), list[Span]()
    for _ in range(draw(st.integers(1, 12))):
        first = now + draw(st.integers(0, 10**6))
        now = first + draw(st.integers(0, 10**8))
        found.append(Span(draw(st.integers(0, 2**40)), first, now))
    return found


@given(st.dictionaries(keys, several()))
def test_what_was_packed_comes_out_again(prices: dict[object, list[Span]]) -> None:
    assert decode(encode(prices)) == prices  # type: ignore[arg-type]


def test_runs_are_kept_to_the_second() -> None:
    history = History()
    for seconds in (0.25, 1.75, 2.5):
        history = history.after(observed(90_00, when=at(seconds / 60)))
    assert spans(history.runs(FACE)) == [Span(90_00, NOON, NOON + 2)]


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"\x02" + encode({FACE: [Span(1, 2, 3)]})[1:],
        encode({FACE: [Span(1, 2, 3)]})[:-1],
        b"\x01" + zlib.compress(b"\x08face_USD\x02\x00"),
        b"\x01" + zlib.compress(b"\x08face_USD\xff"),
        b"\x01" + zlib.compress(b"\x04what\x00"),
        b"\x01" + zlib.compress(b"\x08odd!_USD\x00"),
        b"\x01not zlib",
    ],
    ids=[
        "empty",
        "another format",
        "cut off",
        "too few numbers",
        "an open number",
        "no key",
        "odd key",
        "junk",
    ],
)
def test_what_is_damaged_is_refused(blob: bytes) -> None:
    with pytest.raises(UnreadableChunkError):
        decode(blob)


@given(several(), st.integers(0, 10_000), st.integers(1, 255))
def test_a_flipped_bit_is_refused(prices: list[Span], where: int, bits: int) -> None:
    blob = bytearray(encode({FACE: prices}))
    blob[where % len(blob)] ^= bits
    try:
        found: Spans | None = decode(bytes(blob))
    except UnreadableChunkError:
        found = None
    assert found in (None, {FACE: prices})  # zlib's header has bits that say nothing


def test_the_later_source_is_right_since_its_first_span() -> None:
    """The middle one was closed at 20 by a tick that was lost; the board saw it until 25."""
    lost = {FACE: [Span(5, 0, 9), Span(7, 10, 20), Span(3, 21, 21)], RESALE: [Span(1, 0, 1)]}
    board = {FACE: [Span(7, 10, 25), Span(8, 26, 30)], EUROS: [Span(2, 3, 4)]}
    assert spliced(lost, board) == {
        FACE: [Span(5, 0, 9), Span(7, 10, 25), Span(8, 26, 30)],
        RESALE: [Span(1, 0, 1)],
        EUROS: [Span(2, 3, 4)],
    }


@pytest.mark.parametrize("start", range(5))
@pytest.mark.parametrize("end", range(5))
def test_prices_of_one_second_are_all_kept_and_once(start: int, end: int) -> None:
    of_one_second = [Span(price, 10, 10) for price in (5, 6, 7, 8)]
    overlap = max(start, end)  # what is on neither side is nowhere
    merged = spliced({FACE: of_one_second[:overlap]}, {FACE: of_one_second[start:]})
    assert merged == {FACE: of_one_second}


@given(several(), st.integers(0, 12), st.integers(0, 12))
def test_sources_that_overlap_make_the_whole(prices: list[Span], one: int, other: int) -> None:
    start, end = sorted((min(one, len(prices)), min(other, len(prices))))
    assert spliced({FACE: prices[:end]}, {FACE: prices[start:]}) == {FACE: prices}


def test_a_span_takes_few_bytes() -> None:
    """A look a minute, and a price that moves a few times a day, at random."""
    luck, now, price, busy = Random(1), NOON, 90_00, list[Span]()  # noqa: S311 - the same at every run
    for _ in range(2_000):
        stay = 60 * luck.randint(1, 1_000)
        busy.append(Span(price, now, now + stay))
        now, price = now + stay + 60, max(1_00, price + luck.randint(-20_00, 20_00))
    size = len(encode({FACE: busy})) / len(busy)
    print(f"{size:.2f} bytes a span")  # noqa: T201 - shown with -s
    assert size < 5
