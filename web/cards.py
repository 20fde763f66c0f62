"""What the page of one's watches shows of a watch: state, price, and when the next text comes. Pure.

Nothing is shown that is not known: a price always with its age, a state only when the worker has said so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

import msgspec
from pydantic import ValidationError

from watchers import jobs
from watchers.memory import LastTold, WatchState
from watchers.money import spoken
from watchers.observation import Availability
from watchers.rows import Row
from watchers.rules import rule_sentence
from watchers.watch import Below, PriceCondition, Watch
from web import forms, monitors, words
from web.plans import Served
from web.snapshot import Line

_CONTENT = msgspec.json.Decoder(jobs.Shown)

_NOT_SERVED = frozenset({"saving", "refused", "blind"})
SAVED_WITHIN = timedelta(minutes=2)  # longer than the trigger ever takes when it works


@dataclass(frozen=True, slots=True)
class Chip:
    """A watch's state: a word for its colour, and the words people read."""

    kind: str
    text: str


class Seen(NamedTuple):
    """One line about what was seen: an amount, where one is known, and what to know about it."""

    amount: str
    said: str


@dataclass(frozen=True, slots=True)
class Card:
    """One watch, as its owner sees it. ``is_paused``: it watches nothing, be it paused or ended."""

    id: str
    name: str
    chip: Chip
    asked_of: str = ""
    conditions: tuple[str, ...] = ()
    prices: tuple[Seen, ...] = ()
    rules: tuple[str, ...] = ()
    served: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    is_paused: bool = False
    is_snoozed: bool = False
    is_editable: bool = True


@dataclass(frozen=True, slots=True)
class Known:
    """What is known besides: ``rows`` by target id, opened; ``served``: how each target of a watch is served."""

    rows: Mapping[str, Row]
    now: datetime
    zone: tzinfo
    served: Callable[[Watch], Sequence[Served]] = lambda _: ()


class Asked(NamedTuple):
    """What a line asks for: ``watch`` is ``None`` where it is no watch at all."""

    name: str
    watch: Watch | None
    state: WatchState


@lru_cache(maxsize=4096)
def asked(shown: bytes) -> Asked:
    """What is packed in a line (``Line.shown``); the same for whoever asks next."""
    content = _CONTENT.decode(shown) if shown else jobs.Shown({})
    try:
        state = WatchState.model_validate(content.state)
    except ValidationError:
        state = WatchState()
    return Asked(monitors.name_in(content.fields), monitors.read(content.fields), state)


def card(line: Line, known: Known) -> Card:
    """The card of one watch."""
    name, watch, _ = asked(line.shown)
    if watch is None:
        return Card(line.id, name, _chip(line, known), reasons=line.reasons)
    currencies = {key.currency for row in _rows(watch, known) for key in row.history.prices}
    currency = currencies.pop() if len(currencies) == 1 else None
    is_paused, chip = watch.status != "active", _chip(line, known)
    is_shown = not is_paused and chip.kind != "refused"
    served = known.served(watch) if is_shown and chip.kind not in _NOT_SERVED else []
    return Card(
        line.id,
        name,
        chip,
        asked_of=words.asked_of(watch),
        conditions=tuple(words.condition(condition, currency) for condition in watch.conditions),
        prices=tuple(dict.fromkeys(_prices(line, watch, known))) if is_shown else (),
        rules=tuple(dict.fromkeys(_rules(line, watch, known))) if is_shown else (),
        served=tuple(dict.fromkeys(one.said for one in served)),
        warnings=tuple(dict.fromkeys(one.warning for one in served if one.warning)),
        reasons=line.reasons,
        is_paused=is_paused,
        is_snoozed=_is_snoozed(watch, known.now),
        is_editable=forms.beyond(watch) is None,
    )


# ── the state ────────────────────────────────────────────────────────────────────────────────────────────


def _chip(line: Line, known: Known) -> Chip:
    _, watch, state = asked(line.shown)
    if line.is_saving:
        return _saving(known.now - line.source_at)
    if line.state == "refused":
        return Chip("refused", "Refused")
    if watch and watch.status != "active":
        return Chip("paused", watch.status.capitalize())
    if watch and (blind := _blind(watch, known)):
        return blind
    if watch and watch.snoozed_until and _is_snoozed(watch, known.now):
        return Chip("paused", f"Snoozed until {words.moment(watch.snoozed_until, known.zone)}")
    return _told(state.last_told, known.zone) if state.last_told else Chip("watching", "Watching")


def _is_snoozed(watch: Watch, now: datetime) -> bool:
    return watch.snoozed_until is not None and watch.snoozed_until > now


def _saving(since: timedelta) -> Chip:
    if since < SAVED_WITHIN:
        return Chip("saving", "Being saved…")
    return Chip("blind", f"Saved, but not picked up for {words.span(since)}")


def _blind(watch: Watch, known: Known) -> Chip | None:
    """The target that was not seen for longest, when any was not seen for longer than it should."""
    unseen = [row.history.seen_at or row.since for row in _rows(watch, known) if row.is_blind(known.now)]
    return Chip("blind", f"Blind for {words.span(known.now - min(unseen))}") if unseen else None


def _told(told: LastTold, zone: tzinfo) -> Chip:
    price = f" at {spoken(told.price, told.currency)}" if told.price is not None and told.currency else ""
    return Chip("told", f"Told{price} on {words.moment(told.at, zone)}")


# ── prices ───────────────────────────────────────────────────────────────────────────────────────────────


def _rows(watch: Watch, known: Known) -> list[Row]:
    return [known.rows[target.id] for target in watch.targets if target.id in known.rows]


def _prices(line: Line, watch: Watch, known: Known) -> Iterator[Seen]:
    rows = _rows(watch, known)
    if line.state == "accepted" and not rows:
        yield Seen("", "The first look is still to come.")
    for row in rows:
        where = f" at {words.shop(row.target.provider)}" if len(rows) > 1 else ""
        yield from _of_row(watch, row, where, known.now)


def _of_row(watch: Watch, row: Row, where: str, now: datetime) -> Iterator[Seen]:
    history = row.history
    if row.unseen_why in words.UNKNOWN_THERE:
        yield Seen("", f"{words.shop(row.target.provider)} knows nothing by this id: check it.")
    if history.seen_at is None:
        yield Seen("", f"Not seen yet{where}; asked for since {words.span(now - row.since)}.")
        return
    if history.availability and history.availability[-1].value is Availability.UNAVAILABLE:
        yield Seen("", f"Cannot be bought now{where} (seen {words.ago(history.seen_at, now)}).")
    for key in sorted(history.prices):
        if watch.wants(key) and (runs := history.runs(key)):
            basis, seen = words.BASIS[key.basis], words.ago(runs[-1].last_at, now)
            yield Seen(spoken(runs[-1].value, key.currency), f"{basis}{where} (seen {seen})")
    if not history.prices:
        yield Seen("", f"No price is published{where} (looked {words.ago(history.seen_at, now)}).")
    yield from (Seen("", sentence) for sentence in _incomparable(watch, row))


def _incomparable(watch: Watch, row: Row) -> Iterator[str]:
    """A condition that no published price can ever meet is said aloud."""
    published = [key for key in row.history.prices if watch.wants(key)]
    for condition in watch.conditions if published else ():
        if isinstance(condition, PriceCondition) and not any(map(condition.concerns, published)):
            asked = condition.currency if isinstance(condition, Below) else "such"
            said = words.condition(condition)
            yield f"No {asked} price is published here, so “{said}” cannot come true yet."


def _rules(line: Line, watch: Watch, known: Known) -> Iterator[str]:
    """When the next text comes, for each kind of price where that differs; nothing of what is being saved."""
    state, found = asked(line.shown).state, dict[str, list[str]]()
    if line.is_saving:
        return
    for row in _rows(watch, known):
        for key in sorted(row.history.prices):
            if sentence := rule_sentence(watch, state, row.target.id, key):
                found.setdefault(sentence, []).append(words.BASIS_NAME[key.basis])
    for sentence, bases in found.items():
        yield f"{sentence[:-1]} ({', '.join(dict.fromkeys(bases))})." if len(found) > 1 else sentence
