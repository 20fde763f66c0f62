"""What is Best Buy's own; what every provider promises is in ``tests/contract/test_providers.py``."""

import json
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, historic_low, watch
from tests.upstream import NOW, PAYLOADS, Step, Upstream, purse, sample, sample_json, says
from watchers.errors import (
    OutOfQuotaError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnavailableError,
)
from watchers.money import Basis
from watchers.observation import Availability, ItemCondition, Observation, Price
from watchers.providers import SwitchedOff
from watchers.providers.base import Fetched
from watchers.providers.bestbuy import Bestbuy
from watchers.providers.products import product, search
from watchers.target import Search, Target
from watchers.watch import Filters

KEY = "a-made-up-key"
AVAILABLE, UNAVAILABLE, UNKNOWN = Availability.AVAILABLE, Availability.UNAVAILABLE, Availability.UNKNOWN


def bestbuy(*steps: Step) -> tuple[Bestbuy, Upstream]:
    upstream = Upstream(*(steps or (says({}),)))
    built = Bestbuy.from_env({"BESTBUY_API_KEY": KEY}, upstream.client)
    assert isinstance(built, Bestbuy)
    return built, upstream


def sku(number: str = "7100001", country: str | None = None) -> Target:
    return Target("bestbuy", item=number, country=country)


def searching(**asked: Any) -> Target:
    return Target("bestbuy", search=Search(**({"keyword": "brass lantern"} | asked)))


def sent(number: int = 7100001, **parts: Any) -> dict[str, Any]:
    """The sample product, with these parts instead; ``None`` leaves one out."""
    whole = sample_json("bestbuy", "item.json")
    assert isinstance(whole, dict)
    product = whole["products"][0] | {"sku": number} | parts
    return {name: value for name, value in product.items() if value is not None}


def page(*products: Any, **parts: Any) -> dict[str, Any]:
    counted = {"total": len(products), "totalPages": 1, "partial": False}
    return counted | {"products": list(products)} | parts


def looked(target: Target, *steps: Step) -> Fetched:
    provider, _ = bestbuy(*steps)
    return provider.fetch([target], purse(provider.quota), NOW)


def observed(**parts: Any) -> Observation:
    return looked(sku(), says(page(sent(**parts)))).observations[sku().id]


# ── settings, refusals ───────────────────────────────────────────────────────────────────────────────────


def test_without_a_key_it_is_off_and_says_so() -> None:
    assert Bestbuy.from_env({}) == SwitchedOff("bestbuy", "BESTBUY_API_KEY is not set")


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (sku("https://www.bestbuy.com/site/a-lantern/7100001.p?skuId=7100001"), Filters(), "it is 7100001"),
        (sku("https://www.bestbuy.com/site/a-lantern/7100001.p"), Filters(), "it is 7100001"),
        (sku("lantern"), Filters(), "4 to 12 digits"),
        (sku(country="CA"), Filters(), "United States only"),
        (sku(), Filters(basis=Basis.ALL_IN), "listing prices only"),
        (searching(country="GB"), Filters(), "United States only"),
        (searching(city="Springfield"), Filters(), "no city"),
        (searching(date_to=date(2026, 12, 1)), Filters(), "no dates"),
        (searching(category="lighting"), Filters(), "abcat"),
        (searching(keyword="(*)"), Filters(), "at least one word"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    assert why in (Bestbuy.refusal(target, filters) or "")


@pytest.mark.parametrize("target", [sku(country="US"), searching(country="US", category="abcat0101000")])
def test_the_united_states_may_be_named(target: Target) -> None:
    assert Bestbuy.refusal(target, Filters()) is None


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (STATUS, "announces no dates"),
        *((one, "listing prices only") for one in (below(basis="face"), drop(basis="all_in"))),
        *((one, None) for one in (BACK_IN_STOCK, NEW_LISTING, historic_low(basis="listing"), below())),
    ],
)
def test_what_best_buy_never_says_cannot_be_waited_for(
    condition: Mapping[str, object], why: str | None
) -> None:
    (asked,) = watch(condition).conditions
    said = Bestbuy.cannot_see(sku(), asked)
    assert said is None if why is None else why in (said or "")


# ── products ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_hundred_products_are_one_call_whose_question_stands_in_the_path() -> None:
    numbers = range(7100001, 7100101)
    targets = [sku(str(number)) for number in numbers]
    provider, upstream = bestbuy(says(page(*map(sent, reversed(numbers)))))
    (batch,) = provider.batches(targets)
    fetched = provider.fetch(batch, purse(provider.quota), NOW)
    assert list(fetched.observations) == [target.id for target in targets]
    skus = ",".join(map(str, numbers))
    path, _, query = upstream.requests[0].url.raw_path.decode().partition("?")
    assert path == f"/v1/products(sku%20in({skus})&active=*&digital=*&preowned=*)"
    assert upstream.asked[0]["apiKey"] == KEY
    assert upstream.asked[0]["format"] == "json"
    assert upstream.asked[0]["pageSize"] == "100"
    assert set(upstream.asked[0]["show"].split(",")) >= {"sku", "salePrice", "priceRestriction", "active"}
    assert "url" not in upstream.asked[0]["show"].split(",")
    assert KEY not in path
    assert KEY in query


def test_a_product_is_seen_as_it_is_sold() -> None:
    assert observed() == Observation(
        target=sku(),
        at=NOW,
        name="Lantern 7100001",
        url="https://www.bestbuy.com/site/7100001.p?skuId=7100001",
        category="LIGHTING",
        image="https://img.bestbuy.example/l.jpg",
        condition=ItemCondition.NEW,
        availability=AVAILABLE,
        prices=(Price(Basis.LISTING, "USD", 8999),),
    )


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"priceRestriction": "MAP"}, product.RESTRICTED),
        ({"priceRestriction": "ICR"}, product.RESTRICTED),
        ({"priceRestriction": "something new"}, product.RESTRICTED),
        ({"active": False}, product.INACTIVE),
        ({"condition": "Open Box"}, product.OPEN_BOX),
        ({"condition": "open-box", "salePrice": 1.0}, product.OPEN_BOX),
        (
            {"orderable": "SoldOut", "onlineAvailability": False, "inStoreAvailability": False},
            product.SOLD_OUT,
        ),
        ({"orderable": "SoldOut", "inStoreAvailability": None}, product.SOLD_OUT),
        ({"orderable": "ComingSoon", "inStoreAvailability": False}, product.SOLD_OUT),
        ({"onlineAvailability": False, "inStoreAvailability": False, "orderable": None}, product.SOLD_OUT),
        *(({"salePrice": value}, product.UNKNOWN) for value in (0, 0.0, -1, 0.001, True, "x", None, 1e300)),
    ],
    ids=str,
)
def test_what_is_no_price_is_unknown_with_a_problem(parts: dict[str, Any], why: str) -> None:
    seen = observed(**parts)
    assert (seen.prices, seen.problems) == ((), (why,))


@pytest.mark.parametrize(
    ("online", "in_store", "orderable", "availability"),
    [
        (True, False, "Available", AVAILABLE),
        (True, None, None, AVAILABLE),
        (True, True, "SoldOut", UNKNOWN),
        (True, True, ["x"], UNKNOWN),
        (False, True, "SoldOut", UNKNOWN),
        (False, False, "SoldOut", UNAVAILABLE),
        (False, False, None, UNAVAILABLE),
        (False, False, "Available", UNKNOWN),
        (False, None, "SoldOut", UNKNOWN),
        (None, None, None, UNKNOWN),
        ("true", "false", "Available", UNKNOWN),
    ],
)
def test_it_can_be_bought_only_where_best_buy_says_so(
    online: object, in_store: object, orderable: object, availability: Availability
) -> None:
    seen = observed(onlineAvailability=online, inStoreAvailability=in_store, orderable=orderable)
    assert seen.availability is availability


@pytest.mark.parametrize(
    ("said", "name"),
    [("Bell&apos;s Lantern", "Bell's Lantern"), ("Oil & Brass", "Oil & Brass"), ("&#10;", None), (7, None)],
)
def test_a_name_is_text_and_no_html(said: object, name: str | None) -> None:
    assert observed(name=said).name == name


def test_what_is_not_active_cannot_be_bought() -> None:
    assert observed(active=False).availability is UNAVAILABLE


@pytest.mark.parametrize(
    ("parts", "condition"),
    [
        ({"condition": "Refurbished"}, ItemCondition.REFURBISHED),
        ({"condition": "Pre-Owned"}, ItemCondition.USED),
        ({"preowned": True}, ItemCondition.USED),
        ({"condition": "Sparkling"}, None),
        ({"condition": None}, None),
    ],
)
def test_what_state_a_product_is_in_is_said(parts: dict[str, Any], condition: ItemCondition | None) -> None:
    assert observed(**parts).condition is condition


def test_what_is_missing_is_missing_and_never_gone() -> None:
    targets = [sku("7100001"), sku("7100002"), sku("../x")]
    provider, _ = bestbuy(says(page(sent(7100001), sent(7100009), {"sku": "7100002"}, total=0, partial=True)))
    fetched = provider.fetch(targets, purse(provider.quota), NOW)
    assert list(fetched.observations) == [targets[0].id]
    assert fetched.failures == {targets[1].id: "missing", targets[2].id: "bad_id"}


def test_the_key_that_an_answer_repeats_is_not_kept() -> None:
    fetched = looked(sku(), says(page(sent(), canonicalUrl=f"/v1/products(…)?apiKey={KEY}")))
    assert KEY not in repr(fetched)


# ── told to stop ─────────────────────────────────────────────────────────────────────────────────────────

_SECOND, _HOUR, _QUARTER = timedelta(seconds=10), timedelta(hours=1), timedelta(minutes=15)


@pytest.mark.parametrize(
    ("body", "headers", "error", "pause"),
    [
        (sample_json("bestbuy", "error_per_second.json"), {}, ProviderUnavailableError, _SECOND),
        (b"<h1>", {"X-Mashery-Error-Code": "ERR_403_DEVELOPER_OVER_QPS"}, ProviderUnavailableError, _SECOND),
        ({"errorMessage": "This key has reached its daily limit."}, {}, OutOfQuotaError, _HOUR),
        (b"", {"X-Mashery-Error-Code": "ERR_403_DEVELOPER_OVER_RATE"}, OutOfQuotaError, _HOUR),
        ({"errorMessage": "The key is invalid."}, {}, ProviderRejectedError, None),
        (b"", {"X-Mashery-Error-Code": "ERR_403_DEVELOPER_INACTIVE"}, ProviderRejectedError, None),
        (b"", {"X-Mashery-Error-Code": "ERR_403_NOT_AUTHORIZED"}, ProviderRejectedError, None),
        ({"errorMessage": "No."}, {}, ProviderUnavailableError, _QUARTER),
        ({"errorMessage": ["invalid"]}, {}, ProviderRejectedError, None),
        (b"<html>", {}, ProviderUnavailableError, _QUARTER),
        ({}, {"Retry-After": "60"}, ProviderUnavailableError, timedelta(minutes=1)),
    ],
)
def test_a_403_is_a_wrong_key_only_where_it_says_so(
    body: object, headers: dict[str, str], error: type[ProviderError], pause: timedelta | None
) -> None:
    provider, _ = bestbuy(says(body, 403, headers))
    budget = purse(provider.quota)
    with pytest.raises(error) as raised:
        provider.fetch([sku()], budget, NOW)
    assert isinstance(raised.value, OutOfQuotaError) == (error is OutOfQuotaError)
    assert budget.ledger.blocked_until == (NOW + pause if pause else None)


def test_the_question_of_a_wrong_key_is_one_call_with_nobodys_key() -> None:
    provider, upstream = bestbuy(says({"errorMessage": f"The key {KEY} is invalid."}, 403))
    (probe,) = provider.probes()
    budget = purse(provider.quota)
    assert probe.ask(budget, NOW) == "A wrong key is answered with status 403, and taken for a wrong key."
    assert (budget.made, len(upstream.requests)) == (1, 1)
    assert KEY not in str(upstream.requests[0].url)
    assert budget.ledger.blocked_until is None
    provider, _ = bestbuy(says(b"", 403))
    assert provider.probes()[0].ask(budget, NOW).endswith("taken for anything but a wrong key.")


# ── searches ─────────────────────────────────────────────────────────────────────────────────────────────


def test_every_word_has_to_occur_and_no_sign_of_theirs_gets_through() -> None:
    provider, upstream = bestbuy(says(page()))
    target = searching(keyword="brass (lantern)|x&active=false *é", category="abcat0101000")
    provider.fetch([target], purse(provider.quota), NOW)
    path = upstream.requests[0].url.raw_path.decode().partition("?")[0]
    words = "&".join(f"search={word}" for word in ("brass", "lantern", "x", "active", "false", "%C3%A9"))
    assert path == f"/v1/products({words}&categoryPath.id=abcat0101000)"
    assert upstream.asked[0]["sort"] == "sku.desc"


def test_the_price_of_a_search_is_that_of_its_cheapest_new_product() -> None:
    seen = looked(searching(), says(sample("bestbuy", "search.json"))).observations[searching().id]
    assert seen.prices == (Price(Basis.LISTING, "USD", 7999),)
    assert (seen.availability, seen.listing_count, seen.problems) == (AVAILABLE, 6, (search.OTHERS,))
    listed = {one.target.item: (one.condition, bool(one.prices)) for one in seen.listings or ()}
    assert list(listed)[:2] == ["7100011", "7100015"]
    assert listed["7100010"] == (ItemCondition.REFURBISHED, True)
    assert [item for item, (_, priced) in listed.items() if not priced] == ["7100012", "7100013", "7100014"]


def test_a_search_is_read_to_its_end() -> None:
    provider, upstream = bestbuy(
        says(page(sent(3), total=3, totalPages=3)),
        says(page(sent(2), total=3, totalPages=3)),
        says(page(sent(1), total=3, totalPages=3)),
    )
    fetched = provider.fetch([searching()], purse(provider.quota), NOW)
    assert len(fetched.observations[searching().id].listings or ()) == 3
    assert [one["page"] for one in upstream.asked] == ["1", "2", "3"]


@pytest.mark.parametrize(
    "second",
    [
        says({}),
        says(page(total=2, totalPages=2)),
        says(page(sent(1), total=2, totalPages=2, partial=True)),
        says(page("x", total=2, totalPages=2)),
        says({}, 500),
    ],
)
def test_half_a_search_is_none(second: Step) -> None:
    with pytest.raises(ProviderUnavailableError):
        looked(searching(), says(page(sent(2), total=2, totalPages=2)), second)


def test_of_very_many_results_the_first_are_read_and_it_is_said() -> None:
    provider, upstream = bestbuy(says(page(sent(), total=900, totalPages=9)))
    seen = provider.fetch([searching()], purse(provider.quota), NOW).observations[searching().id]
    assert len(upstream.requests) == 5
    assert "Only the first 500 results can be read; narrow the search." in seen.problems


def test_a_search_that_cannot_be_finished_spends_no_more() -> None:
    provider, upstream = bestbuy(says(page(sent(), total=300, totalPages=3)))
    with pytest.raises(OutOfQuotaError):
        provider.fetch([searching()], purse(provider.quota, 2), NOW)
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("kinds", "availability"),
    [
        ([AVAILABLE, UNAVAILABLE], AVAILABLE),
        ([UNAVAILABLE, UNAVAILABLE], UNAVAILABLE),
        ([UNAVAILABLE, UNKNOWN], UNKNOWN),
        ([], UNKNOWN),
    ],
)
def test_a_search_is_sold_out_only_where_everything_is(
    kinds: list[Availability], availability: Availability
) -> None:
    nowhere = {"onlineAvailability": False, "inStoreAvailability": False}
    said = {AVAILABLE: {}, UNAVAILABLE: nowhere, UNKNOWN: nowhere | {"inStoreAvailability": True}}
    products = [
        sent(number, **{"orderable": "SoldOut"} | said[kind] if said[kind] else {})
        for number, kind in enumerate(kinds, 7100001)
    ]
    seen = looked(searching(), says(page(*products))).observations[searching().id]
    assert seen.availability is availability


# ── recorded answers ─────────────────────────────────────────────────────────────────────────────────────


def test_a_single_recorded_product_is_read() -> None:
    (seen,) = Bestbuy.read(json.dumps(sent()).encode(), NOW)
    assert replace(seen, at=NOW) == observed()


@pytest.mark.parametrize(
    ("name", "error"),
    [("error_400.json", ProviderRejectedError), ("error_per_second.json", ProviderUnavailableError)],
)
def test_a_recorded_error_is_that_error(name: str, error: type[ProviderError]) -> None:
    with pytest.raises(error):
        Bestbuy.read(sample("bestbuy", name), NOW)


RECORDED = sorted((PAYLOADS / "bestbuy").glob("*.json")) or [PAYLOADS / "bestbuy"]


@pytest.mark.skipif(not RECORDED[0].is_file(), reason=f"no recorded payloads in {PAYLOADS}")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_a_real_answer_is_read_without_a_crash_or_a_false_price(path: Path) -> None:
    calls = json.loads(path.read_bytes())
    if any(call["status"] != 200 or isinstance(call["response"], str) for call in calls):
        with pytest.raises(ProviderError) as raised:
            Bestbuy.read(path.read_bytes(), NOW)
        assert "apiKey" not in str(raised.value)
        return
    seen = Bestbuy.read(path.read_bytes(), NOW)
    products = [each for call in calls for each in call["response"].get("products", [call["response"]])]
    assert [one.target.item for one in seen] == [str(each["sku"]) for each in products]
    for one, each in zip(seen, products, strict=True):
        is_shown = bool(each.get("salePrice")) and not each.get("priceRestriction")
        assert [price.low for price in one.prices] == ([round(each["salePrice"] * 100)] if is_shown else [])
        assert bool(one.prices) != bool(one.problems)
