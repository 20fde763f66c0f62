"""How a Twilio on this machine tells what became of a text: signed as Twilio signs, in every order we fear.

A mode is one word, set as ``TwilioServer.callbacks``::

    "none"                   nobody is told
    "once"                   sent, then delivered
    "twice"                  each of them two times
    "reordered"              delivered, then sent
    "early"                  as once, and before the create call is answered
    "late"                   as once, ``late_seconds`` after the text was taken
    "undelivered:30003"      sent, then undelivered with this code (``failed:…`` likewise)

https://www.twilio.com/docs/usage/webhooks/webhooks-security : HMAC-SHA1 over the URL and the sorted fields.
"""

import base64
import hashlib
import hmac
import urllib.error
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

Step = tuple[str, int | None]

_ORDERS: Mapping[str, tuple[Step, ...]] = {
    "none": (),
    "once": (("sent", None), ("delivered", None)),
    "twice": (("sent", None), ("sent", None), ("delivered", None), ("delivered", None)),
    "reordered": (("delivered", None), ("sent", None)),
    "early": (("sent", None), ("delivered", None)),
    "late": (("sent", None), ("delivered", None)),
}


def steps(mode: str) -> tuple[Step, ...]:
    """The statuses that are told in this mode, in this order, each with its error code."""
    status, _, code = mode.partition(":")
    return (("sent", None), (status, int(code))) if code else _ORDERS[mode]


def signature(url: str, fields: Mapping[str, str], token: str) -> str:
    """The value of ``X-Twilio-Signature``."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(fields.items()))
    return base64.b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()


def post(url: str, fields: Mapping[str, str], token: str, base: str | None) -> int:
    """Tell it, and return the status of the answer; 0 when there was none.

    The URL as the product gave it is signed; ``base`` replaces its scheme and host, to reach a server here.
    """
    where = urlsplit(url)
    reached = f"{base.rstrip('/')}{where.path}{'?' if where.query else ''}{where.query}" if base else url
    headers = {"X-Twilio-Signature": signature(url, fields, token), "Connection": "close"}
    request = urllib.request.Request(reached, urlencode(fields).encode(), headers)  # noqa: S310 - tests
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return 0
