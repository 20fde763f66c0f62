"""One run of the worker: a tick of every board, then whatever was left in the outbox.

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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from watchers import board as boards
from watchers.clocks import Moment
from watchers.documents import Documents
from watchers.folding import PAGE, boards_of
from watchers.jobs import Places, changed_since
from watchers.providers.base import Provider
from watchers.tick import Progress, Report, tick

log = logging.getLogger(__name__)

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


@dataclass(frozen=True, slots=True)
class Round:
    """What a run did: a report for each board, and what was swept. ``failed`` boards could not run."""

    run: str
    providers: tuple[str, ...]
    reports: tuple[Report, ...]
    swept: Mapping[str, int]
    failed: tuple[str, ...] = ()
    operations: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The answer to the scheduler."""
        return {
            "run": self.run,
            "targets_asked": sum(report.asked for report in self.reports),
            "calls": dict.fromkeys(self.providers, 0)
            | {report.board.rsplit("-", 1)[0]: report.calls for report in self.reports},
            "changes": sum(report.changes for report in self.reports),
            "alerts": sum(report.alerts for report in self.reports),
            "failures": dict(sum((report.failures for report in self.reports), Counter[str]())),
            "delivered": dict(self.swept),
            "document_operations": dict(self.operations),
            "milliseconds": sum(report.milliseconds for report in self.reports),
            "boards": [report.to_json() for report in self.reports],
            "boards_failed": list(self.failed),
        }


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
    clocks: Callable[[datetime], Moment] = Moment,
) -> Round:
    """Tick every board in turn, then sweep the outbox. A board that fails does not stop the others.

    As soon as there are alerts they are swept, while the boards go on being ticked: nobody waits for the
    last board. A run without any alert sweeps once, at its end.

    ``seconds`` are shared evenly by the boards. ``now`` is when the run began: what comes later in it is
    given its own time, from which leases run. ``keep``: how long price history is kept. A dry run sends
    nothing.
    """
    began, operations = time.monotonic(), Counter(documents.operations)
    reports: list[Report] = []
    failed: list[str] = []
    standing = boards.standing(documents)
    ours = {f"{name}-0": provider for name, provider in providers.items()}
    waiting = deque([name for name in ours if name in standing] or _first(documents, places, ours))
    with _Sweeper(sweep, now, began) as sweeper:
        while waiting:
            board = waiting.popleft()
            at = now + timedelta(seconds=time.monotonic() - began)
            try:
                report = tick(
                    documents, places, ours[board], board_name=board, run=run, now=at, every=every,
                    seconds=seconds / len(ours), dry_run=dry_run, progress=progress,
                    told=(lambda: None) if dry_run else sweeper.wake, grouping=grouping,
                    is_last=not waiting, document=standing.get(board), keep=keep, clocks=clocks,
                )  # fmt: skip
            except Exception as exc:  # the store's fault or a bug: the other boards and the outbox go on
                log.exception("tick.failed", extra={"board": board, "why": type(exc).__name__})
                failed.append(board)
                tried = {board, *waiting, *standing, *failed, *(done.board for done in reports)}
                waiting += [name for name in _first(documents, places, ours) if name not in tried]
            else:
                reports.append(report)
                waiting += [name for name in report.founded if name in ours]
        swept = sweeper.finish(dry_run=dry_run)
    spent = Counter(documents.operations) - operations
    return Round(run, tuple(providers), tuple(reports), swept, tuple(failed), spent)


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


def _first(documents: Documents, places: Places, ours: Mapping[str, Provider]) -> list[str]:
    """While no board stands: those that the first watches belong on. Nobody watches anything: none."""
    page = documents.find(changed_since(places, None, PAGE))
    return [name for name in ours if name in boards_of(page)]
