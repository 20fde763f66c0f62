"""What is pressed on the page of searches."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import stamina
from werkzeug.test import TestResponse

from tests import markets
from tests.markets import Market, all_in, entry, face
from tests.web.kit import Someone, World, csrf_of, refusal
from watchers.asked import read_watch
from watchers.documents import Create
from watchers.history import History
from watchers.memory import WatchState
from watchers.models import Reason
from watchers.observation import Observation
from watchers.rules import decide

TRAM = "keyword=tram"


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3):
        yield


@pytest.fixture
def tickets() -> Market:
    return Market(
        "ticketmaster",
        entry("ticketmaster", "vvG1zZ9abc", face(5400, high=12000), listing_count=1),
        entry(
            "ticketmaster", "second", face(9900), all_in(11000), name="Alder", image="https://x.example/1.jpg"
        ),
    )


@pytest.fixture
def searching(world: World, tickets: Market) -> World:
    steam = Market("steam", entry("steam", "620", face(4900), all_in(6100), listing_count=3))
    world.catalog = markets.World(tickets, steam, documents=world.documents).catalog
    return world


def followed(someone: Someone, answer: TestResponse) -> str:
    assert answer.status_code == 303
    return someone.get(answer.headers["Location"])


# ── deals and order ──────────────────────────────────────────────────────────────────────────────────────


def test_deals_are_what_costs_at_most_so_much_the_lowest_first(searching: World) -> None:
    page = searching.person().get(f"/search?{TRAM}&max_price=62&currency=usd")
    assert "2 deals" in page
    assert re.findall(r'class="price"><strong>(.*?)</strong> ([^<]*)</p>', page) == [
        ("$61", "all-in, at Steam; 3 offers"),
        ("$49", "face value, at Steam; 3 offers"),
    ]


def test_what_is_priced_in_another_currency_than_the_limit_is_said_to_be_left_out(
    searching: World, tickets: Market
) -> None:
    tickets.entries = (entry("ticketmaster", "a", face(4000, "GBP"), name="Odd"),)
    page = searching.person().get("/search?keyword=odd&max_price=10&currency=USD")
    assert "Nothing at or under 10 USD" in page
    assert "1 match is left out: it is priced in GBP." in page
    assert "in GBP." not in searching.person().get("/search?keyword=odd&max_price=50&currency=GBP")


@pytest.mark.parametrize(
    ("offers", "said"), [("-1", "write a number from 1 to 20."), ("4", "write “At most”, too")]
)
def test_how_many_there_must_be_is_never_passed_over(searching: World, offers: str, said: str) -> None:
    answer = searching.person().client.get(f"/search?{TRAM}&max_price=&currency=USD&min_quantity={offers}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert re.search(rf'id="min_quantity-error">At least so many: {said}', page)
    assert "<details open>" in page


def test_deals_say_how_many_there_are_and_ask_for_enough(searching: World) -> None:
    page = searching.person().get(f"/search?{TRAM}&max_price=200&currency=USD&min_quantity=2")
    assert "3 offers" in page
    assert "how many there are is not said" in page
    assert "; 1 offer" not in page


def test_nothing_under_that_price_is_said(searching: World) -> None:
    assert "Nothing at or under 1 USD" in searching.person().get(f"/search?{TRAM}&max_price=1&currency=USD")


def test_a_wrong_limit_is_said_and_stays(searching: World, tickets: Market) -> None:
    answer = searching.person().client.get(f"/search?{TRAM}&max_price=cheap")
    assert answer.status_code == 422
    assert 'value="cheap"' in answer.text
    assert "At most: " in answer.text
    assert not tickets.targets


def test_events_come_by_date_or_by_price(searching: World, tickets: Market) -> None:
    tickets.entries = (*tickets.entries, entry("ticketmaster", "third", name="Free of prices"))
    someone = searching.person()
    names = re.compile(r"<h3><bdi>(.*?)</bdi>")
    assert names.findall(someone.get(f"/search?{TRAM}&sort=price")) == [
        "Night Tram",
        "Alder",
        "Free of prices",
    ]
    assert 'aria-current="true">By price' in someone.get(f"/search?{TRAM}&sort=price")
    assert 'aria-current="true">By date' in someone.get(f"/search?{TRAM}&sort=best")


def test_pictures_come_over_https_or_from_the_sandbox_only(searching: World, tickets: Market) -> None:
    someone = searching.person()
    assert 'src="https://x.example/1.jpg" alt=""' in someone.get(f"/search?{TRAM}")
    tickets.entries = (entry("ticketmaster", "a", image="http://x.example/2.jpg"),)
    assert "x.example" not in someone.get("/search?keyword=other")


def test_one_event_is_said_how_good_it_is(world: World) -> None:
    steam = Market("steam", entry("steam", "620", face(4900)))
    tickets = Market("ticketmaster", entry("ticketmaster", "vvG1zZ9abc", face(5400)))
    world.catalog = markets.World(tickets, steam, documents=world.documents).catalog
    assert "cheapest of 2 markets" in world.person().get(f"/search?{TRAM}")


# ── searches that are kept ───────────────────────────────────────────────────────────────────────────────


def test_a_search_is_kept_run_renamed_and_deleted(searching: World) -> None:
    someone = searching.person()
    page = followed(someone, someone.post("/search/saved", {"query": f"{TRAM}&city=London", "name": "Trams"}))
    assert "Kept as “Trams”." in page
    assert (
        '<a class="option" href="/search?keyword=tram&city=London" aria-current="true"><bdi>Trams</bdi>'
        in page
    )
    (search_id,) = re.findall(r"/search/saved/([0-9a-f]+)/rename", page)
    page = followed(
        someone, someone.post(f"/search/saved/{search_id}/rename", {"name": "Night", "query": TRAM})
    )
    assert "<bdi>Night</bdi>" in page
    page = followed(someone, someone.post(f"/search/saved/{search_id}/delete", {"query": TRAM}))
    assert "<bdi>Night</bdi>" not in page
    assert "Keep this search" in page


def test_a_search_of_nothing_is_not_kept(searching: World) -> None:
    someone = searching.person()
    assert "needs a keyword" in followed(someone, someone.post("/search/saved", {"query": "sort=price"}))
    someone.post("/search/saved", {"query": TRAM})
    (search_id,) = re.findall(r"/search/saved/([0-9a-f]+)/rename", someone.get(f"/search?{TRAM}"))
    assert "Write a name" in followed(
        someone, someone.post(f"/search/saved/{search_id}/rename", {"name": ""})
    )


def test_nobody_sees_what_somebody_else_keeps(searching: World) -> None:
    searching.person("ann").post("/search/saved", {"query": TRAM, "name": "Secret"})
    assert "Secret" not in searching.person("bob").get("/search")


# ── watches ──────────────────────────────────────────────────────────────────────────────────────────────


def press(someone: Someone, place: int = 0, query: str = TRAM) -> TestResponse:
    """The place-th button that watches with one press."""
    form = re.findall(r'action="/search/watch">(.*?)</form>', someone.get(f"/search?{query}"), re.DOTALL)[
        place
    ]
    return someone.post("/search/watch", dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)))


def test_one_press_watches_for_less_than_the_price_that_includes_most(searching: World) -> None:
    searching.reach()
    someone = searching.person()
    page = followed(someone, press(someone, place=-1))
    assert "Saved “Alder”." in page
    assert "Tells you when: at or under $109.99 all-in." in page
    (source,) = searching.watches()
    assert source.fields == {
        "name": "Alder",
        "target": {"provider": "ticketmaster", "item": "second"},
        "conditions": [{"kind": "below", "price": "109.99", "currency": "USD", "basis": "all_in"}],
        "notify": ["sms"],
        "status": "active",
    }


def test_what_was_pressed_tells_at_any_price_under_the_one_that_was_seen(searching: World) -> None:
    press(searching.person(), place=-1)
    (source,) = searching.watches()
    watch = read_watch(source.fields, refusal, searching.now())
    first, later = (
        Observation(watch.targets[0], searching.now() + after, prices=(all_in(price),))
        for after, price in ((timedelta(0), 11000), (timedelta(minutes=1), 10999))
    )
    seen = decide(watch, WatchState(), History(), first)
    told = decide(watch, seen.state, History().after(first), later)
    assert (seen.news, told.reason) == (None, Reason.BELOW_LIMIT)


def test_two_presses_are_one_watch_and_one_that_is_there_is_said(searching: World) -> None:
    someone = searching.person()
    press(someone)
    page = followed(someone, press(someone))
    assert "You already have this" in page
    assert len(searching.watches()) == 1
    assert searching.watches()[0].fields["notify"] == ["app"]


def test_a_press_after_its_watch_was_changed_saves_another(searching: World) -> None:
    someone = searching.person()
    press(someone)
    (first,) = searching.watches()
    changed = [{"kind": "below", "price": "1.00", "currency": "USD"}]
    searching.put_watch(first.id, **{**first.fields, "conditions": changed})
    assert "Saved “" in followed(someone, press(someone))
    assert len(searching.watches()) == 2
    assert "You already have this" in followed(someone, press(someone))


@pytest.mark.parametrize("asks_the_same", [True, False])
def test_what_took_the_id_at_the_same_moment_is_read_before_anything_is_said_of_it(
    searching: World, asks_the_same: bool
) -> None:
    someone = searching.person()
    changed = {} if asks_the_same else {"target": {"provider": "steam", "item": "1"}}

    def first(writes: tuple[object, ...]) -> None:
        if isinstance(found := writes[0], Create) and "/ticket_monitors/" in found.path:
            searching.documents.before_commit = None
            searching.documents.inner.commit(Create(found.path, {**found.fields, **changed}))

    searching.documents.before_commit = first
    page = followed(someone, press(someone))
    assert ("You already have this" in page) is asks_the_same
    assert len(searching.watches()) == (1 if asks_the_same else 2)


def test_what_cannot_be_watched_is_said_on_the_page(searching: World, tickets: Market) -> None:
    tickets.entries = (entry("ticketmaster", "unknown", face(5400), name="Strange"),)
    someone = searching.person()
    page = followed(someone, press(someone, query="keyword=strange"))
    assert "There is no such event." in page
    assert "Strange" in page
    assert searching.watches() == []


@pytest.mark.parametrize(
    "fields", [{}, {"provider": "x"}, {"provider": "ticketmaster", "item": "a", "price": "-1"}]
)
def test_a_press_that_was_made_up_saves_nothing(searching: World, fields: dict[str, str]) -> None:
    answer = searching.person().post("/search/watch", fields)
    assert answer.status_code == 303
    assert searching.watches() == []


def test_what_has_two_currencies_no_price_or_cannot_be_bought_has_no_such_button(
    searching: World, tickets: Market
) -> None:
    tickets.entries = (
        entry("ticketmaster", "a", face(1), face(1, "GBP"), name="Two"),
        entry("ticketmaster", "b", name="None"),
        entry("ticketmaster", "c", face(0), name="Free"),
        entry("ticketmaster", "d", face(1), name="All but free"),
    )
    page = searching.person().get("/search?keyword=odd")
    assert not re.findall(r'name="item" value="[abcd]"', page)


def test_a_search_becomes_a_watch_for_new_dates_on_every_market_that_can_be_searched(
    searching: World,
) -> None:
    someone = searching.person()
    page = followed(someone, someone.post("/search/new-dates", {"query": f"{TRAM}&city=London"}))
    assert "Saved “tram, London”." in page
    (source,) = searching.watches()
    search = {"keyword": "tram", "city": "London"}
    assert source.fields["target"] == {
        "markets": [{"provider": "ticketmaster", "search": search}, {"provider": "steam", "search": search}]
    }
    assert source.fields["conditions"] == [{"kind": "new_listing"}]


def test_where_no_market_can_be_searched_it_is_said(searching: World, tickets: Market) -> None:
    tickets.searches = False
    searching.catalog = markets.World(tickets).catalog
    someone = searching.person()
    page = followed(someone, someone.post("/search/new-dates", {"query": TRAM}))
    assert "No market that is on can be searched" in page


def test_whoever_has_as_many_watches_as_one_can_have_is_told(
    searching: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.membership.why_full", lambda *_: "Your plan is full.")
    someone = searching.person()
    page = followed(someone, press(someone))
    assert "Your plan is full." in page
    assert searching.watches() == []


# ── what is the same event ───────────────────────────────────────────────────────────────────────────────

PAIR = [("entry", "steam:620"), ("entry", "ticketmaster:vvG1zZ9abc")]


def send(someone: Someone, path: str, entries: list[tuple[str, str]]) -> TestResponse:
    fields = {"csrf": csrf_of(someone.client), "query": TRAM, "entry": [text for _, text in entries]}
    return someone.client.post(path, data=fields)


def test_an_operator_says_that_two_are_not_the_same_and_takes_it_back(world: World) -> None:
    tickets = Market("ticketmaster", entry("ticketmaster", "vvG1zZ9abc", face(5400)))
    steam = Market("steam", entry("steam", "620", face(4900)))
    world.catalog = markets.World(tickets, steam, documents=world.documents, groups=None).catalog
    world.operators = frozenset({"ann"})
    ann = world.person("ann")
    assert "1 found" in ann.get(f"/search?{TRAM}")
    page = followed(ann, send(ann, "/search/not-same", PAIR))
    assert "2 found" in page
    assert "Take it back" in page
    assert "1 found" in followed(ann, send(ann, "/search/same", PAIR))


def test_nobody_else_may(searching: World) -> None:
    someone = searching.person()
    assert "Is one of them another event?" not in someone.get(f"/search?{TRAM}")
    for path in ("/search/not-same", "/search/same"):
        assert send(someone, path, PAIR).status_code == 403
    assert "Take it back" not in someone.get(f"/search?{TRAM}&parted=steam:620")


@pytest.mark.parametrize(
    "entries", [PAIR[:1], [*PAIR, ("entry", "nobody:1")], [("entry", "steam:"), PAIR[1]], []]
)
def test_entries_that_are_none_are_not_remembered(searching: World, entries: list[tuple[str, str]]) -> None:
    searching.operators = frozenset({"ann"})
    assert send(searching.person("ann"), "/search/not-same", entries).status_code == 400


# ── who may press ────────────────────────────────────────────────────────────────────────────────────────

BUTTONS = [
    "/search/saved", "/search/saved/x/rename", "/search/saved/x/delete", "/search/watch", "/search/new-dates",
    "/search/not-same", "/search/same",
]  # fmt: skip


@pytest.mark.parametrize("path", BUTTONS)
def test_nobody_presses_who_is_not_signed_in_or_whose_form_was_forged(searching: World, path: str) -> None:
    assert Someone(searching.app().test_client()).post(path, {"query": TRAM}).status_code == 401
    assert searching.person().client.post(path, data={"query": TRAM}).status_code == 403


@pytest.mark.parametrize(
    "query", ["//evil.example", "next=https://evil.example", "keyword=a%0d%0aX: y", "x" * 9999]
)
def test_a_press_leads_back_to_the_page_of_searches_whatever_it_carries(searching: World, query: str) -> None:
    answer = searching.person().post("/search/saved/x/delete", {"query": query})
    assert answer.headers["Location"].startswith("/search")
    assert "evil" not in answer.headers["Location"]
