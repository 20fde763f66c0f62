"""Spreading a provider's targets over another number of boards, and emptying boards that went wrong.

    1  hold every board               nobody ticks them until they are given back, or the lease runs out
    2  deal                           each row to the board that its hash names
    3  write the boards that are new  nobody looks at them: the home does not name them yet
    4  commit the home with the new number, and with it the boards that stay (where they are too large for
       one commit: their ledgers, then they themselves): from now on it counts
    5  delete what is not named any more, and give the home back

It may be killed at any line, and run again or not: before step 4 nothing has happened, after it everything.
No target is lost, nobody is told again, and the calls that were made stay counted.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest

from msgspec import structs

from watchers import board as boards
from watchers.board import LEASE, Board, path, to_document
from watchers.clocks import Moment
from watchers.documents import Delete, Documents, Put, Update, Write
from watchers.errors import ConflictError, DocumentTooLargeError, StoreError
from watchers.ledger import split
from watchers.quota import Quota
from watchers.schedule import Pool
from watchers.shards import board_name, home_of, shard_of

log = logging.getLogger(__name__)

HELD_FOR = 2 * LEASE  # longer than waiting for a tick, and than writing every board
PATIENCE = LEASE + timedelta(seconds=10)  # a tick that died gives its board back within that
_PAUSE = 0.5  # seconds between two looks at a board that is being ticked
_BYTES, _WRITES = 8_000_000, 400  # of one commit; Firestore takes 10 MiB
_OVERHEAD = 20_000  # bytes of a board beside its rows: its ledger and its runs

Sleep = Callable[[float], object]


class NotNowError(Exception):
    """Boards could not be had, or moved meanwhile; nothing is lost, and running it again may help."""


@dataclass(frozen=True, slots=True)
class Resharded:
    """How many boards there were and are, and how many targets lie on them."""

    before: int
    after: int
    targets: int


def reshard(
    documents: Documents,
    provider: str,
    n: int,
    *,
    quota: Quota,
    holder: str,
    now: datetime,
    sleep: Sleep = time.sleep,
) -> Resharded:
    """Spread the provider's targets over ``n`` boards, which share its ``quota``.

    ``holder`` is who holds them meanwhile: a key that nobody else has.

    Raises:
        NotNowError: a board was being ticked or moved meanwhile, or there is none.
        DocumentTooLargeError: the targets do not fit on so few boards.
    """
    if documents.get(path(home_of(provider))) is None:
        raise NotNowError(f"{provider} has no board yet: nobody watches anything there")
    with _held(documents, provider, holder, now, sleep) as held:
        is_done = len(held) == n and all(board.shards == n for board in held)
        dealt = held if is_done else deal(held, provider, n, quota, now)
        if not is_done:
            _write(documents, held, dealt, holder, now)
        _delete_from(documents, provider, n)
        _give_back(documents, held if is_done else held[:1])
    return Resharded(len(held), n, sum(len(board.rows) for board in dealt))


def rebuild(documents: Documents, name: str, *, holder: str, now: datetime, sleep: Sleep = time.sleep) -> int:
    """Empty a board, so that its next tick folds every watch in anew; how many targets were on it.

    What was spent, which runs finished and what was learned of all targets together stays.

    Raises:
        NotNowError: it was being ticked or moved meanwhile, or there is none.
    """
    if documents.get(path(name)) is None:
        raise NotNowError(f"there is no board {name}")
    board = _hold(documents, name, holder, now, sleep, time.monotonic())
    targets = len(board.rows)
    emptied = structs.replace(board, rows={}, cursor=None)
    try:
        documents.commit(Update(path(name), to_document(emptied), board.version))
    except ConflictError as exc:
        raise NotNowError(f"{name} moved meanwhile; run it again") from exc
    return targets


# ── 1 hold ───────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _held(
    documents: Documents, provider: str, holder: str, now: datetime, sleep: Sleep
) -> Iterator[list[Board]]:
    """Every board of the provider, its home first; whatever goes wrong, they are given back."""
    began, held = time.monotonic(), list[Board]()
    try:
        held.append(_hold(documents, home_of(provider), holder, now, sleep, began))
        for shard in range(1, held[0].shards):
            held.append(_hold(documents, board_name(provider, shard), holder, now, sleep, began))
        yield held
    except Exception:
        with suppress(StoreError):
            _give_back(documents, held)
        raise


def _hold(documents: Documents, name: str, holder: str, now: datetime, sleep: Sleep, began: float) -> Board:
    """The board, with nobody else on it; a tick that is under way is waited for."""
    while True:
        elapsed = timedelta(seconds=time.monotonic() - began)
        found = boards.hold(documents, name, holder, now + elapsed, HELD_FOR)
        if isinstance(found, Board):
            return found
        if elapsed >= PATIENCE:
            raise NotNowError(f"{name} is held {_by_whom(documents, name)}; run it again later")
        sleep(_PAUSE)


def _by_whom(documents: Documents, name: str) -> str:
    document = documents.get(path(name))
    lease = (document.fields.get("lease") if document else None) or {}
    return f"by {lease.get('run', 'somebody')} until {lease.get('until', 'it is saved')}"


def _give_back(documents: Documents, held: Sequence[Board]) -> None:
    """As far as they are still ours."""
    for board in held:
        with suppress(ConflictError):
            (board.version,) = documents.commit(Update(path(board.name), {"lease": None}, board.version))


# ── 2 deal ───────────────────────────────────────────────────────────────────────────────────────────────


def deal(held: Sequence[Board], provider: str, n: int, quota: Quota, now: datetime) -> list[Board]:
    """The same rows on ``n`` boards, each with its part of what was learned of all of them and was spent.

    Every old board has an odometer of its own; a row keeps its distance to it. The rows are taken from
    the old boards, which are of no use any more.
    """
    v = max(board.pool.v for board in held)
    dealt = [_empty(held, provider, shard, n) for shard in range(n)]
    for board in held:
        for target_id, row in board.rows.items():
            rows = dealt[shard_of(target_id, n)].rows
            known = rows.get(target_id)
            if known and (known.asked_at or known.since) >= (row.asked_at or row.since):
                continue  # what another board left behind when this was broken off
            row.pace.seen_v += v - board.pool.v
            row.pace.due_v += v - board.pool.v
            rows[target_id] = row
    total = sum(len(board.rows) for board in dealt)
    ledgers = split([board.ledger for board in held], quota, n, Moment(now))
    for board, ledger in zip(dealt, ledgers, strict=True):
        board.ledger = ledger
        board.pool = _part([one.pool for one in held], len(board.rows) / total if total else 1 / n, v)
    return dealt


def _empty(held: Sequence[Board], provider: str, shard: int, n: int) -> Board:
    """Without rows; jobs are folded in from where the last of the old boards stands.

    Where the boards do not agree on how many they are, rows may be missing: then every job is folded in.
    """
    whole = len({board.shards for board in held}) == 1
    cursors = [board.cursor if whole else None for board in held]
    down = [board.down_since for board in held if board.down_since is not None]
    return Board(
        board_name(provider, shard),
        cursor=None if None in cursors else min(cursor for cursor in cursors if cursor),
        runs=tuple(dict.fromkeys(run for board in held for run in board.runs))[-boards.KEPT_RUNS :],
        down_since=min(down, default=None),
        shard=shard,
        shards=n,
    )


def _part(pools: Sequence[Pool], part: float, v: float) -> Pool:
    """This part of what all of them learned."""
    by_hour = zip_longest(*(pool.hours for pool in pools), fillvalue=(0.0, 0.0))
    return Pool(
        v,
        part * sum(pool.changes for pool in pools),
        part * sum(pool.exposure for pool in pools),
        [(part * sum(one for one, _ in hour), part * sum(one for _, one in hour)) for hour in by_hour],
    )


# ── 3 to 5 write ─────────────────────────────────────────────────────────────────────────────────────────


def _write(
    documents: Documents, held: Sequence[Board], dealt: Sequence[Board], holder: str, now: datetime
) -> None:
    """Boards that are new, then the moment it counts. The home is kept until what is left is tidied up."""
    n = len(dealt)
    kept = {"lease": {"run": holder, "until": now + HELD_FOR, "may_spend": 0}}
    try:
        for board in dealt[len(held) :]:
            documents.commit(Put(path(board.name), to_document(board)))
        staying = [Update(path(old.name), to_document(new), old.version) for old, new in zip(held, dealt)]  # noqa: B905
        staying[0] = structs.replace(staying[0], fields={**staying[0].fields, **kept})
        leaving = [
            Update(path(old.name), to_document(Board(old.name, shard=old.shard, shards=n)), old.version)
            for old in held[n:]
        ]
        by_path = {path(old.name): old for old in held}
        for chunk in _chunks(staying, leaving):
            writes = [structs.replace(write, version=by_path[write.path].version) for write in chunk]
            for write, version in zip(writes, documents.commit(*writes), strict=True):
                by_path[write.path].version = version
    except ConflictError as exc:
        raise NotNowError("a board moved meanwhile; run it again") from exc
    except DocumentTooLargeError as exc:
        raise DocumentTooLargeError(f"the targets do not fit on {n} boards; try {2 * n}") from exc


def _chunks(staying: Sequence[Update], leaving: Sequence[Update]) -> Iterator[list[Update]]:
    """One commit, as long as it fits into one; else the home and all new ledgers, and the rows after them.

    From the home's commit on each board has its new share of the quota, or none: by then it must know what
    was spent of that. Of boards that were not written before a crash, the next tick keeps the watches, but
    not what was seen.
    """
    waiting = deque([*staying, *leaving])
    if len(waiting) > _WRITES or sum(map(_size, waiting)) > _BYTES:
        home, *others = staying
        spent = [structs.replace(one, fields={"ledger": one.fields["ledger"]}) for one in others]
        yield [
            home,
            *spent,
            *(structs.replace(one, fields={"shards": one.fields["shards"]}) for one in leaving),
        ]
        waiting.popleft()
    while waiting:
        chunk, size = [waiting.popleft()], 0
        size = _size(chunk[0])
        while waiting and len(chunk) < _WRITES and size + _size(waiting[0]) <= _BYTES:
            size += _size(waiting[0])
            chunk.append(waiting.popleft())
        yield chunk


def _size(update: Update) -> int:
    return len(update.fields["blob"]) + _OVERHEAD


def _delete_from(documents: Documents, provider: str, n: int) -> None:
    """Boards that are not named any more, the last first: if it dies, the next run finds those before it."""
    unnamed: list[Write] = []
    while documents.get(path(board_name(provider, n + len(unnamed)))) is not None:
        unnamed.append(Delete(path(board_name(provider, n + len(unnamed)))))
    for write in reversed(unnamed):
        documents.commit(write)
