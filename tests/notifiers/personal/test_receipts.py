"""What outlives an account: that somebody agreed, and that they said stop; not who it was."""

from datetime import timedelta
from typing import Any

from notifiers.personal.receipts import COLLECTION, KEPT_FOR, bounded, digest, receipt
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


def consent(number: str, at: int, *, given: bool) -> dict[str, Any]:
    return {
        "kind": "texts",
        "given": given,
        "at": NOW + timedelta(seconds=at),
        "number": number,
        "text": "v1",
    }


def test_however_often_somebody_agreed_and_took_it_back_it_fits_and_keeps_what_counts() -> None:
    often = [consent(PHONE, at, given=at % 2 == 0) for at in range(10_000)]
    elsewhere = consent("+14155559999", 5, given=True)
    often.insert(5000, elsewhere)

    kept = receipt(UID, person(consents=often), NOW)

    assert kept
    assert len(str(kept.fields)) < 100_000
    times = [each["at"] for each in kept.fields["consents"] if each["number"] == digest(PHONE)]
    assert times == [NOW + timedelta(seconds=at) for at in (0, 1, *range(10_000 - 197, 10_000))]
    assert {**elsewhere, "number": digest("+14155559999")} in kept.fields["consents"]


def test_few_consents_are_kept_as_they_are() -> None:
    few = [consent(PHONE, at, given=at % 2 == 0) for at in range(200)]

    assert bounded(few) == few


def test_of_more_numbers_than_fit_the_latest_are_kept() -> None:
    many = [consent(f"+1415555{at:04}", at, given=True) for at in range(500)]

    assert bounded(many) == many[-200:]


def test_a_receipt_ends_by_itself() -> None:
    documents = SqliteDocuments(":memory:")
    kept = receipt(UID, person(), NOW)
    assert kept
    documents.commit(kept)

    assert expiry.forget(documents, PLACES, NOW + KEPT_FOR - timedelta(days=1)) == 0
    assert expiry.forget(documents, PLACES, NOW + KEPT_FOR) == 1
    assert documents.find(Query(COLLECTION)) == []
