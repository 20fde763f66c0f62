"""What every notifier must do: one kit, looped over the registry, so that nobody has to remember it.

To add a channel: enter it in ``notifiers.NOTIFIERS``, and describe below its settings, what it guarantees,
and how its vendor fails. Everything else is asked of it by itself.
"""

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from notifiers import NOTIFIERS, from_env
from notifiers.base import GUARANTEES, Guarantee, Message, Notifier
from notifiers.errors import (
    DeliveryUnknownError,
    NotConfiguredError,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from tests.push_server import PushServer
from tests.smtp_server import PASSWORD, USER, SmtpServer
from tests.twilio_server import ACCOUNT, TOKEN, TwilioServer
from watchers.kinds import Channel

MESSAGE = Message(
    "0" * 32, "K7Q28M4X", "the words", "the subject", "<p>the words</p>", "https://scout.example/stop"
)
Fails = Callable[[], None]


@dataclass
class Vendor:
    """One channel's vendor on this machine: how it is reached, and how to make it fail next time.

    A kind of failure that the channel cannot tell from the others has no ways. ``optional``: settings
    without which it is on all the same.
    """

    guarantee: Guarantee
    env: Mapping[str, str]
    to: str
    secrets: tuple[str, ...]
    taken: Callable[[], int]
    unavailable: tuple[Fails, ...]
    rejected: tuple[Fails, ...]
    unknown: tuple[Fails, ...]
    optional: tuple[str, ...] = ()


def twilio(stack: ExitStack) -> Vendor:
    server = stack.enter_context(TwilioServer())
    env = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM_NUMBER": "+15005550001",
        "TWILIO_BASE_URL": server.url,
    }

    def fails(*faults: str) -> tuple[Fails, ...]:
        return tuple(lambda fault=fault: server.fail_with(fault) for fault in faults)

    return Vendor(
        guarantee=Guarantee.AT_MOST_ONCE,
        env=env,
        to="+15005550006",
        secrets=(TOKEN, ACCOUNT, "15005550006", "15005550001"),
        taken=lambda: len(server.accepted),
        unavailable=fails("429", "20429", "21611"),
        rejected=fails("20003", "20404", "21211", "21408", "21610", "21614", "21617"),
        unknown=fails("500", "503", "500_after_accept", "reset", "not_json"),
        optional=("TWILIO_BASE_URL",),
    )


def smtp(stack: ExitStack) -> Vendor:
    server = stack.enter_context(SmtpServer(login=True))
    env = {
        "SMTP_URL": f"smtp://{USER}:{PASSWORD}@127.0.0.1:{server.port}",
        "MAIL_FROM": "Ticket Scout <alerts@scout.example>",
    }

    def answers(where: str, *said: object) -> tuple[Fails, ...]:
        return tuple(lambda answer=answer: setattr(server, where, answer) for answer in said)

    return Vendor(
        guarantee=Guarantee.AT_LEAST_ONCE,
        env=env,
        to="al@example.org",
        secrets=(PASSWORD, "al@example.org"),
        taken=lambda: len(server.letters),
        unavailable=(
            *answers("refuse_sender", "550 no al@example.org"),
            *answers("refuse_recipient", "450 later, al@example.org"),
            *answers("after_data", "451 later, al@example.org"),
        ),
        rejected=answers("refuse_recipient", "551 no al@example.org"),
        unknown=answers("drop_after_data", True),
    )


def apprise(stack: ExitStack) -> Vendor:
    server = stack.enter_context(PushServer())

    def fails(*faults: str) -> tuple[Fails, ...]:
        return tuple(lambda fault=fault: server.fail_with(fault) for fault in faults)

    return Vendor(
        guarantee=Guarantee.AT_MOST_ONCE,
        env={"APPRISE_SCHEMES": "json,ntfys", "APPRISE_ALLOW_PRIVATE": "on"},
        to=f"json://user:tk_not_real@{server.host}/private-topic",
        secrets=("tk_not_real", "private-topic", server.host),
        taken=lambda: len(server.taken),
        unavailable=fails("429"),
        rejected=fails("400", "401", "403", "404", "413", "308 http://tk_not_real.example/"),
        unknown=fails("500", "503", "500_after_accept", "reset", "303 http://tk_not_real.example/"),
        optional=("APPRISE_ALLOW_PRIVATE",),
    )


VENDORS: dict[Channel, Callable[[ExitStack], Vendor]] = {
    Channel.SMS: twilio,
    Channel.EMAIL: smtp,
    Channel.PUSH: apprise,
}


@pytest.fixture(params=NOTIFIERS, ids=str)
def channel(request: pytest.FixtureRequest) -> Channel:
    return Channel(request.param)


@pytest.fixture
def vendor(channel: Channel) -> Iterator[Vendor]:
    with ExitStack() as stack:
        yield VENDORS[channel](stack)


@pytest.fixture
def notifier(channel: Channel, vendor: Vendor) -> Notifier:
    return NOTIFIERS[channel](vendor.env)


def test_it_carries_the_channel_it_is_registered_for(notifier: Notifier, channel: Channel) -> None:
    assert notifier.channel is channel


def test_a_message_is_taken_once_and_gets_a_receipt(notifier: Notifier, vendor: Vendor) -> None:
    assert notifier.send(MESSAGE, vendor.to)
    assert vendor.taken() == 1


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("unavailable", NotifierUnavailableError),
        ("rejected", NotifierRejectedError),
        ("unknown", DeliveryUnknownError),
    ],
)
def test_every_failure_is_one_of_three_and_gives_nothing_away(
    channel: Channel, kind: str, error: type[NotifierError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with ExitStack() as stack:
        number_of_ways = len(getattr(VENDORS[channel](stack), kind))
    for way in range(number_of_ways):
        with ExitStack() as stack:
            vendor = VENDORS[channel](stack)
            getattr(vendor, kind)[way]()
            with pytest.raises(NotifierError) as failed:
                NOTIFIERS[channel](vendor.env).send(MESSAGE, vendor.to)
            assert vendor.taken() <= (error is DeliveryUnknownError)
        assert type(failed.value) is error
        assert_gives_nothing_away(failed.value, vendor, caplog)


def assert_gives_nothing_away(error: NotifierError, vendor: Vendor, caplog: pytest.LogCaptureFixture) -> None:
    printed = (
        "".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + logged_by_us(caplog)
    )
    assert error.code.replace("_", "").isalnum()
    for secret in (*vendor.secrets, MESSAGE.text):
        assert secret not in printed


def logged_by_us(caplog: pytest.LogCaptureFixture) -> str:
    """Without what the SMTP server on this machine says about its own day."""
    return "".join(str(record.__dict__) for record in caplog.records if record.name != "mail.log")


def test_what_surely_was_not_sent_was_not_taken(channel: Channel) -> None:
    with ExitStack() as stack:
        vendor = VENDORS[channel](stack)
        if not vendor.unavailable:
            pytest.skip("it never knows")
        vendor.unavailable[0]()
        with pytest.raises(NotifierUnavailableError):
            NOTIFIERS[channel](vendor.env).send(MESSAGE, vendor.to)
        assert vendor.taken() == 0


def test_its_repr_holds_no_secret(notifier: Notifier, vendor: Vendor) -> None:
    assert not [secret for secret in vendor.secrets if secret in repr(notifier)]


def test_it_is_off_with_a_sentence_when_a_setting_is_missing(channel: Channel, vendor: Vendor) -> None:
    for missing in vendor.env.keys() - vendor.optional:
        with pytest.raises(NotConfiguredError) as off:
            NOTIFIERS[channel](dict(vendor.env) | {missing: ""})
        assert missing in str(off.value)
        assert str(off.value).endswith(".")


def test_every_channel_but_the_page_of_alerts_has_a_notifier_and_a_vendor_to_test_it() -> None:
    assert set(NOTIFIERS) == set(Channel) - {Channel.APP} == set(VENDORS)


def test_it_says_what_it_guarantees(channel: Channel, vendor: Vendor) -> None:
    assert GUARANTEES[channel] is vendor.guarantee


def test_without_settings_every_channel_is_off_and_says_so() -> None:
    on, off = from_env({})

    assert on == {}
    assert len(off) == len(NOTIFIERS)


def test_one_channel_may_be_on_while_the_others_are_off(channel: Channel, vendor: Vendor) -> None:
    on, off = from_env(vendor.env)

    assert list(on) == [channel]
    assert len(off) == len(NOTIFIERS) - 1
