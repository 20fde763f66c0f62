"""Who is let in, and which requests are believed to be theirs."""

from datetime import timedelta

import pytest

from tests.web.kit import SECRET, WATCH, Someone, World, text_of
from web.app import Link
from web.entry import entry_token, token_owner
from web.site import invented


def test_a_link_signs_in_by_its_button_only(world: World) -> None:
    client = world.app().test_client()
    path = f"/enter?token={entry_token(SECRET, 'ann')}"
    for _ in range(2):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "ann" in text_of(answer)
    assert client.get("/").status_code == 401
    assert Someone(client).post("/enter", {"token": entry_token(SECRET, "ann")}).status_code == 303
    assert client.get("/").status_code == 200


def test_a_link_expires_after_a_day(world: World) -> None:
    token = entry_token(SECRET, "ann")
    assert token_owner(SECRET, token, world.now() + timedelta(hours=23)) == "ann"
    world.later = timedelta(days=1, minutes=1)
    client = world.app().test_client()
    assert client.get(f"/enter?token={token}").status_code == 403
    answer = Someone(client).post("/enter", {"token": token})
    assert answer.status_code == 403
    assert "too old" in text_of(answer)


@pytest.mark.parametrize("change", ["cut", "other key", "other person", "empty"])
def test_a_link_that_is_not_ours_is_refused(world: World, change: str) -> None:
    token = entry_token(SECRET, "ann")
    forged = {
        "cut": token[:-1],
        "other key": entry_token("another", "ann"),
        "other person": entry_token(SECRET, "bob").split(".")[0] + token[token.index(".") :],
        "empty": "",
    }[change]
    assert world.app().test_client().get(f"/enter?token={forged}").status_code == 403


@pytest.mark.parametrize("uid", ["", "a/b", "..", "a b", "x" * 129])
def test_no_link_is_made_for_an_impossible_person(uid: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        entry_token(SECRET, uid)


def test_the_cookie_is_for_this_site_only(world: World) -> None:
    client = world.app(public_url="https://scout.example").test_client()
    answer = client.get(f"/enter?token={entry_token(SECRET, 'ann')}", base_url="https://scout.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-scout=")
    for word in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert word in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


def test_a_forged_cookie_is_nobodys(ann: Someone) -> None:
    cookie = ann.client.get_cookie("scout")
    assert cookie
    ann.client.set_cookie("scout", cookie.value[:-3] + "abc")
    assert ann.client.get("/").status_code == 401


def test_signing_out_ends_it(ann: Someone) -> None:
    assert "Sign out" in ann.get("/")
    assert ann.post("/leave").status_code == 200
    assert ann.client.get("/").status_code == 401


# ── the person of a laptop ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["localhost:8080", "127.0.0.1:8080", "[::1]:8080"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_on_a_laptop_its_person_is_signed_in(world: World, host: str, address: str) -> None:
    client = world.app(local_person="you").test_client()
    answer = client.get("/", base_url=f"http://{host}", environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == 200
    assert "Sign out" not in text_of(answer)


@pytest.mark.parametrize(
    ("host", "address", "headers"),
    [
        ("localhost", "192.168.1.9", {}),
        ("scout.example", "127.0.0.1", {}),
        ("localhost.scout.example", "127.0.0.1", {}),
        ("localhost", "127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}),
        ("localhost", "127.0.0.1", {"Forwarded": "for=203.0.113.9"}),
        ("localhost", "not an address", {}),
    ],
)
def test_from_anywhere_else_nobody_is(world: World, host: str, address: str, headers: dict[str, str]) -> None:
    client = world.app(local_person="you").test_client()
    answer = client.get(
        "/", base_url=f"http://{host}", environ_base={"REMOTE_ADDR": address}, headers=headers
    )
    assert answer.status_code == 401


def test_the_sandbox_is_called_so_and_linked(world: World) -> None:
    app = world.app(local_person="you", links=[Link(name="Market", url="http://127.0.0.1:8081")])
    page = text_of(app.test_client().get("/"))
    assert "Sandbox:" in page
    assert "only shops are invented; texts and e-mails are real." in page
    assert '<a href="http://127.0.0.1:8081">Market</a>' in page
    assert "Sandbox" not in text_of(world.app(local_person="you").test_client().get("/"))


def test_nothing_is_real_only_when_every_part_is_played() -> None:
    played = [Link(name=name, url="http://127.0.0.1") for name in ("Market", "Phone", "Mailbox")]
    assert invented(played) == "nothing here is sold or sent for real."
    assert invented(played[1:]) == "only texts and e-mails are invented; shops are real."


def test_who_runs_this_is_told_how_to_add_a_phone_and_nobody_else_is(world: World) -> None:
    command = "scout.py person add you --phone …"
    client = world.app(local_person="you").test_client()
    assert command in text_of(client.get("/watches/new"))
    assert "person add" not in world.person("ann").get("/watches/new")


# ── forged requests ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://[broken"},
        {"Referer": "https://evil.example/localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
    ],
    ids=str,
)
def test_another_sites_button_changes_nothing(world: World, ann: Someone, headers: dict[str, str]) -> None:
    world.put_watch("w1")
    before = world.watches()
    for path in ("/watches/w1/delete", "/watches/w1/pause", "/watches/w1/edit", "/watches/new", "/leave"):
        answer = ann.post(path, WATCH | {"name": "Forged"}, headers)
        assert answer.status_code == 403
        assert "another site" in text_of(answer)
    assert world.watches() == before


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Referer": "http://localhost/"},
        {},
    ],
    ids=str,
)
def test_our_own_button_works(world: World, ann: Someone, headers: dict[str, str]) -> None:
    world.put_watch("w1")
    assert ann.post("/watches/w1/pause", headers=headers).status_code == 303


@pytest.mark.parametrize("token", ["", "wrong", "ümlaut"])
def test_a_form_without_the_sessions_token_changes_nothing(world: World, ann: Someone, token: str) -> None:
    world.put_watch("w1")
    before = world.watches()
    assert ann.post("/watches/w1/delete", {"csrf": token}).status_code == 403
    assert ann.client.post("/watches/w1/delete").status_code == 403
    assert ann.client.post("/enter", data={"token": entry_token(SECRET, "eve")}).status_code == 403
    assert world.watches() == before


def test_a_form_from_before_a_restart_keeps_what_was_written(world: World, ann: Someone) -> None:
    answer = ann.save(csrf="of another session")
    assert answer.status_code == 403
    assert "Press the button again" in text_of(answer)
    assert 'value="Lakers v Warriors"' in text_of(answer)
    assert world.watches() == []


def test_signing_out_everywhere_ends_personal_links_too(world: World) -> None:
    ann = world.person("ann")
    token = entry_token(SECRET, "ann")
    world.later = timedelta(seconds=5)
    ann.post("/leave/everywhere")
    client = world.app().test_client()
    assert client.get(f"/enter?token={token}").status_code == 403
    assert Someone(client).post("/enter", {"token": token}).status_code == 403
    assert client.get("/").status_code == 401


def test_an_ended_link_opens_nothing_to_whoever_is_signed_in_as_somebody_else(world: World) -> None:
    bob, mallory = world.person("bob"), world.person("mallory")
    token = entry_token(SECRET, "bob")
    world.later = timedelta(seconds=5)
    bob.post("/leave/everywhere")
    assert mallory.post("/enter", {"token": token}).status_code == 403
    with mallory.client.session_transaction() as session:
        assert session["uid"] == "mallory"
