"""The page of one watch in a real Chromium, at a phone's and a desktop's width, without JavaScript."""

import os
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.web.kit import ITEM, World, news_of
from tests.web.watch.test_page import MINUTES, look, past, watching
from watchers.kinds import Channel
from watchers.models import AlertState

PICTURES = os.environ.get("WEB_PICTURES")  # a folder: keep a screenshot of every page


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""


@pytest.fixture
def world() -> World:
    """One watch of somebody on this machine, with a month of prices, an alert and recent looks."""
    world = World()
    world.allow(5000)
    world.reach("you", timezone="America/New_York")
    watching(world, uid="you")
    past(world, ITEM, *([11000, 10400, 9800, 10800, 12000, 9600] * 5))
    world.later = timedelta(hours=1)
    look(
        world, ITEM, *zip(MINUTES, (9500, 9200, 8400, 8400), strict=True),
        starts_at=world.now() + timedelta(days=40),
    )  # fmt: skip
    at = world.now() - MINUTES[2]
    news = news_of(observed_at=at, target_id=ITEM.id)
    world.told("K7Q2ABCD", uid="you", created_at=at, news=news, state=AlertState.DELIVERED)
    world.told("K7Q2ABCD", uid="you", created_at=at, news=news, channel=Channel.EMAIL)
    return world


@pytest.fixture
def address(world: World) -> Iterator[str]:
    app = world.app(local_person="you")
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[390, 1280], ids=["phone", "desktop"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width = int(request.param)
    context = browser.new_context(viewport={"width": width, "height": 844}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_the_chart_is_legible_and_says_the_same_as_its_table(page: Page, address: str) -> None:
    page.goto(f"{address}/watches/w1")
    chart = page.get_by_role("img", name="Price chart (USD)")
    expect(chart).to_be_visible()
    box, width = chart.bounding_box(), page.viewport_size
    assert box
    assert width
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width["width"]
    ticks = page.locator(".chart .tick")
    assert ticks.count() >= 4
    for tick in ticks.all():
        room = tick.bounding_box()
        assert room
        assert room["height"] >= 11  # pixels: as large as on any screen
        assert room["x"] >= 0
        assert room["x"] + room["width"] <= width["width"]
    page.get_by_text("The same as a table").click()
    table = page.get_by_role("table")
    expect(table).to_contain_text("last $84")
    expect(table.get_by_role("row", name="Told #K7Q2").first).to_contain_text("$84 face")
    _keep(page, "watch")


def test_nothing_makes_the_page_wider_than_the_screen(page: Page, address: str, world: World) -> None:
    world.put_watch("w1", uid="you", name="W" * 200, tags=["t" * 30] * 10)
    for path in ("/watches/w1", "/watches/import", "/watches/calendar"):
        page.goto(f"{address}{path}")
        width = page.viewport_size
        assert width
        assert page.locator("html").evaluate("html => html.scrollWidth") <= width["width"]
        for field in page.locator("input:not([type=hidden]), textarea").all():
            assert field.evaluate("field => field.labels.length") == 1


def test_how_far_back_is_chosen_by_a_link_that_is_large_enough(page: Page, address: str) -> None:
    page.goto(f"{address}/watches/w1")
    ranges = page.get_by_role("navigation", name="How far back")
    for link in ranges.get_by_role("link").all():
        room = link.bounding_box()
        assert room
        assert room["height"] >= 44
        assert room["width"] >= 44
    ranges.get_by_role("link", name="7 days").click()
    expect(ranges.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
    assert "range=7" in page.url


def test_why_and_what_was_told_can_be_read(page: Page, address: str) -> None:
    page.goto(f"{address}/watches/w1")
    expect(page.locator(".looks")).to_contain_text("told #K7Q2: at or under the limit")
    expect(page.locator(".told-list")).to_contain_text("Text delivered")
    expect(page.get_by_text("good: lowest in 30 days")).to_be_visible()


def test_pausing_snoozing_and_a_lower_limit_take_one_press_each(
    page: Page, address: str, world: World
) -> None:
    page.goto(f"{address}/watches/w1")
    page.get_by_role("button", name="Snooze 1 day").click()
    expect(page.get_by_role("status")).to_contain_text("is quiet until")
    page.get_by_label("New limit in USD").fill("cheap")
    page.get_by_role("button", name="Set limit").click()
    expect(page.get_by_role("alert")).to_have_text("Write an amount, such as 80 or 79.50.")
    expect(page.get_by_label("New limit in USD")).to_have_value("cheap")
    page.get_by_label("New limit in USD").fill("79.50")
    page.get_by_role("button", name="Set limit").click()
    expect(page.get_by_role("status")).to_contain_text("$79.50 or less")
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("status")).to_contain_text("Paused")
    world.copy("w1", uid="you")
    page.reload()
    expect(page.locator(".chip").first).to_have_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("status")).to_contain_text("Watching again")
    assert world.watch("w1", "you")["status"] == "active"


def test_deleting_can_be_undone(page: Page, address: str, world: World) -> None:
    page.goto(f"{address}/watches/w1")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("is deleted")).to_be_visible()
    assert not world.watches("you")
    page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text("It is back, as it was.")).to_be_visible()
    assert world.watch("w1", "you")["name"] == "Lakers v Warriors"


def test_watches_are_brought_in_with_two_presses(
    page: Page, address: str, world: World, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "title,url,price\nA game,https://store.steampowered.com/app/440,$5\nB,https://amazon.com/x,$1\n"
    )
    page.goto(f"{address}/watches/import")
    _keep(page, "import")
    page.get_by_label("A file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_text("Would be saved (1)")).to_be_visible()
    expect(page.get_by_text("nobody may ask for prices")).to_be_visible()
    assert len(world.watches("you")) == 1
    _keep(page, "import-judged")
    page.get_by_role("button", name="Save 1").click()
    page.wait_for_url("**/")
    assert len(world.watches("you")) == 2


def test_a_calendar_address_is_made_with_one_press(page: Page, address: str) -> None:
    page.goto(f"{address}/watches/calendar")
    page.get_by_role("button", name="Make a secret address").click()
    expect(page.get_by_label("Your secret address")).to_have_value(
        re.compile(r"^http://localhost/calendar/.+\.ics$")
    )
    _keep(page, "calendar")


def _keep(page: Page, name: str) -> None:
    if PICTURES and page.viewport_size:
        page.screenshot(path=f"{PICTURES}/{name}-{page.viewport_size['width']}.png", full_page=True)
