"""One request: who asks, how often, what they ask for, and the answer with its headers."""

import hashlib
from itertools import chain

from flask import Response, request

from web.api import callers, problems, reading, repeats
from web.api.operation import JSON, Call, Caller, Operation, Reply
from web.api.problems import ProblemError

_FRESH = "private, no-cache"


def answer(operation: Operation, **path: str) -> Response:
    """The answer to the request, whatever comes of it."""
    try:
        made = _answered(operation, callers.admitted(operation), path)
    except ProblemError as problem:
        made = problems.answer(problem)
    made.headers.update(callers.rate_headers())
    made.headers.setdefault("Vary", "Authorization, Cookie")
    return made


def _answered(operation: Operation, caller: Caller | None, path: dict[str, str]) -> Response:
    key = repeats.key() if operation.takes_key else None
    query, body = reading.query(operation.query), reading.body(operation)
    uid = caller.uid if caller else ""
    call = Call(uid, query, body, key, may_write=caller is not None and caller.may_write)

    def done() -> tuple[Response, str]:
        try:
            reply = operation.run(call, **path)
        except ProblemError as problem:
            made = problems.answer(problem)
            return made, made.get_data(as_text=True)
        kept = reply.kept or reply.body
        return _made(operation, reply), kept.model_dump_json(by_alias=True) if kept else ""

    return repeats.once(uid, key, done)


def _made(operation: Operation, reply: Reply) -> Response:
    if reply.text is not None:
        return Response(reply.text, reply.status, content_type=operation.makes)
    if reply.stream is not None:
        first, rest = reply.stream
        return Response(chain((first,), rest), content_type=JSON)  # it needs no request any more
    text = reply.body.model_dump_json(by_alias=True) if reply.body else ""
    made = Response(text, reply.status, content_type=JSON if reply.body else None)
    made.headers.update(reply.headers)
    if reply.body is None:
        made.headers.pop("Content-Type", None)
    if reply.etag is not None:
        made.set_etag(reply.etag)
        made.headers["Cache-Control"] = _FRESH
        if request.method == "GET" and request.if_none_match.contains_weak(reply.etag):
            return _unchanged(made)
    return made


def _unchanged(made: Response) -> Response:
    short = Response(status=304)
    short.headers.pop("Content-Type", None)
    short.headers.update({name: made.headers[name] for name in ("ETag", "Cache-Control")})
    return short


def etag(version: str) -> str:
    """A document's version as a tag that says nothing else."""
    return hashlib.sha256(version.encode()).hexdigest()[:20]


def require_match(version: str) -> None:
    """Raises: ProblemError: 412, the caller wants to change what stood there before."""
    if "If-Match" in request.headers and not request.if_match.contains(etag(version)):
        raise ProblemError(412, "It was changed since you read it. Read it again, and change what is there.")
