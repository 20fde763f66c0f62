"""What the page of one's watches shows of a watch: state, price, and what is told next. Pure.

Nothing is shown that is not known: a price always with its age, a state only when the worker has said so.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import NamedTuple

from watchers import deal, next_text
from watchers.deal import Verdict
from watchers.history import Runs, moment
from watchers.language import say
from watchers.money import PriceKey, spoken
from watchers.observation import Availability
from watchers.price_history import Step
from watchers.rows import Row
from watchers.rules import rule_sentence
from watchers.watch import Below, PriceCondition, Watch
from web import briefs, forms, words
from web.briefs import Brief, Chip
from web.plans import Served

_NOT_SERVED = frozenset({"saving", "blind"})
_WATCHES_NOTHING = frozenset({"paused", "ended", "refused"})


class Seen(NamedTuple):
    """One line about what was seen: an amount, where one is known, and what to know about it.

    ``ago``: the words that say how long ago, with a place for ``{ago}``. ``row``: the number of the target of
    which ``at`` is the last look, so that a later look can be told without saying anything else.
    """

    amount: str
    said: str
    ago: str = ""
    at: datetime | None = None
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """One watch, as its owner sees it.

    ``is_paused``: it watches nothing, be it paused or ended. ``when``: its event is.
    """

    id: str
    name: str
    key: str
    chip: Chip
    asked_of: str = ""
    when: str = ""
    conditions: tuple[str, ...] = ()
    prices: tuple[Seen, ...] = ()
    deal: str = ""
    is_good: bool = False
    rules: tuple[str, ...] = ()
    served: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    is_paused: bool = False
    is_snoozed: bool = False
    is_editable: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """The time, and how each target of a watch is served."""

    now: datetime
    zone: tzinfo
    served: Callable[[Watch], Sequence[Served]] = lambda _: ()


def card(brief: Brief, known: Known) -> Card:
    """The card of one watch."""
    line, watch, chip = brief.line, brief.watch, brief.chip(known.now, known.zone)
    if watch is None:
        return Card(line.id, brief.name, brief.key, chip, reasons=line.reasons)
    currencies = {key.currency for row in brief.rows for key in row.history.prices}
    currency = currencies.pop() if len(currencies) == 1 else None
    is_shown = watch.status == "active" and brief.state not in _WATCHES_NOTHING
    served = known.served(watch) if is_shown and brief.state not in _NOT_SERVED else []
    worth = _deal(watch, brief, known.now) if is_shown else None
    return Card(
        line.id,
        brief.name,
        brief.key,
        chip,
        asked_of=words.asked_of(watch),
        when=_when(brief, watch, known.zone),
        conditions=tuple(words.condition(condition, currency) for condition in watch.conditions),
        prices=tuple(dict.fromkeys(_prices(brief, watch, known))) if is_shown else (),
        deal=str(deal.Deal(worth.verdict, worth.clauses[:1], worth.is_confident)) if worth else "",
        is_good=worth is not None and worth.verdict is Verdict.GOOD,
        rules=tuple(next_text.each(_rules(brief, watch))) if is_shown else (),
        served=tuple(dict.fromkeys(one.said for one in served)),
        warnings=tuple(dict.fromkeys(one.warning for one in served if one.warning)),
        reasons=line.reasons,
        tags=watch.tags,
        is_paused=watch.status != "active",
        is_snoozed=watch.snoozed_until is not None and watch.snoozed_until > known.now,
        is_editable=forms.beyond(watch) is None,
    )


def _when(brief: Brief, watch: Watch, zone: tzinfo) -> str:
    """When the one event is that it watches; a search has many."""
    if any(target.item is None for target in watch.targets):
        return ""
    every = (facts for row in brief.rows if (facts := row.history.facts))
    found = (words.event_day(facts.starts_at, facts.starts_on, zone) for facts in every)
    return next(filter(None, found), "")


# ── prices ───────────────────────────────────────────────────────────────────────────────────────────────


def _prices(brief: Brief, watch: Watch, known: Known) -> Iterator[Seen]:
    if brief.line.state == "accepted" and not brief.rows:
        yield Seen("", say("The first look is still to come."))
    for number, row in enumerate(brief.rows):
        where = say("at {shop}", shop=words.shop(row.target.provider))
        yield from _of_row(watch, row, number, f" {where}" if len(brief.rows) > 1 else "", known.now)


def _of_row(watch: Watch, row: Row, number: int, where: str, now: datetime) -> Iterator[Seen]:
    history, shop = row.history, words.shop(row.target.provider)
    if row.unseen_why in words.UNKNOWN_THERE:
        yield Seen("", say("{shop} knows nothing by this id: check it.", shop=shop))
    if history.seen_at is None:
        since = words.span(now - row.since)
        yield Seen("", say("Not seen yet{where}; asked for since {since}.", where=where, since=since))
        return
    if history.availability and history.availability[-1].value is Availability.UNAVAILABLE:
        yield Seen(
            "", say("Cannot be bought now{where}", where=where), say("seen {ago}"), history.seen_at, number
        )
    for key in sorted(history.prices):
        if watch.wants(key) and (runs := history.runs(key)):
            at, basis = runs[-1].last_at, words.BASIS[key.basis]
            latest = number if runs[-1].last_ms == row.seen_ms else None
            yield Seen(spoken(runs[-1].value, key.currency), f"{basis}{where}", say("seen {ago}"), at, latest)
    if not history.prices:
        said = say("No price is published{where}", where=where)
        yield Seen("", said, say("looked {ago}"), history.seen_at, number)
    yield from (Seen("", sentence) for sentence in _incomparable(watch, row))


def _incomparable(watch: Watch, row: Row) -> Iterator[str]:
    """A condition that no published price can ever meet is said aloud."""
    published = [key for key in row.history.prices if watch.wants(key)]
    for condition in watch.conditions if published else ():
        if isinstance(condition, PriceCondition) and not any(map(condition.concerns, published)):
            said = words.condition(condition)
            if isinstance(condition, Below):
                yield say(
                    "No {currency} price is published here, so “{condition}” cannot come true yet.",
                    currency=condition.currency,
                    condition=said,
                )
            else:
                yield say(
                    "No such price is published here, so “{condition}” cannot come true yet.", condition=said
                )


def _rules(brief: Brief, watch: Watch) -> Iterator[tuple[PriceKey, str]]:
    """What is told next, for each kind of price where that differs; nothing of what is being saved."""
    state = briefs.asked(brief.line.shown).state
    if brief.line.is_saving:
        return
    for row in brief.rows:
        for key in sorted(row.history.prices):
            if sentence := rule_sentence(watch, state, row.target.id, key):
                yield key, sentence


def _deal(watch: Watch, brief: Brief, now: datetime) -> deal.Deal | None:
    """How good the lowest price is, as far as the board's own runs say; nothing where they say too little."""
    found = [
        (runs[-1].value, key, runs)
        for row in brief.rows
        for key, runs in row.history.prices.items()
        if watch.wants(key) and runs
    ]
    if len({(key.currency, key.basis) for _, key, _ in found}) != 1:
        return None
    price, key, runs = min(found, key=lambda one: one[0])
    judged = deal.deal(
        price, key.currency, _steps(runs), now, others=sorted(value for value, _, _ in found)[1:]
    )
    return judged if judged.is_confident or len(found) > 1 else None


def _steps(runs: Runs[int]) -> list[Step]:
    return [Step(moment(run.first_ms), run.last_at, run.value) for run in runs]
