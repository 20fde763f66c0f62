"""Saving a watch: one box, what it found, and the form with what it would come to; or changing one.

A watch is judged before its document is written, in one write; the worker is never asked and never told, it
learns from the database. The form of a new watch carries the id it will have, so that a double click is
one watch. Whatever goes wrong, what was written stays in the form. Every button works without JavaScript:
those that only fill something in, or try, post the form and save nothing.
"""

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Unauthorized

from watchers import box
from watchers.box import Wanted
from watchers.documents import Create, Document
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.language import say
from watchers.rules import FURTHER_STEP_PERCENT
from watchers.watch import Watch
from web import (
    choosing,
    entry,
    faults,
    forgery,
    forms,
    membership,
    monitors,
    offers,
    outlook,
    own_writes,
    sight,
    subject,
    twins,
    words,
)
from web.choosing import Results
from web.faults import FormRefusedError
from web.forms import Form
from web.overview import reach_of
from web.plans import Plans
from web.reach import usual_ways
from web.sight import Sight
from web.site import silence, site

_NEW_ID = re.compile(r"[0-9a-f]{20}")
_ATTEMPTS = 5

pages = Blueprint("saving", __name__)


@dataclass(frozen=True, slots=True)
class _Page:
    """One form on its way: whose it is, which watch it will be, and the watch as it stands, if it does.

    ``base`` is also the watch of which a new one is a copy: what the form has no field for is kept.
    ``shown``: what its person has seen of the watch (``_digest``); ``source``: its document.
    """

    uid: str
    watch_id: str
    base: Watch | None = None
    is_new: bool = True
    shown: str = ""
    source: Document | None = None


# ── the addresses ────────────────────────────────────────────────────────────────────────────────────────


@pages.get("/watches/new")
def new() -> ResponseReturnValue:
    """The box; what it found; or the form, filled in by a link, with the id the watch will have."""
    uid = entry.person()
    if copied := request.args.get("copy"):
        return _copied(uid, copied)
    page, form = _Page(uid, _new_id()), forms.linked(_blank(), request.args)
    if "q" in request.args:
        return _boxed(page, form, box.read(request.args["q"], site().providers, site().asked.values()))
    if words_meant := request.args.get("words", "").strip()[: box.LONGEST_WORDS]:
        return _boxed(page, form, Wanted(words_meant, words=words_meant))
    if not forms.names_something(form):
        return _shown(page, form)
    known = sight.sight(sight.target_of(form), uid)
    return _shown(page, outlook.suggested(form, known), known=known)


def _blank() -> Form:
    """An empty form, which tells as its person chose in their settings."""
    return forms.blank(site().providers, usual_ways(entry.document()))


@pages.post("/watches/new")
def create() -> ResponseReturnValue:
    """Save a new watch; the same form again is the same watch."""
    given, copied = request.form.get("watch_id", ""), request.form.get("copy", "")
    watch_id = given if _NEW_ID.fullmatch(given) else _new_id()
    if (uid := _signed_in()) is None:
        return _unsigned(_Page("", watch_id))
    return _kept_at(
        _Page(uid, watch_id),
        lambda: _pressed(_Page(uid, watch_id, _model(uid, copied) if copied else None)),
    )


@pages.get("/watches/<watch_id>/edit")
def edit(watch_id: str) -> ResponseReturnValue:
    """The form of a watch that exists."""
    uid = entry.person()
    page = _standing(uid, watch_id) or abort(404)
    if why := page.base and forms.beyond(page.base):
        said = say(
            "This watch cannot be changed in the form, because {why}. You can pause or delete it.", why=why
        )
        abort(409, said)
    form = forms.filled(page.base) if page.base else forms.blank(site().providers)
    return _shown(page, form, known=sight.sight(sight.target_of(form), page.uid))


@pages.post("/watches/<watch_id>/edit")
def change(watch_id: str) -> ResponseReturnValue:
    """Save a watch that exists; what was written of one that is gone is the form of a new one."""
    uid = _signed_in()
    unread = _Page(uid or "", watch_id, is_new=False, shown=request.form.get("shown", ""))
    if uid is None:
        return _unsigned(unread)
    return _kept_at(unread, lambda: _changed(uid, watch_id))


def _signed_in() -> str | None:
    """Whoever pressed the button; ``None`` when their session has ended since the form was shown."""
    try:
        return entry.person()
    except Unauthorized:
        return None


def _unsigned(page: _Page) -> ResponseReturnValue:
    """The form as it was written, for nobody yet: nothing is read or saved."""
    silence()
    said = say("You are not signed in any more. Sign in in another tab, then press the button here again.")
    return _shown(page, forms.posted(request.form), {"form": said}, 401)


def _boxed(page: _Page, form: Form, wanted: Wanted) -> ResponseReturnValue:
    """What the box was given: straight to the form where it can only be one thing."""
    if wanted.item:
        return redirect(choosing.address(wanted.item, wanted.name), 303)
    if not wanted.text and "q" in request.args:
        wanted = Wanted(error=say("Type what to look for: a name, a link or an id."))
    results = choosing.results(wanted, page.uid)
    form = replace(form, keyword=wanted.words, name=wanted.words)
    return _shown(page, form, status=422 if wanted.error else 200, results=results)


def _standing(uid: str, watch_id: str) -> _Page | None:
    """The form of a watch as it stands now; ``shown`` is of the form that was posted, if one was."""
    source = monitors.find(uid, watch_id)
    if source is None:
        return None
    shown = request.form.get("shown") or _digest(source)
    return _Page(uid, watch_id, monitors.read(source.fields), is_new=False, shown=shown, source=source)


def _digest(source: Document) -> str:
    """Another one for anything else that the form shows or keeps; pausing and snoozing leave it as it is."""
    said = {name: value for name, value in source.fields.items() if name not in _SINCE}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:20]


def _changed(uid: str, watch_id: str) -> ResponseReturnValue:
    page = _standing(uid, watch_id)
    if page is None:
        return _anew(uid, say("This watch was deleted meanwhile. Press Save again to make it anew."))
    if why := page.base and forms.beyond(page.base):
        said = say(
            "This watch cannot be changed in the form any more, because {why}. "
            "Press Save again to save this as a watch of its own.",
            why=why,
        )
        return _anew(uid, said)
    return _pressed(page)


def _anew(uid: str, said: str) -> ResponseReturnValue:
    """What was written, in the form of a new watch."""
    form, page = forms.posted(request.form), _Page(uid, _new_id())
    return _shown(page, form, {"form": said}, 409, known=sight.sight(sight.target_of(form), uid))


def _copied(uid: str, watch_id: str) -> ResponseReturnValue:
    """The form of a new watch that asks for what one of one's own asks for."""
    base = _model(uid, watch_id) or abort(404)
    if why := forms.beyond(base):
        abort(409, say("This watch cannot be copied in the form, because {why}.", why=why))
    form = replace(forms.filled(base), copy=watch_id)
    return _shown(_Page(uid, _new_id(), base), form, known=sight.sight(sight.target_of(form), uid))


def _model(uid: str, watch_id: str) -> Watch | None:
    """One of one's own watches as a new one begins: awake."""
    source = monitors.find(uid, watch_id)
    watch = monitors.read(source.fields) if source else None
    return watch.model_copy(update={"status": "active", "snoozed_until": None}) if watch else None


# ── what a press does ────────────────────────────────────────────────────────────────────────────────────


def _kept_at(page: _Page, press: Callable[[], ResponseReturnValue]) -> ResponseReturnValue:
    """What a press does once nobody writes the same watch meanwhile; else the form as it was written."""
    with suppress(StoreUnavailableError):
        for _ in range(_ATTEMPTS):
            with suppress(ConflictError):
                return press()
    return _shown(page, forms.posted(request.form, page.base), {"form": _no_answer()}, 503)


def _pressed(page: _Page) -> ResponseReturnValue:
    """Save; or fill in what a chip says, or try it, with nothing saved."""
    form = forms.posted(request.form, page.base)
    if "set" in request.form:
        form = forms.pressed(form, request.form["set"])
    elif "try" not in request.form:
        return _save(page, form)
    known = sight.sight(sight.target_of(form), page.uid)
    errors = _faults(page, form) if "try" in request.form else {}
    return _shown(page, form, errors, 422 if errors else 200, known=known)


def _faults(page: _Page, form: Form) -> Mapping[str, str]:
    try:
        _checked(page, form)
    except FormRefusedError as refused:
        return refused.errors
    return {}


def _checked(page: _Page, form: Form) -> dict[str, Any]:
    return faults.checked(form, page.base, site().providers, site().refusal, site().now())


def _save(page: _Page, form: Form) -> ResponseReturnValue:
    if not forgery.has_token():
        return _shown(page, form, {"form": forgery.stale()}, 403)
    plans = site().plans()
    try:
        made = _checked(page, form)
        if page.source and page.shown != _digest(page.source) and not _asks_alike(page.source, made):
            return _overtaken(page, form, page.source)
        known = monitors.find_all(page.uid)
        if page.is_new and (standing := _same_id(page, known)):
            if _asks_alike(standing, made):
                return _saved(page, form, made, plans)
            return _again(page, form, standing)
        _refuse_twins(page, made, known)
        if page.is_new:
            _refuse_unknown(page, made)
            _refuse_past(made, plans)
        _write(page, made)
    except FormRefusedError as refused:
        known_now = sight.sight(sight.target_of(form), page.uid)
        return _shown(page, form, refused.errors, 422, known=known_now, twin=refused.twin)
    return _saved(page, form, made, plans)


def _saved(page: _Page, form: Form, made: Mapping[str, Any], plans: Plans) -> ResponseReturnValue:
    """Say so, also to a second click: a browser without scripts shows only what that one was answered."""
    _announce(form.name, monitors.read(made), None if page.is_new else page.base, plans)
    return redirect(url_for("watches.home", _anchor=f"w-{page.watch_id}"), 303)


def _write(page: _Page, made: Mapping[str, Any]) -> None:
    """Raises: ConflictError: somebody wrote this watch, or deleted it, since it was read."""
    path = site().places.source(page.uid, page.watch_id)
    own_writes.of(page.uid, page.watch_id)
    site().documents.commit(
        *(monitors.replacing(page.source, made) if page.source else (Create(path, made),))
    )


def _announce(name: str, made: Watch | None, base: Watch | None, plans: Plans) -> None:
    """Say that it is saved, how often we look, and what is wrong with that, if anything is."""
    known = base.targets if base and base.status == "active" else ()
    try:
        joins = [target for target in made.targets if target not in known] if made else []
        served = plans.of(made, joins) if made else []
    except StoreUnavailableError:
        served = []  # it is saved all the same
    flash(" ".join([say("Saved “{name}”.", name=name), *dict.fromkeys(one.said for one in served)]))
    for said in dict.fromkeys(one.warning for one in served if one.warning):
        flash(said, "warn")


def _no_answer() -> str:
    return say(
        "The database does not answer at the moment. What you wrote is still here: press Save again soon."
    )


_SINCE = {"status": "", "snoozed_until": None}  # what may have been pressed since it was saved


def _same_id(page: _Page, known: list[Document]) -> Document | None:
    return next((source for source in known if source.id == page.watch_id), None)


def _again(page: _Page, form: Form, standing: Document) -> ResponseReturnValue:
    """The form of a watch that is saved already: somebody went back and wrote another."""
    name = monitors.name_of(standing)
    said = say(
        "This form is saved already, as “{name}”. Press Save again to save this as a watch of its own.",
        name=name,
    )
    known = sight.sight(sight.target_of(form), page.uid)
    return _shown(replace(page, watch_id=_new_id()), form, {"form": said}, 409, known=known)


def _asks_alike(standing: Document, made: Mapping[str, Any]) -> bool:
    """Whether it is saved already, whatever was pressed since."""
    stands, asked = monitors.read(standing.fields), monitors.read(made)
    return (
        stands is not None
        and asked is not None
        and stands.model_copy(update=_SINCE) == asked.model_copy(update=_SINCE)
    )


def _overtaken(page: _Page, form: Form, standing: Document) -> ResponseReturnValue:
    """The form of a watch that says something else by now than when it was shown."""
    said = say(
        "This watch was changed meanwhile, in another window perhaps. What you wrote is still here: "
        "press Save again to save it all the same."
    )
    known = sight.sight(sight.target_of(form), page.uid)
    page = replace(page, shown=_digest(standing))
    return _shown(page, form, {"form": said}, 409, known=known, twin=page.watch_id)


def _refuse_twins(page: _Page, made: Mapping[str, Any], known: list[Document]) -> None:
    others = [source for source in known if source.id != page.watch_id]
    if page.is_new and (full := membership.no_room(others)):
        raise FormRefusedError({"form": full})
    if twin := twins.twin(monitors.read(made), others):
        name = monitors.name_of(twin)
        said = say("You already have this: “{name}” watches the same for the same.", name=name)
        raise FormRefusedError({"form": said}, twin=twin.id)


def _refuse_past(made: Mapping[str, Any], plans: Plans) -> None:
    """An event that has taken place is nothing to wait for; nobody is asked whether it has."""
    watch = monitors.read(made)
    with suppress(StoreUnavailableError):  # nothing is known then; saving asks for itself
        for target in watch.targets if watch else ():
            if said := sight.over(target, plans):
                raise FormRefusedError({"keyword" if target.search else "item": said})


def _refuse_unknown(page: _Page, made: Mapping[str, Any]) -> None:
    """An id that its market knows nothing of is never seen: no look at it is promised."""
    watch = monitors.read(made)
    for target in watch.targets if watch else ():
        if said := sight.unknown(target, page.uid):
            raise FormRefusedError({"item": said})


# ── what is shown ────────────────────────────────────────────────────────────────────────────────────────


def _shown(
    page: _Page,
    form: Form,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    *,
    known: Sight | None = None,
    results: Results | None = None,
    twin: str = "",
) -> ResponseReturnValue:
    known = known or sight.unseen()
    shown = render_template(
        "form.html",
        page=page,
        form=form,
        errors=errors or {},
        twin=twin,
        results=results,
        asked=request.args.get("q", "") or request.args.get("words", ""),
        labels=faults.labels(),
        lengths=forms.MAX_LENGTHS,
        providers=site().providers,
        bases=words.BASES,
        further=FURTHER_STEP_PERCENT,
        kept=forms.kept(page.base),
        markets=forms.markets_of(form.markets) or [],
        reach=(reach := reach_of(page.uid)),
        shows=lambda channel: getattr(form, channel) or reach is None or bool(getattr(reach, channel)),
        shop=words.shop,
        known=known,
        card=subject.card(form, known),
        look=outlook.outlook(form, _watch(page, form), known),
        choices=offers.choices(form, known),
        percents=outlook.PERCENTS,
        is_tried="try" in request.form,
        is_linked=page.is_new and bool(request.args) and results is None,
    )
    return shown, status


def _watch(page: _Page, form: Form) -> Watch | None:
    """What the form asks for, if it can be watched."""
    try:
        return monitors.read(_checked(page, form))
    except FormRefusedError:
        return None


def _new_id() -> str:
    return secrets.token_hex(10)
