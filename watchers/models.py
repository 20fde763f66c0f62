"""What a provider says, and what we conclude: frozen values without I/O.

Two rules hold for every value. A price that is not known is absent, never 0. A time is aware; an event's
own time keeps the event's zone. What a person asks for is in ``watch.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from watchers.money import Basis, PriceKey
from watchers.watch import Channel, Target


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
