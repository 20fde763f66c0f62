"""What the one box found: everything that might be meant, each one press away from its watch.

Events come from the catalogue, with their picture, day, price and what is recorded of it here. Whoever could
not be asked is named; where nothing is found, the search itself can be watched.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from watchers import price_history, suggesting
from watchers.box import Wanted
from watchers.catalog.catalog import REMEMBERED
from watchers.catalog.found import Found
from watchers.catalog.merged import Market, Merged
from watchers.errors import StoreUnavailableError
from watchers.events import Event
from watchers.history import moment
from watchers.language import say
from watchers.money import spoken
from watchers.observation import EventStatus, Observation
from watchers.price_history import Step
from watchers.rows import Row
from watchers.rules import is_over
from watchers.suggesting import Record
from watchers.target import Search, Target
from watchers.watch import MAX_NAME
from web import findings, forms, words
from web.site import site

MOST = 24  # events on the page
WITH_A_PAST = 4  # of them, whose price history is read: at most two reads each


@dataclass(frozen=True, slots=True)
class Way:
    """One shop where it can be watched."""

    shop: str
    price: str
    address: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One event.

    Attributes:
        name, place, day: What it is.
        image: Address of its picture, if any.
        price, basis: The best price and what it includes; empty where it cannot be bought.
        seen: What is recorded of it here; may be empty.
        has_price: Whether any price is published.
        state: Why it cannot be bought; empty where it can.
        is_over: It has taken place: it cannot be watched.
        address: Where it is watched, on the shop of the best price.
        ways: Each of its shops.
        everywhere: Where it is watched on all of them, if there are several.
    """

    name: str
    place: str
    day: str
    image: str | None
    price: str
    basis: str
    seen: str
    has_price: bool
    state: str
    is_over: bool
    address: str
    ways: tuple[Way, ...]
    everywhere: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several shops whose id a text may be."""

    shop: str
    address: str


@dataclass(frozen=True, slots=True)
class Results:
    """Everything the box has to say.

    Attributes:
        wanted: The text as it was read.
        choices: Whose id it may be.
        hits, more: What was found, and how much of it is not shown.
        unseen: Who was asked and did not answer, with the reason; ``unasked`` cannot be asked like this.
        off: Who is switched off here.
        lists: Searches that can be watched for what is new.
        heading: How many there are.
        error: Why nothing was searched.
    """

    wanted: Wanted
    choices: tuple[Choice, ...] = ()
    hits: tuple[Hit, ...] = ()
    more: int = 0
    unseen: tuple[str, ...] = ()
    unasked: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    lists: tuple[Way, ...] = ()
    heading: str = ""
    error: str = ""


def results(wanted: Wanted, uid: str) -> Results:
    """What a text that names no one thing may mean.

    Args:
        wanted: The text as it was read.
        uid: For whom the markets are asked: so often, and no more.
    """
    if wanted.error or not wanted.text:
        return Results(wanted, error=wanted.error)
    if len(wanted.items):  # an id: whose it is comes first, and nobody is asked
        return Results(wanted, choices=tuple(map(_choice, wanted.items)))
    return by_words(wanted, uid)


def by_words(wanted: Wanted, uid: str) -> Results:
    """All markets, searched for the words."""
    catalog = site().catalog
    if catalog is None:
        return Results(wanted, error=say("There is no search here; fill in the form by hand."))
    if wait := site().searches.wait(uid, site().now()):
        said = say("You have searched very often just now. Search again in {span}.", span=words.span(wait))
        return Results(wanted, error=said)
    found = catalog.find(Search(keyword=wanted.words))
    shown = found.events[:MOST]
    known = _records(shown)
    return Results(
        wanted,
        hits=tuple(_hit(one, said) for one, said in zip(shown, known, strict=True)),
        more=max(0, len(found.events) - MOST),
        unseen=tuple(_unseen(found)),
        unasked=tuple(_unasked(found)),
        off=tuple(words.shop(name) for name in found.off),
        lists=tuple(_lists(found, wanted.words)),
        heading=_heading(found),
    )


def address(target: Target, name: str = "", **fields: str) -> str:
    """The form of a watch on this target, filled in."""
    given: dict[str, str | None] = {"provider": target.provider}
    if target.search is None:
        given |= {"item": target.item, "country": target.country}
    else:
        given |= {name: getattr(target.search, name) for name in ("keyword", "city", "country")}
    return form_address(name=name, **given, **fields)


def form_address(name: str, **fields: str | None) -> str:
    """The form of a watch with these fields filled in."""
    filled: dict[str, Any] = {key: text for key, text in {"name": name[:MAX_NAME], **fields}.items() if text}
    return url_for("saving.new", **filled)


def _choice(target: Target) -> Choice:
    return Choice(words.shop(target.provider), address(target))


def _heading(found: Found) -> str:
    if found.events:
        return say("{number} found", number=len(found.events))
    return say("Nothing found") if found.answered else say("No market answered")


def _unseen(found: Found) -> Iterator[str]:
    for name, why in found.absences.items():
        yield say("{shop} was not seen: {why}", shop=words.shop(name), why=why)


def _unasked(found: Found) -> Iterator[str]:
    for name, why in found.unasked.items():
        yield say("{shop} was not asked: {why}", shop=words.shop(name), why=why)


def _lists(found: Found, keyword: str) -> Iterator[Way]:
    """Every market that was searched, whose search can be watched for what is new."""
    for provider in found.answered:
        target = Target(provider, search=Search(keyword=keyword))
        yield Way(words.shop(provider), "", address(target, say("New: {words}", words=keyword)))


# ── one event ────────────────────────────────────────────────────────────────────────────────────────────


def _hit(one: Merged, seen: str) -> Hit:
    event, first = one.event, _first(one)
    best = one.best[0].price if one.best else None
    return Hit(
        name=event.name or say("Without a name"),
        place=findings.where(event),
        day=day_of(event),
        image=event.image,
        price=findings.amount(best) if best else "",
        basis=words.BASIS_NAME[best.basis] if best else "",
        seen=seen,
        has_price=any(market.prices for market in one.markets),
        state="" if any(market.can_be_bought for market in one.markets) else _state(first),
        is_over=_is_over(one),
        address=market_address(first, event),
        ways=tuple(_way(market, event) for market in one.markets),
        everywhere=everywhere(one),
    )


def _first(one: Merged) -> Market:
    return one.best[0].market if one.best else one.markets[0]


def _state(market: Market) -> str:
    if market.status is EventStatus.CANCELLED:
        return say("Cancelled")
    return say("Cannot be bought now")


def _way(market: Market, event: Event) -> Way:
    prices = ", ".join(map(findings.priced, market.prices)) or say("no price")
    return Way(words.shop(market.target.provider), prices, market_address(market, event))


def market_address(market: Market, event: Event) -> str:
    """The form of a watch on this market. Its price says no more than the currency."""
    currency = market.prices[0].currency if market.prices else ""
    return address(market.target, event.name or "", currency=currency)


def everywhere(one: Merged) -> str | None:
    """The form of a watch on all markets together, where there are several that the form can hold."""
    documents = [market.target.to_document() for market in one.markets]
    together = json.dumps(documents, separators=(",", ":"), ensure_ascii=False)
    if len(documents) < 2 or forms.markets_of(together) is None:  # noqa: PLR2004 - together needs two
        return None
    currency = next((price.currency for market in one.markets for price in market.prices), "")
    return form_address(name=one.event.name or "", markets=together, currency=currency)


def day_of(event: Event) -> str:
    """``Sat 9 Jan 2027, 19:30``, on the venue's own clock; empty where no day is known."""
    if event.date is None:
        return ""
    return words.weekday(event.date) + (f", {event.time:%H:%M}" if event.time else "")


def _is_over(one: Merged) -> bool:
    market, event = one.markets[0], one.event
    return is_over(Observation(market.target, site().now(), status=market.status, starts_on=event.date))


# ── what is recorded ─────────────────────────────────────────────────────────────────────────────────────


def _records(shown: Sequence[Merged]) -> list[str]:
    """What is recorded of each: by its market's board, and of the first few by their past, too."""
    targets = [one.best[0].market.target for one in shown if one.best]
    try:
        rows = site().plans().rows([target for target in targets if target.provider in site().providers])
        old = [target.id for target in targets if target.id in rows][:WITH_A_PAST]
        return [_recorded(one, rows, old) for one in shown]
    except StoreUnavailableError:
        return [""] * len(shown)


def _recorded(one: Merged, rows: Mapping[str, Row], old: Sequence[str]) -> str:
    """``Seen here from £45 to £62 since 3 Nov 2026``, of the price that stands first; may be empty."""
    if not one.best or (row := rows.get(one.best[0].market.target.id)) is None:
        return ""
    price, history = one.best[0].price, row.history
    if row.target.id in old:
        series = price_history.read(site().documents, row, site().now() - REMEMBERED)
        steps = series.steps.get(price.key, ())
    else:
        steps = tuple(Step(moment(run.first_ms), run.last_at, run.value) for run in history.runs(price.key))
    known = suggesting.record(price.key, price.low, site().now(), steps, history.lows.get(price.key))
    return range_said(known) if known and known.is_range else ""


def range_said(known: Record) -> str:
    """What was ever recorded here of one kind of price."""
    return say(
        "Seen here from {low} to {high} since {day}.",
        low=spoken(known.lowest, known.key.currency),
        high=spoken(known.highest, known.key.currency),
        day=suggesting.day_of(known.since),
    )
