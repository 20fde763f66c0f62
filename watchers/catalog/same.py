"""Which entries of several markets are the same event: as ``watchers.matching`` and people's verdicts say."""

from collections.abc import Sequence

from watchers import verdicts
from watchers.documents import Documents
from watchers.events import Event


def groups(documents: Documents, events: Sequence[Event]) -> list[list[int]]:
    """Every index once; together are only those of which every two certainly are the same.

    Verdicts are asked for only where something would be joined: mostly none.
    """
    from watchers import matching  # noqa: PLC0415 - a process that compares no markets does not load it

    alike = [verdicts.pair(events[i], events[j]) for i, j in matching.matches(events)]
    said = verdicts.not_the_same(documents, alike)
    return matching.groups(events, not_same=verdicts.remembered(said))
