"""How everything is doing, for operators: providers, ticks, outbox, spending, what the free tier has left.

Nothing personal is shown, and nobody else learns that there is such a page. What it reads is remembered for
some seconds, so that a page that looks again by itself costs little.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from watchers import plan
from watchers.documents import Query
from watchers.places import REFUSED
from watchers.plan import Plan
from web import words
from web.briefs import Chip
from web.operator.facts import (
    FREE_DELETES,
    FREE_READS,
    FREE_WRITES,
    Blind,
    Facts,
    OfProvider,
    gather,
)
from web.operator.guard import operator
from web.site import site

pages = Blueprint("status", __name__)

REMEMBERED = 15.0  # seconds
_TICKS, _NAMED, _ROWS = 8, 3, 100


@dataclass(frozen=True, slots=True)
class Line:
    """One thing: its state, what is known of it by name, and what somebody must act on."""

    name: str
    chip: Chip
    facts: tuple[tuple[str, str], ...] = ()
    troubles: tuple[str, ...] = ()


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
        worker=worker(known),
        whole=[outbox(known), spending(known), free_tier(known), holding(known)],
        providers=[of_provider(one, known.at) for one in known.providers if one.state == "on"],
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
        (words.shop(one.target.provider), named(one), words.span(known.at - one.since), one)
        for one in known.blind
    ]
    return render_template("status_blind.html", rows=rows[:_ROWS], number=len(rows))


@pages.get("/status/refused")
def refused() -> ResponseReturnValue:
    """Watches that were refused: whose, why and when; the latest first, up to a hundred."""
    operator("refused")
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    number = site().documents.count(Query(REFUSED))
    found = site().documents.find(Query(REFUSED, ("at",), ">=", epoch, _ROWS)) if number else []
    rows = [
        (one.id, str(one.fields.get("uid")), list(one.fields.get("reasons") or ()), one.fields["at"])
        for one in reversed(found)
    ]
    now = site().now()
    return render_template("status_refused.html", rows=rows, number=number, ago=lambda at: words.ago(at, now))


# ── the parts, as lines ──────────────────────────────────────────────────────────────────────────────────


def worker(known: Facts) -> Line:
    """Whether the worker runs."""
    troubles = []
    if known.ticked_at is None:
        return Line("Worker", Chip("", "Has not run"), (("Last tick", "never: nobody watches anything yet"),))
    if known.is_late:
        troubles.append(
            f"The worker has not run for {words.span(known.at - known.ticked_at)}. Nothing is looked at and "
            "nobody is told: look at its log, and at whatever calls it (Cloud Scheduler, scout.py run)."
        )
    lately = [one for one in known.mishaps if known.at - one.at < plan.DAY]
    if lately:
        named = ", ".join(dict.fromkeys(one.board for one in lately))
        troubles.append(f"Could not be ticked in the last day: {named} ({words.many(len(lately), 'time')}).")
    chip = Chip("refused", "Does not run") if known.is_late else Chip("watching", "Runs")
    return Line("Worker", chip, (("Last tick", words.ago(known.ticked_at, known.at)),), tuple(troubles))


def outbox(known: Facts) -> Line:
    """What waits to be told, and what could not be."""
    box = known.outbox
    said = [("On their way", _counts(box.open) or "nothing")]
    if box.due:
        waited = f", the oldest for {words.span(known.at - box.oldest)}" if box.oldest else ""
        said.append(("Due now", f"{words.many(box.due, 'alert')}{waited}"))
    told: dict[str, dict[str, int]] = {}
    for (channel, state), number in box.ended.items():
        told.setdefault(channel, {})[state] = number
    today = "; ".join(f"{_counts(counts)} by {one}" for one, counts in told.items() if any(counts.values()))
    said.append(("Today (UTC)", today or "none"))
    if box.failed:
        codes = ", ".join(f"{code} {number:,}×" for code, number in _most(box.failed))  # noqa: RUF001
        said.append(("Failed since yesterday", f"{codes}{' and maybe more' if box.is_cut else ''}"))
    troubles = []
    if box.set_aside:
        troubles.append(
            f"{words.many(box.set_aside, 'alert')} could not be read or sent and are tried again within the "
            "hour: `scout.py doctor` names them."
        )
    if box.oldest and known.at - box.oldest > plan.QUIET:
        troubles.append(
            "Alerts wait for longer than they should: is the worker running, and are channels on?"
        )
    chip = Chip("blind", "Stuck") if troubles else Chip("watching", "Flows")
    return Line("Outbox", chip, tuple(said), tuple(troubles))


def spending(known: Facts) -> Line:
    """What texts take of this month's cap, and cost."""
    said = f"{known.segments:,} of {words.many(known.segments_in_all, 'segment')} of texts this month"
    facts = [("Used", said)]
    if known.text_price:
        facts.append(
            ("About", f"${known.spent:,.2f} at ${known.text_price} a segment (TEXT_PRICE), without fees")
        )
    if known.segments >= known.segments_in_all:
        why = "The month's texts are used up (SMS_SEGMENTS_PER_MONTH): everything goes by e-mail."
        return Line("Spending", Chip("refused", "Used up"), tuple(facts), (why,))
    nearly = 10 * known.segments >= 8 * known.segments_in_all
    chip = Chip("blind", "Nearly used up") if nearly else Chip("watching", "Within the cap")
    return Line("Spending", chip, tuple(facts))


def free_tier(known: Facts) -> Line:
    """What today's document operations are of those that cost nothing."""
    taken = (
        ("Reads", known.usage.reads, FREE_READS),
        ("Writes", known.usage.writes, FREE_WRITES),
        ("Deletes", known.usage.deletes, FREE_DELETES),
    )
    said = tuple((name, f"{number:,} of {of:,} today ({100 * number // of} %)") for name, number, of in taken)
    how = ("Counted", "by each process for itself, in steps of 500, by the UTC day")
    over = any(number > of for _, number, of in taken)
    nearly = any(10 * number >= 8 * of for _, number, of in taken)
    chip = (
        Chip("blind", "Over it" if over else "Nearly used up")
        if over or nearly
        else Chip("watching", "Within it")
    )
    return Line("Firestore's free tier", chip, (*said, how))


def holding(known: Facts) -> Line:
    """How much there is, and what runs here."""
    said = [
        ("Holds", f"{_people(known.people)}, {watches(known.watches)}"),
        ("Targets", f"{known.targets:,}, {len(known.blind):,} of them blind"),
        ("Refused", watches(known.refused) if known.refused else "none"),
        ("Database", known.store or "not said"),
        ("Version", known.version or "not said (K_REVISION)"),
    ]
    return Line("Installation", Chip("", "As it is"), tuple(said))


def of_provider(one: OfProvider, now: datetime) -> Line:
    """One provider."""
    shop = words.shop(one.name)
    if one.state != "on":
        return Line(shop, Chip("paused", "Off"), (("Why", one.state),))
    if one.known is None:
        watched = "cannot be worked out; the log says why" if one.is_watched else "nothing yet"
        return Line(shop, Chip("", "On"), (("Watched", watched),))
    capacity = plan.capacity(one.known)
    return Line(
        shop, _chip(one.known, now), tuple(_facts(one, one.known, now)), (capacity,) if capacity else ()
    )


def named(one: Blind) -> str:
    """A target as a person would look it up: nothing of who watches it."""
    if one.target.search is not None:
        return f"search {one.target.search.keyword or one.target.id}"
    return one.target.item or one.target.id


def watches(number: int) -> str:
    """``1 watch``, ``2 watches``."""
    return f"{number:,} watch{'es' * (number != 1)}"


def _people(number: int) -> str:
    return "one person" if number == 1 else f"{number:,} people"


def _counts(counts: object) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in dict(counts).items() if number)  # type: ignore[call-overload]


def _most(failed: object) -> Iterable[tuple[str, int]]:
    return sorted(dict(failed).items(), key=lambda one: (-one[1], one[0]))[:10]  # type: ignore[call-overload]


def _chip(known: Plan, now: datetime) -> Chip:
    if known.down_since is not None:
        return Chip("refused", f"No answer for {words.span(now - known.down_since)}")
    return Chip("watching", "On") if known.is_kept(now) else Chip("blind", "Not being ticked")


def _facts(one: OfProvider, known: Plan, now: datetime) -> Iterator[tuple[str, str]]:
    yield "Calls left", calls_left(known, now)
    yield "Targets", f"{len(known.turns):,}; a look at all takes {words.many(known.calls_a_round, 'call')}"
    if known.mean is not None and known.worst is not None:
        often = f"about every {plan.span(known.mean)} on average"
        yield "Looked at", f"{often}, every {plan.span(known.worst)} at worst"
    if known.slow:
        yield "Slow", f"{words.many(known.slow, 'target')} less often than every {plan.span(plan.SLOW)}"
    yield "Blind", _blind(one, now)
    if one.failures:
        yield "Errors now", ", ".join(f"{why} at {words.many(n, 'target')}" for why, n in _most(one.failures))
    if failed := sum(tick.failed for tick in one.ticks):
        yield (
            "Errors lately",
            f"{failed:,} of {sum(tick.asked for tick in one.ticks):,} looks in {len(one.ticks)} ticks",
        )
    yield "Last ticked", words.ago(known.ticked_at, now) if known.ticked_at else "never"


def _blind(one: OfProvider, now: datetime) -> str:
    if not one.blind:
        return "none"
    worst = ", ".join(f"{named(blind)} for {words.span(now - blind.since)}" for blind in one.blind[:_NAMED])
    return f"{words.many(len(one.blind), 'target')} not seen for longer than they should be: {worst}"


def calls_left(known: Plan, now: datetime) -> str:
    """How many calls are left, and when the next one may be made where none may now."""
    said = plan.calls_left(known)
    return f"{said}, the next one at {words.second(known.free_at, now, UTC)} UTC" if known.free_at else said


def lines(known: Facts) -> Iterator[str]:
    """The same page as an operator reads it in a terminal."""
    parts = [worker(known), outbox(known), spending(known), free_tier(known), holding(known)]
    for line in (*parts, *(of_provider(one, known.at) for one in known.providers)):
        yield f"{line.name}: {line.chip.text}"
        yield from (f"  {name}: {said}" for name, said in line.facts)
        yield from (f"  ! {trouble}" for trouble in line.troubles)
    for channel, state in known.channels.items():
        yield f"{channel}: {state}"
