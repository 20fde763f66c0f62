"""A real Chromium before the product as a newcomer starts it."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.pages import Seeded
from tests.browser.product import Product, running
from tests.browser.seeds import seed

CHROMIUM = shutil.which("chromium")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser" in str(item.path):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no chromium here: apt-get install chromium"))


@dataclass(frozen=True)
class Screen:
    """What a page is looked at on."""

    name: str
    width: int
    height: int
    scheme: str

    def context(self, browser: Browser, **options: object) -> BrowserContext:
        return browser.new_context(
            viewport={"width": self.width, "height": self.height},
            color_scheme=self.scheme,  # type: ignore[arg-type]
            **options,  # type: ignore[arg-type]
        )


SCREENS = tuple(
    Screen(f"{device}-{scheme}", width, height, scheme)
    for device, width, height in (("phone", 390, 844), ("desktop", 1280, 900))
    for scheme in ("light", "dark")
)


@pytest.fixture(scope="session")
def running_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One for all tests that change nothing others rest on."""
    with running(tmp_path_factory.mktemp("product")) as product:
        yield product


@pytest.fixture(scope="session")
def seeded(running_product: Product) -> Seeded:
    """The same with watches, prices and alerts of a year of use; ids by their names in addresses."""
    return seed(running_product)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Of one module: two modules' Playwrights cannot run at once."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=SCREENS, ids=lambda screen: screen.name)
def screen(request: pytest.FixtureRequest) -> Screen:
    """A phone and a desktop, by day and in the dark."""
    chosen: Screen = request.param
    return chosen
