"""Firestore's own way in for a person's client: REST, with an ID token, which the emulator takes unsigned."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import httpx

PATIENCE = 60  # seconds
SERVER = "server"
"""Who comes with a service account: no rule is asked."""


def packed(value: object) -> dict[str, Any]:  # noqa: PLR0911 - a table
    """A value as REST has it."""
    match value:
        case None:
            return {"nullValue": None}
        case bool():
            return {"booleanValue": value}
        case str():
            return {"stringValue": value}
        case int():
            return {"integerValue": str(value)}
        case float():
            return {"doubleValue": value}
        case bytes():
            return {"bytesValue": base64.b64encode(value).decode()}
        case datetime():
            return {"timestampValue": value.isoformat()}
        case list():
            return {"arrayValue": {"values": [packed(one) for one in value]}}
        case dict():
            return {"mapValue": {"fields": {name: packed(one) for name, one in value.items()}}}
    raise TypeError(type(value))


def body(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A document as REST has it."""
    return {"fields": {name: packed(value) for name, value in fields.items()}}


class Client:
    """What somebody's client may do: each method says whether it was let.

    ``uid``: whose token it has; ``None``: signed out; ``SERVER``: no client. ``claims`` are the token's.
    """

    def __init__(self, emulator: str, project: str, uid: str | None, **claims: object) -> None:
        self._root = f"projects/{project}/databases/(default)/documents"
        self._url = f"http://{emulator}/v1/{self._root}"
        self._headers = _headers(project, uid, claims)

    def get(self, path: str) -> bool:
        """Read one document."""
        return self._let("GET", path)

    def list(self, collection: str) -> bool:
        """Read a whole collection."""
        return self._let("GET", collection)

    def put(self, path: str, fields: Mapping[str, Any]) -> bool:
        """Write a whole document, whether it stands there or not."""
        return self._let("PATCH", path, body(fields))

    def change(self, path: str, **fields: Any) -> bool:
        """Write some fields of a document that stands there."""
        query = "&".join(
            [f"updateMask.fieldPaths={name}" for name in fields] + ["currentDocument.exists=true"]
        )
        return self._let("PATCH", f"{path}?{query}", body(fields))

    def delete(self, path: str) -> bool:
        """Remove a document."""
        return self._let("DELETE", path)

    def find(self, collection: str, *, everywhere: bool = False, parent: str = "") -> bool:
        """Ask for the documents of a collection, or of all collections of this name."""
        asked = {"from": [{"collectionId": collection, "allDescendants": everywhere}]}
        return self._let("POST", f"{parent}:runQuery", {"structuredQuery": asked}, under=bool(parent))

    def count(self, collection: str) -> bool:
        """Ask how many documents there are."""
        asked = {"from": [{"collectionId": collection}]}
        whole = {"structuredAggregationQuery": {"structuredQuery": asked, "aggregations": [{"count": {}}]}}
        return self._let("POST", ":runAggregationQuery", whole, under=False)

    def commit(self, **documents: Mapping[str, Any]) -> bool:
        """Write several documents together; ``__`` stands for the slash of a path."""
        names = {path.replace("__", "/"): fields for path, fields in documents.items()}
        writes = [
            {"update": {"name": f"{self._root}/{path}"} | body(fields)} for path, fields in names.items()
        ]
        return self._let("POST", ":commit", {"writes": writes}, under=False)

    def _let(self, method: str, path: str, said: object = None, *, under: bool = True) -> bool:
        url = f"{self._url}/{path}" if under else f"{self._url}{path}"
        answer = _http().request(method, url, headers=self._headers, json=said)
        assert answer.status_code in (200, 401, 403), answer.text
        return answer.status_code == httpx.codes.OK


def set_rules(emulator: str, project: str, rules: str) -> None:
    """Put a project of the emulator under these rules."""
    said = {"rules": {"files": [{"name": "firestore.rules", "content": rules}]}}
    url = f"http://{emulator}/emulator/v1/projects/{project}:securityRules"
    answer = _http().put(url, json=said)
    assert answer.status_code == httpx.codes.OK, answer.text


@cache
def _http() -> httpx.Client:
    """One for all cases: to make one takes longer than to ask."""
    return httpx.Client(trust_env=False, timeout=PATIENCE)


def _headers(project: str, uid: str | None, claims: Mapping[str, object]) -> dict[str, str]:
    if uid is None:
        return {}
    return {"Authorization": "Bearer owner" if uid == SERVER else f"Bearer {_token(project, uid, claims)}"}


def _token(project: str, uid: str, claims: Mapping[str, object]) -> str:
    usual = {"sub": uid, "user_id": uid, "aud": project, "iss": f"https://securetoken.google.com/{project}"}
    whole = {**usual, "iat": 0, "exp": 4_000_000_000, "auth_time": 0, **claims}
    header, said = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "none", "typ": "JWT"}, whole)
    )
    return f"{header}.{said}."
