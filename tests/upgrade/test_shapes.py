"""What is written under one number of ``watchers/schema.py`` stays readable by its neighbours.

``shapes/N.json`` holds what shape N is. A field may be added; one that is gone, or another word in a closed
vocabulary, is a new shape: read both first, and write it with the next number and a file of its own.
The rule is docs/adr/0029.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store.sqlite import SqliteDocuments
from tests.notifiers.kit import an_alert
from watchers import alerts, encoding
from watchers.documents import Put
from watchers.jobs import copy_watch
from watchers.kinds import Channel, Kind
from watchers.models import AlertState, Reason
from watchers.places import Places
from watchers.providers import cannot_see, refusal
from watchers.schema import SCHEMA

KEPT = Path(__file__).parent / "shapes" / f"{SCHEMA}.json"


def written() -> dict[str, list[str]]:
    """The fields of documents that two versions share, and the words of closed vocabularies."""
    alert = alerts.to_fields(an_alert())
    job = _job()
    return {
        "fields of an alert": sorted(alert),
        "fields of its news": sorted(alert["news"]),
        "fields of a job": sorted(job),
        "fields of its watch": sorted(job["watch"]),
        "states of an alert": sorted(AlertState),
        "reasons": sorted(Reason),
        "channels": sorted(Channel),
        "kinds of conditions": sorted(Kind),
        "format of a board": [str(encoding.FORMAT)],
    }


def _job() -> dict[str, Any]:
    documents, places = SqliteDocuments(":memory:"), Places()
    watch = {
        "name": "Shape",
        "target": {"provider": "ticketmaster", "item": "vvG1zZ9abc"},
        "conditions": [{"kind": "below", "price": "90.00", "currency": "USD"}],
        "status": "active",
    }
    documents.commit(Put(places.source("ann", "w1"), watch))
    copy_watch(
        documents, places, refusal, uid="ann", watch_id="w1", now=datetime.now(UTC), cannot_see=cannot_see
    )
    job = documents.get(places.job("w1"))
    documents.close()
    assert job
    return dict(job.fields)


def test_nothing_that_neighbours_read_is_gone() -> None:
    kept, now = json.loads(KEPT.read_text()), written()
    for what in kept:
        assert not set(kept[what]) - set(now[what]), f"{what}: gone under the same number, see docs/adr/0029"


def test_no_word_is_written_that_neighbours_do_not_know() -> None:
    kept, now = json.loads(KEPT.read_text()), written()
    for what in (one for one in kept if not one.startswith("fields")):
        assert set(now[what]) == set(kept[what]), (
            f"{what}: a new word under the same number, see docs/adr/0029"
        )


def test_the_scripts_find_the_number() -> None:
    assert f"SCHEMA = {SCHEMA}" in (Path(__file__).parents[2] / "watchers/schema.py").read_text().splitlines()
