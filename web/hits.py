"""What a search over all markets found, as the page shows it. Pure but for the addresses it links to.

Every amount is named with what it includes, every picture and address is one of the web.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from msgspec.structs import replace

from watchers.catalog.bargains import Bargain
from watchers.catalog.merged import CLEAREST, Market, Merged
from watchers.events import Event
from watchers.language import say
from watchers.observation import Price
from watchers.watch import MAX_NAME
from web import choosing, findings, words


@dataclass(frozen=True, slots=True)
class Offer:
    """One market's line: its prices, what else it says, and where to go.

    ``press``: what one press watches, as fields of a form; ``None`` where it is not clear what is meant.
    ``entry``: its name among verdicts, where the market has others beside it.
    """

    shop: str
    prices: tuple[str, ...]
    state: str
    url: str | None
    watch: str
    press: dict[str, str] | None
    entry: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One event on the page; ``watch_all``: where it is watched on all of its markets."""

    name: str
    about: str
    image: str | None
    best: tuple[tuple[str, str], ...]
    offers: tuple[Offer, ...]
    watch_all: str | None


@dataclass(frozen=True, slots=True)
class Deal:
    """One offer at or under the limit."""

    amount: str
    kind: str
    name: str
    about: str
    image: str | None
    offer: Offer
    quantity: str


def hit(one: Merged, pictures: Sequence[str]) -> Hit:
    """One event as it is shown. ``pictures``: where pictures may come from besides https."""
    event = one.event
    best = tuple(findings.best_parts(each) for each in one.best)
    offers = tuple(_offer(market, one) for market in one.markets)
    image = picture(event.image, pictures)
    return Hit(_name(event), about(event), image, best, offers, choosing.everywhere(one))


def deal(one: Bargain, pictures: Sequence[str]) -> Deal:
    """One bargain as it is shown."""
    event, price = one.merged.event, one.price
    offers = one.quantity
    return Deal(
        findings.amount(price),
        words.BASIS_NAME[price.basis],
        _name(event),
        about(event),
        picture(event.image, pictures),
        _offer(one.market, one.merged),
        say("how many there are is not said") if offers is None else findings.counted(offers),
    )


def by_price(one: Merged) -> tuple[int, str, int]:
    """Orders events by their best price: among those of one kind and currency only; without one, last."""
    if not one.best:
        return len(CLEAREST), "", 0
    price = one.best[0].price
    return CLEAREST.index(price.basis), price.currency, price.low


def about(event: Event) -> str:
    """``31 Dec 2026 19:30, Hall, London``."""
    return ", ".join(filter(None, (findings.when(event), findings.where(event))))


def link(url: str | None) -> str | None:
    """Only an address of the web is followed."""
    return url if url and urlsplit(url).scheme in ("http", "https") else None


def picture(url: str | None, others: Iterable[str]) -> str | None:
    """A picture that the page may load: over https, or from one of ``others``."""
    is_known = url and (url.startswith("https://") or any(url.startswith(f"{one}/") for one in others))
    return url if is_known else None


def _name(event: Event) -> str:
    return event.name or say("Without a name")


def _offer(market: Market, one: Merged) -> Offer:
    return Offer(
        words.shop(market.target.provider),
        tuple(map(findings.priced, market.prices)),
        findings.state(market),
        link(market.url),
        choosing.market_address(market, one.event),
        _press(market, one),
        f"{market.target.provider}:{market.target.item}" if len(one.markets) > 1 else "",
    )


def _press(market: Market, one: Merged) -> dict[str, str] | None:
    """What one press asks for: to be told when it is cheaper than the price that includes most."""
    currencies = {price.currency for price in market.prices}
    if len(currencies) != 1 or not market.can_be_bought or not market.target.item:
        return None
    price = min(market.prices, key=_clarity)
    if price.low <= 1:  # nothing that costs something is cheaper
        return None
    target = market.target
    fields = {
        "name": (one.event.name or market.name or "")[:MAX_NAME],
        "provider": target.provider,
        "item": target.item,
        "country": target.country or "",
        "price": findings.plain(replace(price, low=price.low - 1)),
        "currency": price.currency,
        "basis": str(price.basis),
    }
    return {name: text for name, text in fields.items() if text}


def _clarity(price: Price) -> tuple[int, int]:
    return CLEAREST.index(price.basis), price.low
