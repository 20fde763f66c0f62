import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import requests
from flask import Flask, abort, request
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from sandbox.inbox import linked
from sandbox.phone import Phone, phone_app
from sandbox.segments import size
from sandbox.servers import serving

SID, TOKEN = "AC" + "0a" * 16, "made-up"
ALICE, SENDER = "+14155550101", "+15005550006"


@pytest.fixture
def client(twilio_url: str) -> Iterator[Any]:
    http_client = TwilioHttpClient(timeout=0.2)
    client = Client(SID, TOKEN, http_client=http_client)
    client.api.base_url = twilio_url
    yield client
    http_client.session.close()


def send(client: Any, **more: Any) -> Any:
    return client.messages.create(**({"to": ALICE, "from_": SENDER, "body": "Tram £45 #K7Q2"} | more))


def test_the_real_client_sends_lists_and_fetches(client: Any, phone: Phone) -> None:
    sent = send(client, status_callback="https://scout.example/status", validity_period=600)
    assert (sent.status, sent.to, sent.from_, sent.num_segments) == ("queued", ALICE, SENDER, "1")
    assert sent.direction == "outbound-api"
    assert datetime.now(UTC) - sent.date_created < timedelta(minutes=1)
    fetched = client.messages(sent.sid).fetch()
    assert (fetched.status, fetched.body) == ("delivered", "Tram £45 #K7Q2")
    assert [text.callback for text in phone.texts] == ["https://scout.example/status"]


def test_a_list_is_paged_newest_first_and_filtered(client: Any) -> None:
    for number in range(5):
        send(client, body=f"text {number}")
    send(client, to="+447700900123")
    since = datetime.now(UTC) - timedelta(hours=1)
    found = client.messages.list(to=ALICE, date_sent_after=since, page_size=2)
    assert [message.body for message in found] == [f"text {number}" for number in (4, 3, 2, 1, 0)]
    assert client.messages.list(to=ALICE, date_sent_before=since) == []
    assert len(client.messages.list()) == 6
    assert len(client.messages.list(date_sent=datetime.now(UTC).date())) == 6


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"to": "12345"}, 21211, id="no number"),
        pytest.param({"to": ""}, 21604, id="no recipient"),
        pytest.param({"from_": ""}, 21603, id="no sender"),
        pytest.param({"body": ""}, 21602, id="no body"),
        pytest.param({"body": "x" * 1601}, 21617, id="too long"),
        pytest.param({"to": "+15005550001"}, 21211, id="Twilio's invalid number"),
        pytest.param({"to": "+15005550004"}, 21610, id="Twilio's number that opted out"),
        pytest.param({"to": "+15005550009"}, 21614, id="Twilio's landline"),
    ],
)
def test_a_refusal_has_twilios_code(client: Any, phone: Phone, fields: dict[str, str], code: int) -> None:
    with pytest.raises(TwilioRestException) as refused:
        send(client, **fields)
    assert (refused.value.status, refused.value.code) == (400, code)
    assert phone.texts == ()


def test_a_messaging_service_may_stand_for_the_sender(client: Any, phone: Phone) -> None:
    sent = send(client, from_=None, messaging_service_sid="MG" + "1" * 32)
    assert (sent.from_, phone.texts[0].service_sid) == (None, "MG" + "1" * 32)


@pytest.mark.parametrize(
    ("user", "password"), [("AC" + "1" * 32, TOKEN), ("me", TOKEN), (SID, ""), (SID, "wrong")]
)
def test_who_is_not_the_account_is_refused(user: str, password: str) -> None:
    with serving(phone_app(Phone(SID, TOKEN))) as url:
        answer = httpx.get(f"{url}/2010-04-01/Accounts/{SID}/Messages.json", auth=(user, password))
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_without_any_login_it_is_refused(twilio_url: str) -> None:
    answer = httpx.post(f"{twilio_url}/2010-04-01/Accounts/{SID}/Messages.json", data={"To": ALICE})
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)


def test_an_unknown_message_and_another_accounts_message_are_not_found(client: Any, twilio_url: str) -> None:
    sent, other = send(client), "AC" + "b" * 32
    for account, sid in ((SID, "SM" + "0" * 32), (other, sent.sid)):
        answer = httpx.get(
            f"{twilio_url}/2010-04-01/Accounts/{account}/Messages/{sid}.json", auth=(account, "x")
        )
        assert (answer.status_code, answer.json()["code"]) == (404, 20404)


@pytest.mark.parametrize(
    ("fault", "status", "received"), [("429", 429, 0), ("500", 500, 0), ("500_after_accept", 500, 1)]
)
def test_a_fault_is_met_once(client: Any, phone: Phone, fault: str, status: int, received: int) -> None:
    phone.faults.append(fault)
    with pytest.raises(TwilioRestException) as refused:
        send(client)
    assert refused.value.status == status
    assert len(phone.texts) == received
    send(client)
    assert len(phone.texts) == received + 1


@pytest.mark.parametrize(("fault", "received"), [("hang", 0), ("timeout_after_accept", 1)])
def test_a_caller_who_gives_up_does_not_know(client: Any, phone: Phone, fault: str, received: int) -> None:
    phone.faults.append(fault)
    with pytest.raises(requests.exceptions.ReadTimeout):
        send(client)
    assert len(phone.texts) == received


class Listener:
    """The product's side: of status callbacks, and of what is texted back."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []
        self.came = threading.Event()
        self.replies: list[tuple[dict[str, str], str]] = []
        self.answers = ["Ben &amp; Jerry under $80"]
        self.fails = False

    def app(self) -> Flask:
        app = Flask("listener")

        @app.post("/status")
        def status() -> str:
            body = request.get_data(as_text=True)
            self.heard.append((request.url, body, request.headers.get("X-Twilio-Signature", "")))
            if len(self.heard) == 2:
                self.came.set()
            return ""

        @app.post("/twilio/reply")
        def reply() -> str:
            self.replies.append((dict(request.form), request.headers.get("X-Twilio-Signature", "")))
            if self.fails:
                abort(503)
            said = "".join(f"<Message>{answer}</Message>" for answer in self.answers)
            return f"<Response>{said}</Response>"

        return app


@pytest.mark.parametrize("fault", [None, "500_after_accept"])
def test_an_accepted_text_reports_its_delivery_with_a_signature(fault: str | None) -> None:
    phone, listener = Phone(SID, TOKEN), Listener()
    phone.faults += [fault] if fault else []
    with serving(listener.app()) as product, serving(phone_app(phone)) as url:
        httpx.post(
            f"{url}/2010-04-01/Accounts/{SID}/Messages.json",
            data={"To": ALICE, "From": SENDER, "Body": "hi", "StatusCallback": f"{product}/status?alert=1"},
            auth=(SID, TOKEN),
        )
        assert listener.came.wait(5)
    statuses = []
    for heard_url, body, signature in listener.heard:
        fields = {name: values[0] for name, values in parse_qs(body).items()}
        statuses.append(fields["MessageStatus"])
        assert fields["MessageSid"] == phone.texts[0].sid
        assert RequestValidator(TOKEN).validate(heard_url, fields, signature)
    assert statuses == ["sent", "delivered"]


def test_a_callback_leaves_this_machine_never_and_a_dead_one_harms_nothing(client: Any, phone: Phone) -> None:
    send(client, status_callback="http://127.0.0.1:9/nobody")
    send(client, status_callback="https://scout.example/status")
    time.sleep(0.1)
    assert len(phone.texts) == 2


@pytest.fixture
def listener(phone: Phone) -> Iterator[Listener]:
    """A product that hears what is texted back."""
    listener = Listener()
    phone.account_sid, phone.auth_token = SID, TOKEN
    with serving(listener.app()) as product:
        phone.product, phone.public_url = product, "https://scout.example"
        yield listener


def text_back(twilio_url: str, body: str, **more: str) -> None:
    assert httpx.post(f"{twilio_url}/reply", data={"body": body, **more}).status_code == 303


def test_what_is_texted_back_reaches_the_product_signed_for_its_public_address(
    client: Any, twilio_url: str, phone: Phone, listener: Listener
) -> None:
    sent = send(client)
    text_back(twilio_url, "BELOW 80")
    ((fields, signature),) = listener.replies
    assert (fields["From"], fields["To"], fields["Body"]) == (ALICE, SENDER, "BELOW 80")
    assert fields["MessageSid"].startswith("SM")
    assert fields["MessageSid"] != sent.sid
    assert RequestValidator(TOKEN).validate("https://scout.example/twilio/reply", fields, signature)
    assert [text.body for text in phone.texts] == ["Tram £45 #K7Q2", "Ben & Jerry under $80"]
    page = httpx.get(twilio_url).text
    assert page.index("Tram") < page.index("BELOW 80") < page.index("Ben &amp; Jerry")
    assert page.count('<li class="mine">') == 1
    directions = [message.direction for message in client.messages.list()]
    assert directions == ["outbound-reply", "inbound", "outbound-api"]
    assert [message.direction for message in client.messages.list(to=SENDER)] == ["inbound"]


def test_after_stop_nothing_is_sent_until_start(
    client: Any, twilio_url: str, phone: Phone, listener: Listener
) -> None:
    send(client)
    text_back(twilio_url, " Stop ")
    with pytest.raises(TwilioRestException) as refused:
        send(client)
    assert (refused.value.status, refused.value.code) == (400, 21610)
    text_back(twilio_url, "help")
    assert [fields["Body"] for fields, _ in listener.replies] == ["Stop", "help"]
    assert [text.body[:16] for text in phone.texts] == ["Tram £45 #K7Q2", "Twilio (sandbox)"]
    assert "replied STOP" in httpx.get(twilio_url).text
    send(client, to="+447700900123")
    text_back(twilio_url, "START", number=ALICE)
    send(client)
    assert phone.texts[-1].to == ALICE
    assert "Twilio sends it nothing" not in httpx.get(twilio_url).text


def test_stop_in_other_words_is_the_products_to_understand(
    client: Any, twilio_url: str, phone: Phone, listener: Listener
) -> None:
    send(client)
    text_back(twilio_url, "stop please")
    assert listener.replies
    assert phone.opted_out == set()
    send(client)


def test_a_product_that_does_not_take_it_is_said_on_the_page(
    client: Any, twilio_url: str, phone: Phone, listener: Listener
) -> None:
    send(client)
    listener.fails = True
    text_back(twilio_url, "LIST")
    assert "did not take this: it answered 503" in httpx.get(twilio_url).text
    phone.product = "http://127.0.0.1:9"
    text_back(twilio_url, "LIST")
    assert "did not take this: it does not answer" in httpx.get(twilio_url).text
    phone.product = "https://scout.example"
    text_back(twilio_url, "LIST")
    assert len(listener.replies) == 1
    assert len(phone.texts) == 1


def test_nothing_is_texted_back_to_nobody(twilio_url: str, phone: Phone, listener: Listener) -> None:
    text_back(twilio_url, "LIST")
    text_back(twilio_url, "  ", number=ALICE)
    assert (phone.everything, listener.replies) == ((), [])


@pytest.mark.parametrize(
    ("text", "encoding", "units", "segments"),
    [
        pytest.param("a" * 160, "GSM-7", 160, 1, id="one full GSM-7 segment"),
        pytest.param("a" * 161, "GSM-7", 161, 2, id="one more"),
        pytest.param("€" * 80, "GSM-7", 160, 1, id="an escaped character is two"),
        pytest.param("a" * 152 + "€" * 5, "GSM-7", 162, 2, id="an escape is not cut off"),
        pytest.param("ж" * 70, "UCS-2", 70, 1, id="one full UCS-2 segment"),
        pytest.param("ж" * 71, "UCS-2", 71, 2, id="one more in UCS-2"),
        pytest.param("🎟" * 34, "UCS-2", 68, 1, id="an emoji is two units"),
        pytest.param("🎟" * 67, "UCS-2", 134, 3, id="an emoji is not cut"),
        pytest.param("", "GSM-7", 0, 1, id="nothing"),
    ],
)
def test_segments(text: str, encoding: str, units: int, segments: int) -> None:
    found = size(text)
    assert (found.encoding, found.units, found.segments) == (encoding, units, segments)


def test_links_in_a_text_are_links_and_nothing_else_is() -> None:
    shown = linked('<b>£45</b> http://127.0.0.1:8080/a/K7Q2. or (https://x.test/?a=1&b=2) "javascript:1"')
    assert 'href="http://127.0.0.1:8080/a/K7Q2"' in shown
    assert 'href="https://x.test/?a=1&amp;b=2"' in shown
    assert "<b>" not in shown
    assert shown.count("<a ") == 2


def test_the_page_shows_texts_newest_last_with_their_segments(
    client: Any, twilio_url: str, phone: Phone
) -> None:
    assert "No text yet" in httpx.get(twilio_url).text
    send(client, body="first")
    send(client, body="second ж")
    page = httpx.get(twilio_url).text
    assert page.index("first") < page.index("second ж")
    assert "1 segment, UCS-2, 8 characters" in page
    assert "Sandbox: nothing on this page" in page
    httpx.post(f"{twilio_url}/fault", data={"fault": "429"})
    httpx.post(f"{twilio_url}/fault", data={"fault": "nonsense"})
    assert phone.faults == ["429"]
    httpx.post(f"{twilio_url}/clear")
    assert (phone.texts, phone.faults) == ((), [])
