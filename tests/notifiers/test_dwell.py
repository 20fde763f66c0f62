"""From the price being seen to the message being accepted: what counts, and from when."""

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from notifiers.dwell import BOUNDS, DWELLS, Dwells, seconds
from notifiers.errors import DeliveryUnknownError, NotifierRejectedError
from notifiers.outbox import Bundle
from tests.notifiers.kit import NEWS, NOW, Post, an_alert, save_alert
from watchers.documents import Query
from watchers.kinds import Channel
from watchers.models import AlertState, Reason

SENT_AT = NOW + timedelta(seconds=4)
HOUR = timedelta(hours=1)


def dwell(
    before: AlertState = AlertState.SENDING, after: AlertState = AlertState.SENT, **changes: Any
) -> Any:
    """Of one alert that was seen at ``NOW`` and settled four seconds later."""
    was = an_alert(state=before, **changes)
    return seconds(Bundle(was), Bundle(replace(was, state=after, settled_at=SENT_AT)))


def test_it_is_measured_when_a_message_is_accepted() -> None:
    assert dwell() == 4.0


@pytest.mark.parametrize(
    "after", [AlertState.FAILED, AlertState.UNCERTAIN, AlertState.HELD, AlertState.PENDING]
)
def test_a_message_that_is_not_accepted_has_none(after: AlertState) -> None:
    assert dwell(after=after) is None


def test_it_is_measured_once() -> None:
    assert dwell(AlertState.SENT, AlertState.DELIVERED) is None


def test_a_callback_that_comes_first_counts() -> None:
    assert dwell(AlertState.SENDING, AlertState.DELIVERED) == 4.0


def test_a_text_that_was_lost_sight_of_counts_as_accepted_when_it_was_sent() -> None:
    assert dwell(AlertState.UNCERTAIN, attempted_at=NOW + timedelta(seconds=1)) == 1.0


def test_what_the_person_asked_to_keep_back_is_no_delay() -> None:
    early = replace(NEWS, observed_at=NOW - HOUR)
    assert dwell(news=early) == 3604.0
    assert dwell(news=early, held_until=NOW) == 4.0
    assert dwell(news=early, held_until=NOW + HOUR) == 0.0, "let go of before its time"


def test_of_several_in_one_message_the_oldest_counts() -> None:
    lead, rider = an_alert(), an_alert(watch_id="w2", news=replace(NEWS, observed_at=NOW - HOUR))
    sent = [replace(one, state=AlertState.SENT, settled_at=SENT_AT) for one in (lead, rider)]
    assert seconds(Bundle(lead, (rider,)), Bundle(sent[0], (sent[1],))) == 3604.0


@pytest.mark.parametrize("reason", [Reason.TEST, Reason.CODE])
def test_tests_and_codes_have_none(reason: Reason) -> None:
    assert dwell(news=replace(NEWS, reason=reason)) is None


def test_each_channel_is_counted_by_its_bounds() -> None:
    dwells = Dwells()
    for took in (0.5, 1.0, 1.5, 4000.0):
        dwells.note(Channel.SMS, took)
    counts, total = dwells.by_channel()[Channel.SMS]
    assert (counts[0], counts[1], counts[-2], counts[-1], total) == (2, 3, 3, 4, 4003.0)
    assert len(counts) == len(BOUNDS) + 1


def test_a_delivery_logs_and_counts_it_with_the_trace_of_its_run(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    before = DWELLS.by_channel().get(Channel.SMS, ([0], 0.0))[0][-1]
    alert = save_alert(
        post.documents, trace="a" * 32, news=replace(NEWS, observed_at=NOW - timedelta(seconds=9))
    )
    post.deliver(alert)

    claimed, sent = (record.__dict__ for record in caplog.records)
    assert claimed["trace"] == sent["trace"] == "a" * 32
    assert sent["dwell_seconds"] == pytest.approx(9, abs=2)
    assert "dwell_seconds" not in claimed
    assert DWELLS.by_channel()[Channel.SMS][0][-1] == before + 1


@pytest.mark.parametrize("error", [NotifierRejectedError("21610"), DeliveryUnknownError("no_answer")])
def test_what_was_not_surely_sent_is_not_counted(
    post: Post, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    caplog.set_level(logging.INFO)
    post.phone.raises(error)
    post.deliver(save_alert(post.documents))
    assert not [record for record in caplog.records if "dwell_seconds" in record.__dict__]


def test_riders_of_other_runs_say_whose_trace_they_have(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    save_alert(post.documents, trace="a" * 32)
    save_alert(post.documents, watch_id="w2", trace="b" * 32, created_at=NOW + timedelta(milliseconds=1))
    post.sweep()
    sent = caplog.records[-1].__dict__
    assert {sent["trace"], *sent["other_traces"]} == {"a" * 32, "b" * 32}


def test_a_copy_keeps_the_trace_of_the_alert_it_stands_in_for(post: Post) -> None:
    post.phone.raises(NotifierRejectedError("21211"))
    alert = save_alert(post.documents, trace="a" * 32)
    post.deliver(alert)
    traces = {document.fields["trace"] for document in _alerts(post)}
    assert traces == {"a" * 32}
    assert len(_alerts(post)) == 2


def _alerts(post: Post) -> list[Any]:
    return post.documents.find(Query("alerts"))
