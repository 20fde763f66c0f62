"""Programs that ask the API: with a token of a person, over the application itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.kit import World
from web.api import tokens
from web.api.tokens import Scope, Token

WATCH: Mapping[str, Any] = {
    "name": "Lakers v Warriors under $90",
    "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
    "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
    "notify": ["sms", "email"],
}


@dataclass
class Program:
    """What asks with a token. ``text``: the token."""

    client: FlaskClient
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **sent: Any
    ) -> TestResponse:
        given = {"Authorization": f"Bearer {self.text}", **self.headers, **(headers or {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=given, **sent)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, headers)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", path, named, **({} if body is None else {"json": body}))

    def save(self, item: str = "vvG1zZ9abc", **changes: Any) -> str:
        """A watch; its id."""
        target = {"provider": "ticketmaster", "item": item}
        answer = self.post("/watches", {**WATCH, "target": target, **changes})
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return str(answer.get_json()["id"])


def program(
    world: World, uid: str = "ann", scope: Scope = "write", expires_at: datetime | None = None
) -> Program:
    """A program of this person's."""
    asked = Token("", uid, "test", scope, world.now(), expires_at)
    return Program(world.app().test_client(), tokens.make(world.documents.inner, asked)[0])


def problem(answer: TestResponse, status: int) -> dict[str, Any]:
    """The problem that was answered, which must be one."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == "application/problem+json"
    said: dict[str, Any] = answer.get_json()
    assert said.keys() == {"type", "title", "status", "detail", "errors"}
    assert said["status"] == status
    return said


def pointers(answer: TestResponse) -> dict[str, str]:
    """What is wrong, by where."""
    return {fault["pointer"]: fault["detail"] for fault in problem(answer, 422)["errors"]}
