"""A dictionary with an end: what was not used for longest is forgotten. Safe to share between threads."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """At most ``size`` values, in this process alone: another process, or the next, knows none of them.

    Together they weigh at most ``most``, each by ``weigh``; one that weighs more by itself is not kept.
    """

    def __init__(self, size: int, most: int = 0, weigh: Callable[[Value], int] = lambda _value: 0) -> None:
        self._size, self._most, self._weigh = size, most, weigh
        self._lock, self._weight = threading.Lock(), 0
        self._values = OrderedDict[Key, Value]()

    def get(self, key: Key) -> Value | None:
        """The value, which then counts as used."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Remember it in place of what was known."""
        with self._lock:
            self._drop(key)
            self._values[key] = value
            self._weight += self._weigh(value)
            while len(self._values) > self._size or self._weight > self._most:
                self._drop(next(iter(self._values)))

    def forget(self, key: Key) -> None:
        """Harmless when nothing is known."""
        with self._lock:
            self._drop(key)

    def _drop(self, key: Key) -> None:
        if key in self._values:
            self._weight -= self._weigh(self._values.pop(key))
