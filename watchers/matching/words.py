"""Text as it is compared: one alphabet, one spelling, words apart.

What is folded is never shown to anybody; reasons quote what the market wrote.
"""

import re
from functools import lru_cache

_INSIDE = re.compile(r"(?<=[a-z0-9])['`.:](?=[a-z0-9])")  # D.C., RuPaul's, 9:30, Crypto.com
_DOLLAR = re.compile(r"(?<=[a-z])\$(?=[a-z])")  # Ke$ha, A$AP
_WORD = re.compile(r"[a-z0-9]+")
_SPELLING = {
    **dict.fromkeys(("theatre", "teatro", "teatre"), "theater"),
    **dict.fromkeys(("centre", "centro"), "center"),
    "amphitheatre": "amphitheater",
    **dict.fromkeys(("estadio", "stadio", "stadion", "stade"), "stadium"),
    **dict.fromkeys(("st", "sankt"), "saint"),
    "grosser": "grosse",
    **dict.fromkeys(("philharmoniker", "filarmonica", "filharmonia"), "philharmonic"),
    **dict.fromkeys(("orchestre", "orchester", "orquesta", "orchestra"), "orchestra"),
    **dict.fromkeys(("sinfonica", "symphoniker", "symphonique", "sinfonieorchester"), "symphony"),
    "wiener": "vienna",
    "berliner": "berlin",
    **dict.fromkeys(("munchner", "munchen"), "munich"),
    "utd": "united",
    "versus": "vs",
    "w": "with",
    "feat": "with",
    "ft": "with",
}
_NUMBERS = {
    **dict(zip(("one", "two", "three", "four", "five", "six", "seven"), "1234567", strict=True)),
    **dict(zip(("first", "second", "third", "fourth", "fifth"), "12345", strict=True)),
    **dict(zip(("1st", "2nd", "3rd", "4th", "5th"), "12345", strict=True)),
    **dict(zip(("ii", "iii", "iv"), "234", strict=True)),
}


@lru_cache(maxsize=1 << 14)
def words(text: str) -> tuple[str, ...]:
    """``"Fußball-Arena München"`` -> ``("fussball", "arena", "munchen")``; numbers in digits."""
    plain = text if text.isascii() else _ascii(text)
    plain = _DOLLAR.sub("s", _INSIDE.sub("", plain.lower().replace("&", " and ")))
    found: list[str] = _WORD.findall(plain)
    return tuple(_NUMBERS.get(spelt, spelt) for spelt in (_SPELLING.get(word, word) for word in found))


def word_set(text: str) -> frozenset[str]:
    """Folded words as they stand in code."""
    return frozenset(text.split())


def folded(text: str) -> str:
    """The words in one line: two texts that differ in nothing else fold to the same."""
    return " ".join(words(text))


def _ascii(text: str) -> str:
    from anyascii import anyascii  # noqa: PLC0415 - only names with accents need it

    return anyascii(text.replace("®", "").replace("™", ""))
