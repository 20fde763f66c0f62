"""From the one box to the form: what is found, what is filled in, what is said before anything is saved."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import stamina

from tests import markets
from tests.markets import Market, all_in, entry, face
from tests.web.kit import FACE, ITEM, Someone, World, errors_of, text_of
from watchers import price_history
from watchers.chunks import Span, encode
from watchers.documents import Put
from watchers.errors import ProviderUnavailableError
from watchers.money import Basis, PriceKey
from watchers.observation import Availability, EventStatus
from watchers.target import Target
from web import pace

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
KEY = PriceKey(Basis.FACE, "USD")
LINK = "/watches/new?provider=ticketmaster&item=vvG1zZ9abc"


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3):
        yield


def _soon(**said: Any) -> Any:
    """An event of the coming month."""
    facts = {
        "starts_on": (datetime.now(UTC) + timedelta(days=30)).date(),
        "image": "https://img.example/a.jpg",
    }
    prices = said.pop("prices", (face(9000, high=12000),))
    return entry("ticketmaster", "vvG1zZ9abc", *prices, **facts | said)


@pytest.fixture
def tickets() -> Market:
    return Market("ticketmaster", _soon())


@pytest.fixture
def shop(world: World, tickets: Market) -> World:
    world.catalog = markets.World(tickets, switched_off={"seatgeek": "SEATGEEK_CLIENT_ID is not set"}).catalog
    return world


@pytest.fixture
def ann(shop: World) -> Someone:
    return shop.person("ann")


def recorded(world: World, *prices: tuple[float, float, int], target: Target = ITEM) -> None:
    """A chunk of the price history: from so many days ago to so many, this price."""
    now = world.now()
    spans = [
        Span(
            price,
            int((now - timedelta(days=first)).timestamp()),
            int((now - last * DAY - MINUTE).timestamp()),
        )
        for first, last, price in prices
    ]
    fields = {
        "newest_first": 0, "blob": encode({KEY: spans}), "expires_at": now + timedelta(days=700),
        "begun_at": now - timedelta(days=90),
    }  # fmt: skip
    world.documents.inner.commit(Put(f"{price_history.collection(target.id)}/0", fields))


SWINGS = (
    (60, 25, 100_00),
    (25, 20, 85_00),
    (20, 15, 100_00),
    (15, 12, 84_00),
    (12, 8, 120_00),
    (8, 0, 90_00),
)


def field(page: str, name: str) -> str:
    found = re.search(rf'<input id="{name}"[^>]* value="([^"]*)"', page)
    assert found, name
    return found[1]


def ticked(page: str) -> set[str]:
    return set(re.findall(r'<input type="checkbox" name="(\w+)"[^>]* checked', page))


# ── the box ──────────────────────────────────────────────────────────────────────────────────────────────


def test_the_empty_box_asks_nobody(ann: Someone, tickets: Market) -> None:
    assert "A name, a link or an id" in ann.get("/watches/new")
    empty = ann.client.get("/watches/new?q=+")
    assert empty.status_code == 422
    assert "Type what to look for: a name, a link or an id." in text_of(empty)
    assert not tickets.targets


def test_a_name_finds_events_with_picture_day_place_price_and_shop(ann: Someone) -> None:
    page = ann.get("/watches/new?q=tram")
    day = (datetime.now(UTC) + timedelta(days=30)).date()
    for said in (
        "1 found", "Night Tram", f"{day:%a} {day.day} {day:%b %Y}", "Hall, London",
        "<strong>$90 to $120</strong>", "face value", "Ticketmaster", 'src="https://img.example/a.jpg"',
        'loading="lazy"', 'referrerpolicy="no-referrer"', 'width="160" height="90"',
    ):  # fmt: skip
        assert said in page


@pytest.mark.parametrize(
    "image", ["http://img.example/a.jpg", "javascript:alert(1)", None, "data:text/html,x"]
)
def test_a_picture_that_is_not_https_is_none(ann: Someone, tickets: Market, image: str | None) -> None:
    tickets.entries = (_soon(image=image),)
    page = ann.get("/watches/new?q=tram")
    assert "<img" not in page
    assert "picture none" in page


def test_a_picture_of_the_sandbox_is_shown(shop: World, tickets: Market) -> None:
    tickets.entries = (_soon(image="http://127.0.0.1:8081/poster/a.svg"),)
    links: Any = [{"name": "Market", "url": "http://127.0.0.1:8081"}]
    client = shop.app(local_person="you", links=links).test_client()
    assert 'src="http://127.0.0.1:8081/poster/a.svg"' in client.get("/watches/new?q=tram").text


def test_what_was_recorded_of_it_is_said_with_since_when(ann: Someone, shop: World) -> None:
    shop.see(ITEM, face(7000), ago=timedelta(days=3))
    since = (shop.now() - timedelta(days=3)).date()
    said = f"Seen here from $70 to $90 since {since.day} {since:%b %Y}."
    assert said in ann.get("/watches/new?q=tram")


def test_the_past_of_what_was_long_watched_counts_too(ann: Someone, shop: World) -> None:
    recorded(shop, *SWINGS)
    shop.see(ITEM, face(9000))
    since = (shop.now() - timedelta(days=60)).date()
    page = ann.get("/watches/new?q=tram")
    assert f"Seen here from $84 to $120 since {since.day} {since:%b %Y}." in page


def test_a_link_leads_straight_to_its_form(ann: Someone) -> None:
    answer = ann.client.get("/watches/new?q=https://store.steampowered.com/app/570/Dota_2/")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/watches/new?name=Dota+2&provider=steam&item=570"


def test_what_may_be_an_id_asks_whose_and_offers_the_name(ann: Someone, tickets: Market) -> None:
    page = ann.get("/watches/new?q=vvG1zZ9abc")
    assert "Whose is it?" in page
    assert 'href="/watches/new?provider=ticketmaster&item=vvG1zZ9abc"' in page
    assert not tickets.targets
    assert "1 found" in ann.get("/watches/new?words=vvG1zZ9abc")


def test_a_ticketmaster_address_is_searched_for_by_its_words(ann: Someone, tickets: Market) -> None:
    page = ann.get("/watches/new?q=https://www.ticketmaster.com/night-tram-12-31-2026/event/2C005F3A9E5E1234")
    assert "So we searched for the words in it: “night tram”." in page
    (asked,) = tickets.targets
    assert asked.search
    assert asked.search.keyword == "night tram"


def test_who_could_not_be_asked_is_said_and_nothing_is_invented(ann: Someone, tickets: Market) -> None:
    tickets.down = ProviderUnavailableError("ticketmaster: status 503")
    page = ann.get("/watches/new?q=tram")
    assert "No market answered" in page
    assert "Ticketmaster was not seen: it did not answer; try again in a minute." in page
    assert "SeatGeek is switched off here." in page


def test_where_nothing_is_found_the_search_itself_can_be_watched(ann: Someone, tickets: Market) -> None:
    tickets.entries = ()
    page = ann.get("/watches/new?q=new+band")
    assert "Nothing found" in page
    (link,) = re.findall(r'href="(/watches/new\?[^"]*keyword=new\+band[^"]*)"', page)
    assert {"new_listing", "app"} <= ticked(ann.get(link))


def test_searches_are_counted(ann: Someone) -> None:
    for number in range(pace.MOST):
        ann.get(f"/watches/new?q=show+{number}")
    assert "You have searched very often just now." in ann.get("/watches/new?q=one+more")


@pytest.mark.parametrize(
    "text", ["<script>alert(1)</script>", '"><img src=x>', "{{ 7*7 }}", "a" * 3000, "\u202eabc"]
)
def test_whatever_is_typed_is_text(ann: Someone, text: str) -> None:
    answer = ann.client.get("/watches/new", query_string={"q": text})
    assert answer.status_code in (200, 422)
    assert "<script>alert" not in answer.text
    assert "<img src=x>" not in answer.text
    assert "49" not in re.findall(r'id="q"[^>]*value="([^"]*)"', answer.text)


# ── the form, filled in ──────────────────────────────────────────────────────────────────────────────────


def test_a_chosen_event_is_a_form_that_needs_nothing_but_save(ann: Someone, shop: World) -> None:
    page = ann.get("/watches/new?q=tram")
    (link,) = re.findall(r'class="whole" href="([^"]*)"', page)
    form = ann.get(link)
    assert (field(form, "name"), field(form, "price"), field(form, "currency")) == (
        "Night Tram",
        "85.00",
        "USD",
    )
    assert ticked(form) == {"below", "app"}  # neither a number nor an address is known
    assert "About 5 % under the price now" in form
    saved = ann.post("/watches/new", fields_of(form))
    assert saved.status_code == 303, errors_of(saved)
    (source,) = shop.watches()
    assert source.fields["target"] == {"provider": "ticketmaster", "item": "vvG1zZ9abc"}
    assert source.fields["conditions"] == [{"kind": "below", "price": "85.00", "currency": "USD"}]


def fields_of(page: str) -> dict[str, str]:
    """What a browser would send of the watch's form."""
    form = page[page.index('class="watch"') :]
    sent = dict.fromkeys(ticked(form), "on")
    for tag in re.findall(r"<input [^>]*>", form):
        kind, name, value = (re.search(rf'{one}="([^"]*)"', tag) for one in ("type", "name", "value"))
        if kind and name and kind[1] in ("text", "date", "hidden"):
            sent[name[1]] = unescape(value[1]) if value else ""
        elif kind and name and value and kind[1] == "radio" and " checked" in tag:
            sent[name[1]] = value[1]
    for name, options in re.findall(r'<select id="\w+" name="(\w+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        sent[name] = chosen[1] if chosen else ""
    return sent


def test_a_market_that_was_just_searched_is_not_asked_again(ann: Someone, tickets: Market) -> None:
    ann.get("/watches/new?q=tram")
    ann.get(LINK)
    assert len(tickets.targets) == 1


def test_old_links_fill_in_the_form(ann: Someone) -> None:
    form = ann.get(f"{LINK}&name=Mine&price=70&currency=EUR")
    assert (field(form, "name"), field(form, "price"), field(form, "currency")) == ("Mine", "70", "EUR")


def test_a_percentage_is_said_in_money(ann: Someone) -> None:
    form = ann.get(LINK)
    assert "10 % off → $81</span>" in form
    pressed = ann.post("/watches/new", fields_of(form) | {"set": "percent=20"})
    assert pressed.status_code == 200
    assert "20 % off → $72</span>" in text_of(pressed)
    assert {"below", "drop"} <= ticked(text_of(pressed))


def test_with_a_record_the_limit_is_near_the_lowest_and_says_when_that_was(ann: Someone, shop: World) -> None:
    recorded(shop, *SWINGS)
    form = ann.get(LINK)
    assert field(form, "price") == "88.00"
    lowest = (shop.now() - timedelta(days=15)).date()
    assert f"Within 5 % of the lowest seen here: $84 on {lowest.day} {lowest:%b %Y}." in form
    assert "Seen here from $84 to $120 since" in form


def test_a_wish_under_everything_ever_seen_is_warned_of_and_one_press_mends_it(
    ann: Someone, shop: World
) -> None:
    recorded(shop, *SWINGS)
    form = ann.get(LINK)
    asked = ann.post("/watches/new", fields_of(form) | {"price": "60.00", "name": "Typed", "set": ""})
    page = text_of(asked)
    assert "It was never that low here: the lowest was $84" in page
    (fix,) = re.findall(r'class="warning">.*?value="([^"]*)"', page)
    mended = text_of(ann.post("/watches/new", fields_of(page) | {"set": fix}))
    assert (field(mended, "price"), field(mended, "name")) == ("84.00", "Typed")
    assert "never that low" not in mended
    assert not shop.watches()


def test_whether_to_tell_at_once_is_asked_where_it_is_true_already(ann: Someone) -> None:
    form = ann.get(f"{LINK}&price=95&currency=USD")
    assert "It is true already" in form
    assert "It is true already" not in ann.get(f"{LINK}&price=80&currency=USD")


def test_a_text_that_comes_at_once_is_said_before_the_one_after_that(ann: Someone) -> None:
    form = ann.get(f"{LINK}&price=95&currency=USD")
    told = (
        "You are told at once: $90 face value now. After that: next alert at $85.50 or less, or after it has"
    )
    assert told in form
    waits = ann.post("/watches/new", fields_of(form) | {"already_true": "wait", "set": ""})
    assert "You are told at once" not in text_of(waits)
    assert "Next alert at $85.50 or less" in text_of(waits)


def test_the_kind_of_price_is_named_where_its_next_texts_differ(ann: Someone, tickets: Market) -> None:
    tickets.entries = (_soon(prices=(face(5400), all_in(6240))),)
    form = ann.get(f"{LINK}&price=60&currency=USD")
    assert "(face value)." in form
    assert "(all-in)." in form


def test_a_limit_in_a_currency_nothing_is_sold_in_is_said_and_one_press_mends_it(ann: Someone) -> None:
    form = ann.get(f"{LINK}&price=95&currency=EUR")
    assert "A limit in EUR cannot come true yet: the prices here are in USD." in form
    mended = text_of(ann.post("/watches/new", fields_of(form) | {"set": "currency=USD"}))
    assert (field(mended, "currency"), field(mended, "price")) == ("USD", "95")
    assert "cannot come true" not in mended


def test_an_id_that_its_market_does_not_know_is_not_saved(ann: Someone, shop: World, tickets: Market) -> None:
    tickets.failures["vvNobodys99"] = "not_found"
    form = ann.get("/watches/new?provider=ticketmaster&item=vvNobodys99")
    assert "it knows nothing by this id" in form
    assert "Checked as often" not in form
    refused = ann.save(item="vvNobodys99")
    assert refused.status_code == 422
    assert "Ticketmaster knows nothing by this id" in errors_of(refused)["item"]
    assert not shop.watches()


def test_one_sentence_says_how_often_what_for_when_next_and_until_when(ann: Someone, shop: World) -> None:
    form = ann.get(LINK)
    day = (shop.now() + timedelta(days=30)).date()
    for said in (
        "Checked as often as Ticketmaster allows, at most every 1 min.",
        "The price that counts: face value, fees come on top.",
        "Next alert at $85 or less.",
        f"It ends after {day:%a} {day.day} {day:%b %Y}.",
    ):
        assert said in form


def test_how_often_it_is_checked_is_what_the_plan_says(ann: Someone, shop: World) -> None:
    shop.allow(2)
    shop.see(ITEM, FACE)
    assert "Checked about every 12 hours" in ann.get(LINK)


def test_what_has_no_price_says_so_and_offers_what_may_come_true(ann: Someone, tickets: Market) -> None:
    tickets.entries = (_soon(prices=()),)
    form = ann.get(LINK)
    assert "No price is published by this source yet" in form
    assert "below" not in ticked(form)
    assert {"back_in_stock", "status_news"} <= ticked(form)


def test_an_event_that_is_over_is_refused_in_words_before_and_after(
    ann: Someone, shop: World, tickets: Market
) -> None:
    tickets.entries = (_soon(starts_on=date(2026, 1, 3)),)
    shop.later = timedelta()
    page = ann.get(LINK)
    assert "This took place on Sat 3 Jan 2026: it is over." in page
    assert 'class="watch"' not in page
    refused = ann.save()
    assert refused.status_code == 422
    assert "it is over" in errors_of(refused)["item"]
    assert not shop.watches()
    assert "It is over." in ann.get("/watches/new?q=tram")


def test_a_postponed_event_is_not_over(ann: Someone, tickets: Market) -> None:
    tickets.entries = (_soon(starts_on=date(2026, 1, 3), status=EventStatus.POSTPONED),)
    page = ann.get(LINK)
    assert "It is postponed." in page
    assert 'class="watch"' in page


def test_any_date_is_a_search_for_the_name_in_the_city(ann: Someone, shop: World) -> None:
    form = ann.get(LINK)
    assert "This date" in form
    assert "Any date" in form
    saved = ann.post("/watches/new", fields_of(form) | {"what": "search", "new_listing": "on"})
    assert saved.status_code == 303, errors_of(saved)
    (source,) = shop.watches()
    assert source.fields["target"]["search"] == {"keyword": "Night Tram", "city": "London"}


def test_quantity_and_sections_are_asked_only_where_they_are_honoured(ann: Someone) -> None:
    assert 'name="sections"' in ann.get(LINK)  # the kit's provider refuses a quantity alone
    assert 'name="min_quantity"' not in ann.get(LINK)


def test_a_market_that_does_not_answer_leaves_a_form_to_fill_in(ann: Someone, tickets: Market) -> None:
    tickets.down = ProviderUnavailableError("ticketmaster: status 503")
    form = ann.get(LINK + "&name=Tram")
    assert "Ticketmaster was not seen: it did not answer; try again in a minute." in form
    assert field(form, "item") == "vvG1zZ9abc"
    assert "below" in ticked(form)


def test_a_database_that_is_away_is_no_reason_to_lose_what_was_typed(ann: Someone, shop: World) -> None:
    form = fields_of(ann.get(LINK)) | {"name": "Typed"}
    shop.documents.down = True
    for press in ({}, {"try": "1"}, {"set": "percent=20"}):
        answer = ann.post("/watches/new", form | press)
        assert answer.status_code in (200, 503)
        assert field(text_of(answer), "name") == "Typed"


# ── tried on the past ────────────────────────────────────────────────────────────────────────────────────


def test_it_says_what_it_would_have_told_before_it_is_saved(ann: Someone, shop: World) -> None:
    recorded(shop, *SWINGS)
    page = text_of(ann.post("/watches/new", fields_of(ann.get(LINK)) | {"try": "1", "name": "Typed"}))
    assert "Would have told you 2 times in 30 days." in page
    assert "$85 face value: under your limit" in page
    assert field(page, "name") == "Typed"
    assert not shop.watches()


def test_a_short_past_says_that_it_is_short(ann: Someone, shop: World) -> None:
    recorded(shop, (2.5, 0, 95_00))
    form = ann.get(LINK)
    assert "Not enough history" not in form  # it is said to whoever asks
    page = text_of(ann.post("/watches/new", fields_of(form) | {"try": "1"}))
    assert "Not enough history yet (2 days)." in page


def test_a_wrong_form_is_not_tried_but_mended_first(ann: Someone) -> None:
    answer = ann.post("/watches/new", fields_of(ann.get(LINK)) | {"try": "1", "price": "cheap"})
    assert answer.status_code == 422
    assert "plain number" in errors_of(answer)["price"]


def test_a_page_reads_one_board_two_chunks_and_its_person(
    ann: Someone, shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(shop, *SWINGS)
    shop.see(ITEM, FACE)
    ann.get(LINK)
    asked: list[str] = []
    for method in ("get", "get_many", "find"):
        monkeypatch.setattr(shop.documents, method, _noting(asked, getattr(shop.documents, method)))
    ann.get(LINK)
    assert len(asked) <= 4, asked


def _noting(asked: list[str], method: Callable[..., Any]) -> Callable[..., Any]:
    def noted(*arguments: Any) -> Any:
        asked.append(f"{method.__name__} {arguments}")
        return method(*arguments)

    return noted


# ── copies and twins ─────────────────────────────────────────────────────────────────────────────────────


def test_a_copy_is_filled_from_ones_own_watch_and_keeps_what_has_no_field(ann: Someone, shop: World) -> None:
    search = {"keyword": "tram", "category": "music"}
    shop.put_watch(
        "w1", target={"provider": "ticketmaster", "search": search}, filters={"weekdays": ["sat"]},
        status="paused", tags=["gift"],
    )  # fmt: skip
    form = ann.get("/watches/new?copy=w1")
    assert (field(form, "keyword"), field(form, "tags"), field(form, "price")) == ("tram", "gift", "90.00")
    saved = ann.post("/watches/new", fields_of(form) | {"price": "70"})
    assert saved.status_code == 303, errors_of(saved)
    (made,) = [source.fields for source in shop.watches() if source.id != "w1"]
    assert (made["status"], made["filters"], made["tags"]) == ("active", {"weekdays": ["sat"]}, ["gift"])
    assert made["target"]["search"] == search


def test_nobody_copies_anothers_watch(ann: Someone, shop: World) -> None:
    shop.put_watch("w9", uid="bob")
    assert ann.client.get("/watches/new?copy=w9").status_code == 404
    saved = ann.save(copy="w9", price="70")
    assert saved.status_code == 303
    assert "filters" not in shop.watches()[0].fields


def test_the_same_watch_twice_says_so_with_a_link_to_it(ann: Someone, shop: World) -> None:
    shop.put_watch("w1")
    refused = ann.save()
    assert refused.status_code == 422
    page = text_of(refused)
    assert "You already have this: “Lakers v Warriors”" in page
    assert 'href="/#w-w1"' in page


def test_any_drop_is_a_drop_of_one_percent(ann: Someone, shop: World) -> None:
    assert ann.save(below="", any_drop="on").status_code == 303
    (source,) = shop.watches()
    assert source.fields["conditions"] == [{"kind": "drop", "percent": 1}]
    assert "any_drop" in ticked(ann.get(f"/watches/{source.id}/edit"))


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        ({"min_quantity": "2"}, "min_quantity", "It does not say how many are left."),
        ({"min_quantity": "many"}, "min_quantity", "Must be a"),
        ({"tags": "a, " + "b" * 40}, "tags", "At most 30 characters."),
        ({"sections": "x" * 300}, "sections", "At most 200 characters."),
    ],
)
def test_what_narrows_wrongly_is_said_beside_its_field(
    ann: Someone, changes: dict[str, str], name: str, said: str
) -> None:
    refused = ann.save(**changes)
    assert refused.status_code == 422
    assert said in errors_of(refused)[name]
    assert all(f'value="{text}"' in text_of(refused) for text in changes.values())


def test_unavailable_is_said(ann: Someone, tickets: Market) -> None:
    tickets.entries = (_soon(availability=Availability.UNAVAILABLE),)
    assert "It cannot be bought now." in ann.get(LINK)


def test_all_in_and_face_value_are_both_shown_and_one_may_be_chosen(ann: Someone, tickets: Market) -> None:
    tickets.entries = (_soon(prices=(face(5400), all_in(6240))),)
    form = ann.get(LINK)
    assert field(form, "price") == "51.00"
    assert "Any kind of price counts" in form
    chosen = text_of(ann.post("/watches/new", fields_of(form) | {"basis": "all_in", "set": ""}))
    assert "The price that counts: all-in, with all fees." in chosen
    assert "Suggested: $59" in chosen


@pytest.mark.parametrize("path", ["/watches/new", "/watches/w1/edit"])
def test_who_is_not_signed_in_any_more_keeps_what_they_wrote(shop: World, ann: Someone, path: str) -> None:
    shop.put_watch("w1")
    ann.post("/leave")
    answer = ann.post(
        path, {"name": "My own words", "what": "item", "provider": "ticketmaster", "tags": "a gift"}
    )
    page = text_of(answer)
    assert answer.status_code == 401
    assert 'value="My own words"' in page
    assert "a gift" in page
    assert "not signed in any more" in page
    assert shop.watch("w1")["name"] == "Lakers v Warriors"


def test_what_was_written_of_a_copy_stays_while_the_database_does_not_answer(
    shop: World, ann: Someone
) -> None:
    shop.put_watch("w1")
    ann.get("/watches/new?copy=w1")
    shop.documents.down = True
    answer = ann.post("/watches/new", {"copy": "w1", "name": "My own words", "what": "item"})
    assert answer.status_code == 503
    assert 'value="My own words"' in text_of(answer)


def test_a_second_click_is_told_what_the_first_was(shop: World, ann: Someone) -> None:
    form = {
        "watch_id": "2" * 20,
        "name": "x",
        "what": "item",
        "provider": "ticketmaster",
        "item": "vvG1zZ9abc",
        "below": "on",
        "price": "50",
        "currency": "USD",
        "basis": "any",
        "app": "on",
        "already_true": "tell",
    }
    first, second = (ann.post("/watches/new", form) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert len(shop.watches()) == 1
    with ann.client.session_transaction() as session:
        said = [text for _, text in session["_flashes"]]
    assert [text for text in said if text.startswith("Saved “x”.")] == said[:1] * 2
