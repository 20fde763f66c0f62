"""An operator's morning in a real Chromium: what is wrong, who is it, another plan. Phone and desktop."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.web.kit import FACE, ITEM, World
from watchers.tiers import Tier, Tiers
from web.site import EXTENSION


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""


@pytest.fixture
def world() -> World:
    """Ann's plan holds one watch and she has two; the worker ran a moment ago."""
    world = World()
    world.tiers = Tiers({"basic": Tier(watches=1), "premium": Tier("premium", 5, 300, 2)})
    world.allow(5000)
    world.reach("ann")
    for watch in ("w1", "w2"):
        world.put_watch(watch)
        world.copy(watch)
    world.see(ITEM, FACE)
    return world


@pytest.fixture
def app(world: World) -> Flask:
    return world.app(local_person="boss")


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture(params=[390, 1280], ids=["phone", "desktop"])
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 844}, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_from_a_refused_watch_to_a_larger_plan_without_javascript(
    world: World, address: str, page: Page
) -> None:
    page.goto(f"{address}/status")
    expect(page.get_by_role("heading", name="Status")).to_be_visible()
    page.get_by_label("Operators' pages").get_by_role("link", name="Refused").click()
    expect(page.get_by_text("Your plan (Basic) holds 1 watch, and you have as many.")).to_be_visible()
    page.get_by_role("link", name="ann", exact=True).click()
    expect(page.get_by_text("1 of 1, 1 refused for want of room")).to_be_visible()
    expect(page.get_by_text("…23")).to_be_visible()
    page.get_by_label("Plan").select_option("premium")
    page.get_by_role("button", name="Change the plan").click()
    expect(page.get_by_text("ann is on Premium now")).to_be_visible()
    expect(page.get_by_text("2 of 5")).to_be_visible()
    assert world.fields("worker_monitor_jobs/w2")["priority"] == 2
    page.get_by_label("Operators' pages").get_by_role("link", name="Refused").click()
    expect(page.get_by_text("No watch is refused.")).to_be_visible()


def test_a_page_that_is_left_open_says_by_itself_that_the_worker_stands_still(
    world: World, app: Flask, address: str, browser: Browser
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.clock.install()
    page.goto(f"{address}/status")
    expect(page.get_by_text("Runs", exact=True)).to_be_visible()
    world.later = timedelta(minutes=40)
    app.extensions[EXTENSION].memo.forget()
    page.clock.fast_forward(61_000)
    expect(page.get_by_text("Does not run", exact=True)).to_be_visible()
    expect(page.get_by_text("The worker has not run for 40 min.")).to_be_visible()
    context.close()
