"""Twilio Verify over the real SDK, against a server that speaks its wire shape."""

from collections.abc import Iterator

import pytest

from notifiers.base import Message
from notifiers.errors import (
    DeliveryUnknownError,
    NotConfiguredError,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.twilio import verify
from notifiers.twilio.verify import Checked, TwilioVerify
from tests.verify_server import SERVICE, VerifyServer

NUMBER = "+14155550123"
MESSAGE = Message("a1", "K7Q28M4X", "never used")
ENV = {"TWILIO_VERIFY_SERVICE_SID": SERVICE, "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "secret"}


@pytest.fixture
def server() -> Iterator[VerifyServer]:
    with VerifyServer() as running:
        yield running


@pytest.fixture
def vendor(server: VerifyServer) -> TwilioVerify:
    return TwilioVerify("AC1", "secret", SERVICE, server.url, timeout=0.5)


def test_it_texts_a_code_and_compares_it(server: VerifyServer, vendor: TwilioVerify) -> None:
    assert vendor.send(MESSAGE, NUMBER).startswith("VE")
    assert server.sent == [NUMBER]
    assert vendor.check(NUMBER, "999999") is Checked.WRONG
    assert vendor.check(NUMBER, server.codes[NUMBER]) is Checked.RIGHT


def test_a_right_code_is_right_once(server: VerifyServer, vendor: TwilioVerify) -> None:
    vendor.send(MESSAGE, NUMBER)
    code = server.codes[NUMBER]
    assert vendor.check(NUMBER, code) is Checked.RIGHT
    assert vendor.check(NUMBER, code) is Checked.OVER


def test_an_old_one_and_too_many_tries_are_over(server: VerifyServer, vendor: TwilioVerify) -> None:
    vendor.send(MESSAGE, NUMBER)
    server.expire()
    assert vendor.check(NUMBER, "000001") is Checked.OVER
    vendor.send(MESSAGE, NUMBER)
    answers = [vendor.check(NUMBER, "999999") for _ in range(6)]
    assert answers == [Checked.WRONG] * 5 + [Checked.OVER]


@pytest.mark.parametrize("fault", ["429", "500", "503", "hang", "reset", "not_json"])
def test_where_nobody_knows_a_code_is_neither_right_nor_wrong(
    server: VerifyServer, vendor: TwilioVerify, fault: str
) -> None:
    vendor.send(MESSAGE, NUMBER)
    server.fail_with(fault)
    assert vendor.check(NUMBER, server.codes[NUMBER]) is Checked.UNKNOWN


@pytest.mark.parametrize(
    ("fault", "means"),
    [
        ("429", NotifierUnavailableError),
        ("400", NotifierRejectedError),
        ("500", DeliveryUnknownError),
        ("503", DeliveryUnknownError),
        ("hang", DeliveryUnknownError),
        ("reset", DeliveryUnknownError),
        ("not_json", DeliveryUnknownError),
    ],
)
def test_a_code_that_may_have_gone_out_is_never_taken_for_one_that_did_not(
    server: VerifyServer, vendor: TwilioVerify, fault: str, means: type[NotifierError]
) -> None:
    server.fail_with(fault)
    with pytest.raises(means) as raised:
        vendor.send(MESSAGE, NUMBER)
    assert NUMBER not in repr(raised.value)
    assert len(server.sent) == 0


def test_a_server_that_is_not_there_has_sent_nothing() -> None:
    with pytest.raises(NotifierUnavailableError):
        TwilioVerify("AC1", "secret", SERVICE, "http://127.0.0.1:9", timeout=0.5).send(MESSAGE, NUMBER)


def test_its_settings() -> None:
    assert verify.from_env({}) is None
    found = verify.from_env(ENV | {"TWILIO_BASE_URL": "http://127.0.0.1:1"})
    assert found
    assert found.base_url == "http://127.0.0.1:1"
    assert "secret" not in repr(found)
    for wrong in ({"TWILIO_VERIFY_SERVICE_SID": "VA1"}, {"TWILIO_AUTH_TOKEN": ""}):
        with pytest.raises(NotConfiguredError, match="TWILIO_VERIFY_SERVICE_SID"):
            verify.from_env(ENV | wrong)
