"""How many segments a text takes, as every carrier counts: GSM 03.38 or else UCS-2. Pure.

One segment holds 160 septets or 70 UTF-16 units; of several, each holds 153 or 67, and a character of two
units is never cut. The sandbox counts for itself, so that it can disagree with the product.
"""

from dataclasses import dataclass

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")  # an escape and a septet


@dataclass(frozen=True, slots=True)
class Size:
    """``encoding`` is ``GSM-7`` or ``UCS-2``; ``units`` are its septets or UTF-16 units."""

    encoding: str
    units: int
    segments: int


def size(text: str) -> Size:
    """The size of a text."""
    if all(char in BASIC or char in EXTENDED for char in text):
        return _size("GSM-7", [2 if char in EXTENDED else 1 for char in text], alone=160, each=153)
    return _size("UCS-2", [len(char.encode("utf-16-be")) // 2 for char in text], alone=70, each=67)


def _size(encoding: str, widths: list[int], *, alone: int, each: int) -> Size:
    units = sum(widths)
    if units <= alone:
        return Size(encoding, units, 1)
    segments, room = 1, each
    for width in widths:
        if width > room:
            segments, room = segments + 1, each
        room -= width
    return Size(encoding, units, segments)
