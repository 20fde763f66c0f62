"""Two entries, one verdict: what names, places and starts say, weighed, with the reasons beside it.

Whatever is ruled out by one of them is not the same, however well the rest agrees. What is not said lowers
the score and is named.
"""

from collections.abc import Callable

import msgspec

from watchers.events import Event
from watchers.matching import kinds, names, parts, rhythms, teams, things, times, venues
from watchers.matching.finding import Finding

CONFIDENT = 0.82
"""From here on two entries are the same event. A watch over several markets joins nothing below it."""

_NAME, _PLACE, _START = 0.4, 0.3, 0.3
_AT_MOST_WHEN_RULED_OUT = 0.3
_UNDECIDED = 0.85  # a game of which an opponent is open
_TOLD = 0.5  # a place of which something is said
_DECIDES, _EITHER = 0.85, 0.3  # an hour that tells which game of the day, and one that does not
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
    game = teams.same_teams(a, b)
    several = game is None and (rhythms.several_a_day(a) or rhythms.several_a_day(b))
    slots = rhythms.by_the_minute(a) or rhythms.by_the_minute(b)
    start = times.same_start(a, b, several_a_day=several, by_the_minute=slots)
    name, start = names.same_name(a, b), _which_game(a, b, start)
    place = _where(a, b, game, start)
    beside = [kinds.same_kind(a, b), parts.same_part(a, b)]
    return _weighed(name, place, start, [one for one in beside if one is not None])


def _weighed(name: Finding, place: Finding, start: Finding, beside: list[Finding]) -> Match:
    found = [name, place, start, *beside]
    score = _NAME * name.strength + _PLACE * place.strength + _START * start.strength
    against = tuple(one.reason for one in found if one.ruled_out)
    if against:
        score = min(score, _AT_MOST_WHEN_RULED_OUT)
    score = round(score, 3)
    return Match(same=score >= CONFIDENT, score=score, reasons=against or tuple(one.reason for one in found))


def _where(a: Event, b: Event, game: Finding | None, start: Finding) -> Finding:
    """The place, as far as it is said. Two teams play once at a time; a title alone may be anybody's."""
    place = venues.same_place(a, b)
    if game is not None and game.strength > _UNDECIDED and start.strength == 1.0:
        if place.reason.startswith("another venue"):
            return Finding(0.7, f"{place.reason}: perhaps a new name, as these teams play once at a time")
        return place if place.ruled_out or place.strength >= _TOLD else Finding(_TOLD, place.reason)
    if not ((a.venue and b.venue) or a.performers or b.performers or game) and not place.ruled_out:
        return Finding(place.strength / 2, f"{place.reason}; nor who plays")
    return place


def _which_game(a: Event, b: Event, start: Finding) -> Finding:
    """Where one names a game or a part and no hour decides, either may be meant."""
    if start.ruled_out or start.strength >= _DECIDES or not parts.is_open(a, b):
        return start
    unsaid = "only one says which game or show of the day"
    return Finding(min(start.strength, _EITHER), f"{start.reason}; {unsaid}")
