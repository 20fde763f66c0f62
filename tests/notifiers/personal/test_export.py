"""A copy of everything: one JSON document in a shape that is promised, whatever the account holds."""

import json
from typing import Any

import pytest

from notifiers.personal.export import export
from store.firestore import FirestoreDocuments
from store.sqlite import SqliteDocuments
from tests.notifiers.personal.life import EMAIL, NOW, PHONE, PLACES, UID, Remembering, live
from watchers.documents import Documents


@pytest.fixture
def documents() -> Remembering:
    return Remembering(SqliteDocuments(":memory:"))


def exported(documents: Documents, uid: str = UID) -> dict[str, Any]:
    found: dict[str, Any] = json.loads("".join(export(documents, PLACES, uid, NOW)))
    return found


def test_the_copy_has_everything_by_name(documents: Remembering) -> None:
    live(documents, told=3)

    copy = exported(documents)

    assert (copy["format"], copy["version"]) == ("ticket-scout.my-data", 1)
    assert copy["person"] == UID
    assert copy["profile"]["phone"] == PHONE
    assert copy["profile"]["email"] == EMAIL
    assert copy["profile"]["consents"][0]["text"] == "v1"
    assert copy["profile"]["searches"] == [{"keyword": "Lakers"}]
    assert [one["name"] for one in copy["watches"]] == ["Ann's secret wish"] * 2
    assert {one["id"] for one in copy["watches"]} == {one["id"] for one in copy["memory"]}
    assert len(copy["statuses"]) == 2
    assert [one["state"] for one in copy["alerts"]] == ["delivered", "sending", "pending"]
    assert copy["tokens"][0]["name"] == "My script"
    assert copy["texts_from_you"][0]["verb"] == "why"
    assert copy["counted"][0]["segments"] == 3


def test_what_guards_the_account_is_not_in_it(documents: Remembering) -> None:
    live(documents)

    text = "".join(export(documents, PLACES, UID, NOW))

    assert "bot-token" not in text
    assert json.loads(text)["profile"]["push"] == "tgram://…"
    assert "digest-of-token" not in text
    assert "-proof" not in text


def test_nobody_else_is_in_it(documents: Remembering) -> None:
    live(documents)
    live(documents, "somebody-else")

    assert "somebody-else" not in "".join(export(documents, PLACES, UID, NOW))


def test_an_account_that_holds_nothing_is_a_copy_as_well(documents: Remembering) -> None:
    copy = exported(documents)

    assert copy["profile"] == {}
    assert copy["watches"] == copy["alerts"] == []


def test_thousands_of_alerts_are_all_in_it_each_once(documents: Remembering) -> None:
    live(documents, told=1001)

    copy = exported(documents)

    assert len({one["id"] for one in copy["alerts"]}) == len(copy["alerts"]) == 1001


def test_firestore_tells_the_same(documents: Remembering, firestore_documents: FirestoreDocuments) -> None:
    live(documents, told=5)
    live(firestore_documents, told=5)

    kept, told = exported(documents), exported(firestore_documents)

    for copy in (kept, told):
        for one in (*copy["memory"], *copy["statuses"]):  # times of the databases
            one.pop("source_updated_at")
            one.pop("rule_version", None)
            one.pop("updated_at", None)
    assert told == kept
