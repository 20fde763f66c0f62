"""Whom to ask next within the quota: the square-root rule, on a clock that advances as targets are served.

If a target that w people care for changes λ times a day and is asked every T days, a change waits T/2 on
average, a cost of w·λ·T/2 a day. Under a quota the sum is least when every interval is T = level / x, where
x = sqrt(w·λ / cost) is the target's *urgency*: four times the watchers, half the interval.

Nobody computes the level. A board has an odometer V, and a target is due at ``due_v = V + 1/x``; those with
the least ``due_v`` are asked as often as the quota allows, and V follows them. So when the quota, the
population or the rates change, nothing has to be set anew.

λ is learned from one bit a look (did anything change since the last one?) as a Gamma belief. Never here: I/O,
a clock, a call. What a row stores is rounded where it is set, so that a board that was saved and read again
goes on in the same order.

Sources: Sia, Cho & Cho 2007 (delay until news is fetched); Kolobov et al., NeurIPS 2019 (the same rule as a
limit); R. van Mourik, TicketWatch, 2016 (prices move with the days d to the event as d to the power of -1/3).
"""

import heapq
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

import msgspec

from watchers.kinds import Kind

DAY = timedelta(days=1)
SHAPE = 0.7  # of the belief about a target nobody knows yet: wide
PSEUDO = 5 * SHAPE  # changes, and days of exposure, that a new pool is taken to have seen
HALF_LIFE = timedelta(days=30)
HOURS_HALF_LIFE = timedelta(days=21)
LAST_HOURS = 1 / 3  # of a day: within it, prices no longer move faster
LEAST, MOST = 1e-3, 1e6  # urgency
DIGITS = 6  # of every number that a row stores
FLAT = 20.0  # changes an hour must have expected before its own rate counts as much as the flat one
CLEAR = timedelta(hours=2)  # a longer wait does not tell at what hour something changed

KEEN: Mapping[str, float] = {
    Kind.BELOW: 1.0,
    Kind.DROP: 1.0,
    Kind.HISTORIC_LOW: 0.5,
    Kind.NEW_LISTING: 3.0,  # lives on minutes
    Kind.BACK_IN_STOCK: 4.0,  # lives on minutes, and others wait for it too
    Kind.STATUS: 0.5,  # announced days ahead
}
"""How much a minute's delay matters, by the kind of the condition. A guess: fourfold halves the wait."""


class Pace(msgspec.Struct):
    """What the schedule remembers of one target.

    Attributes:
        a: Shape of the Gamma belief about how often it changes; 0 until it was looked at twice.
        b: Rate of that belief, in days of exposure.
        seen_v: The odometer when it was last looked at.
        due_v: The odometer at which it is due.
    """

    a: float = 0.0
    b: float = 0.0
    seen_v: float = 0.0
    due_v: float = 0.0


class Pool(msgspec.Struct):
    """What the schedule remembers of one board: its odometer, and how often anything changed here.

    Attributes:
        v: The odometer: ``due_v`` of the last target that was served.
        changes: Changes seen by all targets, corrected for those that one look cannot tell apart.
        exposure: The days of exposure in which they were seen.
        hours: For each hour of the UTC day, changes that were seen and changes that were expected.
    """

    v: float = 0.0
    changes: float = 0.0
    exposure: float = 0.0
    hours: list[tuple[float, float]] = msgspec.field(default_factory=list)

    def to_document(self) -> dict[str, Any]:
        """The pool as a map of the board's document."""
        seen = [number for pair in self.hours for number in pair]  # a document holds no list in a list
        return {"v": self.v, "changes": self.changes, "exposure": self.exposure, "hours": seen}

    @classmethod
    def from_document(cls, fields: Mapping[str, Any]) -> "Pool":
        """The inverse of ``to_document``; an empty map is a fresh pool."""
        seen = [float(number) for number in fields.get("hours") or ()]
        v, changes, exposure = (float(fields.get(name, 0)) for name in ("v", "changes", "exposure"))
        return cls(v, changes, exposure, list(zip(seen[::2], seen[1::2], strict=True)))


class Candidate(Protocol):
    """A target that may be asked now."""

    @property
    def pace(self) -> Pace:
        """What the schedule remembers of it."""
        ...

    @property
    def asked_ms(self) -> int:
        """When it was last asked, in milliseconds of the epoch; 0 if never."""
        ...


C = TypeVar("C", bound=Candidate)


# ---------------------------------------------------------------- whom to ask


def turn(candidates: Collection[C], places: int, *, now_ms: int, ceiling_ms: int) -> list[C]:
    """Whom to ask, best first: at most ``places``.

    A fifth of the places (at least one) is for those that wait longer than the ceiling, longest first. They
    move to the front of the queue, so that their own far-off ``due_v`` does not turn the odometer.
    """
    if places <= 0 or not candidates:
        return []
    dues = [one.pace.due_v for one in candidates]
    late = _late(candidates, max(1, places // 5), now_ms - ceiling_ms)
    if late:
        front = min(dues)
        for one in late:
            one.pace.due_v = min(one.pace.due_v, front)
    last = heapq.nsmallest(places, dues)[-1]
    first = set(map(id, late))
    soon = [one for one, due in zip(candidates, dues, strict=True) if due <= last and id(one) not in first]
    return late + sorted(soon, key=lambda one: one.pace.due_v)[: places - len(late)]


def _late(candidates: Collection[C], places: int, before_ms: int) -> list[C]:
    late = [one for one in candidates if one.asked_ms < before_ms]
    return heapq.nsmallest(places, late, key=lambda one: one.asked_ms)


def serve(pool: Pool, served: Iterable[Candidate]) -> None:
    """The odometer follows those that are asked. Call it before ``observed`` and ``failed``."""
    pool.v = max(pool.v, max((one.pace.due_v for one in served), default=pool.v))


def worth(batch: Iterable[tuple[float, int]], *, now_ms: int, cost: float = 1.0) -> float:
    """What a call is worth that asks for all of a batch, given as urgency and ``asked_ms`` of each.

    Where several kinds of calls share one quota, the next goes to the batch worth most: the delay that
    has grown since its targets were last asked, for each call that all of it takes.
    """
    return sum((x * max(now_ms - asked_ms, 0) / 86_400_000) ** 2 for x, asked_ms in batch) / max(cost, LEAST)


def ceiling(targets: int, targets_per_day: float) -> timedelta:
    """The longest anybody should wait: a day, or four rounds of everybody where a round takes longer."""
    return DAY * min(max(1.0, 4 * targets / max(targets_per_day, LEAST)), 10_000.0)


# ---------------------------------------------------------------- when it is due


def urgency(
    pace: Pace, pool: Pool, *, weight: float, event_at: datetime | None, now: datetime, cost: float = 1.0
) -> float:
    """How urgent a target is, between ``LEAST`` and ``MOST``.

    Args:
        pace: What is believed of it.
        pool: What is known of all; it stands in for a target that was not looked at twice.
        weight: Of all who watch it: the sum of ``KEEN`` times ``nearness``. Near the date, threefold.
        event_at: Its date (aware), if there is one. After it, everything fades as it rose before.
        now: The tick's time (aware).
        cost: Calls that one look takes.
    """
    a, b = _belief(pace, pool)
    rate = a / b
    if event_at is not None:
        days = abs((event_at - now) / DAY)
        rate *= _hazard(days) * (1 + 2 * math.exp(-days / 7))
    return min(MOST, max(LEAST, math.sqrt(max(0.0, weight * rate / max(cost, LEAST)))))


def admit(pace: Pace, pool: Pool, x: float) -> None:
    """A new target: it takes its place at once."""
    pace.seen_v = round(pool.v, DIGITS)
    reweigh(pace, x)


def reweigh(pace: Pace, x: float) -> None:
    """More or nearer watchers: what it has waited already counts at the new urgency."""
    pace.due_v = round(pace.seen_v + 1 / x, DIGITS)


def failed(pace: Pace, pool: Pool, x: float) -> None:
    """It could not be seen: due again after half its wait. Nothing is learned; it did not stay unchanged."""
    pace.due_v = round(pool.v + 0.5 / x, DIGITS)


def observed(  # noqa: PLR0913 - what a look says
    pace: Pace,
    pool: Pool,
    *,
    weight: float,
    event_at: datetime | None,
    since: datetime | None,
    now: datetime,
    changed: bool,
    cost: float = 1.0,
) -> None:
    """It was seen: learn from it, and say when it is due again.

    ``since`` is when it was last seen (``None``: never, so nothing is learned). The rest is as ``urgency``
    takes it.
    """
    if since is not None and since < now:  # a clock that went backwards teaches nothing
        _learn(pace, pool, event_at, since, now, changed=changed)
    admit(pace, pool, urgency(pace, pool, weight=weight, event_at=event_at, now=now, cost=cost))


# ---------------------------------------------------------------- how often it changes


def _belief(pace: Pace, pool: Pool) -> tuple[float, float]:
    return (pace.a, pace.b) if pace.a else (SHAPE, _prior(pool))


def _prior(pool: Pool) -> float:
    """The rate of the belief about a target nobody knows, whose mean is the pool's."""
    return SHAPE * (PSEUDO + pool.exposure) / (PSEUDO + pool.changes)


def _learn(
    pace: Pace, pool: Pool, event_at: datetime | None, since: datetime, now: datetime, *, changed: bool
) -> None:
    waited = now - since
    exposure = waited / DAY if event_at is None else _exposure((event_at - now) / DAY, waited / DAY)
    a, b = _belief(pace, pool)
    prior, kept = _prior(pool), 0.5 ** (waited / HALF_LIFE)
    a, b = SHAPE + (a - SHAPE) * kept, prior + (b - prior) * kept
    expected = a / b * exposure
    seen = _at_least_one(expected) if changed else 0.0
    pool.changes, pool.exposure = pool.changes + seen, pool.exposure + exposure
    a, b = _after_a_change(a, b, exposure) if changed else (a, b + exposure)
    pace.a, pace.b = max(LEAST, round(a, DIGITS)), max(LEAST, round(b, DIGITS))
    if waited <= CLEAR:
        _learn_hour(pool, (now - waited / 2).hour, seen, expected)


def _after_a_change(a: float, b: float, exposure: float) -> tuple[float, float]:
    """The Gamma with the first two moments of the belief Gamma(a, b), given at least one change."""
    log_rho = -math.log1p(exposure / b)
    surely = -math.expm1(a * log_rho)
    if surely <= 0:  # less exposure than a float can tell from none
        return a + 1, b
    mean = a / b * -math.expm1((a + 1) * log_rho) / surely
    square = a / b * (a + 1) / b * -math.expm1((a + 2) * log_rho) / surely
    variance = max(square - mean * mean, 1e-12 * mean * mean)
    return mean * mean / variance, mean / variance


def _at_least_one(expected: float) -> float:
    """How many changes there were, if ``expected`` were expected and there was one at least."""
    return expected / -math.expm1(-expected) if expected > 1e-12 else 1.0  # noqa: PLR2004 - its limit at 0


def _hazard(days: float) -> float:
    """How fast prices move so many days from the event, against one day from it."""
    return float(max(days, LAST_HOURS) ** (-1 / 3))


def _exposure(days: float, waited: float) -> float:
    """The hazard summed over a wait at whose end the event is ``days`` away (after it: negative)."""
    return _hazard_sum(days + waited) - _hazard_sum(days)


def _hazard_sum(days: float) -> float:
    near = min(abs(days), LAST_HOURS)
    far = 1.5 * (max(abs(days), LAST_HOURS) ** (2 / 3) - LAST_HOURS ** (2 / 3))
    return math.copysign(near * LAST_HOURS ** (-1 / 3) + far, days)


# ---------------------------------------------------------------- the time of day


def _learn_hour(pool: Pool, hour: int, seen: float, expected: float) -> None:
    if not pool.hours:
        pool.hours = [(0.0, 0.0)] * 24
    changes, exposure = pool.hours[hour]
    pool.hours[hour] = changes + seen, exposure + expected


def fade(pool: Pool, elapsed: timedelta) -> None:
    """What the hours of the day taught is forgotten by half in three weeks. Once a tick."""
    kept = 0.5 ** (max(elapsed, timedelta(0)) / HOURS_HALF_LIFE)
    pool.hours = [(changes * kept, exposure * kept) for changes, exposure in pool.hours]


def pace_by_hour(pool: Pool) -> list[float]:
    """How much of the quota each hour of the UTC day deserves: 24 factors of mean 1, from a half to two.

    The square root of how much more changed in that hour than was expected; flat while little is known.
    """
    hours = pool.hours or [(0.0, 0.0)] * 24
    smooth = [
        [hours[hour - 1][of] + 2 * hours[hour][of] + hours[(hour + 1) % 24][of] for of in (0, 1)]
        for hour in range(24)
    ]
    roots = [math.sqrt((FLAT + changes) / (FLAT + expected)) for changes, expected in smooth]
    scale = _scale(roots, 24.0, 0.5, 2.0)
    return [min(max(root * scale, 0.5), 2.0) for root in roots]


def _scale(shares: Sequence[float], total: float, least: float, most: float) -> float:
    """The factor at which the shares, each kept between least and most, sum to the total, or nearly."""
    low, high = least / max(shares), most / min(shares)
    for _ in range(60):
        middle = math.sqrt(low * high)
        if sum(min(max(share * middle, least), most) for share in shares) < total:
            low = middle
        else:
            high = middle
    return high


# ---------------------------------------------------------------- in people's words


def level(
    xs: Sequence[float], targets_per_day: float, *, shortest: timedelta = DAY / 1440, longest: timedelta = DAY
) -> float:
    """Days between two looks at a target of urgency 1, when so many looks a day are shared out by urgency."""
    return 1 / _scale(xs, targets_per_day, DAY / longest, DAY / shortest) if xs else 0.0


def interval(x: float, level: float, shortest: timedelta, longest: timedelta) -> timedelta:
    """About how long a target of that urgency waits from one look to the next."""
    return min(max(shortest, DAY * min(level / x, 1e6)), longest)


def wait(pace: Pace, pool: Pool, level: float) -> timedelta:
    """In about how long a target is looked at next."""
    return DAY * min(max(0.0, pace.due_v - pool.v) * level, 1e6)


def chance(lives: timedelta, interval: timedelta) -> float:
    """How likely it is that something which lives so long is seen at all."""
    return 1.0 if lives >= interval else max(0.0, lives / interval)


def nearness(price: int | None, limit: int) -> float:
    """How likely the next drop reaches the limit, from 0 to 1; a guess, for which a guess is enough.

    As if drops were 15 % deep on average: 1 at the limit or under it, a half where no price is known.
    """
    if price is None:
        return 0.5
    return 1.0 if price <= limit else max(0.05, math.exp(-(1 - max(limit, 0) / price) / 0.15))
