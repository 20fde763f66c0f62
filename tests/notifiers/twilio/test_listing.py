"""Twilio's list of what it accepted, over the real SDK."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifiers import sms
from notifiers.base import Message, Report, Traceable
from notifiers.errors import DeliveryUnknownError, NotifierUnavailableError
from notifiers.twilio import listing
from tests.twilio_server import ACCOUNT, MESSAGES, TOKEN, Text, TwilioServer
from watchers.models import AlertState

ENV = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM_NUMBER": "+15005550001"}
PHONE, ANOTHER = "+15005550006", "+15005550007"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture
def notifier(twilio: TwilioServer) -> sms.TwilioNotifier:
    return replace(sms.from_env(ENV | {"TWILIO_BASE_URL": twilio.url}), timeout=0.2)


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - HOUR


def take(twilio: TwilioServer, number: int = 1, to: str = PHONE, **changes: Any) -> Text:
    for _ in range(number):
        text = twilio.accept({"To": to, "From": "+15005550001", "Body": "#K7Q2"})
        for name, value in changes.items():
            setattr(text, name, value)
    return text


def bodies(reports: Iterator[Report]) -> list[str]:
    return [report.body for report in reports]


def test_the_notifier_can_be_asked_what_was_accepted(notifier: sms.TwilioNotifier) -> None:
    assert isinstance(notifier, Traceable)


def test_a_text_whose_answer_was_lost_is_found_by_its_words(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    twilio.fail_with("500_after_accept")
    with pytest.raises(DeliveryUnknownError):
        notifier.send(Message("a" * 32, "K7Q28M4X", "$84 Deftones #K7Q2"), PHONE)

    (found,) = notifier.accepted(an_hour_ago(), PHONE)
    assert (found.receipt, found.state, found.code) == (f"SM{1:032x}", AlertState.SENT, None)
    assert (found.to, found.body) == (PHONE, "$84 Deftones #K7Q2")
    assert found.at
    assert abs(found.at - datetime.now(UTC)) < MINUTE


def test_one_that_still_waits_has_no_date_of_sending_and_is_found(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    assert take(twilio).sent_at is None
    assert len(list(notifier.accepted(an_hour_ago()))) == 1


@pytest.mark.parametrize(
    ("status", "code", "state", "why"),
    [
        ("delivered", None, AlertState.DELIVERED, None),
        ("undelivered", 30003, AlertState.UNDELIVERED, "30003"),
        ("failed", 30036, AlertState.UNDELIVERED, "30036"),
        ("canceled", None, AlertState.UNDELIVERED, None),
        ("sending", 30003, AlertState.SENT, None),
    ],
)
def test_it_says_what_became_of_each(
    notifier: sms.TwilioNotifier,
    twilio: TwilioServer,
    status: str,
    code: int | None,
    state: AlertState,
    why: str | None,
) -> None:
    take(twilio).become(status, code)

    (found,) = notifier.accepted(an_hour_ago())
    assert (found.state, found.code) == (state, why)


def test_only_the_asked_number_and_only_alerts_that_we_sent(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    take(twilio, direction="inbound")
    take(twilio, direction="outbound-reply")  # our answer to a reply, which may quote an alert's code
    take(twilio, to=ANOTHER)
    ours = take(twilio)

    assert [report.receipt for report in notifier.accepted(an_hour_ago(), PHONE)] == [ours.sid]
    assert len(list(notifier.accepted(an_hour_ago()))) == 2


def test_many_come_in_pages_newest_first_and_each_once(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    take(twilio, 230)
    reports = notifier.accepted(an_hour_ago(), PHONE)
    first = next(reports)
    take(twilio)  # one more, while we read

    found = [first, *reports]
    assert [report.receipt for report in found] == [f"SM{number:032x}" for number in range(230, 0, -1)]
    assert twilio.looks == 3


def test_it_looks_no_further_back_than_asked_give_or_take_a_minute(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    since = an_hour_ago()
    take(twilio, 150, created_at=since - HOUR, sent_at=since - HOUR)
    take(twilio, created_at=since - MINUTE / 2)
    take(twilio)

    assert len(list(notifier.accepted(since))) == 2
    assert twilio.looks == 1


def test_an_old_text_that_was_sent_late_does_not_end_the_list(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    """The vendor's pages do not say by which date the list is sorted."""
    ours = take(twilio)
    take(twilio, created_at=an_hour_ago() - HOUR, sent_at=datetime.now(UTC))

    assert [report.receipt for report in notifier.accepted(an_hour_ago())] == [ours.sid]


@pytest.mark.parametrize(("name", "most"), [("MOST_PAGES", 2), ("MOST_SECONDS", -1.0)])
def test_a_list_that_takes_too_long_is_not_taken_for_complete(
    notifier: sms.TwilioNotifier,
    twilio: TwilioServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    most: float,
) -> None:
    monkeypatch.setattr(listing, name, most)
    take(twilio, 201)

    with pytest.raises(NotifierUnavailableError, match="list_too_long"):
        list(notifier.accepted(an_hour_ago()))


def test_a_list_that_just_fits_is_complete(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "MOST_PAGES", 2)
    take(twilio, 200)
    assert len(list(notifier.accepted(an_hour_ago()))) == 200


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("list_500", "server_error"),
        ("list_hang", "no_answer"),
        ("list_not_json", "no_answer"),
        ("list_429", "20429"),
        ("list_403", "20403"),
    ],
)
def test_a_list_that_cannot_be_read_is_never_an_empty_list(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, fault: str, code: str
) -> None:
    take(twilio)
    twilio.fail_with(fault)

    with pytest.raises(NotifierUnavailableError) as unavailable:
        list(notifier.accepted(an_hour_ago()))
    assert unavailable.value.code == code


def test_a_text_that_twilio_does_not_admit_is_not_found(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    twilio.fail_with("timeout_after_accept+lies_in_list")
    with pytest.raises(DeliveryUnknownError):
        notifier.send(Message("a" * 32, "K7Q28M4X", "#K7Q2"), PHONE)

    assert len(twilio.accepted) == 1
    assert list(notifier.accepted(an_hour_ago(), PHONE)) == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"sid": None, "status": "sent"},
        {"sid": f"SM{1:032x}", "status": 7},
        {"sid": f"SM{1:032x}", "status": "sent", "date_created": 5},
    ],
)
def test_an_entry_nobody_can_read_is_not_passed_over(
    notifier: sms.TwilioNotifier,
    twilio: TwilioServer,
    monkeypatch: pytest.MonkeyPatch,
    document: dict[str, Any],
) -> None:
    take(twilio)
    monkeypatch.setattr(Text, "document", lambda _: document)

    with pytest.raises(NotifierUnavailableError, match="no_answer"):
        list(notifier.accepted(an_hour_ago()))


@pytest.mark.parametrize("said", [PHONE, PHONE.removeprefix("+"), {"to": PHONE}, True])
def test_a_reason_that_is_no_code_is_not_repeated(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, said: Any
) -> None:
    take(twilio, status="failed", error_code=said)

    (found,) = notifier.accepted(an_hour_ago())
    assert (found.state, found.code) == (AlertState.UNDELIVERED, None)


def test_a_next_page_somewhere_else_does_not_get_our_token(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def elsewhere(*_: object) -> dict[str, Any]:
        return {"messages": [], "meta": {"key": "messages", "next_page_url": f"{other.url}{MESSAGES}.json"}}

    with TwilioServer() as other:
        monkeypatch.setattr("tests.twilio_server.page", elsewhere)
        with pytest.raises(NotifierUnavailableError):
            list(notifier.accepted(an_hour_ago()))
        assert (twilio.looks, other.looks) == (1, 0)
