"""Recognising that we are taken for a robot, or are to wait in a queue. Pure.

Bot protection answers with any status, 200 too. Whoever is asked to prove that he is a person goes away and
stays away for a while: nothing is solved, run, or tried again in disguise. What follows are marks of the page
that asks, not of the script that watches on every page of the same shop.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

_START = 256 * 1024
_HEADERS = {
    "cf-mitigated": re.compile("challenge"),  # https://developers.cloudflare.com/cloudflare-challenges/
    "x-amzn-waf-action": re.compile("challenge|captcha"),  # AWS WAF
    "x-datadome": re.compile("blocked|captcha"),
    "x-px-block": re.compile("."),
    "x-kpsdk-ct": re.compile("."),  # Kasada
    "x-sucuri-block": re.compile("."),
}
_MARKS = re.compile(
    rb"_cf_chl_opt|cf-browser-verification|id=[\"']?challenge-form|cf-error-details"  # Cloudflare
    rb"|px-captcha|perimeterx\.net/whywasiblocked|captcha\.px-cdn\.net"  # PerimeterX, now Human
    rb"|(?:geo|ct|c)\.captcha-delivery\.com"  # DataDome
    rb"|errors\.edgesuite\.net|sec-if-cpt-container|/_sec/cp_challenge|\bbm-verify="  # Akamai
    rb"|incapsula incident id|src=[\"']/_incapsula_resource\?[cs]wudnsai="  # Imperva
    rb"|window\.gokuprops|awswafcookiedomainlist"  # AWS WAF
    rb"|ips\.js\?kp_uidz|window\.kpsdk"  # Kasada
    rb"|sucuri_cloudproxy_js|id=[\"']?distilidentificationblock|perfdrive\.com"  # Sucuri, Distil, Radware
)
_TITLES = re.compile(
    rb"<title[^>]{0,200}>\s{0,200}(?:just a moment|attention required"
    rb"|access (?:to this page (?:has been|is) )?denied"
    rb"|pardon our interruption|are you (?:a |an )?(?:human|robot)|(?:please )?verify(?:ing)?"
    rb" (?:that )?you are"
    rb"|human verification|robot (?:check|or human)|security (?:check|challenge)|bot (?:check|verification)"
    rb"|captcha\s*<|ddos-guard|checking your browser|request unsuccessful"
    rb"|you(?:'|&#39;|\xe2\x80\x99)?(?:ve| have) been blocked"
    rb"|queue-it|(?:virtual )?waiting room|you are now in line)"
)
_WIDGET = re.compile(
    rb"class=[\"'][^\"']{0,300}\b(?:g-recaptcha|h-captcha|cf-turnstile|frc-captcha|amzn-captcha)|arkoselabs\.com"
    rb"|/(?:recaptcha|captcha)/(?:api|enterprise|captcha)\b|hcaptcha\.com/1/api\.js"
)
_SAYS_SOMETHING = re.compile(
    rb"application/ld\+json|itemtype=|typeof=[\"']?schema:|property=[\"']?(?:product|og):price"
)
_THIN = 24 * 1024  # a page with a captcha in its newsletter form is longer than one that is nothing else
_QUEUES = ("queue-it.net", "captcha-delivery.com", "perfdrive.com", "queue.ticketmaster.com")
_WAY_IN = re.compile(
    r"/(?:cdn-cgi/challenge[a-z-]*|_incapsula_resource|captcha|blocked|distil_r_captcha|splashui/challenge)(?:[/?.]|$)",
    re.IGNORECASE,
)


def is_one(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether this answer asks for proof that we are a person, or refuses a robot, whatever its status."""
    if any(mark.search(headers.get(name, "").lower()) for name, mark in _HEADERS.items()):
        return True
    start = body[:_START].lower()
    if _MARKS.search(start) or _TITLES.search(start):
        return True
    return len(body) <= _THIN and bool(_WIDGET.search(start)) and not _SAYS_SOMETHING.search(start)


def leads_to_one(location: str) -> bool:
    """Whether a redirect leads to a captcha or into a queue."""
    try:
        where = urlsplit(location)
    except ValueError:
        return False
    host = where.netloc.lower()
    return any(host == one or host.endswith("." + one) for one in _QUEUES) or bool(_WAY_IN.match(where.path))
