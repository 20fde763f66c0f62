"""What somebody's own Firebase client may do with the database: their own watches, and nothing else."""

import base64
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from watchers.watch import Watch

pytestmark = pytest.mark.emulator

DEPLOY = Path(__file__).parent.parent.parent / "deploy"
RULES = DEPLOY / json.loads((DEPLOY / "firebase.json").read_text())["firestore"]["rules"]
PATIENCE = 60  # seconds
MINE = "artifacts/ticket-scout/users/ann/ticket_monitors/w1"
STATUS = "artifacts/ticket-scout/users/ann/ticket_status/w1"
SERVERS = (
    "people/ann",
    "contacts/0",
    "proofs/0",
    "alerts/0",
    "worker_monitor_jobs/w1",
    "api_tokens/0",
    "throttles/0",
)
FULL: dict[str, Any] = {
    "name": "Lakers",
    "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
    "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
    "already_true": "wait",
    "notify": ["sms"],
    "status": "active",
    "snoozed_until": "2026-12-31T18:00:00Z",
    "filters": {"min_quantity": 2},
    "tags": ["gift"],
}
PLAIN: dict[str, Any] = {"eventId": "vvG1zZ9abc", "eventName": "Lakers", "maxPrice": 90, "status": "active"}


def _packed(value: object) -> dict[str, Any]:
    """As REST has it."""
    match value:
        case None:
            return {"nullValue": None}
        case str():
            return {"stringValue": value}
        case int():
            return {"integerValue": str(value)}
        case datetime():
            return {"timestampValue": value.isoformat()}
        case list():
            return {"arrayValue": {"values": [_packed(one) for one in value]}}
        case dict():
            return {"mapValue": {"fields": {name: _packed(one) for name, one in value.items()}}}
    raise TypeError(type(value))


def _body(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"fields": {name: _packed(value) for name, value in fields.items()}}


WATCH = _body(FULL)


class Client:
    """Firebase's own way in: REST, with the ID token of ``uid`` (which the emulator takes unsigned)."""

    def __init__(self, emulator: str, project: str, uid: str | None) -> None:
        self._documents = f"http://{emulator}/v1/projects/{project}/databases/(default)/documents"
        self._headers = {"Authorization": f"Bearer {_token(project, uid)}"} if uid else {}

    def get(self, path: str) -> int:
        return httpx.get(f"{self._documents}/{path}", headers=self._headers, timeout=PATIENCE).status_code

    def put(self, path: str, body: object = WATCH) -> int:
        return httpx.patch(
            f"{self._documents}/{path}", headers=self._headers, json=body, timeout=PATIENCE
        ).status_code

    def delete(self, path: str) -> int:
        return httpx.delete(f"{self._documents}/{path}", headers=self._headers, timeout=PATIENCE).status_code

    def list(self, collection: str) -> int:
        return self.get(collection)


def _token(project: str, uid: str) -> str:
    claims = {"sub": uid, "user_id": uid, "aud": project, "iss": f"https://securetoken.google.com/{project}"}
    parts = ({"alg": "none", "typ": "JWT"}, claims | {"iat": 0, "exp": 4_000_000_000, "auth_time": 0})
    header, body = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )
    return f"{header}.{body}."


@pytest.fixture
def project(emulator: str) -> str:
    """A project under our rules, with one watch of Ann's and what the server keeps."""
    name = f"demo-{uuid.uuid4()}"
    owner = {"Authorization": "Bearer owner"}
    rules = {"rules": {"files": [{"name": "firestore.rules", "content": RULES.read_text()}]}}
    set_ = httpx.put(
        f"http://{emulator}/emulator/v1/projects/{name}:securityRules", json=rules, timeout=PATIENCE
    )
    assert set_.status_code == 200, set_.text
    for path in (MINE, STATUS, *SERVERS):
        url = f"http://{emulator}/v1/projects/{name}/databases/(default)/documents/{path}"
        assert httpx.patch(url, headers=owner, json=WATCH, timeout=PATIENCE).status_code == 200
    return name


def test_ones_own_watches_are_ones_own(emulator: str, project: str) -> None:
    ann = Client(emulator, project, "ann")
    assert ann.get(MINE) == ann.put(MINE) == ann.get(STATUS) == 200
    assert ann.list(MINE.rpartition("/")[0]) == 200
    assert ann.delete(MINE) == 200


def test_what_became_of_them_only_the_server_writes(emulator: str, project: str) -> None:
    ann = Client(emulator, project, "ann")
    assert ann.put(STATUS) == ann.delete(STATUS) == 403


@pytest.mark.parametrize("uid", ["bob", None])
def test_nobody_elses_are(emulator: str, project: str, uid: str | None) -> None:
    other = Client(emulator, project, uid)
    assert {other.get(MINE), other.put(MINE), other.delete(MINE), other.get(STATUS)} == {403}
    assert other.list(MINE.rpartition("/")[0]) == 403


@pytest.mark.parametrize("path", SERVERS)
def test_the_servers_own_documents_are_closed(emulator: str, project: str, path: str) -> None:
    ann = Client(emulator, project, "ann")
    assert {ann.get(path), ann.put(path), ann.delete(path), ann.list(path.partition("/")[0])} == {403}


def test_another_installations_documents_are_closed(emulator: str, project: str) -> None:
    ann = Client(emulator, project, "ann")
    other = MINE.replace("ticket-scout", "another")
    assert {ann.get(other), ann.put(other), ann.get(STATUS.replace("ticket-scout", "another"))} == {403}


def test_a_watch_with_all_its_fields_is_taken_and_so_is_the_plain_shape(emulator: str, project: str) -> None:
    assert set(FULL) == set(Watch.model_fields)
    ann = Client(emulator, project, "ann")
    at = {"snoozed_until": datetime(2026, 12, 31, tzinfo=UTC)}
    wanted = [FULL, FULL | at, FULL | {"snoozed_until": None}]
    wanted += [PLAIN, PLAIN | at, PLAIN | {"maxPrice": "89.90", "eventName": None}, {"eventId": "vvG1zZ9abc"}]
    assert [ann.put(MINE, _body(fields)) for fields in wanted] == [200] * len(wanted)


def test_what_is_no_watch_is_refused(emulator: str, project: str) -> None:
    ann = Client(emulator, project, "ann")
    wrong = [
        FULL | {"uid": "bob"},
        PLAIN | {"uid": "bob"},
        FULL | PLAIN,
        {},
        dict.fromkeys(FULL),
        *(FULL | {name: 7} for name in FULL),
        *(PLAIN | {name: [7]} for name in PLAIN),
    ]
    assert [fields for fields in wrong if ann.put(MINE, _body(fields)) != 403] == []


def test_an_id_that_no_watch_has_is_refused(emulator: str, project: str) -> None:
    ann, folder = Client(emulator, project, "ann"), MINE.rpartition("/")[0]
    assert (ann.put(f"{folder}/{'w' * 100}"), ann.put(f"{folder}/{'w' * 101}")) == (200, 403)
    assert ann.put(f"{folder}/{'ü' * 51}") == 403
