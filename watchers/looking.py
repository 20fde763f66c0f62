"""One answer about one target: tell those it concerns, then let the target's row move on.

The row moves only when everybody concerned was told: a watch that could not be recorded, or a bug that
everybody meets, keeps the whole observation unseen, so that a later tick decides it again. Those who were
told are not told twice. A job nobody can read is passed over, and a bug that only some watches meet, or that
stays, must not blind the others: the row moves, and those watches are asked again at every look.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any

from watchers import encoding, jobs
from watchers.documents import Document, Documents, Query
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.history import History, milliseconds
from watchers.jobs import UnreadableJobError
from watchers.models import Alert, Observation
from watchers.places import Places, firing_at, rearming_at, waiting_for, watching
from watchers.rows import EVERYBODY, Gate, Interest, Row
from watchers.rules import thresholds
from watchers.telling import Told, tell, tell_together

log = logging.getLogger(__name__)

PATIENCE = 3  # looks kept unseen for a bug that nobody concerned escapes
THREADS = 2  # commits in flight when many people must be told at once
TOGETHER = 25  # watches recorded in one commit


@dataclass(slots=True)
class Looked:
    """What one observation led to; ``failures`` counts watches by why they were not told.

    ``changed``: it said something else than the one before; ``moved``: the row has moved on to it.
    """

    alerts: list[Alert]
    held: int
    failures: Counter[str]
    changed: bool
    moved: bool = True


UNEVENTFUL = Looked([], 0, Counter(), changed=False)
"""It said what the look before it said, and nobody had to be asked."""


def look(
    documents: Documents,
    places: Places,
    row: Row,
    now: Observation,
    *,
    due_at: Callable[[], datetime] | None = None,
    told: Callable[[], None] = lambda: None,
    dry_run: bool = False,
) -> Looked:
    """Tell everybody whom ``now`` concerns; move the row if nothing was left undone.

    ``due_at``: when alerts that are created now are to be sent (``telling.tell``). ``told`` is called as soon
    as some were.

    Raises:
        StoreError: nobody could be looked up; the row did not move.
        ValueError: this is no observation of the row's target, or none that a board could keep; the same.
    """
    if now.target.id != row.target.id or now.at.tzinfo is None:
        raise ValueError(
            f"asked about {row.target.id}, answered about {now.target.id} at {now.at.isoformat()}"
        )
    if row.repeats_with(now):
        return UNEVENTFUL
    history = row.history.after(now)
    changed = _values(history) != _values(row.history)
    if changed:
        _refuse_unkeepable(row, history)
    interests = list(row.concerned(now))
    concerned = _concerned(documents, places, row, interests)
    seen: dict[str, Any] = {"before": row.history, "now": now, "due_at": due_at}
    teller = _Teller(
        each=partial(tell, documents, places, **seen, dry_run=dry_run),
        together=None if dry_run else partial(tell_together, documents, places, **seen),
        told=told,
    )
    outcomes = _tell_all(concerned, teller)
    crashed = [document.id for document, one in zip(concerned, outcomes, strict=True) if one == "crashed"]
    looked = _looked(outcomes, changed=changed)
    row.asked_ms, row.urgent = milliseconds(now.at), bool(looked.held or looked.failures["unrecorded"])
    if looked.failures["unrecorded"] or _is_for_later(row, crashed, outcomes):
        row.failures = row.failures + 1 if crashed else 0
        return replace(looked, changed=False, moved=False)
    _reset_gate(row, interests, outcomes)
    row.failures, row.unseen_why, row.fresh = 0, "", tuple(crashed)
    row.record(history)
    if not (changed or concerned or interests):
        row.settle(now)
    return looked


def _is_for_later(row: Row, crashed: list[str], outcomes: list[Told | str]) -> bool:
    """Whether a bug is new and nobody escaped it: then it may soon be mended, and the news can wait."""
    is_new = not set(crashed) <= set(row.fresh) and row.failures < PATIENCE
    return is_new and not any(isinstance(outcome, Told) for outcome in outcomes)


def _refuse_unkeepable(row: Row, history: History) -> None:
    """What comes of a provider's bug must not reach the board, which it would spoil for everybody.

    Raises:
        ValueError: what was seen cannot be written, or not read again.
    """
    try:
        encoding.unpacked(
            encoding.packed(replace(row, history=history)), milliseconds(history.seen_at or row.since)
        )
    except (TypeError, encoding.UnreadableBoardError) as exc:
        raise ValueError(f"what was seen of {row.target.id} cannot be kept") from exc


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
        return [*first, *chain.from_iterable(pool.map(lambda part: _tell_some(part, teller), some))]


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


def _looked(outcomes: list[Told | str], *, changed: bool) -> Looked:
    told = [outcome for outcome in outcomes if isinstance(outcome, Told)]
    return Looked(
        alerts=[alert for one in told for alert in one.alerts],
        held=sum(one.decision.held for one in told),
        failures=Counter(outcome for outcome in outcomes if isinstance(outcome, str) and outcome != "gone"),
        changed=changed,
    )


def _reset_gate(row: Row, interests: list[Interest], outcomes: list[Told | str]) -> None:
    """Everybody behind the gate was asked: shut it there, and open it where they want to be asked next."""
    if EVERYBODY in interests:
        row.gate = Gate()
    for interest in interests:
        row.gate.narrow(interest)
    for one in outcomes:
        if not isinstance(one, Told):
            continue
        at = thresholds(one.job.watch, one.job.state, row.target.id)
        row.gate.widen(at.fires_at, at.rearms_at, jobs.waits_for(one.job.watch))


def _values(history: History) -> tuple[object, ...]:
    """What was seen, without when."""
    latest = {key: runs[-1].value for key, runs in history.prices.items() if runs}
    availability = history.availability[-1].value if history.availability else None
    return latest, availability, history.facts, len(history.listed.digests) if history.listed else None
