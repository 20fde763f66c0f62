"""The page of one's watches moves by itself: prices, states, alerts; what is open or focused stays so."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.product import Product, awaited, running
from tests.fakes import FaultyDocuments
from tests.web.kit import World

TRAM = {"provider": "ticketmaster", "item": "SbxNightTram01"}
ASK_NOW = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    """One of its own: prices are changed in it."""
    with running(tmp_path) as product:
        yield product


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    yield page
    page.close()


def _asked(page: Page) -> bool:
    """The page was told to look again."""
    page.evaluate(ASK_NOW)
    page.wait_for_timeout(500)
    return True


def test_a_price_and_its_alert_come_without_reloading(product: Product, page: Page, browser: Browser) -> None:
    world = World(FaultyDocuments(product.documents))
    below = {"kind": "below", "price": "50.00", "currency": "GBP"}
    world.put_watch("tram", "you", name="Night Tram", target=TRAM, conditions=[below], notify=["app"])
    page.goto(product.url)
    assert awaited(lambda: _asked(page) and "£54" in page.inner_text("#w-tram"))

    page.locator("#w-tram .tagging summary").click()
    page.get_by_label("Tags, with commas between").first.fill("half a wo")
    _lower(browser, product)
    assert awaited(lambda: _asked(page) and page.title().startswith("1 new alert · "))
    card = page.locator("#w-tram")
    expect(card).to_contain_text("£45")
    expect(card.locator(".chip")).to_contain_text("Told at £45")
    expect(page.locator("#latest")).to_contain_text("£45 face (was £54)")
    expect(page.locator("header .count")).to_contain_text("1")
    expect(page.get_by_label("Tags, with commas between").first).to_have_value("half a wo")
    expect(page.get_by_label("Tags, with commas between").first).to_be_focused()
    assert "1 new alert" in (page.locator("#live-said").text_content() or "")


def _lower(browser: Browser, product: Product) -> None:
    market = browser.new_page()
    market.goto(product.setting("TICKETMASTER_BASE_URL"))
    form = market.get_by_role("form", name="Change Night Tram Orchestra (sandbox)")
    form.locator("[name=face]").fill("45")
    form.get_by_role("button", name="Set price").click()
    market.close()
