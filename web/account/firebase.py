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
_AFTER_FAILING = 10.0  # seconds until Google is asked again that did not answer
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
        self._asking = threading.Lock()
        self._held: tuple[Mapping[str, str], float] = ({}, 0.0)  # and until when, by the monotonic clock
        self._asked_at: float | None = None

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
        if (cert := self._known(key)) is None:
            with self._asking:  # whoever names a key that holds never waits here
                cert = self._known(key) or self._asked(key)
        if cert is None:
            raise RefusedTokenError
        return {key: cert}

    def _known(self, key: str) -> str | None:
        certs, until = self._held
        return certs.get(key) if time.monotonic() < until else None

    def _asked(self, key: str) -> str | None:
        waits = _SOON if time.monotonic() < self._held[1] else _AFTER_FAILING
        if self._asked_at is None or time.monotonic() - self._asked_at > waits:
            self._fetch()
            self._asked_at = time.monotonic()
        return self._known(key)

    def _fetch(self) -> None:
        import httpx  # noqa: PLC0415

        now = time.monotonic()
        try:
            answer = httpx.get(self._url, timeout=_SECONDS, follow_redirects=False)
            answer.raise_for_status()
            certs = answer.json()
        except (httpx.HTTPError, ValueError) as exc:
            log.warning("firebase.no_certificates", extra={"why": type(exc).__name__})
            return
        age = _MAX_AGE.search(answer.headers.get("Cache-Control", ""))
        if isinstance(certs, dict) and all(isinstance(cert, str) for cert in certs.values()):
            self._held = (certs, now + (float(age[1]) if age else _SOON))


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

    Raises:
        StillErasedError: what was theirs is still being deleted; they come in once it is over.
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
    if known and kind in known.fields and known.fields.get("erased_at") is None:
        return  # what they have here, or took away, is theirs to change here
    with suppress(TakenError, ConflictError, UnreadableContactError):
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
