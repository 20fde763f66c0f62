"""A dictionary with an end: what was not used for longest is forgotten. Safe to share between threads."""

import threading
from collections import OrderedDict
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """At most ``size`` values, in this process alone: another process, or the next, knows none of them."""

    def __init__(self, size: int) -> None:
        self._size, self._lock = size, threading.Lock()
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
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)

    def forget(self, key: Key) -> None:
        """Harmless when nothing is known."""
        with self._lock:
            self._values.pop(key, None)
