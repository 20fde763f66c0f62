"""Asking upstream: the calls of one tick, many at once, and each answer as it comes.

It stops when the quota, the time, or our patience with a provider that is down has run out. A call that
fails is an outcome, said in one word; nothing is tried again here, and nobody is told anything.
"""

import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from queue import SimpleQueue

import msgspec

from watchers import schedule
from watchers.board import Board
from watchers.choosing import Call
from watchers.clocks import stopwatch
from watchers.errors import OutOfQuotaError, ProviderError, ProviderRejectedError
from watchers.providers.base import Fetched, Provider, concurrency
from watchers.quota import Budget, Part, Quota
from watchers.target import Target

log = logging.getLogger(__name__)

GIVE_UP_AFTER = 3  # calls in a row that failed: the provider is down, spare its quota
CALLS_A_THREAD = 3  # a thread and its connection for fewer cost more than they spare
SHORT = "short_of_calls"  # it was begun and takes more than there were: no fault of the provider's
FEW = 8  # calls may always be under way at once


class Asked(msgspec.Struct, frozen=True):
    """One batch that was asked for: the answer, or one word for why there is none; and what it cost."""

    targets: list[Target]
    answer: Fetched | str
    calls: int


def at_once(quota: Quota, calls: int) -> int:
    """How many calls are under way at most: what the quota has use for, and no thread for few of them."""
    return max(1, min(concurrency(quota), max(FEW, calls // CALLS_A_THREAD)))


def answers(
    provider: Provider, budget: Budget, calls: Sequence[Call], board: Board, *, now: datetime, deadline: float
) -> Iterator[Asked]:
    """Make the calls in their order, and say what came of each as soon as it is known.

    Whoever's turn it was moves the board's odometer. After ``deadline`` (of ``stopwatch``) no call is begun.
    """
    waiting, failed_in_a_row = deque(calls), 0
    under_way: dict[Future[Fetched], tuple[list[Target], Part]] = {}
    done = SimpleQueue[Future[Fetched]]()
    most = at_once(board.quota or provider.quota, len(calls))
    with ThreadPoolExecutor(most) as threads:
        while waiting or under_way:
            patient = failed_in_a_row < GIVE_UP_AFTER and stopwatch() < deadline
            while waiting and patient and len(under_way) < most and budget.left > len(under_way):
                call, purse = waiting.popleft(), budget.part()
                schedule.serve(board.pool, call.in_turn)
                asked = threads.submit(provider.fetch, call.targets, purse, now)
                under_way[asked] = call.targets, purse
                asked.add_done_callback(done.put)
            if not under_way:
                break
            future = done.get()
            targets, purse = under_way.pop(future)
            answer = _answer(targets, future, is_known_down=board.down_since is not None)
            if answer is None and purse.made:
                answer = SHORT
            if answer is not None:
                failed_in_a_row += isinstance(answer, str) and answer != SHORT
                failed_in_a_row = failed_in_a_row if isinstance(answer, str) else 0
                yield Asked(targets, answer, purse.made)


def _answer(
    targets: Sequence[Target], future: "Future[Fetched]", *, is_known_down: bool
) -> Fetched | str | None:
    """What was answered, why not in one word, or ``None`` when it was not asked at all."""
    try:
        fetched, ids = future.result(), [target.id for target in targets]
        seen = {one: fetched.observations[one] for one in ids if one in fetched.observations}
        failures = {one: fetched.failures[one] for one in ids if one in fetched.failures}
        return Fetched(seen, failures, {one: also for one, also in fetched.also.items() if one not in ids})
    except OutOfQuotaError:
        return None
    except ProviderRejectedError as exc:
        if not is_known_down:
            log.warning("provider.rejected", extra={"why": str(exc)})
        return "rejected"
    except ProviderError:
        return "unavailable"
    except Exception:  # a bug met by one batch must not stop the tick
        log.exception("provider.crashed")
        return "crashed"
