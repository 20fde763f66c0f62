"""Whose a contact is, on SQLite and on Firestore: one person, whoever else proves it at the same moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from notifiers import owners
from notifiers.owners import TakenError
from notifiers.proofs import Contact, Kind
from store.sqlite import SqliteDocuments
from watchers.documents import Delete, Documents, Put, Query
from watchers.errors import ConflictError

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
PHONE, EMAIL = Contact(Kind.PHONE, "+14155550123"), Contact(Kind.EMAIL, "ann@example.org")


@pytest.fixture(params=["sqlite", pytest.param("firestore", marks=pytest.mark.emulator)])
def database(request: pytest.FixtureRequest) -> Iterator[Documents]:
    if request.param == "firestore":
        yield request.getfixturevalue("firestore_documents")
        return
    made = SqliteDocuments(":memory:")
    yield made
    made.close()


def sign_in(documents: Documents, contact: Contact = PHONE) -> str:
    for _ in range(20):
        binding = owners.signing_in(documents, contact, {"language": "de"}, NOW)
        try:
            documents.commit(*binding.writes)
        except ConflictError:
            continue
        return binding.uid
    raise AssertionError("it kept changing")


def test_many_who_prove_one_contact_at_once_are_one_person(database: Documents) -> None:
    with ThreadPoolExecutor(6) as pool:
        found = set(pool.map(lambda _: sign_in(database), range(6)))
    assert len(found) == 1
    assert [person.id for person in database.find(Query("people"))] == [*found]


def test_a_new_person_keeps_what_is_known_and_one_who_returns_keeps_theirs(database: Documents) -> None:
    uid = sign_in(database)
    known = database.get(f"people/{uid}")
    assert known
    assert known.fields["language"] == "de"
    database.commit(Put(f"people/{uid}", {**known.fields, "language": "en"}))
    assert sign_in(database) == uid
    again = database.get(f"people/{uid}")
    assert again
    assert again.fields["language"] == "en"


@pytest.mark.parametrize(
    "typed", ["Ann@Example.org", "ann@Example.ORG", "ANN@EXAMPLE.ORG", "Ann.Lee@example.org"]
)
def test_who_was_vouched_for_as_it_was_typed_before_there_was_an_index_signs_in(
    database: Documents, typed: str
) -> None:
    contact = Contact(Kind.EMAIL, typed.lower())
    others = {"Anna@Example.org", "ann.le@example.org", "Ann+1@example.org"}
    for uid, address in [("ann", typed), *((one.partition("@")[0], one) for one in others)]:
        database.commit(Put(f"people/{uid}", {"email": address, "email_verified_at": NOW}))

    assert sign_in(database, contact) == "ann"

    known = database.get("people/ann")
    assert known
    assert known.fields["email"] == contact.address
    assert database.get(owners.path(contact))


def test_an_entry_whose_person_is_gone_counts_for_nothing(database: Documents) -> None:
    uid = sign_in(database)
    database.commit(Delete(f"people/{uid}"))
    assert sign_in(database) != uid


def test_an_entry_whose_person_has_another_number_by_now_counts_for_nothing(database: Documents) -> None:
    uid = sign_in(database)
    database.commit(Put(f"people/{uid}", {"phone": "+14155550199", "phone_verified_at": NOW}))
    assert sign_in(database) != uid


def test_two_who_add_the_same_contact_at_once_cannot_both_have_it(database: Documents) -> None:
    first, second = sign_in(database, EMAIL), sign_in(database, Contact(Kind.EMAIL, "bob@example.org"))
    one, other = (owners.adding(database, PHONE, uid, {}, NOW) for uid in (first, second))
    database.commit(*one.writes)
    with pytest.raises(ConflictError):
        database.commit(*other.writes)
    with pytest.raises(TakenError):
        owners.adding(database, PHONE, second, {}, NOW)


def test_a_contact_that_was_given_up_still_signs_in(database: Documents) -> None:
    uid = sign_in(database)
    given_up = {"phone": PHONE.address, "phone_verified_at": None, "phone_problem": "21614"}
    database.commit(Put(f"people/{uid}", given_up))
    assert sign_in(database) == uid


def test_what_an_operator_vouches_for_is_found_and_what_it_replaces_is_let_go(database: Documents) -> None:
    for number in (PHONE.address, "+14155550199"):
        named = {"phone": number, "phone_verified_at": NOW}
        database.commit(*owners.vouching(database, "ann", named), Put("people/ann", named))
    assert [entry.fields["uid"] for entry in database.find(Query("contacts"))] == ["ann"]
    assert sign_in(database, Contact(Kind.PHONE, "+14155550199")) == "ann"
    assert sign_in(database, PHONE) != "ann"


def test_what_is_somebody_elses_stays_theirs_whatever_an_operator_vouches_for(database: Documents) -> None:
    uid = sign_in(database)
    named = {"phone": PHONE.address, "phone_verified_at": NOW}
    database.commit(*owners.vouching(database, "ann", named), Put("people/ann", named))
    assert sign_in(database) == uid


def test_nobodys_number_is_in_the_names_of_entries(database: Documents) -> None:
    sign_in(database)
    (entry,) = database.find(Query("contacts"))
    assert PHONE.address not in repr(entry)
    assert PHONE.address not in repr(PHONE)
