"""A watch tried on the past: what it would have told in the last thirty days, had it been saved then. Pure.

The real rules decide over the prices that were recorded, from a fresh memory: the first look is that of
thirty days ago, and what was true already then is told or taken as told, as the watch asks. What was seen
before counts as history. Of availability, dates and listings no past is kept: conditions on those are not
tried, and that is said.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from watchers.documents import Documents
from watchers.history import History
from watchers.memory import WatchState
from watchers.models import News, Reason
from watchers.money import PriceKey
from watchers.observation import Availability, Observation, Price
from watchers.price_history import Series, Step, past
from watchers.rules import decide, rule_sentence
from watchers.target import Target
from watchers.watch import Condition, HistoricLow, PriceCondition, Watch

WINDOW = timedelta(days=30)
ENOUGH = timedelta(days=7)  # of recorded prices, before a number of texts says anything
_A_DAY = timedelta(days=1)


class Told(msgspec.Struct, frozen=True):
    """A text that would have come: when, why, and at which price (minor units of ``currency``)."""

    at: datetime
    reason: Reason
    basis: str
    currency: str
    price: int


class Trial(msgspec.Struct, frozen=True):
    """What a watch would have told.

    Attributes:
        told: Every text, oldest first.
        days: Over so many whole days prices were recorded, thirty at most; 0: for less than a day, or never.
        is_enough: Whether that says anything.
        untried: Conditions of whose past nothing is kept.
        target: On which the watch was tried.
    """

    target: Target
    told: tuple[Told, ...] = ()
    days: int = 0
    is_enough: bool = False
    untried: tuple[Condition, ...] = ()


def reach_back(watch: Watch) -> timedelta:
    """How much of the past a trial of this watch takes: thirty days, and those that its lows look back on."""
    lows = [one.days for one in watch.conditions if isinstance(one, HistoricLow)]
    return WINDOW + timedelta(days=max(lows, default=0))


def trial(watch: Watch, target: Target, series: Series, now: datetime) -> Trial:
    """What ``watch`` would have told of ``target`` in the last thirty days.

    Args:
        watch: As it would be saved; of several targets, the others are not looked at.
        target: One of its targets.
        series: Its prices (``price_history.read``), for as long as ``reach_back`` where there are any.
        now: Aware UTC.
    """
    steps = {key: found for key, found in series.steps.items() if _concerns(watch, key)}
    untried = tuple(one for one in watch.conditions if not isinstance(one, PriceCondition))
    first = min((found[0].since for found in steps.values() if found), default=now)
    known = min(now - first, WINDOW)
    told = tuple(_told(watch, target, steps, now - WINDOW))
    return Trial(target, told, known // _A_DAY, known >= ENOUGH, untried)


def next_text(
    watch: Watch, target: Target, before: History, now: Observation
) -> tuple[News | None, dict[PriceKey, str]]:
    """What the first look at a watch that is not saved yet would do, if it saw what ``now`` says.

    Returns:
        What it would tell at once, if anything, and when the next text would come after that: a sentence for
        each kind of price.
    """
    decision = decide(watch, WatchState(), before, now)
    rules = {key: rule_sentence(watch, decision.state, target.id, key) for key in now.buyable_prices}
    return decision.news, {key: rule for key, rule in rules.items() if rule}


def _concerns(watch: Watch, key: PriceKey) -> bool:
    conditions = (one for one in watch.conditions if isinstance(one, PriceCondition))
    return watch.wants(key) and any(one.concerns(key) for one in conditions)


def _told(
    watch: Watch, target: Target, steps: Mapping[PriceKey, Sequence[Step]], begins: datetime
) -> list[Told]:
    state, before, told = WatchState(), History(), list[Told]()
    for now in _looks(target, steps, begins):
        if now.at >= begins:
            decision = decide(watch, state, before, now)
            state, news = decision.state, decision.news
            if news and news.price is not None and news.basis and news.currency:
                told.append(Told(now.at, news.reason, str(news.basis), news.currency, news.price))
        before = before.after(now)
    return told


def _looks(target: Target, steps: Mapping[PriceKey, Sequence[Step]], begins: datetime) -> list[Observation]:
    """The first and the last look at each price, as far as they are known apart, and the one at the start."""
    every = [step for found in steps.values() for step in found]
    moments = {at for step in every for at in (step.since, step.until)}
    if any(step.since <= begins <= step.until for step in every):
        moments.add(begins)
    return [
        Observation(target, at, availability=Availability.AVAILABLE, prices=tuple(_prices(steps, at)))
        for at in sorted(moments)
    ]


def _prices(steps: Mapping[PriceKey, Sequence[Step]], at: datetime) -> Iterator[Price]:
    for key, several in steps.items():
        if step := next((one for one in several if one.since <= at <= one.until), None):
            yield Price(*key, step.price)


def tried(documents: Documents, watch: Watch, now: datetime) -> Trial:
    """``trial`` on the first target of a watch: its board is read, and at most two chunks of history.

    Raises:
        StoreUnavailableError: nothing can be said now.
    """
    target = watch.targets[0]
    return trial(watch, target, past(documents, target.id, now - reach_back(watch)), now)
