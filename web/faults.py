"""What is wrong with a form, beside the field it is about. Pure.

``watchers.asked.read_watch`` alone judges what was filled in, before anything is written; this module finds
the field each of its sentences belongs to, and adds the few faults that only the form knows.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from watchers.asked import Refusal, read_watch
from watchers.errors import WatchRefusedError
from watchers.providers import cannot_see
from watchers.watch import Watch
from web.forms import Form, document, markets_of

LABELS = {
    "name": "Name",
    "provider": "Shop",
    "item": "Its id",
    "keyword": "Search for",
    "city": "City",
    "country": "Country",
    "date_from": "First day",
    "date_to": "Last day",
    "conditions": "Tell me when",
    "price": "Price",
    "currency": "Currency",
    "percent": "Percent",
    "min_saving": "Saving",
    "days": "Days",
    "basis": "Which price counts",
    "already_true": "If it is true already",
    "notify": "Tell me by",
    "form": "",
}


class FormRefusedError(Exception):
    """What was filled in cannot be watched; ``errors`` are sentences by the field they belong to."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = errors


def checked(
    form: Form, base: Watch | None, providers: Mapping[str, str], refusal: Refusal, now: datetime
) -> dict[str, Any]:
    """The document to write, which ``read_watch`` has accepted.

    Raises:
        FormRefusedError: with every fault found, by field.
    """
    made = document(form, base)
    errors: dict[str, list[str]] = {}
    for field, sentence in (*_own_faults(form, providers), *_faults(form, made, refusal, now)):
        if field != "provider" or field not in errors:  # the guard's own sentence says it better
            errors.setdefault(field, []).append(sentence)
    if errors:
        raise FormRefusedError({field: " ".join(errors[field]) for field in LABELS if field in errors})
    return made


def _own_faults(form: Form, providers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    markets = markets_of(form.markets) if form.what == "markets" else None
    for name in [one["provider"] for one in markets] if markets else [form.provider]:
        state = providers.get(name)
        if state is None:
            yield "provider", "Choose a shop."
        elif state != "on":
            yield "provider", f"This shop is switched off here: {state}."
    if form.what == "markets" and not markets:
        yield "item", "Search for the event anew, and watch it on its markets from there."
    if form.new_listing and form.what != "search":
        yield "conditions", "New dates can only be found by a search: one event has only its own date."


def _faults(
    form: Form, made: Mapping[str, Any], refusal: Refusal, now: datetime
) -> Iterator[tuple[str, str]]:
    try:
        read_watch(made, refusal, now, cannot_see=cannot_see)
    except WatchRefusedError as refused:
        kinds = [str(condition["kind"]) for condition in made["conditions"]]
        yield from (_placed(reason, form.what, kinds) for reason in refused.reasons)


def _placed(reason: str, what: str, kinds: list[str]) -> tuple[str, str]:
    """A sentence of ``read_watch`` with the field it belongs to."""
    where, _, said = reason.partition(": ")
    target = "keyword" if what == "search" else "item"
    if condition := re.fullmatch(r"conditions (\d+)(?:, (\w+))?", where):
        field = _field_of_condition(kinds[int(condition[1]) - 1], condition[2])
    elif where in ("target", "target, search"):
        field = "date_to" if "date_from" in said else target
    else:
        field = _FIELDS.get(where, "")
    if field:
        return field, _worded(said)
    if "too large" in where:
        return "form", reason
    return "country" if "country" in reason.lower() else target, reason


def _field_of_condition(kind: str, last: str | None) -> str:
    if last in ("price", "currency", "percent", "min_saving", "days", "basis"):
        return last
    return {"below": "price", "drop": "percent", "historic_low": "days"}.get(kind, "conditions")


def _worded(said: str) -> str:
    if said.startswith("at least 1 is needed"):
        return "Tick at least one."
    said = said.replace("date_from", "the first day").replace("date_to", "the last day")
    return f"{said[:1].upper()}{said[1:]}"


_FIELDS = {
    "name": "name",
    "target, provider": "provider",
    "target, item": "item",
    "target, country": "country",
    "target, search, keyword": "keyword",
    "target, search, city": "city",
    "target, search, country": "country",
    "target, search, date_from": "date_from",
    "target, search, date_to": "date_to",
    "date_to": "date_to",
    "conditions": "conditions",
    "already_true": "already_true",
    "notify": "notify",
}
