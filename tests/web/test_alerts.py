"""The links in alerts: to the official page, and to stop. A look never changes anything."""

from datetime import timedelta

import pytest

from tests.web.kit import Someone, World, news_of, text_of
from watchers.kinds import Channel

CODE = "K7Q2ABCD"


@pytest.fixture
def stranger(world: World) -> Someone:
    """Nobody is signed in."""
    return Someone(world.app().test_client())


@pytest.mark.parametrize("said", [CODE, CODE.lower(), CODE[:4]])
def test_a_code_leads_to_the_official_page(world: World, stranger: Someone, said: str) -> None:
    world.told(CODE)
    world.told(CODE, channel=Channel.EMAIL)
    answer = stranger.client.get(f"/a/{said}")
    assert answer.status_code == 302
    assert answer.location == "https://shop.example/e/1"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/enter",
        "https://",
        "http://[x",
        "https://a\r\nX: y",
    ],
)
def test_an_alert_without_a_web_address_says_what_it_knows(
    world: World, stranger: Someone, url: str | None
) -> None:
    world.told(CODE, news=news_of(url, observed_at=world.now() - timedelta(minutes=5)))
    answer = stranger.client.get(f"/a/{CODE}")
    page = text_of(answer)
    assert answer.status_code == 200
    assert "$84 face (was $112)" in page
    assert "Lakers - Warriors" in page
    assert "Look for it on Ticketmaster" in page
    assert "seen 5 min ago" in page
    assert "Lakers v Warriors" not in page
    assert 'href="javascript' not in page


def test_its_owner_also_sees_which_watch_it_was(world: World, ann: Someone) -> None:
    world.told(CODE, news=news_of(None))
    assert "from your watch “<bdi>Lakers v Warriors" in ann.get(f"/a/{CODE}")


def test_a_short_code_of_two_people_tells_nothing(world: World, stranger: Someone) -> None:
    world.told("K7Q2ABCD")
    world.told("K7Q2WXYZ", "bob", news=news_of("https://shop.example/bob"))
    page = stranger.get("/a/K7Q2")
    assert "Use the whole link" in page
    assert "shop.example" not in page
    assert stranger.client.get("/a/K7Q2WXYZ").location == "https://shop.example/bob"


def test_a_short_code_of_one_person_leads_to_the_newest(world: World, stranger: Someone) -> None:
    world.told("K7Q2ABCD", created_at=world.now() - timedelta(days=1))
    world.told("K7Q2WXYZ", news=news_of("https://shop.example/new"))
    assert stranger.client.get("/a/K7Q2").location == "https://shop.example/new"


@pytest.mark.parametrize(
    "code", ["K7Q3", "K7Q2", "AAAAAAAA", "K7Q", "K7Q2ABC", "K7Q2ABCDE", "O0I1", "%00", "..", "K7Q2%20"]
)
def test_an_unknown_code_is_not_found(world: World, stranger: Someone, code: str) -> None:
    world.told("L7Q2ABCD")
    answer = stranger.client.get(f"/a/{code}")
    assert answer.status_code == 404
    assert "There is nothing here" in text_of(answer)


def test_looking_at_the_stop_page_stops_nothing(world: World, stranger: Someone) -> None:
    world.put_watch("w1")
    world.told(CODE)
    for method in (stranger.client.get, stranger.client.head):
        assert method(f"/stop/{CODE}").status_code == 200
    assert world.watches()[0].fields["status"] == "active"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}],
    ids=["server", "webmail"],
)
def test_a_mail_client_stops_a_watch_in_one_click(
    world: World, stranger: Someone, headers: dict[str, str]
) -> None:
    world.put_watch("w1", filters={"sections": ["A"]})
    world.told(CODE)
    before = dict(world.watches()[0].fields)
    for _ in range(2):
        answer = stranger.client.post(
            f"/stop/{CODE}", data={"List-Unsubscribe": "One-Click"}, headers=headers
        )
        assert answer.status_code == 200
    assert world.watches()[0].fields == before | {"status": "paused"}
    assert "is paused" in text_of(answer)


def test_only_the_whole_code_stops(world: World, stranger: Someone) -> None:
    world.put_watch("w1")
    world.told(CODE)
    for code in (CODE[:4], "AAAAAAAA"):
        assert stranger.client.post(f"/stop/{code}").status_code == 404
        assert stranger.client.get(f"/stop/{code}").status_code == 404
    assert world.watches()[0].fields["status"] == "active"


def test_stopping_what_is_gone_says_so(world: World, stranger: Someone) -> None:
    world.told(CODE)
    answer = stranger.client.post(f"/stop/{CODE}")
    assert answer.status_code == 200
    assert "does not exist any more" in text_of(answer)
    assert world.watches() == []


def test_stopping_while_the_database_is_down_asks_for_another_try(world: World, stranger: Someone) -> None:
    world.put_watch("w1")
    world.told(CODE)
    world.documents.down = True
    assert stranger.client.post(f"/stop/{CODE}").status_code == 503


def test_stopping_what_has_ended_says_so(world: World, stranger: Someone) -> None:
    world.put_watch("w1", status="ended")
    world.told(CODE)
    assert "has ended already" in text_of(stranger.client.post(f"/stop/{CODE}"))
    assert world.watch()["status"] == "ended"
