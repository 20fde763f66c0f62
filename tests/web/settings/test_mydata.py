"""A copy of everything and the end of everything, asked for on a page."""

import json
from datetime import timedelta

import pytest

from notifiers.personal import erasure
from tests.web.kit import PLACES, Someone, World, errors_of, text_of
from watchers.documents import Query, Update
from web.entry import entry_token

SECRET = "for tests only"


@pytest.fixture
def ann(world: World) -> Someone:
    world.reach()
    world.put_watch("w1")
    world.copy("w1")
    world.told("K7Q28M4X")
    return world.person("ann")


def test_the_pages_need_somebody_who_is_signed_in(world: World) -> None:
    nobody = Someone(world.app().test_client())

    assert nobody.client.get("/settings/data").status_code == 401
    assert nobody.post("/settings/data/export").status_code == 401
    assert nobody.post("/settings/data/erase", {"word": "delete"}).status_code == 401


def test_a_copy_is_a_file_of_json(ann: Someone) -> None:
    answer = ann.post("/settings/data/export")

    assert answer.mimetype == "application/json"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="ticket-scout-')
    copy = json.loads(answer.get_data())
    assert [one["id"] for one in copy["watches"]] == ["w1"]
    assert len(copy["alerts"]) == 1


def test_a_copy_is_not_made_all_day(ann: Someone) -> None:
    codes = [ann.post("/settings/data/export").status_code for _ in range(6)]

    assert codes == [200] * 5 + [303]
    assert "Try again in 60 minutes." in ann.get("/settings/data")


def test_a_database_that_is_away_is_said_on_a_page(world: World, ann: Someone) -> None:
    ann.get("/settings/data")
    world.documents.down = True

    assert ann.post("/settings/data/export").status_code == 503


def test_what_goes_and_what_remains_is_said_before(ann: Someone) -> None:
    page = ann.get("/settings/data")

    for said in ("At once", "Within 100 days", "From backups", "For 4 years", "Not ours to delete"):
        assert said in page


@pytest.mark.parametrize("typed", ["", "yes", "delete everything", "<b>delete</b>"])
def test_without_the_word_nothing_is_deleted(world: World, ann: Someone, typed: str) -> None:
    answer = ann.post("/settings/data/erase", {"word": typed})

    assert answer.status_code == 422
    assert "Type the word “delete”" in errors_of(answer)["word"]
    assert world.fields("people/ann")["phone"]
    assert "<b>" not in answer.get_data(as_text=True)


def test_with_the_word_everything_is_deleted_and_nobody_is_signed_in(world: World, ann: Someone) -> None:
    answer = ann.post("/settings/data/erase", {"word": " Delete "})

    assert answer.status_code == 200
    assert "are deleted" in text_of(answer)
    assert ann.client.get("/settings").status_code == 401
    assert world.watches() == []
    assert world.documents.find(Query("alerts")) == []
    assert not any(world.fields("people/ann").get(name) for name in ("phone", "timezone"))


def test_what_breaks_off_is_said_and_is_gone_on_with(world: World, ann: Someone) -> None:
    def fail_later(_: object) -> None:
        world.documents.down = world.documents.inner.get("erasures/ann") is not None

    world.documents.before_commit = fail_later
    answer = ann.post("/settings/data/erase", {"word": "delete"})

    assert answer.status_code == 200
    assert "within the hour" in text_of(answer)
    world.documents.down = False
    assert not world.fields("people/ann")["phone"]


def test_before_it_has_begun_nothing_is_promised(world: World, ann: Someone) -> None:
    ann.get("/settings/data")
    world.documents.down = True

    assert ann.post("/settings/data/erase", {"word": "delete"}).status_code == 503
    world.documents.down = False
    assert world.fields("people/ann")["phone"]


def test_who_has_signed_in_anew_and_saves_a_watch_keeps_it(world: World, ann: Someone) -> None:
    ann.post("/settings/data/erase", {"word": "delete"})
    world.later += timedelta(seconds=1)
    ann.post("/enter", {"token": entry_token(SECRET, "ann")})

    ann.save()

    assert world.fields("people/ann")["erased_at"] is None
    assert len(world.watches()) == 1


def test_who_is_back_before_it_is_over_is_asked_to_wait_and_may_go_on_with_it(
    world: World, ann: Someone
) -> None:
    ann.get("/")
    erasure.begin(world.documents.inner, "ann", world.now())  # and it breaks off
    world.later += timedelta(seconds=1)
    ann.post("/enter", {"token": entry_token(SECRET, "ann")})

    refused = ann.post("/settings", {"per_day": "3"})
    by_program = ann.client.patch("/api/v1/me", json={})
    assert (refused.status_code, by_program.status_code) == (409, 409)
    assert "Try again in some minutes" in text_of(refused)
    assert "Try again in some minutes" in by_program.get_json()["detail"]
    assert world.fields("people/ann")["erased_at"]

    assert ann.post("/settings/data/erase", {"word": "delete"}).status_code == 200
    world.later += timedelta(seconds=1)
    ann.post("/enter", {"token": entry_token(SECRET, "ann")})
    ann.save()
    assert len(world.watches()) == 1


def test_looking_at_a_page_makes_nobody_somebody_new(world: World, ann: Someone) -> None:
    ann.post("/settings/data/erase", {"word": "delete"})
    ann.post("/enter", {"token": entry_token(SECRET, "ann")})

    ann.get("/")

    assert world.fields("people/ann")["erased_at"]


def test_another_persons_data_is_neither_told_nor_deleted(world: World, ann: Someone) -> None:
    world.reach("bob")
    world.put_watch("w2", "bob")
    world.told("B7Q28M4X", uid="bob")

    copy = ann.post("/settings/data/export").get_data(as_text=True)
    ann.post("/settings/data/erase", {"word": "delete"})

    assert "bob" not in copy
    assert world.documents.get(PLACES.source("bob", "w2"))
    assert len(world.documents.find(Query("alerts"))) == 1


def test_a_number_that_is_changed_meanwhile_is_deleted_as_well(world: World, ann: Someone) -> None:
    def change(_: object) -> None:
        world.documents.before_commit = None
        known = world.documents.inner.get("people/ann")
        assert known
        world.documents.inner.commit(Update(known.path, {"email": "new@example.com"}, known.version))

    ann.get("/settings/data")
    world.documents.before_commit = change
    ann.post("/settings/data/erase", {"word": "delete"})

    assert not world.fields("people/ann")["email"]


def test_other_devices_are_signed_out_and_can_still_use_pages_that_need_nobody(
    world: World, ann: Someone
) -> None:
    other = world.person("ann")
    world.later += timedelta(seconds=1)

    ann.post("/settings/data/erase", {"word": "delete"})

    assert other.client.get("/").status_code == 401
    assert other.post("/settings", {"per_day": "3"}).status_code == 401
    assert other.post("/leave").status_code == 200
    assert world.fields("people/ann")["erased_at"]
