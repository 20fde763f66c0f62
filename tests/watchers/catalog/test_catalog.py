"""One search over all markets: what is asked, what is kept, and what one bad market does to the others."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import stamina

from store.sqlite import SqliteDocuments
from tests.fakes import FaultyDocuments
from tests.markets import SHOW_DAY, Market, World, alike, all_in, entry, face
from tests.world import at_once
from watchers.catalog import SEARCHED, Catalog
from watchers.catalog.inquiry import Inquiry
from watchers.errors import ProviderRejectedError, ProviderUnavailableError
from watchers.events import Event
from watchers.language import speaking
from watchers.money import Basis
from watchers.observation import Availability
from watchers.quota import Quota
from watchers.target import Search, Target


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3):
        yield


@pytest.fixture
def tickets() -> Market:
    return Market("tickets", entry("tickets", "t1", face(5400)))


@pytest.fixture
def seats() -> Market:
    return Market("seats", entry("seats", "s1", face(4900), listing_count=3))


# ── searching ────────────────────────────────────────────────────────────────────────────────────────────


def test_one_event_on_two_markets_is_one_with_both_prices(tickets: Market, seats: Market) -> None:
    found = World(tickets, seats).catalog.search("night tram")

    (one,) = found.events
    assert [market.target.item for market in one.markets] == ["t1", "s1"]
    assert [(best.price.low, best.market.target.provider, best.of) for best in one.best] == [
        (4900, "seats", 2)
    ]
    assert (one.event.min_price, one.event.listings, one.event.url) == (
        Decimal(49), 3, "https://seats.example/s1",
    )  # fmt: skip
    assert not found.absences


def test_every_market_is_asked_what_the_person_asked(tickets: Market, seats: Market) -> None:
    World(tickets, seats).catalog.search(
        "night tram", "London", date(2026, 12, 1), SHOW_DAY, "music", country="GB"
    )
    asked = Search("night tram", "London", "GB", date(2026, 12, 1), SHOW_DAY, "music")
    assert tickets.targets == [Target("tickets", search=asked)]
    assert seats.targets == [Target("seats", search=asked)]


def test_events_come_by_day_and_those_without_one_last() -> None:
    days = [("c", None), ("b", SHOW_DAY), ("a", SHOW_DAY - timedelta(days=1))]
    market = Market("m", *(entry("m", item, name=item, starts_on=day) for item, day in days))
    assert [one.event.item for one in World(market).catalog.search("x").events] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "A search needs a keyword, a city or a category."),
        (
            {"query": "x", "date_from": SHOW_DAY, "date_to": date(2026, 1, 1)},
            "The first day must not be later",
        ),
        ({"query": "x", "country": "Great Britain"}, 'two capital letters, such as "US"'),
    ],
)
def test_a_question_that_cannot_be_is_refused_in_words(asked: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        World().catalog.search(**asked)  # type: ignore[arg-type]


# ── what one market does to the others ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "said", "tries"),
    [
        (ProviderUnavailableError("bad: status 503"), "it did not answer; try again in a minute.", 3),
        (ProviderRejectedError("bad: refused with status 401"), "refused with status 401.", 1),
        (RuntimeError("a bug"), "asking it went wrong here; the log says how.", 1),
    ],
)
def test_a_market_that_fails_is_absent_and_harms_no_other(
    error: Exception, said: str, tries: int, tickets: Market
) -> None:
    bad = Market("bad", entry("bad"))
    bad.down = error
    found = World(bad, tickets).catalog.search("x")
    assert [one.event.item for one in found.events] == ["t1"]
    assert found.absences == {"bad": said}
    assert bad.calls == tries


def test_what_passes_is_tried_again() -> None:
    shaky = Market("shaky", entry("shaky"))
    shaky.fails = [ProviderUnavailableError("shaky: status 500")] * 2
    found = World(shaky).catalog.search("x")
    assert len(found.events) == 1
    assert not found.absences


def test_between_tries_there_is_a_pause() -> None:
    shaky = Market("shaky", entry("shaky"))
    shaky.fails = [ProviderUnavailableError("shaky: status 500")]
    began = time.monotonic()
    with stamina.set_testing(testing=False):
        assert World(shaky).catalog.search("x").events
    assert 0.2 <= time.monotonic() - began < 3


def test_a_market_that_cannot_be_searched_is_not_absent_but_named(tickets: Market) -> None:
    games = Market("games")
    games.searches = False
    found = World(games, tickets, switched_off={"other": "OTHER_KEY is not set"}).catalog.search("x")
    assert found.unasked == {"games": "It cannot be searched."}
    assert found.off == {"other": "OTHER_KEY is not set"}
    assert not found.absences
    assert not games.targets


def test_a_market_that_hangs_costs_its_time_and_says_so(tickets: Market) -> None:
    hanging, released = Market("hanging", entry("hanging")), threading.Event()
    hanging.held = released
    threads: list[threading.Thread] = []

    def start(work: Callable[[], None]) -> None:
        threads.append(threading.Thread(target=work, daemon=True))
        threads[-1].start()

    documents = SqliteDocuments(":memory:")
    catalog = Catalog(
        documents,
        {"hanging": hanging, "tickets": tickets},
        inquiry=Inquiry(documents, lambda: datetime.now(UTC), seconds=0.3),
        groups=alike,
        start=start,
    )
    began = time.monotonic()
    found = catalog.search("x")
    assert 0.25 < time.monotonic() - began < 2
    assert found.absences == {"hanging": "no answer within 0.3 seconds."}
    with speaking("de"):
        assert catalog.search("x").absences == {"hanging": "keine Antwort innerhalb von 0.3 Sekunden."}
    assert [one.event.item for one in found.events] == ["t1"]

    began = time.monotonic()
    assert catalog.search("x").absences  # it is on its way still: nobody waits for it anew
    assert time.monotonic() - began < 0.2
    assert len(hanging.targets) == 1

    released.set()
    for thread in threads:
        thread.join()
    assert not catalog.search("x").absences  # what came late is there for whoever asks next


def test_a_database_that_is_away_is_said_and_nothing_is_asked(tickets: Market) -> None:
    documents = FaultyDocuments(SqliteDocuments(":memory:"))
    documents.down = True
    found = World(tickets, documents=documents).catalog.search("x")
    assert "could not be read" in found.absences["tickets"]
    assert not tickets.targets


# ── the quota ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_slice_that_is_spent_is_an_absence_that_says_when_to_try_again() -> None:
    market = Market("few", entry("few"), quota=Quota(20, timedelta(hours=1), 100))
    world = World(market)
    said = [world.catalog.search(f"x{number}").absences.get("few") for number in range(3)]
    assert said[:2] == [None, None]
    assert said[2] == "the calls that are kept for people are spent; try again at 13:01 UTC."
    assert market.calls == 2


def test_tries_count() -> None:
    market = Market("few", entry("few"), quota=Quota(20, timedelta(hours=1), 100))
    market.down = ProviderUnavailableError("few: status 500")
    found = World(market).catalog.search("x")
    assert market.calls == 2  # and then the calls of people are spent; what it said itself is told
    assert found.absences["few"] == "it did not answer; try again in a minute."


def test_a_search_of_several_pages_is_begun_anew_with_enough_calls() -> None:
    market = Market("long", entry("long"), quota=Quota(100, timedelta(hours=1), 100))
    market.pages = 4
    assert len(World(market).catalog.search("x").events) == 1


def test_a_search_that_takes_more_calls_than_there_are_says_what_to_do() -> None:
    market = Market("long", entry("long"))
    market.pages = 40
    assert "narrow it" in World(market).catalog.search("x").absences["long"]


def test_a_market_that_says_to_wait_is_heeded_by_the_next_search() -> None:
    market = Market("shy", entry("shy"))
    market.waits = timedelta(minutes=5)
    world = World(market)
    assert world.catalog.search("x").absences["shy"] == "asked to wait."
    assert "it said to wait; try again at 12:0" in world.catalog.search("y").absences["shy"]
    assert market.calls == 1


# ── what is kept ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_search_is_good_for_five_minutes_and_no_longer(tickets: Market) -> None:
    world = World(tickets)
    first = world.catalog.search("Night  Tram", "London")
    world.passed = 299
    assert world.catalog.search("night tram", "LONDON").events is first.events
    assert tickets.calls == 1
    world.passed = 302
    world.catalog.search("night tram", "London")
    assert tickets.calls == 2


def test_a_failure_is_kept_for_a_moment_only_and_the_others_are_not_asked_again(tickets: Market) -> None:
    bad = Market("bad", entry("bad", "b1"))
    bad.down = ProviderRejectedError("bad: status 401")
    world = World(bad, tickets)
    world.catalog.search("x")
    world.passed = 10
    assert world.catalog.search("x").absences
    assert bad.calls == 1
    world.passed, bad.down = 20, None
    found = world.catalog.search("x")
    assert not found.absences
    assert len(found.events[0].markets) == 2
    assert (bad.calls, tickets.calls) == (2, 1)


def test_two_people_with_one_question_are_one_call(tickets: Market) -> None:
    tickets.held = threading.Event()
    catalog = Catalog(SqliteDocuments(":memory:"), {"tickets": tickets}, groups=alike)
    threading.Timer(0.2, tickets.held.set).start()
    found = at_once(*[lambda: catalog.search("x")] * 5)
    assert tickets.calls == 1
    assert all(len(one.events) == 1 for one in found)


# ── comparing ────────────────────────────────────────────────────────────────────────────────────────────


def test_one_event_is_compared_on_every_market(tickets: Market, seats: Market) -> None:
    other = entry("seats", "s2", face(100), name="Somebody else")
    seats.entries = (*seats.entries, other)
    found = World(tickets, seats).catalog.compare(Target("tickets", "t1"))
    (one,) = found.events
    assert [market.target.id for market in one.markets] == [
        Target("tickets", "t1").id, Target("seats", "s1").id,
    ]  # fmt: skip
    asked = seats.targets[0].search
    assert asked == Search("Night Tram", date_from=date(2026, 12, 30), date_to=date(2027, 1, 1))


def test_a_comparison_is_good_for_two_minutes_whatever_was_searched_before(
    tickets: Market, seats: Market
) -> None:
    world = World(tickets, seats)
    world.catalog.compare(Event(provider="tickets", item="t1"))
    world.passed = 119
    world.catalog.compare(Target("tickets", "t1"))
    assert seats.calls == 1
    world.passed = 125
    world.catalog.compare(Target("tickets", "t1"))
    assert (tickets.calls, seats.calls) == (2, 2)


def test_what_its_own_market_does_not_show_is_compared_with_nothing(tickets: Market, seats: Market) -> None:
    tickets.failures["t9"] = "not_found"
    found = World(tickets, seats).catalog.compare(Target("tickets", "t9"))
    assert found.absences == {"tickets": "it knows nothing by this id."}
    assert not found.events
    assert not seats.targets


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (Target("nobody", "x"), "There is no market 'nobody'"),
        (Target("off", "x"), "off is switched off: OFF_KEY is not set"),
        (Event(provider="tickets"), "name one item"),
        (Target("tickets", search=Search("x")), "name one item"),
    ],
)
def test_a_comparison_of_nothing_is_refused_in_words(
    wanted: Target | Event, said: str, tickets: Market
) -> None:
    with pytest.raises(ValueError, match=said):
        World(tickets, switched_off={"off": "OFF_KEY is not set"}).catalog.compare(wanted)


# ── deals ────────────────────────────────────────────────────────────────────────────────────────────────


def test_deals_are_what_costs_at_most_so_much_and_a_market_that_counts_nothing_is_not_dropped() -> None:
    cheap = entry("m", "cheap", face(8900), name="a", listing_count=1)
    silent = entry("m", "silent", face(8000), name="b")
    many = entry("m", "many", face(8500), name="c", listing_count=7)
    dear = entry("m", "dear", face(9001), name="d", listing_count=7)
    pounds = entry("m", "pounds", face(100, "GBP"), name="e", listing_count=7)
    fees = entry("m", "fees", all_in(9000), name="f", listing_count=2)
    catalog = World(Market("m", cheap, silent, many, dear, pounds, fees)).catalog
    deals, _ = catalog.deals(Search("x"), Decimal(90), "USD", min_quantity=2)
    assert [(one.market.target.item, one.quantity) for one in deals] == [
        ("fees", 2), ("silent", None), ("many", 7),
    ]  # fmt: skip
    only, _ = catalog.deals(Search("x"), Decimal(90), "USD", basis=Basis.ALL_IN)
    assert [one.market.target.item for one in only] == ["fees"]


def test_a_market_that_is_for_watches_only_is_named_and_not_asked(tickets: Market) -> None:
    class Bulk(Market):
        only_for_watches = "It is read once an hour."

    bulk = Bulk("bulk", entry("bulk", "b1", face(100)))
    found = World(tickets, bulk).catalog.search("night tram")

    assert found.unasked["bulk"] == "It is read once an hour."
    assert found.answered == ("tickets",)
    assert not bulk.calls


def test_a_deal_is_judged_against_the_other_markets_prices_of_the_same_kind(
    tickets: Market, seats: Market
) -> None:
    world = World(tickets, seats, Market("fees", entry("fees", "f1", all_in(9000))))
    (one,) = world.catalog.search("night tram").events
    assert (
        str(world.catalog.deal(one)) == "low confidence: no earlier price is known"
    )  # all-in, alone of its kind

    (two,) = World(tickets, seats).catalog.search("night tram").events
    assert str(world.catalog.deal(two)) == "cheapest of 2 markets; low confidence: no earlier price is known"


def test_what_cannot_be_bought_is_no_deal(tickets: Market) -> None:
    gone = Market("gone", entry("gone", "g1", availability=Availability.UNAVAILABLE))
    (one,) = World(gone).catalog.search("night tram").events
    assert World(tickets).catalog.deal(one) is None


def test_what_the_market_said_is_told_before_what_our_own_count_says() -> None:
    few = Market("few", entry("few", "f1", face(100)), quota=Quota(20, timedelta(days=1), 10))
    few.fails = [ProviderUnavailableError("few: status 500") for _ in range(9)]
    world = World(few)
    said = [world.catalog.search(f"night tram {number}").absences["few"] for number in range(2)]
    assert said[0] == "it did not answer; try again in a minute."
    assert "spent" in said[1]


def test_a_face_value_that_is_over_the_limit_with_its_fees_is_no_deal_unless_asked_for() -> None:
    world = World(Market("tickets", entry("tickets", "t1", face(5400), all_in(6240))))
    assert world.catalog.deals(Search("x"), Decimal(60), "USD")[0] == []
    assert len(world.catalog.deals(Search("x"), Decimal(63), "USD")[0]) == 2
    (only,) = world.catalog.deals(Search("x"), Decimal(60), "USD", basis=Basis.FACE)[0]
    assert only.price.low == 5400


def test_what_a_search_showed_is_known_for_five_minutes_and_then_asked_for(tickets: Market) -> None:
    world = World(tickets)
    target = tickets.entries[0].target
    assert world.catalog.known(target) is None
    world.catalog.search("night tram")
    assert world.catalog.known(target) == tickets.entries[0]
    assert world.catalog.look(target).seen == tickets.entries[0]
    assert len(tickets.targets) == 1
    world.passed += SEARCHED + 1
    assert world.catalog.known(target) is None
    assert world.catalog.look(target).seen
    assert len(tickets.targets) == 2


def test_a_look_that_fails_says_why_and_never_raises(tickets: Market) -> None:
    world = World(tickets, switched_off={"seatgeek": "its key is not set"})
    tickets.down = ProviderUnavailableError("tickets: status 503")
    assert str(world.catalog.look(Target("tickets", "t1")).why) == "it did not answer; try again in a minute."
    assert "its key is not set" in str(world.catalog.look(Target("seatgeek", "1")).why)
    assert "There is no market" in str(world.catalog.look(Target("nobody", "1")).why)


def test_a_market_for_watches_only_is_not_looked_at() -> None:
    class Bulk(Market):
        only_for_watches = "It is read once an hour."

    bulk = Bulk("bulk", entry("bulk", "b1", face(100)))
    assert World(bulk).catalog.look(Target("bulk", "b1")).why == "It is read once an hour."
    assert not bulk.calls
