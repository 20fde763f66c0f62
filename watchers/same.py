"""Which entries of several markets are the same event: ``watchers.matching``, loaded by who searches."""

from collections.abc import Sequence
from importlib import import_module
from typing import cast

from watchers.events import Event


def groups(events: Sequence[Event]) -> list[list[int]]:
    """The same together, every index once."""
    return cast("list[list[int]]", import_module("watchers.matching").groups(events))


def is_same(one: Event, other: Event) -> bool:
    """Whether two certainly are: surely enough to watch them as one."""
    matching = import_module("watchers.matching")
    return bool(matching.match(one, other).score >= matching.CONFIDENT)
