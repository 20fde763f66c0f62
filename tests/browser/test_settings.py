"""The story of settings and one's own data, on a phone and on a desktop; and without scripts."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.product import Product, awaited, running
from watchers.documents import Query
from watchers.places import Places

WIDTHS = {"phone": 390, "desktop": 1280}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One of our own: in the end nobody is left in it."""
    with running(tmp_path_factory.mktemp("settings")) as product:
        yield product


def opened(browser: Browser, product: Product, width: int, *, scripts: bool) -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 844}, timezone_id="Asia/Kolkata", java_script_enabled=scripts
    )
    page = context.new_page()
    page.goto(f"{product.url}/settings")
    return page


def save(page: Page) -> None:
    page.locator("form.settings button.main").click()


@pytest.mark.parametrize("device", WIDTHS)
def test_the_zone_of_the_device_is_one_press_and_what_is_wrong_is_mended_in_place(
    browser: Browser, product: Product, device: str
) -> None:
    page = opened(browser, product, WIDTHS[device], scripts=True)
    page.locator("#timezone").select_option("UTC")
    page.reload()
    page.get_by_role("button", name=re.compile("Use this device.s: Asia")).click()
    page.get_by_label("Every day").check()
    page.locator("#per_day").fill("many")
    save(page)

    expect(page.locator("#per_day")).to_have_value("many")
    expect(page.locator("#per_day-error")).to_contain_text("whole number")
    page.get_by_role("link", name="Messages a day: ").click()
    expect(page.locator("#per_day")).to_be_focused()
    page.locator("#per_day").fill("9")
    save(page)

    expect(page.get_by_role("status").first).to_have_text("Saved.")
    kept = product.documents.get("people/you")
    assert kept
    assert kept.fields["timezone"] in ("Asia/Kolkata", "Asia/Calcutta")
    assert kept.fields["per_day"] == 9
    assert kept.fields["quiet_hours"] == {"from": "22:00", "to": "07:00"}
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[device]
    page.locator("#timezone").select_option("UTC")
    page.get_by_label("None", exact=True).check()
    save(page)


def test_without_scripts_a_test_message_goes_out_and_the_page_says_what_became_of_it(
    browser: Browser, product: Product
) -> None:
    page = opened(browser, product, WIDTHS["phone"], scripts=False)
    page.get_by_role("button", name="Send a test (Text message)").click()

    def went_out() -> bool:
        page.get_by_role("link", name="Look again").click()
        return bool(page.get_by_text("Text delivered").count() or page.get_by_text("Text sent").count())

    assert awaited(went_out)
    texts = httpx.get(product.setting("TWILIO_BASE_URL")).text
    assert "This is a test from Ticket Scout: texts arrive." in texts


def test_without_scripts_the_language_is_changed_and_spoken(browser: Browser, product: Product) -> None:
    page = opened(browser, product, WIDTHS["phone"], scripts=False)
    page.locator("#language").select_option("de")
    save(page)
    assert page.locator("html").get_attribute("lang") == "de"
    page.locator("#language").select_option("en")
    save(page)
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_copy_is_downloaded_and_then_everything_is_deleted(
    browser: Browser, product: Product, tmp_path: Path
) -> None:
    page = opened(browser, product, WIDTHS["phone"], scripts=False)
    page.get_by_role("link", name="My data").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download my data").click()
    download.value.save_as(tmp_path / "copy.json")
    copy = json.loads((tmp_path / "copy.json").read_text())
    assert copy["profile"]["email"] == "you@sandbox.example"
    assert copy["alerts"]

    page.get_by_role("button", name="Delete everything about me").click()
    expect(page.locator("#word-error")).to_contain_text("delete")
    page.get_by_label("Type “delete” to go on").fill("delete")
    page.get_by_role("button", name="Delete everything about me").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("You are deleted")
    assert product.documents.find(Query("alerts", ("uid",), "==", "you")) == []
    assert product.documents.find(Query(Places().sources("you"))) == []
    left = product.documents.get("people/you")
    assert left
    assert not left.fields["phone"]
