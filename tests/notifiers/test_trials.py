"""A test message is a real alert, and there are so many an hour, whoever presses how often at once."""

from datetime import UTC, datetime, timedelta

import pytest

from notifiers import trials
from notifiers.trials import MOST_A_DAY, MOST_AN_HOUR, NotReachableError, TooOftenError
from store.sqlite import SqliteDocuments
from tests.fakes import FaultyDocuments
from tests.notifiers.kit import save_person
from watchers import alerts
from watchers.documents import Documents, Query, Update
from watchers.kinds import Channel
from watchers.models import AlertState, Reason

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def documents() -> FaultyDocuments:
    documents = FaultyDocuments(SqliteDocuments(":memory:"))
    save_person(documents)
    return documents


def outbox(documents: Documents) -> list[str]:
    return [one.fields["channel"] for one in documents.find(Query(alerts.COLLECTION))]


def test_a_test_is_an_alert_that_waits_to_be_delivered_and_that_nobody_takes_over(
    documents: FaultyDocuments,
) -> None:
    made = trials.send(documents, "u1", Channel.SMS, NOW)

    kept = trials.latest(documents, documents.get("people/u1"), NOW)[Channel.SMS]
    assert kept == made
    assert (kept.state, kept.news.reason) == (AlertState.PENDING, Reason.TEST)
    assert set(kept.also) == set(Channel) - {Channel.SMS}


def test_after_so_many_an_hour_the_next_must_wait(documents: FaultyDocuments) -> None:
    for number in range(MOST_AN_HOUR):
        trials.send(documents, "u1", Channel.SMS, NOW + number * SECOND)

    with pytest.raises(TooOftenError) as enough:
        trials.send(documents, "u1", Channel.EMAIL, NOW + timedelta(minutes=30))

    assert enough.value.again_at == NOW + timedelta(hours=1)
    trials.send(documents, "u1", Channel.EMAIL, NOW + timedelta(hours=1, seconds=1))
    assert len(outbox(documents)) == MOST_AN_HOUR + 1


def test_after_so_many_a_day_the_next_must_wait_for_tomorrow(documents: FaultyDocuments) -> None:
    for number in range(MOST_A_DAY):
        trials.send(documents, "u1", Channel.SMS, NOW + number * timedelta(minutes=30))

    with pytest.raises(TooOftenError) as enough:
        trials.send(documents, "u1", Channel.SMS, NOW + timedelta(hours=12))

    assert enough.value.again_at == NOW + timedelta(days=1)


def test_two_buttons_at_once_cannot_pass_the_limit(documents: FaultyDocuments) -> None:
    for number in range(MOST_AN_HOUR - 1):
        trials.send(documents, "u1", Channel.SMS, NOW + number * SECOND)
    sent: list[object] = []

    def press_too(_: object) -> None:
        documents.before_commit = None
        sent.append(trials.send(documents.inner, "u1", Channel.EMAIL, NOW + timedelta(minutes=1)))

    documents.before_commit = press_too
    with pytest.raises(TooOftenError):
        trials.send(documents, "u1", Channel.SMS, NOW + timedelta(minutes=1))

    assert len(sent) == 1
    assert len(outbox(documents)) == MOST_AN_HOUR


@pytest.mark.parametrize(
    "gone",
    [
        pytest.param({"phone_verified_at": None}, id="the number is not verified"),
        pytest.param({"opted_out_at": NOW}, id="its owner said stop"),
    ],
)
def test_where_nothing_can_go_nothing_is_sent(documents: FaultyDocuments, gone: dict[str, object]) -> None:
    known = documents.get("people/u1")
    assert known
    documents.commit(Update(known.path, gone, known.version))

    with pytest.raises(NotReachableError):
        trials.send(documents, "u1", Channel.SMS, NOW)
    with pytest.raises(NotReachableError):
        trials.send(documents, "nobody", Channel.APP, NOW)
    assert outbox(documents) == []


def test_nobody_is_asked_about_tests_that_there_were_not(documents: FaultyDocuments) -> None:
    person = documents.get("people/u1")
    before = documents.operations["reads"]

    assert trials.latest(documents, person, NOW) == {}
    assert documents.operations["reads"] == before
