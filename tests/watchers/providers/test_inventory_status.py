"""What is Inventory Status's own; what every provider promises is in ``tests/contract/test_providers.py``."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, watch
from tests.upstream import NOW, PAYLOADS, Step, Upstream, purse, sample, says
from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.providers import SwitchedOff
from watchers.providers.inventory_status import InventoryStatus
from watchers.target import Search, Target
from watchers.watch import Filters

KEY = "kit-secret-5b1d"
ON = {"INVENTORY_STATUS": "on", "TICKETMASTER_API_KEY": KEY}
LEFT, FEW, NONE, UNKNOWN = "TICKETS_AVAILABLE", "FEW_TICKETS_LEFT", "TICKETS_NOT_AVAILABLE", "UNKNOWN"
PRIMARY = {"type": "primary", "minPrice": 59.0, "maxPrice": 249.0}
RESALE = {"type": "resale", "minPrice": 71.5, "maxPrice": 300}


def inventory(*steps: Step, **env: str) -> tuple[InventoryStatus, Upstream]:
    upstream = Upstream(*(steps or (says([]),)))
    built = InventoryStatus.from_env({**ON, **env}, upstream.client)
    assert isinstance(built, InventoryStatus)
    return built, upstream


def event(id_: str = "vvStatus1", country: str | None = None) -> Target:
    return Target(provider="inventory_status", item=id_, country=country)


def said(**entry: object) -> Observation | str:
    """What comes of one entry: an observation, or the code of a failure."""
    provider, _ = inventory(says([{"eventId": "vvStatus1", **entry}]))
    fetched = provider.fetch([event()], purse(provider.quota), NOW)
    return fetched.observations.get(event().id) or fetched.failures[event().id]


# ── settings, refusals, batches ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("env", "why"),
    [
        (
            {"TICKETMASTER_API_KEY": KEY},
            "INVENTORY_STATUS is not set to on; its access is granted on request",
        ),
        ({"INVENTORY_STATUS": "on"}, "TICKETMASTER_API_KEY is not set"),
    ],
)
def test_it_is_off_unless_somebody_has_access(env: Mapping[str, str], why: str) -> None:
    assert InventoryStatus.from_env(env) == SwitchedOff("inventory_status", why)


@pytest.mark.parametrize(
    ("setting", "value"), [("INVENTORY_STATUS", "1"), ("INVENTORY_STATUS_COUNTRY", "FR")]
)
def test_a_wrong_setting_is_refused_by_name(setting: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{setting} must be"):
        inventory(**{setting: value})


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (Target("inventory_status", search=Search(keyword="lanterns")), Filters(), "event ids only"),
        (event("https://www.ticketmaster.com/event/042606"), Filters(), "take it from a search"),
        (event(country="FR"), Filters(), "nothing of FR; choose one of US, "),
        (event(), Filters(basis=Basis.ALL_IN), "without fees"),
        (event(), Filters(min_quantity=2), "how many"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    assert why in (InventoryStatus.refusal(target, filters) or "")


@pytest.mark.parametrize(
    ("target", "condition", "why"),
    [
        (event(), STATUS, "announces no dates"),
        (event(), below(basis="all_in"), "without fees"),
        (event(), drop(basis="listing"), "without fees"),
        (event(country="DE"), below(), "no prices for DE; choose back_in_stock"),
        (event(country="DE"), BACK_IN_STOCK, None),
        (event(country="GB"), below(), None),
        (event(), BACK_IN_STOCK, None),
        (event(), NEW_LISTING, None),
        (event(), below(basis="resale"), None),
    ],
    ids=str,
)
def test_what_it_never_says_cannot_be_waited_for(
    target: Target, condition: Mapping[str, object], why: str | None
) -> None:
    (asked,) = watch(condition).conditions
    answer = InventoryStatus.cannot_see(target, asked)
    assert why in answer if why and answer else answer is why


def test_a_thousand_events_of_one_country_are_one_call() -> None:
    ids = [f"vvMany{number:05d}" for number in range(1000)]
    provider, upstream = inventory(says([{"eventId": one, "status": LEFT} for one in ids]))
    (batch,) = provider.batches([event(one) for one in ids])
    fetched = provider.fetch(batch, purse(provider.quota), NOW)
    assert len(fetched.observations) == 1000
    assert upstream.paths == ["/inventory-status/v1/availability"]
    assert upstream.asked == [{"events": ",".join(ids), "apikey": KEY}]
    assert b"%2C" not in upstream.requests[0].url.query
    assert [
        len(one) for one in provider.batches([event(f"vvMany{number:05d}") for number in range(1001)])
    ] == [
        1000,
        1,
    ]


def test_countries_and_sources_are_never_mixed_in_one_call() -> None:
    provider, upstream = inventory(says([]))
    targets = [
        event("vvStatus1"),
        event("Z7r9jZ1AdFiou"),
        event("vvStatus2", "US"),
        event("vvStatus3", "GB"),
        event("vvStatus4", "IE"),
        event("Z698xZ2qZa6jO"),
        event("Z7r9jZ1AdFxyz"),
    ]
    for batch in provider.batches(targets):
        provider.fetch(batch, purse(provider.quota), NOW)
    assert [(one["events"], one.get("region")) for one in upstream.asked] == [
        ("vvStatus1,vvStatus2", None),
        ("Z7r9jZ1AdFiou,Z7r9jZ1AdFxyz", None),
        ("vvStatus3", "UK"),
        ("vvStatus4", "UK"),
        ("Z698xZ2qZa6jO", None),
    ]


def test_an_address_that_is_too_long_is_shorter_the_next_time() -> None:
    provider, upstream = inventory(says({}, 414), says([]))
    targets = [event(f"vvMany{number:05d}") for number in range(9)]
    with pytest.raises(ProviderUnavailableError, match="too many events"):
        provider.fetch(targets, purse(provider.quota), NOW)
    assert len(upstream.requests) == 1
    assert [len(batch) for batch in provider.batches(targets)] == [4, 4, 1]


@pytest.mark.parametrize("status", [401, 403])
def test_after_a_refusal_nothing_is_asked_for_a_day(status: int) -> None:
    provider, upstream = inventory(says({"fault": {}}, status), says([]))
    budget = purse(provider.quota)
    with pytest.raises(ProviderRejectedError):
        provider.fetch([event()], budget, NOW)
    with pytest.raises(OutOfQuotaError):
        provider.fetch([event()], budget, NOW)
    assert len(upstream.requests) == 1
    assert budget.ledger.blocked_until == NOW + timedelta(days=1)


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("first", "resale", "availability"),
    [
        (LEFT, LEFT, "available"),
        (FEW, NONE, "available"),
        (NONE, LEFT, "available"),
        (UNKNOWN, LEFT, "available"),
        (LEFT, UNKNOWN, "available"),
        (NONE, NONE, "unavailable"),
        (NONE, None, "unavailable"),
        (LEFT, None, "available"),
    ],
)
def test_either_sale_has_tickets_or_neither(first: str, resale: str | None, availability: str) -> None:
    answer = said(status=first, **({"resaleStatus": resale} if resale else {}))
    assert isinstance(answer, Observation)
    assert answer.availability == availability


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"status": UNKNOWN}, "unknown"),
        ({"status": UNKNOWN, "resaleStatus": NONE}, "unknown"),
        ({"status": NONE, "resaleStatus": UNKNOWN}, "unknown"),
        ({"status": NONE, "resaleStatus": "SOMETHING_NEW"}, "unknown"),
        ({"status": UNKNOWN, "statusDetail": "NOT_SUPPORTED"}, "unknown"),
        ({"status": UNKNOWN, "statusDetail": "INVALID_EVENT_ID"}, "not_found"),
        ({"status": "SOMETHING_NEW"}, "malformed"),
        ({"status": None}, "malformed"),
        ({"status": [LEFT]}, "malformed"),
        ({"resaleStatus": LEFT}, "malformed"),
    ],
    ids=str,
)
def test_unknown_is_not_sold_out(entry: Mapping[str, object], code: str) -> None:
    assert said(**entry) == code


FACE, RESOLD = Price(Basis.FACE, "USD", 5900, 24900), Price(Basis.RESALE, "USD", 7150, 30000)


@pytest.mark.parametrize(
    ("entry", "prices", "problems"),
    [
        ({"priceRanges": [PRIMARY, RESALE]}, (FACE, RESOLD), 0),
        ({"priceRanges": [RESALE, PRIMARY]}, (RESOLD, FACE), 0),
        ({"priceRanges": [PRIMARY, RESALE], "status": NONE}, (RESOLD,), 1),
        ({"priceRanges": [PRIMARY, RESALE], "resaleStatus": NONE}, (FACE,), 1),
        ({"priceRanges": [PRIMARY], "status": NONE, "resaleStatus": NONE}, (), 1),
        ({"priceRanges": [{**PRIMARY, "minPrice": 0}]}, (), 1),
        ({"priceRanges": [{**PRIMARY, "minPrice": None}]}, (), 0),
        ({"priceRanges": [{**PRIMARY, "minPrice": "59.00"}]}, (), 1),
        ({"priceRanges": [{**PRIMARY, "type": "platinum"}]}, (), 1),
        ({"priceRanges": [{**PRIMARY, "type": None}]}, (), 1),
        ({"priceRanges": [PRIMARY], "currency": None}, (), 1),
        (
            {"priceRanges": [{**PRIMARY, "listingsExtendBeyondMax": True}]},
            (Price(Basis.FACE, "USD", 5900),),
            0,
        ),
        ({"priceRanges": [{"type": "primary", "min": 59, "max": 249}]}, (FACE,), 0),
        ({"minPrice": 59, "maxPrice": 249}, (FACE,), 0),
        ({"priceRanges": []}, (), 0),
        ({"priceRanges": "59"}, (), 0),
        ({}, (), 0),
    ],
    ids=str,
)
def test_only_what_can_be_bought_has_a_price(
    entry: Mapping[str, object], prices: tuple[Price, ...], problems: int
) -> None:
    answer = said(**{"status": LEFT, "resaleStatus": LEFT, "currency": "USD", **entry})
    assert isinstance(answer, Observation)
    assert answer.prices == prices
    assert len(answer.problems) == problems


def test_the_key_may_be_spelt_as_in_the_documents() -> None:
    provider, _ = inventory(says([{"eventid": "vvStatus1", "status": LEFT}]))
    assert event().id in provider.fetch([event()], purse(provider.quota), NOW).observations


# ── recorded answers ─────────────────────────────────────────────────────────────────────────────────────


def test_a_recorded_answer_about_several_events_is_read() -> None:
    first, few, none, unsaid, nobody = InventoryStatus.read(sample("inventory_status", "several.json"), NOW)
    assert [one.availability for one in (first, few, none, unsaid, nobody)] == [
        *("available", "available", "unavailable", "unknown", "unknown")
    ]
    assert first.prices == (FACE, Price(Basis.RESALE, "USD", 7150))
    assert "not that none are" in unsaid.problems[0]
    assert "does not know" in nobody.problems[0]


def test_another_providers_answer_is_not_read() -> None:
    with pytest.raises(ProviderError):
        InventoryStatus.read(sample("ticketmaster", "search_page.json"), NOW)


RECORDED = sorted((PAYLOADS / "inventory-status").glob("*.json")) or [PAYLOADS / "inventory-status"]


@pytest.mark.skipif(not RECORDED[0].is_file(), reason=f"no recorded payloads in {PAYLOADS}")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_a_real_answer_says_what_is_left_and_invents_no_price(path: Path) -> None:
    entries: list[dict[str, Any]] = json.loads(path.read_bytes())
    seen = InventoryStatus.read(path.read_bytes(), NOW)
    assert [one.target.item for one in seen] == [entry["eventId"] for entry in entries]
    for one, entry in zip(seen, entries, strict=True):
        assert (one.availability is Availability.AVAILABLE) == (LEFT in entry.values())
        assert one.prices == ()
