"""What is the page provider's own; its manners on a hostile internet are in ``pages/``."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.hostile_web import HostileWeb, http
from tests.upstream import NOW, Upstream, purse, says
from watchers.providers import SwitchedOff
from watchers.providers.page import Page
from watchers.providers.pages import guard
from watchers.target import Search, Target
from watchers.watch import Filters

ITEM = Target(provider="page", item="https://venue.example.com/shows/1?x=y")
CONTACT = "https://scout.example.com/contact"


def page(upstream: Upstream | None = None, **env: str) -> Page:
    built = Page.from_env({"PAGE_CONTACT": CONTACT, **env}, upstream.client if upstream else None)
    assert isinstance(built, Page)
    return built


@pytest.mark.parametrize(
    "env", [{}, {"PUBLIC_URL": "http://127.0.0.1:8080"}, {"PUBLIC_URL": "http://scout.lan"}]
)
def test_it_is_off_while_nobody_could_tell_us_to_stop(env: dict[str, str]) -> None:
    assert Page.from_env(env) == SwitchedOff("page", "PAGE_CONTACT is not set")


@pytest.mark.parametrize(
    ("env", "contact"),
    [
        ({"PAGE_CONTACT": CONTACT}, CONTACT),
        ({"PAGE_CONTACT": "scout@example.com"}, "scout@example.com"),
        ({"PUBLIC_URL": "https://scout.example.com"}, "https://scout.example.com"),
        ({"PUBLIC_URL": "https://scout.example.com", "PAGE_CONTACT": "me@example.com"}, "me@example.com"),
    ],
)
def test_every_call_says_how_to_reach_us(env: dict[str, str], contact: str) -> None:
    upstream = Upstream(says(b"<p>", 404))
    built = Page.from_env(env, upstream.client)
    assert isinstance(built, Page)
    built.fetch([ITEM], purse(built.quota), NOW)
    assert {one.headers["user-agent"] for one in upstream.requests} == {
        f"TicketScout/0.1 (+{contact}; price-watch alerts for people)"
    }


@pytest.mark.parametrize(
    "value",
    [
        "me",
        "me@",
        "@x.com",
        "javascript:x",
        "https://a b.com",
        "https://x.com\r\nX: 1",
        "ü@example.com",
        "a(b)@c.com",
    ],
)
def test_a_contact_that_is_none_is_refused_by_name_and_not_repeated(value: str) -> None:
    with pytest.raises(ValueError, match="PAGE_CONTACT") as refused:
        page(PAGE_CONTACT=value)
    assert value not in str(refused.value)


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan"])
def test_a_wrong_interval_is_refused_by_name(value: str) -> None:
    with pytest.raises(ValueError, match="PAGE_HOST_SECONDS"):
        page(PAGE_HOST_SECONDS=value)


@pytest.mark.parametrize(
    ("target", "filters", "why"),
    [
        (Target(provider="page", search=Search(keyword="lanterns")), Filters(), "address"),
        (Target(provider="page", item="venue.example.com"), Filters(), "https://"),
        (Target(provider="page", item="http://10.0.0.1/"), Filters(), "name"),
        (ITEM, Filters(min_quantity=2), "quantity"),
        (ITEM, Filters(sections=("A",)), "sections"),
        (ITEM, Filters(weekdays=("fri",)), "weekdays"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_a_reason(target: Target, filters: Filters, why: str) -> None:
    assert why in (page().refusal(target, filters) or "")


# ── the operator's own server, and proxies ───────────────────────────────────────────────────────────────


def test_a_server_of_the_operators_plays_every_host_and_is_told_which() -> None:
    upstream = Upstream(says(b"no", 404))
    built = page(upstream, PAGE_BASE_URL="http://127.0.0.1:9/hosts/")
    built.fetch([ITEM], purse(built.quota), NOW)
    said = [
        (str(one.url), one.headers["host"], one.headers["x-forwarded-proto"]) for one in upstream.requests
    ]
    here = "http://127.0.0.1:9/hosts"
    assert said == [
        (f"{here}/robots.txt", "venue.example.com", "https"),
        (f"{here}/shows/1?x=y", "venue.example.com", "https"),
    ]


@pytest.fixture
def web() -> Iterator[HostileWeb]:
    with HostileWeb() as one:
        yield one


def test_the_operators_server_may_be_on_this_machine_and_nothing_else_is_reached(web: HostileWeb) -> None:
    """Also not by a redirect, and not by a private address that somebody wants to watch."""
    web.says("venue.example.com/robots.txt", http(b"", 404))
    web.says("venue.example.com/shows/1?x=y", http(b"", 302, location="http://127.0.0.1:22/"))
    host, port = web.where(80)
    built = page(PAGE_BASE_URL=f"http://{host}:{port}")
    assert dict(built.fetch([ITEM], purse(built.quota), NOW).failures) == {ITEM.id: "redirects"}
    inside = Target(provider="page", item=f"http://{host}/")
    assert dict(built.fetch([inside], purse(built.quota), NOW).failures) == {inside.id: "not_public"}
    assert len(web.asked) == 2


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.1"])
def test_behind_a_proxy_a_name_is_still_checked_here_first(
    web: HostileWeb, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    host, port = web.where(80)
    monkeypatch.setenv("http_proxy", f"http://{host}:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    client = guard.client(guard.Guarded(lambda _host, _port: [address]))
    built = Page(client, CONTACT)
    target = Target(provider="page", item="http://venue.example.com/shows/1")
    assert dict(built.fetch([target], purse(built.quota), NOW).failures) == {target.id: "not_public"}
    assert web.asked == []


def test_behind_a_proxy_calls_go_to_the_proxy(web: HostileWeb, monkeypatch: pytest.MonkeyPatch) -> None:
    host, port = web.where(80)
    monkeypatch.setenv("http_proxy", f"http://{host}:{port}")
    monkeypatch.delenv("no_proxy", raising=False)
    client = guard.client(guard.Guarded(lambda _host, _port: ["93.184.216.34"]))
    built = Page(client, CONTACT)
    target = Target(provider="page", item="http://venue.example.com/shows/1")
    assert dict(built.fetch([target], purse(built.quota), NOW).failures) == {target.id: "not_found"}
    asked = "venue.example.comhttp://venue.example.com"
    assert web.asked == [f"{asked}/robots.txt", f"{asked}/shows/1"]


def test_a_name_in_no_proxy_is_connected_to_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.com")
    assert guard._proxy(httpx.URL("http://venue.example.com/")) is None  # noqa: SLF001
    assert guard._proxy(httpx.URL("http://venue.example.org/")) is not None  # noqa: SLF001


# ── what a client of its own connects to ─────────────────────────────────────────────────────────────────


def test_without_any_setting_this_machine_cannot_be_reached_by_a_name_that_leads_to_it(
    web: HostileWeb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real resolver, told by the machine's own table of names."""
    leads_here = [(2, 1, 6, "", ("127.0.0.1", 80))]
    built = page()
    with monkeypatch.context() as meanwhile:  # the web needs the real one to end
        meanwhile.setattr(socket, "getaddrinfo", lambda *_args, **_more: leads_here)
        fetched = built.fetch([ITEM], purse(built.quota), NOW)
    assert dict(fetched.failures) == {ITEM.id: "not_public"}
    assert web.asked == []


def test_a_name_that_does_not_resolve_is_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_args: object, **_more: object) -> None:
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    built = page()
    assert dict(built.fetch([ITEM], purse(built.quota), NOW).failures) == {ITEM.id: "no_address"}


def test_importing_the_provider_loads_no_http_client_and_no_parser() -> None:
    import subprocess  # noqa: PLC0415
    import sys  # noqa: PLC0415

    code = (
        "import sys, watchers.providers.page as page;"
        "page.Page.from_env({'PAGE_CONTACT': 'me@example.com'});"
        "print([name for name in ('httpx', 'httpcore', 'protego', 'idna', 'pydantic', 'selectolax',"
        " 'watchers.watch', 'watchers.rules') if name in sys.modules])"
    )
    ran = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.strip() == "[]"
