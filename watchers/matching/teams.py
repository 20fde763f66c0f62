"""Two sides of a game, however they are written: v, vs, at, @, x, a dash; short, full or known otherwise."""

import re
from functools import lru_cache

import msgspec
from rapidfuzz import fuzz

from watchers.events import Event
from watchers.matching import known
from watchers.matching.finding import Finding, never
from watchers.matching.words import folded, word_set, words

_SURE = re.compile(r"\s+(?:vs?\.?|versus|contra)\s+|\s+x\s+", re.IGNORECASE)
_LIKELY = re.compile(r"\s+(?:at|@)\s+", re.IGNORECASE)
_DASH = re.compile(r"\s+[-\u2013]\s+")
_LABEL = re.compile(r"^[^:]{2,45}:\s+|\s*[(\[][^)\]]*[)\]]|\s+presented by .*$", re.IGNORECASE)
_AFTER = re.compile(r"\s+[-\u2013|]\s+.*$|,\s.*$|:.*$")
_OPEN = frozenset({"tbd", "tba", "tbc", "opponent", "winner", "to be determined"})
_SUFFIXES = word_set(
    "fc afc cf sc ac ec ssc cd ud rc fk bk if football basketball hockey baseball soccer cricket mens"
    " men the club team tickets ticket parking pass women u21 u20"
)
_OTHERS = word_set(
    "state tech city united women ii b atletic castilla a m southern northern eastern western central"
    " legends reserves albion athletic wanderers"
)
_TOWNS = {
    "la": "los angeles",
    "ny": "new york",
    "nj": "new jersey",
    "sf": "san francisco",
    "kc": "kansas city",
}
_SPORTY = re.compile(
    r"sport|ball|hockey|soccer|nba|nfl|nhl|mlb|mls|afl|rugby|cricket|futbol|futebol|calcio|wsl|ncaa|fussball"
)
_SPELLING = 92
_LONGEST = 300  # letters of a name


class Side(msgspec.Struct, frozen=True):
    """One team: its words, and the full names it may stand for. ``open`` until it is decided."""

    words: tuple[str, ...]
    teams: frozenset[str]
    open: bool = False


class Sides(msgspec.Struct, frozen=True):
    """Home first. ``sure`` when the name cannot well mean anything but a game."""

    home: Side
    away: Side
    sure: bool


@lru_cache(maxsize=1 << 13)
def sides(name: str, category: str, performers: tuple[str, ...]) -> Sides | None:
    """The sides of a game; ``None`` where the name is none of a game."""
    bare = _LABEL.sub("", name)
    is_sporty = bool(_SPORTY.search(folded(category)))
    for separator, is_sure in ((_SURE, True), (_LIKELY, is_sporty), (_DASH, is_sporty)):
        parts = separator.split(bare, maxsplit=1)
        if len(parts) == 2:  # noqa: PLR2004 - two sides
            if separator is not _DASH:
                parts = [parts[0] if separator is _LIKELY else _before(parts[0]), _AFTER.sub("", parts[1])]
            one, other = (_side(part) for part in parts)
            if one.words and other.words:
                home, away = (other, one) if separator is _LIKELY else (one, other)
                return Sides(home, away, is_sure or _are_players(one, other, performers))
    if len(performers) == 2 and is_sporty:  # noqa: PLR2004 - two sides
        return Sides(_side(performers[0]), _side(performers[1]), sure=False)
    return None


def of(event: Event) -> Sides | None:
    """The sides of an event."""
    return sides((event.name or "")[:_LONGEST], event.category or "", event.performers)


def same_teams(a: Event, b: Event) -> Finding | None:
    """``None`` unless both may be games. Ruled out when a side is another team."""
    one, other = of(a), of(b)
    if one is None or other is None:
        return None
    straight = _likeness(one.home, other.home), _likeness(one.away, other.away)
    turned = _likeness(one.home, other.away), _likeness(one.away, other.home)
    best = max(straight, turned, key=min)
    if min(best) > 0:
        is_open = any(side.open for side in (one.home, one.away, other.home, other.away))
        if is_open:
            return Finding(0.85, f"{_said(one)}, and an opponent is not decided")
        return Finding(min(best), f"the same teams, {_said(one)}")
    if one.sure and other.sure:
        return never(f"other teams: {_said(one)}, and {_said(other)}")
    return None


def _likeness(one: Side, other: Side) -> float:
    if one.open or other.open:
        return 0.8
    if one.teams and other.teams:
        return 1.0 if one.teams & other.teams else 0.0
    if one.words == other.words:
        return 1.0
    for fewer, more in ((one, other), (other, one)):
        size = len(fewer.words)
        if size < len(more.words) and more.words[-size:] == fewer.words:
            return 0.95
        if size < len(more.words) and more.words[:size] == fewer.words:
            return 0.0 if _OTHERS & {*more.words[size:]} else 0.95
    return 0.9 if fuzz.ratio(" ".join(one.words), " ".join(other.words)) >= _SPELLING else 0.0


def _side(text: str) -> Side:
    told = folded(text)
    spelt = [word for first in words(text) for word in _TOWNS.get(first, first).split()]
    kept = tuple(word for word in spelt if word not in _SUFFIXES) or tuple(spelt)
    named = known.teams(text.strip()) or known.teams(" ".join(kept))
    full = frozenset(folded(team) for team in named)
    return Side(kept, full, told in _OPEN or bool(_OPEN & set(kept)))


def _before(text: str) -> str:
    """What stands before the first side: a competition, a sponsor."""
    return _DASH.split(text)[-1]


def _are_players(one: Side, other: Side, performers: tuple[str, ...]) -> bool:
    told = [_side(performer) for performer in performers]
    return all(any(_likeness(side, player) for player in told) for side in (one, other))


def _said(sides_: Sides) -> str:
    return f"{' '.join(sides_.home.words)} v {' '.join(sides_.away.words)}"
