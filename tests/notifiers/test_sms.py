"""The real Twilio SDK against a Twilio on this machine that fails in every way it can."""

import logging
import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from notifiers import sms
from notifiers.base import Message
from notifiers.deliver import Outcome, deliver, sweep
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotConfiguredError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.letters import undelivered
from store.sqlite import SqliteDocuments
from tests.notifiers.kit import MINUTE, NOW, PHONE, PUBLIC_URL, Post, copies, save_alert, stored
from tests.twilio_server import ACCOUNT, TOKEN, TwilioServer
from watchers.models import AlertState
from watchers.watch import Channel

MESSAGE = Message(
    "a" * 32, "K7Q28M4X", "$84 all-in (was $112) Deftones #K7Q2 https://scout.example/a/K7Q28M4X"
)
ENV = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM_NUMBER": "+15005550001"}


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture
def notifier(twilio: TwilioServer) -> sms.TwilioNotifier:
    made = sms.from_env(ENV | {"TWILIO_BASE_URL": twilio.url})
    return replace(made, timeout=0.2)


def test_a_text_is_created_once_with_all_that_twilio_needs(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    assert notifier.send(MESSAGE, PHONE) == f"SM{1:032x}"

    assert twilio.accepted == [
        {
            "To": PHONE,
            "From": "+15005550001",
            "Body": MESSAGE.text,
            "ValidityPeriod": "900",
        }
    ]


def test_a_messaging_service_sends_in_the_numbers_stead(twilio: TwilioServer) -> None:
    env = ENV | {"TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32, "TWILIO_BASE_URL": twilio.url}
    sms.from_env(env).send(MESSAGE, PHONE)

    (accepted,) = twilio.accepted
    assert accepted["MessagingServiceSid"] == "MG" + "0" * 32
    assert "From" not in accepted


@pytest.mark.parametrize(
    ("fault", "code", "who"),
    [
        ("21211", "21211", Fault.BAD_NUMBER),
        ("21614", "21614", Fault.BAD_NUMBER),
        ("21610", "21610", Fault.OPTED_OUT),
        ("21408", "21408", Fault.OPERATOR),
        ("20003", "20003", Fault.OPERATOR),
        ("20404", "20404", Fault.OPERATOR),
        ("21617", "21617", None),
    ],
)
def test_a_definite_refusal_is_final_and_says_who_can_change_it(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, fault: str, code: str, who: Fault | None
) -> None:
    twilio.fail_with(fault)

    with pytest.raises(NotifierRejectedError) as refused:
        notifier.send(MESSAGE, PHONE)
    assert (refused.value.code, refused.value.fault) == (code, who)
    assert twilio.calls == 1


@pytest.mark.parametrize("fault", ["429", "20429", "21611"])
def test_too_many_at_once_is_for_later_and_says_when(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, fault: str
) -> None:
    twilio.retry_after = "7"
    twilio.fail_with(fault)

    with pytest.raises(NotifierUnavailableError) as busy:
        notifier.send(MESSAGE, PHONE)
    assert busy.value.retry_after == 7
    assert (twilio.calls, twilio.accepted) == (1, [])


@pytest.mark.parametrize("words", ["", "soon", "-5", "Wed, 21 Oct 2026 07:28:00 GMT", "nan"])
def test_a_retry_after_nobody_can_count_is_no_retry_after(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, words: str
) -> None:
    twilio.retry_after = words
    twilio.fail_with("429")

    with pytest.raises(NotifierUnavailableError) as busy:
        notifier.send(MESSAGE, PHONE)
    assert busy.value.retry_after is None


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [
        ("500", 0),
        ("503", 0),
        ("500_after_accept", 1),
        ("hang", 0),
        ("timeout_after_accept", 1),
        ("reset", 0),
        ("not_json", 1),
        ("no_sid", 1),
    ],
)
def test_whatever_leaves_the_outcome_open_is_unknown_and_tried_once(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, fault: str, accepted: int
) -> None:
    twilio.fail_with(fault)

    with pytest.raises(DeliveryUnknownError) as unknown:
        notifier.send(MESSAGE, PHONE)
    assert (twilio.calls, len(twilio.accepted)) == (1, accepted)
    assert "could not confirm" in undelivered(unknown.value.code)


def test_a_server_that_is_not_there_has_surely_not_got_the_text() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    notifier = sms.from_env(ENV | {"TWILIO_BASE_URL": f"http://127.0.0.1:{port}"})

    with pytest.raises(NotifierUnavailableError, match="unreachable"):
        notifier.send(MESSAGE, PHONE)


def test_a_name_that_does_not_resolve_has_surely_not_got_the_text() -> None:
    notifier = sms.from_env(ENV | {"TWILIO_BASE_URL": "http://no-such-host.invalid"})

    with pytest.raises(NotifierUnavailableError, match="unreachable"):
        notifier.send(MESSAGE, PHONE)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, None, NotifierRejectedError),
        (403, 20003, NotifierRejectedError),
        (408, None, DeliveryUnknownError),
        (400, 21611, NotifierUnavailableError),
        (502, 20502, DeliveryUnknownError),
        (307, None, DeliveryUnknownError),
        (0, None, DeliveryUnknownError),
    ],
)
def test_an_answer_is_judged_by_status_and_code(status: int, code: int | None, kind: type) -> None:
    assert type(sms.refusal(status, code)) is kind


# ── with the outbox ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", ["timeout_after_accept", "500_after_accept", "reset"])
def test_a_timeout_that_was_accepted_is_uncertain_and_goes_by_email_once(
    documents: SqliteDocuments, notifier: sms.TwilioNotifier, twilio: TwilioServer, fault: str
) -> None:
    post = Post(documents)
    on = post.notifiers | {Channel.SMS: notifier}
    alert = save_alert(documents)
    twilio.fail_with(fault)

    assert deliver(alert.id, documents, on, public_url=PUBLIC_URL, now=NOW) is Outcome.UNCERTAIN
    for minutes in range(1, 90):
        now = NOW + minutes * MINUTE
        sweep(documents, on, public_url=PUBLIC_URL, now=now, deadline=now + MINUTE)

    assert twilio.calls == 1
    assert stored(documents, alert.id).state is AlertState.UNCERTAIN
    assert len(post.mailbox.sent) == len(copies(documents)) == 1


def test_who_opted_out_is_asked_of_twilio_only_once(
    documents: SqliteDocuments, notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    twilio.fail_with("21610")
    for identity in ("a1", "a2"):
        save_alert(documents, id=identity)
        deliver(identity, documents, {Channel.SMS: notifier}, public_url=PUBLIC_URL, now=NOW)

    assert twilio.calls == 1
    assert [stored(documents, identity).why for identity in ("a1", "a2")] == ["21610", "opted_out"]


# ── settings ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("without", "sentence"),
    [
        ("TWILIO_ACCOUNT_SID", "Texts are off: set TWILIO_ACCOUNT_SID."),
        ("TWILIO_AUTH_TOKEN", "Texts are off: set TWILIO_AUTH_TOKEN."),
        ("TWILIO_FROM_NUMBER", "Texts are off: set TWILIO_FROM_NUMBER or TWILIO_MESSAGING_SERVICE_SID."),
    ],
)
def test_a_missing_setting_is_named(without: str, sentence: str) -> None:
    with pytest.raises(NotConfiguredError) as off:
        sms.from_env(ENV | {without: ""})
    assert str(off.value) == sentence


def test_an_address_without_a_scheme_is_refused_at_once() -> None:
    with pytest.raises(NotConfiguredError, match="TWILIO_BASE_URL"):
        sms.from_env(ENV | {"TWILIO_BASE_URL": "127.0.0.1:4010"})


def test_texts_go_to_twilio_unless_told_otherwise() -> None:
    assert sms.from_env(ENV).base_url == "https://api.twilio.com"


def test_the_sdk_itself_logs_nothing(notifier: sms.TwilioNotifier, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    notifier.send(MESSAGE, PHONE)

    assert caplog.records == []
