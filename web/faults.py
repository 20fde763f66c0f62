"""What is wrong with a form, beside the field it is about. Pure.

``watchers.asked.read_watch`` alone judges what was filled in, before anything is written; this module finds
the field each of its sentences belongs to, and adds the few faults that only the form knows.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from watchers.asked import Refusal, read_watch
from watchers.errors import TOO_EARLY, TOO_LARGE, Fault, WatchRefusedError
from watchers.language import say
from watchers.providers import cannot_see
from watchers.watch import Watch
from web.forms import Form, amount_of, document, markets_of

FIELDS = (
    "name", "provider", "item", "keyword", "city", "country", "date_from", "date_to", "conditions", "price",
    "currency", "percent", "min_saving", "days", "basis", "min_quantity", "sections", "tags", "already_true",
    "notify", "form",
)  # fmt: skip
"""Every field a fault may belong to, in the order of the page; ``form``: to all of it."""


def labels() -> dict[str, str]:
    """What each field is called."""
    return {
        "name": say("Name"),
        "provider": say("Shop"),
        "item": say("Its id"),
        "keyword": say("Search for"),
        "city": say("City"),
        "country": say("Country"),
        "date_from": say("First day"),
        "date_to": say("Last day"),
        "conditions": say("Tell me when"),
        "price": say("Price"),
        "currency": say("Currency"),
        "percent": say("Percent"),
        "min_saving": say("Saving"),
        "days": say("Days"),
        "basis": say("Which price counts"),
        "min_quantity": say("Tickets together"),
        "sections": say("Sections"),
        "tags": say("Tags"),
        "already_true": say("If it is true already"),
        "notify": say("Tell me by"),
        "form": "",
    }


class FormRefusedError(Exception):
    """What was filled in cannot be watched; ``errors`` are sentences by the field they belong to.

    ``twin``: the id of the watch that asks for the same already.
    """

    def __init__(self, errors: Mapping[str, str], twin: str = "") -> None:
        super().__init__("; ".join(errors))
        self.errors, self.twin = errors, twin


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
        if field not in ("provider", "price", "min_saving") or field not in errors:  # our own says it better
            errors.setdefault(field, []).append(sentence)
    if errors:
        raise FormRefusedError({field: " ".join(errors[field]) for field in FIELDS if field in errors})
    return made


def _own_faults(form: Form, providers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    markets = markets_of(form.markets) if form.what == "markets" else None
    for name in [one["provider"] for one in markets] if markets else [form.provider]:
        state = providers.get(name)
        if state is None:
            yield "provider", say("Choose a shop.")
        elif state != "on":
            yield "provider", say("This shop is switched off here: {state}.", state=state)
    if form.what == "markets" and not markets:
        yield "item", say("Search for the event anew, and watch it on its markets from there.")
    yield from _faults_of_amounts(form)
    if form.new_listing and form.what != "search":
        yield (
            "conditions",
            say("New dates can only be found by a search: one event has only its own date. Choose any date."),
        )


def _faults_of_amounts(form: Form) -> Iterator[tuple[str, str]]:
    """What no amount can be read from, and what would be left out without a word."""
    for field, counts in (("price", form.below), ("min_saving", form.drop or form.any_drop)):
        text = getattr(form, field)
        if counts and text and amount_of(form, field) is None:
            yield (
                field,
                say("“{amount}” is not clear: write a plain number such as 1234.50.", amount=text[:40]),
            )
    if form.drop and form.any_drop:
        yield "percent", say("“Any drop” tells you of this one too: choose one of both.")
    if form.min_saving and not (form.drop or form.any_drop):
        yield (
            "min_saving",
            say("A saving counts with “Any drop” or so much % off: choose one, or empty this."),
        )


def _faults(
    form: Form, made: Mapping[str, Any], refusal: Refusal, now: datetime
) -> Iterator[tuple[str, str]]:
    kinds = [str(condition["kind"]) for condition in made["conditions"]]
    reasons = _reasons(made, refusal, now)
    plain = [] if "filters" not in made or not reasons else _reasons(_unfiltered(made), refusal, now)
    elsewhere = _reasons(_without_country(made), refusal, now) if form.country and reasons else reasons
    for reason in reasons:
        field, said = _placed(reason, form.what, kinds)
        if not reason.place and not reason.code and reason not in elsewhere:
            field = "country"
        is_narrowed = "filters" in made and field in ("item", "keyword") and reason not in plain
        yield ("min_quantity" if form.min_quantity else "sections") if is_narrowed else field, said


def _reasons(made: Mapping[str, Any], refusal: Refusal, now: datetime) -> Sequence[Fault]:
    try:
        read_watch(made, refusal, now, cannot_see=cannot_see)
    except WatchRefusedError as refused:
        return refused.faults
    return ()


def _unfiltered(made: Mapping[str, Any]) -> dict[str, Any]:
    narrowed = {"min_quantity", "sections"}
    kept = {name: given for name, given in made["filters"].items() if name not in narrowed}
    return {**made, "filters": kept}


def _without_country(made: Mapping[str, Any]) -> dict[str, Any]:
    target = {name: given for name, given in made["target"].items() if name != "country"}
    if "search" in target:
        target["search"] = {name: given for name, given in target["search"].items() if name != "country"}
    return {**made, "target": target}


def _placed(fault: Fault, what: str, kinds: list[str]) -> tuple[str, str]:
    """What ``read_watch`` says, with the field it belongs to."""
    target = "keyword" if what == "search" else "item"
    if condition := re.fullmatch(r"conditions (\d+)(?:, (\w+))?", fault.place):
        field = _field_of_condition(kinds[int(condition[1]) - 1], condition[2])
    elif fault.place in ("target", "target, search"):
        field = "date_to" if fault.code == TOO_EARLY else target
    else:
        field = _FIELDS.get(re.sub(r" \d+$", "", fault.place), "")
    if field:
        return field, _worded(fault)
    return "form" if fault.code == TOO_LARGE else target, str(fault)


def _field_of_condition(kind: str, last: str | None) -> str:
    if last in ("price", "currency", "percent", "min_saving", "days", "basis"):
        return last
    return {"below": "price", "drop": "percent", "historic_low": "days"}.get(kind, "conditions")


def _worded(fault: Fault) -> str:
    if fault.code == "too_short":
        return say("Tick at least one.")
    if fault.code == TOO_EARLY:
        return say("The first day must not be later than the last day.")
    return f"{fault.said[:1].upper()}{fault.said[1:]}"


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
    "filters, min_quantity": "min_quantity",
    "filters, sections": "sections",
    "tags": "tags",
    "already_true": "already_true",
    "notify": "notify",
}
