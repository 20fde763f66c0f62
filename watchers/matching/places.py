"""A place as it is compared: town, state, country and hall, and the other names that are known of it."""

import re
from functools import lru_cache

import msgspec

from watchers.events import Event
from watchers.matching import known
from watchers.matching.words import folded, word_set, words

FACILITY = word_set(
    "arena stadium theater hall center auditorium garden gardens park field fieldhouse club room stage"
    " studio pavilion amphitheater ballroom house coliseum dome forum circuit track church cathedral"
    " bowl lounge palace playhouse casino hotel saal sala salle lot lots tent opera music concert"
    " recital arts performing ground grounds court courts bar tavern night comedy events"
)
ROOMS = word_set(
    "hall auditorium stage studio room lounge theater club recital saal sala salle upstairs downstairs"
    " basement terrace ballroom court gallery suite foyer indigo tent"
)
_NOISE = word_set("the at of a in de la el le du und and by connected ee presented lot lots parking")
_OPEN = frozenset(
    {"tba", "tbd", "tbc", "to be announced", "venue tba", "venue to be announced", "unknown", "general use"}
)
_BRACKETS = re.compile(r"\((?:formerly|fka|formally)[^)]*\)", re.IGNORECASE)
_COUNTRIES = {
    **dict.fromkeys(("united states", "united states of america", "usa"), "us"),
    **dict.fromkeys(("united kingdom", "great britain", "uk", "england", "scotland", "wales"), "gb"),
    "canada": "ca",
    "australia": "au",
}


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


def of(event: Event) -> Place:
    """Where an event is."""
    return place(event.city or "", event.state or "", event.country or "", event.venue or "")


@lru_cache(maxsize=1 << 13)
def place(city: str, state: str, country: str, venue: str) -> Place:
    """The place an event's four fields tell."""
    town_ = known.town(city)
    state_ = known.state(state)
    said = "" if folded(venue) in _OPEN else _BRACKETS.sub("", venue)
    around = frozenset({*words(city), *words(town_), *state_.split(), *words(state)}) - FACILITY
    bare = frozenset(word for word in words(said) if word not in _NOISE)
    named = _known(said, town_, city)
    rooms = sum(word in ROOMS for word in words(said))
    return Place(town_, state_, _country(country), folded(said), bare - around or bare, around, named, rooms)


def _country(code: str) -> str:
    return _COUNTRIES.get(folded(code), folded(code))


def _known(venue: str, town: str, city: str) -> frozenset[known.Venue]:
    """The known places of that name in that town; of any town where none is said."""
    bare = " ".join(word for word in words(venue) if word not in words(city)) if city else ""
    before, *rest = re.split(r" [-\u2013] |, ", venue)
    is_whole = not {*words(" ".join(rest))} & (ROOMS | FACILITY)
    tries = dict.fromkeys((venue, folded(venue).removeprefix("the "), bare, before if is_whole else ""))
    named = {one for tried in tries if tried for one in known.venues(tried)}
    if town:
        named = {one for one in named if known.areas(town) & known.areas(known.town(one.city))}
    return frozenset(named)
