"""Which of one's watches a page shows, and in which order: words, states, tags, a page of them. Pure.

What is asked for stands in the address, so that it works without scripts, can be kept as a bookmark, and a
button that is pressed there comes back to the same page.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from watchers.language import say

EACH = 50  # watches a page
STATES = ("watching", "told", "saving", "blind", "snoozed", "paused", "ended", "refused")
SORTS = ("name", "price", "told", "soon", "saved")
_LONGEST = 200
_LAST = datetime.max.replace(tzinfo=UTC)


def state_name(state: str) -> str:
    """A state in one word, for a chip."""
    return {
        "watching": say("Watching"),
        "told": say("Told"),
        "saving": say("Being saved"),
        "blind": say("Blind"),
        "snoozed": say("Snoozed"),
        "paused": say("Paused"),
        "ended": say("Ended"),
        "refused": say("Refused"),
    }[state]


def sort_name(sort: str) -> str:
    """An order in words."""
    return {
        "name": say("Name"),
        "price": say("Lowest price"),
        "told": say("Told last"),
        "soon": say("Soonest event"),
        "saved": say("Changed last"),
    }[sort]


class Listed(Protocol):
    """What is needed of a watch to find it and to put it in order: ``briefs.Brief``."""

    @property
    def id(self) -> str:
        """The watch's."""

    @property
    def name(self) -> str:
        """What its person calls it."""

    @property
    def state(self) -> str:
        """One of ``STATES``."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Its person's own words."""

    @property
    def words(self) -> str:
        """Everything it is found by, in small letters."""

    @property
    def price(self) -> tuple[str, int] | None:
        """The lowest price that is known: its currency, and minor units."""

    @property
    def told_at(self) -> datetime | None:
        """When it was told last."""

    @property
    def event_at(self) -> datetime | None:
        """When what it is about takes place."""

    @property
    def saved_at(self) -> datetime:
        """When its person wrote it last."""


L = TypeVar("L", bound=Listed)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for. Any of the ``states``, all of the ``tags`` and of the words of ``text``."""

    text: str = ""
    states: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sort: str = "name"
    page: int = 1

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return not (self.text or self.states or self.tags)

    def args(self, **changes: Any) -> dict[str, Any]:
        """The parameters of an address that asks for this, with ``changes``; what is usual is left out."""
        asked = replace(self, **{"page": 1, **changes})
        said: dict[str, Any] = {"q": asked.text, "state": list(asked.states), "tag": list(asked.tags)}
        said |= {"sort": asked.sort if asked.sort != SORTS[0] else ""}
        said |= {"page": asked.page if asked.page > 1 else ""}
        return {name: value for name, value in said.items() if value}

    def toggled(self, kind: str, value: str) -> dict[str, Any]:
        """The parameters with a state or a tag switched on or off."""
        known: tuple[str, ...] = getattr(self, kind)
        others = tuple(one for one in known if one.casefold() != value.casefold())
        return self.args(**{kind: others if len(others) < len(known) else (*known, value)})


def wanted(args: Any) -> Wanted:
    """What the parameters of an address ask for; what makes no sense counts as not said.

    ``args``: a ``MultiDict``.
    """
    page = str(args.get("page", ""))
    return Wanted(
        " ".join(str(args.get("q", ""))[:_LONGEST].split()),
        tuple(dict.fromkeys(one for one in args.getlist("state") if one in STATES)),
        tuple(dict.fromkeys(one[:_LONGEST] for one in args.getlist("tag")[:10] if one.strip())),
        sort if (sort := str(args.get("sort", ""))) in SORTS else SORTS[0],
        int(page) if page.isascii() and page.isdigit() and len(page) < 4 else 1,  # noqa: PLR2004
    )


def sifted(watches: Iterable[L], asked: Wanted) -> list[L]:
    """Those that were asked for, in the order that was asked for."""
    fits = [one for one in watches if _fits(one, asked)]
    return sorted(fits, key=lambda one: (_ORDERS[asked.sort](one), one.name.casefold(), one.id))


def page_of(found: Sequence[L], asked: Wanted) -> tuple[Sequence[L], int, int]:
    """The watches of the page that was asked for (or the last one), its number, and how many there are."""
    pages = max(1, -(-len(found) // EACH))
    page = min(max(1, asked.page), pages)
    return found[(page - 1) * EACH : page * EACH], page, pages


@dataclass(frozen=True, slots=True)
class Choice:
    """One chip: what it stands for, how many watches there are of it, and whether it is on."""

    value: str
    name: str
    count: int
    is_on: bool


def states(watches: Iterable[Listed], asked: Wanted) -> list[Choice]:
    """The states there are among the watches that fit otherwise."""
    others = replace(asked, states=())
    counts = Counter(one.state for one in watches if _fits(one, others))
    there = [state for state in STATES if counts[state] or state in asked.states]
    return [Choice(state, state_name(state), counts[state], state in asked.states) for state in there]


def tags(watches: Iterable[Listed], asked: Wanted) -> list[Choice]:
    """The tags there are, by name, with how many of the watches that are shown have each."""
    names: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for one in watches:
        for tag in one.tags:
            names.setdefault(tag.casefold(), tag)
            counts[tag.casefold()] += _fits(one, asked)
    on = {tag.casefold() for tag in asked.tags}
    return [Choice(names[key], names[key], counts[key], key in on) for key in sorted(names)]


def _fits(one: Listed, asked: Wanted) -> bool:
    if asked.states and one.state not in asked.states:
        return False
    has = {tag.casefold() for tag in one.tags}
    if not all(tag.casefold() in has for tag in asked.tags):
        return False
    return all(word in one.words for word in asked.text.casefold().split())


def _by_price(one: Listed) -> tuple[Any, ...]:
    return (0, *one.price) if one.price else (1,)


_ORDERS: Mapping[str, Callable[[Listed], Any]] = {
    "name": lambda _: 0,
    "price": _by_price,
    "told": lambda one: -(one.told_at.timestamp() if one.told_at else 0),
    "soon": lambda one: one.event_at or _LAST,
    "saved": lambda one: -one.saved_at.timestamp(),
}
