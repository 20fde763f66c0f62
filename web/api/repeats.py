"""The same request sent twice is done once: ``Idempotency-Key``, kept in ``idempotency/{…}`` for a day.

    create «running» ─► do it ─► «done» with the answer
                         └─ dies: after a minute whoever repeats it does it, under the same derived ids

Doing it again after a crash must be harmless by itself: what is created has an id that is derived from the
key. An answer that is kept never holds a secret.
"""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, request

from watchers import expiry
from watchers.documents import Create, Delete, Document, Update
from watchers.errors import ConflictError, StoreError
from web.api.problems import Fault, ProblemError
from web.site import site

HEADER = "Idempotency-Key"
LONGEST = 255
KEPT = timedelta(days=1)
PATIENCE = timedelta(minutes=1)  # no request takes longer
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")
_PASSING = (401, 403, 409, 429)  # a repeat may end otherwise


@dataclass(frozen=True, slots=True)
class _Record:
    """The request under its key; ``version`` of the document that says so, as we wrote it."""

    path: str
    version: str


def key() -> str | None:
    """What the request is named.

    Raises:
        ProblemError: 400, it can be no name.
    """
    text = request.headers.get(HEADER)
    if text is None:
        return None
    if not 1 <= len(text) <= LONGEST or not all("!" <= letter <= "~" for letter in text):
        detail = f"A key has 1 to {LONGEST} printable ASCII characters and no blank."
        raise ProblemError(400, detail, [Fault(where="header", pointer=HEADER, detail=detail)])
    return text


def derived(uid: str, key: str, purpose: str) -> str:
    """Twenty hex digits that only this person's key stands for."""
    return hashlib.sha256(f"{purpose}\x1f{uid}\x1f{key}".encode()).hexdigest()[:20]


def once(uid: str, key: str | None, do: Callable[[], tuple[Response, str]]) -> Response:
    """Do it, or answer as the first time. ``do``: gives the answer, and its body as it may be kept.

    Raises:
        ProblemError: 409 while it is being done, 422 where the key names another request.
    """
    if key is None:
        return do()[0]
    claimed = _claim(uid, key)
    if isinstance(claimed, Response):
        return claimed
    try:
        made, kept = do()
    except Exception:
        _forget(claimed)
        raise
    if made.status_code in _PASSING or made.status_code >= 500:  # noqa: PLR2004 - ours
        _forget(claimed)
    else:
        _keep(claimed, made, kept)
    return made


def _claim(uid: str, key: str) -> _Record | Response:
    whole = f"{uid}\x1f{key}".encode()
    path = f"idempotency/{hashlib.sha256(whole).hexdigest()}"
    documents, now = site().documents, site().now()
    fields = _running(uid, now)
    try:
        (version,) = documents.commit(Create(path, fields))
    except ConflictError:
        return _again(path, fields, now)
    return _Record(path, version)


def _running(uid: str, now: datetime) -> dict[str, Any]:
    return {
        "uid": uid,
        "request": _fingerprint(),
        "state": "running",
        "started_at": now,
        expiry.FIELD: now + KEPT,
    }


def _fingerprint() -> str:
    head = f"{request.method} {request.full_path}\x1f".encode()
    return hashlib.sha256(head + request.get_data(cache=True)).hexdigest()


def _again(path: str, fields: Mapping[str, Any], now: datetime) -> _Record | Response:
    """What was made of it the first time; or it is ours to do, because nobody does it any more."""
    known = site().documents.get(path)
    if known is None:
        raise _being_done()  # it was let go at this moment
    if not expiry.is_over(known, now):
        if known.fields["request"] != fields["request"]:
            detail = "This key was used for another request today. Use a new key for a new request."
            raise ProblemError(422, detail, [Fault(where="header", pointer=HEADER, detail=detail)])
        if known.fields["state"] == "done":
            return _replayed(known)
        if known.fields["started_at"] > now - PATIENCE:
            raise _being_done()
    try:
        (version,) = site().documents.commit(Update(path, dict(fields), known.version))
    except ConflictError:
        raise _being_done() from None
    return _Record(path, version)


def _being_done() -> ProblemError:
    return ProblemError(
        409, "This request is being done at this moment. Send it again soon.", headers={"Retry-After": "1"}
    )


def _replayed(known: Document) -> Response:
    answer = known.fields["answer"]
    made = Response(answer["body"], answer["status"])
    made.headers.pop("Content-Type", None)
    made.headers.update(answer["headers"])
    made.headers["Idempotent-Replayed"] = "true"
    return made


def _keep(record: _Record, made: Response, body: str) -> None:
    """Best effort: without it a repeat does it again, which is harmless."""
    headers = {name: made.headers[name] for name in _KEPT_HEADERS if name in made.headers}
    answer = {"status": made.status_code, "headers": headers, "body": body}
    with suppress(StoreError):
        site().documents.commit(Update(record.path, {"state": "done", "answer": answer}, record.version))


def _forget(record: _Record) -> None:
    """Best effort; whoever took it over meanwhile keeps it."""
    with suppress(StoreError):
        site().documents.commit(Delete(record.path, record.version))
