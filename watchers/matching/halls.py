"""Halls: the same under whatever name, a building and one of its halls, or others.

Another name is known (``aliases.toml``) or says the same words; it is never guessed.
"""

from msgspec.structs import replace
from rapidfuzz import fuzz

from watchers.events import Event
from watchers.matching import known
from watchers.matching.finding import Finding, never
from watchers.matching.places import FACILITY, Place
from watchers.matching.words import folded

_SPELLING, _ALIKE = 90, 0.66


def same_hall(a: Event, b: Event, one: Place, other: Place) -> Finding | None:
    """``None`` where one does not say its venue."""
    if not one.venue or not other.venue:
        return None
    if one.venue == other.venue and not (one.known_as ^ other.known_as):
        return Finding(1.0, f"the same venue, {a.venue}")
    if both := one.known_as & other.known_as:
        return Finding(1.0, _renamed(min(both, key=lambda venue: venue.name), a, b))
    if one.known_as and other.known_as:
        return never(f"two known venues: {a.venue} and {b.venue}")
    return _alike(a, b, one, other)


def _alike(a: Event, b: Event, one: Place, other: Place) -> Finding:
    one, other = _without_towns(one, other), _without_towns(other, one)
    more, fewer = (one, other) if len(one.tokens) >= len(other.tokens) else (other, one)
    extra, said = more.tokens - fewer.tokens, f"{a.venue} and {b.venue}"
    if not extra:
        return Finding(1.0, f"the same venue, {a.venue}")
    if fewer.tokens < more.tokens or _part_of(fewer, more):
        is_a_building = bool(fewer.tokens & FACILITY)
        if any(word[-1].isdigit() for word in extra) or (is_a_building and more.rooms > fewer.rooms):
            return Finding(0.7, f"a building and one of its halls: {said}")
        if fewer.tokens - FACILITY:
            return Finding(0.92, f"the same venue, said more fully: {said}")
    if fuzz.token_sort_ratio(" ".join(sorted(one.tokens)), " ".join(sorted(other.tokens))) >= _SPELLING:
        return Finding(0.95, f"the same venue in another spelling: {said}")
    mine, theirs = one.tokens - FACILITY, other.tokens - FACILITY
    likeness = 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine or theirs else 0.0
    if likeness >= _ALIKE and not _two_sorts(one, other):
        return Finding(0.85, f"venues of nearly one name: {said}")
    return never(f"another venue: {said}")


def _without_towns(one: Place, other: Place) -> Place:
    """Where only one says the town, it is no part of the other's venue either."""
    return replace(one, tokens=one.tokens - other.around or one.tokens)


def _part_of(fewer: Place, more: Place) -> bool:
    """Every word that tells something is in the other, where only the sort of house differs."""
    telling = fewer.tokens - FACILITY
    return bool(telling) and telling < (more.tokens - FACILITY) and not _two_sorts(fewer, more)


def _two_sorts(one: Place, other: Place) -> bool:
    """A stadium and an arena of one name, or the numbers of two halls."""
    mine, theirs = one.tokens - other.tokens, other.tokens - one.tokens
    return bool(mine & FACILITY and theirs & FACILITY)


def _renamed(venue: known.Venue, a: Event, b: Event) -> str:
    said = {folded(a.venue or ""), folded(b.venue or "")}
    for name, year in venue.was:
        if folded(name) in said:
            return f"the same venue under another name: {venue.name} was {name} until {year}"
    return f"the same venue under another name: {a.venue} and {b.venue} are {venue.name}"
