"""Folding the watches that changed into the board: new ones get a first look, ended ones leave.

The trigger writes only jobs; this is how the board learns of them. Folding the same change twice is
harmless: a target's watchers are counted anew, never added up. So jobs written about when the board was last
saved are simply read again, by the database's own time.
"""

import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta

from watchers import jobs
from watchers.board import Board
from watchers.documents import Document, Documents
from watchers.jobs import Job, Places, UnreadableJobError
from watchers.rows import Row

log = logging.getLogger(__name__)

PAGE = 500
OVERLAP = timedelta(seconds=5)  # how late a write may become visible after its time


def fold(documents: Documents, places: Places, board: Board, now: datetime, deadline: float) -> None:
    """Bring the board up to the jobs as they stand now; past ``deadline`` (monotonic) the rest waits."""
    touched, read, since = set[str](), set[str](), board.cursor
    complete = False
    while not complete and time.monotonic() < deadline:
        page = documents.find(jobs.changed_since(places, since, PAGE))
        unread = [document for document in page if document.path not in read]
        for document in unread:
            touched |= _fold_one(board, document, now)
        read |= {document.path for document in unread}
        complete = not unread or len(page) < PAGE
        since = page[-1].fields["updated_at"] if page else since
    for target_id in sorted(touched):
        _recount(documents, places, board, target_id)
    _move_cursor(board, since, complete=complete)


def _fold_one(board: Board, document: Document, now: datetime) -> set[str]:
    """Put one job's wishes on the board; return the targets it concerns."""
    try:
        job = jobs.read_job(document)
    except UnreadableJobError:
        log.exception("job.unreadable", extra={"watch": document.id})
        return set()
    mine = {target_id: target for target_id, target in job.targets.items() if _belongs(board, target_id)}
    for target_id, target in mine.items():
        row = board.rows.setdefault(target_id, Row(target, since=now))
        _admit(row, job, document.fields)
    return {*mine, *(target_id for target_id in job.left if target_id in board.rows)}


def _belongs(board: Board, target_id: str) -> bool:
    return target_id.rsplit("-", 1)[0] == board.name.rsplit("-", 1)[0]


def _admit(row: Row, job: Job, fields: Mapping[str, Mapping[str, Mapping[str, int]]]) -> None:
    target_id = row.target.id
    fires_at, rearms_at = fields["fires_at"].get(target_id, {}), fields["rearms_at"].get(target_id, {})
    row.gate.widen(fires_at, rearms_at, jobs.waits_for(job.watch))
    if job.awaits_first_look(target_id) and job.watch_id not in row.fresh:
        row.fresh = (*row.fresh, job.watch_id)


def _recount(documents: Documents, places: Places, board: Board, target_id: str) -> None:
    """How many watch it now; a target nobody watches leaves the board."""
    watchers = documents.count(jobs.watching(places, target_id))
    if watchers:
        board.rows[target_id].watchers = watchers
    else:
        board.rows.pop(target_id, None)


def _move_cursor(board: Board, since: datetime | None, *, complete: bool) -> None:
    if not complete:
        board.cursor = since
    elif board.saved_at is not None:
        safe = board.saved_at - OVERLAP
        board.cursor = max(safe, board.cursor) if board.cursor else safe
