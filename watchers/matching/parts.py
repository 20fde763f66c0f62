"""Which of several: the second game of a doubleheader, part one, the late show, the women's team.

A word in the name is all that tells them apart.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from watchers.events import Event
from watchers.matching.finding import Finding, never
from watchers.matching.words import folded

_NUMBERED = re.compile(
    r"\b(game|match|prom|session|parts?|night|day|weekend|leg|show|race|stage|round|court(?: no)?|vol)"
    r" ((?:\d{1,2}|i)\b(?: and \d\b)?)"
)
_NUMBER_FIRST = re.compile(r"\b(\d)(?:st|nd|rd|th)? (game|session|night|weekend)\b")
_COURT = re.compile(r"\bcenter court\b")
_LATE = re.compile(r"(?<!an )\b(?:evening|late show|late night|extra show|night session)\b")
_EARLY = re.compile(r"\b(?:matinee|early show|afternoon)\b")
_TEAMS = {
    "women's": r"women\w*|ladies|femenin\w|femeni|feminin\w*|frauen|wsl|wnba|nwsl|aflw|damen",
    "a youth or second": r"u ?\d\d|under \d\ds?|sub ?\d\d|reserv(?:es|a|as)|castilla|primavera|juvenil"
    r"|academy xi|b team|(?:cf|fc|united|city) 2\b",
    "a legends'": r"legends|masters xi|all stars",
    "a preseason": r"pre ?season|exhibition game|spring training",
}
_TEAM = {team: re.compile(rf"\b(?:{pattern})\b") for team, pattern in _TEAMS.items()}
_SPORTS = {
    "basketball": r"basketball|nba|wnba|euroleague",
    "hockey": r"hockey|nhl|ahl",
    "baseball": r"baseball|mlb",
    "football": r"football|soccer|futbol|futebol|fussball|calcio|nfl|mls|wsl|premier league",
    "cricket": r"cricket|ipl",
    "rugby": r"rugby|six nations",
}
_SPORT = {sport: re.compile(rf"\b(?:{pattern})\b") for sport, pattern in _SPORTS.items()}
_AFTERNOON, _NIGHT = 16, 20  # no late show before the one, no matinee after the other
_DECIDED_BY_THE_HOUR = {"game", "part", "session"}


def same_part(a: Event, b: Event) -> Finding | None:
    """Ruled out when the names count differently, or name another time of the day, team or sport."""
    one, other = numbers(a.name or ""), numbers(b.name or "")
    for label in sorted(one.keys() & other.keys()):
        if one[label] != other[label]:
            return never(f"A is {label} {one[label]}, B is {label} {other[label]}")
    return _same_half_of_the_day(a, b) or _same_team(a, b) or _same_sport(a, b)


def is_open(a: Event, b: Event) -> bool:
    """One of them names a game or a part of the day and the other does not: the hour must decide."""
    labels = numbers(a.name or "").keys() ^ numbers(b.name or "").keys()
    return bool(labels & _DECIDED_BY_THE_HOUR) or half(a.name or "") != half(b.name or "")


@lru_cache(maxsize=1 << 13)
def numbers(name: str) -> Mapping[str, str]:
    """Which of several: ``{"game": "2"}``, ``{"part": "1"}``, ``{"court": "center"}``."""
    told = folded(name)
    found = {
        label.removesuffix(" no").rstrip("s"): "1" if number == "i" else number
        for label, number in _NUMBERED.findall(told)
    }
    found |= {label: number for number, label in _NUMBER_FIRST.findall(told)}
    return found | ({"court": "center"} if _COURT.search(told) else {})


@lru_cache(maxsize=1 << 13)
def half(name: str) -> str | None:
    """``early`` or ``late``, where the name says which show of the day it is."""
    told = folded(name)
    if _LATE.search(told):
        return "late"
    return "early" if _EARLY.search(told) else None


@lru_cache(maxsize=1 << 13)
def teams_of(text: str) -> frozenset[str]:
    """Whose game it is, where not the first team's of the men."""
    told = folded(text)
    return frozenset(team for team, pattern in _TEAM.items() if pattern.search(told))


@lru_cache(maxsize=1 << 13)
def sports_of(text: str) -> frozenset[str]:
    """The sports that a category or a name tells."""
    told = folded(text)
    return frozenset(sport for sport, pattern in _SPORT.items() if pattern.search(told))


def _same_half_of_the_day(a: Event, b: Event) -> Finding | None:
    one, other = half(a.name or ""), half(b.name or "")
    if one and other and one != other:
        return never(f"A is the {one} show, B the {other} one")
    for letter, said, event in (("A", one, b), ("B", other, a)):
        if said and _is_another_time(said, event):
            return never(f"{letter} is the {said} show, and the other is not at that time of the day")
    return None


def _is_another_time(said: str, event: Event) -> bool:
    if event.time is None or event.timezone == "UTC" or not event.time.hour:
        return False
    return event.time.hour < _AFTERNOON if said == "late" else event.time.hour > _NIGHT


def _same_team(a: Event, b: Event) -> Finding | None:
    """A league's category says as much as the name does, where the other's name says it."""
    one, other = (teams_of(" ".join((event.name or "", *event.performers))) for event in (a, b))
    for letter, only, category in (("A", one - other, b.category), ("B", other - one, a.category)):
        if unsaid := sorted(only - teams_of(category or "")):
            return never(f"{letter} is {unsaid[0]} game or match")
    return None


def _same_sport(a: Event, b: Event) -> Finding | None:
    one, other = (sports_of(f"{event.category or ''} {event.name or ''}") for event in (a, b))
    if one and other and not one & other:
        return never(f"A is {'/'.join(sorted(one))}, B is {'/'.join(sorted(other))}")
    return None
