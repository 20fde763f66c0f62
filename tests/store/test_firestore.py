"""What Firestore's answers mean, by code; and that a database that is away is called so within seconds."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from google.api_core import exceptions as vendor

from store.firestore import FirestoreDocuments
from tests.firestore_emulator import connect, free_port
from watchers.documents import Create, Put, Query, Update, Write
from watchers.errors import ConflictError, StoreError, StoreUnavailableError

VERSION = "2026-12-01T12:00:00.123456789Z"
CREATE = Create("alerts/a", {"n": 1})
UPDATE = Update("jobs/j", {"n": 1}, VERSION)


class OneAnswer:
    """A client whose commit gives the same answer to every attempt, and counts the attempts."""

    def __init__(self, answer: Exception) -> None:
        self.answer, self.attempts = answer, 0

    def __getattr__(self, name: str) -> Callable[..., "OneAnswer"]:
        return lambda *_, **__: self

    def commit(self, retry: Any, timeout: float) -> None:
        assert timeout < 10
        retry.with_timeout(0.2)(self._attempt)()

    def _attempt(self) -> None:
        self.attempts += 1
        raise self.answer


@pytest.mark.parametrize(
    ("answer", "writes", "meaning"),
    [
        pytest.param(vendor.AlreadyExists, (CREATE,), ConflictError, id="a create that came second"),
        pytest.param(vendor.FailedPrecondition, (UPDATE, CREATE), ConflictError, id="a stale version"),
        pytest.param(vendor.NotFound, (UPDATE,), ConflictError, id="an update of what is gone"),
        pytest.param(vendor.NotFound, (CREATE,), StoreError, id="no such database: never 'exists already'"),
        pytest.param(vendor.FailedPrecondition, (CREATE,), StoreError, id="the wrong mode of database"),
        pytest.param(vendor.PermissionDenied, (CREATE,), StoreError, id="no permission"),
        pytest.param(vendor.InvalidArgument, (CREATE,), StoreError, id="a fault of ours"),
        pytest.param(vendor.ServiceUnavailable, (CREATE,), StoreUnavailableError, id="unavailable"),
        pytest.param(vendor.DeadlineExceeded, (CREATE,), StoreUnavailableError, id="too slow"),
        pytest.param(vendor.InternalServerError, (CREATE,), StoreUnavailableError, id="their fault"),
        pytest.param(vendor.ResourceExhausted, (CREATE,), StoreUnavailableError, id="over quota"),
        pytest.param(vendor.Cancelled, (CREATE,), StoreUnavailableError, id="cancelled"),
        pytest.param(vendor.Aborted, (CREATE, UPDATE), StoreUnavailableError, id="contention to the end"),
    ],
)
def test_a_refused_commit_means_what_its_code_says(
    answer: type[vendor.GoogleAPICallError], writes: tuple[Write, ...], meaning: type[StoreError]
) -> None:
    client = OneAnswer(answer("a vendor's prose with someone@example.com"))
    with pytest.raises(StoreError) as raised:
        FirestoreDocuments(client=client).commit(*writes)
    assert type(raised.value) is meaning
    assert "example.com" not in str(raised.value)
    assert (client.attempts > 1) == (answer is vendor.Aborted), "only what was surely not done is repeated"


@pytest.fixture(params=["nobody listens", "connected and then silence"])
def dead_host(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "nobody listens":
        yield f"127.0.0.1:{free_port()}"
        return
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_dead_database_is_unavailable_within_seconds(dead_host: str) -> None:
    client = connect(dead_host, "demo-dead")
    documents = FirestoreDocuments(client=client)
    steps: list[Callable[[], object]] = [
        lambda: documents.get("a/b"),
        lambda: documents.find(Query("a")),
        lambda: documents.count(Query("a")),
        lambda: documents.commit(Put("a/b", {"n": 1})),
        lambda: documents.commit(Create("a/b", {"n": 1}), UPDATE),
    ]
    start = time.monotonic()
    with ThreadPoolExecutor(len(steps)) as pool:
        failures = [future.exception() for future in [pool.submit(step) for step in steps]]
    assert [type(failure) for failure in failures] == [StoreUnavailableError] * len(steps)
    assert time.monotonic() - start < 15
    assert documents.operations == {"reads": 0, "writes": 0, "deletes": 0}
    client.close()  # type: ignore[no-untyped-call]


def test_without_a_project_or_credentials_it_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    with pytest.raises(StoreError, match="GOOGLE_CLOUD_PROJECT and credentials"):
        FirestoreDocuments("demo-none").get("a/b")


def test_making_the_store_loads_nothing_of_the_vendors() -> None:
    """A cold start that needs no document does not pay for the library."""
    script = (
        "import sys, store; store.open_documents('firestore');"
        "sys.exit(not {'google.cloud.firestore', 'grpc'}.isdisjoint(sys.modules))"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == 0  # noqa: S603


def test_times_are_plain_ones_whatever_the_vendor_hands_over(firestore_documents: FirestoreDocuments) -> None:
    """Its fields and its documents have subclasses of their own, which nothing else can write down."""
    at = datetime(2026, 11, 30, tzinfo=UTC)
    firestore_documents.commit(Put("times/t", {"at": at, "inner": {"each": [at]}}))
    (found,) = firestore_documents.find(Query("times"))
    got = firestore_documents.get("times/t")
    (many,) = firestore_documents.get_many(["times/t"])
    for one in (found, got, many):
        assert one
        times = (one.updated_at, one.fields["at"], one.fields["inner"]["each"][0])
        assert [type(time) for time in times] == [datetime] * 3
