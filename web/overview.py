"""All that the page of one's watches shows, of how they stand (``standing.py``) and what the boards know."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from flask import current_app, url_for

from notifiers import contacts, tallies
from watchers.documents import Document
from watchers.errors import StoreUnavailableError
from watchers.kinds import Channel
from watchers.language import Sayings, say, to_say
from watchers.models import Person
from watchers.shards import provider_of
from watchers.watch import Watch
from web import alert_lines, briefs, cards, deliveries, entry, feed, listing, words
from web.alert_lines import AlertEntry
from web.briefs import Brief
from web.cards import Card, Known
from web.deliveries import Clock
from web.listing import Wanted
from web.plans import Plans
from web.reach import Reach, reach
from web.site import site
from web.snapshot import Line
from web.standing import Standing, standing

log = logging.getLogger(__name__)

LATEST, MOST_LATEST = 5, 20  # alerts on the page of watches: the latest, and with what is new or waits
ALERTS_EACH = 20  # entries a page of alerts

_ANY = "any-watch-at-all"
_ENDPOINTS = {
    "show": "watch.show",
    "tag": "bulk.tag",
    "pause": "watches.pause",
    "resume": "watches.resume",
    "delete": "watches.delete",
    "edit": "saving.edit",
}
"""Of one watch, by what they are for."""

_GOES = Sayings(
    {
        Channel.SMS: to_say("by text"),
        Channel.EMAIL: to_say("by e-mail"),
        Channel.PUSH: to_say("by push message"),
        Channel.APP: to_say("to this page"),
    }
)


@dataclass(frozen=True)
class View:
    """How somebody's watches stand, with what the boards know: everything their pages are made of."""

    uid: str
    standing: Standing
    briefs: tuple[Brief, ...]
    plans: Plans
    now: datetime
    zone: ZoneInfo
    person: Person

    def card(self, brief: Brief) -> Card:
        """One watch in full."""
        return cards.card(brief, Known(self.now, self.zone, self.plans.of))

    @cached_property
    def alerts(self) -> list[AlertEntry]:
        """Everything that was told, newest first."""
        return alert_lines.entries(self.standing.feed.alerts, Clock(self.now, self.zone), shown=None)


def view(uid: str) -> View:
    """What there is to see for this person now."""
    stands, known_person = standing(uid), entry.document()
    person = contacts.from_document(known_person) if known_person else Person(uid)
    plans, now = site().plans(), site().now()
    rows = plans.known(_targets(stands.lines))
    waiting = deliveries.waiting(stands.feed.alerts, now) if stands.has_open else {}
    found = tuple(briefs.brief(line, rows, now, waiting) for line in stands.lines)
    return View(uid, stands, found, plans, now, contacts.zone_of(person), person)


def overview(uid: str, asked: Wanted) -> dict[str, Any]:
    """The fields of ``home.html``: a page of the watches that were asked for, and the latest alerts."""
    seen = view(uid)
    found = listing.sifted(seen.briefs, asked)
    page, number, pages = listing.page_of(found, asked)
    watches = [watch for one in seen.briefs if (watch := one.watch)]
    person, now, zone = seen.person, seen.now, seen.zone
    off = {name: why for name, why in site().providers.items() if why != "on"}
    return {
        "cards": [seen.card(brief) for brief in page],
        "asked": asked,
        "total": len(seen.briefs),
        "found": len(found),
        "page": number,
        "pages": pages,
        "states": listing.states(seen.briefs, asked),
        "tags": listing.tags(seen.briefs, asked),
        "sorts": {sort: listing.sort_name(sort) for sort in listing.SORTS},
        **latest(seen),
        "unreachable": _unreachable(watches, person, reach(person, site().local_person)),
        "usage": _usage(person, seen.standing.tally, zone, now),
        "off": off,
        "off_names": ", ".join(map(words.shop, off)),
        "shop": words.shop,
        "is_operator": entry.is_operator(),
        "zone": f"{now.astimezone(zone):%Z}",
        "seen_words": words_of_ages(),
        **card_words(seen),
    }


def all_alerts(uid: str, *, only_new: bool, page: int) -> dict[str, Any]:
    """The fields of ``alerts.html``: a page of everything that was told, newest first."""
    seen = view(uid)
    every = seen.alerts
    found = [entry for entry in every if entry.is_new] if only_new else every
    pages = max(1, -(-len(found) // ALERTS_EACH))
    number = min(max(1, page), pages)
    return {
        "alerts": found[(number - 1) * ALERTS_EACH : number * ALERTS_EACH],
        **counted(seen),
        "only_new": only_new,
        "total": len(every),
        "page": number,
        "pages": pages,
        "most": feed.MOST if seen.standing.feed.is_cut else None,
        "usage": _usage(seen.person, seen.standing.tally, seen.zone, seen.now),
        "zone": f"{seen.now.astimezone(seen.zone):%Z}",
    }


def words_of_ages() -> dict[str, str]:
    """How a script says how long ago something was, as the page itself does; ``#`` is the number."""
    return {
        "new": say("new"),
        "now": say("just now"),
        "ago": say("# ago"),
        "s": say("# s"),
        "min": say("# min"),
        "h": say("# h"),
        "days": say("# days"),
    }


def reach_of(uid: str) -> Reach | None:
    """Where this person is told; ``None`` while the database does not answer."""
    try:
        return reach(contacts.find(site().documents, uid), site().local_person)
    except StoreUnavailableError:
        return None


def _unreachable(watches: list[Watch], person: Person, where: Reach) -> list[str]:
    """Ways of telling that somebody counts on and that do not work, and what happens instead."""
    said = []
    for channel in (Channel.SMS, Channel.EMAIL, Channel.PUSH):
        asking = [watch for watch in watches if channel in watch.notify]
        if asking and not contacts.is_reachable(person, channel):
            why = getattr(where, f"why_no_{channel}")
            instead = dict.fromkeys(chain.from_iterable(_instead(watch, person, channel) for watch in asking))
            said.append(_cannot(channel, why, say(" or ").join(_GOES[way] for way in instead)))
    return said


def _cannot(channel: Channel, why: str, ways: str) -> str:
    known = {"why": why, "ways": ways}
    if channel is Channel.SMS:
        return say("No text can be sent to you: {why}. For now everything goes {ways} instead.", **known)
    if channel is Channel.EMAIL:
        return say("No e-mail can be sent to you: {why}. For now everything goes {ways} instead.", **known)
    return say("No push message can be sent to you: {why}. For now everything goes {ways} instead.", **known)


def _instead(watch: Watch, person: Person, channel: Channel) -> list[Channel]:
    """Who else tells what this channel should: those that were asked for as well, or who takes over."""
    others = [other for other in watch.notify if other not in (channel, Channel.APP)]
    also: list[Channel] = [other for other in others if contacts.is_reachable(person, other)]
    return also or [contacts.successor(person, channel, ()) or Channel.APP]


def _usage(person: Person, tally: Mapping[str, Any] | None, zone: ZoneInfo, now: datetime) -> str:
    """What texts the person was sent this month; empty when there were none, or nobody can tell."""
    counted = None if tally is None else Document(tallies.path(person.uid), tally, "", now)
    try:
        sent = tallies.from_document(person.uid, counted).at(now, zone).segments
    except ValueError:
        log.warning("tally.unreadable", extra={"person": person.uid})
        return ""
    most = site().limits.texts_of(person)
    if not sent and person.segments_per_month is None and person.texts_granted is None:
        return ""
    return say("{sent} of {most} text segments this month", sent=sent, most=most)


def _targets(lines: Iterable[Line]) -> list[str]:
    """What they watch, of providers that we know: the boards hold nothing else."""
    wanted, providers = chain.from_iterable(map(briefs.wanted_targets, lines)), site().providers
    return [target for target in wanted if provider_of(target) in providers]


def card_words(seen: View) -> dict[str, Any]:
    """What a card's template needs besides the card."""
    return {"how_long_ago": lambda at: words.ago(at, seen.now), "addresses": watch_addresses()}


def watch_addresses() -> Callable[[str], Mapping[str, str]]:
    """Where the pages and buttons of a watch are, by its id; the rules are built once for all watches."""
    there = {name: end for name, end in _ENDPOINTS.items() if end in current_app.view_functions}
    parts = {name: url_for(end, watch_id=_ANY).split(_ANY) for name, end in there.items()}

    def addresses(watch_id: str) -> Mapping[str, str]:
        quoted = quote(watch_id, safe="")
        return {name: quoted.join(around) for name, around in parts.items()}

    return addresses


def latest(seen: View) -> dict[str, Any]:
    """What was told lately, and whatever is new or waits."""
    every = seen.alerts
    pressing = [one for place, one in enumerate(every) if place < LATEST or one.is_new or one.is_waiting]
    return {"alerts": pressing[:MOST_LATEST], "all_alerts": len(every), **counted(seen)}


def counted(seen: View) -> dict[str, Any]:
    """How much of it is new, the ids by which that is called read, and how a script knows what it has."""
    return {
        "new_alerts": sum(part.is_new for entry in seen.alerts for part in entry.parts),
        "unread": [alert.id for alert in seen.standing.feed.alerts if alert_lines.is_unread(alert)],
        "alerts_key": seen.standing.alerts_key,
    }
