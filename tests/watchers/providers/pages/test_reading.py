"""What is read from a page, and what is not guessed. Samples of our own; the real ones are at the end."""

import json
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.upstream import NOW, PAYLOADS, sample
from watchers.money import CURRENCIES, Basis
from watchers.observation import Availability, EventStatus, ItemCondition, Observation, Price
from watchers.providers.pages.reading import OUR_FAULT, UNKNOWN_PAGE, observe, read, read_recorded
from watchers.target import Target

URL = "https://tickets.example/concert/1"
AVAILABLE, UNAVAILABLE, UNKNOWN = Availability.AVAILABLE, Availability.UNAVAILABLE, Availability.UNKNOWN


def seen(markup: bytes | str, url: str = URL, charset: str | None = None) -> Observation:
    body = markup.encode() if isinstance(markup, str) else markup
    return observe(body, charset, url, Target("page", item=url), NOW)


def block(*things: object, title: str = "") -> str:
    scripts = (f'<script type="application/ld+json">{json.dumps(one)}</script>' for one in things)
    return f"<title>{title}</title>{''.join(scripts)}"


def thing(*offers: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"@type": "Product", "name": "Kettle", "offers": list(offers), **said}


def offer(price: object = 45, currency: object = "USD", **said: Any) -> dict[str, Any]:
    return {"@type": "Offer", "price": price, "priceCurrency": currency, **said}


def event(*offers: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"@type": "Event", "name": "Brass", "startDate": "2027-02-04", "offers": list(offers), **said}


def low(observed: Observation) -> int | None:
    return observed.prices[0].low if observed.prices else None


# ── whole pages ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_concerts_page_is_read_whole() -> None:
    assert seen(sample("page", "concert.html")) == Observation(
        target=Target("page", item=URL),
        at=NOW,
        name="Night Tram Orchestra",
        url=URL,
        venue="Lantern Hall",
        city="Leeds",
        region="West Yorkshire",
        country="GB",
        performers=("Night Tram Orchestra", "Ada O'Brien"),
        category="MusicEvent",
        image="https://tickets.example/pictures/tram.jpg",
        starts_at=datetime(2026, 12, 4, 19, 30, tzinfo=UTC),
        starts_on=date(2026, 12, 4),
        status=EventStatus.ONSALE,
        availability=AVAILABLE,
        onsale_at=datetime(2026, 6, 1, 9, 0, tzinfo=UTC),
        prices=(Price(Basis.LISTING, "GBP", 5250),),
    )


def test_a_student_tier_next_to_the_price_leaves_no_price_and_names_the_tiers() -> None:
    page = seen(sample("page", "tiers.html"))
    assert (page.name, page.prices, page.availability) == ("Evening of Brass", (), AVAILABLE)
    assert page.problems == ("The offers differ in kind (INDIVIDUAL; STUDENT); none is taken as the price.",)


def test_microdata_is_read_and_only_what_is_in_stock_has_a_price() -> None:
    page = seen(sample("page", "microdata.html"), "https://shop.example/kettle")
    assert (page.name, page.condition, page.availability) == ("Kettle No. 4", ItemCondition.NEW, AVAILABLE)
    assert page.prices == (Price(Basis.LISTING, "EUR", 129900),)
    assert page.image == "https://shop.example/kettle.png"


def test_variants_at_different_prices_are_reported() -> None:
    page = seen(sample("page", "variants.html"), "https://shop.example/coat")
    assert page.prices == ()
    assert "Rain coat, child's; Rain coat, long" in page.problems[0]


def test_the_address_of_a_variant_asks_for_that_variant() -> None:
    page = seen(sample("page", "variants.html"), "https://shop.example/coat?variant=2")
    assert (page.prices, page.problems) == ((Price(Basis.LISTING, "EUR", 9000),), ())


def test_a_venues_page_is_no_event() -> None:
    page = seen(sample("page", "venue.html"), "https://tickets.example/lantern-hall")
    assert (page.name, page.prices, page.availability) == (None, (), UNKNOWN)
    assert page.problems == ("The page lists 2 things; watch one of their own pages.",)


def test_a_hand_made_block_is_read_and_a_bad_one_beside_it_is_counted() -> None:
    page = seen(sample("page", "aggregate.html"))
    assert page.prices == (Price(Basis.LISTING, "USD", 119500, 149500),)
    assert (page.listing_count, page.category, page.availability) == (3, "Board game", AVAILABLE)
    assert page.problems == ("1 of 2 blocks of JSON-LD cannot be read.",)


def test_sold_out_keeps_the_price_out_and_midnight_is_no_hour() -> None:
    page = seen(sample("page", "sold_out.html"))
    assert (page.name, page.availability, page.prices) == ("Last Ferry", UNAVAILABLE, ())
    assert (page.starts_at, page.starts_on, page.status) == (None, date(2026, 11, 20), EventStatus.OFFSALE)


# ── offers ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "price"),
    [
        pytest.param(thing(offer()), 4500, id="a price"),
        pytest.param(thing(offer("$1,495")), 149500, id="a price with its sign"),
        pytest.param(thing(offer("1.234,56", "EUR")), 123456, id="a price as written in German"),
        pytest.param(thing(offer(60), offer(50)), 5000, id="the lowest of equal offers"),
        pytest.param(
            thing(offer(40, availability="SoldOut"), offer(50, availability="InStock")),
            5000,
            id="the lowest available of equal offers",
        ),
        pytest.param(
            thing(offer(40), offer(50, availability="InStock")), 5000, id="what is surely available"
        ),
        pytest.param(
            thing(offer(20, name="Red"), offer(20, name="Blue")), 2000, id="kinds that cost the same"
        ),
        pytest.param(thing(offer(20, name="Kettle")), 2000, id="an offer named as its thing"),
        pytest.param(
            thing({"@type": "Offer", "priceSpecification": {"price": 9.5, "priceCurrency": "EUR"}}),
            950,
            id="a price specification",
        ),
        pytest.param(
            thing(
                {
                    "priceCurrency": "EUR",
                    "priceSpecification": [
                        {"@type": "UnitPriceSpecification", "price": 9},
                        {"price": 12, "priceType": "https://schema.org/ListPrice"},
                        {"@type": "DeliveryChargeSpecification", "price": 2},
                    ],
                }
            ),
            900,
            id="the price that is paid, not the list price beside it",
        ),
        pytest.param(thing({"lowPrice": "12.00", "priceCurrency": "EUR"}), 1200, id="a range"),
        pytest.param(
            {"@type": "Product", "name": "K", "price": 3, "priceCurrency": "EUR"}, 300, id="no offer"
        ),
        pytest.param(thing(offer(priceValidUntil="2026-12-31")), 4500, id="a price that is still valid"),
        pytest.param(thing(offer(0, name="A"), title="x"), None, id="0"),
        pytest.param(thing(offer("1.234", "EUR")), None, id="an amount that reads in two ways"),
        pytest.param(thing(offer(currency=None)), None, id="no currency"),
        pytest.param(thing(offer(currency="$")), None, id="a dollar sign for a currency"),
        pytest.param(thing(offer("free")), None, id="free"),
        pytest.param(thing(offer(99999)), None, id="a placeholder"),
        pytest.param(thing(offer(["15", "65"])), None, id="two prices in one offer"),
        pytest.param(thing(offer(15, name="Student")), None, id="the only tier is for students"),
        pytest.param(thing(offer(15, name="Schüler")), None, id="in German too"),
        pytest.param(
            thing(offer(15, name="Zwerg"), offer(65, name="Riese", availability="SoldOut")),
            None,
            id="the last tier left of several",
        ),
        pytest.param(thing(offer(15, validForMemberTier={"name": "Gold"})), None, id="for members"),
        pytest.param(thing(offer(15, eligibleCustomerType="Business")), None, id="for some customers"),
        pytest.param(thing(offer(45), offer(40, "EUR")), None, id="two currencies: one is converted"),
        pytest.param(thing(offer(45, name="approx. price")), None, id="an estimate"),
        pytest.param(thing(offer(45, name="Current bid")), None, id="a bid"),
        pytest.param(thing({**offer(), "@type": "AuctionOffer"}), None, id="an auction"),
        pytest.param(
            thing(offer(businessFunction="http://purl.org/goodrelations/v1#LeaseOut")), None, id="rent"
        ),
        pytest.param(
            thing(offer(45, itemCondition="NewCondition"), offer(30, itemCondition="UsedCondition")),
            None,
            id="used next to new",
        ),
        pytest.param(thing(offer(45), offer(30, name="Open box")), None, id="open-box next to new"),
        pytest.param(thing(offer(45, sku="1"), offer(30, sku="2")), None, id="two articles"),
        pytest.param(thing(offer(priceValidUntil="2026-01-31")), None, id="a price no longer valid"),
        pytest.param(thing(offer(validFrom="2026-12-01T10:00:00Z")), None, id="before the sale"),
        pytest.param(thing(offer(validThrough="2026-09-01T10:00:00Z")), None, id="after the sale"),
        pytest.param(thing(offer(availability="OutOfStock")), None, id="sold out but priced"),
        pytest.param(event(offer(), eventStatus="EventCancelled"), None, id="cancelled but priced"),
        pytest.param(
            thing({"priceSpecification": {"price": 5, "priceCurrency": "EUR", "billingDuration": 12}}),
            None,
            id="a month's part of a price",
        ),
        pytest.param(thing({"highPrice": 50, "priceCurrency": "EUR"}), None, id="only the upper end"),
    ],
)
def test_only_what_anybody_can_pay_is_a_price(said: dict[str, Any], price: int | None) -> None:
    page = seen(block(said))
    assert low(page) == price
    assert page.prices or page.problems or page.availability is UNAVAILABLE


def specified(*prices: dict[str, Any], **of_offer: Any) -> dict[str, Any]:
    """A kettle in stock whose one offer has prices in a form of their own."""
    each = [{"price": 45, "priceCurrency": "USD", **one} for one in prices]
    return thing({"@type": "Offer", "availability": "InStock", "priceSpecification": each, **of_offer})


@pytest.mark.parametrize(
    "when",
    [
        {"validFrom": "2026-12-01"},
        {"validFrom": "2026-12-01T10:00:00"},
        {"validFrom": "2026-12-01T10:00:00Z"},
        {"validFrom": "2026-10-03"},
        {"availabilityStarts": "2026-12-01"},
        {"validFrom": "2026-01-01T10:00:00Z", "availabilityStarts": "2026-12-01T10:00:00Z"},
        {"validThrough": "2026-09-01"},
        {"validThrough": "2026-12-01T10:00:00Z", "availabilityEnds": "2026-09-01T10:00:00"},
    ],
    ids=str,
)
def test_before_the_sale_and_after_it_nothing_can_be_bought(when: dict[str, str]) -> None:
    page = seen(block(thing(offer(availability="InStock", **when))))
    assert (page.prices, page.availability) == ((), UNAVAILABLE)
    range_ = {"@type": "AggregateOffer", "offers": [offer(availability="InStock")], **when}
    page = seen(block(thing(range_)))
    assert (page.prices, page.availability) == ((), UNAVAILABLE)


@pytest.mark.parametrize(
    "when",
    [
        {"validFrom": "2026-10-01"},
        {"validFrom": "2026-10-02"},  # already, far in the east
        {"validFrom": "2026-09-01T10:00:00", "availabilityStarts": "2026-09-02"},
        {"validThrough": "2026-09-30"},  # still, far in the west
        {"validThrough": "2026-10-01T09:00:00"},
    ],
    ids=str,
)
def test_a_day_that_may_have_come_or_not_be_over_changes_nothing(when: dict[str, str]) -> None:
    page = seen(block(thing(offer(availability="InStock", **when))))
    assert (low(page), page.availability) == (4500, AVAILABLE)


@pytest.mark.parametrize(
    "when",
    [
        {"validFrom": "2026-12-01"},
        {"validFrom": "2026-12-01T10:00:00Z"},
        {"validThrough": "2026-09-01"},
        {"validThrough": "2026-09-30T10:00:00Z"},
        {"priceValidUntil": "2026-09-01"},
    ],
    ids=str,
)
def test_a_price_in_a_form_of_its_own_is_used_only_while_it_holds(when: dict[str, str]) -> None:
    for page in (seen(block(specified(when))), seen(block(specified(when, price=45, priceCurrency="USD")))):
        assert (page.prices, page.availability) == ((), UNKNOWN)
        assert "not valid yet, or no longer" in page.problems[0]
    page = seen(block(specified({"price": 65}, when)))
    assert (low(page), page.availability) == (6500, AVAILABLE)


@pytest.mark.parametrize(
    ("said", "changes_at"),
    [
        (offer(), None),
        (offer(validFrom="2026-06-01T10:00:00Z", validThrough="2026-09-01"), None),
        (offer(validFrom="2026-12-01T10:00:00Z"), datetime(2026, 12, 1, 10, tzinfo=UTC)),
        (offer(validFrom="2026-12-01"), datetime(2026, 11, 30, 10, tzinfo=UTC)),
        (offer(availabilityStarts="2026-12-01T10:00:00Z"), datetime(2026, 12, 1, 10, tzinfo=UTC)),
        (offer(availabilityEnds="2026-10-01"), datetime(2026, 10, 3, tzinfo=UTC)),
        (
            offer(validThrough="2026-12-01T10:00:00Z", priceValidUntil="2026-11-01"),
            datetime(2026, 11, 3, tzinfo=UTC),
        ),
        (
            {"offers": [offer()], "validThrough": "2026-12-01T10:00:00Z"},
            datetime(2026, 12, 1, 10, tzinfo=UTC),
        ),
        (
            {"priceSpecification": [{"price": 45, "validFrom": "2026-12-01T10:00:00Z"}]},
            datetime(2026, 12, 1, 10, tzinfo=UTC),
        ),
    ],
    ids=str,
)
def test_a_page_says_when_its_words_will_mean_something_else(
    said: dict[str, Any], changes_at: datetime | None
) -> None:
    """At that moment the reading changes, or may change; a moment before, it does not."""
    body, target = block(thing(offer(), said)).encode(), Target("page", item=URL)
    assert read(body, None, URL, target, NOW).changes_at == changes_at
    if changes_at:
        before = read(body, None, URL, target, changes_at - timedelta(seconds=1)).observation
        assert before == replace(seen(body), at=before.at)


def test_of_two_descriptions_the_first_to_change_counts() -> None:
    page = block(thing(offer(priceValidUntil="2026-11-01"))) + microdata(
        said(price=45, priceCurrency="USD", validThrough="2026-12-01T10:00:00Z")
    )
    changes_at = read(page.encode(), None, URL, Target("page", item=URL), NOW).changes_at
    assert changes_at == datetime(2026, 11, 3, tzinfo=UTC)


@pytest.mark.parametrize("none", [0, "0", {"@type": "QuantitativeValue", "value": 0}], ids=str)
def test_where_nothing_is_left_nothing_can_be_bought(none: object) -> None:
    for said in (
        offer(availability="InStock", inventoryLevel=none),
        {"lowPrice": 45, "priceCurrency": "USD", "availability": "InStock", "offerCount": none},
    ):
        page = seen(block(thing(said)))
        assert (page.prices, page.availability) == ((), UNAVAILABLE)
    assert low(seen(block(thing(offer(availability="InStock", inventoryLevel=10))))) == 4500


@pytest.mark.parametrize(
    "words", ["Students only, ID required", "Approximate price converted from EUR", "Current bid"]
)
def test_an_offers_description_counts_as_its_name(words: str) -> None:
    page = seen(block(thing(offer(description=words))))
    assert page.prices == ()
    assert "not used" in page.problems[0]


def test_a_description_that_gives_an_open_box_away_counts_as_well() -> None:
    for said in (thing(offer(description="Open box")), thing(offer(), description="An open box.")):
        assert seen(block(said)).condition is ItemCondition.OPEN_BOX


def test_four_nines_stand_for_an_unknown_price() -> None:
    assert (low(seen(block(thing(offer(9999))))), low(seen(block(thing(offer(999)))))) == (None, 99900)


RESTRICTIONS: list[dict[str, Any]] = [
    {"eligibleCustomerType": "Business"},
    {"validForMemberTier": {"name": "Gold"}},
    {"eligibleQuantity": {"@type": "QuantitativeValue", "minValue": 4}},
    {"eligibleQuantity": 10},
    {"eligibleQuantity": {"name": "many"}},
    {"eligibleTransactionVolume": {"price": 200, "priceCurrency": "USD"}},
]


@pytest.mark.parametrize("only", RESTRICTIONS, ids=str)
def test_a_price_for_some_people_or_amounts_is_not_used_wherever_that_is_said(only: dict[str, Any]) -> None:
    places = [
        thing(offer(**only)),
        thing({"@type": "AggregateOffer", "offers": [offer()], **only}),
        specified(only),
        specified({}, only),
        thing(offer(priceSpecification={"price": 45, "priceCurrency": "USD", **only})),
        specified({"@type": "CompoundPriceSpecification", "priceComponent": [{"price": 45, **only}]}),
    ]
    for place in places:
        page = seen(block(place))
        assert (page.prices, page.problems) == ((), ("An offer is not for everybody; not used.",))


@pytest.mark.parametrize(
    "least", [1, "1", {"minValue": 1, "maxValue": 8}, {"value": 1}, {"maxValue": 4}], ids=str
)
def test_who_may_buy_one_piece_is_everybody(least: object) -> None:
    assert low(seen(block(thing(offer(eligibleQuantity=least))))) == 4500
    assert low(seen(block(specified({"eligibleQuantity": least})))) == 4500


def microdata(*offers: str) -> str:
    """A kettle in microdata; each offer is its properties."""
    inner = "".join(
        f'<p itemprop="offers" itemscope itemtype="https://schema.org/Offer">{one}</p>' for one in offers
    )
    name = '<b itemprop="name">Kettle</b>'
    return f'<div itemscope itemtype="https://schema.org/Product">{name}{inner}</div>'


def said(**properties: object) -> str:
    return "".join(f'<meta itemprop="{name}" content="{value}">' for name, value in properties.items())


STUDENT, GENERAL = (
    said(name="STUDENT", price=15, priceCurrency="USD"),
    said(name="General", price=65, priceCurrency="USD"),
)


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        pytest.param(
            thing({"@type": "AggregateOffer", "lowPrice": 15, "highPrice": 65, "priceCurrency": "USD"}),
            microdata(STUDENT, GENERAL),
            "differ in kind",
            id="a range, and its tiers",
        ),
        pytest.param(thing(offer(15)), microdata(STUDENT), "not for everybody", id="whose price it is"),
    ],
)
def test_a_price_whose_other_description_says_why_it_is_none_is_not_used(
    first: dict[str, Any], second: str, why: str
) -> None:
    page = seen(block(first) + second)
    assert (page.name, page.prices) == ("Kettle", ())
    assert why in " ".join(page.problems)


def test_a_description_that_only_names_no_price_takes_none_away() -> None:
    assert low(seen(block(thing(offer(45))) + microdata(said(availability="InStock")))) == 4500


@pytest.mark.parametrize(
    ("name", "basis"),
    [
        ("Ticket", Basis.LISTING),
        ("Ticket, all-in price", Basis.ALL_IN),
        ("Ticket incl. fees", Basis.ALL_IN),
        ("Ticket, not including fees", Basis.LISTING),
        ("Ticket plus booking fee", Basis.LISTING),
        ("Face value ticket", Basis.FACE),
        ("Verified resale", Basis.RESALE),
    ],
)
def test_a_price_is_a_list_price_unless_the_page_says_otherwise(name: str, basis: Basis) -> None:
    assert [price.basis for price in seen(block(event(offer(name=name)))).prices] == [basis]


@pytest.mark.parametrize(
    ("written", "availability"),
    [
        ("http://schema.org/InStock", AVAILABLE),
        ("https://schema.org/LimitedAvailability", AVAILABLE),
        ("In stock", AVAILABLE),
        ({"@id": "schema:InStock"}, AVAILABLE),
        ("SoldOut", UNAVAILABLE),
        ("out_of_stock", UNAVAILABLE),
        ("https://schema.org/BackOrder", UNKNOWN),
        ("https://schema.org/PreSale", UNKNOWN),
        ("maybe", UNKNOWN),
        (["InStock", "SoldOut"], UNKNOWN),
        (None, UNKNOWN),
    ],
    ids=str,
)
def test_availability_is_known_only_where_it_is_said(written: object, availability: Availability) -> None:
    assert seen(block(thing(offer(availability=written)))).availability is availability


@pytest.mark.parametrize(
    ("written", "condition"),
    [
        ("https://schema.org/NewCondition", ItemCondition.NEW),
        ("RefurbishedCondition", ItemCondition.REFURBISHED),
        ("used", ItemCondition.USED),
        ("DamagedCondition", ItemCondition.USED),
        ("shiny", None),
    ],
)
def test_the_condition_is_labelled(written: str, condition: ItemCondition | None) -> None:
    assert seen(block(thing(offer(itemCondition=written)))).condition is condition
    assert seen(block(thing(offer(), itemCondition=written))).condition is condition


def test_a_name_that_gives_an_open_box_away_counts_more_than_the_word_new() -> None:
    page = seen(block(thing(offer(itemCondition="NewCondition"), name="Kettle (Open-Box)")))
    assert page.condition is ItemCondition.OPEN_BOX


# ── which thing ──────────────────────────────────────────────────────────────────────────────────────────


RELATED = thing(offer(5), name="Lid", url="https://tickets.example/lid")


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(block(RELATED, thing(offer(), url=URL + "?utm_source=x")), id="by its address"),
        pytest.param(block(RELATED, thing(offer()), title="Kettle | Shop"), id="by the title"),
        pytest.param(block(RELATED, {"@type": "WebPage", "mainEntity": thing(offer())}), id="by mainEntity"),
        pytest.param(
            block({"@type": "ItemList", "itemListElement": [{"item": RELATED}]}, thing(offer())),
            id="not in a list",
        ),
        pytest.param(block(thing(offer(), isRelatedTo=RELATED, isSimilarTo=[RELATED])), id="not related"),
        pytest.param(block({"@graph": [{"@type": "WebSite"}, thing(offer())]}), id="in a graph"),
        pytest.param(block([[thing(offer())]]), id="in arrays"),
        pytest.param(block({**thing(offer()), "@type": ["Thing", "http://schema.org/Product"]}), id="types"),
        pytest.param(block(thing(offer()), thing(offer())), id="said twice"),
        pytest.param(block(thing(offer()), thing()), id="said twice, once without offers"),
    ],
)
def test_the_pages_own_thing_is_chosen(page: str) -> None:
    assert (seen(page).name, low(seen(page))) == ("Kettle", 4500)


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (block(thing(offer(5), name="A"), thing(offer(), name="B")), "lists 2 things"),
        (block(RELATED), "its own page"),
        (block({"@type": "MusicVenue", "event": event(offer())}, title="Lantern Hall"), "its own page"),
        (block(thing(offer(5)), thing(offer(6))), "two things about the same offer"),
        (
            block(thing(offer(5, availability="InStock")), thing(offer(5, availability="SoldOut"))),
            "two things",
        ),
        (block({"@type": "Organization", "name": "Kettles"}), "no event or product"),
        ("<title>Robot Check</title>", "robots"),
        ("", "no event or product"),
        (block(event(offer(), startDate="next Friday")), "start is not written"),
        (block(thing()), "names no price"),
        (block(thing(*[offer(n + 1) for n in range(400)])), "more offers than are read"),
        (b" " * 5_000_001, "larger than 5 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) and "<" not in value else "",
)
def test_what_is_not_clear_is_said(page: str | bytes, why: str) -> None:
    assert why in " ".join(seen(page).problems)


# ── when, where, who ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "at", "on"),
    [
        ("2027-02-04", None, date(2027, 2, 4)),
        ("2027-02-04T19:30", None, date(2027, 2, 4)),
        (
            "2027-02-04T19:30:00.000-05:00",
            datetime(2027, 2, 4, 19, 30, tzinfo=timezone(timedelta(hours=-5))),
            date(2027, 2, 4),
        ),
        (
            "2027-02-04T19:30:00-0500",
            datetime(2027, 2, 4, 19, 30, tzinfo=timezone(timedelta(hours=-5))),
            date(2027, 2, 4),
        ),
        ("2027-02-05T00:30:00Z", datetime(2027, 2, 5, 0, 30, tzinfo=UTC), None),
        ("2027-02-04T00:00:00-05:00", None, date(2027, 2, 4)),
        ("1900-01-01T19:30:00-05:00", None, None),
        ("04/02/2027", None, None),
    ],
)
def test_a_start_is_no_clearer_than_it_is_written(written: str, at: datetime | None, on: date | None) -> None:
    page = seen(block(event(offer(), startDate=written)))
    assert (page.starts_at, page.starts_on) == (at, on)


def test_a_start_without_an_offset_is_a_moment_where_the_zone_is_said() -> None:
    schedule = {"@type": "Schedule", "scheduleTimezone": "America/Toronto"}
    page = seen(block(event(offer(), startDate="2027-02-04T19:30", eventSchedule=schedule)))
    assert str(page.starts_at) == "2027-02-04 19:30:00-05:00"


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("https://schema.org/EventCancelled", EventStatus.CANCELLED),
        ("EventPostponed", EventStatus.POSTPONED),
        ({"@id": "http://schema.org/EventRescheduled"}, EventStatus.RESCHEDULED),
        ("EventScheduled", None),
    ],
    ids=str,
)
def test_the_standing_of_an_event_is_what_is_said(word: object, status: EventStatus | None) -> None:
    assert seen(block(event(offer(), eventStatus=word))).status is status


@pytest.mark.parametrize(
    ("location", "venue", "country"),
    [
        ("Lantern Hall, Leeds", "Lantern Hall, Leeds", None),
        ({"name": "Hall", "address": {"addressCountry": {"@type": "Country", "name": "US"}}}, "Hall", "US"),
        ({"name": "Hall", "address": "1 High Street"}, "Hall", None),
        ({"name": "Hall", "address": {"addressCountry": "Atlantis"}}, "Hall", None),
    ],
    ids=str,
)
def test_a_place_is_read_in_any_form(location: object, venue: str, country: str | None) -> None:
    page = seen(block(event(offer(), location=location)))
    assert (page.venue, page.country) == (venue, country)


# ── bytes ────────────────────────────────────────────────────────────────────────────────────────────────


NAMED = (
    '<meta charset="{0}"><script type="application/ld+json">'
    '{{"@type":"Product","name":"Čaj für zwei"}}</script>'
)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", None),
        ("utf-8", "nonsense"),
        ("utf-8", "zlib"),
        ("utf-8-sig", "iso-8859-1"),
        ("utf-16", None),
        ("iso-8859-2", None),
        ("windows-1250", "windows-1250"),
    ],
)
def test_a_page_is_decoded_as_it_says(encoding: str, said: str | None) -> None:
    assert seen(NAMED.format(encoding).encode(encoding), charset=said).name == "Čaj für zwei"


def test_a_saved_page_is_where_it_says_it_is() -> None:
    (page,) = read_recorded(sample("page", "concert.html"), NOW)
    assert (page.target.item, low(page)) == (URL, 5250)
    (lost,) = read_recorded(sample("page", "aggregate.html"), NOW)
    assert lost.target.item == UNKNOWN_PAGE


def test_a_page_that_breaks_off_before_it_says_sold_out_has_no_price() -> None:
    whole = sample("page", "microdata.html")
    page = seen(whole[: whole.index(b"OutOfStock")])
    assert (page.prices, page.availability) == ((), UNKNOWN)
    assert "breaks off" in page.problems[0]


def test_where_a_block_cannot_be_read_the_thing_left_must_show_that_it_is_the_pages_own() -> None:
    bad = '<script type="application/ld+json">{{{</script>'
    assert low(seen(block(thing(offer())) + bad)) is None
    assert low(seen(block(thing(offer()), title="Kettle") + bad)) == 4500
    assert low(seen(block({"@type": "WebPage", "mainEntity": thing(offer())}) + bad)) == 4500


FILL = '<i itemprop="x" content="y"></i>'


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(FILL * 20_000, "", id="more properties than are kept"),
        pytest.param("<i>" * 300, "</i>" * 300, id="deeper than is read"),
        pytest.param('<i itemprop="x">' * 20, "</i>" * 20, id="more texts at once than are read"),
    ],
)
def test_where_a_page_says_more_than_is_kept_nothing_of_it_is_a_price(before: str, after: str) -> None:
    """What is not kept may be the word that it is sold out."""
    priced = '<b itemprop="price">9</b><b itemprop="priceCurrency">EUR</b>'
    sold_out = '<b itemprop="availability">sold out</b>'
    head = '<p itemscope itemtype="https://schema.org/Product"><b itemprop="name">Kettle</b>'
    page = seen(f"{head}{priced}{before}{sold_out}{after}</p>")
    assert (page.name, page.prices) == (None, ())
    assert low(seen(f"{head}{priced}</p>")) == 900


def test_the_same_holds_for_json_ld_with_very_many_values() -> None:
    page = seen(block({**thing(offer()), "x": [1] * 60_000}, title="Kettle"))
    assert (page.prices, len(page.problems)) == ((), 2)
    assert low(seen(block({**thing(offer()), "x": [1] * 6_000}, title="Kettle"))) == 4500


# ── for every page ───────────────────────────────────────────────────────────────────────────────────────

WORDS = st.sampled_from(
    [
        *("Product", "Event", "Offer", "AggregateOffer", "InStock", "SoldOut", "USD", "KWD", "XXX", "€", "$"),
        *("0", "1.234", "$1,495", "free", "99999", "Student", "#a", URL, "2027-02-04T19:30", "NaN", "&#9;"),
    ]
)
KEYS = st.sampled_from(
    [
        *(
            "@type",
            "@id",
            "@graph",
            "@value",
            "@list",
            "name",
            "url",
            "offers",
            "Offers",
            "price",
            "lowPrice",
        ),
        *("highPrice", "priceCurrency", "priceSpecification", "availability", "hasVariant", "mainEntity"),
        *("startDate", "location", "address", "performer", "validFrom", "category", "itemCondition", "image"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | WORDS
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=30,
)
OFFERS = st.dictionaries(KEYS, SCALARS, max_size=3).flatmap(
    lambda more: st.builds(offer, SCALARS | st.just(45), WORDS | st.just("USD")).map(lambda one: one | more)
)
PRICED = st.builds(lambda one, more: {**thing(one), **more}, OFFERS, st.dictionaries(KEYS, TREES, max_size=4))


def holds(page: Observation) -> bool:
    return OUR_FAULT not in page.problems and all(
        price.low > 0 and price.currency in CURRENCIES and (price.high is None or price.high > price.low)
        for price in page.prices
    )


@given(st.lists(TREES | PRICED, max_size=4))
@example([{**thing(offer()), "@graph": {"@id": None}}])
def test_no_tree_makes_reading_fail_or_a_price_up(trees: list[object]) -> None:
    assert holds(seen(block(*trees)))


@given(st.binary(max_size=400), st.none() | st.text(max_size=10))
def test_no_bytes_make_reading_fail_or_a_price_up(body: bytes, charset: str | None) -> None:
    assert holds(seen(body, charset=charset))
    assert all(holds(page) for page in read_recorded(body, NOW))


@given(st.data())
def test_no_cut_of_a_page_makes_reading_fail_or_another_price_up(data: st.DataObject) -> None:
    whole = sample("page", data.draw(st.sampled_from(["concert.html", "microdata.html", "tiers.html"])))
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    assert holds(seen(cut))
    assert low(seen(cut)) in (None, 5250, 129900)


@pytest.mark.parametrize(
    "page",
    [
        b"<div>" * 500_000,
        b"<a" * 500_000,
        b"<div " + b"a='" * 500_000,
        b"<p>" + b"".join(b"<b a=%d>" % n for n in range(5_000)) + b"</p>" + b"<p>x" * 50_000,
        b"<div itemscope itemprop=offers>" * 50_000,
        b'<script type="application/ld+json">' + b"[" * 500_000,
        b'<script type="application/ld+json">' + b'{"offers":' * 50_000,
        b'<script type="application/ld+json">'
        b'[{"@type":"Product","@id":"#a","name":{"@id":"#a"},"hasVariant":['
        + b'{"@id":"#a"},' * 5_000
        + b"0]}]",
    ],
    ids=["nested", "unclosed", "quotes", "formatting", "items", "brackets", "braces", "a tree in itself"],
)
def test_a_page_made_to_be_dear_is_read_as_any_other(page: bytes) -> None:
    """What takes other parsers minutes or gigabytes; ``bench/fuzz_pages.py`` measures what it takes here."""
    assert holds(seen(page))


# ── real pages ───────────────────────────────────────────────────────────────────────────────────────────

REAL: dict[str, dict[str, Any]] = {
    "jsonld/amazon_bot_check_page.html": {"prices": (), "name": None, "why": "robots"},
    "jsonld/etix_event.html": {"prices": (), "city": "Wilmington", "country": "US", "why": "STUDENT"},
    "jsonld/etix_venue.html": {"prices": (), "name": None, "why": "lists 2 things"},
    "jsonld/invalid_control_chars.html": {"prices": (), "why": "no event or product"},
    "jsonld/invalid_js_comment.html": {"prices": (), "why": "no event or product"},
    "jsonld/null_ld_mock_multiple_blocks.html": {"prices": (), "why": "no event or product"},
    "jsonld/pricebuddy_schema_org.html": {
        "prices": (Price(Basis.LISTING, "USD", 4500),),
        "availability": UNKNOWN,
    },
    "jsonld/product_graph.html": {"prices": (Price(Basis.LISTING, "USD", 2999),), "availability": AVAILABLE},
    "jsonld/product_group_variants.html": {"prices": (), "availability": AVAILABLE, "why": "differ in kind"},
    "jsonld/songkick_event_2015_musicevent.html": {
        "prices": (),
        "name": "Elysian Fields",
        "venue": "The Owl Music Parlor",
        "starts_on": date(2015, 10, 31),
        "why": "no price",
    },
    "jsonld/songkick_tovestyrke.html": {
        "performers": ("Tove Styrke", "Geowulf"),
        "country": "GB",
        "prices": (),
    },
    "jsonld/synthetic_arena_events_mixed_bad_block.html": {"prices": (), "why": "1 of 3 blocks"},
    "other/fever_plan_season_calendar.json": {"prices": (), "availability": UNKNOWN, "why": "no event"},
    "other/fever_plan_soldout.json": {"prices": (), "availability": UNKNOWN, "why": "no event"},
    "other/fever_plan_soldout_calendar.json": {"prices": (), "availability": UNKNOWN, "why": "no event"},
    "other/luma_entries.json": {"prices": (), "availability": UNKNOWN, "why": "no event"},
    "other/superboletos_zero_price_strings.json": {"prices": (), "availability": UNKNOWN, "why": "no event"},
}
THERE = (PAYLOADS / "jsonld").is_dir()


@pytest.mark.skipif(not THERE, reason=f"no recorded payloads in {PAYLOADS}")
@pytest.mark.parametrize("name", [*REAL])
def test_a_real_page_says_what_it_says_and_no_more(name: str) -> None:
    (page,) = read_recorded((PAYLOADS / name).read_bytes(), NOW)
    expected = dict(REAL[name])
    assert expected.pop("why", "") in " ".join(page.problems)
    assert {field: getattr(page, field) for field in expected} == expected


@pytest.mark.skipif(not THERE, reason=f"no recorded payloads in {PAYLOADS}")
def test_every_real_page_is_in_the_table() -> None:
    there = {
        str(path.relative_to(PAYLOADS))
        for part in ("jsonld", "other")
        for path in Path(PAYLOADS, part).iterdir()
    }
    assert there == REAL.keys()
