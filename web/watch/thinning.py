"""A price's steps as a line of bounded length; what there is no room for is left out, never a low. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby, pairwise
from typing import NamedTuple

from watchers.price_history import Step


class Drawn(NamedTuple):
    """A price from ``since`` to ``until`` (seconds since 1970); ``joined``: nothing is unknown before it."""

    since: float
    until: float
    price: int
    joined: bool = False


def drawn(steps: Sequence[Step], gap: timedelta) -> list[Drawn]:
    """The steps; between two that are further apart than ``gap``, nothing was seen."""
    if not steps:
        return []
    joins = [False, *(after.since - before.until <= gap for before, after in pairwise(steps))]
    return [
        Drawn(step.since.timestamp(), step.until.timestamp(), step.price, is_joined)
        for step, is_joined in zip(steps, joins, strict=True)
    ]


def thinned(line: Sequence[Drawn], columns: int) -> Sequence[Drawn]:
    """At most four steps a column: the first, the lowest, the highest and the last that begin in it.

    A line that is short enough stays as it is. What lies between two kept steps of one column is narrower
    than the column, so they are joined.
    """
    if len(line) <= 4 * columns or line[-1].since <= line[0].since:
        return line
    start, width = line[0].since, (line[-1].since - line[0].since) / columns
    by_column = groupby(
        range(len(line)), lambda index: min(int((line[index].since - start) / width), columns - 1)
    )
    return [one for _, found in by_column for one in _kept(line, list(found))]


def _kept(line: Sequence[Drawn], column: Sequence[int]) -> Iterator[Drawn]:
    lowest = min(column, key=lambda index: line[index].price)
    highest = max(column, key=lambda index: line[index].price)
    before = None
    for index in sorted({column[0], lowest, highest, column[-1]}):
        is_next = before is None or index == before + 1
        yield line[index] if is_next else line[index]._replace(joined=True)
        before = index
