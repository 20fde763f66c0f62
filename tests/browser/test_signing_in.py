"""A stranger comes in with a texted code and adds an address: on a phone, a desktop, and without scripts."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.product import STRANGER, Product, awaited, running

_NUMBERS = iter(range(4155550142, 4155550199))
_CODE = re.compile(r"([0-9]{6}) is your Ticket Scout code")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """One of its own: whoever signs out everywhere there signs out nobody else's tests."""
    with running(tmp_path_factory.mktemp("signing-in")) as product:
        yield product


@pytest.fixture(params=[(390, True), (1280, True), (390, False)], ids=["phone", "desktop", "no JavaScript"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, scripts = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 844}, java_script_enabled=scripts, extra_http_headers=STRANGER
    )
    yield context.new_page()
    context.close()


def test_a_stranger_comes_in_and_is_where_they_wanted_to_go(product: Product, page: Page) -> None:
    number = f"+1{next(_NUMBERS)}"
    page.goto(f"{product.url}/settings/contacts")
    page.get_by_role("link", name="Sign in").last.click()
    page.get_by_label("E-mail address or mobile number").fill("nobody at all")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_role("alert")).to_contain_text("name@example.com")
    expect(page.get_by_label("E-mail address or mobile number")).to_have_value("nobody at all")
    page.get_by_label("E-mail address or mobile number").fill(number.removeprefix("+1"))
    page.get_by_role("button", name="Send me a code").click()

    code = _texted(product, number)
    page.get_by_label("Code").fill(f"{(int(code) + 1) % 1_000_000:06}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("4 more tries")
    page.get_by_label("Code").fill(code)
    page.keyboard.press("Enter")

    expect(page).to_have_url(f"{product.url}/settings/contacts")
    expect(page.get_by_text(number)).to_be_visible()
    box = page.get_by_role("checkbox", name="I agree to get texts").first
    expect(box).not_to_be_checked()
    box.check()
    page.get_by_role("button", name="Save my consent").click()
    expect(page.get_by_role("status")).to_contain_text("we may text you")

    address = f"new{number[-4:]}@sandbox.example"
    page.get_by_label("E-mail address").fill(address)
    page.get_by_role("button", name="Send a code there").click()
    page.get_by_label("Code").fill(_mailed(product, address))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text(address)).to_be_visible()

    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("signed out everywhere")
    page.goto(f"{product.url}/settings/contacts")
    expect(page.get_by_role("heading", level=1)).to_contain_text("not signed in")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_the_code_can_be_used_by_everybody(
    product: Product, browser: Browser, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme=scheme,  # type: ignore[arg-type]
        extra_http_headers=STRANGER,
    )
    page = context.new_page()
    page.goto(f"{product.url}/sign-in")
    page.keyboard.type(f"+1{next(_NUMBERS)}")  # the field has the focus
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    context.close()


def _part(product: Product, name: str) -> str:
    """Where a part of the sandbox is."""
    found = re.search(rf'href="(http://127\.0\.0\.1:[0-9]+)[^"]*">{name}<', httpx.get(product.url).text)
    assert found
    return found[1]


def _texted(product: Product, number: str) -> str:
    """The code that came to this number."""
    return _awaited(_part(product, "Phone"), lambda shown: shown.partition(f"Texts to {number}")[2], 0)


def _mailed(product: Product, address: str) -> str:
    """The code in the subject of the letter that came to this address."""
    return _awaited(_part(product, "Mailbox"), lambda shown: shown.rpartition(address)[0], -1)


def _awaited(part: str, of_whom: Callable[[str], str], which: int) -> str:
    found = awaited(lambda: _CODE.findall(of_whom(httpx.get(part).text)))
    assert found, "no code has come"
    return str(found[which])
