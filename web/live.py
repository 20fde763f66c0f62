"""What changed on the page of one's watches since it was shown: a few bytes where nothing did.

The page says which cards it shows, each with its key, and gets back those that say something else by now,
when the others were seen last, and whether there are new alerts. Nothing is rendered that stands there.
"""

import zlib
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from watchers.language import say_many
from web import entry
from web.briefs import Brief
from web.overview import View, card_words, counted, latest, view

_LONGEST = 20_000  # characters of what a page says it shows

pages = Blueprint("live", __name__)


@pages.get("/watches/live")
def changes() -> ResponseReturnValue:
    """As JSON; 304 where the page knows all of it (``If-None-Match``)."""
    seen = view(entry.person())
    shown = _shown(request.args.get("known", "")[:_LONGEST])
    found = _changes(seen, shown)
    tag = f"{zlib.crc32(repr(found).encode()):08x}"
    if request.if_none_match.contains(tag):
        answer = Response(status=304)
    else:
        answer = jsonify(found | _rendered(seen, found))
    answer.set_etag(tag)
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer


def _shown(known: str) -> dict[str, str]:
    """``w1:0a1b2c3d,w2:…`` by id."""
    pairs = (one.rpartition(":") for one in known.split(",") if one)
    return {watch_id: key for watch_id, _, key in pairs if watch_id}


def _changes(seen: View, shown: dict[str, str]) -> dict[str, Any]:
    """What is different, in so many words as it takes to see that it is."""
    there = {brief.id: (brief, brief.key) for brief in seen.briefs if brief.id in shown}
    return {
        "changed": [[id_, key] for id_, (_, key) in there.items() if key != shown[id_]],
        "gone": [id_ for id_ in shown if id_ not in there],
        "seen": {id_: one.seen for id_, (one, key) in there.items() if key == shown[id_] and one.rows},
        "total": len(seen.briefs),
        "alerts": seen.standing.alerts_key,
    }


def _rendered(seen: View, found: dict[str, Any]) -> dict[str, Any]:
    """The cards that changed; and the alerts, if they are others than the page has."""
    changed = {watch_id for watch_id, _ in found["changed"]}
    cards = _cards(seen, [one for one in seen.briefs if one.id in changed])
    answer: dict[str, Any] = {"cards": cards, "said": _said(len(cards))}
    if request.args.get("alerts") == found["alerts"]:
        return answer
    number = counted(seen)["new_alerts"]
    words = say_many("{number} new alert", "{number} new alerts", number) if number else ""
    listed = render_template("alert_entries.html", **latest(seen))
    return answer | {"new": number, "new_said": words, "listed": listed}


def _cards(seen: View, changed: list[Brief]) -> dict[str, str]:
    """By id, as the page itself has them; without the frame that a whole page needs."""
    if not changed:
        return {}
    template = current_app.jinja_env.get_template("watch_card.html").make_module(card_words(seen))
    return {one.id: str(template.watch_card(seen.card(one))) for one in changed}  # type: ignore[attr-defined]


def _said(number: int) -> str:
    return say_many("{number} watch changed.", "{number} watches changed.", number) if number else ""
