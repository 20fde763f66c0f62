"""What is Ticketmaster's own; what every provider promises is in ``tests/contract/test_providers.py``."""

import copy
import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, historic_low, watch
from tests.upstream import NOW, PAYLOADS, Step, Upstream, purse, sample, sample_json, says
from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.money import Basis, PriceKey
from watchers.observation import Availability, EventStatus, Observation, Presale, Price
from watchers.providers import SwitchedOff
from watchers.providers.ticketmaster import Ticketmaster
from watchers.quota import Budget, Ledger
from watchers.target import Search, Target
from watchers.watch import Filters

Event = dict[str, Any]
KEY = "kit-secret-5b1d"
ITEM = cast("Event", sample_json("ticketmaster", "item.json"))
PAGE = cast("Event", sample_json("ticketmaster", "search_page.json"))
TORONTO = ZoneInfo("America/Toronto")
GULLS = Target(provider="ticketmaster", search=Search(keyword="gulls", country="CA"))


def ticketmaster(*steps: Step) -> tuple[Ticketmaster, Upstream]:
    upstream = Upstream(*(steps or (says({}),)))
    return Ticketmaster(upstream.client, KEY), upstream


def item(id_: str) -> Target:
    return Target(provider="ticketmaster", item=id_)


def event(id_: str = "vvTest0001", **changes: object) -> Event:
    """An ordinary event, with parts of it replaced."""
    return {**copy.deepcopy(ITEM), "id": id_, **changes}


def page(events: list[Event], number: int = 0, pages: int = 1, total: int | None = None) -> Event:
    count = len(events) if total is None else total
    body: Event = {"page": {"size": 200, "totalElements": count, "totalPages": pages, "number": number}}
    return {"_embedded": {"events": events}, **body} if events else body


def observed(changed: Mapping[str, object]) -> Observation:
    provider, _ = ticketmaster()
    (seen,) = provider.read(json.dumps(dict(changed)).encode(), NOW)
    return seen


def budget(calls: int | None = None) -> Budget:
    return purse(ticketmaster()[0].quota, calls)


def searched(body: object, target: Target = GULLS) -> Observation:
    provider, _ = ticketmaster(says(body))
    return provider.fetch([target], budget(), NOW).observations[target.id]


def names(seen: Observation) -> list[str | None]:
    return [one.name for one in seen.listings or ()]


# ── settings and refusals ────────────────────────────────────────────────────────────────────────────────


def test_without_a_key_it_is_off_and_says_so() -> None:
    assert Ticketmaster.from_env({}) == SwitchedOff("ticketmaster", "TICKETMASTER_API_KEY is not set")


def test_by_default_5000_calls_a_day_and_2_a_second() -> None:
    built = Ticketmaster.from_env({"TICKETMASTER_API_KEY": KEY})
    assert isinstance(built, Ticketmaster)
    assert (built.quota.calls, built.quota.per, built.quota.per_second) == (5000, timedelta(days=1), 2.0)


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (item("https://www.ticketmaster.com/x/event/0B005F2A8E4F1C3D"), Filters(), "another id"),
        (item("www.ticketmaster.com"), Filters(), "another id"),
        (item("abcd"), Filters(), "5 to 40"),
        (item("a" * 41), Filters(), "5 to 40"),
        (item("vvTest0001"), Filters(min_quantity=2), "how many"),
        (item("vvTest0001"), Filters(sections=("Floor",)), "which seats"),
        (item("vvTest0001"), Filters(weekdays=("fri",)), "Weekdays"),
        (item("vvTest0001"), Filters(basis=Basis.LISTING), "face"),
        (Target(provider="ticketmaster", item="vvTest0001", country="US"), Filters(), "country"),
        (Target(provider="ticketmaster", search=Search(city="Oslo"), country="NO"), Filters(), "country"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    assert why in (ticketmaster()[0].refusal(target, filters) or "")


@pytest.mark.parametrize("condition", [below(), drop(), historic_low()], ids=lambda one: str(one["kind"]))
@pytest.mark.parametrize("target", [item("vvTest0001"), GULLS], ids=["item", "search"])
def test_a_listing_price_is_never_published(target: Target, condition: Mapping[str, object]) -> None:
    for basis in ("any", *Basis):
        (asked,) = watch({**condition, "basis": basis}).conditions
        said = Ticketmaster.cannot_see(target, asked) or ""
        assert ("choose one of these, or any." in said) == (basis == "listing")


@pytest.mark.parametrize("condition", [NEW_LISTING, BACK_IN_STOCK, STATUS], ids=lambda one: str(one["kind"]))
def test_whatever_is_no_price_ticketmaster_may_say(condition: Mapping[str, object]) -> None:
    (asked,) = watch(condition).conditions
    assert Ticketmaster.cannot_see(item("vvTest0001"), asked) is None


@pytest.mark.parametrize("filters", [Filters(), Filters(weekdays=("fri",)), Filters(basis=Basis.RESALE)])
def test_a_search_may_be_narrowed_to_weekdays_and_a_basis(filters: Filters) -> None:
    assert ticketmaster()[0].refusal(GULLS, filters) is None


# ── items ────────────────────────────────────────────────────────────────────────────────────────────────


def test_fifty_items_are_one_call_that_leaves_nothing_out() -> None:
    targets = [item(f"vvTest{n:04}") for n in range(50)]
    provider, upstream = ticketmaster(says(page([event(target.item or "") for target in targets])))
    (batch,) = provider.batches(targets)
    fetched = provider.fetch(batch, budget(), NOW)
    assert list(fetched.observations) == [target.id for target in targets]
    assert upstream.paths == ["/discovery/v2/events.json"]
    assert upstream.asked == [
        {
            "id": ",".join(target.item or "" for target in targets),
            "size": "200",
            "includeTBA": "yes",
            "includeTBD": "yes",
            "locale": "*",
            "apikey": KEY,
        }
    ]


def test_an_item_alone_is_asked_by_its_id() -> None:
    provider, upstream = ticketmaster(says(ITEM))
    provider.fetch([item(ITEM["id"])], budget(), NOW)
    assert upstream.paths == [f"/discovery/v2/events/{ITEM['id']}.json"]
    assert upstream.asked == [{"locale": "*", "apikey": KEY}]


def test_what_is_missing_from_the_list_is_confirmed_by_its_id() -> None:
    here, hidden, gone = item("vvHere0001"), item("vvHidden01"), item("vvGone0001")
    not_found = says(sample_json("ticketmaster", "error_404.json"), 404)
    provider, upstream = ticketmaster(says(page([event("vvHere0001")])), says(event("vvHidden01")), not_found)
    fetched = provider.fetch([here, hidden, gone], budget(), NOW)
    assert set(fetched.observations) == {here.id, hidden.id}
    assert fetched.failures == {gone.id: "not_found"}
    assert upstream.paths[1:] == [
        "/discovery/v2/events/vvHidden01.json",
        "/discovery/v2/events/vvGone0001.json",
    ]


def test_an_id_in_another_case_is_another_item() -> None:
    provider, _ = ticketmaster(says(event("VVTEST0001")))
    target = item("vvtest0001")
    assert provider.fetch([target], budget(), NOW).failures == {target.id: "other_item"}


def test_where_the_list_is_refused_every_item_is_asked_by_its_id() -> None:
    refused = says(sample_json("ticketmaster", "error_400.json"), 400)
    provider, upstream = ticketmaster(refused, says(event("vvTest0001")), says(event("vvTest0002")))
    targets = [item("vvTest0001"), item("vvTest0002")]
    assert set(provider.fetch(targets, budget(), NOW).observations) == {one.id for one in targets}
    assert len(upstream.requests) == 3


@pytest.mark.parametrize("first", [says(page([])), says({}, 400), says(page([event("vvTest0001")]))])
def test_confirming_stops_where_the_budget_ends_and_the_rest_stays_due(first: Step) -> None:
    targets = [item(f"vvTest{n:04}") for n in range(1, 6)]
    provider, upstream = ticketmaster(first, says({}, 404))
    fetched = provider.fetch(targets, budget(3), NOW)
    assert len(upstream.requests) == 3
    assert set(fetched.failures.values()) == {"not_found"}
    assert len(fetched.failures) == 2


def test_a_budget_that_ends_with_the_list_leaves_what_is_missing_due() -> None:
    provider, _ = ticketmaster(says({}, 400))
    fetched = provider.fetch([item("vvTest0001"), item("vvTest0002")], budget(1), NOW)
    assert (dict(fetched.observations), dict(fetched.failures)) == ({}, {})


def test_an_outage_while_confirming_keeps_what_was_seen() -> None:
    provider, upstream = ticketmaster(says(page([event("vvTest0001")])), says({}, 503))
    targets = [item("vvTest0001"), item("vvTest0002"), item("vvTest0003")]
    fetched = provider.fetch(targets, budget(), NOW)
    assert set(fetched.observations) == {targets[0].id}
    assert fetched.failures == {targets[1].id: "unavailable"}
    assert len(upstream.requests) == 2


def of_act(number: int, act: str = "K8vTest01") -> Event:
    show = event(f"vvTest{number:04}")
    return {**show, "_embedded": {**show.get("_embedded", {}), "attractions": [{"id": act}]}}


def of_act_items(numbers: range) -> list[Target]:
    return [item(f"vvTest{number:04}") for number in numbers]


def test_an_act_that_plays_more_often_than_a_list_holds_is_asked_by_its_page() -> None:
    tour = [of_act(number) for number in range(80)]
    provider, upstream = ticketmaster(says(page(tour[:50])), says(page(tour[50:])), says(page(tour)))
    targets = of_act_items(range(80))
    assert list(map(len, provider.batches(targets))) == [50, 30]
    for batch in provider.batches(targets):
        provider.fetch(batch, budget(), NOW)
    (together,) = provider.batches(targets)
    fetched = provider.fetch(together, budget(), NOW)
    assert set(fetched.observations) == {target.id for target in targets}
    assert upstream.requests[-1].url.params["attractionId"] == "K8vTest01"
    assert len(upstream.requests) == 3


def test_what_an_acts_page_does_not_show_is_asked_for_by_lists() -> None:
    tour = [of_act(number) for number in range(52)]
    steps = [
        says(page(tour[:50])),
        says(page(tour[50:])),
        says(page(tour[1:], total=400)),
        says(page(tour[:1])),
    ]
    provider, upstream = ticketmaster(*steps)
    targets = of_act_items(range(52))
    for batch in provider.batches(targets):
        provider.fetch(batch, budget(), NOW)
    (together,) = provider.batches(targets)
    assert len(provider.fetch(together, budget(), NOW).observations) == 52
    assert len(upstream.requests) == 4
    assert list(map(len, provider.batches(targets))) == [50, 2], "its page is not asked for again"


def test_where_lists_are_refused_an_act_is_asked_by_its_page_and_others_alone() -> None:
    refused = says(sample_json("ticketmaster", "error_400.json"), 400)
    shows = [of_act(1), of_act(2), of_act(3, "K8vOther")]
    provider, _ = ticketmaster(refused, *map(says, shows))
    targets = of_act_items(range(1, 4))
    (batch,) = provider.batches(targets)
    assert len(provider.fetch(batch, budget(), NOW).observations) == 3
    assert provider.batches(targets) == [targets[:2], targets[2:]]


def test_a_list_that_is_refused_for_one_of_its_ids_goes_on_being_asked() -> None:
    refused = says(sample_json("ticketmaster", "error_400.json"), 400)
    provider, _ = ticketmaster(refused, refused, says(of_act(2)), says(of_act(3)))
    targets = of_act_items(range(1, 4))
    provider.fetch(targets, budget(), NOW)
    assert provider.batches(targets) == [targets]


def test_an_outage_after_a_refused_list_is_an_outage() -> None:
    provider, _ = ticketmaster(says({}, 400), says({}, 503))
    with pytest.raises(ProviderUnavailableError):
        provider.fetch([item("vvTest0001"), item("vvTest0002")], budget(), NOW)


def test_an_id_that_alone_is_refused_fails_alone() -> None:
    provider, _ = ticketmaster(says(page([])), says({}, 400), says(event("vvTest0002")))
    bad, good = item("vvTest0001"), item("vvTest0002")
    fetched = provider.fetch([bad, good], budget(), NOW)
    assert fetched.failures == {bad.id: "refused"}
    assert set(fetched.observations) == {good.id}


def test_a_list_answered_by_something_else_is_malformed_not_gone() -> None:
    provider, upstream = ticketmaster(says({"hello": "world"}))
    fetched = provider.fetch([item("vvTest0001"), item("vvTest0002")], budget(), NOW)
    assert set(fetched.failures.values()) == {"malformed"}
    assert len(upstream.requests) == 1


def test_events_nobody_asked_for_are_ignored() -> None:
    provider, _ = ticketmaster(says(page([event("vvOther001"), event("vvTest0001"), event("vvTest0002")])))
    targets = [item("vvTest0001"), item("vvTest0002")]
    assert set(provider.fetch(targets, budget(), NOW).observations) == {one.id for one in targets}


def test_an_extra_asked_for_by_id_is_seen_with_a_problem() -> None:
    provider, _ = ticketmaster(says(event("vvTest0001", name="Suites: A v B")))
    (seen,) = provider.fetch([item("vvTest0001")], budget(), NOW).observations.values()
    assert seen.prices
    assert "not a show" in seen.problems[0]


# ── one event ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_read_in_full() -> None:
    assert observed(ITEM) == Observation(
        target=item(ITEM["id"]),
        at=NOW,
        name="The Paper Lanterns",
        url=ITEM["url"],
        venue="Granite Hall",
        city="Toronto",
        region="ON",
        country="CA",
        performers=("The Paper Lanterns", "Night Tram Orchestra"),
        category="Music",
        image="https://images.example/largest.jpg",
        starts_at=datetime(2026, 12, 4, 20, 0, tzinfo=TORONTO),
        starts_on=date(2026, 12, 4),
        status=EventStatus.ONSALE,
        availability=Availability.AVAILABLE,
        onsale_at=datetime(2026, 3, 6, 15, 0, tzinfo=UTC),
        presales=(
            Presale("Fan Presale", datetime(2026, 3, 4, 15, tzinfo=UTC), datetime(2026, 3, 6, 3, tzinfo=UTC)),
            Presale(
                "Venue Presale", datetime(2026, 3, 5, 15, tzinfo=UTC), datetime(2026, 3, 6, 3, tzinfo=UTC)
            ),
        ),
        prices=(Price(Basis.FACE, "CAD", 6210, 24000),),
    )


@pytest.mark.parametrize(
    "images",
    [
        None,
        [],
        "x",
        [{"ratio": "16_9", "width": 9}],
        [{"ratio": "3_2", "url": "https://images.example/a.jpg"}],
    ],
    ids=str,
)
def test_without_a_picture_of_its_own_there_is_none(images: object) -> None:
    assert observed({**ITEM, "images": images}).image is None


@pytest.mark.parametrize("width", ["9", 9, "x", None, True])
def test_a_picture_is_one_whatever_its_width_is_called(width: object) -> None:
    image = {"ratio": "16_9", "url": "https://images.example/a.jpg", "width": width}
    assert observed({**ITEM, "images": [image]}).image == image["url"]


@pytest.mark.parametrize("code", ["canada", "", 1, None, ["CA"]])
def test_what_is_no_country_code_is_no_country(code: object) -> None:
    elsewhere = copy.deepcopy(ITEM)
    elsewhere["_embedded"]["venues"][0]["country"] = {"countryCode": code}
    assert observed(elsewhere).country is None


def test_the_category_is_the_segment_of_the_primary_classification() -> None:
    classes = [{"segment": {"name": "Film"}}, {"primary": True, "segment": {"name": "Sports"}}]
    assert observed({**ITEM, "classifications": classes}).category == "Sports"
    assert observed({**ITEM, "classifications": classes[:1]}).category == "Film"
    assert observed({**ITEM, "classifications": [{"segment": {"name": "Undefined"}}]}).category is None


def start(changes: Mapping[str, object], zone: object = "America/Toronto") -> Observation:
    dates = copy.deepcopy(ITEM["dates"])
    dates["start"].update(changes)
    dates["timezone"] = zone
    return observed({**ITEM, "dates": dates})


@pytest.mark.parametrize("flag", ["timeTBA", "noSpecificTime"])
def test_an_hour_not_announced_is_not_invented(flag: str) -> None:
    seen = start({flag: True})
    assert (seen.starts_at, seen.starts_on) == (None, date(2026, 12, 4))


@pytest.mark.parametrize("flag", ["dateTBA", "dateTBD"])
def test_a_day_not_announced_is_not_invented(flag: str) -> None:
    seen = start({flag: True})
    assert (seen.starts_at, seen.starts_on) == (None, None)


@pytest.mark.parametrize("zone", [None, "", "Nowhere/Land", "../etc", "America", 5])
def test_without_a_zone_of_its_own_an_event_has_its_venues(zone: object) -> None:
    assert start({}, zone).starts_at == datetime(2026, 12, 4, 20, 0, tzinfo=TORONTO)
    assert str(getattr(start({}, zone).starts_at, "tzinfo", None)) == "America/Toronto"


def test_without_any_zone_the_moment_is_utc() -> None:
    homeless = {**ITEM, "dates": {**ITEM["dates"], "timezone": None}, "_embedded": {}}
    seen = observed(homeless)
    assert seen.starts_at == datetime(2026, 12, 5, 1, tzinfo=UTC)
    assert seen.starts_on == date(2026, 12, 4)
    assert (seen.venue, seen.city) == (None, None)


@pytest.mark.parametrize(
    ("local", "hours"), [("20:00:00", -5), ("20:01:00", 0), (None, 0), ("04:59:00", 0), ("soon", 0)]
)
def test_without_any_zone_a_local_hour_that_can_be_says_how_far_from_utc_it_lies(
    local: object, hours: int
) -> None:
    dates = copy.deepcopy(ITEM["dates"])
    dates["start"]["localTime"], dates["timezone"] = local, None
    seen = observed({**ITEM, "dates": dates, "_embedded": {}})
    assert seen.starts_at == datetime(2026, 12, 5, 1, tzinfo=UTC)
    assert seen.starts_at is not None
    assert seen.starts_at.utcoffset() == timedelta(hours=hours)


def test_without_a_moment_the_local_hour_is_taken_in_the_zone() -> None:
    assert start({"dateTime": None}).starts_at == datetime(2026, 12, 4, 20, 0, tzinfo=TORONTO)


@pytest.mark.parametrize("hour", ["late", "", None, 20])
def test_without_a_moment_and_an_hour_there_is_no_start(hour: object) -> None:
    seen = start({"dateTime": None, "localTime": hour})
    assert (seen.starts_at, seen.starts_on) == (None, date(2026, 12, 4))


@pytest.mark.parametrize(
    ("code", "status", "availability"),
    [
        ("onsale", EventStatus.ONSALE, Availability.AVAILABLE),
        ("offsale", EventStatus.OFFSALE, Availability.UNAVAILABLE),
        ("cancelled", EventStatus.CANCELLED, Availability.UNAVAILABLE),
        ("canceled", EventStatus.CANCELLED, Availability.UNAVAILABLE),
        ("postponed", EventStatus.POSTPONED, Availability.UNAVAILABLE),
        ("rescheduled", EventStatus.RESCHEDULED, Availability.UNKNOWN),
        ("moved", None, Availability.UNKNOWN),
        (None, None, Availability.UNKNOWN),
    ],
)
def test_a_status_is_read_in_either_spelling_and_never_guessed(
    code: str | None, status: EventStatus | None, availability: Availability
) -> None:
    seen = observed({**ITEM, "dates": {**ITEM["dates"], "status": {"code": code}}})
    assert (seen.status, seen.availability) == (status, availability)
    assert bool(seen.problems) == (code == "moved")


@pytest.mark.parametrize(
    "public",
    [
        {"startDateTime": "1900-01-01T06:00:00Z"},
        {"startDateTime": "1900-01-01T18:00:00Z"},
        {"startDateTime": "2026-03-06T15:00:00Z", "startTBD": True},
        {"startDateTime": "2026-03-06T15:00:00Z", "startTBA": True},
        {"startDateTime": "2026-03-06"},
        {},
        None,
    ],
)
def test_a_placeholder_is_not_the_start_of_a_sale(public: object) -> None:
    assert observed({**ITEM, "sales": {"public": public}}).onsale_at is None


@pytest.mark.parametrize("url", ["", " ", None, "javascript:alert(1)", "/event/1", 7])
def test_what_is_no_address_is_no_url(url: object) -> None:
    assert observed({**ITEM, "url": url}).url is None


# ── prices ───────────────────────────────────────────────────────────────────────────────────────────────


def ranges(*entries: Mapping[str, object]) -> Observation:
    return observed({**ITEM, "priceRanges": list(entries)})


def price_range(low: object, high: object = 90, kind: object = "standard", currency: object = "USD") -> Event:
    return {"type": kind, "currency": currency, "min": low, "max": high}


FACE_USD = PriceKey(Basis.FACE, "USD")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([price_range(62.1, 240.0)], [Price(Basis.FACE, "USD", 6210, 24000)]),
        ([price_range(4.66, None)], [Price(Basis.FACE, "USD", 466, None)]),
        ([price_range(50, 80, "standard including fees")], [Price(Basis.ALL_IN, "USD", 5000, 8000)]),
        ([price_range(50, 80, "Resale")], [Price(Basis.RESALE, "USD", 5000, 8000)]),
        ([price_range(5500, 9000, currency="JPY")], [Price(Basis.FACE, "JPY", 5500, 9000)]),
        ([price_range(5.5, 9, currency="KWD")], [Price(Basis.FACE, "KWD", 5500, 9000)]),
        (
            [price_range(88.34, 88.34, currency="AUD"), price_range(77.69, 80, currency="AUD")],
            [Price(Basis.FACE, "AUD", 7769, 8834)],
        ),
        (
            [
                price_range(47.45, 178.9, "standard including fees", "GBP"),
                price_range(40, 159.5, currency="GBP"),
            ],
            [Price(Basis.ALL_IN, "GBP", 4745, 17890), Price(Basis.FACE, "GBP", 4000, 15950)],
        ),
    ],
)
def test_a_range_is_a_price_of_its_own_basis_and_currency(
    entries: list[Event], expected: list[Price]
) -> None:
    seen = ranges(*entries)
    assert (list(seen.prices), seen.problems) == (expected, ())


@pytest.mark.parametrize(
    "entry",
    [
        price_range(0, 80),
        price_range(0, 0),
        price_range(0.0, None),
        price_range(0.001, 80),
        price_range(-5, 80),
        price_range(float("nan"), 80),
        price_range(20, float("nan")),
        price_range(float("inf"), float("inf")),
        price_range("20", 80),
        price_range("free", 80),
        price_range(True, 80),
        price_range(None, 80),
        price_range([20], 80),
        price_range(80, 20),
        price_range(1e300, 1e300),
        price_range(20, kind="official platinum"),
        price_range(20, kind="resale including fees"),
        price_range(20, kind=None),
        price_range(20, currency=None),
        price_range(20, currency="dollars"),
        price_range(20, currency="XXX"),
        {},
    ],
    ids=str,
)
def test_what_cannot_be_believed_is_no_price_but_a_problem(entry: Event) -> None:
    seen = ranges(entry)
    assert seen.prices == ()
    assert len(seen.problems) == 1
    assert seen.problems[0].endswith(".")


def test_a_placeholder_beside_a_real_range_does_not_hide_it() -> None:
    seen = ranges(price_range(0, 400), price_range(35, 90))
    assert seen.prices == (Price(Basis.FACE, "USD", 3500, 9000),)
    assert len(seen.problems) == 1


def test_an_event_without_prices_is_ordinary_and_no_problem() -> None:
    seen = observed({name: part for name, part in ITEM.items() if name != "priceRanges"})
    assert (seen.prices, seen.problems) == ((), ())


# ── what is a show ───────────────────────────────────────────────────────────────────────────────────────


def test_a_page_of_extras_twins_and_tests_is_read_as_its_shows() -> None:
    provider, _ = ticketmaster()
    assert [one.target.item for one in provider.read(sample("ticketmaster", "search_page.json"), NOW)] == [
        "G5kitGame0001",
        "G5kitGame0002",
        "G5kitGame0003",
        "G5kitGame0004",
        "G5kitLotBand01",
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Suites: Kraken v Leafs",
        "Suites - Ducks v Leafs",
        "Sabres v Leafs - Suite Rental",
        "Sabres v Leafs (Suites)",
        "PREMIUM SEATING: LEAFS",
        "Premium: Kraken v Leafs",
        "Parking: Beerfest",
        "Luke Combs - Parking",
        "Luke Combs | Premium Parking",
        "Breakdown RV Pass",
        "Rollergirls 2026 Regular Season Pass",
        "Arena Parking Pass",
        "BuyBack: Sharks v Leafs",
        "Post-Game: Meet the Team",
        "Guild Membership Registration",
    ],
)
def test_an_extra_that_only_its_name_gives_away_is_left_out(name: str) -> None:
    assert names(searched(page([event("vvTest0001", name=name), event("vvTest0002")]))) == [
        "The Paper Lanterns"
    ]


@pytest.mark.parametrize(
    "name",
    [
        "Parking Lot",
        "The Parking Lots - Live",
        "Suite Francaise",
        "Premium Blend Comedy",
        "Passenger",
        "The Season",
        "Backstage Pass",
        "Bluesfest - Weekend Pass",
        "3-Day Pass",
        "Rental Car",
        "Ozzy - VIP Package",
        "Suitehearts: The Tour",
    ],
)
def test_a_show_whose_name_resembles_an_extra_plays_on(name: str) -> None:
    assert names(searched(page([event("vvTest0001", name=name)]))) == [name]


def test_a_suite_that_is_music_is_a_show() -> None:
    classical = [{"primary": True, "segment": {"name": "Music"}, "genre": {"name": "Classical"}}]
    suite = event("vvTest0001", name="Holst: Suites", classifications=classical)
    assert names(searched(page([suite]))) == ["Holst: Suites"]


@pytest.mark.parametrize(
    "kind", ["Parking", "Upsell", "Merchandise", "Donation", "Nonticket", "Transportation"]
)
def test_an_extra_by_its_classification_is_left_out_whatever_its_name(kind: str) -> None:
    extra = event("vvTest0001", name="A Lovely Evening", classifications=[{"type": {"name": kind}}])
    assert names(searched(page([extra]))) == []


def test_what_another_event_sells_as_its_extra_is_left_out() -> None:
    show = event("vvTest0001", products=[{"id": "vvTest0002", "type": "VIP"}])
    assert names(searched(page([event("vvTest0002", name="Terrace Access"), show]))) == ["The Paper Lanterns"]


@pytest.mark.parametrize("change", [{"url": ""}, {"url": None}, {"test": True}])
def test_what_has_no_public_page_or_is_a_test_is_left_out(change: Event) -> None:
    assert names(searched(page([event("vvTest0001", **change)]))) == []


@pytest.mark.parametrize("first", ["show", "twin"])
def test_of_a_show_and_its_resale_twin_one_is_listed_always_the_same(first: str) -> None:
    show = event("G5Show0001", name="Gulls vs. Moose", priceRanges=None)
    twin = event("Z7Twin0001", name="Gulls v Moose", priceRanges=None)
    events = [show, twin] if first == "show" else [twin, show]
    assert [one.target.item for one in searched(page(events)).listings or ()] == ["G5Show0001"]


@pytest.mark.parametrize("other", ["vvTest0001", "Z7Test0003"], ids=["a duplicate", "a resale twin"])
@pytest.mark.parametrize("priced", ["neither", "the listed", "the other", "both"])
def test_which_of_two_entries_has_a_price_changes_the_price_and_never_the_id(other: str, priced: str) -> None:
    """Another id would be told as a new listing."""
    without: Event = {"priceRanges": None, "url": "https://example.test/without"}
    listed = event("vvTest0002", **({} if priced in ("the listed", "both") else without))
    duplicate = event(other, **({} if priced in ("the other", "both") else without))
    for events in ([listed, duplicate], [duplicate, listed]):
        (show,) = searched(page(events)).listings or ()
        assert show.target.item == "vvTest0002"
        assert bool(show.prices) == (priced != "neither")
        assert (show.url == "https://example.test/without") == (priced == "neither")


def test_two_shows_of_one_day_are_two_shows() -> None:
    late = copy.deepcopy(ITEM["dates"])
    late["start"].update(localTime="22:00:00", dateTime="2026-12-05T03:00:00Z")
    assert len(names(searched(page([event("vvTest0001"), event("vvTest0002", dates=late)])))) == 2


def test_shows_without_an_hour_are_not_taken_for_one() -> None:
    open_hour = copy.deepcopy(ITEM["dates"])
    open_hour["start"]["timeTBA"] = True
    events = [event("vvTest0001", dates=open_hour), event("vvTest0002", dates=open_hour)]
    assert len(names(searched(page(events)))) == 2


# ── searches ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_search_is_asked_in_the_vendors_words() -> None:
    search = Search(
        keyword="Gulls",
        city="Halifax",
        country="CA",
        category="sports",
        date_from=date(2026, 10, 7),
        date_to=date(2026, 10, 10),
    )
    provider, upstream = ticketmaster(says(page([])))
    provider.fetch([Target(provider="ticketmaster", search=search)], budget(), NOW)
    assert upstream.asked == [
        {
            "keyword": "Gulls",
            "city": "Halifax",
            "countryCode": "CA",
            "classificationName": "sports",
            "startDateTime": "2026-10-06T00:00:00Z",
            "endDateTime": "2026-10-11T23:59:59Z",
            "size": "200",
            "sort": "id,asc",
            "locale": "*",
            "includeTBA": "yes",
            "includeTBD": "yes",
            "apikey": KEY,
        }
    ]


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_are_no_crash(day: date) -> None:
    provider, upstream = ticketmaster(says(page([])))
    search = Search(keyword="x", date_from=day, date_to=day)
    provider.fetch([Target(provider="ticketmaster", search=search)], budget(), NOW)
    for name in ("startDateTime", "endDateTime"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", upstream.asked[0][name])


def test_days_are_the_events_own_not_utc() -> None:
    """20:00 in Toronto on the 4th is the 5th in UTC."""
    on_the_4th = Search(keyword="x", date_from=date(2026, 12, 4), date_to=date(2026, 12, 4))
    on_the_5th = Search(keyword="x", date_from=date(2026, 12, 5), date_to=date(2026, 12, 5))
    answers = [
        searched(page([ITEM]), Target(provider="ticketmaster", search=one))
        for one in (on_the_4th, on_the_5th)
    ]
    assert [len(one.listings or ()) for one in answers] == [1, 0]


@pytest.mark.parametrize(("weekdays", "count"), [((), 1), (("fri",), 1), (("thu", "fri"), 1), (("sat",), 0)])
def test_weekdays_are_the_events_own(weekdays: tuple[Any, ...], count: int) -> None:
    target = Target(provider="ticketmaster", search=Search(keyword="x", weekdays=weekdays))
    assert len(searched(page([ITEM]), target).listings or ()) == count


def test_a_show_without_a_date_is_on_none_of_the_days_asked_for() -> None:
    undated = event(dates={"start": {"dateTBA": True}, "status": {"code": "onsale"}})
    fridays = Target(provider="ticketmaster", search=Search(keyword="x", weekdays=("fri",)))
    assert len(searched(page([undated])).listings or ()) == 1
    assert len(searched(page([undated]), fridays).listings or ()) == 0


def test_a_search_adds_up_to_its_listings_and_the_lowest_price_that_can_be_bought() -> None:
    seen = searched(PAGE)
    assert (seen.name, seen.url, seen.status, seen.at) == (None, None, None, NOW)
    assert seen.availability is Availability.AVAILABLE
    assert seen.prices == (Price(Basis.FACE, "CAD", 3850),)
    assert [one.target for one in seen.listings or ()][:1] == [item("G5kitGame0001")]
    assert all(one.listings is None for one in seen.listings or ())


def test_a_search_shows_each_event_as_if_it_had_been_asked_for_by_its_id() -> None:
    provider, _ = ticketmaster(says(PAGE))
    also = provider.fetch([GULLS], budget(), NOW).also
    for number, each in enumerate(PAGE["_embedded"]["events"]):
        if each.get("id"):
            asked, _ = ticketmaster(says(each))
            target = item(each["id"])
            assert also[target.id] == asked.fetch([target], budget(), NOW).observations[target.id], number
    assert len(also) > 1


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ((), Availability.UNKNOWN),
        (("offsale", "onsale"), Availability.AVAILABLE),
        (("offsale", "cancelled"), Availability.UNAVAILABLE),
        (("offsale", "rescheduled"), Availability.UNKNOWN),
    ],
)
def test_a_search_is_unavailable_only_when_all_of_it_clearly_is(
    codes: tuple[str, ...], expected: Availability
) -> None:
    events = [
        event(f"vvTest{n:04}", name=f"Show {n}", dates={**ITEM["dates"], "status": {"code": code}})
        for n, code in enumerate(codes)
    ]
    assert searched(page(events)).availability is expected


def test_an_empty_result_is_seen_and_holds_nothing() -> None:
    seen = searched(sample_json("ticketmaster", "empty_search.json"))
    assert (seen.listings, seen.prices, seen.availability) == ((), (), Availability.UNKNOWN)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"page": {}},
        {"page": {"size": 200}},
        {"_embedded": {}},
        {"_embedded": {"events": "no"}},
        {"_embedded": {"events": ["no"]}},
        ITEM,
    ],
    ids=lambda body: str(body)[:30],
)
def test_a_200_that_is_no_page_is_malformed_never_empty(body: object) -> None:
    provider, _ = ticketmaster(says(body))
    assert provider.fetch([GULLS], budget(), NOW).failures == {GULLS.id: "malformed"}


@pytest.mark.parametrize("body", [page([], total=7), page([ITEM], number=3)])
def test_a_page_that_lacks_what_it_counts_is_not_taken_as_full(body: Event) -> None:
    provider, _ = ticketmaster(says(body))
    with pytest.raises(ProviderUnavailableError):
        provider.fetch([GULLS], budget(), NOW)


def shows_of(number: int) -> list[Event]:
    return [event(f"vvPage{number}x{n:03}", name=f"Show {number}.{n}") for n in range(3)]


def test_a_search_is_read_to_its_last_page() -> None:
    provider, upstream = ticketmaster(*(says(page(shows_of(n), n, 3, 9)) for n in range(3)))
    (seen,) = provider.fetch([GULLS], budget(), NOW).observations.values()
    assert len(seen.listings or ()) == 9
    assert [one.get("page") for one in upstream.asked] == [None, "1", "2"]
    assert seen.problems == ()


def test_a_search_too_wide_to_be_read_says_so() -> None:
    provider, upstream = ticketmaster(*(says(page(shows_of(n), n, 8, 1600)) for n in range(8)))
    (seen,) = provider.fetch([GULLS], budget(), NOW).observations.values()
    assert len(upstream.requests) == 5
    assert "1,000" in seen.problems[0]


@pytest.mark.parametrize(
    "second",
    [
        says({}, 500),
        says({}, 429),
        says({}, 400),
        says({}),
        says(b"<html>", kind="text/html"),
        says(page([], 1, 3, 9)),
        says(page(shows_of(0), 0, 3, 9)),
        says(ITEM),
    ],
)
def test_a_page_missing_midway_fails_the_whole_search(second: Step) -> None:
    provider, _ = ticketmaster(says(page(shows_of(0), 0, 3, 9)), second, says(page(shows_of(2), 2, 3, 9)))
    with pytest.raises(ProviderUnavailableError):
        provider.fetch([GULLS], budget(), NOW)


def test_a_budget_too_small_for_every_page_is_not_spent_on_some() -> None:
    provider, upstream = ticketmaster(*(says(page(shows_of(n), n, 5, 15)) for n in range(5)))
    with pytest.raises(OutOfQuotaError):
        provider.fetch([GULLS], budget(4), NOW)
    assert len(upstream.requests) == 1


def test_an_event_without_an_id_cannot_be_listed_and_is_told() -> None:
    seen = searched(page([event("vvTest0001"), event("")]))
    assert [one.target.item for one in seen.listings or ()] == ["vvTest0001"]
    assert "without an id" in seen.problems[0]


# ── quota and errors ─────────────────────────────────────────────────────────────────────────────────────


def counted(**changes: str | None) -> dict[str, str]:
    """The vendor's headers on a 200, with some replaced or left out."""
    resets_at = str(int((NOW + timedelta(hours=6)).timestamp() * 1000))
    headers = {"Rate-Limit": "5000", "Rate-Limit-Available": "4722", "Rate-Limit-Reset": resets_at}
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in {**headers, **named}.items() if value is not None}


def test_the_vendors_own_count_is_believed() -> None:
    provider, _ = ticketmaster(says(ITEM, headers=counted()))
    provider.fetch([item(ITEM["id"])], own := budget(), NOW)
    assert (own.ledger.surplus, own.ledger.spent) == (277, 1)
    assert own.left == 5000 - 278


@pytest.mark.parametrize(
    "changes",
    [
        {"Rate_Limit": None},
        {"Rate_Limit_Available": None},
        {"Rate_Limit_Reset": None},
        {"Rate_Limit": "0"},
        {"Rate_Limit": "many"},
        {"Rate_Limit_Available": "-3"},
        {"Rate_Limit_Available": "5001"},
        {"Rate_Limit_Reset": "soon"},
        {"Rate_Limit_Reset": "1457417554290"},
        {"Rate_Limit_Reset": "99999999999999"},
        {"Rate_Limit_Reset": str(int((NOW + timedelta(hours=6)).timestamp()))},
    ],
    ids=str,
)
def test_a_count_that_makes_no_sense_is_not_believed(changes: dict[str, str | None]) -> None:
    provider, _ = ticketmaster(says(ITEM, headers=counted(**changes)))
    provider.fetch([item(ITEM["id"])], own := budget(), NOW)
    assert (own.ledger.spent, own.ledger.surplus) == (1, 0)


def blocked_after(step: Step, error: type[ProviderError], own: Budget | None = None) -> timedelta | None:
    """For how long an answer stops us."""
    provider, _ = ticketmaster(step)
    own = own or budget()
    with pytest.raises(error) as raised:
        provider.fetch([item("vvTest0001")], own, NOW)
    assert type(raised.value) is error or issubclass(type(raised.value), error)
    return own.ledger.blocked_until - NOW if own.ledger.blocked_until else None


QUOTA = sample_json("ticketmaster", "error_429_quota.json")
SPIKE = sample_json("ticketmaster", "error_429_spike.json")


def test_a_spent_quota_stops_us_until_the_reset_that_is_named() -> None:
    assert blocked_after(says(QUOTA, 429, counted()), OutOfQuotaError) == timedelta(hours=6)


def test_a_spent_quota_without_a_reset_is_asked_about_again_in_an_hour() -> None:
    assert blocked_after(says(QUOTA, 429), OutOfQuotaError) == timedelta(hours=1)


def test_a_spent_quota_stops_us_no_longer_than_the_window_we_know() -> None:
    quota = ticketmaster()[0].quota
    earlier = Budget(quota, Ledger(), NOW - timedelta(days=0.999))
    earlier.take()
    now = Budget(quota, earlier.ledger, NOW, sleep=lambda _seconds: None)
    paused = blocked_after(says(QUOTA, 429), OutOfQuotaError, now)
    assert paused is not None
    assert timedelta() < paused < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("retry_after", "pause"),
    [
        (None, timedelta(seconds=30)),
        ("7", timedelta(seconds=7)),
        ("Thu, 01 Oct 2026 12:02:00 GMT", timedelta(minutes=2)),
        ("Thu, 01 Oct 2026 11:00:00 GMT", timedelta(seconds=30)),
        ("999999", timedelta(hours=1)),
        ("-5", timedelta(seconds=30)),
        ("soon", timedelta(seconds=30)),
        ("", timedelta(seconds=30)),
    ],
)
@pytest.mark.parametrize(("body", "status"), [(SPIKE, 429), (SPIKE, 500), ({}, 429), (b"<html>", 429)])
def test_a_spike_is_over_in_a_moment(
    body: object, status: int, retry_after: str | None, pause: timedelta
) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    assert blocked_after(says(body, status, headers), ProviderUnavailableError) == pause


@pytest.mark.parametrize(
    ("name", "status", "error", "told"),
    [
        ("error_400.json", 400, ProviderRejectedError, "ticketmaster: status 400 DIS1015"),
        ("error_401.json", 401, ProviderRejectedError, "ticketmaster: status 401 oauth.v2.InvalidApiKey"),
        ("error_401.json", 200, ProviderRejectedError, "ticketmaster: status 401 oauth.v2.InvalidApiKey"),
        (
            "error_429_quota.json",
            429,
            OutOfQuotaError,
            "ticketmaster: status 429 policies.ratelimit.QuotaViolation",
        ),
    ],
)
def test_an_error_holds_a_code_and_nothing_the_vendor_wrote(
    name: str, status: int, error: type[ProviderError], told: str
) -> None:
    provider, _ = ticketmaster(says(sample_json("ticketmaster", name), status))
    with pytest.raises(error) as raised:
        provider.fetch([GULLS], budget(), NOW)
    assert str(raised.value) == told


# ── recorded answers ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("item.json", 1),
        ("search_page.json", 5),
        ("search_page_gb.json", 2),
        ("empty_search.json", 0),
        ("recorded_calls.json", 1),
        ("recorded_http.txt", 1),
    ],
)
def test_every_kind_of_recording_is_read(name: str, count: int) -> None:
    assert len(ticketmaster()[0].read(sample("ticketmaster", name), NOW)) == count


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("error_400.json", ProviderRejectedError),
        ("error_401.json", ProviderRejectedError),
        ("error_404.json", ProviderRejectedError),
        ("error_429_quota.json", OutOfQuotaError),
        ("error_429_spike.json", ProviderUnavailableError),
    ],
)
def test_a_recorded_error_is_raised(name: str, error: type[ProviderError]) -> None:
    with pytest.raises(error):
        ticketmaster()[0].read(sample("ticketmaster", name), NOW)


def test_a_recorded_event_without_an_id_is_shown_with_a_problem() -> None:
    body = json.dumps({"_embedded": {"events": [event("")]}}).encode()
    (seen,) = ticketmaster()[0].read(body, NOW)
    assert seen.target.item == ""
    assert seen.name == "The Paper Lanterns"
    assert "no id" in seen.problems[-1]


RECORDED = sorted((PAYLOADS / "ticketmaster").glob("*")) or [PAYLOADS / "ticketmaster"]
needs_payloads = pytest.mark.skipif(not RECORDED[0].is_file(), reason=f"no recorded payloads in {PAYLOADS}")


def recorded(name: str) -> list[Observation]:
    return ticketmaster()[0].read((PAYLOADS / "ticketmaster" / name).read_bytes(), NOW)


@needs_payloads
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_a_real_answer_is_read_without_a_crash_or_a_false_price(path: Path) -> None:
    refused = "error" in path.name or "404" in path.name or "500" in path.name
    try:
        seen = recorded(path.name)
    except ProviderError:
        assert refused
        return
    assert not refused
    assert all(price.low > 0 for one in seen for price in one.prices)
    assert all(one.starts_at is None or one.starts_at.tzinfo for one in seen)
    assert all(one.onsale_at is None or one.onsale_at.year > 2000 for one in seen)


@needs_payloads
def test_a_real_page_of_149_events_holds_41_games() -> None:
    games = recorded("events_search_2025-01_ca_maple_leafs.json")
    assert len(games) == 41
    assert sum(bool(one.prices) for one in games) == 37
    assert all(re.search(r" vs\. ", one.name or "") and one.url for one in games)
    assert not any(re.search(r"suite|premium|rental|pass\b", one.name or "", re.IGNORECASE) for one in games)


@needs_payloads
def test_a_real_british_page_has_prices_with_and_without_fees() -> None:
    shows = recorded("events_search_2020-05_uk.json")
    keys = [{str(price.key) for price in one.prices} for one in shows]
    assert keys.count({"face_GBP", "all_in_GBP"}) == 19
    assert keys.count(set()) == 1
    for one in shows:
        by_key = {str(price.key): price.low for price in one.prices}
        assert by_key.get("all_in_GBP", 0) >= by_key.get("face_GBP", 0)
    assert sum(one.status is EventStatus.CANCELLED for one in shows) == 1


@needs_payloads
def test_real_extras_of_2016_are_left_out() -> None:
    assert not any(
        re.search(r"parking|pass$|registration", one.name or "", re.IGNORECASE)
        for one in recorded("nock_events_all_200_2016.json")
    )
