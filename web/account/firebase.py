"""Firebase ID tokens: any Firebase client can be signed in here, and use the API.

A token is believed only if Google signed it (RS256, with a key that its certificates name at this moment),
for our project, and it has not ended: https://firebase.google.com/docs/auth/admin/verify-id-tokens. The
person's id is Firebase's own. A number or an address that Firebase calls verified becomes theirs if it is
nobody else's.

Settings: ``FIREBASE_PROJECT`` (``GOOGLE_CLOUD_PROJECT`` if not set), ``FIREBASE_CERTS_URL``.
"""

import logging
import re
import threading
import time
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Request

from notifiers import contacts, owners
from notifiers.owners import TakenError
from notifiers.personal.returning import StillErasedError
from notifiers.proofs import Kind
from watchers.documents import Documents
from watchers.errors import ConflictError
from web.account import addresses
from web.account.addresses import UnreadableContactError

log = logging.getLogger(__name__)

_ISSUER = "https://securetoken.google.com/"
_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
_SKEW = timedelta(seconds=30)  # between Google's clock and ours
_LONGEST = 8192  # characters of a token
_SECONDS = 5.0
_MAX_AGE = re.compile(r"max-age=([0-9]{1,8})")
_SOON = 60.0  # seconds: certificates are asked for no oftener than that, whatever a token names


class RefusedTokenError(Exception):
    """The token is not one we believe. It says nothing of the token."""


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, once it is believed."""

    uid: str
    signed_in_at: datetime
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)


class Firebase:
    """One project's tokens; safe between threads. Certificates are kept for as long as their answer says."""

    def __init__(self, project: str, certs_url: str) -> None:
        self.project = project
        self._url = certs_url
        self._lock = threading.Lock()
        self._certs: Mapping[str, str] = {}
        self._until = self._asked_at = 0.0

    def claims(self, token: str, now: datetime) -> Claims:
        """What the token says.

        Raises:
            RefusedTokenError: it is not to be believed, or Google's certificates cannot be had.
        """
        from google.auth import exceptions, jwt  # noqa: PLC0415 - only who brings a token pays for it

        if not token or len(token) > _LONGEST:
            raise RefusedTokenError
        try:
            header = jwt.decode_header(token)
            if header.get("alg") != "RS256" or not isinstance(header.get("kid"), str):
                raise RefusedTokenError
            certs = self._certificates(header["kid"])
            said = jwt.decode(
                token, certs=certs, audience=self.project, clock_skew_in_seconds=int(_SKEW.total_seconds())
            )
        except (ValueError, TypeError, AttributeError, exceptions.GoogleAuthError):
            raise RefusedTokenError from None
        return _claims(said, self.project, now)

    def _certificates(self, key: str) -> Mapping[str, str]:
        """Those that hold now; asked for again once they are old, or when a new key is named."""
        with self._lock:
            now = time.monotonic()
            is_known = key in self._certs and now < self._until
            if not is_known and (now >= self._until or now - self._asked_at > _SOON):
                self._fetch(now)
            if key not in self._certs or now >= self._until:
                raise RefusedTokenError
            return {key: self._certs[key]}

    def _fetch(self, now: float) -> None:
        import httpx  # noqa: PLC0415

        if self._asked_at and now - self._asked_at < 1:  # Google is down: one question a second is enough
            return
        self._asked_at = now
        try:
            answer = httpx.get(self._url, timeout=_SECONDS, follow_redirects=False)
            answer.raise_for_status()
            certs = answer.json()
        except (httpx.HTTPError, ValueError) as exc:
            log.warning("firebase.no_certificates", extra={"why": type(exc).__name__})
            return
        age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        if isinstance(certs, dict) and all(isinstance(cert, str) for cert in certs.values()):
            self._certs, self._until = certs, now + (float(age[1]) if age else _SOON)


def token_of(request: Request) -> str:
    """The bearer token of a request; empty without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def person_of(token: str, firebase: Firebase, documents: Documents, now: datetime) -> str:
    """The uid of whoever a token stands for; at most one read.

    Raises:
        RefusedTokenError: nobody's, or of somebody who has signed out everywhere since.
        StoreUnavailableError: nothing is known.
    """
    claims = firebase.claims(token, now)
    known = documents.get(contacts.path(claims.uid))
    since = known.fields.get("sessions_since") if known else None
    if since is not None and claims.signed_in_at < since.replace(microsecond=0):
        raise RefusedTokenError
    return claims.uid


def signed_in(
    token: str, firebase: Firebase, documents: Documents, countries: Collection[str], now: datetime
) -> str:
    """As ``person_of``, and what Firebase has verified becomes theirs where it is nobody else's.

    ``countries``: whose numbers may be texted.
    """
    uid = person_of(token, firebase, documents, now)
    claims = firebase.claims(token, now)
    for kind, address in ((Kind.EMAIL, claims.email), (Kind.PHONE, claims.phone)):
        if address:
            _bind(documents, uid, kind, address, countries, now)
    return uid


def _bind(
    documents: Documents, uid: str, kind: Kind, address: str, countries: Collection[str], now: datetime
) -> None:
    known = documents.get(contacts.path(uid))
    if known and known.fields.get(kind):
        return  # what they have here is theirs to change here
    with suppress(TakenError, StillErasedError, ConflictError, UnreadableContactError):
        contact = addresses.read(address, "", countries, kind)
        documents.commit(*owners.adding(documents, contact, uid, {}, now).writes)


def _claims(said: Mapping[str, Any], project: str, now: datetime) -> Claims:
    uid, auth_time = said.get("sub"), said.get("auth_time")
    is_ours = said.get("iss") == f"{_ISSUER}{project}" and said.get("aud") == project
    if not is_ours or not isinstance(uid, str) or not _UID.fullmatch(uid):
        raise RefusedTokenError
    if not isinstance(auth_time, int) or isinstance(auth_time, bool):
        raise RefusedTokenError
    expires, signed_in_at = datetime.fromtimestamp(said["exp"], UTC), datetime.fromtimestamp(auth_time, UTC)
    if signed_in_at > now + _SKEW or expires < now - _SKEW:
        raise RefusedTokenError
    email = said.get("email") if said.get("email_verified") is True else None
    phone = said.get("phone_number")
    return Claims(
        uid,
        signed_in_at,
        email if isinstance(email, str) else None,
        phone if isinstance(phone, str) and re.fullmatch(r"\+[1-9][0-9]{6,14}", phone) else None,
    )
