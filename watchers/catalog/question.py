"""What all markets are asked: as a person says it, or so that an event is found elsewhere. Pure."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from watchers.errors import TOO_EARLY, Fault
from watchers.events import Event
from watchers.language import say
from watchers.target import Search, Target

_ABOUT = timedelta(days=1)  # around an event's day: markets differ about what belongs to the night before


class QuestionRefusedError(ValueError):
    """It cannot be asked: a sentence for each fault. ``errors``: by the field, without its name."""

    def __init__(self, found: Sequence[Fault]) -> None:
        super().__init__(" ".join(map(_plain, found)))
        self.errors: dict[str, str] = {}
        for one in found:
            field = _field(one) or ("date_to" if one.code == TOO_EARLY else "keyword")
            self.errors.setdefault(field, _plain(Fault(one.said, code=one.code)))


def question(said: Mapping[str, Any]) -> Search:
    """The search that a person asks for: keyword, city, country, date_from, date_to, category.

    Raises:
        QuestionRefusedError: a sentence for each fault.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - for those who search

    from watchers.asked import faults  # noqa: PLC0415 - as above
    from watchers.watch import read_target  # noqa: PLC0415 - as above

    given = {name: value for name, value in said.items() if value not in (None, "")}
    try:
        target = read_target({"provider": "all", "search": given})
    except ValidationError as exc:
        raise QuestionRefusedError(faults(exc)) from exc
    return target.search or Search()


def _plain(fault: Fault) -> str:
    if fault.code == TOO_EARLY:
        return say("The first day must not be later than the last day.")
    field = _field(fault)
    days = {"date_from": say("the first day"), "date_to": say("the last day")}
    said = str(Fault(fault.said, days.get(field, field)))
    return f"{said[:1].upper()}{said[1:]}"


def about(event: Event) -> Search:
    """How to find it elsewhere. A headliner finds more than a title that each market words its own way."""
    words = event.performers[0] if event.performers else event.name
    if event.date is None:
        return Search(keyword=words)
    return Search(keyword=words, date_from=event.date - _ABOUT, date_to=event.date + _ABOUT)


def key(target: Target) -> str:
    """Equal for questions that differ in blanks and capitals only; an item's id is taken as it is."""
    if target.search is None:
        return target.id
    texts = {
        name: " ".join(text.casefold().split())
        for name in ("keyword", "city", "category")
        if (text := getattr(target.search, name))
    }
    return Target(target.provider, search=replace(target.search, **texts)).id


def _field(fault: Fault) -> str:
    return fault.place.removeprefix("search").removeprefix(", ")
