"""Which indexes a query of Firestore needs, and whether ``deploy/firestore.indexes.json`` leaves them there.

The emulator answers every query, whatever is indexed; Firestore itself refuses one whose index is missing. So
its rules are written down here (https://firebase.google.com/docs/firestore/query-data/index-overview):

* every field has indexes of its own: ascending, descending, and of the elements of a list. An exemption takes
  them away, from all that lies under a map, too, unless something there has its own.
* equality on any number of fields is answered by merging those; so are a range and an order of one field.
* equality beside a range or an order of another field needs a composite index: the equal fields first, then
  those in order. So do a list's element beside anything else, and two fields in order.
* over all collections of one name nothing is indexed by itself.

A field under keys that only data knows (``fires_at.TARGET.PRICE``) is written with ``*`` for each.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, wraps
from pathlib import Path
from typing import Any, NamedTuple

from watchers.documents import Query

FILE = Path(__file__).parents[1] / "deploy" / "firestore.indexes.json"
NAME = "__name__"  # by it everything can be found, in ascending order
ASCENDING, DESCENDING, CONTAINS = "ASCENDING", "DESCENDING", "CONTAINS"
HERE, EVERYWHERE = "COLLECTION", "COLLECTION_GROUP"
Path_ = tuple[str, ...]


class Order(NamedTuple):
    """One field of an order."""

    field: Path_
    way: str = ASCENDING


class Asked(NamedTuple):
    """What a query asks, as far as indexes are concerned: of which collections, by which fields."""

    group: str
    equal: frozenset[Path_] = frozenset()
    contains: frozenset[Path_] = frozenset()
    ranged: frozenset[Path_] = frozenset()
    order: tuple[Order, ...] = ()
    scope: str = HERE

    @property
    def fields(self) -> frozenset[Path_]:
        """Every field it goes by."""
        return self.equal | self.contains | self.ranged | {one.field for one in self.order}

    def in_order(self) -> tuple[Order, ...]:
        """What Firestore orders by: a range says so by itself, what is equal needs none, names come last."""
        named = {one.field for one in self.order}
        implied = tuple(Order(field) for field in sorted(self.ranged - named))
        whole = tuple(one for one in (*self.order, *implied) if one.field not in self.equal)
        last = whole[-2].way if len(whole) > 1 else ASCENDING
        return whole[:-1] if whole and whole[-1] == Order((NAME,), last) else whole


class Single(NamedTuple):
    """The index of one field of a collection; ``way``: ascending, descending, or of a list's elements."""

    group: str
    field: Path_
    way: str
    scope: str = HERE


class Composite(NamedTuple):
    """An index of several fields: the equal ones, whose order is free, then the others."""

    group: str
    equal: frozenset[Path_]
    then: tuple[Order, ...]
    scope: str = HERE


Index = Single | Composite


def needs(asked: Asked) -> tuple[Index, ...]:
    """The indexes without which Firestore refuses the query."""
    in_order, listed = asked.in_order(), tuple(Order(one, CONTAINS) for one in sorted(asked.contains))
    is_merged = not in_order and not (listed and asked.equal) and len(listed) < 2
    if is_merged:
        alone = (*(Order(one) for one in sorted(asked.equal)), *listed)
        return tuple(Single(asked.group, *one, asked.scope) for one in alone if one.field != (NAME,))
    if len(in_order) == 1 and not listed and not asked.equal and in_order[0].field != (NAME,):
        return (Single(asked.group, *in_order[0], asked.scope),)
    return (Composite(asked.group, asked.equal, (*listed, *in_order), asked.scope),)


class Indexes:
    """What ``firestore.indexes.json`` says."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.overrides = {
            (one["collectionGroup"], tuple(one["fieldPath"].split("."))): one
            for one in said["fieldOverrides"]
        }
        self.composite = list(said["indexes"])

    @property
    def exempt(self) -> frozenset[tuple[str, Path_]]:
        """The fields that no index is kept of."""
        return frozenset(key for key, one in self.overrides.items() if one.get("indexes") == [])

    @property
    def expiring(self) -> Mapping[str, str]:
        """The field by which documents end, by collection."""
        return {group: ".".join(field) for (group, field), one in self.overrides.items() if one.get("ttl")}

    def why_not(self, asked: Asked) -> str | None:
        """Why Firestore would refuse the query, as a sentence; ``None`` where it would not."""
        missing = [index for index in needs(asked) if not self._has(index)]
        return f"{asked} needs {missing}, and {FILE.name} does not leave it there" if missing else None

    def unused(self, every: Iterable[Asked]) -> list[str]:
        """What is kept for no query: composite indexes, and those that an override adds or leaves."""
        needed = {index for asked in every for index in needs(asked)}
        kept: list[Index] = [*map(_composite, self.composite), *self._singles()]
        return [str(index) for index in kept if not any(_serves(index, one) for one in needed)]

    def is_exempt(self, group: str, field: Path_) -> bool:
        """Whether no index is kept of the field, because of itself or of the map that it lies in."""
        found = self._override(group, field)
        return found is not None and found.get("indexes") == []

    def _singles(self) -> Iterator[Single]:
        for (group, field), override in self.overrides.items():
            for index in override.get("indexes", ()):
                yield Single(group, field, _way(index), index.get("queryScope", HERE))

    def _override(self, group: str, field: Path_) -> Mapping[str, Any] | None:
        """The nearest one that says anything of indexes: of the field or of a map around it."""
        for length in range(len(field), 0, -1):
            found: Mapping[str, Any] | None = self.overrides.get((group, field[:length]))
            if found is not None and "indexes" in found:
                return found
        return None

    def _has(self, needed: Index) -> bool:
        if isinstance(needed, Composite):
            return any(_serves(_composite(one), needed) for one in self.composite)
        override = self._override(needed.group, needed.field)
        if override is None:
            return needed.scope == HERE
        kept = {(_way(one), one.get("queryScope", HERE)) for one in override["indexes"]}
        return (needed.way, needed.scope) in kept


def _way(index: Mapping[str, Any]) -> str:
    return str(index.get("order") or index["arrayConfig"])


def _composite(said: Mapping[str, Any]) -> Composite:
    """An index of the file; which of its fields are asked for as equal, only a query says."""
    fields = tuple(Order(tuple(one["fieldPath"].split(".")), _way(one)) for one in said["fields"])
    whole = fields[:-1] if fields[-1].field == (NAME,) else fields
    return Composite(said["collectionGroup"], frozenset(), whole, said.get("queryScope", HERE))


def _serves(kept: Index, needed: Index) -> bool:
    if isinstance(kept, Single) or isinstance(needed, Single):
        return kept == needed
    first, then = kept.then[: len(needed.equal)], kept.then[len(needed.equal) :]
    is_of_it = (kept.group, kept.scope) == (needed.group, needed.scope)
    return is_of_it and frozenset(one.field for one in first) == needed.equal and then == needed.then


@cache
def shipped() -> Indexes:
    """What is deployed."""
    return Indexes(json.loads(FILE.read_text()))


# ── queries ──────────────────────────────────────────────────────────────────────────────────────────────


def asked_by(query: Query) -> Asked:
    """What a query of the port asks of Firestore."""
    group = query.collection.rpartition("/")[2]
    if not query.field:
        return Asked(group, order=(Order((NAME,)),) if query.value is not None else ())
    return asked_of(group, query.field, query.op)


def asked_of(group: str, field: Path_, op: str) -> Asked:
    """The same, of its parts."""
    path = frozenset({field})
    if op == "==":
        return Asked(group, equal=path)
    if op == "array_contains":
        return Asked(group, contains=path)
    return Asked(group, ranged=path)


def listening(method: Callable[[Any, Query], Any], refused: list[str]) -> Callable[[Any, Query], Any]:
    """The method of a store that asks, and that adds to ``refused`` why Firestore would not answer."""

    @wraps(method)
    def asks(store: Any, query: Query) -> Any:
        group = query.collection.rpartition("/")[2]
        if query.field and (why_not := _why_not(group, query.field, query.op)):
            refused.append(why_not)
        return method(store, query)

    return asks


@cache
def _why_not(group: str, field: Path_, op: str) -> str | None:
    return shipped().why_not(asked_of(group, field, op))


_KEYED: Mapping[tuple[str, str], int] = {
    ("alerts", "moved"): 1,
    ("worker_monitor_jobs", "fires_at"): 2,
    ("worker_monitor_jobs", "rearms_at"): 2,
}


def spelled(group: str, field: Sequence[str]) -> Path_:
    """The field with ``*`` for each key that only data knows."""
    keyed = _KEYED.get((group, field[0])) if field else None
    return (field[0], *("*" for _ in range(keyed))) if keyed else tuple(field)


def same(asked: Asked) -> Asked:
    """The query without an order that its range implies: a count says none, and needs the same index."""
    implied = {Order(field) for field in asked.ranged} if len(asked.ranged) == 1 else set()
    return asked._replace(order=tuple(one for one in asked.order if one not in implied))
