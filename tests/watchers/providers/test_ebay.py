"""What is eBay's own; what every provider promises is in ``tests/contract/test_providers.py``."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, historic_low, watch
from tests.upstream import NOW, PAYLOADS, Step, Upstream, purse, sample, sample_json, says
from watchers.errors import ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.money import Basis
from watchers.observation import Availability, ItemCondition, Observation, Price
from watchers.providers import SwitchedOff
from watchers.providers.base import Fetched
from watchers.providers.browse import item as listings
from watchers.providers.browse import prices, search
from watchers.providers.ebay import Ebay
from watchers.target import Search, Target
from watchers.watch import Filters

KEYS = {"EBAY_CLIENT_ID": "an-app", "EBAY_CLIENT_SECRET": "a-secret"}
TOKEN = says({"access_token": "a-token", "expires_in": 7200})
LANTERN = "v1|110000000001|0"


def ebay(*steps: Step, **env: str) -> tuple[Ebay, Upstream]:
    upstream = Upstream(TOKEN, *(steps or (says({}),)))
    built = Ebay.from_env(KEYS | env, upstream.client)
    assert isinstance(built, Ebay)
    return built, upstream


def listing(item: str = LANTERN, country: str | None = None) -> Target:
    return Target("ebay", item=item, country=country)


def searching(**asked: Any) -> Target:
    return Target("ebay", search=Search(**({"keyword": "brass lantern"} | asked)))


def sent(**parts: Any) -> dict[str, Any]:
    """The sample listing, with these parts instead; ``None`` leaves one out."""
    whole = sample_json("ebay", "item.json")
    assert isinstance(whole, dict)
    return {name: value for name, value in (whole | parts).items() if value is not None}


def looked(target: Target, *steps: Step, **env: str) -> Fetched:
    provider, _ = ebay(*steps, **env)
    return provider.fetch([target], purse(provider.quota), NOW)


def observed(target: Target | None = None, **parts: Any) -> Observation:
    asked = target or listing()
    return looked(asked, says(sent(**parts))).observations[asked.id]


def money(value: str, currency: str = "USD", **more: str) -> dict[str, str]:
    return {"value": value, "currency": currency, **more}


# ── settings, refusals ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("missing", [*KEYS])
def test_without_both_keys_it_is_off_and_says_which_is_missing(missing: str) -> None:
    env = {name: value for name, value in KEYS.items() if name != missing}
    assert Ebay.from_env(env) == SwitchedOff("ebay", f"{missing} is not set")


@pytest.mark.parametrize(("setting", "header"), [("EBAY_GB", "EBAY_GB"), ("de", "EBAY_DE"), ("", "EBAY_US")])
def test_a_marketplace_is_asked_by_its_name(setting: str, header: str) -> None:
    provider, upstream = ebay(says(sent()), EBAY_MARKETPLACE=setting)
    provider.fetch([listing()], purse(provider.quota), NOW)
    assert upstream.requests[-1].headers["x-ebay-c-marketplace-id"] == header


def test_a_watch_may_name_another_country_than_the_setting() -> None:
    provider, upstream = ebay(says(sent()), says(sample("ebay", "search.json")), EBAY_MARKETPLACE="EBAY_GB")
    provider.fetch([listing(country="DE")], purse(provider.quota), NOW)
    provider.fetch([searching(country="FR")], purse(provider.quota), NOW)
    shops = [request.headers["x-ebay-c-marketplace-id"] for request in upstream.requests[1:]]
    assert shops == ["EBAY_DE", "EBAY_FR"]


def test_an_unknown_marketplace_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="EBAY_MARKETPLACE must be one of EBAY_AT"):
        ebay(EBAY_MARKETPLACE="EBAY_ATLANTIS")


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (listing("https://www.ebay.com/itm/110000000001?hash=x"), Filters(), "it is 110000000001"),
        (listing("https://www.ebay.com/itm/Brass-Lantern/110000000001"), Filters(), "it is 110000000001"),
        (listing("brass lantern"), Filters(), "/itm/"),
        (listing(country="JP"), Filters(), "no shop for JP"),
        (listing(), Filters(basis=Basis.FACE), "all-in"),
        (searching(city="Springfield"), Filters(), "no city"),
        (searching(date_from=date(2026, 12, 1)), Filters(), "no dates"),
        (searching(category="lanterns"), Filters(), "is a number"),
        (searching(keyword="*"), Filters(), "at least one word"),
        (searching(country="JP"), Filters(), "no shop for JP"),
        (Target("ebay", search=Search(keyword="x"), country="GB"), Filters(), "into the search"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    assert why in (Ebay.refusal(target, filters) or "")


@pytest.mark.parametrize("target", [listing("110000000001"), listing("v1|110000000001|510000000001")])
def test_a_number_and_a_variation_can_be_watched(target: Target) -> None:
    assert Ebay.refusal(target, Filters(basis=Basis.ALL_IN)) is None


@pytest.mark.parametrize(
    ("target", "condition", "why"),
    [
        (listing(), STATUS, "announces no dates"),
        (searching(), BACK_IN_STOCK, "only what can be bought"),
        *((listing(), one, "listing and all-in") for one in (below(basis="face"), drop(basis="resale"))),
        *((listing(), one, None) for one in (BACK_IN_STOCK, historic_low(basis="all_in"), below())),
        (searching(), NEW_LISTING, None),
    ],
)
def test_what_ebay_never_says_cannot_be_waited_for(
    target: Target, condition: Mapping[str, object], why: str | None
) -> None:
    (asked,) = watch(condition).conditions
    said = Ebay.cannot_see(target, asked)
    assert said is None if why is None else why in (said or "")


# ── listings ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_listing_is_asked_by_its_id_and_seen_with_and_without_shipping() -> None:
    provider, upstream = ebay(says(sent()))
    fetched = provider.fetch([listing()], purse(provider.quota), NOW)
    assert upstream.requests[-1].url.raw_path == b"/buy/browse/v1/item/v1%7C110000000001%7C0"
    assert fetched.observations[listing().id] == Observation(
        target=listing(),
        at=NOW,
        name="Brass Lantern, boxed",
        url="https://www.ebay.com/itm/110000000001",
        category="Lanterns",
        image="https://i.ebayimg.example/lantern.jpg",
        condition=ItemCondition.NEW,
        availability=Availability.AVAILABLE,
        prices=(Price(Basis.LISTING, "USD", 4950), Price(Basis.ALL_IN, "USD", 5475)),
    )


def test_a_number_alone_is_asked_for_as_such() -> None:
    provider, upstream = ebay(says(sent()))
    target = listing("110000000001")
    assert provider.fetch([target], purse(provider.quota), NOW).observations[target.id].prices
    assert upstream.requests[-1].url.raw_path == (
        b"/buy/browse/v1/item/get_item_by_legacy_id?legacy_item_id=110000000001"
    )


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"buyingOptions": ["AUCTION"], "currentBidPrice": money("9.99")}, prices.AUCTION),
        ({"buyingOptions": ["AUCTION"], "price": None, "currentBidPrice": money("9.99")}, prices.AUCTION),
        ({"buyingOptions": ["BEST_OFFER"]}, prices.NOT_FIXED),
        ({"buyingOptions": None}, prices.NOT_FIXED),
        ({"buyingOptions": "FIXED_PRICE"}, prices.NOT_FIXED),
        (
            {"price": money("49.50", convertedFromValue="43.00", convertedFromCurrency="EUR")},
            prices.CONVERTED,
        ),
        ({"price": money("49.50", convertedFromCurrency="EUR")}, prices.CONVERTED),
        ({"priceDisplayCondition": "ONLY_SHOW_WHEN_ADDED_IN_CART"}, prices.HIDDEN),
        *(
            ({"price": money(value)}, prices.UNKNOWN)
            for value in ("0", "0.00", "0.001", "-1", "1,50", "1e3", "")
        ),
        ({"price": money("49.50", "XXX")}, prices.UNKNOWN),
        ({"price": None}, prices.UNKNOWN),
        (
            {"estimatedAvailabilities": [{"estimatedAvailabilityStatus": "OUT_OF_STOCK"}]},
            listings.NOT_SOLD,
        ),
        ({"itemEndDate": "2026-10-01T11:59:59.000Z"}, listings.NOT_SOLD),
    ],
)
def test_what_is_no_price_is_unknown_with_a_problem(parts: dict[str, Any], why: str) -> None:
    seen = observed(**parts)
    assert (seen.prices, seen.problems) == ((), (why,))


def test_a_price_in_yen_has_no_hundredths() -> None:
    assert observed(price=money("5500", "JPY")).prices == (Price(Basis.LISTING, "JPY", 5500),)


@pytest.mark.parametrize(
    ("options", "all_in"),
    [
        ([{"shippingCostType": "FIXED", "shippingCost": money("0.00")}], 4950),
        ([{"shippingCostType": "FIXED", "shippingCost": money("5.00", "EUR")}], None),
        ([{"shippingCostType": "CALCULATED", "shippingCost": money("5.00")}], None),
        ([{"shippingCostType": "FIXED"}], None),
        ([{"shippingCostType": "FIXED", "shippingCost": money("5.00", convertedFromValue="4")}], None),
        (
            [{"shippingCostType": "FIXED", "shippingCost": money("5.00"), "importCharges": money("9.00")}],
            None,
        ),
        ([], None),
        ("no", None),
    ],
)
def test_all_in_is_only_where_shipping_is_stated_in_the_same_currency(
    options: object, all_in: int | None
) -> None:
    found = {price.basis: price.low for price in observed(shippingOptions=options).prices}
    assert found == {Basis.LISTING: 4950} | ({Basis.ALL_IN: all_in} if all_in else {})


@pytest.mark.parametrize(
    ("parts", "availability"),
    [
        (
            {"estimatedAvailabilities": [{"estimatedAvailabilityStatus": "LIMITED_STOCK"}]},
            Availability.AVAILABLE,
        ),
        ({"estimatedAvailabilities": [{"estimatedAvailabilityStatus": "HEARSAY"}]}, Availability.UNKNOWN),
        ({"estimatedAvailabilities": [{"estimatedAvailabilityStatus": []}]}, Availability.UNKNOWN),
        ({"estimatedAvailabilities": None}, Availability.UNKNOWN),
        ({"buyingOptions": ["AUCTION"]}, Availability.UNKNOWN),
        ({"itemEndDate": "2026-10-01T12:00:01.000Z"}, Availability.AVAILABLE),
        ({"itemEndDate": "2026-10-01T12:00:00.000Z"}, Availability.UNAVAILABLE),
        (
            {"estimatedAvailabilities": [{"estimatedAvailabilityStatus": "OUT_OF_STOCK"}]},
            Availability.UNAVAILABLE,
        ),
    ],
)
def test_it_can_be_bought_only_where_ebay_says_so(parts: dict[str, Any], availability: Availability) -> None:
    assert observed(**parts).availability is availability


@pytest.mark.parametrize(
    ("number", "condition"),
    [
        ("1000", ItemCondition.NEW),
        ("1500", ItemCondition.OPEN_BOX),
        ("2020", ItemCondition.REFURBISHED),
        ("3000", ItemCondition.USED),
        ("1750", None),
        ("7000", None),
        (None, None),
    ],
)
def test_what_state_a_thing_is_in_is_told_by_its_number(
    number: str | None, condition: ItemCondition | None
) -> None:
    assert observed(conditionId=number).condition is condition


@pytest.mark.parametrize("number", ["7000", "1750", "9999", "", 7000])
def test_what_is_for_parts_or_in_an_unknown_state_has_no_price(number: object) -> None:
    seen = observed(conditionId=number)
    assert (seen.prices, seen.problems) == ((), (listings.ODD_CONDITION,))


@pytest.mark.parametrize("number", ["1000", "3000", None])
def test_what_is_in_a_known_state_or_does_not_say_has_its_price(number: str | None) -> None:
    seen = observed(conditionId=number)
    assert seen.prices
    assert not seen.problems


def test_a_row_of_a_search_that_is_for_parts_has_no_price() -> None:
    assert listings.row(sent(), NOW).prices
    for_parts = listings.row(sent(conditionId="7000"), NOW)
    assert (for_parts.prices, for_parts.problems) == ((), (listings.ODD_CONDITION,))


GROUP = {"primaryItemGroup": {"itemGroupId": "110000000001", "itemGroupType": "SELLER_DEFINED_VARIATIONS"}}
VARIATION = "v1|110000000001|510000000001"


@pytest.mark.parametrize("asked", [LANTERN, "110000000001"])
def test_the_price_of_one_variation_is_not_that_of_the_listing(asked: str) -> None:
    seen = observed(listing(asked), itemId=VARIATION, **GROUP)
    assert (seen.prices, seen.problems) == ((), (listings.GROUP,))


def test_the_price_of_the_variation_that_was_asked_for_is_used() -> None:
    seen = observed(listing(VARIATION), itemId=VARIATION, **GROUP)
    assert (seen.prices[0].low, seen.problems) == (4950, ())


@pytest.mark.parametrize("answered", ["v1|110000000001|510000000002", "v1|110000000002|510000000001"])
def test_another_variation_is_another_thing(answered: str) -> None:
    target = listing(VARIATION)
    assert looked(target, says(sent(itemId=answered))).failures == {target.id: "other_item"}


def test_a_warning_beside_an_answer_is_told_by_its_number() -> None:
    seen = observed(warnings=[{"errorId": 12015, "message": "prose"}, {"errorId": "prose"}])
    assert seen.prices
    assert seen.problems == (
        "eBay warns of 12015 in its answer.",
        "eBay warns of something in its answer.",
    )


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says(sample("ebay", "error_not_found.json"), 404), "not_found"),
        (says(sample("ebay", "error_item_group.json"), 400), "item_group"),
        (says({"errors": [{"errorId": 11003, "category": "REQUEST"}]}, 400), "refused"),
        (says({"errors": [{"errorId": 12013, "category": "BUSINESS"}]}, 409), "refused"),
        (says({"errors": [{"errorId": 11001}]}), "not_found"),
        (says({"title": "Lantern"}), "malformed"),
    ],
)
def test_failures_are_told_apart(answer: Step, code: str) -> None:
    assert looked(listing(), answer).failures == {listing().id: code}


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"errors": [{"errorId": 11000, "category": "APPLICATION"}]}, 400, ProviderUnavailableError),
        ({"errors": [{"errorId": 12000, "category": "APPLICATION"}]}, 500, ProviderUnavailableError),
        ({"errors": [{"errorId": 1100, "category": "REQUEST"}]}, 403, ProviderRejectedError),
        ({"errors": [{"errorId": 1001}]}, 401, ProviderRejectedError),
        ({"errors": ["prose"]}, 200, ProviderUnavailableError),
    ],
)
def test_errors_say_whether_trying_again_helps(body: object, status: int, error: type[ProviderError]) -> None:
    with pytest.raises(error):
        looked(listing(), says(body, status))


@pytest.mark.parametrize(
    ("retry_after", "pause"), [(None, timedelta(minutes=15)), ("60", timedelta(minutes=1))]
)
def test_told_to_stop_we_stop(retry_after: str | None, pause: timedelta) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    provider, _ = ebay(says({"errors": [{"errorId": 2001}]}, 429, headers))
    budget = purse(provider.quota)
    with pytest.raises(ProviderUnavailableError):
        provider.fetch([listing()], budget, NOW)
    assert budget.ledger.blocked_until == NOW + pause


# ── searches ─────────────────────────────────────────────────────────────────────────────────────────────


def found(body: object) -> Observation:
    return looked(searching(), says(body)).observations[searching().id]


def row(number: int, value: str = "20.00", **parts: Any) -> dict[str, Any]:
    return sent(itemId=f"v1|{number}|0", price=money(value), shippingOptions=None) | parts


def test_a_search_is_one_call_for_the_newest_at_a_fixed_price() -> None:
    provider, upstream = ebay(says(sample("ebay", "empty_search.json")))
    target = searching(keyword='brass (lantern, "oil*")', category="1112")
    seen = provider.fetch([target], purse(provider.quota), NOW).observations[target.id]
    assert upstream.paths[1:] == ["/buy/browse/v1/item_summary/search"]
    assert upstream.asked[-1] == {
        "q": "brass lantern oil",
        "category_ids": "1112",
        "sort": "newlyListed",
        "filter": "buyingOptions:{FIXED_PRICE}",
        "limit": "200",
    }
    assert (seen.listings, seen.prices, seen.availability) == ((), (), Availability.UNKNOWN)


def test_the_price_of_a_search_is_that_of_its_cheapest_new_thing_with_a_price_of_its_own() -> None:
    seen = found(sample_json("ebay", "search.json"))
    assert seen.prices == (Price(Basis.LISTING, "USD", 4500), Price(Basis.ALL_IN, "USD", 4700))
    assert seen.problems == ("eBay warns of 12002 in its answer.", search.OTHERS)
    assert seen.listing_count == 8


def test_what_differs_in_kind_is_listed_with_what_it_is() -> None:
    each = {one.target.item: one for one in found(sample_json("ebay", "search.json")).listings or ()}
    assert {one.condition for one in each.values()} == {
        ItemCondition.NEW,
        ItemCondition.USED,
        ItemCondition.OPEN_BOX,
    }
    unpriced = {item: one.problems for item, one in each.items() if not one.prices}
    assert unpriced == {
        "v1|110000000014|0": (prices.AUCTION,),
        "110000000015": (listings.GROUP,),
        "v1|110000000016|0": (prices.CONVERTED,),
    }


def test_what_has_the_price_of_the_search_comes_first() -> None:
    cheap_and_used = row(110000000001, conditionId="3000")
    seen = found({"total": 2, "itemSummaries": [cheap_and_used, row(110000000002)]})
    assert [one.target.item for one in seen.listings or ()] == ["v1|110000000002|0", "v1|110000000001|0"]


def test_another_variation_on_show_is_no_new_listing() -> None:
    shown = [
        found({"total": 1, "itemSummaries": [row(110000000001, itemId=f"v1|110000000001|{one}")]})
        for one in (51, 52)
    ]
    assert len({one.target.id for seen in shown for one in seen.listings or ()}) == 1


def test_of_more_than_a_page_only_what_was_listed_within_a_day_is_seen() -> None:
    """What comes up because a newer one was sold is not new."""
    today, before = "2026-09-30T12:00:01.000Z", "2026-09-30T12:00:00.000Z"
    rows = [
        row(110000000001, itemCreationDate=today),
        row(110000000002, itemCreationDate=before),
        row(110000000003),
    ]
    seen = found({"total": 4, "itemSummaries": rows})
    assert [one.target.item for one in seen.listings or ()] == ["v1|110000000001|0"]
    assert seen.problems == (search.MANY,)
    assert found({"total": 2, "itemSummaries": rows[:1]}).problems == (search.TOO_MANY,)
    assert len(found({"total": 3, "itemSummaries": rows}).listings or ()) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"total": 3, "itemSummaries": []},
        {"total": 3},
        {"total": "3", "itemSummaries": [row(110000000001)]},
        {"total": 1, "itemSummaries": ["x"]},
        {"total": 1, "itemSummaries": "x"},
    ],
    ids=str,
)
def test_a_page_that_lacks_what_it_counts_is_no_answer(body: object) -> None:
    assert looked(searching(), says(body)).failures == {searching().id: "malformed"}


def test_a_listing_without_an_id_is_left_out_and_said() -> None:
    seen = found({"total": 2, "itemSummaries": [row(110000000001), row(1) | {"itemId": "v1|1**1|0"}]})
    assert len(seen.listings or ()) == 1
    assert search.NAMELESS in seen.problems


# ── recorded answers ─────────────────────────────────────────────────────────────────────────────────────


def test_a_recorded_error_is_that_error() -> None:
    with pytest.raises(ProviderRejectedError, match="error 11001"):
        Ebay.read(sample("ebay", "error_not_found.json"), NOW)


def test_a_recorded_search_is_its_rows() -> None:
    assert len(Ebay.read(sample("ebay", "search.json"), NOW)) == 8


RECORDED = sorted((PAYLOADS / "ebay").glob("*.json")) or [PAYLOADS / "ebay"]


@pytest.mark.skipif(not RECORDED[0].is_file(), reason=f"no recorded payloads in {PAYLOADS}")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_a_real_answer_is_read_without_a_crash_or_a_false_price(path: Path) -> None:
    sent_rows = json.loads(path.read_bytes())["itemSummaries"]
    seen = Ebay.read(path.read_bytes(), NOW)
    assert len(seen) == len(sent_rows)
    for one, said in zip(seen, sent_rows, strict=True):
        is_one_thing = "FIXED_PRICE" in said["buyingOptions"] and "itemGroupType" not in said
        by_basis = {price.basis: price for price in one.prices}
        assert bool(one.prices) == (is_one_thing and "convertedFromValue" not in said["price"])
        assert bool(one.prices) or one.problems
        if one.prices:
            assert by_basis[Basis.LISTING].low == round(float(said["price"]["value"]) * 100) > 0
        assert one.condition is not None
