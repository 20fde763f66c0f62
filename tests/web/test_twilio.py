"""What Twilio tells us is believed when it is signed, done once, and answered at most once."""

import dataclasses
import json
import logging
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from msgspec import structs
from twilio.request_validator import RequestValidator
from werkzeug.test import TestResponse

from notifiers import spend
from notifiers.base import Report
from notifiers.errors import Fault
from notifiers.limits import Limits
from notifiers.words.gsm import segments, septets
from sandbox import replying
from sandbox.phone import Phone
from sandbox.servers import serving
from tests.fakes import Crash
from tests.web.kit import NUMBER, PLACES, TWILIO_TOKEN, World, news_of
from watchers.documents import Put, Query, Update, Write
from watchers.errors import StoreUnavailableError
from watchers.kinds import Channel
from watchers.logs import JsonLines
from watchers.models import AlertState
from web.site import EXTENSION
from web.twilio import is_signed

PUBLIC = "https://scout.example"
SID = "SM" + "0a" * 16
FORM = "application/x-www-form-urlencoded"
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
CODE = "K7Q2ABCD"
Fields = Sequence[tuple[str, str]]


def sign(url: str, fields: Fields, token: str = TWILIO_TOKEN) -> str:
    """As Twilio signs: the values of a field that comes several times stand one after another."""
    several: dict[str, list[str]] = {}
    for name, value in fields:
        several.setdefault(name, []).append(value)
    return str(RequestValidator(token).compute_signature(url, _Several(several)))


class _Several(dict[str, list[str]]):
    def getlist(self, name: str) -> list[str]:
        return self[name]


@dataclass
class Twilio:
    """Twilio in front of an application that is reached at ``PUBLIC``."""

    app: Flask
    sids: Iterator[str] = field(default_factory=lambda: iter(lambda: "SM" + secrets.token_hex(16), ""))

    def post(
        self,
        path: str,
        fields: Fields,
        *,
        signed: str | None = None,
        signature: str | None = None,
        base_url: str = "http://10.0.0.7:8080",
        content_type: str = FORM,
    ) -> TestResponse:
        """The request as a proxy hands it on: another scheme, host and port than what was signed."""
        signature = sign(signed or PUBLIC + path, fields) if signature is None else signature
        headers = {"X-Twilio-Signature": signature} if signature else {}
        return self.app.test_client().post(
            path, base_url=base_url, data=urlencode(fields), headers=headers, content_type=content_type
        )

    def text(self, body: str, sender: str = NUMBER, sid: str = "", **more: str) -> str:
        """The answer to a text, as it will be read; empty for none."""
        told = {
            "MessageSid": sid or next(self.sids),
            "From": sender,
            "To": "+14155550100",
            "Body": body,
            **more,
        }
        answer = self.post("/twilio/reply", list(told.items()))
        assert (answer.status_code, answer.mimetype) == (200, "text/xml")
        assert "Set-Cookie" not in answer.headers
        return said(answer)


def said(answer: TestResponse) -> str:
    page = answer.get_data(as_text=True)
    found = re.fullmatch(r"<\?xml [^>]*\?><Response>(?:<Message>(.*)</Message>)?</Response>", page, re.DOTALL)
    assert found, page
    text = unescape(found[1] or "")
    assert septets(text) is not None
    assert segments(text) <= 2
    return text


@pytest.fixture
def twilio(world: World) -> Twilio:
    return Twilio(world.app(public_url=PUBLIC))


@pytest.fixture
def ann_texts(world: World) -> None:
    """Ann has a watch, and her latest text told of it."""
    world.reach()
    world.put_watch("w1")
    world.texted(world.told(CODE))


def inbound(world: World) -> list[dict[str, object]]:
    return [dict(one.fields) for one in world.documents.inner.find(Query("inbound"))]


def taken(world: World) -> int:
    """Segments of this month, of everybody."""
    return spend.spent(world.documents.inner, world.now())


def before_it_is_kept(world: World, happens: Callable[[], object]) -> None:
    """Let this happen once, right before a text is kept with all it changes."""

    def slip_in(writes: tuple[Write, ...]) -> None:
        if writes[0].path.startswith("inbound/"):
            world.documents.before_commit = None
            happens()

    world.documents.before_commit = slip_in


# ── who may speak ────────────────────────────────────────────────────────────────────────────────────────


STATUS: Fields = (("MessageSid", SID), ("MessageStatus", "delivered"))


def test_twilios_published_vector_passes(world: World) -> None:
    app = world.app(public_url="https://example.com")
    fields = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675310",
        "Digits": "1234",
        "From": "+14158675310",
        "To": "+18005551212",
    }
    headers = {"X-Twilio-Signature": "L/OH5YylLD5NRKLltdqwSvS0BnU="}
    path = "/myapp.php?foo=1&bar=2"
    with app.test_request_context(path, method="POST", data=fields, headers=headers):
        assert is_signed("12345")
        assert not is_signed("12346")
    with app.test_request_context(path, method="POST", data=fields | {"Digits": "1235"}, headers=headers):
        assert not is_signed("12345")
    with app.test_request_context("/myapp.php?foo=1", method="POST", data=fields, headers=headers):
        assert not is_signed("12345")


@pytest.mark.parametrize(
    ("public_url", "path", "signed"),
    [
        pytest.param(PUBLIC, "", "https://scout.example/twilio/status/a1", id="https before a proxy"),
        pytest.param(PUBLIC, "", "https://scout.example:443/twilio/status/a1", id="with its port"),
        pytest.param(
            "https://scout.example:8443", "", "https://scout.example:8443/twilio/status/a1", id="own port"
        ),
        pytest.param(
            "https://scout.example:8443", "", "https://scout.example/twilio/status/a1", id="own port left out"
        ),
        pytest.param("http://scout.example", "", "http://scout.example/twilio/status/a1", id="plain http"),
        pytest.param(f"{PUBLIC}/", "", "https://scout.example/twilio/status/a1", id="slash in the setting"),
        pytest.param(
            f"{PUBLIC}/web",
            "",
            "https://scout.example/web/twilio/status/a1",
            id="a prefix that a proxy cuts off",
        ),
        pytest.param(
            PUBLIC, "?a=1&b=x%20y%2F", "https://scout.example/twilio/status/a1?a=1&b=x%20y%2F", id="query"
        ),
    ],
)
def test_what_is_signed_for_the_public_address_is_heard(
    world: World, public_url: str, path: str, signed: str
) -> None:
    twilio = Twilio(world.app(public_url=public_url))
    assert twilio.post(f"/twilio/status/a1{path}", STATUS, signed=signed).status_code == 204
    assert world.learned == [("a1", Report(SID, AlertState.DELIVERED))]


@pytest.mark.parametrize(
    "signed",
    [
        pytest.param("http://scout.example/twilio/status/a1", id="http instead of https"),
        pytest.param("http://10.0.0.7:8080/twilio/status/a1", id="the address behind the proxy"),
        pytest.param("https://evil.example/twilio/status/a1", id="another host"),
        pytest.param("https://scout.example/twilio/status/a2", id="another alert"),
        pytest.param("https://scout.example/twilio/status/a1?x=1", id="another query"),
        pytest.param("https://scout.example/twilio/reply", id="the other address"),
    ],
)
def test_what_is_signed_for_another_address_is_refused(world: World, twilio: Twilio, signed: str) -> None:
    assert twilio.post("/twilio/status/a1", STATUS, signed=signed).status_code == 403
    assert world.learned == []


def test_a_server_that_does_not_say_what_was_sent_is_no_hindrance(world: World, twilio: Twilio) -> None:
    path = "/twilio/status/a1?x=%20y&z="
    answer = twilio.app.test_client().post(
        path,
        data=urlencode(STATUS),
        content_type=FORM,
        headers={"X-Twilio-Signature": sign(PUBLIC + path, STATUS)},
        environ_overrides={"RAW_URI": "http://scout.example/elsewhere", "REQUEST_URI": ""},
    )
    assert (answer.status_code, len(world.learned)) == (204, 1)


def test_a_forwarded_host_changes_nothing(world: World, twilio: Twilio) -> None:
    fields = urlencode(STATUS)
    headers = {
        "X-Twilio-Signature": sign("https://evil.example/twilio/status/a1", STATUS),
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Host": "evil.example",
    }
    answer = twilio.app.test_client().post(
        "/twilio/status/a1", data=fields, headers=headers, content_type=FORM
    )
    assert (answer.status_code, world.learned) == (403, [])


@pytest.mark.parametrize("path", ["/twilio/status/a1", "/twilio/reply"])
@pytest.mark.usefixtures("ann_texts")
def test_what_is_not_signed_is_refused_counted_and_logged_without_its_words(
    world: World, twilio: Twilio, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    fields = [*STATUS, ("From", NUMBER), ("Body", "STOP")]
    tampered = [(name, "stop!" if name == "Body" else value) for name, value in fields]
    with caplog.at_level(logging.INFO):
        assert twilio.post(path, fields, signature="").status_code == 403
        assert twilio.post(path, fields, signature="bm9wZQ==").status_code == 403
        assert twilio.post(path, fields, signature="é✓").status_code == 403
        assert twilio.post(path, fields, signature=sign(PUBLIC + path, tampered)).status_code == 403
        assert twilio.post(path, fields, signature=sign(PUBLIC + path, fields, "another")).status_code == 403
        assert twilio.post(path, fields, content_type="application/json").status_code == 415
        assert twilio.post(path, fields, content_type="multipart/form-data; boundary=x").status_code == 415
    site = twilio.app.extensions["ticket_scout"]
    assert dict(site.refused) == {"no_signature": 1, "wrong_signature": 4, "not_a_form": 2}
    refused = [record for record in caplog.records if record.getMessage() == "twilio.refused"]
    assert [(record.levelname, vars(record)["why"], vars(record)["count"]) for record in refused] == [
        ("WARNING", "no_signature", 1),
        *(("WARNING", "wrong_signature", count) for count in (1, 2, 3, 4)),
        *(("WARNING", "not_a_form", count) for count in (1, 2)),
    ]
    line = json.loads(JsonLines().format(refused[-1]))
    assert (line["severity"], line["event"], line["why"], line["count"]) == (
        *("WARNING", "twilio.refused", "not_a_form"),
        2,
    )
    assert NUMBER not in caplog.text + "".join(str(record.__dict__) for record in refused)
    assert (world.learned, inbound(world)) == ([], [])
    assert "opted_out_at" not in world.fields("people/ann")


@pytest.mark.parametrize("path", ["/twilio/status/a1", "/twilio/reply"])
def test_without_a_token_nothing_is_believed(world: World, path: str) -> None:
    twilio = Twilio(world.app(public_url=PUBLIC, twilio_token=None))
    assert twilio.post(path, STATUS, signature=sign(PUBLIC + path, STATUS, "")).status_code == 503
    assert world.learned == []


@pytest.mark.parametrize("path", ["/twilio/status/a1", "/twilio/reply"])
def test_only_a_post_is_taken(twilio: Twilio, path: str) -> None:
    assert twilio.app.test_client().get(path).status_code in (403, 405)


# ── what became of a text ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("queued", "", Report(SID, AlertState.SENT)),
        ("sent", "", Report(SID, AlertState.SENT)),
        ("delivered", "0", Report(SID, AlertState.DELIVERED)),
        ("undelivered", "30006", Report(SID, AlertState.UNDELIVERED, "30006", fault=Fault.BAD_CONTACT)),
        ("failed", "30007", Report(SID, AlertState.UNDELIVERED, "30007", fault=Fault.OPERATOR)),
        ("failed", "x" * 5000, Report(SID, AlertState.UNDELIVERED)),
        ("teleported", "", Report(SID, AlertState.SENT)),
        ("sent", "+14155550123", Report(SID, AlertState.SENT)),
    ],
)
def test_a_status_is_learned(world: World, twilio: Twilio, status: str, code: str, expected: Report) -> None:
    fields = [("MessageSid", SID), ("MessageStatus", status), ("ErrorCode", code), ("To", NUMBER)]
    assert twilio.post("/twilio/status/a1", fields).status_code == 204
    assert world.learned == [("a1", expected)]


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([], id="nothing"),
        pytest.param([("MessageSid", SID)], id="no status"),
        pytest.param([("MessageStatus", "sent")], id="no sid"),
        pytest.param([("MessageSid", "../people/ann"), ("MessageStatus", "sent")], id="no sid at all"),
        pytest.param([("MessageSid", "S" * 5000), ("MessageStatus", "sent")], id="endless sid"),
    ],
)
def test_a_status_that_says_nothing_is_no_error(world: World, twilio: Twilio, fields: Fields) -> None:
    assert twilio.post("/twilio/status/a1", fields).status_code == 204
    assert world.learned == []


def test_repeated_unknown_and_long_fields_are_signed_and_harmless(world: World, twilio: Twilio) -> None:
    fields = [
        *STATUS,
        ("MessageStatus", "sent"),
        ("Tomorrow", "z"),
        ("Tomorrow", "a"),
        ("Long", "x" * 100_000),
    ]
    assert twilio.post("/twilio/status/a1", fields).status_code == 204
    assert world.learned == [("a1", Report(SID, AlertState.DELIVERED))]


def test_more_than_anybody_sends_is_refused(twilio: Twilio) -> None:
    assert twilio.post("/twilio/status/a1", [*STATUS, ("Long", "x" * 300_000)]).status_code == 413


def test_a_status_is_told_again_while_the_database_is_down(world: World, twilio: Twilio) -> None:
    world.documents.down = True
    answer = twilio.post("/twilio/status/a1", STATUS)
    assert (answer.status_code, answer.data) == (503, b"")


# ── consent ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "word", ["STOP", "stop ", "Unsubscribe", "CANCEL", "end", "QUIT", "StopAll", "revoke", "OPTOUT"]
)
@pytest.mark.usefixtures("ann_texts")
def test_a_keyword_opts_out_and_twilio_answers(world: World, twilio: Twilio, word: str) -> None:
    assert twilio.text(word) == ""
    assert world.fields("people/ann")["opted_out_at"]
    assert world.watch()["status"] == "active"


@pytest.mark.usefixtures("ann_texts")
def test_a_looser_wording_opts_out_and_is_confirmed_once(world: World, twilio: Twilio) -> None:
    assert twilio.text("Stop please!") == (
        "You get no more texts from Ticket Scout. Alerts go by e-mail where you gave one. "
        "Reply START for texts again."
    )
    first = world.fields("people/ann")["opted_out_at"]
    assert twilio.text("Stop please!") == ""
    assert world.fields("people/ann")["opted_out_at"] == first


@pytest.mark.usefixtures("ann_texts")
def test_a_stop_that_twilio_has_seen_is_ended_by_start_itself_alone(world: World, twilio: Twilio) -> None:
    twilio.text("STOP")
    stopped = world.fields("people/ann")
    assert stopped["opted_out_at_vendor"] is True
    assert [twilio.text(body) for body in ("start please", "Start!", "stop please")] == [""] * 3
    assert world.fields("people/ann") == stopped
    assert twilio.text("START") == ""
    assert (
        world.fields("people/ann")["opted_out_at"],
        world.fields("people/ann")["opted_out_at_vendor"],
    ) == (*(None, False),)


@pytest.mark.parametrize("start", ["start please", "START"])
@pytest.mark.usefixtures("ann_texts")
def test_a_stop_that_twilio_has_not_seen_is_ended_by_any_start(
    world: World, twilio: Twilio, start: str
) -> None:
    twilio.text("stop please")
    assert world.fields("people/ann")["opted_out_at_vendor"] is False
    assert bool(twilio.text(start)) is (start != "START")
    assert world.fields("people/ann")["opted_out_at"] is None


@pytest.mark.usefixtures("ann_texts")
def test_stop_itself_after_a_looser_one_is_twilios_from_then_on(world: World, twilio: Twilio) -> None:
    twilio.text("stop please")
    first = world.fields("people/ann")["opted_out_at"]
    twilio.text("ARRETEZ", OptOutType="STOP")
    kept = world.fields("people/ann")
    assert (kept["opted_out_at"], kept["opted_out_at_vendor"]) == (first, True)
    assert twilio.text("start please") == ""
    assert world.fields("people/ann") == kept


def test_a_number_that_twilio_blocks_is_started_by_nobody_who_shares_it(world: World, twilio: Twilio) -> None:
    world.reach("ann", opted_out_at=world.now())
    world.reach("bob", opted_out_at=world.now(), opted_out_at_vendor=True)
    assert twilio.text("start please") == ""
    assert all(world.fields(f"people/{uid}")["opted_out_at"] for uid in ("ann", "bob"))
    twilio.text("START")
    assert not any(world.fields(f"people/{uid}")["opted_out_at"] for uid in ("ann", "bob"))


def test_a_stop_is_confirmed_also_when_only_one_of_those_with_the_number_still_got_texts(
    world: World, twilio: Twilio
) -> None:
    world.reach("ann", opted_out_at=world.now())
    world.reach("bob")
    assert twilio.text("stop please").startswith("You get no more texts")
    assert world.fields("people/bob")["opted_out_at"]


def test_a_stop_from_a_number_that_twilio_blocks_is_kept_and_not_answered(
    world: World, twilio: Twilio
) -> None:
    world.reach("ann", opted_out_at=world.now(), opted_out_at_vendor=True)
    world.reach("bob")
    assert twilio.text("stop please") == ""
    assert world.fields("people/bob")["opted_out_at"]


@pytest.mark.parametrize(("kind", "is_out"), [("STOP", True), ("START", False), ("HELP", None)])
def test_what_twilio_took_it_for_counts(world: World, twilio: Twilio, kind: str, is_out: bool | None) -> None:
    world.reach(opted_out_at=None if is_out else world.now())
    assert twilio.text("ARRETEZ", OptOutType=kind) == ""
    assert bool(world.fields("people/ann")["opted_out_at"]) is (is_out is not False)


@pytest.mark.parametrize(
    ("word", "answer"), [("START", ""), ("yes", ""), ("UNSTOP", ""), ("Start!", "again. Reply STOP")]
)
def test_start_ends_an_opt_out(world: World, twilio: Twilio, word: str, answer: str) -> None:
    world.reach(opted_out_at=world.now())
    assert answer in twilio.text(word)
    assert world.fields("people/ann")["opted_out_at"] is None


def test_stop_is_of_everybody_with_that_number(world: World, twilio: Twilio) -> None:
    world.reach("ann")
    world.reach("bob")
    world.reach("eve", phone="+14155550199")
    twilio.text("STOP")
    assert [bool(world.fields(f"people/{uid}").get("opted_out_at")) for uid in ("ann", "bob", "eve")] == [
        True,
        True,
        False,
    ]


@pytest.mark.usefixtures("ann_texts")
def test_who_opted_out_gets_no_answer_but_what_they_ask_is_done(world: World, twilio: Twilio) -> None:
    world.reach(opted_out_at=world.now())
    assert twilio.text("BOUGHT") == ""
    assert world.watch()["status"] == "ended"
    assert [twilio.text(word) for word in ("LIST", "WHY", "what?", "help?")] == [""] * 4


@pytest.mark.parametrize("body", ["STOP", "BOUGHT", "LIST", "hello there"])
@pytest.mark.usefixtures("ann_texts")
def test_a_stranger_is_not_answered_and_nothing_is_kept_of_them(
    world: World, twilio: Twilio, body: str
) -> None:
    assert twilio.text(body, sender="+19995550100") == ""
    (kept,) = inbound(world)
    assert kept.keys() == {"uid", "at", "verb", "watch", "expires_at"}
    assert (kept["uid"], kept["watch"]) == ("", "")
    assert "opted_out_at" not in world.fields("people/ann")


@pytest.mark.usefixtures("ann_texts")
def test_an_unverified_number_is_nobodys(world: World, twilio: Twilio) -> None:
    world.reach(phone_verified_at=None)
    assert twilio.text("BOUGHT") == ""
    assert world.watch()["status"] == "active"


# ── watches ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("code", ["", f"#{CODE[:4]}", CODE[:4].lower(), CODE, f"#{CODE}"])
@pytest.mark.usefixtures("ann_texts")
def test_bought_ends_the_watch(world: World, twilio: Twilio, code: str) -> None:
    assert twilio.text(f"BOUGHT {code}") == (
        'Enjoy it! "Lakers v Warriors" has ended and tells you nothing more. Reply RESUME to undo.'
    )
    assert world.watch()["status"] == "ended"
    world.copy("w1")
    assert world.fields(PLACES.job("w1"))["targets"] == []
    assert twilio.text(f"{code} resume") == '"Lakers v Warriors" is watching again.'
    assert world.watch()["status"] == "active"


@pytest.mark.usefixtures("ann_texts")
def test_snooze_is_until_then_on_the_persons_clock(world: World, twilio: Twilio) -> None:
    world.reach(timezone="Asia/Tokyo")
    answer = twilio.text("1D")
    assert re.search(r"is quiet until \d+ \w{3} \d\d:\d\d JST;", answer)
    until = world.watch()["snoozed_until"]
    assert timedelta(hours=23, minutes=59) < until - world.now() <= timedelta(days=1)
    assert world.copy("w1") == "copied"
    assert world.fields(PLACES.job("w1"))["targets"]
    assert twilio.text("RESUME") == '"Lakers v Warriors" is watching again.'
    assert world.watch()["snoozed_until"] is None


@pytest.mark.usefixtures("ann_texts")
def test_resume_lets_go_of_what_was_held_for_the_snooze(world: World, twilio: Twilio) -> None:
    until = world.now() + timedelta(days=1)
    held: dict[str, Any] = {"state": AlertState.HELD, "due_at": until, "settled_at": None}
    ours = [
        world.told("M7Q2ABCD", channel=channel, why="snoozed", **held)
        for channel in (Channel.SMS, Channel.EMAIL)
    ]
    others = [
        world.told("N7Q2ABCD", why="quiet_hours", **held),
        world.told("P7Q2ABCD", why="snoozed", watch_id="w2", **held),
        world.told("Q7Q2ABCD", "bob", why="snoozed", **held),
    ]
    world.put_watch("w1", snoozed_until=until)
    twilio.text("LIST")
    twilio.text("SNOOZE 1D")
    assert all(world.fields(f"alerts/{one.id}")["due_at"] == until for one in ours)
    assert twilio.text("RESUME") == '"Lakers v Warriors" is watching again.'
    assert all(world.fields(f"alerts/{one.id}")["due_at"] <= world.now() for one in ours)
    assert all(world.fields(f"alerts/{one.id}")["due_at"] == until for one in others)


@pytest.mark.parametrize("said", ["BELOW 80", "below $80.00", "< 80", "Under 80,00 USD #K7Q2"])
@pytest.mark.usefixtures("ann_texts")
def test_below_sets_the_limit(world: World, twilio: Twilio, said: str) -> None:
    assert twilio.text(said) == '"Lakers v Warriors" now tells you at $80 or less.'
    assert world.copy("w1") == "copied"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("SNOOZE 61D", "from 1 minute to 60 days"),
        ("BELOW", "such as BELOW 80"),
        ("BELOW 0", "over 0"),
        ("BELOW 79.555", "at most 2 digits"),
        ("BELOW €80", "counts in USD"),
        ("BOUGHT #ZZZZ", "no alert #ZZZZ"),
    ],
)
@pytest.mark.usefixtures("ann_texts")
def test_what_cannot_be_done_is_said_and_changes_nothing(
    world: World, twilio: Twilio, text: str, answer: str
) -> None:
    before = world.watch()
    assert answer in twilio.text(text)
    assert world.watch() == before
    assert len(inbound(world)) == 1


def test_a_watch_that_is_gone_is_said(world: World, twilio: Twilio) -> None:
    world.reach()
    world.texted(world.told(CODE))
    assert "does not exist any more" in twilio.text("BOUGHT")
    assert world.watches() == []


def test_without_any_text_a_code_is_asked_for(world: World, twilio: Twilio) -> None:
    world.reach()
    world.put_watch("w1")
    assert twilio.text("BOUGHT").startswith("Which alert? Add its code")
    assert world.watch()["status"] == "active"


@pytest.mark.usefixtures("ann_texts")
def test_another_persons_code_is_nobodys(world: World, twilio: Twilio) -> None:
    world.put_watch("w9", "bob")
    world.told("M7Q2ABCD", "bob", watch_id="w9")
    assert "no alert #M7Q2" in twilio.text("BOUGHT #M7Q2")
    assert world.watch("w9", "bob")["status"] == "active"


def test_of_two_people_with_one_number_the_owner_of_the_code_is_meant(world: World, twilio: Twilio) -> None:
    for uid, code in (("ann", CODE), ("bob", "M7Q2ABCD")):
        world.reach(uid)
        world.put_watch(f"w-{uid}", uid)
        world.texted(world.told(code, uid, watch_id=f"w-{uid}", attempted_at=world.now()))
    twilio.text("BOUGHT #K7Q2")
    assert world.watch("w-ann", "ann")["status"] == "ended"
    twilio.text("BOUGHT")
    assert world.watch("w-bob", "bob")["status"] == "ended"


def test_a_text_that_told_of_several_watches_asks_which(world: World, twilio: Twilio) -> None:
    world.reach()
    world.put_watch("w1")
    world.put_watch("w2", name="Deftones")
    rider = world.told("M7Q2ABCD", watch_id="w2", news=news_of(watch_name="Deftones"))
    world.texted(world.told(CODE, riders=(rider.id,), more=(rider.news,)))
    answer = twilio.text("BOUGHT")
    assert answer == (
        "That text told of 2 watches. Reply BOUGHT with one code: #K7Q2 Lakers v Warriors; #M7Q2 Deftones"
    )
    assert [watch.fields["status"] for watch in world.watches()] == ["active", "active"]
    twilio.text("BOUGHT #M7Q2")
    assert world.watch("w2")["status"] == "ended"
    assert world.watch("w1")["status"] == "active"


def test_why_explains_the_alert(world: World, twilio: Twilio) -> None:
    world.reach()
    news = news_of(observed_at=world.now(), next_text="Next text at $79.80 or less.")
    world.texted(world.told(CODE, news=news))
    answer = twilio.text("why?")
    assert answer.startswith("#K7Q2 Lakers v Warriors: $84 face (was $112), at or under your limit. Seen ")
    assert "Next text at $79.80 or less." in answer
    assert answer.endswith(f"{PUBLIC}/a/{CODE}")


@pytest.mark.usefixtures("ann_texts")
def test_list_names_the_watches(world: World, twilio: Twilio) -> None:
    world.put_watch("w2", name="Deftones", status="paused")
    world.put_watch("w3", "bob", name="Secret")
    world.put_watch("w4", name="Odd", conditions="?")
    assert twilio.text("List") == (
        "You watch: Lakers v Warriors under $90; Odd cannot be read; Deftones under $90 (paused)."
    )


@pytest.mark.usefixtures("ann_texts")
def test_help_that_twilio_does_not_give_is_ours(twilio: Twilio) -> None:
    assert twilio.text("HELP") == ""
    assert "SNOOZE 1D" in twilio.text("help?")
    assert twilio.text("whatever you say").startswith("Sorry, not understood.")


@pytest.mark.parametrize(
    "body", ["", "123456", "  4711 ", "👍", "Liked “$84 face #K7Q2 BOUGHT”", "Thank you!"]
)
@pytest.mark.usefixtures("ann_texts")
def test_what_needs_no_answer_gets_none(world: World, twilio: Twilio, body: str) -> None:
    assert twilio.text(body) == ""
    assert world.watch()["status"] == "active"


@pytest.mark.usefixtures("ann_texts")
def test_an_endless_body_is_harmless(twilio: Twilio) -> None:
    assert twilio.text("BOUGHT " * 20_000).startswith("Sorry")


# ── once ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("ann_texts")
def test_the_same_message_told_twice_is_done_and_answered_once(world: World, twilio: Twilio) -> None:
    assert twilio.text("BOUGHT", sid=SID)
    world.put_watch("w1")  # its owner starts it again
    assert twilio.text("BOUGHT", sid=SID) == ""
    assert world.watch()["status"] == "active"


@pytest.mark.parametrize("sid", ["", "SM1", "../../people/ann", "SM" + "0" * 33])
@pytest.mark.usefixtures("ann_texts")
def test_a_message_without_a_sid_does_nothing(world: World, twilio: Twilio, sid: str) -> None:
    answer = twilio.post("/twilio/reply", [("MessageSid", sid), ("From", NUMBER), ("Body", "BOUGHT")])
    assert answer.get_data(as_text=True) == EMPTY
    assert (world.watch()["status"], inbound(world)) == ("active", [])


@pytest.mark.usefixtures("ann_texts")
def test_the_same_message_told_at_once_is_done_and_answered_once(world: World, twilio: Twilio) -> None:
    """Both have read that nobody heard of it; the database lets one of them write."""
    barrier, heard = threading.Barrier(2, timeout=10), []
    first = [True, True]

    def together(writes: tuple[Write, ...]) -> None:
        if first and writes[0].path.startswith("inbound/"):
            first.pop()
            barrier.wait()

    world.documents.before_commit = together
    threads = [
        threading.Thread(target=lambda: heard.append(twilio.text("stop please", sid=SID))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(bool, heard)) == [False, True]
    assert world.fields("tallies/ann")["replies"] == 1
    assert taken(world) == segments(max(heard))
    assert len(inbound(world)) == 1


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("body", "path", "name", "commits"),
    [("BOUGHT", PLACES.source("ann", "w1"), "status", 2), ("STOP", "people/ann", "opted_out_at", 1)],
)
@pytest.mark.usefixtures("ann_texts")
def test_a_crash_loses_nothing_and_doubles_nothing(
    world: World, twilio: Twilio, when: str, body: str, path: str, name: str, commits: int
) -> None:
    """What an answer costs is counted first."""
    before = world.fields(path).get(name)
    getattr(world.documents, f"crash_{when}")(commits)
    with pytest.raises(Crash):
        twilio.text(body, sid=SID)
    assert (world.fields(path).get(name) == before) is (when == "before")
    assert len(inbound(world)) == (when == "after")
    world.documents.crash_before(0)
    done = world.documents.commits
    twilio.text(body, sid=SID)
    assert world.fields(path)[name] != before
    assert world.documents.commits - done == (commits if when == "before" else 0)


@pytest.mark.usefixtures("ann_texts")
def test_a_change_that_comes_between_is_not_lost(world: World, twilio: Twilio) -> None:
    before_it_is_kept(world, lambda: world.put_watch("w1", name="Renamed meanwhile"))
    assert twilio.text("BELOW 80") == '"Renamed meanwhile" now tells you at $80 or less.'
    assert world.watch()["conditions"][0]["price"] == "80"


@pytest.mark.usefixtures("ann_texts")
def test_an_alert_sent_meanwhile_does_not_lose_the_reply(world: World, twilio: Twilio) -> None:
    def counted() -> None:
        tally = world.documents.inner.get("tallies/ann")
        assert tally
        world.documents.inner.commit(Update(tally.path, {"segments": 7}, tally.version))

    before_it_is_kept(world, counted)
    assert (answer := twilio.text("BOUGHT"))
    assert world.fields("tallies/ann")["segments"] == 7
    assert taken(world) == segments(answer)


@pytest.mark.usefixtures("ann_texts")
def test_a_reply_is_told_again_while_the_database_is_down(world: World, twilio: Twilio) -> None:
    fields = [("MessageSid", SID), ("From", NUMBER), ("Body", "BOUGHT")]
    world.documents.down = True
    assert twilio.post("/twilio/reply", fields).status_code == 503
    world.documents.down = False
    assert "Enjoy it" in said(twilio.post("/twilio/reply", fields))


@pytest.mark.usefixtures("ann_texts")
def test_an_answer_whose_commit_nobody_heard_of_is_not_sent_twice(
    world: World, twilio: Twilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = world.documents.inner.commit

    def unheard(*writes: Write) -> None:
        commit(*writes)
        if writes[0].path.startswith("inbound/"):
            raise StoreUnavailableError("no answer")

    fields = [("MessageSid", SID), ("From", NUMBER), ("Body", "BOUGHT")]
    with monkeypatch.context() as patched:
        patched.setattr(world.documents, "commit", unheard)
        assert twilio.post("/twilio/reply", fields).status_code == 503
    assert said(twilio.post("/twilio/reply", fields)) == ""
    assert world.watch()["status"] == "ended"


# ── how often, and for how much ──────────────────────────────────────────────────────────────────────────


def capped(world: World, segments_in_all: int) -> Twilio:
    app = world.app(public_url=PUBLIC)
    limits = structs.replace(Limits(), segments_in_all=segments_in_all)
    app.extensions[EXTENSION] = dataclasses.replace(app.extensions[EXTENSION], limits=limits)
    return Twilio(app)


@pytest.mark.usefixtures("ann_texts")
def test_two_machines_that_answer_each_other_stop(world: World, twilio: Twilio) -> None:
    answers = [twilio.text("I am driving and answer later") for _ in range(12)]
    assert [bool(answer) for answer in answers] == [True] * 10 + [False] * 2
    assert twilio.text("BOUGHT") == ""
    assert world.watch()["status"] == "ended"
    world.later = timedelta(days=1)
    assert twilio.text("RESUME")


@pytest.mark.usefixtures("ann_texts")
def test_the_last_answer_of_a_day_says_so(twilio: Twilio) -> None:
    *others, last = [twilio.text("BELOW 80") for _ in range(10)]
    assert last == '"Lakers v Warriors" now tells you at $80 or less. This is the last answer today.'
    assert not [answer for answer in others if "last answer" in answer]


@pytest.mark.usefixtures("ann_texts")
def test_a_change_of_consent_is_confirmed_however_much_was_answered(world: World, twilio: Twilio) -> None:
    for _ in range(11):
        twilio.text("what?")
    assert twilio.text("stop please").startswith("You get no more texts")
    assert twilio.text("stop please") == ""
    assert twilio.text("start please").startswith("You get texts")
    assert twilio.text("start please") == ""
    assert twilio.text("LIST") == ""
    assert world.fields("tallies/ann")["replies"] == 12


@pytest.mark.usefixtures("ann_texts")
def test_a_tally_that_cannot_be_read_silences_but_does_not_stop(world: World, twilio: Twilio) -> None:
    world.documents.inner.commit(Put("tallies/ann", {"latest": f"{CODE}-ann-sms"}))
    assert twilio.text("BOUGHT") == ""
    assert world.watch()["status"] == "ended"
    assert twilio.text("stop please").startswith("You get no more texts")
    assert world.fields("tallies/ann") == {"latest": f"{CODE}-ann-sms"}


@pytest.mark.usefixtures("ann_texts")
def test_answers_count_against_everybodys_segments_and_not_against_ones_own(
    world: World, twilio: Twilio
) -> None:
    answer = twilio.text("help?")
    tally = world.fields("tallies/ann")
    assert (tally["replies"], tally["segments"], tally["latest"]) == (1, 0, f"{CODE}-ann-sms")
    assert taken(world) == segments(answer)


@pytest.mark.usefixtures("ann_texts")
def test_without_an_answer_nothing_is_spent(world: World, twilio: Twilio) -> None:
    for body in ("STOP", "Thank you!", "BOUGHT", "LIST"):
        assert twilio.text(body) == ""
    assert taken(world) == 0


@pytest.mark.parametrize("body", ["BOUGHT", "stop please"])
@pytest.mark.usefixtures("ann_texts")
def test_what_the_months_budget_cannot_pay_is_done_without_an_answer(world: World, body: str) -> None:
    twilio = capped(world, segments_in_all=1)
    assert segments(twilio.text("RESUME")) == 1
    assert twilio.text(body) == ""
    assert taken(world) == 1
    assert world.fields("tallies/ann")["replies"] == 1
    assert (world.watch()["status"] == "ended") is (body == "BOUGHT")
    assert bool(world.fields("people/ann").get("opted_out_at")) is (body != "BOUGHT")


@pytest.mark.usefixtures("ann_texts")
def test_what_a_text_told_at_once_has_taken_is_given_back(world: World, twilio: Twilio) -> None:
    def told_elsewhere() -> None:
        world.documents.inner.commit(Put(f"inbound/{SID}", {"uid": "ann"}))

    before_it_is_kept(world, told_elsewhere)
    assert twilio.text("BOUGHT", sid=SID) == ""
    assert taken(world) == 0


@pytest.mark.usefixtures("ann_texts")
def test_a_month_that_everybody_writes_to_silences_but_does_not_stop(world: World, twilio: Twilio) -> None:
    def others_spend(writes: tuple[Write, ...]) -> None:
        if writes[0].path.startswith("spend/"):
            known = taken(world)
            world.documents.inner.commit(Put(writes[0].path, {"segments": known + 1}))

    world.documents.before_commit = others_spend
    assert twilio.text("stop please") == ""
    assert world.fields("people/ann")["opted_out_at"]


@pytest.mark.usefixtures("ann_texts")
def test_no_log_line_holds_a_number_or_what_was_written(
    world: World, twilio: Twilio, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for body in ("BOUGHT", "my secret is 42 llamas", "STOP"):
            twilio.text(body)
    logged = caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    assert NUMBER not in logged
    assert "llamas" not in logged
    assert "llamas" not in str(inbound(world))
    assert NUMBER not in str(inbound(world))


def test_the_sandboxs_phone_and_the_product_understand_each_other(world: World) -> None:
    phone = Phone("AC" + "0" * 32, TWILIO_TOKEN)
    world.reach()
    world.put_watch("w1")
    world.texted(world.told(CODE))
    with serving(world.app(public_url=PUBLIC)) as product:
        phone.product, phone.public_url = product, PUBLIC
        replying.reply(phone, NUMBER, "below 80")
        replying.reply(phone, NUMBER, "STOP")
        replying.reply(phone, NUMBER, "LIST")
    assert [text.body for text in phone.texts] == [
        '"Lakers v Warriors" now tells you at $80 or less.',
        "Twilio (sandbox): this number gets no more texts. Reply START for texts again.",
    ]
    assert world.watch()["conditions"][0]["price"] == "80"
    assert world.fields("people/ann")["opted_out_at"]
