import re
from xml.etree import ElementTree as ET

import httpx
import pytest

from sandbox.market import Market, UnknownItemError

TRAM = "SbxNightTram01"


def post(shops: httpx.Client, **fields: str) -> httpx.Response:
    return shops.post("/set", data=fields, follow_redirects=True)


def test_the_page_lists_everything_and_says_sandbox(shops: httpx.Client, market: Market) -> None:
    page = shops.get("/").text
    for item in [event.id for event in market.events] + [game.id for game in market.games]:
        assert f'id="{item}"' in page
    assert "Sandbox: nothing on this page" in page
    assert not re.findall(r'(?:src|href)="https?://', page)


def test_prices_set_in_the_form(shops: httpx.Client, market: Market) -> None:
    answer = post(shops, item=TRAM, face="45,50", all_in="50", do="price")
    assert "Changed:" in answer.text
    tram = next(event for event in market.events if event.id == TRAM)
    assert {price.basis: str(price.low) for price in tram.prices} == {"face": "45.50", "all_in": "50.00"}


def test_an_emptied_field_takes_the_price_away(shops: httpx.Client, market: Market) -> None:
    post(shops, item=TRAM, face="", all_in="62.40", do="price")
    tram = next(event for event in market.events if event.id == TRAM)
    assert [price.basis for price in tram.prices] == ["all_in"]


@pytest.mark.parametrize("wrong", ["cheap", "-1", "1e9", "NaN", "Infinity"])
def test_what_is_no_price_changes_nothing_and_is_said(
    shops: httpx.Client, market: Market, wrong: str
) -> None:
    before = market.events
    answer = post(shops, item=TRAM, face="1.00", all_in=wrong, do="price")
    assert (answer.status_code, 'role="alert"' in answer.text) == (400, True)
    assert market.events == before


@pytest.mark.parametrize(
    ("button", "status"), [("onsale", "onsale"), ("soldout", "offsale"), ("cancelled", "cancelled")]
)
def test_status_buttons(shops: httpx.Client, market: Market, button: str, status: str) -> None:
    post(shops, item="SbxPaperLantern", do=button)
    assert next(event.status for event in market.events if event.id == "SbxPaperLantern") == status


def test_a_new_date_is_a_new_event_of_the_same_act(shops: httpx.Client, market: Market) -> None:
    post(shops, item=TRAM, do="new_date")
    post(shops, item=TRAM, do="new_date")
    dates = [event for event in market.events if event.act == "Night Tram Orchestra"]
    assert [event.id for event in dates] == [TRAM, f"{TRAM}-2", f"{TRAM}-3"]
    assert [(event.on - dates[0].on).days for event in dates] == [0, 7, 14]


def test_a_button_that_does_not_exist(shops: httpx.Client) -> None:
    assert post(shops, item=TRAM, do="dance").status_code == 400


def test_a_poster_is_marked(shops: httpx.Client) -> None:
    for address in (f"/poster/{TRAM}_ARTIST_PAGE_3_2.svg", "/steam/apps/9000020/header.jpg"):
        answer = shops.get(address)
        assert answer.headers["Content-Type"].startswith("image/svg+xml")
        assert "sandbox" in answer.text
        ET.fromstring(answer.text)  # noqa: S314 - our own
    assert shops.get("/poster/nobody_3_2.svg").status_code == 404


@pytest.mark.parametrize("fields", [{"item": "nobody"}, {}])
def test_an_unknown_item_is_not_found(shops: httpx.Client, fields: dict[str, str]) -> None:
    assert post(shops, **fields).status_code == 404


def test_the_official_page_of_an_alert_exists(shops: httpx.Client) -> None:
    assert "Nothing is sold here" in shops.get(f"/event/{TRAM}").text
    assert "Tin Moon (sandbox)" in shops.get("/app/9000010").text
    assert shops.get("/event/nobody").status_code == 404


def test_the_fault_selector(shops: httpx.Client, market: Market) -> None:
    shops.post("/fault", data={"fault": "429_spike"})
    assert market.fault == "429_spike"
    assert "broken on purpose" in shops.get("/").text
    shops.post("/fault", data={"fault": ""})
    assert market.fault is None


def test_the_state_can_be_changed_by_a_program(market: Market) -> None:
    new = market.add_date(TRAM, days=3)
    market.remove(TRAM)
    assert new in market.events
    with pytest.raises(UnknownItemError):
        market.item(TRAM)
    with pytest.raises(ValueError, match="face"):
        market.set_price(new.id, "listing", 5)
    with pytest.raises(ValueError, match="a status is one of"):
        market.set_status(new.id, "gone")
    with pytest.raises(UnknownItemError):
        market.add_date("9000010")
    with pytest.raises(ValueError, match="no listing price"):
        market.set_price("9000060", "listing", 5)
    market.set_price("9000010", "listing", None)
    assert market.item("9000010").status == "offsale"
