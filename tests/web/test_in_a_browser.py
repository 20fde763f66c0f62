"""The pages in a real Chromium, at a phone's and a desktop's width, without JavaScript."""

import os
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from notifiers.tallies import Tally
from tests import markets
from tests.markets import Market, all_in, entry, face
from tests.web.kit import FACE, ITEM, World, news_of
from watchers.documents import Put
from watchers.errors import ProviderRejectedError
from watchers.kinds import Channel
from watchers.models import AlertState
from watchers.observation import Availability
from web.app import Link

CHROMIUM = Path("/usr/bin/chromium")
BELOW = {"kind": "below", "price": "90.00", "currency": "USD"}
PICTURES = os.environ.get("WEB_PICTURES")  # a folder: keep a screenshot of every page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not CHROMIUM.exists(),
        reason="no /usr/bin/chromium: apt-get install -y --no-install-recommends chromium",
    ),
]


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's name
        """Say nothing."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def address(world: World) -> Iterator[str]:
    links = [
        Link(name="Market", url="http://127.0.0.1:8081"),
        Link(name="Phone", url="http://127.0.0.1:8082"),
    ]
    server = make_server(
        "127.0.0.1", 0, world.app(local_person="you", links=links), threaded=True, request_handler=_Quiet
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[390, 1280])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": request.param, "height": 800},
        java_script_enabled=False,
        color_scheme="dark" if request.param == 1280 else "light",
    )
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text))
    yield page
    context.close()
    assert [error for error in errors if "status of 4" not in error] == []  # a refused form is a 422


def _look(page: Page, name: str) -> None:
    """Nothing is cut off at the side, and every field has its label."""
    width = (page.viewport_size or {"width": 0})["width"]
    assert page.locator("html").evaluate("html => html.scrollWidth") <= width
    for field in page.locator("input:not([type=hidden]), select").all():
        assert field.evaluate("field => field.labels.length || field.hasAttribute('aria-label')")
    assert page.locator("html").get_attribute("lang") == "en"
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)


def _focused(page: Page) -> str:
    return str(page.locator(":focus").evaluate("e => e.name || e.innerText"))


def _tab_to(page: Page, name: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if _focused(page) == name:
            return
    raise AssertionError(f"the keyboard never reaches {name}")


def _write(page: Page, field: str, text: str) -> None:
    _tab_to(page, field)
    page.keyboard.type(text)


def test_a_watch_is_saved_by_keyboard(page: Page, address: str, world: World) -> None:
    page.goto(address)
    _look(page, "empty")
    _tab_to(page, "New watch")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("New watch")
    _look(page, "form")
    _tab_to(page, "Fill in everything by hand")
    page.keyboard.press("Enter")
    _look(page, "form-by-hand")
    _write(page, "name", "Lakers v Warriors")
    _tab_to(page, "what")
    page.keyboard.press("ArrowDown")
    _write(page, "item", "vvG1zZ9abc")
    _tab_to(page, "drop")
    page.keyboard.press("Space")
    _write(page, "price", "90.00")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Saved “Lakers v Warriors”.")).to_be_visible()
    _look(page, "saving")
    (source,) = world.watches("you")
    assert [condition["kind"] for condition in source.fields["conditions"]] == ["below", "drop"]
    world.copy(source.id, "you")
    world.see(ITEM, FACE)
    page.get_by_role("link", name="Look again").last.click()
    expect(page.locator(".chip")).to_have_text("Watching")
    _look(page, "watching")


def test_mistakes_are_announced_and_reached_by_their_links(page: Page, address: str, world: World) -> None:
    page.goto(f"{address}/watches/new")
    page.get_by_text("Fill in everything by hand").click()
    page.get_by_label("Price", exact=True).fill("cheap")
    page.get_by_label("10 % off").check()
    page.get_by_label("Percent").fill("")
    page.get_by_role("button", name="Save watch").click()
    expect(page.get_by_role("alert")).to_be_focused()
    _look(page, "mistakes")
    page.get_by_role("link", name="is not clear: write a plain number").click()
    expect(page.get_by_label("Price", exact=True)).to_be_focused()
    expect(page.get_by_label("Price", exact=True)).to_have_value("cheap")
    assert world.watches("you") == []


def test_what_is_deleted_comes_back(page: Page, address: str, world: World) -> None:
    world.put_watch("w1", "you")
    page.goto(address)
    page.get_by_role("button", name="Delete Lakers v Warriors").click()
    _look(page, "deleted")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Lakers v Warriors")).to_be_visible()
    page.get_by_role("button", name="Pause Lakers v Warriors").click()
    page.get_by_role("link", name="Edit Lakers v Warriors").click()
    expect(page.get_by_label("Price", exact=True)).to_have_value("90.00")
    _look(page, "edit")


@pytest.fixture
def searching(world: World) -> None:
    """Four markets, one of them away; the second event is on one of them only and has all that is long."""
    tickets = Market(
        "ticketmaster",
        entry("ticketmaster", "vvG1zZ9abc", face(5400, high=12_000), all_in(6240, high=13_160)),
        entry(
            "ticketmaster",
            "vvG1zZ9abd",
            name="N" * 200,
            venue="V" * 120,
            availability=Availability.UNAVAILABLE,
        ),
    )
    seats = Market("seatgeek", entry("seatgeek", "620", face(4900), listing_count=3))
    away, games = Market("bandsintown"), Market("steam")
    away.down, games.searches = ProviderRejectedError("bandsintown: refused with status 401"), False
    world.catalog = markets.World(tickets, seats, away, games).catalog


def test_a_search_leads_to_a_watch(page: Page, searching: None, address: str, world: World) -> None:  # noqa: ARG001
    page.goto(address)
    page.get_by_role("link", name="Search").click()
    _look(page, "search")
    _write(page, "keyword", "tram")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="2 found")).to_be_visible()
    expect(page.get_by_text("Bandsintown was not seen: refused with status 401.")).to_be_visible()
    _look(page, "found")
    page.get_by_role("link", name="Watch it on both markets").click()
    expect(page.get_by_label("One event on all of its markets")).to_be_checked()
    _look(page, "watch-all")
    page.go_back()
    page.get_by_role("link", name="Watch it at SeatGeek: Night Tram").click()
    page.get_by_text("More choices").click()
    expect(page.get_by_role("textbox", name="Its id")).to_have_value("620")


def test_everything_at_once_still_fits(page: Page, address: str, world: World) -> None:
    verified = {
        "email": "you@example.test",
        "email_verified_at": world.now(),
        "timezone": "America/Los_Angeles",
    }
    world.documents.commit(Put("people/you", verified))
    search = {"keyword": "W" * 120, "city": "Los Angeles", "country": "US", "date_to": "2030-12-31"}
    world.put_watch("w1", "you")
    world.put_watch("w2", "you", target={"provider": "ticketmaster", "item": "unknown"}, name="Refused")
    world.put_watch(
        "w3", "you", name="N" * 200, target={"provider": "ticketmaster", "search": search}, status="paused"
    )
    for watch_id in ("w1", "w2", "w3"):
        world.copy(watch_id, "you")
    world.see(ITEM, FACE)
    text = world.told("K7Q2ABCD", "you", state=AlertState.FAILED, why="30007")
    world.told("K7Q2ABCD", "you", Channel.EMAIL, copy_of=text.id)
    world.told("M7Q2ABCD", "you", watch_id="w2", news=news_of(None, event_name="E" * 200))
    page.goto(address)
    expect(page.locator(".card")).to_have_count(5)
    _look(page, "everything")
    page.goto(f"{address}/a/M7Q2ABCD")
    _look(page, "alert")
    page.goto(f"{address}/stop/K7Q2ABCD")
    _look(page, "stop")
    page.get_by_role("button", name="Stop these alerts").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Stopped")
    _look(page, "stopped")


def test_new_and_held_alerts_and_those_of_one_message_fit_and_can_be_marked_as_read(
    page: Page, address: str, world: World
) -> None:
    world.reach("you", push_url="ntfy://topic", push_verified_at=world.now(), segments_per_month=100)
    tally = Tally("you", day=world.now().date(), month=f"{world.now():%Y-%m}", segments=12)
    world.documents.inner.commit(tally.write())
    world.put_watch("w1", "you", notify=["sms", "email", "push", "app"])
    until = world.now() + timedelta(hours=30)
    world.told("H7Q2ABCD", "you", state=AlertState.HELD, due_at=until, why="cap", settled_at=None)
    world.told("H7Q2ABCD", "you", Channel.APP)
    rider = world.told("M7Q2ABCD", "you", rides_with="K7Q2ABCD-you-sms", news=news_of(event_name="E" * 200))
    lead = world.told(
        "K7Q2ABCD", "you", riders=(rider.id,), more=(rider.news,), state=AlertState.UNDELIVERED, why="30003"
    )
    world.told("K7Q2ABCD", "you", Channel.APP, copy_of=lead.id, copy_why="30003", more=(rider.news,))
    world.told("M7Q2ABCD", "you", Channel.PUSH, state=AlertState.DELIVERED)
    world.told("P7Q2ABCD", "you", state=AlertState.UNCERTAIN, why="no_answer", settled_at=None)
    page.goto(address)
    expect(page).to_have_title("2 new alerts · Your watches · Ticket Scout")
    expect(page.get_by_role("heading", name="2 alerts in one message")).to_be_visible()
    expect(page.get_by_text("12 of 100 text segments this month")).to_be_visible()
    _look(page, "new-alerts")
    expect(
        page.get_by_role("navigation", name="Pages").get_by_role("link", name="Alerts 2 new")
    ).to_be_visible()
    page.get_by_role("button", name="Mark as read").click()
    expect(page).to_have_title("Your watches · Ticket Scout")
    expect(page.get_by_role("status").filter(has_text="Marked as read.")).to_be_visible()
    _look(page, "read-alerts")
    page.get_by_role("link", name="Edit Lakers v Warriors").click()
    expect(page.get_by_label("Push message")).to_be_checked()
    _look(page, "channels")


def test_how_often_everything_is_looked_at_fits_on_cards_and_on_the_status_page(
    page: Page, address: str, world: World
) -> None:
    world.allow(2)
    world.put_watch("w1", "you", conditions=[{"kind": "back_in_stock"}, BELOW])
    world.copy("w1", "you")
    world.see(ITEM, FACE)
    page.goto(f"{address}/watches/new")
    page.get_by_text("Fill in everything by hand").click()
    page.get_by_label("Name").fill("Another")
    page.get_by_label("One event or article, by its id").check()
    page.get_by_label("Its id", exact=True).fill("another00")
    page.get_by_label("Price", exact=True).fill("90.00")
    page.get_by_role("button", name="Save watch").click()
    expect(
        page.get_by_role("status").filter(has_text="Saved “Another”. Checked about every 12 hours")
    ).to_be_visible()
    expect(page.get_by_text("We look only about every 12 hours")).to_be_visible()
    expect(page.get_by_text("A listing that lives 12 minutes will be caught")).to_be_visible()
    _look(page, "served")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Status").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Status")
    for name in ("Worker", "Outbox", "Spending", "Ticketmaster", "Steam"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(page.get_by_text("SEATGEEK_CLIENT_ID is not set")).to_be_visible()
    _look(page, "status")
