"""One page a host at a time, quiet between two, and rests."""

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import timedelta

import pytest

from tests.hostile_web import HostileWeb, Line, http
from tests.upstream import NOW
from tests.watchers.providers.pages.conftest import Clock, Looking, Reader
from watchers.observation import Observation
from watchers.providers.pages import manners
from watchers.providers.pages.failures import HostRestsError
from watchers.providers.pages.manners import Manners

NAME = "venue.example.com"
HERE = f"http://{NAME}/shows/1"
GOOD = http(b"<!doctype html><title>Paper Lanterns</title>")


def test_two_pages_of_one_host_are_a_quiet_minute_apart(web: HostileWeb, look: Looking, clock: Clock) -> None:
    for number in (1, 2):
        web.says(f"{NAME}/shows/{number}", GOOD)
    assert isinstance(look(HERE), Observation)
    assert look(f"http://{NAME}/shows/2") is None
    clock.seconds += 59
    assert look(f"http://{NAME}/shows/2") is None
    clock.seconds += 2
    assert isinstance(look(f"http://{NAME}/shows/2"), Observation)


def test_another_host_need_not_wait(web: HostileWeb, look: Looking) -> None:
    for name in (NAME, "other.example.com"):
        web.says(f"{name}/shows/1", GOOD)
        assert isinstance(look(f"http://{name}/shows/1"), Observation)


def test_a_page_that_was_not_asked_for_costs_its_host_no_quiet(web: HostileWeb, look: Looking) -> None:
    web.says(f"{NAME}/robots.txt", http(b"User-agent: *\nDisallow: /private"))
    web.says(f"{NAME}/shows/1", GOOD)
    assert look(f"http://{NAME}/private/1") == "robots"
    assert isinstance(look(HERE), Observation)


def test_a_failed_page_costs_its_host_the_same_quiet(look: Looking) -> None:
    assert look(HERE) == "not_found"
    assert look(HERE) is None


def test_of_many_threads_one_is_let_in_and_the_others_leave_their_pages_due(
    web: HostileWeb, look: Looking
) -> None:
    others_left = threading.Event()

    def slowly(line: Line) -> None:
        others_left.wait(5)
        line.send(GOOD)

    for number in range(8):
        web.says(f"{NAME}/shows/{number}", slowly)
    with ThreadPoolExecutor(8) as threads:
        looks = [threads.submit(look, f"http://{NAME}/shows/{number}") for number in range(8)]
        early = list(itertools.islice(as_completed(looks, 5), 7))
        others_left.set()
        (late,) = set(looks) - set(early)
    assert [one.result() for one in early] == [None] * 7
    assert isinstance(late.result(), Observation)
    assert len(web.asked) == 2


@pytest.mark.parametrize(
    ("status", "headers", "seconds", "code"),
    [
        (429, {"retry_after": "120"}, 120, "too_many"),
        (429, {}, 3600, "too_many"),
        (429, {"retry_after": "soon"}, 3600, "too_many"),
        (429, {"retry_after": "-5"}, 3600, "too_many"),
        (429, {"retry_after": "999999999"}, 86_400, "too_many"),
        (429, {"retry_after": "Thu, 01 Oct 2026 12:05:00 GMT"}, 300, "too_many"),
        (503, {"retry_after": "1800"}, 1800, "unavailable"),
        (503, {}, 600, "unavailable"),
        (401, {}, 3600, "forbidden"),
        (403, {}, 3600, "forbidden"),
        (403, {"retry_after": "1"}, 3600, "forbidden"),
    ],
)
def test_a_host_that_says_no_is_left_alone_for_as_long_as_it_says_or_an_hour(
    web: HostileWeb,
    look: Looking,
    clock: Clock,
    status: int,
    headers: dict[str, str],
    seconds: int,
    code: str,
) -> None:
    web.says(f"{NAME}/shows/1", http(b"no", status, **headers), GOOD)
    assert look(HERE) == code
    asked = len(web.asked)
    clock.seconds += seconds - 1
    assert look(HERE) == look(f"http://{NAME}/shows/2") == code
    assert len(web.asked) == asked
    clock.seconds += 2
    assert isinstance(look(HERE), Observation)


def test_a_429_for_robots_txt_is_a_word_to_heed_as_well(web: HostileWeb, look: Looking) -> None:
    web.says(f"{NAME}/robots.txt", http(b"", 429, retry_after="60"))
    assert look(HERE) == look(HERE) == "too_many"
    assert web.asked == [f"{NAME}/robots.txt"]


def test_each_further_refusal_doubles_the_rest_up_to_a_day_and_a_page_ends_it(
    web: HostileWeb, look: Looking, clock: Clock
) -> None:
    web.says(f"{NAME}/shows/1", http(b"no", 403))
    for hours in (1, 2, 4, 8, 16, 24, 24):
        assert look(HERE) == "forbidden"
        asked = len(web.asked)
        clock.seconds += hours * 3600 - 1
        assert look(HERE) == "forbidden"
        assert len(web.asked) == asked
        clock.seconds += 2
    web.says(f"{NAME}/shows/1", GOOD)
    assert isinstance(look(HERE), Observation)
    web.says(f"{NAME}/shows/1", http(b"no", 403), GOOD)
    clock.seconds += 61
    assert look(HERE) == "forbidden"
    clock.seconds += 3601
    assert isinstance(look(HERE), Observation)


def test_a_host_that_rests_says_nothing_of_the_others(web: HostileWeb, look: Looking) -> None:
    web.says(f"{NAME}/shows/1", http(b"no", 403))
    web.says("other.example.com/shows/1", GOOD)
    assert look(HERE) == "forbidden"
    assert isinstance(look("http://other.example.com/shows/1"), Observation)


def test_hosts_about_whom_there_is_nothing_to_remember_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manners, "MOST_HOSTS", 10)
    clock = Clock()
    known = Manners(60, clock)
    known.refused("bad.example.com", "forbidden")
    for number in range(100):
        with known.visit() as visit:
            visit.enter(f"{number}.example.com")
            visit.asked(f"{number}.example.com")
        clock.seconds += 61
    assert len(known._hosts) <= 11  # noqa: SLF001 - memory is the point
    assert "bad.example.com" in known._hosts  # noqa: SLF001


def test_a_host_that_refused_once_is_forgotten_a_day_after_its_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manners, "MOST_HOSTS", 10)
    clock = Clock()
    known = Manners(60, clock)
    for number in range(100):
        known.refused(f"{number}.example.com", "forbidden")
        clock.seconds += manners.UNWELCOME + manners.LONGEST - 1
        known.refused("next.example.com", "forbidden")
        assert f"{number}.example.com" in known._hosts  # noqa: SLF001 - memory is the point
        clock.seconds += 2
    assert len(known._hosts) <= 11  # noqa: SLF001


def test_a_look_that_crashes_lets_go_of_its_hosts() -> None:
    known = Manners(60, Clock())

    def crashes() -> None:
        with known.visit() as visit:
            visit.enter(NAME)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crashes()
    with known.visit() as visit:
        visit.enter(NAME)
        with known.visit() as other, pytest.raises(HostRestsError):
            other.enter(NAME)


# ── asking only whether anything changed ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("header", "value", "asked"),
    [
        ("etag", '"abc"', "if-none-match"),
        ("etag", 'W/"abc"', "if-none-match"),
        ("last_modified", "Wed, 30 Sep 2026 12:00:00 GMT", "if-modified-since"),
    ],
)
def test_a_page_that_did_not_change_is_what_it_was(
    web: HostileWeb, look: Looking, clock: Clock, header: str, value: str, asked: str
) -> None:
    web.says(f"{NAME}/shows/1", http(b"<p>42", 200, "text/html", **{header: value}), http(b"", 304))
    first = look(HERE)
    clock.seconds += 61
    later = look(HERE, NOW + timedelta(minutes=1))
    assert isinstance(first, Observation)
    assert isinstance(later, Observation)
    assert (later.name, later.at) == (first.name, NOW + timedelta(minutes=1))
    assert web.headers[-1][asked] == value


def test_after_a_day_a_page_is_read_again_whatever_its_server_says(
    web: HostileWeb, look: Looking, clock: Clock
) -> None:
    web.says(f"{NAME}/shows/1", http(b"<p>42", etag='"a"'))
    look(HERE)
    clock.seconds += 61
    look(HERE, NOW + timedelta(hours=24))
    assert "if-none-match" not in web.headers[-1]


def test_a_page_that_did_not_change_is_read_again_once_its_words_may_mean_something_else(
    web: HostileWeb, look: Looking, clock: Clock, reader: Reader
) -> None:
    web.says(f"{NAME}/shows/1", http(b"<p>42", etag='"a"'))
    reader.changes_at = NOW + timedelta(hours=1)
    look(HERE)
    clock.seconds += 61
    look(HERE, NOW + timedelta(minutes=59))
    assert web.headers[-1].get("if-none-match") == '"a"'
    look(HERE, NOW)
    clock.seconds += 61
    look(HERE, NOW + timedelta(hours=1))
    assert "if-none-match" not in web.headers[-1]


def test_a_304_that_nobody_asked_for_is_no_page(web: HostileWeb, look: Looking) -> None:
    web.says(f"{NAME}/shows/1", http(b"", 304))
    assert look(HERE) == "no_page"


def test_a_tag_belongs_to_its_address_alone(web: HostileWeb, look: Looking, clock: Clock) -> None:
    web.says(f"{NAME}/shows/1", http(b"<p>42", etag='"a"'), http(b"", 302, location="/new"))
    web.says(f"{NAME}/new", http(b"<p>45", etag='"a"'))
    look(HERE)
    clock.seconds += 61
    seen = look(HERE)
    assert isinstance(seen, Observation)
    assert seen.name == "<p>45"
    assert "if-none-match" not in web.headers[-1]


@pytest.mark.parametrize("etag", ["", "\x80\xff", "a" * 2000])
def test_a_tag_that_cannot_be_sent_back_is_not_kept(
    web: HostileWeb, look: Looking, clock: Clock, etag: str
) -> None:
    web.says(f"{NAME}/shows/1", http(b"<p>42", etag=etag))
    look(HERE)
    clock.seconds += 61
    look(HERE)
    assert "if-none-match" not in web.headers[-1]
