"""How good a price is, and why: said in clauses, never as a bare number. Pure.

    good: lowest in 90 days; 18 % under the median of 42 prices; cheapest of 3 markets

Only like is compared with like: a target's own past prices of the same key, and other markets' prices of that
key. What a price is worth is judged by how long each price stood, not by how often it was looked at. A short
history is said to be one (``low confidence``), and then nothing is called good or dear.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from watchers.language import say, say_many
from watchers.money import spoken
from watchers.price_history import Step

WINDOWS = tuple(timedelta(days=days) for days in (730, 365, 180, 90, 30, 14))
ENOUGH_TIME, ENOUGH_PRICES = timedelta(days=14), 3  # of history, before anything is called good or dear
GOOD, DEAR = 0.10, 0.10  # of the median: so far under it, or over it
_A_DAY = timedelta(days=1)


class Verdict(StrEnum):
    """What it comes to. ``UNKNOWN``: too little is known to say."""

    GOOD = "good"
    USUAL = "usual"
    DEAR = "dear"
    UNKNOWN = "unknown"


class Deal(msgspec.Struct, frozen=True):
    """A verdict and the clauses it rests on, most telling first; both are said together or not at all."""

    verdict: Verdict
    clauses: tuple[str, ...]
    is_confident: bool

    def __str__(self) -> str:
        """One line: ``good: lowest in 30 days; …``."""
        said = "; ".join(self.clauses) or say("nothing to compare it with")
        return f"{_word(self.verdict)}: {said}" if self.verdict is not Verdict.UNKNOWN else said

    def to_json(self) -> dict[str, object]:
        """For scripts and pages."""
        return {
            "verdict": self.verdict,
            "is_confident": self.is_confident,
            "clauses": list(self.clauses),
            "said": str(self),
        }


def _word(verdict: Verdict) -> str:
    words = {Verdict.GOOD: say("good"), Verdict.USUAL: say("usual"), Verdict.DEAR: say("dear")}
    return words[verdict]


def deal(
    price: int,
    currency: str,
    steps: Sequence[Step],
    now: datetime,
    *,
    since: datetime | None = None,
    others: Sequence[int] = (),
) -> Deal:
    """How good ``price`` is now.

    Args:
        price: In minor units of ``currency``.
        currency: ISO 4217; of ``steps`` and ``others`` too.
        steps: The past prices of the same key, oldest first; the one that stands may be the last of them.
        now: Aware UTC.
        since: From when on the steps are complete, if that is later than the first of them.
        others: The lowest prices of the same key on other markets that can be bought there now.
    """
    past = _past(price, steps)
    known = _known(past, now, since)
    confident = known >= ENOUGH_TIME and len({step.price for step in past}) >= ENOUGH_PRICES
    median = _median(past)
    clauses = (
        _low(price, past, now, known) if confident else None,
        _against_median(price, median, len(past)) if confident and median else None,
        _against_markets(price, currency, others),
        None if confident else _too_little(past, known),
    )
    said = tuple(clause for clause in clauses if clause)
    return Deal(_verdict(price, median) if confident and median else Verdict.UNKNOWN, said, confident)


def _past(price: int, steps: Sequence[Step]) -> list[Step]:
    """The prices before this one; the last step is this one itself where it says the same."""
    return list(steps[:-1] if steps and steps[-1].price == price else steps)


def _known(past: Sequence[Step], now: datetime, since: datetime | None) -> timedelta:
    """How far back the record reaches."""
    if not past:
        return timedelta(0)
    return now - max(past[0].since, since or past[0].since)


def _median(past: Sequence[Step]) -> int | None:
    """The price under which it stood for half of the time that was seen."""
    weights = sorted((step.price, (step.until - step.since).total_seconds() + 1) for step in past)
    half, passed = sum(weight for _, weight in weights) / 2, 0.0
    for price, weight in weights:
        passed += weight
        if passed >= half:
            return price
    return None


def _low(price: int, past: Sequence[Step], now: datetime, known: timedelta) -> str | None:
    """The longest time in which nothing was as low."""
    if all(price < step.price for step in past):
        return say("lowest in {days} days, as long as it has been watched", days=known // _A_DAY)
    for window in WINDOWS:
        within = [step.price for step in past if step.until > now - window]
        if window <= known and within and price < min(within):
            return say("lowest in {days} days", days=window // _A_DAY)
    return None


def _against_median(price: int, median: int, count: int) -> str:
    percent = round(100 * (price - median) / median)
    if not percent:
        return say("at the median of {count} prices", count=count)
    if percent < 0:
        return say("{percent} % under the median of {count} prices", percent=-percent, count=count)
    return say("{percent} % over the median of {count} prices", percent=percent, count=count)


def _against_markets(price: int, currency: str, others: Sequence[int]) -> str | None:
    if not others:
        return None
    best, markets = min(others), len(others) + 1
    if price < best:
        return say("cheapest of {markets} markets", markets=markets)
    if price == best:
        return say("as cheap as the best of {markets} markets", markets=markets)
    dearer = spoken(price - best, currency)
    return say("{amount} over the cheapest of {markets} markets", amount=dearer, markets=markets)


def _too_little(past: Sequence[Step], known: timedelta) -> str:
    if not past:
        return say("low confidence: no earlier price is known")
    prices = say_many("{number} earlier price", "{number} earlier prices", len(past))
    if not (days := known // _A_DAY):
        return say("low confidence: only {prices} in less than a day", prices=prices)
    time = say_many("{number} day", "{number} days", days)
    return say("low confidence: only {prices} in {time}", prices=prices, time=time)


def _verdict(price: int, median: int) -> Verdict:
    if price <= median * (1 - GOOD):
        return Verdict.GOOD
    return Verdict.DEAR if price >= median * (1 + DEAR) else Verdict.USUAL
