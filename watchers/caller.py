"""Who may run the worker: one account, Cloud Scheduler's, by the OIDC token that it brings with each call.

In front of the deployed function IAM asks first (``--no-allow-unauthenticated``; only the scheduler's account
may invoke it). Cloud Run refuses a token that Google did not sign, that has ended or is meant for somebody
else, and hands the rest on **without its signature**
(https://cloud.google.com/run/docs/troubleshooting#signature-removed). So a second look has two ways:

- ``behind_iam``: of a token whose signature Cloud Run took away, what it says is believed. That keeps out
  whom IAM lets in by too wide a role. If IAM were switched off, it would keep out nobody who forges.
- otherwise the signature is checked here, against the keys that Google publishes. That needs no IAM: for a
  worker that is reached some other way than through Cloud Run's front door.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from watchers.google_keys import SKEW_SECONDS, GoogleKeys, KeysAwayError, UntrustedTokenError

REMOVED = "SIGNATURE_REMOVED_BY_GOOGLE"
_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
_LONGEST = 8192  # characters of a token


class RefusedCallerError(Exception):
    """Not the account that may; ``why`` is one word for the log."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Expected(msgspec.Struct, frozen=True):
    """Whose token is believed, and for whom it must be meant."""

    audience: str
    account: str
    certs_url: str
    behind_iam: bool = False


class Doorkeeper:
    """Lets one account in."""

    def __init__(self, expected: Expected) -> None:
        self._expected = expected
        self._keys = GoogleKeys(expected.certs_url)

    def admit(self, authorization: str | None, now: datetime) -> None:
        """Return if the header ``Authorization`` holds the token of the one who may.

        Raises:
            RefusedCallerError: it does not: ``no_token``, ``audience``, ``expired``, ``issuer``, ``account``,
                or ``untrusted`` (which says no more: the signature, or anything else about it).
            KeysAwayError: Google's certificates cannot be had: the call should come again.
        """
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise RefusedCallerError("no_token")
        self._judge(self._said(token.strip(), now))

    def _said(self, token: str, now: datetime) -> Mapping[str, Any]:
        if self._expected.behind_iam and token.endswith(f".{REMOVED}"):
            return _believed(token, self._expected.audience, now)
        try:
            return self._keys.said(token, self._expected.audience)
        except KeysAwayError:
            raise
        except UntrustedTokenError:
            raise RefusedCallerError("untrusted") from None

    def _judge(self, said: Mapping[str, Any]) -> None:
        if said.get("iss") not in _ISSUERS:
            raise RefusedCallerError("issuer")
        if said.get("email") != self._expected.account or said.get("email_verified") is not True:
            raise RefusedCallerError("account")


def _believed(token: str, audience: str, now: datetime) -> Mapping[str, Any]:
    """What a token says whose signature Cloud Run has checked and taken away."""
    said = _claims(token)
    if said.get("aud") != audience:
        raise RefusedCallerError("audience")
    ends = said.get("exp")
    if isinstance(ends, bool) or not isinstance(ends, int) or ends + SKEW_SECONDS < now.timestamp():
        raise RefusedCallerError("expired")
    return said


def _claims(token: str) -> Mapping[str, Any]:
    _, _, rest = token[:_LONGEST].partition(".")
    claims, _, signature = rest.partition(".")
    if signature != REMOVED:
        raise RefusedCallerError("untrusted")
    try:
        said = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise RefusedCallerError("untrusted") from None
    if not isinstance(said, dict):
        raise RefusedCallerError("untrusted")
    return said
