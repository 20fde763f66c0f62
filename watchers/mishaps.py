"""The last boards that a run of the worker could not tick, for operators: ``mishaps/worker``.

Best effort, and written only when something failed: where the database is what failed, the log says it.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

import msgspec

from watchers.documents import Create, Documents, Update
from watchers.errors import StoreError

PATH = "mishaps/worker"
KEPT = 20


class Mishap(msgspec.Struct, frozen=True):
    """A board that could not be ticked, and when."""

    at: datetime
    board: str


def note(documents: Documents, boards: Iterable[str], now: datetime) -> None:
    """Remember that these could not be ticked."""
    with suppress(StoreError):
        kept = documents.get(PATH)
        known = list((kept.fields if kept else {}).get("failed") or ())
        fields = {"failed": [*known, *({"at": now, "board": board} for board in boards)][-KEPT:]}
        documents.commit(Update(PATH, fields, kept.version) if kept else Create(PATH, fields))


def latest(documents: Documents) -> list[Mishap]:
    """The last ones, newest first (one read)."""
    kept = documents.get(PATH)
    said = (kept.fields if kept else {}).get("failed") or ()
    return [Mishap(one["at"], str(one["board"])) for one in reversed(said)]
