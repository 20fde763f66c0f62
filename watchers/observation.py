"""What a provider says: frozen values without I/O.

Two rules hold for every value. A price that is not known is absent, never 0. A time is aware; an event's
own time keeps the event's zone.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum

import msgspec

from watchers.money import Basis, PriceKey
from watchers.target import Target


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


class ItemCondition(StrEnum):
    """What state a thing is sold in, where its seller says so. Only like is compared with like."""

    NEW = "new"
    OPEN_BOX = "open_box"
    REFURBISHED = "refurbished"
    USED = "used"


class Price(msgspec.Struct, frozen=True):
    """One price of one key, in minor units.

    ``high`` is the upper end where a range is published, ``average`` the mean where the source says one.
    """

    basis: Basis
    currency: str
    low: int
    high: int | None = None
    average: int | None = None

    @property
    def key(self) -> PriceKey:
        """What this price may be compared with."""
        return PriceKey(self.basis, self.currency)


class Presale(msgspec.Struct, frozen=True):
    """A window before the public sale."""

    name: str
    starts_at: datetime
    ends_at: datetime | None = None


class Observation(msgspec.Struct, frozen=True):
    """What a provider said about a target at one moment.

    Attributes:
        target: What was asked. For an entry of ``listings``, the entry as a target of its own.
        at: When the answer arrived (aware UTC).
        name, url, venue, city, region: As published; ``None`` when not said. ``url`` is the official page,
            ``region`` a state or province.
        country: Of the venue, two letters.
        performers: Who plays, by name, as published; the first is the headliner where the source says so.
        category: What kind of event or thing it is, in the source's own words.
        image: Address of a picture.
        condition: Of a thing; ``None`` when not said.
        listing_count: How many offers the source says there are.
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
    region: str | None = None
    country: str | None = None
    performers: tuple[str, ...] = ()
    category: str | None = None
    image: str | None = None
    condition: ItemCondition | None = None
    listing_count: int | None = None
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
