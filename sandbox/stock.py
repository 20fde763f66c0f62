"""The market's state: what it sells now, and what is wrong with it. In memory, safe between threads.

It never calls anywhere, and forgets everything when the process ends.
"""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal

from sandbox.catalogue import events, games
from sandbox.goods import MAX_AMOUNT, STATUSES, Event, Game

API_KEY = "sandbox-key-0000"  # a word of its own: logs mask it wherever it stands
WINDOW = timedelta(days=1)
Fault = Literal["500", "429_spike", "429_quota", "html", "slow"]
FAULTS: tuple[Fault, ...] = ("500", "429_spike", "429_quota", "html", "slow")
Amount = Decimal | float | str


class UnknownItemError(LookupError):
    """The market sells nothing under this id."""


class Market:
    """What is sold, at what price; safe to share between threads.

    Args:
        today: The day all dates are relative to (the UTC date of now by default).
        calls_per_day: The quota that the Rate-Limit headers tell and that is enforced.

    Attributes:
        fault: What every API answer suffers from until it is set to ``None`` again.
        slow_seconds: How long an answer takes under the fault ``slow``.
        quota_back_in: What the fault ``429_quota`` says until the reset; ``None``: the rest of the day.
        asked: The last thousand API questions as ``path?query``, oldest first, without the key.
    """

    def __init__(self, today: date | None = None, calls_per_day: int = 5000) -> None:
        self._lock = threading.RLock()
        self._items: dict[str, Event | Game] = {}
        self._window_began: datetime | None = None
        self.calls = 0
        self.calls_per_day = calls_per_day
        self.fault: Fault | None = None
        self.slow_seconds = 15.0
        self.quota_back_in: timedelta | None = None
        self.asked: deque[str] = deque(maxlen=1000)
        self._stock(events(today or datetime.now(UTC).date()))
        self._stock(games())

    def _stock(self, items: Iterable[Event | Game]) -> None:
        self._items.update({item.id: item for item in items})

    @property
    def events(self) -> tuple[Event, ...]:
        """Every event, in the order they were added."""
        with self._lock:
            return tuple(item for item in self._items.values() if isinstance(item, Event))

    @property
    def games(self) -> tuple[Game, ...]:
        """Every game, in the order they were added."""
        with self._lock:
            return tuple(item for item in self._items.values() if isinstance(item, Game))

    def item(self, item: str) -> Event | Game:
        """What is sold under this id.

        Raises:
            UnknownItemError: nothing is.
        """
        with self._lock:
            if item not in self._items:
                raise UnknownItemError(item)
            return self._items[item]

    def set_price(self, item: str, basis: str, amount: Amount | None) -> None:
        """Set the lowest price of one kind; see ``set_prices``."""
        self.set_prices(item, {basis: amount})

    def set_prices(self, item: str, prices: Mapping[str, Amount | None]) -> None:
        """Set several prices at once, or none of them; ``None`` takes a price away.

        Args:
            item: An event's or a game's id.
            prices: By kind: ``face`` and ``all_in`` of an event, ``listing`` (US dollars) of a game.

        Raises:
            UnknownItemError: the market does not sell it.
            ValueError: not an amount, or not a price of this item.
        """
        with self._lock:
            changed = self.item(item)
            for basis, amount in prices.items():
                changed = changed.priced(basis, None if amount is None else _amount(amount))
            self._items[item] = changed

    def set_status(self, item: str, status: str) -> None:
        """Set ``onsale``, ``offsale`` (sold out), ``cancelled``, ``postponed`` or ``rescheduled``.

        Raises:
            UnknownItemError: the market does not sell it.
            ValueError: not a status.
        """
        if status not in STATUSES:
            raise ValueError(f"a status is one of {', '.join(STATUSES)}")
        with self._lock:
            self._items[item] = replace(self.item(item), status=status)

    def add_date(self, item: str, days: int = 7) -> Event:
        """List one more date of the same act, ``days`` after its last one; returns the new event.

        Raises:
            UnknownItemError: the market does not sell it, or it is a game.
        """
        with self._lock:
            first = self.item(item)
            if not isinstance(first, Event):
                raise UnknownItemError(item)
            dates = [event for event in self.events if event.act == first.act]
            on = max(event.on for event in dates) + timedelta(days=days)
            new = replace(first, id=f"{dates[0].id}-{len(dates) + 1}", on=on, status="onsale", tba=False)
            self.add(new)
            return new

    def add(self, item: Event | Game) -> None:
        """Sell this, too (or instead of what has its id)."""
        with self._lock:
            self._items[item.id] = item

    def remove(self, item: str) -> None:
        """Sell it no longer: its id is not found from now on."""
        with self._lock:
            self._items.pop(item, None)

    def count_call(self, now: datetime) -> tuple[int, datetime]:
        """Count one call of the quota; returns the calls left (negative: over) and when the window ends."""
        with self._lock:
            if self._window_began is None or now >= self._window_began + WINDOW:
                self._window_began, self.calls = now, 0
            self.calls += 1
            return self.calls_per_day - self.calls, self._window_began + WINDOW


def _amount(value: Amount) -> Decimal:
    try:
        amount = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        raise ValueError("Write a price as a number such as 45.00.") from None
    if not (amount.is_finite() and 0 <= amount <= MAX_AMOUNT):
        raise ValueError(f"A price is between 0 and {MAX_AMOUNT:,}.")
    return amount.quantize(Decimal("0.01"))
