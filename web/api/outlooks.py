"""Before a watch is saved: what a text stands for, what is known of a thing, what a watch would have told."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from watchers import box, suggesting, trying
from watchers.models import Reason
from watchers.money import Basis, PriceKey
from watchers.observation import Availability, EventStatus
from watchers.suggesting import Record
from watchers.target import Target
from watchers.watch import AskedTarget, Watch
from web import sight
from web.api.markets import ComparisonAsked
from web.api.models import CurrencyCode, Day, Moment, Money, Priced, money, priced
from web.api.operation import Call, Operation, Reply
from web.api.shape import Shape
from web.api.watches import judged
from web.site import site


class Told(Shape):
    """A text that would have come."""

    at: Moment
    reason: Reason
    basis: Basis
    currency: CurrencyCode
    amount: Money


class Trial(Shape):
    """What a watch would have told in the last thirty days, had it been saved then."""

    target: AskedTarget = Field(description="On which it was tried: the first of its targets.")
    told: tuple[Told, ...]
    days: int = Field(ge=0, description="Over so many days prices were recorded.")
    is_enough: bool = Field(description="Whether that says anything.")
    untried: tuple[str, ...] = Field(description="Kinds of conditions of whose past nothing is kept.")


class BoxAsked(Shape):
    """A name, a link or an id."""

    text: Annotated[
        str, Field(min_length=1, max_length=box.LONGEST, examples=["https://store.steampowered.com/app/620"])
    ]


class BoxRead(Shape):
    """What a text stands for."""

    items: tuple[AskedTarget, ...] = Field(
        description="What can be watched as it is; of several, one is meant."
    )
    words: str | None = Field(description="What to search all markets for, instead or as well.")
    name: str | None = Field(description="What it is called, as far as its link says.")
    said: tuple[str, ...] = Field(description="What was understood, or could not be taken as it was.")
    error: str | None = Field(description="What to write instead, where nothing can be done with it.")


class Recorded(Shape):
    """One kind of price, as it is recorded here."""

    basis: Basis
    currency: CurrencyCode
    now: Money
    seen_at: Moment
    lowest: Money
    lowest_at: Moment
    highest: Money
    since: Moment = Field(description="When the record begins.")
    is_long: bool = Field(description="Whether it is long enough to call anything a low.")


class Suggested(Shape):
    """A limit that may come true, and why that one."""

    basis: Basis
    currency: CurrencyCode
    limit: Money
    why: str


class Outlook(Shape):
    """What is known of what somebody is about to watch."""

    target: AskedTarget
    name: str | None
    venue: str | None
    city: str | None
    starts_at: Moment | None
    starts_on: Day | None
    status: EventStatus | None
    availability: Availability | None = Field(description="null: nobody has seen it.")
    image: str | None
    url: str | None
    prices: tuple[Priced, ...]
    records: tuple[Recorded, ...]
    suggestions: tuple[Suggested, ...] = Field(description="For each kind of price, where one can be made.")
    is_over: bool = Field(description="Whether it has taken place: it cannot be watched.")
    why_unseen: str | None = Field(description="Why its market does not say; null where it does.")


def attempt(call: Call) -> Reply:
    """Try a watch on the past."""
    asked: Watch = call.body
    judged(asked)
    tried = trying.tried(site().documents, asked, site().now())
    told = tuple(
        Told(
            at=one.at,
            reason=one.reason,
            basis=Basis(one.basis),
            currency=one.currency,
            amount=money(one.price, one.currency) or "",
        )
        for one in tried.told
    )
    return Reply(
        Trial(
            target=tried.target,
            told=told,
            days=tried.days,
            is_enough=tried.is_enough,
            untried=tuple(str(one.kind) for one in tried.untried),
        )
    )


def read(call: Call) -> Reply:
    """What a text stands for; nobody is asked."""
    asked: BoxAsked = call.query
    wanted = box.read(asked.text, site().providers, site().asked.values())
    return Reply(
        BoxRead(
            items=wanted.items,
            words=wanted.words or None,
            name=wanted.name or None,
            said=wanted.said,
            error=wanted.error or None,
        )
    )


def look(call: Call) -> Reply:
    """What is known of one item."""
    asked: ComparisonAsked = call.query
    target = Target(asked.provider, asked.item, None, asked.country)
    known = sight.sight(target, call.uid) if asked.provider in site().providers else sight.unseen()
    seen, latest = known.seen, known.latest
    return Reply(
        Outlook(
            target=target,
            name=seen.name if seen else None,
            venue=seen.venue if seen else None,
            city=seen.city if seen else None,
            starts_at=latest.starts_at if latest else None,
            starts_on=latest.starts_on if latest else None,
            status=latest.status if latest else None,
            availability=latest.availability if latest else None,
            image=seen.image if seen else None,
            url=seen.url if seen else None,
            prices=tuple(map(priced, latest.prices)) if latest else (),
            records=tuple(_recorded(key, one) for key, one in known.records.items()),
            suggestions=tuple(_suggested(known.records.values())),
            is_over=known.is_over,
            why_unseen=known.why or (None if seen else "There is no such provider, or nobody can be asked."),
        )
    )


def _recorded(key: PriceKey, one: Record) -> Recorded:
    return Recorded(
        basis=key.basis,
        currency=key.currency,
        now=money(one.now, key.currency) or "",
        seen_at=one.seen_at,
        lowest=money(one.lowest, key.currency) or "",
        lowest_at=one.lowest_at,
        highest=money(one.highest, key.currency) or "",
        since=one.since,
        is_long=one.is_long,
    )


def _suggested(records: Iterable[Record]) -> list[Suggested]:
    found = map(suggesting.suggestion, records)
    return [
        Suggested(
            basis=one.key.basis,
            currency=one.key.currency,
            limit=money(one.limit, one.key.currency) or "",
            why=one.why,
        )
        for one in found
        if one
    ]


_TAG = "Markets"

OPERATIONS = (
    Operation(
        name="readBox", method="GET", path="/box", run=read, tag=_TAG, query=BoxAsked,
        summary="What a name, a link or an id stands for", answers={200: BoxRead},
        details="Nothing is asked of any market.", example_query="text=https://store.steampowered.com/app/620",
    ),
    Operation(
        name="lookAt", method="GET", path="/look", run=look, tag=_TAG, query=ComparisonAsked,
        summary="What is known of an item, and a limit that may come true", answers={200: Outlook},
        details="Its market is asked where nobody did in the last five minutes; that counts as a search.",
        example_query="provider=ticketmaster&item=vvG1zZ9abc",
    ),
    Operation(
        name="tryWatch", method="POST", path="/trials", run=attempt, tag="Watches", body=Watch,
        summary="What a watch would have told in the last thirty days", answers={200: Trial},
        example={
            "name": "Lakers v Warriors under $90",
            "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
            "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
        },
        details="Nothing is saved. The rules decide over the prices that were recorded.",
    ),
)  # fmt: skip
