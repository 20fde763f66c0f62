"""What a person may say of how they are told: read by one model, refused in words, and never lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifiers import contacts, preferences
from notifiers.preferences import Preferences, PreferencesRefusedError
from store.sqlite import SqliteDocuments
from tests.fakes import FaultyDocuments
from tests.notifiers.kit import an_alert, save_person
from watchers import alerts
from watchers.documents import Document, Update
from watchers.errors import ConflictError
from watchers.kinds import Channel
from watchers.models import Alert, AlertState

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
QUIET = {"from": "22:00", "to": "07:00"}


@pytest.fixture
def documents() -> FaultyDocuments:
    documents = FaultyDocuments(SqliteDocuments(":memory:"))
    save_person(documents)
    return documents


def kept(documents: FaultyDocuments) -> dict[str, Any]:
    found = documents.get("people/u1")
    assert found
    return dict(found.fields)


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({}, {}),
        ({"timezone": "Asia/Kathmandu"}, {"timezone": "Asia/Kathmandu"}),
        ({"language": "de"}, {"language": "de"}),
        ({"quiet_hours": {"from": "9:30", "to": "17:00"}}, {"quiet_hours": {"from": "09:30", "to": "17:00"}}),
        ({"quiet_hours": None}, {"quiet_hours": None}),
        ({"digest": "weekly", "digest_at": "18:30"}, {"digest": "weekly", "digest_at": "18:30"}),
        ({"per_day": 3, "per_watch": None}, {"per_day": 3, "per_watch": None}),
        ({"segments_per_month": 0}, {"segments_per_month": 0}),
        ({"failover": ["push", "email", "app"]}, {"failover": ["push", "email", "app"]}),
        ({"notify": ["app"]}, {"notify": ["app"]}),
    ],
)
def test_what_is_named_is_changed_as_it_is_stored_and_nothing_else(
    asked: dict[str, Any], named: dict[str, Any]
) -> None:
    assert preferences.read(asked) == named


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"timezone": "Mars/Olympus"}, "Choose a time zone of the list"),
        ({"timezone": "../etc/passwd"}, "Choose a time zone of the list"),
        ({"timezone": 3}, "cannot be understood"),
        ({"language": "xx"}, "English, Deutsch"),
        ({"quiet_hours": {"from": "24:00", "to": "07:00"}}, "time of day"),
        ({"quiet_hours": {"from": "07:00", "to": "7:00"}}, "another time than they begin"),
        ({"quiet_hours": {"from": "07:00"}}, "Write both times"),
        ({"quiet_hours": "22-7"}, "Write both times"),
        ({"digest": "hourly"}, "daily or weekly"),
        ({"digest_at": "noon"}, "time of day"),
        ({"per_day": 0}, "from 1 to 1000"),
        ({"per_day": 1.5}, "whole number"),
        ({"per_day": True}, "whole number"),
        ({"per_watch": "many"}, "whole number"),
        ({"segments_per_month": 10**9}, "from 0 to 10000"),
        ({"segments_per_month": 101}, "up to 100 a month"),
        ({"failover": ["pigeon"]}, "Choose out of"),
        ({"failover": ["email", "email"]}, "only once"),
        ({"notify": []}, "at least one way"),
        ({"plan": "enterprise"}, "no setting of this name"),
        ({"phone": "+14155550123"}, "no setting of this name"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(PreferencesRefusedError) as refused:
        preferences.read(asked, most_segments=100)

    assert list(refused.value.errors) == list(asked)
    assert said in refused.value.errors[next(iter(asked))]


def test_every_field_that_is_wrong_has_its_sentence() -> None:
    with pytest.raises(PreferencesRefusedError) as refused:
        preferences.read({"per_day": 0, "timezone": "x", "language": "de"})

    assert set(refused.value.errors) == {"per_day", "timezone"}


def test_every_zone_of_the_iana_may_be_chosen() -> None:
    assert {"America/New_York", "Europe/Berlin", "Asia/Kolkata", "UTC"} <= preferences.zones()
    assert len(preferences.zones()) > 500


def test_two_who_change_different_things_at_once_both_get_them(documents: FaultyDocuments) -> None:
    def stop(_: object) -> None:
        documents.before_commit = None
        known = documents.inner.get("people/u1")
        assert known
        documents.inner.commit(Update(known.path, {"opted_out_at": NOW, "language": "de"}, known.version))

    documents.before_commit = stop
    preferences.save(documents, "u1", {"per_day": 3}, NOW)

    assert kept(documents)["opted_out_at"] == NOW
    assert kept(documents)["language"] == "de"
    assert kept(documents)["per_day"] == 3


def test_who_is_changed_all_the_time_is_not_changed_for_ever(documents: FaultyDocuments) -> None:
    def always(_: object) -> None:
        known = documents.inner.get("people/u1")
        assert known
        documents.inner.commit(Update(known.path, {"n": documents.operations["reads"]}, known.version))

    documents.before_commit = always
    with pytest.raises(ConflictError):
        preferences.save(documents, "u1", {"per_day": 3}, NOW)


def held(documents: FaultyDocuments, why: str) -> Alert:
    alert = an_alert(state=AlertState.HELD, why=why, due_at=NOW + timedelta(hours=9))
    documents.commit(alerts.creation(alert))
    return alert


@pytest.mark.parametrize(
    ("why", "named", "is_due"),
    [
        ("quiet_hours", {"quiet_hours": None}, True),
        ("quiet_hours", {"timezone": "Asia/Tokyo"}, True),
        ("quiet_hours", {"per_day": 3}, False),
        ("digest", {"digest": None}, True),
        ("digest", {"digest": "weekly"}, False),
        ("digest", {"digest_at": "09:00"}, False),
        ("cap", {"quiet_hours": None, "digest": None}, False),
    ],
)
def test_what_waited_for_a_wish_that_is_gone_is_due(
    documents: FaultyDocuments, why: str, named: dict[str, Any], is_due: bool
) -> None:
    alert = held(documents, why)

    preferences.save(documents, "u1", named, NOW)

    document = documents.get(alerts.path(alert.id))
    assert document
    assert (document.fields["due_at"] == NOW) is is_due


STORED = st.fixed_dictionaries(
    {},
    optional={
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "Nowhere", 3]),
        "language": st.sampled_from(["en", "de", "tlh"]),
        "quiet_hours": st.sampled_from([None, QUIET, {"from": "07:00", "to": "07:00"}, {"from": 1}, "x"]),
        "digest": st.sampled_from([None, "daily", "weekly", "never"]),
        "digest_at": st.sampled_from([None, "08:00", "8", "25:00"]),
        "per_day": st.sampled_from([None, 0, 5, 10**7, -1, "x"]),
        "segments_per_month": st.sampled_from([None, 0, 5, 10**7]),
        "failover": st.sampled_from([None, ["email"], ["app", "sms"], ["pigeon"], []]),
        "notify": st.sampled_from([None, [], ["sms", "app"], "sms", ["pigeon"]]),
    },
)


@given(STORED)
def test_whatever_is_stored_can_be_shown_and_saved_again(stored: dict[str, Any]) -> None:
    known = preferences.of(Document("people/u1", stored, "1", NOW))

    again = preferences.read(known.model_dump(mode="json", by_alias=True))

    shown = preferences.of(Document("people/u1", again, "1", NOW))
    assert shown == known or known.failover == ()


def test_who_said_nothing_is_told_as_everybody_is() -> None:
    assert preferences.of(None) == Preferences()


def test_what_is_read_is_what_delivery_goes_by() -> None:
    named = preferences.read({"quiet_hours": QUIET, "digest": "daily", "failover": ["push", "app"]})

    person = contacts.from_document(Document("people/u1", named, "1", NOW))

    assert person.quiet_hours
    assert f"{person.quiet_hours.start:%H:%M}" == "22:00"
    assert person.digest == "daily"
    assert person.failover == (Channel.PUSH, Channel.APP)
