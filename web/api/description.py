"""The OpenAPI 3.1 description, made from the table when it is first asked for, and kept."""

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from web.api.operation import JSON, Access, Operation
from web.api.problems import TITLES, TYPE, Problem
from web.api.repeats import HEADER, LONGEST
from web.api.table import OPERATIONS
from web.site import site

VERSION = "1.0.0"
_ABOUT = """
What the pages of Ticket Scout can do, for programs.

* **Who asks**: `Authorization: Bearer ts_…`, a token made at `/settings/tokens`. A browser's own session may
  read; it changes something only with the token of its forms in `X-CSRF-Token`. Other sites' pages are let in
  nowhere (no CORS), except to read this description.
* **Money** is text in major units with its currency (`"84.00"`, `USD`), **times** are RFC 3339 in UTC, days
  and hours of an event are the venue's own. What is not known is `null`, never 0.
* **Fields** that are not known are refused, never ignored. New fields may come into answers at any time;
  nothing that is there goes or changes its meaning within `v1`.
* **Lists** come in pages: `limit` (1 to 100), and `cursor` with the `next` of the page before.
* **Problems** are `application/problem+json` (RFC 9457), with a pointer to each field that is wrong.
* **Twice is once**: send `Idempotency-Key` with a request that makes something, and the same request again
  within 24 hours is answered as the first time. A watch has an `ETag`: send it as `If-Match` with a change,
  and what somebody else changed meanwhile is not overwritten.
* **How often**: 600 requests in five minutes by each token, see `RateLimit`; counted by each instance of the
  server by itself, so it is a guard and no promise. Searches have their own limit.
"""
_NO_BODY = {204: "Done; there is nothing to show.", 304: "It is what you have."}
_HEADERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "ETag": ("The version of what is shown.", {"type": "string"}),
    "Location": ("Where it is.", {"type": "string", "format": "uri-reference"}),
    "Retry-After": ("Seconds to wait.", {"type": "integer", "minimum": 0}),
    "WWW-Authenticate": ("How to say who asks.", {"type": "string"}),
    "RateLimit": ("What is left, and in how many seconds there is more.", {"type": "string"}),
    "RateLimit-Policy": ("How often one may ask.", {"type": "string"}),
}


@cache
def as_json() -> str:
    """The description as JSON."""
    from openapi_pydantic import OpenAPI  # noqa: PLC0415 - only who asks for it pays

    made = OpenAPI.model_validate(_described())
    return made.model_dump_json(by_alias=True, exclude_none=True)


def _described() -> dict[str, Any]:
    schemas = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Ticket Scout", "version": VERSION, "description": _ABOUT.strip()},
        "servers": [{"url": f"{site().public_url}/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of yours, made at /settings/tokens.",
                }
            },
        },
    }


def _schemas() -> dict[str, Any]:
    named: list[type[BaseModel]] = [
        Problem,
        *(model for operation in OPERATIONS for model in _models(operation)),
    ]
    _, made = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(named)],
        ref_template="#/components/schemas/{model}",
    )
    return dict(made["$defs"])


def _models(operation: Operation) -> Iterable[type[BaseModel]]:
    yield from (model for model in operation.answers.values() if model)
    if operation.body:
        yield operation.body


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _operation(operation: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path(operation), *_query(operation), *_headers(operation)],
        "responses": {**_answers(operation), **_problems(operation)},
        "security": [] if operation.access is Access.ANYBODY else [{"token": []}],
    }
    if operation.details or operation.access is not Access.READ:
        made["description"] = " ".join(filter(None, (operation.details, _MAY.get(operation.access))))
    if operation.body:
        made["requestBody"] = {"required": True, "content": _sent(operation, operation.body)}
    return made


_MAY = {Access.WRITE: "Needs a token that may write.", Access.OPERATOR: "For operators only."}


def _sent(operation: Operation, body: type[BaseModel]) -> dict[str, Any]:
    schema = _ref(body) if operation.takes[0] == JSON else _patched(body)
    example = {"example": operation.example} if operation.example else {}
    return {kind: {"schema": schema, **example} for kind in operation.takes}


def _patched(body: type[BaseModel]) -> dict[str, Any]:
    """A merge patch: any of the fields, and null for one that goes. Whole objects may be given in part."""
    fields = body.model_json_schema(ref_template="#/components/schemas/{model}")["properties"]
    return {
        "type": "object",
        "properties": {name: _or_null(known) for name, known in fields.items()},
        "additionalProperties": False,
    }


def _or_null(known: dict[str, Any]) -> dict[str, Any]:
    several = known.get("anyOf", known.get("oneOf", [known]))
    if any("$ref" in one for one in several):
        return {"description": "As in the whole; null takes it away."}
    plain = {name: value for name, value in known.items() if name != "default"}
    return {"anyOf": [plain, {"type": "null"}]}


def _path(operation: Operation) -> Iterable[dict[str, Any]]:
    for part in operation.path.split("/"):
        if part.startswith("{"):
            yield {
                "name": part[1:-1],
                "in": "path",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
            }


def _query(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.query is None:
        return
    schema = operation.query.model_json_schema(ref_template="#/components/schemas/{model}")
    needed = schema.get("required", ())
    for name, known in schema["properties"].items():
        plain = _without_null(_inlined(known, schema.get("$defs", {})))
        said = {"description": plain.pop("description")} if "description" in plain else {}
        yield {"name": name, "in": "query", "required": name in needed, "schema": plain, **said}


def _inlined(known: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(known, dict):
        if "$ref" in known:
            return _inlined(definitions[known["$ref"].rsplit("/", 1)[1]], definitions)
        return {name: _inlined(value, definitions) for name, value in known.items()}
    return [_inlined(value, definitions) for value in known] if isinstance(known, list) else known


def _without_null(known: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: what may be null may be left out."""
    some = [one for one in known.get("anyOf", ()) if one.get("type") != "null"]
    if len(some) != 1:
        return known
    rest = {name: value for name, value in known.items() if name not in ("anyOf", "default")}
    return {**some[0], **rest}


def _headers(operation: Operation) -> Iterable[dict[str, Any]]:
    if operation.takes_key:
        schema = {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"}
        yield _header(HEADER, "The same request with the same key is done once, for 24 hours.", schema)
    if operation.has_etag and operation.changes:
        yield _header("If-Match", "The `ETag` of what you mean to change.", {"type": "string"})
    if operation.has_etag and not operation.changes:
        yield _header("If-None-Match", "The `ETag` of what you have.", {"type": "string"})


def _header(name: str, said: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": said, "schema": schema}


def _answers(operation: Operation) -> dict[str, Any]:
    answers = dict(operation.answers)
    made = {str(status): _answer(operation, status, model) for status, model in answers.items()}
    if operation.has_etag and not operation.changes:
        made["304"] = {"description": _NO_BODY[304], "headers": _said("ETag")}
    return made


def _answer(operation: Operation, status: int, model: type[BaseModel] | None) -> dict[str, Any]:
    said: dict[str, Any] = {"description": _NO_BODY.get(status) or HTTPStatus(status).phrase}
    names = ["RateLimit", "RateLimit-Policy"] if operation.access is not Access.ANYBODY else []
    names += ["ETag"] if operation.has_etag and model else []
    names += ["Location"] if status == 201 and operation.name == "createWatch" else []  # noqa: PLR2004 - created
    said |= {"headers": _said(*names)} if names else {}
    if operation.makes:
        return said | {"content": {operation.makes: {"schema": {"type": "string"}}}}
    return said | ({"content": {JSON: {"schema": _ref(model)}}} if model else {})


def _problems(operation: Operation) -> dict[str, Any]:
    content = {TYPE: {"schema": _ref(Problem)}}
    named = {401: ("WWW-Authenticate",), 429: ("Retry-After",), 503: ("Retry-After",)}
    return {
        str(status): {"description": TITLES[status], "content": content}
        | ({"headers": _said(*named[status])} if status in named else {})
        for status in operation.statuses()
    }


def _said(*names: str) -> dict[str, Any]:
    return {name: {"description": _HEADERS[name][0], "schema": _HEADERS[name][1]} for name in names}
