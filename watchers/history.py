"""What was seen of one target before: short, run-length, and only what was known.

An observation that knows nothing leaves no mark here, so "we could not see" can never look like a change.
The board keeps one ``History`` a target and replaces it with ``after``; the rules only read it.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Generic, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from watchers.money import PriceKey
from watchers.observation import Availability, EventStatus, ItemCondition, Observation

KEPT_RUNS = 9  # of different prices, each seen any number of times: what a full board leaves room for
KEPT_IDS = 2000
KEPT_DAYS = 730
_WEIGHT = 20  # looks of one run that count towards the median

V = TypeVar("V")


class Run(NamedTuple, Generic[V]):
    """The same value, seen ``looks`` times from ``first_ms`` to ``last_ms`` (milliseconds since 1970, UTC).

    Whole numbers, because a board holds some 100,000 runs and is decoded at every tick.
    """

    value: V
    first_ms: int
    last_ms: int
    looks: int = 1

    @property
    def last_at(self) -> datetime:
        """When it was last seen."""
        return moment(self.last_ms)


Runs = tuple[Run[V], ...]


class Lows(msgspec.Struct, frozen=True):
    """The lowest price of each day that still matters, since the record began.

    A day is forgotten once a later one was as cheap: it can never be the minimum again.
    """

    since: datetime
    days: tuple[tuple[date, int], ...] = ()

    def lowest(self, days: int, now: datetime) -> int | None:
        """The lowest price of the last ``days`` days."""
        first = (now - timedelta(days=days)).date()
        return min((low for day, low in self.days if day >= first), default=None)

    def after(self, price: int, at: datetime) -> "Lows":
        """The record with one more price."""
        today, oldest = at.date(), at.date() - timedelta(days=KEPT_DAYS)
        if any(day == today and low <= price for day, low in self.days):
            return self
        kept = tuple((day, low) for day, low in self.days if low < price and day >= oldest)
        return replace(self, days=(*kept, (today, price)))

    def until(self, at: datetime) -> "Lows":
        """The same record with nothing later than ``at``: what was seen later was seen then."""
        today = at.date()
        later = [low for day, low in self.days if day >= today]
        earlier = tuple((day, low) for day, low in self.days if day < today)
        return Lows(min(self.since, at), (*earlier, (today, min(later))) if later else earlier)


class Facts(msgspec.Struct, frozen=True):
    """What a seller announced: each field is the last known value.

    ``condition`` is the first one that was said, and stays: what a thing costs used is not what it costs new.
    ``starts_at`` keeps the event's own offset; in UTC where that is not known.
    """

    status: EventStatus | None = None
    starts_on: date | None = None
    starts_at: datetime | None = None
    onsale_at: datetime | None = None
    presales: tuple[tuple[str, datetime], ...] = ()
    condition: ItemCondition | None = None

    def after(self, now: Observation) -> "Facts":
        """These facts with everything that ``now`` knows better."""
        presales = tuple(sorted((presale.name, _whole(presale.starts_at)) for presale in now.presales))
        return Facts(
            now.status or self.status,
            now.starts_on or self.starts_on,
            _local(now.starts_at) if now.starts_at else self.starts_at,
            _whole(now.onsale_at) if now.onsale_at else self.onsale_at,
            presales or self.presales,
            self.condition or now.condition,
        )

    @property
    def fingerprint(self) -> str:
        """Equal facts, equal text (12 hex digits)."""
        same = replace(self, starts_at=self.starts_at.astimezone(UTC) if self.starts_at else None)
        return hashlib.sha256(repr(same).encode()).hexdigest()[:12]


class Seen(msgspec.Struct, frozen=True):
    """Ids ever listed by a search, as short digests. 48 bits: no clash among some thousands."""

    digests: Mapping[str, None]

    def __contains__(self, listing_id: str) -> bool:
        return self.digest(listing_id) in self.digests

    def after(self, ids: tuple[str, ...]) -> "Seen":
        """With these ids, too; those not listed for longest are forgotten first, what is listed now never."""
        listed = dict.fromkeys(map(self.digest, ids))
        if listed.keys() <= self.digests.keys():
            return self
        others = [digest for digest in self.digests if digest not in listed]
        return Seen(dict.fromkeys([*others, *listed][-max(KEPT_IDS, len(listed)) :]))

    @staticmethod
    def digest(listing_id: str) -> str:
        """Twelve hex digits."""
        return hashlib.sha256(listing_id.encode()).hexdigest()[:12]


class History(msgspec.Struct, frozen=True):
    """Everything known about one target before the next look.

    Attributes:
        prices: The latest runs of each price key, oldest first.
        lows: The record each key's ``historic_low`` is measured against; unconfirmed freaks never enter it.
        availability: The latest runs of known availability.
        facts: The last known facts, or ``None`` before the first look.
        listed: Ids a search has ever shown; ``None`` until a first look that counts as one.
        empty_looks: How often in a row a search that never showed anything was empty.
        seen_at: The last successful look.
    """

    prices: Mapping[PriceKey, Runs[int]] = msgspec.field(default_factory=dict)
    lows: Mapping[PriceKey, Lows] = msgspec.field(default_factory=dict)
    availability: Runs[Availability] = ()
    facts: Facts | None = None
    listed: Seen | None = None
    empty_looks: int = 0
    seen_at: datetime | None = None

    def comparable(self, now: Observation) -> Observation:
        """``now`` without what is never told: prices of opened boxes, or of another condition than before."""
        first = self.facts.condition if self.facts else None
        if now.condition is ItemCondition.OPEN_BOX:
            problem = "It is an opened box: its price is not compared."
        elif first is None or now.condition in (None, first):
            return now
        else:
            problem = f"It is sold {now.condition} now, and was {first} before: not compared."
        return replace(now, prices=(), availability=Availability.UNKNOWN, problems=(*now.problems, problem))

    def after(self, now: Observation) -> "History":
        """The history with this observation in it. One that is not newer changes nothing."""
        if self.seen_at is not None and now.at <= self.seen_at:
            return self
        buyable = now.buyable_prices
        listed, empty_looks = self._listed_after(now)
        return History(
            prices={
                **self.prices,
                **{key: extended(self.runs(key), low, now.at) for key, low in buyable.items()},
            },
            lows={**self.lows, **{key: self._lows_after(key, low, now.at) for key, low in buyable.items()}},
            availability=self._availability_after(now),
            facts=self._facts_after(now),
            listed=listed,
            empty_looks=empty_looks,
            seen_at=now.at,
        )

    def until(self, at: datetime) -> "History":
        """The same history with nothing later than ``at``: what was seen later was seen then."""
        return replace(
            self,
            prices={key: _until(runs, milliseconds(at)) for key, runs in self.prices.items()},
            lows={key: lows.until(at) for key, lows in self.lows.items()},
            availability=_until(self.availability, milliseconds(at)),
            seen_at=min(self.seen_at, at) if self.seen_at else None,
        )

    def runs(self, key: PriceKey) -> Runs[int]:
        """The latest runs of this key; empty when it was never known."""
        return self.prices.get(key, ())

    def settled(self, key: PriceKey) -> Run[int] | None:
        """The latest run of this key that no second look is wanted for."""
        runs = self.runs(key)
        unconfirmed = runs and runs[-1].looks == 1 and _suspicious(runs[-1].value, runs[:-1])
        runs = runs[:-1] if unconfirmed else runs
        return runs[-1] if runs else None

    def needs_second_look(self, key: PriceKey, price: int) -> bool:
        """Whether ``price`` is suspicious and the look before it did not already say the like."""
        runs = self.runs(key)
        if not runs:
            return price <= 0
        agrees = _suspicious(runs[-1].value, runs[:-1]) and not _suspicious(price, runs[-1:])
        return _suspicious(price, runs) and not agrees

    def _lows_after(self, key: PriceKey, price: int, at: datetime) -> Lows:
        record = self.lows.get(key) or Lows(since=at)
        return record if price <= 0 or self.needs_second_look(key, price) else record.after(price, at)

    def _facts_after(self, now: Observation) -> Facts | None:
        facts = (self.facts or Facts()).after(now)
        return self.facts if facts == Facts() else facts

    def _availability_after(self, now: Observation) -> Runs[Availability]:
        if now.availability is Availability.UNKNOWN:
            return self.availability
        return extended(self.availability, now.availability, now.at)[-4:]

    def _listed_after(self, now: Observation) -> tuple[Seen | None, int]:
        """A first page that is empty counts as a first look only when a second one agrees."""
        if now.listings is None:
            return self.listed, self.empty_looks
        ids = tuple(listing.target.item for listing in now.listings if listing.target.item)
        if ids or self.listed is not None:
            return (self.listed or Seen({})).after(ids), 0
        return (Seen({}), 0) if self.empty_looks else (None, 1)


def extended(runs: Runs[V], value: V, at: datetime) -> Runs[V]:
    """The runs with one more look."""
    now = milliseconds(at)
    if runs and runs[-1].value == value:
        last = runs[-1]
        return (*runs[:-1], Run(value, last.first_ms, now, last.looks + 1))
    return (*runs, Run(value, now, now))[-KEPT_RUNS:]


def longer(runs: Runs[V], last_ms: int, now_ms: int, looks: int) -> Runs[V]:
    """The runs with so many more looks until ``now_ms``, if the last one reached ``last_ms``."""
    if not runs or runs[-1].last_ms != last_ms:
        return runs
    last = runs[-1]
    return (*runs[:-1], Run(last.value, last.first_ms, now_ms, last.looks + looks))


def _until(runs: Runs[V], ms: int) -> Runs[V]:
    return tuple(run._replace(first_ms=min(run.first_ms, ms), last_ms=min(run.last_ms, ms)) for run in runs)


def milliseconds(at: datetime) -> int:
    """Since 1970, UTC."""
    return round(at.timestamp() * 1000)


def moment(ms: int) -> datetime:
    """The inverse of ``milliseconds``."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def _whole(at: datetime) -> datetime:
    """In UTC and whole milliseconds, as a board keeps it: what was stored and read again is no change."""
    return moment(milliseconds(at))


def _local(at: datetime) -> datetime:
    """The same with the offset it has in its own zone: what people at the venue have on their clocks."""
    return on_clock(_whole(at), minutes_east(at))


def minutes_east(at: datetime) -> int:
    """How far the clock of this moment's own zone is ahead of UTC."""
    return (at.utcoffset() or timedelta()) // timedelta(minutes=1)


def on_clock(at: datetime, east: int) -> datetime:
    """This moment on a clock that is so many minutes ahead of UTC."""
    return at.astimezone(timezone(timedelta(minutes=east))) if east else at.astimezone(UTC)


def _suspicious(price: int, earlier: Runs[int]) -> bool:
    """More than half off the recent median, or a new low by more than 40 %."""
    if not earlier:
        return False
    weighted = [run.value for run in earlier for _ in range(min(run.looks, _WEIGHT))]
    from statistics import median  # noqa: PLC0415 - brings much along, and hardly any look needs it

    return 2 * price < median(weighted) or 5 * price < 3 * min(run.value for run in earlier)
