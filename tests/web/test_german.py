"""Every page in German: no English sentence of the catalogue is left on it."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
import stamina
from babel.messages.pofile import read_po

from tests import markets
from tests.markets import Market, entry, face
from tests.web.kit import FACE, ITEM, Someone, World
from watchers import language
from watchers.kinds import Channel
from watchers.models import AlertState

PAGES = [
    "/", "/alerts", "/watches/new", "/watches/new?q=tram",
    "/watches/new?provider=ticketmaster&item=vvG1zZ9abc", "/watches/w1", "/watches/w1/edit",
    "/watches/import", "/watches/calendar", "/search", "/search?keyword=tram",
    "/search?keyword=tram&max_price=90", "/search?keyword=tram&country=Wales", "/settings",
    "/settings/contacts", "/settings/data", "/settings/plan", "/settings/tokens", "/a/K7Q2ABCD",
    "/stop/K7Q2ABCD", "/enter?token=x", "/nothing",
]  # fmt: skip
OPERATORS = ["/status", "/status/people", "/status/people/ann", "/status/refused", "/status/blind"]
STRANGERS = ["/sign-in", "/", "/a/K7Q2ABCD"]


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    with stamina.set_testing(testing=True, attempts=3):
        yield


@pytest.fixture(scope="module")
def english() -> set[str]:
    """Of each sentence whose German differs, the longest piece between its values, as it stands on a page."""
    path = language.FOLDER / "de" / "LC_MESSAGES" / f"{language.DOMAIN}.po"
    with path.open("rb") as file:
        messages = list(read_po(file, locale="de"))
    both = [
        pair for one in messages for pair in zip(_forms(one.id), _forms(one.string), strict=False) if pair[0]
    ]
    germans = "\n".join(german for _, german in both)
    pieces = {max(re.split(_VALUE, said), key=len).replace("%%", "%").strip() for said, _ in both}
    return {piece for piece in pieces if " " in piece and len(piece) >= LONG_ENOUGH and piece not in germans}


_VALUE = r"\{\w*\}|%\(\w+\)s|<[^>]+>"
LONG_ENOUGH = 12  # letters: shorter ones are in other words


def _forms(text: object) -> tuple[str, ...]:
    return tuple(map(str, text)) if isinstance(text, tuple | list) else (str(text or ""),)


@pytest.fixture
def used(world: World) -> World:
    """Watches in several states, and alerts."""
    tickets = Market("ticketmaster", entry("ticketmaster", "vvG1zZ9abc", face(5400, high=12000)))
    steam = Market("steam", entry("steam", "620", face(4900), listing_count=3))
    world.catalog = markets.World(tickets, steam, documents=world.documents).catalog
    world.reach(email="ann@example.test", email_verified_at=world.now())
    world.allow(2)
    drop = {"kind": "drop", "percent": 15, "min_saving": "5.00"}
    world.put_watch("w1", conditions=[{"kind": "below", "price": "90.00", "currency": "USD"}, drop])
    world.put_watch("w2", target={"provider": "ticketmaster", "item": "unknown"}, name="Eins")
    world.put_watch("w3", status="paused", name="Zwei", tags=["drei"])
    for watch_id in ("w1", "w2", "w3"):
        world.copy(watch_id)
    world.see(ITEM, FACE)
    world.told("K7Q2ABCD", state=AlertState.FAILED, why="30007")
    world.told("M7Q2ABCD", channel=Channel.APP)
    return world


def german(world: World, *, signed_in: bool = True) -> Someone:
    someone = world.person() if signed_in else Someone(world.app().test_client())
    with someone.client.session_transaction() as session:
        session["language"] = "de"
    return someone


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_german(path: str, used: World, english: set[str]) -> None:
    assert left(german(used).client.get(path, follow_redirects=False).get_data(as_text=True), english) == []


@pytest.mark.parametrize("path", STRANGERS)
def test_a_page_for_strangers_is_german(path: str, used: World, english: set[str]) -> None:
    page = german(used, signed_in=False).client.get(path).get_data(as_text=True)
    assert left(page, english) == []


@pytest.mark.parametrize("path", OPERATORS)
def test_a_page_for_operators_is_german(path: str, used: World, english: set[str]) -> None:
    used.operators = frozenset({"ann"})
    boss = german(used).client.get(path)
    assert boss.status_code == 200
    assert left(boss.get_data(as_text=True), english) == []


def test_what_is_wrong_with_a_form_is_said_in_german(used: World, english: set[str]) -> None:
    answer = german(used).post(
        "/watches/new", {"what": "item", "provider": "steam", "item": "x", "below": "on", "price": "?"}
    )
    assert answer.status_code == 422
    assert left(answer.get_data(as_text=True), english) == []


def left(page: str, english: set[str]) -> list[str]:
    """English sentences on a page, which says that it is German."""
    if page and not page.startswith('<!doctype html>\n<html lang="de">'):
        assert page.startswith("<!doctype html>\n<html lang=en>")  # a redirect of Werkzeug's
        return []
    body = re.sub(r"<(script|style|pre|code)\b.*?</\1>", " ", page, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", "\n", body)).replace("\n", " ⏎ "))
    return [said for said in sorted(english) if re.search(rf"(?<!\w){re.escape(said)}(?!\w)", text)]


def test_a_watch_without_a_name_is_called_so_in_the_language_of_each_reader(world: World) -> None:
    for uid in ("ann", "bob"):
        world.put_watch("w1", uid, name="")
    ann, bob = world.person("ann"), world.person("bob")
    assert "Beobachtung ohne Namen" in ann.get("/?lang=de")
    assert "Watch without a name" in bob.get("/")
    assert "Watch without a name" in ann.get("/?lang=en")
