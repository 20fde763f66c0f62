"""Which events of a page are shows.

A page of Discovery mixes a show with its parking, suites, premium seating and passes, with inner records
that have no public page (106 of 149 on one recorded page), and with the same show once more for resale.
Someone who waits for a new listing waits for a show.

What an entry is, Discovery's own data says first: no address, ``test``, the type of its classification, or
that another event lists it among its ``products``. Only then is the name read, and only where it cannot be
a title: "Suites: ...", "... - Suite Rental", "... RV Pass". A band called Parking Lot plays on, a festival's
weekend pass is its ticket, and a VIP package lets one in.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec.structs import replace

from watchers.observation import Observation
from watchers.providers import shapes
from watchers.providers.discovery.event import event_id, observe
from watchers.target import Target

# Types of a classification: https://app.ticketmaster.com/discovery/v2/classifications
_NOT_SHOWS = frozenset({"parking", "upsell", "merchandise", "donation", "nonticket", "transportation"})
_EXTRAS = r"""
    (?:(?:premium|preferred|vip|general)\ )?parking | suites? | suite\ rentals? | premium\ seating
    | buy\ ?back | post\ ?-?game | locker\ rentals?
"""
_EXTRA_BY_NAME = re.compile(
    rf"""
    ^ (?:{_EXTRAS} | premium) (?: \s*: | \s[-\u2013|]\s )                         # Suites: A v B
    | (?: \s[-\u2013|]\s | [:(] ) \s* (?:{_EXTRAS} | rentals?) \)? $              # A v B - Suite Rental
    | \b (?:parking|rv|camping|season|host|shuttle|lounge(?:\ access)?|club(?:\ access)?) \ pass(?:es)? $
    | \b suite\ rentals? $ | \b membership\ registration $
    """,
    re.IGNORECASE | re.VERBOSE,
)
_CLASSICAL = "classical"  # where a suite is a piece of music
_RESALE_ID = "Z7"  # Ticketmaster Resale's twin of a show
_NAMELESS = Target("ticketmaster", item="")


class Entry(NamedTuple):
    """One event of a page: what it says, why it is no show (``None``: it is one), the ids of its extras."""

    observation: Observation
    not_a_show: str | None
    extras: frozenset[str]


def entry(event: Mapping[str, Any], now: datetime) -> Entry:
    """An event of a page as a target of its own; one without an id has the item ``""`` and a problem."""
    item = event_id(event)
    target = Target(provider="ticketmaster", item=item) if item else _NAMELESS
    seen = observe(event, target, now)
    if not item:
        seen = with_problem(seen, "This event has no id, so it cannot be watched.")
    extras = (event_id(product) for product in shapes.rows(event.get("products")))
    return Entry(seen, not_a_show(event), frozenset(filter(None, extras)))


def item(event: Mapping[str, Any], target: Target, now: datetime) -> Observation:
    """An event asked for by id: seen even where it is no show, with a problem that says so."""
    seen, reason = observe(event, target, now), not_a_show(event)
    return with_problem(seen, reason) if reason else seen


def with_problem(seen: Observation, problem: str) -> Observation:
    """The observation with one more sentence for the operator."""
    return replace(seen, problems=(*seen.problems, problem))


def not_a_show(event: Mapping[str, Any]) -> str | None:
    """Why an event is no show of its own, as a sentence; ``None`` when it is one."""
    if shapes.url(event.get("url")) is None:
        return "This is not a show: it has no public page."
    if event.get("test") is True:
        return "This is not a show: it is one of Ticketmaster's tests."
    classes = shapes.rows(event.get("classifications"))
    if any(_named(one, "type") in _NOT_SHOWS for one in classes):
        return "This is not a show but an extra (parking, upgrade or the like)."
    classical = any(_named(one, "genre") == _CLASSICAL for one in classes)
    if not classical and _EXTRA_BY_NAME.search(shapes.text(event.get("name")) or ""):
        return "This is not a show but an extra (suite, parking, pass or the like), by its name."
    return None


def _named(classification: Mapping[str, Any], level: str) -> str:
    return (shapes.text(shapes.mapping(classification.get(level)).get("name")) or "").lower()


def shows(entries: Sequence[Entry]) -> list[Observation]:
    """The shows of all pages of one answer, each once, in the given order."""
    extras = frozenset().union(*(one.extras for one in entries))
    same: dict[object, list[Observation]] = {}
    for one in entries:
        if one.not_a_show is None and one.observation.target.item not in extras:
            same.setdefault(_same_show(one.observation), []).append(one.observation)
    return [_listed(entries_of_one) for entries_of_one in same.values()]


def _same_show(seen: Observation) -> object:
    """Equal for two entries about one show: (venue, local start, name); an entry without these is alone."""
    if not (seen.venue and seen.starts_at and seen.name):
        return seen.target.item or object()
    return _words(seen.venue), seen.starts_at.replace(tzinfo=None), _words(seen.name)


def _words(name: str) -> str:
    return re.sub(r"\bvs?\b", "v", " ".join(re.findall(r"\w+", name.casefold())))


def _listed(same: Sequence[Observation]) -> Observation:
    """One entry for a show, said by one that has a price.

    Its id never depends on who has the price: when that changes, it is no new listing.
    """
    by_preference = sorted(same, key=_preference, reverse=True)
    steady = by_preference[0]
    said = next((one for one in by_preference if one.prices), steady)
    return replace(said, target=steady.target)


def _preference(seen: Observation) -> tuple[bool, bool, str]:
    """One with an id, the first sale before the resale, and then always the same one."""
    item = seen.target.item or ""
    return bool(item), not item.startswith(_RESALE_ID), item
