"""``/settings``: how somebody is told, on one page. Only what was changed on it is written.

Reads the person, and the test messages of the last day where there were any.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from notifiers import contacts, preferences, trials
from notifiers.preferences import PreferencesRefusedError
from watchers.documents import Document
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.kinds import Channel
from watchers.language import LANGUAGES, say, speaking
from watchers.models import Alert, Person
from web import deliveries, entry, forgery, languages, own_writes, snapshot, words
from web.deliveries import Clock
from web.reach import Reach, reach
from web.settings import form
from web.site import site

_REGIONS = frozenset(
    {
        *("Africa", "America", "Antarctica", "Arctic", "Asia"),
        *("Atlantic", "Australia", "Europe", "Indian", "Pacific"),
    }
)

pages = Blueprint("settings", __name__)


@pages.get("/settings")
def show() -> ResponseReturnValue:
    """All of it, as it stands."""
    entry.person()
    return _page(form.filled(preferences.of(entry.document())))


@pages.post("/settings")
def save() -> ResponseReturnValue:
    """Keep what was changed; what cannot be is said beside its field, and everything typed stays."""
    uid, given = entry.person(), form.given(request.form)
    before = form.seen(request.form, preferences.of(entry.document()))
    asked = form.asked(before, given)
    if not forgery.has_token():
        return _page(given, before, {"form": forgery.stale()}), 422
    try:
        named = preferences.read(asked, most_segments=_most_texts())
        preferences.save(site().documents, uid, named, site().now())
    except PreferencesRefusedError as refused:
        return _page(given, before, refused.errors), 422
    except ConflictError as exc:
        raise StoreUnavailableError("the person kept changing") from exc
    with speaking(_now_spoken(named)):
        flash(say("Saved.") if named else say("Nothing was changed."))
    return redirect(url_for("settings.show"), 303)


@pages.post("/settings/test")
def test() -> ResponseReturnValue:
    """Send one test message, as an alert is sent."""
    uid = entry.person()
    try:
        channel = Channel(request.form.get("channel", ""))
    except ValueError:
        abort(404)
    own_writes.of(uid, snapshot.ALERTS)
    try:
        trials.send(site().documents, uid, channel, site().now())
    except trials.NotReachableError:
        flash(say("Nothing was sent: this way does not work yet."), "warn")
    except trials.TooOftenError as enough:
        at = words.moment(enough.again_at, contacts.zone_of(_person()))
        flash(say("Nothing was sent: enough tests for now. The next one may go at {at}.", at=at), "warn")
    else:
        flash(say("The test message is on its way. What became of it is said below."))
    return redirect(url_for("settings.show", _anchor="test"), 303)


def _now_spoken(named: Mapping[str, Any]) -> str:
    """The language from here on, which the session remembers."""
    if language := named.get("language"):
        session[languages.KEY] = language
    return language or languages.chosen()


def _page(
    filled: Mapping[str, str],
    before: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> str:
    person = _person()
    return render_template(
        "settings.html",
        form=filled,
        seen=json.dumps(before or filled),
        errors=errors or {},
        regions=_regions(filled["timezone"]),
        languages=LANGUAGES,
        ways=_ways(entry.document(), person),
        order=form.ORDER,
        sent=form.SENT,
        most_texts=_most_texts(),
        usual=site().limits,
        topics=list(_topics()),
        zone=person.timezone,
        at=f"{site().now():%H%M%S%f}",  # an address that is this page's already would not be loaded again
    )


def _person() -> Person:
    document = entry.document()
    return contacts.from_document(document) if document else Person(entry.person())


def _most_texts() -> int:
    """What the person may have a month."""
    return site().limits.most_texts_of(_person())


def _regions(chosen: str) -> Mapping[str, list[str]]:
    """The time zones by the part of the world that they begin with; old and odd names only where chosen."""
    found: dict[str, list[str]] = {}
    for name in sorted(preferences.zones()):
        region, _, place = name.partition("/")
        if region not in _REGIONS and name not in ("UTC", chosen):
            continue
        found.setdefault(region if place else "", []).append(name)
    return dict(sorted(found.items(), key=lambda each: (each[0] in ("", "Etc"), each[0])))


def _ways(document: Document | None, person: Person) -> list[dict[str, Any]]:
    """Each channel: where it leads, whether it can be tried, and what became of the last test."""
    where = reach(person, site().local_person)
    told = trials.latest(site().documents, document, site().now())
    return [_way(channel, where, person, told.get(channel)) for channel in Channel]


def _way(channel: Channel, where: Reach, person: Person, last: Alert | None) -> dict[str, Any]:
    clock = Clock(site().now(), contacts.zone_of(person))
    return {
        "channel": channel.value,
        "where": where.said(channel),
        "works": entry.document() is not None and contacts.is_reachable(person, channel),
        "last": _became(last, clock) if last else "",
        "trouble": deliveries.trouble(last, last.code) if last else None,
    }


def _became(last: Alert, clock: Clock) -> str:
    if last.channel is Channel.APP:
        return say("It is there since {at}", at=words.moment(last.created_at, clock.zone))
    return deliveries.delivery(last, clock)


def _topics() -> Iterator[tuple[str, str, str]]:
    """Other pages about oneself, where they are part of this application: address, name, what is there."""
    known = {
        "contacts.show": (say("Contacts"), say("Your number and address, and what you agreed to")),
        "plan.show": (say("Your plan"), say("What it holds, and what of it is used")),
        "tokens.show": (say("API tokens"), say("For programs of your own")),
        "mydata.show": (say("My data"), say("A copy of everything, or delete everything")),
        "search.show": (say("Saved searches"), say("What you look for again and again")),
    }
    for endpoint, (name, about) in known.items():
        if endpoint in current_app.view_functions:
            yield url_for(endpoint), name, about
