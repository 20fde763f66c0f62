"""Towns: the same, of one area, or others. A name alone is none: there are two Portlands."""

from rapidfuzz import fuzz

from watchers.events import Event
from watchers.matching import known
from watchers.matching.finding import Finding, never
from watchers.matching.places import FACILITY, Place

_OVER_A_LINE = frozenset({"kansas city", "texarkana", "bristol"})
_SPELLING = 90
_A_NAME = 5  # letters: a shorter word is no town's name by itself


def same_town(a: Event, b: Event, one: Place, other: Place, *, is_hall_known: bool) -> Finding | None:
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
    if one.tokens == other.tokens and len(shared - FACILITY) > 1 and one.state and one.state == other.state:
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
