"""Everything the page of one's watches shows, of how they stand (``standing.py``) and what the boards know."""

import logging
from collections.abc import Mapping
from datetime import datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from notifiers import contacts, tallies
from watchers.documents import Document
from watchers.errors import StoreUnavailableError
from watchers.kinds import Channel
from watchers.models import Person
from watchers.target import Target
from watchers.watch import Watch
from web import alert_lines, cards, entry, feed, words
from web.cards import Known
from web.deliveries import Clock
from web.feed import Feed
from web.reach import Reach, reach
from web.site import site
from web.standing import standing

log = logging.getLogger(__name__)

_NO_MESSAGE = {Channel.SMS: "text", Channel.EMAIL: "e-mail", Channel.PUSH: "push message"}
_GOES = {
    Channel.SMS: "by text",
    Channel.EMAIL: "by e-mail",
    Channel.PUSH: "by push message",
    Channel.APP: "to this page",
}


def overview(uid: str) -> dict[str, Any]:
    """The fields of ``home.html``."""
    stands, known_person = standing(uid), entry.document()
    person = contacts.from_document(known_person) if known_person else Person(uid)
    zone, now = contacts.zone_of(person), site().now()
    watches = [watch for line in stands.lines if (watch := cards.asked(line.shown).watch)]
    plans = site().plans()
    known = Known(plans.rows(_targets(watches)), now, zone, plans.of)
    shown = [cards.card(line, known) for line in stands.lines]
    return {
        "cards": sorted(shown, key=lambda card: (card.name.casefold(), card.id)),
        **_alerts(stands.feed, Clock(now, zone)),
        "unreachable": _unreachable(watches, person, reach(person, site().local_person)),
        "usage": _usage(person, stands.tally, zone, now),
        "off": {name: why for name, why in site().providers.items() if why != "on"},
        "shop": words.shop,
        "is_operator": entry.is_operator(),
        "zone": f"{now.astimezone(zone):%Z}",
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
    for channel, message in _NO_MESSAGE.items():
        asking = [watch for watch in watches if channel in watch.notify]
        if asking and not contacts.is_reachable(person, channel):
            why = getattr(where, f"why_no_{channel}")
            instead = dict.fromkeys(chain.from_iterable(_instead(watch, person, channel) for watch in asking))
            ways = " or ".join(_GOES[way] for way in instead)
            said.append(f"No {message} can be sent to you: {why}. For now everything goes {ways} instead.")
    return said


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
    own = person.segments_per_month
    most = site().limits.segments_per_person if own is None else own
    return f"{sent} of {most} text segments this month" if sent or own is not None else ""


def _targets(watches: list[Watch]) -> list[Target]:
    """What these watches watch, of providers that we know: the boards hold nothing else."""
    return [target for watch in watches for target in watch.targets if target.provider in site().providers]


def _alerts(found: Feed, clock: Clock) -> dict[str, Any]:
    """What was told lately, how much of it is new, and the ids by which that is called read."""
    entries = alert_lines.entries(found.alerts, clock)
    return {
        "alerts": entries,
        "new_alerts": sum(part.is_new for entry in entries for part in entry.parts),
        "unread": [alert.id for alert in found.alerts if alert_lines.is_unread(alert)],
        "most": feed.MOST if found.is_cut else None,
    }
