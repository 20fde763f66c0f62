"""Every page, on a phone and on a desktop, by day and in the dark: usable by everybody, and only ours."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests import markets
from tests.browser.conftest import Screen
from tests.browser.pages import NO_PAGES, PAGES, Seeded, Shown
from tests.browser.product import STRANGER, running
from tests.browser.seeds import seed
from tests.markets import Market
from tests.web.kit import World

NARROW = 320  # WCAG 1.4.10: a page reflows to this width

AXE = Axe()


def test_every_page_is_looked_at() -> None:
    """Fails where a route that answers GET is neither in PAGES nor in NO_PAGES."""
    app = World(catalog=markets.World(Market("ticketmaster")).catalog).app()
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    routes = {rule.rule for rule in rules if not rule.rule.startswith("/api/")}
    listed = {page.rule for page in PAGES} - {"(none)"}
    assert sorted(routes - listed - set(NO_PAGES)) == []
    assert sorted((listed | set(NO_PAGES)) - routes) == []


@pytest.fixture(scope="module")
def seeded(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    """A product of its own for each screen: a person searches so often and no oftener."""
    with running(tmp_path_factory.mktemp(screen.name)) as product:
        yield seed(product)


@pytest.fixture(scope="module")
def contexts(browser: Browser, screen: Screen) -> Iterator[dict[bool, BrowserContext]]:
    """Of who is signed in, and of a stranger."""
    made = {
        False: screen.context(browser),
        True: screen.context(browser, extra_http_headers=STRANGER),
    }
    yield made
    for context in made.values():
        context.close()


@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_a_page_can_be_used_by_everybody(
    shown: Shown, contexts: dict[bool, BrowserContext], seeded: Seeded, screen: Screen
) -> None:
    page = contexts[shown.is_for_strangers].new_page()
    said: list[str] = []
    asked: dict[str, str] = {}
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.update({request.url: request.resource_type}))
    answer = page.goto(seeded.address(shown))
    assert answer
    assert answer.status == shown.status

    assert page.locator("h1").count() == 1
    assert page.title()
    assert _too_wide(page, screen.width) == []
    assert _small(page) == []
    found = AXE.run(page)
    assert found.violations_count == 0, found.generate_report()
    page.set_viewport_size({"width": NARROW, "height": screen.height})
    assert _too_wide(page, NARROW) == []
    page.close()

    assert [one for one in said if not (shown.status != 200 and f"status of {shown.status}" in one)] == []
    ours, pictures = urlsplit(seeded.url).netloc, urlsplit(seeded.names["market"]).netloc
    away = {url: kind for url, kind in asked.items() if urlsplit(url).netloc != ours}
    assert [url for url, kind in away.items() if kind != "image" or urlsplit(url).netloc != pictures] == []


def _too_wide(page: Page, width: int) -> list[str]:
    """What makes the page scroll sideways."""
    found: list[str] = page.evaluate(
        """width => document.documentElement.scrollWidth <= width ? [] :
           [...document.querySelectorAll("main *, header *, footer *")]
           .filter(e => e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 120))""",
        width,
    )
    return found


def _small(page: Page) -> list[str]:
    """Buttons, fields and links of the header that a finger misses: under 44 px high."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, select, .option, summary, header a, " +
             "footer a, input:not([type=hidden]):not([type=checkbox]):not([type=radio])")]
           .filter(e => e.checkVisibility() && !e.closest(".strip, .skip, .unseen"))
           .filter(e => e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML.slice(0, 120))"""
    )
    return found
