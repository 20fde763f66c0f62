"""Contacts and signing in over the API: nothing is set, all is proven, and no answer tells who is known."""

from contextlib import suppress

import pytest

from notifiers import proofs
from notifiers.limits import Limits
from tests.fakes import Crash
from tests.web.api.kit import Program, pointers, problem, program
from tests.web.kit import NUMBER, SECRET, World
from watchers.documents import Query
from web.account import consents
from web.api import tokens

ADDRESS = "new@mail.example"


def _code(world: World, proof_id: str) -> str:
    """What the letter says."""
    proof = proofs.find(world.documents.inner, proof_id)
    assert proof
    return proofs.passcode(SECRET, proof.id, proof.made_at)


def _another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def test_contacts_are_listed_without_what_is_secret(world: World, anns: Program) -> None:
    world.reach("ann", email="ann@mail.example", push_url="ntfys://ntfy.sh/secret")
    said = anns.get("/contacts").get_json()
    assert [(one["channel"], one["address"]) for one in said["contacts"]] == [
        ("sms", NUMBER), ("email", "ann@mail.example"), ("push", None),
    ]  # fmt: skip
    assert said["contacts"][1]["verified_at"] is None
    assert said["consent"]["version"] == consents.version(Limits().per_day)
    assert "STOP" in said["consent"]["words"]


def test_a_contact_is_ones_own_once_its_code_came_back(world: World, anns: Program) -> None:
    world.reach("ann")
    asked = anns.post("/contacts", {"address": ADDRESS})
    assert asked.status_code == 202
    assert ADDRESS not in asked.get_data(as_text=True)
    assert "email" not in world.fields("people/ann")
    proof = asked.get_json()["proof"]
    code = _code(world, proof)
    assert (
        "1 more"
        not in problem(anns.post(f"/contacts/proofs/{proof}", {"code": _another(code)}), 422)["detail"]
    )
    said = anns.post(f"/contacts/proofs/{proof}", {"code": code}).get_json()
    assert [one["address"] for one in said["contacts"]] == [NUMBER, ADDRESS]
    assert world.fields("people/ann")["email"] == ADDRESS
    problem(anns.post(f"/contacts/proofs/{proof}", {"code": code}), 404)


def test_nobody_else_proves_it(world: World, anns: Program, bobs: Program) -> None:
    world.reach("ann")
    proof = anns.post("/contacts", {"address": ADDRESS}).get_json()["proof"]
    code = _code(world, proof)
    problem(bobs.post(f"/contacts/proofs/{proof}", {"code": code}), 404)
    stranger = world.app().test_client()
    answer = stranger.post(f"/api/v1/sign-in/{proof}", json={"code": code, "token": {"name": "x"}})
    problem(answer, 404)
    assert anns.post(f"/contacts/proofs/{proof}", {"code": code}).status_code == 200


def test_the_same_request_asks_once(world: World, anns: Program) -> None:
    answers = [anns.post("/contacts", {"address": ADDRESS}, Idempotency_Key="k") for _ in range(2)]
    assert answers[0].get_json() == answers[1].get_json()
    assert world.documents.inner.count(Query("proofs")) == 1


@pytest.mark.parametrize(
    "address", ["nothing", "a@b", "+1555", "+33612345678", "a@b.example\r\nBcc: x@y.example"]
)
def test_what_no_code_can_be_sent_to(world: World, anns: Program, address: str) -> None:
    assert pointers(anns.post("/contacts", {"address": address})).keys() == {"/address"}
    assert world.documents.inner.count(Query("proofs")) == 0


def test_a_contact_is_taken_away_but_never_the_last(world: World, anns: Program) -> None:
    world.reach("ann", email=ADDRESS, email_verified_at=world.now())
    assert anns.ask("DELETE", "/contacts/email").status_code == 204
    assert world.fields("people/ann").get("email") is None
    problem(anns.ask("DELETE", "/contacts/phone"), 409)
    problem(anns.ask("DELETE", "/contacts/pigeon"), 404)


def test_agreeing_to_texts_names_the_words_and_is_kept(world: World, anns: Program) -> None:
    world.reach("ann")
    assert pointers(anns.ask("PUT", "/consent", json={"agrees": True})).keys() == {"/version"}
    agreed = {"agrees": True, "version": consents.version(Limits().per_day)}
    assert anns.ask("PUT", "/consent", json=agreed).get_json()["consent"]["agreed_at"]
    assert anns.ask("PUT", "/consent", json={"agrees": False}).get_json()["consent"]["agreed_at"] is None
    receipts = world.fields("people/ann")["consents"]
    assert [(one["given"], one["number"], one["text"]) for one in receipts] == [
        (True, NUMBER, consents.version(Limits().per_day)),
        (False, NUMBER, consents.version(Limits().per_day)),
    ]


def test_who_has_no_number_agrees_to_nothing(anns: Program) -> None:
    agreed = {"agrees": True, "version": consents.version(Limits().per_day)}
    problem(anns.ask("PUT", "/consent", json=agreed), 409)


# ── signing in ───────────────────────────────────────────────────────────────────────────────────────────


def test_signing_in_by_a_code_gives_a_token(world: World) -> None:
    client = world.app().test_client()
    proof = client.post("/api/v1/sign-in", json={"contact": ADDRESS}).get_json()["proof"]
    asked = {"code": _code(world, proof), "token": {"name": "app", "scope": "write"}}
    answer = client.post(f"/api/v1/sign-in/{proof}", json=asked)
    assert answer.status_code == 201
    assert "Set-Cookie" not in answer.headers
    token = answer.get_json()["token"]
    me = Program(client, token).get("/contacts").get_json()
    assert [one["address"] for one in me["contacts"]] == [ADDRESS]
    problem(client.post(f"/api/v1/sign-in/{proof}", json=asked), 404)


def test_while_there_is_no_room_for_a_token_the_code_stays_good(world: World) -> None:
    world.reach("ann", email=ADDRESS, email_verified_at=world.now())
    mine = [program(world) for _ in range(tokens.MOST)]
    client = world.app().test_client()
    path = f"/api/v1/sign-in/{client.post('/api/v1/sign-in', json={'contact': ADDRESS}).get_json()['proof']}"
    code = _code(world, path.rsplit("/", 1)[1])
    asked = {"code": code, "token": {"name": "app"}}

    assert client.post(path, json=asked | {"code": _another(code)}).status_code == 422, "tells nothing"
    problem(client.post(path, json=asked), 409)
    tokens.revoke(world.documents.inner, "ann", tokens.digest(mine[0].text) or "")
    assert client.post(path, json=asked).status_code == 201


def test_a_process_that_dies_has_not_used_up_the_code_without_a_token(world: World) -> None:
    client = world.app().test_client()
    proof = client.post("/api/v1/sign-in", json={"contact": ADDRESS}).get_json()["proof"]
    asked = {"code": _code(world, proof), "token": {"name": "app"}}
    for commit in range(1, 4):
        world.documents.crash_before(commit)
        with suppress(Crash):
            client.post(f"/api/v1/sign-in/{proof}", json=asked)
        world.documents.crash_before(-1)
        found = proofs.find(world.documents.inner, proof)
        assert found
        assert bool(found.used_at) == bool(world.documents.inner.count(Query("api_tokens")))


def test_the_same_person_comes_back_to_the_same_account(world: World) -> None:
    client = world.app().test_client()
    ids = []
    for _ in range(2):
        proof = client.post("/api/v1/sign-in", json={"contact": ADDRESS}).get_json()["proof"]
        asked = {"code": _code(world, proof), "token": {"name": "app"}}
        token = client.post(f"/api/v1/sign-in/{proof}", json=asked).get_json()["token"]
        ids.append(Program(client, token).get("/me").get_json()["id"])
    assert ids[0] == ids[1]


def test_no_answer_tells_whether_somebody_is_known(world: World) -> None:
    world.reach("ann", email="known@mail.example", email_verified_at=world.now())
    client = world.app().test_client()
    known, unknown = (
        client.post("/api/v1/sign-in", json={"contact": contact})
        for contact in ("known@mail.example", "unknown@mail.example")
    )
    assert known.status_code == unknown.status_code == 202
    assert known.get_json().keys() == unknown.get_json().keys()
    wrong = [
        client.post(
            f"/api/v1/sign-in/{answer.get_json()['proof']}", json={"code": "000000", "token": {"name": "x"}}
        )
        for answer in (known, unknown)
    ]
    assert wrong[0].get_json() == wrong[1].get_json()


def test_a_code_is_guessed_five_times_at_most(world: World) -> None:
    client = world.app().test_client()
    proof = client.post("/api/v1/sign-in", json={"contact": ADDRESS}).get_json()["proof"]
    code = _code(world, proof)
    asked = {"code": _another(code), "token": {"name": "x"}}
    assert [client.post(f"/api/v1/sign-in/{proof}", json=asked).status_code for _ in range(6)] == [
        422
    ] * 5 + [404]
    problem(client.post(f"/api/v1/sign-in/{proof}", json={**asked, "code": code}), 404)
    assert world.documents.inner.count(Query("api_tokens")) == 0


def test_codes_are_not_asked_for_without_end(world: World) -> None:
    client = world.app().test_client()
    answers = [client.post("/api/v1/sign-in", json={"contact": ADDRESS}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_signing_out_everywhere_ends_sessions_not_tokens(world: World, anns: Program) -> None:
    someone = world.person("ann")
    assert someone.client.get("/api/v1/me").status_code == 200
    world.reach("ann", sessions_since=world.now())
    problem(someone.client.get("/api/v1/me"), 401)
    assert anns.get("/me").status_code == 200
    assert program(world).get("/me").status_code == 200


def test_a_code_that_signs_in_adds_nothing_to_anybody(world: World, anns: Program) -> None:
    world.reach("ann")
    proof = anns.post("/sign-in", {"contact": ADDRESS}).get_json()["proof"]
    code = _code(world, proof)
    problem(anns.post(f"/contacts/proofs/{proof}", {"code": code}), 404)
    assert world.documents.inner.count(Query("people")) == 1
    answer = anns.post(f"/sign-in/{proof}", {"code": code, "token": {"name": "x", "scope": "read"}})
    assert answer.status_code == 201
