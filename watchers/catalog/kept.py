"""What somebody asked a moment ago, kept in this process; and never the same question twice at once.

Whoever asks what is being asked already waits for the same answer. A question goes on in a thread of its own
when nobody waits any more: its answer is there for whoever asks next. Such a thread ends with the process and
never holds it up.
"""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, NamedTuple, TypeVar

from watchers.clocks import stopwatch

Value = TypeVar("Value")
Start = Callable[[Callable[[], None]], object]


class Asked(NamedTuple, Generic[Value]):
    """A question on its way, or answered already: ``began`` by ``stopwatch``."""

    answer: "Future[Value]"
    began: float


class Kept(Generic[Value]):
    """Answers by question; safe to share between threads.

    Args:
        most: How much is kept in all, by ``size``.
        seconds: How long an answer is kept.
        size: How much one answer takes.
        clock: Seconds that pass.
        start: Does a work beside us; by default in a thread that nobody waits for.
    """

    def __init__(
        self,
        most: int,
        seconds: Callable[[Value], float],
        size: Callable[[Value], int],
        clock: Callable[[], float] = stopwatch,
        start: Start | None = None,
    ) -> None:
        from cachetools import TLRUCache  # noqa: PLC0415 - only who searches pays for it

        self._clock, self._start = clock, start or _in_a_thread
        self._lock = threading.Lock()
        self._asked: dict[Hashable, Asked[Value]] = {}
        self._answers: TLRUCache[Hashable, Asked[Value]] = TLRUCache(
            most,
            ttu=lambda _, kept, now: now + seconds(kept.answer.result()),
            timer=clock,
            getsizeof=lambda kept: size(kept.answer.result()),
        )

    def ask(self, question: Hashable, answer: Callable[[], Value], *, age: float) -> Asked[Value]:
        """The answer that is at most ``age`` seconds old, or on its way; else ``answer`` is called."""
        with self._lock:
            if question in self._asked:
                return self._asked[question]
            kept = self._answers.get(question)
            if kept is not None and self._clock() - kept.began <= age:
                return kept
            asked = self._asked[question] = Asked(Future[Value](), self._clock())
        self._start(lambda: self._settle(question, asked, answer))
        return asked

    def _settle(self, question: Hashable, asked: Asked[Value], answer: Callable[[], Value]) -> None:
        try:
            value = answer()
        except BaseException as exc:
            self._forget(question)
            asked.answer.set_exception(exc)
            raise
        asked.answer.set_result(value)
        self._forget(question, asked._replace(began=self._clock()))

    def _forget(self, question: Hashable, kept: Asked[Value] | None = None) -> None:
        """It is not on its way any more; keep it, if it is there and not too large."""
        with self._lock:
            del self._asked[question]
            if kept is not None and self._answers.getsizeof(kept) <= self._answers.maxsize:
                self._answers[question] = kept


def _in_a_thread(work: Callable[[], None]) -> None:
    try:
        threading.Thread(target=work, name="asking", daemon=True).start()
    except RuntimeError:  # the machine has no thread to give: whoever asks waits
        work()
