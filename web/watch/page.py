"""The page of one watch, and its buttons.

Looking changes nothing. A button may be pressed twice; what it does is what letters and texts do
(``watchers/verbs.py``). Another person's watch is not there; of one that is deleted, refused or cannot be
read, the page says what is known.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from notifiers import contacts
from notifiers.words import phrases
from notifiers.words.replies import amount
from watchers import dates, verbs
from watchers.errors import WatchRefusedError
from watchers.language import say
from watchers.models import Person
from watchers.money import decimal_amount, exponent
from watchers.verbs import Change, Planned
from watchers.watch import Below, Watch
from web import alert_lines, entry, monitors, own_writes, words
from web import verbs as verb_pages
from web.site import site
from web.watch import charts, looks, outlook, story
from web.watch.story import Story

log = logging.getLogger(__name__)

LONGEST_SNOOZE = timedelta(days=366)

pages = Blueprint("watch", __name__)


@pages.get("/watches/<watch_id>")
def show(watch_id: str) -> ResponseReturnValue:
    """Everything about it."""
    return _page(watch_id)


@pages.post("/watches/<watch_id>/do")
def change(watch_id: str) -> ResponseReturnValue:
    """Press one of its buttons; what was wrong is said beside the field."""
    uid, pressed = entry.person(), request.form.get("do", "")
    wanted = _WANTED.get(pressed) or abort(404)
    try:
        done = wanted(request.form, _person(), site().now())
        planned = _apply(done.change, uid, watch_id)
    except WatchRefusedError as refused:
        return _page(watch_id, {pressed: " ".join(refused.reasons)}, 422)
    log.info("watch.changed", extra={"watch": watch_id, "verb": pressed})
    if pressed == "resume":
        monitors.let_go(uid, watch_id)
    flash(done.said(planned))
    return redirect(url_for("watch.show", watch_id=watch_id), 303)


def _apply(wanted: Change, uid: str, watch_id: str) -> Planned:
    if monitors.find(uid, watch_id) is None:
        abort(404)
    own_writes.of(uid, watch_id)
    surroundings = (site().documents, site().places, site().refusal)
    return verbs.apply(*surroundings, wanted, uid=uid, watch_id=watch_id, now=site().now())


def _person() -> Person:
    document = entry.document()
    return contacts.from_document(document) if document else Person(entry.person())


# ── what the buttons do ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Done:
    """The change a button makes, and what is said once it is made."""

    change: Change
    said: Callable[[Planned], str]


Pressed = Callable[[Mapping[str, str], Person, datetime], _Done]


def _pause(_form: Mapping[str, str], _person: Person, _now: datetime) -> _Done:
    return _Done(verbs.stop, lambda planned: monitors.paused(planned.source))


def _resume(_form: Mapping[str, str], _person: Person, _now: datetime) -> _Done:
    return _Done(verbs.resume, lambda planned: say("Watching again: “{name}”.", name=_name(planned)))


def _bought(_form: Mapping[str, str], _person: Person, _now: datetime) -> _Done:
    return _Done(
        verbs.bought,
        lambda planned: say("Enjoy it! “{name}” has ended and tells you nothing more.", name=_name(planned)),
    )


def _snooze_for(length: timedelta, _form: Mapping[str, str], person: Person, now: datetime) -> _Done:
    return _snooze(now + length, person)


def _snooze_until(form: Mapping[str, str], person: Person, now: datetime) -> _Done:
    """Until that day, at the hour at which the person gets their digests."""
    try:
        day = date.fromisoformat(form.get("day", "").strip())
    except ValueError:
        raise WatchRefusedError([say("Choose a day, such as 2026-12-31.")]) from None
    zone = contacts.zone_of(person)
    until = datetime.combine(day, person.digest_at, zone).astimezone(UTC)
    if not now < until <= now + LONGEST_SNOOZE:
        raise WatchRefusedError([say("Choose a day that is to come, at most a year ahead.")])
    return _snooze(until, person)


def _snooze(until: datetime, person: Person) -> _Done:
    at = words.moment(until, contacts.zone_of(person))
    return _Done(
        partial(verbs.snooze, until=until),
        lambda planned: say("“{name}” is quiet until {at}.", name=_name(planned), at=at),
    )


def _below(form: Mapping[str, str], _person: Person, _now: datetime) -> _Done:
    written = form.get("price", "")
    given = amount(written)
    if given is None or "-" in written:
        raise WatchRefusedError([say("Write an amount, such as 80 or 79.50.")])
    return _Done(
        partial(verbs.below, amount=given.number, means=given.means),
        _limit_said,
    )


def _limit_said(planned: Planned) -> str:
    resting = verb_pages.resting(planned.watch.status) if planned.watch else ""
    if resting:
        saved = say("Saved: at {limit} or less.", limit=_limits(planned))
        return f"{saved} {resting}"
    return say("“{name}” now tells you at {limit} or less.", name=_name(planned), limit=_limits(planned))


_WANTED: Mapping[str, Pressed] = {
    "pause": _pause,
    "resume": _resume,
    "bought": _bought,
    "snooze-1h": partial(_snooze_for, timedelta(hours=1)),
    "snooze-1d": partial(_snooze_for, timedelta(days=1)),
    "snooze-until": _snooze_until,
    "below": _below,
}


def _name(planned: Planned) -> str:
    return monitors.name_of(planned.source)


def _limits(planned: Planned) -> str:
    return " or ".join(
        dict.fromkeys(words.exact(one.limit, one.currency) for one in _below_of(planned.watch))
    )


def _below_of(watch: Watch | None) -> list[Below]:
    return [one for one in (watch.conditions if watch else ()) if isinstance(one, Below)]


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────


def _page(watch_id: str, errors: Mapping[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    found = story.find(entry.person(), watch_id) or abort(404)
    if found.source is None:
        return render_template("watch_gone.html", **_told(found), name=found.name, job=found.job), 410
    days = request.args.get("range", charts.USUAL)
    return render_template(
        "watch.html", **_shown(found, days), errors=errors or {}, given=request.form
    ), status


def _shown(found: Story, days: str) -> dict[str, Any]:
    limits = _below_of(found.watch)
    return {
        "watch": found,
        "card": found.card,
        "official": outlook.official(found, is_played=bool(current_app.config["LINKS"])),
        "search_page": outlook.search_page(found, is_played=bool(current_app.config["LINKS"])),
        "rests": _rests(found),
        "dates": outlook.dates(found),
        "ends": outlook.ends(found),
        "prices": _prices(found),
        "deals": _deals(found),
        "drawings": charts.drawings(found, days),
        "ranges": _ranges(),
        "range": days if days in charts.RANGES else charts.USUAL,
        "complete_since": _day(charts.complete_since(found), found.zone),
        "is_damaged": any(series.damaged for series in found.series.values()),
        "sights": looks.sights(found.job, found.rows, found.alerts, found.clock),
        "limit": _written(limits[0]) if limits else "",
        "limit_currency": limits[0].currency if limits else "",
        "day": f"{(found.clock.now + timedelta(days=7)).astimezone(found.zone):%Y-%m-%d}",
        "wakes_at": f"{found.person.digest_at:%H:%M}",
        "can": current_app.view_functions.keys(),
        **_told(found),
    }


def _rests(found: Story) -> str:
    """Why nothing is seen of it, where it watches nothing."""
    status = found.watch.status if found.watch else "active"
    if status == "active" or found.rows:
        return ""
    if status == "paused":
        return say(
            "It is paused: nothing is looked at. What was seen before is in the chart as far as it is kept."
        )
    return say(
        "It has ended: nothing is looked at. What was seen before is in the chart as far as it is kept."
    )


def _told(found: Story) -> dict[str, Any]:
    return {
        "alerts": alert_lines.entries(found.alerts, found.clock),
        "is_cut": found.is_cut,
        "most": alert_lines.SHOWN if _steps(found) > alert_lines.SHOWN else None,
        "zone_name": f"{found.clock.now.astimezone(found.zone):%Z}",
    }


def _prices(found: Story) -> list[tuple[str, str]]:
    """What was seen last: an amount, if there is one, and what to know about it, its age too."""
    said = []
    for one in found.card.prices if found.card else ():
        ago = one.ago.replace("{ago}", words.ago(one.at, found.clock.now)) if one.at else ""
        sentence = " ".join(filter(None, (one.said, f"({ago})" if ago else "")))
        said.append((one.amount, sentence if one.amount or not ago else f"{sentence}."))
    return said


def _steps(found: Story) -> int:
    """How often something was told, by however many channels."""
    return len({alert.code for alert in found.alerts if not alert.copy_of})


def _deals(found: Story) -> list[tuple[str, str]]:
    """How good each price is that can be bought now, and which that is, where there are several."""
    targets, deals = {target.id: target for target in found.targets}, found.deals()
    said = []
    for (target_id, key), one in deals.items():
        where = f", {words.shop(targets[target_id].provider)}" if len(targets) > 1 else ""
        kind = phrases.capital(f"{words.BASIS_NAME[key.basis]}{where}")
        said.append((kind if len(deals) > 1 else "", str(one)))
    return said


def _ranges() -> list[tuple[str, str]]:
    return [
        ("7", say("7 days")),
        ("30", say("30 days")),
        ("90", say("90 days")),
        ("365", say("a year")),
        ("all", say("all")),
    ]


def _written(limit: Below) -> str:
    return f"{decimal_amount(limit.limit, limit.currency):.{exponent(limit.currency)}f}"


def _day(at: datetime | None, zone: ZoneInfo) -> str:
    return "" if at is None else dates.full(at.astimezone(zone))
