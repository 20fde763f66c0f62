"""Tokens by which programs act for a person: ``api_tokens/{sha256 of the token}``.

A token is 256 random bits with a short sum behind it, so that a slip of the pen costs no read. It is shown
once and kept nowhere; what is kept is its digest, from which nobody gets back to it. Looking one up compares
digests, so that how long it takes says nothing about any token.
"""

import hashlib
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from watchers.documents import Create, Delete, Document, Documents, Query, Update, Write
from watchers.errors import ConflictError, StoreError, StoreUnavailableError
from watchers.language import say

COLLECTION = "api_tokens"
_MAKERS = "api_makers"
_ATTEMPTS = 20
MOST = 20  # of one person
LONGEST_NAME = 60
UNSEEN_FOR = timedelta(minutes=10)  # then whoever asked for it may have it, whatever we know
Scope = Literal["read", "write"]
_WRITTEN = re.compile(r"ts_([A-Za-z0-9_-]{43})([0-9a-f]{6})")


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept. ``id``: its digest. ``used_on``: the last day it was used (UTC).

    ``made_by``: what names the request that made it, where that has a name.
    """

    id: str
    uid: str
    name: str
    scope: Scope
    created_at: datetime
    expires_at: datetime | None = None
    used_on: str | None = None
    made_by: str | None = None

    def is_usable(self, now: datetime) -> bool:
        """Whether it is not over."""
        return self.expires_at is None or now < self.expires_at


class TooManyTokensError(Exception):
    """One has as many as one can have."""


def path(token_id: str) -> str:
    """Where a token is kept."""
    return f"{COLLECTION}/{token_id}"


def digest(text: str) -> str | None:
    """The id of a token; ``None`` for what can be none."""
    found = _WRITTEN.fullmatch(text)
    if not found or not secrets.compare_digest(_sum(found[1]), found[2]):
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def _sum(body: str) -> str:
    return hashlib.sha256(f"ticket-scout.token.{body}".encode()).hexdigest()[:6]


def make(documents: Documents, asked: Token) -> tuple[str, Token]:
    """A new token like ``asked``, whose ``id`` says nothing yet: its text, shown this once, and itself.

    Raises:
        TooManyTokensError: a sentence.
    """
    for _ in range(_ATTEMPTS):
        text, made, writes = making(documents, asked)
        with suppress(ConflictError):  # another was made or used at this moment
            documents.commit(*writes)
            return text, made
    raise StoreUnavailableError("many tokens are being made")


def making(documents: Documents, asked: Token) -> tuple[str, Token, tuple[Write, ...]]:
    """The same, and what has to be written for it.

    Whoever makes one writes ``api_makers/{uid}``: of two at the same moment one comes second and counts anew.
    One that the same request made a moment ago and nobody has used was seen by nobody: it gives way to the
    new one.

    Raises:
        TooManyTokensError: a sentence.
    """
    makers = f"{_MAKERS}/{asked.uid}"
    maker, known = documents.get(makers), _kept(documents, asked.uid)
    unseen = [document for document, token in known if _is_unseen(token, asked)]
    if len(known) - len(unseen) >= MOST:
        raise TooManyTokensError(
            say("You have {most} tokens, which is as many as one can have. Revoke one first.", most=MOST)
        )
    body = secrets.token_urlsafe(32)
    text = f"ts_{body}{_sum(body)}"
    made = replace(asked, id=hashlib.sha256(text.encode()).hexdigest())
    gone = (Delete(one.path, one.version) for one in unseen)
    last = {"last": made.id}
    turn = Update(makers, last, maker.version) if maker else Create(makers, last)
    return text, made, (Create(path(made.id), _fields(made)), turn, *gone)


def _is_unseen(token: Token, asked: Token) -> bool:
    is_same = asked.made_by is not None and token.made_by == asked.made_by
    return is_same and token.used_on is None and asked.created_at - token.created_at < UNSEEN_FOR


def find(documents: Documents, text: str, now: datetime) -> Token | None:
    """The token with this text, where it is one and not over (one read). Its use is noted once a day."""
    token_id = digest(text)
    document = documents.get(path(token_id)) if token_id else None
    token = _read(document) if document else None
    if document is None or token is None or not token.is_usable(now):
        return None
    if token.used_on != (today := f"{now:%Y-%m-%d}"):
        with suppress(StoreError):  # whoever asks at the same moment has noted it
            documents.commit(Update(document.path, {"used_on": today}, document.version))
    return token


def every(documents: Documents, uid: str) -> list[Token]:
    """All of a person's tokens, the newest first."""
    known = [token for _, token in _kept(documents, uid)]
    return sorted(known, key=lambda token: (token.created_at, token.id), reverse=True)


def _kept(documents: Documents, uid: str) -> list[tuple[Document, Token]]:
    found = documents.find(Query(COLLECTION, ("uid",), "==", uid, limit=2 * MOST))
    return [(document, token) for document in found if (token := _read(document))]


def revoke(documents: Documents, uid: str, token_id: str) -> bool:
    """End one of this person's tokens now; whether there was one."""
    document = documents.get(path(token_id)) if re.fullmatch(r"[0-9a-f]{64}", token_id) else None
    if document is None or document.fields.get("uid") != uid:
        return False
    documents.commit(Delete(document.path))
    return True


def _fields(token: Token) -> dict[str, object]:
    return {name: getattr(token, name) for name in _NAMES}


def _read(document: Document) -> Token | None:
    fields = document.fields
    try:
        return Token(document.id, **{name: fields[name] for name in _NAMES})
    except (KeyError, TypeError):
        return None


_NAMES = ("uid", "name", "scope", "created_at", "expires_at", "used_on", "made_by")
