"""One observation of one watch: what its alerts hold, for whom they wait, and that they are made once."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from store.sqlite import SqliteDocuments
from tests.builders import FACE, ITEM, NEW_LISTING, RESALE, SEARCH, START, at, observed, watch
from tests.fakes import FaultyDocuments
from watchers import alerts, jobs
from watchers.documents import Document, Documents, Put, Query
from watchers.errors import ConflictError
from watchers.history import History
from watchers.jobs import Job
from watchers.kinds import Channel
from watchers.models import Alert, AlertState, PastPrice
from watchers.observation import Observation
from watchers.places import Places
from watchers.telling import ATTEMPTS, Told, tell

PLACES = Places()
PUSH_AND_PAGE = ("sms", "email", "push", "app")


@pytest.fixture
def documents() -> Iterator[SqliteDocuments]:
    database = SqliteDocuments(":memory:")
    yield database
    database.close()


def saved(documents: Documents, *conditions: Any, **asked: Any) -> Document:
    """The worker's copy of a watch."""
    wanted = watch(*conditions, **asked)
    job = Job("w1", "u1", wanted, "r1", START, {target.id: target for target in wanted.targets})
    documents.commit(Put(PLACES.job("w1"), job.fields()))
    return job_document(documents)


def job_document(documents: Documents) -> Document:
    found = documents.get(PLACES.job("w1"))
    assert found
    return found


def seen(*looks: Observation) -> History:
    history = History()
    for look in looks:
        history = history.after(look)
    return history


def told(documents: Documents, document: Document, before: History, now: Observation, **also: Any) -> Told:
    found = tell(documents, PLACES, document, before, now, **also)
    assert found
    return found


def outbox(documents: Documents) -> list[Alert]:
    return [alerts.from_document(document) for document in documents.find(Query(alerts.COLLECTION))]


CHEAP = observed(80_00, when=at(10))


def test_what_is_remembered_says_that_the_watch_does_not_end_by_itself(documents: SqliteDocuments) -> None:
    """An older version that brings a deleted watch back leaves the time at which its tombstone would go."""
    saved(documents, {"kind": "below", "price": "90", "currency": "USD"})
    documents.commit(Put(PLACES.job("w1"), {**job_document(documents).fields, "expires_at": at(60)}))

    told(documents, job_document(documents), seen(), CHEAP)

    assert job_document(documents).fields["expires_at"] is None


# ── when, and by which channels ──────────────────────────────────────────────────────────────────────────


def test_each_channel_has_an_alert_that_knows_of_the_others(documents: SqliteDocuments) -> None:
    created = told(documents, saved(documents, notify=PUSH_AND_PAGE), History(), CHEAP).alerts

    assert [one.channel for one in created] == list(map(Channel, PUSH_AND_PAGE))
    for alert in created:
        assert set(alert.also) == set(Channel) - {alert.channel}
    assert len({alert.code for alert in created}) == 1
    assert len({alert.id for alert in created}) == len(created)
    assert sorted(created, key=lambda one: one.id) == outbox(documents)


@pytest.mark.parametrize("minutes", [0, 5])
def test_an_alert_is_due_when_the_caller_says(documents: SqliteDocuments, minutes: int) -> None:
    wanted = at(10) + timedelta(minutes=minutes)

    created = told(documents, saved(documents), History(), CHEAP, due_at=lambda: wanted).alerts

    assert {(alert.due_at, alert.created_at) for alert in created} == {(wanted, at(10))}


def test_an_alert_is_due_at_once_if_nothing_is_said(documents: SqliteDocuments) -> None:
    created = told(documents, saved(documents), History(), CHEAP).alerts

    assert {alert.due_at for alert in created} == {at(10)}


def test_an_alert_on_the_page_is_told_by_standing_there(documents: SqliteDocuments) -> None:
    document = saved(documents, notify=("app", "sms"))

    on_the_page, text = told(documents, document, History(), CHEAP).alerts

    assert (on_the_page.state, on_the_page.due_at, on_the_page.settled_at) == (
        AlertState.SENT,
        None,
        at(10),
    )
    assert (text.state, text.due_at) == (AlertState.PENDING, at(10))


@pytest.mark.parametrize("minutes", [1, 600])
def test_a_snoozed_watch_keeps_its_news_until_then(documents: SqliteDocuments, minutes: int) -> None:
    until = at(10 + minutes)
    document = saved(documents, notify=PUSH_AND_PAGE, snoozed_until=until)

    created = told(documents, document, History(), CHEAP).alerts

    by_channel = {alert.channel: (alert.state, alert.due_at, alert.why) for alert in created}
    for channel in (Channel.SMS, Channel.EMAIL, Channel.PUSH):
        assert by_channel[channel] == (AlertState.HELD, until, "snoozed")
    assert by_channel[Channel.APP] == (AlertState.SENT, None, None)


@pytest.mark.parametrize("minutes", [-5, 0])
def test_a_snooze_that_is_over_keeps_nothing(documents: SqliteDocuments, minutes: int) -> None:
    document = saved(documents, snoozed_until=at(10 + minutes))

    assert {one.state for one in told(documents, document, History(), CHEAP).alerts} == {AlertState.PENDING}


def test_a_snooze_that_ends_before_the_alert_is_due_keeps_nothing(documents: SqliteDocuments) -> None:
    document = saved(documents, snoozed_until=at(11))

    created = told(documents, document, History(), CHEAP, due_at=lambda: at(12)).alerts

    assert {(one.state, one.due_at) for one in created} == {(AlertState.PENDING, at(12))}


# ── what led to it ───────────────────────────────────────────────────────────────────────────────────────


def recent_of(
    documents: Documents, before: History, now: Observation, **asked: Any
) -> list[tuple[datetime, int]]:
    found = told(documents, saved(documents, **asked), before, now).alerts[0].news.recent
    return [(one.at, one.price) for one in found]


def test_the_news_say_what_they_are_about(documents: SqliteDocuments) -> None:
    assert told(documents, saved(documents), History(), CHEAP).alerts[0].news.target_id == ITEM.id


def test_the_prices_that_led_to_it_go_with_it_each_once(documents: SqliteDocuments) -> None:
    prices = (120_00, 120_00, 110_00, 95_00)
    before = seen(*(observed(price, when=at(minute)) for minute, price in enumerate(prices)))

    assert recent_of(documents, before, CHEAP) == [
        (at(0), 120_00),
        (at(2), 110_00),
        (at(3), 95_00),
        (at(10), 80_00),
    ]


def test_a_first_price_has_only_itself(documents: SqliteDocuments) -> None:
    assert recent_of(documents, History(), CHEAP) == [(at(10), 80_00)]


def test_prices_of_another_kind_did_not_lead_to_it(documents: SqliteDocuments) -> None:
    before = seen(observed({RESALE: 300_00, FACE: 95_00}, when=at(1)))

    now = observed({FACE: 80_00, RESALE: 290_00}, when=at(10))
    assert recent_of(documents, before, now) == [(at(1), 95_00), (at(10), 80_00)]


def test_a_search_has_no_price_of_its_own_to_look_back_on(documents: SqliteDocuments) -> None:
    document = saved(documents, NEW_LISTING, target=SEARCH)
    first = observed(target=SEARCH, when=at(1), listed=("a",))
    told(documents, document, History(), first)
    now = observed(target=SEARCH, when=at(10), listed=("a", "b"))

    found = told(documents, job_document(documents), seen(first), now).alerts

    assert {alert.news.recent for alert in found} == {()}
    assert {alert.news.target_id for alert in found} == {SEARCH.id}


def test_it_all_survives_being_stored(documents: SqliteDocuments) -> None:
    before = seen(observed(95_00, when=at(1)))
    created = told(documents, saved(documents, notify=PUSH_AND_PAGE), before, CHEAP).alerts

    assert outbox(documents) == sorted(created, key=lambda one: one.id)
    assert outbox(documents)[0].news.recent == (PastPrice(at(1), 95_00), PastPrice(at(10), 80_00))


def test_an_alert_with_everything_survives_being_stored(documents: SqliteDocuments) -> None:
    (made, *_) = told(documents, saved(documents), History(), CHEAP).alerts
    full = replace(
        made,
        id="full",
        state=AlertState.UNDELIVERED,
        due_at=None,
        receipt="SM1",
        why="30003",
        attempted_at=at(11),
        settled_at=at(12),
        also=(Channel.EMAIL, Channel.APP),
        copy_of="other",
        copy_why="no_answer",
        riders=("r1", "r2"),
        more=(replace(made.news, now_at=at(13), now_price=88_00), made.news),
        segments=2,
    )
    documents.commit(alerts.creation(full))

    (found,) = [one for one in outbox(documents) if one.id == "full"]
    assert found == full


@pytest.mark.parametrize(
    ("state", "rides_with", "waits"),
    [
        (AlertState.PENDING, None, "u1:sms"),
        (AlertState.HELD, None, "u1:sms"),
        (AlertState.PENDING, "other", None),
        (AlertState.SENDING, None, None),
        (AlertState.SENT, None, None),
        (AlertState.UNCERTAIN, None, None),
    ],
)
def test_who_waits_to_be_told_is_found_by_person_and_channel(
    documents: SqliteDocuments, state: AlertState, rides_with: str | None, waits: str | None
) -> None:
    (made, *_) = told(documents, saved(documents), History(), CHEAP).alerts

    assert alerts.waits(replace(made, state=state, rides_with=rides_with)) == waits


# ── once ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_same_step_twice_makes_the_same_alerts_once(documents: SqliteDocuments) -> None:
    document = saved(documents)
    first = told(documents, document, History(), CHEAP)
    told(documents, document, History(), CHEAP, due_at=lambda: at(11))

    assert outbox(documents) == sorted(first.alerts, key=lambda one: one.id)


def test_alerts_that_stand_already_do_not_stop_the_memory(documents: SqliteDocuments) -> None:
    """A sibling of the same step was told and moved on; it is left as it is."""
    document = saved(documents)
    first = told(documents, document, History(), CHEAP)
    documents.commit(Put(document.path, document.fields))  # the memory is lost, the alerts are not
    before = outbox(documents)
    faulty = FaultyDocuments(documents)

    again = told(faulty, job_document(documents), History(), CHEAP)

    assert outbox(documents) == before
    assert {one.id for one in again.alerts} == {one.id for one in first.alerts}
    assert jobs.read_job(job_document(documents)).state.last_told


def test_a_watch_that_keeps_changing_must_be_looked_at_again(documents: SqliteDocuments) -> None:
    document = saved(documents)
    faulty, times = FaultyDocuments(documents), list[object]()

    def rename(writes: object) -> None:
        times.append(writes)
        saved(documents, name=f"Lakers {len(times)}")

    faulty.before_commit = rename

    with pytest.raises(ConflictError):
        tell(faulty, PLACES, document, History(), CHEAP)
    assert len(times) == ATTEMPTS
    assert outbox(documents) == []


def test_a_watch_that_was_ended_meanwhile_is_told_nothing(documents: SqliteDocuments) -> None:
    document = saved(documents)
    faulty = FaultyDocuments(documents)

    def stop(_: object) -> None:
        job = Job("w1", "u1", watch(status="ended"), "r1", START, {})
        documents.commit(Put(PLACES.job("w1"), job.fields()))

    faulty.before_commit = stop

    assert tell(faulty, PLACES, document, History(), CHEAP) is None
    assert outbox(documents) == []


def test_a_dry_run_makes_nothing(documents: SqliteDocuments) -> None:
    created = told(documents, saved(documents), History(), CHEAP, dry_run=True).alerts

    assert len(created) == 2
    assert outbox(documents) == []
