"""Events across all markets: search, compare, deals; and which providers there are.

A search costs calls of the markets' quotas, so each person has so many, counted with those of the page.
"""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from watchers import plan
from watchers.catalog import Catalog
from watchers.catalog.bargains import Bargain, limit
from watchers.catalog.found import Found
from watchers.catalog.merged import Best, Market, Merged
from watchers.catalog.question import question
from watchers.money import Basis
from watchers.target import Search, Target
from watchers.watch import MAX_NAME
from web import words
from web.api import callers, reading
from web.api.models import (
    Asked,
    BestOffer,
    Compared,
    DealFound,
    Deals,
    DealSaid,
    FoundEvent,
    FoundEvents,
    MarketOffer,
    ProviderState,
    ProviderStates,
    money,
    priced,
)
from web.api.operation import Call, Operation, Reply
from web.api.paging import whole
from web.api.problems import ProblemError
from web.api.shape import Shape
from web.site import site

MOST = 100  # events of one answer

_Text = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]
_Country = Annotated[
    str, Field(pattern=r"^[A-Z]{2}$", description="Two letters (ISO 3166).", examples=["US"])
]


def _day(value: object) -> object:
    """A day as a query writes it."""
    if isinstance(value, str) and len(value) != len("2026-12-31"):
        raise ValueError('write a date such as "2026-12-31"')
    return value


_Day = Annotated[date, BeforeValidator(_day)]


class SearchAsked(Shape):
    """What is searched for: at least a keyword, a city or a category."""

    keyword: _Text | None = Field(None, description="An artist, team, show or article.", examples=["Lakers"])
    city: _Text | None = Field(None, examples=["Los Angeles"])
    country: _Country | None = None
    date_from: _Day | None = Field(None, description="The first day, the venue's own.")
    date_to: _Day | None = Field(None, description="The last day.")
    category: _Text | None = Field(None, examples=["sports"])

    def question(self) -> Search:
        """As the catalog is asked.

        Raises:
            ProblemError: 422 with a sentence for each fault.
        """
        named = {name: getattr(self, name) for name in SearchAsked.model_fields}
        try:
            return question(named)
        except ValueError as exc:
            raise reading.not_asked(str(exc)) from exc


class ComparisonAsked(Shape):
    """One event, by the id that one market has for it."""

    provider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$", examples=["ticketmaster"])]
    item: Annotated[str, Field(min_length=1, max_length=2000, examples=["vvG1zZ9abc"])]
    country: _Country | None = None


class DealsAsked(SearchAsked):
    """A search, and what may be paid."""

    max_price: Annotated[
        str,
        Field(
            pattern=r"^\d{1,7}(\.\d{1,3})?$",
            description="The most to pay, in major units.",
            examples=["90.00"],
        ),
    ]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.", examples=["USD"])] = "USD"
    min_quantity: Annotated[int, BeforeValidator(whole), Field(ge=1, le=20)] = 1
    basis: Basis | None = Field(None, description="Only this kind of price.")

    def most(self) -> tuple[Decimal, str]:
        """The price and its currency.

        Raises:
            ProblemError: 422, it is none.
        """
        try:
            return limit(self.max_price, self.currency)
        except ValueError as exc:
            raise reading.not_asked(str(exc)) from exc


def search(call: Call) -> Reply:
    """Search all markets."""
    asked: SearchAsked = call.query
    wanted = asked.question()
    found = _catalog(call.uid).find(wanted)
    events = found.events[:MOST]
    return Reply(
        FoundEvents(
            events=tuple(map(_event, events)), more=len(found.events) - len(events), asked=_asked(found)
        )
    )


def compare(call: Call) -> Reply:
    """One event on every market."""
    asked: ComparisonAsked = call.query
    catalog = _catalog(call.uid)
    try:
        found = catalog.compare(Target(asked.provider, asked.item, None, asked.country))
    except ValueError as exc:
        raise reading.not_asked(str(exc)) from exc
    one = found.events[0] if found.events else None
    good = catalog.deal(one) if one else None
    said = DealSaid.model_validate(good.to_json()) if good else None
    return Reply(Compared(event=_event(one) if one else None, deal=said, asked=_asked(found)))


def deals(call: Call) -> Reply:
    """What costs at most so much."""
    asked: DealsAsked = call.query
    wanted, (price, currency) = asked.question(), asked.most()
    found, everything = _catalog(call.uid).deals(
        wanted, price, currency, min_quantity=asked.min_quantity, basis=asked.basis
    )
    shown = found[:MOST]
    return Reply(
        Deals(deals=tuple(map(_deal, shown)), more=len(found) - len(shown), asked=_asked(everything))
    )


def _catalog(uid: str) -> Catalog:
    """All markets, for one question of this person's.

    Raises:
        ProblemError: 404 where there is nothing to search, 429 after too many questions.
    """
    catalog = site().catalog
    if catalog is None:
        raise ProblemError(404, "No market can be searched here.")
    if wait := site().searches.wait(uid, site().now()):
        raise callers.too_often(wait)
    return catalog


def _event(one: Merged) -> FoundEvent:
    event = one.event
    facts = {name: getattr(event, name) for name in _FACTS}
    return FoundEvent(
        **facts,
        time=event.time.isoformat() if event.time else None,
        best=tuple(map(_best, one.best)),
        markets=tuple(map(_market, one.markets)),
    )


_FACTS = (
    "name", "venue", "city", "state", "country", "date", "timezone", "performers", "category", "image",
    "available",
)  # fmt: skip


def _best(one: Best) -> BestOffer:
    price = one.price
    return BestOffer(
        provider=one.market.target.provider,
        basis=price.basis,
        currency=price.currency,
        amount=money(price.low, price.currency) or "",
        condition=one.market.condition,
        of=one.of,
    )


def _market(one: Market) -> MarketOffer:
    return MarketOffer(
        provider=one.target.provider,
        item=one.target.item or None,
        name=one.name,
        url=one.url,
        prices=tuple(map(priced, one.prices)),
        availability=one.availability,
        status=one.status,
        listings=one.listing_count,
        condition=one.condition,
        observed_at=one.observed_at,
    )


def _deal(one: Bargain) -> DealFound:
    return DealFound(
        event=_event(one.merged),
        provider=one.market.target.provider,
        item=one.market.target.item or None,
        url=one.market.url,
        basis=one.price.basis,
        currency=one.price.currency,
        amount=money(one.price.low, one.price.currency) or "",
        condition=one.market.condition,
        quantity=one.quantity,
    )


def _asked(found: Found) -> Asked:
    said: dict[str, Any] = found.surroundings()
    return Asked.model_validate({**said, "as_of": found.as_of})


def providers(_: Call) -> Reply:
    """Which providers there are."""
    plans = site().plans()

    def left(name: str) -> str | None:
        known = plans.of_provider(name) if site().providers[name] == "on" else None
        return plan.calls_left(known) if known else None

    states = tuple(
        ProviderState(
            name=name,
            title=words.shop(name),
            is_on=state == "on",
            why_off=None if state == "on" else state,
            calls_left=left(name),
        )
        for name, state in site().providers.items()
    )
    return Reply(ProviderStates(providers=states))


_TAG = "Markets"
_COSTS = "It costs calls of the markets' quotas: 20 in five minutes, counted with those of the page."

OPERATIONS = (
    Operation(
        name="search", method="GET", path="/search", run=search, tag=_TAG, query=SearchAsked,
        summary="Search all markets", answers={200: FoundEvents}, refusals=(404,),
        details=f"{_COSTS} The same event on several markets is one entry.",
        example_query="keyword=Lakers&city=Los+Angeles&country=US",
    ),
    Operation(
        name="compare", method="GET", path="/compare", run=compare, tag=_TAG, query=ComparisonAsked,
        summary="One event on every market", answers={200: Compared}, refusals=(404,), details=_COSTS,
        example_query="provider=ticketmaster&item=vvG1zZ9abc",
    ),
    Operation(
        name="findDeals", method="GET", path="/deals", run=deals, tag=_TAG, query=DealsAsked,
        summary="What costs at most so much", answers={200: Deals}, refusals=(404,), details=_COSTS,
        example_query="keyword=Lakers&max_price=90&currency=USD",
    ),
    Operation(
        name="listProviders", method="GET", path="/providers", run=providers, tag=_TAG,
        summary="Which providers are on, and what is left of their quotas", answers={200: ProviderStates},
    ),
)  # fmt: skip
