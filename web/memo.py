"""What was worked out a moment ago, so that whoever asks again (and again) costs the database nothing."""

import math
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from watchers.errors import StoreUnavailableError

T = TypeVar("T")
_STALE = 3  # times as old as it should be: so long it is told while a new one is worked out
_PATIENCE = 2.0  # seconds that somebody waits for whoever works it out


class Memo:
    """Values by name, each good for some seconds; of many who ask at once, one works it out.

    The others are told the last one, or wait for a moment: if that one hangs, they do not.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, patience: float = _PATIENCE) -> None:
        self._clock, self._patience = clock, patience
        self._known: dict[str, tuple[float, Any]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, name: str, seconds: float, work_out: Callable[[], T]) -> T:
        """What ``work_out`` said within the last ``seconds``; what it raises is not remembered.

        Raises:
            StoreUnavailableError: somebody is working it out and does not come to an end.
        """
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        age, value = self._last(name)
        if age < seconds:
            return value  # type: ignore[no-any-return]
        if not lock.acquire(timeout=0 if age < _STALE * seconds else self._patience):
            if age < _STALE * seconds:
                return value  # type: ignore[no-any-return]
            raise StoreUnavailableError(f"{name} is still being worked out")
        try:
            age, value = self._last(name)
            if age >= seconds:
                value = work_out()
                self._known[name] = (self._clock(), value)
            return value  # type: ignore[no-any-return]
        finally:
            lock.release()

    def _last(self, name: str) -> tuple[float, Any]:
        """How old it is, and what was said."""
        at, value = self._known.get(name, (-math.inf, None))
        return self._clock() - at, value

    def forget(self) -> None:
        """Work out everything anew: something was changed here."""
        with self._lock:
            self._known = {}
