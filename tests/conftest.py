"""What every test may rest on: an environment without the product's settings, and the real emulator."""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from fnmatch import fnmatch
from itertools import product
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings

from store.firestore import FirestoreDocuments
from store.sqlite import SqliteDocuments
from tests.firestore_emulator import connect, running_emulator, why_missing
from tests.indexes import listening
from watchers.logs import TRACE

# The same examples everywhere, and a busy machine is no failure.
settings.register_profile(
    "steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")

_SETTINGS = (
    *("STORE", "GOOGLE_CLOUD_PROJECT", "FIRESTORE_EMULATOR_HOST", "APP_ID", "WORKER_COLLECTION"),
    *("PUBLIC_URL", "SECRET_KEY", "TWILIO_*", "SMTP_URL", "MAIL_FROM", "TICKETMASTER_*", "STEAM_*"),
    "INVENTORY_STATUS*",
    *("GROUPING_SECONDS", "SETTLE_SECONDS", "MESSAGES_PER_*", "SMS_*", "APPRISE_*"),
    *(
        "BOARDS_TOPIC",
        "OPERATORS",
        "PUBSUB_EMULATOR_HOST",
        "MIN_INTERVAL_SECONDS",
        "PRICE_HISTORY_DAYS",
        "SETTINGS",
        "*_BASE_URL",
        "*_CALLS_PER_DAY",
        "*_CALLS_PER_SECOND",
    ),
)


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings never reach a test."""
    for name in list(os.environ):
        if any(fnmatch(name, pattern) for pattern in _SETTINGS):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def no_trace() -> None:
    """Nor does the trace of a request that an earlier test made."""
    TRACE.set(None)


@pytest.fixture(scope="session")
def without_an_index() -> Iterator[list[str]]:
    """Queries of either store that Firestore would refuse, as the emulator and SQLite never do."""
    refused: list[str] = []
    with ExitStack() as undo:
        for store, name in product((SqliteDocuments, FirestoreDocuments), ("find", "count")):
            undo.enter_context(patch.object(store, name, listening(getattr(store, name), refused)))
        yield refused


@pytest.fixture(autouse=True)
def every_query_has_its_index(without_an_index: list[str]) -> Iterator[None]:
    """Whatever a test makes the product ask, Firestore would answer with the indexes that are deployed."""
    without_an_index.clear()
    yield
    assert without_an_index == []


@pytest.fixture(scope="session")
def emulator() -> Iterator[str]:
    """``host:port`` of one Firestore emulator for the whole run; skips where it cannot run."""
    reason = why_missing()
    if reason:
        pytest.skip(reason)
    with running_emulator() as host:
        yield host


@pytest.fixture
def firestore_documents(emulator: str) -> Iterator[FirestoreDocuments]:
    """The real adapter on the emulator, in a project of its own: nothing needs clearing."""
    client = connect(emulator, f"demo-{uuid.uuid4()}")
    yield FirestoreDocuments(client=client)
    client.close()  # type: ignore[no-untyped-call]
