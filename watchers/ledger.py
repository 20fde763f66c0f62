"""What is remembered of the calls that were made: a rolling log that outlives the process.

It keeps time of its own, in milliseconds: what has surely passed (``clocks.Moment.since``), added up. That
time never runs ahead of the true one, so no call is forgotten before its window is over, whatever is done to
the clocks; and as it never stands still for long, nothing is blocked for longer than its window.

The log counts calls in slots (``Quota.slot``); each counts until its slot's end plus the window, and a little
for the ways of two calls that differ (``Quota.memory``).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import asdict, replace

from watchers.allowance import SLOTS, Midnight, Quota
from watchers.clocks import Moment

HEAD_START = 0.05  # of a window's calls may be made at once
_TICK = 60_000  # milliseconds; calls come free in bunches a tick apart: the pace is one of them ahead
_HALF_A_DAY = 12 * 3_600_000
_STALE = 120_000  # milliseconds that may lie between reading the clocks and reading the board
_HOUR = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class Ledger(msgspec.Struct, frozen=True):
    """The calls of the last window, and until when none may be made.

    Attributes:
        clock: When it was written down, by every clock; ``None`` until it is first used.
        time: The ledger's own time then, in milliseconds; all others below are on it.
        slot: How long a slot is.
        first: The number of the first slot in ``counts``.
        counts: Calls by slot.
        unplaced: Calls made nobody knows when; they count from the next use on.
        last: When the last call was made.
        blocked: No call is made before.
        level: Thousandths of a call that may be made at once, by the pace; ``None``: the head start.
        surplus: Calls of others that the provider counted, until ``surplus_until``.
        opened: When the provider's window began, where that is known (``FirstCall``).
        doubt: Until then no reset is believed in, because the clocks did not agree.
    """

    clock: Moment | None = None
    time: int = 0
    slot: int = 0
    first: int = 0
    counts: tuple[int, ...] = ()
    unplaced: int = 0
    last: float = 0
    blocked: int = 0
    level: int | None = None
    surplus: int = 0
    surplus_until: int = 0
    opened: int = 0
    doubt: int = 0

    # ── stored ───────────────────────────────────────────────────────────────────────────────────────────

    def to_document(self) -> dict[str, Any]:
        """The ledger as a map of the board's document: numbers, one list of them, one time."""
        said: dict[str, Any] = asdict(self)
        said |= {"clock": None, "counts": list(self.counts), "last": math.ceil(self.last)}
        if self.clock is not None:
            said |= {
                "at": self.clock.at,
                "boot": self.clock.boot,
                "uptime": math.ceil(self.clock.uptime * 1000),
            }
        empty = {name for name, value in said.items() if value in (None, 0, [])}
        if self.level is not None:
            empty.discard("level")  # a pace of 0 is not one that nobody has set yet
        return {name: value for name, value in said.items() if name not in empty}

    @classmethod
    def from_document(cls, said: Mapping[str, Any], saved_at: datetime | None = None) -> "Ledger":
        """The inverse of ``to_document``; an empty map is a fresh ledger.

        ``saved_at`` is the database's time of the writing. What was kept before there was a log (``spent``
        since ``began_at``) counts as made just now.
        """
        if "spent" in said or "began_at" in said or "blocked_until" in said:
            until = said.get("blocked_until")
            return cls(unplaced=int(said.get("spent", 0)), blocked=_milliseconds(until) if until else 0)
        names = {*cls.__struct_fields__} - {"clock", "counts"}
        kept = {name: value for name, value in said.items() if name in names}
        at = said.get("at")
        clock = Moment(at, said.get("boot", ""), said.get("uptime", 0) / 1000, saved_at) if at else None
        return cls(clock, counts=tuple(said.get("counts", ())), **kept)

    # ── counting ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def spent(self) -> int:
        """Calls in the log."""
        return sum(self.counts) + self.unplaced

    @property
    def began_at(self) -> datetime | None:
        """When the oldest call in the log was made at the latest, by the wall clock."""
        number = next((number for number, count in self.slots() if count), None)
        return None if number is None else self.at((number + 1) * self.slot)

    @property
    def blocked_until(self) -> datetime | None:
        """Before when no call is made, by the wall clock."""
        return self.at(self.blocked) if self.blocked > self.time else None

    def at(self, moment: float) -> datetime:
        """A time of the ledger by the wall clock."""
        if self.clock is None:
            return _EPOCH + moment * _MS
        return self.clock.at + (moment - self.time) * _MS

    def made(self, quota: Quota, now: datetime) -> int:
        """Calls that count at ``now``, by the wall clock alone."""
        there = self.advanced(quota, Moment(now))
        return there.counted(quota, there.time)

    def counted(self, quota: Quota, moment: float) -> int:
        """Calls that count at a moment, if no more are made until then."""
        gone = int((moment - quota.memory) // self.slot) - self.first  # slots that have ended by then
        surplus = self.surplus if moment < self.surplus_until else 0
        return sum(self.counts[max(0, gone) :]) + surplus

    def free_at(self, quota: Quota, moment: float) -> float | None:
        """From when on, at or after ``moment``, one more call may be made; ``None``: not in this window."""
        over = self.counted(quota, moment) + 1 - quota.calls
        if over <= 0:
            return moment
        surplus = self.surplus if moment < self.surplus_until else 0
        for ends, count in sorted([*self.frees(quota, moment), (float(self.surplus_until), surplus)]):
            over -= count if ends > moment else 0
            if over <= 0:
                return ends
        return None

    def slots(self) -> Iterator[tuple[int, int]]:
        """Each slot's number and its calls."""
        return enumerate(self.counts, self.first)

    def frees(self, quota: Quota, moment: float) -> Iterator[tuple[float, int]]:
        """When calls come free after ``moment``, oldest first."""
        for number, count in self.slots():
            ends = float((number + 1) * self.slot + quota.memory)
            if count and ends > moment:
                yield ends, count

    # ── what happens ─────────────────────────────────────────────────────────────────────────────────────

    def with_calls(self, calls: int, moment: float) -> "Ledger":
        """With so many calls made at ``moment``."""
        number = int(moment // self.slot)
        if not self.counts:
            return replace(self, first=number, counts=(calls,), last=max(self.last, moment))
        first = min(self.first, number)
        counts = [0] * (self.first - first) + list(self.counts)
        counts += [0] * (number - first + 1 - len(counts))
        counts[number - first] += calls
        return replace(self, first=first, counts=tuple(counts), last=max(self.last, moment))

    def charged(self, calls: int, at: datetime) -> "Ledger":
        """With calls that somebody may have made until ``at`` (by the clock it was written by), untold."""
        if not calls:
            return self
        if self.clock is None or not self.slot:
            return replace(self, unplaced=self.unplaced + calls)
        moment = max(self.time, self.time + (at - self.clock.at) // _MS)
        doubt = max(self.doubt, moment + 2 * SLOTS * self.slot)
        level = None if self.level is None else max(0, self.level - 1000 * calls)
        return replace(self.with_calls(calls, moment), level=level, opened=0, doubt=doubt)

    def advanced(self, quota: Quota, moment: Moment, hours: Sequence[float] = ()) -> "Ledger":
        """The ledger at ``moment``: time has passed, calls came free, and the pace gave some out."""
        least, most = moment.since(self.clock) if self.clock else (0, 0)
        if self.clock and -_STALE <= most < 0:  # read before somebody else wrote: it is later than that
            least, most, moment = 0, 0, self.clock
        now = self.time + max(0, least) if self.clock else _milliseconds(moment.at)
        doubt, opened = self.doubt, self.opened
        if least < 0 or most - least > quota.margin // 4:  # a clock was set: which is right, nobody knows
            doubt, opened = now + quota.memory + quota.margin, 0
        there = replace(self, clock=moment, time=now, doubt=doubt, opened=opened)
        there = _in_slots(there, quota)
        there = _without(there, _cut(there, quota), quota)
        return replace(there, level=_level(there, quota, max(0, least), hours))

    def is_quiet(self, quota: Quota, moment: float) -> bool:
        """Whether it is too near the end of a window that began with a call to know which one it is."""
        ends = self.opened + quota.span
        return bool(self.opened) and abs(moment - ends) <= quota.margin


def _in_slots(ledger: Ledger, quota: Quota) -> Ledger:
    """In slots of this quota's length, each call as late as it may have been; and all of them placed."""
    moved = ledger
    if ledger.slot != quota.slot:
        moved = replace(ledger, slot=quota.slot, first=0, counts=())
        for number, count in ledger.slots():
            moved = moved.with_calls(count, (number + 1) * ledger.slot) if count else moved
        moved = replace(moved, last=ledger.last)
    return replace(moved.with_calls(moved.unplaced, ledger.time), unplaced=0) if moved.unplaced else moved


def _cut(ledger: Ledger, quota: Quota) -> int:
    """What was made in slots that ended by then counts no longer."""
    cut = ledger.time - quota.memory
    if ledger.time < ledger.doubt or ledger.clock is None:
        return cut
    if isinstance(quota.resets, Midnight):
        since = (ledger.clock.at - quota.resets.last(ledger.clock.at)) // _MS
        return max(cut, ledger.time - since - quota.margin) if since > quota.margin else cut
    if ledger.opened and ledger.time >= ledger.opened + quota.span + quota.margin:
        return max(cut, ledger.opened + quota.span)
    return cut


def _without(ledger: Ledger, cut: int, quota: Quota) -> Ledger:
    gone = min(max(0, cut // ledger.slot - ledger.first), len(ledger.counts))
    counts = ledger.counts[gone:]
    opened = 0 if ledger.time >= ledger.opened + quota.span + quota.margin else ledger.opened
    surplus = ledger.surplus if ledger.surplus_until > ledger.time else 0
    first = ledger.first + gone if counts else 0
    return replace(ledger, first=first, counts=counts, opened=opened, surplus=surplus)


def _level(ledger: Ledger, quota: Quota, passed: int, hours: Sequence[float]) -> int:
    full = 1000 * max(1.0, quota.calls * min(1.0, max(HEAD_START, 2 * _TICK / max(1, quota.span))))
    if ledger.level is None:
        return int(full)
    assert ledger.clock is not None  # noqa: S101 - it has just been set
    began_at = ledger.clock.at - passed * _MS
    given = 1000 * pace(ledger, quota, hours) * weight(began_at, min(passed, quota.span), hours)
    return int(min(full, ledger.level + given))


def pace(ledger: Ledger, quota: Quota, hours: Sequence[float]) -> float:
    """Calls a millisecond (of a mean hour) that can be kept up for a window from now, and a little more.

    What comes free, and when, is in the log: the pace is the slowest that any stretch ahead can bear. After a
    burst it is slower for a window, so that nobody is left blind when its calls would have come free.
    """
    hours = hours if quota.span >= _HALF_A_DAY else ()
    slack = max(1.0, quota.calls * _TICK / max(1, quota.span))
    free = quota.calls - ledger.counted(quota, ledger.time) + slack
    shortest = max(quota.span * HEAD_START, min(2 * _TICK, quota.span))
    slowest, ahead, weighed = float("inf"), 0.0, 0.0
    at = ledger.at(ledger.time)
    for ends, count in [*ledger.frees(quota, ledger.time), (float(ledger.time + quota.memory), 0)]:
        step = max(0.0, ends - ledger.time - ahead)
        weighed += weight(at + ahead * _MS, step, hours)
        ahead += step
        if ahead >= shortest and weighed:
            slowest = min(slowest, free / weighed)
        free += count
    return max(0.0, slowest)


def weight(at: datetime, span: float, hours: Sequence[float]) -> float:
    """``span`` milliseconds from ``at`` on, each hour weighed by its factor."""
    if not hours:
        return float(span)
    total, left = 0.0, float(span)
    into = ((at.minute * 60 + at.second) * 1000 + at.microsecond / 1000, at.hour)
    offset, hour = into
    while left > 0:
        step = min(left, _HOUR - offset)
        total += step * hours[hour % 24]
        left, offset, hour = left - step, 0.0, hour + 1
    return total


def split(ledgers: Sequence[Ledger], quota: Quota, of: int, moment: Moment) -> list[Ledger]:
    """What ``of`` new shards remember of what the old ones did; ``quota`` is that of all shards together.

    Their calls are dealt in groups of ``of``, and each new shard is charged one at the group's latest: never
    fewer in any stretch than its part of what was made in it. What may be made at once is divided evenly.
    """
    whole = Ledger(moment, _milliseconds(moment.at), quota.slot)
    surplus = blocked = until = level = 0
    last: float = 0
    for old in (ledger.advanced(quota, moment) for ledger in ledgers):
        shift = whole.time - old.time
        for number, count in old.slots():
            whole = whole.with_calls(count, (number + 1) * old.slot - 1 + shift) if count else whole
        last = max(last, old.last + shift if old.last else 0)
        level += old.level or 0
        blocked = max(blocked, old.blocked + shift if old.blocked > old.time else 0)
        surplus, until = surplus + old.surplus, max(until, old.surplus_until + shift if old.surplus else 0)
    counts, owed = list[int](), 0
    for count in reversed(whole.counts):
        calls = -(-max(0, count - owed) // of)
        counts.append(calls)
        owed += calls * of - count
    part = replace(
        whole,
        counts=tuple(reversed(counts)),
        last=last,
        level=level // of,
        blocked=blocked,
        surplus=-(-surplus // of),
        surplus_until=until,
        doubt=whole.time + quota.memory + quota.margin,
    )
    return [part] * of


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MS
