"""Finding one's watches, changing many at once, and having back all that was deleted with one button."""

import re

import pytest

from tests.web.kit import Someone, World, plain, text_of
from watchers.documents import Delete, Put
from web import monitors, snapshot


@pytest.fixture
def many(world: World) -> World:
    """Five of Ann's watches, two of them tagged; and one of Bob's."""
    for number in range(5):
        tags = ["concert"] if number < 2 else []
        world.put_watch(f"w{number}", name=f"Watch no{number}", tags=tags)
        world.copy(f"w{number}")
    world.put_watch("b1", "bob", name="Bob's")
    world.copy("b1", "bob")
    return world


def shown(page: str) -> list[str]:
    return re.findall(r'id="w-(\w+)"', page)


def press(ann: Someone, act: str, *ids: str, **fields: str) -> str:
    """A button of the form for many; the page it leads to."""
    return _post(ann, {"act": act, "watch": list(ids), **fields})


def _post(ann: Someone, fields: dict[str, object]) -> str:
    page = ann.client.get("/").get_data(as_text=True)
    token = re.findall(r'name="csrf" value="([^"]+)"', page)[0]
    answer = ann.client.post("/watches/bulk", data={"csrf": token, **fields}, follow_redirects=True)
    assert answer.status_code == 200, answer.status
    return text_of(answer)


# ── finding ──────────────────────────────────────────────────────────────────────────────────────────────


def test_words_states_and_tags_narrow_what_is_shown(many: World, ann: Someone) -> None:
    many.put_watch("w4", name="Paused one", status="paused")
    many.copy("w4")
    assert shown(ann.get("/?q=watch+no3")) == ["w3"]
    assert shown(ann.get("/?tag=Concert")) == ["w0", "w1"]
    assert shown(ann.get("/?state=paused")) == ["w4"]
    assert shown(ann.get("/?state=paused&state=watching&tag=concert&q=watch+no1")) == ["w1"]
    assert "None of your watches fits." in ann.get("/?q=nothing+like+that")
    page = plain(ann.get("/?tag=concert"))
    assert "Watching 2" in page
    assert "concert 2" in page
    assert "2 of 5 watches" in page


@pytest.mark.usefixtures("many")
def test_what_makes_no_sense_counts_as_not_said(ann: Someone) -> None:
    for nonsense in ("state=x", "sort=x", "page=-1", "page=x", "page=99", "tag=", "q=%00"):
        assert len(shown(ann.get(f"/?{nonsense}"))) in (5, 0 if nonsense == "q=%00" else 5)


@pytest.mark.usefixtures("many")
def test_orders_put_them_as_they_say(ann: Someone) -> None:
    assert shown(ann.get("/?sort=saved"))[0] == "w4"
    assert shown(ann.get("/?sort=name"))[0] == "w0"
    for sort in ("price", "told", "soon"):
        assert len(shown(ann.get(f"/?sort={sort}"))) == 5


@pytest.mark.usefixtures("many")
def test_a_chip_that_is_on_leads_to_the_page_without_it(ann: Someone) -> None:
    page = ann.get("/?tag=concert&state=watching&q=watch")
    chips = re.findall(r'<a class="choice-chip[^"]*" href="([^"]+)"( aria-current="true")?', page)
    assert ("/?q=watch&state=watching", ' aria-current="true"') in chips
    assert ("/?q=watch&tag=concert", ' aria-current="true"') in chips


# ── changing many ────────────────────────────────────────────────────────────────────────────────────────


def test_those_that_are_ticked_are_paused_and_resumed_and_no_others(many: World, ann: Someone) -> None:
    assert "Paused 2 watches." in press(ann, "pause", "w1", "w3", "b1", "none", "..")
    assert [one.fields["status"] for one in many.watches()] == [
        "active",
        "paused",
        "active",
        "paused",
        "active",
    ]
    assert many.watches("bob")[0].fields["status"] == "active"
    assert "Paused 2 watches." in press(ann, "pause", "w1", "w3")
    assert "Watching 1 watch again." in press(ann, "resume", "w1")
    assert many.watch("w1")["status"] == "active"


@pytest.mark.usefixtures("many")
def test_what_was_held_for_snoozes_is_let_go_of_at_once_and_only_of_those_that_were_resumed(
    ann: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[set[str]] = []

    def release(*_: object, watch_ids: set[str]) -> None:
        asked.append(watch_ids)

    monkeypatch.setattr(monitors, "release", release)
    press(ann, "snooze", "w1", "w2")
    press(ann, "pause", "w3")

    assert "Watching 4 watches again." in press(ann, "resume", "w1", "w2", "w3", "w4")

    assert asked == [{"w1", "w2", "w3"}]


def test_all_that_fit_are_meant_whatever_page_they_are_on(many: World, ann: Someone) -> None:
    page = press(ann, "pause", all="on", tag="concert")
    assert "Paused 2 watches." in page
    assert shown(page) == ["w0", "w1"]
    assert [one.fields["status"] for one in many.watches()].count("paused") == 2


def test_a_snooze_of_many_ends_in_a_day(many: World, ann: Someone) -> None:
    assert "Snoozed 2 watches for a day." in press(ann, "snooze", "w1", "w2")
    assert (many.watch("w1")["snoozed_until"] - many.now()).total_seconds() == pytest.approx(86_400, abs=60)


def test_tags_are_added_to_many_and_taken_from_many(many: World, ann: Someone) -> None:
    assert "Changed the tags of 2 watches." in press(ann, "tag", "w1", "w2", tags="London, concert")
    assert [many.watch(one)["tags"] for one in ("w1", "w2")] == [["concert", "London"], ["London", "concert"]]
    press(ann, "untag", "w1", "w2", tags="CONCERT")
    assert [many.watch(one)["tags"] for one in ("w1", "w2")] == [["London"], ["London"]]


def test_what_cannot_be_tagged_is_named_and_keeps_nobody_back(many: World, ann: Someone) -> None:
    plain_shape = {"eventId": "e1", "eventName": "Of the first days", "maxPrice": 90}
    many.documents.inner.commit(Put(many.watches()[0].path.rsplit("/", 1)[0] + "/old", plain_shape))
    page = press(ann, "tag", "w1", "old", tags="London")
    assert "Changed the tags of 1 watch." in page
    assert "“Of the first days”: This watch has no place for tags yet." in page


@pytest.mark.parametrize("tags", ["", "x" * 31])
def test_tags_that_are_none_change_nothing_and_say_so(many: World, ann: Someone, tags: str) -> None:
    page = press(ann, "tag", "w1", tags=tags)
    assert "note warn" in page
    assert many.watch("w1")["tags"] == ["concert"]


@pytest.mark.usefixtures("many")
def test_a_button_without_a_tick_says_so(ann: Someone) -> None:
    assert "Tick at least one watch first." in press(ann, "pause")


def test_of_many_those_that_somebody_else_wrote_meanwhile_are_changed_too(many: World, ann: Someone) -> None:
    slipped: list[int] = []

    def rename(writes: tuple[object, ...]) -> None:
        if not slipped and len(writes) > 1:
            slipped.append(1)
            many.put_watch("w2", name="Renamed")

    many.documents.before_commit = rename
    press(ann, "pause", "w1", "w2", "w3")
    assert slipped
    assert [many.watch(one)["status"] for one in ("w1", "w2", "w3")] == ["paused"] * 3
    assert many.watch("w2")["name"] == "Renamed"


def test_of_many_that_somebody_else_wrote_meanwhile_it_is_said_what_became_of_each(
    many: World, ann: Someone
) -> None:
    folder = many.watches()[0].path.rsplit("/", 1)[0]
    slipped: list[int] = []

    def write(writes: tuple[object, ...]) -> None:
        if not slipped and len(writes) > 1:
            slipped.append(1)
            old = {"eventId": "e1", "eventName": "Of the first days", "maxPrice": 90}
            many.documents.inner.commit(Put(f"{folder}/w2", old), Delete(f"{folder}/w3"))

    many.documents.before_commit = write
    page = press(ann, "tag", "w1", "w2", "w3", tags="London")
    assert slipped
    assert "Changed the tags of 1 watch." in page
    assert "“Of the first days”: This watch has no place for tags yet." in page
    assert many.watch("w1")["tags"] == ["concert", "London"]


# ── deleting many ────────────────────────────────────────────────────────────────────────────────────────


def test_many_are_deleted_and_all_come_back_with_one_button(many: World, ann: Someone) -> None:
    before = {one.id: dict(one.fields) for one in many.watches()}
    page = press(ann, "delete", all="on")
    assert "5 watches are deleted." in page
    assert many.watches() == []
    undo = re.findall(r'name="undo" value="([^"]+)"', page)[0]
    address = re.findall(r'action="(/watches/[^"]+/undo)"', page)[0]
    for _ in range(2):
        assert ann.post(address, {"undo": undo}).status_code == 303
    assert {one.id: dict(one.fields) for one in many.watches()} == before
    assert "They are back, as they were." in ann.get("/")


def test_what_changed_while_many_were_deleted_comes_back_as_it_stood_last(many: World, ann: Someone) -> None:
    slipped: list[int] = []

    def rename(writes: tuple[object, ...]) -> None:
        if not slipped and any(isinstance(one, Delete) for one in writes):
            slipped.append(1)
            many.put_watch("w2", name="Renamed")

    many.documents.before_commit = rename
    page = press(ann, "delete", "w1", "w2")
    assert slipped
    assert "2 watches are deleted." in page
    assert [one.id for one in many.watches()] == ["w0", "w3", "w4"]
    undo = re.findall(r'name="undo" value="([^"]+)"', page)[0]
    ann.post("/watches/w1/undo", {"undo": undo})
    assert many.watch("w2")["name"] == "Renamed"


def test_two_hundred_come_back_with_one_button(world: World, ann: Someone) -> None:
    for number in range(200):
        world.put_watch(f"w{number}", name=f"Watch {number} of a long evening")
    snapshot.mark(world.documents.inner, "ann")
    page = press(ann, "delete", all="on")
    assert "200 watches are deleted." in page
    undo = re.findall(r'name="undo" value="([^"]+)"', page)[0]
    address = re.findall(r'action="(/watches/[^"]+/undo)"', page)[0]
    assert ann.post(address, {"undo": undo}).status_code == 303
    assert len(world.watches()) == 200


# ── the tags of one ──────────────────────────────────────────────────────────────────────────────────────


def test_the_tags_of_one_watch_are_written_anew(many: World, ann: Someone) -> None:
    answer = ann.post("/watches/w0/tags", {"tags": "London, with Ann"})
    assert (answer.status_code, answer.location) == (303, "/#w-w0")
    assert many.watch("w0")["tags"] == ["London", "with Ann"]
    assert "with Ann" in ann.get("/")
    ann.post("/watches/w0/tags", {"tags": "x" * 31})
    assert "is too long" in ann.get("/")
    assert ann.post("/watches/b1/tags", {"tags": "mine"}).status_code == 404
    assert "mine" not in str(many.watches("bob")[0].fields)


def test_pausing_what_has_ended_says_so(world: World, ann: Someone) -> None:
    world.put_watch("w1", status="ended")
    world.put_watch("w2")
    page = press(ann, "pause", "w1", "w2")
    assert "Paused 1 watch." in page
    assert "has ended already" in page
    assert (world.watch("w1")["status"], world.watch("w2")["status"]) == ("ended", "paused")
