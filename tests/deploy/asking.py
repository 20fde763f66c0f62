"""Every query that the code makes, found in two ways: by reading the code, and by listening to what it sends.

A query is made by ``Query(…)`` and in no other way, and only ``store/`` knows Firestore (a test holds both).
So who reads all of these calls knows every query there can be.
"""

import ast
import importlib
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from google.cloud.firestore_v1.field_path import FieldPath

from notifiers.personal.whereabouts import Named, holdings
from tests.indexes import (
    ASCENDING,
    DESCENDING,
    EVERYWHERE,
    HERE,
    NAME,
    Asked,
    Order,
    Path_,
    asked_of,
    spelled,
)
from watchers.places import Places

ROOT = Path(__file__).parents[2]
CODE = [
    *(ROOT / "main.py", ROOT / "scout.py"),
    *(path for folder in ("watchers", "notifiers", "web", "store") for path in (ROOT / folder).rglob("*.py")),
]


def _of(named: Named) -> tuple[str, ...]:
    every = holdings(Places(), "uid")
    return tuple(one.collection.rpartition("/")[2] for one in every if one.named is named)


_JOBS = (Places().worker_collection,)
_STANDS_FOR: Mapping[str, tuple[str, ...]] = {
    "places.worker_collection": _JOBS,
    "settings.places.worker_collection": _JOBS,
    "site.places.worker_collection": _JOBS,
    "site().places.sources(uid)": ("ticket_monitors",),
    "site().places.sources(call.uid)": ("ticket_monitors",),
    "places.statuses(uid)": ("ticket_status",),
    "collection(target_id)": ("chunks",),
    "str(contact.kind)": ("phone", "email"),
    "holding.collection by BY_UID": _of(Named.BY_FIELD),
    "holding.collection": _of(Named.BY_FOLDER),
    "field": ("uid", ""),  # scout.py: of one person, or of all
}
"""What an expression may stand for that only running code can say."""


class Found(NamedTuple):
    """One query of the code, and where it is made."""

    asked: Asked
    where: str


def queries() -> Iterator[Found]:
    """Every query that the code makes, as the code says it."""
    for path in CODE:
        tree = ast.parse(path.read_text())
        for call in _calls(tree, "Query"):
            where = f"{path.relative_to(ROOT)}:{call.lineno}"
            for asked in _asked(call, _names(path, tree), where):
                yield Found(asked, where)


def _calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == name:
            yield node


def _names(path: Path, tree: ast.AST) -> Mapping[str, Any]:
    """What names mean in a module, also those that only a function imports."""
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    imported = {
        one.asname or one.name: _imported(str(node.module), one.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for one in node.names
    }
    return {**imported, **vars(importlib.import_module(module))}


def _imported(module: str, name: str) -> Any:
    found = getattr(importlib.import_module(module), name, None)
    return found if found is not None else importlib.import_module(f"{module}.{name}")


def _asked(call: ast.Call, names: Mapping[str, Any], where: str) -> Iterator[Asked]:
    said = dict(zip(("collection", "field", "op", "value"), call.args, strict=False))
    said |= {one.arg: one.value for one in call.keywords if one.arg}
    by = said.get("field")
    groups = _meanings(said["collection"], names, where, by=by)
    op = ast.literal_eval(said["op"]) if "op" in said else "=="
    for group, field in product(groups, _fields(by, names, where)):
        if field:
            yield asked_of(group, spelled(group, field), op)
        else:
            yield Asked(group, order=(Order((NAME,)),) if "value" in said else ())


def _fields(by: ast.expr | None, names: Mapping[str, Any], where: str) -> list[Path_]:
    """The field as a path of keys; a key that only running code knows is spelled ``*``."""
    if by is None:
        return [()]
    if isinstance(by, ast.Tuple):
        first, *others = by.elts
        return [(one, *("*" for _ in others)) for one in _meanings(first, names, where)]
    known = names.get(ast.unparse(by))
    if isinstance(known, tuple):
        return [known]
    return [(one,) if one else () for one in _meanings(by, names, where)]


def _meanings(
    node: ast.expr, names: Mapping[str, Any], where: str, *, by: ast.expr | None = None
) -> tuple[str, ...]:
    """What the expression stands for: its own value, that of a constant, or what is said above."""
    text = ast.unparse(node)
    beside = f"{text} by {ast.unparse(by)}" if by is not None else text
    for said in (beside, text):
        if said in _STANDS_FOR:
            return _STANDS_FOR[said]
    match node:
        case ast.Constant(value=str(value)):
            return (value,)
        case ast.Name(id=name) if isinstance(names.get(name), str):
            return (names[name],)
        case ast.Attribute(value=ast.Name(id=module), attr=name):
            constant = getattr(names.get(module), name, None)
            if isinstance(constant, str):
                return (constant,)
    raise AssertionError(f"{where}: say in {Path(__file__).name} what `{text}` may stand for")


# ── listening ────────────────────────────────────────────────────────────────────────────────────────────

_RANGES = ("LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "NOT_EQUAL", "NOT_IN")


def heard(structured: Any) -> Asked:
    """What a request to Firestore asks (its own ``StructuredQuery``, as it was sent)."""
    (source,) = structured.from_
    group, scope = source.collection_id, EVERYWHERE if source.all_descendants else HERE
    by: dict[str, set[Path_]] = {"equal": set(), "contains": set(), "ranged": set()}
    for one in _filters(structured.where):
        by[_kind(one)].add(spelled(group, _path(one.field.field_path)))
    order = tuple(
        Order(spelled(group, _path(one.field.field_path)), _direction(one)) for one in structured.order_by
    )
    equal, contains, ranged = map(frozenset, by.values())
    return Asked(group, equal, contains, ranged, order, scope)


def _filters(where: Any) -> Iterator[Any]:
    match where._pb.WhichOneof("filter_type") if where else None:  # noqa: SLF001 - protobuf has no other
        case "field_filter":
            yield where.field_filter
        case "composite_filter":
            for one in where.composite_filter.filters:
                yield from _filters(one)
        case None:
            return
        case other:
            raise AssertionError(f"this does not know what index a {other} needs")


def _kind(one: Any) -> str:
    name = one.op.name
    if name in _RANGES:
        return "ranged"
    return {"EQUAL": "equal", "IN": "equal", "ARRAY_CONTAINS": "contains", "ARRAY_CONTAINS_ANY": "contains"}[
        name
    ]


def _path(text: str) -> Path_:
    return tuple(FieldPath.from_api_repr(text).parts)


def _direction(one: Any) -> str:
    return DESCENDING if one.direction.name == DESCENDING else ASCENDING
