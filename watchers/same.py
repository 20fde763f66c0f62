"""Which entries of several markets are the same event: as ``watchers.matching`` and people's verdicts say."""

from collections.abc import Sequence
from importlib import import_module
from typing import cast

from watchers.documents import Documents, Query
from watchers.events import Event


def groups(documents: Documents, events: Sequence[Event]) -> list[list[int]]:
    """Every index once; together are only those of which every two certainly are the same.

    Reads every verdict there is: they are few.
    """
    try:
        matching, verdicts = import_module("watchers.matching"), import_module("watchers.verdicts")
    except ModuleNotFoundError:
        return _alike(events)
    stored = documents.find(Query(verdicts.COLLECTION)) if len(events) > 1 else []
    said = frozenset(frozenset(one.fields.get("entries", ())) for one in stored)
    return cast("list[list[int]]", matching.groups(events, not_same=verdicts.remembered(said)))


def _alike(events: Sequence[Event]) -> list[list[int]]:
    found: dict[object, list[int]] = {}
    for number, event in enumerate(events):
        found.setdefault((event.name, event.venue, event.date) if event.venue else number, []).append(number)
    return list(found.values())
