"""Bodies and queries as models; every fault is a sentence with a pointer to where it is.

A body is JSON with each name once, not deeper than anything here can be, and no number that is none. What is
not known is refused, never ignored.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from flask import request
from pydantic import BaseModel, ValidationError

from watchers import errors
from watchers.asked import what
from watchers.errors import WatchRefusedError
from web.api.operation import MERGE_PATCH, Operation
from web.api.problems import Fault, ProblemError

DEEPEST = 16
_ONLY_ONCE = "Give this once."
_M = TypeVar("_M", bound=BaseModel)


class _NotTakenError(ValueError):
    """JSON that is not one of ours."""


def body(operation: Operation) -> Any:
    """What was sent, as the operation's model; of a merge patch, the mapping itself.

    Raises:
        ProblemError: 400, 413, 415, or 422 with every fault.
    """
    if operation.body is None:
        return None
    if request.mimetype not in operation.takes:
        raise ProblemError(415, f"Send the body as {' or '.join(operation.takes)}.")
    given = _parsed(request.get_data(cache=True))
    if MERGE_PATCH in operation.takes:
        return _patch(operation.body, given)
    return model(operation.body, given)


def _patch(kind: type[BaseModel], given: Any) -> dict[str, Any]:
    """The fields that change; whether what comes of it is right is judged by whoever merges it.

    Raises:
        ProblemError: 422, it is no object, or names a field that there is none of.
    """
    if not isinstance(given, dict):
        raise not_accepted("Send an object with the fields that change.")
    known = {field.alias or name for name, field in kind.model_fields.items()}
    if unknown := [name for name in given if name not in known]:
        raise _not_accepted([_unknown(name) for name in unknown])
    return given


def _unknown(name: str) -> Fault:
    return Fault(where="body", pointer=f"/{_escaped(name)}", detail="This field is not known; remove it.")


def model(kind: type[_M], given: Any) -> _M:
    """A value as this model.

    Raises:
        ProblemError: 422 with every fault.
    """
    try:
        return kind.model_validate(given)
    except ValidationError as exc:
        raise refused(exc, given) from exc


def query(kind: type[_M] | None) -> _M | None:
    """What stands behind the question mark, as this model.

    Raises:
        ProblemError: 422 with every fault.
    """
    given = request.args.to_dict(flat=False)
    if twice := [name for name, values in given.items() if len(values) > 1]:
        raise _not_accepted([Fault(where="query", pointer=_cut(name), detail=_ONLY_ONCE) for name in twice])
    if kind is None:
        if given:
            unknown = "This is not known here; remove it."
            raise _not_accepted([Fault(where="query", pointer=_cut(name), detail=unknown) for name in given])
        return None
    try:
        return kind.model_validate({name: values[0] for name, values in given.items()})
    except ValidationError as exc:
        faults = [
            Fault(where="query", pointer=_cut(_dotted(fault["loc"])), detail=_sentence(what(fault)))
            for fault in exc.errors()
        ]
        raise _not_accepted(faults) from exc


def refused(error: ValidationError, given: Any) -> ProblemError:
    """Every fault of a body, with its pointer."""
    every = error.errors()
    inside = {fault["loc"][:depth] for fault in every for depth in range(len(fault["loc"]))}
    faults = [
        Fault(where="body", pointer=_pointer(fault, given), detail=_sentence(what(fault)))
        for fault in every
        if fault["type"] != "too_short" or fault["loc"] not in inside  # its entries are at fault
    ]
    return _not_accepted(list(dict.fromkeys(faults)))


def refused_watch(error: WatchRefusedError) -> ProblemError:
    """Every reason why a watch cannot be watched, with its pointer where it names a field."""
    return _not_accepted([_placed(one) for one in error.faults])


def not_accepted(detail: str, pointer: str = "") -> ProblemError:
    """One sentence about the body, or about one of its fields."""
    return _not_accepted([Fault(where="body", pointer=pointer, detail=detail)])


def not_asked(detail: str) -> ProblemError:
    """One sentence about the query."""
    return _not_accepted([Fault(where="query", pointer="", detail=detail)])


def _not_accepted(faults: Sequence[Fault]) -> ProblemError:
    return ProblemError(422, " ".join(dict.fromkeys(fault.detail for fault in faults))[:2000], faults)


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────────────────


def _parsed(raw: bytes) -> Any:
    try:
        given = json.loads(raw, object_pairs_hook=_once, parse_constant=_no_number)
    except _NotTakenError as exc:
        raise ProblemError(400, str(exc)) from exc
    except (ValueError, RecursionError) as exc:
        raise ProblemError(400, "The body is not JSON.") from exc
    if _depth_exceeds(given, DEEPEST):
        raise ProblemError(400, f"The body is nested deeper than {DEEPEST} levels.")
    return given


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _NotTakenError(f"The name {_cut(twice)!r} is there more than once.")
    return found


def _no_number(name: str) -> Any:
    raise _NotTakenError(f"{name} is no number in JSON.")


def _depth_exceeds(given: Any, most: int) -> bool:
    level: list[Any] = [given]
    for _ in range(most):
        level = [inner for outer in level for inner in _within(outer)]
        if not level:
            return False
    return True


def _within(outer: Any) -> Iterator[Any]:
    if isinstance(outer, dict):
        yield from outer.values()
    elif isinstance(outer, list):
        yield from outer


# ── where it is ──────────────────────────────────────────────────────────────────────────────────────────


def _pointer(fault: Mapping[str, Any], given: Any) -> str:
    """The JSON pointer: the location without the tags that pydantic puts between."""
    parts: list[str] = []
    here, last = given, len(fault["loc"]) - 1
    for place, part in enumerate(fault["loc"]):
        if _is_in(part, here):
            here = here[part]
        elif place < last or fault["type"] != "missing":
            continue
        parts.append(_escaped(str(part)))
    return "".join(f"/{part}" for part in parts)


def _escaped(name: str) -> str:
    """As a part of a JSON pointer."""
    return _cut(name).replace("~", "~0").replace("/", "~1")


_FIELD = re.compile(r"(conditions) (\d+)(?:, (\w+))?|(target|filters|snoozed_until|name|notify)|date_to")


def _is_in(part: object, here: Any) -> bool:
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, dict) and part in here


def _placed(one: errors.Fault) -> Fault:
    """What ``read_watch`` says, with the pointer to the field it is about, where it is about one."""
    found = _FIELD.fullmatch(one.place)
    detail = _sentence(one.said if found else str(one))
    if found is None:
        return Fault(where="body", pointer="", detail=detail)
    if found[1]:
        field = f"/{found[3]}" if found[3] else ""
        return Fault(where="body", pointer=f"/conditions/{int(found[2]) - 1}{field}", detail=detail)
    pointer = f"/{found[4]}" if found[4] else "/target/search/date_to"
    return Fault(where="body", pointer=pointer, detail=detail)


def _dotted(location: Sequence[int | str]) -> str:
    return ".".join(map(str, location[:1]))


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}" + ("" if said.endswith((".", "!", "?")) else ".")


def _cut(text: str) -> str:
    """A name as somebody wrote it, printable and short."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in text)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"  # noqa: PLR2004 - long enough to recognise
