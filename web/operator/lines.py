"""How everything is doing, in words: a line for each part, with what somebody must act on. Pure.

The same lines are cards on the page and text in a terminal; names of settings, states and codes stay as they
are, so that they can be looked for.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from watchers import plan
from watchers.language import say, say_many
from watchers.plan import Plan
from web import words
from web.briefs import Chip
from web.operator.facts import FREE_DELETES, FREE_READS, FREE_WRITES, Blind, Facts, OfProvider

_NAMED = 3  # blind targets of a provider
_CODES = 10  # of failures


@dataclass(frozen=True, slots=True)
class Line:
    """One thing: its state, what is known of it by name, and what somebody must act on."""

    name: str
    chip: Chip
    facts: tuple[tuple[str, str], ...] = ()
    troubles: tuple[str, ...] = ()


def text(known: Facts) -> Iterator[str]:
    """Everything as an operator reads it in a terminal."""
    parts = [worker(known), *whole(known), *(of_provider(one, known.at) for one in known.providers)]
    for line in parts:
        yield f"{line.name}: {line.chip.text}"
        yield from (f"  {name}: {said}" for name, said in line.facts)
        yield from (f"  ! {trouble}" for trouble in line.troubles)
    for channel, state in known.channels.items():
        yield f"{channel}: {state}"


def whole(known: Facts) -> list[Line]:
    """What is not of one provider."""
    return [outbox(known), spending(known), free_tier(known), holding(known)]


# ── the worker ───────────────────────────────────────────────────────────────────────────────────────────


def worker(known: Facts) -> Line:
    """Whether the worker runs."""
    name, last = say("Worker"), say("Last tick")
    if known.ticked_at is None:
        never = say("never: nobody watches anything yet")
        return Line(name, Chip("", say("Has not run")), ((last, never),))
    chip = Chip("refused", say("Does not run")) if known.is_late else Chip("watching", say("Runs"))
    return Line(name, chip, ((last, words.ago(known.ticked_at, known.at)),), tuple(_of_worker(known)))


def _of_worker(known: Facts) -> Iterator[str]:
    if known.is_late and known.ticked_at:
        yield say(
            "The worker has not run for {long}. Nothing is looked at and nobody is told: look at its log, "
            "and at whatever calls it (Cloud Scheduler, scout.py run).",
            long=words.span(known.at - known.ticked_at),
        )
    lately = [one for one in known.mishaps if known.at - one.at < plan.DAY]
    if lately:
        boards = ", ".join(dict.fromkeys(one.board for one in lately))
        times = say_many("{number} time", "{number} times", len(lately))
        yield say("Could not be ticked in the last day: {boards} ({times}).", boards=boards, times=times)


# ── the outbox ───────────────────────────────────────────────────────────────────────────────────────────


def outbox(known: Facts) -> Line:
    """What waits to be told, and what could not be."""
    troubles = tuple(_of_outbox(known))
    chip = Chip("blind", say("Stuck")) if troubles else Chip("watching", say("Flows"))
    return Line(say("Outbox"), chip, tuple(_waiting_and_ended(known)), troubles)


def _waiting_and_ended(known: Facts) -> Iterator[tuple[str, str]]:
    box = known.outbox
    yield say("On their way"), _counts(box.open) or say("nothing")
    if box.oldest:
        waited = say("the oldest for {long}", long=words.span(known.at - box.oldest))
        yield say("Due now"), f"{_alerts(box.due)}, {waited}"
    told: dict[str, dict[str, int]] = {}
    for (channel, state), number in box.ended.items():
        told.setdefault(channel, {})[state] = number
    ended = [
        say("{counts} by {channel}", counts=_counts(counts), channel=one)
        for one, counts in told.items()
        if any(counts.values())
    ]
    yield say("Today (UTC)"), "; ".join(ended) or say("none")
    if box.failed:
        codes = ", ".join(f"{code} {number:,}×" for code, number in _most(box.failed))  # noqa: RUF001
        more = say("and maybe more")
        yield say("Failed since yesterday"), f"{codes}, {more}" if box.is_cut else codes


def _of_outbox(known: Facts) -> Iterator[str]:
    box = known.outbox
    if box.set_aside:
        yield say(
            "{alerts} could not be read or sent, to be tried again within the hour: `scout.py doctor` says "
            "which.",
            alerts=_alerts(box.set_aside),
        )
    if box.oldest and known.at - box.oldest > plan.QUIET:
        yield say("Alerts wait for longer than they should: is the worker running, and are channels on?")


# ── what it costs ────────────────────────────────────────────────────────────────────────────────────────


def spending(known: Facts) -> Line:
    """What texts take of this month's cap, and cost."""
    name, facts = say("Spending"), tuple(_spent(known))
    if known.segments >= known.segments_in_all:
        why = say("The month's texts are used up (SMS_SEGMENTS_PER_MONTH): everything goes by e-mail.")
        return Line(name, Chip("refused", say("Used up")), facts, (why,))
    nearly = 10 * known.segments >= 8 * known.segments_in_all
    chip = Chip("blind", say("Nearly used up")) if nearly else Chip("watching", say("Within the cap"))
    return Line(name, chip, facts)


def _spent(known: Facts) -> Iterator[tuple[str, str]]:
    of = f"{known.segments_in_all:,}"
    yield (
        say("Used"),
        say("{number} of {of} segments of texts this month", number=f"{known.segments:,}", of=of),
    )
    if known.text_price:
        yield (
            say("About"),
            say(
                "${dollars} at ${price} a segment (TEXT_PRICE), without fees",
                dollars=f"{known.spent:,.2f}",
                price=known.text_price,
            ),
        )


def free_tier(known: Facts) -> Line:
    """What today's document operations are of those that cost nothing."""
    taken = (
        (say("Reads"), known.usage.reads, FREE_READS),
        (say("Writes"), known.usage.writes, FREE_WRITES),
        (say("Deletes"), known.usage.deletes, FREE_DELETES),
    )
    said = [
        (
            name,
            say("{number} of {of} today ({percent} %)", number=f"{n:,}", of=f"{of:,}", percent=100 * n // of),
        )
        for name, n, of in taken
    ]
    said.append((say("Counted"), say("by each process for itself, in steps of 500, by the UTC day")))
    chip = Chip("watching", say("Within it"))
    if any(number > of for _, number, of in taken):
        chip = Chip("blind", say("Over it"))
    elif any(10 * number >= 8 * of for _, number, of in taken):
        chip = Chip("blind", say("Nearly used up"))
    return Line(say("Firestore's free tier"), chip, tuple(said))


def holding(known: Facts) -> Line:
    """How much there is, and what runs here."""
    targets, blind = f"{known.targets:,}", f"{len(known.blind):,}"
    said = (
        (say("Holds"), f"{_people(known.people)}, {watches(known.watches)}"),
        (say("Targets"), say("{targets}, {blind} of them blind", targets=targets, blind=blind)),
        (say("Refused"), watches(known.refused) if known.refused else say("none")),
        (say("Database"), known.store or say("not said")),
        (say("Version"), known.version or say("not said (K_REVISION)")),
    )
    return Line(say("Installation"), Chip("", say("As it is")), said)


# ── a provider ───────────────────────────────────────────────────────────────────────────────────────────


def of_provider(one: OfProvider, now: datetime) -> Line:
    """One provider."""
    shop = words.shop(one.name)
    if one.state != "on":
        return Line(shop, Chip("paused", say("Off")), ((say("Why"), one.state),))
    if one.known is None:
        watched = say("cannot be worked out; the log says why") if one.is_watched else say("nothing yet")
        return Line(shop, Chip("", say("On")), ((say("Watched"), watched),))
    capacity = plan.capacity(one.known)
    facts = (*_quota(one.known, now), *_sight(one, now))
    return Line(shop, _chip(one.known, now), facts, (capacity,) if capacity else ())


def _chip(known: Plan, now: datetime) -> Chip:
    if known.down_since is not None:
        return Chip("refused", say("No answer for {long}", long=words.span(now - known.down_since)))
    return Chip("watching", say("On")) if known.is_kept(now) else Chip("blind", say("Not being ticked"))


def _quota(known: Plan, now: datetime) -> Iterator[tuple[str, str]]:
    yield say("Calls left"), calls_left(known, now)
    calls = say_many("{number} call", "{number} calls", known.calls_a_round)
    yield (
        say("Targets"),
        say("{targets}; a look at all takes {calls}", targets=f"{len(known.turns):,}", calls=calls),
    )
    if known.mean is not None and known.worst is not None:
        mean, worst = plan.every(known.mean), plan.every(known.worst)
        yield (
            say("Looked at"),
            say("about {mean} on average, {worst} at worst", mean=mean, worst=worst),
        )
    if known.slow:
        often = plan.every(plan.SLOW)
        yield (
            say("Slow"),
            say("{targets} less often than {often}", targets=_targets(known.slow), often=often),
        )


def _sight(one: OfProvider, now: datetime) -> Iterator[tuple[str, str]]:
    yield say("Blind"), _blind(one, now)
    if one.failures:
        yield (
            say("Errors now"),
            ", ".join(
                say("{why} at {targets}", why=why, targets=_targets(n)) for why, n in _most(one.failures)
            ),
        )
    if failed := sum(tick.failed for tick in one.ticks):
        asked, ticks = sum(tick.asked for tick in one.ticks), len(one.ticks)
        yield (
            say("Errors lately"),
            say(
                "{failed} of {asked} looks in the last {ticks} ticks",
                failed=f"{failed:,}",
                asked=f"{asked:,}",
                ticks=ticks,
            ),
        )
    ticked_at = one.known.ticked_at if one.known else None
    yield say("Last ticked"), words.ago(ticked_at, now) if ticked_at else say("never")


def _blind(one: OfProvider, now: datetime) -> str:
    if not one.blind:
        return say("none")
    worst = ", ".join(
        say("{target} for {long}", target=named(blind), long=words.span(now - blind.since))
        for blind in one.blind[:_NAMED]
    )
    targets = _targets(len(one.blind))
    return say("{targets} not seen for longer than they should be: {worst}", targets=targets, worst=worst)


def named(one: Blind) -> str:
    """A target as a person would look it up: nothing of who watches it."""
    if one.target.search is not None:
        return say("search {words}", words=one.target.search.keyword or one.target.id)
    return one.target.item or one.target.id


def calls_left(known: Plan, now: datetime) -> str:
    """How many calls are left, and when the next one may be made where none may now."""
    said = plan.calls_left(known)
    if not known.free_at:
        return said
    return say("{said}, the next one at {at} UTC", said=said, at=words.second(known.free_at, now, UTC))


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────


def watches(number: int) -> str:
    """``1 watch``, ``2 watches``."""
    return say_many("{number} watch", "{number} watches", number)


def _people(number: int) -> str:
    return say_many("{number} person", "{number} people", number)


def _targets(number: int) -> str:
    return say_many("{number} target", "{number} targets", number)


def _alerts(number: int) -> str:
    return say_many("{number} alert", "{number} alerts", number)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)


def _most(failed: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    return sorted(failed.items(), key=lambda one: (-one[1], one[0]))[:_CODES]
