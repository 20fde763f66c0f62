"""Who is let in: tokens, one's own browser, and nobody else."""

import hashlib
import re
from datetime import timedelta

import pytest

from tests.web.api.kit import WATCH, Program, problem, program
from tests.web.kit import Someone, World
from watchers.documents import Query
from web.api import tokens
from web.api.operation import Access, Operation
from web.api.table import OPERATIONS
from web.pace import Pace


def test_a_token_lets_its_person_in(anns: Program) -> None:
    assert anns.get("/me").get_json()["id"] == "ann"


def test_only_whoever_signs_in_needs_no_token() -> None:
    assert [one.name for one in OPERATIONS if one.access is Access.ANYBODY] == ["askForCode", "signIn"]


@pytest.mark.parametrize(
    "operation",
    [one for one in OPERATIONS if one.access is not Access.ANYBODY],
    ids=lambda operation: operation.name,
)
def test_nobody_is_let_in_without_a_token(world: World, operation: Operation) -> None:
    path = operation.path.replace("{", "").replace("}", "")
    answer = world.app().test_client().open(f"/api/v1{path}", method=operation.method)
    problem(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "said",
    [
        "Bearer",
        "Bearer ",
        "Bearer ts_x",
        "Basic YW5uOmFubg==",
        "Bearer ts_" + "a" * 49,
        "ts_x",
        "Bearer \u00e9",
    ],
)
def test_what_is_no_token_is_refused(world: World, said: str) -> None:
    answer = world.app().test_client().get("/api/v1/me", headers={"Authorization": said})
    assert "invalid_token" in answer.headers["WWW-Authenticate"]
    problem(answer, 401)


def test_a_token_with_a_slip_of_the_pen_costs_no_read(world: World, anns: Program) -> None:
    anns.text = anns.text[:-1] + ("0" if anns.text[-1] != "0" else "1")
    before = world.documents.inner.operations["reads"]
    problem(anns.get("/me"), 401)
    assert world.documents.inner.operations["reads"] == before


def test_a_token_with_the_right_sum_that_nobody_made_is_refused(anns: Program) -> None:
    anns.text = _with_its_sum("A" * 43)
    assert tokens.digest(anns.text)
    problem(anns.get("/me"), 401)


def test_a_token_that_is_over_is_refused(world: World) -> None:
    ours = program(world, expires_at=world.now() + timedelta(hours=1))
    assert ours.get("/me").status_code == 200
    world.later = timedelta(hours=2)
    problem(ours.get("/me"), 401)


def test_a_revoked_token_is_refused_at_once(anns: Program) -> None:
    (known,) = anns.get("/tokens").get_json()["tokens"]
    assert anns.ask("DELETE", f"/tokens/{known['id']}").status_code == 204
    problem(anns.get("/me"), 401)


def test_the_database_never_holds_a_token(world: World, anns: Program) -> None:
    (kept,) = world.documents.inner.find(Query("api_tokens"))
    assert anns.text not in str(kept)
    assert kept.id == hashlib.sha256(anns.text.encode()).hexdigest()


def test_a_token_that_may_only_read_changes_nothing(world: World) -> None:
    reader = program(world, scope="read")
    assert reader.get("/watches").status_code == 200
    answer = reader.post("/watches", WATCH)
    problem(answer, 403)
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]
    assert world.watches() == []


def test_ones_own_browser_may_look(ann: Someone) -> None:
    assert ann.client.get("/api/v1/me").get_json()["id"] == "ann"


def test_a_browser_changes_nothing_without_the_token_of_its_forms(world: World, ann: Someone) -> None:
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": "wrong"}):
        problem(ann.client.post("/api/v1/watches", json=WATCH, headers=headers), 401)
    form = ann.client.post("/api/v1/watches", data={"csrf": "x"})
    problem(form, 401)
    assert world.watches() == []


def test_a_browser_with_the_token_of_its_forms_may(ann: Someone) -> None:
    token = _token_of_forms(ann)
    made = ann.client.post("/api/v1/tokens", json={"name": "script"}, headers={"X-CSRF-Token": token})
    assert made.status_code == 201


def test_another_sites_page_changes_nothing_even_with_the_token(world: World, ann: Someone) -> None:
    token = _token_of_forms(ann)
    headers = {"X-CSRF-Token": token, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    problem(ann.client.post("/api/v1/watches", json=WATCH, headers=headers), 401)
    assert world.watches() == []


def test_a_wrong_token_is_not_made_good_by_a_session(ann: Someone) -> None:
    problem(ann.client.get("/api/v1/me", headers={"Authorization": "Bearer ts_wrong"}), 401)


def test_its_use_is_noted_once_a_day(world: World, anns: Program) -> None:
    anns.get("/me")
    before = world.documents.inner.operations["writes"]
    for _ in range(3):
        anns.get("/me")
    assert world.documents.inner.operations["writes"] == before
    (known,) = anns.get("/tokens").get_json()["tokens"]
    assert known["used_on"] == f"{world.now():%Y-%m-%d}"


def test_somebody_elses_token_is_not_there(anns: Program, bobs: Program) -> None:
    (known,) = anns.get("/tokens").get_json()["tokens"]
    problem(bobs.ask("DELETE", f"/tokens/{known['id']}"), 404)
    assert anns.get("/me").status_code == 200


def test_what_is_left_is_said_and_too_often_is_too_often(world: World, anns: Program) -> None:
    site = anns.client.application.extensions["ticket_scout"]
    object.__setattr__(site, "calls", Pace(3, timedelta(minutes=5)))
    left = [anns.get("/me").headers["RateLimit"] for _ in range(3)]
    assert [one.split(";")[1] for one in left] == ["r=2", "r=1", "r=0"]
    answer = anns.get("/me")
    problem(answer, 429)
    assert 0 < int(answer.headers["Retry-After"]) <= 300
    world.later = timedelta(minutes=6)
    assert anns.get("/me").status_code == 200


def test_whoever_tries_tokens_is_stopped_before_it_costs_reads(world: World, anns: Program) -> None:
    site = anns.client.application.extensions["ticket_scout"]
    object.__setattr__(site, "strangers", Pace(3, timedelta(minutes=5)))
    tried = Program(anns.client, _with_its_sum("A" * 43))
    assert [tried.get("/me").status_code for _ in range(5)] == [401, 401, 401, 429, 429]
    before = world.documents.inner.operations["reads"]
    tried.get("/me")
    assert world.documents.inner.operations["reads"] == before


@pytest.mark.parametrize("said", ["Bearer ts_x", "Bearer a.b.c", "Basic YW5uOmFubg=="])
def test_whatever_is_refused_counts_for_the_whole_network(anns: Program, said: str) -> None:
    site = anns.client.application.extensions["ticket_scout"]
    object.__setattr__(site, "strangers", Pace(3, timedelta(minutes=5)))

    def status(address: str) -> int:
        headers, peer = {"Authorization": said}, {"REMOTE_ADDR": address}
        return anns.client.get("/api/v1/me", headers=headers, environ_overrides=peer).status_code

    assert [status(f"2001:db8:0:1::{last}") for last in range(5)] == [401, 401, 401, 429, 429]
    assert [status(f"203.0.113.{last}") for last in range(5)] == [401, 401, 401, 429, 429]
    assert status("2001:db8:0:2::1") == 401


def test_what_strangers_try_makes_nobody_forget_what_a_token_has_asked(
    anns: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.pace._PEOPLE", 3)
    before = anns.get("/me").headers["RateLimit"].split(";")[1]
    for network in range(5):
        peer = {"REMOTE_ADDR": f"203.0.{network}.1"}
        wrong = {"Authorization": "Bearer " + _with_its_sum("A" * 43)}
        assert anns.client.get("/api/v1/me", headers=wrong, environ_overrides=peer).status_code == 401
    assert (before, anns.get("/me").headers["RateLimit"].split(";")[1]) == ("r=599", "r=598")


def _token_of_forms(someone: Someone) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', someone.get("/settings/tokens"))
    assert found
    return found[1]


def _with_its_sum(body: str) -> str:
    return f"ts_{body}{hashlib.sha256(f'ticket-scout.token.{body}'.encode()).hexdigest()[:6]}"


def test_no_other_site_may_read_it(anns: Program) -> None:
    answer = anns.get("/me", Origin="https://other.example")
    assert "Access-Control" not in str(answer.headers)
    preflight = anns.client.options("/api/v1/watches", headers={"Origin": "https://other.example"})
    assert preflight.status_code == 405
    assert anns.client.get("/api/v1/openapi.json").headers["Access-Control-Allow-Origin"] == "*"
