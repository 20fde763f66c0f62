"""What is pressed on the page of searches: keep one, watch what it found, say that two are not the same.

Every press leads back to the page with a sentence, or to the watch that it made.
"""

from collections.abc import Sequence
from urllib.parse import parse_qs, parse_qsl, urlencode

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from watchers import verdicts
from watchers.errors import StoreUnavailableError, WatchRefusedError
from watchers.language import say
from watchers.watch import Watch
from web import entry, one_press, searches
from web.one_press import Pressed
from web.reach import usual_ways
from web.searches import Asked, SearchRefusedError
from web.site import site

_LONGEST = 2000  # letters of an address
_MOST_PARTED = 10  # entries of one event

pages = Blueprint("search_buttons", __name__)


# ── searches that are kept ───────────────────────────────────────────────────────────────────────────────


@pages.post("/search/saved")
def save() -> ResponseReturnValue:
    """Keep the search under its name."""
    uid = entry.person()
    try:
        made = searches.save(site().documents, uid, request.form.get("name", ""), _asked())
    except SearchRefusedError as exc:
        return _back(str(exc), "warn")
    return _back(say("Kept as “{name}”.", name=made.name))


@pages.post("/search/saved/<search_id>/rename")
def rename(search_id: str) -> ResponseReturnValue:
    """Call it something else."""
    try:
        searches.rename(site().documents, entry.person(), search_id, request.form.get("name", ""))
    except SearchRefusedError as exc:
        return _back(str(exc), "warn")
    return _back(say("Renamed."))


@pages.post("/search/saved/<search_id>/delete")
def delete(search_id: str) -> ResponseReturnValue:
    """Keep it no more."""
    searches.delete(site().documents, entry.person(), search_id)
    return _back(say("This search is not kept any more."))


# ── watches ──────────────────────────────────────────────────────────────────────────────────────────────


@pages.post("/search/watch")
def watch() -> ResponseReturnValue:
    """Watch one market's item: told when it is cheaper than it was on the page."""
    uid = entry.person()
    given = {name: request.form.get(name, "")[:_LONGEST] for name in _ITEM}
    try:
        pressed = one_press.save(uid, one_press.cheaper(given, usual_ways(entry.document())))
    except WatchRefusedError as refused:
        return _back(" ".join(refused.reasons), "warn")
    return _watching(pressed)


_ITEM = ("name", "provider", "item", "country", "price", "currency", "basis")


@pages.post("/search/new-dates")
def new_dates() -> ResponseReturnValue:
    """Watch the search itself: told of every date it did not have before."""
    uid, catalog, asked = entry.person(), site().catalog or abort(404), _asked()
    name = request.form.get("name", "") or searches.name_for(asked)
    try:
        notify = usual_ways(entry.document())
        pressed = one_press.save(uid, one_press.new_dates(name, asked.search(), catalog, notify))
    except (WatchRefusedError, SearchRefusedError) as refused:
        return _back(str(refused), "warn")
    return _watching(pressed)


def _watching(pressed: Pressed) -> ResponseReturnValue:
    if pressed.is_new:
        flash(" ".join([say("Saved “{name}”.", name=pressed.watch.name), *_served(pressed.watch)]))
    else:
        flash(say("You already have this: “{name}” watches the same for the same.", name=pressed.watch.name))
    return redirect(url_for("watches.home", _anchor=f"w-{pressed.watch_id}"), 303)


def _served(made: Watch) -> Sequence[str]:
    """How often we look; nothing where the database does not say: it is saved all the same."""
    try:
        return list(dict.fromkeys(one.said for one in site().plans().of(made, made.targets)))
    except StoreUnavailableError:
        return []


# ── what is the same event ───────────────────────────────────────────────────────────────────────────────


@pages.post("/search/not-same")
def part() -> ResponseReturnValue:
    """Remember that the first entry is not the event of the others; for operators, since all see it."""
    one, *others = _entries()
    for other in others:
        verdicts.remember(site().documents, frozenset({one, other}), site().now())
    _reconsider()
    flash(say("Remembered: they are not the same event."))
    query = [*parse_qsl(_query()), *(("parted", entry_) for entry_ in (one, *others))]
    return redirect(f"{url_for('search.show')}?{urlencode(query)}", 303)


@pages.post("/search/same")
def rejoin() -> ResponseReturnValue:
    """Take it back."""
    one, *others = _entries()
    for other in others:
        verdicts.take_back(site().documents, frozenset({one, other}))
    _reconsider()
    return _back(say("Taken back."))


def _entries() -> list[str]:
    """The entries that were named, as ``provider:item``, each once and the first one first."""
    if entry.person() and not entry.is_operator():
        abort(403)
    named = dict.fromkeys(request.form.getlist("entry"))
    is_sound = all(name.partition(":")[0] in site().providers and name.partition(":")[2] for name in named)
    return list(named) if is_sound and 1 < len(named) <= _MOST_PARTED else abort(400)


def _reconsider() -> None:
    if catalog := site().catalog:
        catalog.reconsider()


# ── where it was pressed ─────────────────────────────────────────────────────────────────────────────────


def _query() -> str:
    """What the page asked for, when it was pressed; of our own fields only."""
    return urlencode(_asked().parameters)


def _asked() -> Asked:
    said = parse_qs(request.form.get("query", "")[:_LONGEST])
    return searches.asked({name: values[0] for name, values in said.items()})


def _back(said: str, kind: str = "message") -> ResponseReturnValue:
    flash(said, kind)
    return redirect(f"{url_for('search.show')}?{_query()}".rstrip("?"), 303)
