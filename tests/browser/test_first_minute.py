"""A newcomer's first minute with nothing but `python -m sandbox`: save a watch, lower a price, be told."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.product import awaited, running


@pytest.fixture
def product(tmp_path: Path) -> Iterator[str]:
    """One of its own: prices are changed in it."""
    with running(tmp_path) as product:
        yield product.url


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    yield page
    page.close()


def test_a_newcomer_sees_a_text_arrive(product: str, page: Page) -> None:
    page.goto(product)
    page.get_by_role("link", name="Market").first.click()
    page.get_by_role("link", name="Watch it").first.click()
    expect(page.get_by_label("Under a price")).to_be_checked()
    page.get_by_label("Price", exact=True).fill("50")
    page.get_by_label("Currency").fill("GBP")
    page.get_by_role("button", name="Save watch").click()
    expect(page.get_by_role("heading", name="Your watches")).to_be_visible()
    _reload_until(page, product, "£54 face")

    page.get_by_role("link", name="Market").first.click()
    form = page.get_by_role("form", name="Change Night Tram Orchestra (sandbox)")
    form.locator("[name=face]").fill("45")
    phone = page.get_by_role("link", name="Phone").first.get_attribute("href") or ""
    with page.expect_navigation():
        form.get_by_role("button", name="Set price").click()

    _reload_until(page, phone, "£45 face (was £54)")
    assert "1 segment" in page.inner_text("body")
    link = page.locator("a[href*='/a/']").first.get_attribute("href")
    page.goto(link or "")
    assert "Night Tram Orchestra" in page.inner_text("body")
    assert "/event/" in page.url


def _reload_until(page: Page, url: str, text: str) -> None:
    def has_come() -> bool:
        page.goto(url)
        return text in page.inner_text("body")

    assert awaited(has_come), f"{text!r} did not come: {page.inner_text('body')}"
