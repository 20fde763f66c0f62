"""What outlives an account: that somebody agreed, and that they said stop; not who it was."""

from datetime import timedelta

from notifiers.personal.receipts import COLLECTION, KEPT_FOR, digest, receipt
from store.sqlite import SqliteDocuments
from tests.notifiers.personal.life import EMAIL, NOW, PHONE, PLACES, UID, person
from watchers import expiry
from watchers.documents import Query


def test_who_never_agreed_to_anything_leaves_no_receipt() -> None:
    assert receipt(UID, person(consents=[]), NOW) is None
    assert receipt(UID, {}, NOW) is None


def test_a_receipt_says_when_to_which_words_and_for_which_number_to_whoever_knows_it() -> None:
    kept = receipt(UID, person(), NOW)

    assert kept
    assert kept.fields["consents"] == [{"at": NOW, "text": "v1", "number": digest(PHONE)}]
    assert digest(PHONE) in kept.fields["contacts"]
    assert kept.fields["expires_at"] == NOW + KEPT_FOR


def test_nobody_can_read_from_it_whose_it_was() -> None:
    kept = receipt(UID, person(opted_out_at=NOW), NOW)

    assert kept
    said = f"{kept.path} {kept.fields}"
    assert not [secret for secret in (UID, PHONE, EMAIL, "203.0.113.9") if secret in said]


def test_who_only_said_stop_leaves_that() -> None:
    kept = receipt(UID, person(consents=[], opted_out_at=NOW), NOW)

    assert kept
    assert kept.fields["opted_out_at"] == NOW


def test_a_number_that_was_changed_since_is_in_it_as_well() -> None:
    kept = receipt(UID, person(phone="+14155559999"), NOW)

    assert kept
    assert {digest(PHONE), digest("+14155559999")} <= set(kept.fields["contacts"])


def test_a_receipt_ends_by_itself() -> None:
    documents = SqliteDocuments(":memory:")
    kept = receipt(UID, person(), NOW)
    assert kept
    documents.commit(kept)

    assert expiry.forget(documents, PLACES, NOW + KEPT_FOR - timedelta(days=1)) == 0
    assert expiry.forget(documents, PLACES, NOW + KEPT_FOR) == 1
    assert documents.find(Query(COLLECTION)) == []
