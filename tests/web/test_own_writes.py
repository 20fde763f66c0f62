"""Every route that writes watches says so, and marks the snapshot of their person.

``World.refuse_unsaid_writes`` holds every request of every test of pages and API to it. Here each route that
changes anything is named, so that a new one is thought of.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from werkzeug.test import TestResponse

from notifiers.links import Links
from tests.web.api.kit import WATCH as ASKED
from tests.web.api.kit import Program, program
from tests.web.kit import PLACES, SECRET, WATCH, Someone, World
from web import snapshot
from web.api.table import OPERATIONS

SHEET = "name,provider,item,below,currency\nNew,ticketmaster,new1,90.00,USD\n"
NEW = {**ASKED, "target": {"provider": "ticketmaster", "item": "new1"}}
LINKS, ALERT = Links("", SECRET), "K7Q2ABCD-ann-sms"
SOON = datetime.now(UTC) + timedelta(days=1)
ITEM = {"provider": "ticketmaster", "item": "new1", "price": "90.00", "currency": "USD", "basis": "face"}


def undo(ann: Someone) -> TestResponse:
    found = re.search(r'name="undo" value="([^"]+)"', ann.post("/watches/w1/delete").get_data(as_text=True))
    assert found
    return ann.post("/watches/w1/undo", {"undo": found[1]})


PAGES: dict[str, Callable[[Someone], TestResponse]] = {
    "alerts.stop": lambda ann: ann.post("/stop/K7Q2ABCD"),
    "bulk.change": lambda ann: ann.post("/watches/bulk", {"act": "pause", "watch": "w1"}),
    "bulk.tag": lambda ann: ann.post("/watches/w1/tags", {"tags": "gift"}),
    "porting.take": lambda ann: ann.post("/watches/import", {"text": SHEET, "save": "on"}),
    "saving.change": lambda ann: ann.post("/watches/w1/edit", WATCH | {"price": "70"}),
    "saving.create": lambda ann: ann.save(item="new1"),
    "search_buttons.watch": lambda ann: ann.post("/search/watch", ITEM),
    "verbs.change": lambda ann: ann.post(LINKS.verb(ALERT, "stop")),
    "watch.change": lambda ann: ann.post("/watches/w1/do", {"do": "pause"}),
    "watches.delete": lambda ann: ann.post("/watches/w1/delete"),
    "watches.pause": lambda ann: ann.post("/watches/w1/pause"),
    "watches.resume": lambda ann: ann.post("/watches/w2/resume"),
    "watches.undo": undo,
}
OF_THE_API: dict[str, Callable[[Program], TestResponse]] = {
    "changeWatch": lambda anns: anns.ask("PATCH", "/watches/w1", json={"name": "New"}),
    "changeWatches": lambda anns: anns.post("/changes", {"ids": ["w1"], "act": "delete"}),
    "createWatch": lambda anns: anns.post("/watches", NEW),
    "deleteWatch": lambda anns: anns.ask("DELETE", "/watches/w1"),
    "endWatch": lambda anns: anns.post("/watches/w1/bought"),
    "importWatches": lambda anns: anns.post("/import", {"text": SHEET, "save": True}),
    "pauseWatch": lambda anns: anns.post("/watches/w1/pause"),
    "replaceWatch": lambda anns: anns.ask("PUT", "/watches/w1", json=NEW),
    "resumeWatch": lambda anns: anns.post("/watches/w2/resume"),
    "snoozeWatch": lambda anns: anns.post("/watches/w1/snooze", {"until": f"{SOON:%FT%TZ}"}),
}
OF_A_SEARCH = {"search_buttons.new_dates"}  # needs markets: ``test_search_buttons.py``
NO_WATCH = {
    "api.answer", "calendars.renew", "contacts.add", "contacts.consent", "contacts.remove", "entry.enter",
    "entry.leave", "mydata.download", "mydata.erase", "people.change_plan", "people.find",
    "search_buttons.delete", "search_buttons.part", "search_buttons.rejoin", "search_buttons.rename",
    "search_buttons.save", "settings.save", "settings.test", "signing_in.accept", "signing_in.ask",
    "signing_in.by_token", "signing_in.end_all", "signing_in.prove", "tokens.create", "tokens.revoke",
    "twilio.reply", "twilio.status", "watches.read",
}  # fmt: skip
NO_WATCH_OF_THE_API = {
    "addContact", "askForCode", "changeMe", "createToken", "deleteSearch", "eraseMe", "keepSearch",
    "proveContact", "readAlerts", "removeContact", "renameSearch", "renewCalendar", "revokeToken",
    "sendTest", "setConsent", "signIn", "tryWatch",
}  # fmt: skip


def test_every_route_that_changes_anything_is_thought_of(world: World) -> None:
    rules = world.app().url_map.iter_rules()
    changing = {rule.endpoint for rule in rules if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}}
    assert changing == {*PAGES, *OF_A_SEARCH, *NO_WATCH}
    assert {one.name for one in OPERATIONS if one.method != "GET"} == {*OF_THE_API, *NO_WATCH_OF_THE_API}


@pytest.fixture
def known(world: World) -> World:
    """Somebody with two watches and a snapshot of them."""
    world.put_watch("w1")
    world.put_watch("w2", status="paused", target={"provider": "ticketmaster", "item": "another1"})
    world.told("K7Q2ABCD")
    world.person("ann").get("/")
    assert world.documents.inner.get(snapshot.path("ann"))
    return world


@pytest.mark.parametrize("endpoint", PAGES)
def test_a_page_that_writes_a_watch_says_so(known: World, endpoint: str) -> None:
    assert PAGES[endpoint](known.person("ann")).status_code in (200, 303)
    assert wrote(known)


@pytest.mark.parametrize("name", OF_THE_API)
def test_an_operation_that_writes_a_watch_says_so(known: World, name: str) -> None:
    assert OF_THE_API[name](program(known)).status_code in (200, 201, 204)
    assert wrote(known)


def wrote(world: World) -> bool:
    """Whether the latest request wrote watches, and then its person's snapshot."""
    written = [path.startswith(PLACES.sources("ann")) for path in world.documents.tried]
    return any(written) and world.documents.tried[-1] == snapshot.path("ann")


def test_whoever_writes_without_a_word_is_found_out(known: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.own_writes.of", lambda *_: None)
    with pytest.raises(AssertionError, match="says nothing"):
        known.person("ann").post("/watches/w1/pause")
