"""Things without place or date, such as games and consoles: the same only if all words that tell agree."""

import re
from functools import lru_cache

from rapidfuzz import fuzz

from watchers.events import Event
from watchers.matching.finding import Finding, never
from watchers.matching.words import word_set, words

_SHOPS = frozenset({"steam", "bestbuy", "ebay"})
_CATEGORY = re.compile(
    r"\b(?:video ?)?games?\b(?! of)|software|console|electronic|headphone|book|laptop|phone|tablet|dlc",
    re.IGNORECASE,
)
_PLATFORMS = {
    "pc": "pc",
    "windows": "pc",
    "steam": "pc",
    "ps5": "ps5",
    "ps4": "ps4",
    "xbox": "xbox",
    "switch": "switch",
}
_NOISE = word_set("the of with and for a an new edition standard digital download game video console sealed")
_UNIT = re.compile(r"\b(\d+) ?(tb|gb|mb|inch|in|mm|oz|l|w)\b", re.IGNORECASE)
_ROMAN = {"v": "5", "vi": "6", "vii": "7", "viii": "8"}
_SPELLING = 85
_UNSAID = 0.8  # brings the surest under ``judging.CONFIDENT``: what does not say its condition may be used


def is_thing(event: Event) -> bool:
    """Sold by a shop, or of a shop's category, and neither dated nor placed."""
    if event.date or event.venue or event.city:
        return False
    return bool(event.provider in _SHOPS or event.condition or _CATEGORY.search(event.category or ""))


@lru_cache(maxsize=1 << 13)
def _told(name: str) -> tuple[frozenset[str], frozenset[str]]:
    """The words that tell one thing from another, and the platforms."""
    spelt = [_ROMAN.get(word, word) for word in words(_UNIT.sub(r"\1\2", name))]
    platforms = frozenset(_PLATFORMS[word] for word in spelt if word in _PLATFORMS)
    return frozenset(word for word in spelt if word not in _PLATFORMS and word not in _NOISE), platforms


def same_thing(a: Event, b: Event) -> tuple[float, tuple[str, ...], bool]:
    """How sure it is that they are one, why, and whether it is ruled out."""
    finding = _compared(a, b)
    if finding.ruled_out or a.condition == b.condition:
        return finding.strength, (finding.reason,), finding.ruled_out
    if a.condition and b.condition:
        return 0.0, (f"A is {a.condition}, B is {b.condition}",), True
    unsaid = f"{'A' if b.condition else 'B'} does not say its condition"
    return finding.strength * _UNSAID, (finding.reason, unsaid), False


def _compared(a: Event, b: Event) -> Finding:
    (mine, here), (theirs, there) = (_told(event.name or "") for event in (a, b))
    if not mine or not theirs:
        return Finding(0.0, f"{'A' if not mine else 'B'} has no name")
    if here and there and not here & there:
        return never(f"for another platform: {'/'.join(sorted(here))} and {'/'.join(sorted(there))}")
    if mine == theirs:
        return Finding(0.97, f"the same thing: {a.name!r} and {b.name!r}")
    if _misspelt(sorted(mine - theirs), sorted(theirs - mine)):
        return Finding(0.88, f"the same thing in another spelling: {a.name!r} and {b.name!r}")
    return never(f"only one says {', '.join(sorted(mine ^ theirs))}")


def _misspelt(mine: list[str], theirs: list[str]) -> bool:
    """Word by word nearly the same; a digit is never a slip."""
    if len(mine) != len(theirs) or any(sign.isdigit() for word in (*mine, *theirs) for sign in word):
        return False
    return all(fuzz.ratio(one, other) >= _SPELLING for one, other in zip(mine, theirs, strict=True))
