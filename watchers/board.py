"""The board: everything known about the targets of one provider shard, in ONE document.

It makes an uneventful look free: a tick reads one document, asks upstream, and writes that document. Who
watches is not on the board; each row only keeps a *gate*, the prices and events at which anybody would want
to know. Only an observation that passes the gate is worth a query for the watches behind it.

The document also carries the lease (one writer at a time), the quota's ledger and the keys of the runs that
finished, so that taking the lease and saving are the only two writes of a tick. Losing the lease or the
version does no harm: alert ids are derived and creating one twice is refused. A board that cannot be read is
built anew from the jobs; what people were told is remembered there.

Never here: what anyone asked for, and any decision.
"""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from watchers import encoding, schedule
from watchers.clocks import Moment, stopwatch
from watchers.documents import Create, Document, Documents, Update
from watchers.errors import ConflictError
from watchers.history import milliseconds
from watchers.quota import Budget, Ledger, Quota
from watchers.rows import Row, set_right
from watchers.schedule import Pool
from watchers.shards import provider_of, shard_in

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)  # longer than any tick may last
KEPT_RUNS = 50
KEPT_TICKS = 12
_FILLING = 0.7 * 2**20  # of a document's 1 MiB; the rest is for targets that come and for prices that move


class Board(msgspec.Struct):
    """The rows of one shard by target id, and how far the jobs have been folded in.

    Every job written up to ``cursor`` is folded in; ``saved_at`` is when the board was last saved. Both are
    the database's time: no clock of ours decides whether a watch is seen. It is shard number ``shard`` of
    ``shards`` boards of its provider. Who claimed it may make ``may_spend`` calls, of its part of the
    ``quota``. ``ticks`` says what the last ones did: ``at``, ``ms``, and how many were ``asked``, ``failed``,
    and told of (``alerts``). ``left``: the rows that left it since it was read.
    """

    name: str
    rows: dict[str, Row] = msgspec.field(default_factory=dict)
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    cursor: datetime | None = None
    runs: tuple[str, ...] = ()
    down_since: datetime | None = None
    saved_at: datetime | None = None
    version: str = ""
    pool: Pool = msgspec.field(default_factory=Pool)
    shard: int = 0
    shards: int = 1
    quota: Quota | None = None
    may_spend: int = 0
    size: int = 0  # of its rows as they were read, in bytes
    left: list[Row] = msgspec.field(default_factory=list)
    ticks: tuple[Mapping[str, Any], ...] = ()

    @property
    def hours(self) -> list[float]:
        """How much of the quota each hour of the UTC day deserves; empty while nothing is known."""
        return schedule.pace_by_hour(self.pool) if self.pool.hours else []

    def urgency(self, row: Row, now: datetime) -> float:
        """How urgent a look at this row is (``schedule.urgency``)."""
        weight, event_at = row.worth(milliseconds(now))
        return schedule.urgency(row.pace, self.pool, weight=weight, event_at=event_at, now=now, cost=row.cost)


def path(name: str) -> str:
    """Where the board lies."""
    return f"boards/{name}"


def peek(documents: Documents, name: str) -> Board:
    """The board as it was last saved, for reading only; an empty one if there is none."""
    return decoded(name, documents.get(path(name)))


def decoded(name: str, document: Document | None) -> Board:
    """The board in a document, for reading only; an empty one if there is none."""
    return _decoded(name, document) if document else Board(name)


class Refused(msgspec.Struct, frozen=True):
    """Why a tick may not work on the board now: ``already_run`` or ``busy``."""

    why: str


def shards_in(document: Document) -> int:
    """How many boards its provider had when this one was saved."""
    said = document.fields.get("shards")
    return said if isinstance(said, int) and said > 0 else 1


def found(documents: Documents, name: str, cursor: datetime | None) -> bool:
    """Make an empty board, whose first tick folds in the jobs from ``cursor`` on; whether there was none."""
    try:
        documents.commit(Create(path(name), to_document(Board(name, cursor=cursor))))
    except ConflictError:
        return False
    return True


def claim(  # noqa: PLR0913 - what a lease is given for
    documents: Documents,
    name: str,
    run: str,
    quota: Quota,
    now: datetime,
    *,
    at_most: int,
    document: Document | None = None,
    moment: Moment | None = None,
    seconds: float = 0.0,
) -> Board | Refused:
    """Take the board's lease for ``run`` (one read, one write).

    A run that finished is refused for ever; a lease that somebody holds, until it expires or is given back.
    The lease says how many calls its holder may make, ``at_most`` so many: if it dies, they count as made.
    A ``document`` that was read already is not read again; if it has moved since, the board is ``busy``.
    ``moment`` is ``now`` by every clock; within ``seconds`` of it the calls are made.
    """
    document = document or documents.get(path(name))
    if document is not None and (why := _refusal(document, run, now)):
        return Refused(why)
    board = _decoded(name, document) if document else Board(name, shard=shard_in(name))
    set_right(board.rows.values(), now)
    board.quota = quota
    board.ledger = board.ledger.advanced(board.quota, moment or Moment(now), board.hours)
    budget = Budget(
        board.quota, board.ledger, moment or now,
        at_most=at_most, until=stopwatch() + seconds, hours=board.hours,
    )  # fmt: skip
    dearest = max((row.cost for row in board.rows.values()), default=1)
    left = budget.left  # of which the last may begin a look that is finished ahead of the pace
    board.may_spend = max(left, min(left + dearest - 1, budget.left_to_finish)) if left else 0
    lease = {"run": run, "until": now + LEASE, "may_spend": board.may_spend}
    leased = {"lease": lease, "ledger": board.ledger.to_document()}
    try:
        if document is None:
            write: Create | Update = Create(path(name), to_document(board) | leased)
        else:
            write = Update(path(name), leased, document.version)
        (board.version,) = documents.commit(write)
    except ConflictError:
        return Refused("busy")
    if document is None and (created := documents.get(path(name))):
        board.saved_at = created.updated_at
    return board


def hold(documents: Documents, name: str, holder: str, now: datetime, lease: timedelta) -> Board | Refused:
    """Take the board's lease for ``holder`` without asking anything: nobody ticks it until it is given back.

    The ledger is kept as it stands; a board that does not exist yet is held as an empty one.
    """
    document = documents.get(path(name))
    if document is not None and (why := _refusal(document, holder, now)):
        return Refused(why)
    board = _decoded(name, document) if document else Board(name, shard=shard_in(name))
    held = {
        "lease": {"run": holder, "until": now + lease, "may_spend": 0},
        "ledger": board.ledger.to_document(),
    }
    write = (
        Update(path(name), held, document.version)
        if document
        else Create(path(name), to_document(board) | held)
    )
    try:
        (board.version,) = documents.commit(write)
    except ConflictError:
        return Refused("busy")
    return board


def _refusal(document: Document, run: str, now: datetime) -> str | None:
    if run in (document.fields.get("runs") or ()):
        return "already_run"
    return "busy" if is_held(document, now) else None


def is_held(document: Document, now: datetime) -> bool:
    """Whether somebody has its lease."""
    until = (document.fields.get("lease") or {}).get("until")
    return isinstance(until, datetime) and now < until


def save(documents: Documents, board: Board, run: str) -> None:
    """Write the whole board and give the lease back (one write).

    Raises:
        ConflictError: the lease expired and somebody else went on; nothing of this tick is lost but its view.
        DocumentTooLargeError: too many targets for one shard.
    """
    board.runs = (*board.runs, run)[-KEPT_RUNS:]
    saved = to_document(board)
    _warn_if_filling(board, saved)
    (board.version,) = documents.commit(Update(path(board.name), saved, board.version))


def _warn_if_filling(board: Board, saved: Mapping[str, Any]) -> None:
    """Say it when a board passes what a document should hold, while there is still room."""
    size = len(saved["blob"])
    if board.size <= _FILLING < size:
        command = f"scout.py reshard {provider_of(board.name)} {2 * board.shards}"
        log.warning("board.filling", extra={"board": board.name, "bytes": size, "run_this": command})


def save_ledger(documents: Documents, board: Board) -> None:
    """Give the lease back and remember only what was spent: a dry run leaves no other trace."""
    fields = {"ledger": board.ledger.to_document(), "lease": None}
    (board.version,) = documents.commit(Update(path(board.name), fields, board.version))


def to_document(board: Board) -> dict[str, Any]:
    """The board's document, with nobody's lease on it."""
    return {
        "blob": encoding.encode(board.rows),
        "ledger": board.ledger.to_document(),
        "cursor": board.cursor,
        "runs": list(board.runs),
        "down_since": board.down_since,
        "pool": board.pool.to_document(),
        "lease": None,
        "first": board.shard == 0,
        "shards": board.shards,
        "ticks": [dict(tick) for tick in board.ticks],
    }


def _decoded(name: str, document: Document) -> Board:
    fields = document.fields
    lease = fields.get("lease") or {}
    ledger = Ledger.from_document(fields.get("ledger") or {}, document.updated_at)
    if abandoned := int(lease.get("may_spend", 0)):
        ledger = ledger.charged(abandoned, lease["until"])
    board = Board(
        name,
        ledger=ledger,
        runs=tuple(fields.get("runs") or ()),
        down_since=fields.get("down_since"),
        saved_at=document.updated_at,
        version=document.version,
        pool=Pool.from_document(fields.get("pool") or {}),
        shard=shard_in(name),
        shards=shards_in(document),
        size=len(fields.get("blob") or b""),
        ticks=tuple(fields.get("ticks") or ()),
    )
    try:
        board.rows = encoding.decode(fields.get("blob") or b"")
    except encoding.UnreadableBoardError:
        log.exception("board.unreadable", extra={"board": name})
        return board  # without a cursor every job is folded in anew
    board.cursor = fields.get("cursor")
    return board
