"""One watch in brief: what is needed of every watch to find it, order it, and see that it changed. Pure.

``key`` is another one as soon as the card of a watch would say something else than how long ago it was.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

import msgspec
from pydantic import ValidationError

from watchers import jobs
from watchers.history import moment
from watchers.language import say
from watchers.memory import LastTold, WatchState
from watchers.money import spoken
from watchers.rows import Row
from watchers.watch import Watch
from web import monitors, words
from web.snapshot import Line

SAVED_WITHIN = timedelta(minutes=2)  # longer than the trigger ever takes when it works
_NOTHING: Mapping[str, datetime] = {}
_KEPT = 4096  # watches that are kept understood: some 40 MB
_CONTENT = msgspec.json.Decoder(jobs.Shown)

Rows = Mapping[str, Row]
"""What the boards know, by target id; opened."""


class Asked(NamedTuple):
    """What a line asks for, and what the worker remembers; ``watch`` is ``None`` where it is none at all.

    It is kept for every reader: no sentence is in it. ``name``: may be empty.
    """

    name: str
    watch: Watch | None
    state: WatchState


@lru_cache(maxsize=_KEPT)
def asked(shown: bytes) -> Asked:
    """What is packed in a line (``Line.shown``); understood once for whoever asks next."""
    content = _CONTENT.decode(shown) if shown else jobs.Shown({})
    try:
        state = WatchState.model_validate(content.state)
    except ValidationError:
        state = WatchState()
    return Asked(monitors.name_in(content.fields), monitors.read(content.fields), state)


@dataclass(frozen=True, slots=True)
class Chip:
    """A watch's state: a word for its colour, and the words people read. ``since``: from when on it is so."""

    kind: str
    text: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """See ``listing.Listed``. ``state``: one of its states.

    ``waits_until``: what it told last has reached nobody yet, and goes then.
    """

    line: Line
    state: str
    rows: tuple[Row, ...]
    waits_until: datetime | None = None

    @property
    def id(self) -> str:
        """The watch's."""
        return self.line.id

    @property
    def name(self) -> str:
        """What its person calls it."""
        return monitors.called(asked(self.line.shown).name)

    @property
    def watch(self) -> Watch | None:
        """What is asked for; ``None``: it is no watch at all."""
        return asked(self.line.shown).watch

    @property
    def tags(self) -> tuple[str, ...]:
        """Its person's own words."""
        return self.watch.tags if self.watch else ()

    @property
    def words(self) -> str:
        """Everything it is found by, in small letters."""
        said = words.asked_of(self.watch) if self.watch else ""
        return " ".join((self.name, said, *self.tags)).casefold()

    @property
    def price(self) -> tuple[str, int] | None:
        """The lowest price that is known, by currency."""
        watch = self.watch
        found = [
            (key.currency, runs[-1].value)
            for row in self.rows
            for key, runs in row.history.prices.items()
            if watch and watch.wants(key) and runs
        ]
        return min(found, default=None)

    @property
    def told_at(self) -> datetime | None:
        """When it was told last."""
        told = asked(self.line.shown).state.last_told
        return told.at if told else None

    @property
    def event_at(self) -> datetime | None:
        """When what it is about takes place."""
        return min((moment(row.event_ms) for row in self.rows if row.event_ms), default=None)

    @property
    def saved_at(self) -> datetime:
        """When its person wrote it last."""
        return self.line.source_at

    @property
    def key(self) -> str:
        """What its card says, but for how long ago; eight hex digits."""
        line = self.line
        said = (
            line.source_at,
            line.state,
            line.reasons,
            line.copied_at,
            self.state,
            [*map(_face, self.rows)],
        )
        every = (*said, self.waits_until) if self.waits_until else said
        return f"{zlib.crc32(repr(every).encode(), zlib.crc32(line.shown)):08x}"

    @property
    def seen(self) -> list[int]:
        """When each of its targets was seen last, in whole seconds since 1970; 0: never."""
        return [row.seen_ms // 1000 for row in self.rows]

    def chip(self, now: datetime, zone: tzinfo) -> Chip:
        """Its state in words."""
        plain = {
            "saving": Chip("saving", say("Being saved…")),
            "refused": Chip("refused", say("Refused")),
            "paused": Chip("paused", say("Paused")),
            "ended": Chip("paused", say("Ended")),
        }
        if self.state in plain:
            return plain[self.state]
        if self.state == "blind":
            return self._blind(now)
        if self.state == "snoozed" and (until := self.line.snoozed_until):
            return Chip("paused", say("Snoozed until {at}", at=words.moment(until, zone)))
        if self.waits_until and self.waits_until > now:
            return Chip("paused", say("Waiting until {at}", at=words.clock(self.waits_until, now, zone)))
        told = asked(self.line.shown).state.last_told
        return _told(told, zone) if told else Chip("watching", say("Watching"))

    def _blind(self, now: datetime) -> Chip:
        """Since when: of the target that was not seen for longest, or since it was saved in vain."""
        if self.line.is_saving:
            since = self.line.source_at
            said = say("Saved, but not picked up for {span}", span=words.span(now - since))
            return Chip("blind", said, since)
        since = min(row.history.seen_at or row.since for row in self.rows if row.is_blind(now))
        return Chip("blind", say("Blind for {span}", span=words.span(now - since)), since)


def brief(line: Line, rows: Rows, now: datetime, waiting: Mapping[str, datetime] = _NOTHING) -> Brief:
    """The watch of one line. ``waiting``: see ``deliveries.waiting``."""
    own = tuple(_rows(line, rows))
    return Brief(line, _state(line, own, now), own, waiting.get(line.told))


def _rows(line: Line, rows: Rows) -> Iterator[Row]:
    """Of what is watched; while the worker has not copied it yet, of what it will watch."""
    targets: tuple[str, ...] = line.targets
    if line.is_saving or line.state == "refused":
        watch = asked(line.shown).watch
        targets = tuple(target.id for target in watch.targets) if watch and line.is_saving else ()
    return (rows[target] for target in targets if target in rows)


def wanted_targets(line: Line) -> tuple[str, ...]:
    """Of which targets something is shown."""
    if not line.is_saving:
        return line.targets
    watch = asked(line.shown).watch
    return tuple(target.id for target in watch.targets) if watch else ()


def _state(line: Line, rows: tuple[Row, ...], now: datetime) -> str:
    if line.is_saving and not _stays(line):
        return "saving" if now - line.source_at < SAVED_WITHIN else "blind"
    if line.state in ("refused", "paused", "ended"):
        return line.state
    if any(row.is_blind(now) for row in rows):
        return "blind"
    if line.snoozed_until is not None and line.snoozed_until > now:
        return "snoozed"
    return "told" if line.told else "watching"


def _stays(line: Line) -> bool:
    """Whether it was paused or ended before it was saved, and still is: nobody waits for anything."""
    watch = asked(line.shown).watch
    return watch is not None and line.state in ("paused", "ended") and watch.status == line.state


def _told(told: LastTold, zone: tzinfo) -> Chip:
    at = words.moment(told.at, zone)
    if told.price is None or not told.currency:
        return Chip("told", say("Told on {at}", at=at))
    return Chip("told", say("Told at {price} on {at}", price=spoken(told.price, told.currency), at=at))


def _face(row: Row) -> tuple[object, ...]:
    """What was seen, but for when."""
    history = row.history
    available = history.availability[-1].value if history.availability else None
    prices = [(key, runs[-1].value) for key, runs in history.prices.items() if runs]
    return row.unseen_why, row.seen_ms == 0, available, prices
