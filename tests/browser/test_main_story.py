"""The main story by keyboard alone, with and without JavaScript: find, save, see it in the list."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.product import running


@pytest.fixture
def product(tmp_path: Path) -> Iterator[str]:
    """One of its own: the same is saved in each."""
    with running(tmp_path) as product:
        yield product.url


@pytest.fixture(params=[True, False], ids=["with-javascript", "without-javascript"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def test_a_watch_is_found_and_saved_by_keyboard(page: Page, product: str) -> None:
    page.goto(product)
    _tab_to(page, "New watch")
    _enter(page)
    _tab_to(page, "q")
    page.keyboard.type("night tram")
    _enter(page)
    _tab_to(page, "Night Tram Orchestra (sandbox)")
    _enter(page)
    _tab_to(page, "Save watch")
    _enter(page)
    said = page.get_by_role("status").first
    expect(said).to_contain_text("“Night Tram Orchestra (sandbox)”")
    expect(page.locator(".card h2", has_text="Night Tram Orchestra").first).to_be_visible()


def _enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def _tab_to(page: Page, name: str) -> None:
    """To the field of this name, or to what says this."""
    for _ in range(60):
        focused = page.evaluate("(e => [e.name || '', e.innerText || ''])(document.activeElement)")
        if name in focused:
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard never reaches {name}")
