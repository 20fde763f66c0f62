"""Unpacking an answer's body without being flooded by it. Pure.

A body is given up as soon as it is larger than it may be, packed or unpacked, or swells in a way that no page
does: a bomb costs no more memory than a page. One encoding is undone, never two: an encoding within another
is how a kilobyte becomes a gigabyte. A body that breaks off is no body: half a page shows half of its prices.
"""

import zlib
from collections.abc import Iterable, Iterator

from watchers.providers.pages.failures import NotSeenError

ACCEPTED = "gzip, deflate"
MOST_TIMES = 100  # how much larger a page becomes by unpacking; ordinary ones 3 to 20 times
_ALWAYS_FINE = 256 * 1024  # below this much, nobody asks how much it swelled
_GZIP, _ZLIB, _RAW = zlib.MAX_WBITS | 16, zlib.MAX_WBITS, -zlib.MAX_WBITS
_IDENTITY = frozenset({"", "identity", "none", "utf-8"})  # the last two are mistakes that are made


def unpacked(chunks: Iterable[bytes], encoding: str, most: int) -> Iterator[bytes]:
    """The body in parts, as it comes; of at most ``most`` bytes.

    Raises:
        NotSeenError: ``encoding``: of another kind than was asked for; ``too_large``; ``broken``.
    """
    codings = [
        word for word in (part.strip().lower() for part in encoding.split(",")) if word not in _IDENTITY
    ]
    if not codings:
        return _plain(chunks, most)
    if codings not in (["gzip"], ["x-gzip"], ["deflate"]):
        raise NotSeenError("encoding")
    return _inflated(chunks, most, gzip=codings != ["deflate"])


def _plain(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise NotSeenError("too_large")
        yield chunk


def _inflated(chunks: Iterable[bytes], most: int, *, gzip: bool) -> Iterator[bytes]:
    packed = size = 0
    inflater = zlib.decompressobj(_GZIP) if gzip else None
    for chunk in chunks:
        packed += len(chunk)
        if packed > most:
            raise NotSeenError("too_large")
        if inflater is None and chunk:
            inflater = zlib.decompressobj(_deflate_form(chunk))
        for part in _parts(inflater, chunk, most) if inflater else ():
            size += len(part)
            if size > most or size > max(_ALWAYS_FINE, packed * MOST_TIMES):
                raise NotSeenError("too_large")
            yield part
    if packed and not (inflater and inflater.eof):
        raise NotSeenError("broken")


def _parts(inflater: "zlib._Decompress", chunk: bytes, most: int) -> Iterator[bytes]:
    """What a chunk becomes, in pieces: it is never unpacked whole."""
    piece = min(most, 64 * 1024)
    while chunk and not inflater.eof:
        try:
            yield inflater.decompress(chunk, piece)
        except zlib.error:
            raise NotSeenError("broken") from None
        chunk = inflater.unconsumed_tail
    if chunk.strip(b"\0") or inflater.unused_data.strip(b"\0"):  # a second body behind the first
        raise NotSeenError("broken")


def _deflate_form(start: bytes) -> int:
    """RFC 9110 means zlib's form; some servers send the bare one. A header of zlib's says method 8."""
    return _ZLIB if start[0] & 0x0F == 8 else _RAW  # noqa: PLR2004 - RFC 1950
