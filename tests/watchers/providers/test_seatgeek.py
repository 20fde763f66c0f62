"""What is SeatGeek's own; what every provider promises is in ``tests/contract/test_providers.py``."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import BACK_IN_STOCK, NEW_LISTING, STATUS, below, drop, historic_low, watch
from tests.upstream import NOW, PAYLOADS, Step, Upstream, purse, sample, sample_json, says
from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError, ProviderUnavailableError
from watchers.money import Basis
from watchers.observation import Availability, EventStatus, Observation, Price
from watchers.providers import SwitchedOff
from watchers.providers.base import Fetched
from watchers.providers.seatgeek import Seatgeek
from watchers.quota import Budget
from watchers.target import Search, Target
from watchers.watch import Filters

TRAM, MAPLE, SPRING = "7300001", "7300002", "7300003"
PORTLAND = ZoneInfo("America/Los_Angeles")
CLIENT = {"client_id": "not-a-client"}
WALL = says(b"<html><body>Please verify you are a human</body></html>", kind="text/html; charset=utf-8")


def seatgeek(*steps: Step, **env: str) -> tuple[Seatgeek, Upstream]:
    upstream = Upstream(*(steps or (says({}),)))
    built = Seatgeek.from_env({"SEATGEEK_CLIENT_ID": "not-a-client", **env}, upstream.client)
    assert isinstance(built, Seatgeek)
    return built, upstream


def event(id_: str = TRAM) -> Target:
    return Target(provider="seatgeek", item=id_)


def searching(**search: Any) -> Target:
    return Target(provider="seatgeek", search=Search(**(search or {"keyword": "night tram"})))


def tram(**changed: Any) -> dict[str, Any]:
    """The event that has everything, with some fields changed."""
    whole = sample_json("seatgeek", "item.json")
    assert isinstance(whole, dict)
    return {**whole, **changed}


def stats(**said: Any) -> dict[str, Any]:
    return tram(stats=said)


def at_venue(**changed: Any) -> dict[str, Any]:
    return tram(venue={**tram()["venue"], **changed})


def page(*events: Mapping[str, Any], total: int | None = None, **meta: Any) -> dict[str, Any]:
    count = len(events) if total is None else total
    return {"events": list(events), "meta": {"total": count, "page": 1, "per_page": 50, **meta}}


def read(body: object) -> Observation:
    (seen,) = Seatgeek.read(json.dumps(body).encode(), NOW)
    return seen


def ask(provider: Seatgeek, *targets: Target, budget: Budget | None = None) -> dict[str, Observation | str]:
    """What came back, by item; what was not asked is not in it."""
    fetched = provider.fetch(targets, budget or purse(provider.quota), NOW)
    said: Mapping[str, Observation | str] = {**fetched.observations, **fetched.failures}
    return {one.item or "": said[one.id] for one in targets if one.id in said}


def look(provider: Seatgeek, target: Target, calls: int | None = None) -> Fetched:
    return provider.fetch([target], purse(provider.quota, calls), NOW)


def by_id(listed: Callable[[httpx.Request], object]) -> Step:
    """An upstream that knows every event by its id; what it says to a list is told."""

    def step(request: httpx.Request) -> httpx.Response:
        last = request.url.path.split("/")[-1]
        return httpx.Response(200, json=listed(request) if last == "events" else tram(id=int(last)))

    return step


# ── settings, refusals ───────────────────────────────────────────────────────────────────────────────────


def test_without_a_client_id_it_is_off() -> None:
    assert Seatgeek.from_env({}) == SwitchedOff("seatgeek", "SEATGEEK_CLIENT_ID is not set")


def test_its_quota_is_our_own_caution() -> None:
    quota = seatgeek()[0].quota
    assert (quota.calls, quota.per, quota.per_second) == (500, timedelta(days=1), 1.0)


@pytest.mark.parametrize(
    ("env", "client"),
    [({}, CLIENT), ({"SEATGEEK_CLIENT_SECRET": "not-a-secret"}, {**CLIENT, "client_secret": "not-a-secret"})],
)
def test_a_call_says_who_asks(env: dict[str, str], client: dict[str, str]) -> None:
    provider, upstream = seatgeek(says(tram()), **env)
    ask(provider, event())
    assert upstream.paths == [f"/2/events/{TRAM}"]
    assert upstream.asked == [client]


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (
            event("https://seatgeek.com/night-tram-tickets/concert/2026-12-04-7-30-pm/7300001"),
            Filters(),
            TRAM,
        ),
        (event("https://seatgeek.com/night-tram-tickets"), Filters(), "number"),
        (event("night tram"), Filters(), "number"),
        (event("0"), Filters(), "number"),
        (Target("seatgeek", TRAM, country="US"), Filters(), "leave the country out"),
        (searching(keyword="tram", country="DE"), Filters(), "US or CA"),
        (Target("seatgeek", search=Search("tram"), country="US"), Filters(), "into the search"),
        (event(), Filters(basis=Basis.FACE), "all-in and resale"),
        (event(), Filters(min_quantity=2), "how many"),
        (event(), Filters(weekdays=("fri",)), "its own day"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    said = Seatgeek.refusal(target, filters) or ""
    assert why in said
    assert said.endswith(".")


@pytest.mark.parametrize(
    "target", [event(), searching(), searching(city="Portland", country="US"), searching(category="sports")]
)
def test_events_and_searches_can_be_watched(target: Target) -> None:
    assert Seatgeek.refusal(target, Filters(basis=Basis.ALL_IN)) is None


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        (
            BACK_IN_STOCK,
            "SeatGeek never says clearly that an event is sold out; choose below, drop or new_listing.",
        ),
        *(
            (one, "SeatGeek publishes all-in and resale prices, to partners; choose all_in, resale or any.")
            for one in (below(basis="face"), drop(basis="listing"), historic_low(basis="face"))
        ),
        *((one, None) for one in (below(), drop(basis="all_in"), historic_low(basis="resale"), STATUS)),
        (NEW_LISTING, None),
    ],
)
def test_what_seatgeek_never_says_cannot_be_waited_for(
    condition: Mapping[str, object], why: str | None
) -> None:
    (asked,) = watch(condition).conditions
    assert Seatgeek.cannot_see(searching(), asked) == why


# ── one event ────────────────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_seen_with_all_it_says() -> None:
    assert read(tram()) == Observation(
        target=event(),
        at=NOW,
        name="Night Tram Orchestra with The Opening Act",
        url="https://seatgeek.example/night-tram-orchestra-with-the-opening-act-tickets/concert/7300001",
        venue="Lantern Hall",
        city="Portland",
        region="OR",
        country="US",
        performers=("Night Tram Orchestra", "The Opening Act"),
        category="concert",
        image="https://img.example/night-tram-huge.jpg",
        listing_count=120,
        starts_at=datetime(2026, 12, 4, 19, 30, tzinfo=PORTLAND),
        starts_on=date(2026, 12, 4),
        availability=Availability.AVAILABLE,
        prices=(Price(Basis.ALL_IN, "USD", 4800, 24000, 7100), Price(Basis.RESALE, "USD", 3600)),
    )


@pytest.mark.parametrize("nothing", [{}, None, [], "", {"lowest_price": None, "listing_count": None}])
def test_no_stats_are_no_price_no_problem_and_no_word_about_what_is_left(nothing: object) -> None:
    seen = read(tram(stats=nothing))
    assert (seen.prices, seen.problems, seen.listing_count) == ((), (), None)
    assert seen.availability is Availability.UNKNOWN


def test_without_the_price_before_fees_the_one_with_fees_stands_alone() -> None:
    assert read(stats(lowest_price=48)).prices == (Price(Basis.ALL_IN, "USD", 4800),)
    assert read(stats(lowest_sg_base_price=36)).prices == (Price(Basis.RESALE, "USD", 3600),)


@pytest.mark.parametrize(
    ("high", "average", "kept"),
    [(240, 71, (24000, 7100)), (240, 30, (24000, None)), (40, 71, (None, None)), (None, 71, (None, None)),
     (240, 300, (24000, None)), ("240", True, (None, None))],
)  # fmt: skip
def test_an_average_outside_its_range_is_none(high: object, average: object, kept: object) -> None:
    (price,) = read(stats(lowest_price=48, highest_price=high, average_price=average)).prices
    assert (price.high, price.average) == kept


@pytest.mark.parametrize("country", ["Canada", "CA", "Mexico", "GB", None, "", 1])
def test_what_is_in_dollars_of_nobody_knows_where_is_no_price(country: object) -> None:
    seen = read(at_venue(country=country))
    assert seen.prices == ()
    (problem,) = seen.problems
    assert problem.startswith("SeatGeek names no currency; ")
    assert read({**at_venue(country=country), "stats": {}}).problems == ()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (stats(lowest_price=0), "not a number over 0"),
        (stats(lowest_price=-1), "not a number over 0"),
        (stats(lowest_price="48"), "not a number over 0"),
        (stats(lowest_price=True), "not a number over 0"),
        (stats(lowest_price=10**7), "not a number over 0"),
        (stats(lowest_price=0.001), "not a number over 0"),
        (stats(lowest_price=48, listing_count=0), "no listing"),
        (stats(lowest_price=48, listing_count=3, visible_listing_count=0), "no listing"),
        (stats(lowest_price=48, lowest_sg_base_price=49), "over the one with fees"),
    ],
)
def test_what_is_no_price_is_unknown_with_a_problem(body: dict[str, Any], why: str) -> None:
    seen = read(body)
    assert seen.prices == ()
    (problem,) = seen.problems
    assert why in problem


AMOUNTS = st.none() | st.integers(-5, 500) | st.floats(allow_nan=True) | st.text(max_size=3) | st.booleans()


@given(st.dictionaries(st.sampled_from(sorted(tram()["stats"])), AMOUNTS, max_size=10))
def test_whatever_the_stats_say_no_price_is_zero_and_none_is_upside_down(said: dict[str, object]) -> None:
    event_ = json.loads(json.dumps(tram(stats=said)))
    (seen,) = Seatgeek.read(json.dumps(event_).encode(), NOW)
    bases = {price.basis: price for price in seen.prices}
    assert all(price.low > 0 for price in seen.prices)
    assert all(price.high is None or price.high >= price.low for price in seen.prices)
    if len(bases) == 2:
        assert bases[Basis.RESALE].low <= bases[Basis.ALL_IN].low


@pytest.mark.parametrize(
    ("changed", "at", "on"),
    [
        ({}, "2026-12-04T19:30:00-08:00", "2026-12-04"),
        ({"time_tbd": True}, None, "2026-12-04"),
        ({"datetime_tbd": True}, None, "2026-12-04"),  # the day is not "to be determined", by its own word
        ({"datetime_tbd": True, "date_tbd": None}, None, None),
        ({"date_tbd": True}, None, None),
        (
            {"datetime_local": "2026-12-04T03:30:00", "datetime_utc": "2026-12-04T11:30:00"},
            None,
            "2026-12-04",
        ),
        ({"datetime_utc": None}, "2026-12-04T19:30:00-08:00", "2026-12-04"),
        ({"datetime_local": None}, "2026-12-04T19:30:00-08:00", "2026-12-04"),
        ({"datetime_local": None, "venue": {}}, "2026-12-05T03:30:00+00:00", None),
        ({"datetime_utc": None, "venue": {}}, None, "2026-12-04"),
        ({"venue": {}}, "2026-12-04T19:30:00-08:00", "2026-12-04"),  # by the two clocks
        ({"venue": {}, "datetime_utc": "2026-12-09T03:30:00"}, "2026-12-09T03:30:00+00:00", "2026-12-04"),
        ({"datetime_utc": "2026-12-05T03:30:00Z"}, "2026-12-04T19:30:00-08:00", "2026-12-04"),
        ({"datetime_utc": "soon", "datetime_local": 1}, None, None),
        ({"datetime_utc": "1900-01-01T00:00:00", "datetime_local": None}, None, None),
    ],
)
def test_a_start_is_what_is_announced_and_nothing_else(
    changed: dict[str, Any], at: str | None, on: str | None
) -> None:
    seen = read({**tram(), "stats": {}, **changed})
    assert seen.starts_at == (datetime.fromisoformat(at) if at else None)
    assert seen.starts_on == (date.fromisoformat(on) if on else None)
    assert str(seen.starts_at) == str(datetime.fromisoformat(at) if at else None)  # also on its own clock


@pytest.mark.parametrize(
    ("status", "standing", "availability"),
    [
        ("normal", None, Availability.AVAILABLE),
        (None, None, Availability.AVAILABLE),
        ("cancelled", EventStatus.CANCELLED, Availability.UNAVAILABLE),
        ("canceled", EventStatus.CANCELLED, Availability.UNAVAILABLE),
        ("postponed", EventStatus.POSTPONED, Availability.UNAVAILABLE),
        ("rescheduled", EventStatus.RESCHEDULED, Availability.AVAILABLE),
        ("sideways", None, Availability.AVAILABLE),
    ],
)
def test_a_status_says_where_an_event_stands(
    status: str | None, standing: EventStatus | None, availability: Availability
) -> None:
    seen = read(tram(status=status))
    assert (seen.status, seen.availability) == (standing, availability)
    assert bool(seen.problems) == (status == "sideways")


# ── failures ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (says({"status": "error"}, 404), "not_found"),
        (says({"events": []}), "malformed"),
        (says(page(tram())), "malformed"),
        (says(tram(id=7300099)), "other_item"),
        (says(tram(id="7300099")), "other_item"),
    ],
)
def test_failures_are_told_apart(answer: Step, code: str) -> None:
    assert ask(seatgeek(answer)[0], event()) == {TRAM: code}


@pytest.mark.parametrize("status", [200, 403, 406, 429])
def test_a_page_for_people_is_no_answer_and_no_word_about_the_key(status: int) -> None:
    wall = says(b"<html>captcha</html>", status, kind="text/html")
    provider, upstream = seatgeek(wall)
    budget = purse(provider.quota)
    for _ in range(2):
        with pytest.raises(ProviderUnavailableError):
            ask(provider, event(), budget=budget)
    assert len(upstream.requests) == 1
    assert budget.ledger.blocked_until == NOW + timedelta(hours=1)


def test_a_client_that_is_not_known_must_be_seen_to_by_someone() -> None:
    provider, upstream = seatgeek(says(sample("seatgeek", "error_403_client.json"), 403))
    with pytest.raises(ProviderRejectedError, match="40307"):
        ask(provider, event(), event(MAPLE))
    assert len(upstream.requests) == 1


@pytest.mark.parametrize(
    ("status", "header", "pause"),
    [
        (406, None, timedelta(minutes=10)),
        (429, None, timedelta(minutes=10)),
        (429, "60", timedelta(minutes=1)),
    ],
)
def test_told_to_slow_down_we_do(status: int, header: str | None, pause: timedelta) -> None:
    provider, _ = seatgeek(says({}, status, {"retry-after": header} if header else {}))
    budget = purse(provider.quota)
    with pytest.raises(ProviderUnavailableError):
        ask(provider, event(), budget=budget)
    assert budget.ledger.blocked_until == NOW + pause


def test_an_outage_that_says_so_in_a_web_page_stops_nothing() -> None:
    provider, _ = seatgeek(says(b"<html>", 503, kind="text/html"))
    budget = purse(provider.quota)
    with pytest.raises(ProviderUnavailableError):
        ask(provider, event(), budget=budget)
    assert budget.ledger.blocked_until is None


# ── lists of ids ─────────────────────────────────────────────────────────────────────────────────────────


def test_fifty_events_are_one_call() -> None:
    provider, _ = seatgeek()
    batches = provider.batches([*(event(str(n)) for n in range(1, 103)), searching()])
    assert [len(batch) for batch in batches] == [50, 50, 2, 1]


def test_a_list_that_is_heeded_is_one_call() -> None:
    provider, upstream = seatgeek(says(page(tram(id=7300002), tram())))
    said = ask(provider, event(), event(MAPLE))
    assert all(isinstance(one, Observation) and one.target.item == id_ for id_, one in said.items())
    assert upstream.asked == [{"id": f"{TRAM},{MAPLE}", "per_page": "50", **CLIENT}]
    assert len(provider.batches([event(), event(MAPLE)])) == 1


@pytest.mark.parametrize(
    "listed",
    [
        page(tram(id=1), tram(id=2), total=9000),  # the list was not heeded at all
        page(tram(), tram(id=7300002), tram(id=1)),  # nor was this one: whose answer is it?
        page(),
        page(tram()),  # only its first id
    ],
)
def test_where_a_list_is_not_heeded_events_are_asked_for_one_by_one_for_a_while(listed: object) -> None:
    provider, upstream = seatgeek(by_id(lambda _request: listed))
    said = ask(provider, event(), event(MAPLE))
    assert all(isinstance(one, Observation) and one.target.item == id_ for id_, one in said.items())
    assert [len(batch) for batch in provider.batches([event(), event(MAPLE)])] == [1, 1]
    asked = len(upstream.requests)
    ask(provider, event(), event(MAPLE))
    assert upstream.paths[asked:] == [f"/2/events/{TRAM}", f"/2/events/{MAPLE}"]


@pytest.mark.parametrize("status", [400, 404, 422])
def test_where_a_list_is_refused_events_are_asked_for_one_by_one(status: int) -> None:
    provider, _ = seatgeek(says({}, status), says(tram()), says(tram(id=7300002)))
    assert all(isinstance(one, Observation) for one in ask(provider, event(), event(MAPLE)).values())
    assert len(provider.batches([event(), event(MAPLE)])) == 2


def test_what_a_list_leaves_out_is_gone_only_by_its_own_word() -> None:
    provider, upstream = seatgeek(says(page(tram(), tram(id=7300002))), says({}, 404))
    said = ask(provider, event(), event(MAPLE), event(SPRING))
    assert (type(said[TRAM]), type(said[MAPLE]), said[SPRING]) == (Observation, Observation, "not_found")
    assert upstream.paths == ["/2/events", f"/2/events/{SPRING}"]
    assert len(provider.batches([event(), event(MAPLE)])) == 1


def test_one_event_that_a_list_leaves_out_is_no_word_about_lists() -> None:
    provider, _ = seatgeek(says(page(tram(), tram(id=7300002))), says(tram(id=7300003)))
    said = ask(provider, event(), event(MAPLE), event(SPRING))
    assert all(isinstance(one, Observation) for one in said.values())
    assert len(provider.batches([event(), event(MAPLE)])) == 1


def test_an_empty_page_is_not_gone_and_says_nothing_of_lists_where_nothing_is_there() -> None:
    provider, _ = seatgeek(says(sample("seatgeek", "past_the_end.json")), says({}, 404))
    assert ask(provider, event(), event(MAPLE)) == {TRAM: "not_found", MAPLE: "not_found"}
    assert len(provider.batches([event(), event(MAPLE)])) == 1


def test_where_the_calls_end_on_the_way_the_others_stay_due() -> None:
    provider, _ = seatgeek(by_id(lambda _request: page()))
    assert list(ask(provider, event(), event(MAPLE), budget=purse(provider.quota, 2))) == [TRAM]


# ── searches ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_search_lists_everything_and_the_lowest_of_each_kind_of_price() -> None:
    provider, upstream = seatgeek(says(sample("seatgeek", "search_page.json")))
    target = searching(
        keyword="night tram",
        city="Portland",
        category="Music",
        date_from=date(2026, 12, 1),
        date_to=date(2027, 1, 31),
    )
    seen = look(provider, target).observations[target.id]
    assert [one.target.item for one in seen.listings or ()] == [SPRING, MAPLE, TRAM]
    assert seen.prices == (Price(Basis.ALL_IN, "USD", 4800), Price(Basis.RESALE, "USD", 3600))
    assert seen.availability is Availability.AVAILABLE
    assert upstream.asked == [
        {
            "q": "night tram",
            "venue.city": "Portland",
            "taxonomies.name": "concert",
            "datetime_utc.gte": "2026-11-30",
            "datetime_utc.lte": "2027-02-01T23:59:59",
            "per_page": "50",
            "sort": "id.desc",
            **CLIENT,
        }
    ]


@pytest.mark.parametrize(
    ("narrowed", "left"),
    [
        ({"date_to": date(2026, 12, 10)}, [TRAM]),
        ({"date_from": date(2026, 12, 11)}, [SPRING, MAPLE]),
        ({"weekdays": ("sat",)}, [SPRING]),
        ({"country": "CA"}, [MAPLE]),
        ({"country": "US"}, [SPRING, TRAM]),
    ],
)
def test_days_and_country_are_the_venues_own(narrowed: dict[str, Any], left: list[str]) -> None:
    provider, upstream = seatgeek(says(sample("seatgeek", "search_page.json")))
    target = searching(keyword="night tram", **narrowed)
    seen = look(provider, target).observations[target.id]
    assert [one.target.item for one in seen.listings or ()] == left
    if narrowed.get("country") == "CA":
        assert upstream.asked[0]["venue.country"] == "Canada"


TWO_PAGES = [says(sample("seatgeek", f"search_page_{number}_of_2.json")) for number in (1, 2)]


def test_a_search_is_read_to_its_end_and_counts_as_a_look_at_each_event() -> None:
    provider, upstream = seatgeek(*TWO_PAGES)
    fetched = look(provider, searching())
    seen = fetched.observations[searching().id]
    assert [one.target.item for one in seen.listings or ()] == [SPRING, MAPLE, TRAM]
    assert fetched.also[event().id] == read(tram())
    assert [one.get("page") for one in upstream.asked] == [None, "2"]


@pytest.mark.parametrize(
    "second",
    [
        says(sample("seatgeek", "past_the_end.json")),
        says(page(total=3, page=2)),
        says(page(tram(), total=3, page=1)),
        says(page({"title": "no id"}, total=3, page=2)),
        says({}),
        WALL,
    ],
)
def test_a_search_whose_end_is_missing_is_not_seen(second: Step) -> None:
    provider, _ = seatgeek(TWO_PAGES[0], second)
    with pytest.raises(ProviderUnavailableError):
        look(provider, searching())


@pytest.mark.parametrize(
    "empty", [{"meta": {"page": 1}, "events": []}, {"meta": {"total": 0}}, {**page(), "events": ["x"]}]
)
def test_an_answer_that_is_no_page_is_not_nothing(empty: object) -> None:
    assert look(seatgeek(says(empty))[0], searching()).failures == {searching().id: "malformed"}


def test_a_first_page_that_counts_events_and_shows_none_is_not_seen() -> None:
    with pytest.raises(ProviderUnavailableError):
        look(seatgeek(says(page(total=7)))[0], searching())


def test_a_search_that_finds_nothing_is_seen() -> None:
    seen = look(seatgeek(says(page()))[0], searching()).observations[searching().id]
    assert (seen.listings, seen.prices, seen.availability) == ((), (), Availability.UNKNOWN)


def test_a_search_that_cannot_be_finished_is_not_begun_in_earnest() -> None:
    provider, upstream = seatgeek(*TWO_PAGES)
    with pytest.raises(OutOfQuotaError):
        look(provider, searching(), calls=1)
    assert len(upstream.requests) == 1


def test_a_very_wide_search_says_that_it_was_cut() -> None:
    def endless(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1"))
        return httpx.Response(200, json=page(tram(id=number), total=9000, page=number))

    provider, upstream = seatgeek(endless)
    seen = look(provider, searching()).observations[searching().id]
    assert seen.problems == ("Only the first 5 pages of results are read; narrow the search.",)
    assert (len(seen.listings or ()), len(upstream.requests)) == (5, 5)


# ── open questions, recorded answers ─────────────────────────────────────────────────────────────────────


def test_two_calls_tell_what_this_client_may_see_and_whether_lists_are_heeded() -> None:
    two = page(tram(), tram(id=7300002, stats={}))
    provider, upstream = seatgeek(says(two))
    said = [probe.ask(purse(provider.quota, 1), NOW) for probe in provider.probes()]
    assert said == [
        "Of 2 events in the United States 1 have a price.",
        "A list of 2 ids is heeded: 50 events are asked for in a call.",
    ]
    assert upstream.asked[1]["id"] == f"{TRAM},{MAPLE}"
    assert len(upstream.requests) == 2


@pytest.mark.parametrize(
    ("answer", "learned"),
    [
        (says(page(tram())), "A list of ids is not heeded; events are asked for one by one."),
        (says(page(tram(), tram(id=7300002), tram(id=1))), "A list of ids is not heeded; "),
        (says({}), "A list of ids is not heeded; "),
        (says({}, 400), "A list of ids is refused (seatgeek: status 400); events are asked for one by one."),
    ],
)
def test_a_list_that_is_not_heeded_is_told(answer: Step, learned: str) -> None:
    provider, _ = seatgeek(says(page(tram(), tram(id=7300002))), answer)
    stats_probe, ids_probe = provider.probes()
    stats_probe.ask(purse(provider.quota, 1), NOW)
    assert ids_probe.ask(purse(provider.quota, 1), NOW).startswith(learned)


def test_without_events_to_ask_for_the_question_about_lists_stays_open() -> None:
    provider, upstream = seatgeek(says(page()))
    stats_probe, ids_probe = provider.probes()
    for probe in (stats_probe, ids_probe):
        with pytest.raises(ProviderUnavailableError):
            probe.ask(purse(provider.quota, 1), NOW)
    assert len(upstream.requests) == 1


def test_a_client_that_is_not_known_teaches_nothing() -> None:
    refused = says(sample("seatgeek", "error_403_client.json"), 403)
    provider, _ = seatgeek(says(page(tram(), tram(id=7300002))), refused)
    stats_probe, ids_probe = provider.probes()
    stats_probe.ask(purse(provider.quota, 1), NOW)
    with pytest.raises(ProviderRejectedError):
        ids_probe.ask(purse(provider.quota, 1), NOW)


def test_recorded_answers_are_read() -> None:
    seen = Seatgeek.read(sample("seatgeek", "search_page.json"), NOW)
    assert [(one.target.item, len(one.prices), len(one.problems)) for one in seen] == [
        (SPRING, 0, 0),
        (MAPLE, 0, 1),
        (TRAM, 2, 0),
    ]
    assert Seatgeek.read(sample("seatgeek", "past_the_end.json"), NOW) == []
    (unpublished,) = Seatgeek.read(sample("seatgeek", "unpublished.json"), NOW)
    assert (unpublished.prices, unpublished.problems) == ((), ())


def test_another_providers_answer_is_not_read() -> None:
    with pytest.raises(ProviderError):
        Seatgeek.read(sample("eventbrite", "organizer_page_1.json"), NOW)


RECORDED = sorted((PAYLOADS / "seatgeek").glob("*.json")) or [PAYLOADS / "seatgeek"]
READ = {  # events, and how many have prices
    "empty_past_last_page.json": (0, 0),
    "events_2019-05_mlb_page.json": (10, 10),
    "events_2022-05_sample_full.json": (10, 7),
    "synthetic_events_lsmat2_null_lowest.json": (2, 0),  # venues without a country
}


@pytest.mark.skipif(not RECORDED[0].is_file(), reason=f"no recorded payloads in {PAYLOADS}")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.name)
def test_a_real_answer_is_read_without_a_crash_or_a_false_price(path: Path) -> None:
    if path.name.startswith("error_403"):
        with pytest.raises(ProviderRejectedError, match="40307"):
            Seatgeek.read(path.read_bytes(), NOW)
        return
    seen = Seatgeek.read(path.read_bytes(), NOW)
    assert (len(seen), sum(bool(one.prices) for one in seen)) == READ[path.name]
    for one in seen:
        assert one.name
        assert one.starts_on
        assert all(price.low > 0 and price.currency == "USD" for price in one.prices)
        assert one.country == "US" or not one.prices
        assert (one.availability is Availability.AVAILABLE) == bool(one.prices or one.listing_count)
