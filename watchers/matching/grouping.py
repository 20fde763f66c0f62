"""Many entries of several markets: which of them are one event.

Only entries that share a day and a word are compared. A group is one in which EVERY two entries of different
markets match: there is no chain from the first to the last through weak links. Two entries of one market are
in one group only if they are one entry, or twins that nothing tells apart.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import combinations

from watchers.events import Event
from watchers.matching import known, names, places, teams, things, times
from watchers.matching.judging import Match, NotSame, match, nobody_said
from watchers.matching.words import word_set

TWINS = 0.985  # of one market: the same name, venue and minute
_COMMON = word_set("the a of and in at live tour vs v with day pass ticket tickets world game 2026 2027")


def groups(events: Sequence[Event], *, not_same: NotSame = nobody_said) -> list[list[int]]:
    """Every entry's index in exactly one group; groups and their members in the order given."""
    found = matches(events, not_same=not_same)
    group_of = {index: [index] for index in range(len(events))}
    for (i, j), _ in sorted(found.items(), key=lambda one: (-one[1].score, one[0])):
        mine, theirs = group_of[i], group_of[j]
        if mine is not theirs and all(_key(k, m) in found for k in mine for m in theirs):
            mine.extend(theirs)
            for index in theirs:
                group_of[index] = mine
    together = {id(group): sorted(group) for group in group_of.values()}
    return sorted(together.values())


def matches(events: Sequence[Event], *, not_same: NotSame = nobody_said) -> dict[tuple[int, int], Match]:
    """Every pair of entries that is the same event, by its indices; also what one market lists twice."""
    found = {}
    for i, j in sorted(_candidates(events)):
        said = match(events[i], events[j], not_same=not_same)
        if said.same and (events[i].provider != events[j].provider or said.score >= TWINS):
            found[i, j] = said
    return found


def _key(i: int, j: int) -> tuple[int, int]:
    return (i, j) if i < j else (j, i)


def _candidates(events: Sequence[Event]) -> set[tuple[int, int]]:
    """Pairs that may be the same at all: they share a day and a word, and no two towns apart."""
    blocks: dict[tuple[str, str], list[int]] = {}
    for index, event in enumerate(events):
        for key in set(_blocks(event)):
            blocks.setdefault(key, []).append(index)
    where = [places.of(event) for event in events]
    near = [known.areas(place.town) if place.town else frozenset[str]() for place in where]
    return {
        (i, j)
        for block in blocks.values()
        for i, j in combinations(block, 2)
        if not near[i] or not near[j] or near[i] & near[j] or where[i].venue == where[j].venue
        or where[i].state == where[j].state or where[i].known_as & where[j].known_as
    }  # fmt: skip


def _blocks(event: Event) -> Iterator[tuple[str, str]]:
    days = ["a thing"] if things.is_thing(event) else list(_days(event))
    for word in {*_tellings(event)}:
        for day in days:
            yield day, word
    if event.provider and event.item:
        yield event.provider, event.item


def _days(event: Event) -> Iterator[str]:
    """The local day, and those next to it where the zone may move it."""
    day = times.read(event, event).day
    if day is None or event.date is None:
        return
    yield day
    if event.time is not None and event.timezone in {None, "UTC"}:
        for step in (-1, 1):
            try:
                yield (event.date + timedelta(days=step)).isoformat()
            except OverflowError:
                continue


def _tellings(event: Event) -> Iterable[str]:
    title, game = names.of(event), teams.of(event)
    told = {word for text in (title.whole, *title.players) for word in text.split()}
    for side in (game.home, game.away) if game else ():
        told |= {word for full in side.teams for word in full.split()}
    return (told - _COMMON) or told
