"""Who or what: titles and performers, without what markets put round them.

"Coldplay: Music of the Spheres World Tour" is Coldplay. "Rumours of Fleetwood Mac" is not Fleetwood Mac: a
name inside a longer one counts only where a separator sets it apart.
"""

import re
from functools import lru_cache

import msgspec
from rapidfuzz import fuzz

from watchers.events import Event
from watchers.matching import teams
from watchers.matching.finding import Finding, never
from watchers.matching.words import folded, word_set, words

_SEGMENT = re.compile(
    r"\s*:\s+|\s+[-\u2013\u2014|/]\s+|\s*[()\[\]<>]\s*|,\s+|\s+\+\s+|\s+@\s+"
    r"|\s+(?:w/|with|feat\.?|ft\.?|featuring|starring|presents|and special guests?)\s*",
    re.IGNORECASE,
)
_JOINT = re.compile(r"\s*(?:&|\+|,|\band\b)\s*", re.IGNORECASE)
_ROUND = re.compile(
    r"^(?:an evening with|live|the|disneys?|presents?) (?=.)|^(?:20\d\d|25|26|27) (?=.)"
    r"|(?<=.) (?:live|in concert|in conversation|the musical|el musical|tickets?|tour|world tour|on tour"
    r"|20\d\d|an american musical|touring|in recital|piano recital|recital|festival)$"
)
_TRIBUTE = re.compile(
    r"\b(?:tribut\w+|homenaje|cover ?band|songbook|the music of|celebrating|salute to|as performed by"
    r"|rumours of|definitely|candlelight|experience the music|plays the music|legacy of|sinfonico)\b"
)
_STOP = word_set(
    "the a an of to and in at with for de la el du live tour world show on 18 21 all ages presents"
    " concert special guest guests night musical band more 2025 2026 2027"
)
_SAME, _NEAR, _WHOLE, _SOME = 93, 85, 90, 60
_SHORT = 3
_LONGEST = 300  # letters of a name


class Title(msgspec.Struct, frozen=True):
    """A name as it is compared: the whole, its parts, who plays, and what others it honours."""

    whole: str
    parts: tuple[str, ...]
    players: tuple[str, ...]
    honours: frozenset[str] | None


@lru_cache(maxsize=1 << 13)
def title(name: str, performers: tuple[str, ...], town: str) -> Title:
    """The words of a name and its parts, in order; a town at the end is none."""
    raw = [folded(part) for part in _SEGMENT.split(name)]
    parts = tuple(part for told in raw if (part := core(told)) and part != folded(town))
    in_honour = next((part for part in raw if _TRIBUTE.search(part)), None)
    honours = None
    if in_honour is not None:
        honours = frozenset(words(_TRIBUTE.sub(" ", in_honour))) - _STOP
    joint = tuple(core(one) for one in _JOINT.split(_SEGMENT.split(name)[0]) if core(one))
    players = tuple(core(player) for player in performers) or (joint if len(joint) > 1 else ())
    return Title(" ".join(parts), parts, players, honours)


def core(text: str) -> str:
    """A name without "live", "in concert", "an evening with", a year or an article."""
    told, before = folded(text), ""
    while told != before:
        before, told = told, _ROUND.sub("", told).strip()
    return told


def of(event: Event) -> Title:
    """The title of an event."""
    return title((event.name or "")[:_LONGEST], event.performers, event.city or "")


def same_name(a: Event, b: Event) -> Finding:
    """How far names and performers agree; ruled out for other teams, or a tribute."""
    game = teams.same_teams(a, b)
    if game is not None:
        return game
    one, other = of(a), of(b)
    if (not one.whole and not one.players) or (not other.whole and not other.players):
        return Finding(0.0, f"{'A' if not one.whole else 'B'} has no name")
    strength, reason = _agreement(one, other)
    if (one.honours is None) != (other.honours is None) and not _is_own_name(one, other):
        return never(f"{'A' if other.honours is None else 'B'} is a tribute")
    return Finding(strength, f"{reason}: {a.name!r} and {b.name!r}")


def _is_own_name(one: Title, other: Title) -> bool:
    """The act in honour of another bears a name of its own, and both tell it: Brit Floyd."""
    honouring, plain = (one, other) if one.honours is not None else (other, one)
    names = {*plain.parts[:1], *plain.players[:1]}
    own = {part for part in (*honouring.parts, *honouring.players) if not _TRIBUTE.search(part)}
    honoured = honouring.honours or frozenset()
    return bool(honoured) and any(name in own and set(name.split()) != honoured for name in names)


def _agreement(one: Title, other: Title) -> tuple[float, str]:
    if one.whole == other.whole and one.whole:
        return 1.0, "the same name"
    if one.players and other.players:
        return _same_players(one, other)
    for named, longer in ((one, other), (other, one)):
        heads = {_joined(head) for head in (*named.parts[:1], *named.players[:1]) if len(head) >= _SHORT}
        if heads & {_joined(part) for part in (*longer.parts, *longer.players)}:
            return 0.92, "the same name, with more beside it"
    return _spelt_alike(one, other)


def _same_players(one: Title, other: Title) -> tuple[float, str]:
    if one.players[0] == other.players[0] or set(one.players) == set(other.players):
        mine, theirs = _told_beside(one), _told_beside(other)
        if mine and theirs and not mine & theirs:
            return 0.75, "the same performer, under other titles"
        return 0.96, "the same performer"
    if one.players[0] in other.players or other.players[0] in one.players:
        return 0.85, "one plays in both"
    alike = fuzz.ratio(one.players[0], other.players[0])
    if alike >= _NEAR:
        return 0.8, "performers in nearly one spelling"
    strength, reason = _spelt_alike(one, other)
    return strength * 0.9, reason


def _told_beside(title_: Title) -> frozenset[str]:
    """What the name says beside who plays: a work, a tour."""
    players = {word for player in title_.players for word in player.split()}
    return frozenset(title_.whole.split()) - _STOP - players


def _joined(text: str) -> str:
    """AC/DC and ACDC alike."""
    return text.replace(" ", "")


def _initials(short: str, full: str) -> bool:
    """EDC for Electric Daisy Carnival; of two words it would be chance."""
    letters = "".join(word[0] for word in full.split() if word not in _STOP)
    return len(letters) >= _SHORT and any(word in letters and len(word) >= _SHORT for word in short.split())


def _spelt_alike(one: Title, other: Title) -> tuple[float, str]:
    mine, theirs = one.whole or one.players[0], other.whole or other.players[0]
    if _joined(mine) == _joined(theirs):
        return 1.0, "the same name"
    alike = max(fuzz.ratio(mine, theirs), fuzz.token_sort_ratio(mine, theirs))
    if alike >= _SAME:
        return 0.8, "nearly the same name"
    if _initials(mine, theirs) or _initials(theirs, mine):
        return 0.8, "one name is the other's initials"
    return _words_alike(mine, theirs, alike)


def _words_alike(mine: str, theirs: str, alike: float) -> tuple[float, str]:
    fewer, more = sorted((frozenset(mine.split()) - _STOP, frozenset(theirs.split()) - _STOP), key=len)
    if fewer and fewer <= more:
        is_first = mine.startswith(theirs) or theirs.startswith(mine)
        return (0.85, "one name begins the other") if is_first else (0.6, "a name inside a longer one")
    shared = fuzz.token_set_ratio(" ".join(sorted(fewer)), " ".join(sorted(more)))
    if alike >= _NEAR or shared >= _WHOLE:
        return 0.75, "names much alike"
    return (0.5, "names that share words") if shared >= _SOME else (0.2, "other names")
