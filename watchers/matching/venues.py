"""Where: country, town and hall together, and what is missing of them.

A hall is not its building: Carnegie Hall's Zankel Hall is not its Stern Auditorium. A name without a town
says little: there is a Paramount Theatre in many.
"""

from watchers.events import Event
from watchers.matching import halls, places, towns
from watchers.matching.finding import Finding, never
from watchers.matching.places import FACILITY, Place

_TELLING, _VAGUE = 0.85, 0.5  # what a venue's name is worth without a town
_TOWN, _NOTHING = 0.65, 0.25  # a town without a venue, and neither


def same_place(a: Event, b: Event) -> Finding:
    """Ruled out in other countries, towns or halls."""
    one, other = places.of(a), places.of(b)
    if one.country and other.country and one.country != other.country:
        return never(f"another country: {a.country} and {b.country}")
    hall = halls.same_hall(a, b, one, other)
    town = towns.same_town(a, b, one, other, is_hall_known=bool(one.known_as & other.known_as))
    if town is not None and town.ruled_out:
        return town
    if hall is not None:
        return hall if town is not None or hall.ruled_out else _without_town(hall, one, other)
    unsaid = f"{'neither says' if not one.venue and not other.venue else _who(one.venue)} the venue"
    if town is None:
        return Finding(_NOTHING, f"{unsaid}, and the town is not known of both")
    return Finding(_TOWN * town.strength, f"{town.reason}; {unsaid}")


def _without_town(hall: Finding, one: Place, other: Place) -> Finding:
    """A name that tells nothing by itself may be that of a hall in another town."""
    if one.known_as & other.known_as:
        return hall
    shared = one.tokens & other.tokens
    is_telling = len(shared) > 1 and bool(shared - FACILITY)
    return Finding(
        hall.strength * (_TELLING if is_telling else _VAGUE), f"{hall.reason}; the town is not said"
    )


def _who(one: str) -> str:
    return "B does not say" if one else "A does not say"
