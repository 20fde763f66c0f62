"""The Twilio that the other tests rely on: it tells what became of a text as Twilio does."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator

from notifiers import sms
from notifiers.base import Message
from tests.twilio_callbacks import signature
from tests.twilio_server import ACCOUNT, TOKEN, TwilioServer

ENV = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_FROM_NUMBER": "+15005550001"}
URL = "https://scout.example/twilio/status/abc?x=1"
MESSAGE = Message("a" * 32, "K7Q28M4X", "$84 Deftones #K7Q2", callback_url=URL)


class Listener(ThreadingHTTPServer):
    """A web server that notes what it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Listening)
        self.heard: list[tuple[str, dict[str, str], str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.01,)).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Listening(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        fields = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        self.server.heard.append((self.path, fields, self.headers["X-Twilio-Signature"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Not to stderr."""


@pytest.fixture
def twilio() -> Iterator[TwilioServer]:
    with TwilioServer() as server:
        yield server


def test_the_signature_of_twilios_own_example_is_ours_too() -> None:
    url = "https://example.com/myapp.php?foo=1&bar=2"
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    published = "L/OH5YylLD5NRKLltdqwSvS0BnU="

    assert signature(url, fields, "12345") == published
    assert RequestValidator("12345").validate(url, fields, published)
    assert not RequestValidator("12345").validate(url, fields | {"Digits": "1235"}, published)


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("none", []),
        ("once", ["sent", "delivered"]),
        ("twice", ["sent", "sent", "delivered", "delivered"]),
        ("reordered", ["delivered", "sent"]),
        ("early", ["sent", "delivered"]),
        ("late", ["sent", "delivered"]),
        ("undelivered:30003", ["sent", "undelivered"]),
    ],
)
def test_callbacks_come_signed_in_the_planned_order(twilio: TwilioServer, mode: str, told: list[str]) -> None:
    with Listener() as listener:
        twilio.callbacks, twilio.callback_base, twilio.late_seconds = mode, listener.url, 0.05
        sms.from_env(ENV | {"TWILIO_BASE_URL": twilio.url}).send(MESSAGE, "+15005550006")
        twilio.settle()

    assert twilio.told == [(URL, status, 204) for status in told]
    assert [fields["MessageStatus"] for _, fields, _ in listener.heard] == told
    for path, fields, signed in listener.heard:
        assert path == "/twilio/status/abc?x=1"
        assert RequestValidator(TOKEN).validate(URL, fields, signed)
        assert fields.get("ErrorCode") == ("30003" if fields["MessageStatus"] == "undelivered" else None)
