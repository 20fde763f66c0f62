"""How often each watch is looked at: on its card, when it is saved, and for operators."""

import re
from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from html import unescape

import pytest
from werkzeug.test import TestResponse

from tests.web.kit import FACE, ITEM, SECRET, WATCH, Someone, World, text_of
from watchers import board
from watchers.documents import Delete, Update
from watchers.errors import StoreUnavailableError
from watchers.quota import Budget, Ledger
from watchers.target import Target
from watchers.watch import Watch
from web import snapshot
from web.boards import Boards
from web.entry import entry_token
from web.plans import Plans, Served

EVERY_MINUTE = "Checked about every minute."
OTHER = Target(provider="ticketmaster", item="another00")
A_SEARCH = {"what": "search", "keyword": "Lakers", "item": "", "below": "", "new_listing": "on"}


def watched(world: World) -> None:
    """One watch that the worker took over and has seen."""
    world.put_watch("w1")
    world.copy("w1")
    world.see(ITEM, FACE)


def see_another(world: World, name: str = "another00") -> None:
    """One more target on the board."""
    _run_again(world)
    world.see(Target(provider="ticketmaster", item=name), FACE)


def see_again(world: World, ago: timedelta) -> None:
    """The watch's target was last seen so long ago, on a board that is ticked."""
    _run_again(world)
    world.see(ITEM, FACE, ago=ago)


def _run_again(world: World) -> None:
    document = world.documents.inner.get("boards/ticketmaster-0")
    assert document
    world.documents.inner.commit(Update(document.path, {"runs": []}, document.version))


# ── on the card ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_card_says_how_often_it_is_looked_at(world: World) -> None:
    world.allow(5000)
    watched(world)
    page = world.person("ann").get("/")

    assert f'<p class="soft">{EVERY_MINUTE}</p>' in page
    assert "We look only" not in page


def test_a_card_warns_when_the_quota_is_short(world: World) -> None:
    world.allow(1)
    watched(world)
    see_another(world)
    page = world.person("ann").get("/")

    assert "chance to catch a price that lives 12 minutes: under 1 %, 2 hours: " in page
    assert '<p class="trouble">We look only about every ' in page
    assert "2 targets share 1 call a day" in page
    assert "(TICKETMASTER_CALLS_PER_DAY)" in page


def test_a_card_costs_no_more_reads_than_before(world: World) -> None:
    watched(world)
    spent = []
    for allow in (False, True):
        if allow:
            world.allow(5000)
        ann = world.person("ann")
        world.documents.inner.commit(Delete(snapshot.path("ann")))
        before = Counter(world.documents.operations)
        ann.get("/")
        spent.append(Counter(world.documents.operations) - before)

    assert spent[0] == spent[1]


@pytest.mark.parametrize(
    "why", ["off", "paused", "refused", "not ticked", "no answer", "blind", "not on it yet", "unknown there"]
)
def test_a_card_promises_nothing_that_is_not_so(world: World, why: str) -> None:
    watched(world)
    if why != "off":
        world.allow(5000)
    if why == "paused":
        world.put_watch("w1", status="paused")
    if why == "refused":
        world.put_watch("w1", filters={"min_quantity": 2})
    if why == "not on it yet":
        world.put_watch("w1", target={"provider": "ticketmaster", "item": "another00"})
    world.copy("w1")
    if why == "no answer":
        document = world.documents.inner.get("boards/ticketmaster-0")
        assert document
        world.documents.inner.commit(Update(document.path, {"down_since": world.now()}, document.version))
    if why == "blind":
        see_another(world)
        see_again(world, timedelta(hours=2))
    if why == "unknown there":
        _run_again(world)
        world.see(ITEM, unseen_why="not_found")
    world.later = timedelta(minutes=20) if why == "not ticked" else timedelta()

    assert "Checked about" not in world.person("ann").get("/")


def test_a_plan_that_fails_does_not_take_the_page_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.allow(5000)
    watched(world)
    monkeypatch.setattr(world.asked["ticketmaster"], "batches", lambda _: 1 / 0)

    world.operators = frozenset({"ann"})
    ann = world.person("ann")
    assert ">Watching<" in ann.get("/")
    assert "cannot be worked out; the log says why" in ann.get("/status")


# ── when it is saved ─────────────────────────────────────────────────────────────────────────────────────


def flashes(someone: Someone) -> str:
    return someone.get("/").split('<ul class="cards">')[0]


def test_a_saved_watch_is_told_how_often_it_will_be_looked_at(world: World) -> None:
    world.allow(5000)
    see_first(world)
    ann = world.person("ann")
    ann.save()

    assert f'role="status">Saved “Lakers v Warriors”. {EVERY_MINUTE}</p>' in flashes(ann)


def see_first(world: World) -> None:
    """A board that stands, with another target."""
    world.see(OTHER, FACE)


def test_a_saved_watch_is_warned_when_it_cannot_be_served_well(world: World) -> None:
    world.allow(20)
    see_first(world)
    ann = world.person("ann")
    ann.save(**A_SEARCH)
    said = flashes(ann)

    assert '<p class="note warn">A listing that lives 12 minutes will be caught with a chance of ' in said
    assert "2 targets share 20 calls a day. What helps: fewer watches, or a larger quota" in said


def test_saving_reads_one_board_and_writes_nothing_more(world: World) -> None:
    see_first(world)
    spent = []
    for name in ("First", "Second"):
        ann = world.person("ann")
        before = Counter(world.documents.operations)
        ann.save(name=name, item=f"vvG1zZ{name}")
        spent.append(Counter(world.documents.operations) - before)
        world.allow(5000)

    extra = {kind: spent[1][kind] - spent[0][kind] for kind in spent[1] | spent[0]}
    assert extra.pop("reads", 0) <= 2, "one board, and one watch more"
    assert not any(extra.values())


def test_what_a_changed_watch_watched_before_is_not_counted_twice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[str | None] = []
    real = Plans.of

    def of(self: Plans, watch: Watch, joins: Collection[Target] = ()) -> list[Served]:
        joined.extend(one.item for one in joins)
        return real(self, watch, joins)

    monkeypatch.setattr(Plans, "of", of)
    world.allow(5000)
    watched(world)
    ann = world.person("ann")
    assert ann.post("/watches/w1/edit", WATCH | {"price": "80.00"}).status_code == 303
    assert ann.post("/watches/w1/edit", WATCH | {"item": "another00"}).status_code == 303

    assert joined == ["another00"]


@pytest.mark.parametrize("why", ["no board", "off", "database"])
def test_saving_says_nothing_of_what_is_not_known(
    world: World, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why != "off":
        world.allow(5000)
    if why != "no board":
        see_first(world)
    ann = world.person("ann")
    if why == "database":

        def down(*_: object) -> board.Board:
            raise StoreUnavailableError("away")

        monkeypatch.setattr(Boards, "board", down)
    saved = ann.save()
    monkeypatch.undo()

    assert saved.status_code == 303
    assert 'role="status">Saved “Lakers v Warriors”.</p>' in flashes(ann)


def test_what_a_watch_is_called_is_never_markup(world: World) -> None:
    world.allow(5000)
    see_first(world)
    ann = world.person("ann")
    ann.save(name="<b>x</b>")
    page = ann.client.get("/").get_data(as_text=True)

    assert "<b>x" not in page
    assert "Saved “<b>x</b>”. Checked about every minute" in unescape(page)


# ── for operators ────────────────────────────────────────────────────────────────────────────────────────


def status(world: World, uid: str | None) -> TestResponse:
    client = world.person(uid).client if uid else world.app().test_client()
    return client.get("/status")


@pytest.mark.parametrize(("uid", "code"), [("olga", 200), ("ann", 404), (None, 404)])
def test_the_status_page_is_there_for_operators_only(world: World, uid: str | None, code: int) -> None:
    world.operators = frozenset({"olga"})
    assert status(world, uid).status_code == code


def test_without_operators_it_is_there_for_nobody(world: World) -> None:
    assert status(world, "ann").status_code == 404


def test_on_a_laptop_its_person_sees_it_and_nobody_from_elsewhere(world: World) -> None:
    client = world.app(local_person="you").test_client()

    assert client.get("/status").status_code == 200
    assert client.get("/status", headers={"X-Forwarded-For": "203.0.113.5"}).status_code == 404
    assert client.get("/status", environ_overrides={"REMOTE_ADDR": "203.0.113.5"}).status_code == 404


def test_the_laptops_person_is_no_operator_when_they_come_from_elsewhere(world: World) -> None:
    you = Someone(world.app(local_person="you").test_client())
    you.post("/enter", {"token": entry_token(SECRET, "you")})
    from_elsewhere = you.client.get("/status", environ_overrides={"REMOTE_ADDR": "203.0.113.5"})

    assert from_elsewhere.status_code == 404
    assert you.client.get("/status").status_code == 200


def test_a_link_leads_operators_to_it_and_nobody_else(world: World) -> None:
    world.operators = frozenset({"olga"})

    assert 'href="/status"' in world.person("olga").get("/")
    assert 'href="/status"' not in world.person("ann").get("/")


def test_the_status_page_says_how_each_provider_is_doing(world: World) -> None:
    world.operators = frozenset({"olga"})
    world.allow(2000)
    world.allow(5, "steam")
    watched(world)
    page = text_of(status(world, "olga"))

    said = [line.strip() for line in page.splitlines()]
    assert re.search(
        r"<dt>Calls left</dt><dd>\d,\d+ of 2,000 calls are left in 24 hours, \d+ of them now</dd>", page
    )
    assert "<div><dt>Targets</dt><dd>1; a look at all takes 1 call</dd></div>" in said
    assert (
        "<div><dt>Looked at</dt><dd>about every minute on average, every minute at worst</dd></div>" in said
    )
    assert "<div><dt>Blind</dt><dd>none</dd></div>" in said
    assert "<div><dt>Last ticked</dt><dd>just now</dd></div>" in said
    assert "<div><dt>Watched</dt><dd>nothing yet</dd></div>" in said
    assert "<div><dt>SeatGeek</dt><dd>SEATGEEK_CLIENT_ID is not set</dd></div>" in said
    assert page.count('<p class="chip watching">On</p>') == 1


def test_the_status_page_warns_of_what_is_slow_blind_overloaded_or_not_running(world: World) -> None:
    world.operators = frozenset({"olga"})
    world.allow(1)
    watched(world)
    see_another(world)
    for number in range(1, 121):
        see_another(world, f"another{number:02}")
    world.later = timedelta(hours=2)
    page = text_of(status(world, "olga"))

    assert "Not being ticked" in page
    assert "122 targets not seen for longer than they should be" in page
    assert "122 targets less often than every 6 hours" in page
    assert "122 targets, and the quota allows 50 looks a day: some changes are never seen." in page


def test_the_status_page_names_no_person_and_no_watch(world: World) -> None:
    world.operators = frozenset({"olga"})
    world.allow(5000)
    watched(world)
    page = re.sub(r'name="csrf" value="[^"]*"', "", text_of(status(world, "olga")))

    assert not [word for word in ("ann", "Lakers", "w1", "vvG1zZ9abc", ITEM.id) if word in page]


def test_the_status_page_says_when_calls_are_left_again_and_since_when_nobody_answers(world: World) -> None:
    world.operators = frozenset({"olga"})
    world.allow(1)
    watched(world)
    document = world.documents.inner.get("boards/ticketmaster-0")
    assert document
    changes = {"down_since": world.now() - timedelta(minutes=5), "ledger": _spent(world)}
    world.documents.inner.commit(Update(document.path, changes, document.version))
    page = text_of(status(world, "olga"))

    assert "No answer for 5 min" in page
    assert "0 of 1 calls are left in 24 hours, none of them now, the next one at " in page


def _spent(world: World) -> object:
    budget = Budget(world.asked["ticketmaster"].quota, Ledger(), world.now(), sleep=lambda _: None)
    budget.take()
    return budget.ledger.to_document()
