"""One chain for all tests here: starting it takes seconds, and every test has people and shows of its own."""

from collections.abc import Iterator

import pytest

from tests.emulator.chain import Chain, running_chain
from tests.emulator.functions import records
from tests.firestore_emulator import why_missing


@pytest.fixture(scope="session")
def one_chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    reason = why_missing()
    if reason:
        pytest.skip(reason)
    with running_chain(tmp_path_factory.mktemp("functions")) as chain:
        yield chain


@pytest.fixture
def chain(one_chain: Chain) -> Iterator[Chain]:
    """The chain at rest. Whatever a test did, its log lines are JSON, named, and tell nothing private."""
    one_chain.ensure_running()
    yield one_chain
    one_chain.eventarc.duplicate = False
    one_chain.market.fault, one_chain.slow.searches = None, 0.0
    one_chain.phone.calls_back = True
    lines = one_chain.new_lines()
    print("\n".join(["What the functions wrote:", *lines]))  # noqa: T201 - shown when the test fails
    assert all(record["event"] and record["severity"] for record in records(lines))
    said = "\n".join(lines)
    assert not [secret for secret in one_chain.private if secret in said]
