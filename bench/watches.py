"""A database full of watches, each copied by the trigger's own function."""

from datetime import UTC, datetime

from tqdm import tqdm

from store.sqlite import SqliteDocuments
from watchers.asked import Refusal
from watchers.documents import Put
from watchers.jobs import copy_watch
from watchers.places import Places

PLACES = Places()
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def fill(
    documents: SqliteDocuments,
    provider: str,
    refusal: Refusal,
    *,
    targets: int,
    watchers: int,
    first: int = 0,
) -> None:
    """So many watches of each of so many items: ``first`` and those that follow. None of them fires."""
    numbers = range(targets * watchers)
    for number in tqdm(numbers, f"{targets} x {watchers} watches", leave=False, disable=None):
        uid, watch_id = f"u{number % 9973}", f"w{first}-{number}"
        asked = {
            "name": f"Watch {number}",
            "target": {"provider": provider, "item": str(first + number % targets)},
            "conditions": [{"kind": "below", "price": "50.00", "currency": "USD"}],
        }
        documents.commit(Put(PLACES.source(uid, watch_id), asked))
        copy_watch(documents, PLACES, refusal, uid=uid, watch_id=watch_id, now=BEGAN)
