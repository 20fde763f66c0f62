"""The nouns of Ticket Scout: frozen values without I/O.

What a person asks for (``Watch``, ``Target``, the conditions) is validated here, because it comes from
outside: an unknown field is refused, never ignored. What a provider says (``Observation``) and what we
conclude (``Decision``, ``Alert``) are plain values.

Two rules hold for every value. A price that is not known is absent, never 0. A time is aware; an event's
own time keeps the event's zone.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from watchers.money import CURRENCIES, exponent, minor_units

MAX_PRICE = Decimal(1_000_000)
MAX_NAME = 200


class Basis(StrEnum):
    """What a price includes. Only prices of one basis (and one currency) are ever compared."""

    FACE = "face"  # printed on the ticket, before fees
    ALL_IN = "all_in"  # what is paid in the end
    RESALE = "resale"  # asked by another fan, before fees
    LISTING = "listing"  # as a shop lists it; taxes may follow


class PriceKey(NamedTuple):
    """What makes two prices comparable."""

    basis: Basis
    currency: str

    def __str__(self) -> str:
        """``face_USD``: the form used as a field name in documents."""
        return f"{self.basis}_{self.currency}"

    @classmethod
    def parse(cls, text: str) -> "PriceKey":
        """The inverse of ``str``."""
        basis, currency = text.rsplit("_", 1)
        return cls(Basis(basis), currency)


class Kind(StrEnum):
    """What a condition waits for."""

    BELOW = "below"
    DROP = "drop"
    HISTORIC_LOW = "historic_low"
    NEW_LISTING = "new_listing"
    BACK_IN_STOCK = "back_in_stock"
    STATUS = "status"


class Channel(StrEnum):
    """How a person is told."""

    SMS = "sms"
    EMAIL = "email"


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


# ── what a person asks for ───────────────────────────────────────────────────────────────────────────────


def _plain_amount(value: object) -> Decimal:
    """A price as people write it: ``"90"``, ``"89.90"``, 90 or 89.9; no exponent, sign, NaN or separator."""
    text = str(value).strip() if isinstance(value, str | int | float | Decimal) and value is not True else ""
    if not re.fullmatch(r"\d{1,15}(\.\d{1,3})?", text):
        raise ValueError('write an amount as a plain number such as "90.00"')
    amount = Decimal(text)
    if not 0 < amount <= MAX_PRICE:
        raise ValueError(f"an amount must be over 0 and at most {MAX_PRICE:,}")
    return (
        Decimal(f"{amount:f}".rstrip("0").rstrip(".")) if "." in text else amount
    )  # 90 and 90.00 ask the same


def _number(value: object) -> object:
    """Yes and no are not numbers here."""
    if isinstance(value, bool):
        raise ValueError("must be a plain number")  # noqa: TRY004 - pydantic turns it into a sentence
    return value


def _one_line(value: object) -> object:
    """A name on one line, without what cannot be printed."""
    if not isinstance(value, str):
        return value
    return "".join(letter for letter in " ".join(value.split()) if letter.isprintable())


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError('this is no currency; write its ISO code, such as "USD"')
    return code


Amount = Annotated[Decimal, BeforeValidator(_plain_amount)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$"), AfterValidator(_known_currency)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
ProviderName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
ShortText = Annotated[str, Field(min_length=1, max_length=MAX_NAME), BeforeValidator(_one_line)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Search(_Document):
    """A query over a provider's catalogue; at least a keyword, a city or a category."""

    keyword: ShortText | None = None
    city: ShortText | None = None
    country: Country | None = None
    date_from: date | None = None
    date_to: date | None = None
    category: ShortText | None = None
    weekdays: tuple[Weekday, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.keyword or self.city or self.category):
            raise ValueError("a search needs a keyword, a city or a category")
        if self.date_from and self.date_to and self.date_from > self.date_to:
            raise ValueError("date_from must not be later than date_to")
        return self


class Target(_Document):
    """One thing that can be asked upstream. Watches that share a target share its calls.

    Exactly one of ``item`` (the provider's own id) and ``search`` is given. ``country`` chooses the shop
    for providers whose prices depend on it (two letters).
    """

    provider: ProviderName
    item: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    search: Search | None = None
    country: Country | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        if (self.item is None) == (self.search is None):
            raise ValueError("a target has either an item or a search")
        return self

    @cached_property
    def id(self) -> str:
        """Derived from what is asked, so that equal questions are one target: ``steam-1f0c…``."""
        canonical = json.dumps(self.to_document(), sort_keys=True, ensure_ascii=False)
        return f"{self.provider}-{hashlib.sha256(canonical.encode()).hexdigest()[:12]}"

    def to_document(self) -> dict[str, Any]:
        """The target as stored: only what was given."""
        return self.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


class Markets(_Document):
    """One event on several markets: any of them may fire."""

    markets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=10)]


class Below(_Document):
    """Lowest comparable price at or under the limit."""

    kind: Literal[Kind.BELOW]
    price: Amount
    currency: Currency
    basis: Basis | Literal["any"] = "any"

    @model_validator(mode="after")
    def _whole_minor_units(self) -> Self:
        if self.price != self.price.quantize(Decimal(1).scaleb(-exponent(self.currency))):
            digits = exponent(self.currency)
            raise ValueError(
                f"write the price with at most {digits} digits behind the point ({self.currency})"
            )
        return self

    @property
    def limit(self) -> int:
        """The limit in minor units."""
        return minor_units(self.price, self.currency)

    def concerns(self, key: PriceKey) -> bool:
        """Whether this limit speaks of prices of this key."""
        return key.currency == self.currency and self.basis in ("any", key.basis)


class Drop(_Document):
    """At least ``percent`` and at least ``min_saving`` (in the price's own currency) under the reference."""

    kind: Literal[Kind.DROP]
    percent: Annotated[float, Field(gt=0, lt=100, allow_inf_nan=False), BeforeValidator(_number)]
    min_saving: Amount | None = None
    basis: Basis | Literal["any"] = "any"

    def concerns(self, key: PriceKey) -> bool:
        """Whether this condition speaks of prices of this key."""
        return self.basis in ("any", key.basis)


class HistoricLow(_Document):
    """Under every price of the last ``days`` days."""

    kind: Literal[Kind.HISTORIC_LOW]
    days: Annotated[int, Field(ge=2, le=730), BeforeValidator(_number)]
    basis: Basis | Literal["any"] = "any"

    def concerns(self, key: PriceKey) -> bool:
        """Whether this condition speaks of prices of this key."""
        return self.basis in ("any", key.basis)


class NewListing(_Document):
    """An id not seen before among a search's results."""

    kind: Literal[Kind.NEW_LISTING]


class BackInStock(_Document):
    """Sold out or off sale, and now available."""

    kind: Literal[Kind.BACK_IN_STOCK]


class StatusChange(_Document):
    """On-sale or presale dates announced or moved; cancelled, postponed, rescheduled."""

    kind: Literal[Kind.STATUS]


PriceCondition = Below | Drop | HistoricLow
Condition = Annotated[
    Below | Drop | HistoricLow | NewListing | BackInStock | StatusChange, Field(discriminator="kind")
]


class Filters(_Document):
    """What narrows a watch. A provider that cannot honour a filter refuses the watch; it never ignores it."""

    min_quantity: Annotated[int, Field(ge=1, le=20), BeforeValidator(_number)] | None = None
    sections: tuple[ShortText, ...] = ()
    basis: Basis | None = None
    weekdays: tuple[Weekday, ...] = ()


def _target_or_markets(value: object) -> str:
    plural = isinstance(value, Markets) or (isinstance(value, Mapping) and "markets" in value)
    return "markets" if plural else "target"


class Watch(_Document):
    """What a person asked for: a target, conditions (any one is enough), and how to be told.

    ``already_true``: a condition that holds at the first look is told (``tell``), or taken as told so that
    only a further drop fires (``wait``).
    """

    name: ShortText
    target: Annotated[
        Annotated[Target, Tag("target")] | Annotated[Markets, Tag("markets")],
        Discriminator(_target_or_markets),
    ]
    conditions: Annotated[tuple[Condition, ...], Field(min_length=1, max_length=10)]
    already_true: Literal["tell", "wait"] = "tell"
    notify: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=2)] = (Channel.SMS, Channel.EMAIL)
    status: Literal["active", "paused"] = "active"
    filters: Filters = Filters()

    @cached_property
    def targets(self) -> tuple[Target, ...]:
        """Every target asked for this watch. A filter that changes the question is part of the target."""
        asked = self.target.markets if isinstance(self.target, Markets) else (self.target,)
        return tuple(self._narrowed(target) for target in asked)

    def _narrowed(self, target: Target) -> Target:
        if target.search is None or not self.filters.weekdays:
            return target
        search = target.search.model_copy(update={"weekdays": self.filters.weekdays})
        return target.model_copy(update={"search": search})

    @property
    def rule(self) -> dict[str, Any]:
        """What was asked, without name, channels or pause: when this changes, the watch starts anew."""
        return self.model_dump(mode="json", include={"target", "conditions", "already_true", "filters"})

    def wants(self, key: PriceKey) -> bool:
        """Whether prices of this key count at all under the watch's filters."""
        return self.filters.basis in (None, key.basis)


# ── what a provider says ─────────────────────────────────────────────────────────────────────────────────


class Availability(StrEnum):
    """Whether it can be bought now. ``UNKNOWN`` never changes anything."""

    AVAILABLE = "available"
    UNAVAILABLE = "unavailable"  # sold out, off sale, or not yet on sale
    UNKNOWN = "unknown"


class EventStatus(StrEnum):
    """Where an event stands, as its seller says."""

    ONSALE = "onsale"
    OFFSALE = "offsale"
    CANCELLED = "cancelled"
    POSTPONED = "postponed"
    RESCHEDULED = "rescheduled"


@dataclass(frozen=True, slots=True)
class Price:
    """One price of one key, in minor units. ``high`` is the upper end where a range is published."""

    basis: Basis
    currency: str
    low: int
    high: int | None = None

    @property
    def key(self) -> PriceKey:
        """What this price may be compared with."""
        return PriceKey(self.basis, self.currency)


@dataclass(frozen=True, slots=True)
class Presale:
    """A window before the public sale."""

    name: str
    starts_at: datetime
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What a provider said about a target at one moment.

    Attributes:
        target: What was asked. For an entry of ``listings``, the entry as a target of its own.
        at: When the answer arrived (aware UTC).
        name, url, venue, city: As published; ``None`` when not said. ``url`` is the official page.
        starts_at: Aware, in the event's own zone; ``None`` while the hour is not announced.
        starts_on: The local date where one is announced, also when the hour is not.
        status: ``None`` when not said.
        availability: ``UNKNOWN`` unless the provider said it clearly.
        onsale_at, presales: Announced windows (aware UTC).
        prices: At most one per price key; a price that is not known is absent.
        listings: For a search, everything found; ``None`` for an item. May be empty.
        problems: What could not be understood, as short sentences for the operator.
    """

    target: Target
    at: datetime
    name: str | None = None
    url: str | None = None
    venue: str | None = None
    city: str | None = None
    starts_at: datetime | None = None
    starts_on: date | None = None
    status: EventStatus | None = None
    availability: Availability = Availability.UNKNOWN
    onsale_at: datetime | None = None
    presales: tuple[Presale, ...] = ()
    prices: tuple[Price, ...] = ()
    listings: "tuple[Observation, ...] | None" = None
    problems: tuple[str, ...] = ()

    @property
    def buyable_prices(self) -> Mapping[PriceKey, int]:
        """The lowest price of each key, in minor units. What cannot be bought has no price."""
        if self.availability is Availability.UNAVAILABLE:
            return {}
        return {price.key: price.low for price in self.prices}


# ── what we conclude ─────────────────────────────────────────────────────────────────────────────────────


class Reason(StrEnum):
    """Why a watch fired or did not: a closed vocabulary, so that one word in a log answers a question."""

    # fired
    BELOW_LIMIT = "below_limit"
    DROPPED = "dropped"
    HISTORIC_LOW = "historic_low"
    FURTHER_DROP = "further_drop"
    NEW_LISTING = "new_listing"
    BACK_IN_STOCK = "back_in_stock"
    STATUS_CHANGED = "status_changed"
    # did not fire
    FIRST_LOOK = "first_look"  # a silent baseline
    TAKEN_AS_TOLD = "taken_as_told"  # already true when saved, and the person chose to wait
    NOT_TRUE = "not_true"
    ALREADY_TOLD = "already_told"
    REARMED = "rearmed"  # clearly false for two looks: the next time counts again
    SECOND_LOOK = "second_look"  # suspicious: held until a second look agrees
    NEW_PRICE_KEY = "new_price_key"  # a kind of price that was not published before
    NOT_ENOUGH_HISTORY = "not_enough_history"
    NOT_KNOWN = "not_known"
    OUT_OF_DATE = "out_of_date"  # an observation no newer than one already decided on
    EVENT_OVER = "event_over"

    @property
    def fires(self) -> bool:
        """Whether this reason tells somebody."""
        return self in _FIRING


_FIRING = frozenset(
    {
        Reason.BELOW_LIMIT,
        Reason.DROPPED,
        Reason.HISTORIC_LOW,
        Reason.FURTHER_DROP,
        Reason.NEW_LISTING,
        Reason.BACK_IN_STOCK,
        Reason.STATUS_CHANGED,
    }
)


class AlertState(StrEnum):
    """Where an alert stands; the machine is drawn in ``notifiers/outbox.py``."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNCERTAIN = "uncertain"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class News:
    """What an alert says, as facts; the wording is ``notifiers/messages.py``'s.

    ``price`` and ``was`` are minor units of ``currency``. ``detail`` is the sentence of a status change or
    the other new listings. ``next_text`` is the rule in one line.
    """

    reason: Reason
    watch_name: str
    provider: str
    event_name: str | None = None
    url: str | None = None
    venue: str | None = None
    city: str | None = None
    starts_at: datetime | None = None
    starts_on: date | None = None
    basis: Basis | None = None
    currency: str | None = None
    price: int | None = None
    was: int | None = None
    detail: str | None = None
    next_text: str | None = None
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One outbox entry: one watch, one episode step, one channel.

    ``id`` is derived from those, so that deciding the same thing twice is one alert. ``code`` is what a
    person sees (its first four characters, ``#K7Q2``) and what the short link carries (all eight).
    ``due_at`` is when the outbox must look at it next; ``None`` once it is settled. ``copy_of`` names the
    alert whose text could not be delivered or confirmed. ``version`` is the store's and never written.
    """

    id: str
    uid: str
    watch_id: str
    channel: Channel
    code: str
    news: News
    created_at: datetime
    state: AlertState = AlertState.PENDING
    due_at: datetime | None = None
    attempts: int = 0
    receipt: str | None = None
    why: str | None = None
    settled_at: datetime | None = None
    also_by_email: bool = False
    copy_of: str | None = None
    copy_why: str | None = None
    version: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to tell: ``people/{uid}``, written by the server only. Unverified contacts are never used."""

    uid: str
    phone: str | None = None
    phone_verified_at: datetime | None = None
    email: str | None = None
    email_verified_at: datetime | None = None
    timezone: str = "UTC"
    opted_out_at: datetime | None = None
