"""robots.txt: who is meant, what is meant, and what it means when it does not come."""

import tracemalloc

import pytest

from tests.hostile_web import HostileWeb, Line, Script, http, onto
from tests.watchers.providers.pages.conftest import Clock, Looking
from watchers.observation import Observation
from watchers.providers.page import Page
from watchers.providers.pages import robots
from watchers.providers.pages.addresses import Address
from watchers.providers.pages.visits import Answer
from watchers.target import Target
from watchers.watch import Filters

NAME = "venue.example.com"
HERE = f"http://{NAME}/shows/1"
GOOD = http(b"<!doctype html><title>Paper Lanterns</title>")


def allowed(
    web: HostileWeb, look: Looking, robots: Script, page: str = "/shows/1"
) -> Observation | str | None:
    web.says(f"{NAME}/robots.txt", robots)
    web.says(NAME + page, GOOD)
    return look(f"http://{NAME}{page}")


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\nDisallow: /",
        "User-agent: TicketScout\nDisallow: /",
        "user-agent: ticketscout\ndisallow: /shows",
        "USER-AGENT: TICKETSCOUT\nDISALLOW: /",
        "User-agent: other\nUser-agent: TicketScout\nDisallow: /",
        "User-agent: other\nAllow: /\n\nUser-agent: *\nDisallow: /shows/",
        "User-agent: *\nAllow: /\nDisallow: /shows/1",
        "User-agent: *\nDisallow: /*1$",
        "User-agent: *\nDisallow: /s*s/",
        "\ufeffUser-agent: *\nDisallow: /",
        "User-agent: *\r\nDisallow: /\r\n",
        "User-agent: *\rDisallow: /\r",
        "# hello\n\nUser-agent: * # all\nDisallow: / # everything",
        "User-agent:*\nDisallow:/",
        "User-agent: *\nCrawl-delay: 10\nDisallow: /",
        "User-agent: TicketScout\nAllow: /about\nDisallow: /\n\nUser-agent: *\nAllow: /",
        "<html>\nUser-agent: *\nDisallow: /\n</html>",
        "\0User-agent: *\nDisallow: /",
        "User-agent: *\nDisallow: /%73hows",
        "Sitemap: https://venue.example.com/map.xml\nUser-agent: *\nDisallow: /shows",
        "User-agent: *\nDisallow: /\n" + "# padding\n" * 200_000,
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_a_page_that_is_disallowed_is_not_asked_for(web: HostileWeb, look: Looking, text: str) -> None:
    assert allowed(web, look, http(text.encode(), kind="text/plain")) == "robots"
    assert web.asked == [f"{NAME}/robots.txt"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "User-agent: *\nDisallow:",
        "User-agent: *\nAllow: /",
        "User-agent: OtherBot\nDisallow: /",
        "User-agent: TicketScoutPro\nDisallow: /",
        "User-agent: Scout\nDisallow: /",
        "User-agent: TicketScout\nAllow: /\n\nUser-agent: *\nDisallow: /",
        "User-agent: *\nDisallow: /\nAllow: /shows/",
        "User-agent: *\nDisallow: /shows/12",
        "User-agent: *\nDisallow: /Shows/1",
        "Disallow: /",
        "<!doctype html><p>Not found",
        "\xff\xfe\x00nonsense",
        "User-agent: *\n" * 3,
    ],
    ids=lambda text: ascii(text[:40]),
)
def test_a_page_that_nothing_forbids_is_asked_for(web: HostileWeb, look: Looking, text: str) -> None:
    assert isinstance(allowed(web, look, http(text.encode("latin-1"), kind=None)), Observation)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 418, 451])
def test_without_a_robots_txt_everything_is_allowed(web: HostileWeb, look: Looking, status: int) -> None:
    assert isinstance(allowed(web, look, http(b"no", status)), Observation)


@pytest.mark.parametrize(
    "script",
    [
        *(http(b"no", status) for status in (500, 502, 503, 504, 599)),
        http(b"no", 304),
        http(b"User-agent: *", content_encoding="br"),
        http(b"User-agent: *", content_encoding="gzip"),
        b"",
        b"nonsense",
        lambda line: line.reset(),
        onto("http://10.0.0.1.example.org:8080/robots.txt"),
        onto("ftp://venue.example.com/robots.txt"),
        onto("/robots.txt"),
    ],
)
def test_a_robots_txt_that_does_not_come_forbids_everything_for_a_while(
    web: HostileWeb, look: Looking, clock: Clock, script: Script
) -> None:
    assert allowed(web, look, script) == "robots_unreachable"
    asked = len(web.asked)
    assert look(HERE) == "robots_unreachable"
    assert len(web.asked) == asked
    web.says(f"{NAME}/robots.txt", http(b""))
    clock.seconds += 901
    assert isinstance(look(HERE), Observation)


def test_a_robots_txt_that_hangs_forbids_everything(
    web: HostileWeb, look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("watchers.providers.pages.looks.LOOK_SECONDS", 0.3)
    assert allowed(web, look, Line.hang) == "robots_unreachable"


@pytest.mark.parametrize(("steps", "code"), [(1, "robots"), (5, "robots"), (6, "robots_unreachable")])
def test_its_redirects_are_followed_up_to_five_and_to_other_hosts(
    web: HostileWeb, look: Looking, steps: int, code: str
) -> None:
    web.says(f"{NAME}/robots.txt", onto("http://rules.example.com/1"))
    for number in range(1, steps):
        web.says(f"rules.example.com/{number}", onto(f"/{number + 1}"))
    web.says(f"rules.example.com/{steps}", http(b"User-agent: *\nDisallow: /shows/"))
    assert look(HERE) == code


RULES = "rules.example.com"


def test_its_redirect_to_a_host_that_rests_is_not_followed_and_not_asked_for_again(
    web: HostileWeb, look: Looking, clock: Clock
) -> None:
    web.says(f"{RULES}/shows/1", http(b"", 429, retry_after="7200"), GOOD)
    web.says(f"{RULES}/all", http(b""))
    assert look(f"http://{RULES}/shows/1") == "too_many"
    assert allowed(web, look, onto(f"http://{RULES}/all")) == "too_many"
    clock.seconds += 7199
    assert look(HERE) == "too_many"
    assert (web.asked.count(f"{RULES}/all"), web.asked.count(f"{NAME}/robots.txt")) == (0, 1)
    clock.seconds += 2
    assert isinstance(look(HERE), Observation)


@pytest.mark.parametrize(
    ("answer", "code"), [(http(b"", 429, retry_after="600"), "too_many"), (onto("/captcha"), "challenge")]
)
def test_a_host_that_sends_us_away_from_the_rules_gives_a_rest_to_the_host_whose_rules_they_are(
    web: HostileWeb, look: Looking, answer: bytes, code: str
) -> None:
    web.says(f"{RULES}/all", answer)
    assert allowed(web, look, onto(f"http://{RULES}/all")) == look(HERE) == code
    assert web.asked == [f"{NAME}/robots.txt", f"{RULES}/all"]


def test_where_the_host_of_the_rules_wants_quiet_the_page_stays_due_and_its_host_is_not_asked_at_once(
    web: HostileWeb, look: Looking, clock: Clock
) -> None:
    web.says(f"{RULES}/shows/1", GOOD)
    web.says(f"{RULES}/all", http(b""))
    look(f"http://{RULES}/shows/1")
    clock.seconds += 30
    assert allowed(web, look, onto(f"http://{RULES}/all")) is None
    assert look(HERE) is None
    assert web.asked[2:] == [f"{NAME}/robots.txt"]
    clock.seconds += 61
    assert isinstance(look(HERE), Observation)


def test_its_redirect_to_a_private_address_is_not_followed(web: HostileWeb, look: Looking) -> None:
    assert allowed(web, look, onto("http://169.254.169.254/latest")) == "not_public"


def test_only_its_first_half_megabyte_is_read(web: HostileWeb, look: Looking) -> None:
    padding = b"# padding\n" * 60_000
    text = b"User-agent: *\nDisallow: /private\n" + padding + b"Disallow: /shows\n"
    assert isinstance(allowed(web, look, http(text)), Observation)


def test_it_is_asked_once_a_day(web: HostileWeb, look: Looking, clock: Clock) -> None:
    for _ in range(3):
        allowed(web, look, http(b"User-agent: *\nDisallow: /private"))
        clock.seconds += 7 * 3600
    assert web.asked.count(f"{NAME}/robots.txt") == 1
    clock.seconds += 3 * 3600 + 1
    web.says(f"{NAME}/robots.txt", http(b"User-agent: *\nDisallow: /"))
    assert look(HERE) == "robots"


def test_what_is_remembered_of_very_large_ones_has_an_end() -> None:
    """And is remembered as it came: read, half a megabyte of rules takes ten."""
    known = robots.Robots(Clock())
    large = b"User-agent: *\nDisallow: /shows\n" + b"Disallow: /a\n" * 38_000
    asked: list[str] = []

    def ask(address: Address) -> Answer:
        asked.append(address.host)
        return Answer(address, 200, {}, large + address.host.encode())

    tracemalloc.start()
    for number in range(60):
        page = Address("http", f"{number}.example.com", "/shows/1")
        known._known.put(page.origin, known._asked(page, ask))  # noqa: SLF001 - reading 60 takes seconds
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 25_000_000
    assert not known.rules(Address("http", "59.example.com", "/shows/1"), ask).permits(page)
    assert len(asked) == 60
    known.rules(Address("http", "0.example.com", "/shows/1"), ask)
    assert len(asked) == 61


def test_each_scheme_has_its_own(web: HostileWeb, look: Looking, clock: Clock, certificate: object) -> None:
    if certificate is None:
        pytest.skip("needs openssl to make a certificate")
    allowed(web, look, http(b""))
    clock.seconds += 61
    look(f"https://{NAME}/shows/1")
    assert web.asked.count(f"{NAME}/robots.txt") == 2


@pytest.mark.parametrize(
    ("wish", "seconds"),
    [
        ("Crawl-delay: 10", 60),
        ("Crawl-delay: 300", 300),
        ("Crawl-delay: 99999999", 86_400),
        ("Crawl-delay: -5", 60),
        ("Crawl-delay: soon", 60),
        ("Crawl-delay: nan", 60),
        ("Request-rate: 1/10m", 600),
    ],
)
def test_a_site_may_wish_for_more_quiet_and_never_for_less(
    web: HostileWeb, look: Looking, clock: Clock, wish: str, seconds: int
) -> None:
    assert isinstance(allowed(web, look, http(f"User-agent: *\n{wish}".encode())), Observation)
    clock.seconds += seconds - 1
    assert look(HERE) is None
    clock.seconds += 2
    web.says(f"{NAME}/robots.txt", http(f"User-agent: *\n{wish}".encode()))
    assert isinstance(look(HERE), Observation)


def test_what_a_process_happens_to_know_does_not_decide_what_may_be_watched(
    web: HostileWeb, look: Looking
) -> None:
    """The same question has the same answer everywhere; the look is where it is forbidden, each time."""
    page = "http://known.example.com/private/1"
    web.says("known.example.com/robots.txt", http(b"User-agent: *\nDisallow: /private"))
    target = Target(provider="page", item=page)
    assert look(page) == look(page) == "robots"
    assert Page.refusal(target, Filters()) is None
    assert web.asked == ["known.example.com/robots.txt"]
