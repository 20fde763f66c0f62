"""How everything is doing, for operators: each provider, and how often its targets are looked at.

Nothing personal is shown, and nobody else learns that there is such a page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from watchers import plan
from watchers.plan import Plan
from web import entry, words
from web.briefs import Chip
from web.plans import Plans
from web.site import site

pages = Blueprint("status", __name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One provider: its state, and what is known of it by name."""

    name: str
    chip: Chip
    facts: tuple[tuple[str, str], ...] = ()
    warning: str | None = None


@pages.get("/status")
def show() -> ResponseReturnValue:
    """All providers on one page."""
    if not entry.is_operator():
        abort(404)
    plans, now = site().plans(), site().now()
    lines = [_line(name, state, plans, now) for name, state in site().providers.items()]
    return render_template("status.html", lines=lines, at=f"{now.astimezone(UTC):%H:%M:%S} UTC")


def _line(name: str, state: str, plans: Plans, now: datetime) -> Line:
    shop = words.shop(name)
    if state != "on":
        return Line(shop, Chip("paused", "Off"), (("Why", state),))
    known = plans.of_provider(name)
    if known is None:
        watched = "cannot be worked out; the log says why" if plans.is_watched(name) else "nothing yet"
        return Line(shop, Chip("", "On"), (("Watched", watched),))
    return Line(shop, _chip(known, now), tuple(_facts(known, now)), plan.capacity(known))


def _chip(known: Plan, now: datetime) -> Chip:
    if known.down_since is not None:
        return Chip("blind", f"No answer for {words.span(now - known.down_since)}")
    return Chip("watching", "On") if known.is_kept(now) else Chip("blind", "Not being ticked")


def _facts(known: Plan, now: datetime) -> Iterator[tuple[str, str]]:
    yield "Calls left", calls_left(known, now)
    yield "Targets", f"{len(known.turns):,}; a look at all takes {words.many(known.calls_a_round, 'call')}"
    if known.mean is not None and known.worst is not None:
        often = f"about every {plan.span(known.mean)} on average"
        yield "Looked at", f"{often}, every {plan.span(known.worst)} at worst"
    if known.slow:
        yield "Slow", f"{words.many(known.slow, 'target')} less often than every {plan.span(plan.SLOW)}"
    yield (
        "Blind",
        f"{words.many(known.blind, 'target')} not seen for longer than they should be"
        if known.blind
        else "none",
    )
    yield "Last ticked", words.ago(known.ticked_at, now) if known.ticked_at else "never"


def calls_left(known: Plan, now: datetime) -> str:
    """How many calls are left, and when the next one may be made where none may now."""
    said = plan.calls_left(known)
    return f"{said}, the next one at {words.second(known.free_at, now, UTC)} UTC" if known.free_at else said
