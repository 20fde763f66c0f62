"""Firebase ID tokens: any Firebase client can be signed in here, and use the API.

A token is believed only if Google signed it (RS256, with a key that its certificates name at this moment),
for our project, and it has not ended: https://firebase.google.com/docs/auth/admin/verify-id-tokens. The
person's id is Firebase's own. A number or an address that Firebase calls verified becomes theirs if it is
nobody else's.

Settings: ``FIREBASE_PROJECT`` (``GOOGLE_CLOUD_PROJECT`` if not set), ``FIREBASE_CERTS_URL``.
"""

import re
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
from watchers.google_keys import SKEW_SECONDS, GoogleKeys, UntrustedTokenError
from web.account import addresses
from web.account.addresses import UnreadableContactError

_ISSUER = "https://securetoken.google.com/"
_UID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,127}")
_SKEW = timedelta(seconds=SKEW_SECONDS)


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
    """One project's tokens; safe between threads."""

    def __init__(self, project: str, certs_url: str) -> None:
        self.project = project
        self._keys = GoogleKeys(certs_url)

    def claims(self, token: str, now: datetime) -> Claims:
        """What the token says.

        Raises:
            RefusedTokenError: it is not to be believed, or Google's certificates cannot be had.
        """
        try:
            said = self._keys.said(token, self.project)
        except UntrustedTokenError:
            raise RefusedTokenError from None
        return _claims(said, self.project, now)


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
