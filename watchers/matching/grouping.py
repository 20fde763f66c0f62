"""Many entries of several markets: which of them are one event.

Only entries that share a day and a word are compared. A group is one in which EVERY two entries of different
markets match: there is no chain from the first to the last through weak links. Two entries of one market are
in one group only if they are one entry, or twins that nothing tells apart. Where an entry may be either of
two that another market tells apart, it is joined to the one of its own minute, or to neither.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    found = _without_guesses(events, matches(events, not_same=not_same))
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


def _without_guesses(
    events: Sequence[Event], found: Mapping[tuple[int, int], Match]
) -> dict[tuple[int, int], Match]:
    """Without the pairs of an entry that may be this or that one of another market."""
    like: dict[tuple[int, str | None], list[int]] = {}
    for pair in found:
        for i, j in (pair, pair[::-1]):
            if events[i].provider != events[j].provider:
                like.setdefault((i, events[j].provider), []).append(j)
    guesses = {
        _key(i, j)
        for (i, _), some in like.items()
        if not _are_one(some, found)
        for j in set(some).difference(_at_its_minute(events, i, some, found))
    }
    return {pair: said for pair, said in found.items() if pair not in guesses}


def _at_its_minute(
    events: Sequence[Event], i: int, some: Iterable[int], found: Mapping[tuple[int, int], Match]
) -> list[int]:
    """The one of ``some`` that starts when entry ``i`` does, and its twins; empty where they are several."""
    same = [j for j in some if _is_at_one_minute(events[i], events[j])]
    return same if _are_one(same, found) else []


def _are_one(some: Iterable[int], found: Mapping[tuple[int, int], Match]) -> bool:
    return all(_key(j, k) in found for j, k in combinations(some, 2))


def _is_at_one_minute(a: Event, b: Event) -> bool:
    start = times.read(a, b).at
    return start is not None and start == times.read(b, a).at


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
