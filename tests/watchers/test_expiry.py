"""What goes by itself, when, and what never does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from store.sqlite import SqliteDocuments
from tests.fakes import FaultyDocuments
from tests.notifiers.kit import NEWS, an_alert
from watchers import alerts, expiry
from watchers.documents import Document, Put
from watchers.kinds import Channel
from watchers.models import AlertState, News, Reason
from watchers.places import Places

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
PLACES = Places()
EARLIER = NOW - timedelta(seconds=1)


def document(**fields: object) -> Document:
    return Document("alerts/a", fields, "1", NOW)


def test_a_run_deletes_so_many_at_most_and_the_next_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expiry, "AT_ONCE", 10)
    monkeypatch.setattr(expiry, "MOST", 20)
    documents = SqliteDocuments(":memory:")
    for number in range(25):
        documents.commit(Put(f"idempotency/{number}", {"expires_at": EARLIER}))
    assert [expiry.forget(documents, PLACES, NOW) for _ in range(3)] == [20, 5, 0]


def test_a_database_that_forgets_by_itself_is_not_told_to() -> None:
    documents = FaultyDocuments(SqliteDocuments(":memory:"))  # the five methods of the port and no more
    documents.commit(Put("idempotency/1", {"expires_at": EARLIER}))
    assert expiry.forget(documents, PLACES, NOW) == 0
    assert documents.get("idempotency/1")


def test_copies_of_watches_go_under_whatever_name_they_lie() -> None:
    documents = SqliteDocuments(":memory:")
    documents.commit(Put("my_jobs/w", {"expires_at": EARLIER}))
    assert expiry.forget(documents, Places(worker_collection="my_jobs"), NOW) == 1


@pytest.mark.parametrize("collection", ["api_tokens", "people", "contacts", "boards", "calendars", "tallies"])
def test_what_has_no_end_of_its_own_stays_whatever_its_fields_say(collection: str) -> None:
    documents = SqliteDocuments(":memory:")
    documents.commit(Put(f"{collection}/1", {"expires_at": EARLIER}))
    assert expiry.forget(documents, PLACES, NOW) == 0


@pytest.mark.parametrize(
    ("said", "is_over"),
    [(EARLIER, True), (NOW, True), (NOW + timedelta(seconds=1), False), (None, False), ("2020", False)],
)
def test_a_document_is_over_from_its_time_on(said: object, is_over: bool) -> None:
    assert expiry.is_over(document(expires_at=said), NOW) is is_over
    assert not expiry.is_over(document(), NOW)


# ── alerts ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", list(AlertState))
def test_an_alert_that_somebody_must_still_look_at_never_goes(state: AlertState) -> None:
    waits = an_alert(Channel.SMS, state=state, due_at=NOW, settled_at=None)
    rides = replace(waits, due_at=None, rides_with="another")
    assert alerts.expires_at(waits) is alerts.expires_at(rides) is None
    assert alerts.expires_at(replace(waits, settled_at=NOW)) is None
    assert alerts.to_fields(waits)["expires_at"] is None


def test_an_alert_is_kept_for_two_years_after_it_was_settled() -> None:
    settled = an_alert(Channel.SMS, state=AlertState.SENT, due_at=None, settled_at=NOW)
    assert alerts.to_fields(settled)["expires_at"] == NOW + timedelta(days=731)


@pytest.mark.parametrize("reason", [Reason.CODE, Reason.TEST])
def test_a_code_and_a_test_are_kept_for_a_month(reason: Reason) -> None:
    news = News(reason, "", "")
    settled = an_alert(Channel.SMS, state=AlertState.SENT, due_at=None, settled_at=NOW, news=news)
    assert alerts.expires_at(settled) == NOW + timedelta(days=31)


def test_a_decision_that_is_repeated_finds_its_alert_until_then() -> None:
    """By the same id nothing is created a second time while the alert stands."""
    documents = SqliteDocuments(":memory:")
    settled = an_alert(Channel.SMS, state=AlertState.SENT, due_at=None, settled_at=NOW, news=NEWS)
    documents.commit(alerts.creation(settled))
    assert expiry.forget(documents, PLACES, NOW + timedelta(days=730)) == 0
    assert expiry.forget(documents, PLACES, NOW + timedelta(days=731)) == 1


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_is_made_anew_before_the_tombstones_go_that_it_may_not_have_heard_of() -> None:
    assert expiry.SNAPSHOT + timedelta(days=7) < expiry.DELETED
