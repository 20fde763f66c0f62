"""What is Eventbrite's own; what every provider promises is in ``tests/contract/test_providers.py``."""

import json
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, historic_low, watch
from tests.upstream import NOW, PAYLOADS, Step, Upstream, fails, purse, sample, sample_json, says
from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.money import Basis
from watchers.observation import Availability, EventStatus, Observation, Price
from watchers.providers import SwitchedOff
from watchers.providers.base import Fetched
from watchers.providers.eventbrite import Eventbrite
from watchers.quota import Budget
from watchers.target import Search, Target
from watchers.watch import Filters

DUSK, NOON, GONE = "880000000001", "880000000002", "880000000004"
ORGANIZER = "organizer:7700000001"
LONDON = ZoneInfo("Europe/London")


def eventbrite(*steps: Step, **env: str) -> tuple[Eventbrite, Upstream]:
    upstream = Upstream(*(steps or (says({}),)))
    built = Eventbrite.from_env({"EVENTBRITE_TOKEN": "not-a-token", **env}, upstream.client)
    assert isinstance(built, Eventbrite)
    return built, upstream


def event(id_: str = DUSK) -> Target:
    return Target(provider="eventbrite", item=id_)


def listed(keyword: str = ORGANIZER, **more: Any) -> Target:
    return Target(provider="eventbrite", search=Search(keyword=keyword, **more))


def dusk(**changed: Any) -> dict[str, Any]:
    """The event that is on sale, with some fields changed."""
    whole = sample_json("eventbrite", "item.json")
    assert isinstance(whole, dict)
    return {**whole, **changed}


def tickets(low: object = None, **more: Any) -> dict[str, Any]:
    """An event that can be bought, at this lowest price."""
    said = {"has_available_tickets": True, "is_sold_out": False, "minimum_ticket_price": low}
    event_more = {name: more.pop(name) for name in ("is_free", "status") if name in more}
    return dusk(ticket_availability={**said, **more}, **event_more)


def money(value: object, currency: object = "GBP", **more: object) -> dict[str, object]:
    return {"currency": currency, "value": value, **more}


def read(body: object) -> Observation:
    (seen,) = Eventbrite.read(json.dumps(body).encode(), NOW)
    return seen


def ask(provider: Eventbrite, *targets: Target, budget: Budget | None = None) -> dict[str, Observation | str]:
    """What came back, by item; what was not asked is not in it."""
    fetched = provider.fetch(targets, budget or purse(provider.quota), NOW)
    said: Mapping[str, Observation | str] = {**fetched.observations, **fetched.failures}
    return {one.item or "": said[one.id] for one in targets if one.id in said}


def error(code: str, status: int) -> dict[str, object]:
    return {"error": code, "error_description": "prose", "status_code": status}


def by_id(request: httpx.Request) -> httpx.Response:
    """An upstream that knows every event by its id, and no batch."""
    if request.url.path.endswith("/batch/"):
        return httpx.Response(404, json=error("NOT_FOUND", 404))
    return httpx.Response(200, json=dusk(id=request.url.path.split("/")[-2]))


# ── settings, refusals ───────────────────────────────────────────────────────────────────────────────────


def test_without_a_token_it_is_off() -> None:
    assert Eventbrite.from_env({}) == SwitchedOff("eventbrite", "EVENTBRITE_TOKEN is not set")


def test_a_token_that_cannot_stand_in_a_header_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="EVENTBRITE_TOKEN") as refused:
        eventbrite(EVENTBRITE_TOKEN="tök\u2026en")
    assert "tök" not in str(refused.value)


def test_the_token_stands_in_a_header_and_in_no_address() -> None:
    provider, upstream = eventbrite(says(dusk()))
    ask(provider, event())
    (request,) = upstream.requests
    assert request.headers["authorization"] == "Bearer not-a-token"
    assert str(request.url) == (
        f"https://www.eventbriteapi.com/v3/events/{DUSK}/?expand=ticket_availability%2Cvenue"
    )


def test_a_days_quota_is_spread_so_that_every_hour_holds_too() -> None:
    assert (eventbrite()[0].quota.calls, eventbrite()[0].quota.per) == (2000, timedelta(hours=1))
    quota = eventbrite(EVENTBRITE_CALLS_PER_DAY="30000")[0].quota
    assert (quota.calls, quota.per) == (30000, timedelta(days=1))
    assert quota.per_second * 3600 < 2000


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (
            listed("jazz"),
            Filters(),
            "closed its public search in 2019; watch an event by its id, or search for",
        ),
        (listed("organizer:abc"), Filters(), "search for organizer:ID or venue:ID"),
        (listed(city="Bristol"), Filters(), "leave city, country and category out"),
        (listed(category="music"), Filters(), "leave city, country and category out"),
        (event(ORGANIZER), Filters(), "search for organizer:ID"),
        (event(f"https://www.eventbrite.co.uk/e/paper-boats-tickets-{DUSK}?aff=x"), Filters(), DUSK),
        (event("https://www.eventbrite.com/o/mill-7700000001"), Filters(), "number"),
        (event("paper boats"), Filters(), "number"),
        (event("0"), Filters(), "number"),
        (Target("eventbrite", DUSK, country="GB"), Filters(), "leave the country out"),
        (event(), Filters(basis=Basis.RESALE), "face prices only"),
        (event(), Filters(min_quantity=2), "how many"),
        (event(), Filters(weekdays=("fri",)), "its own day"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    said = Eventbrite.refusal(target, filters) or ""
    assert why in said
    assert said.endswith(".")


@pytest.mark.parametrize(
    "target",
    [event(), listed(), listed("venue:6600000001"), listed(date_from=date(2026, 12, 1), weekdays=("fri",))],
)
def test_an_event_an_organizer_and_a_venue_can_be_watched(target: Target) -> None:
    assert Eventbrite.refusal(target, Filters()) is None


def test_a_list_can_be_waited_for_by_whoever_waits_for_something_new() -> None:
    for condition in watch(NEW_LISTING, BACK_IN_STOCK, below(), drop(basis="face")).conditions:
        assert Eventbrite.cannot_see(listed(), condition) is None
    (status,) = watch(STATUS).conditions
    assert Eventbrite.cannot_see(event(), status) is None


@pytest.mark.parametrize("basis", ["all_in", "resale", "listing"])
def test_other_prices_than_face_are_never_there(basis: str) -> None:
    for condition in watch(below(basis=basis), drop(basis=basis), historic_low(basis=basis)).conditions:
        assert Eventbrite.cannot_see(event(), condition) == (
            "Eventbrite publishes face prices only; choose face or any."
        )


# ── one event ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_on_sale_is_seen_with_all_it_says() -> None:
    assert read(dusk()) == Observation(
        target=event(),
        at=NOW,
        name="Paper Boats at Dusk",
        url=f"https://www.eventbrite.example/e/paper-boats-at-dusk-tickets-{DUSK}",
        venue="Tide Mill",
        city="Bristol",
        region="England",
        country="GB",
        image="https://img.example/paper-boats.jpg",
        starts_at=datetime(2026, 12, 4, 19, tzinfo=LONDON),
        starts_on=date(2026, 12, 4),
        status=EventStatus.ONSALE,
        availability=Availability.AVAILABLE,
        onsale_at=datetime.fromisoformat("2026-09-01T09:00:00Z"),
        prices=(Price(Basis.FACE, "GBP", 1850, 4200),),
    )


def test_sold_out_is_no_price_and_certainly_not_free() -> None:
    (seen,) = Eventbrite.read(sample("eventbrite", "sold_out.json"), NOW)
    assert (seen.prices, seen.problems) == ((), ())
    assert (seen.availability, seen.status) == (Availability.UNAVAILABLE, EventStatus.OFFSALE)


@pytest.mark.parametrize("free", [True, False, None])
def test_sold_out_has_no_price_whatever_else_is_said(free: object) -> None:
    for has in (True, False, None):
        for value in (0, 432):
            seen = read(tickets(money(value), has_available_tickets=has, is_sold_out=True, is_free=free))
            assert seen.prices == ()


def test_sold_out_and_available_at_once_is_unknown() -> None:
    seen = read(tickets(money(432), is_sold_out=True, is_free=True))
    assert (seen.availability, seen.status, seen.prices) == (Availability.UNKNOWN, None, ())
    assert seen.problems == (
        "Tickets are said to be sold out and available at once; neither is believed, and no price.",
    )


def test_free_is_a_price_only_where_the_event_says_so_and_nothing_contradicts_it() -> None:
    free = read(tickets(money(0, major_value="0.00"), maximum_ticket_price=money(0), is_free=True))
    assert (free.prices[0].low, free.prices[0].currency, free.problems) == (0, "GBP", ())


@pytest.mark.parametrize(
    "body",
    [
        tickets(money(0)),
        tickets(money(0), is_free="true"),
        tickets(money(0), maximum_ticket_price=money(5000)),
        tickets(money(0), maximum_ticket_price=money(5000), is_free=True),
        tickets(money(0), is_free=True, has_available_tickets=None),
        tickets(money(432), is_free=True),
        tickets(money(432, major_value="43.20")),
        tickets(money(432, "JPY", major_value="4.32")),
        tickets(money(432, major_value="soon")),
        tickets(money(432, major_value=4.32)),
        tickets(money(4.32)),
        tickets(money("432")),
        tickets(money(True)),
        tickets(money(-1)),
        tickets(money(10**12)),
        tickets(money(432, None)),
        tickets(money(432, "XXX")),
        tickets(money(432, "ZZZ")),
        tickets("4.32 GBP"),
    ],
    ids=lambda body: str((body["ticket_availability"], body["is_free"])),
)
def test_what_is_no_price_is_unknown_with_a_problem(body: dict[str, Any]) -> None:
    seen = read(body)
    assert seen.prices == ()
    assert len(seen.problems) == 1


@given(
    st.fixed_dictionaries(
        {
            "has_available_tickets": st.sampled_from([True, False, None]),
            "is_sold_out": st.sampled_from([True, False, None]),
            "value": st.sampled_from([0, 1, 432]),
            "is_free": st.sampled_from([True, False, None]),
            "status": st.sampled_from(
                ["live", "started", "ended", "completed", "canceled", "draft", "new", None]
            ),
        }
    )
)
def test_a_price_is_of_what_can_be_bought_and_zero_of_what_is_free(said: dict[str, Any]) -> None:
    low = money(said.pop("value"))
    seen = read(tickets(low, **said))
    if seen.prices:
        assert seen.availability is not Availability.UNAVAILABLE
        assert said["is_sold_out"] is not True
        assert (seen.prices[0].low == 0) == (said["is_free"] is True)


def test_no_price_said_is_no_problem() -> None:
    seen = read(tickets())
    assert (seen.prices, seen.problems, seen.availability) == ((), (), Availability.AVAILABLE)


@pytest.mark.parametrize(
    ("status", "standing", "availability"),
    [
        ("live", EventStatus.ONSALE, Availability.AVAILABLE),
        ("started", EventStatus.ONSALE, Availability.AVAILABLE),
        ("ended", EventStatus.OFFSALE, Availability.UNAVAILABLE),
        ("completed", EventStatus.OFFSALE, Availability.UNAVAILABLE),
        ("canceled", EventStatus.CANCELLED, Availability.UNAVAILABLE),
        ("cancelled", EventStatus.CANCELLED, Availability.UNAVAILABLE),
        ("draft", None, Availability.UNKNOWN),
        ("elsewhere", None, Availability.UNKNOWN),
    ],
)
def test_a_status_says_where_an_event_stands(
    status: str, standing: EventStatus | None, availability: Availability
) -> None:
    seen = read(dusk(status=status))
    assert (seen.status, seen.availability) == (standing, availability)
    assert bool(seen.problems) == (standing is None)
    assert bool(seen.prices) == (availability is Availability.AVAILABLE)


@pytest.mark.parametrize(
    ("code", "standing"),
    [("event_cancelled", EventStatus.CANCELLED), ("event_postponed", EventStatus.POSTPONED)],
)
def test_what_its_sales_say_counts_where_the_status_hides_it(code: str, standing: EventStatus) -> None:
    seen = read(dusk(event_sales_status={"sales_status": "sales_ended", "message_code": code}))
    assert (seen.status, seen.availability, seen.prices) == (standing, Availability.UNAVAILABLE, ())


def test_without_a_zone_the_two_clocks_say_how_far_they_are_apart() -> None:
    start = {"utc": "2026-12-05T03:30:00Z", "local": "2026-12-04T19:30:00", "timezone": "Nowhere/Else"}
    seen = read(dusk(start=start))
    assert str(seen.starts_at) == "2026-12-04 19:30:00-08:00"
    assert seen.starts_on == date(2026, 12, 4)


def test_without_a_zone_the_day_is_still_known_and_without_a_start_nothing_is() -> None:
    bare = read(dusk(start={"local": "2026-12-04T19:00:00"}))
    assert (bare.starts_at, bare.starts_on) == (None, date(2026, 12, 4))
    assert (read(dusk(start=None)).starts_at, read(dusk(start=None)).starts_on) == (None, None)


# ── failures of one ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says(error("NOT_FOUND", 404), 404), "not_found"),
        (says(error("NOT_AUTHORIZED", 403), 403), "refused"),
        (says({"pagination": {}}), "malformed"),
        (says(dusk(id=NOON)), "other_item"),
    ],
)
def test_failures_are_told_apart(answer: Step, code: str) -> None:
    assert ask(eventbrite(answer)[0], event()) == {DUSK: code}


@pytest.mark.parametrize(
    ("code", "status", "raised"),
    [
        ("INVALID_AUTH", 400, ProviderRejectedError),  # by the code, whatever the status
        ("NO_AUTH", 401, ProviderRejectedError),
        ("HIT_RATE_LIMIT", 400, OutOfQuotaError),
        ("INTERNAL_ERROR", 400, ProviderUnavailableError),
        ("VENUE_AND_ONLINE", 400, ProviderRejectedError),
        ("KIT-SECRET", 503, ProviderUnavailableError),
    ],
)
def test_errors_are_told_by_their_code_alone(code: str, status: int, raised: type[ProviderError]) -> None:
    with pytest.raises(raised) as told:
        ask(eventbrite(says(error(code, status), status))[0], event())
    assert "prose" not in str(told.value)
    assert "KIT-SECRET" not in str(told.value)


@pytest.mark.parametrize(("header", "minutes"), [(None, 15), ("120", 2), ("99999", 60)])
def test_told_that_the_hour_is_spent_we_stop(header: str | None, minutes: int) -> None:
    headers = {"retry-after": header} if header else {}
    provider, upstream = eventbrite(says(sample("eventbrite", "error_429.json"), 429, headers))
    budget = purse(provider.quota)
    for _ in range(2):
        with pytest.raises(OutOfQuotaError):
            ask(provider, event(), budget=budget)
    assert len(upstream.requests) == 1
    assert budget.ledger.blocked_until == NOW + timedelta(minutes=minutes)


def test_where_an_expansion_fails_the_event_is_asked_for_without_it_and_paid_for() -> None:
    plain = dusk()
    del plain["ticket_availability"], plain["venue"]
    provider, upstream = eventbrite(says(sample("eventbrite", "error_500_expansion.json"), 500), says(plain))
    budget = purse(provider.quota)
    seen = ask(provider, event(), budget=budget)[DUSK]
    assert isinstance(seen, Observation)
    assert (seen.prices, seen.availability, seen.status) == ((), Availability.UNKNOWN, None)
    assert seen.problems == ("Eventbrite could not say what tickets there are this time.",)
    assert upstream.asked == [{"expand": "ticket_availability,venue"}, {}]
    assert budget.made == 2


def test_where_no_call_is_left_for_it_nothing_is_known() -> None:
    provider, _ = eventbrite(says(sample("eventbrite", "error_500_expansion.json"), 500))
    with pytest.raises(OutOfQuotaError):
        ask(provider, event(), budget=purse(provider.quota, 1))


# ── several in one call ──────────────────────────────────────────────────────────────────────────────────


def test_each_answer_of_a_batch_is_judged_by_itself_whether_text_or_object() -> None:
    provider, upstream = eventbrite(says(sample("eventbrite", "batch.json")))
    budget = purse(provider.quota)
    said = ask(provider, event(), event(NOON), event(GONE), budget=budget)
    assert [type(said[one]) for one in (DUSK, NOON)] == [Observation, Observation]
    assert said[GONE] == "not_found"
    assert budget.made == 1
    (request,) = upstream.requests
    assert (request.method, request.url.path) == ("POST", "/v3/batch/")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert json.loads(parse_qs(request.content.decode())["batch"][0]) == [
        {"method": "GET", "relative_url": f"events/{id_}/?expand=ticket_availability,venue"}
        for id_ in (DUSK, NOON, GONE)
    ]


def test_twenty_events_are_one_call() -> None:
    provider, _ = eventbrite()
    batches = provider.batches([*(event(str(n)) for n in range(1, 42)), listed(), listed("venue:1")])
    assert [len(batch) for batch in batches] == [20, 20, 1, 1, 1]


@pytest.mark.parametrize(
    "refusal",
    [
        says(error("NOT_FOUND", 404), 404),
        says(b"", 410),
        says(error("INVALID_BATCH", 400), 400),
        says(b"<html>", 500, kind="text/html"),
        says({"hello": "world"}),
        says([]),
        says([{"code": 200, "body": dusk()}]),
        says([{"code": "200", "body": dusk()}, {"code": "200", "body": dusk(id=NOON)}]),
        fails(httpx.ReadTimeout),
    ],
)
def test_where_no_batch_answers_events_are_asked_for_one_by_one_for_a_while(refusal: Step) -> None:
    provider, upstream = eventbrite(refusal, says(dusk()), says(dusk(id=NOON)))
    said = ask(provider, event(), event(NOON))
    assert all(isinstance(one, Observation) for one in said.values())
    assert upstream.paths == ["/v3/batch/", f"/v3/events/{DUSK}/", f"/v3/events/{NOON}/"]
    assert [len(batch) for batch in provider.batches([event(), event(NOON)])] == [1, 1]


def test_once_no_batch_answered_none_is_tried_again_soon() -> None:
    provider, upstream = eventbrite(by_id)
    for _ in range(3):
        for batch in provider.batches([event(), event(NOON)]):
            ask(provider, *batch)
    assert upstream.paths.count("/v3/batch/") == 1


def test_after_a_while_a_batch_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, _ = eventbrite(by_id)
    monkeypatch.setattr("watchers.providers.eventbrite_v3.items.SINGLY_SECONDS", -1.0)
    ask(provider, event(), event(NOON))
    assert len(provider.batches([event(), event(NOON)])) == 1


def test_an_outage_is_no_word_about_batches() -> None:
    provider, upstream = eventbrite(says({}, 503))
    with pytest.raises(ProviderUnavailableError):
        ask(provider, event(), event(NOON))
    assert len(upstream.requests) == 2
    assert len(provider.batches([event(), event(NOON)])) == 1


def test_a_wrong_token_is_said_at_once_and_not_once_for_each_event() -> None:
    provider, upstream = eventbrite(says(error("INVALID_AUTH", 401), 401))
    with pytest.raises(ProviderRejectedError):
        ask(provider, *(event(str(n)) for n in range(1, 9)))
    assert len(upstream.requests) == 2


def test_what_a_batch_leaves_unclear_is_asked_for_again_by_its_id() -> None:
    batch = [
        {"code": 200, "body": json.dumps(dusk())},
        {"code": 200, "body": json.dumps(dusk())},  # another event's answer
        {"code": 500, "body": json.dumps(error("EXPANSION_FAILED", 500))},
    ]
    provider, upstream = eventbrite(says(batch), says(dusk(id=NOON)), says(dusk(id=GONE)))
    said = ask(provider, event(), event(NOON), event(GONE))
    assert all(isinstance(one, Observation) and one.target.item == id_ for id_, one in said.items())
    assert upstream.paths == ["/v3/batch/", f"/v3/events/{NOON}/", f"/v3/events/{GONE}/"]
    assert len(provider.batches([event(), event(NOON)])) == 1


def test_a_batch_that_finds_nothing_at_all_is_not_believed() -> None:
    lost = {"code": 404, "body": json.dumps(error("NOT_FOUND", 404))}
    provider, _ = eventbrite(says([lost, lost]), says(dusk()), says(dusk(id=NOON)))
    assert all(isinstance(one, Observation) for one in ask(provider, event(), event(NOON)).values())
    assert len(provider.batches([event(), event(NOON)])) == 2


def test_a_batch_that_hits_the_limit_inside_stops_everything_and_keeps_what_it_told() -> None:
    batch = [
        {"code": 200, "body": json.dumps(dusk())},
        {"code": 429, "body": sample("eventbrite", "error_429.json").decode()},
    ]
    provider, upstream = eventbrite(says(batch))
    budget = purse(provider.quota)
    said = ask(provider, event(), event(NOON), budget=budget)
    assert list(said) == [DUSK]  # the other one stays due
    assert (len(upstream.requests), budget.left) == (1, 0)
    assert len(provider.batches([event(), event(NOON)])) == 2


def test_a_batch_that_hits_the_limit_may_have_counted_for_all_of_it() -> None:
    provider, upstream = eventbrite(says(error("HIT_RATE_LIMIT", 429), 429))
    with pytest.raises(OutOfQuotaError):
        ask(provider, event(), event(NOON))
    assert len(upstream.requests) == 1
    assert len(provider.batches([event(), event(NOON)])) == 2


def test_where_the_calls_end_on_the_way_the_others_stay_due() -> None:
    provider, _ = eventbrite(by_id)
    said = ask(provider, event(), event(NOON), event(GONE), budget=purse(provider.quota, 3))
    assert list(said) == [DUSK, NOON]


def test_one_event_that_is_refused_does_not_hide_the_others() -> None:
    provider, _ = eventbrite(
        says({}, 404), says(error("ARGUMENTS_ERROR", 400), 400), says(dusk(id=NOON)), says({}, 503)
    )
    said = ask(provider, event(), event(NOON), event(GONE))
    assert (said[DUSK], type(said[NOON]), said[GONE]) == ("refused", Observation, "unavailable")


# ── lists ────────────────────────────────────────────────────────────────────────────────────────────────

PAGES = [says(sample("eventbrite", f"organizer_page_{number}.json")) for number in (1, 2)]


def look(provider: Eventbrite, target: Target, calls: int | None = None) -> Fetched:
    return provider.fetch([target], purse(provider.quota, calls), NOW)


def test_an_organizers_list_is_read_to_its_end() -> None:
    provider, upstream = eventbrite(*PAGES)
    fetched = look(provider, listed())
    seen = fetched.observations[listed().id]
    assert [one.target.item for one in seen.listings or ()] == [DUSK, NOON, "880000000003"]
    assert seen.prices == (Price(Basis.FACE, "GBP", 1200),)
    assert seen.availability is Availability.AVAILABLE
    assert upstream.paths == ["/v3/organizers/7700000001/events/"] * 2
    assert upstream.asked == [
        {"status": "live", "order_by": "start_asc", "expand": "ticket_availability,venue"},
        {
            "status": "live",
            "order_by": "start_asc",
            "continuation": "eyJwYWdlIjogMn0",
            "expand": "ticket_availability,venue",
        },
    ]


def test_what_a_list_shows_counts_as_a_look_at_each_event() -> None:
    fetched = look(eventbrite(*PAGES)[0], listed())
    assert fetched.also[event().id] == read(dusk())
    assert len(fetched.also) == 3


def test_a_venues_list_is_its_own() -> None:
    provider, upstream = eventbrite(PAGES[1])
    assert look(provider, listed("venue:6600000001")).observations
    assert upstream.paths == ["/v3/venues/6600000001/events/"]


def test_without_a_continuation_pages_are_asked_for_by_number() -> None:
    first = sample_json("eventbrite", "organizer_page_1.json")
    assert isinstance(first, dict)
    del first["pagination"]["continuation"]
    provider, upstream = eventbrite(says(first), PAGES[1])
    look(provider, listed())
    assert upstream.asked[1]["page"] == "2"


def test_days_and_weekdays_narrow_a_list_and_nothing_else_does() -> None:
    for narrowed, left in (
        ({"date_from": date(2026, 12, 5), "date_to": date(2026, 12, 31)}, [NOON]),
        ({"weekdays": ("fri",)}, [DUSK]),
    ):
        target = listed(**narrowed)
        seen = look(eventbrite(*PAGES)[0], target).observations[target.id]
        assert [one.target.item for one in seen.listings or ()] == left


def test_an_empty_list_is_a_list() -> None:
    empty = {"pagination": {"has_more_items": False, "page_count": 0}, "events": []}
    seen = look(eventbrite(says(empty))[0], listed()).observations[listed().id]
    assert (seen.listings, seen.prices, seen.availability) == ((), (), Availability.UNKNOWN)


@pytest.mark.parametrize(
    "second",
    [
        says({"pagination": {"has_more_items": True}, "events": []}),
        says({"pagination": {"has_more_items": False}, "events": [{"name": "no id"}]}),
        says({"pagination": {"has_more_items": False}, "events": ["x"]}),
        says(error("BAD_CONTINUATION_TOKEN", 400), 400),
        PAGES[0],  # for ever
        says({}, 500),
    ],
)
def test_a_list_whose_end_is_missing_is_not_seen(second: Step) -> None:
    with pytest.raises(ProviderUnavailableError):
        look(eventbrite(PAGES[0], second)[0], listed())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says(error("NOT_FOUND", 404), 404), "not_found"),
        (says(error("NOT_AUTHORIZED", 403), 403), "refused"),
        (says({"events": []}), "malformed"),
        (PAGES[1], "other_item"),
    ],
)
def test_a_list_that_is_not_the_one_asked_for_is_not_seen(answer: Step, code: str) -> None:
    target = listed("organizer:7700000009")
    assert dict(look(eventbrite(answer)[0], target).failures) == {target.id: code}


def test_a_page_without_its_tickets_says_so_and_has_no_prices() -> None:
    plain = {key: value for key, value in dusk().items() if key not in ("ticket_availability", "venue")}
    page = {"pagination": {"has_more_items": False}, "events": [plain]}
    provider, upstream = eventbrite(says(sample("eventbrite", "error_500_expansion.json"), 500), says(page))
    (one,) = look(provider, listed()).observations[listed().id].listings or ()
    assert (one.prices, one.availability, len(one.problems)) == ((), Availability.UNKNOWN, 1)
    assert "expand" not in upstream.asked[1]


def test_a_list_that_cannot_be_finished_is_not_begun_in_earnest() -> None:
    first = sample_json("eventbrite", "organizer_page_1.json")
    assert isinstance(first, dict)
    first["pagination"]["page_count"] = 4
    provider, upstream = eventbrite(says(first), PAGES[1])
    with pytest.raises(OutOfQuotaError):
        look(provider, listed(), calls=3)
    assert len(upstream.requests) == 1
    assert look(eventbrite(says(first), PAGES[1])[0], listed(), calls=4).observations


def test_a_very_long_list_says_that_it_was_cut() -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1"))
        page = {"pagination": {"has_more_items": True}, "events": [dusk(id=str(number))]}
        return httpx.Response(200, json=page)

    seen = look(eventbrite(endless)[0], listed()).observations[listed().id]
    assert (len(seen.listings or ()), seen.problems) == (10, ("Only the first 10 pages of events are read.",))


# ── the open question, recorded answers ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "learned"),
    [
        (
            says([{"code": 200, "body": "{}"}, {"code": 200, "body": "{}"}]),
            "A batch answers: 2 of 2 answers in it are good, with texts for bodies.",
        ),
        (
            says([{"code": 200, "body": {}}, {"code": 404, "body": "{}"}]),
            "A batch answers: 1 of 2 answers in it are good, with objects for bodies.",
        ),
        (
            says({}, 410),
            "No batch answers (eventbrite: status 410); events are asked for one by one.",
        ),
    ],
)
def test_one_call_tells_whether_a_batch_answers(answer: Step, learned: str) -> None:
    provider, upstream = eventbrite(answer)
    (probe,) = provider.probes()
    assert probe.ask(purse(provider.quota, 1), NOW) == learned
    assert len(upstream.requests) == 1
    assert "events" not in parse_qs(upstream.requests[0].content.decode())["batch"][0]


def test_a_wrong_token_is_no_word_about_batches_either() -> None:
    provider, _ = eventbrite(says(error("NO_AUTH", 401), 401))
    (probe,) = provider.probes()
    with pytest.raises(ProviderRejectedError):
        probe.ask(purse(provider.quota, 1), NOW)


def test_recorded_pages_and_batches_are_read() -> None:
    assert [
        one.target.item for one in Eventbrite.read(sample("eventbrite", "organizer_page_1.json"), NOW)
    ] == [
        DUSK,
        NOON,
    ]
    good = json.dumps(sample_json("eventbrite", "batch.json")[:2])  # type: ignore[index]
    assert [one.target.item for one in Eventbrite.read(good.encode(), NOW)] == [DUSK, NOON]


def test_a_recorded_error_within_a_batch_is_that_error() -> None:
    with pytest.raises(ProviderRejectedError, match="NOT_FOUND"):
        Eventbrite.read(sample("eventbrite", "batch.json"), NOW)


RECORDED = sorted((PAYLOADS / "eventbrite").glob("*.json")) or [PAYLOADS / "eventbrite"]
NO_EVENT = {"error_400_docs.json": ProviderRejectedError, "venue_21742454.json": ProviderError}


@pytest.mark.skipif(not RECORDED[0].is_file(), reason=f"no recorded payloads in {PAYLOADS}")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_a_real_answer_is_read_without_a_crash_or_a_false_price(path: Path) -> None:
    if path.name in NO_EVENT:
        with pytest.raises(NO_EVENT[path.name]):
            Eventbrite.read(path.read_bytes(), NOW)
        return
    (seen,) = Eventbrite.read(path.read_bytes(), NOW)
    assert seen.prices == ()  # the one is over and cancelled, the other contradicts itself
    assert (seen.status, seen.availability) in {
        (EventStatus.CANCELLED, Availability.UNAVAILABLE),
        (None, Availability.UNKNOWN),
    }
