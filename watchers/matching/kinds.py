"""What kind of entry a market lists beside the event itself, and which part or team of it.

A parking pass, a VIP package or a four-day pass bears the event's name, place and hour and is not the event.
So does a game of the women's team, and the second game of a doubleheader, but for a word in the name.
"""

import re
from functools import lru_cache

from watchers.events import Event
from watchers.matching.finding import Finding, never
from watchers.matching.words import folded, words

_SEVERAL = "a pass for several days"
_KINDS = {
    "a parking pass": r"parking|car park|parkplatz|estacionamiento|shuttle|(coach|bus) travel"
    r"|park and ride|rv (lot|pass)",
    "a package": r"vip|packages?|hospitality|meet and greet|upgrades?|club level|paddock club|all inclusive"
    r"|table reservation|lawn chairs?|(premium|luxury|party|vip) suites?|suite (rental|experience)|suites$"
    r"|premium (club|seat\w*|experience)|club experience|debentures?|send off|pit party|rental$|host pass",
    "an offer to buy back": r"buy ?back",
    "a season ticket": r"season (tickets?|pass|membership)|membership|flex (plan|pack)",
    _SEVERAL: r"(?<!session )[2-9] days?\b(?! \d)"
    r"|weekend (ticket|pass)|abono|festival pass|[2-9] nights? (pass|ticket|package)",
    "a camping ticket": r"camping|campsite|glamping",
    "a tailgate": r"tailgat\w+",
    "a visit": r"(stadium|classic|walking|architectural|backstage|guided|studio|arena|ballpark) tours?"
    r"|tours? of|museum and",
    "a screening": r"screening|live in hd|sing along|(watch|viewing) party|broadcast|livestream|film$",
    "a lottery": r"lottery|raffle",
    "an after-show": r"after ?(show|party)|official after",
    "a weigh-in": r"weigh in",
    "admission to the grounds": r"grounds? (admission|pass)",
}
_KIND = {kind: re.compile(rf"\b(?:{pattern})") for kind, pattern in _KINDS.items()}
_DAYS = re.compile(r"(?<!session )\b([2-9]) (?:day|night)s?\b")
_LABELLED = re.compile(r"\s*(?:premium|suites?)\b[^:]{0,20}:|\s*[(\[]suites?[)\]]", re.IGNORECASE)
_SEATING = re.compile(r"\b(?:premium seating|(?:arena|center|stadium|garden|park) suites)$")
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
_AFTERNOON, _EVENING = 16, 17


@lru_cache(maxsize=1 << 13)
def kinds(name: str, venue: str, category: str) -> frozenset[str]:
    """What the entry is instead of the event itself; empty for the event itself."""
    told = folded(name)
    found = {kind for kind, pattern in _KIND.items() if pattern.search(told)}
    if "a parking pass" in found or "parking" in (*words(venue), *words(category)):
        return frozenset({"a parking pass"})
    if _LABELLED.match(name) or _SEATING.search(folded(venue)):
        found.add("a package")
    if _SEVERAL in found and (days := _DAYS.search(told)):
        found = found - {_SEVERAL} | {f"a pass for {days[1]} days"}
    return frozenset(found)


def numbers(name: str) -> dict[str, str]:
    """Which of several: ``{"game": "2"}``, ``{"part": "1"}``, ``{"court": "center"}``."""
    told = folded(name)
    found = {label.removesuffix(" no").rstrip("s"): "1" if number == "i" else number
             for label, number in _NUMBERED.findall(told)}  # fmt: skip
    found |= {label: number for number, label in _NUMBER_FIRST.findall(told)}
    return found | ({"court": "center"} if _COURT.search(told) else {})


def same_kind(a: Event, b: Event) -> Finding | None:
    """Ruled out when one is an entry beside the event, and the other is not or is another."""
    one, other = (kinds(event.name or "", event.venue or "", event.category or "") for event in (a, b))
    if one == other:
        return Finding(1.0, f"each is {' and '.join(sorted(one))}") if one else None
    said = [f"{letter} is {' and '.join(sorted(kind - rest))}" for letter, kind, rest in
            (("A", one, other), ("B", other, one)) if kind - rest]  # fmt: skip
    return never(" and ".join(said))


def same_part(a: Event, b: Event) -> Finding | None:
    """Ruled out when the names count differently, or name another time of the day, team or sport."""
    one, other = numbers(a.name or ""), numbers(b.name or "")
    for label in sorted(one.keys() & other.keys()):
        if one[label] != other[label]:
            return never(f"A is {label} {one[label]}, B is {label} {other[label]}")
    return _same_half_of_the_day(a, b) or _same_team(a, b) or _same_sport(a, b)


def which_game_is_open(a: Event, b: Event) -> bool:
    """One of them names a game or a part of the day and the other does not: the hour must decide."""
    one, other = numbers(a.name or ""), numbers(b.name or "")
    return (one.keys() ^ other.keys()) & {"game", "part", "session"} != set() or _half(a) != _half(b)


def _half(event: Event) -> str | None:
    told = folded(event.name or "")
    if _LATE.search(told):
        return "late"
    return "early" if _EARLY.search(told) else None


def _same_half_of_the_day(a: Event, b: Event) -> Finding | None:
    halves = _half(a), _half(b)
    if None not in halves and halves[0] != halves[1]:
        return never(f"A is the {halves[0]} show, B the {halves[1]} one")
    for letter, half, event in (("A", halves[0], b), ("B", halves[1], a)):
        if half and event.time and event.timezone != "UTC" and event.time.hour:
            early = event.time.hour < _AFTERNOON if half == "late" else event.time.hour > _EVENING + 3
            if early:
                return never(f"{letter} is the {half} show, and the other is not at that time of the day")
    return None


def _same_team(a: Event, b: Event) -> Finding | None:
    for team, pattern in _TEAM.items():
        one, other = (bool(pattern.search(_players(event))) for event in (a, b))
        category = folded((a if other else b).category or "")
        if one != other and not pattern.search(category):
            return never(f"{'A' if one else 'B'} is {team} game or match")
    return None


def _same_sport(a: Event, b: Event) -> Finding | None:
    one, other = (_sports(event) for event in (a, b))
    if one and other and not one & other:
        return never(f"A is {'/'.join(sorted(one))}, B is {'/'.join(sorted(other))}")
    return None


def _sports(event: Event) -> set[str]:
    told = folded(f"{event.category or ''} {event.name or ''}")
    return {sport for sport, pattern in _SPORT.items() if pattern.search(told)}


def _players(event: Event) -> str:
    return folded(" ".join((event.name or "", *event.performers)))
