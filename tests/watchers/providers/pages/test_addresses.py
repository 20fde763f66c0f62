from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchers.providers.page import Page
from watchers.providers.pages.addresses import Address, AddressRefusedError, onward, read
from watchers.target import Target
from watchers.watch import Filters

PRIVATE = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.01/",
    "http://0177.0.0.0x1/",
    "http://0x7f.1/",
    "http://127.0.0.1./",
    "http://127.0.0.0x/",
    "http://10.0.0.1/",
    "http://172.16.0.1/",
    "http://192.168.1.1/",
    "http://192.168.257/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://0251.0376.0251.0376/",
    "http://0xa9fea9fe/",
    "http://2852039166/",
    "http://425.510.425.510/",
    "http://100.100.100.200/latest/meta-data/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://255.255.255.255/",
    "http://224.0.0.1/",
    "http://93.184.216.34/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[0:0:0:0:0:ffff:169.254.169.254]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:53aa:64c:0:fffe:80ff:fffe]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/latest/",
    "http://[fe80::1%25eth0]/",
    "http://[fec0::1]/",
    "http://[2606:4700::1111]/",
    "http://[::1]:80/",
    "http://１２７.０.０.１/",  # noqa: RUF001
    "http://127。0。0。1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://localhost/",
    "http://LOCALHOST/",
    "http://localhost./",
    "http://ⓛocalhost/",
    "http://foo.localhost/",
    "http://localhost.localdomain/",
    "http://metadata/computeMetadata/v1/",
    "http://metadata.google.internal/computeMetadata/v1/",
    "http://METADATA.GOOGLE.INTERNAL./",
    "http://instance-data/latest/",
    "http://router.lan/",
    "http://printer.local/",
    "http://nas.home.arpa/",
    "http://1.0.0.127.in-addr.arpa/",
    "http://wiki.corp/",
    "http://wiki.intranet/",
    "http://kubernetes.default.svc.cluster.local/",
    "http://hidden.onion/",
    "http://intranet/",
    "http://postgres:80/",
]
BROKEN = [
    "",
    " ",
    "venue.com",
    "//venue.com/",
    "https:/venue.com/",
    "https:venue.com/",
    "https:///venue.com/",
    "https://",
    "https:// venue.com/",
    " https://venue.com/",
    "https://venue.com/ ",
    "https://venue.com/a b",
    "https://venue.com/a\tb",
    "https://venue.com/\r\nX-Evil: 1",
    "https://venue.com\n.evil.com/",
    "https://venue.com/\0",
    "https://venue.com\\@evil.com/",
    "https:\\\\venue.com\\",
    "https://evil.com\\.venue.com/",
    "https://user@venue.com/",
    "https://user:password@venue.com/",
    "https://:@venue.com/",
    "https://venue.com@127.0.0.1/",
    "https://127.0.0.1@venue.com/",
    "https://venue.com#@127.0.0.1/\\",
    "ftp://venue.com/",
    "file:///etc/passwd",
    "file://venue.com/etc/passwd",
    "gopher://venue.com/_GET",
    "dict://venue.com:11211/",
    "javascript:alert(1)",
    "data:text/html,<h1>x</h1>",
    "view-source:https://venue.com/",
    "jar:https://venue.com/!/",
    "blob:https://venue.com/1",
    "ws://venue.com/",
    "https://venue.com:8443/",
    "https://venue.com:80/",
    "http://venue.com:443/",
    "http://venue.com:22/",
    "http://venue.com:0/",
    "http://venue.com:/",
    "http://venue.com:080/",
    "http://venue.com:99999/",
    "http://venue.com:８０/",  # noqa: RUF001
    "https://venue..com/",
    "https://.venue.com/",
    "https://venue.com../",
    "https://-venue.com/",
    "https://venue-.com/",
    "https://ven%75e.com/",
    "https://%31%32%37.0.0.1.com/",
    "https://venue.c/",
    "https://venue.com,evil.com/",
    "https://venue.com;evil.com/",
    "https://[venue.com]:x/a",
    "https://xn--/",
    "https://xn--a.com/",
    "https://xn--0000000000000.com/",
    "https://venue.com/\u202egnp.exe",
    "https://ven\u200bue.com/",
    "https://ven\u00adue.com/",
    "https://venue.com/\ud800",
    "https://venue℀evil.com/",
    "https://" + "a" * 64 + ".com/",
    "https://" + "a." * 130 + "com/",
    "https://venue.com/" + "a" * 2000,
]


@pytest.mark.parametrize("text", PRIVATE)
def test_an_address_that_is_not_a_public_name_is_refused_in_whatever_notation(text: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        read(text)
    assert refused.value.code == "not_public"


@pytest.mark.parametrize("text", BROKEN, ids=ascii)
def test_what_could_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        read(text)
    assert refused.value.code in ("bad_id", "not_public")


@pytest.mark.parametrize("text", [*PRIVATE, *BROKEN], ids=ascii)
def test_every_refusal_is_a_sentence_that_never_repeats_the_address(text: str) -> None:
    said = Page.refusal(Target(provider="page", item=text), Filters()) or ""
    assert said.endswith(".")
    assert "password" not in said.replace("user name or password", "")


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("https://venue.com", "https://venue.com/"),
        ("HTTPS://Venue.COM/Shows", "https://venue.com/Shows"),
        ("http://venue.com:80/a", "http://venue.com/a"),
        ("https://venue.com:443", "https://venue.com/"),
        ("https://venue.com./a", "https://venue.com/a"),
        ("https://venue.com?id=1", "https://venue.com/?id=1"),
        ("https://venue.com/a?b=c&d=%20e+f#tickets", "https://venue.com/a?b=c&d=%20e+f"),
        ("https://venue.com/a?next=http://x.com/?y", "https://venue.com/a?next=http://x.com/?y"),
        ("https://münchen.de/Konzerte/Frühling", "https://xn--mnchen-3ya.de/Konzerte/Fr%C3%BChling"),
        ("https://MÜNCHEN.de/", "https://xn--mnchen-3ya.de/"),
        ("https://xn--mnchen-3ya.de/", "https://xn--mnchen-3ya.de/"),
        ("https://straße.de/", "https://xn--strae-oqa.de/"),
        ("https://例え.jp/", "https://xn--r8jz45g.jp/"),
        ("https://venue.xn--p1ai/", "https://venue.xn--p1ai/"),
        ("https://sold_out.venue.com/", "https://sold_out.venue.com/"),
        ("https://1st-avenue.com/", "https://1st-avenue.com/"),
        ("https://127.0.0.1.com/", "https://127.0.0.1.com/"),
        ("https://venue.com/a/../b", "https://venue.com/b"),
        ("https://venue.com/public/%2e%2e/private", "https://venue.com/private"),
        ("https://venue.com/../../a/.", "https://venue.com/a/"),
        ("https://venue.com/a/b/..", "https://venue.com/a/"),
        ("https://venue.com//a//b", "https://venue.com//a//b"),
        ("https://venue.com/100%", "https://venue.com/100%25"),
        ("https://venue.com/a|b<c>", "https://venue.com/a%7Cb%3Cc%3E"),
        ("https://venue.com/a?b=[1]", "https://venue.com/a?b=%5B1%5D"),
        ("https://venue.com/@artist:1", "https://venue.com/@artist:1"),
    ],
)
def test_an_ordinary_address_is_asked_in_one_form(text: str, asked: str) -> None:
    assert str(read(text)) == asked


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused_and_never_crashes(text: str) -> None:
    for written in (text, f"https://{text}", f"https://venue.com/{text}"):
        with suppress(AddressRefusedError):
            address = read(written)
            assert read(str(address)) == address
            assert str(address).isascii()
            assert "@" not in address.host


@given(st.text(st.characters(exclude_categories=("C", "Z")), max_size=40), st.none() | st.text(max_size=20))
def test_what_robots_txt_is_asked_about_is_what_the_server_is_asked_for(path: str, query: str | None) -> None:
    """Httpx tidies addresses, too: nothing may be left for it to tidy."""
    try:
        address = read(f"https://venue.com/{path}" + ("" if query is None else f"?{query}"))
    except AddressRefusedError:
        return
    url = httpx.URL(str(address))
    assert (url.raw_path.decode(), url.host) == (address.path, "venue.com")


HERE = Address("https", "venue.com", "/shows/1?x=y")


@pytest.mark.parametrize(
    ("location", "onto"),
    [
        ("/a", "https://venue.com/a"),
        ("b", "https://venue.com/shows/b"),
        ("?z=1", "https://venue.com/shows/1?z=1"),
        ("//other.com/a", "https://other.com/a"),
        ("https://other.com/a#b", "https://other.com/a"),
        ("../../..", "https://venue.com/"),
    ],
)
def test_a_redirect_leads_where_a_browser_would_go(location: str, onto: str) -> None:
    assert str(onward(HERE, location)) == onto


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://venue.com/", "redirects"),
        ("file:///etc/passwd", "redirects"),
        ("javascript:alert(1)", "redirects"),
        ("https://user:pw@venue.com/", "redirects"),
        ("https://venue.com:8443/", "redirects"),
        ("/a b", "redirects"),
        ("https://venue.com\\@127.0.0.1/", "redirects"),
        ("https://ve\tnue.com/", "redirects"),
        ("https://[::1", "redirects"),
        ("https://[::1]/", "not_public"),
        ("//127.0.0.1/", "not_public"),
        ("//localhost/", "not_public"),
        ("https://169.254.169.254/latest", "not_public"),
        ("https://metadata.google.internal/", "not_public"),
    ],
)
def test_a_redirect_is_checked_like_any_address_and_never_gives_up_https(location: str, code: str) -> None:
    with pytest.raises(AddressRefusedError) as refused:
        onward(HERE, location)
    assert refused.value.code == code
