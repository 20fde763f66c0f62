"""What the sandbox's market can sell, as frozen values: an event on one date, a game, and their prices."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

MARK = "(sandbox)"  # ends every name that leaves the market
MAX_AMOUNT = Decimal(1_000_000)
STATUSES = ("onsale", "offsale", "cancelled", "postponed", "rescheduled")


@dataclass(frozen=True, slots=True)
class Venue:
    """Where an event takes place; ``timezone`` is the place's own, ``currency`` what is charged there."""

    id: str
    name: str
    city: str
    country_code: str
    country: str
    timezone: str
    currency: str


@dataclass(frozen=True, slots=True)
class PriceRange:
    """One typed range of an event: ``face``, or ``all_in`` with the fees."""

    basis: str
    currency: str
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Presale:
    """A window before the public sale (aware UTC)."""

    name: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """One date of one act.

    ``listed`` is false for a pseudo-event (parking, a premium seat): no url, no sale, no classification.
    ``local_time`` is ``None`` while no hour is announced; ``tba`` means not even the date is certain.
    ``onsale_at`` is ``None`` where the seller publishes its 1900 placeholder.
    """

    id: str
    act: str
    venue: Venue
    on: date
    local_time: time | None
    segment: str
    genre: str
    status: str = "onsale"
    prices: tuple[PriceRange, ...] = ()
    onsale_at: datetime | None = None
    presales: tuple[Presale, ...] = ()
    tba: bool = False
    listed: bool = True
    says_timezone: bool = True
    locale: str = "en-us"

    @property
    def name(self) -> str:
        """As published, always marked."""
        return f"{self.act} {MARK}"

    @property
    def bases(self) -> tuple[str, ...]:
        """The kinds of price that can be set: those it has (the printed one first), or the printed one."""
        return tuple(sorted((price.basis for price in self.prices), reverse=True)) or ("face",)

    @property
    def starts_at(self) -> datetime:
        """Aware UTC; the local midnight where no hour is announced."""
        local = datetime.combine(self.on, self.local_time or time(), ZoneInfo(self.venue.timezone))
        return local.astimezone(UTC)

    def price(self, basis: str) -> PriceRange | None:
        """The range of this kind, or ``None``."""
        return next((price for price in self.prices if price.basis == basis), None)

    def priced(self, basis: str, amount: Decimal | None) -> "Event":
        """The event with another lowest price of this kind; ``None`` takes the range away.

        Raises:
            ValueError: events have no such kind of price.
        """
        if basis not in ("face", "all_in"):
            raise ValueError(f"an event has a face or an all_in price, not {basis}")
        old = self.price(basis)
        others = tuple(price for price in self.prices if price != old)
        if amount is None:
            return replace(self, prices=others)
        high = max(amount, old.high if old else amount)
        new = PriceRange(basis, old.currency if old else self.venue.currency, amount, high)
        return replace(self, prices=(*others, new))


@dataclass(frozen=True, slots=True)
class Game:
    """One game, priced in US dollars; other countries' prices follow.

    ``initial`` is the price without a discount. Off the shelf (``offsale``) or free, it has no price.
    """

    id: str
    title: str
    initial: Decimal
    final: Decimal
    status: str = "onsale"
    free: bool = False

    @property
    def name(self) -> str:
        """As published, always marked."""
        return f"{self.title} {MARK}"

    @property
    def bases(self) -> tuple[str, ...]:
        """The kinds of price that can be set."""
        return () if self.free else ("listing",)

    def priced(self, basis: str, amount: Decimal | None) -> "Game":
        """The game at another price, which is also the undiscounted one if higher; ``None``: off the shelf.

        Raises:
            ValueError: it is free, or games have no such kind of price.
        """
        if basis not in self.bases:
            raise ValueError(f"{self.title} has no {basis} price")
        if amount is None:
            return replace(self, status="offsale")
        return replace(self, initial=max(self.initial, amount), final=amount)
