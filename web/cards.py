"""What the page of one's watches shows of a watch: state, price, and when the next text comes. Pure.

Nothing is shown that is not known: a price always with its age, a state only when the worker has said so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from watchers.documents import Document
from watchers.jobs import Job
from watchers.memory import LastTold
from watchers.money import spoken
from watchers.observation import Availability
from watchers.rows import Row
from watchers.rules import rule_sentence
from watchers.watch import Below, PriceCondition, Watch
from web import forms, monitors, words
from web.plans import Served

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
    """What the worker has said about one watch, as its status has it; ``rows`` by target id.

    ``served``: how each target of a watch is served.
    """

    said: Mapping[str, Any] | None
    job: Job | None
    rows: Mapping[str, Row]
    now: datetime
    zone: tzinfo
    served: Callable[[Watch], Sequence[Served]] = lambda _: ()


def card(source: Document, known: Known) -> Card:
    """The card of one watch."""
    watch = monitors.read(source.fields)
    name = monitors.name_of(source)
    reasons = tuple(map(str, known.said.get("reasons", ()))) if known.said else ()
    if watch is None:
        return Card(source.id, name, _chip(source, None, known), reasons=reasons)
    currencies = {key.currency for row in _rows(watch, known) for key in row.history.prices}
    currency = currencies.pop() if len(currencies) == 1 else None
    is_paused, chip = watch.status != "active", _chip(source, watch, known)
    served = [] if is_paused or chip.kind in _NOT_SERVED else known.served(watch)
    return Card(
        source.id,
        name,
        chip,
        asked_of=words.asked_of(watch),
        conditions=tuple(words.condition(condition, currency) for condition in watch.conditions),
        prices=() if is_paused else tuple(dict.fromkeys(_prices(watch, known))),
        rules=() if is_paused else tuple(dict.fromkeys(_rules(watch, known))),
        served=tuple(dict.fromkeys(one.said for one in served)),
        warnings=tuple(dict.fromkeys(one.warning for one in served if one.warning)),
        reasons=reasons,
        is_paused=is_paused,
        is_snoozed=_is_snoozed(watch, known.now),
        is_editable=forms.beyond(watch) is None,
    )


# ── the state ────────────────────────────────────────────────────────────────────────────────────────────


def _chip(source: Document, watch: Watch | None, known: Known) -> Chip:
    said = known.said or {}
    copied_at = said.get("source_updated_at")
    if not isinstance(copied_at, datetime) or copied_at < source.updated_at:
        return _saving(known.now - source.updated_at)
    if said.get("state") == "refused":
        return Chip("refused", "Refused")
    if watch and watch.status != "active":
        return Chip("paused", watch.status.capitalize())
    if watch and (blind := _blind(watch, known)):
        return blind
    if watch and watch.snoozed_until and _is_snoozed(watch, known.now):
        return Chip("paused", f"Snoozed until {words.moment(watch.snoozed_until, known.zone)}")
    told = known.job.state.last_told if known.job else None
    return _told(told, known.zone) if told else Chip("watching", "Watching")


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


def _prices(watch: Watch, known: Known) -> Iterator[Seen]:
    rows = _rows(watch, known)
    if known.said and known.said.get("state") == "accepted" and not rows:
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


def _rules(watch: Watch, known: Known) -> Iterator[str]:
    """When the next text comes, for each kind of price where that differs."""
    job, found = known.job, dict[str, list[str]]()
    if job is None:
        return
    for row in _rows(watch, known):
        for key in sorted(row.history.prices):
            if sentence := rule_sentence(job.watch, job.state, row.target.id, key):
                found.setdefault(sentence, []).append(words.BASIS_NAME[key.basis])
    for sentence, bases in found.items():
        yield f"{sentence[:-1]} ({', '.join(dict.fromkeys(bases))})." if len(found) > 1 else sentence
