"""Push, over the real Apprise, to a service on this machine."""

import json
import logging
import shutil
import socket
import subprocess
import threading
import time
import traceback
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import apprise
import pytest
import requests

from notifiers import guard, push
from notifiers.base import GUARANTEES, Guarantee, Message
from notifiers.errors import (
    DeliveryUnknownError,
    Fault,
    NotConfiguredError,
    NotifierError,
    NotifierRejectedError,
    NotifierUnavailableError,
)
from notifiers.push import SERVICES, PushNotifier
from tests.push_server import PushServer
from watchers.kinds import Channel

MESSAGE = Message("0" * 32, "K7Q28M4X", "Deftones $84 all-in (was $112)", "Deftones is down to $84")
TOKEN = "tk_not_a_real_token"
EVERY = frozenset(SERVICES)
SAMPLES = {
    "bark": "bark://bark.example/device_key",
    "discord": "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "form": "form://hooks.example/a",
    "gchat": "gchat://space/key/token",
    "gotify": "gotify://gotify.example/ABCDEFGHIJKLMNO",
    "json": "json://hooks.example/a",
    "mmost": "mmost://mm.example/3ccdd113474722377935511fc85d3dd4",
    "ntfy": "ntfy://ntfy.example/tickets",
    "pover": f"pover://{'u' * 30}@{'t' * 30}",
    "slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#tickets",
    "tgram": "tgram://123456789:ABCdefGHIjklMNOpqrsTUVwxyz012345678/12315544/",
    "xml": "xml://hooks.example/a",
}


@pytest.fixture
def service() -> Iterator[PushServer]:
    with PushServer() as running:
        yield running


def a_notifier(**changes: Any) -> PushNotifier:
    settings: dict[str, Any] = {"schemes": EVERY, "allow_private": True, "timeout": 0.3}
    return PushNotifier(**settings | changes)


def send(to: str, message: Message = MESSAGE, **changes: Any) -> str:
    return a_notifier(**changes).send(message, to)


def failure(to: str, **changes: Any) -> NotifierError:
    with pytest.raises(NotifierError) as failed:
        send(to, **changes)
    return failed.value


# ── what arrives ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_topic_of_ntfy_gets_title_and_text_once(service: PushServer) -> None:
    assert send(f"ntfy://{service.host}/tickets?priority=high") == "ntfy"

    (taken,) = map(json.loads, service.taken)
    assert taken == {"topic": "tickets", "title": MESSAGE.subject, "message": MESSAGE.text}
    assert service.headers[0]["User-Agent"] == "Ticket Scout"


def test_a_webhook_gets_title_and_text_once(service: PushServer) -> None:
    assert send(f"json://{service.host}/hook") == "json"

    (taken,) = map(json.loads, service.taken)
    assert (taken["title"], taken["message"]) == (MESSAGE.subject, MESSAGE.text)
    assert service.paths == ["/hook"]


def test_what_looks_like_markup_arrives_as_it_was_written(service: PushServer) -> None:
    odd = Message("0" * 32, "K7Q28M4X", "<b>1 < 2</b> & *3*\\n :smile:", "AC/DC & <friends>")

    send(f"json://{service.host}/hook", odd)

    (taken,) = map(json.loads, service.taken)
    assert (taken["title"], taken["message"]) == (odd.subject, odd.text)


def test_a_text_that_is_too_long_is_one_message_all_the_same(service: PushServer) -> None:
    send(f"ntfy://{service.host}/tickets", Message("0" * 32, "K7Q28M4X", "words " * 9000, "A title"))

    assert len(service.paths) == 1


def test_many_may_be_told_at_the_same_time(service: PushServer) -> None:
    notifier = a_notifier(timeout=5.0)
    threads = [
        threading.Thread(target=notifier.send, args=(MESSAGE, f"ntfy://{service.host}/topic{n}"))
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(json.loads(taken)["topic"] for taken in service.taken) == sorted(
        f"topic{n}" for n in range(16)
    )


# ── services with an address of their own, led to this machine ───────────────────────────────────────────


@pytest.fixture
def led_here(service: PushServer, monkeypatch: pytest.MonkeyPatch) -> PushServer:
    """Where Telegram, Discord, Slack, Pushover and Google Chat are."""
    here = f"http://{service.host}"
    for module, kind, name, where in (
        ("telegram", "NotifyTelegram", "notify_url", f"{here}/bot"),
        ("discord", "NotifyDiscord", "notify_url", here),
        ("slack", "NotifySlack", "webhook_url", here),
        ("pushover", "NotifyPushover", "notify_url", here),
        ("google_chat", "NotifyGoogleChat", "notify_url", f"{here}/{{workspace}}"),
    ):
        monkeypatch.setattr(getattr(import_module(f"apprise.plugins.{module}"), kind), name, where)
    service.body = b"ok"
    return service


@pytest.mark.parametrize("scheme", ["tgram", "discord", "slack", "pover", "gchat"])
def test_every_one_of_them_gets_the_text_in_one_request(led_here: PushServer, scheme: str) -> None:
    assert send(SAMPLES[scheme]) == scheme

    (taken,) = led_here.taken
    assert "112" in taken


@pytest.mark.parametrize("scheme", ["tgram", "discord", "slack", "pover", "gchat"])
@pytest.mark.parametrize(("fault", "code"), [("403", "403"), ("429", "429"), ("500", "push_unconfirmed")])
def test_and_none_is_asked_twice(led_here: PushServer, scheme: str, fault: str, code: str) -> None:
    led_here.fail_with(fault)

    assert failure(SAMPLES[scheme]).code == code
    assert len(led_here.paths) == 1


def test_a_service_that_wants_to_be_asked_again_in_an_hour_keeps_nobody_waiting(led_here: PushServer) -> None:
    in_an_hour = str(int(time.time()) + 3600)
    led_here.more_headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": in_an_hour}
    led_here.fail_with("429")
    begun = time.monotonic()

    assert failure(SAMPLES["discord"]).code == "429"
    assert time.monotonic() - begun < 5
    assert len(led_here.paths) == 1


def test_a_service_that_stumbles_before_it_says_anything_is_not_the_contacts_fault(
    service: PushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = import_module("apprise.plugins.google_chat")
    monkeypatch.setattr(home.NotifyGoogleChat, "notify_url", f"http://{service.host}/{{nothing_of_the_sort}}")

    failed = failure(SAMPLES["gchat"])

    assert isinstance(failed, NotifierRejectedError)
    assert (failed.code, failed.fault) == ("push_failed", None)
    assert failure("ntfy://").code == "push_failed"  # it has no topic, and says so only when it is to send


# ── what an answer means ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("scheme", ["ntfy", "json", "form", "xml", "gotify", "mmost", "bark"])
@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("400", NotifierRejectedError, "400"),
        ("401", NotifierRejectedError, "401"),
        ("403", NotifierRejectedError, "403"),
        ("404", NotifierRejectedError, "404"),
        ("429", NotifierUnavailableError, "429"),
        ("408", DeliveryUnknownError, "push_unconfirmed"),
        ("500", DeliveryUnknownError, "push_unconfirmed"),
        ("500_after_accept", DeliveryUnknownError, "push_unconfirmed"),
        ("503", DeliveryUnknownError, "push_unconfirmed"),
        ("reset", DeliveryUnknownError, "push_unconfirmed"),
    ],
)
def test_every_service_is_asked_once_and_its_answer_is_heard(
    service: PushServer, scheme: str, fault: str, kind: type[NotifierError], code: str
) -> None:
    places = {"gotify": "ABCDEFGHIJKLMNO", "mmost": "3ccdd113474722377935511fc85d3dd4"}
    service.fail_with(fault)

    failed = failure(f"{scheme}://{service.host}/{places.get(scheme, 'tickets')}")

    assert (type(failed), failed.code) == (kind, code)
    assert len(service.paths) == 1


@pytest.mark.parametrize("fault", ["hang", "timeout_after_accept"])
def test_no_answer_in_time_means_that_nobody_knows(service: PushServer, fault: str) -> None:
    service.fail_with(fault)

    failed = failure(f"ntfy://{service.host}/tickets")

    assert (type(failed), failed.code) == (DeliveryUnknownError, "push_unconfirmed")
    assert len(service.paths) == 1


def test_an_answer_a_byte_at_a_time_is_not_waited_for_for_ever(service: PushServer) -> None:
    service.fail_with("drip")

    failed = failure(f"ntfy://{service.host}/tickets", timeout=0.2)

    assert type(failed) is DeliveryUnknownError


def test_a_taken_message_is_taken_though_the_rest_of_the_answer_breaks_off(service: PushServer) -> None:
    service.fail_with("no_body")

    assert send(f"ntfy://{service.host}/tickets") == "ntfy"


def test_a_server_that_is_not_there_surely_took_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        failed = failure(f"ntfy://127.0.0.1:{free.getsockname()[1]}/tickets")

    assert (type(failed), failed.code) == (NotifierUnavailableError, "unreachable")


def test_a_name_that_does_not_exist_surely_took_nothing() -> None:
    assert failure("ntfy://nobody.invalid/tickets").code == "unreachable"


def test_a_server_that_speaks_no_tls_surely_took_nothing(service: PushServer) -> None:
    assert failure(f"ntfys://{service.host}/tickets").code == "unreachable"
    assert service.paths == []


def test_over_tls_the_certificate_counts(
    service: PushServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.speak_tls(certificate)
    to = f"ntfys://{service.host}/tickets"

    assert failure(to, timeout=2.0).code == "unreachable"  # it vouches for itself, and nobody for it
    assert service.paths == []
    monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", str(certificate))
    assert send(to, timeout=2.0) == "ntfys"
    assert len(service.taken) == 1


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-made certificate for this machine, with its key in the same file."""
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("needs openssl to make a certificate")
    made = tmp_path / "certificate.pem"
    wanted = ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    asked = subprocess.run(  # noqa: S603
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", *wanted, "-keyout", "-"],
        check=True,
        capture_output=True,
    )
    made.write_bytes(asked.stdout)
    return made


def test_a_busy_service_says_when_to_come_back_and_no_stranger_makes_us_wait_for_years(
    service: PushServer,
) -> None:
    waits = []
    for service.retry_after in ("7", "9" * 400, "soon"):
        service.fail_with("429")
        failed = failure(f"ntfy://{service.host}/tickets")
        assert isinstance(failed, NotifierUnavailableError)
        waits.append(failed.retry_after)

    assert waits == [7.0, 3600.0, None]


@pytest.mark.parametrize(("status", "fault"), [("404", Fault.BAD_CONTACT), ("400", None), ("403", None)])
def test_only_a_token_or_a_hook_that_is_gone_ends_the_contact(
    service: PushServer, status: str, fault: Fault | None
) -> None:
    service.fail_with(status)

    failed = failure(f"json://{service.host}/hook")

    assert isinstance(failed, NotifierRejectedError)
    assert failed.fault is fault


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("301", NotifierRejectedError),
        ("302", DeliveryUnknownError),
        ("303", DeliveryUnknownError),
        ("307", NotifierRejectedError),
        ("308", NotifierRejectedError),
    ],
)
def test_a_redirect_is_never_followed(service: PushServer, status: str, kind: type[NotifierError]) -> None:
    with PushServer() as elsewhere:
        service.fail_with(f"{status} http://{elsewhere.host}/inside")

        assert type(failure(f"json://{service.host}/hook")) is kind
        assert elsewhere.paths == []


def test_a_refusal_of_a_second_request_says_nothing_about_the_first(service: PushServer) -> None:
    conversation = guard.Conversation(timeout=1.0, allow_private=True)
    service.fail_with("", "404", "")

    for _ in range(2):
        conversation.request("POST", f"http://{service.host}/step", data="{}")
    with pytest.raises(requests.ConnectionError):
        conversation.request("POST", f"http://{service.host}/again", data="{}")

    assert type(conversation.failure) is DeliveryUnknownError
    assert service.paths == ["/step", "/step"]


# ── whom it may speak to ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0", "[::ffff:127.0.0.1]", "2130706433"])
def test_an_address_of_this_machine_is_not_spoken_to(service: PushServer, host: str) -> None:
    port = service.host.rpartition(":")[2]

    failed = failure(f"json://{host}:{port}/hook", allow_private=False)

    assert failed.code in ("push_private_host", "push_url")
    assert service.paths == []


@pytest.mark.parametrize("scheme", ["ntfy", "json", "form", "xml"])
def test_a_private_host_ends_the_contact(service: PushServer, scheme: str) -> None:
    failed = failure(f"{scheme}://{service.host}/tickets", allow_private=False)

    assert isinstance(failed, NotifierRejectedError)
    assert (failed.code, failed.fault) == ("push_private_host", Fault.BAD_CONTACT)


def test_a_public_name_that_leads_inside_is_not_spoken_to(
    service: PushServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is the address that is connected to, not the name."""
    port = int(service.host.rpartition(":")[2])
    inside = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in ("8.8.8.8", "127.0.0.1")
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: inside)

    assert failure(f"json://rebind.example:{port}/hook", allow_private=False).code == "push_private_host"
    assert service.paths == []


@pytest.mark.parametrize(
    ("address", "is_public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("fd00:ec2::254", False),
        ("fe80::1%1", False),
        ("::ffff:10.0.0.1", False),
        ("224.0.0.1", False),
        ("0.0.0.1", False),
        ("::", False),
    ],
)
def test_public_is_what_the_whole_internet_can_reach(address: str, *, is_public: bool) -> None:
    assert guard._is_public(address) is is_public  # noqa: SLF001


# ── what an address may ask for ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "option",
    [
        "retry=3",
        "wait=5",
        "redirect=yes",
        "verify=no",
        "rto=900",
        "overflow=split",
        "attach=file:///etc/passwd",
        "attach=http://127.0.0.1/",
        "email=somebody@else.example",
        "+Host=inside",
        "-param=1",
        ":message=other",
        "optional=yes",
        "store=yes",
        "template=/etc/passwd",
        "include=/etc/apprise.yml",
    ],
)
@pytest.mark.parametrize("scheme", ["ntfy", "json"])
def test_an_option_not_known_to_be_harmless_is_refused(service: PushServer, scheme: str, option: str) -> None:
    failed = failure(f"{scheme}://{service.host}/tickets?{option}")

    assert isinstance(failed, NotifierRejectedError)
    assert (failed.code, failed.fault) == ("push_option", Fault.BAD_CONTACT)
    assert service.paths == []


@pytest.mark.parametrize("to", ["tgram://no-token", "slack://a", "json://", "ntfy://[", "gotify://host"])
def test_what_the_service_cannot_read_ends_the_contact(to: str) -> None:
    failed = failure(to)

    assert isinstance(failed, NotifierRejectedError)
    assert (failed.code, failed.fault) == ("push_url", Fault.BAD_CONTACT)


def test_one_address_tells_one_place(service: PushServer) -> None:
    assert failure(f"ntfy://{service.host}/one/two").code == "push_url"
    assert failure(f"ntfy://{service.host}/one?to=two").code == "push_url"
    assert service.paths == []


@pytest.mark.parametrize(
    "to", ["tgram://t/1", "https://discord.com/api/webhooks/1/a", "file:///etc/passwd", "", "x"]
)
def test_a_service_that_is_not_listed_is_refused(to: str) -> None:
    failed = failure(to, schemes=frozenset({"ntfys"}))

    assert isinstance(failed, NotifierRejectedError)
    assert (failed.code, failed.fault) == ("push_scheme", None)  # the operator may list it again


# ── what it gives away ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "fault", ["", "400", "500", "reset", "hang", "307 http://127.0.0.1:1/tk_not_a_real_token"]
)
def test_no_token_is_in_any_log_line_or_error(
    service: PushServer, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    printed = ""
    service.fail_with(fault)
    try:
        send(f"json://user:{TOKEN}@{service.host}/{TOKEN}?token={TOKEN}")
    except NotifierError as failed:
        printed = "".join(traceback.format_exception(failed)) + repr(failed)

    assert len(service.paths) == 1
    assert TOKEN not in printed + caplog.text + repr(a_notifier())


@pytest.mark.parametrize("to", [f"tgram://{TOKEN}", f"ntfy://[{TOKEN}", f"json://h/{TOKEN}?retry={TOKEN}"])
def test_no_token_of_an_unreadable_address_is_in_any_log_line_or_error(
    to: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    failed = failure(to)

    assert TOKEN not in "".join(traceback.format_exception(failed)) + repr(failed) + caplog.text


# ── settings, and what is assumed of Apprise ─────────────────────────────────────────────────────────────


@pytest.mark.parametrize("setting", ["", " ", ","])
def test_without_a_list_of_services_push_is_off(setting: str) -> None:
    with pytest.raises(NotConfiguredError) as off:
        push.from_env({"APPRISE_SCHEMES": setting})

    assert str(off.value) == (
        "Push is off: set APPRISE_SCHEMES to the services people may use, such as tgram,ntfys,discord."
    )


@pytest.mark.parametrize("setting", ["nosuch", "ntfys,mailto", "ntfys,syslog", f"tgram://{TOKEN}"])
def test_a_service_that_is_none_of_ours_is_said_without_quoting_it(setting: str) -> None:
    with pytest.raises(NotConfiguredError, match="APPRISE_SCHEMES may name bark, ") as off:
        push.from_env({"APPRISE_SCHEMES": setting})

    assert TOKEN not in str(off.value)


def test_the_settings_are_read_as_people_write_them() -> None:
    notifier = push.from_env({"APPRISE_SCHEMES": " tgram, NTFYS ,", "APPRISE_ALLOW_PRIVATE": "On"})

    assert notifier == PushNotifier(frozenset({"tgram", "ntfys"}), allow_private=True)
    assert not push.from_env({"APPRISE_SCHEMES": "json"}).allow_private


def test_an_unknown_message_is_not_sent_again() -> None:
    assert GUARANTEES[Channel.PUSH] is Guarantee.AT_MOST_ONCE


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Apprise loads every service it has
@pytest.mark.parametrize("scheme", SERVICES)
def test_every_service_is_the_one_apprise_finds_and_can_be_built_for_one_place(scheme: str) -> None:
    to = SAMPLES.get(scheme) or SAMPLES[scheme.removesuffix("s")].replace("://", "s://", 1)

    module, name = SERVICES[scheme]
    home = import_module(f"apprise.plugins.{module}")
    ours = push._service(getattr(home, name), to)  # noqa: SLF001

    assert type(apprise.Apprise.instantiate(to)) is type(ours)
    assert "requests" in vars(home)
