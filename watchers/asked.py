"""Reading what a person asked for: every fault at once, as sentences that say what to do. Pure.

The plain shape of the first generation, ``{"eventId", "eventName", "maxPrice", "status"}``, is read as a
Ticketmaster ``below`` watch in US dollars.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from watchers.errors import TOO_LARGE, Fault, WatchRefusedError
from watchers.kinds import Kind
from watchers.language import say, to_say
from watchers.money import Basis
from watchers.providers.base import beyond_every_provider
from watchers.target import Target
from watchers.watch import MAX_NAME, Condition, Filters, PriceCondition, Watch

Refusal = Callable[[Target, Filters], str | None]
"""Why a target cannot be watched with these filters, as a sentence; ``None`` when it can."""

CannotSee = Callable[[Target, Condition], str | None]
"""Why a condition can never fire on a target, and what to choose instead; ``None`` when it may fire."""

MAX_BYTES = 20_000
_PLAIN = {"eventId", "eventName", "maxPrice", "status", "snoozed_until"}
_PLAIN_NAMES = {
    "name": "eventName",
    "target, item": "eventId",
    "conditions 1, price": "maxPrice",
    "conditions 1, below": "maxPrice",
}
_LATEST_ZONE = timedelta(hours=12)  # a day is over only when it is over everywhere


def read_watch(
    fields: Mapping[str, Any],
    refusal: Refusal,
    now: datetime,
    *,
    cannot_see: CannotSee = beyond_every_provider,
) -> Watch:
    """The watch that a document asks for.

    Args:
        fields: The person's document.
        refusal: What the providers cannot do.
        now: For dates that have passed (aware UTC).
        cannot_see: Which conditions can never fire. A watch is refused when none can on any target.

    Raises:
        WatchRefusedError: with a sentence for every fault found.
    """
    _require_a_document(fields)
    plain = "eventId" in fields
    shape = _from_plain(fields) if plain else dict(fields)
    try:
        watch = Watch.model_validate(shape)
    except ValidationError as exc:
        raise WatchRefusedError(faults(exc, _PLAIN_NAMES if plain else {})) from exc
    if reasons := [*_past(watch, now), *_refused(watch, refusal), *_never_fires(watch, cannot_see)]:
        raise WatchRefusedError(reasons)
    return watch.model_copy(update={"notify": tuple(dict.fromkeys(watch.notify))})


def _require_a_document(fields: object) -> None:
    if not isinstance(fields, Mapping):
        raise WatchRefusedError(
            [say('A watch is an object with fields, such as {"name": "Lakers under $90", …}.')]
        )
    try:
        size = len(json.dumps(fields, default=str))
    except (TypeError, ValueError, RecursionError) as exc:
        raise WatchRefusedError([say("The watch could not be read: names of fields are text.")]) from exc
    if size > MAX_BYTES:
        most = f"{MAX_BYTES:,}"
        said = say("The watch is too large: at most {most} characters in all.", most=most)
        raise WatchRefusedError([Fault(said, code=TOO_LARGE)])


def _from_plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(fields) - _PLAIN):
        said = f"{say(_SENTENCES['extra_forbidden'])}."
        raise WatchRefusedError([Fault(said, _named(name), "extra_forbidden") for name in unknown])
    status = fields.get("status", "active")
    event_id = "" if fields["eventId"] is None else fields["eventId"]
    return {
        "name": fields.get("eventName") or str(event_id or "event")[:MAX_NAME],
        "target": {"provider": "ticketmaster", "item": event_id},
        "conditions": [{"kind": Kind.BELOW, "price": fields.get("maxPrice"), "currency": "USD"}],
        "status": status.lower() if isinstance(status, str) else status,
        "snoozed_until": fields.get("snoozed_until"),
    }


def _past(watch: Watch, now: datetime) -> list[Fault]:
    days = [target.search.date_to for target in watch.targets if target.search and target.search.date_to]
    today = (now - _LATEST_ZONE).date()
    return [
        Fault(say("{day} has passed; choose a later day.", day=day), "date_to") for day in days if day < today
    ]


def _refused(watch: Watch, refusal: Refusal) -> list[Fault]:
    said = (refusal(target, watch.filters) for target in watch.targets)
    return [Fault(reason) for reason in dict.fromkeys(said) if reason]


def _never_fires(watch: Watch, cannot_see: CannotSee) -> list[Fault]:
    """Why not, for every condition on every target; nothing where a single one may fire."""
    reasons: dict[Fault, None] = {}
    for number, condition in enumerate(watch.conditions, 1):
        where = f"conditions {number}" + (", basis" if isinstance(condition, PriceCondition) else "")
        for target in watch.targets:
            why = _filtered_out(watch.filters, condition) or cannot_see(target, condition)
            if why is None:
                return []
            reasons[Fault(why, where)] = None
    return list(reasons)


def _filtered_out(filters: Filters, condition: Condition) -> str | None:
    if not isinstance(condition, PriceCondition) or filters.basis in (None, condition.basis):
        return None
    if condition.basis == "any":
        return None
    return say("the filter lets {basis} prices through only; choose {basis} or any.", basis=filters.basis)


_SENTENCES = {
    "missing": to_say("this is needed"),
    "extra_forbidden": to_say("this field is not known; remove it"),
    "string_too_long": to_say("at most {max_length} characters"),
    "string_too_short": to_say("must not be empty"),
    "too_short": to_say("at least {min_length} is needed"),
    "too_long": to_say("at most {max_length} are possible"),
    "literal_error": to_say("choose one of {expected}"),
    "enum": to_say("choose one of {expected}"),
    "greater_than": to_say("must be over {gt}"),
    "greater_than_equal": to_say("must be at least {ge}"),
    "less_than": to_say("must be under {lt}"),
    "less_than_equal": to_say("must be at most {le}"),
    **dict.fromkeys(("string_type", "string_unicode"), to_say("write this as text")),
    **dict.fromkeys(("finite_number", "float_type", "float_parsing"), to_say("must be a plain number")),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), to_say("must be a whole number")),
    "tuple_type": to_say("write this as a list"),
    **dict.fromkeys(
        ("model_type", "model_attributes_type"), to_say("this needs fields of its own, in braces")
    ),
    "union_tag_invalid": to_say("choose one of {expected_tags}"),
    "union_tag_not_found": to_say('say which kind it is, such as {{"kind": "below"}}'),
}
_PATTERNS = {
    "currency": to_say('three capital letters, such as "USD"'),
    "country": to_say('two capital letters, such as "US"'),
    "provider": to_say('a provider\'s name, such as "ticketmaster"'),
}
_NO_PATTERN = to_say("this is not in the right form")


def sentences(error: ValidationError) -> list[str]:
    """What pydantic found, in words for whoever filled in the form."""
    return list(map(str, faults(error)))


def faults(error: ValidationError, names: Mapping[str, str] | None = None) -> list[Fault]:
    """What pydantic found, each once, with its place; ``names`` are somebody's own names of fields."""
    every = error.errors()
    inside = {fault["loc"][:depth] for fault in every for depth in range(len(fault["loc"]))}
    found: dict[str, Fault] = {}
    for fault in every:
        if fault["type"] == "too_short" and fault["loc"] in inside:
            continue  # nothing is left of a list only because its entries are at fault
        where = _where(fault["loc"])
        one = Fault(f"{what(fault)}.", (names or {}).get(where, where), str(fault["type"]))
        found.setdefault(str(one), one)
    return list(found.values())


def what(fault: Mapping[str, Any]) -> str:
    """One fault that pydantic found, in words, without its place."""
    if str(fault["type"]).startswith("date_"):
        return say('write a date such as "2026-12-31"')
    if str(fault["type"]).startswith(("datetime_", "timezone_")):
        return say('write a time with its zone, such as "2026-12-31T18:00:00Z"')
    if "basis" in fault["loc"] and fault["type"] in ("enum", "literal_error"):
        bases, is_free = ", ".join(Basis), "conditions" in fault["loc"]
        one_of = to_say("choose one of {expected} or any") if is_free else _SENTENCES["enum"]
        return say(one_of, expected=bases)
    if fault["type"] == "string_pattern_mismatch":
        return say(_PATTERNS.get(str(fault["loc"][-1]), _NO_PATTERN))
    template = _SENTENCES.get(fault["type"])
    if template is None:
        return str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    context = {name: _plain(value) for name, value in fault.get("ctx", {}).items()}
    if "expected_tags" in context:
        context["expected_tags"] = ", ".join(Kind)
    return say(template).format(**context)


def _plain(value: object) -> str:
    """A limit or a choice as people write it: ``100``, not ``100.0``."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace("<Kind.", "").replace("'", "")


def _where(location: Sequence[int | str]) -> str:
    """``conditions 1, price``: without the tags pydantic puts between."""
    words: list[str] = []
    for part in location:
        if isinstance(part, int):
            words[-1:] = [f"{words[-1]} {part + 1}"] if words else [str(part + 1)]
        elif "[" not in part and (part not in (*Kind, *words) or part == location[-1]):
            words.append(_named(part))
    return ", ".join(dict.fromkeys(words)) or "watch"


def _named(name: object) -> str:
    text = "".join(letter if letter.isprintable() else "?" for letter in str(name))
    return text if len(text) <= 40 else f"{text[:40]}…"  # noqa: PLR2004 - long enough to recognise
