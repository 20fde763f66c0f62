"""Telling the product what became of a text, signed as Twilio signs it, and only on this machine.

https://www.twilio.com/docs/usage/webhooks/webhooks-security : HMAC-SHA1 over the URL and the sorted fields.
"""

import base64
import hashlib
import hmac
import logging
import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from sandbox.texts import Text

LOOPBACK = ("127.0.0.1", "localhost", "::1")
log = logging.getLogger(__name__)


def report(text: Text, auth_token: str | None) -> threading.Thread | None:
    """Post ``delivered`` to the text's StatusCallback from another thread; ``None``: there is none here."""
    if text.callback is None or urlsplit(text.callback).hostname not in LOOPBACK:
        return None
    thread = threading.Thread(target=_post, args=(text.callback, _fields(text), auth_token), daemon=True)
    thread.start()
    return thread


def signature(url: str, fields: Mapping[str, str], auth_token: str) -> str:
    """The value of ``X-Twilio-Signature``."""
    signed = url + "".join(f"{name}{value}" for name, value in sorted(fields.items()))
    return base64.b64encode(hmac.digest(auth_token.encode(), signed.encode(), hashlib.sha1)).decode()


def _fields(text: Text) -> dict[str, str]:
    return {
        "AccountSid": text.account_sid,
        "ApiVersion": "2010-04-01",
        "From": text.sender or "",
        "MessageSid": text.sid,
        "MessageStatus": "delivered",
        "SmsSid": text.sid,
        "SmsStatus": "delivered",
        "To": text.to,
    }


def _post(url: str, fields: dict[str, str], auth_token: str | None) -> None:
    headers = {"X-Twilio-Signature": signature(url, fields, auth_token)} if auth_token else {}
    try:
        httpx.post(url, data=fields, headers=headers, timeout=10)
    except httpx.HTTPError as exc:
        log.warning("sandbox.callback_failed %s", type(exc).__name__)
