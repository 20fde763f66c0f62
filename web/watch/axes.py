"""Where the axes of a chart have marks: round amounts, and round moments of a person's own clock. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from itertools import count

from watchers.money import exponent, spoken

_PRICES = 4  # marks, about
_MOMENTS = 5  # marks, at most: so many fit on a phone
_YEAR = 12  # months
_MINUTES = (1, 2, 5, 10, 30, 60, 120, 180, 360, 720)
_DAYS, _MONTHS = (1, 2, 3, 7, 14), (1, 2, 3, 6, 12, 24, 60, 120)
_A_MINUTE, _A_DAY = timedelta(minutes=1), 24 * 60  # minutes


@dataclass(frozen=True, slots=True)
class Prices:
    """The price axis in minor units: from ``low`` to ``high``, with a mark every ``step``."""

    low: int
    high: int
    step: int

    @property
    def marks(self) -> range:
        """The amounts that are marked."""
        return range(self.low, self.high + 1, self.step)

    def share(self, price: int) -> float:
        """How far down from the top a price lies: 0 to 1."""
        return (self.high - min(max(price, self.low), self.high)) / (self.high - self.low)

    def has(self, price: int) -> bool:
        """Whether the price lies on the axis."""
        return self.low <= price <= self.high


def prices(seen: Iterable[int], also: Iterable[int] = ()) -> Prices:
    """An axis for what was ``seen``; what is to be shown ``also`` is on it unless it would crush the rest."""
    known = sorted(seen) or [0]
    low, high = known[0], known[-1]
    room = max(high - low, high // 20, 1)
    for price in sorted(also, key=lambda price: max(low - price, price - high)):
        if max(high, price) - min(low, price) <= 3 * room:
            low, high = min(low, price), max(high, price)
    step = _round(max(high - low, high // 20, 1) / _PRICES)
    if low == high:
        low, high = low - step, high + step
    bottom = max(0, low - low % step)
    return Prices(bottom, max(high + -high % step, bottom + step), step)


def _round(least: float) -> int:
    """The next 1, 2, 2.5 or 5 with noughts that is whole."""
    size = 1
    while 10 * size <= least:
        size *= 10
    steps = [size, 2 * size, *([size * 5 // 2] if size > 1 else []), 5 * size]
    return next((step for step in steps if step >= least), 10 * size)


def amounts(axis: Prices, currency: str) -> list[tuple[int, str]]:
    """The marks as they are written: all with their cents, or none."""
    said = [(price, spoken(price, currency)) for price in axis.marks]
    if any("." in text for _, text in said):
        noughts = f".{'0' * exponent(currency)}"
        return [(price, text if "." in text else text + noughts) for price, text in said]
    return said


def moments(start: datetime, end: datetime, zone: tzinfo) -> list[tuple[datetime, str]]:
    """Marks between ``start`` and ``end`` on the clock of ``zone``, at most five, and what they say."""
    for marks in _tried(start.astimezone(zone), end.astimezone(zone), zone):
        found = [(at, said) for at, said in marks if start <= at <= end]
        if len(found) <= _MOMENTS:
            return found
    return []


def _tried(start: datetime, end: datetime, zone: tzinfo) -> Iterator[Sequence[tuple[datetime, str]]]:
    """From the finest marks that may do to the coarsest."""
    length = end - start
    if length <= timedelta(days=3):
        fine = (every for every in _MINUTES if length <= 2 * _MOMENTS * every * _A_MINUTE)
        yield from (_clock(start, end, every, zone) for every in fine)
    if length <= timedelta(days=80):
        yield from (_days(start, end, every, zone) for every in _DAYS)
    yield from (_months(start, end, every, zone) for every in _MONTHS)


def _clock(start: datetime, end: datetime, every: int, zone: tzinfo) -> list[tuple[datetime, str]]:
    """Every so many minutes of each day, as a clock on the wall counts them."""
    found, day = [], start.date()
    while day <= end.date():
        for minutes in range(0, _A_DAY, every):
            hour, minute = divmod(minutes, 60)
            at = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
            found.append((at, f"{hour:02}:{minute:02}" if minutes else _day(day)))
        day += timedelta(days=1)
    return found


def _days(start: datetime, end: datetime, every: int, zone: tzinfo) -> list[tuple[datetime, str]]:
    first = start.date()
    first += timedelta(days=-first.toordinal() % every)
    days = (
        first + timedelta(days=every * number) for number in range((end.date() - first).days // every + 1)
    )
    return [(datetime(day.year, day.month, day.day, tzinfo=zone), _day(day)) for day in days]


def _months(start: datetime, end: datetime, every: int, zone: tzinfo) -> list[tuple[datetime, str]]:
    found: list[tuple[datetime, str]] = []
    first = _YEAR * start.year + start.month - 1
    for number in count(first + -first % every, every):
        year, month = divmod(number, _YEAR)
        if (year, month + 1) > (end.year, end.month):
            return found
        at = datetime(year, month + 1, 1, tzinfo=zone)
        found.append((at, str(year) if every >= _YEAR else f"{at:%b %Y}" if month == 0 else f"{at:%b}"))
    return found


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
