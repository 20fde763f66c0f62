"""One answer about one target: tell those it concerns, then let the target's row move on.

The row moves only when everybody concerned was told: a watch that could not be recorded, or that met a bug,
keeps the whole observation unseen, so that a later tick decides it again. Those who were told are not told
twice. Only a job nobody can read is passed over.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from watchers import jobs
from watchers.documents import Document, Documents, Query
from watchers.errors import StoreError
from watchers.history import History
from watchers.jobs import Places, UnreadableJobError
from watchers.models import Alert, Observation
from watchers.rows import EVERYBODY, Gate, Interest, Row
from watchers.rules import thresholds
from watchers.telling import Told, tell

log = logging.getLogger(__name__)

THREADS = 16  # writes in flight when many people must be told at once


@dataclass(slots=True)
class Looked:
    """What one observation led to; ``failures`` counts watches by why they were not told."""

    alerts: list[Alert]
    held: int
    failures: Counter[str]
    changed: bool = False


def look(
    documents: Documents, places: Places, row: Row, now: Observation, *, dry_run: bool = False
) -> Looked:
    """Tell everybody whom ``now`` concerns; move the row if nothing was left undone.

    Raises:
        StoreError: nobody could be looked up; the row did not move.
    """
    interests = list(row.concerned(now))
    concerned = _concerned(documents, places, row, interests)
    outcomes = _tell_all(documents, places, row, now, list(concerned.values()), dry_run) if concerned else []
    return _move(row, now, interests, outcomes)


def _concerned(
    documents: Documents, places: Places, row: Row, interests: Iterable[Interest]
) -> dict[str, Document]:
    found = {
        document.path: document
        for interest in interests
        for document in documents.find(_query(places, row.target.id, interest))
    }
    for watch_id in row.fresh:
        path = places.job(watch_id)
        if path not in found and (document := documents.get(path)) is not None:
            found[path] = document
    return found


def _query(places: Places, target_id: str, interest: Interest) -> Query:
    if interest.fires_at:
        key, price = interest.fires_at
        return jobs.firing_at(places, target_id, str(key), price)
    if interest.rearms_at:
        key, price = interest.rearms_at
        return jobs.rearming_at(places, target_id, str(key), price)
    if interest.waits_for:
        return jobs.waiting_for(places, target_id, interest.waits_for)
    return jobs.watching(places, target_id)


def _tell_all(
    documents: Documents, places: Places, row: Row, now: Observation, found: list[Document], dry_run: bool
) -> list[Told | str]:
    """Each watch's outcome: what it was told, or one word for why not."""

    def one(document: Document) -> Told | str:
        return _tell(documents, places, row, document, now, dry_run)

    if len(found) == 1:
        return [one(found[0])]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, found))


def _tell(
    documents: Documents, places: Places, row: Row, document: Document, now: Observation, dry_run: bool
) -> Told | str:
    try:
        told = tell(documents, places, document, row.history, now, dry_run=dry_run)
    except StoreError as exc:
        log.warning("watch.unrecorded", extra={"watch": document.id, "why": type(exc).__name__})
        return "unrecorded"
    except UnreadableJobError:
        log.exception("job.unreadable", extra={"watch": document.id})
        return "unreadable"
    except Exception:  # a bug met by one watch must not silence the others
        log.exception("watch.crashed", extra={"watch": document.id})
        return "crashed"
    return told or "gone"


def _move(row: Row, now: Observation, interests: list[Interest], outcomes: list[Told | str]) -> Looked:
    told = [outcome for outcome in outcomes if isinstance(outcome, Told)]
    looked = Looked(
        alerts=[alert for one in told for alert in one.alerts],
        held=sum(one.decision.held for one in told),
        failures=Counter(outcome for outcome in outcomes if isinstance(outcome, str) and outcome != "gone"),
    )
    row.asked_at, row.urgent = now.at, bool(looked.held or looked.failures["unrecorded"])
    row.failures = row.failures + 1 if looked.failures["crashed"] else 0
    if looked.failures["unrecorded"] or looked.failures["crashed"]:
        return looked
    _reset_gate(row, interests, told)
    if now.buyable_prices or not row.history.prices:
        row.fresh = ()
    history = row.history.after(now)
    looked.changed = _values(history) != _values(row.history)
    row.history = history
    return looked


def _reset_gate(row: Row, interests: list[Interest], told: list[Told]) -> None:
    """Everybody behind the gate was asked: shut it there, and open it where they want to be asked next."""
    if EVERYBODY in interests:
        row.gate = Gate()
    for interest in interests:
        row.gate.narrow(interest)
    for one in told:
        at = thresholds(one.job.watch, one.job.state, row.target.id)
        row.gate.widen(at.fires_at, at.rearms_at, jobs.waits_for(one.job.watch))


def _values(history: History) -> tuple[object, ...]:
    """What was seen, without when."""
    latest = {key: runs[-1].value for key, runs in history.prices.items() if runs}
    availability = history.availability[-1].value if history.availability else None
    return latest, availability, history.facts, len(history.listed.digests) if history.listed else None
