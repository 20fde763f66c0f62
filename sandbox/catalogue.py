"""What the market opens with: invented events and games.

Dates are relative to ``today``, so that the market never runs dry; ids are the same at every start, so that
a watch saved yesterday still finds its event. Between them the events show what a real catalogue does to a
client: two kinds of price, a date to be announced, sold out, not yet on sale, no price, no url, no hour,
another language, no time zone. No name, place or id here belongs to anyone.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sandbox.goods import Event, Game, Presale, PriceRange, Venue

HALL = Venue("SbxVenueHall1", "Sandbox Hall", "London", "GB", "Great Britain", "Europe/London", "GBP")
ARENA = Venue(
    "SbxVenueArena",
    "Sandbox Arena",
    "Los Angeles",
    "US",
    "United States Of America",
    "America/Los_Angeles",
    "USD",
)
FIELD = Venue(
    "SbxVenueField", "Sandbox Field", "Chicago", "US", "United States Of America", "America/Chicago", "USD"
)
TENT = Venue("SbxVenueTent1", "Sandbox Zelt", "Berlin", "DE", "Germany", "Europe/Berlin", "EUR")


def _range(basis: str, currency: str, low: str, high: str) -> PriceRange:
    return PriceRange(basis, currency, Decimal(low), Decimal(high))


def events(today: date) -> tuple[Event, ...]:
    """The events a market opens with."""
    noon = datetime.combine(today, time(12), UTC)

    def day(days: int) -> date:
        return today + timedelta(days=days)

    def moment(days: int) -> datetime:
        return noon + timedelta(days=days)

    tram = Event(
        "SbxNightTram01",
        "Night Tram Orchestra",
        HALL,
        day(40),
        time(19, 30),
        "Music",
        "Pop",
        prices=(_range("all_in", "GBP", "62.40", "131.60"), _range("face", "GBP", "54.00", "115.00")),
        onsale_at=moment(-60),
    )
    parking = Event(
        "SbxNightTram01-Parking-0001",
        "Night Tram Orchestra - Parking",
        HALL,
        day(40),
        time(17),
        "Miscellaneous",
        "Parking",
        status="offsale",
        listed=False,
    )
    whale = Event(
        "SbxCopperWhale", "Copper Whale", ARENA, day(25), time(20), "Music", "Rock", says_timezone=False
    )
    lantern = Event(
        "SbxPaperLantern",
        "Paper Lantern Circus",
        FIELD,
        day(12),
        time(18),
        "Arts & Theatre",
        "Circus",
        status="offsale",
        prices=(_range("face", "USD", "38.50", "96.00"),),
        onsale_at=moment(-90),
    )
    harbour = Event(
        "SbxHarbourLights",
        "Harbour Lights Weekend",
        ARENA,
        day(120),
        None,
        "Music",
        "Festival",
        prices=(_range("face", "USD", "149.00", "420.00"),),
        onsale_at=moment(-5),
        tba=True,
    )
    rovers = Event(
        "SbxFogtownRovers",
        "Fogtown Rovers v Quarry United",
        FIELD,
        day(18),
        time(13, 5),
        "Sports",
        "Soccer",
        prices=(_range("face", "USD", "28.00", "180.00"),),
        onsale_at=moment(-30),
    )
    comet = Event(
        "SbxGlassComet1",
        "Glass Comet",
        ARENA,
        day(90),
        time(19),
        "Music",
        "Alternative",
        status="offsale",
        prices=(_range("face", "USD", "72.50", "210.00"),),
        onsale_at=moment(10),
        presales=(
            Presale("Fan Club Presale", moment(7), moment(9)),
            Presale("Sandbox Card Presale", moment(8), moment(9)),
        ),
    )
    koffer = Event(
        "SbxLeiserKoffer",
        "Der leise Koffer",
        TENT,
        day(33),
        None,
        "Arts & Theatre",
        "Theatre",
        prices=(_range("face", "EUR", "24.90", "59.90"),),
        onsale_at=moment(-14),
        locale="de-de",
    )
    return tram, rovers, whale, lantern, comet, harbour, koffer, parking


def games() -> tuple[Game, ...]:
    """The games a market opens with."""

    def game(number: str, title: str, initial: str, final: str, *, free: bool = False) -> Game:
        return Game(number, title, Decimal(initial), Decimal(final), free=free)

    return (
        game("9000010", "Tin Moon", "29.99", "29.99"),
        game("9000020", "Deep Allotment", "19.99", "14.99"),
        game("9000030", "Lighthouse Ledger", "9.99", "9.99"),
        game("9000040", "Cartographer's Debt", "59.99", "35.99"),
        game("9000050", "Moss Parliament", "4.99", "4.99"),
        game("9000060", "Pebble Express", "0.00", "0.00", free=True),
    )
