"""What can be chosen for a target: its source is asked what it honours, and nothing else is offered. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from watchers.kinds import Kind
from watchers.providers import cannot_see
from watchers.target import Search, Target
from watchers.watch import BackInStock, Condition, Filters, NewListing, StatusChange
from web.forms import Form
from web.sight import Sight
from web.site import site


@dataclass(frozen=True, slots=True)
class Choices:
    """What a source honours, and nothing else is offered.

    Attributes:
        item, search: Kinds of conditions that may come true for one item, and for a search.
        can_search: Whether it can be searched at all.
        quantity, sections: Whether it says how many are together, and where.
    """

    item: frozenset[str]
    search: frozenset[str]
    can_search: bool
    quantity: bool
    sections: bool


_OTHERS: Mapping[Kind, Condition] = {
    Kind.NEW_LISTING: NewListing(kind=Kind.NEW_LISTING),
    Kind.BACK_IN_STOCK: BackInStock(kind=Kind.BACK_IN_STOCK),
    Kind.STATUS: StatusChange(kind=Kind.STATUS),
}


def choices(form: Form, sight: Sight) -> Choices:
    """What can be asked of the source of this form."""
    provider = sight.target.provider if sight.target else form.provider
    item = sight.target if sight.target and sight.target.item else Target(provider, "1")
    search = Target(provider, search=Search(keyword=form.keyword or form.name or "any"))
    asked = sight.target or search
    can_search = _may(search)
    return Choices(
        _offered(item),
        _offered(search) if can_search else frozenset(),
        can_search,
        quantity=_may(asked, min_quantity=2),
        sections=_may(asked, sections=("A",)),
    )


def _offered(target: Target) -> frozenset[str]:
    return frozenset(str(kind) for kind, asked in _OTHERS.items() if cannot_see(target, asked) is None)


def _may(target: Target, **filters: object) -> bool:
    return site().refusal(target, Filters(**filters)) is None
