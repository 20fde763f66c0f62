"""What people said of two entries: that they are not the same event, however alike they look.

One document a pair, ``verdicts/{id}``: its id is derived from the two entries, in either order, so that to
say it twice is to say it once, and many pairs are asked for in one question. It is never forgotten by itself.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from datetime import datetime

from watchers.documents import Delete, Documents, Put
from watchers.events import Event

COLLECTION = "verdicts"
_AT_ONCE = 300  # paths a question

Pair = frozenset[str]
"""Two entries, each as ``provider:item``."""


def entry(event: Event) -> str | None:
    """``ticketmaster:vvG1z``; ``None`` for an event that no market knows by an id."""
    return f"{event.provider}:{event.item}" if event.provider and event.item else None


def pair(a: Event, b: Event) -> Pair | None:
    """Both entries; ``None`` unless they are two, and each has an id."""
    one, other = entry(a), entry(b)
    return frozenset({one, other}) if one and other and one != other else None


def path(entries: Pair) -> str:
    """Where the verdict about two entries lies."""
    canonical = json.dumps(sorted(entries), ensure_ascii=False)
    return f"{COLLECTION}/{hashlib.sha256(canonical.encode()).hexdigest()[:24]}"


def remember(documents: Documents, entries: Pair, now: datetime) -> None:
    """These are not the same. To say it again is harmless."""
    documents.commit(Put(path(entries), {"entries": sorted(entries), "same": False, "said_at": now}))


def take_back(documents: Documents, entries: Pair) -> None:
    """Nothing was said about these; nor does it harm where nothing was."""
    documents.commit(Delete(path(entries)))


def not_the_same(documents: Documents, pairs: Iterable[Pair | None]) -> frozenset[Pair]:
    """Those of which it was said, in one question for every 300 of them."""
    asked = {path(one): one for one in pairs if one is not None}
    paths, said = list(asked), set[Pair]()
    for start in range(0, len(paths), _AT_ONCE):
        found = documents.get_many(paths[start : start + _AT_ONCE])
        said |= {asked[one.path] for one in found if one is not None and one.fields.get("same") is False}
    return frozenset(said)


def remembered(said: frozenset[Pair]) -> Callable[[Event, Event], bool]:
    """The verdicts as ``watchers.matching`` asks for them."""
    return lambda a, b: pair(a, b) in said
