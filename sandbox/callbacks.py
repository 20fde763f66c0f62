"""Telling the product what became of a text, and what was texted back: signed, and only on this machine.

https://www.twilio.com/docs/usage/webhooks/webhooks-security : HMAC-SHA1 over the URL and the sorted fields.
"""

import base64
import hashlib
import hmac
import logging
import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from sandbox.texts import Text

LOOPBACK = ("127.0.0.1", "localhost", "::1")
log = logging.getLogger(__name__)


def report(text: Text, auth_token: str | None, pause: float = 0.0) -> threading.Thread | None:
    """Post ``sent``, then ``delivered`` to the text's StatusCallback from another thread, each after a pause.

    ``None``: there is no such address on this machine. Twilio, too, never reports the status that the answer
    to the request named.
    """
    if text.callback is None or not is_here(text.callback):
        return None
    thread = threading.Thread(target=_tell, args=(text, text.callback, auth_token, pause), daemon=True)
    thread.start()
    return thread


def is_here(url: str) -> bool:
    """Whether the address is on this machine: nothing ever leaves it."""
    return urlsplit(url).hostname in LOOPBACK


def post(
    url: str, fields: Mapping[str, str], auth_token: str | None, *, signed_url: str | None = None
) -> httpx.Response | None:
    """Post signed fields; ``None`` when nobody answers. ``signed_url``: the address as Twilio knows it."""
    headers = {"X-Twilio-Signature": signature(signed_url or url, fields, auth_token)} if auth_token else {}
    try:
        return httpx.post(url, data=dict(fields), headers=headers, timeout=15)
    except httpx.HTTPError as exc:
        log.warning("sandbox.callback_failed %s", type(exc).__name__)
    return None


def signature(url: str, fields: Mapping[str, str], auth_token: str) -> str:
    """The value of ``X-Twilio-Signature``."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(fields.items()))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), hashlib.sha1)).decode()


def _tell(text: Text, url: str, auth_token: str | None, pause: float) -> None:
    for status in ("sent", "delivered"):
        time.sleep(pause)
        post(url, _fields(text, status), auth_token)


def _fields(text: Text, status: str) -> dict[str, str]:
    return {
        "AccountSid": text.account_sid,
        "ApiVersion": "2010-04-01",
        "From": text.sender or "",
        "MessageSid": text.sid,
        "MessageStatus": status,
        "SmsSid": text.sid,
        "SmsStatus": status,
        "To": text.to,
    }
