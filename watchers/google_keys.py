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
_AFTER_FAILING = 10.0  # seconds until Google is asked again that did not answer


class UntrustedTokenError(Exception):
    """Google did not sign it, or not for this reader, or it has ended. It says nothing of the token."""


class KeysAwayError(UntrustedTokenError):
    """Google's certificates cannot be had now: nothing is known of the token, and later may be."""


class GoogleKeys:
    """The certificates at one address; safe between threads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._asking = threading.Lock()
        self._held: tuple[Mapping[str, str], float] = ({}, 0.0)  # and until when, by the monotonic clock
        self._asked_at: float | None = None

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
        """The one that holds now; asked for again once they are old, or when a new key is named."""
        if (cert := self._known(key)) is None:
            with self._asking:  # whoever names a key that holds never waits here
                cert = self._known(key) or self._asked(key)
        if cert is None:
            raise UntrustedTokenError if self._is_fresh() else KeysAwayError
        return {key: cert}

    def _is_fresh(self) -> bool:
        return time.monotonic() < self._held[1]

    def _known(self, key: str) -> str | None:
        certs, until = self._held
        return certs.get(key) if time.monotonic() < until else None

    def _asked(self, key: str) -> str | None:
        waits = _SOON if self._is_fresh() else _AFTER_FAILING
        if self._asked_at is None or time.monotonic() - self._asked_at > waits:
            self._fetch()
            self._asked_at = time.monotonic()
        return self._known(key)

    def _fetch(self) -> None:
        import httpx  # noqa: PLC0415

        now = time.monotonic()
        try:
            answer = httpx.get(self._url, timeout=_TIMEOUT, follow_redirects=False)
            answer.raise_for_status()
            certs = answer.json()
        except (httpx.HTTPError, ValueError) as exc:
            log.warning("google.no_certificates", extra={"why": type(exc).__name__})
            return
        age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        if isinstance(certs, dict) and all(isinstance(cert, str) for cert in certs.values()):
            self._held = (certs, now + (float(age[1]) if age else _SOON))
