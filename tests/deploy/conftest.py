"""An operator beside an installation, for the tests of scripts that need the real gcloud."""

from collections.abc import Iterator

import pytest

from tests.deploy.installed import PROJECT, Installed, answering
from tests.deploy.operators import FUNCTIONS, HERE, RUN, Operator, a_function, a_revision, why_missing


@pytest.fixture
def installed() -> Iterator[Installed]:
    """Five functions that run ``s1-new`` and ran ``s1-old`` before; the worker's job; a database."""
    found = Installed()
    for name in FUNCTIONS:
        a_function(found, name, RELEASE="s1-new")
        for revision, at, release in (("1", "2026-11-01", "s1-old"), ("2", "2026-11-02", "s1-new")):
            one = a_revision(name, f"{name}-{revision}", f"{at}T00:00:00Z", release)
            found.things[f"{RUN}/revisions/{name}-{revision}"] = one
    found.put(f"v1/{HERE}/jobs/ticket-scout-worker", state="ENABLED", schedule="* * * * *")
    found.put(f"v1/projects/{PROJECT}/databases/(default)", type="FIRESTORE_NATIVE")
    with answering(found):
        yield found


@pytest.fixture
def operator(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    if reason := why_missing():
        pytest.skip(reason)
    return Operator(tmp_path_factory.mktemp("operator"), installed)
