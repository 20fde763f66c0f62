"""Searches that are kept: under a name, each once, and asked again with one request."""

from typing import Annotated, Literal

from pydantic import Field

from watchers.errors import StoreUnavailableError
from web import entry, searches
from web.api import reading
from web.api.markets import SearchAsked
from web.api.operation import Access, Call, Operation, Reply
from web.api.problems import ProblemError
from web.api.shape import Shape
from web.searches import LONGEST_NAME, MOST, Saved, SearchRefusedError
from web.site import site

_Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME, examples=["Lakers at home"])]


class Kept(SearchAsked):
    """What is searched for; with `max_price`, what costs at most so much."""

    max_price: (
        Annotated[
            str, Field(pattern=r"^\d{1,7}(\.\d{1,3})?$", description="In major units.", examples=["90.00"])
        ]
        | None
    ) = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217.")] | None = None
    min_quantity: Annotated[int, Field(strict=True, ge=1, le=20)] | None = None
    sort: Literal["date", "price"] = "date"


class KeepAsked(Shape):
    """A search to keep."""

    name: _Name | None = Field(None, description="Leave it out to be named after its words.")
    asked: Kept


class NameAsked(Shape):
    """Another name."""

    name: _Name


class KeptSearch(Shape):
    """A search that is kept. Its id is derived from what it asks for."""

    id: str
    name: str
    asked: Kept


class KeptSearches(Shape):
    """All of them, in the order in which they were kept."""

    searches: tuple[KeptSearch, ...]


def every(_: Call) -> Reply:
    """All of them."""
    return Reply(KeptSearches(searches=tuple(map(_kept, searches.listed(entry.document())))))


def create(call: Call) -> Reply:
    """Keep one; the same one again gets the new name."""
    wanted: KeepAsked = call.body
    said = wanted.asked.model_dump(mode="json", exclude_none=True)
    try:
        made = searches.save(
            site().documents,
            call.uid,
            wanted.name or "",
            searches.asked({name: str(value) for name, value in said.items()}),
        )
    except SearchRefusedError as refused:
        raise reading.not_accepted(str(refused), "/asked") from refused
    return Reply(_kept(made), 201)


def rename(call: Call, search_id: str) -> Reply:
    """Call it something else."""
    wanted: NameAsked = call.body
    _existing(search_id)
    try:
        searches.rename(site().documents, call.uid, search_id, wanted.name)
    except SearchRefusedError as refused:
        raise reading.not_accepted(str(refused), "/name") from refused
    entry.believe(call.uid)  # what was read of them before is old
    return Reply(_kept(_existing(search_id)))


def delete(call: Call, search_id: str) -> Reply:
    """Keep it no more."""
    _existing(search_id)
    searches.delete(site().documents, call.uid, search_id)
    return Reply(status=204)


def _existing(search_id: str) -> Saved:
    for one in searches.listed(entry.document()):
        if one.id == search_id:
            return one
    raise ProblemError(404, "You keep no search with this id.")


def _kept(one: Saved) -> KeptSearch:
    said = dict(one.asked.parameters)
    quantity = said.pop("min_quantity", None)
    whole = {**said, **({"min_quantity": int(quantity)} if quantity else {})}
    try:
        return KeptSearch(id=one.id, name=one.name, asked=Kept.model_validate(whole))
    except ValueError as exc:
        raise StoreUnavailableError("a search that is kept cannot be read") from exc


_TAG = "Markets"
_ONE = "/searches/{search_id}"

OPERATIONS = (
    Operation(
        name="listSearches", method="GET", path="/searches", run=every, tag=_TAG,
        summary="The searches you keep", answers={200: KeptSearches},
    ),
    Operation(
        name="keepSearch", method="POST", path="/searches", run=create, tag=_TAG,
        summary="Keep a search", access=Access.WRITE, body=KeepAsked, answers={201: KeptSearch},
        takes_key=True,
        example={"name": "Lakers at home", "asked": {"keyword": "Lakers", "city": "Inglewood"}},
        details=f"At most {MOST}. The same search again is the same one, and gets the new name.",
    ),
    Operation(
        name="renameSearch", method="PATCH", path=_ONE, run=rename, tag=_TAG,
        summary="Call a search something else", access=Access.WRITE, body=NameAsked,
        answers={200: KeptSearch},
        example={"name": "Lakers in December"},
    ),
    Operation(
        name="deleteSearch", method="DELETE", path=_ONE, run=delete, tag=_TAG,
        summary="Keep a search no more", access=Access.WRITE, answers={204: None},
    ),
)  # fmt: skip
