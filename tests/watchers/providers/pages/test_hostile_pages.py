"""Real sockets on 127.0.0.1 play every host; the fixture ``web`` asserts that nothing private is touched."""

import gzip
import io
import itertools
import time
import tracemalloc
import zlib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.hostile_web import PUBLIC, HostileWeb, Line, Script, for_ever, http
from tests.upstream import NOW
from tests.watchers.providers.pages.conftest import Looking, Reader
from watchers.errors import OutOfQuotaError
from watchers.observation import Observation
from watchers.providers.pages import looks
from watchers.quota import Budget, Ledger, Quota
from watchers.target import Target

GOOD = b"<!doctype html><title>Paper Lanterns</title><p>42.50 CAD"
HERE = "http://venue.example.com/shows/1"
NAME = "venue.example.com"


def met(web: HostileWeb, look: Looking, *scripts: Script) -> Observation | str | None:
    """What becomes of a page that is answered so; there is no robots.txt."""
    web.says(f"{NAME}/shows/1", *scripts)
    return look(HERE)


# ── the page as it should be ─────────────────────────────────────────────────────────────────────────────


def test_an_ordinary_page_is_read_with_its_address_and_character_set(
    web: HostileWeb, look: Looking, reader: Reader
) -> None:
    seen = met(web, look, http(GOOD))
    assert isinstance(seen, Observation)
    assert (reader.markup, reader.charsets, reader.urls) == ([GOOD], ["utf-8"], [HERE])
    assert web.asked == [f"{NAME}/robots.txt", f"{NAME}/shows/1"]
    assert look.budgets[-1].made == 2


def test_a_request_says_who_we_are_and_nothing_more(web: HostileWeb, look: Looking) -> None:
    met(web, look, http(GOOD, set_cookie="id=1; Path=/"))
    for headers in web.headers:
        assert headers["user-agent"].startswith("TicketScout/0.1 (+https://scout.example.com/contact")
        assert set(headers) == {"host", "accept", "accept-encoding", "user-agent"}


def test_over_https_the_certificate_must_be_of_the_name(
    web: HostileWeb, look: Looking, certificate: object
) -> None:
    if certificate is None:
        pytest.skip("needs openssl to make a certificate")
    web.says(f"{NAME}/shows/1", http(GOOD))
    web.names["venue.other.org"] = [PUBLIC]
    assert isinstance(look(f"https://{NAME}/shows/1"), Observation)
    assert look("https://venue.other.org/shows/1") == "robots_unreachable"
    assert "venue.other.org/robots.txt" not in web.asked


# ── where names lead ─────────────────────────────────────────────────────────────────────────────────────

LEADS_NOWHERE_GOOD = {
    "loopback": ["127.0.0.1"],
    "private_a": ["10.0.0.5"],
    "private_b": ["172.20.0.1"],
    "private_c": ["192.168.1.1"],
    "carrier": ["100.64.1.1"],
    "metadata": ["169.254.169.254"],
    "metadata_alibaba": ["100.100.100.200"],
    "metadata_azure": ["168.63.129.16"],
    "metadata_aws_ipv6": ["fd00:ec2::254"],
    "this_network": ["0.0.0.0"],  # noqa: S104
    "broadcast": ["255.255.255.255"],
    "multicast": ["224.0.0.251"],
    "ipv6_loopback": ["::1"],
    "ipv6_any": ["::"],
    "mapped": ["::ffff:127.0.0.1"],
    "mapped_public": ["::ffff:8.8.8.8"],
    "nat64": ["64:ff9b::a9fe:a9fe"],
    "six_to_four": ["2002:a9fe:a9fe::1"],
    "teredo": ["2001:0:53aa:64c:0:fffe:80ff:fffe"],
    "unique_local": ["fc00::1"],
    "link_local": ["fe80::1"],
    "link_local_with_zone": ["fe80::1%eth0"],
    "site_local": ["fec0::1"],
    "public_then_private": [PUBLIC, "10.0.0.5"],
    "private_then_public": ["10.0.0.5", PUBLIC],
    "public_and_ipv6_loopback": [PUBLIC, "::1"],
    "no_address_at_all": ["not an address"],
}


@pytest.mark.parametrize("answer", LEADS_NOWHERE_GOOD.values(), ids=LEADS_NOWHERE_GOOD.keys())
def test_a_name_with_any_address_that_is_not_public_is_not_connected_to(
    web: HostileWeb, look: Looking, answer: list[str]
) -> None:
    web.names[NAME] = answer
    assert met(web, look, http(GOOD)) == "not_public"
    assert (web.connected, web.asked) == ([], [])


@pytest.mark.parametrize("answer", [None, []])
def test_a_name_without_an_address_is_nowhere(
    web: HostileWeb, look: Looking, answer: list[str] | None
) -> None:
    if answer is not None:
        web.names["gone.example.org"] = answer
    assert look("http://gone.example.org/") == "no_address"


def test_a_name_that_changes_between_two_connections_is_checked_at_each(
    web: HostileWeb, look: Looking
) -> None:
    """Rebinding: public for robots.txt, private for the page."""
    answers = iter([[PUBLIC], ["127.0.0.1"]])
    web.names[NAME] = lambda: next(answers)
    assert met(web, look, http(GOOD)) == "not_public"
    assert web.connected == [PUBLIC]
    assert web.asked == [f"{NAME}/robots.txt"]


def test_a_connection_resolves_its_name_once_so_that_nothing_can_change_in_between(
    web: HostileWeb, look: Looking
) -> None:
    answers = itertools.chain([[PUBLIC], [PUBLIC]], itertools.repeat(["169.254.169.254"]))
    web.names[NAME] = lambda: next(answers)
    assert isinstance(met(web, look, http(GOOD)), Observation)
    assert len(web.resolved) == len(web.connected) == 2


def test_if_one_address_does_not_answer_the_next_one_is_tried(web: HostileWeb, look: Looking) -> None:
    web.names[NAME] = ["2606:4700::1111", PUBLIC]
    web.unreachable.add("2606:4700::1111")
    assert isinstance(met(web, look, http(GOOD)), Observation)
    assert web.connected == ["2606:4700::1111", PUBLIC] * 2


def test_a_host_with_countless_addresses_costs_no_countless_attempts(web: HostileWeb, look: Looking) -> None:
    countless = [f"93.184.217.{number}" for number in range(200)]
    web.names[NAME] = countless
    web.unreachable.update(countless)
    assert met(web, look, http(GOOD)) == "robots_unreachable"
    assert len(web.connected) == 4


# ── what a server may send ───────────────────────────────────────────────────────────────────────────────


def _gzipped(*parts: bytes) -> bytes:
    """Packed without ever being whole in memory."""
    packer, out = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16), io.BytesIO()
    for part in parts:
        out.write(packer.compress(part))
    return out.getvalue() + packer.flush()


ZEROS = [b"\0" * 1_000_000] * 200
BOMB = _gzipped(*ZEROS)
PAGE_AND_BOMB = _gzipped(GOOD, *ZEROS)
PLAIN_DEFLATE = zlib.compressobj(wbits=-15)
RAW = PLAIN_DEFLATE.compress(GOOD) + PLAIN_DEFLATE.flush()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
MEGABYTE = b"<p>" + b"x" * 1_000_000

BODIES: dict[str, tuple[Script, str]] = {
    "gzip_bomb": (http(BOMB, content_encoding="gzip"), "too_large"),
    "gzip_bomb_behind_a_page": (http(PAGE_AND_BOMB, content_encoding="gzip"), "too_large"),
    "gzip_bomb_as_x_gzip": (http(BOMB, content_encoding="x-gzip"), "too_large"),
    "deflate_bomb": (http(zlib.compress(b"".join(ZEROS[:60]), 9), content_encoding="deflate"), "too_large"),
    "gzip_in_gzip": (http(gzip.compress(BOMB), content_encoding="gzip, gzip"), "encoding"),
    "gzip_in_deflate": (http(zlib.compress(BOMB), content_encoding="gzip, deflate"), "encoding"),
    "gzip_a_hundred_times": (http(BOMB, content_encoding=", ".join(["gzip"] * 100)), "encoding"),
    "brotli_unasked": (http(b"\x8b\x05\x80", content_encoding="br"), "encoding"),
    "zstd_unasked": (http(b"\x28\xb5\x2f\xfd", content_encoding="zstd"), "encoding"),
    "compress_unasked": (http(b"\x1f\x9d", content_encoding="compress"), "encoding"),
    "no_such_encoding": (http(GOOD, content_encoding="rot13"), "encoding"),
    "gzip_that_is_none": (http(GOOD, content_encoding="gzip"), "broken"),
    "deflate_that_is_none": (http(b"\x78\x9c\xff\xff\xff", content_encoding="deflate"), "broken"),
    "gzip_cut_off": (http(gzip.compress(GOOD)[:-9], content_encoding="gzip"), "broken"),
    "gzip_with_a_wrong_checksum": (
        http(gzip.compress(GOOD)[:-8] + b"\0" * 8, content_encoding="gzip"),
        "broken",
    ),
    "gzip_and_another_body": (http(gzip.compress(GOOD) * 2, content_encoding="gzip"), "broken"),
    "too_large_by_its_length": (http(MEGABYTE * 6), "too_large"),
    "too_large_in_chunks": (
        lambda line: line.drip([CHUNKED, *[b"%x\r\n%s\r\n" % (len(MEGABYTE), MEGABYTE)] * 8], 0),
        "too_large",
    ),
    "endless": (lambda line: line.drip([HEAD + b"\r\n", *[MEGABYTE] * 99], 0), "too_large"),
    "endless_gzip_of_nothing": (
        lambda line: line.drip(
            [HEAD + b"Content-Encoding: gzip\r\n\r\n", *[b"\x1f\x8b" + b"\0" * 60_000] * 99], 0
        ),
        "broken",
    ),
    "shorter_than_its_length": (
        HEAD + b"Content-Length: 1000\r\n\r\n" + GOOD,
        "broken",
    ),
    "two_lengths": (HEAD + b"Content-Length: 10\r\nContent-Length: 20\r\n\r\n" + GOOD, "broken"),
    "a_negative_length": (HEAD + b"Content-Length: -1\r\n\r\n" + GOOD, "broken"),
    "a_length_in_words": (HEAD + b"Content-Length: ten\r\n\r\n" + GOOD, "broken"),
    "chunks_that_are_none": (CHUNKED + b"zzz\r\n" + GOOD, "broken"),
    "chunks_that_break_off": (CHUNKED + b"ff\r\n" + GOOD, "broken"),
    "a_chunk_larger_than_the_world": (CHUNKED + b"f" * 40 + b"\r\n" + GOOD, "broken"),
    "an_unknown_transfer_encoding": (HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + GOOD, "broken"),
    "no_http": (b"220 smtp.example.com ESMTP\r\n", "broken"),
    "http_0_9": (GOOD, "broken"),
    "tls_on_port_80": (b"\x15\x03\x01\x00\x02\x02\x28", "broken"),
    "nothing": (b"", "broken"),
    "half_a_status": (b"HTTP/1.1 2", "broken"),
    "a_status_in_words": (b"HTTP/1.1 fine OK\r\n\r\n", "broken"),
    "a_status_too_large": (b"HTTP/1.1 99999 OK\r\n\r\n", "broken"),
    "a_header_without_a_colon": (HEAD + b"nonsense\r\n\r\n" + GOOD, "broken"),
    "a_header_name_with_a_blank": (HEAD + b"Content Length : 3\r\n\r\n" + GOOD, "broken"),
    "a_nul_in_a_header": (HEAD + b"X: a\0b\r\n\r\n" + GOOD, "broken"),
    "a_huge_header": (HEAD + b"X: " + b"a" * 300_000 + b"\r\n\r\n" + GOOD, "broken"),
    "countless_headers": (HEAD + b"X: a\r\n" * 40_000 + b"\r\n" + GOOD, "broken"),
    "a_reset": (lambda line: line.reset(), "no_connection"),
    "switching_protocols": (b"HTTP/1.1 101 Go\r\nUpgrade: a\r\nConnection: upgrade\r\n\r\n", "broken"),
    "json": (http(b'{"price": 1}', kind="application/json"), "not_html"),
    "an_image": (http(b"\x89PNG\r\n", kind="image/png"), "not_html"),
    "a_pdf": (http(b"%PDF-1.7", kind="application/pdf"), "not_html"),
    "plain_text": (http(GOOD, kind="text/plain"), "not_html"),
    "xml": (http(b"<?xml version='1.0'?><a/>", kind="application/xml"), "not_html"),
    "a_feed": (http(b"<rss/>", kind="application/rss+xml"), "not_html"),
    "bytes": (http(GOOD, kind="application/octet-stream"), "not_html"),
    "an_event_stream": (http(GOOD, kind="text/event-stream"), "not_html"),
    "two_types": (http(GOOD, kind="application/json, text/html"), "not_html"),
    "a_type_that_is_none": (http(GOOD, kind="html"), "not_html"),
    "no_type_and_no_markup": (http(b"\x7fELF", kind=None), "not_html"),
    "no_type_and_json": (http(b'{"a": "<p>"}', kind=None), "not_html"),
    "no_body": (http(b""), "empty"),
    "blanks": (http(b" \r\n\t" * 100), "empty"),
}  # fmt: skip


@pytest.mark.parametrize(("script", "code"), BODIES.values(), ids=BODIES.keys())
def test_what_is_no_page_is_a_failure_with_a_word_and_never_an_observation(
    web: HostileWeb, look: Looking, reader: Reader, script: Script, code: str
) -> None:
    assert met(web, look, script) == code
    assert reader.markup == []


ODD: dict[str, tuple[Script, str | None]] = {
    "gzip": (http(gzip.compress(GOOD), content_encoding="gzip"), "utf-8"),
    "gzip_in_capitals": (http(gzip.compress(GOOD), content_encoding=" GZIP "), "utf-8"),
    "gzip_and_zeros": (http(gzip.compress(GOOD) + b"\0" * 512, content_encoding="gzip"), "utf-8"),
    "gzip_and_identity": (http(gzip.compress(GOOD), content_encoding="identity, gzip"), "utf-8"),
    "deflate": (http(zlib.compress(GOOD), content_encoding="deflate"), "utf-8"),
    "bare_deflate": (http(RAW, content_encoding="deflate"), "utf-8"),
    "identity": (http(GOOD, content_encoding="identity"), "utf-8"),
    "a_type_in_capitals": (http(GOOD, kind="Text/HTML; Charset=ISO-8859-1"), "iso8859-1"),
    "a_quoted_charset": (http(GOOD, kind='text/html; charset="utf-8"'), "utf-8"),
    "xhtml": (http(GOOD, kind="application/xhtml+xml"), None),
    "no_charset": (http(GOOD, kind="text/html"), None),
    "no_type": (http(GOOD, kind=None), None),
    "no_type_and_a_mark": (http(b"\xef\xbb\xbf  " + GOOD, kind=None), None),
    "a_charset_nobody_knows": (http(GOOD, kind="text/html; charset=klingon"), None),
    "a_charset_that_unpacks": (http(GOOD, kind="text/html; charset=zlib"), None),
    "a_charset_that_turns_letters": (http(GOOD, kind="text/html; charset=rot13"), None),
    "a_charset_of_escapes": (http(GOOD, kind="text/html; charset=unicode_escape"), None),
    "utf_7": (http(GOOD, kind="text/html; charset=utf-7"), None),
    "an_empty_charset": (http(GOOD, kind="text/html; charset="), None),
    "a_charset_with_a_nul": (http(GOOD, kind="text/html; charset=\x80\xff"), None),
    "a_path_as_a_charset": (http(GOOD, kind="text/html; charset=../../etc/passwd"), None),
    "a_very_long_charset": (http(GOOD, kind="text/html; charset=" + "a" * 5000), None),
    "no_length": (HEAD + b"\r\n" + GOOD, None),
    "chunks": (CHUNKED + b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD), None),
    "http_1_0": (b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + GOOD, None),
    "early_hints": (b"HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" + HEAD + b"\r\n" + GOOD, None),
    "bytes_behind_the_end": (HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(GOOD), GOOD) + b"more", None),
    "headers_in_latin_1": (HEAD + b"X: caf\xe9\r\n\r\n" + GOOD, None),
    "a_cookie_bomb": (HEAD + b"Set-Cookie: a=" + b"b" * 50_000 + b"\r\n\r\n" + GOOD, None),
}  # fmt: skip


@pytest.mark.parametrize(("script", "charset"), ODD.values(), ids=ODD.keys())
def test_an_odd_answer_that_is_a_page_is_read(
    web: HostileWeb, look: Looking, reader: Reader, script: Script, charset: str | None
) -> None:
    assert isinstance(met(web, look, script), Observation)
    assert reader.markup[0].endswith(GOOD)
    assert reader.charsets == [charset]


def test_a_bomb_costs_no_more_memory_than_a_page(web: HostileWeb, look: Looking) -> None:
    script = http(BOMB, content_encoding="gzip")
    tracemalloc.start()
    try:
        assert met(web, look, script) == "too_large"
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        *((400, "refused"), (402, "refused"), (405, "refused"), (406, "refused"), (418, "refused")),
        *((404, "not_found"), (410, "not_found"), (500, "server_error"), (502, "server_error")),
        *((504, "server_error"), (520, "server_error"), (599, "server_error"), (201, "no_page")),
        *((202, "no_page"), (203, "no_page"), (206, "no_page"), (300, "no_page"), (304, "no_page")),
        *((305, "no_page"), (204, "no_page"), (600, "no_page"), (999, "no_page")),
        *(
            (401, "forbidden"),
            (403, "forbidden"),
            (451, "forbidden"),
            (429, "too_many"),
            (503, "unavailable"),
        ),
    ],
)
def test_any_other_status_is_a_failure_with_a_word(
    web: HostileWeb, look: Looking, status: int, code: str
) -> None:
    body = b"" if status in (204, 304) else GOOD
    assert met(web, look, http(body, status)) == code


# ── time ─────────────────────────────────────────────────────────────────────────────────────────────────


def _letters(text: bytes) -> Iterator[bytes]:
    yield from (bytes([letter]) for letter in text)


def _stops(line: Line) -> None:
    line.send(HEAD + b"Content-Length: 99\r\n\r\n<p>")
    line.hang()


SLOW: dict[str, Script] = {
    "no_answer": Line.hang,
    "headers_letter_by_letter": lambda line: line.drip(_letters(HEAD * 50), 0.02),
    "hints_for_ever": lambda line: line.drip(for_ever(b"HTTP/1.1 103 Early Hints\r\n\r\n"), 0.02),
    "a_body_letter_by_letter": lambda line: line.drip(
        itertools.chain([HEAD + b"\r\n"], _letters(GOOD * 50)), 0.02
    ),
    "a_body_that_stops": _stops,
    "chunks_of_one_letter": lambda line: line.drip(itertools.chain([CHUNKED], for_ever(b"1\r\nx\r\n")), 0.02),
}


@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW.keys())
def test_a_server_that_takes_its_time_does_not_take_ours(
    web: HostileWeb, look: Looking, monkeypatch: pytest.MonkeyPatch, script: Script
) -> None:
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.4)
    began = time.monotonic()
    assert met(web, look, script) == "timeout"
    assert time.monotonic() - began < 2


def test_all_calls_of_a_look_share_one_time(
    web: HostileWeb, look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six slow redirects are no more patient than one slow page."""
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.5)

    def slowly(to: str) -> Script:
        return lambda line: line.drip([http(b"", 302, location=to)], 0.2)

    for number in range(1, 7):
        web.says(f"{NAME}/shows/{number}", slowly(f"/shows/{number + 1}"))
    began = time.monotonic()
    assert look(HERE) == "timeout"
    assert time.monotonic() - began < 1.5


def test_a_robots_txt_that_never_comes_ends_in_time(
    web: HostileWeb, look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.4)
    web.says(f"{NAME}/robots.txt", Line.hang)
    began = time.monotonic()
    assert look(HERE) == "robots_unreachable"
    assert time.monotonic() - began < 2


def test_waiting_for_the_quotas_next_call_is_not_the_servers_fault(
    web: HostileWeb, look: Looking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "LOOK_SECONDS", 0.4)
    web.says(f"{NAME}/shows/1", http(GOOD))
    target = Target(provider="page", item=HERE)
    budget = Budget(Quota(5000, timedelta(days=1), 2.0), Ledger(), NOW, even=False)
    assert target.id in look.page.fetch([target], budget, NOW).observations


def test_every_call_is_paid_for_and_without_one_nothing_is_asked(web: HostileWeb, look: Looking) -> None:
    web.says(f"{NAME}/shows/1", http(GOOD))
    with pytest.raises(OutOfQuotaError):
        look(HERE, calls=0)
    assert web.asked == []
    with pytest.raises(OutOfQuotaError):
        look(HERE, calls=1)
    assert web.asked == [f"{NAME}/robots.txt"]
    assert isinstance(look(HERE, calls=1), Observation)
