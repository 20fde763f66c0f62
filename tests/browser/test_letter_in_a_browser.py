"""The letters in a real Chromium, at a phone's width and at a pane's, on a light and on a dark desktop."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from notifiers.links import Links
from notifiers.words.letters import email
from notifiers.words.pictures import BAR, LAST_BAR
from tests.notifiers.kit import NEWS, NOW, an_alert
from watchers.alerts import alert_code
from watchers.kinds import Channel
from watchers.models import Alert, News, PastPrice

CHROMIUM = shutil.which("chromium")
PICTURES = os.environ.get("LETTER_PICTURES")  # a folder: keep a screenshot of every letter

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium here: apt-get install chromium"),
]

PRICES = (11200, 9700, 10400, 9700, 7100, 9000, 8900, 12000, 10000, 8400)
SEEN = tuple(PastPrice(NOW - timedelta(days=9 - day), price) for day, price in enumerate(PRICES))
LINKS = Links("https://scout.example", "a-key-of-this-test-alone")


def about(name: str, price: int) -> News:
    return replace(NEWS, watch_name=f"{name} under $90", event_name=name, price=price)


def digest() -> Alert:
    names = ("Korn", "Tool", "W" * 200, "An Evening of Very Long Names " * 6, "宇多田ヒカル 🎸", "Blur")
    others = [about(name, 1000 * place) for place, name in enumerate(names, 1)]
    again = [replace(NEWS, price=8400 - 100 * step) for step in range(1, 5)]
    held = replace(about("Muse", 7100), now_at=NOW + timedelta(hours=4), now_price=8800)
    more = (*others, *again, held)
    ids = tuple(f"{place:032x}" for place in range(len(more)))
    return an_alert(Channel.EMAIL, more=more, more_alerts=ids, more_codes=tuple(map(alert_code, ids)))


LETTERS = {
    "picture": an_alert(Channel.EMAIL, news=replace(NEWS, recent=SEEN)),
    "digest": digest(),
    "copy": an_alert(
        Channel.EMAIL,
        news=replace(NEWS, recent=SEEN[-2:]),
        copy_of="x",
        copy_why="30003",
        also=(Channel.SMS,),
    ),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=[(390, "light"), (800, "light"), (390, "dark")], ids=lambda one: f"{one[0]}-{one[1]}")
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", LETTERS)
def test_a_letter_fits_its_pane_and_loads_nothing(
    page: Page, name: str, request: pytest.FixtureRequest
) -> None:
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - playwright cannot wrap a builtin
    page.set_content(email(LETTERS[name], LINKS, UTC)[2])
    page.wait_for_load_state("networkidle")
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{request.node.callspec.id}.png", full_page=True)

    width = (page.viewport_size or {"width": 0})["width"]
    assert page.locator("html").evaluate("html => html.scrollWidth") <= width
    assert asked == []
    assert (
        page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
        == "rgb(255, 255, 255)"
    )


def test_the_bars_are_as_high_as_the_prices(page: Page) -> None:
    page.set_content(email(LETTERS["picture"], LINKS, UTC)[2])
    bars = page.locator("td[bgcolor]").all()
    boxes = [box for bar in bars if (box := bar.bounding_box())]

    assert [bar.get_attribute("bgcolor") for bar in bars] == [BAR] * 9 + [LAST_BAR]
    highest = max(box["height"] for box in boxes)
    for box, price in zip(boxes, PRICES, strict=True):
        assert abs(box["height"] / highest - price / max(PRICES)) < 0.02
    assert len({round(box["y"] + box["height"]) for box in boxes}) == 1  # they stand on one line
    assert "Prices seen: first $112 (23 May), lowest $71 (27 May), $84 (now)." in page.inner_text("body")


def test_a_copy_begins_with_why(page: Page) -> None:
    page.set_content(email(LETTERS["copy"], LINKS, UTC)[2])

    assert page.inner_text("body").startswith("The text about this")
