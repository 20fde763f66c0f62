"""A limit that can be reached, and why; and whether a wish was ever met. From the record of one price. Pure.

    $81: within 5 % of the lowest seen here, $78 on 3 Nov
    $85: 5 % under today's $90

A short record is said to be one: then nothing is called a low, and only a wish under half of it is warned of.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from watchers import dates
from watchers.history import Lows
from watchers.language import say
from watchers.money import PriceKey, exponent, minor_units, spoken
from watchers.price_history import Step

ENOUGH_TIME, ENOUGH_PRICES = timedelta(days=14), 3  # as for a deal (``deal.py``)
NEAR = 5  # percent over the lowest seen: what is called reachable
LESS = 5  # percent under today's price, where nothing lower is known
_WHOLE_FROM = 20  # major units from which on a suggestion has no digits behind the point


class Record(msgspec.Struct, frozen=True):
    """One kind of price, as it is recorded here; all prices in minor units.

    Attributes:
        key: What is included, and the currency.
        now: The price that was seen last; ``seen_at`` when.
        lowest, highest: Ever recorded here, today's among them; ``lowest_at`` when it was first so low.
        since: When the record begins.
        is_long: Whether it is long enough to call anything a low.
    """

    key: PriceKey
    now: int
    seen_at: datetime
    lowest: int
    lowest_at: datetime
    highest: int
    since: datetime
    is_long: bool = False

    @property
    def is_range(self) -> bool:
        """Whether there was ever another price."""
        return self.lowest != self.highest


class Suggestion(msgspec.Struct, frozen=True):
    """A limit in minor units of ``key``, and why that one, as a sentence."""

    key: PriceKey
    limit: int
    why: str


def record(
    key: PriceKey, now: int | None, seen_at: datetime, steps: Sequence[Step], lows: Lows | None = None
) -> Record | None:
    """What is recorded of one kind of price; ``None`` where no price is known at all.

    Args:
        key: Which kind.
        now: The price that was just seen (minor units), if one was.
        seen_at: When.
        steps: What the board and the price history know, oldest first.
        lows: The board's own record of daily lows, which may reach further back.
    """
    past = [step for step in steps if step.price > 0]
    if now is None and not past:
        return None
    current, at = (now, seen_at) if now is not None else (past[-1].price, past[-1].until)
    seen = [*((step.price, step.since) for step in past), (current, at)]
    lowest, lowest_at = min([(current, at), *(_believed(lows, seen) if lows else seen)])
    since = min([at, *(step.since for step in past), *([lows.since] if lows else [])])
    is_long = at - since >= ENOUGH_TIME and len({price for price, _ in seen}) >= ENOUGH_PRICES
    highest = max(price for price, _ in seen)
    return Record(key, current, at, lowest, max(lowest_at, since), highest, since, is_long)


def _believed(lows: Lows, seen: Sequence[tuple[int, datetime]]) -> list[tuple[int, datetime]]:
    """The board's own lows, which no freak ever entered, and what was seen before they begin."""
    daily = [(price, datetime(day.year, day.month, day.day, tzinfo=UTC)) for day, price in lows.days]
    return [*daily, *(one for one in seen if one[1] < lows.since)]


def suggestion(known: Record) -> Suggestion | None:
    """A limit that may come true, and why; ``None`` for what is free."""
    if known.now <= 0:
        return None
    currency = known.key.currency
    near = _rounded(known.lowest * (100 + NEAR) // 100, currency)
    best, day = spoken(known.lowest, currency), day_of(known.lowest_at)
    if known.is_long and known.lowest <= near < known.now:
        why = say(
            "Within {percent} % of the lowest seen here: {price} on {day}.", percent=NEAR, price=best, day=day
        )
        return Suggestion(known.key, near, why)
    if known.is_long and known.lowest < known.now:
        why = say("The lowest seen here, on {day}.", day=day)
        return Suggestion(known.key, known.lowest, why)
    if known.is_long:
        why = say("It is at the lowest seen here right now: you are told at once, and when it drops further.")
        return Suggestion(known.key, known.now, why)
    less = _rounded(known.now * (100 - LESS) // 100, currency)
    why = say("About {percent} % under the price now; the record is too short to call a low.", percent=LESS)
    return Suggestion(known.key, less, why) if 0 < less < known.now else None


def too_low(known: Record, limit: int) -> str | None:
    """Why a limit may never come true; ``None`` where it may, or nobody can tell."""
    if limit >= known.lowest:
        return None
    if not known.is_long:
        is_far = limit * 2 < known.lowest
        low = spoken(known.lowest, known.key.currency)
        said = say("That is far under the lowest seen here, {price}; the record is still short.", price=low)
        return said if is_far else None
    return say(
        "It was never that low here: the lowest was {price} on {day}.",
        price=spoken(known.lowest, known.key.currency),
        day=day_of(known.lowest_at),
    )


def off(price: int, percent: float) -> int:
    """So many percent under a price: what ``drop`` fires at, in minor units."""
    return int(price * (100 - percent) // 100)


def primary(records: Mapping[PriceKey, Record]) -> Record | None:
    """The kind of price that a limit of any kind is reached by first: the lowest now."""
    return min(records.values(), key=lambda one: (one.now, one.key), default=None)


def day_of(at: datetime) -> str:
    """``3 Nov 2026``."""
    return dates.full(at)


def _rounded(price: int, currency: str) -> int:
    """Down to a whole amount, if that is hardly less."""
    whole = minor_units(Decimal(1), currency)
    return price - price % whole if price >= _WHOLE_FROM * whole and exponent(currency) else price
