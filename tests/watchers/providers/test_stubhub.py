"""What is StubHub's own; what every provider promises is in ``tests/contract/test_providers.py``."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, historic_low, watch
from tests.upstream import NOW, PAYLOADS, Step, Upstream, purse, sample, sample_json, says
from watchers.errors import (
    OutOfQuotaError,
    ProviderError,
    ProviderRejectedError,
    ProviderUnavailableError,
)
from watchers.money import Basis
from watchers.observation import Availability, EventStatus, Observation, Price
from watchers.providers import SwitchedOff
from watchers.providers.base import Fetched
from watchers.providers.catalog import event as events
from watchers.providers.stubhub import Stubhub
from watchers.target import Search, Target
from watchers.watch import Filters

KEYS = {"STUBHUB_CLIENT_ID": "an-app", "STUBHUB_CLIENT_SECRET": "a-secret"}
TOKEN = says({"access_token": "a-token", "expires_in": 86400})
EASTERN = timezone(timedelta(hours=-5))


def stubhub(*steps: Step, **env: str) -> tuple[Stubhub, Upstream]:
    upstream = Upstream(TOKEN, *(steps or (says({}),)))
    built = Stubhub.from_env(KEYS | env, upstream.client)
    assert isinstance(built, Stubhub)
    return built, upstream


def event(number: str = "159000001") -> Target:
    return Target("stubhub", item=number)


def searching(**asked: Any) -> Target:
    return Target("stubhub", search=Search(**({"keyword": "Night Tram"} | asked)))


def sent(number: int = 159000001, **parts: Any) -> dict[str, Any]:
    """The sample event, with these parts instead."""
    whole = sample_json("stubhub", "item.json")
    assert isinstance(whole, dict)
    return whole | {"id": number} | parts


def page(*items: Any, **parts: Any) -> dict[str, Any]:
    counted = {"total_items": len(items), "page": 1, "page_size": 100}
    return counted | {"_embedded": {"items": list(items)}} | parts


def looked(target: Target, *steps: Step) -> Fetched:
    provider, _ = stubhub(*steps)
    return provider.fetch([target], purse(provider.quota), NOW)


def observed(**parts: Any) -> Observation:
    return looked(event(), says(sent(**parts))).observations[event().id]


def found(body: object, **asked: Any) -> Observation:
    target = searching(**asked)
    return looked(target, says(body)).observations[target.id]


# ── settings, refusals ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("missing", [*KEYS])
def test_it_is_on_with_its_keys_and_off_without_either(missing: str) -> None:
    env = {name: value for name, value in KEYS.items() if name != missing}
    assert Stubhub.from_env(env) == SwitchedOff("stubhub", f"{missing} is not set")


def test_tokens_come_from_a_host_of_their_own() -> None:
    provider, upstream = stubhub(
        says(sent()), STUBHUB_ACCOUNT_URL="http://account.test", STUBHUB_BASE_URL="http://api.test/"
    )
    provider.fetch([event()], purse(provider.quota), NOW)
    assert [str(request.url) for request in upstream.requests] == [
        "http://account.test/oauth2/token",
        "http://api.test/catalog/events/159000001",
    ]
    assert b"scope=read%3Aevents" in upstream.requests[0].content
    assert "hal+json" in upstream.requests[1].headers["accept"]


def test_a_wrong_account_host_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="STUBHUB_ACCOUNT_URL"):
        stubhub(STUBHUB_ACCOUNT_URL="account")


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (event("https://www.stubhub.com/night-tram-tickets/event/159000001/"), Filters(), "it is 159000001"),
        (event("night tram"), Filters(), "/event/"),
        (event(), Filters(basis=Basis.FACE), "resale prices only"),
        (event(), Filters(sections=("A",)), "which seats"),
        (event(), Filters(weekdays=("fri",)), "own day"),
        (Target("stubhub", item="159000001", country="US"), Filters(), "into the search"),
        (searching(category="concerts"), Filters(), "leave the category out"),
        (Target("stubhub", search=Search(city="New York")), Filters(), "needs a keyword"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    assert why in (Stubhub.refusal(target, filters) or "")


def test_a_search_may_be_narrowed_by_place_and_days() -> None:
    target = searching(city="New York", country="US", date_from=date(2026, 12, 1), weekdays=("fri",))
    assert Stubhub.refusal(target, Filters(weekdays=("fri",))) is None


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (BACK_IN_STOCK, "never says that an event is sold out"),
        *((one, "resale prices only") for one in (below(basis="face"), drop(basis="listing"))),
        *((one, None) for one in (STATUS, NEW_LISTING, historic_low(basis="resale"), below())),
    ],
)
def test_what_stubhub_never_says_cannot_be_waited_for(
    condition: Mapping[str, object], why: str | None
) -> None:
    (asked,) = watch(condition).conditions
    said = Stubhub.cannot_see(event(), asked)
    assert said is None if why is None else why in (said or "")


# ── events ───────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_seen_with_the_lowest_resale_price() -> None:
    assert observed() == Observation(
        target=event(),
        at=NOW,
        name="Night Tram Orchestra 159000001",
        url="https://www.stubhub.com/event/159000001/",
        venue="Lantern Hall",
        city="New York",
        region="New York",
        country="US",
        category="Concerts",
        starts_at=datetime(2026, 12, 4, 20, 0, tzinfo=EASTERN),
        starts_on=date(2026, 12, 4),
        status=EventStatus.ONSALE,
        availability=Availability.AVAILABLE,
        prices=(Price(Basis.RESALE, "USD", 8450),),
    )


def test_no_lowest_price_is_normal_and_says_nothing() -> None:
    seen = observed(min_ticket_price=None)
    assert (seen.prices, seen.availability, seen.problems) == ((), Availability.UNKNOWN, ())


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"type": "Parking"}, events.PARKING),
        ({"status": "Cancelled"}, events.CALLED_OFF),
        ({"status": "Canceled"}, events.CALLED_OFF),
        ({"status": "Deleted"}, events.CALLED_OFF),
        ({"status": "Draft"}, events.CALLED_OFF),
        ({"min_ticket_price": {"amount": 0, "currency_code": "USD"}}, events.NO_PRICE),
        ({"min_ticket_price": {"amount": None, "currency_code": "USD"}}, events.NO_PRICE),
        ({"min_ticket_price": {"amount": 84.5, "currency_code": "$"}}, events.NO_PRICE),
        ({"min_ticket_price": {"amount": -84.5, "currency_code": "USD"}}, events.NO_PRICE),
        ({"min_ticket_price": 84.5}, events.NO_PRICE),
    ],
)
def test_what_is_no_price_is_unknown_with_a_problem(parts: dict[str, Any], why: str) -> None:
    seen = observed(**parts)
    assert (seen.prices, seen.problems) == ((), (why,))
    assert seen.availability is not Availability.AVAILABLE


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Normal", EventStatus.ONSALE),
        ("Relocated", EventStatus.ONSALE),
        ("Postponed", EventStatus.POSTPONED),
        ("Rescheduled", EventStatus.RESCHEDULED),
        ("RelocatedAndRescheduled", EventStatus.RESCHEDULED),
        ("Cancelled", EventStatus.CANCELLED),
        ("Contingent", None),
        (None, None),
    ],
)
def test_where_an_event_stands_is_told_in_our_words(said: str | None, status: EventStatus | None) -> None:
    seen = observed(status=said)
    assert seen.status is status
    assert events.STATUS not in seen.problems


def test_a_status_that_is_not_known_is_said() -> None:
    seen = observed(status="Enchanted")
    assert (seen.status, seen.problems, bool(seen.prices)) == (None, (events.STATUS,), True)


@pytest.mark.parametrize(
    ("parts", "starts_at", "starts_on"),
    [
        ({"date_confirmed": False}, None, None),
        ({"time_confirmed": False}, None, date(2026, 12, 4)),
        ({"start_date": "2026-12-05T01:00:00Z"}, datetime(2026, 12, 5, 1, tzinfo=UTC), None),
        (
            {"start_date": "2026-12-05T01:00:00+00:00"},
            datetime(2026, 12, 5, 1, tzinfo=UTC),
            date(2026, 12, 5),
        ),
        ({"start_date": "2026-12-05T01:00:00"}, None, None),
        ({"start_date": "1900-01-01T00:00:00Z"}, None, None),
        ({"start_date": None}, None, None),
    ],
)
def test_no_day_or_hour_is_invented(
    parts: dict[str, Any], starts_at: datetime | None, starts_on: date | None
) -> None:
    seen = observed(**parts)
    assert (seen.starts_at, seen.starts_on) == (starts_at, starts_on)


def test_when_tickets_go_on_sale_is_said() -> None:
    assert observed(on_sale_date="2026-11-01T10:00:00-05:00").onsale_at == datetime(
        2026, 11, 1, 15, tzinfo=UTC
    )


# ── asking ───────────────────────────────────────────────────────────────────────────────────────────────


def test_fifty_events_are_one_list_and_what_it_leaves_out_is_missing() -> None:
    targets = [event(str(159000000 + number)) for number in range(1, 52)]
    provider, upstream = stubhub(says(page(*(sent(159000000 + number) for number in range(2, 51)))))
    batches = provider.batches([*targets, searching()])
    assert [len(batch) for batch in batches] == [50, 1, 1]
    fetched = provider.fetch(batches[0], purse(provider.quota), NOW)
    assert len(fetched.observations) == 49
    assert fetched.failures == {targets[0].id: "missing"}
    request = upstream.requests[-1]
    assert (request.method, request.url.path) == ("PUT", "/catalog/events")
    assert json.loads(request.content) == {"event_ids": [159000000 + number for number in range(1, 51)]}
    assert request.headers["content-type"] == "application/json"


def test_another_event_in_a_list_is_nobodys() -> None:
    provider, _ = stubhub(says(page(sent(7001), sent(7009))))
    targets = [event("7001"), event("7002")]
    fetched = provider.fetch(targets, purse(provider.quota), NOW)
    assert list(fetched.observations) == [targets[0].id]
    assert fetched.failures == {targets[1].id: "missing"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says(sent(159000002)), "merged"),
        (says({"title": "Not here"}, 404), "not_found"),
        (says({"name": "Night Tram"}), "malformed"),
    ],
)
def test_failures_are_told_apart(answer: Step, code: str) -> None:
    assert looked(event(), answer).failures == {event().id: code}


@pytest.mark.parametrize(
    ("body", "status", "error", "said"),
    [
        (sample_json("stubhub", "error_validation.json"), 400, ProviderRejectedError, "validation_failed"),
        ({"code": "insufficient_scope"}, 403, ProviderRejectedError, "insufficient_scope"),
        (sample_json("stubhub", "error_title.json"), 403, ProviderRejectedError, "status 403$"),
        ({"code": "made up"}, 500, ProviderUnavailableError, "status 500$"),
        (sample_json("stubhub", "error_title.json"), 200, ProviderRejectedError, "an error$"),
    ],
)
def test_each_of_three_shapes_of_error_is_one(
    body: object, status: int, error: type[ProviderError], said: str
) -> None:
    with pytest.raises(error, match=said):
        looked(event(), says(body, status))


def test_a_refused_sign_in_says_what_to_look_at() -> None:
    upstream = Upstream(says(sample("stubhub", "error_sign_in.json"), 400))
    provider = Stubhub.from_env(KEYS, upstream.client)
    assert isinstance(provider, Stubhub)
    with pytest.raises(ProviderRejectedError, match=r"invalid_client.*STUBHUB_CLIENT_SECRET"):
        provider.fetch([event()], purse(provider.quota), NOW)


def test_told_to_stop_we_stop() -> None:
    provider, _ = stubhub(says({}, 429, {"Retry-After": "90"}))
    budget = purse(provider.quota)
    with pytest.raises(ProviderUnavailableError):
        provider.fetch([event()], budget, NOW)
    assert budget.ledger.blocked_until == NOW + timedelta(seconds=90)


# ── searches ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_search_shows_events_and_no_parking() -> None:
    seen = found(sample_json("stubhub", "search.json"))
    listed = [one.target.item for one in seen.listings or ()]
    assert listed == ["159000010", "159000012", "159000013", "159000014", "159000015"]
    assert seen.prices == (Price(Basis.RESALE, "USD", 6025),)
    assert (seen.availability, seen.problems) == (Availability.AVAILABLE, ())


@pytest.mark.parametrize(
    ("asked", "listed"),
    [
        ({"city": "new york"}, ["159000010", "159000012", "159000013", "159000014"]),
        ({"city": "Newark"}, ["159000015"]),
        ({"date_from": date(2026, 12, 4), "city": "Newark"}, ["159000015"]),
        ({"date_from": date(2026, 12, 5)}, []),
        ({"date_to": date(2026, 12, 3)}, []),
        ({"weekdays": ("sat",)}, []),
        ({"weekdays": ("fri",), "city": "New York"}, ["159000010", "159000012", "159000013"]),
    ],
)
def test_place_and_days_are_those_of_the_event(asked: dict[str, Any], listed: list[str]) -> None:
    seen = found(sample_json("stubhub", "search.json"), **asked)
    assert [one.target.item for one in seen.listings or ()] == listed


def test_a_search_is_read_to_its_end() -> None:
    first, second = (page(sent(7000 + n), total_items=2, page_size=1, page=n) for n in (1, 2))
    provider, upstream = stubhub(says(first), says(second))
    target = searching(country="US")
    seen = provider.fetch([target], purse(provider.quota), NOW).observations[target.id]
    assert len(seen.listings or ()) == 2
    assert upstream.asked[1:] == [
        {
            "q": "Night Tram",
            "country_code": "US",
            "exclude_parking_passes": "true",
            "page": n,
            "page_size": "100",
        }
        for n in ("1", "2")
    ]


@pytest.mark.parametrize(
    "second",
    [says({}), says(page(sent(), total_items=2, page_size=1, page=1)), says({}, 500)],
    ids=["nothing", "the first again", "an error"],
)
def test_half_a_search_is_none(second: Step) -> None:
    with pytest.raises(ProviderUnavailableError):
        looked(searching(), says(page(sent(), total_items=2, page_size=1)), second)


def test_a_search_that_cannot_be_finished_spends_no_more() -> None:
    provider, upstream = stubhub(says(page(sent(), total_items=300)))
    with pytest.raises(OutOfQuotaError):
        provider.fetch([searching()], purse(provider.quota, 3), NOW)
    assert upstream.paths == ["/oauth2/token", "/catalog/events/search"]


def test_of_very_many_results_the_first_are_read_and_it_is_said() -> None:
    pages = [says(page(sent(7000 + n), total_items=900, page=n)) for n in range(1, 5)]
    seen = looked(searching(), *pages).observations[searching().id]
    assert seen.problems == ("Only the first 400 results can be read; narrow the search.",)


@pytest.mark.parametrize(
    "body",
    [
        page(total_items=3),
        {"total_items": 3},
        page("x"),
        page(total_items=True),
        page(_embedded={"items": "x"}),
    ],
    ids=str,
)
def test_a_page_that_lacks_what_it_counts_is_no_answer(body: dict[str, Any]) -> None:
    assert looked(searching(), says(body | {"_links": {}})).failures == {searching().id: "malformed"}


def test_nothing_found_is_an_answer() -> None:
    seen = found({"total_items": 0, "page": 1, "page_size": 100})
    assert (seen.listings, seen.prices, seen.availability) == ((), (), Availability.UNKNOWN)


# ── recorded answers ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["error_validation.json", "error_sign_in.json", "error_title.json"])
def test_a_recorded_error_is_that_error(name: str) -> None:
    with pytest.raises(ProviderRejectedError):
        Stubhub.read(sample("stubhub", name), NOW)


RECORDED = sorted((PAYLOADS / "stubhub").glob("*.json")) or [PAYLOADS / "stubhub"]


@pytest.mark.skipif(not RECORDED[0].is_file(), reason=f"no recorded payloads in {PAYLOADS}")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_a_real_answer_is_read_without_a_crash_or_a_false_price(path: Path) -> None:
    said = json.loads(path.read_bytes())
    if "_embedded" not in said:
        with pytest.raises(ProviderError):
            Stubhub.read(path.read_bytes(), NOW)
        return
    items = said["_embedded"]["items"]
    seen = Stubhub.read(path.read_bytes(), NOW)
    assert [one.target.item for one in seen] == [str(item["id"]) for item in items]
    for one, item in zip(seen, items, strict=True):
        assert one.prices == (Price(Basis.RESALE, "USD", round(item["min_ticket_price"]["amount"] * 100)),)
        assert one.starts_at == datetime.fromisoformat(item["start_date"])
        assert one.url == item["_links"]["event:webpage"]["href"]
