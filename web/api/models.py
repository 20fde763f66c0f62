"""What is answered. Money is text with its currency, a time RFC 3339 in UTC; what is not known is null."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from watchers.kinds import Channel
from watchers.models import AlertState, Reason
from watchers.money import Basis, decimal_amount, exponent
from watchers.observation import Availability, EventStatus, ItemCondition, Price
from watchers.watch import Watch
from web.api.shape import Shape

Money = Annotated[
    str,
    Field(
        pattern=r"^\d{1,15}(\.\d{1,3})?$",
        description="Major units as text, with all digits of the currency; never rounded.",
        examples=["84.00"],
    ),
]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.", examples=["USD"])]
Moment = AwareDatetime
Day = date
WatchId = Annotated[str, Field(min_length=1, max_length=200, examples=["0f1e2d3c4b5a69788796"])]
Cursor = Annotated[str | None, Field(description="`cursor` of the next page; null at the end.")]


def money(minor: int | None, currency: str | None) -> str | None:
    """``8400, "USD"`` -> ``"84.00"``; ``None`` where there is none."""
    if minor is None or currency is None:
        return None
    return f"{decimal_amount(minor, currency):.{exponent(currency)}f}"


def major(amount: Decimal | None, currency: str | None) -> str | None:
    """An amount of major units, written like all others."""
    return None if amount is None or currency is None else f"{amount:.{exponent(currency)}f}"


class Priced(Shape):
    """One price, and what it includes."""

    basis: Basis
    currency: CurrencyCode
    low: Money
    high: Money | None = Field(description="The upper end, where a range is published.")
    average: Money | None = Field(description="The mean, where the market says one.")


def priced(price: Price) -> Priced:
    """A price as it is answered."""
    return Priced(
        basis=price.basis,
        currency=price.currency,
        low=money(price.low, price.currency) or "",
        high=money(price.high, price.currency),
        average=money(price.average, price.currency),
    )


# ── watches ──────────────────────────────────────────────────────────────────────────────────────────────


class SavedWatch(Shape):
    """A watch as its owner saved it."""

    id: WatchId
    name: str = Field(description="What its owner calls it.")
    updated_at: Moment = Field(description="When it was last changed.")
    watch: Watch | None = Field(
        description="What it asks for; null where what was written is no watch at all."
    )


class SavedWatches(Shape):
    """A page of watches, by id."""

    watches: tuple[SavedWatch, ...]
    next: Cursor


class Told(Shape):
    """What its owner was told last."""

    at: Moment
    amount: Money | None
    currency: CurrencyCode | None


class SeenPrice(Shape):
    """The lowest price of one kind at one target, as last seen."""

    target: str = Field(description="The target's id.", examples=["ticketmaster-1f0c2b3a4d5e"])
    provider: str
    basis: Basis
    currency: CurrencyCode
    amount: Money
    seen_at: Moment


class SeenTarget(Shape):
    """What is known of one target."""

    id: str
    provider: str
    availability: Availability
    seen_at: Moment | None = Field(description="When it was last seen; null: not yet.")
    is_blind: bool = Field(description="Whether it was not seen for longer than it should be.")


class Standing(Shape):
    """How a watch stands."""

    id: WatchId
    state: Literal["saving", "refused", "paused", "ended", "blind", "snoozed", "watching"] = Field(
        description=(
            "`saving`: the worker has not picked it up yet. `refused`: see `reasons`. `blind`: a target was "
            "not seen for longer than it should be."
        )
    )
    reasons: tuple[str, ...] = Field(description="Why it was refused, as sentences.")
    told: Told | None
    targets: tuple[SeenTarget, ...]
    prices: tuple[SeenPrice, ...]
    rules: tuple[str, ...] = Field(description="What is told next, in a sentence for each kind of price.")
    served: tuple[str, ...] = Field(description="How often it is looked at, in sentences.")
    warnings: tuple[str, ...] = Field(description="What is wrong with how it is looked at, if anything is.")


class PriceStep(Shape):
    """A price that stood from `since` to `until`. Between two steps nothing is known."""

    since: Moment
    until: Moment
    amount: Money


class PriceSteps(Shape):
    """The past of one kind of price at one target, oldest first."""

    target: str
    provider: str
    basis: Basis
    currency: CurrencyCode
    complete_since: Moment = Field(description="From when on nothing is missing in it.")
    steps: tuple[PriceStep, ...]


class PriceHistory(Shape):
    """The past prices of everything that a watch looks at."""

    id: WatchId
    prices: tuple[PriceSteps, ...]


class Verdict(Shape):
    """What one look meant to one condition."""

    condition: int = Field(description="Which of the watch's conditions, from 0.", ge=0)
    price_key: str | None = Field(description="The kind of price, such as `face_USD`.")
    reason: Reason


class Look(Shape):
    """One look: what was seen, and what it meant."""

    at: Moment
    seen: str = Field(description="In words.")
    reason: Reason | None = Field(description="What it comes to; null where nothing is left to say.")
    verdicts: tuple[Verdict, ...]


class LookedAt(Shape):
    """The recent looks at one target."""

    target: str
    state: str = Field(description="In words.")
    rule: str | None = Field(description="What is told next.")
    looks: tuple[Look, ...]


class Why(Shape):
    """Why a watch told, and why not: its recent looks decided again."""

    id: WatchId
    state: str
    not_replayed: str | None = Field(description="What cannot be decided again, if anything cannot.")
    targets: tuple[LookedAt, ...]


# ── alerts ───────────────────────────────────────────────────────────────────────────────────────────────


class ToldNews(Shape):
    """What an alert says."""

    reason: Reason
    watch_name: str
    provider: str
    event_name: str | None
    venue: str | None
    city: str | None
    starts_at: Moment | None
    starts_on: date | None = Field(description="The event's own day.")
    basis: Basis | None
    currency: CurrencyCode | None
    price: Money | None
    was: Money | None
    detail: str | None
    url: str | None = Field(description="The official page.")
    observed_at: Moment | None


class ToldAlert(Shape):
    """One alert by one channel, and what became of it."""

    id: str
    watch_id: str
    code: str = Field(description="The four letters that its text shows.")
    channel: Channel
    state: AlertState
    why: str | None = Field(
        description="Of a state that is not plain success: one word, or the vendor's code."
    )
    is_new: bool = Field(description="Whether it waits to be called read.")
    created_at: Moment
    due_at: Moment | None = Field(description="When it is tried next; null: it has come to rest.")
    settled_at: Moment | None
    news: ToldNews


class ToldAlerts(Shape):
    """A page of alerts, newest first."""

    alerts: tuple[ToldAlert, ...]
    next: Cursor


class ReadAlerts(Shape):
    """Which alerts to call read."""

    ids: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(min_length=1, max_length=500)
    ]


# ── markets ──────────────────────────────────────────────────────────────────────────────────────────────


class MarketOffer(Shape):
    """What one market says of an event."""

    provider: str
    item: str | None = Field(description="The market's own id.")
    name: str | None
    url: str | None
    prices: tuple[Priced, ...]
    availability: Availability
    status: EventStatus | None
    listings: int | None = Field(description="How many offers it has; null: it does not say.")
    condition: ItemCondition | None
    observed_at: Moment


class BestOffer(Shape):
    """The lowest price among like."""

    provider: str
    basis: Basis
    currency: CurrencyCode
    amount: Money
    condition: ItemCondition | None
    of: int = Field(description="Of so many markets that have such a price.", ge=1)


class FoundEvent(Shape):
    """One event, or thing, as all markets have it."""

    name: str | None
    venue: str | None
    city: str | None
    state: str | None
    country: str | None
    date: Day | None = Field(description="The venue's own day.")
    time: str | None = Field(description="The venue's own time of day, 19:30:00.")
    timezone: str | None
    performers: tuple[str, ...]
    category: str | None
    image: str | None
    available: bool | None
    best: tuple[BestOffer, ...]
    markets: tuple[MarketOffer, ...]


class Asked(Shape):
    """Who was asked, and who is missing."""

    answered: tuple[str, ...]
    absences: Mapping[str, str] = Field(description="Markets that were asked and not seen, and why.")
    unasked: Mapping[str, str] = Field(description="Markets that cannot be asked this, and why.")
    off: Mapping[str, str] = Field(description="Markets that are switched off here, and why.")
    remarks: Mapping[str, tuple[str, ...]]
    as_of: Moment | None = Field(description="When the oldest answer in it arrived.")


class FoundEvents(Shape):
    """What a search found."""

    events: tuple[FoundEvent, ...]
    more: int = Field(description="So many more are not shown; name a city, days or more words.", ge=0)
    asked: Asked


class DealSaid(Shape):
    """How good a price is, in clauses; `unknown` where too little is known to say."""

    verdict: Literal["good", "usual", "dear", "unknown"]
    clauses: tuple[str, ...]
    is_confident: bool
    said: str


class Compared(Shape):
    """One event on every market."""

    event: FoundEvent | None = Field(description="null where its own market was not seen.")
    deal: DealSaid | None = Field(description="How good its best price is; null where none can be bought.")
    asked: Asked


class DealFound(Shape):
    """What costs at most as much as was asked."""

    event: FoundEvent
    provider: str
    item: str | None
    url: str | None
    basis: Basis
    currency: CurrencyCode
    amount: Money
    condition: ItemCondition | None
    quantity: int | None = Field(description="How many offers there are; null: it is not said.")


class Deals(Shape):
    """Deals, the lowest of each kind of price first."""

    deals: tuple[DealFound, ...]
    more: int = Field(description="So many more are not shown.", ge=0)
    asked: Asked


class ProviderState(Shape):
    """One provider."""

    name: str
    title: str = Field(description="What people call it.")
    is_on: bool
    why_off: str | None
    calls_left: str | None = Field(description="How much of its quota is left, in words; null: not known.")


class ProviderStates(Shape):
    """All providers."""

    providers: tuple[ProviderState, ...]


# ── oneself ──────────────────────────────────────────────────────────────────────────────────────────────


class TokenMade(Shape):
    """A token, as it is listed."""

    id: str = Field(description="The digest of the token: not a secret.", pattern=r"^[0-9a-f]{64}$")
    name: str
    scope: Literal["read", "write"]
    created_at: Moment
    expires_at: Moment | None = Field(description="null: it works until it is revoked.")
    used_on: date | None = Field(description="The last day it was used (UTC); null: never.")


class NewToken(Shape):
    """A token that was just made."""

    token: str | None = Field(
        description="The token itself, shown this once; null when the same request is answered again."
    )
    made: TokenMade


class TokensMade(Shape):
    """All of one's tokens, the newest first."""

    tokens: tuple[TokenMade, ...]


class TokenAsked(Shape):
    """A token to be made."""

    name: Annotated[
        str, Field(min_length=1, max_length=60, description="What it is for.", examples=["my script"])
    ]
    scope: Literal["read", "write"] = "read"
    expires_at: Moment | None = Field(default=None, description="Until when it works; leave it out for ever.")


class Exported(Shape):
    """Everything one asked for, to be kept elsewhere."""

    exported_at: Moment
    watches: tuple[SavedWatch, ...]
