"""What goes wrong is a problem, never a page, and says where and what to do."""

import json

import pytest

from tests.web.api.kit import WATCH, Program, pointers, problem
from tests.web.kit import World


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/me", "/api/", "/api/v1/watches/w1/nothing"])
def test_an_address_that_is_not_there(world: World, path: str) -> None:
    said = problem(world.app().test_client().get(path), 404)
    assert said["type"] == "http://localhost/api#not-found"


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "TRACE"])
def test_a_method_that_it_does_not_have(world: World, method: str) -> None:
    answer = world.app().test_client().open("/api/v1/export", method=method)
    problem(answer, 405)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "multipart/form-data", "", "application/jsonp"]
)
def test_a_body_of_another_type(anns: Program, kind: str) -> None:
    problem(anns.ask("POST", "/watches", data=json.dumps(WATCH), content_type=kind), 415)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe{}", "not JSON"),
        (b'{"name": NaN}', "NaN is no number"),
        (b'{"name": 1' + b"0" * 5000 + b"}", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[" * 500 + b"]" * 500, "nested deeper than 16"),
        (b'{"name": "a", "name": "b"}', "more than once"),
        (b'{"a": {"b": 1, "b": 2}}', "more than once"),
    ],
    ids=[
        "empty",
        "cut off",
        "no text",
        "no number",
        "endless number",
        "bottomless",
        "deep",
        "twice",
        "twice inside",
    ],
)
def test_a_body_that_is_no_json_of_ours(anns: Program, sent: bytes, said: str) -> None:
    answer = anns.ask("POST", "/watches", data=sent, content_type="application/json")
    assert said in problem(answer, 400)["detail"]


def test_a_body_that_is_too_long(anns: Program) -> None:
    answer = anns.ask("POST", "/watches", data=b" " * 300_000, content_type="application/json")
    problem(answer, 413)


def test_every_fault_has_a_pointer_and_a_sentence(anns: Program) -> None:
    asked = {
        "name": "",
        "target": {"provider": "ticketmaster", "item": "x", "colour": "red"},
        "conditions": [{"kind": "below", "currency": "usd"}, {"kind": "sometimes"}],
        "notify": ["pigeon"],
        "a/b~c": 1,
    }
    assert pointers(anns.post("/watches", asked)) == {
        "/name": "Must not be empty.",
        "/target/colour": "This field is not known; remove it.",
        "/conditions/0/price": "This is needed.",
        "/conditions/0/currency": 'Three capital letters, such as "USD".',
        "/conditions/1": "Choose one of below, drop, historic_low, new_listing, back_in_stock, status.",
        "/notify/0": "Choose one of sms, email, push or app.",
        "/a~1b~0c": "This field is not known; remove it.",
    }


@pytest.mark.parametrize("sent", [None, [], "watch", 3, True])
def test_a_body_that_is_no_object(anns: Program, sent: object) -> None:
    answer = anns.ask("POST", "/watches", data=json.dumps(sent), content_type="application/json")
    assert list(pointers(answer)) == [""]


def test_a_lone_surrogate_is_no_text(anns: Program) -> None:
    sent = json.dumps({**WATCH, "name": "\ud800"})
    assert "/name" in pointers(anns.ask("POST", "/watches", data=sent, content_type="application/json"))


def test_what_the_providers_cannot_do_is_said(anns: Program) -> None:
    refused = anns.post("/watches", {**WATCH, "target": {"provider": "ticketmaster", "item": "unknown"}})
    assert pointers(refused) == {"": "There is no such event."}
    off = anns.post("/watches", {**WATCH, "target": {"provider": "seatgeek", "item": "1"}})
    assert pointers(off) == {
        "/target/provider": "This provider is switched off here: SEATGEEK_CLIENT_ID is not set."
    }


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("limit=0", "limit"), ("limit=101", "limit"), ("limit=1.0", "limit"), ("limit=%31%00", "limit"),
        ("limit=", "limit"), ("limit=1&limit=2", "limit"), ("colour=red", "colour"), ("cursor=x", "cursor"),
    ],
)  # fmt: skip
def test_a_query_that_cannot_be(anns: Program, query: str, name: str) -> None:
    assert list(pointers(anns.get(f"/watches?{query}"))) == [name]


def test_a_database_that_does_not_answer(world: World, anns: Program) -> None:
    world.documents.down = True
    answer = anns.get("/watches")
    problem(answer, 503)
    assert answer.headers["Retry-After"] == "10"


def test_what_breaks_says_nothing_of_what_broke(
    anns: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("web.monitors.find_all", breaks)
    answer = anns.get("/export")
    problem(answer, 500)
    assert "secret" not in answer.get_data(as_text=True)
    assert "secret detail" in caplog.text


def test_a_header_with_a_line_break_never_reaches_an_answer(anns: Program) -> None:
    answer = anns.get("/watches/x%0d%0aSet-Cookie:%20a=b")
    problem(answer, 404)
    assert "Set-Cookie" not in answer.headers
    created = anns.post("/watches", {**WATCH, "name": "a\r\nSet-Cookie: a=b"})
    assert "Set-Cookie" not in created.headers
    assert created.get_json()["name"] == "a Set-Cookie: a=b"
