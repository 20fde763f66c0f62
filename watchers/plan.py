"""What the schedule comes to: how often each target is looked at, what may be missed, and what would help.

Worked out from a board as it was last saved; nothing is asked and nothing is changed. It is a forecast, and
approximate: as if every look were answered, the quota were handed out evenly through the day, and nobody came
or left. Second looks, and what the answer to a search shows of others for nothing, are not counted.

A look costs its part of a call: a fiftieth where fifty share one, five where a search has five pages. Where
calls of several kinds share a quota, the next goes to the one worth most (``schedule.worth``), so targets
that share a call pull together: k of them, equally urgent, each as if urgent by the root of k times more.

Pure but for the provider's own grouping.
"""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from watchers import schedule
from watchers.board import Board
from watchers.choosing import JITTER
from watchers.demand import Demand
from watchers.history import milliseconds
from watchers.jobs import waits_for
from watchers.kinds import Kind
from watchers.language import say, say_many
from watchers.money import Basis, PriceKey
from watchers.providers.base import Provider
from watchers.quota import Budget, Ledger, Quota
from watchers.rows import Row
from watchers.schedule import LEAST, Pool
from watchers.shards import share
from watchers.target import Search, Target
from watchers.watch import Below, Drop, Filters, Watch

DAY = timedelta(days=1)
BRIEF, A_WHILE = timedelta(minutes=12), timedelta(hours=2)  # resale listings were seen to live 5 to 20 min
GOOD = 0.9  # a chance that needs no words
EVEN = 0.5  # a lesser chance to see what lives briefly is said aloud to those for whom minutes matter
SLOW = timedelta(hours=6)  # a longer wait is said aloud to everybody
QUIET = timedelta(minutes=15)  # a board that was not saved for so long is not being ticked
OVERLOADED = 2  # times as many targets as looks a day: about 2 in 100 changes are never seen
_ANY_KEY = PriceKey(Basis.FACE, "USD")
_LONGEST_BLOCK = timedelta(days=2)
_MINUTES_MATTER = frozenset({Kind.NEW_LISTING, Kind.BACK_IN_STOCK})


@dataclass(frozen=True, slots=True)
class Turn:
    """How one target is served: about how long from look to look, and about how long until the next."""

    interval: timedelta
    next_in: timedelta

    def chance(self, lives: timedelta) -> float:
        """How likely something that lives so long is seen."""
        return schedule.chance(lives, self.interval)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one board's schedule comes to.

    Attributes:
        provider: Whose targets these are.
        turns: How each is served, by its id.
        calls: Calls that the quota allows in any ``window``; ``calls_left`` of them are not made yet.
        calls_now: Calls that may be made at once, at an even pace.
        free_at: When the next call may be made; ``None`` while one may, or if nobody can tell.
        calls_a_day: Calls that the quota allows in a day.
        calls_a_round: Calls that a look at everybody takes.
        looks_a_day: How many looks at targets like these the quota allows in a day.
        shortest: Nobody is looked at more often.
        blind: Targets that were not seen for longer than they should.
        ticked_at: When the board was last saved; ``None``: never.
        down_since: Since when the provider does not answer.
    """

    provider: str
    turns: Mapping[str, Turn]
    calls: int
    window: timedelta
    calls_left: int
    calls_now: int
    free_at: datetime | None
    calls_a_day: float
    calls_a_round: int
    looks_a_day: float
    shortest: timedelta
    blind: int = 0
    ticked_at: datetime | None = None
    down_since: datetime | None = None

    @property
    def mean(self) -> timedelta | None:
        """From look to look, over all targets; ``None`` where there are none."""
        waits = [turn.interval for turn in self.turns.values()]
        return sum(waits, timedelta(0)) / len(waits) if waits else None

    @property
    def worst(self) -> timedelta | None:
        """From look to look, of the target that is looked at least often."""
        return max((turn.interval for turn in self.turns.values()), default=None)

    @property
    def slow(self) -> int:
        """Targets that nobody could call well served."""
        return sum(turn.interval > SLOW for turn in self.turns.values())

    @property
    def is_overloaded(self) -> bool:
        """Whether there are so many targets that some changes will never be seen."""
        return bool(self.turns) and len(self.turns) >= OVERLOADED * self.looks_a_day

    def is_kept(self, now: datetime) -> bool:
        """Whether the worker goes on ticking and is answered; if not, nobody can say when it looks."""
        patience = QUIET + 2 * self.shortest
        is_ticking = self.ticked_at is not None and now - self.ticked_at <= patience
        return is_ticking and self.down_since is None


def together(plans: Sequence[Plan]) -> Plan:
    """The plan of a provider whose targets lie on several boards: what one has is not another's."""
    first = plans[0]
    frees = [one.free_at for one in plans if one.free_at is not None]
    at_once = sum(one.calls_now for one in plans)
    return replace(
        first,
        turns={target_id: turn for one in plans for target_id, turn in one.turns.items()},
        calls=sum(one.calls for one in plans),
        calls_left=sum(one.calls_left for one in plans),
        calls_now=at_once,
        free_at=None if at_once else min(frees, default=None),
        calls_a_day=sum(one.calls_a_day for one in plans),
        calls_a_round=sum(one.calls_a_round for one in plans),
        looks_a_day=sum(one.looks_a_day for one in plans),
        blind=sum(one.blind for one in plans),
        ticked_at=max((one.ticked_at for one in plans if one.ticked_at), default=None),
        down_since=min((one.down_since for one in plans if one.down_since), default=None),
    )


def shortest(every: timedelta, runs_every: timedelta) -> timedelta:
    """How often a target is looked at when nothing is short: the first run after it has rested."""
    rested = every - min(every / 10, JITTER)
    pause = runs_every * max(1, math.ceil(rested / runs_every)) if runs_every else every
    return max(pause, timedelta(seconds=1))


def plan(
    board: Board,
    provider: Provider,
    now: datetime,
    shortest: timedelta,
    joining: Watch | None = None,
    onto: Sequence[Target] = (),
) -> Plan:
    """The plan of one board; ``joining`` is a watch that it does not know yet.

    Args:
        board: As it was last saved.
        provider: Whose quota it is, and who groups targets into calls.
        now: The time (aware).
        shortest: See ``shortest``.
        joining: Is added as one more watcher of ``onto``.
        onto: Targets of ``joining`` that lie on this board and that it did not watch before.
    """
    quota = share(provider.quota.without_people(), board.shard, board.shards)
    asked = [*_known(board, onto, now), *(_joined(board, joining, one, now) for one in onto if joining)]
    looks, calls_a_round = _grouped(provider, asked)
    calls_a_day = min(quota.calls * (DAY / quota.per), quota.per_second * DAY.total_seconds())
    longest = max(shortest, schedule.ceiling(len(looks), calls_a_day * len(looks) / max(calls_a_round, 1)))
    level = _level(looks, calls_a_day, shortest, longest)
    at_once, free_at = _purse(quota, board.ledger, now)
    return Plan(
        provider.name,
        {one.target.id: _turn(one, board.pool, level, shortest, longest, now) for one in looks},
        quota.calls,
        quota.per,
        max(0, quota.calls - board.ledger.made(quota, now)),
        at_once,
        free_at,
        calls_a_day,
        calls_a_round,
        calls_a_day * len(looks) / max(sum(look.cost for look in looks), LEAST),
        shortest,
        sum(row.is_blind(now) for row in board.rows.values()),
        board.saved_at,
        board.down_since,
    )


# ── who is asked, and what it takes ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Look:
    """A look at one target.

    Attributes:
        target: What is asked.
        x: How urgent it is by itself.
        cost: Calls it takes: as many as it has pages, or its part of a call that is shared.
        row: What the board knows of it, if anything.
        pull: How urgent those it shares a call with make it.
    """

    target: Target
    x: float
    cost: float
    row: Row | None
    pull: float = 0.0


def _known(board: Board, but: Sequence[Target], now: datetime) -> Iterator[_Look]:
    left_out = {target.id for target in but}
    for row in board.rows.values():
        if row.target.id not in left_out:
            yield _Look(row.target, board.urgency(row, now), max(1, row.cost), row)


def _joined(board: Board, watch: Watch, target: Target, now: datetime) -> _Look:
    """The target with one more watcher; how many pages a search has nobody knows before it is asked."""
    known = board.rows.get(target.id)
    row = known or Row(target, since=now)
    prices = {key: runs[-1].value for key, runs in row.history.prices.items() if runs}
    own = _wishes(watch, prices).weight(prices, 1)
    more = Row(target, row.since, weight=row.weight + own, event_ms=row.event_ms)
    weight, event_at = more.worth(milliseconds(now))
    x = schedule.urgency(row.pace, board.pool, weight=weight, event_at=event_at, now=now, cost=row.cost)
    return _Look(target, x, max(1, row.cost), known)


def _wishes(watch: Watch, prices: Mapping[PriceKey, int]) -> Demand:
    """What a watch that begins now waits for; where no price is known, it may be near or far."""
    limits: dict[str, int] = {}
    asked = [one for one in watch.conditions if isinstance(one, Below | Drop)]
    for key, price in prices.items():
        for one in asked:
            if watch.wants(key) and one.concerns(key):
                limit = one.limit if isinstance(one, Below) else round(price * (1 - one.percent / 100))
                limits[str(key)] = max(limit, limits.get(str(key), 0))
    if asked and not limits:
        limits = {str(_ANY_KEY): 0}
    wishes = Demand()
    wishes.add(limits, waits_for(watch))
    return wishes


@dataclass(frozen=True, slots=True)
class _Pool:
    """Looks that may share calls: ``batches`` calls for all, of at most ``places`` each."""

    looks: list[_Look]
    batches: int
    places: int

    @property
    def calls(self) -> int:
        """Calls that a look at all of them takes."""
        return self.batches if self.places > 1 else math.ceil(self.looks[0].cost)

    def shared(self) -> Iterator[_Look]:
        """The looks with what they take and how they pull together; calls are filled up while they are short.

        Of ``r`` calls a day, a look that takes part in a share y of them is made every 1 / (r · y) days. The
        delay of all is then A² / 2r, where A² is the sum of x² / y: the pool is as urgent as A.
        """
        if self.places == 1:
            yield from (replace(look, pull=look.x) for look in self.looks)
            return
        parts = _parts([look.x for look in self.looks], self.places)
        whole = math.sqrt(sum(look.x**2 / part for look, part in zip(self.looks, parts, strict=True)))
        for look, part in zip(self.looks, parts, strict=True):
            yield replace(look, pull=whole * part, cost=1 / self.places)


def _parts(xs: Sequence[float], places: int) -> list[float]:
    """In what share of the calls each takes part: by urgency, at most in all; they sum to the places."""
    left, rest = float(places), sum(xs)
    for x in sorted(xs, reverse=True):
        if left * x < rest:
            break
        left, rest = left - 1, rest - x
    return [min(1.0, left * x / rest) if rest > LEAST and left > 0 else 1.0 for x in xs]


def _grouped(provider: Provider, looks: Sequence[_Look]) -> tuple[list[_Look], int]:
    """The looks with what they share, and how many calls a look at everybody takes."""
    by_id = {one.target.id: one for one in looks}
    batches = [batch for batch in provider.batches([one.target for one in looks]) if batch]
    pools = _merged(provider, [_Pool([by_id[one.id] for one in batch], 1, len(batch)) for batch in batches])
    return [look for pool in pools for look in pool.shared()], sum(pool.calls for pool in pools)


def _merged(provider: Provider, pools: list[_Pool]) -> list[_Pool]:
    """Who may share a call at all: the first look of each is grouped again, until nobody finds another."""
    by_head = {pool.looks[0].target.id: pool for pool in pools}
    heads = provider.batches([pool.looks[0].target for pool in pools])
    merged = [_union([by_head[head.id] for head in batch]) for batch in heads if batch]
    return _merged(provider, merged) if len(merged) < len(pools) else pools


def _union(pools: Sequence[_Pool]) -> _Pool:
    looks = [one for pool in pools for one in pool.looks]
    return _Pool(looks, sum(pool.batches for pool in pools), max(pool.places for pool in pools))


# ── how often ────────────────────────────────────────────────────────────────────────────────────────────


def _level(looks: Sequence[_Look], calls_a_day: float, shortest: timedelta, longest: timedelta) -> float:
    """Days between two looks at a target of urgency 1: ``schedule.level`` where looks differ in cost.

    Every interval lies between ``shortest`` and ``longest``; all looks together take the calls there are.
    """
    if not looks:
        return 0.0
    least, most = DAY / longest, DAY / shortest  # looks a day
    ordered = sorted(looks, key=lambda one: one.pull)
    xs = [one.pull for one in ordered]
    costs = [0.0, *accumulate(one.cost for one in ordered)]
    shares = [0.0, *accumulate(one.cost * one.pull for one in ordered)]

    def calls(level: float) -> float:
        low, high = bisect_left(xs, least * level), bisect_left(xs, most * level)
        paced = (shares[high] - shares[low]) / level
        return least * costs[low] + paced + most * (costs[-1] - costs[high])

    often, rarely = xs[0] / most, xs[-1] / least
    for _ in range(60):
        middle = math.sqrt(often * rarely)
        often, rarely = (middle, rarely) if calls(middle) > calls_a_day else (often, middle)
    return rarely


def _turn(
    look: _Look, pool: Pool, level: float, shortest: timedelta, longest: timedelta, now: datetime
) -> Turn:
    interval = schedule.interval(look.pull, level, shortest, longest)
    row = look.row
    if row is None or row.asked_at is None:
        return Turn(interval, timedelta(0))
    soon = schedule.wait(
        row.pace, pool, level * look.x / look.pull
    )  # the odometer knows of no calls that are shared
    return Turn(interval, min(max(soon, row.asked_at + shortest - now, timedelta(0)), interval))


# ── the quota ────────────────────────────────────────────────────────────────────────────────────────────


def _purse(quota: Quota, ledger: Ledger, now: datetime) -> tuple[int, datetime | None]:
    """Calls that may be made now; where there are none, when there will be, to the second."""
    left = Budget(quota, ledger, now).left
    early, late = 0, int(max(quota.per, _LONGEST_BLOCK).total_seconds()) + 1
    if left or not Budget(quota, ledger, now + timedelta(seconds=late)).left:
        return left, None
    while late - early > 1:
        middle = (early + late) // 2
        is_free = Budget(quota, ledger, now + timedelta(seconds=middle)).left > 0
        early, late = (early, middle) if is_free else (middle, late)
    return 0, now + timedelta(seconds=late)


# ── in people's words ────────────────────────────────────────────────────────────────────────────────────


def calls_left(plan: Plan) -> str:
    """``4,480 of 4,500 calls are left in 24 hours, 225 of them now``."""
    known = {"left": f"{plan.calls_left:,}", "calls": f"{plan.calls:,}", "window": span(plan.window)}
    if not plan.calls_now:
        return say("{left} of {calls} calls are left in {window}, none of them now", **known)
    now = f"{plan.calls_now:,}"
    return say("{left} of {calls} calls are left in {window}, {now} of them now", **known, now=now)


def sentence(watch: Watch, turn: Turn, where: str = "") -> str:
    """How a watch is served: ``Checked about every 20 minutes; chance to catch …: 60 %``.

    ``where``: such as `` at Steam``, for a watch with several targets. What is announced does not go away
    again: for a watch that waits for nothing else there is no chance to name; nor where it is good.
    """
    if all(condition.kind is Kind.STATUS for condition in watch.conditions):
        return say("Checked about {every}{where}.", every=every(turn.interval), where=where)
    if turn.chance(BRIEF) >= GOOD:
        return say("Checked about {every}{where}.", every=every(turn.interval), where=where)
    chances = _chances(turn, is_listing=minutes_matter(watch))
    return say(
        "Checked about {every}{where}; {chances}.", every=every(turn.interval), where=where, chances=chances
    )


def _chances(turn: Turn, *, is_listing: bool) -> str:
    brief = turn.chance(BRIEF)
    if is_listing:
        said = say("chance to catch a listing that lives 12 minutes: {chance}", chance=percent(brief))
    else:
        said = say("chance to catch a price that lives 12 minutes: {chance}", chance=percent(brief))
    return said + say(", 2 hours: {chance}", chance=percent(turn.chance(A_WHILE)))


def warning(watch: Watch, target: Target, turn: Turn, plan: Plan, provider: Provider) -> str | None:
    """How often, why and what helps, where the watch cannot be served well; ``None`` where it can."""
    brief = turn.chance(BRIEF)
    if minutes_matter(watch) and brief < EVEN:
        said = say(
            "A listing that lives 12 minutes will be caught with a chance of {chance} only, "
            "because we look about {every}",
            chance=percent(brief), every=every(turn.interval),
        )  # fmt: skip
    elif turn.interval > SLOW:
        said = say("We look only about {every}", every=every(turn.interval))
    else:
        return None
    if turn.interval <= plan.shortest:
        return say(
            "{said}: more often is not allowed here (MIN_INTERVAL_SECONDS, TICK_EVERY_SECONDS).", said=said
        )
    calls = say_many("{number} call", "{number} calls", round(plan.calls_a_day))
    why = say_many(
        "the quota is short, one target has {calls} a day",
        "the quota is short, {number} targets share {calls} a day",
        len(plan.turns),
        calls=calls,
    )
    return f"{said}: {why}. {_help(target, plan, provider)}"


def _help(target: Target, plan: Plan, provider: Provider) -> str:
    """Where one call sees everybody, neither searches nor fewer watches would save any."""
    setting = f"{provider.name.upper()}_CALLS_PER_DAY"
    helps = [say("a larger quota, once it is granted ({setting})", setting=setting)]
    if plan.calls_a_round > 1:
        helps.insert(0, say("fewer watches"))
        search = Target(provider=provider.name, search=Search(keyword="any"))
        if target.search is None and provider.refusal(search, Filters()) is None:
            helps.insert(0, say("one search instead of many items"))
    *others, last = helps
    if not others:
        return say("What helps: {last}.", last=last)
    return say("What helps: {others}, or {last}.", others=", ".join(others), last=last)


def capacity(plan: Plan) -> str | None:
    """What an operator must know of a provider with too many targets; ``None`` while all is well."""
    if not plan.is_overloaded:
        return None
    targets, looks = f"{len(plan.turns):,}", f"{plan.looks_a_day:,.0f}"
    setting = f"{plan.provider.upper()}_CALLS_PER_DAY"
    return say(
        "{targets} targets, and the quota allows {looks} looks a day: some changes are never seen. "
        "Ask for a larger quota ({setting}), or watch fewer.",
        targets=targets, looks=looks, setting=setting,
    )  # fmt: skip


def minutes_matter(watch: Watch) -> bool:
    """Whether it waits for something that may be gone within minutes."""
    return any(condition.kind in _MINUTES_MATTER for condition in watch.conditions)


def percent(chance: float) -> str:
    """``40 %``; what is not sure is never called 100 %, and what may be is never called 0 %."""
    whole = math.floor(100 * chance)
    return f"{whole} %" if whole or not chance else say("under 1 %")


_UNITS = ((86_400, "day", 36 * 3600), (3600, "hour", 5400), (60, "minute", 55), (1, "second", 0))


def span(length: timedelta) -> str:
    """``minute``, ``7 minutes``, ``3 hours``, ``2 days``: a length, as a calendar's reader says it."""
    number, unit = _rounded(length)
    match unit:
        case "day":
            return say_many("day", "{number} days", number)
        case "hour":
            return say_many("hour", "{number} hours", number)
        case "minute":
            return say_many("minute", "{number} minutes", number)
    return say_many("second", "{number} seconds", number)


def every(length: timedelta) -> str:
    """``every minute``, ``every 7 minutes``, ``every 2 days``."""
    number, unit = _rounded(length)
    match unit:
        case "day":
            return say_many("every day", "every {number} days", number)
        case "hour":
            return say_many("every hour", "every {number} hours", number)
        case "minute":
            return say_many("every minute", "every {number} minutes", number)
    return say_many("every second", "every {number} seconds", number)


def _rounded(length: timedelta) -> tuple[int, str]:
    seconds = max(1.0, length.total_seconds())
    size, unit = next((size, unit) for size, unit, least in _UNITS if seconds >= least)
    return round(seconds / size), unit
