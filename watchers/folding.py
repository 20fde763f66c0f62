"""Folding the watches that changed into the board: new ones get a first look, ended ones leave.

The trigger writes only jobs; this is how the board learns of them. Folding the same change twice is
harmless: a target's watchers are counted anew, never added up. So jobs written about when the board was last
saved are simply read again, by the database's own time.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from watchers import expiry, schedule
from watchers.board import Board
from watchers.clocks import stopwatch
from watchers.documents import Document, Documents
from watchers.places import FAVOURS, Places, changed_since, favouring, watching
from watchers.rows import Row
from watchers.shards import home_of, provider_of, shard_of

if TYPE_CHECKING:
    from watchers.jobs import Job

log = logging.getLogger(__name__)

PAGE = 500
THREADS = 16  # counts in flight when many targets are new at once
_Newcomers = defaultdict[str, list[str]]  # watches that are to get a first look, by target
OVERLAP = timedelta(seconds=5)  # how late a write may become visible after its time


def fold(documents: Documents, places: Places, board: Board, now: datetime, deadline: float) -> set[str]:
    """Bring the board up to the jobs as they stand now; past ``deadline`` (by the stopwatch) the rest waits.

    Returns:
        The home boards of other providers these jobs belong on: before this one is saved they must stand.
    """
    read, since, limit = set[str](), board.cursor, PAGE
    elsewhere, newcomers = set[str](), _Newcomers(list)
    complete = False
    if _has_missed_some(board, now):
        _recount(documents, places, board, set(board.rows), now)
    while not complete and stopwatch() < deadline:
        page = documents.find(changed_since(places, since, limit))
        unread = [document for document in page if document.path not in read]
        touched = {one for document in unread for one in _fold_one(board, document, now, newcomers)}
        _recount(documents, places, board, touched, now)
        elsewhere |= boards_of(unread)
        read |= {document.path for document in unread}
        complete = len(page) < limit
        limit = PAGE if unread else limit + PAGE  # a whole page of the same moment
        since = page[-1].fields["updated_at"] if page else since
    _join(board, newcomers)
    _move_cursor(board, since, complete=complete)
    return elsewhere - {home_of(provider_of(board.name))}


def _has_missed_some(board: Board, now: datetime) -> bool:
    """Whether watches may have been deleted whose tombstones are gone before this board read of them."""
    return board.cursor is not None and board.cursor < now - expiry.DELETED


def boards_of(page: Iterable[Document]) -> set[str]:
    """The home boards of the providers whose targets these jobs watch."""
    watched = (target_id for document in page for target_id in document.fields.get("targets") or ())
    return {home_of(provider_of(str(target_id))) for target_id in watched}


def _fold_one(board: Board, document: Document, now: datetime, newcomers: _Newcomers) -> set[str]:
    """Put one job's wishes on the board; return the targets whose watchers must be counted anew."""
    from watchers import jobs, rules  # noqa: PLC0415 - loaded by the first watch that changed

    try:
        job = jobs.read_job(document)
        mine = {target_id: target for target_id, target in job.targets.items() if _belongs(board, target_id)}
        wishes = {target_id: rules.thresholds(job.watch, job.state, target_id) for target_id in mine}
    except Exception:  # whatever one job holds must not keep the others off the board
        log.exception("job.unreadable", extra={"watch": document.id})
        return set()
    for target_id, target in mine.items():
        at = wishes[target_id]
        row = board.rows.setdefault(target_id, Row(target, since=now))
        row.gate.widen(at.fires_at, at.rearms_at, jobs.waits_for(job.watch))
        row.favour = max(row.favour, job.priority - 1)  # it is counted anew if there is any
        if _admit(row, job):
            newcomers[target_id].append(job.watch_id)
    if job.copied_at and board.cursor and job.copied_at < board.cursor:
        return {target_id for target_id in mine if not board.rows[target_id].watchers}
    return {*mine, *(target_id for target_id in job.left if target_id in board.rows)}


def _belongs(board: Board, target_id: str) -> bool:
    is_ours = provider_of(target_id) == provider_of(board.name)
    return is_ours and shard_of(target_id, board.shards) == board.shard


def _admit(row: Row, job: "Job") -> bool:
    """Whether it is to get a first look."""
    row.mark = 0  # somebody new may want to know what the others have heard
    known = job.state.of(row.target.id).tracks
    missed = any(str(key) not in known for key in row.history.prices)  # appeared while it was paused
    return missed or job.awaits_first_look(row.target.id)


def _join(board: Board, newcomers: _Newcomers) -> None:
    """Give them their first look. Once a fold: thousands may watch one target at once."""
    for target_id, watch_ids in newcomers.items():
        if row := board.rows.get(target_id):
            row.fresh = tuple(dict.fromkeys((*row.fresh, *watch_ids)))


def _recount(documents: Documents, places: Places, board: Board, touched: set[str], now: datetime) -> None:
    """How many watch each target now; one that nobody watches leaves the board."""
    targets = sorted(touched)
    with ThreadPoolExecutor(THREADS) as pool:
        counted = list(pool.map(lambda one: documents.count(watching(places, one)), targets))
    for target_id, watchers in zip(targets, counted, strict=True):
        if not watchers:
            board.left.append(board.rows.pop(target_id))
            continue
        row = board.rows[target_id]
        row.watchers = watchers
        row.favour = _favour(documents, places, target_id) if row.favour else 0
        row.weigh()
        _schedule(board, row, now)


def _favour(documents: Documents, places: Places, target_id: str) -> int:
    """How many more its watchers count for; asked only where there was one who does."""
    return sum(digit * documents.count(favouring(places, target_id, digit)) for digit in FAVOURS)


def _schedule(board: Board, row: Row, now: datetime) -> None:
    """More, fewer or other watchers count from now on; the age that a target has earned stays."""
    x = board.urgency(row, now)
    if row.asked_ms:
        schedule.reweigh(row.pace, x)
    else:
        schedule.admit(row.pace, board.pool, x)


def _move_cursor(board: Board, since: datetime | None, *, complete: bool) -> None:
    if not complete:
        board.cursor = since
    elif board.saved_at is not None:
        safe = board.saved_at - OVERLAP
        board.cursor = max(safe, board.cursor) if board.cursor else safe
