"""The real Twilio SDK against a Twilio on this machine that fails in every way it can."""

import logging
import shutil
import socket
import ssl
import subprocess
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from notifiers import sms
from notifiers.base import Message
from notifiers.deliver import deliver, sweep
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotConfiguredError,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.means import Means
from notifiers.parcels import Outcome
from notifiers.words.letters import undelivered
from store.sqlite import SqliteDocuments
from tests.notifiers.kit import MINUTE, NOW, PHONE, Post, copies, means, save_alert, stored
from tests.twilio_server import ACCOUNT, TOKEN, TwilioServer
from watchers.kinds import Channel
from watchers.models import Alert, AlertState

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


def test_twilio_is_told_where_to_say_what_became_of_it(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    url = "https://scout.example/twilio/status/" + "a" * 32
    notifier.send(replace(MESSAGE, callback_url=url), PHONE)

    assert twilio.accepted[0]["StatusCallback"] == url


def test_a_country_with_numbers_of_its_own_hears_from_one_of_them(twilio: TwilioServer) -> None:
    env = ENV | {"TWILIO_SENDERS": "44=+447700900000", "TWILIO_BASE_URL": twilio.url}
    notifier = sms.from_env(env | {"TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32})
    notifier.send(MESSAGE, "+447911123456")
    notifier.send(MESSAGE, PHONE)

    british, other = twilio.accepted
    assert (british["From"], british.get("MessagingServiceSid")) == ("+447700900000", None)
    assert (other.get("From"), other["MessagingServiceSid"]) == (None, "MG" + "0" * 32)


def test_a_messaging_service_sends_in_the_numbers_stead(twilio: TwilioServer) -> None:
    env = ENV | {"TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32, "TWILIO_BASE_URL": twilio.url}
    sms.from_env(env).send(MESSAGE, PHONE)

    (accepted,) = twilio.accepted
    assert accepted["MessagingServiceSid"] == "MG" + "0" * 32
    assert "From" not in accepted


@pytest.mark.parametrize(
    ("fault", "code", "who"),
    [
        ("21211", "21211", Fault.BAD_CONTACT),
        ("21614", "21614", Fault.BAD_CONTACT),
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


def test_a_daily_limit_is_final_though_it_comes_as_too_many_requests(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    twilio.fail_with("63038")

    with pytest.raises(NotifierRejectedError) as refused:
        notifier.send(MESSAGE, PHONE)
    assert (refused.value.code, refused.value.fault) == ("63038", Fault.OPERATOR)


def in_90_seconds() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)


@pytest.mark.parametrize(
    ("words", "least", "most"),
    [
        (lambda: "0", 0, 0),
        (lambda: "120", 120, 120),
        (lambda: "9" * 400, 86_400, 86_400),
        (in_90_seconds, 85, 90),
        (lambda: "Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        (lambda: "Wed, 21 Oct 2015 07:28:00", 0, 0),
    ],
)
def test_a_retry_after_is_in_seconds_or_a_date(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, words: Callable[[], str], least: int, most: int
) -> None:
    twilio.retry_after = words()
    twilio.fail_with("429")

    with pytest.raises(NotifierUnavailableError) as busy:
        notifier.send(MESSAGE, PHONE)
    assert busy.value.retry_after is not None
    assert least <= busy.value.retry_after <= most


@pytest.mark.parametrize("words", ["", "soon", "-5", "nan", "Wed, 99 Oct 2026 07:28:00 GMT"])
def test_a_retry_after_nobody_can_read_is_no_retry_after(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, words: str
) -> None:
    twilio.retry_after = words
    twilio.fail_with("429")

    with pytest.raises(NotifierUnavailableError) as busy:
        notifier.send(MESSAGE, PHONE)
    assert busy.value.retry_after is None


def test_not_available_may_have_been_accepted_whatever_it_says_about_later(
    notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    twilio.retry_after = "7"
    twilio.fail_with("503")

    with pytest.raises(DeliveryUnknownError):
        notifier.send(MESSAGE, PHONE)


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [
        ("500", 0),
        ("503", 0),
        ("500_after_accept", 1),
        ("hang", 0),
        ("timeout_after_accept", 1),
        ("reset", 0),
        ("reset_after_accept", 1),
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
        (200, None, DeliveryUnknownError),
        (400, 20500, DeliveryUnknownError),
        (500, 20429, DeliveryUnknownError),
        (500, 21211, DeliveryUnknownError),
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


def an_hour_and_a_half(documents: SqliteDocuments, with_text: Means) -> Alert:
    """What has become of a new alert once it was delivered and the outbox was swept every minute."""
    alert = save_alert(documents)
    assert deliver(alert.id, with_text, now=NOW) is Outcome.UNCERTAIN
    for minutes in range(1, 90):
        now = NOW + minutes * MINUTE
        sweep(with_text, now=now, deadline=now + MINUTE)
    return stored(documents, alert.id)


@pytest.mark.parametrize("fault", ["timeout_after_accept", "500_after_accept", "reset_after_accept"])
def test_a_text_that_was_accepted_without_an_answer_is_found_and_nothing_is_sent_again(
    documents: SqliteDocuments, notifier: sms.TwilioNotifier, twilio: TwilioServer, fault: str
) -> None:
    post = Post(documents)
    twilio.fail_with(fault)
    settled = an_hour_and_a_half(documents, means(documents, post.notifiers | {Channel.SMS: notifier}))

    assert (settled.state, settled.receipt) == (AlertState.SENT, f"SM{1:032x}")
    assert (twilio.calls, post.mailbox.sent) == (1, [])


@pytest.mark.parametrize(
    "fault", ["reset", "timeout_after_accept+lies_in_list", "500_after_accept+lies_in_list"]
)
def test_a_text_that_is_not_found_goes_by_email_once_and_is_never_texted_again(
    documents: SqliteDocuments, notifier: sms.TwilioNotifier, twilio: TwilioServer, fault: str
) -> None:
    post = Post(documents)
    twilio.fail_with(fault)
    settled = an_hour_and_a_half(documents, means(documents, post.notifiers | {Channel.SMS: notifier}))

    assert settled.state is AlertState.UNCERTAIN
    assert twilio.calls == 1
    assert len(post.mailbox.sent) == len(copies(documents)) == 1


def test_who_opted_out_is_asked_of_twilio_only_once(
    documents: SqliteDocuments, notifier: sms.TwilioNotifier, twilio: TwilioServer
) -> None:
    twilio.fail_with("21610")
    for identity in ("a1", "a2"):
        save_alert(documents, id=identity)
        deliver(identity, means(documents, {Channel.SMS: notifier}), now=NOW)

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


# ── each call on its own ─────────────────────────────────────────────────────────────────────────────────


def test_a_call_is_over_within_the_time_that_a_lease_counts_on() -> None:
    connect, read = sms.CONNECT_SECONDS, sms.READ_SECONDS
    assert sms.from_env(ENV).timeout == (connect, read)
    assert connect + read < sms.LONGEST_CALL


def test_connecting_and_answering_have_a_time_limit_each(twilio: TwilioServer) -> None:
    notifier = replace(sms.from_env(ENV | {"TWILIO_BASE_URL": twilio.url}), timeout=(5.0, 0.1))
    twilio.fail_with("slow")

    with pytest.raises(DeliveryUnknownError):
        notifier.send(MESSAGE, PHONE)


def test_many_are_sent_side_by_side_each_once(twilio: TwilioServer) -> None:
    notifier = sms.from_env(ENV | {"TWILIO_BASE_URL": twilio.url})
    people = [f"+1415555{number:04}" for number in range(100)]
    with ThreadPoolExecutor(16) as threads:
        receipts = list(threads.map(lambda person: notifier.send(MESSAGE, person), people))

    assert len(set(receipts)) == 100
    assert sorted(text["To"] for text in twilio.accepted) == people


@pytest.fixture
def certified(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """A port that shakes hands as ``localhost``, and the certificate it shows."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("needs openssl")
    made = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    )
    paths = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run([openssl, *made.split(), *paths], check=True, capture_output=True)  # noqa: S603
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with TwilioServer() as twilio:
        twilio.serve_tls(context)
        yield twilio.port, tmp_path / "cert.pem"


def test_the_token_goes_to_nobody_without_a_certificate_for_the_name(
    certified: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, certificate = certified
    by_name = sms.from_env(ENV | {"TWILIO_BASE_URL": f"https://localhost:{port}"})
    by_number = sms.from_env(ENV | {"TWILIO_BASE_URL": f"https://127.0.0.1:{port}"})

    with pytest.raises(NotifierUnavailableError, match="unreachable"):
        by_name.send(MESSAGE, PHONE)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert by_name.send(MESSAGE, PHONE)
    with pytest.raises(NotifierUnavailableError, match="unreachable"):
        by_number.send(MESSAGE, PHONE)


# ── nothing is given away ────────────────────────────────────────────────────────────────────────────────


def gives_away(*said: str) -> list[str]:
    """Which of our secrets are among these words."""
    secrets = (TOKEN, ACCOUNT, PHONE.removeprefix("+"), "15005550001", "K7Q2")
    return [secret for secret in secrets for words in said if secret in words]


def everything_of(error: BaseException) -> str:
    """The error, its traceback, and every exception that still hangs on it, shown or not."""
    chain, hanging = [], error
    while hanging is not None:
        chain.append(repr(hanging) + str(hanging) + str(vars(hanging)))
        hanging = hanging.__cause__ or hanging.__context__  # type: ignore[assignment]
    return "".join([*chain, *traceback.format_exception(error)])


FAULTS = (
    "",
    "21610",
    "20003",
    "429",
    "63038",
    "500",
    "500_after_accept",
    "hang",
    "reset",
    "not_json",
    "no_sid",
)


@pytest.mark.parametrize("fault", FAULTS)
def test_no_error_and_no_log_line_of_a_send_gives_anything_away(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    caplog.set_level(logging.DEBUG)
    twilio.fail_with(fault)
    said = ""
    try:
        notifier.send(MESSAGE, PHONE)
    except NotifierError as exc:
        said = everything_of(exc)

    assert bool(said) is bool(fault)
    assert gives_away(said, repr(notifier), *(str(record.__dict__) for record in caplog.records)) == []


@pytest.mark.parametrize("fault", ["", "list_500", "list_403", "list_429", "list_hang", "list_not_json"])
def test_no_error_and_no_log_line_of_a_look_at_the_list_gives_anything_away(
    notifier: sms.TwilioNotifier, twilio: TwilioServer, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    notifier.send(MESSAGE, PHONE)
    twilio.texts[0].become("undelivered", 30003)
    caplog.set_level(logging.DEBUG)
    twilio.fail_with(*([fault] if fault else []))
    said = ""
    try:
        said = repr(list(notifier.accepted(datetime.now(UTC) - timedelta(hours=1), PHONE)))
    except NotifierError as exc:
        said = everything_of(exc)

    assert gives_away(said, *(str(record.__dict__) for record in caplog.records)) == []


@pytest.mark.parametrize(
    "answer",
    [
        {"code": PHONE, "message": TOKEN, "status": 400},
        {"code": PHONE.removeprefix("+"), "message": TOKEN},
        {"code": {"number": PHONE}, "message": [TOKEN]},
        {"type": PHONE, "title": TOKEN, "status": 400, "code": 21610, "detail": PHONE},
        {"sid": PHONE, "error_code": PHONE},
        [PHONE],
        PHONE,
        None,
    ],
)
@pytest.mark.parametrize("status", [201, 400, 429, 500])
def test_a_hostile_answer_is_judged_by_its_status_and_repeated_nowhere(
    notifier: sms.TwilioNotifier,
    twilio: TwilioServer,
    caplog: pytest.LogCaptureFixture,
    status: int,
    answer: object,
) -> None:
    caplog.set_level(logging.DEBUG)
    twilio.answer_with(status, answer)
    with pytest.raises(NotifierError) as failed:
        notifier.send(MESSAGE, PHONE)
    with pytest.raises(NotifierUnavailableError) as unavailable:
        list(notifier.accepted(datetime.now(UTC)))

    assert isinstance(failed.value, DeliveryUnknownError) is (status in (201, 500))
    said = everything_of(failed.value) + everything_of(unavailable.value)
    assert gives_away(said, *(str(record.__dict__) for record in caplog.records)) == []
