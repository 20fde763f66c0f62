"""How everything is doing, for operators: providers, ticks, outbox, spending, what the free tier has left.

Nothing personal is shown, and nobody else learns that there is such a page. What it reads is remembered for
some seconds, so that a page that looks again by itself costs little.
"""

from datetime import UTC

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from watchers.documents import Query
from watchers.places import REFUSED
from web import words
from web.operator import lines
from web.operator.facts import Facts, gather
from web.operator.guard import operator
from web.site import site

pages = Blueprint("status", __name__)

REMEMBERED = 15.0  # seconds
_TICKS, _ROWS = 8, 100


def facts() -> Facts:
    """How everything is doing, as of some seconds ago at most."""
    return site().memo.of("facts", REMEMBERED, lambda: gather(site()))


@pages.get("/status")
def show() -> ResponseReturnValue:
    """Everything on one page."""
    operator("status")
    known = facts()
    return render_template(
        "status.html",
        known=known,
        at=f"{known.at.astimezone(UTC):%H:%M:%S} UTC",
        worker=lines.worker(known),
        whole=lines.whole(known),
        providers=[lines.of_provider(one, known.at) for one in known.providers if one.state == "on"],
        off=[(words.shop(one.name), one.state) for one in known.providers if one.state != "on"],
        channels=known.channels,
        ticks=known.ticks[:_TICKS],
        ago=lambda at: words.ago(at, known.at),
    )


@pages.get("/status/blind")
def blind() -> ResponseReturnValue:
    """Every target that is not seen, the longest first."""
    operator("blind")
    known = facts()
    rows = [
        (words.shop(one.target.provider), lines.named(one), words.span(known.at - one.since), one)
        for one in known.blind
    ]
    return render_template("status_blind.html", rows=rows[:_ROWS], number=len(rows))


@pages.get("/status/refused")
def refused() -> ResponseReturnValue:
    """Watches that were refused: whose, why and when; up to a hundred, the latest of them first."""
    operator("refused")
    documents, now = site().documents, site().now()
    number = documents.count(Query(REFUSED))
    found = documents.find(Query(REFUSED, ("newest_first",), "<=", 0, _ROWS)) if number else []
    rows = [
        (
            str(one.fields.get("watch")),
            str(one.fields.get("uid")),
            list(one.fields.get("reasons") or ()),
            one.fields["at"],
        )
        for one in found
    ]
    return render_template("status_refused.html", rows=rows, number=number, ago=lambda at: words.ago(at, now))
