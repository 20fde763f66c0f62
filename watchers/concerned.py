"""Telling everybody whom one observation concerns: found behind the gate, told side by side.

One watch that cannot be told never stops the others: its outcome is a word.
"""

import contextvars
import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

from watchers.documents import Document, Documents, Query
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.jobs import UnreadableJobError
from watchers.observation import Observation
from watchers.places import Places, firing_at, rearming_at, waiting_for, watching
from watchers.rows import Interest, Row
from watchers.telling import Told, tell, tell_together

log = logging.getLogger(__name__)

THREADS = 2  # commits in flight when many people must be told at once
TOGETHER = 25  # watches recorded in one commit


def tell_all(  # noqa: PLR0913 - what ``looking.look`` was given
    documents: Documents,
    places: Places,
    row: Row,
    interests: Sequence[Interest],
    now: Observation,
    *,
    due_at: Callable[[], datetime] | None,
    told: Callable[[], None],
    dry_run: bool,
) -> dict[str, Told | str]:
    """What each watch that ``now`` concerns was told, by its id, or one word for why not.

    See ``looking.look`` for the arguments.

    Raises:
        StoreError: nobody could be looked up.
    """
    concerned = _concerned(documents, places, row, interests)
    seen: dict[str, Any] = {"before": row.history, "now": now, "due_at": due_at}
    teller = _Teller(
        each=partial(tell, documents, places, **seen, dry_run=dry_run),
        together=None if dry_run else partial(tell_together, documents, places, **seen),
        told=told,
    )
    outcomes = _tell_all(concerned, teller)
    return {document.id: one for document, one in zip(concerned, outcomes, strict=True)}


def _concerned(
    documents: Documents, places: Places, row: Row, interests: Iterable[Interest]
) -> list[Document]:
    found = {
        document.path: document
        for interest in interests
        for document in documents.find(_query(places, row.target.id, interest))
    }
    wanted = [path for path in map(places.job, row.fresh) if path not in found]
    if wanted:
        with ThreadPoolExecutor(THREADS) as pool:
            found |= {document.path: document for document in pool.map(documents.get, wanted) if document}
    return list(found.values())


def _query(places: Places, target_id: str, interest: Interest) -> Query:
    if interest.fires_at:
        key, price = interest.fires_at
        return firing_at(places, target_id, str(key), price)
    if interest.rearms_at:
        key, price = interest.rearms_at
        return rearming_at(places, target_id, str(key), price)
    if interest.waits_for:
        return waiting_for(places, target_id, interest.waits_for)
    return watching(places, target_id)


@dataclass(frozen=True, slots=True)
class _Teller:
    """How watches are told: each for itself, or many together where nothing is in the way."""

    each: Callable[[Document], Told | None]
    together: Callable[[list[Document]], list[Told | None]] | None
    told: Callable[[], None]


def _tell_all(found: list[Document], teller: _Teller) -> list[Told | str]:
    """Each watch's outcome: what it was told, or one word for why not."""
    first = _tell_some(found[:TOGETHER], teller)  # alone, so that somebody is told as soon as may be
    some = [found[start : start + TOGETHER] for start in range(TOGETHER, len(found), TOGETHER)]
    if not some:
        return first
    with ThreadPoolExecutor(THREADS) as pool:
        tell_them = [pool.submit(contextvars.copy_context().run, _tell_some, part, teller) for part in some]
        return [*first, *chain.from_iterable(told.result() for told in tell_them)]


def _tell_some(found: list[Document], teller: _Teller) -> list[Told | str]:
    """Together if that goes; whoever is in the way is met when each is told for itself."""
    outcomes: list[Told | str] | None = None
    if teller.together and len(found) > 1:
        with suppress(Exception):
            outcomes = [told or "gone" for told in teller.together(found)]
    if outcomes is None:
        outcomes = [_tell(document, teller.each) for document in found]
    if any(isinstance(one, Told) and one.alerts for one in outcomes):
        teller.told()
    return outcomes


def _tell(document: Document, tell_now: Callable[[Document], Told | None]) -> Told | str:
    try:
        told = tell_now(document)
    except (ConflictError, StoreUnavailableError) as exc:
        log.warning("watch.unrecorded", extra={"watch": document.id, "why": type(exc).__name__})
        return "unrecorded"
    except UnreadableJobError:
        log.exception("job.unreadable", extra={"watch": document.id})
        return "unreadable"
    except Exception:  # a bug met by one watch must not silence the others
        log.exception("watch.crashed", extra={"watch": document.id})
        return "crashed"
    return told or "gone"
