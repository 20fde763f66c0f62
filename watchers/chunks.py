"""Past prices as a few bytes each: spans of one price, merged and packed. Pure.

A span is a closed run of the board to the whole second. Several sources may hold the same spans (an older
chunk, a newer chunk, the board), and an older one may end with a span that a lost tick closed too early. One
rule settles all of it: a later source is right about everything since its own first span (``spliced``).
"""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from watchers.history import Runs
from watchers.money import PriceKey

FORMAT = 1


class Span(NamedTuple):
    """A price in minor units, and when it was first and last seen: seconds since 1970, UTC."""

    price: int
    first: int
    last: int


Spans = Mapping[PriceKey, Sequence[Span]]
"""Of each price key, oldest first."""


class UnreadableChunkError(Exception):
    """The blob is no chunk of a format this code reads."""


def spans(runs: Runs[int]) -> list[Span]:
    """The runs to the whole second, as past runs are on a board."""
    return [Span(run.value, run.first_ms // 1000, run.last_ms // 1000) for run in runs]


def spliced(earlier: Spans, later: Spans) -> dict[PriceKey, list[Span]]:
    """Both, each span once; ``later`` is right about everything since its first span of a key."""
    keys = dict.fromkeys([*earlier, *later])
    return {key: _spliced(earlier.get(key, ()), later.get(key, ())) for key in keys}


def _spliced(earlier: Sequence[Span], later: Sequence[Span]) -> list[Span]:
    """Cut where the first one of ``later`` stands, or would; several may have begun in the same second."""
    if not later:
        return list(earlier)
    price, first, _ = later[0]
    began = [index for index, one in enumerate(earlier) if one.first >= first]
    same = (index for index in began if earlier[index][:2] == (price, first))
    after = (index for index in began if earlier[index].first > first)
    return [*earlier[: next(same, next(after, len(earlier)))], *later]


def encode(prices: Spans) -> bytes:
    """The spans as a blob: column by column, each number as its distance from the one before."""
    raw = bytearray()
    for key, several in prices.items():
        name = str(key).encode()
        raw += _packed([len(name)]) + name + _packed([len(several)])
        ends = [0, *(one.last for one in several)]
        costs = [0, *(one.price for one in several)]
        raw += _packed(_folded(one.price - before) for one, before in zip(several, costs, strict=False))
        raw += _packed(_folded(one.first - before) for one, before in zip(several, ends, strict=False))
        raw += _packed(_folded(one.last - one.first) for one in several)
    return bytes([FORMAT]) + zlib.compress(raw, 9)


def decode(blob: bytes) -> dict[PriceKey, list[Span]]:
    """The inverse of ``encode``.

    Raises:
        UnreadableChunkError: the blob is damaged, or of another format.
    """
    if blob[:1] != bytes([FORMAT]):
        raise UnreadableChunkError(f"chunk format {blob[:1].hex() or 'none'}, not {FORMAT:02x}")
    try:
        return dict(_sections(zlib.decompress(blob[1:])))
    except (zlib.error, ValueError, IndexError, StopIteration) as exc:
        raise UnreadableChunkError("the chunk's content is damaged") from exc


def _sections(raw: bytes) -> Iterator[tuple[PriceKey, list[Span]]]:
    at = 0
    while at < len(raw):
        (size,), at = _numbers(raw, at, 1)
        name, at = raw[at : at + size], at + size
        (count,), at = _numbers(raw, at, 1)
        costs, at = _numbers(raw, at, count)
        gaps, at = _numbers(raw, at, count)
        lengths, at = _numbers(raw, at, count)
        stays = list(map(_unfolded, lengths))
        ends = list(accumulate(_unfolded(gap) + stay for gap, stay in zip(gaps, stays, strict=True)))
        prices = accumulate(map(_unfolded, costs))
        several = [Span(price, end - stay, end) for price, end, stay in zip(prices, ends, stays, strict=True)]
        yield PriceKey.parse(name.decode()), several


def _folded(number: int) -> int:
    """Small numbers of either sign as small ones without: 0, -1, 1, -2 are 0, 1, 2, 3."""
    return 2 * number if number >= 0 else -2 * number - 1


def _unfolded(number: int) -> int:
    return -(number + 1) // 2 if number & 1 else number // 2


def _packed(numbers: Iterator[int] | Sequence[int]) -> bytes:
    """Seven bits a byte, the lowest first; the eighth says that more follow."""
    packed = bytearray()
    for number in numbers:
        left = number
        while left > 0x7F:  # noqa: PLR2004 - seven bits
            packed.append(left & 0x7F | 0x80)
            left >>= 7
        packed.append(left)
    return bytes(packed)


def _numbers(raw: bytes, at: int, count: int) -> tuple[list[int], int]:
    """So many packed numbers from there on, and where the next begins."""
    found: list[int] = []
    for _ in range(count):
        number = shift = 0
        while (byte := raw[at]) > 0x7F:  # noqa: PLR2004 - seven bits
            number |= (byte & 0x7F) << shift
            shift, at = shift + 7, at + 1
        found.append(number | byte << shift)
        at += 1
    return found, at
