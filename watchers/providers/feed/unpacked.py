"""A file in pieces, unpacked as it comes: never more than a piece of it is held.

A packed file can pretend to be small. So each step unpacks a limited piece, and the whole has a limit too.
"""

import zlib
from collections.abc import Iterator

from watchers.errors import ProviderUnavailableError

PIECE = 256 * 1024  # some 25 rows
MOST = 3 * 1024 * 1024 * 1024  # a country's feed unpacks to some 0.7 GB
MAGIC = b"\x1f\x8b"
_GZIP = 16 + zlib.MAX_WBITS


def unpacked(pieces: Iterator[bytes], who: str) -> Iterator[bytes]:
    """What a gzip holds, in pieces of at most ``PIECE``; anything else as it comes.

    Raises:
        ProviderUnavailableError: it is no gzip that can be read to its end, or larger than ``MOST``.
    """
    head = b""
    while len(head) < len(MAGIC) and (piece := next(pieces, b"")):
        head += piece
    if not head.startswith(MAGIC):
        yield head
        yield from pieces
        return
    size = 0
    for plain in _gunzipped(head, pieces, who):
        size += len(plain)
        if size > MOST:
            raise ProviderUnavailableError(f"{who}: the answer unpacks to more than {MOST} bytes")
        yield plain


def _gunzipped(head: bytes, pieces: Iterator[bytes], who: str) -> Iterator[bytes]:
    member, packed = zlib.decompressobj(_GZIP), head
    while True:
        try:
            plain = member.decompress(packed, PIECE)
        except zlib.error:
            raise ProviderUnavailableError(f"{who}: the answer is packed wrongly") from None
        if plain:
            yield plain
        packed = member.unconsumed_tail or member.unused_data
        if member.eof and packed:  # a gzip may be several, one after another
            member = zlib.decompressobj(_GZIP)
        elif not packed and not (packed := next(pieces, b"")):
            break
    if not member.eof:
        raise ProviderUnavailableError(f"{who}: the answer ends too early")
