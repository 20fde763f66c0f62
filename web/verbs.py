"""The signed links of our messages: one page that says what will happen, and one button.

Looking at an address never changes anything: scanners and previews look at every address in a letter.
Pressing the button needs no session, because the signed address is the secret; pressing it twice is pressing
it once. So a mail client's own button may stop a watch, or all that a message told about (RFC 8058). Whatever
was done, the page that says so has the way back.
"""

import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from flask import Blueprint, Response, abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from notifiers import contacts
from notifiers.release import release
from notifiers.words.phrases import joined
from notifiers.words.replies import amount
from watchers import alerts, verbs
from watchers.errors import WatchRefusedError
from watchers.language import say
from watchers.models import Alert
from watchers.money import decimal_amount, exponent
from watchers.verbs import Change, Planned
from watchers.watch import Below, Watch
from web import monitors, own_writes, words
from web.site import site

log = logging.getLogger(__name__)

_NAMED = 10  # of the watches that are stopped together


@dataclass(frozen=True, slots=True)
class Offer:
    """What a link offers: its question, what the button does, and what is said once it is done."""

    question: str
    does: str
    button: str
    done: str
    said: str


_SNOOZES: Mapping[str, timedelta] = {"snooze-1h": timedelta(hours=1), "snooze-1d": timedelta(days=1)}


def offers() -> Mapping[str, Offer]:
    """What each verb of a link offers; sentences have the watch's ``{name}`` open."""
    return {
        "snooze-1h": Offer(
            say("Snooze for an hour?"),
            say("keeps “{name}” quiet for an hour. What comes up until then waits, and you get it then"),
            say("Snooze for an hour"),
            say("Snoozed"),
            say("“{name}” is quiet until {until}."),
        ),
        "snooze-1d": Offer(
            say("Snooze for a day?"),
            say("keeps “{name}” quiet for a day. What comes up until then waits, and you get it then"),
            say("Snooze for a day"),
            say("Snoozed"),
            say("“{name}” is quiet until {until}."),
        ),
        "bought": Offer(
            say("Did you buy it?"),
            say("ends your watch “{name}”: it tells you nothing more"),
            say("I bought it"),
            say("Ended"),
            say("Enjoy it! “{name}” has ended and tells you nothing more."),
        ),
        "stop": Offer(
            say("Stop these alerts?"),
            say("pauses your watch “{name}”: it tells you nothing more until you resume it"),
            say("Stop these alerts"),
            say("Stopped"),
            say("“{name}” is paused and tells you nothing more."),
        ),
        "stop-all": Offer(
            say("Stop all these alerts?"),
            say(
                "pauses all that the message told you about, {name}: "
                "nothing more comes of it until you resume it"
            ),
            say("Stop all these alerts"),
            say("Stopped"),
            say("Paused, and telling you nothing more: {name}."),
        ),
        "resume": Offer(
            say("Watch again?"),
            say("lets your watch “{name}” watch, and tell you at once"),
            say("Watch again"),
            say("Watching again"),
            say("“{name}” is watching again."),
        ),
        "below": Offer(
            say("Change the price"),
            say("sets a new price for “{name}”: it tells you at that price or less"),
            say("Save the price"),
            say("Saved"),
            say("“{name}” now tells you at {limit} or less."),
        ),
    }


pages = Blueprint("verbs", __name__)


@pages.after_request
def without_referrer(answer: Response) -> Response:
    """The address is a secret: it goes to no other site."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


@pages.get("/do/<token>")
def ask(token: str) -> ResponseReturnValue:
    """One button; looking at it changes nothing."""
    alert, verb = _meant(token)
    if verb == "stop-all":
        return _ask_to_stop_all(alert)
    source = monitors.find(alert.uid, alert.watch_id)
    if source is None:
        return _said(say("It is gone already"), say(verbs.GONE))
    watch = monitors.read(source.fields)
    if verb == "below" and not _limits(watch):
        return _said(say("There is no price to change"), say(verbs.NO_LIMIT))
    return _asked(verb, monitors.name_of(source), watch)


@pages.post("/do/<token>")
def change(token: str) -> ResponseReturnValue:
    """Do it, without anybody signed in."""
    alert, verb = _meant(token)
    if verb == "stop-all":
        return _stop_all(alert)
    wanted, now = _change(verb), site().now()
    if wanted is None:
        return _asked_again(alert, say("Write an amount, such as 80 or 79.50."))
    try:
        planned = _apply(wanted, alert, verb, now)
    except WatchRefusedError as refused:
        return _refused(alert, verb, refused)
    if verb == "resume":
        release(site().documents, alert.uid, {"snoozed"}, now, watch_ids={alert.watch_id})
    return _done(alert, verb, planned, now)


def _apply(wanted: Change, alert: Alert, verb: str, now: datetime) -> Planned:
    own_writes.of(alert.uid, alert.watch_id)
    surroundings = (site().documents, site().places, site().refusal)
    planned = verbs.apply(*surroundings, wanted, uid=alert.uid, watch_id=alert.watch_id, now=now)
    log.info("watch.changed_by_link", extra={"watch": alert.watch_id, "verb": verb})
    return planned


def _refused(alert: Alert, verb: str, refused: WatchRefusedError) -> ResponseReturnValue:
    """What is gone is stopped, so that a mail client's button has worked."""
    is_gone = refused.reasons == (verbs.GONE,)
    if verb == "below" and not is_gone:
        return _asked_again(alert, " ".join(refused.reasons))
    if verb == "stop" and is_gone:
        return _said(offers()[verb].done, say(verbs.GONE))
    return _said(say("That was not done"), *map(say, refused.reasons)), 409


def _meant(token: str) -> tuple[Alert, str]:
    """The alert and the verb of a link, or a page that says what to do."""
    said = site().links.read_verb(token, site().now())
    document = site().documents.get(alerts.path(said[0])) if said and said[1] in offers() else None
    if said is None or document is None:
        abort(
            403,
            say(
                "This link is too old, or was cut off on its way: links in our messages work for 30 days. "
                "Nothing was changed. Use the link of a newer message, or change the watch among your "
                "watches."
            ),
        )
    return alerts.from_document(document), said[1]


def _change(verb: str) -> Change | None:
    """``None``: the price that was written is none."""
    if snooze := _SNOOZES.get(verb):
        return partial(verbs.snooze, until=site().now() + snooze)
    if verb == "below":
        given = amount(request.form.get("price", ""))
        return partial(verbs.below, amount=given.number, means=given.means) if given else None
    return {"bought": verbs.bought, "stop": verbs.stop, "resume": verbs.resume}[verb]


# ── all that a message told about ────────────────────────────────────────────────────────────────────────


def _ask_to_stop_all(alert: Alert) -> ResponseReturnValue:
    watches = [site().places.source(one.uid, one.watch_id) for one in _one_a_watch(alert)]
    names = [monitors.name_of(source) for source in site().documents.get_many(watches) if source]
    if not names:
        return _said(say("It is gone already"), say(verbs.GONE))
    return _asked("stop-all", _listed(names), None)


def _stop_all(alert: Alert) -> ResponseReturnValue:
    """Each watch by itself: what is gone is stopped already, and asking again finishes what broke off."""
    stopped: list[tuple[str, str]] = []
    for one in _one_a_watch(alert):
        with suppress(WatchRefusedError):
            planned = _apply(verbs.stop, one, "stop-all", site().now())
            stopped.append((monitors.name_of(planned.source), _way_back(one, "stop", planned)))
    offer = offers()["stop-all"]
    if not stopped:
        return _said(offer.done, say(verbs.GONE))
    said = offer.said.format(name=_listed([name for name, _ in stopped]))
    undo_each = [(name, address) for name, address in stopped if address]
    return render_template("done.html", title=offer.done, said=said, undo_each=undo_each)


def _one_a_watch(alert: Alert) -> list[Alert]:
    """Of each watch that the message told about, the first alert."""
    others = site().documents.get_many([alerts.path(one) for one in alert.more_alerts])
    found: dict[str, Alert] = {}
    for one in (alert, *(alerts.from_document(other) for other in others if other)):
        if one.uid == alert.uid:
            found.setdefault(one.watch_id, one)
    return list(found.values())


def _listed(names: Sequence[str]) -> str:
    """``“One”, “Two” and 7 more``."""
    left = len(names) - _NAMED
    said = joined(*(f"“{name}”" for name in names[:_NAMED]))
    return say("{names} and {left} more", names=said, left=left) if left > 0 else said


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────


def _asked(verb: str, name: str, watch: Watch | None, error: str = "") -> str:
    limits, offer = _limits(watch), offers()[verb]
    return render_template(
        "verb.html",
        offer=offer,
        does=offer.does.format(name=name),
        price=_written(limits[0]) if verb == "below" and limits else "",
        given=request.form.get("price"),
        limits=[words.exact(limit.limit, limit.currency) for limit in limits],
        currency=limits[0].currency if limits else "",
        takes_price=verb == "below",
        error=error,
    )


def _asked_again(alert: Alert, error: str) -> ResponseReturnValue:
    source = monitors.find(alert.uid, alert.watch_id)
    if source is None:
        return _said(say("It is gone already"), say(verbs.GONE))
    return _asked("below", monitors.name_of(source), monitors.read(source.fields), error), 422


def _done(alert: Alert, verb: str, planned: Planned, now: datetime) -> str:
    offer, before = offers()[verb], _limits(monitors.read(planned.source.fields))
    after = dict.fromkeys(words.exact(one.limit, one.currency) for one in _limits(planned.watch))
    snooze = _SNOOZES.get(verb)
    until = _moment(now + snooze, alert.uid) if snooze else ""
    name = monitors.name_of(planned.source)
    status = planned.watch.status if planned.watch and verb == "below" else "active"
    return render_template(
        "done.html",
        title=offer.done,
        said=_said_of(verb, planned)
        or offer.said.format(name=name, until=until, limit=say(" or ").join(after)),
        resting=resting(status),
        undo=_way_back(alert, verb, planned),
        old_price=_written(before[0]) if verb == "below" and planned.writes and before else "",
    )


def _said_of(verb: str, planned: Planned) -> str:
    """What is said instead where there was nothing to stop any more."""
    has_ended = verb == "stop" and monitors.has_ended(planned.source)
    return monitors.ended_already(planned.source) if has_ended else ""


def _way_back(alert: Alert, verb: str, planned: Planned) -> str:
    """Nothing was done to what had ended: watching it again would undo something else."""
    return "" if _said_of(verb, planned) else _undo(alert, verb)


def resting(status: str) -> str:
    """That a watch which was changed watches nothing all the same; empty where it does."""
    match status:
        case "paused":
            return say("It is paused all the same: resume it among your watches.")
        case "ended":
            return say("It is ended all the same: resume it among your watches.")
    return ""


def _undo(alert: Alert, verb: str) -> str:
    """Where the way back begins; a changed price goes back by the same link, and ``resume`` has none."""
    if verb in ("resume", "below"):
        return ""
    return url_for("verbs.change", token=site().links.verb(alert.id, "resume").rpartition("/")[2])


def _limits(watch: Watch | None) -> list[Below]:
    return [one for one in (watch.conditions if watch else ()) if isinstance(one, Below)]


def _written(limit: Below) -> str:
    """As an amount that may be edited: ``90.00``."""
    return f"{decimal_amount(limit.limit, limit.currency):.{exponent(limit.currency)}f}"


def _moment(at: datetime, uid: str) -> str:
    zone = contacts.zone_of(contacts.find(site().documents, uid))
    return f"{words.moment(at, zone)} {at.astimezone(zone):%Z}"


def _said(title: str, *sentences: str) -> str:
    return render_template("message.html", title=title, sentences=sentences)
