"""The three sites in a real Chromium, at a phone's and a desktop's width."""

import os
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from sandbox.__main__ import running
from sandbox.environment import Places

CHROMIUM = Path("/usr/bin/chromium")
WIDTHS = (390, 1280)
PICTURES = os.environ.get("SANDBOX_PICTURES")  # a folder: keep a screenshot of every page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(),
        reason="no /usr/bin/chromium: apt-get install -y --no-install-recommends chromium",
    ),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def everything() -> Iterator[tuple[Places, dict[str, str]]]:
    with running({}) as found:
        _text(found[1], "Night Tram Orchestra from GBP 45 (was 54). http://127.0.0.1:8080/a/K7Q2ABCD #K7Q2")
        _text(
            found[1],
            "Der leise Koffer: now ₽45, a text that needs UCS-2 and therefore more segments than it seems",
        )
        _mail(found[1])
        yield found


@pytest.fixture(params=WIDTHS)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": request.param, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield page
    page.close()
    assert errors == []


def _text(settings: dict[str, str], body: str) -> None:
    account = settings["TWILIO_ACCOUNT_SID"]
    answer = httpx.post(
        f"{settings['TWILIO_BASE_URL']}/2010-04-01/Accounts/{account}/Messages.json",
        data={"To": "+14155550101", "From": settings["TWILIO_FROM_NUMBER"], "Body": body},
        auth=(account, settings["TWILIO_AUTH_TOKEN"]),
    )
    assert answer.status_code == 201


def _mail(settings: dict[str, str]) -> None:
    place = urlsplit(settings["SMTP_URL"])
    message = EmailMessage()
    message["From"], message["To"] = settings["MAIL_FROM"], "you@example.test"
    message["Subject"], message["Message-ID"] = "Night Tram Orchestra from £45", "<K7Q2ABCD@scout>"
    message["List-Unsubscribe"] = "<http://127.0.0.1:8080/unsubscribe/1>"
    message.set_content("Night Tram Orchestra is £45 now.\n\nhttp://127.0.0.1:8080/a/K7Q2ABCD\n")
    html = '<h1 style="color:#1f5fa8">£45</h1><p><a href="http://127.0.0.1:8080/a/K7Q2ABCD">Buy</a></p>'
    message.add_alternative(html, subtype="html")
    with smtplib.SMTP(place.hostname or "", place.port or 0, timeout=5) as smtp:
        smtp.send_message(message)


def _look(page: Page, name: str) -> None:
    """What holds for every page: marked, nothing cut off at the side, every field with its label."""
    expect(page.get_by_text("Sandbox: nothing on this page")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    unlabelled = (
        "[...document.querySelectorAll('input:not([type=hidden]),select')].filter(f => !f.labels.length)"
    )
    assert page.evaluate(f"{unlabelled}.length") == 0
    assert page.evaluate("document.documentElement.lang") == "en"
    if PICTURES:
        width = (page.viewport_size or {"width": 0})["width"]
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


def test_a_price_is_set_on_the_market_page(page: Page, everything: tuple[Places, dict[str, str]]) -> None:
    page.goto(everything[0].market or "")
    _look(page, "market")
    card = page.locator("#SbxFogtownRovers")
    card.get_by_label("Face value (USD)").fill("19.50")
    card.get_by_label("Face value (USD)").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Fogtown Rovers")
    expect(page.locator("#SbxFogtownRovers .price")).to_contain_text("USD 19.50")
    page.locator("#SbxFogtownRovers").get_by_role("button", name="Cancelled").click()
    expect(page.locator("#SbxFogtownRovers .state")).to_have_text("Cancelled")
    page.locator("#SbxFogtownRovers").get_by_role("link").first.click()
    _look(page, "event")


def test_a_mistake_is_said_on_the_page(browser: Browser, everything: tuple[Places, dict[str, str]]) -> None:
    page = browser.new_page()
    page.goto(everything[0].market or "")
    page.locator("[id='9000010']").get_by_label("Shop price (USD)").fill("cheap")
    page.locator("[id='9000010']").get_by_role("button", name="Set price").click()
    expect(page.get_by_role("alert")).to_contain_text("Tin Moon (sandbox): Write a price as a number")
    page.close()


def test_a_text_appears_on_the_phone_by_itself(page: Page, everything: tuple[Places, dict[str, str]]) -> None:
    places, settings = everything
    page.goto(places.phone or "")
    _look(page, "phone")
    bubbles = page.locator(".bubble")
    before = bubbles.count()
    _text(settings, "and one more http://127.0.0.1:8080/a/Z")
    expect(bubbles).to_have_count(before + 1)
    expect(bubbles.last.get_by_role("link")).to_have_attribute("href", "http://127.0.0.1:8080/a/Z")


def test_a_mail_shows_its_html_in_a_frame_without_scripts(
    page: Page, everything: tuple[Places, dict[str, str]]
) -> None:
    page.goto(everything[0].mailbox or "")
    _look(page, "mailbox")
    page.get_by_role("link", name="Night Tram Orchestra").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="£45")).to_have_css("color", "rgb(31, 95, 168)")
    _look(page, "mail")
    expect(page.get_by_text("<K7Q2ABCD@scout>")).to_be_visible()


def test_every_page_works_without_javascript_and_in_the_dark(
    browser: Browser, everything: tuple[Places, dict[str, str]]
) -> None:
    context = browser.new_context(java_script_enabled=False, color_scheme="dark")
    page = context.new_page()
    for name, url in (("market-dark", everything[0].market), ("phone-dark", everything[0].phone)):
        page.goto(url or "")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{name}.png")
    context.close()
