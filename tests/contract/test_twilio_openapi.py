"""What we send to Twilio, and what our Twilio on this machine answers, as Twilio's own description has it.

Prism stands between our client and the server and reports every difference from the vendor's OpenAPI
description. Neither is part of the project: ``npm install @stoplight/prism-cli``, with ``prism`` on the path,
and ``TWILIO_OPENAPI`` names the description where it does not lie beside the project.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from notifiers import sms
from notifiers.base import Message
from notifiers.errors import DeliveryUnknownError, NotifierRejectedError, NotifierUnavailableError
from tests.twilio_server import ACCOUNT, MESSAGES, TOKEN, Text, TwilioServer
from watchers.models import AlertState

BESIDE = Path(__file__).parents[3] / "shared/real-parts/twilio-messages-openapi.json"
DESCRIPTION = Path(os.environ.get("TWILIO_OPENAPI", BESIDE))
PRISM = shutil.which(os.environ.get("PRISM", "prism"))
PHONE = "+15005550006"
MESSAGE = Message(
    "a" * 32, "K7Q28M4X", "$84 all-in Deftones #K7Q2", callback_url="https://scout.example/twilio/status/a"
)
ENV = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM_NUMBER": "+15005550001"}
READY_WITHIN = 30.0

pytestmark = [
    pytest.mark.skipif(not PRISM, reason="needs prism (npm install @stoplight/prism-cli)"),
    pytest.mark.skipif(not DESCRIPTION.exists(), reason="needs Twilio's OpenAPI description of Messages"),
]


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


@pytest.fixture(scope="module")
def description(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twilio's, but for one thing: it says that pages have whole addresses.

    Its own examples in the same document, and its SDK, have them without scheme and host.
    """
    document = json.loads(DESCRIPTION.read_text())
    listed = document["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["get"]["responses"]["200"]
    for field in listed["content"]["application/json"]["schema"]["properties"].values():
        if field.get("format") == "uri":
            field["format"] = "uri-reference"
    corrected = tmp_path_factory.mktemp("twilio") / "messages.json"
    corrected.write_text(json.dumps(document))
    return corrected


@pytest.fixture(scope="module")
def proxy(twilio: TwilioServer, description: Path) -> Iterator[str]:
    """The address of a prism that refuses whatever is not as described, before our server."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    command = [str(PRISM), "proxy", "--errors", "-h", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(  # noqa: S603 - nothing of it comes from outside
        [*command, str(description), twilio.url],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait_for(port: int) -> None:
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("prism did not start")


@pytest.fixture
def notifier(proxy: str) -> sms.TwilioNotifier:
    return sms.from_env(ENV | {"TWILIO_BASE_URL": proxy})


def violations(proxy: str, method: str, path: str, **request: Any) -> str:
    """What prism reports about a call; empty when it is as described."""
    answer = httpx.request(method, f"{proxy}{path}", auth=(ACCOUNT, TOKEN), **request)
    return answer.text if "prism/errors" in answer.text else ""


def test_a_text_with_all_that_we_send_is_created(notifier: sms.TwilioNotifier, twilio: TwilioServer) -> None:
    assert notifier.send(MESSAGE, PHONE)
    assert twilio.accepted[-1].keys() == {"To", "From", "Body", "ValidityPeriod", "StatusCallback"}


def test_a_text_of_a_messaging_service_is_created(proxy: str, twilio: TwilioServer) -> None:
    env = ENV | {"TWILIO_BASE_URL": proxy, "TWILIO_MESSAGING_SERVICE_SID": "MG" + "0" * 32}
    assert sms.from_env(env).send(MESSAGE, PHONE)
    assert twilio.accepted[-1].keys() >= {"MessagingServiceSid", "StatusCallback"}


def test_a_list_of_several_pages_is_read(notifier: sms.TwilioNotifier, twilio: TwilioServer) -> None:
    since = datetime.now(UTC) - timedelta(hours=1)
    known = len(twilio.texts)
    for status, code in [("delivered", None), ("undelivered", 30003), ("failed", 30036)]:
        twilio.accept({"To": PHONE, "From": "+15005550001", "Body": "#K7Q2"}).become(status, code)
    for _ in range(100):
        twilio.accept({"To": PHONE, "From": "+15005550001", "Body": "#K7Q2"})

    found = list(notifier.accepted(since, PHONE))
    assert len(found) == known + 103
    assert {report.state for report in found} == {
        AlertState.SENT,
        AlertState.DELIVERED,
        AlertState.UNDELIVERED,
    }


def test_pages_are_as_described(proxy: str, twilio: TwilioServer) -> None:
    for _ in range(5):
        twilio.accept({"To": PHONE, "From": "+15005550001", "Body": "#K7Q2"})
    for asked in ("", "?PageSize=2", "?PageSize=2&Page=1", "?To=%2B15005550006"):
        assert violations(proxy, "GET", f"{MESSAGES}.json{asked}") == ""


def test_one_message_is_as_described(proxy: str, twilio: TwilioServer) -> None:
    text = twilio.accept({"To": PHONE, "From": "+15005550001", "Body": "#K7Q2"})
    assert violations(proxy, "GET", f"{MESSAGES}/{text.sid}.json") == ""


# ── so that it can fail ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("wrong", [{"status": "on its way"}, {"error_code": "30003"}, {"sid": "SM1"}])
def test_an_answer_that_is_not_as_described_is_reported(
    proxy: str, notifier: sms.TwilioNotifier, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str]
) -> None:
    right = Text.document
    monkeypatch.setattr(Text, "document", lambda text: right(text) | wrong)
    assert next(iter(wrong)) in violations(proxy, "GET", f"{MESSAGES}.json")
    with pytest.raises(NotifierUnavailableError):
        list(notifier.accepted(datetime.now(UTC) - timedelta(hours=1)))


def test_a_request_that_is_not_as_described_is_reported(
    proxy: str, notifier: sms.TwilioNotifier, twilio: TwilioServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = len(twilio.accepted)
    fields = {"To": PHONE, "From": "+15005550001", "Body": "x"}
    assert "ValidityPeriod" in violations(
        proxy, "POST", f"{MESSAGES}.json", data=fields | {"ValidityPeriod": "soon"}
    )
    monkeypatch.setattr(sms, "VALIDITY_SECONDS", "soon")
    with pytest.raises((NotifierRejectedError, DeliveryUnknownError)):
        replace(notifier).send(MESSAGE, PHONE)
    assert len(twilio.accepted) == taken
