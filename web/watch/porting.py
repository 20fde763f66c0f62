"""All watches out, as a file, and in again: what would be saved is shown before anything is.

The first press judges what was given, and keeps it on the page; the second saves it. Nothing is half-saved:
a watch that cannot be taken is named with its line and the reason, and the others are taken all the same.
"""

import logging
from dataclasses import dataclass

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from watchers import tiers
from watchers.documents import Document
from watchers.language import say, say_many
from watchers.portable import arriving, columns, judging, leaving
from watchers.portable.arriving import UnreadableFileError
from watchers.portable.judging import Judged
from watchers.providers import cannot_see
from watchers.watch import Watch
from web import entry, forgery, membership, monitors, own_writes, snapshot, words
from web.reach import usual_ways
from web.site import site

log = logging.getLogger(__name__)

pages = Blueprint("porting", __name__)


@dataclass(frozen=True, slots=True)
class Leftover:
    """A watch that a sheet cannot hold, and why."""

    name: str
    why: str


# ── out ──────────────────────────────────────────────────────────────────────────────────────────────────


@pages.get("/watches/export.json")
def export_json() -> ResponseReturnValue:
    """All watches, as they are."""
    every = ({"id": source.id, **source.fields} for source in _sources())
    return _file(leaving.as_json(every), "application/json", "json")


@pages.get("/watches/export.csv")
def export_csv() -> ResponseReturnValue:
    """All watches that can be read, a row each."""
    watches = [watch for source in _sources() if (watch := monitors.read(source.fields))]
    return _file(leaving.as_csv(watches), "text/csv; charset=utf-8", "csv")


def _file(text: str, mimetype: str, ending: str) -> Response:
    name = f"ticket-scout-{site().now():%Y-%m-%d}.{ending}"
    answer = Response(text, content_type=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _sources() -> list[Document]:
    return sorted(
        monitors.find_all(entry.person()), key=lambda one: (monitors.name_of(one).casefold(), one.id)
    )


# ── in ───────────────────────────────────────────────────────────────────────────────────────────────────


@pages.get("/watches/import")
def show() -> ResponseReturnValue:
    """A file or a text, please; and all watches as a file."""
    return _form("")


@pages.post("/watches/import")
def take() -> ResponseReturnValue:
    """Say what would be saved; or save it, once that was seen."""
    if not forgery.has_token():
        return _form(request.form.get("text", ""), forgery.stale()), 403
    try:
        text = _given()
        found = judge(entry.person(), text, _currency())
    except UnreadableFileError as unreadable:
        return _form(request.form.get("text", ""), str(unreadable)), 422
    if "save" not in request.form:
        return render_template(
            "import_judged.html",
            text=text,
            currency=_currency(),
            judged=found,
            new=sum(one.is_new for one in found),
            about=_about,
        )
    own_writes.of(entry.person(), snapshot.EVERYTHING)
    saved = judging.save(site().documents, site().places.sources(entry.person()), found)
    log.info("watches.imported", extra={"saved": len(saved), "of": len(found)})
    flash(_said(len(saved), found))
    return redirect(url_for("watches.home"), 303)


def judge(uid: str, text: str, currency: str = "") -> list[Judged]:
    """What would become of every entry of a file that this person imports; changes nothing.

    ``currency``: of the limits of a sheet that name none; empty: they are refused.

    Raises:
        UnreadableFileError: with a sentence: nothing of it can be read.
        StoreUnavailableError: nothing is known.
    """
    sources = monitors.find_all(uid)
    known = {source.id: watch for source in sources if (watch := monitors.read(source.fields))}
    tier, going_on = membership.tier(), membership.going_on(sources)
    return judging.judged(
        arriving.with_ways(
            arriving.with_currency(arriving.entries(text), currency), usual_ways(entry.document())
        ),
        known,
        site().refusal,
        site().now(),
        room=tier.watches - going_on,
        full=tiers.no_room(tier, max(tier.watches, going_on)) or "",
        cannot_see=cannot_see,
    )


def _currency() -> str:
    """Of limits that name none."""
    return request.form.get("currency", "").strip().upper()


def _about(watch: Watch) -> str:
    """What would be saved, in one line: the shop and what is watched there, and when it tells."""
    return f"{words.asked_of(watch)}: {'; '.join(map(words.condition, watch.conditions))}"


def _given() -> str:
    """The file, or else what was pasted."""
    file = request.files.get("file")
    if file is not None and file.filename:
        return arriving.text_of(file.stream.read(arriving.MAX_BYTES + 1))
    return request.form.get("text", "")


def _said(saved: int, found: list[Judged]) -> str:
    there = sum(one.twin is not None for one in found) + sum(one.is_new for one in found) - saved
    refused = sum(bool(one.reasons) for one in found)
    parts = [say_many("Saved {number} watch.", "Saved {number} watches.", saved)]
    if there:
        parts.append(say_many("{number} was there already.", "{number} were there already.", there))
    if refused:
        parts.append(say_many("{number} was refused.", "{number} were refused.", refused))
    return " ".join(parts)


def _form(text: str, error: str = "") -> str:
    return render_template(
        "import.html",
        text=text,
        error=error,
        currency=_currency(),
        columns=[name for name in columns.COLUMNS if name != columns.LEFT_OUT],
        leftovers=_leftovers(),
        most_bytes=f"{arriving.MAX_BYTES // 1000} kB",
        most=arriving.MAX_ENTRIES,
    )


def _leftovers() -> list[Leftover]:
    """Which of one's own watches the sheet does not hold, and why."""
    found = []
    for source in _sources():
        watch, name = monitors.read(source.fields), monitors.name_of(source)
        if watch is None:
            found.append(Leftover(name, say("it cannot be read")))
        elif missing := columns.left_out(watch):
            found.append(Leftover(name, "; ".join(missing)))
    return found
