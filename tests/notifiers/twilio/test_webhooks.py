"""Where answers to texts are posted, over the real SDK, against a server that speaks Twilio's wire shape."""

from collections.abc import Iterator

import pytest

from notifiers.errors import NotConfiguredError, NotifierError
from notifiers.twilio import webhooks
from notifiers.twilio.webhooks import Found, Webhooks
from tests.twilio_senders import NUMBER, SERVICE, SendersServer

ACCOUNT = "AC" + "1" * 32
PUBLIC, URL = "https://scout.example.com", "https://scout.example.com/twilio/reply"
ENV = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": "secret"}


@pytest.fixture
def account() -> Iterator[SendersServer]:
    with SendersServer() as running:
        yield running


def test_a_number_is_pointed_to_us_once(account: SendersServer) -> None:
    ours = webhooks.from_env({**ENV, "TWILIO_FROM_NUMBER": NUMBER, "TWILIO_BASE_URL": account.url})

    assert list(ours.point_to(PUBLIC)) == [("…0100", Found.SET)]
    assert account.writes == [{"SmsUrl": URL, "SmsMethod": "POST", "SmsApplicationSid": ""}]
    assert list(ours.point_to(PUBLIC + "/")) == [("…0100", Found.RIGHT)]
    assert len(account.writes) == 1


def test_an_application_that_goes_before_the_webhook_is_taken_off(account: SendersServer) -> None:
    account.number |= {"sms_url": URL, "sms_method": "POST", "sms_application_sid": "AP1"}

    assert dict(Webhooks((ACCOUNT, "secret"), (NUMBER,), None, account.url).point_to(PUBLIC)) == {
        "…0100": Found.SET
    }
    assert account.number["sms_application_sid"] == ""


def test_a_messaging_service_is_pointed_to_us_for_all_its_numbers(account: SendersServer) -> None:
    ours = webhooks.from_env({**ENV, "TWILIO_MESSAGING_SERVICE_SID": SERVICE, "TWILIO_BASE_URL": account.url})

    assert dict(ours.point_to(PUBLIC)) == {SERVICE: Found.SET}
    assert account.service["inbound_request_url"] == URL
    assert account.service["use_inbound_webhook_on_number"] is False
    assert dict(ours.point_to(PUBLIC)) == {SERVICE: Found.RIGHT}


def test_a_number_of_somebody_else_is_said_and_nothing_is_changed(account: SendersServer) -> None:
    ours = Webhooks((ACCOUNT, "secret"), ("+447700900000",), None, account.url)

    assert dict(ours.point_to(PUBLIC)) == {"…0000": Found.UNKNOWN}
    assert not account.writes


def test_a_refusal_is_its_code_and_nothing_else(account: SendersServer) -> None:
    account.status = 401

    with pytest.raises(NotifierError) as refused:
        list(Webhooks((ACCOUNT, "secret"), (NUMBER,), None, account.url).point_to(PUBLIC))
    assert NUMBER not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_every_number_of_the_pools_is_pointed_to_us_and_a_name_is_not() -> None:
    ours = webhooks.from_env(
        {
            **ENV,
            "TWILIO_FROM_NUMBER": "Scout",
            "TWILIO_SENDERS": "1=+14155550100,+14155550101; 44=+447700900000",
        }
    )
    assert ours.numbers == ("+14155550100", "+14155550101", "+447700900000")


@pytest.mark.parametrize("env", [{}, ENV, {"TWILIO_FROM_NUMBER": NUMBER}])
def test_without_a_login_or_a_sender_texts_are_off(env: dict[str, str]) -> None:
    with pytest.raises(NotConfiguredError, match="Texts are off"):
        webhooks.from_env(env)
