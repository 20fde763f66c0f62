"""GSM-7, the alphabet of a text message, and how to write any name in it.

160 septets are one segment and one price; one character outside the alphabet (an emoji, a typographic
quote) turns the whole text into UCS-2, where a segment holds 70. Longer texts lose room to a header: 153
or 67 a segment (https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding). Pure.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import accumulate

from anyascii import anyascii

ONE_SEGMENT = 160

# 3GPP TS 23.038, 6.2.1.
_BASIC = frozenset(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€")  # each costs an escape as well
_LINE_ENDS = frozenset("\n\r")
_SPELLED_EMOJI = re.compile(r":[a-z0-9_\-]+:")
_DANGLING = " ,;:-/&(@+"


def septets(text: str) -> int | None:
    """How much room the text takes in GSM-7; ``None`` when it cannot be written so."""
    costs = [_cost(character) for character in text]
    return None if None in costs else sum(cost or 0 for cost in costs)


def fits(text: str) -> bool:
    """Whether the text is one GSM-7 segment."""
    length = septets(text)
    return length is not None and length <= ONE_SEGMENT


def segments(text: str) -> int:
    """How many segments a phone company bills for the text, in whichever alphabet it needs."""
    if septets(text) is not None:
        return _segments((_cost(character) or 0 for character in text), ONE_SEGMENT, 153)
    return _segments((2 if ord(character) > 0xFFFF else 1 for character in text), 70, 67)  # noqa: PLR2004


def plain(text: str) -> str:
    """The text as one line of GSM-7: accents the alphabet has stay, all else is transliterated.

    Emoji are left out rather than spelled out; so is whatever has no counterpart.
    """
    words = unicodedata.normalize("NFC", text).split()
    return " ".join(filter(None, (_plain_word(word) for word in words)))


def shorten(text: str, room: int) -> str:
    """At most ``room`` septets of a GSM-7 text, ending where a word ends (or inside an endless one)."""
    if (septets(text) or 0) <= room:
        return text
    kept = _as_much_as_fits(text, room)
    at_word_end = kept if text[len(kept)] == " " else kept.rpartition(" ")[0]
    return (at_word_end or kept).rstrip(_DANGLING)


def _plain_word(word: str) -> str:
    if septets(word) is not None:
        return word
    written = "".join(_spelled(character) for character in word)
    return "".join(character for character in written if _cost(character) is not None).strip()


def _spelled(character: str) -> str:
    ascii_ = anyascii(character).replace("`", "'")  # of printable ASCII, only the backtick is missing
    return "" if _SPELLED_EMOJI.fullmatch(ascii_) else ascii_


def _as_much_as_fits(text: str, room: int) -> str:
    used = accumulate(_cost(character) or 0 for character in text)
    return text[: sum(total <= room for total in used)]


def _cost(character: str) -> int | None:
    if character in _BASIC or character in _LINE_ENDS:
        return 1
    return 2 if character in _EXTENDED else None


def _segments(costs: Iterable[int], single: int, each: int) -> int:
    """Characters are not torn apart: one that does not fit any more opens the next segment."""
    total, count, used = 0, 1, 0
    for cost in costs:
        total += cost
        count, used = (count, used + cost) if used + cost <= each else (count + 1, cost)
    return 1 if total <= single else count
