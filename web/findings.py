"""What a search over all markets found, in words: for the command line and for the page. Pure.

Every amount is named with what it includes, every market that was not seen with the reason.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from watchers import dates
from watchers.catalog.bargains import Bargain
from watchers.catalog.found import Found
from watchers.catalog.merged import Best, Market, Merged
from watchers.deal import Deal
from watchers.events import Event
from watchers.language import say, say_many
from watchers.money import decimal_amount, exponent, spoken
from watchers.observation import Availability, EventStatus, ItemCondition, Price
from web import words

WIDTH = 100
_MOST = 40  # events of a search that are printed
_WHEN, _NAME, _SHOP = 17, 46, 14


def _condition(condition: ItemCondition) -> str:
    names = {
        ItemCondition.NEW: say("new"),
        ItemCondition.OPEN_BOX: say("open box"),
        ItemCondition.REFURBISHED: say("refurbished"),
        ItemCondition.USED: say("used"),
    }
    return names[condition]


def _availability(availability: Availability) -> str | None:
    names = {
        Availability.AVAILABLE: say("available"),
        Availability.UNAVAILABLE: say("cannot be bought now"),
    }
    return names.get(availability)


def _told(status: EventStatus | None) -> str | None:
    names = {
        EventStatus.CANCELLED: say("cancelled"),
        EventStatus.POSTPONED: say("postponed"),
        EventStatus.RESCHEDULED: say("moved"),
    }
    return names.get(status) if status else None


def amount(price: Price) -> str:
    """``$84``, or ``$84 to $120`` where a range is published."""
    low = spoken(price.low, price.currency)
    if price.high is None or price.high <= price.low:
        return low
    return say("{low} to {high}", low=low, high=spoken(price.high, price.currency))


def plain(price: Price) -> str:
    """``84.00``: the lowest as a form takes it."""
    return f"{decimal_amount(price.low, price.currency):.{exponent(price.currency)}f}"


def priced(price: Price) -> str:
    """``$84 to $120 face value``."""
    return f"{amount(price)} {words.BASIS_NAME[price.basis]}"


def best(one: Best) -> str:
    """``$84 face value, used, at Ticketmaster``; of how many markets, where there is a choice."""
    return " ".join(best_parts(one))


def best_parts(one: Best) -> tuple[str, str]:
    """The amount, and all that is to know about it."""
    condition = f", {_condition(one.market.condition)}" if one.market.condition else ""
    choice = say(" (the lowest of {markets} markets)", markets=one.of) if one.of > 1 else ""
    kind = f"{words.BASIS_NAME[one.price.basis]}{condition}"
    said = say("{kind}, at {shop}", kind=kind, shop=words.shop(one.market.target.provider)) + choice
    return spoken(one.price.low, one.price.currency), said


def state(market: Market) -> str:
    """``available, 3 offers``: what is known and nothing else; may be empty."""
    offers = None if market.listing_count is None else counted(market.listing_count)
    condition = _condition(market.condition) if market.condition else None
    said = (condition, _told(market.status), _availability(market.availability), offers)
    return ", ".join(filter(None, said))


def counted(offers: int) -> str:
    """``1 offer``, ``3 offers``."""
    return say_many("{number} offer", "{number} offers", offers)


def when(event: Event) -> str:
    """``31 Dec 2026 19:30``; empty where no day is known."""
    if event.date is None:
        return ""
    hour = f" {event.time:%H:%M}" if event.time else ""
    return f"{dates.full(event.date)}{hour}"


def where(event: Event) -> str:
    """``Hall, London``."""
    return ", ".join(filter(None, (event.venue, event.city, event.state)))


# ── in lines ─────────────────────────────────────────────────────────────────────────────────────────────


def found_lines(found: Found) -> Iterator[str]:
    """A search as an operator reads it: events with their markets, and then who is missing."""
    for one in found.events[:_MOST]:
        yield from event_lines(one)
    if len(found.events) > _MOST:
        yield f"… and {len(found.events) - _MOST} more; --json lists them all"
    if not found.events:
        elsewhere = " by those that answered" if found.absences else ""
        yield f"nothing was found{elsewhere}" if found.answered else "no market answered"
    yield from missing(found)


def compared_lines(found: Found, deals: Mapping[str, Deal | None] | None = None) -> Iterator[str]:
    """A comparison as an operator reads it: also which markets were seen and do not have the event.

    ``deals``: how good the best price is, by the id of an event's first target.
    """
    for one in found.events:
        if good := (deals or {}).get(one.markets[0].target.id):
            yield _within(f"{best_parts(one.best[0])[0]} - {good}")
    yield from found_lines(found)
    there = {market.target.provider for one in found.events for market in one.markets}
    if found.events:
        yield from (f"not there: {name}" for name in found.answered if name not in there)


def event_lines(one: Merged) -> Iterator[str]:
    """One event: what it is, its best prices where there is a choice, and each market."""
    event = one.event
    title = (
        f"{_cut(when(event) or '-', _WHEN)}  {_cut(event.name or 'without a name', _NAME)}  {where(event)}"
    )
    yield _within(title)
    if len(one.markets) > 1:
        yield from (_within(f"  best: {best(each)}") for each in one.best)
    for market in one.markets:
        prices = "; ".join(map(priced, market.prices)) or "no price is published"
        said = f"; {state(market)}" if state(market) else ""
        yield _within(f"  {_cut(market.target.provider, _SHOP)} {prices}{said}")
        yield f"  {'':{_SHOP}} {_clean(market.url or market.target.item or 'no link')}"


def deal_lines(deals: Sequence[Bargain], found: Found, min_quantity: int) -> Iterator[str]:
    """Deals as an operator reads them: the lowest of each kind of price first."""
    for one in deals[:_MOST]:
        offers = "quantity not said" if one.quantity is None else words.many(one.quantity, "offer")
        condition = f" {_condition(one.market.condition)}" if one.market.condition else ""
        price = f"{spoken(one.price.low, one.price.currency)} {words.BASIS_NAME[one.price.basis]}{condition}"
        event = one.merged.event
        yield _within(f"{_cut(price, 22)}  {_cut(event.name or 'without a name', 40)}  {when(event)}")
        said = f"{one.market.target.provider}, {offers}"
        yield f"{'':22}  {_clean(said)}: {_clean(one.market.url or one.market.target.item or 'no link')}"
    if len(deals) > _MOST:
        yield f"… and {len(deals) - _MOST} more; --json lists them all"
    if not deals:
        several = f" with at least {min_quantity} offers" if min_quantity > 1 else ""
        yield f"nothing at or under that price{several}" if found.answered else "no market answered"
    yield from missing(found)


def missing(found: Found) -> Iterator[str]:
    """Every market that was not seen or not asked, and what is incomplete in the others' answers."""
    for name, why in found.absences.items():
        yield f"not seen: {name}: {why}"
    for name, why in {**found.unasked, **found.off}.items():
        yield f"not asked: {name}: {why}"
    for name, remarks in found.remarks.items():
        yield from (f"note: {name}: {remark}" for remark in remarks)


def _within(line: str) -> str:
    return _cut(line, WIDTH).rstrip()


def _cut(text: str, width: int) -> str:
    """Exactly so many columns of a terminal, whatever the script; cut with an ellipsis, or filled up."""
    clean = _clean(text)
    if _columns(clean) > width:
        while _columns(clean) > width - 1:
            clean = clean[:-1]
        clean = f"{clean}…"
    return clean + " " * (width - _columns(clean))


def _columns(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _clean(text: str) -> str:
    """Without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
