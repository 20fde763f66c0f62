"""What somebody's own Firebase client may do with the database: their own watches, and nothing else."""

import base64
import json
import uuid
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.emulator

RULES = Path(__file__).parent.parent.parent / "deploy/firestore.rules"
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
WATCH = {"fields": {"name": {"stringValue": "Lakers"}}}


class Client:
    """Firebase's own way in: REST, with the ID token of ``uid`` (which the emulator takes unsigned)."""

    def __init__(self, emulator: str, project: str, uid: str | None) -> None:
        self._documents = f"http://{emulator}/v1/projects/{project}/databases/(default)/documents"
        self._headers = {"Authorization": f"Bearer {_token(project, uid)}"} if uid else {}

    def get(self, path: str) -> int:
        return httpx.get(f"{self._documents}/{path}", headers=self._headers).status_code

    def put(self, path: str, body: object = WATCH) -> int:
        return httpx.patch(f"{self._documents}/{path}", headers=self._headers, json=body).status_code

    def delete(self, path: str) -> int:
        return httpx.delete(f"{self._documents}/{path}", headers=self._headers).status_code

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
    set_ = httpx.put(f"http://{emulator}/emulator/v1/projects/{name}:securityRules", json=rules)
    assert set_.status_code == 200, set_.text
    for path in (MINE, STATUS, *SERVERS):
        url = f"http://{emulator}/v1/projects/{name}/databases/(default)/documents/{path}"
        assert httpx.patch(url, headers=owner, json=WATCH).status_code == 200
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


def test_a_document_that_is_no_watch_is_refused(emulator: str, project: str) -> None:
    fields = {f"field{number}": {"booleanValue": True} for number in range(31)}
    assert Client(emulator, project, "ann").put(MINE, {"fields": fields}) == 403
