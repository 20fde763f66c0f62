"""What was worked out a moment ago, so that whoever asks again (and again) costs the database nothing."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Memo:
    """Values by name, each good for some seconds; of many who ask at once, one works it out."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[str, tuple[float, Any]] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, name: str, seconds: float, work_out: Callable[[], T]) -> T:
        """What ``work_out`` said within the last ``seconds``; what it raises is not remembered."""
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            at, value = self._known.get(name, (float("-inf"), None))
            if self._clock() - at >= seconds:
                value = work_out()
                self._known[name] = (self._clock(), value)
            return value  # type: ignore[no-any-return]

    def forget(self) -> None:
        """Work out everything anew: something was changed here."""
        with self._lock:
            self._known = {}
