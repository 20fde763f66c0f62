"""Two entries, one verdict: what names, places and starts say, weighed, with the reasons beside it.

Whatever is ruled out by one of them is not the same, however well the rest agrees. What is not said lowers
the score and is named.
"""

from collections.abc import Callable

import msgspec

from watchers.events import Event
from watchers.matching import kinds, names, teams, things, times, venues
from watchers.matching.finding import Finding
from watchers.matching.words import folded

CONFIDENT = 0.82
"""From here on two entries are the same event. A watch over several markets joins nothing below it."""

_NAME, _PLACE, _START = 0.4, 0.3, 0.3
_AT_MOST_WHEN_RULED_OUT = 0.3
_SEVERAL_A_DAY = (
    *("theat", "teatro", "broadway", "musical", "comedy", "jazz", "family", "dance", "ballet", "circus"),
    *("opera", "cabaret", "improv", "magic", "disney on ice", "cirque", "candlelight", "nutcracker"),
    *("orchestra", "philharmoni", "symphony", "classical"),
)
_BY_THE_MINUTE = ("exhibit", "attraction", "museum", "immersive", "tours", "cinema", "experience bar")

NotSame = Callable[[Event, Event], bool]


class Match(msgspec.Struct, frozen=True):
    """Whether two entries are the same event: ``score`` from 0 to 1, and why."""

    same: bool
    score: float
    reasons: tuple[str, ...]


def nobody_said(_: Event, __: Event) -> bool:
    """No verdict is remembered."""
    return False


def match(a: Event, b: Event, *, not_same: NotSame = nobody_said) -> Match:
    """Whether ``a`` and ``b`` are the same event or thing; in either order the same score.

    ``not_same`` says that somebody has said they are not. Never raises, whatever fields are missing.
    """
    if not_same(a, b) or not_same(b, a):
        return Match(same=False, score=0.0, reasons=("somebody said that these are not the same",))
    if is_one_entry(a, b):
        return Match(same=True, score=1.0, reasons=("one entry of one market",))
    if things.is_thing(a) or things.is_thing(b):
        return _of_things(a, b)
    return _of_events(a, b)


def is_one_entry(a: Event, b: Event) -> bool:
    """One market's own id says so."""
    return bool(a.item) and (a.provider, a.item) == (b.provider, b.item) and a.provider is not None


def _of_things(a: Event, b: Event) -> Match:
    if not (things.is_thing(a) and things.is_thing(b)):
        return Match(same=False, score=0.0, reasons=("one is a thing, the other an event",))
    kind = kinds.same_kind(a, b)
    if kind is not None and kind.ruled_out:
        return Match(same=False, score=0.0, reasons=(kind.reason,))
    score, reasons, is_out = things.same_thing(a, b)
    score = round(min(score, _AT_MOST_WHEN_RULED_OUT) if is_out else score, 3)
    return Match(same=score >= CONFIDENT, score=score, reasons=reasons)


def _of_events(a: Event, b: Event) -> Match:
    told = folded(" ".join((a.category or "", b.category or "", a.name or "", b.name or "")))
    start = times.same_start(
        a, b,
        several_a_day=any(word in told for word in _SEVERAL_A_DAY),
        by_the_minute=any(word in told for word in _BY_THE_MINUTE),
    )  # fmt: skip
    name, place = names.same_name(a, b), venues.same_place(a, b)
    name, place = _one_game_a_day(a, b, name, place, start)
    start = _which_game(a, b, start)
    beside = [kinds.same_kind(a, b), kinds.same_part(a, b), _ground(a, b, place)]
    found = [name, place, start, *(one for one in beside if one is not None)]
    score = _NAME * name.strength + _PLACE * place.strength + _START * start.strength
    against = tuple(one.reason for one in found if one.ruled_out)
    if against:
        score = min(score, _AT_MOST_WHEN_RULED_OUT)
    score = round(score, 3)
    return Match(same=score >= CONFIDENT, score=score, reasons=against or tuple(one.reason for one in found))


def _one_game_a_day(
    a: Event, b: Event, name: Finding, place: Finding, start: Finding
) -> tuple[Finding, Finding]:
    """The same two teams at the same minute are one game, whatever the ground is called."""
    game = teams.same_teams(a, b)
    is_sure = game is not None and game.strength > 0.85 and start.strength == 1.0  # noqa: PLR2004 - both decided
    if is_sure and place.reason.startswith("another venue"):
        return name, Finding(0.7, f"{place.reason}: perhaps a new name, as the teams play once at a time")
    if is_sure and not place.ruled_out and place.strength < 0.5:  # noqa: PLR2004 - next to nothing is said
        return name, Finding(0.5, place.reason)
    return name, place


def _which_game(a: Event, b: Event, start: Finding) -> Finding:
    """Where one names a game or a part and no hour decides, either may be meant."""
    if start.ruled_out or start.strength >= 0.85 or not kinds.which_game_is_open(a, b):  # noqa: PLR2004
        return start
    return Finding(min(start.strength, 0.3), f"{start.reason}; only one says which game or show of the day")


def _ground(a: Event, b: Event, place: Finding) -> Finding | None:
    """Where the place is not known of both, the order of the teams tells whose ground it is."""
    if place.strength < 0.5 and not place.ruled_out and teams.at_the_others_ground(a, b):  # noqa: PLR2004
        return Finding(0.0, "at the other team's ground, as the names have it", ruled_out=True)
    return None
