"""What is Steam's own; what every provider promises is in ``tests/contract/test_providers.py``."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, historic_low, watch
from tests.upstream import NOW, PAYLOADS, Step, Upstream, purse, sample, says
from watchers.errors import ProviderError, ProviderUnavailableError
from watchers.money import Basis
from watchers.observation import Availability, Observation, Price
from watchers.providers.steam import Steam
from watchers.target import Search, Target
from watchers.watch import Filters


def steam(*steps: Step, **env: str) -> tuple[Steam, Upstream]:
    upstream = Upstream(*(steps or (says({}),)))
    built = Steam.from_env(env, upstream.client)
    assert isinstance(built, Steam)
    return built, upstream


def app(id_: str, country: str | None = None) -> Target:
    return Target(provider="steam", item=id_, country=country)


def priced(final: object, currency: object = "USD", **data: object) -> dict[str, Any]:
    overview = {"currency": currency, "initial": 99999, "final": final, "discount_percent": 90}
    return {"success": True, "data": {"price_overview": overview, **data}}


def observed(entry: object) -> Observation:
    (seen,) = steam()[0].read(json.dumps({"9100010": entry}).encode(), NOW)
    return seen


# ── settings, refusals, batches ──────────────────────────────────────────────────────────────────────────


def test_it_needs_no_key_and_keeps_well_under_200_calls_in_5_minutes() -> None:
    quota = steam()[0].quota
    assert (quota.calls, quota.per, quota.per_second) == (180, timedelta(minutes=5), 2.0)


def test_a_quota_for_a_day_is_spread_so_that_5_minutes_hold_too() -> None:
    quota = steam(STEAM_CALLS_PER_DAY="20000")[0].quota
    assert (quota.calls, quota.per) == (20000, timedelta(days=1))
    assert quota.per_second * 300 < 200


@pytest.mark.parametrize("value", ["USA", "1", "u"])
def test_a_wrong_country_is_refused_by_name(value: str) -> None:
    with pytest.raises(ValueError, match="STEAM_COUNTRY"):
        steam(STEAM_COUNTRY=value)


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (Target(provider="steam", search=Search(keyword="lanterns")), Filters(), "app id"),
        (app("https://store.steampowered.com/app/9100010/Lantern_Keeper/"), Filters(), "9100010"),
        (app("https://store.steampowered.com/bundle/12/"), Filters(), "/app/"),
        (app("Lantern Keeper"), Filters(), "number"),
        (app("0"), Filters(), "number"),
        (app("9100010"), Filters(basis=Basis.FACE), "listing"),
        (app("9100010"), Filters(min_quantity=2), "quantity"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    assert why in (steam()[0].refusal(target, filters) or "")


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (STATUS, "Steam announces no dates or changes; choose below, drop or historic_low."),
        (BACK_IN_STOCK, "Steam never says that a game is sold out; choose below, drop or historic_low."),
        *(
            (one, "Steam publishes listing prices only; choose listing or any.")
            for one in (below(basis="face"), drop(basis="all_in"), historic_low(basis="resale"))
        ),
        *((one, None) for one in (below(), drop(basis="listing"), historic_low(basis="any"), NEW_LISTING)),
    ],
)
def test_what_steam_never_says_cannot_be_waited_for(condition: Mapping[str, object], why: str | None) -> None:
    (asked,) = watch(condition).conditions
    assert Steam.cannot_see(app("9100010"), asked) == why


def test_a_hundred_apps_of_one_country_are_one_call() -> None:
    targets = [app(str(number)) for number in range(1, 101)]
    provider, upstream = steam(says({str(number): priced(number * 100) for number in range(1, 101)}))
    (batch,) = provider.batches(targets)
    fetched = provider.fetch(batch, purse(provider.quota), NOW)
    assert list(fetched.observations) == [target.id for target in targets]
    assert upstream.paths == ["/api/appdetails"]
    assert upstream.asked == [
        {"appids": ",".join(str(n) for n in range(1, 101)), "filters": "price_overview", "cc": "us"}
    ]


def test_each_country_is_asked_in_its_own_call() -> None:
    provider, upstream = steam(says({}), STEAM_COUNTRY="gb")
    targets = [app("1"), app("2", "DE"), app("3"), app("4", "GB"), app("5", "DE")]
    batches = provider.batches(targets)
    assert [[one.item for one in batch] for batch in batches] == [["1", "3", "4"], ["2", "5"]]
    for batch in batches:
        provider.fetch(batch, purse(provider.quota), NOW)
    assert [(one["appids"], one["cc"]) for one in upstream.asked] == [("1,3,4", "gb"), ("2,5", "de")]


def test_one_app_watched_in_two_ways_is_asked_once_and_answered_twice() -> None:
    provider, upstream = steam(says({"7": priced(500)}))
    (batch,) = provider.batches([app("7"), app("7", "US")])
    assert len(provider.fetch(batch, purse(provider.quota), NOW).observations) == 2
    assert upstream.asked[0]["appids"] == "7"


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_priced_app_is_available_at_its_final_price() -> None:
    assert observed(priced(1499)) == Observation(
        target=app("9100010"),
        at=NOW,
        url="https://store.steampowered.com/app/9100010",
        image="https://cdn.cloudflare.steamstatic.com/steam/apps/9100010/header.jpg",
        availability=Availability.AVAILABLE,
        prices=(Price(Basis.LISTING, "USD", 1499),),
    )


@pytest.mark.parametrize(
    ("final", "currency", "minor"),
    [(1499, "USD", 1499), (550000, "KRW", 5500), (148000, "JPY", 1480), (1550, "KWD", 15500), (1, "EUR", 1)],
)
def test_integers_are_hundredths_of_every_currency(final: int, currency: str, minor: int) -> None:
    assert observed(priced(final, currency)).prices == (Price(Basis.LISTING, currency, minor),)


@pytest.mark.parametrize(
    "entry",
    [
        {"success": True, "data": []},
        {"success": True, "data": {}},
        {"success": "true", "data": {"is_free": True}},
        priced(0),
        priced(0, is_free=False),
        priced(0, is_free="false"),
        priced(0, is_free=1.5),
        priced(30, "KRW"),
        priced(30, "KRW", is_free=True),
        priced(-1),
        priced(14.99),
        priced("1499"),
        priced(True),
        priced(None),
        priced(10**15),
        priced(1499, None),
        priced(1499, "$"),
    ],
    ids=str,
)
def test_what_is_no_price_is_unknown_with_a_problem(entry: object) -> None:
    seen = observed(entry)
    assert (seen.prices, seen.availability) == ((), Availability.UNKNOWN)
    assert len(seen.problems) == 1


@pytest.mark.parametrize("free", [True, "true"])
def test_free_is_a_price_only_where_steam_says_so(free: object) -> None:
    seen = observed(priced(0, is_free=free))
    assert (seen.prices, seen.availability) == ((Price(Basis.LISTING, "USD", 0),), Availability.AVAILABLE)


def test_failures_are_told_apart() -> None:
    provider, _ = steam(
        says(
            {
                "1": {"success": False},
                "2": {"success": "false"},
                "4": {"success": True},
                "5": "no",
                "6": {"data": []},
                "7": priced(500, steam_appid=8),
                "8": priced(500),
            }
        )
    )
    targets = [app(str(number)) for number in range(1, 9)]
    fetched = provider.fetch(targets, purse(provider.quota), NOW)
    by_app = {one.item: fetched.failures.get(one.id) for one in targets}
    assert by_app == {
        "1": "not_found",
        "2": "not_found",
        "3": "missing",
        "4": "malformed",
        "5": "malformed",
        "6": "malformed",
        "7": "other_item",
        "8": None,
    }


@pytest.mark.parametrize("body", [b"null", b"[]", b"<html>Access Denied</html>"])
def test_null_or_a_web_page_is_a_refusal_to_answer_not_an_answer(body: bytes) -> None:
    provider, _ = steam(says(body))
    with pytest.raises(ProviderUnavailableError):
        provider.fetch([app("1"), app("2")], purse(provider.quota), NOW)


@pytest.mark.parametrize(
    ("status", "retry_after", "pause"),
    [
        (429, None, timedelta(minutes=5)),
        (429, "60", timedelta(minutes=1)),
        (429, "Thu, 01 Oct 2026 13:00:00 GMT", timedelta(hours=1)),
        (429, "99999999", timedelta(hours=24)),
        (429, "soon", timedelta(minutes=5)),
        (403, None, timedelta(hours=1)),
        (403, "7200", timedelta(hours=2)),
    ],
)
def test_told_to_stop_we_stop(status: int, retry_after: str | None, pause: timedelta) -> None:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    provider, _ = steam(says(b"<html>", status, headers, "text/html"))
    budget = purse(provider.quota)
    with pytest.raises(ProviderUnavailableError):
        provider.fetch([app("1")], budget, NOW)
    assert budget.ledger.blocked_until == NOW + pause
    assert budget.left == 0


# ── recorded answers ─────────────────────────────────────────────────────────────────────────────────────


def test_a_recorded_answer_about_several_apps_is_read() -> None:
    priced_app, unpriced_app, unknown_app = steam()[0].read(sample("steam", "multi.json"), NOW)
    assert priced_app.prices == (Price(Basis.LISTING, "KRW", 4400),)
    assert unpriced_app.prices == ()
    assert unknown_app == Observation(
        app("9100040"),
        NOW,
        problems=("Steam does not know this app, or does not sell it in this country.",),
    )


def test_a_recorded_null_was_sent_to_those_who_asked_too_often() -> None:
    with pytest.raises(ProviderUnavailableError):
        steam()[0].read(b"null", NOW)


@pytest.mark.parametrize(
    ("name", "title", "price"),
    [
        ("full.json", "Lantern Keeper", Price(Basis.LISTING, "EUR", 1699)),
        ("full_free.json", "Free Harbour", Price(Basis.LISTING, "USD", 0)),
    ],
)
def test_a_full_recorded_answer_has_a_name_too(name: str, title: str, price: Price) -> None:
    (seen,) = steam()[0].read(sample("steam", name), NOW)
    assert (seen.name, seen.prices, seen.problems) == (title, (price,), ())


def test_another_providers_answer_is_not_read() -> None:
    with pytest.raises(ProviderError):
        steam()[0].read(sample("ticketmaster", "search_page.json"), NOW)


RECORDED = sorted((PAYLOADS / "steam").glob("*.json")) or [PAYLOADS / "steam"]


@pytest.mark.skipif(not RECORDED[0].is_file(), reason=f"no recorded payloads in {PAYLOADS}")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_a_real_answer_is_read_without_a_crash_or_a_false_price(path: Path) -> None:
    seen = steam()[0].read(path.read_bytes(), NOW)
    assert any(one.prices for one in seen)
    assert all(price.low > 0 for one in seen for price in one.prices)
    assert all(bool(one.name) == ("full" in path.name) for one in seen)
