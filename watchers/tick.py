"""One tick of one board: ask about what is due, decide, and record.

    1  take the board's lease             a second delivery of this run, or a second tick, stops here
    2  fold in the watches that changed   new ones get their first look, deleted ones leave; a provider that
                                          is watched for the first time gets its board
    3  ask what is due, within the quota  most urgent first; nothing is asked after the deadline
    4  for each answer: tell those it concerns, and only then let the board move on
    5  append to the price history        of what changed, where enough of it waits on the board
    6  save the board                     gives the lease back

A tick may be killed at any line: what it did not save is looked at again, and alerts that exist are not
created twice. One target, one watch or one provider that fails is an outcome that is counted; only a tick
that could not run raises.
"""

import logging
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from watchers import board as boards
from watchers import homes, schedule
from watchers.asking import SHORT, answers
from watchers.board import Board, Refused
from watchers.choosing import choose
from watchers.clocks import Moment, stopwatch
from watchers.documents import Document, Documents
from watchers.errors import (
    ConflictError,
    DocumentTooLargeError,
    StoreError,
)
from watchers.folding import fold
from watchers.history import milliseconds, moment
from watchers.looking import UNEVENTFUL, Looked, look
from watchers.money import spoken
from watchers.observation import Observation
from watchers.places import Places
from watchers.price_history import archive
from watchers.providers.base import Fetched, Provider, concurrency
from watchers.quota import WAITS_BELOW, Budget
from watchers.rows import Row, milliseconds_of
from watchers.target import Target

if TYPE_CHECKING:
    from watchers.models import Alert

log = logging.getLogger(__name__)

_LOW, _AMPLE = 0.1, 0.2  # of a quota that is left: nearly spent, and no longer so
DEAREST = 8  # calls that one look is ever expected to take
_OUTAGES = frozenset({"unavailable", "rejected", "crashed"})  # said once for the provider, not each target

Progress = Callable[[int, int], None]
Told = Callable[[], None]
"""Is called when alerts were created, so that somebody may start sending them."""


class Report(msgspec.Struct):
    """What a tick did, in numbers. ``would_tell`` is filled by a dry run only."""

    board: str
    run: str
    skipped: str | None = None
    targets: int = 0
    asked: int = 0
    calls: int = 0
    changes: int = 0
    alerts: int = 0
    held: int = 0
    archived: int = 0
    left_due: int = 0
    blind: int = 0
    founded: tuple[str, ...] = ()
    blocked_until: datetime | None = None
    failures: Counter[str] = msgspec.field(default_factory=Counter)
    operations: Counter[str] = msgspec.field(default_factory=Counter)
    milliseconds: int = 0
    would_tell: list[dict[str, Any]] = msgspec.field(default_factory=list)

    @property
    def is_eventful(self) -> bool:
        """Whether there is anything to say about it."""
        return bool(self.skipped or self.changes or self.alerts or self.held or self.founded)

    def to_json(self) -> dict[str, Any]:
        """For the answer and the log: what is empty is left out."""
        said = msgspec.structs.asdict(self)
        said |= {"failures": dict(self.failures), "operations": dict(self.operations)}
        said |= {"blocked_until": self.blocked_until.isoformat() if self.blocked_until else None}
        return {name: value for name, value in said.items() if value not in (None, (), [], {})}


def tick(  # noqa: PLR0913 - what a tick is made of
    documents: Documents,
    places: Places,
    provider: Provider,
    *,
    board_name: str,
    run: str,
    now: datetime,
    every: timedelta = timedelta(seconds=60),
    seconds: float = 45,
    dry_run: bool = False,
    progress: Progress = lambda _asked, _due: None,
    told: Told = lambda: None,
    grouping: timedelta = timedelta(0),
    is_last: bool = True,
    document: Document | None = None,
    keep: timedelta = timedelta(0),
    shards: int | None = None,
    blocked_until: datetime | None = None,
    clocks: Callable[[datetime], Moment] = Moment,
) -> Report:
    """Run one tick of one board.

    Args:
        documents: The database.
        places: Where jobs and statuses lie.
        provider: The board's provider.
        board_name: ``steam-0``: provider and shard.
        run: The run's key: a run that finished is never repeated.
        now: The tick's time (aware UTC, cut to milliseconds).
        every: How long a target rests between two looks.
        seconds: After this long nothing more is asked; what is left stays due.
        dry_run: Ask and decide, but create no alert and remember nothing except the calls that were spent.
        progress: Is told after each answer how many targets were asked, of how many that were due.
        told: Is called each time alerts were created.
        grouping: How long a new alert waits for others of the same person, while others may come.
        is_last: Whether no other board is ticked after this one in the same run.
        document: The board, if it was read already.
        keep: How long price history is kept; zero: none is written.
        shards: How many boards the provider has, as far as the caller knows.
        blocked_until: The provider told another of its boards to ask nothing before then.
        clocks: What this machine's other clocks say at a time that is now.

    Raises:
        StoreError: the tick could not run, or not save; running it again is harmless.
    """
    began, operations = stopwatch(), Counter(documents.operations)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    report = Report(board_name, run)
    place, moment = homes.place(documents, board_name, shards, document), clocks(now)
    quota = place.share_of(provider.quota.without_people())
    at_most = math.ceil(seconds * quota.per_second) + concurrency(quota)
    board = homes.claim(documents, place, run, quota, now, at_most=at_most, moment=moment, seconds=seconds)
    if isinstance(board, Refused):
        report.skipped = board.why
    else:
        budget = Budget(
            quota, board.ledger, moment, at_most=board.may_spend, until=began + seconds, began=began,
            hours=board.hours,
        )  # fmt: skip
        if blocked_until is not None:
            budget.block_until(blocked_until)
        scene = _Scene(
            documents,
            places,
            provider,
            board,
            budget,
            report,
            now,
            every,
            began,
            seconds,
            dry_run,
            progress,
            told,
            grouping,
            is_last,
            keep,
        )
        _run(scene, run)
    report.operations = Counter(documents.operations) - operations
    report.milliseconds = round((stopwatch() - began) * 1000)
    log.log(logging.INFO if report.is_eventful else logging.DEBUG, "tick.done", extra=report.to_json())
    return report


class _Scene(msgspec.Struct, frozen=True):
    """What the steps of one tick share."""

    documents: Documents
    places: Places
    provider: Provider
    board: Board
    budget: Budget
    report: Report
    now: datetime
    every: timedelta
    began: float
    seconds: float
    dry_run: bool
    progress: Progress
    told: Told
    grouping: timedelta
    is_last: bool
    keep: timedelta
    changed: list[Row] = msgspec.field(default_factory=list)

    @property
    def deadline(self) -> float:
        """When nothing more is asked, by the stopwatch."""
        return self.began + self.seconds

    def due_at(self, *, alone: bool) -> datetime:
        """When an alert that is created now is to be sent; it waits only for others that may come."""
        grouping = timedelta(0) if alone and self.is_last else self.grouping
        return self.now + timedelta(seconds=stopwatch() - self.began) + grouping


def _run(scene: _Scene, run: str) -> None:
    """Steps 2 to 6. A dry run, or one that breaks off, keeps only the count of calls that were made."""
    board, report = scene.board, scene.report
    finished = False
    try:
        cursor = board.cursor
        elsewhere = fold(scene.documents, scene.places, board, scene.now, scene.deadline)
        if not scene.dry_run:
            report.founded = tuple(
                name for name in sorted(elsewhere) if boards.found(scene.documents, name, cursor)
            )
        _look_at_due(scene)
        finished = not scene.dry_run
    finally:
        board.ledger, report.calls = scene.budget.ledger, scene.budget.made
        report.blocked_until = board.ledger.blocked_until
        if not finished:
            boards.save_ledger(scene.documents, board)
    _note_blindness(scene)
    report.targets = len(board.rows)
    if finished:
        outcomes = archive(scene.documents, scene.changed, scene.now, scene.keep, left=board.left)
        report.archived = outcomes.pop("archived", 0)
        report.failures.update(outcomes)
        _save(scene, run)


def _note_tick(scene: _Scene) -> None:
    """What this one did is kept on the board: nobody writes or reads a document for it."""
    report = scene.report
    said = {
        "at": scene.now,
        "ms": round((stopwatch() - scene.began) * 1000),
        "asked": report.asked,
        "calls": report.calls,
        "failed": sum(report.failures.values()),
        "alerts": report.alerts,
        "low": _note_quota(scene),
    }
    scene.board.ticks = (*scene.board.ticks, said)[-boards.KEPT_TICKS :]


def _note_quota(scene: _Scene) -> bool:
    """Whether the quota is nearly spent; that it has come to be, or is no longer, is logged once.

    Of a window of minutes that is no news: it is spent and free again all day long.
    """
    board, quota, left = scene.board, scene.board.quota, scene.budget.unspent
    was_low = bool(board.ticks and board.ticks[-1].get("low"))
    if quota is None or quota.per < WAITS_BELOW:
        return False
    is_low = left < quota.calls * (_AMPLE if was_low else _LOW)
    if is_low != was_low:
        event, level = ("quota.low", logging.WARNING) if is_low else ("quota.ample", logging.INFO)
        log.log(level, event, extra={"board": board.name, "left": left, "calls": quota.calls})
    return is_low


def _save(scene: _Scene, run: str) -> None:
    _note_tick(scene)
    try:
        boards.save(scene.documents, scene.board, run)
    except ConflictError:
        scene.report.skipped = "overtaken"  # the lease ran out; whoever holds it now looks again
    except DocumentTooLargeError as exc:
        boards.save_ledger(scene.documents, scene.board)
        raise homes.too_full(scene.board) from exc


def _look_at_due(scene: _Scene) -> None:
    board, budget, report = scene.board, scene.budget, scene.report
    schedule.fade(board.pool, scene.now - (board.saved_at or scene.now))
    chosen = choose(board, scene.provider, now=scene.now, every=scene.every, left=budget.left)
    seen = down = surprised = False
    for asked in answers(scene.provider, budget, chosen.calls, board, now=scene.now, deadline=scene.deadline):
        batch, answer = asked.targets, asked.answer
        seen, down = seen or not isinstance(answer, str), isinstance(answer, str) and answer != SHORT
        surprised |= not all(board.rows[target.id].failures for target in batch)
        if answer == SHORT:
            _expect_more(board, batch)
        if isinstance(answer, str):
            _not_seen(scene, {target.id: answer for target in batch})
            continue
        if len(batch) == 1:
            board.rows[batch[0].id].cost = max(1, asked.calls)
        _not_seen(scene, answer.failures)
        for target_id, observation in {**answer.observations, **_also(scene, answer)}.items():
            _seen(scene, target_id, observation, others=chosen.due - report.asked - 1)
        scene.progress(report.asked, chosen.due)
    report.left_due = max(0, chosen.due - report.asked)
    _note_outage(scene, seen=seen, down=down and not seen and surprised)


def _expect_more(board: Board, batch: Iterable[Target]) -> None:
    """What was begun and could not be finished takes more calls than we thought."""
    for target in batch:
        board.rows[target.id].cost = min(2 * board.rows[target.id].cost, DEAREST)


def _also(scene: _Scene, answer: Fetched) -> dict[str, Observation]:
    """What the answer shows of others on this board that were not seen just now: looks that cost nothing."""
    rested = milliseconds(scene.now - scene.every)
    rows = {target_id: scene.board.rows.get(target_id) for target_id in answer.also}
    wanted = [target_id for target_id, row in rows.items() if row and row.seen_ms <= rested]
    return {target_id: answer.also[target_id] for target_id in wanted}


def _not_seen(scene: _Scene, failures: Mapping[str, str]) -> None:
    for target_id, why in failures.items():
        row = scene.board.rows[target_id]
        row.asked_ms, row.failures, row.unseen_why = milliseconds(scene.now), row.failures + 1, why
        schedule.failed(row.pace, scene.board.pool, scene.board.urgency(row, scene.now))
        scene.report.asked += 1
        scene.report.failures[why] += 1
        if row.failures == 1 and why not in _OUTAGES:
            log.warning("target.not_observed", extra={"target": target_id, "why": why})


def _seen(scene: _Scene, target_id: str, observation: Observation, *, others: int) -> None:
    """Tell those whom it concerns; ``others`` are still to be seen in this tick, and may concern them too."""
    row, report = scene.board.rows[target_id], scene.report
    before = row.seen_ms
    due_at = partial(scene.due_at, alone=others <= 0)
    if row.failures:
        log.info("target.observed_again", extra={"target": target_id, "failures": row.failures})
    try:
        looked = look(
            scene.documents,
            scene.places,
            row,
            observation,
            due_at=due_at,
            told=scene.told,
            dry_run=scene.dry_run,
        )
    except Exception as exc:  # one poisoned target must not stop the tick
        log.exception("target.crashed", extra={"target": target_id})
        _not_seen(scene, {target_id: "unrecorded" if isinstance(exc, StoreError) else "crashed"})
        return
    _learn(scene, row, before, looked)
    report.asked += 1
    if looked is UNEVENTFUL:
        return
    report.changes += looked.changed
    if looked.changed:
        scene.changed.append(row)
    report.held += looked.held
    report.alerts += len(looked.alerts)
    report.failures.update(looked.failures)
    if scene.dry_run:
        report.would_tell += [_told(alert) for alert in looked.alerts]
    else:
        _say_created(looked.alerts)


def _say_created(created: "Iterable[Alert]") -> None:
    """The first line of an alert; its delivery writes the others, with the same trace."""
    for alert in created:
        log.info(
            "alert.created",
            extra={
                "alert": alert.id,
                "watch": alert.watch_id,
                "channel": str(alert.channel),
                "reason": str(alert.news.reason),
                "trace": alert.trace,
            },
        )


def _learn(scene: _Scene, row: Row, before: int, looked: Looked) -> None:
    """Put the row where it belongs in the schedule; ``before`` is when it was seen last."""
    if not looked.moved:
        schedule.failed(row.pace, scene.board.pool, scene.board.urgency(row, scene.now))
        return
    weight, event_at = row.worth(row.seen_ms)
    schedule.observed(
        row.pace,
        scene.board.pool,
        weight=weight,
        event_at=event_at,
        since=moment(before) if before else None,
        now=moment(row.seen_ms),
        changed=looked.changed,
        cost=row.cost,
    )


def _told(alert: "Alert") -> dict[str, Any]:
    news = alert.news
    return {
        "watch": alert.watch_id,
        "channel": str(alert.channel),
        "reason": str(news.reason),
        "price": spoken(news.price, news.currency) if news.price is not None and news.currency else None,
    }


def _note_outage(scene: _Scene, *, seen: bool, down: bool) -> None:
    """An outage is logged once when it starts and once when it ends; then nobody waits for it any longer."""
    board = scene.board
    if down and board.down_since is None:
        board.down_since = scene.now
        log.error("provider.down", extra={"board": board.name})
    elif seen and board.down_since is not None:
        log.info("provider.up", extra={"board": board.name, "since": board.down_since.isoformat()})
        board.down_since = None
        for row in board.rows.values():
            row.failures = min(row.failures, 1)


def _note_blindness(scene: _Scene) -> None:
    """A target that was not seen for longer than it should is blind, and said so once."""
    _be_patient(scene)
    turned = Counter[bool]()
    for row in scene.board.rows.values():
        if (blind := row.is_blind(scene.now)) != row.blind:
            row.blind = blind
            turned[blind] += 1
    scene.report.blind = sum(row.blind for row in scene.board.rows.values())
    if turned:
        log.warning(
            "targets.blind",
            extra={
                "board": scene.board.name,
                "more": turned[True],
                "fewer": turned[False],
                "blind": scene.report.blind,
            },
        )


def _be_patient(scene: _Scene) -> None:
    """Where the quota is short, whoever waits for their turn is not blind; worked out only if one does."""
    unseen = [row for row in scene.board.rows.values() if not row.failures and row.is_blind(scene.now)]
    if not unseen or scene.board.down_since is not None:
        return
    from watchers.plan import plan  # noqa: PLC0415 - loaded where somebody waits

    try:
        turns = plan(scene.board, scene.provider, scene.now, scene.every).turns
    except Exception:  # a forecast that fails must not stop the tick
        log.exception("plan.crashed", extra={"board": scene.board.name})
        return
    for row in unseen:
        row.patience_ms = 3 * milliseconds_of(turns[row.target.id].interval)
