"""Tokens that Google signed: read only if one of the keys it publishes at this moment signed them (RS256).

Certificates are kept for as long as their answer says, and asked for no oftener than once a minute whatever
key a token names, so that nobody can make us ask Google again and again. What is said in a token (by whom,
about whom, for whom) its reader judges: ``web/account/firebase.py``, ``watchers/caller.py``.
"""

import logging
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)

SKEW_SECONDS = 30  # between Google's clock and ours
_LONGEST = 8192  # characters of a token
_TIMEOUT = 5.0  # seconds
_MAX_AGE = re.compile(r"max-age=([0-9]{1,8})")
_SOON = 60.0  # seconds


class UntrustedTokenError(Exception):
    """Google did not sign it, or not for this reader, or it has ended. It says nothing of the token."""


class KeysAwayError(UntrustedTokenError):
    """Google's certificates cannot be had now: nothing is known of the token, and later may be."""


class GoogleKeys:
    """The certificates at one address; safe between threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._certs: Mapping[str, str] = {}
        self._until = self._asked_at = 0.0

    def said(self, token: str, audience: str) -> Mapping[str, Any]:
        """What a token says that was signed for ``audience`` and has not ended.

        Raises:
            UntrustedTokenError: it is not to be believed; ``KeysAwayError``: that cannot be told now.
        """
        from google.auth import exceptions, jwt  # noqa: PLC0415 - only who is brought a token pays for it

        if not token or len(token) > _LONGEST:
            raise UntrustedTokenError
        try:
            header = jwt.decode_header(token)
            if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
                raise UntrustedTokenError
            certs = self._certificates(header["kid"])
            said: Mapping[str, Any] = jwt.decode(
                token, certs=certs, audience=audience, clock_skew_in_seconds=SKEW_SECONDS
            )
        except (ValueError, TypeError, AttributeError, exceptions.GoogleAuthError):
            raise UntrustedTokenError from None
        return said

    def _certificates(self, key: str) -> Mapping[str, str]:
        """Those that hold now; asked for again once they are old, or when a new key is named."""
        with self._lock:
            now = time.monotonic()
            is_known = key in self._certs and now < self._until
            if not is_known and (now >= self._until or now - self._asked_at > _SOON):
                self._fetch(now)
            if now >= self._until:
                raise KeysAwayError
            if key not in self._certs:
                raise UntrustedTokenError
            return {key: self._certs[key]}

    def _fetch(self, now: float) -> None:
        import httpx  # noqa: PLC0415

        if self._asked_at and now - self._asked_at < 1:  # Google is down: one question a second is enough
            return
        self._asked_at = now
        try:
            answer = httpx.get(self._url, timeout=_TIMEOUT, follow_redirects=False)
            answer.raise_for_status()
            certs = answer.json()
        except (httpx.HTTPError, ValueError) as exc:
            log.warning("google.no_certificates", extra={"why": type(exc).__name__})
            return
        age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        if isinstance(certs, dict) and all(isinstance(cert, str) for cert in certs.values()):
            self._certs, self._until = certs, now + (float(age[1]) if age else _SOON)
