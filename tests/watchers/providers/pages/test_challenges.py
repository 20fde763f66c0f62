"""Bot pages as they look, made up in their makers' shape; and ordinary pages that carry the same scripts."""

import pytest

from tests.hostile_web import HostileWeb, http
from tests.watchers.providers.pages.conftest import Clock, Looking, Reader
from watchers.observation import Observation
from watchers.providers.pages.challenges import is_one, leads_to_one

NAME = "venue.example.com"
HERE = f"http://{NAME}/shows/1"

ASKED_TO_PROVE_IT = {
    "cloudflare": b"<title>Just a moment...</title><script>window._cf_chl_opt={cvId:'3'}</script>",
    "cloudflare_old": b"<title>Attention Required! | Cloudflare</title><div id=cf-error-details>",
    "cloudflare_form": b'<form id="challenge-form" action="/?__cf_chl_f_tk=1">',
    "turnstile": b'<h1>One more step</h1><div class="cf-turnstile" data-sitekey="x"></div>',
    "perimeterx": b"<title>Access to this page has been denied.</title><div id='px-captcha'></div>",
    "perimeterx_script": b"<script src='https://captcha.px-cdn.net/PXa/captcha.js'></script>",
    "datadome": b"<script>var dd={'cid':'a','host':'geo.captcha-delivery.com'}</script>",
    "datadome_frame": b"<iframe src='https://geo.captcha-delivery.com/captcha/?cid=a'></iframe>",
    "akamai": b"<TITLE>Access Denied</TITLE><p>Reference #18.2f3<p>https://errors.edgesuite.net/18.2f3",
    "akamai_bot_manager": b"<div id='sec-if-cpt-container'></div><script src='/_sec/cp_challenge/a.js'>",
    "akamai_meta": b"<meta http-equiv=refresh content=\"5; URL='/shows/1?bm-verify=AAQA'\">",
    "imperva": b"Request unsuccessful. Incapsula incident ID: 877-1",
    "imperva_frame": b"<iframe src='/_Incapsula_Resource?SWUDNSAI=31&xinfo=1'></iframe>",
    "aws_waf": b"<script>window.gokuProps = {}</script>",
    "kasada": b"<script>window.KPSDK={};</script><script src='/149/ips.js?KP_UIDz=1'></script>",
    "sucuri": b"<script>sucuri_cloudproxy_js=''</script>",
    "distil": b"<title>Pardon Our Interruption</title>",
    "ddos_guard": b"<title>DDoS-Guard</title>",
    "human": b"<title>Human Verification</title>",
    "robot": b"<title>Robot Check</title>",
    "are_you": b"<title>Are you a robot?</title>",
    "verify": b"<title>Please verify you are a human</title>",
    "blocked": b"<title>You've been blocked</title>",
    "checking": b"<title>Checking your browser before accessing</title>",
    "security": b"<title>\n  Security Check\n</title>",
    "recaptcha": b"<form><div class='g-recaptcha' data-sitekey='x'></div></form>",
    "hcaptcha": b"<script src='https://hcaptcha.com/1/api.js'></script><div class='h-captcha'></div>",
    "arkose": b"<script src='https://client-api.arkoselabs.com/v2/a/api.js'></script>",
    "queue_it": b"<title>Queue-it</title>You are now in line",
    "waiting_room": b"<title>Virtual Waiting Room</title>",
}


@pytest.mark.parametrize("status", [200, 403, 429, 503])
@pytest.mark.parametrize("body", ASKED_TO_PROVE_IT.values(), ids=ASKED_TO_PROVE_IT.keys())
def test_whoever_asks_for_proof_is_left_alone_whatever_the_status(
    web: HostileWeb, look: Looking, reader: Reader, clock: Clock, status: int, body: bytes
) -> None:
    web.says(f"{NAME}/shows/1", http(b"<!doctype html><html><head>" + body, status))
    assert look(HERE) == "challenge"
    clock.seconds += 3599
    assert look(HERE) == look(f"http://{NAME}/shows/2") == "challenge"
    assert (len(web.asked), reader.markup) == (2, [])


@pytest.mark.parametrize(
    "headers",
    [
        {"cf_mitigated": "challenge"},
        {"x_amzn_waf_action": "captcha"},
        {"x_amzn_waf_action": "challenge"},
        {"x_datadome": "blocked"},
        {"x_px_block": "1"},
        {"x_kpsdk_ct": "a"},
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [200, 202, 403, 405, 429])
def test_a_header_may_say_it_too(
    web: HostileWeb, look: Looking, status: int, headers: dict[str, str]
) -> None:
    web.says(f"{NAME}/shows/1", http(b"<p>", status, **headers))
    assert look(HERE) == "challenge"


def test_a_captcha_in_place_of_robots_txt_ends_the_look(web: HostileWeb, look: Looking) -> None:
    web.says(f"{NAME}/robots.txt", http(ASKED_TO_PROVE_IT["cloudflare"], 403))
    assert look(HERE) == "challenge"
    assert web.asked == [f"{NAME}/robots.txt"]


def test_a_packed_captcha_is_recognised(web: HostileWeb, look: Looking) -> None:
    import gzip  # noqa: PLC0415

    body = gzip.compress(ASKED_TO_PROVE_IT["datadome"])
    web.says(f"{NAME}/shows/1", http(body, 403, content_encoding="gzip"))
    assert look(HERE) == "challenge"


ORDINARY = {
    "plain": b"<title>Paper Lanterns</title>",
    "cloudflare_watching": b"<script src='/cdn-cgi/challenge-platform/scripts/jsd/main.js'></script>",
    "perimeterx_watching": b"<script>window._pxAppId='PXa'</script><script src='/a/init.js'></script>",
    "datadome_watching": b"<script src='https://js.datadome.co/tags.js'></script>",
    "imperva_watching": b"<script src='/_Incapsula_Resource?SWJIYLWA=719d'></script>",
    "akamai_watching": b"<script src='/akam/13/pixel_a'></script>",
    "a_newsletter_with_a_captcha": b"<p>Tickets</p>" * 3000 + b"<div class='g-recaptcha'></div>",
    "a_thin_page_with_data_and_a_captcha": b"<script type='application/ld+json'>{}</script>"
    b"<div class='g-recaptcha'></div>",
    "a_show_about_robots": b"<title>The Robot Checkers live</title><p>Are you a robot?",
    "a_band_called_captcha": b"<title>Captcha Tour 2027</title>",
    "a_talk_on_access": b"<title>Access for all</title><p>Access denied? Please verify you are a human.",
}


@pytest.mark.parametrize("body", ORDINARY.values(), ids=ORDINARY.keys())
def test_a_shop_that_merely_carries_such_scripts_is_read(web: HostileWeb, look: Looking, body: bytes) -> None:
    web.says(f"{NAME}/shows/1", http(b"<!doctype html>" + body, x_datadome="protected", cf_ray="1"))
    assert isinstance(look(HERE), Observation)


@pytest.mark.parametrize(
    "location",
    [
        "/shows/captchas",
        "/blocked-party",
        "https://queue-it.net.example.com/",
        "https://notqueue-it.net/",
        "http://[",
    ],
)
def test_a_redirect_that_only_sounds_like_one_is_none(location: str) -> None:
    assert not leads_to_one(location)


@pytest.mark.parametrize("part", [b"<title", b"<title ", b'class="', b"class=' ", b"px-", b"<title> "])
def test_no_page_is_slow_to_judge(part: bytes) -> None:
    import time  # noqa: PLC0415

    began = time.monotonic()
    assert not is_one({}, part * (5_000_000 // len(part)))
    assert time.monotonic() - began < 2
