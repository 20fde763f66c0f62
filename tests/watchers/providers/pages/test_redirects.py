"""Where pages lead on to: each step is an address like any other, on its host's own terms."""

import pytest

from tests.hostile_web import HostileWeb, http, onto
from tests.watchers.providers.pages.conftest import Looking, Reader
from watchers.observation import Observation

GOOD = http(b"<!doctype html><title>Paper Lanterns</title>")
NAME = "venue.example.com"
HERE = f"http://{NAME}/shows/1"


def led(web: HostileWeb, look: Looking, location: str, status: int = 302) -> Observation | str | None:
    web.says(f"{NAME}/shows/1", onto(location, status))
    return look(HERE)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_page_that_moved_is_read_where_it_is(
    web: HostileWeb, look: Looking, reader: Reader, status: int
) -> None:
    web.says(f"{NAME}/new", GOOD)
    assert isinstance(led(web, look, "/new", status), Observation)
    assert reader.urls == [f"http://{NAME}/new"]
    assert look.budgets[-1].made == 3


def test_a_page_may_move_to_another_host_whose_robots_txt_is_asked_first(
    web: HostileWeb, look: Looking
) -> None:
    web.says("tickets.example.com/a", GOOD)
    assert isinstance(led(web, look, "http://tickets.example.com/a"), Observation)
    assert web.asked[2:] == ["tickets.example.com/robots.txt", "tickets.example.com/a"]


def test_a_page_may_move_to_https(web: HostileWeb, look: Looking, certificate: object) -> None:
    if certificate is None:
        pytest.skip("needs openssl to make a certificate")
    web.says(f"{NAME}/shows/1", onto(f"https://{NAME}/shows/1"), GOOD)
    assert isinstance(look(HERE), Observation)


PRIVATE = [
    "http://127.0.0.1/",
    "http://127.0.0.1:80/admin",
    "http://localhost/",
    "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://[::1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://0x7f000001/",
    "http://2130706433/",
    "http://0177.1/",
    "//10.0.0.1/",
    "http://192.168.0.1/",
    "http://router.lan/",
    "http://inside.example.com/",
    "http://both.example.com/",
]
NOWHERE = [
    "file:///etc/passwd",
    "ftp://venue.example.com/",
    "gopher://127.0.0.1:11211/_stats",
    "javascript:alert(1)",
    "data:text/html,<p>1",
    "http://user:password@venue.example.com/",
    "http://venue.example.com:8080/",
    "http://venue.example.com:22/",
    "http://venue.example.com\\@127.0.0.1/",
    "http://venue.example.com/a b",
    "http://",
    "http://[",
    "",
    "#top",
    "http://venue.example.com/" + "a" * 3000,
    "http://caf\xe9\xad.example.com/",
]


@pytest.mark.parametrize("location", PRIVATE)
def test_a_redirect_to_what_is_not_public_is_not_followed(
    web: HostileWeb, look: Looking, location: str
) -> None:
    web.names["inside.example.com"] = ["10.1.2.3"]
    web.names["both.example.com"] = ["93.184.216.34", "127.0.0.1"]
    assert led(web, look, location) == "not_public"
    assert web.asked == [f"{NAME}/robots.txt", f"{NAME}/shows/1"]


@pytest.mark.parametrize("location", NOWHERE, ids=ascii)
def test_a_redirect_to_what_is_no_page_is_not_followed(web: HostileWeb, look: Looking, location: str) -> None:
    assert led(web, look, location) in ("redirects", "broken")
    assert web.asked == [f"{NAME}/robots.txt", f"{NAME}/shows/1"]


def test_a_redirect_that_says_nowhere_is_none(web: HostileWeb, look: Looking) -> None:
    web.says(f"{NAME}/shows/1", http(b"", 302))
    assert look(HERE) == "redirects"


def test_https_is_never_given_up(web: HostileWeb, look: Looking, certificate: object) -> None:
    if certificate is None:
        pytest.skip("needs openssl to make a certificate")
    web.says(f"{NAME}/shows/1", onto("http://venue.example.com/shows/2"))
    web.says(f"{NAME}/shows/2", GOOD)
    assert look(f"https://{NAME}/shows/1") == "redirects"
    assert f"{NAME}/shows/2" not in web.asked


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_loop_ends_at_once(web: HostileWeb, look: Looking, length: int) -> None:
    for number in range(1, length + 1):
        web.says(f"{NAME}/shows/{number}", onto(f"/shows/{number % length + 1}"))
    assert look(HERE) == "redirects"
    assert len(web.asked) == 1 + length


def test_a_page_that_wants_its_cookie_back_is_a_loop(web: HostileWeb, look: Looking) -> None:
    web.says(f"{NAME}/shows/1", http(b"", 302, location="/shows/1", set_cookie="seen=1"), GOOD)
    assert look(HERE) == "redirects"
    assert not [headers for headers in web.headers if "cookie" in headers]


@pytest.mark.parametrize(("steps", "is_seen"), [(5, True), (6, False)])
def test_five_redirects_are_followed_and_no_more(
    web: HostileWeb, look: Looking, steps: int, is_seen: bool
) -> None:
    for number in range(1, steps + 1):
        web.says(f"{NAME}/shows/{number}", onto(f"/shows/{number + 1}"))
    web.says(f"{NAME}/shows/{steps + 1}", GOOD)
    assert isinstance(look(HERE), Observation) is is_seen
    assert len(web.asked) == 1 + 6


def test_a_redirect_to_a_page_that_robots_txt_forbids_is_not_followed(web: HostileWeb, look: Looking) -> None:
    web.says("tickets.example.com/robots.txt", http(b"User-agent: *\nDisallow: /"))
    assert led(web, look, "http://tickets.example.com/a") == "robots"
    assert "tickets.example.com/a" not in web.asked


def test_a_redirect_to_a_forbidden_page_of_the_same_host_is_not_followed(
    web: HostileWeb, look: Looking
) -> None:
    web.says(f"{NAME}/robots.txt", http(b"User-agent: *\nDisallow: /private"))
    assert led(web, look, "/shows/../private/1") == "robots"
    assert f"{NAME}/private/1" not in web.asked


def test_a_host_that_must_rest_is_not_visited_by_way_of_another(web: HostileWeb, look: Looking) -> None:
    web.says("tickets.example.com/a", GOOD)
    look("http://tickets.example.com/a")
    before = len(web.asked)
    assert led(web, look, "http://tickets.example.com/a") is None
    assert web.asked[before:] == [f"{NAME}/robots.txt", f"{NAME}/shows/1"]


@pytest.mark.parametrize(
    "location",
    [
        "https://tickets.queue-it.net/?c=shop&e=lanterns",
        "https://geo.captcha-delivery.com/captcha/?x=1",
        "/cdn-cgi/challenge-platform/h/b",
        "/_Incapsula_Resource?SWUDNSAI=31",
        "https://validate.perfdrive.com/a",
        "/captcha?return=/shows/1",
    ],
)
def test_a_redirect_into_a_queue_or_to_a_captcha_is_where_we_turn_back(
    web: HostileWeb, look: Looking, location: str
) -> None:
    assert led(web, look, location) == "challenge"
    assert look(HERE) == "challenge"
    assert web.asked == [f"{NAME}/robots.txt", f"{NAME}/shows/1"]
