"""Watches over the API: made once, read, changed by whoever read them last, deleted; nobody else's."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.web.api.kit import WATCH, Program, pointers, problem, program
from tests.web.kit import PLACES, World
from watchers.documents import Delete, Put
from watchers.tiers import Tier
from web import membership


def test_what_is_made_is_what_the_form_would_make(world: World, anns: Program) -> None:
    answer = anns.post("/watches", WATCH)
    assert answer.status_code == 201
    made = answer.get_json()
    assert answer.headers["Location"] == f"/api/v1/watches/{made['id']}"
    stored = world.watch(made["id"])
    assert stored == {
        "name": "Lakers v Warriors under $90",
        "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
        "conditions": [{"kind": "below", "price": "90", "currency": "USD"}],
        "already_true": "tell",
        "notify": ["sms", "email"],
        "status": "active",
    }
    assert world.copy(made["id"]) == "copied"
    assert anns.get(f"/watches/{made['id']}").get_json() == made


def test_the_same_watch_twice_says_so(anns: Program) -> None:
    first = anns.save()
    answer = anns.post("/watches", {**WATCH, "name": "Another name"})
    assert "You already have this" in problem(answer, 409)["detail"]
    assert answer.headers["Location"] == f"/api/v1/watches/{first}"


def test_more_than_one_can_have_are_refused(
    world: World, anns: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "tier", lambda: Tier(watches=1))
    anns.save()
    problem(anns.post("/watches", {**WATCH, "target": {"provider": "steam", "item": "620"}}), 409)
    assert len(world.watches()) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""), ("PUT", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume"),
        ("POST", "/snooze"), ("POST", "/bought"), ("GET", "/state"), ("GET", "/history"), ("GET", "/why"),
        ("GET", "/alerts"),
    ],
)  # fmt: skip
def test_somebody_elses_watch_is_not_there(
    world: World, anns: Program, bobs: Program, method: str, path: str
) -> None:
    watch_id = anns.save()
    before = world.watch(watch_id)
    bodies = {"PUT": WATCH, "PATCH": {"name": "mine"}}
    until = {"until": (world.now() + timedelta(days=1)).isoformat()}
    body = bodies.get(method, until if path == "/snooze" else None)
    sent = {} if body is None else {"json": body}
    theirs = bobs.ask(method, f"/watches/{watch_id}{path}", **sent)
    nobodys = bobs.ask(method, f"/watches/nothing{path}", **sent)
    assert problem(theirs, 404) == problem(nobodys, 404)
    assert world.watch(watch_id) == before


@pytest.mark.parametrize("watch_id", ["..", ".", "__x__", "%2e%2e", "a%2Fb", "%00", "x" * 201, "\u202e"])
def test_an_id_that_can_be_none_is_not_there(anns: Program, watch_id: str) -> None:
    assert anns.get(f"/watches/{watch_id}").status_code == 404


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────


def _pages(anns: Program, path: str, name: str, limit: int) -> Iterator[list[str]]:
    cursor = ""
    while True:
        page = anns.get(f"{path}?limit={limit}{cursor}").get_json()
        yield [one["id"] for one in page[name]]
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 6, 100])
def test_pages_hold_everything_once(world: World, anns: Program, limit: int) -> None:
    for number in range(5):
        world.put_watch(f"w{number}")
    pages = list(_pages(anns, "/watches", "watches", limit))
    assert [one for page in pages for one in page] == [f"w{number}" for number in range(5)]
    assert all(len(page) <= limit for page in pages)
    assert all(pages)


def test_a_watch_that_goes_between_two_pages_takes_no_other_with_it(world: World, anns: Program) -> None:
    for number in range(5):
        world.put_watch(f"w{number}")
    pages = _pages(anns, "/watches", "watches", 2)
    assert next(pages) == ["w0", "w1"]
    anns.ask("DELETE", "/watches/w0")
    assert next(pages) == ["w2", "w3"]
    assert next(pages) == ["w4"]


def test_a_cursor_is_for_its_person_and_its_list(world: World, anns: Program, bobs: Program) -> None:
    for number in range(3):
        world.put_watch(f"w{number}")
    cursor = anns.get("/watches?limit=1").get_json()["next"]
    assert pointers(bobs.get(f"/watches?cursor={cursor}")).keys() == {"cursor"}
    assert pointers(anns.get(f"/alerts?cursor={cursor}")).keys() == {"cursor"}
    assert pointers(anns.get(f"/watches?cursor={cursor[:-1]}")).keys() == {"cursor"}


# ── changing ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_patch_changes_what_it_names_and_null_takes_away(world: World, anns: Program) -> None:
    watch_id = anns.save(tags=["december"], filters={"basis": "face"})
    changed = anns.ask("PATCH", f"/watches/{watch_id}", json={"name": "Better seats", "filters": None})
    watch = changed.get_json()["watch"]
    assert (watch["name"], watch["tags"], watch["filters"]["basis"]) == ("Better seats", ["december"], None)
    assert world.copy(watch_id) == "copied"
    assert anns.ask("PATCH", f"/watches/{watch_id}", json={"tags": None}).get_json()["watch"]["tags"] == []


def test_a_patch_may_be_sent_as_a_merge_patch(anns: Program) -> None:
    watch_id = anns.save()
    answer = anns.ask(
        "PATCH", f"/watches/{watch_id}", data='{"name": "New"}', content_type="application/merge-patch+json"
    )
    assert answer.get_json()["name"] == "New"


def test_a_patch_that_leaves_no_watch_is_refused(world: World, anns: Program) -> None:
    watch_id = anns.save()
    before = world.watch(watch_id)
    patches: list[dict[str, object]] = [
        {"conditions": []},
        {"target": None},
        {"owner": "bob"},
        {"conditions": None},
    ]
    for patch in patches:
        problem(anns.ask("PATCH", f"/watches/{watch_id}", json=patch), 422)
    assert world.watch(watch_id) == before


def test_replacing_forgets_what_is_not_said_again(anns: Program) -> None:
    watch_id = anns.save(tags=["a"], filters={"basis": "face"})
    anns.ask("PUT", f"/watches/{watch_id}", json={**WATCH, "name": "New"})
    watch = anns.get(f"/watches/{watch_id}").get_json()["watch"]
    assert (watch["name"], watch["tags"], watch["filters"]["basis"]) == ("New", [], None)


def test_a_watch_of_the_first_generation_is_shown_and_replaced_as_a_whole(
    world: World, anns: Program
) -> None:
    plain = {"eventId": "vvG1zZ9abc", "eventName": "Old", "maxPrice": 90, "status": "ACTIVE"}
    world.documents.inner.commit(Put(PLACES.source("ann", "old"), plain))
    assert anns.get("/watches/old").get_json()["watch"]["target"]["item"] == "vvG1zZ9abc"
    problem(anns.ask("PATCH", "/watches/old", json={"name": "New"}), 409)
    assert anns.ask("PUT", "/watches/old", json=WATCH).status_code == 200
    assert "eventId" not in world.watch("old")


def test_replacing_a_watch_as_a_whole_brings_back_none_that_is_gone(world: World, anns: Program) -> None:
    path = PLACES.source("ann", "old")
    world.documents.inner.commit(Put(path, {"eventId": "vvG1zZ9abc", "eventName": "Old", "maxPrice": 90}))

    def meanwhile(_: tuple[object, ...]) -> None:
        world.documents.before_commit = None
        world.documents.inner.commit(Delete(path))

    world.documents.before_commit = meanwhile
    problem(anns.ask("PUT", "/watches/old", json=WATCH), 404)
    assert world.watches() == []


def test_a_document_that_is_no_watch_is_shown_as_none_and_can_be_paused_and_deleted(
    world: World, anns: Program
) -> None:
    world.documents.inner.commit(Put(PLACES.source("ann", "odd"), {"name": "Odd", "colour": "red"}))
    assert anns.get("/watches/odd").get_json()["watch"] is None
    assert anns.post("/watches/odd/pause").status_code == 200
    assert anns.ask("DELETE", "/watches/odd").status_code == 204


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(world: World, anns: Program) -> None:
    watch_id = anns.save()
    tag = anns.get(f"/watches/{watch_id}").headers["ETag"]
    mine = anns.ask("PATCH", f"/watches/{watch_id}", {"If-Match": tag}, json={"name": "First"})
    assert mine.status_code == 200
    assert mine.headers["ETag"] != tag
    for method, path, sent in (
        ("PATCH", "", {"json": {"name": "Second"}}),
        ("PUT", "", {"json": WATCH}),
        ("POST", "/pause", {}),
        ("DELETE", "", {}),
    ):
        problem(anns.ask(method, f"/watches/{watch_id}{path}", {"If-Match": tag}, **sent), 412)
    assert world.watch(watch_id)["name"] == "First"
    assert anns.ask("DELETE", f"/watches/{watch_id}", {"If-Match": mine.headers["ETag"]}).status_code == 204


def test_what_one_has_already_is_not_sent_again(anns: Program) -> None:
    watch_id = anns.save()
    tag = anns.get(f"/watches/{watch_id}").headers["ETag"]
    again = anns.ask("GET", f"/watches/{watch_id}", {"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
    anns.post(f"/watches/{watch_id}/pause")
    assert anns.ask("GET", f"/watches/{watch_id}", {"If-None-Match": tag}).status_code == 200


def test_two_changes_at_once_are_both_kept(world: World, anns: Program) -> None:
    watch_id = anns.save()
    patches = [{"name": "New"}, {"tags": ["a"]}, {"already_true": "wait"}]
    programs = [program(world) for _ in patches]
    with ThreadPoolExecutor(3) as pool:
        answers = list(
            pool.map(
                lambda ours, patch: ours.ask("PATCH", f"/watches/{watch_id}", json=patch), programs, patches
            )
        )
    assert {answer.status_code for answer in answers} == {200}
    watch = world.watch(watch_id)
    assert (watch["name"], watch["tags"], watch["already_true"]) == ("New", ["a"], "wait")


# ── in one word ──────────────────────────────────────────────────────────────────────────────────────────


def test_pause_resume_and_bought_may_be_said_twice(world: World, anns: Program) -> None:
    watch_id = anns.save()
    for verb, status in (("pause", "paused"), ("resume", "active"), ("bought", "ended")):
        for _ in range(2):
            answer = anns.post(f"/watches/{watch_id}/{verb}")
            assert answer.get_json()["watch"]["status"] == status
        assert world.watch(watch_id)["status"] == status


def test_snoozing_is_until_a_time_that_is_to_come(world: World, anns: Program) -> None:
    watch_id = anns.save()
    until = world.now() + timedelta(hours=3)
    answer = anns.post(f"/watches/{watch_id}/snooze", {"until": until.isoformat()})
    assert world.watch(watch_id)["snoozed_until"] == until
    assert answer.get_json()["watch"]["snoozed_until"] == until.isoformat().replace("+00:00", "Z")
    for wrong in (world.now() - timedelta(minutes=1), world.now() + timedelta(days=400)):
        refused = anns.post(f"/watches/{watch_id}/snooze", {"until": wrong.isoformat()})
        assert pointers(refused).keys() == {"/until"}
    assert pointers(anns.post(f"/watches/{watch_id}/snooze", {"until": "2026-12-31T18:00:00"})).keys() == {
        "/until"
    }


def test_a_deleted_watch_is_gone_and_stays_gone(world: World, anns: Program) -> None:
    watch_id = anns.save()
    assert anns.ask("DELETE", f"/watches/{watch_id}").status_code == 204
    problem(anns.get(f"/watches/{watch_id}"), 404)
    problem(anns.ask("DELETE", f"/watches/{watch_id}"), 404)
    assert world.watches() == []


def test_a_watch_that_changes_while_it_is_deleted_is_deleted_only_by_who_meant_that(
    world: World, anns: Program
) -> None:
    watch_id = anns.save()
    read = anns.get(f"/watches/{watch_id}").headers["ETag"]
    changed: list[str] = []

    def meanwhile(writes: tuple[object, ...]) -> None:
        if not changed and any(isinstance(one, Delete) for one in writes):
            changed.append(watch_id)
            world.put_watch(watch_id, name="Changed")

    world.documents.before_commit = meanwhile
    problem(anns.ask("DELETE", f"/watches/{watch_id}", {"If-Match": read}), 412)
    assert changed
    assert world.watch(watch_id)["name"] == "Changed"
    changed.clear()
    assert anns.ask("DELETE", f"/watches/{watch_id}").status_code == 204
    assert world.watches() == []


def test_who_does_not_say_how_is_told_by_what_works(world: World, anns: Program) -> None:
    asked = {name: value for name, value in WATCH.items() if name != "notify"}
    world.reach("ann", phone=None, email="ann@mail.example", email_verified_at=world.now())
    made = anns.post("/watches", asked).get_json()
    assert world.watch(made["id"])["notify"] == ["email"]
    world.reach("ann", phone=None)
    other = anns.post("/watches", asked | {"target": {"provider": "ticketmaster", "item": "another"}})
    assert world.watch(other.get_json()["id"])["notify"] == ["app"]
