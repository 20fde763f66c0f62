"""One run of the worker: a tick of every board that is due, then whatever was left in the outbox.

Several boards are ticked side by side by others, where there is a topic to tell them by (``fanout.py``);
what nobody could be told of, and everything where there is none, is ticked here, one after the other.

Cloud Scheduler delivers a run at least once. Its key is the same for every delivery, so that a run that
finished is not repeated. A run that a person forces has a key of its own, because it may carry the time of
the next run, which must still take place.
"""

import contextvars
import hashlib
import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Self

import msgspec

from watchers import homes
from watchers.board import shards_in
from watchers.clocks import Moment
from watchers.documents import Document, Documents
from watchers.errors import StoreError
from watchers.fanout import Message, Publish
from watchers.folding import PAGE, boards_of
from watchers.logs import TRACE
from watchers.places import Places, changed_since
from watchers.providers.base import Provider
from watchers.quota import Ledger
from watchers.shards import board_name, due_shards, home_of, minute_of, provider_of, stride
from watchers.tick import Progress, Report, tick

log = logging.getLogger(__name__)

_NEWS = timedelta(seconds=1)  # later than was known; what clocks differ by is none
EARLY = timedelta(seconds=10)  # a scheduled run may start this long before its time by our clock

Sweep = Callable[[datetime], Counter[str]]
"""Deliver what is due in the outbox at a time; count the outcomes by name."""


def run_key(header: Callable[[str], str | None], now: datetime, unique: str) -> str:
    """The key of a run from Cloud Scheduler's headers.

    Args:
        header: A header of the request by name; the two that count are constant over retries of a run.
        now: The time of the request (aware UTC).
        unique: What tells two manual runs apart.

    Source: https://cloud.google.com/scheduler/docs/deduplicate-job-requests
    """
    job, at = header("X-CloudScheduler-JobName"), header("X-CloudScheduler-ScheduleTime")
    scheduled = _time(at or "")
    if not job or scheduled is None or scheduled > now + EARLY:
        return f"manual-{hashlib.sha256(f'{now.isoformat()} {unique}'.encode()).hexdigest()[:16]}"
    return f"{job.rsplit('/', 1)[-1]}-{scheduled.isoformat()}"


def _time(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


class Round(msgspec.Struct, frozen=True):
    """What a run did: a report for each board it ticked, and what was swept.

    ``failed`` boards could not run; ``published`` ones are ticked by others.
    """

    run: str
    providers: tuple[str, ...]
    reports: tuple[Report, ...]
    swept: Mapping[str, int]
    failed: tuple[str, ...] = ()
    operations: Mapping[str, int] = msgspec.field(default_factory=dict)
    published: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The answer to the scheduler."""
        return {
            "run": self.run,
            "targets_asked": sum(report.asked for report in self.reports),
            "calls": {name: self._calls(name) for name in self.providers},
            "changes": sum(report.changes for report in self.reports),
            "alerts": sum(report.alerts for report in self.reports),
            "failures": dict(sum((report.failures for report in self.reports), Counter[str]())),
            "delivered": dict(self.swept),
            "document_operations": dict(self.operations),
            "milliseconds": sum(report.milliseconds for report in self.reports),
            "boards": [report.to_json() for report in self.reports],
            "boards_failed": list(self.failed),
            "boards_published": list(self.published),
        }

    def _calls(self, provider: str) -> int:
        return sum(one.calls for one in self.reports if provider_of(one.board) == provider)


class _Due(msgspec.Struct):
    """A board to be ticked in this run. ``shards`` are its provider's, as far as its home says so."""

    name: str
    shards: int = 1
    document: Document | None = None
    blocked_until: datetime | None = None

    @property
    def provider(self) -> str:
        return provider_of(self.name)

    def message(self, run: str) -> Message:
        """What tells somebody else to tick it."""
        return Message(self.name, run, self.shards, self.blocked_until, TRACE.get())


def work(  # noqa: PLR0913 - the parts of the worker
    documents: Documents,
    places: Places,
    providers: Mapping[str, Provider],
    sweep: Sweep,
    *,
    run: str,
    now: datetime,
    every: timedelta,
    seconds: float,
    grouping: timedelta = timedelta(0),
    keep: timedelta = timedelta(0),
    dry_run: bool = False,
    progress: Progress = lambda _asked, _due: None,
    runs_every: timedelta = timedelta(minutes=1),
    publish: Publish | None = None,
    clocks: Callable[[datetime], Moment] = Moment,
) -> Round:
    """Have every board ticked that is due, then sweep the outbox. One that fails does not stop the others.

    As soon as there are alerts they are swept, while the boards go on being ticked: nobody waits for the
    last board. A run without any alert sweeps once, at its end.

    ``seconds`` are shared evenly by the boards. ``now`` is when the run began: what comes later in it is
    given its own time, from which leases run. A run comes ``runs_every`` so often. ``keep``: how long price
    history is kept. A dry run sends nothing, and publishes nothing.
    """
    began, operations = time.monotonic(), Counter(documents.operations)
    reports: list[Report] = []
    failed: list[str] = []
    ours = [home_of(name) for name in providers]
    waiting = deque(_due(documents, places, providers, minute_of(now, runs_every), runs_every))
    published = _publish(waiting, run, publish) if not dry_run else ()
    share = seconds / max(1, len(ours), len(waiting))
    with _Sweeper(sweep, now, began) as sweeper:
        while waiting:
            due = waiting.popleft()
            at = now + timedelta(seconds=time.monotonic() - began)
            try:
                report = tick(
                    documents, places, providers[due.provider], board_name=due.name, run=run, now=at,
                    every=every, seconds=share, dry_run=dry_run, progress=progress,
                    told=(lambda: None) if dry_run else sweeper.wake, grouping=grouping,
                    is_last=not waiting, document=due.document, shards=due.shards,
                    blocked_until=due.blocked_until, keep=keep, clocks=clocks,
                )  # fmt: skip
            except Exception as exc:  # the store's fault or a bug: the other boards and the outbox go on
                log.exception("tick.failed", extra={"board": due.name, "why": type(exc).__name__})
                failed.append(due.name)
                tried = {*failed, *published, *(one.name for one in waiting), *(one.board for one in reports)}
                waiting += [_Due(name) for name in _first(documents, places, ours) if name not in tried]
            else:
                reports.append(report)
                _heed(waiting, due.provider, report.blocked_until)
                waiting += [_Due(name) for name in report.founded if name in ours]
        swept = sweeper.finish(dry_run=dry_run)
    spent = Counter(documents.operations) - operations
    return Round(run, tuple(providers), tuple(reports), swept, tuple(failed), spent, published)


def poll(  # noqa: PLR0913 - the parts of the worker
    documents: Documents,
    places: Places,
    provider: Provider,
    sweep: Sweep,
    *,
    message: Message,
    now: datetime,
    every: timedelta,
    seconds: float,
    grouping: timedelta = timedelta(0),
    keep: timedelta = timedelta(0),
    clocks: Callable[[datetime], Moment] = Moment,
) -> Report:
    """Tick the board that a message names. What it finds is sent from here, beside the tick and after it.

    The outbox is asked only if there were alerts; what stays behind, the next run's sweep finds.
    """
    began = time.monotonic()
    with _Sweeper(sweep, now, began) as sweeper:
        report = tick(
            documents, places, provider, board_name=message.board, run=message.run, now=now, every=every,
            seconds=seconds, told=sweeper.wake, grouping=grouping, shards=message.shards,
            blocked_until=message.blocked_until, keep=keep, clocks=clocks,
        )  # fmt: skip
        if report.alerts:
            try:
                sweeper.finish(dry_run=False)
            except Exception:  # the board is saved, so repeating the message would do nothing
                log.exception("sweep.failed")
    _pass_on(documents, message, report, now + timedelta(seconds=time.monotonic() - began))
    return report


def _due(
    documents: Documents,
    places: Places,
    providers: Mapping[str, Provider],
    minute: int,
    runs_every: timedelta,
) -> list[_Due]:
    """The boards whose turn it is; while none stands, those that the first watches belong on."""
    found = homes.find(documents)
    if not found.keys() & providers.keys():
        first = _first(documents, places, [home_of(name) for name in providers])
        if first and not found:
            found = homes.adopt(documents)
        if not found.keys() & providers.keys():
            return [_Due(name) for name in first]
    return [
        board
        for name, provider in providers.items()
        if (home := found.get(name)) is not None
        for board in _boards_of(name, home, provider, minute, runs_every)
    ]


def _boards_of(
    name: str, home: Document, provider: Provider, minute: int, runs_every: timedelta
) -> Iterator[_Due]:
    n = shards_in(home)
    own = Ledger.from_document(home.fields.get("ledger") or {}).blocked_until if n > 1 else None
    blocked_until = max(filter(None, (own, homes.told_until(home))), default=None)
    for shard in due_shards(n, stride(provider.quota, n, runs_every), minute):
        yield _Due(board_name(name, shard), n, None if shard else home, blocked_until)


def _publish(waiting: deque[_Due], run: str, publish: Publish | None) -> tuple[str, ...]:
    """Tell others of several boards; who was told of stands no longer in ``waiting``."""
    if publish is None or len(waiting) < 2:  # noqa: PLR2004 - one alone is ticked here
        return ()
    told = publish([due.message(run) for due in waiting])
    published = tuple(due.name for due in waiting if due.name in told)
    kept = [due for due in waiting if due.name not in told]
    waiting.clear()
    waiting.extend(kept)
    log.info("boards.published", extra={"run": run, "boards": len(published), "ticked_here": len(kept)})
    return published


def _heed(waiting: deque[_Due], provider: str, blocked_until: datetime | None) -> None:
    """A provider told one of its boards to stop: the others hear of it in the same run."""
    for due in waiting:
        if blocked_until is not None and due.provider == provider:
            due.blocked_until = max(blocked_until, due.blocked_until or blocked_until)


def _pass_on(documents: Documents, message: Message, report: Report, now: datetime) -> None:
    """A provider told this board to stop: the home hears of it, and from there the next run's boards."""
    until, known = report.blocked_until, message.blocked_until
    if until is None or message.board == home_of(provider_of(message.board)):
        return
    if known is not None and until < known + _NEWS:
        return
    try:
        told = homes.tell(documents, provider_of(message.board), until, now)
    except StoreError:
        told = False
    if not told:
        log.warning("home.not_told", extra={"board": message.board, "blocked_until": until.isoformat()})


class _Sweeper:
    """Sweeps beside the ticks, in a thread of its own, each time alerts were created; and at the end."""

    def __init__(self, sweep: Sweep, now: datetime, began: float) -> None:
        self._sweep, self._now, self._began = sweep, now, began
        self._swept = Counter[str]()
        self._wanted, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There are alerts to send."""
        self._wanted.set()
        if self._thread is None:
            run = contextvars.copy_context().run
            self._thread = threading.Thread(target=run, args=(self._run,), name="sweeper", daemon=True)
            self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        """No more; what is under way is finished."""
        self._over.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def finish(self, *, dry_run: bool) -> Counter[str]:
        """Sweep once more, for what was left behind; all that was swept."""
        self._stop()
        if not dry_run:
            self._sweep_now()
        return self._swept

    def _run(self) -> None:
        while not self._over.is_set():
            self._wanted.wait()
            self._wanted.clear()
            if not self._over.is_set():
                try:
                    self._sweep_now()
                except Exception:  # the sweep at the end meets it again, and says so to the scheduler
                    log.exception("sweep.failed")

    def _sweep_now(self) -> None:
        later = self._now + timedelta(seconds=time.monotonic() - self._began)
        self._swept += self._sweep(later)  # leases begin when the sending does


def _first(documents: Documents, places: Places, ours: Sequence[str]) -> list[str]:
    """While no board stands: those that the first watches belong on. Nobody watches anything: none."""
    page = documents.find(changed_since(places, None, PAGE))
    return [name for name in ours if name in boards_of(page)]
