"""The form of a watch: make a new one, or change one.

A watch is judged before its document is written, in one write; the worker is never asked and never told, it
learns from the database. The form of a new watch carries the id it will have, so that a double click is
one watch. Whatever goes wrong, what was written stays in the form.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from watchers.documents import Document, Put
from watchers.errors import StoreUnavailableError
from watchers.rules import FURTHER_STEP_PERCENT
from watchers.watch import Watch
from web import entry, faults, forgery, forms, membership, monitors, words
from web.faults import FormRefusedError
from web.forms import Form
from web.overview import reach_of
from web.site import site

_NEW_ID = re.compile(r"[0-9a-f]{20}")

pages = Blueprint("saving", __name__)


@dataclass(frozen=True, slots=True)
class _Page:
    """One form on its way: whose it is, which watch it will be, and the watch as it stands, if it does."""

    uid: str
    watch_id: str
    base: Watch | None = None
    is_new: bool = True


@pages.get("/watches/new")
def new() -> ResponseReturnValue:
    """An empty form, or what the link fills in, with the id the watch will have."""
    form = forms.linked(forms.blank(site().providers), request.args)
    return _shown(_Page(entry.person(), _new_id()), form)


@pages.post("/watches/new")
def create() -> ResponseReturnValue:
    """Save a new watch; the same form again is the same watch."""
    uid, given = entry.person(), request.form.get("watch_id", "")
    return _save(_Page(uid, given if _NEW_ID.fullmatch(given) else _new_id()))


@pages.get("/watches/<watch_id>/edit")
def edit(watch_id: str) -> ResponseReturnValue:
    """The form of a watch that exists."""
    page = _existing(watch_id)
    return _shown(page, forms.filled(page.base) if page.base else forms.blank(site().providers))


@pages.post("/watches/<watch_id>/edit")
def change(watch_id: str) -> ResponseReturnValue:
    """Save a watch that exists."""
    try:
        page = _existing(watch_id)
    except StoreUnavailableError:
        page = _Page(entry.person(), watch_id, is_new=False)
        return _shown(page, forms.posted(request.form), {"form": _NO_ANSWER}, 503)
    return _save(page)


def _existing(watch_id: str) -> _Page:
    uid = entry.person()
    source = monitors.find(uid, watch_id) or abort(404)
    watch = monitors.read(source.fields)
    if watch and (why := forms.beyond(watch)):
        abort(409, f"This watch cannot be changed in the form, because {why}. You can pause or delete it.")
    return _Page(uid, watch_id, watch, is_new=False)


def _save(page: _Page) -> ResponseReturnValue:
    form = forms.posted(request.form)
    if not forgery.has_token():
        return _shown(page, form, {"form": forgery.STALE}, 403)
    try:
        made = faults.checked(form, page.base, site().providers, site().refusal, site().now())
        known = monitors.find_all(page.uid)
        if page.is_new and (standing := _same_id(page, known)):
            return _again(page, form, made, standing)
        _refuse_twins(page, made, known)
        site().documents.commit(Put(site().places.source(page.uid, page.watch_id), made))
    except FormRefusedError as refused:
        return _shown(page, form, refused.errors, 422)
    except StoreUnavailableError:
        return _shown(page, form, {"form": _NO_ANSWER}, 503)
    _announce(form.name, monitors.read(made), page.base)
    return redirect(url_for("watches.home", _anchor=f"w-{page.watch_id}"), 303)


def _announce(name: str, made: Watch | None, base: Watch | None) -> None:
    """Say that it is saved, how often we look, and what is wrong with that, if anything is."""
    known = base.targets if base and base.status == "active" else ()
    try:
        joins = [target for target in made.targets if target not in known] if made else []
        served = site().plans().of(made, joins) if made else []
    except StoreUnavailableError:
        served = []  # it is saved all the same
    flash(" ".join([f"Saved “{name}”.", *dict.fromkeys(one.said for one in served)]))
    for said in dict.fromkeys(one.warning for one in served if one.warning):
        flash(said, "warn")


_NO_ANSWER = (
    "The database does not answer at the moment. What you wrote is still here: press Save again soon."
)


_SINCE = {"status": "", "snoozed_until": None}  # what may have been pressed since it was saved


def _same_id(page: _Page, known: list[Document]) -> Document | None:
    return next((source for source in known if source.id == page.watch_id), None)


def _again(page: _Page, form: Form, made: Mapping[str, Any], standing: Document) -> ResponseReturnValue:
    """The form of a watch that is saved already: a double click, or somebody went back and wrote another."""
    if {**standing.fields, **_SINCE} == {**made, **_SINCE}:
        return redirect(url_for("watches.home", _anchor=f"w-{page.watch_id}"), 303)
    name = monitors.name_of(standing)
    said = f"This form is saved already, as “{name}”. Press Save again to save this as a watch of its own."
    return _shown(_Page(page.uid, _new_id()), form, {"form": said}, 409)


def _refuse_twins(page: _Page, made: Mapping[str, Any], known: list[Document]) -> None:
    others = [source for source in known if source.id != page.watch_id]
    if page.is_new and (full := membership.no_room(others)):
        raise FormRefusedError({"form": full})
    asked = _question(monitors.read(made))
    for source in others:
        if asked == _question(monitors.read(source.fields)):
            name = monitors.name_of(source)
            raise FormRefusedError(
                {"form": f"You already have this: “{name}” watches the same for the same."}
            )


def _question(watch: Watch | None) -> object:
    """What makes two watches the same to the person who has both."""
    if watch is None:
        return object()
    rule = watch.rule
    return rule["target"], sorted(map(repr, rule["conditions"])), rule["filters"]


def _shown(
    page: _Page, form: Form, errors: Mapping[str, str] | None = None, status: int = 200
) -> ResponseReturnValue:
    shown = render_template(
        "form.html",
        page=page,
        form=form,
        errors=errors or {},
        labels=faults.LABELS,
        lengths=forms.MAX_LENGTHS,
        providers=site().providers,
        bases=words.BASES,
        further=FURTHER_STEP_PERCENT,
        kept=forms.kept(page.base),
        markets=forms.markets_of(form.markets) or [],
        reach=reach_of(page.uid),
        shop=words.shop,
    )
    return shown, status


def _new_id() -> str:
    return secrets.token_hex(10)
