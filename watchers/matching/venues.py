"""Where: countries, towns and halls, with their other names.

A hall is not its building: Carnegie Hall's Zankel Hall is not its Stern Auditorium. A name without a town
says little: there is a Paramount Theatre in many.
"""

import re
from functools import lru_cache

import msgspec
from msgspec.structs import replace
from rapidfuzz import fuzz

from watchers.events import Event
from watchers.matching import known
from watchers.matching.finding import Finding, never
from watchers.matching.words import folded, word_set, words

_FACILITY = word_set(
    "arena stadium theater hall center auditorium garden gardens park field fieldhouse club room stage"
    " studio pavilion amphitheater ballroom house coliseum dome forum circuit track church cathedral"
    " bowl lounge palace playhouse casino hotel saal sala salle lot lots tent opera music concert"
    " recital arts performing ground grounds court courts bar tavern night comedy events"
)
_ROOMS = word_set(
    "hall auditorium stage studio room lounge theater club recital saal sala salle upstairs downstairs"
    " basement terrace ballroom court gallery suite foyer indigo tent"
)
_NOISE = word_set("the at of a in de la el le du und and by connected ee presented lot lots parking")
_OPEN = frozenset(
    {"tba", "tbd", "tbc", "to be announced", "venue tba", "venue to be announced", "unknown", "general use"}
)
_OVER_A_LINE = frozenset({"kansas city", "texarkana", "bristol"})
_BRACKETS = re.compile(r"\((?:formerly|fka|formally)[^)]*\)", re.IGNORECASE)
_SPELLING, _ALIKE = 90, 0.66
_A_NAME = 5  # shorter words are no town's name by themselves


class Place(msgspec.Struct, frozen=True):
    """A place as it is compared; texts are folded, and empty where nothing is said."""

    town: str
    state: str
    country: str
    venue: str
    tokens: frozenset[str]
    around: frozenset[str]
    known_as: frozenset[known.Venue]
    rooms: int = 0


@lru_cache(maxsize=1 << 13)
def place(city: str, state: str, country: str, venue: str) -> Place:
    """The place an event's four fields tell."""
    town_ = known.town(city)
    state_ = known.state(state)
    said = "" if folded(venue) in _OPEN else _BRACKETS.sub("", venue)
    around = frozenset({*words(city), *words(town_), *state_.split(), *words(state)}) - _FACILITY
    bare = frozenset(word for word in words(said) if word not in _NOISE)
    named = _known(said, town_, city)
    rooms = sum(word in _ROOMS for word in words(said))
    return Place(town_, state_, _country(country), folded(said), bare - around or bare, around, named, rooms)


def _country(code: str) -> str:
    named = {"united states": "us", "usa": "us", "united kingdom": "gb", "uk": "gb", "great britain": "gb",
             "england": "gb", "scotland": "gb", "wales": "gb", "canada": "ca", "australia": "au"}  # fmt: skip
    return named.get(folded(code), folded(code))


def _known(venue: str, town: str, city: str) -> frozenset[known.Venue]:
    """The known places of that name in that town; of any town where none is said."""
    bare = " ".join(word for word in words(venue) if word not in words(city)) if city else ""
    before, *rest = re.split(r" [-\u2013] |, ", venue)
    is_whole = not {*words(" ".join(rest))} & (_ROOMS | _FACILITY)
    tries = dict.fromkeys((venue, folded(venue).removeprefix("the "), bare, before if is_whole else ""))
    named = {one for tried in tries if tried for one in known.venues(tried)}
    if town:
        named = {one for one in named if known.areas(town) & known.areas(known.town(one.city))}
    return frozenset(named)


def of(event: Event) -> Place:
    """Where an event is."""
    return place(event.city or "", event.state or "", event.country or "", event.venue or "")


def same_place(a: Event, b: Event) -> Finding:
    """Ruled out in other countries, towns or halls."""
    one, other = of(a), of(b)
    if one.country and other.country and one.country != other.country:
        return never(f"another country: {a.country} and {b.country}")
    halls = _same_hall(a, b, one, other)
    towns = _same_town(a, b, one, other, is_hall_known=bool(one.known_as & other.known_as))
    if towns is not None and towns.ruled_out:
        return towns
    if halls is not None:
        return _together(halls, towns, one, other)
    unsaid = f"{'neither says' if not one.venue and not other.venue else _who(one.venue)} the venue"
    if towns is None:
        return Finding(0.25, f"{unsaid}, and the town is not known of both")
    return Finding(0.65 * towns.strength, f"{towns.reason}; {unsaid}")


def _together(halls: Finding, towns: Finding | None, one: Place, other: Place) -> Finding:
    if towns is None and not halls.ruled_out and not one.known_as & other.known_as:
        is_telling = len((one.tokens & other.tokens) - _FACILITY) >= 1 and len(one.tokens & other.tokens) > 1
        strength = halls.strength * (0.85 if is_telling else 0.5)
        return Finding(strength, f"{halls.reason}; the town is not said")
    return halls


def _same_town(a: Event, b: Event, one: Place, other: Place, *, is_hall_known: bool) -> Finding | None:
    """``None`` where one does not say its town."""
    is_near = bool(one.town and other.town) and bool(known.areas(one.town) & known.areas(other.town))
    if _in_other_states(one, other) and not (is_near and one.town != other.town):
        return never(f"another state: {a.state} and {b.state}")
    if not one.town or not other.town:
        return None
    if one.town == other.town:
        return Finding(1.0, f"the same town, {a.city}")
    if is_near or is_hall_known or _within(one, other) or fuzz.ratio(one.town, other.town) >= _SPELLING:
        return Finding(0.95, f"{a.city} and {b.city} are one area")
    shared = one.tokens & other.tokens
    if one.tokens == other.tokens and len(shared - _FACILITY) > 1 and one.state and one.state == other.state:
        return Finding(0.9, f"one venue under two towns, {a.city} and {b.city}")
    return never(f"another town: {a.city} and {b.city}")


def _in_other_states(one: Place, other: Place) -> bool:
    """Two states, where their codes are known; a city over a state line is one."""
    is_told = one.state and other.state and {one.country, other.country} & {"us", "ca", "au"}
    return bool(is_told) and one.state != other.state and one.town not in _OVER_A_LINE


def _within(one: Place, other: Place) -> bool:
    """A town that stands in the other's state field, or inside its name: Bunkyo, Tokyo; Nashville, TN."""
    if one.town == other.state or other.town == one.state:
        return True
    fewer, more = sorted((one.town, other.town), key=len)
    return len(fewer) >= _A_NAME and {*fewer.split()} < {*more.split()}


def _same_hall(a: Event, b: Event, one: Place, other: Place) -> Finding | None:
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
        is_a_building = bool(fewer.tokens & _FACILITY)
        if any(word[-1].isdigit() for word in extra) or (is_a_building and more.rooms > fewer.rooms):
            return Finding(0.7, f"a building and one of its halls: {said}")
        if fewer.tokens - _FACILITY:
            return Finding(0.92, f"the same venue, said more fully: {said}")
    if fuzz.token_sort_ratio(" ".join(sorted(one.tokens)), " ".join(sorted(other.tokens))) >= _SPELLING:
        return Finding(0.95, f"the same venue in another spelling: {said}")
    mine, theirs = one.tokens - _FACILITY, other.tokens - _FACILITY
    likeness = 2 * len(mine & theirs) / (len(mine) + len(theirs)) if mine or theirs else 0.0
    if likeness >= _ALIKE and not _two_sorts(one, other):
        return Finding(0.85, f"venues of nearly one name: {said}")
    return never(f"another venue: {said}")


def _without_towns(one: Place, other: Place) -> Place:
    """Where only one says the town, it is no part of the other's venue either."""
    return replace(one, tokens=one.tokens - other.around or one.tokens)


def _part_of(fewer: Place, more: Place) -> bool:
    """Every word that tells something is in the other, where only the sort of house differs."""
    telling = fewer.tokens - _FACILITY
    return bool(telling) and telling < (more.tokens - _FACILITY) and not _two_sorts(fewer, more)


def _two_sorts(one: Place, other: Place) -> bool:
    """A stadium and an arena of one name, or the numbers of two halls."""
    mine, theirs = one.tokens - other.tokens, other.tokens - one.tokens
    return bool(mine & _FACILITY and theirs & _FACILITY)


def _renamed(venue: known.Venue, a: Event, b: Event) -> str:
    said = {folded(a.venue or ""), folded(b.venue or "")}
    for name, year in venue.was:
        if folded(name) in said:
            return f"the same venue under another name: {venue.name} was {name} until {year}"
    return f"the same venue under another name: {a.venue} and {b.venue} are {venue.name}"


def _who(one: str) -> str:
    return "B does not say" if one else "A does not say"
