"""Watches that one press makes: told when something is cheaper than now, or when a search finds new dates.

The id of such a watch is derived from what it asks for and from whose it is, so that two presses are one
watch. What would need a question has no such button: the form beside it asks.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from watchers.asked import read_watch
from watchers.catalog import Catalog
from watchers.documents import Create
from watchers.errors import ConflictError, StoreUnavailableError, WatchRefusedError
from watchers.language import say
from watchers.providers import cannot_see
from watchers.target import Search
from watchers.watch import MAX_NAME, Watch
from web import membership, monitors, own_writes, twins
from web.site import site

_MOST_MARKETS = 10  # of one watch
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Pressed:
    """What became of it: the watch's id, and whether it was there before."""

    watch_id: str
    watch: Watch
    is_new: bool = True


def cheaper(fields: Mapping[str, str], notify: Sequence[str]) -> dict[str, Any]:
    """The document of a watch on one item: told at any price under the one that was seen."""
    target = {name: fields[name] for name in ("provider", "item", "country") if fields.get(name)}
    limit = {name: fields.get(name, "") for name in ("price", "currency", "basis")}
    return {
        "name": fields.get("name") or fields.get("item", ""),
        "target": target,
        "conditions": [{"kind": "below", **limit}],
        "notify": list(notify),
        "status": "active",
    }


def new_dates(name: str, wanted: Search, catalog: Catalog, notify: Sequence[str]) -> dict[str, Any]:
    """The document of a watch for whatever a search finds anew, on every market that can be searched.

    Raises:
        WatchRefusedError: none can.
    """
    targets = [target.to_document() for target in catalog.able(wanted)][:_MOST_MARKETS]
    if not targets:
        raise WatchRefusedError([say("No market that is on can be searched like this again and again.")])
    return {
        "name": name[:MAX_NAME],
        "target": targets[0] if len(targets) == 1 else {"markets": targets},
        "conditions": [{"kind": "new_listing"}],
        "notify": list(notify),
        "status": "active",
    }


def save(uid: str, made: Mapping[str, Any]) -> Pressed:
    """Write the watch, unless there is one that asks for the same.

    Raises:
        WatchRefusedError: with a sentence for every fault.
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    watch = read_watch(made, site().refusal, site().now(), cannot_see=cannot_see)
    known = monitors.find_all(uid)
    if standing := twins.twin(watch, known):
        return Pressed(standing.id, monitors.read(standing.fields) or watch, is_new=False)
    if full := membership.no_room(known):
        raise WatchRefusedError([full])
    taken = {source.id for source in known}  # by what was pressed before, and asks for something else since
    for watch_id in islice((one for one in _ids(uid, watch) if one not in taken), _ATTEMPTS):
        own_writes.of(uid, watch_id)
        try:
            site().documents.commit(Create(site().places.source(uid, watch_id), made))
        except ConflictError:
            standing = monitors.find(uid, watch_id)
            if standing and twins.twin(watch, [standing]):
                return Pressed(watch_id, monitors.read(standing.fields) or watch, is_new=False)
            continue
        return Pressed(watch_id, watch)
    raise StoreUnavailableError("every id that was tried is taken")


def _ids(uid: str, watch: Watch) -> Iterator[str]:
    """Ids for it, of which two presses take the same one."""
    for attempt in count():
        asked = json.dumps([uid, watch.rule, attempt], sort_keys=True, default=str)
        yield hashlib.sha256(asked.encode()).hexdigest()[:20]
