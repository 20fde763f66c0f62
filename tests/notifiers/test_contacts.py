"""Whom to reach and how: what stands in ``people/{uid}``, read with care."""

from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

import pytest

from notifiers import contacts
from notifiers.errors import Fault, NotifierRejectedError
from store.sqlite import SqliteDocuments
from watchers.documents import Document, Put, Update
from watchers.kinds import Channel
from watchers.models import Every, Person, QuietHours

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SMS, EMAIL, PUSH, APP = Channel.SMS, Channel.EMAIL, Channel.PUSH, Channel.APP
ALL = Person(
    "u1",
    phone="+15005550006",
    phone_verified_at=NOW,
    email="al@example.org",
    email_verified_at=NOW,
    push_url="ntfys://ntfy.sh/topic",
    push_verified_at=NOW,
)


def read(**fields: Any) -> Person:
    return contacts.from_document(Document("people/u1", fields, "1", NOW))


# ── what is stored ───────────────────────────────────────────────────────────────────────────────────────


def test_every_wish_is_read() -> None:
    person = read(
        quiet_hours={"from": "22:00", "to": "07:00"},
        digest="weekly",
        digest_at="18:30",
        per_day=20,
        per_watch=6,
        failover=["push", "email"],
        segments_per_month=50,
    )

    assert person == Person(
        "u1",
        quiet_hours=QuietHours(time(22), time(7)),
        digest=Every.WEEKLY,
        digest_at=time(18, 30),
        per_day=20,
        per_watch=6,
        failover=(PUSH, EMAIL),
        segments_per_month=50,
    )


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("quiet_hours", None),
        ("quiet_hours", "22:00-07:00"),
        ("quiet_hours", {"from": "22:00"}),
        ("quiet_hours", {"from": "22:00", "to": "late"}),
        ("quiet_hours", {"from": 22, "to": 7}),
        ("quiet_hours", []),
        ("digest", None),
        ("digest", "hourly"),
        ("digest", ["daily"]),
        ("digest_at", None),
        ("digest_at", "noon"),
        ("digest_at", 8),
        ("failover", None),
        ("failover", "email"),
        ("failover", ["pigeon"]),
        ("failover", 3),
        ("per_day", None),
        ("per_watch", None),
        ("segments_per_month", None),
    ],
)
def test_a_wish_that_cannot_be_read_counts_as_not_said(name: str, stored: Any) -> None:
    assert read(**{name: stored}) == Person("u1")


@pytest.mark.parametrize("name", ["per_day", "per_watch", "segments_per_month", "texts_granted"])
@pytest.mark.parametrize("stored", ["20", "many", -1, True, 1.5, [20]])
def test_a_count_that_is_none_counts_as_not_said(name: str, stored: Any) -> None:
    assert read(**{name: stored}) == Person("u1")


@pytest.mark.parametrize("stored", ["22:00+02:00", "22:00Z"])
def test_an_hour_is_one_of_the_persons_own_clock(stored: str) -> None:
    assert read(quiet_hours={"from": stored, "to": "07:00"}, digest_at=stored) == Person("u1")


def test_what_a_person_has_no_field_for_is_left_alone() -> None:
    assert read(nickname="Al", consents=["x"], uid="u2") == Person("u1")


def test_an_unknown_zone_is_utc() -> None:
    assert [str(contacts.zone_of(Person("u1", timezone=zone))) for zone in ("Mars/Base", "", "../x")] == [
        "UTC"
    ] * 3


# ── where to ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("channel", "contact"),
    [(SMS, "+15005550006"), (EMAIL, "al@example.org"), (PUSH, "ntfys://ntfy.sh/topic")],
)
def test_a_verified_contact_is_used(channel: Channel, contact: str) -> None:
    assert contacts.address(ALL, channel) == contact


@pytest.mark.parametrize(
    ("channel", "without", "code"),
    [
        (SMS, {"phone_verified_at": None}, "no_verified_phone"),
        (EMAIL, {"email_verified_at": None}, "no_verified_email"),
        (PUSH, {"push_verified_at": None}, "no_verified_push"),
        (SMS, {"opted_out_at": NOW}, "opted_out"),
    ],
)
def test_any_other_is_refused(channel: Channel, without: dict[str, Any], code: str) -> None:
    with pytest.raises(NotifierRejectedError) as refused:
        contacts.address(replace(ALL, **without), channel)

    assert refused.value.code == code


@pytest.mark.parametrize("channel", [SMS, EMAIL, PUSH])
def test_who_has_no_contact_at_all_cannot_be_reached_but_on_their_page(channel: Channel) -> None:
    with pytest.raises(NotifierRejectedError) as refused:
        contacts.address(Person("u1"), channel)

    assert refused.value.code == "no_verified_contact"
    assert contacts.is_reachable(Person("u1"), APP)
    assert not contacts.is_reachable(Person("u1"), channel)


@pytest.mark.parametrize(
    ("failover", "failed", "also", "after"),
    [
        ((EMAIL, APP), SMS, (), EMAIL),
        ((EMAIL, APP), SMS, (EMAIL,), None),
        ((EMAIL, APP), EMAIL, (SMS,), APP),
        ((PUSH, EMAIL), SMS, (), PUSH),
        ((PUSH, EMAIL), PUSH, (), EMAIL),
        ((PUSH, EMAIL), EMAIL, (PUSH,), APP),
        ((), SMS, (), APP),
        ((APP,), SMS, (EMAIL,), APP),
        ((EMAIL,), APP, (), None),
    ],
)
def test_who_takes_over_is_the_next_in_the_persons_order(
    failover: tuple[Channel, ...], failed: Channel, also: tuple[Channel, ...], after: Channel | None
) -> None:
    assert contacts.successor(replace(ALL, failover=failover), failed, also) is after


def test_a_way_that_does_not_work_takes_nothing_over() -> None:
    assert contacts.successor(replace(ALL, email_verified_at=None), SMS, ()) is APP


# ── what is remembered ───────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def documents() -> SqliteDocuments:
    database = SqliteDocuments(":memory:")
    database.commit(
        Put(
            "people/u1",
            contacts.vouched({}, phone="+15005550006", email="al@example.org", push="ntfys://h/t", now=NOW),
        )
    )
    return database


@pytest.mark.parametrize(
    ("channel", "name"), [(SMS, "phone"), (EMAIL, "email"), (PUSH, "push")], ids=["sms", "email", "push"]
)
def test_a_contact_that_is_refused_for_good_is_not_used_again_until_it_is_vouched_for(
    documents: SqliteDocuments, channel: Channel, name: str
) -> None:
    person = contacts.find(documents, "u1")

    contacts.remember(documents, person, channel, Fault.BAD_CONTACT, "550", NOW)

    marked = contacts.find(documents, "u1")
    assert not contacts.is_reachable(marked, channel)
    assert getattr(marked, f"{name}_problem") == "550"
    kept = documents.get("people/u1")
    assert kept
    again = contacts.vouched(kept.fields, **{name: kept.fields[contacts._CONTACTS[channel]]}, now=NOW)  # noqa: SLF001
    assert contacts.is_reachable(read(**again), channel)


def test_an_address_that_is_vouched_for_is_kept_in_lower_case() -> None:
    assert contacts.vouched({}, email="Bob@Example.org", now=NOW)["email"] == "bob@example.org"


def test_an_opt_out_that_the_vendor_tells_of_is_the_vendors(documents: SqliteDocuments) -> None:
    contacts.remember(documents, contacts.find(documents, "u1"), SMS, Fault.OPTED_OUT, "21610", NOW)

    person = contacts.find(documents, "u1")
    assert (person.opted_out_at, person.opted_out_at_vendor) == (NOW, True)
    kept = documents.get("people/u1")
    assert kept
    again = read(**contacts.vouched(kept.fields, phone="+15005550006", now=NOW))
    assert (again.opted_out_at, again.opted_out_at_vendor) == (None, False)


def test_a_contact_that_was_changed_meanwhile_is_not_marked(documents: SqliteDocuments) -> None:
    person = contacts.find(documents, "u1")
    kept = documents.get("people/u1")
    assert kept
    documents.commit(Update("people/u1", {"email": "new@example.org"}, kept.version))

    contacts.remember(documents, person, EMAIL, Fault.BAD_CONTACT, "550", NOW)

    assert contacts.is_reachable(contacts.find(documents, "u1"), EMAIL)


@pytest.mark.parametrize("fault", [None, Fault.OPERATOR])
def test_a_refusal_that_is_not_the_contacts_fault_marks_nothing(
    documents: SqliteDocuments, fault: Fault | None
) -> None:
    before = documents.get("people/u1")

    contacts.remember(documents, contacts.find(documents, "u1"), SMS, fault, "20003", NOW)

    assert documents.get("people/u1") == before


@pytest.mark.parametrize(
    "wrong", [{"phone": "5550006"}, {"email": "al"}, {"push": "ntfy.sh/topic"}, {"push": "a://b c"}]
)
def test_a_contact_that_cannot_be_one_is_refused_without_quoting_it(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^write the ") as refused:
        contacts.vouched({}, **wrong, now=NOW)

    assert not [given for given in wrong.values() if given in str(refused.value)]
