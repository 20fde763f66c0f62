"""The main story as a newcomer goes it: type a name, press what is found, press Save. Acts are counted."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.product import Product
from watchers.documents import Delete, Query
from watchers.places import Places

MOST, SECONDS = 4, 30.0


@dataclass
class Newcomer:
    """Somebody in front of a page, whose every act is counted: typing, pressing a key, pressing a button."""

    page: Page
    acts: list[str] = field(default_factory=list)

    def types(self, text: str) -> None:
        self.acts.append(f"types {text}")
        self.page.keyboard.type(text)

    def presses_enter(self) -> None:
        self.acts.append("Enter")
        self.page.keyboard.press("Enter")

    def presses(self, role: str, name: str) -> None:
        self.acts.append(f"presses {name}")
        self.page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]

    def tabs_to(self, name: str) -> None:
        """Going there is no decision; pressing Enter on it is counted."""
        for _ in range(80):
            self.page.keyboard.press("Tab")
            said = self.page.locator(":focus").evaluate("e => (e.innerText || e.name || '').trim()")
            if said.startswith(name):
                return
        raise AssertionError(f"the keyboard never reaches {name}")


DEVICES = {
    "phone": (390, True), "phone without scripts": (390, False),
    "desktop": (1280, True), "desktop without scripts": (1280, False),
}  # fmt: skip


@pytest.fixture(params=list(DEVICES.values()), ids=list(DEVICES))
def context(browser: Browser, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    width, has_scripts = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 844}, java_script_enabled=has_scripts,
        color_scheme="dark" if width > 1000 else "light",
    )  # fmt: skip
    yield context
    context.close()


@pytest.fixture
def newcomer(context: BrowserContext, running_product: Product) -> Iterator[Newcomer]:
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{running_product.url}/watches/new")
    yield Newcomer(page)
    assert [one for one in said if "status of 4" not in one] == []


@pytest.fixture(autouse=True)
def _nothing_watched(running_product: Product) -> Iterator[None]:
    """What a test saved is gone before the next."""
    yield
    documents = running_product.documents
    for source in documents.find(Query(Places().sources("you"))):
        if "Rovers" in str(source.fields.get("name")):
            documents.commit(Delete(source.path))


def saved(newcomer: Newcomer) -> None:
    said = "Saved “Fogtown Rovers v Quarry United (sandbox)”."
    expect(newcomer.page.get_by_role("status").filter(has_text=said)).to_be_visible()


def test_a_watch_is_saved_in_four_acts_and_half_a_minute(newcomer: Newcomer) -> None:
    began = time.monotonic()
    newcomer.types("fogtown rovers")
    newcomer.presses_enter()
    newcomer.presses("link", "Fogtown Rovers v Quarry United (sandbox)")
    newcomer.presses("button", "Save watch")
    saved(newcomer)
    assert len(newcomer.acts) <= MOST, newcomer.acts
    assert time.monotonic() - began < SECONDS


def test_the_same_by_keyboard_alone(newcomer: Newcomer) -> None:
    newcomer.types("fogtown rovers")
    newcomer.presses_enter()
    expect(newcomer.page.get_by_role("heading", name="1 found")).to_be_visible()
    newcomer.tabs_to("Fogtown Rovers")
    newcomer.presses_enter()
    expect(newcomer.page.get_by_role("heading", name="Fogtown Rovers")).to_be_visible()
    newcomer.tabs_to("Save watch")
    newcomer.presses_enter()
    saved(newcomer)
    assert len(newcomer.acts) <= MOST, newcomer.acts


def test_what_chips_fill_in_is_said_in_money_and_saved(newcomer: Newcomer) -> None:
    page = newcomer.page
    page.goto(page.url + "?provider=ticketmaster&item=SbxFogtownRovers")
    page.get_by_label("10 % off → $25.20").check()
    page.get_by_role("button", name="20 % → $22.40").click()
    expect(page.get_by_label("20 % off → $22.40")).to_be_checked()
    expect(page.get_by_label("Percent")).to_have_value("20")
    page.get_by_role("button", name="Save watch").click()
    saved(newcomer)
    page.get_by_role("link", name="Edit Fogtown").click()
    expect(page.get_by_label("Percent")).to_have_value("20")


def test_a_wrong_limit_is_said_beside_its_field_and_nothing_is_lost(newcomer: Newcomer) -> None:
    page = newcomer.page
    page.goto(page.url + "?provider=ticketmaster&item=SbxFogtownRovers")
    page.get_by_label("Price", exact=True).fill("cheap")
    page.get_by_label("Currency").fill("usd")
    page.get_by_label("Lowest in 30 days").check()
    page.get_by_role("button", name="Save watch").click()
    expect(page.get_by_role("alert")).to_contain_text("Price: “cheap” is not clear")
    expect(page.get_by_label("Price", exact=True)).to_have_value("cheap")
    expect(page.get_by_label("Lowest in 30 days")).to_be_checked()
    page.get_by_label("Price", exact=True).fill("20")
    page.get_by_role("button", name="Save watch").click()
    saved(newcomer)


def test_it_is_tried_before_it_is_saved(newcomer: Newcomer) -> None:
    page = newcomer.page
    page.goto(page.url + "?provider=ticketmaster&item=SbxFogtownRovers")
    page.get_by_label("Price", exact=True).fill("19")
    page.get_by_role("button", name="Try it on the past").click()
    expect(page.get_by_role("status").filter(has_text="Not enough history yet")).to_be_visible()
    expect(page.get_by_label("Price", exact=True)).to_have_value("19")


def test_a_double_click_saves_one_watch(newcomer: Newcomer, running_product: Product) -> None:
    page = newcomer.page
    page.goto(page.url + "?provider=ticketmaster&item=SbxFogtownRovers")
    page.get_by_role("button", name="Save watch").dblclick()
    saved(newcomer)
    page.goto(running_product.url)
    expect(page.get_by_role("link", name="Edit Fogtown")).to_have_count(1)


def test_nothing_is_wider_than_the_page(newcomer: Newcomer) -> None:
    page = newcomer.page
    width = (page.viewport_size or {"width": 0})["width"]
    new = page.url
    tram, game = "?provider=ticketmaster&item=SbxNightTram01", "?provider=steam&item=9000020"
    for query in ("", "?q=sandbox", "?q=vvG1zZ9abcDEF", tram, game):
        page.goto(new + query)
        for details in page.locator("details:not([open]) > summary").all():
            if details.is_visible():
                details.click()
        assert page.locator("html").evaluate("html => html.scrollWidth") <= width
        for found in page.locator("input:not([type=hidden]), select").all():
            assert found.evaluate("field => field.labels.length") == 1
