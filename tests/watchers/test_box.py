"""A name, a link or an id: what the one box makes of it, and what it says of what it cannot take as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.histories import RULES
from watchers import box
from watchers.providers import PROVIDERS, from_env
from watchers.target import Search, Target

ON = dict.fromkeys(PROVIDERS, "on")
SOME = {**dict.fromkeys(PROVIDERS, "its key is not set"), "ticketmaster": "on", "steam": "on"}

LINKS = [
    ("https://store.steampowered.com/app/570/Dota_2/?snr=1_7", Target("steam", "570"), "Dota 2"),
    ("store.steampowered.com/app/570", Target("steam", "570"), ""),
    ("https://www.ebay.co.uk/itm/A-Lamp/123456789012?a", Target("ebay", "123456789012", country="GB"), ""),
    ("https://www.ebay.com/itm/123456789012", Target("ebay", "123456789012"), ""),
    ("https://www.bestbuy.com/site/a-lamp/6501234.p?skuId=6501234", Target("bestbuy", "6501234"), "a lamp"),
    ("https://www.bestbuy.com/product/a-lamp/JX7/sku/6501234", Target("bestbuy", "6501234"), "a lamp"),
    ("https://www.eventbrite.co.uk/e/a-nice-day-tickets-123456789", Target("eventbrite", "123456789"), ""),
    (
        "https://www.eventbrite.com/o/some-people-123456",
        Target("eventbrite", search=Search(keyword="organizer:123456")),
        "",
    ),
    ("https://seatgeek.com/lakers-tickets/nba/6543210", Target("seatgeek", "6543210"), "lakers"),
    ("https://www.stubhub.com/lakers-12-25-2026/event/104567890/", Target("stubhub", "104567890"), "lakers"),
    ("https://venue.com/shows/12", Target("page", "https://venue.com/shows/12"), ""),
]  # fmt: skip


def test_a_link_of_the_server_that_is_asked_instead_of_the_usual_is_the_thing_it_leads_to() -> None:
    there = {"TICKETMASTER_API_KEY": "k", "TICKETMASTER_BASE_URL": "http://127.0.0.1:8081"}
    asked = from_env({**there, "STEAM_BASE_URL": "http://127.0.0.1:8081"})[0].values()
    event = box.read("http://127.0.0.1:8081/event/SbxNightTram01", ON, asked)
    assert event.item == Target("ticketmaster", "SbxNightTram01")
    assert box.read("http://127.0.0.1:8081/app/9000010", ON, asked).item == Target("steam", "9000010")
    other = box.read("http://127.0.0.1:80811/event/SbxNightTram01", ON, asked).item
    assert other != Target("ticketmaster", "SbxNightTram01")


@pytest.mark.parametrize(("text", "target", "name"), LINKS, ids=[text for text, _, _ in LINKS])
def test_a_link_is_the_thing_it_leads_to(text: str, target: Target, name: str) -> None:
    wanted = box.read(f"  {text} ", ON)
    assert wanted.item == target
    assert name in wanted.name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://www.ticketmaster.com/night-tram-los-angeles-california-12-25-2026/event/2C005F3A9E5E1234",
         "night tram los angeles"),
        ("https://www.ticketmaster.co.uk/abba-london-31-12-2026/event/3600601", "abba london"),
        ("https://www.ticketmaster.com/abba-tickets/artist/734399", "abba"),
    ],
)  # fmt: skip
def test_an_address_whose_id_is_of_no_use_is_searched_for_by_its_words(text: str, words: str) -> None:
    wanted = box.read(text, ON)
    assert (wanted.item, wanted.words) == (None, words)
    assert "not the one its interface knows" in wanted.said[0]


def test_an_address_without_words_says_to_type_the_name() -> None:
    wanted = box.read("https://www.ticketmaster.com/event/2C005F3A9E5E1234", ON)
    assert not wanted.words
    assert "Type the name instead" in wanted.error


def test_a_link_of_a_shop_that_is_off_is_searched_for_and_says_why() -> None:
    wanted = box.read("https://seatgeek.com/night-tram-tickets/concert/6543210", SOME)
    assert (wanted.item, wanted.words) == (None, "night tram")
    assert "SeatGeek is switched off here (its key is not set)" in wanted.said[0]


def test_a_page_is_no_page_where_pages_are_off() -> None:
    wanted = box.read("https://venue.com/shows/winter-gala", SOME)
    assert (wanted.item, wanted.words) == (None, "winter gala")
    assert "Web pages are switched off here" in wanted.said[0]


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1/admin", "https://user:pass@venue.com/a", "http://printer/a", "https://10.0.0.8/x"],
)
def test_an_address_that_is_not_public_is_refused_in_words(text: str) -> None:
    wanted = box.read(text, ON)
    assert not wanted.items
    assert wanted.error


@pytest.mark.parametrize("text", ["vvG1zZ9abcDEF", "G5vYZ9XkPq1a2", "1AvbZpkGkz_IGKr"])
def test_what_may_be_a_ticketmaster_id_is_offered_and_may_be_a_name(text: str) -> None:
    wanted = box.read(text, SOME)
    assert wanted.items == (Target("ticketmaster", text),)
    assert wanted.item is None
    assert wanted.words == text


def test_digits_may_be_the_id_of_every_shop_that_has_such_and_is_on() -> None:
    shops = {target.provider for target in box.read("123456789", ON).items}
    assert shops == {"steam", "eventbrite", "seatgeek", "ebay", "stubhub", "bestbuy"}
    assert {target.provider for target in box.read("123456789", SOME).items} == {"steam"}


@pytest.mark.parametrize(
    "text", ["Night Tram Orchestra", "U2", "blink-182", "AC/DC live", "1984 the play", "Sigur Rós"]
)
def test_everything_else_is_a_name(text: str) -> None:
    wanted = box.read(text, ON)
    assert (wanted.items, wanted.words, wanted.error) == ((), text, "")


def test_nothing_is_nothing() -> None:
    assert box.read(" \u200b\n ", ON) == box.Wanted()


@pytest.mark.parametrize(
    "text", ["a" * 201, "https://" + "a" * 3000, "ftp://x/y", "https://[::1", "x" * 100_000]
)
def test_what_cannot_be_read_says_what_to_do(text: str) -> None:
    wanted = box.read(text, ON)
    assert not wanted.items
    assert not wanted.words
    assert wanted.error
    assert len(wanted.text) <= box.LONGEST


@given(
    st.text(max_size=300)
    | st.sampled_from([one for one, _, _ in LINKS]).flatmap(
        lambda link: st.text(max_size=20).map(lambda more: link + more)
    )
)
@RULES
def test_whatever_is_typed_something_can_be_done_with_it_or_it_says_what_to_do(text: str) -> None:
    wanted = box.read(text, ON)
    assert wanted.items or wanted.words or wanted.error or not wanted.text
    assert not (wanted.error and (wanted.items or wanted.words))
    assert all(ON[target.provider] == "on" for target in wanted.items)
    assert len(wanted.words) <= box.LONGEST_WORDS
