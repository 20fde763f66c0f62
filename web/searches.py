"""The searches a person keeps, in ``people/{uid}.searches``: so many, each once, under a name of their own.

What is kept is what the address of the search page asks for. A search's id is derived from that, so that to
save it twice is to save it once (the later name counts). Every change is compare-and-set.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notifiers import contacts
from notifiers.words.phrases import one_line
from watchers.catalog.bargains import limit
from watchers.catalog.question import QuestionRefusedError, question
from watchers.documents import Create, Document, Documents, Update, Write
from watchers.errors import ConflictError, StoreUnavailableError
from watchers.language import say
from watchers.target import Search

MOST = 20  # of one person
LONGEST_NAME = 80
FIELDS = ("keyword", "city", "country", "date_from", "date_to", "category")
DEAL_FIELDS = ("max_price", "currency", "min_quantity")
ORDERS = ("date", "price")
MOST_OFFERS = 20
_ATTEMPTS = 5


class SearchRefusedError(ValueError):
    """It cannot be searched, or kept; a sentence that says what to do. ``errors``: by field."""

    def __init__(self, said: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(said)
        self.errors = errors or {}


@dataclass(frozen=True, slots=True)
class Asked:
    """A search as it was asked: ``fields`` as texts under the names of ``FIELDS`` and ``DEAL_FIELDS``."""

    fields: Mapping[str, str]
    sort: str = "date"

    @property
    def is_empty(self) -> bool:
        """Whether nothing is searched for."""
        return not any(self.fields.get(name) for name in FIELDS)

    @property
    def is_for_deals(self) -> bool:
        """Whether only what costs at most so much is wanted."""
        return bool(self.fields.get("max_price"))

    @property
    def parameters(self) -> dict[str, str]:
        """What the address of the page has; nothing that is empty or usual."""
        names = (*FIELDS, *(DEAL_FIELDS if self.is_for_deals else ()))
        said = {name: text for name in names if (text := self.fields.get(name))}
        if said.get("min_quantity") == "1":
            del said["min_quantity"]
        return said if self.sort == ORDERS[0] else {**said, "sort": self.sort}

    def search(self) -> Search:
        """What the markets are asked.

        Raises:
            SearchRefusedError: with a sentence for each fault.
        """
        said = {name: self.fields.get(name, "") for name in FIELDS}
        try:
            return question({**said, "country": said["country"].upper()})
        except QuestionRefusedError as exc:
            raise SearchRefusedError(str(exc), exc.errors) from exc

    def at_most(self) -> tuple[Any, str, int]:
        """The most to pay, its currency, and how many there must be at least.

        Raises:
            SearchRefusedError: a sentence.
        """
        try:
            price, currency = limit(self.fields["max_price"], self.fields.get("currency") or "USD")
        except ValueError as exc:
            where, _, said = str(exc).partition(": ")
            errors = {"currency" if where == "currency" else "max_price": f"{said[:1].upper()}{said[1:]}"}
            raise SearchRefusedError(say("At most: {why}", why=str(exc)), errors) from exc
        return price, currency, self.offers()

    def offers(self) -> int:
        """How many there must be at least; more than one only of what costs at most so much.

        Raises:
            SearchRefusedError: a sentence.
        """
        offers = self.fields.get("min_quantity") or "1"
        if not (offers.isascii() and offers.isdecimal() and 1 <= int(offers[:9]) <= MOST_OFFERS):
            raise _refused_offers(say("At least so many: write a number from 1 to {most}.", most=MOST_OFFERS))
        if int(offers) > 1 and not self.is_for_deals:
            raise _refused_offers(say("At least so many: write “At most”, too, for only deals are counted."))
        return int(offers)


def _refused_offers(said: str) -> SearchRefusedError:
    return SearchRefusedError(said, {"min_quantity": said})


@dataclass(frozen=True, slots=True)
class Saved:
    """One search somebody keeps."""

    id: str
    name: str
    asked: Asked

    def to_document(self) -> dict[str, Any]:
        """As it is stored, and as the API says it."""
        return {"id": self.id, "name": self.name, "asked": self.asked.parameters}


def asked(values: Mapping[str, str], longest: int = 200) -> Asked:
    """What an address, a form or a document asks for; unknown names are left out, long texts cut."""
    names = (*FIELDS, *DEAL_FIELDS)
    cut = {name: one_line(str(values.get(name, "")))[: longest + 1] for name in names}
    return Asked(cut, sort if (sort := values.get("sort", "date")) in ORDERS else "date")


def id_of(wanted: Asked) -> str:
    """Derived from what is asked; in which order it is shown does not matter."""
    said = {name: text.casefold() for name, text in wanted.parameters.items() if name != "sort"}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


def name_for(wanted: Asked) -> str:
    """A name for it, until somebody finds a better one: ``Lakers, Los Angeles``."""
    said = ", ".join(filter(None, (wanted.fields.get(name) for name in ("keyword", "city", "category"))))
    return said[:LONGEST_NAME]


def listed(person: Document | None) -> list[Saved]:
    """What is kept in ``people/{uid}``; an entry that cannot be read is passed over."""
    stored = person.fields.get("searches") if person else None
    return [one for entry in stored if (one := _read(entry))] if isinstance(stored, list) else []


def _read(entry: object) -> Saved | None:
    match entry:
        case {"id": str(known), "name": str(name), "asked": {} as fields}:
            return Saved(known, name, asked(fields))
    return None


def save(documents: Documents, uid: str, name: str, wanted: Asked) -> Saved:
    """Keep a search; the same one again gets the new name.

    Raises:
        SearchRefusedError: it asks for nothing that can be searched, or there are 20; a sentence.
        StoreUnavailableError: nothing is known; it may be repeated.
    """
    wanted.search()
    wanted.offers()
    if wanted.is_for_deals:
        wanted.at_most()
    made = Saved(id_of(wanted), _named(name) or name_for(wanted), wanted)

    def with_it(kept: Sequence[Saved]) -> list[Saved]:
        others = [one for one in kept if one.id != made.id]
        if len(others) >= MOST:
            raise SearchRefusedError(
                say("You keep {most} searches, which is as many as one can. Delete one first.", most=MOST)
            )
        is_new = len(others) == len(kept)
        return [*kept, made] if is_new else [made if one.id == made.id else one for one in kept]

    _change(documents, uid, with_it)
    return made


def rename(documents: Documents, uid: str, search_id: str, name: str) -> None:
    """Call it something else; one that is gone stays gone.

    Raises:
        SearchRefusedError: that is no name.
    """
    new = _named(name)
    if not new:
        raise SearchRefusedError(say("Write a name for the search."))
    _change(
        documents,
        uid,
        lambda kept: [Saved(one.id, new, one.asked) if one.id == search_id else one for one in kept],
    )


def delete(documents: Documents, uid: str, search_id: str) -> None:
    """Keep it no more; twice is once."""
    _change(documents, uid, lambda kept: [one for one in kept if one.id != search_id])


def _named(name: str) -> str:
    return one_line(name)[:LONGEST_NAME].strip()


def _change(documents: Documents, uid: str, change: Callable[[Sequence[Saved]], list[Saved]]) -> None:
    path = contacts.path(uid)
    for _ in range(_ATTEMPTS):
        person = documents.get(path)
        before = listed(person)
        after = change(before)
        if after == before:
            return
        fields = {"searches": [one.to_document() for one in after]}
        write: Write = Update(path, fields, person.version) if person else Create(path, fields)
        try:
            documents.commit(write)
        except ConflictError:
            continue
        return
    raise StoreUnavailableError(f"the searches of {uid} kept changing")
